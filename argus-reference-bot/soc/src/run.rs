//! Written in its own commit.
