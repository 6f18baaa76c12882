//! Placeholder header, replaced in the first commit of this package.
