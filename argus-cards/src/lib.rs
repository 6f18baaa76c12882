#![doc = include_str!("../README.md")]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

pub mod ael;
mod error;
mod json;
mod library;
pub mod model;
mod options;
pub mod source;
mod template;

pub use error::{Diagnostic, Error, ErrorKind, Level, Position};
pub use library::{Builder, History, Library, Origin, Refreshed, Rendered, Status, Version, Watch};
pub use options::{Limits, Options, Profile};
pub use template::{Expansion, Template};
