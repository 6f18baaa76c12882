//! The store: the suite of its port, and what must hold when the process or the disk fails.

mod suite;
