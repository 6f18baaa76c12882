//! What a sender is told about its events.

use argus_soc::event::NormaliseErrorKind;
use serde_json::{Value, json};

use super::super::Answer;
use super::super::reply::{self, Problem};
use crate::flows::ingest::{IngestError, Taken};
use crate::flows::sources::Reason;
use crate::ports::ledger::Receipt;

/// The problem that an event is, and how metrics call it.
pub(super) fn problem(error: &IngestError) -> (Reason, Problem) {
    match error {
        IngestError::Unreadable(error) => {
            let (status, name) = match error.kind {
                NormaliseErrorKind::NotAnObject | NormaliseErrorKind::WrongShape { .. } => {
                    (422, "not-an-event")
                }
                _ => (400, "bad-json"),
            };
            (Reason::Unreadable, Problem::new(status, name, error.to_string()))
        }
        IngestError::TooBig { most } => {
            let detail = format!("An event has at most {most} bytes.");
            (Reason::TooBig, Problem::new(413, "too-big", detail))
        }
        IngestError::KeyReused => {
            let detail = "This Idempotency-Key, or this id with the same revision, came before \
                          with another body. Send a changed event with a new key or revision.";
            (Reason::KeyReused, Problem::new(409, "key-reused", detail))
        }
        IngestError::TryAgain(_) => {
            let detail = "It could not be stored. Send it again.";
            let problem = Problem::new(503, "store-unavailable", detail).retry_after(2);
            (Reason::Store, problem)
        }
    }
}

/// The answer to one event.
pub(super) fn one(receipt: &Receipt, correlation: &str) -> Answer {
    let body = format!(
        "{{\"seq\":{},\"event_id\":\"{}\",\"duplicate\":{},\"correlation_id\":\"{correlation}\"}}",
        receipt.seq, receipt.event_id, receipt.duplicate
    );
    let status = if receipt.duplicate { 200 } else { 202 };
    reply::raw(status, "application/json", body.into())
}

/// The answer to many events: each one's own, in their order. 202 if all were taken (200 if all
/// were here before), 207 if only some were; if none was, a problem with the status that all of
/// them have, or else 422.
pub(super) fn many(taken: &[Taken], correlation: &str) -> Answer {
    let events: Vec<Value> = taken
        .iter()
        .enumerate()
        .map(|(place, taken)| match taken {
            Ok(receipt) => json!({
                "seq": receipt.seq,
                "event_id": receipt.event_id,
                "duplicate": receipt.duplicate,
                "correlation_id": format!("{correlation}-{place}"),
            }),
            Err(error) => json!({ "error": problem(error).1.body() }),
        })
        .collect();
    let receipts = || taken.iter().filter_map(|it| it.as_ref().ok());
    if receipts().next().is_none() {
        return none(taken, events);
    }
    let refused = taken.iter().any(Result::is_err);
    let all_old = receipts().all(|receipt| receipt.duplicate);
    let status = if refused { 207 } else { 202 - u16::from(all_old) * 2 };
    // Whoever wraps a single event in a list finds its receipt where that of an event is.
    let body = match taken {
        [Ok(receipt)] => json!({
            "seq": receipt.seq,
            "event_id": receipt.event_id,
            "duplicate": receipt.duplicate,
            "correlation_id": correlation,
            "events": events,
        }),
        _ => json!({ "events": events, "correlation_id": correlation }),
    };
    reply::json_with(status, &body)
}

fn none(taken: &[Taken], events: Vec<Value>) -> Answer {
    let mut statuses =
        taken.iter().filter_map(|it| it.as_ref().err()).map(|it| problem(it).1.status());
    let first = statuses.next().unwrap_or(422);
    let status = if statuses.all(|status| status == first) { first } else { 422 };
    let detail = match taken.len() {
        0 => "The list is empty.".to_owned(),
        count => format!("None of the {count} events was taken; `events` says why."),
    };
    Problem::new(status, "no-event-taken", detail).with("events", events).answer()
}
