//! A model: what is looked at, and what it counts.

use serde::Serialize;

use super::read::SEED_V1_TEXT;
use super::signal::{Reading, SEVERITIES};
use super::{Confidence, FULL, SEED_V1, Score, Signal, Term};
use crate::enrich::Enrichment;
use crate::event::{SecurityEvent, Severity};
use crate::ledger::Hash;

/// A score model that passed every check; [`read`](super::read) makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Its version, `MAJOR.MINOR.PATCH`.
    pub version: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// SHA-256 of its text in hex.
    pub sha256: String,
    /// What it looks at, in the order of a score's terms.
    pub rules: Vec<Rule>,
}

/// What one signal counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What the term is called.
    pub name: String,
    /// What it looks at.
    pub signal: Signal,
    /// The first case that fits counts; if none does, nothing.
    pub cases: Vec<Case>,
}

/// When a case fits, and what it counts then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Case {
    /// One of these words; any, if there is none.
    pub words: Vec<String>,
    /// The number is above this.
    pub above: Option<i64>,
    /// The number is at least this.
    pub at_least: Option<i64>,
    /// The number is below this.
    pub below: Option<i64>,
    /// The number is at most this.
    pub at_most: Option<i64>,
    /// Thousandths of a point that it counts.
    pub milli: i64,
    /// Thousandths of a point for each one of the number, on top.
    pub milli_per: i64,
    /// Why, if the signal's own words do not say it; `{number}` and `{word}` stand for what was found.
    pub because: Option<String>,
}

impl Default for Model {
    /// `seed-v1`, as its file has it. In code, so that there is a model whatever becomes of files; a
    /// test holds the two together.
    fn default() -> Self {
        let rule = |name: &str, signal, cases| Rule { name: name.to_owned(), signal, cases };
        let worth = |word: &str, milli| {
            let words = vec![word.to_owned()];
            Case { words, milli, ..Case::default() }
        };
        let malicious = Case { milli_per: 500, ..worth("malicious", 0) };
        let because = Some("criticality {number} is above 8".to_owned());
        let critical = Case { above: Some(8), milli: -15_000, because, ..Case::default() };
        let often = Case { above: Some(3), milli: 10_000, ..Case::default() };
        let severity = vec![worth("critical", 30_000), worth("high", 20_000)];
        Self {
            name: SEED_V1.into(),
            version: "1.0.0".into(),
            about: "The first model: severity, intelligence, criticality, history.".into(),
            sha256: Hash::of(SEED_V1_TEXT.as_bytes()).to_string(),
            rules: vec![
                rule("severity", Signal::Severity, severity),
                rule("intel", Signal::Intel, vec![malicious]),
                rule("asset", Signal::Asset, vec![critical]),
                rule("history", Signal::History, vec![often]),
            ],
        }
    }
}

impl Case {
    fn fits(&self, reading: &Reading<'_>) -> bool {
        let word = self.words.is_empty()
            || self.words.iter().any(|word| word.eq_ignore_ascii_case(reading.word));
        let bounded = self.above.or(self.at_least).or(self.below).or(self.at_most).is_some();
        let number = match reading.number {
            None => !bounded,
            Some(number) => {
                self.above.is_none_or(|bound| number > bound)
                    && self.at_least.is_none_or(|bound| number >= bound)
                    && self.below.is_none_or(|bound| number < bound)
                    && self.at_most.is_none_or(|bound| number <= bound)
            }
        };
        word && number
    }

    fn milli(&self, reading: &Reading<'_>) -> i64 {
        let units = reading.number.unwrap_or(0);
        self.milli.saturating_add(self.milli_per.saturating_mul(units))
    }
}

impl Rule {
    fn term(&self, event: &SecurityEvent, enrichment: &Enrichment) -> Term {
        let reading = self.signal.reading(event, enrichment);
        let case = self.cases.iter().find(|case| case.fits(&reading));
        let because = match case.and_then(|case| case.because.as_deref()) {
            Some(because) => because
                .replace("{word}", reading.word)
                .replace("{number}", &reading.number.unwrap_or(0).to_string()),
            None => self.signal.because(&reading),
        };
        let milli = case.map_or(0, |case| case.milli(&reading));
        Term { name: self.name.clone(), milli, because }
    }

