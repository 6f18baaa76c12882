//! State that is neither an incident nor a card, in small documents folded from facts.
//!
//! A playbook that waits for a review is one; so is whatever has to be looked up by a name and has
//! to survive a restart. A document changes in the transaction of the fact that changes it, and a
//! rebuild from the records gives the same bytes. To add a kind, implement [`Document`] and name
//! the type in [`changes`].

mod draft;
mod life;
mod storm;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::draft::Draft;
use super::canonical;
use super::fact::Fact;
use crate::blast::{Budget, Hold};
use crate::canary::Road;
use crate::correlate::{Group, Joined};
use crate::playbook::lifecycle::Life;
use crate::storm::breaker::Breaker;
use crate::storm::bulletin::Bulletin;
use crate::storm::place::Place;
use crate::suppress::{Numbered, Snooze, Suppressed};

/// One kind of document.
pub trait Document: Serialize + DeserializeOwned {
    /// The kind's name in the store. It has no `/`.
    const KIND: &'static str;

    /// The keys of the documents of this kind that `fact` changes. Asked of every fact that is
    /// written, so the answer to most must cost nothing.
    fn keys(fact: &Fact) -> Vec<String>;

    /// The document at `key` as it is after `fact`; `None` if there is none any more.
    #[must_use]
    fn after(before: Option<Self>, key: &str, fact: &Fact) -> Option<Self>;
}

/// What becomes of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its kind.
    pub kind: &'static str,
    /// Its key among those of its kind.
    pub key: String,
    /// Its new canonical JSON; `None` if it goes.
    pub body: Option<String>,
}

/// Why documents could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError<E> {
    /// The store did not say what was there.
    #[error("the store failed")]
    Store(E),
    /// What was there is not a document of its kind.
    #[error("the document {0} is unreadable: {1}")]
    Unreadable(String, serde_json::Error),
    /// It cannot be written as canonical JSON.
    #[error("the document {0} does not serialise: {1}")]
    Unwritable(String, serde_json::Error),
}

/// What `fact` makes of the documents, which `load(kind, key)` gives as they are.
///
/// # Errors
///
/// [`DocumentError`]; what was there stays as it is.
pub fn changes<E>(
    fact: &Fact,
    mut load: impl FnMut(&'static str, &str) -> Result<Option<Vec<u8>>, E>,
) -> Result<Vec<Change>, DocumentError<E>> {
    let mut changes = Vec::new();
    of::<Draft, E>(fact, &mut load, &mut changes)?;
    of::<Life, E>(fact, &mut load, &mut changes)?;
    of::<Breaker, E>(fact, &mut load, &mut changes)?;
    of::<Bulletin, E>(fact, &mut load, &mut changes)?;
    of::<Place, E>(fact, &mut load, &mut changes)?;
    of::<Group, E>(fact, &mut load, &mut changes)?;
    of::<Joined, E>(fact, &mut load, &mut changes)?;
    of::<Suppressed, E>(fact, &mut load, &mut changes)?;
    of::<Numbered, E>(fact, &mut load, &mut changes)?;
    of::<Snooze, E>(fact, &mut load, &mut changes)?;
    of::<Road, E>(fact, &mut load, &mut changes)?;
    of::<Budget, E>(fact, &mut load, &mut changes)?;
    of::<Hold, E>(fact, &mut load, &mut changes)?;
    Ok(changes)
}

fn of<D: Document, E>(
    fact: &Fact,
    load: &mut impl FnMut(&'static str, &str) -> Result<Option<Vec<u8>>, E>,
    changes: &mut Vec<Change>,
) -> Result<(), DocumentError<E>> {
    for key in D::keys(fact) {
        let before = load(D::KIND, &key).map_err(DocumentError::Store)?;
        let name = || stream(D::KIND, &key);
        let before = before
            .map(|body| serde_json::from_slice(&body))
            .transpose()
            .map_err(|error| DocumentError::Unreadable(name(), error))?;
        let body = D::after(before, &key, fact)
            .map(|document| canonical(&document))
            .transpose()
            .map_err(|error| DocumentError::Unwritable(name(), error))?;
        changes.push(Change { kind: D::KIND, key, body });
    }
    Ok(())
}

/// The name of a document where the versions that a batch expects are listed: `KIND/KEY`. The keys
/// of incidents have no `/`.
///
/// ```
/// assert_eq!(argus_soc::ledger::documents::stream("draft", "isolate@1.0.0"), "draft/isolate@1.0.0");
/// ```
pub fn stream(kind: &str, key: &str) -> String {
    format!("{kind}/{key}")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use jiff::Timestamp;

    use super::*;
    use crate::ledger::fact::{Actor, What};

    fn loaded(sha256: &str) -> Fact {
        let what = What::PlaybookLoaded {
            playbook: "isolate".into(),
            version: "1.0.0".into(),
            sha256: sha256.into(),
            text: "playbook: {}".into(),
        };
        Fact::new(Timestamp::UNIX_EPOCH, Actor::service("test"), "c", what)
    }

    #[test]
    fn a_fact_changes_the_documents_that_it_names_and_no_other() {
        let none = |_: &'static str, _: &str| Ok::<_, Infallible>(None);
        let first = changes(&loaded("aa"), none).expect("changes");
        let [change] = first.as_slice() else { panic!("{first:?}") };
        assert_eq!((change.kind, change.key.as_str()), ("draft", "isolate@1.0.0"));
        let started = What::Started { version: "1".into() };
        let started = Fact::new(Timestamp::UNIX_EPOCH, Actor::service("test"), "c", started);
        assert_eq!(changes(&started, none).expect("no changes"), []);
    }

    #[test]
    fn what_was_stored_and_is_no_document_is_named() {
        let broken = |_: &'static str, _: &str| Ok::<_, Infallible>(Some(b"[]".to_vec()));
        let error = changes(&loaded("aa"), broken).expect_err("unreadable");
        assert!(error.to_string().starts_with("the document draft/isolate@1.0.0 is"), "{error}");
    }
}
