//! State in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::Value;

use super::{SaveError, StateStore, Version};
use crate::Error;

/// Keeps state as long as the process lives.
#[derive(Default)]
pub struct MemoryStore(Mutex<Values>);

#[derive(Default)]
struct Values {
    all: HashMap<String, (Value, u64)>,
    /// Counts the writings of all keys, so that none has a version twice.
    writings: u64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn values(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("values", &self.values().all.len()).finish()
    }
}

fn version(writing: u64) -> Version {
    Version::new(writing.to_string())
}

#[async_trait]
impl StateStore for MemoryStore {
    async fn load(&self, key: &str) -> Result<Option<(Value, Version)>, Error> {
        let values = self.values();
        Ok(values.all.get(key).map(|(value, writing)| (value.clone(), version(*writing))))
    }

    async fn save(
        &self,
        key: &str,
        value: &Value,
        expected: Option<&Version>,
    ) -> Result<Version, SaveError> {
        let mut values = self.values();
        let there = values.all.get(key).map(|(_, writing)| version(*writing));
        if there.as_ref() != expected {
            return Err(SaveError::Conflict);
        }
        values.writings += 1;
        let writing = values.writings;
        values.all.insert(key.to_owned(), (value.clone(), writing));
        Ok(version(writing))
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        self.values().all.remove(key);
        Ok(())
    }
}
