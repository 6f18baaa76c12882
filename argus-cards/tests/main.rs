//! Everything of `argus-cards` that is tested from outside.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic")]

mod cards;
mod contract;
mod corpus;
mod expressions;
mod fixtures;
mod hostile;
mod library;
mod lint;
mod marked;
mod model;
mod partials;
mod properties;
mod templating;
