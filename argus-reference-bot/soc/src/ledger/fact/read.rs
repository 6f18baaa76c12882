//! Records as they are read back, by this version and by one that is older than their writer.
//!
//! A record that was acknowledged cannot be unread, so a kind that is new to us is kept as it is.
//! It may forbid what we would do next ("this run was called off"), so the run it names stops and
//! a person looks. A newer *layout* is refused: then not even the envelope can be trusted.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Fact, LAYOUT, What};

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
const KINDS: [&str; 31] = [
    "system.started",
    "event.received",
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
    "run.created",
    "approval.requested",
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
    "templates.activated",
];

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        let v: u64 = take(&mut fields, "v")?;
        let v = u8::try_from(v).ok().filter(|v| *v <= LAYOUT).ok_or_else(|| {
            Error::custom(format_args!("the record has layout {v}, this version reads {LAYOUT}"))
        })?;
        Ok(Self {
            v,
            at: take(&mut fields, "at")?,
            actor: take(&mut fields, "actor")?,
            correlation: take(&mut fields, "correlation")?,
            stream: fields.remove("stream").map_or(Ok(None), read)?,
            what: what(fields)?,
        })
    }
}

/// Writes what happened; an unknown kind as it came.
pub(super) fn write_what<S: Serializer>(what: &What, serializer: S) -> Result<S::Ok, S::Error> {
    match what {
        What::Unknown(newer) => newer.serialize(serializer),
        known => known.serialize(serializer),
    }
}

fn what<E: Error>(mut fields: Map<String, Value>) -> Result<What, E> {
    let kind = fields.get("kind").and_then(Value::as_str).ok_or_else(|| {
        // Not `missing_field` alone: a kind that is a number is none either.
        E::custom("the record has no kind")
    })?;
    if KINDS.contains(&kind) {
        return read(Value::Object(fields));
    }
    let kind = kind.to_owned();
    fields.remove("kind");
    Ok(What::Unknown(Newer { kind, fields }))
}

fn take<T: DeserializeOwned, E: Error>(
    fields: &mut Map<String, Value>,
    name: &'static str,
) -> Result<T, E> {
    fields.remove(name).ok_or_else(|| E::missing_field(name)).and_then(read)
}

fn read<T: DeserializeOwned, E: Error>(value: Value) -> Result<T, E> {
    serde_json::from_value(value).map_err(E::custom)
}
