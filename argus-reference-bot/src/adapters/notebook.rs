//! An anchor in memory, for tests and for the simulator. It owes what every anchor owes, and can be
//! out of reach.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::ports::anchor::{Anchor, AnchorError, Head};

/// Notes in memory.
#[derive(Debug, Default)]
pub struct Notebook(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    heads: BTreeMap<u64, Head>,
    away: bool,
}

impl Notebook {
    /// Takes it out of reach, or brings it back.
    pub fn away(&self, away: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).away = away;
    }

    fn pages<T>(&self, look: impl FnOnce(&mut BTreeMap<u64, Head>) -> T) -> Result<T, AnchorError> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.away {
            return Err(AnchorError::Unreachable("the notebook is away".into()));
        }
        Ok(look(&mut pages.heads))
    }
}

#[async_trait]
impl Anchor for Notebook {
    fn name(&self) -> String {
        "the notebook".into()
    }

    async fn note(&self, head: &Head) -> Result<(), AnchorError> {
        let noted = self.pages(|heads| heads.entry(head.seq).or_insert(head.clone()).clone())?;
        if noted.agrees(head) {
            return Ok(());
        }
        Err(AnchorError::Fork { noted: Box::new(noted), ours: head.hash.clone() })
    }

    async fn noted(&self, since: Timestamp) -> Result<Vec<Head>, AnchorError> {
        let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
        self.pages(|heads| {
            heads.values().filter(|head| day(head.at) >= day(since)).cloned().collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::anchor::suite;

    #[tokio::test]
    async fn it_owes_what_every_anchor_owes() -> Result<(), AnchorError> {
        suite::notes_are_kept(&Notebook::default()).await
    }
}
