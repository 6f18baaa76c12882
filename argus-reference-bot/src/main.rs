//! The `argus` program.
fn main() {}
