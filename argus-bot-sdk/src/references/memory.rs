//! References in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Reference, References};
use crate::Error;

/// Keeps references as long as the process lives.
///
/// ```
/// use argus_bot_sdk::references::{MemoryReferences, References as _};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
/// assert_eq!(MemoryReferences::new().get("a:1").await?, None);
/// # Ok(()) }
/// ```
#[derive(Debug, Default)]
pub struct MemoryReferences(Mutex<BTreeMap<String, Reference>>);

impl MemoryReferences {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Reference>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl References for MemoryReferences {
    async fn get(&self, key: &str) -> Result<Option<Reference>, Error> {
        Ok(self.all().get(key).cloned())
    }

    async fn put(&self, reference: &Reference) -> Result<(), Error> {
        self.all().insert(reference.key().to_owned(), reference.clone());
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), Error> {
        self.all().remove(key);
        Ok(())
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Reference>, Error> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let all = self.all();
        Ok(all
            .range::<str, _>((from, Bound::Unbounded))
            .take(limit)
            .map(|it| it.1.clone())
            .collect())
    }
}
