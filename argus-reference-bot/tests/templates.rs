//! Templates from SharePoint, against the simulated one.

mod bot;
mod source;
