//! What the store has recorded, read beside a running bot.

use argus_soc::decide::Decision;
use argus_soc::enrich::Enrichment;
use argus_soc::event::SecurityEvent;
use argus_soc::ledger::fact::What;
use uuid::Uuid;

use crate::app::Place;
use crate::cli::Complaint;
use crate::cli::audit::facts;

/// The first event of an incident, as it was judged.
pub(in crate::cli) struct Judged {
    pub(in crate::cli) incident: String,
    pub(in crate::cli) event: SecurityEvent,
    pub(in crate::cli) enrichment: Enrichment,
    pub(in crate::cli) decision: Decision,
}

/// An event that was received.
pub(super) struct Received {
    pub(super) source: String,
    pub(super) at: jiff::Timestamp,
    pub(super) raw: Vec<u8>,
    /// The incident it was placed in, if there is one.
    pub(super) incident: Option<String>,
}

/// Gives every incident of the store to `each`, oldest first.
pub(in crate::cli) fn judged(
    store: &Place,
    mut each: impl FnMut(Judged) -> Result<(), Complaint>,
) -> Result<(), Complaint> {
    facts(store, |fact, _| {
        let (Some(incident), What::Opened { event, enrichment, decision, .. }) =
            (fact.stream, fact.what)
        else {
            return Ok(());
        };
        each(Judged { incident, event: *event, enrichment: *enrichment, decision })
    })
}

/// The event of this id.
pub(super) fn received(store: &Place, id: Uuid) -> Result<Option<Received>, Complaint> {
    let mut found: Option<Received> = None;
    facts(store, |fact, raw| {
        match fact.what {
            What::Received { event_id, source, .. } if event_id == id => {
                let raw = raw.unwrap_or_default();
                found = Some(Received { source, at: fact.at, raw, incident: None });
            }
            What::Opened { event, .. } if event.event_id == id => place(&mut found, fact.stream),
            What::EventAdded(event) if event.event_id == id => place(&mut found, fact.stream),
            What::EventsAdded { events } if events.iter().any(|it| it.event_id == id) => {
                place(&mut found, fact.stream);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

fn place(found: &mut Option<Received>, incident: Option<String>) {
    if let Some(received) = found {
        received.incident = incident;
    }
}
