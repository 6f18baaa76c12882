//! The store: the suite of its port, and what must hold when the process or the disk fails.

mod anchor;
mod crash;
mod damage;
mod disk;
mod outsider;
mod postgres;
mod proxy;
mod replicas;
mod retention;
mod search;
mod server;
mod suite;
mod tools;
mod worker;
