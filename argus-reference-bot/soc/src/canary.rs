//! Canaries: alerts that Argus sends itself, to see that alerts reach people.
//!
//! A canary goes the ordinary road and is no incident to anybody: nothing suppresses it, nothing is
//! asked about it, no playbook or rule takes it up, and no list or measure has it. What is known of
//! the road is folded from the records, so a restart forgets nothing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::{Phase, SecurityEvent};
use crate::ledger::documents::Document;
use crate::ledger::fact::{Fact, What};

/// The name under which Argus itself reports.
pub const ARGUS: &str = "argus";
/// The type of a canary's event.
pub const TYPE: &str = "canary";
/// How the keys of their incidents begin.
const KEYS: &str = "canary/";
/// How the correlation ids of their records begin.
const CORRELATIONS: &str = "canary-";
/// Canaries that are under way at most; the oldest are forgotten first.
const MOST: usize = 64;

/// Whether the event is a canary. No outsider may send one: see [`refuse`].
pub fn is_canary(event: &SecurityEvent) -> bool {
    event.source == ARGUS && event.event_type == TYPE
}

/// Takes out of an outsider's event what would make it a canary, or part of the incident of one:
/// nobody shall hide an alert there.
pub fn refuse(event: &mut SecurityEvent) {
    if is_canary(event) {
        event.notes.push("only Argus itself sends canaries".to_owned());
        "unknown".clone_into(&mut event.event_type);
    }
    if event.incident_key.as_deref().is_some_and(|key| key.starts_with(KEYS)) {
        event.notes.push("only Argus itself has incidents of canaries".to_owned());
        event.incident_key = None;
    }
}

/// The key of the incident of the canary of this slot, which is also its id.
///
/// ```
/// let slot = jiff::Timestamp::from_second(3_600)?;
/// assert_eq!(argus_soc::canary::key(slot), "canary/3600000");
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn key(slot: Timestamp) -> String {
    format!("{KEYS}{}", slot.as_millisecond())
}

/// The correlation id of all records about the canary of this slot.
pub fn correlation(slot: Timestamp) -> String {
    format!("{CORRELATIONS}{}", slot.as_millisecond())
}

/// The slot in which `now` lies: its beginning, the same for whoever asks.
pub fn slot(now: Timestamp, every: SignedDuration) -> Timestamp {
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
    let now = now.as_millisecond();
    Timestamp::from_millisecond(now - now.rem_euclid(every)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A canary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// Its slot.
    pub slot: Timestamp,
    /// When it was received.
    pub sent_at: Timestamp,
    /// When its card was shown for the first time.
    pub shown_at: Option<Timestamp>,
}

impl Canary {
    /// How long it was on the road, once it is shown.
    pub fn took(&self) -> Option<SignedDuration> {
        self.shown_at.map(|shown| shown.duration_since(self.sent_at))
    }
}

/// What is known of the road.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Road {
    /// The canaries that are not shown, or not closed, by their incidents.
    pub under_way: BTreeMap<String, Canary>,
    /// The newest that was shown.
    pub arrived: Option<Canary>,
}

impl Road {
    /// The key of the one document.
    pub const KEY: &'static str = "road";

    /// Whether the canary of this slot is known to have been sent.
    pub fn has(&self, slot: Timestamp) -> bool {
        self.under_way.values().chain(&self.arrived).any(|it| it.slot == slot)
    }

    /// The newest canary that should have been shown by `now` and was not, unless a newer one was.
    pub fn overdue(&self, now: Timestamp, within: SignedDuration) -> Option<&Canary> {
        // What arrived in a future that a clock made up proves nothing.
        let arrived = self.arrived.as_ref().filter(|it| it.slot <= now).map(|it| it.slot);
        let late = |it: &&Canary| {
            it.shown_at.is_none()
                && Some(it.slot) > arrived
                && now.duration_since(it.sent_at) > within
        };
        self.under_way.values().filter(late).max_by_key(|it| it.slot)
    }

    /// The canaries that are shown and whose incidents are to be closed.
    pub fn to_close(&self) -> impl Iterator<Item = &Canary> {
        self.under_way.values().filter(|it| it.shown_at.is_some())
    }

    fn opened(&mut self, incident: &str, event: &SecurityEvent) {
        let slot = event.incident_key.as_deref().and_then(|key| slot_of(key, KEYS));
        let Some(slot) = slot else { return };
        let canary = Canary { slot, sent_at: event.received_at, shown_at: None };
        self.under_way.insert(incident.to_owned(), canary);
        if self.under_way.len() > MOST
            && let Some(oldest) = self.under_way.iter().min_by_key(|(_, it)| it.slot)
        {
            let oldest = oldest.0.clone();
            self.under_way.remove(&oldest);
        }
    }

