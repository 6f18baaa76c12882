//! What can be seen of the crate from outside.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may stop the test")]

mod activities;
mod api;
mod auth;
mod conformance;
mod connector;
mod graph;
mod hostile;
mod protocol;
mod recording;
mod router;
mod seeing;
mod sending;
mod server;
mod signin;
mod vectors;
