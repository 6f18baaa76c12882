//! A small Microsoft on loopback, for your bot's tests and for ours.
//!
//! - [`wire`]: the HTTP server that every fake stands on.
//! - [`fault`]: what goes wrong on order, and counters of what really happened.
//! - [`FakeEntra`]: keys and tokens, good and hostile ones.

pub mod fault;
pub mod wire;
