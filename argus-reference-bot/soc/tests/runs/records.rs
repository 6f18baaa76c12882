//! Records are read back as they were written, by this version and by the next.
