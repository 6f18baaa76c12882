//! What can be seen of the crate from outside.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may stop the test")]

mod activities;
mod auth;
mod connector;
mod protocol;
mod router;
mod seeing;
mod sending;
mod server;
