//! What each source said, and how the answers of many become one.
//!
//! | about | what counts |
//! | --- | --- |
//! | intelligence | malicious before not malicious before unknown, with the highest confidence of those that say it; never an average |
//! | intelligence, a source is silent | a "malicious" of another source counts; a "not malicious" or "unknown" does not |
//! | criticality | the highest |
//! | production-critical | if any source says so |
//! | environment | production if any source says so, otherwise the freshest answer |
//! | labels | all of them |
//! | name, owner | the freshest answer that has one; between equals, the source whose name comes first |
//! | inventory, a source is silent | what the others know counts, and the silence is among what is missing |
//!
//! A source that the settings call optional is shown when it is silent and otherwise left out.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Asset, Intel, Known};

/// What one source said about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer<T> {
    /// The source's name in the settings.
    pub source: String,
    /// What it was asked about: `ip 203.0.113.7`.
    pub about: String,
    /// What it said.
    pub said: Known<T>,
    /// The moment that its knowledge is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// When we asked.
    pub asked_at: Timestamp,
    /// Whether we had asked before and took that answer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cached: bool,
    /// Whether its silence holds nothing up.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// What else it said, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl<T> Answer<T> {
    /// How old the knowledge was when we asked, in words.
    pub fn age(&self) -> Option<String> {
        self.as_of.map(|as_of| age(as_of, self.asked_at))
    }

    /// Whether it is missing in a way that matters.
    fn is_missed(&self) -> bool {
        self.said.is_unavailable() && !self.optional
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(it: &bool) -> bool {
    !it
}

/// How long before `now` a moment was, in words.
///
/// ```
/// # use argus_soc::enrich::age;
/// let at = |text: &str| text.parse::<jiff::Timestamp>();
/// assert_eq!(age(at("2026-01-01T10:00:00Z")?, at("2026-01-01T10:03:20Z")?), "3 min old");
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn age(as_of: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(as_of.as_second());
    match seconds {
        ..60 => "just now".into(),
        60..5_400 => format!("{} min old", seconds / 60),
        5_400..172_800 => format!("{} h old", seconds / 3_600),
        _ => format!("{} d old", seconds / 86_400),
    }
}

/// What all sources said, by what they know about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// Threat intelligence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intel: Vec<Answer<Intel>>,
    /// Inventories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asset: Vec<Answer<Asset>>,
}

impl Answers {
    /// Whether nobody was asked.
    pub fn is_empty(&self) -> bool {
        self.intel.is_empty() && self.asset.is_empty()
    }

    /// Whether a source that matters was silent.
    pub fn is_missing_some(&self) -> bool {
        self.intel.iter().any(Answer::is_missed) || self.asset.iter().any(Answer::is_missed)
    }

    /// Threat intelligence of all sources together, by the table of this module.
    pub fn merged_intel(&self) -> Known<Intel> {
        let known = || self.intel.iter().filter_map(|answer| answer.said.known());
        let surest = |malicious: bool| {
            known().filter(|it| it.malicious == malicious).map(|it| it.confidence.min(100)).max()
        };
        if let Some(confidence) = surest(true) {
            return Known::Known(Intel { malicious: true, confidence });
        }
        silent(&self.intel).unwrap_or_else(|| match surest(false) {
            Some(confidence) => Known::Known(Intel { malicious: false, confidence }),
            None => Known::Unknown,
        })
    }

    /// The inventory of all sources together, by the table of this module.
    pub fn merged_asset(&self) -> Known<Asset> {
        let known = by_freshness(&self.asset);
        let Some((_, first)) = known.first() else {
            return silent(&self.asset).unwrap_or(Known::Unknown);
        };
        let assets = || known.iter().map(|(_, asset)| *asset);
        let environments = || assets().filter_map(|it| it.environment.as_deref());
        let environment = environments().find(|it| is_production(it));
        let tags: BTreeSet<&String> = assets().flat_map(|it| &it.tags).collect();
        Known::Known(Asset {
            name: first.name.clone(),
            criticality: assets().map(|it| it.criticality).max().unwrap_or_default().min(10),
            environment: environment.or_else(|| environments().next()).map(str::to_owned),
            production_critical: assets().any(|it| it.production_critical),
            tags: tags.into_iter().cloned().collect(),
            owner: assets().find_map(|it| it.owner.clone()),
        })
    }

    /// Where sources contradict each other, in words.
    pub(super) fn conflicts(&self, intel: &Known<Intel>, asset: &Known<Asset>) -> Vec<String> {
        let mut conflicts = Vec::new();
        let verdicts = self.intel.iter().filter_map(|answer| {
            let word = if answer.said.known()?.malicious { "malicious" } else { "not malicious" };
            Some((answer.source.as_str(), word.to_owned()))
        });
        if intel.known().is_some_and(|it| it.malicious) {
            conflict(&mut conflicts, "verdict", verdicts.collect(), "malicious");
        }
        let Some(merged) = asset.known() else { return conflicts };
        let known = by_freshness(&self.asset);
        let mut about = |what: &str, of: &dyn Fn(&Asset) -> Option<String>| {
            let said = known.iter().filter_map(|(source, asset)| Some((*source, of(asset)?)));
            let counts = of(merged).unwrap_or_default();
            conflict(&mut conflicts, what, said.collect(), &counts);
        };
        about("criticality", &|it| Some(it.criticality.to_string()));
        about("environment", &|it| it.environment.clone());
        about("owner", &|it| it.owner.clone());
        about("production-critical", &|it| {
            Some(if it.production_critical { "yes" } else { "no" }.to_owned())
        });
        conflicts
    }
}

/// What is known when nobody knows anything and somebody was silent.
fn silent<T, U>(answers: &[Answer<T>]) -> Option<Known<U>> {
    let missed: Vec<(&str, &str)> = answers
        .iter()
        .filter(|answer| !answer.optional)
        .filter_map(|answer| match &answer.said {
            Known::Unavailable { source, why } => Some((source.as_str(), why.as_str())),
            Known::Known(_) | Known::Unknown => None,
        })
        .collect();
    if missed.is_empty() {
        return None;
    }
    let names: BTreeSet<&str> = missed.iter().map(|(source, _)| *source).collect();
    let reasons: BTreeSet<&str> = missed.iter().map(|(_, why)| *why).collect();
    let join = |words: BTreeSet<&str>| words.into_iter().collect::<Vec<_>>().join(", ");
    Some(Known::Unavailable { source: join(names), why: join(reasons) })
}

/// The assets that are known, the freshest first.
fn by_freshness(answers: &[Answer<Asset>]) -> Vec<(&str, &Asset)> {
    let known = answers.iter().filter_map(|it| Some((it, it.said.known()?)));
    let mut known: Vec<_> = known.collect();
    known.sort_by_key(|(answer, _)| (Reverse(answer.as_of), answer.source.as_str()));
    known.into_iter().map(|(answer, asset)| (answer.source.as_str(), asset)).collect()
}

fn is_production(environment: &str) -> bool {
    ["production", "prod"].iter().any(|it| environment.eq_ignore_ascii_case(it))
}

/// Says who says what, if they do not all say the same.
fn conflict(conflicts: &mut Vec<String>, what: &str, mut said: Vec<(&str, String)>, counts: &str) {
    let words: BTreeSet<String> = said.iter().map(|(_, word)| word.to_lowercase()).collect();
    if words.len() < 2 {
        return;
    }
    said.sort();
    let each: Vec<String> =
        said.iter().map(|(source, word)| format!("{source} says {word}")).collect();
    conflicts.push(format!("{what}: {}; {counts} counts", each.join(", ")));
}
