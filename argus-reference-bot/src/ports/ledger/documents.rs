//! Documents of the store by their types.

use argus_soc::ledger::documents::Document;

use super::{Ledger, LedgerError, StoredDocument};

/// The document at `key` and its version, if there is one.
///
/// # Errors
///
/// [`LedgerError`] as the store says; [`LedgerError::Damaged`] if it is not a document of its kind.
pub async fn find<D: Document>(
    ledger: &dyn Ledger,
    key: &str,
) -> Result<Option<(u64, D)>, LedgerError> {
    let stored = ledger.document(D::KIND, key).await?;
    stored.map(|stored| read(&stored)).transpose()
}

/// All documents of a kind in the order of their keys, each with its key.
///
/// # Errors
///
/// As [`find`].
pub async fn all<D: Document>(ledger: &dyn Ledger) -> Result<Vec<(String, D)>, LedgerError> {
    each(ledger.documents(D::KIND).await?)
}

/// These documents by their type, each with its key.
///
/// # Errors
///
/// [`LedgerError::Damaged`] if one is not a document of its kind.
pub fn each<D: Document>(stored: Vec<StoredDocument>) -> Result<Vec<(String, D)>, LedgerError> {
    let each = |stored: StoredDocument| Ok((stored.key.clone(), read(&stored)?.1));
    stored.into_iter().map(each).collect()
}

fn read<D: Document>(stored: &StoredDocument) -> Result<(u64, D), LedgerError> {
    let document = serde_json::from_slice(&stored.body).map_err(|error| {
        LedgerError::Damaged(format!("the {} {} is unreadable: {error}", D::KIND, stored.key))
    })?;
    Ok((stored.version, document))
}
