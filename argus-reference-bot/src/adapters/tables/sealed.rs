//! An event, ready for the chain.

use argus_soc::ledger::Hash;
use argus_soc::ledger::fact::LAYOUT;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::ports::ledger::Arrival;

/// An event, ready for the chain: whatever does not depend on its place in it is computed before it
/// queues for the writer.
#[derive(Debug)]
pub(in crate::adapters) struct Sealed {
    pub(in crate::adapters) arrival: Arrival,
    pub(in crate::adapters) key: Option<String>,
    pub(in crate::adapters) payload: String,
}

/// Whether a stored body is these bytes. One that an archive has is empty, and is told by its digest.
pub(in crate::adapters) fn is_body(stored: &[u8], sha256: &str, bytes: &[u8]) -> bool {
    match stored {
        [] => sha256 == Hash::of(bytes).to_string(),
        stored => stored == bytes,
    }
}

impl Sealed {
    pub(in crate::adapters) fn new(arrival: Arrival) -> Self {
        let sha256 = Hash::of(&arrival.raw).to_string();
        let key = arrival.key.as_ref().map(|key| {
            let named = [arrival.source.as_bytes(), &[0], key.as_bytes()].concat();
            Hash::of(&named).to_string()
        });
        let payload = received_payload(&arrival, key.as_deref(), &sha256);
        Self { arrival, key, payload }
    }
}

/// The canonical payload of `event.received`, written in one go: fields in RFC 8785 order. A test
/// holds it to what `canonical` makes of the fact.
fn received_payload(arrival: &Arrival, key: Option<&str>, sha256: &str) -> String {
    #[derive(Serialize)]
    struct ActorOut {
        name: &'static str,
        r#type: &'static str,
    }
    #[derive(Serialize)]
    struct Out<'a> {
        actor: ActorOut,
        at: Timestamp,
        correlation: &'a str,
        event_id: Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        idempotency_key: Option<&'a str>,
        kind: &'static str,
        raw_sha256: &'a str,
        source: &'a str,
        v: u8,
    }
    let out = Out {
        actor: ActorOut { name: "ingest", r#type: "service" },
        at: arrival.received_at,
        correlation: &arrival.correlation,
        event_id: arrival.event_id,
        idempotency_key: key,
        kind: "event.received",
        raw_sha256: sha256,
        source: &arrival.source,
        v: LAYOUT,
    };
    // Strings, a time and a number: there is nothing in it that does not serialise.
    serde_json::to_string(&out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use argus_soc::ledger::canonical;
    use argus_soc::ledger::fact::{Actor, Fact, What};
    use bytes::Bytes;

    use super::*;

    #[test]
    fn the_quick_payload_is_the_canonical_one() {
        for key in [None, Some("delivery-1".to_owned())] {
            let sealed = Sealed::new(Arrival {
                event_id: Uuid::from_u128(7),
                source: "s\u{1}\"\u{e9}\u{2028}".into(),
                key,
                raw: Bytes::from_static(b"{}"),
                received_at: "2026-11-20T10:00:00.123456Z".parse().expect("a time"),
                correlation: "c-1".into(),
            });
            let fact = Fact::new(
                sealed.arrival.received_at,
                Actor::service("ingest"),
                sealed.arrival.correlation.clone(),
                What::Received {
                    event_id: sealed.arrival.event_id,
                    source: sealed.arrival.source.clone(),
                    idempotency_key: sealed.key.clone(),
                    raw_sha256: Hash::of(b"{}").to_string(),
                },
            );
            assert_eq!(sealed.payload, canonical(&fact).expect("serialises"));
        }
    }
}
