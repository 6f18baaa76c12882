//! Placeholder header, replaced in the first commit of this package.

// testing
#[cfg(feature = "testing")]
pub mod testing;
