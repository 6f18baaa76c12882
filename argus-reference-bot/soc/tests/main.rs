//! What the package promises, from the outside.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail like tests"
)]

mod blocklist;
mod cacao;
mod corpus;
mod correlation;
mod decisions;
mod defects;
mod enrichment;
mod events;
mod hostile;
mod indicators;
mod lifecycle;
mod mappers;
mod mappings;
mod measures;
mod oracle;
mod playbooks;
mod policies;
mod runs;
mod s2;
mod schema;
mod scores;
mod sights;
mod suppressions;
mod unions;
mod windows;

use argus_soc::enrich::{Asset, Enrichment, History, Intel, Known};
use argus_soc::event::{SecurityEvent, Shape, Source, normalise};
use jiff::Timestamp;

/// When every test happens.
pub(crate) fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

/// Reads a message from a source called `test`.
pub(crate) fn read(shape: Shape, raw: &str) -> SecurityEvent {
    let source = Source { name: "test", shape, tenant: None };
    normalise(raw.as_bytes(), &source, now()).unwrap()
}

/// An event about a host in the generic shape.
pub(crate) fn host_event(severity: &str) -> SecurityEvent {
    read(
        Shape::Generic,
        &format!(
            r#"{{"source": "edr", "event_type": "ransomware", "severity": "{severity}",
                 "entity_type": "host", "entity_value": "ws-1"}}"#
        ),
    )
}

/// Enrichment in which every source answered.
pub(crate) fn known(malicious: bool, confidence: u8, criticality: u8, before: u32) -> Enrichment {
    Enrichment::of(
        Known::Known(Intel { malicious, confidence }),
        Known::Known(Asset {
            name: "ws-1".into(),
            criticality,
            environment: Some("staging".into()),
            ..Asset::default()
        }),
        Known::Known(History { previous_incidents: before, ..History::default() }),
    )
}
