//! What facts change in the table of cards.

use argus_soc::ledger::fact::What;
use rusqlite::{Connection, params};

/// Takes into account what a fact says about cards.
pub(super) fn changed(connection: &Connection, seq: u64, what: &What) -> rusqlite::Result<()> {
    match what {
        What::NoticePlaced { incident, card, conversation } => {
            add(connection, seq, incident, card, conversation)
        }
        What::NoticeAttempted { incident, card, .. } => {
            set(connection, "attempts = attempts + 1", incident, card)
        }
        What::NoticeRefused { incident, card, .. } => {
            set(connection, "attempts = max(attempts, 1) - 1", incident, card)
        }
        What::NoticeDelivered { incident, card, activity_id, version, .. } => connection
            .prepare_cached(
                "UPDATE cards SET shown = max(shown, ?3), activity_id = ?4, created = 1,
                   attempts = 0, digest = NULL
                 WHERE incident = ?1 AND card = ?2",
            )?
            .execute(params![incident, card, version, activity_id])
            .map(drop),
        What::NoticeAbandoned { incident, card, why } => connection
            .prepare_cached(
                "UPDATE cards SET dead = 1, why = ?3 WHERE incident = ?1 AND card = ?2",
            )?
            .execute([incident, card, why])
            .map(drop),
        What::NoticeMoved { incident, card, conversation, .. } => connection
            .prepare_cached(
                "UPDATE cards SET conversation = ?3, activity_id = NULL, created = 0, shown = 0,
                   attempts = 0, dead = 0, why = NULL, digest = NULL
                 WHERE incident = ?1 AND card = ?2",
            )?
            .execute([incident, card, conversation])
            .map(drop),
        What::NoticeRevived { incident, card } => {
            set(connection, "dead = 0, why = NULL, attempts = 0", incident, card)
        }
        What::NoticeDropped { incident, card } => {
            set(connection, "dead = 2 * (dead > 0)", incident, card)
        }
        What::NoticesDigested { digest, cards, .. } => {
            let mut cover = connection.prepare_cached(
                "UPDATE cards SET digest = ?3
                 WHERE incident = ?1 AND card = ?2 AND created = 0 AND dead = 0",
            )?;
            for covered in cards {
                cover.execute([&covered.incident, &covered.card, digest])?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The card should show `version` now. A digest covers it no longer when its severity rises.
pub(super) fn wanted(
    connection: &Connection,
    incident: &str,
    card: &str,
    version: u64,
    severity: u8,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE cards SET want = ?3, severity = ?4,
               digest = CASE WHEN ?4 > severity THEN NULL ELSE digest END
             WHERE incident = ?1 AND card = ?2",
        )?
        .execute(params![incident, card, version, severity])?;
    Ok(())
}

fn add(
    connection: &Connection,
    seq: u64,
    incident: &str,
    card: &str,
    conversation: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO cards (incident, card, conversation, want, severity, since)
               SELECT key, ?2, ?3, version, severity, ?4 FROM incidents WHERE key = ?1
             ON CONFLICT (incident, card) DO NOTHING",
        )?
        .execute(params![incident, card, conversation, seq])?;
    Ok(())
}

fn set(
    connection: &Connection,
    change: &'static str,
    incident: &str,
    card: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(&format!("UPDATE cards SET {change} WHERE incident = ?1 AND card = ?2"))?
        .execute([incident, card])?;
    Ok(())
}
