#![doc = include_str!("../README.md")]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

pub mod ael;
mod error;
mod json;
mod library;
pub mod model;
mod options;
#[cfg(feature = "schema")]
pub mod schema;
mod template;

pub use error::{Diagnostic, Error, ErrorKind, Level, Position};
#[cfg(feature = "watch")]
pub use library::Watch;
pub use library::{Library, Rendered};
pub use options::{Limits, Options, Profile};
pub use template::{Expansion, Template};
