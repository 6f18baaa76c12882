#![doc = include_str!("../README.md")]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

// The wire: what Teams and a bot say to each other.
pub mod activity;
// Who may speak to the bot, and what the bot shows when it speaks back.
pub mod auth;
// Where the time comes from.
pub mod clock;
// The one error of this crate.
pub mod error;
// Identifiers that cannot be mixed up.
pub mod id;

// A turn: a request comes in, a handler answers.
// The bot: a service that takes requests and answers by a router.
pub mod bot;
mod dedup;
// What happened to conversations, meetings and messages.
pub mod event;
// What a handler may ask for.
pub mod extract;
// Plain async functions as handlers.
pub mod handler;
// Requests that wait for an answer: each name with its question and its answer.
pub mod invoke;
// What happens around every handler.
pub mod layer;
// What a bot counts and measures.
pub mod metrics;
mod record;
// What a handler may give back.
pub mod reply;
// Who may do what.
pub mod roles;
// Which function answers.
pub mod router;
// Serving with a limit on everything.
pub mod server;
// What a bot remembers of a conversation or a person.
pub mod state;
mod turns;

// Speaking: what the bot says, to whom, and for whom.
// What Teams would refuse, found before it is sent.
pub mod check;
// The way back to Teams.
pub mod connector;
// Microsoft Graph, as the app or as a person.
pub mod graph;
// What is to be said, kept until it is said.
pub mod outbox;
// Where the bot may speak first.
pub mod references;
// People sign in, and the bot acts for them.
pub mod signin;

pub use crate::bot::Bot;
pub use crate::connector::{Connector, ConversationRef, HttpConnector};
pub use crate::router::Router;

// testing
#[cfg(feature = "testing")]
pub mod testing;

pub use crate::activity::{Account, Activity, ActivityKind, Attachment, CardAction, Conversation};
pub use crate::clock::{Clock, SystemClock};
pub use crate::error::{Error, ErrorKind};
pub use crate::id::Id;
