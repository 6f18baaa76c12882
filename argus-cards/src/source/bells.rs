//! Who wants to hear of changes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{OnChange, Watching};

/// A list of those who want to hear of changes. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Bells(Arc<Mutex<List>>);

#[derive(Default)]
struct List {
    watches: Vec<(u64, Arc<OnChange>)>,
    next: u64,
}

/// Takes its watch out of the list when it is dropped.
struct Guard {
    bells: Bells,
    id: u64,
}

impl Bells {
    /// Calls `on_change` at each ring, until the watch is dropped.
    pub(super) fn hang(&self, on_change: OnChange) -> Watching {
        let mut list = self.lock();
        let id = list.next;
        list.next += 1;
        list.watches.push((id, Arc::new(on_change)));
        Watching::new(Guard { bells: self.clone(), id })
    }

    /// Tells everybody.
    pub(super) fn ring(&self) {
        // Whoever is told may hang or drop a watch, so the lock is free by then.
        let watches = self.lock().watches.clone();
        for (_, tell) in watches {
            tell();
        }
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Bells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bells").field(&self.lock().watches.len()).finish()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.bells.lock().watches.retain(|(id, _)| *id != self.id);
    }
}