    /// The least and the most that the term can be for an event of this severity, whatever the
    /// sources say.
    fn range(&self, severity: Severity) -> (i64, i64) {
        let found = self.readings(severity).into_iter().map(|reading| {
            let case = self.cases.iter().find(|case| case.fits(&reading));
            case.map_or(0, |case| case.milli(&reading))
        });
        found.fold((i64::MAX, i64::MIN), |(least, most), it| (least.min(it), most.max(it)))
    }

    /// Readings that stand for all that there can be: each word, with each number at which a case
    /// begins or ends.
    fn readings(&self, severity: Severity) -> Vec<Reading<'_>> {
        if self.signal == Signal::Severity {
            return vec![Reading::word(severity.as_str())];
        }
        // A word that no case names, for signals that can be any.
        let mut words: Vec<&str> = self.signal.words().map_or_else(|| vec![""], <[_]>::to_vec);
        words.extend(self.cases.iter().flat_map(|case| case.words.iter().map(String::as_str)));
        let Some((least, most)) = self.signal.numbers() else {
            return words.into_iter().map(Reading::word).collect();
        };
        let bounds = self.cases.iter().flat_map(|case| {
            [case.above, case.at_least, case.below, case.at_most].into_iter().flatten()
        });
        let mut numbers: Vec<i64> = bounds.flat_map(|at| [at - 1, at, at + 1]).collect();
        numbers.extend([least, most]);
        numbers.retain(|number| (least..=most).contains(number));
        let mut readings = Vec::new();
        for word in words {
            match word {
                "malicious" | "known" => {
                    readings.extend(numbers.iter().map(|&number| Reading::number(word, number)));
                }
                "named" => readings.extend(
                    numbers.iter().filter(|&&it| it > 0).map(|&it| Reading::number(word, it)),
                ),
                "none" => readings.push(Reading::number(word, 0)),
                _ => readings.push(Reading::word(word)),
            }
        }
        readings
    }
}

impl Model {
    /// Scores an event.
    ///
    /// A source that did not answer degrades the confidence whatever the model counts for it, so
    /// that an outage never reads as "benign".
    ///
    /// ```
    /// use argus_soc::enrich::{Enrichment, History, Intel, Known};
    /// use argus_soc::event::{Shape, Source, normalise};
    /// use argus_soc::score::built_in;
    ///
    /// let source = Source { name: "edr", shape: Shape::Generic, tenant: None };
    /// let raw = br#"{"severity": "low", "entity_value": "ws-1", "entity_type": "host"}"#;
    /// let event = normalise(raw, &source, "2026-01-01T00:00:00Z".parse()?)?;
    /// let enrichment = Enrichment::of(
    ///     Known::Known(Intel { malicious: true, confidence: 89 }),
    ///     Known::Unknown,
    ///     Known::Known(History { previous_incidents: 1, ..History::default() }),
    /// );
    /// let models = built_in()?;
    /// let model = models.iter().find(|model| model.name == "argus-v1").expect("built in");
    /// assert_eq!(model.score(&event, &enrichment).points(), "59.5");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn score(&self, event: &SecurityEvent, enrichment: &Enrichment) -> Score {
        let terms: Vec<Term> = self.rules.iter().map(|rule| rule.term(event, enrichment)).collect();
        let sum = terms.iter().fold(0_i64, |sum, term| sum.saturating_add(term.milli));
        Score {
            model: self.name.clone(),
            model_sha256: Some(self.sha256.clone()),
            milli: sum.clamp(0, FULL),
            terms,
            confidence: Confidence::of(enrichment),
        }
    }

    /// The least and the most that an event of this severity can have, in thousandths of a point,
    /// whatever the sources say.
    pub fn range(&self, severity: Severity) -> (i64, i64) {
        let (least, most) = self
            .rules
            .iter()
            .map(|rule| rule.range(severity))
            .fold((0_i64, 0_i64), |(least, most), (low, high)| {
                (least.saturating_add(low), most.saturating_add(high))
            });
        (least.clamp(0, FULL), most.clamp(0, FULL))
    }

    /// The severities from which a threshold can be reached at all.
    pub fn reaches(&self, threshold_milli: i64) -> Vec<Severity> {
        SEVERITIES.into_iter().filter(|it| self.range(*it).1 >= threshold_milli).collect()
    }
}
