//! Argus in a world of chance. The flows are the real ones; the disk, the network, the clock, the
//! systems far away and the people are simulated, and all that happens in a run follows from its
//! seed: the same seed gives the same journal and the same messages, byte for byte.
//!
//! [`run::run`] plays one seed. `docs/simulation.md` says what goes wrong in it and what is promised.

pub mod auditor;
pub mod chance;
pub mod clock;
pub mod disk;
pub mod effects;
pub mod far;
pub mod life;
pub mod people;
pub mod plant;
pub mod run;
pub mod script;
pub mod stage;
pub mod teams;
