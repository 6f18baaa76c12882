#![doc = include_str!("../README.md")]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

pub mod ael;
mod contract;
mod error;
mod host;
mod json;
mod library;
pub mod lint;
pub mod model;
mod near;
mod options;
#[cfg(feature = "schema")]
pub mod schema;
pub mod source;
mod template;

pub use contract::Contract;
pub use error::{Diagnostic, Error, ErrorKind, Level, Position};
pub use host::{Host, Refused, SizeLimit, Trait};
pub use library::{Builder, History, Library, Origin, Refreshed, Rendered, Status, Version, Watch};
pub use near::nearest;
pub use options::{Limits, Options, Profile};
pub use template::{Argument, Base, Expansion, Read, Step, Template, Usage};
