#![doc = include_str!("../README.md")]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

pub mod ael;
mod error;
mod json;
pub mod model;
mod options;
mod template;

pub use error::{Diagnostic, Error, ErrorKind, Position};
pub use options::{Limits, Options, Profile};
pub use template::{Expansion, Template};
