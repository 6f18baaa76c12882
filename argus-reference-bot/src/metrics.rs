//! What is counted, in Prometheus' text format.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use argus_soc::effect::Outcome;

use crate::ports::ledger::Counts;

/// Counters since the start. None has a label that an outsider chooses.
#[derive(Debug, Default)]
pub struct Metrics {
    ingested: AtomicU64,
    duplicates: AtomicU64,
    refused: AtomicU64,
    placed: AtomicU64,
    set_aside: AtomicU64,
    cards_sent: AtomicU64,
    cards_failed: AtomicU64,
    effects: AtomicU64,
    effects_failed: AtomicU64,
    effects_unsettled: AtomicU64,
}

impl Metrics {
    /// An event was accepted.
    pub fn ingested(&self, duplicate: bool) {
        let counter = if duplicate { &self.duplicates } else { &self.ingested };
        counter.fetch_add(1, Relaxed);
    }

    /// An event was not accepted.
    pub fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// Events were placed.
    pub fn placed(&self, count: usize) {
        self.placed.fetch_add(count as u64, Relaxed);
    }

    /// An event cannot be placed.
    pub fn set_aside(&self) {
        self.set_aside.fetch_add(1, Relaxed);
    }

    /// A card was sent, or was not.
    pub fn card(&self, sent: bool) {
        let counter = if sent { &self.cards_sent } else { &self.cards_failed };
        counter.fetch_add(1, Relaxed);
    }

    /// An effect was sent.
    pub fn effect(&self, action: &str, outcome: &Outcome) {
        self.effects.fetch_add(1, Relaxed);
        match outcome {
            Outcome::Failed { .. } => self.effects_failed.fetch_add(1, Relaxed),
            Outcome::Unsettled { .. } => self.effects_unsettled.fetch_add(1, Relaxed),
            _ => 0,
        };
        tracing::info!(action, outcome = ?outcome, "an effect was sent");
    }

    /// The page for Prometheus.
    pub fn page(&self, counts: Counts) -> String {
        let mut page = String::with_capacity(2_048);
        let counters = [
            ("argus_events_accepted_total", "Events accepted.", &self.ingested),
            ("argus_events_duplicate_total", "Events that were here before.", &self.duplicates),
            ("argus_events_refused_total", "Events refused at the door.", &self.refused),
            ("argus_events_placed_total", "Events placed in incidents.", &self.placed),
            ("argus_events_set_aside_total", "Events that cannot be placed.", &self.set_aside),
            ("argus_cards_sent_total", "Cards created or updated in Teams.", &self.cards_sent),
            ("argus_cards_failed_total", "Sends of cards that failed.", &self.cards_failed),
            ("argus_effects_total", "Effects sent to connectors.", &self.effects),
            ("argus_effects_failed_total", "Effects refused for good.", &self.effects_failed),
            (
                "argus_effects_unsettled_total",
                "Effects whose answer was lost.",
                &self.effects_unsettled,
            ),
        ];
        for (name, help, counter) in counters {
            line(&mut page, name, help, "counter", counter.load(Relaxed));
        }
        let gauges = [
            ("argus_records", "Records in the chain.", counts.records),
            ("argus_events_waiting", "Events that wait to be placed.", counts.waiting),
            ("argus_incidents", "Incidents.", counts.incidents),
            ("argus_incidents_open", "Incidents that are not resolved.", counts.open),
            ("argus_cards_due", "Cards that do not show the newest state.", counts.cards_due),
            ("argus_cards_abandoned", "Cards that were given up.", counts.dead),
            ("argus_cards_in_digest", "Cards that a digest covers.", counts.digested),
        ];
        for (name, help, value) in gauges {
            line(&mut page, name, help, "gauge", value);
        }
        page
    }
}

/// A line of the page for a figure as it is now.
pub fn gauge(page: &mut String, name: &str, help: &str, value: u64) {
    line(page, name, help, "gauge", value);
}

fn line(page: &mut String, name: &str, help: &str, kind: &str, value: u64) {
    // Writing to a String does not fail.
    let written = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    debug_assert!(written.is_ok());
}
