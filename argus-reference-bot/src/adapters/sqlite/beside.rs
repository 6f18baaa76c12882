//! Questions that a command asks of a store, beside a running bot or without one.

use std::path::Path;

use argus_soc::incident::Incident;

use super::read::{all, one};
use super::{failed, verify};
use crate::adapters::tables::{Value, cards, read as rows};
use crate::ports::ledger::{LedgerError, StoredCard, StoredDocument};

/// The incident of this key in the store at `path`.
///
/// # Errors
///
/// [`LedgerError`] if the store cannot be read.
pub fn incident_in(path: &Path, key: &str) -> Result<Option<Incident>, LedgerError> {
    let store = verify::reader(path)?;
    one(&store, rows::INCIDENT, &[Value::Text(key)], rows::incident).map_err(failed)
}

/// The cards of the store at `path` that were given up and that nobody dropped.
///
/// # Errors
///
/// [`LedgerError`] if the store cannot be read.
pub fn dead_cards_in(path: &Path) -> Result<Vec<StoredCard>, LedgerError> {
    let limit = Value::Whole(u32::MAX.into());
    all(&verify::reader(path)?, cards::DEAD, &[limit], cards::stored).map_err(failed)
}

/// All documents of a kind in the store at `path`.
///
/// # Errors
///
/// [`LedgerError`] if the store cannot be read.
pub fn documents_in(path: &Path, kind: &str) -> Result<Vec<StoredDocument>, LedgerError> {
    all(&verify::reader(path)?, rows::DOCUMENTS, &[Value::Text(kind)], rows::document)
        .map_err(failed)
}
