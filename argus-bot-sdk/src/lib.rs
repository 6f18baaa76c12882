#![doc = include_str!("../README.md")]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

/// The wire: what Teams and a bot say to each other.
pub mod activity;
/// Who may speak to the bot, and what the bot shows when it speaks back.
pub mod auth;
/// Where the time comes from.
pub mod clock;
/// The one error of this crate.
pub mod error;
/// Identifiers that cannot be mixed up.
pub mod id;

// conversation: router, handlers, connector, server

// testing
/// A small Microsoft on loopback: fakes of Entra and Teams.
#[cfg(feature = "testing")]
pub mod testing;

pub use crate::activity::{Account, Activity, ActivityKind, Attachment, CardAction, Conversation};
pub use crate::clock::{Clock, SystemClock};
pub use crate::error::{Error, ErrorKind};
pub use crate::id::Id;
