//! How sure are we that acting is right, with every term on record.
//!
//! Points are counted in thousandths, so that half a point stays half a point on every machine
//! and a replayed score is the same score.

use serde::{Deserialize, Serialize};

use crate::enrich::{Enrichment, Known};
use crate::event::{SecurityEvent, Severity};

/// The name of the only model there is so far.
pub const SEED_V1: &str = "seed-v1";

const FULL: i64 = 100_000;

/// Whether every source answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Every source answered.
    Full,
    /// Some did not; the score could be higher or lower than it looks.
    Degraded {
        /// Which ones, each with its reason.
        missing: Vec<String>,
    },
}

/// One summand of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// What was looked at: `severity`, `intel`, `asset`, `history`.
    pub name: String,
    /// Thousandths of a point it adds; negative when it takes away.
    pub milli: i64,
    /// Why, in words.
    pub because: String,
}

/// A score with everything that went into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// The model that computed it.
    pub model: String,
    /// The result in thousandths of a point, 0 to 100 000.
    pub milli: i64,
    /// The summands before clamping, in a fixed order.
    pub terms: Vec<Term>,
    /// Whether every source answered.
    pub confidence: Confidence,
}

impl Score {
    /// The score as people read it: `75`, `74.5`, `0.125`.
    ///
    /// ```
    /// # use argus_soc::score::{Confidence, Score};
    /// let score =
    ///     Score { model: "seed-v1".into(), milli: 74_500, terms: vec![], confidence: Confidence::Full };
    /// assert_eq!(score.points(), "74.5");
    /// ```
    pub fn points(&self) -> String {
        points(self.milli)
    }
}

/// Scores an event by the first model: severity, intelligence, criticality, history.
///
/// A source that did not answer contributes nothing *and* degrades the confidence, so that an
/// outage never reads as "benign".
///
/// ```
/// use argus_soc::enrich::{Asset, Enrichment, History, Intel, Known};
/// use argus_soc::event::{Shape, Source, normalise};
/// use argus_soc::score::seed_v1;
///
/// let source = Source { name: "edr", shape: Shape::Generic, tenant: None };
/// let raw = br#"{"severity": "critical", "entity_value": "ws-1", "entity_type": "host"}"#;
/// let event = normalise(raw, &source, "2026-01-01T00:00:00Z".parse()?)?;
/// let enrichment = Enrichment::of(
///     Known::Known(Intel { malicious: true, confidence: 89 }),
///     Known::Known(Asset { criticality: 5, ..Asset::default() }),
///     Known::Known(History::default()),
/// );
/// assert_eq!(seed_v1(&event, &enrichment).points(), "74.5");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn seed_v1(event: &SecurityEvent, enrichment: &Enrichment) -> Score {
    let mut terms = Vec::with_capacity(4);
    let mut add = |name: &str, milli: i64, because: String| {
        terms.push(Term { name: name.to_owned(), milli, because });
    };
    match event.severity {
        Severity::Critical => add("severity", 30_000, "the severity is critical".into()),
        Severity::High => add("severity", 20_000, "the severity is high".into()),
        other => add("severity", 0, format!("the severity is {other}")),
    }
    match &enrichment.intel {
        Known::Known(intel) if intel.malicious => {
            let confidence = intel.confidence.min(100);
            let because = format!("malicious with {confidence} % confidence");
            add("intel", i64::from(confidence) * 500, because);
        }
        Known::Known(_) => add("intel", 0, "not known to be malicious".into()),
        Known::Unknown => add("intel", 0, "threat intelligence does not know it".into()),
        Known::Unavailable { .. } => add("intel", 0, "threat intelligence did not answer".into()),
    }
    match &enrichment.asset {
        Known::Known(asset) if asset.criticality > 8 => {
            add("asset", -15_000, format!("criticality {} is above 8", asset.criticality));
        }
        Known::Known(asset) => add("asset", 0, format!("criticality {}", asset.criticality)),
        Known::Unknown => add("asset", 0, "the inventory does not know it".into()),
        Known::Unavailable { .. } => add("asset", 0, "the inventory did not answer".into()),
    }
    match &enrichment.history {
        Known::Known(history) if history.previous_incidents > 3 => {
            add("history", 10_000, format!("{} earlier incidents", history.previous_incidents));
        }
        Known::Known(history) => {
            add("history", 0, format!("{} earlier incidents", history.previous_incidents));
        }
        Known::Unknown => add("history", 0, "no earlier incidents are known".into()),
        Known::Unavailable { .. } => add("history", 0, "the history did not answer".into()),
    }
    let milli = terms.iter().map(|term| term.milli).sum::<i64>().clamp(0, FULL);
    let missing = enrichment.missing();
    let confidence =
        if missing.is_empty() { Confidence::Full } else { Confidence::Degraded { missing } };
    Score { model: SEED_V1.to_owned(), milli, terms, confidence }
}

/// Writes thousandths of a point as a decimal number without needless zeros.
pub(crate) fn points(milli: i64) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    let (whole, rest) = (milli.unsigned_abs() / 1000, milli.unsigned_abs() % 1000);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let fraction = format!("{rest:03}");
    format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
}
