//! Queries about cards.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::read::{severity, summary};
use crate::ports::ledger::{DueCard, DuePlace, DueSlice, SentCard, StoredCard, Summary, Which};

/// From this rank on a card is urgent: high and critical.
const URGENT: u8 = 5;
/// Cards that do not show the newest state and still should; the index `cards_due` has these.
const DUE: &str = "want > shown AND dead = 0 AND digest IS NULL";

pub(super) fn due_places(connection: &Connection) -> rusqlite::Result<Vec<DuePlace>> {
    connection
        .prepare_cached(&format!(
            "SELECT conversation, sum(created = 0 AND severity >= {URGENT}),
               sum(created = 0 AND severity < {URGENT}), sum(created)
             FROM cards WHERE {DUE} GROUP BY conversation ORDER BY conversation"
        ))?
        .query_map([], |row| {
            Ok(DuePlace {
                conversation: row.get(0)?,
                urgent: row.get(1)?,
                routine: row.get(2)?,
                changed: row.get(3)?,
            })
        })?
        .collect()
}

pub(super) fn due_cards(
    connection: &Connection,
    slice: &DueSlice,
) -> rusqlite::Result<Vec<DueCard>> {
    let new = match slice.which {
        Which::All => "",
        Which::New => "AND created = 0",
    };
    connection
        .prepare_cached(&format!(
            "SELECT incident, card, conversation, activity_id, want, attempts, severity FROM cards
             WHERE conversation = ?1 AND {DUE} {new}
             ORDER BY severity DESC, created, since LIMIT ?2 OFFSET ?3"
        ))?
        .query_map(params![slice.conversation, slice.limit, slice.skip], |row| {
            Ok(DueCard {
                incident: row.get(0)?,
                card: row.get(1)?,
                conversation: row.get(2)?,
                activity_id: row.get(3)?,
                want: row.get(4)?,
                attempts: row.get(5)?,
                severity: severity(row.get(6)?),
            })
        })?
        .collect()
}

const STORED: &str =
    "SELECT incident, card, conversation, activity_id, want, shown, digest, dead, why FROM cards";

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredCard> {
    let dead: u8 = row.get(7)?;
    let why: Option<String> = row.get(8)?;
    Ok(StoredCard {
        incident: row.get(0)?,
        card: row.get(1)?,
        conversation: row.get(2)?,
        activity_id: row.get(3)?,
        want: row.get(4)?,
        shown: row.get(5)?,
        digest: row.get(6)?,
        dead: (dead > 0).then(|| why.unwrap_or_default()),
        dropped: dead > 1,
    })
}

pub(super) fn cards_of(
    connection: &Connection,
    incident: &str,
) -> rusqlite::Result<Vec<StoredCard>> {
    connection
        .prepare_cached(&format!("{STORED} WHERE incident = ?1 ORDER BY card"))?
        .query_map([incident], stored)?
        .collect()
}

pub(super) fn dead_cards(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<StoredCard>> {
    connection
        .prepare_cached(&format!("{STORED} WHERE dead = 1 ORDER BY severity DESC, since LIMIT ?1"))?
        .query_map([limit], stored)?
        .collect()
}

pub(super) fn digested(
    connection: &Connection,
    digest: &str,
    skip: u32,
    limit: u32,
) -> rusqlite::Result<(Vec<Summary>, u64)> {
    let total = connection
        .prepare_cached("SELECT count(*) FROM cards WHERE digest = ?1 AND card = 'card'")?
        .query_row([digest], |row| row.get(0))?;
    let rows = connection
        .prepare_cached(
            "SELECT i.key, i.title, i.severity, i.stage, i.opened_at, i.count
             FROM cards c JOIN incidents i ON i.key = c.incident
             WHERE c.digest = ?1 AND c.card = 'card'
             ORDER BY c.severity DESC, c.since LIMIT ?2 OFFSET ?3",
        )?
        .query_map(params![digest, limit, skip], summary)?
        .collect::<rusqlite::Result<_>>()?;
    Ok((rows, total))
}

pub(super) fn sent_card(
    connection: &Connection,
    conversation: &str,
    activity_id: &str,
) -> rusqlite::Result<Option<SentCard>> {
    connection
        .prepare_cached(
            "SELECT incident, card, shown FROM cards WHERE conversation = ?1 AND activity_id = ?2",
        )?
        .query_row([conversation, activity_id], |row| {
            Ok(SentCard { incident: row.get(0)?, card: row.get(1)?, version: row.get(2)? })
        })
        .optional()
}
