//! Records as they are read back, by this version and by one that is older than their writer.
//!
//! A record that was acknowledged cannot be unread, so a kind that is new to us is kept as it is.
//! It may forbid what we would do next ("this run was called off"), so the run it names stops and
//! a person looks. A newer *layout* is refused: then not even the envelope can be trusted.

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Actor, Fact, LAYOUT, What};

/// A record of a kind that this version does not know.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Newer {
    /// The kind, as stored.
    pub kind: String,
    /// Everything else that it says, untouched.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// The kinds that this version knows. One that is missing here would be read as unknown; the round
/// trip of every kind is what finds it.
const KINDS: [&str; 74] = [
    "system.started",
    "event.received",
    "store.archived",
    "incident.opened",
    "incident.event_added",
    "incident.events_added",
    "event.ignored",
    "incident.enriched",
    "incident.acknowledged",
    "ticket.linked",
    "access.allowed",
    "access.refused",
    "notice.placed",
    "notice.attempted",
    "notice.delivered",
    "notice.refused",
    "notice.abandoned",
    "notice.digested",
    "notice.moved",
    "notice.revived",
    "notice.dropped",
    "place.changed",
    "bulletin.changed",
    "breaker.changed",
    "run.created",
    "run.rejected",
    "run.held",
    "budget.spent",
    "budget.freed",
    "run.cancel_requested",
    "run.timed_out",
    "run.undo_requested",
    "step.skipped",
    "step.resolved",
    "timer.set",
    "timer.fired",
    "effect.would_send",
    "approval.requested",
    "approval.would_ask",
    "user.answered",
    "breaker.resume_asked",
    "approval.reminded",
    "approval.escalated",
    "approval.decided",
    "approval.expired",
    "effect.leased",
    "effect.released",
    "effect.adopted",
    "effect.intended",
    "effect.outcome",
    "effect.probed",
    "effect.verified",
    "run.finished",
    "playbook.loaded",
    "playbook.would_run",
    "playbook.submitted",
    "playbook.reviewed",
    "playbook.promoted",
    "playbook.retired",
    "playbook.rehearsed",
    "templates.activated",
    "score.activated",
    "correlation.extended",
    "incident.merged",
    "incident.absorbed",
    "incident.parted",
    "incident.shed",
    "incident.part_resolved",
    "incident.part_reopened",
    "incident.snoozed",
    "incident.woken",
    "suppression.added",
    "suppression.ended",
    "event.suppressed",
];

/// What every record says, whatever happened.
#[derive(Deserialize)]
struct Envelope {
    v: u8,
    at: Timestamp,
    actor: Actor,
    correlation: String,
    #[serde(default)]
    stream: Option<String>,
    kind: String,
}

/// Of a record of a newer layout nothing but the layout can be trusted.
#[derive(Deserialize)]
struct Layout {
    v: u64,
}

impl Fact {
    /// Reads a record's payload.
    ///
    /// # Errors
    ///
    /// If it is not a record of ours, or has a newer layout than [`LAYOUT`]. A kind that is not
    /// known is no error: it is kept as [`What::Unknown`].
    ///
    /// ```
    /// use argus_soc::ledger::fact::{Fact, What};
    ///
    /// let payload = br#"{"v":1,"at":"2026-11-20T08:00:00Z","actor":{"type":"service","name":"argus"},
    ///                    "correlation":"c","kind":"system.started","version":"0.1.0"}"#;
    /// let fact = Fact::read(payload).expect("a record");
    /// assert_eq!(fact.what, What::Started { version: "0.1.0".into() });
    /// ```
    pub fn read(payload: &[u8]) -> serde_json::Result<Self> {
        // Twice over the same bytes costs less than a tree of them, and many records are read.
        let envelope = serde_json::from_slice(payload);
        let newer = match &envelope {
            Ok(Envelope { v, .. }) => Some(u64::from(*v)),
            Err(_) => serde_json::from_slice(payload).ok().map(|Layout { v }| v),
        };
        if let Some(v) = newer.filter(|v| *v > u64::from(LAYOUT)) {
            let why = format!("the record has layout {v}, this version reads {LAYOUT}");
            return Err(serde_json::Error::custom(why));
        }
        let Envelope { v, at, actor, correlation, stream, kind } = envelope?;
        let mut what = if KINDS.contains(&kind.as_str()) {
            serde_json::from_slice(payload)?
        } else {
            let mut fields: Map<String, Value> = serde_json::from_slice(payload)?;
            for known in ["v", "at", "actor", "correlation", "stream", "kind"] {
                fields.remove(known);
            }
            What::Unknown(Newer { kind, fields })
        };
        // The record's own correlation, which this kind of old calls by the same name.
        if let What::EventAdded(added) = &mut what {
            added.correlation = None;
        }
        Ok(Self { v, at, actor, correlation, stream, what })
    }
}

/// Writes what happened; an unknown kind as it came.
pub(super) fn write_what<S: Serializer>(what: &What, serializer: S) -> Result<S::Ok, S::Error> {
    match what {
        What::Unknown(newer) => newer.serialize(serializer),
        known => known.serialize(serializer),
    }
}
