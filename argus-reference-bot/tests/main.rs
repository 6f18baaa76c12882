//! What the bot's parts owe, each against the real thing.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends there"
)]

mod canaries;
mod connectors;
mod designer;
mod doctor;
mod explain;
mod lifecycle;
mod measures;
mod policy;
mod replay;
mod routes;
mod rules;
mod score;
mod secrets;
mod sources;
mod store;
mod templates;
