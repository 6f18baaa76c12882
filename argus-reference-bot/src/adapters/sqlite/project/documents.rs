//! The documents that a fact changes.

use argus_soc::ledger::documents::{DocumentError, changes};
use argus_soc::ledger::fact::Fact;
use rusqlite::{Connection, OptionalExtension, params};

use super::{LedgerError, Projected};

/// The version of a document; 0 if there is none.
pub(super) fn version(connection: &Connection, kind: &str, key: &str) -> rusqlite::Result<u64> {
    let version = connection
        .prepare_cached("SELECT version FROM documents WHERE kind = ?1 AND key = ?2")?
        .query_row([kind, key], |row| row.get(0))
        .optional()?;
    Ok(version.unwrap_or(0))
}

/// Takes a fact into account.
pub(super) fn changed(connection: &Connection, fact: &Fact) -> Projected {
    let load = |kind: &'static str, key: &str| {
        connection
            .prepare_cached("SELECT body FROM documents WHERE kind = ?1 AND key = ?2")?
            .query_row([kind, key], |row| row.get(0))
            .optional()
    };
    let changes = match changes(fact, load) {
        Ok(changes) => changes,
        Err(DocumentError::Store(error)) => return Err(error),
        Err(error) => return Ok(Err(LedgerError::Damaged(error.to_string()))),
    };
    for change in changes {
        match change.body {
            Some(body) => connection
                .prepare_cached(
                    "INSERT INTO documents (kind, key, version, body) VALUES (?1, ?2, 1, ?3)
                     ON CONFLICT (kind, key) DO UPDATE SET version = version + 1, body = ?3",
                )?
                .execute(params![change.kind, change.key, body.as_bytes()])?,
            None => connection
                .prepare_cached("DELETE FROM documents WHERE kind = ?1 AND key = ?2")?
                .execute([change.kind, &change.key])?,
        };
    }
    Ok(Ok(()))
}
