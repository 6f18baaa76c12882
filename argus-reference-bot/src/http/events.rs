//! `GET /events/{id}` and `GET /incidents/{key}`.

use argus_soc::incident::Incident;
use serde_json::{Value, json};
use uuid::Uuid;

use super::reply::{self, Problem};
use super::{Answer, Inner};
use crate::ports::ledger::StoredCard;

impl Inner {
    pub(super) async fn event(&self, id: &str) -> Answer {
        let Ok(id) = id.parse::<Uuid>() else {
            return Problem::new(404, "not-found", "There is no such event.").answer();
        };
        match self.soc.ledger.event(id).await {
            Ok(Some(event)) => {
                let state = match (&event.incident, event.ignored) {
                    (Some(_), _) => "placed",
                    (None, true) => "ignored",
                    (None, false) => "waiting",
                };
                let raw = serde_json::from_slice::<Value>(&event.raw).unwrap_or(Value::Null);
                reply::json_with(
                    200,
                    &json!({
                        "event_id": id,
                        "seq": event.seq,
                        "source": event.source,
                        "received_at": event.received_at,
                        "correlation_id": event.correlation,
                        "state": state,
                        "incident": event.incident,
                        "archived": event.raw.is_empty(),
                        "event": raw,
                    }),
                )
            }
            Ok(None) => Problem::new(404, "not-found", "There is no such event.").answer(),
            Err(error) => reply::unavailable(&error),
        }
    }

    pub(super) async fn incident(&self, key: &str) -> Answer {
        let key = key.to_uppercase();
        let cards = match self.soc.ledger.cards_of(&key).await {
            Ok(cards) => cards,
            Err(error) => return reply::unavailable(&error),
        };
        match self.soc.ledger.incident(&key).await {
            Ok(Some(incident)) => reply::json_with(200, &shown(&incident, &cards)),
            Ok(None) => Problem::new(404, "not-found", "There is no such incident.").answer(),
            Err(error) => reply::unavailable(&error),
        }
    }
}

fn shown(incident: &Incident, cards: &[StoredCard]) -> Value {
    json!({
        "key": incident.key,
        "version": incident.version,
        "state": crate::view::stage(incident.stage),
        "severity": incident.severity,
        "title": incident.event.title,
        "opened_at": incident.opened_at,
        "updated_at": incident.updated_at,
        "count": incident.count,
        "merged_into": incident.union.merged_into,
        "snoozed_until": incident.snoozed.as_ref().map(|it| it.until),
        "correlation_id": incident.correlation,
        "event": incident.event,
        "enrichment": incident.enrichment,
        "score": incident.score,
        "decision": incident.decision,
        "acknowledged_by": incident.acknowledged_by,
        "ticket": incident.ticket,
        "runs": incident.runs,
        "timeline": incident.timeline,
        "cards": cards.iter().map(card).collect::<Vec<_>>(),
    })
}

/// Where a card of it stands, or why it does not.
fn card(card: &StoredCard) -> Value {
    json!({
        "card": card.card,
        "state": card.state(),
        "conversation": card.conversation,
        "activity_id": card.activity_id,
        "version_shown": card.shown,
        "version_wanted": card.want,
        "digest": card.digest,
        "given_up": card.dead,
    })
}
