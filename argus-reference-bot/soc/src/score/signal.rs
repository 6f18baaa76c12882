//! What a model may look at, and what it finds there.

use crate::enrich::{Enrichment, Known};
use crate::event::{SecurityEvent, Severity};

/// Something that a rule of a model looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The event's severity.
    Severity,
    /// What threat intelligence says; its number is the confidence that it is malicious.
    Intel,
    /// What the inventory says; its number is the criticality.
    Asset,
    /// Where the asset lives.
    Environment,
    /// Whether production stops when the asset stops.
    ProductionCritical,
    /// Earlier incidents; its number is how many.
    History,
    /// ATT&CK techniques that the event names; its number is how many.
    Techniques,
    /// The product family.
    Family,
    /// The event's own source.
    Source,
    /// The event type.
    EventType,
}

/// The words of a source's answer when there is none.
const SILENT: [&str; 2] = ["unknown", "unavailable"];

impl Signal {
    /// Every signal, by the name that models write.
    pub const ALL: [(&'static str, Self); 10] = [
        ("severity", Self::Severity),
        ("intel", Self::Intel),
        ("asset", Self::Asset),
        ("environment", Self::Environment),
        ("production_critical", Self::ProductionCritical),
        ("history", Self::History),
        ("techniques", Self::Techniques),
        ("family", Self::Family),
        ("source", Self::Source),
        ("event_type", Self::EventType),
    ];

    /// The signal of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, signal)| signal)
    }

    /// The words that it can be; `None` where any word can come.
    pub const fn words(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Severity => {
                Some(&["unknown", "informational", "low", "medium", "high", "critical"])
            }
            Self::Intel => Some(&["malicious", "benign", "unknown", "unavailable"]),
            Self::Asset | Self::History => Some(&["known", "unknown", "unavailable"]),
            Self::ProductionCritical => Some(&["yes", "no", "unknown", "unavailable"]),
            Self::Techniques => Some(&["named", "none"]),
            Self::Environment | Self::Family | Self::Source | Self::EventType => None,
        }
    }

    /// The range of its number, for those that have one.
    pub const fn numbers(self) -> Option<(i64, i64)> {
        match self {
            Self::Intel => Some((0, 100)),
            Self::Asset => Some((0, 10)),
            Self::History | Self::Techniques => Some((0, u32::MAX as i64)),
            _ => None,
        }
    }

    /// Whether it is something that a source outside the event answers.
    pub const fn is_answer(self) -> bool {
        matches!(
            self,
            Self::Intel
                | Self::Asset
                | Self::Environment
                | Self::ProductionCritical
                | Self::History
        )
    }

    /// What it is for this event.
    pub(super) fn reading<'a>(
        self,
        event: &'a SecurityEvent,
        enrichment: &'a Enrichment,
    ) -> Reading<'a> {
        match self {
            Self::Severity => Reading::word(event.severity.as_str()),
            Self::Intel => match &enrichment.intel {
                Known::Known(intel) if intel.malicious => {
                    Reading::number("malicious", i64::from(intel.confidence.min(100)))
                }
                Known::Known(_) => Reading::word("benign"),
                other => silent(other),
            },
            Self::Asset => match &enrichment.asset {
                Known::Known(asset) => Reading::number("known", i64::from(asset.criticality)),
                other => silent(other),
            },
            Self::Environment => match &enrichment.asset {
                Known::Known(asset) => {
                    Reading::word(asset.environment.as_deref().unwrap_or("unknown"))
                }
                other => silent(other),
            },
            Self::ProductionCritical => match &enrichment.asset {
                Known::Known(asset) if asset.production_critical => Reading::word("yes"),
                Known::Known(_) => Reading::word("no"),
                other => silent(other),
            },
            Self::History => match &enrichment.history {
                Known::Known(history) => {
                    Reading::number("known", i64::from(history.previous_incidents))
                }
                other => silent(other),
            },
            Self::Techniques => {
                let count = i64::try_from(event.techniques.len()).unwrap_or(i64::MAX);
                Reading::number(if count > 0 { "named" } else { "none" }, count)
            }
            Self::Family => Reading::word(&event.family),
            Self::Source => Reading::word(&event.source),
            Self::EventType => Reading::word(&event.event_type),
        }
    }

    /// The reading in words, for a rule that does not say its own.
    pub(super) fn because(self, reading: &Reading<'_>) -> String {
        let Reading { word, number } = reading;
        match (self, number) {
            (Self::Severity, _) => format!("the severity is {word}"),
            (Self::Intel, Some(number)) => format!("malicious with {number} % confidence"),
            (Self::Intel, None) if *word == "benign" => "not known to be malicious".into(),
            (Self::Intel, None) => answer("threat intelligence", word),
            (Self::Asset, Some(number)) => format!("criticality {number}"),
            (Self::Asset, None) => answer("the inventory", word),
            (Self::History, Some(number)) => format!("{number} earlier incidents"),
            (Self::History, None) if *word == "unknown" => "no earlier incidents are known".into(),
            (Self::History, None) => "the history did not answer".into(),
            (Self::Techniques, number) => match number.unwrap_or(0) {
                0 => "it names no technique".into(),
                1 => "it names a technique".into(),
                many => format!("it names {many} techniques"),
            },
            (Self::Environment | Self::ProductionCritical, _) if SILENT.contains(word) => {
                answer("the inventory", word)
            }
            (Self::Environment, _) => format!("it is of {word}"),
            (Self::ProductionCritical, _) if *word == "yes" => "production depends on it".into(),
            (Self::ProductionCritical, _) => "production does not depend on it".into(),
            (Self::Family, _) => format!("the product family is {word}"),
            (Self::Source, _) => format!("the source is {word}"),
            (Self::EventType, _) => format!("the event type is {word}"),
        }
    }
}

/// What a signal is: a word, and a number where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading<'a> {
    pub(super) word: &'a str,
    pub(super) number: Option<i64>,
}

impl<'a> Reading<'a> {
    pub(super) const fn word(word: &'a str) -> Self {
        Self { word, number: None }
    }

    pub(super) const fn number(word: &'a str, number: i64) -> Self {
        Self { word, number: Some(number) }
    }
}

fn silent<T>(answer: &Known<T>) -> Reading<'static> {
    Reading::word(if answer.is_unavailable() { "unavailable" } else { "unknown" })
}

fn answer(who: &str, word: &str) -> String {
    match word {
        "unavailable" => format!("{who} did not answer"),
        _ => format!("{who} does not know it"),
    }
}

/// All severities, from harmless to worst.
pub(super) const SEVERITIES: [Severity; 6] = [
    Severity::Unknown,
    Severity::Informational,
    Severity::Low,
    Severity::Medium,
    Severity::High,
    Severity::Critical,
];
