//! Templates in memory: for tests, and for programs that bring their own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::bells::Bells;
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
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    bells: Bells,
}

impl Memory {
    /// Files by their paths.
    pub fn new<P, B>(files: impl IntoIterator<Item = (P, B)>) -> Self
    where
        P: Into<String>,
        B: Into<Vec<u8>>,
    {
        let files = files.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect();
        Self { files: Arc::new(Mutex::new(files)), bells: Bells::default() }
    }

    /// Writes a file.
    pub fn put(&self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.lock().insert(path.into(), bytes.into());
        self.bells.ring();
    }

    /// Removes a file.
    pub fn remove(&self, path: &str) {
        self.lock().remove(path);
        self.bells.ring();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TemplateSource for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    async fn fetch(&self, held: &Snapshot) -> Result<Option<Snapshot>, Error> {
        let mut snapshot = Snapshot::default().at("memory");
        for (path, bytes) in &*self.lock() {
            snapshot.insert(path.as_str(), File::new(bytes.as_slice()));
        }
        let same = held.cursor().is_some() && snapshot.same(held);
        Ok((!same).then_some(snapshot))
    }

    fn watch(&self, on_change: OnChange) -> Result<Option<Watching>, Error> {
        Ok(Some(self.bells.hang(on_change)))
    }
}
