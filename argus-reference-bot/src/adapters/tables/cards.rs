//! Cards: what facts change in their table, and what queries ask of it.

use argus_soc::event::Severity;
use argus_soc::ledger::fact::What;

use super::read::severity;
use super::{Cells, Tables, Value, project};
use crate::ports::ledger::{DueCard, DuePlace, DueSlice, SentCard, StoredCard, Which};

/// Conversations with cards that do not show the newest state, for [`due_place`]. From rank 5 on a
/// card is urgent: high and critical.
pub(in crate::adapters) const PLACES: &str = "SELECT conversation,
   sum(CASE WHEN NOT created AND severity >= 5 THEN 1 ELSE 0 END),
   sum(CASE WHEN NOT created AND severity < 5 THEN 1 ELSE 0 END),
   sum(CASE WHEN created THEN 1 ELSE 0 END)
 FROM cards WHERE want > shown AND NOT dead AND digest IS NULL
 GROUP BY conversation ORDER BY conversation";

const DUE: &str =
    "SELECT incident, card, conversation, activity_id, want, attempts, severity FROM cards
 WHERE conversation = ?1 AND want > shown AND NOT dead AND digest IS NULL
 ORDER BY severity DESC, created, since LIMIT ?2 OFFSET ?3";

const DUE_NEW: &str =
    "SELECT incident, card, conversation, activity_id, want, attempts, severity FROM cards
 WHERE conversation = ?1 AND want > shown AND NOT dead AND digest IS NULL AND NOT created
 ORDER BY severity DESC, created, since LIMIT ?2 OFFSET ?3";

/// The cards of an incident, for [`stored`].
pub(in crate::adapters) const OF: &str =
    "SELECT incident, card, conversation, activity_id, want, shown, digest, dead, why, dropped
 FROM cards WHERE incident = ?1 ORDER BY card";

/// Cards that were given up, for [`stored`].
pub(in crate::adapters) const DEAD: &str =
    "SELECT incident, card, conversation, activity_id, want, shown, digest, dead, why, dropped
 FROM cards WHERE dead AND NOT dropped ORDER BY severity DESC, since LIMIT ?1";

/// How many incidents a digest covers.
pub(in crate::adapters) const COVERED: &str =
    "SELECT count(*) FROM cards WHERE digest = ?1 AND card = 'card'";

/// The incidents that a digest covers, as lines of a list.
pub(in crate::adapters) const COVERS: &str =
    "SELECT i.key, i.title, i.severity, i.stage, i.opened_at, i.count
 FROM cards c JOIN incidents i ON i.key = c.incident
 WHERE c.digest = ?1 AND c.card = 'card'
 ORDER BY c.severity DESC, c.since LIMIT ?2 OFFSET ?3";

/// The card that stands somewhere, for [`sent_card`].
pub(in crate::adapters) const SENT: &str =
    "SELECT incident, card, shown FROM cards WHERE conversation = ?1 AND activity_id = ?2";

/// The statement for due cards of a conversation, and its parameters, for [`due_card`].
pub(in crate::adapters) fn due(slice: &DueSlice) -> (&'static str, [Value<'_>; 3]) {
    let sql = match slice.which {
        Which::All => DUE,
        Which::New => DUE_NEW,
    };
    let conversation = Value::Text(&slice.conversation);
    (sql, [conversation, Value::Whole(slice.limit.into()), Value::Whole(slice.skip.into())])
}

/// A row of [`PLACES`].
pub(in crate::adapters) fn due_place<E>(row: &dyn Cells<Error = E>) -> Result<DuePlace, E> {
    Ok(DuePlace {
        conversation: row.text(0)?,
        urgent: row.whole(1)?,
        routine: row.whole(2)?,
        changed: row.whole(3)?,
    })
}

/// A row of what [`due`] asks for.
pub(in crate::adapters) fn due_card<E>(row: &dyn Cells<Error = E>) -> Result<DueCard, E> {
    Ok(DueCard {
        incident: row.text(0)?,
        card: row.text(1)?,
        conversation: row.text(2)?,
        activity_id: row.maybe_text(3)?,
        want: row.whole(4)?,
        attempts: u32::try_from(row.whole(5)?).unwrap_or(u32::MAX),
        severity: severity(row.whole(6)?),
    })
}

/// A row of [`OF`] or [`DEAD`].
pub(in crate::adapters) fn stored<E>(row: &dyn Cells<Error = E>) -> Result<StoredCard, E> {
    let (dead, why) = (row.truth(7)?, row.maybe_text(8)?);
    Ok(StoredCard {
        incident: row.text(0)?,
        card: row.text(1)?,
        conversation: row.text(2)?,
        activity_id: row.maybe_text(3)?,
        want: row.whole(4)?,
        shown: row.whole(5)?,
        digest: row.maybe_text(6)?,
        dead: dead.then(|| why.unwrap_or_default()),
        dropped: row.truth(9)?,
    })
}

