//! What is counted, in Prometheus' text format.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use argus_soc::effect::Outcome;
use argus_soc::measures::Report;

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

/// The part of the page for the figures of the last seven days. The only labels are names of ours.
pub fn measures(report: &Report) -> String {
    let mut page = String::with_capacity(2_048);
    let times = report.times();
    let counts = times.iter().map(|(name, it)| (*name, it.n));
    let counts = counts.chain(report.rates().map(|(name, it)| (name, it.of)));
    let count = counts.map(|(name, n)| (format!("measure=\"{name}\""), n.to_string()));
    let help = "How many there were in the last 7 days; of the rates, of how many.";
    table(&mut page, "argus_measure_count", help, count);
    let seconds = |ms: u64| format!("{}.{:03}", ms / 1_000, ms % 1_000);
    let lies = times.iter().flat_map(|(name, it)| {
        [("p50", it.p50_ms), ("p95", it.p95_ms), ("mean", it.mean_ms)]
            .into_iter()
            .filter_map(|(figure, ms)| Some((figure, seconds(ms?))))
            .map(|(figure, value)| (format!("measure=\"{name}\",figure=\"{figure}\""), value))
            .collect::<Vec<_>>()
    });
    table(&mut page, "argus_measure_seconds", "Times of the last 7 days.", lies);
    let shares = report.rates().into_iter().filter_map(|(name, it)| {
        Some((format!("measure=\"{name}\""), format!("{:.4}", it.share()?)))
    });
    table(&mut page, "argus_measure_ratio", "Rates of the last 7 days, from 0 to 1.", shares);
    let help = "How long there was a storm in the last 7 days.";
    gauge(&mut page, "argus_measure_storm_seconds", help, report.storm_ms / 1_000);
    page
}

/// Gauges of one name, each with its labels.
fn table(
    page: &mut String,
    name: &str,
    help: &str,
    rows: impl IntoIterator<Item = (String, String)>,
) {
    // Writing to a String does not fail.
    let mut written = writeln!(page, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (labels, value) in rows {
        written = written.and(writeln!(page, "{name}{{{labels}}} {value}"));
    }
    debug_assert!(written.is_ok());
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

#[cfg(test)]
mod tests {
    use argus_soc::measures::Measures;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_there_is_none_of_has_a_count_and_no_time() {
        let mut report = Measures::new(Timestamp::UNIX_EPOCH).report(Timestamp::UNIX_EPOCH);
        let empty = measures(&report);
        report.detect.n = 2;
        report.detect.p50_ms = Some(61_005);
        report.automatic.of = 3;
        report.automatic.part = 1;
        let page = measures(&report);
        for line in [
            "argus_measure_count{measure=\"detect\"} 2",
            "argus_measure_count{measure=\"contain\"} 0",
            "argus_measure_seconds{measure=\"detect\",figure=\"p50\"} 61.005",
            "argus_measure_ratio{measure=\"automatic\"} 0.3333",
            "argus_measure_storm_seconds 0",
        ] {
            assert!(page.lines().any(|it| it == line), "{line} is not in\n{page}");
        }
        assert!(!empty.contains("figure=") && !empty.contains("ratio{"), "{empty}");
    }
}
