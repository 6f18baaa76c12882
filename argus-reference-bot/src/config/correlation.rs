//! Settings of correlation rules.

use std::collections::BTreeMap;

use argus_soc::correlate::{Key, Rule};
use serde::Deserialize;

use super::ConfigError;

/// When events about different things are one incident.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correlation {
    /// What people call it.
    pub name: String,
    /// Length of the window: `90s`, `10m`, `2h`.
    pub within: String,
    /// How many events it takes.
    #[serde(default = "two")]
    pub min: u32,
    /// Of what there must be so many distinct values: `{ host = 3 }`, or a word, of which there must
    /// be `min`.
    #[serde(default)]
    pub distinct: Option<Distinct>,
    /// What the events share: kinds of entities, `source`, `family`, `event_type`, `rule`, `tenant`.
    #[serde(default)]
    pub group_by: Vec<String>,
    /// Which events count: a condition in CEL; every event, without one.
    #[serde(default)]
    pub r#where: Option<String>,
    /// How much later than others an event may come and still count.
    #[serde(default = "two_minutes")]
    pub lateness: String,
}

/// Of what there must be how many.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a word, or a table like { host = 3 }")]
pub enum Distinct {
    /// As many as there must be events.
    Of(String),
    /// So many of each.
    Many(BTreeMap<String, u32>),
}

/// Longest window and lateness, in seconds: what is remembered is bounded.
const DAY: i64 = 24 * 60 * 60;

impl Correlation {
    /// The rule, checked. `key` is where it stands in the settings.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names what is wrong and what to write.
    pub fn rule(&self, key: &str) -> Result<Rule, ConfigError> {
        let wrong = |field: &str, why: String| ConfigError::value(format!("{key}.{field}"), why);
        let plain = |it: char| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_');
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(plain) {
            let why = "use letters, digits, spaces and hyphens, 64 at most";
            return Err(wrong("name", why.into()));
        }
        let (min, distinct) = match &self.distinct {
            None => (self.min, Vec::new()),
            Some(Distinct::Of(word)) => (self.min, vec![(word, self.min)]),
            Some(Distinct::Many(many)) => {
                (self.min, many.iter().map(|(word, min)| (word, *min)).collect())
            }
        };
        let most = distinct.iter().map(|(_, min)| *min).fold(min, u32::max);
        if min == 0 || !(2..=1_000).contains(&most) {
            let why = "it takes 2 to 1000 events or distinct values to be more than one thing";
            return Err(wrong("min", why.into()));
        }
        let known = |field: &str, word: &str| -> Result<Key, ConfigError> {
            let key = Key::from(word.to_owned());
            if key.is_known() {
                return Ok(key);
            }
            let why = format!(
                "`{word}` is not known; use source, family, event_type, rule, tenant, host, user, \
                 ip, domain, url, file_hash, process, cloud_resource or mailbox"
            );
            Err(wrong(field, why))
        };
        let time = |field: &str, text: &str, least: i64| {
            milliseconds(text).filter(|ms| (least * 1_000..=DAY * 1_000).contains(ms)).ok_or_else(
                || {
                    let why = format!("`{text}` is no time like 90s, 10m or 2h, at most 24h");
                    wrong(field, why)
                },
            )
        };
        Ok(Rule {
            name: self.name.clone(),
            within_ms: time("within", &self.within, 1)?,
            min,
            distinct: distinct
                .into_iter()
                .map(|(word, min)| Ok((known("distinct", word)?, min)))
                .collect::<Result<_, ConfigError>>()?,
            group_by: self
                .group_by
                .iter()
                .map(|word| known("group_by", word))
                .collect::<Result<_, _>>()?,
            lateness_ms: time("lateness", &self.lateness, 0)?,
        })
    }
}

fn milliseconds(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => number,
        'm' => number.checked_mul(60)?,
        'h' => number.checked_mul(3_600)?,
        _ => return None,
    };
    seconds.checked_mul(1_000)
}

fn two() -> u32 {
    2
}

fn two_minutes() -> String {
    "120s".into()
}