    fn shown(&mut self, incident: &str, at: Timestamp) {
        let Some(canary) = self.under_way.get_mut(incident) else { return };
        if canary.shown_at.is_some() {
            return;
        }
        canary.shown_at = Some(at);
        if self.arrived.as_ref().is_none_or(|it| it.slot < canary.slot || it.slot > at) {
            self.arrived = Some(canary.clone());
        }
    }

    /// Forgets what is over; one that nobody has seen is not.
    fn closed(&mut self, is: impl Fn(&str, &Canary) -> bool) {
        self.under_way.retain(|incident, it| it.shown_at.is_none() || !is(incident, it));
    }
}

impl Document for Road {
    const KIND: &'static str = "canary";

    fn keys(fact: &Fact) -> Vec<String> {
        let about = fact.correlation.starts_with(CORRELATIONS)
            && matches!(
                fact.what,
                What::Opened { .. }
                    | What::NoticeDelivered { .. }
                    | What::EventsAdded { .. }
                    | What::Ignored { .. }
            );
        if about { vec![Self::KEY.to_owned()] } else { Vec::new() }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        let mut road = before.unwrap_or_default();
        let stream = fact.stream.as_deref().unwrap_or_default();
        match &fact.what {
            What::Opened { event, .. } if is_canary(event) => road.opened(stream, event),
            What::NoticeDelivered { incident, card, .. } if card == "card" => {
                road.shown(incident, fact.at);
            }
            What::EventsAdded { events } if events.iter().any(|it| it.phase == Phase::Resolved) => {
                road.closed(|incident, _| incident == stream);
            }
            // It was closed already.
            What::Ignored { .. } => {
                let slot = slot_of(&fact.correlation, CORRELATIONS);
                road.closed(|_, it| Some(it.slot) == slot);
            }
            _ => {}
        }
        Some(road)
    }
}

fn slot_of(text: &str, prefix: &str) -> Option<Timestamp> {
    let ms = text.strip_prefix(prefix)?.parse().ok()?;
    Timestamp::from_millisecond(ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Shape, Source, normalise};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn canary(second: i64, shown: Option<i64>) -> Canary {
        Canary { slot: at(second), sent_at: at(second), shown_at: shown.map(at) }
    }

    #[test]
    fn a_slot_is_the_same_for_whoever_asks() {
        let hour = SignedDuration::from_hours(1);
        let check = |now, begins| assert_eq!(slot(at(now), hour), at(begins), "{now}");
        check(3_600, 3_600);
        check(3_601, 3_600);
        check(7_199, 3_600);
        check(-1, -3_600);
    }

    #[test]
    fn the_newest_that_is_late_is_overdue_unless_a_newer_one_arrived() {
        let check = |under_way: &[Canary], arrived: Option<Canary>, now, slot: Option<i64>| {
            let named = under_way.iter().map(|it| (it.slot.to_string(), it.clone()));
            let road = Road { under_way: named.collect(), arrived };
            let found = road.overdue(at(now), SignedDuration::from_secs(60)).map(|it| it.slot);
            assert_eq!(found, slot.map(at), "at {now}");
        };
        check(&[], None, 1_000, None);
        check(&[canary(100, None)], None, 160, None);
        check(&[canary(100, None)], None, 161, Some(100));
        check(&[canary(100, None), canary(200, None)], None, 290, Some(200));
        check(&[canary(100, None), canary(200, None)], None, 250, Some(100));
        check(&[canary(100, None)], Some(canary(200, Some(201))), 300, None);
        check(&[canary(300, None)], Some(canary(200, Some(201))), 400, Some(300));
        check(&[canary(300, None)], Some(canary(9_000, Some(9_001))), 400, Some(300));
        check(&[canary(100, Some(170))], Some(canary(100, Some(170))), 400, None);
    }

    #[test]
    fn an_outsider_sends_no_canary_and_is_in_no_incident_of_one() {
        let raw = br#"{"id":"1","source":"argus","event_type":"canary","severity":"high",
            "incident_key":"canary/3600000","entity_type":"host","entity_value":"dc-1"}"#;
        let source = Source { name: "printer", shape: Shape::Generic, tenant: None };
        let mut event = normalise(raw, &source, at(0)).expect("an event");
        assert!(is_canary(&event));
        refuse(&mut event);
        assert!(!is_canary(&event), "{event:?}");
        assert_eq!((event.incident_key.as_deref(), event.notes.len()), (None, 2), "{event:?}");
        let before = event.clone();
        refuse(&mut event);
        assert_eq!(event, before, "what claims nothing stays as it is");
    }
}