/// A row of [`SENT`].
pub(in crate::adapters) fn sent_card<E>(row: &dyn Cells<Error = E>) -> Result<SentCard, E> {
    Ok(SentCard { incident: row.text(0)?, card: row.text(1)?, version: row.whole(2)? })
}

/// Takes into account what a fact says about cards.
pub(super) fn changed<T: Tables>(tables: &mut T, seq: u64, what: &What) -> Result<(), T::Error> {
    let mut set = |sql: &'static str, incident: &str, card: &str| {
        tables.change(sql, &[Value::Text(incident), Value::Text(card)])
    };
    match what {
        What::NoticeAttempted { incident, card, .. } => set(
            "UPDATE cards SET attempts = attempts + 1 WHERE incident = ?1 AND card = ?2",
            incident,
            card,
        ),
        What::NoticeRefused { incident, card, .. } => set(
            "UPDATE cards SET attempts = attempts - 1
             WHERE incident = ?1 AND card = ?2 AND attempts > 0",
            incident,
            card,
        ),
        What::NoticeRevived { incident, card } => set(
            "UPDATE cards SET dead = FALSE, dropped = FALSE, why = NULL, attempts = 0
             WHERE incident = ?1 AND card = ?2",
            incident,
            card,
        ),
        What::NoticeDropped { incident, card } => set(
            "UPDATE cards SET dropped = TRUE WHERE incident = ?1 AND card = ?2 AND dead",
            incident,
            card,
        ),
        What::NoticesDigested { digest, cards, .. } => cards.iter().try_for_each(|covered| {
            tables.change(
                "UPDATE cards SET digest = ?3
                 WHERE incident = ?1 AND card = ?2 AND NOT created AND NOT dead",
                &[Value::Text(&covered.incident), Value::Text(&covered.card), Value::Text(digest)],
            )
        }),
        other => stands(tables, seq, other),
    }
}

/// Where a card stands, or that it does not.
fn stands<T: Tables>(tables: &mut T, seq: u64, what: &What) -> Result<(), T::Error> {
    match what {
        What::NoticePlaced { incident, card, conversation } => tables.change(
            "INSERT INTO cards (incident, card, conversation, want, severity, since)
               SELECT key, ?2, ?3, version, severity, ?4 FROM incidents WHERE key = ?1
             ON CONFLICT (incident, card) DO NOTHING",
            &[
                Value::Text(incident),
                Value::Text(card),
                Value::Text(conversation),
                Value::Whole(seq),
            ],
        ),
        // What was delivered last is what is shown, even if it is older: then the card is due again.
        What::NoticeDelivered { incident, card, activity_id, version, .. } => tables.change(
            "UPDATE cards SET shown = ?3, activity_id = ?4, created = TRUE, attempts = 0,
               digest = NULL
             WHERE incident = ?1 AND card = ?2",
            &[
                Value::Text(incident),
                Value::Text(card),
                Value::Whole(*version),
                Value::Text(activity_id),
            ],
        ),
        What::NoticeAbandoned { incident, card, why } => tables.change(
            "UPDATE cards SET dead = TRUE, dropped = FALSE, why = ?3
             WHERE incident = ?1 AND card = ?2",
            &[Value::Text(incident), Value::Text(card), Value::Text(why)],
        ),
        What::NoticeMoved { incident, card, conversation, .. } => tables.change(
            "UPDATE cards SET conversation = ?3, activity_id = NULL, created = FALSE, shown = 0,
               attempts = 0, dead = FALSE, dropped = FALSE, why = NULL, digest = NULL
             WHERE incident = ?1 AND card = ?2",
            &[Value::Text(incident), Value::Text(card), Value::Text(conversation)],
        ),
        _ => Ok(()),
    }
}

/// The card should show `version` now. A digest covers it no longer when its severity rises.
pub(super) fn wanted<T: Tables>(
    tables: &mut T,
    incident: &str,
    card: &str,
    version: u64,
    severity: Severity,
) -> Result<(), T::Error> {
    tables.change(
        "UPDATE cards SET want = ?3, severity = ?4,
           digest = CASE WHEN ?4 > severity THEN NULL ELSE digest END
         WHERE incident = ?1 AND card = ?2",
        &[
            Value::Text(incident),
            Value::Text(card),
            Value::Whole(version),
            Value::Whole(project::rank(severity).into()),
        ],
    )
}
