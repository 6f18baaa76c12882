//! Where templates come from: a port, and what it hands over.
//!
//! A [`TemplateSource`] gives all files of one moment as a [`Snapshot`]; the
//! [`Library`](crate::Library) does the rest. There are adapters for memory, for a folder, and, with
//! the feature `sharepoint`, for a SharePoint library behind Microsoft Graph. Whoever writes another
//! one checks it with the suite of the feature `testing`.

mod bells;
mod folder;
mod layout;
mod memory;
#[cfg(feature = "sharepoint")]
pub mod sharepoint;
mod snapshot;
#[cfg(any(test, feature = "testing"))]
pub mod suite;

use std::any::Any;
use std::fmt;

use async_trait::async_trait;

pub use self::folder::Folder;
pub use self::layout::TemplateFiles;
pub(crate) use self::layout::{template_name, template_path};
pub use self::memory::Memory;
pub use self::snapshot::{File, MAX_DEPTH, MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES, Snapshot};
use crate::error::Error;

/// Where templates come from.
///
/// A source keeps nothing for its caller: what the caller has already comes with the question, and
/// so it can be written to disk and handed in again after a restart.
///
/// ```
/// use argus_cards::source::{Memory, Snapshot, TemplateSource};
///
/// # fn main() -> Result<(), argus_cards::Error> {
/// # futures_lite(async {
/// let source = Memory::new([("alert.card.json", "{}")]);
/// let first = source.fetch(&Snapshot::default()).await?.expect("it differs from nothing");
/// assert_eq!(first.paths().collect::<Vec<_>>(), ["alert.card.json"]);
/// assert!(source.fetch(&first).await?.is_none());
/// # Ok(()) })
/// # }
/// # fn futures_lite<T>(future: impl Future<Output = T>) -> T {
/// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// #     match std::pin::pin!(future).poll(&mut context) {
/// #         std::task::Poll::Ready(done) => done,
/// #         std::task::Poll::Pending => unreachable!("memory does not wait"),
/// #     }
/// # }
/// ```
#[async_trait]
pub trait TemplateSource: fmt::Debug + Send + Sync {
    /// What to call it to people, such as `folder:card-templates`.
    fn name(&self) -> String;

    /// All files as they are now, or nothing if they are what the caller holds. What was left out,
    /// and why, is in [`Snapshot::left_out`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SourceUnavailable`](crate::ErrorKind::SourceUnavailable) if the source cannot be
    /// read now; the caller goes on with what it holds and asks again, after
    /// [`Error::retry_after`] if there is one.
    async fn fetch(&self, held: &Snapshot) -> Result<Option<Snapshot>, Error>;

    /// Calls `on_change` whenever the files may have changed, until the watch is dropped. Nothing,
    /// if the source cannot tell and has to be asked from time to time.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SourceUnavailable`](crate::ErrorKind::SourceUnavailable) if it could tell, but
    /// not now.
    fn watch(&self, on_change: OnChange) -> Result<Option<Watching>, Error>;
}

/// What a source calls when its files may have changed; from any thread, and more often than needed.
pub type OnChange = Box<dyn Fn() + Send + Sync>;

/// Keeps a watch of a source going until it is dropped.
#[must_use = "the watch ends when it is dropped"]
pub struct Watching {
    _guard: Box<dyn Any + Send>,
}

impl Watching {
    /// Keeps `guard` until the watch is dropped; dropping it must end the calls.
    pub fn new(guard: impl Any + Send) -> Self {
        Self { _guard: Box::new(guard) }
    }
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watching")
    }
}

#[cfg(test)]
mod tests;
