//! Templates in a SharePoint library, behind Microsoft Graph.
//!
//! [`SharePoint`] knows what to ask and what to believe; the [`Transport`] that the caller hands in
//! sends it. So this crate has no HTTP client, and the rules do not depend on one:
//!
//! - Only changes are read (delta), and only content that is not held already. When Graph has
//!   forgotten where we were (410), everything is compared again, and still nothing is loaded twice.
//! - Only what is published is used. While somebody has a file checked out, the version before it
//!   stays.
//! - The bearer token goes to Graph and nowhere else: content comes from an address without it, on a
//!   host that is on a list, and no link that Graph sends leads to another host.
//! - Sizes and counts are limited, and a `Retry-After` becomes [`Error::retry_after`].
//!
//! [`Push`] keeps a subscription to changes, so that a change is seen at once. Asking from time to
//! time is still needed: notifications get lost.
//!
//! Source: Microsoft Graph v1.0 reference, "driveItem: delta", "Download driveItem content",
//! "publicationFacet resource type", "Create subscription", "Reduce missing subscriptions".

mod call;
mod content;
mod cursor;
mod delta;
mod location;
mod port;
mod push;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use self::call::Graph;
use self::cursor::{Cursor, Level};
pub use self::location::Location;
pub use self::port::{Method, Request, Response, Transport};
pub use self::push::{Notice, Push, Subscriber};
use super::bells::Bells;
use super::snapshot::{MAX_FILE_BYTES, too_large};
use super::{File, OnChange, Snapshot, TemplateSource, Watching};
use crate::error::Error;

/// Templates in a folder of a SharePoint library. Clones share what they know.
///
/// ```no_run
/// use std::sync::Arc;
/// use argus_cards::Library;
/// use argus_cards::source::sharepoint::{Location, SharePoint, Transport};
///
/// # async fn open(transport: Arc<dyn Transport>) -> Result<(), argus_cards::Error> {
/// let place: Location = "contoso.sharepoint.com:/sites/soc:/Documents/card-templates".parse()?;
/// let source = SharePoint::new("https://graph.microsoft.com", place, transport)?;
/// let (library, trouble) = Library::builder(source).state("./data/templates").open().await?;
/// # let _ = (library, trouble);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct SharePoint {
    graph: Graph,
    place: Location,
    /// Content that was loaded before something else failed, so that it need not be loaded again.
    loaded: Arc<Mutex<Loaded>>,
    bells: Bells,
}

/// Content by the file's id and tag.
type Loaded = BTreeMap<(String, String), Vec<u8>>;

impl SharePoint {
    /// The library at `place`, by the Graph at `graph_url`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SourceUnavailable`](crate::ErrorKind::SourceUnavailable) if the address is
    /// neither `https` nor on this computer.
    pub fn new(
        graph_url: &str,
        place: Location,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, Error> {
        let graph = Graph::new(graph_url, transport)?;
        Ok(Self { graph, place, loaded: Arc::default(), bells: Bells::default() })
    }

    /// Lets content come from this host too; `.example.com` allows every host below it. The hosts of
    /// SharePoint are allowed already.
    #[must_use]
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.graph = self.graph.allow_host(host);
        self
    }

    /// All files of the folder as the tree says, each held already or loaded now.
    async fn snapshot(
        &self,
        next: &Cursor,
        last: &Cursor,
        held: &Snapshot,
    ) -> Result<Snapshot, Error> {
        let files = next.files(&self.place.folder).ok_or_else(|| {
            let context =
                format!("there is no folder `{}` in {}", self.place.folder.join("/"), self.name());
            Error::unavailable(context)
        })?;
        let before = last.paths(&self.place.folder);
        let mut snapshot = Snapshot::default();
        for (path, id, item) in files {
            if !Snapshot::wants(&path) {
                continue;
            }
            let held = before.get(id).and_then(|path| held.file(path));
            let size = usize::try_from(item.size).unwrap_or(usize::MAX);
            match &item.level {
                Level::Published if size > MAX_FILE_BYTES => {
                    snapshot.leave_out(path, &too_large(size));
                }
                Level::Published => {
                    let mut file = self.published(next, id, &item.tag, held).await?;
                    file.author.clone_from(&item.author);
                    snapshot.insert(path, file);
                }
                level => match self.last_published(next, id, held).await? {
                    Some(file) => snapshot.insert(path, file),
                    None => snapshot.note(path, &format!("not used, since {}", level.why())),
                },
            }
        }
        Ok(snapshot.at(next.to_text()?))
    }

    /// The content of the newest version, which is published.
    async fn published(
        &self,
        next: &Cursor,
        id: &str,
        tag: &str,
        held: Option<&File>,
    ) -> Result<File, Error> {
        let held_tag = held.and_then(|file| file.tag.as_deref());
        if let Some(file) = held.filter(|_| held_tag == Some(tag)) {
            return Ok(file.clone());
        }
        let key = (id.to_owned(), tag.to_owned());
        let before = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let bytes = match before {
            Some(bytes) => Some(bytes),
            None => {
                self.graph
                    .content(&["v1.0", "drives", &next.drive, "items", id, "content"], held_tag)
                    .await?
            }
        };
        let bytes = match (bytes, held) {
            (Some(bytes), _) => bytes,
            (None, Some(held)) => held.bytes.clone(),
            (None, None) => {
                return Err(Error::unavailable("Graph: nothing is new of what was never seen"));
            }
        };
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(key, bytes.clone());
        Ok(File::new(bytes).tag(tag))
    }

    /// The content of the last version that was published: what is held, or else what the history
    /// of the file has.
    async fn last_published(
        &self,
        next: &Cursor,
        id: &str,
        held: Option<&File>,
    ) -> Result<Option<File>, Error> {
        if let Some(held) = held {
            return Ok(Some(held.clone()));
        }
        let Some(version) = self.graph.published_version(&next.drive, id).await? else {
            return Ok(None);
        };
        let path = ["v1.0", "drives", &next.drive, "items", id, "versions", &version, "content"];
        let bytes = self.graph.content(&path, None).await?;
        Ok(bytes.map(|bytes| File::new(bytes).tag(format!("version {version}"))))
    }
}

#[async_trait]
impl TemplateSource for SharePoint {
    fn name(&self) -> String {
        format!("sharepoint:{}", self.place)
    }

    async fn fetch(&self, held: &Snapshot) -> Result<Option<Snapshot>, Error> {
        let last = held.cursor().and_then(Cursor::of_text).unwrap_or_default();
        let drive = self.graph.drive(&self.place).await?;
        let Some(next) = self.graph.changes(&drive, &last).await? else { return Ok(None) };
        let snapshot = self.snapshot(&next, &last, held).await?;
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(Some(snapshot))
    }

    fn watch(&self, on_change: OnChange) -> Result<Option<Watching>, Error> {
        Ok(Some(self.bells.hang(on_change)))
    }
}

#[cfg(test)]
mod tests;
