//! How sure are we that acting is right, with every term on record.
//!
//! Points are counted in thousandths, so that half a point stays half a point on every machine
//! and a replayed score is the same score.

//!
//! A model is data: a file that says what is looked at and what it counts ([`Model`]). Two are built
//! in, `seed-v1` and `argus-v1`.

mod change;
mod model;
mod read;
mod signal;

use serde::{Deserialize, Serialize};

pub use self::change::{Change, same, what_if};
pub use self::model::{Case, Model, Rule};
pub use self::read::{built_in, read};
pub use self::signal::Signal;
use crate::enrich::Enrichment;
use crate::event::SecurityEvent;

/// The name of the first model, which is used unless the settings say otherwise.
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

impl Confidence {
    /// How sure a score can be that rests on these answers.
    pub fn of(enrichment: &Enrichment) -> Self {
        let missing = enrichment.missing();
        if missing.is_empty() { Self::Full } else { Self::Degraded { missing } }
    }
}

/// One summand of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// What it is called in its model: `severity`, `intel`, `asset`, `history`.
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
    /// SHA-256 of the model's text in hex: the score names the very numbers it comes from. Records
    /// from before models were files do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
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
    /// let score = Score {
    ///     model: "seed-v1".into(),
    ///     model_sha256: None,
    ///     milli: 74_500,
    ///     terms: vec![],
    ///     confidence: Confidence::Full,
    /// };
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
    Model::default().score(event, enrichment)
}

/// Writes thousandths of a point as a decimal number without needless zeros.
pub fn points(milli: i64) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    let (whole, rest) = (milli.unsigned_abs() / 1000, milli.unsigned_abs() % 1000);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let fraction = format!("{rest:03}");
    format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
}
