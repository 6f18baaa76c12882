//! Small bots, one file each; see `examples/`.
