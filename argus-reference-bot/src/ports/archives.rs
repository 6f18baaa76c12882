//! Where the bodies of old events are kept once the store has them no more.

use async_trait::async_trait;

use super::chain::Link;

/// A place for files of bodies.
#[async_trait]
pub trait Archives: Send + Sync + std::fmt::Debug {
    /// Keeps records with their bodies under a name, and gives the SHA-256 of what was written, in
    /// hex. A name that is there already is written anew: its archive was not recorded.
    ///
    /// # Errors
    ///
    /// As the place says; nothing is under the name then, or what was there before.
    async fn keep(&self, name: String, links: Vec<Link>) -> std::io::Result<String>;
}
