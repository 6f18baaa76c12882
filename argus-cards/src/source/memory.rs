//! Templates in memory: for tests, and for programs that bring their own.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{File, OnChange, Snapshot, TemplateSource, Watching};
use crate::error::Error;

/// Templates in memory. Clones share their files.
///
/// ```
/// use argus_cards::Library;
/// use argus_cards::source::Memory;
/// use serde_json::json;
///
/// let source = Memory::new([("hi.card.json", r#"{"type":"AdaptiveCard","speak":"Hi"}"#)]);
/// let (library, trouble) = Library::of(source.clone());
/// assert_eq!(trouble, []);
///
/// source.put("hi.card.json", r#"{"type":"AdaptiveCard","speak":"Hello"}"#);
/// assert_eq!(library.reload(), []);
/// let card = library.render("hi", &json!({}), None)?;
/// assert_eq!(card.json, br#"{"type":"AdaptiveCard","speak":"Hello"}"#);
/// # Ok::<(), argus_cards::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Memory {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    files: Vec<(String, Vec<u8>)>,
    watches: Vec<(u64, Arc<OnChange>)>,
    next: u64,
}

/// Takes its watch out of the list when it is dropped.
struct Guard {
    memory: Memory,
    id: u64,
}

impl Memory {
    /// Files by their paths.
    pub fn new<P, B>(files: impl IntoIterator<Item = (P, B)>) -> Self
    where
        P: Into<String>,
        B: Into<Vec<u8>>,
    {
        let memory = Self::default();
        memory.lock().files =
            files.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect();
        memory
    }

    /// Writes a file.
    pub fn put(&self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let path = path.into();
        self.change(|files| {
            files.retain(|(other, _)| *other != path);
            files.push((path, bytes.into()));
        });
    }

    /// Removes a file.
    pub fn remove(&self, path: &str) {
        self.change(|files| files.retain(|(other, _)| other != path));
    }

    fn change(&self, change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) {
        let mut shared = self.lock();
        change(&mut shared.files);
        let watches = shared.watches.clone();
        drop(shared);
        // Whoever is told may look at the files at once, so the lock is free by now.
        for (_, tell) in watches {
            tell();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TemplateSource for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    async fn fetch(&self, held: &Snapshot) -> Result<Option<Snapshot>, Error> {
        let mut snapshot = Snapshot::default().at("memory");
        for (path, bytes) in &self.lock().files {
            snapshot.insert(path.as_str(), File::new(bytes.as_slice()));
        }
        let same = held.cursor().is_some() && snapshot.same(held);
        Ok((!same).then_some(snapshot))
    }

    fn watch(&self, on_change: OnChange) -> Result<Option<Watching>, Error> {
        let mut shared = self.lock();
        let id = shared.next;
        shared.next += 1;
        shared.watches.push((id, Arc::new(on_change)));
        Ok(Some(Watching::new(Guard { memory: self.clone(), id })))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("files", &self.files.len())
            .field("watches", &self.watches.len())
            .finish_non_exhaustive()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.memory.lock().watches.retain(|(id, _)| *id != self.id);
    }
}
