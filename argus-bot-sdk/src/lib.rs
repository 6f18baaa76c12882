//! Placeholder header, replaced in the first commit of this package.

/// Where the time comes from.
pub mod clock;
// testing
#[cfg(feature = "testing")]
pub mod testing;

pub use crate::clock::{Clock, SystemClock};
