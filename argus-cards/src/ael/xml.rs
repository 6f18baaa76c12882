//! Values to XML, and XML to a tree that `XPath` can walk.

pub(super) mod read;
pub(super) mod write;
