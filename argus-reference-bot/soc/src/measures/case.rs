//! One incident, as far as its times matter.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::correlate::Placement;
use crate::event::SecurityEvent;
use crate::ledger::fact::{Actor, Added, Fact, What};

/// The name of an incident's own card.
const CARD: &str = "card";

#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) opened_at: Timestamp,
    received_at: Timestamp,
    /// Of all of its events, if the source of the first one says when it happened.
    first_observed: Option<Timestamp>,
    acknowledged_at: Option<Timestamp>,
    contained_at: Option<Timestamp>,
    pub(super) snoozed: bool,
    pub(super) events: u64,
    pub(super) duplicates: u64,
    cards: BTreeMap<String, Card>,
}

#[derive(Clone, Debug)]
struct Card {
    placed: Timestamp,
    shown: Option<Timestamp>,
}

impl Case {
    pub(super) fn open(at: Timestamp, event: &SecurityEvent) -> Self {
        Self {
            opened_at: at,
            received_at: event.received_at,
            first_observed: event.observed_at,
            acknowledged_at: None,
            contained_at: None,
            snoozed: false,
            events: 1,
            duplicates: 0,
            cards: BTreeMap::new(),
        }
    }

    pub(super) fn take(&mut self, fact: &Fact) {
        match &fact.what {
            What::EventAdded(event) => self.add(event),
            What::EventsAdded { events } => events.iter().for_each(|event| self.add(event)),
            What::Acknowledged if matches!(fact.actor, Actor::Person { .. }) => {
                self.acknowledged_at.get_or_insert(fact.at);
            }
            What::Snoozed { .. } => self.snoozed = true,
            _ => {}
        }
    }

    fn add(&mut self, event: &Added) {
        self.events += 1;
        self.duplicates += u64::from(event.placement == Placement::Duplicate);
        self.first_observed = self.first_observed.map(|first| first.min(event.observed_at));
    }

    pub(super) fn placed(&mut self, card: &str, at: Timestamp) {
        self.cards.entry(card.to_owned()).or_insert(Card { placed: at, shown: None });
    }

    pub(super) fn delivered(&mut self, card: &str, at: Timestamp) {
        if let Some(card) = self.cards.get_mut(card) {
            card.shown.get_or_insert(at);
        }
    }

    pub(super) fn contained(&mut self, at: Timestamp) {
        self.contained_at.get_or_insert(at);
    }

    pub(super) fn to_detect(&self) -> Option<SignedDuration> {
        Some(self.received_at.duration_since(self.first_observed?))
    }

    pub(super) fn to_deliver(&self) -> impl Iterator<Item = SignedDuration> {
        self.cards.values().filter_map(|card| Some(card.shown?.duration_since(card.placed)))
    }

    pub(super) fn to_acknowledge(&self) -> Option<SignedDuration> {
        let shown = self.cards.get(CARD)?.shown?;
        Some(self.acknowledged_at?.duration_since(shown))
    }

    pub(super) fn to_contain(&self) -> Option<SignedDuration> {
        Some(self.contained_at?.duration_since(self.received_at))
    }
}
