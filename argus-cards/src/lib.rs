#![doc = include_str!("../README.md")]

pub mod ael;
mod error;
mod json;
mod options;

pub use error::{Diagnostic, Error, ErrorKind, Position};
pub use options::{Limits, Options, Profile};
