//! When too much happens at once: automation pauses, cards gather in one, conversations park.
//!
//! Four things, each pure. [`breaker`] is the durable state of what pauses automation, and
//! [`velocity`] decides when. [`display`] decides when the cards of a conversation gather in a
//! digest. [`bulletin`] is a card of Argus' own (a digest, an alarm), and [`place`] is how a
//! conversation stands with Teams. Nothing here stops an event from being taken in.

pub mod breaker;
pub mod bulletin;
pub mod display;
pub mod place;
mod tally;
pub mod velocity;

pub use self::tally::Tally;
