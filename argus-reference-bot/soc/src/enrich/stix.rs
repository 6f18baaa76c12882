//! Indicators of STIX 2.1: what a feed knows, ready to be asked.
//!
//! Source: OASIS, "STIX Version 2.1", 4.7 (indicator) and 9 (patterning). Of patterns, those are
//! understood that name single values: `[ipv4-addr:value = '198.51.100.7']`, alternatives with `OR`
//! and `IN`, networks, and hashes of one file with `AND`. All others are counted, with an example,
//! and never guessed at.

mod pattern;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::pattern::Network;
use super::Intel;
use crate::event::{Entity, EntityKind};

/// Longest name that is kept, in characters.
const NAME: usize = 120;
/// Kinds and phases that are kept of one indicator.
const WORDS: usize = 8;

/// Why a text is no bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no STIX bundle: {0}")]
pub struct NoBundle(String);

/// One indicator, as far as it is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indicator {
    /// `indicator--…`.
    pub id: String,
    /// Its version.
    pub modified: Timestamp,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// From when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// From when it holds no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Whether its author took it back.
    #[serde(default)]
    pub revoked: bool,
    /// How sure its author is, if they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// `malicious-activity`, `benign`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Phases of the kill chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<(EntityKind, String)>,
    /// Networks that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    networks: Vec<Network>,
}

impl Indicator {
    fn holds(&self, now: Timestamp) -> bool {
        !self.revoked
            && self.valid_from.is_none_or(|from| from <= now)
            && self.valid_until.is_none_or(|until| now < until)
    }

    /// Whether it speaks of something bad. Without a word about its type it does: that is what
    /// feeds of indicators are for.
    fn is_malicious(&self) -> bool {
        let harmless = ["benign", "anonymization", "anomalous-activity", "unknown"];
        self.types.is_empty() || self.types.iter().any(|it| !harmless.contains(&it.as_str()))
    }

    fn note(&self) -> String {
        let name = self.name.as_deref().unwrap_or(&self.id);
        let words: Vec<&str> = self.types.iter().chain(&self.phases).map(String::as_str).collect();
        if words.is_empty() { name.to_owned() } else { format!("{name} ({})", words.join(", ")) }
    }
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The verdict of all indicators that hold.
    pub intel: Intel,
    /// The indicator that decided, in words.
    pub note: String,
    /// Its version.
    pub modified: Timestamp,
}

/// What a feed has said so far. Objects can come in any order and more than once: the newest version
/// of each counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub struct Feed {
    held: BTreeMap<String, Indicator>,
    by_value: HashMap<(EntityKind, String), BTreeSet<String>>,
    by_network: HashMap<Network, BTreeSet<String>>,
    refused: BTreeMap<String, Refused>,
}

/// What could not be used of a feed, for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The ids of the indicators, at most [`Refused::MOST`] of them.
    pub ids: BTreeSet<String>,
    /// How many there were beyond that.
    pub more: u64,
}

impl Refused {
    /// Ids that are remembered for each reason.
    pub const MOST: usize = 1_000;

    /// How many.
    pub fn count(&self) -> u64 {
        self.ids.len() as u64 + self.more
    }
}

/// A feed as it is kept on disk.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Kept {
    indicators: Vec<Indicator>,
    #[serde(default)]
    refused: BTreeMap<String, Refused>,
}

impl From<Kept> for Feed {
    fn from(kept: Kept) -> Self {
        let mut feed = Self { refused: kept.refused, ..Self::default() };
        kept.indicators.into_iter().for_each(|it| feed.hold(it));
        feed
    }
}

impl From<Feed> for Kept {
    fn from(feed: Feed) -> Self {
        Self { indicators: feed.held.into_values().collect(), refused: feed.refused }
    }
}

impl Feed {
    /// Takes all objects of a bundle.
    ///
    /// # Errors
    ///
    /// [`NoBundle`] if it is none; nothing was taken.
    pub fn take_bundle(&mut self, bundle: &Value) -> Result<(), NoBundle> {
        if bundle.get("type").and_then(Value::as_str) != Some("bundle") {
            return Err(NoBundle("`type` is not `bundle`".into()));
        }
        let objects = match bundle.get("objects") {
            None => &[][..],
            Some(objects) => {
                objects.as_array().ok_or_else(|| NoBundle("`objects` is not a list".into()))?
            }
        };
        for object in objects {
            self.take(object);
        }
        Ok(())
    }

    /// Takes one object. Objects that are no indicators are passed over.
    pub fn take(&mut self, object: &Value) {
        if object.get("type").and_then(Value::as_str) != Some("indicator") {
            return;
        }
        let id = object.get("id").and_then(Value::as_str).unwrap_or("an indicator without id");
        match read(object) {
            Ok(indicator) => self.hold(indicator),
            Err(reason) => {
                let refused = self.refused.entry(reason).or_default();
                if refused.ids.len() < Refused::MOST {
                    refused.ids.insert(id.chars().take(NAME).collect());
                } else if !refused.ids.contains(id) {
                    refused.more += 1;
                }
            }
        }
    }

    /// How many indicators there are, those that do not hold now included.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// What could not be used, by reason.
    pub fn refused(&self) -> &BTreeMap<String, Refused> {
        &self.refused
    }

    /// What the feed says about a thing now.
    ///
    /// Malicious before not malicious, then the highest confidence. `unsaid` is the confidence of an
    /// indicator whose author says none.
    pub fn look_up(&self, entity: &Entity, now: Timestamp, unsaid: u8) -> Option<Found> {
        let sure = |it: &Indicator| it.confidence.unwrap_or(unsaid).min(100);
        let decides = self
            .ids(entity)
            .into_iter()
            .filter_map(|id| self.held.get(id))
            .filter(|it| it.holds(now))
            .max_by_key(|it| (it.is_malicious(), sure(it), it.modified, it.id.as_str()))?;
        let intel = Intel { malicious: decides.is_malicious(), confidence: sure(decides) };
        Some(Found { intel, note: decides.note(), modified: decides.modified })
    }

    /// The indicators that are about a thing.
    fn ids(&self, entity: &Entity) -> BTreeSet<&str> {
        let mut ids = BTreeSet::new();
        for key in keys(entity) {
            ids.extend(self.by_value.get(&key).into_iter().flatten().map(String::as_str));
            if let (EntityKind::Ip, value) = &key
                && let Ok(ip) = value.parse::<IpAddr>()
                && !self.by_network.is_empty()
            {
                for network in Network::all_of(ip) {
                    ids.extend(
                        self.by_network.get(&network).into_iter().flatten().map(String::as_str),
                    );
                }
            }
        }
        ids
    }

    fn hold(&mut self, indicator: Indicator) {
        if let Some(before) = self.held.get(&indicator.id) {
            if before.modified > indicator.modified {
                return;
            }
            self.let_go(&before.clone());
        }
        for value in &indicator.values {
            self.by_value.entry(value.clone()).or_default().insert(indicator.id.clone());
        }
        for network in &indicator.networks {
            self.by_network.entry(*network).or_default().insert(indicator.id.clone());
        }
        self.held.insert(indicator.id.clone(), indicator);
    }

    fn let_go(&mut self, indicator: &Indicator) {
        for value in &indicator.values {
            if let Some(ids) = self.by_value.get_mut(value) {
                ids.remove(&indicator.id);
                if ids.is_empty() {
                    self.by_value.remove(value);
                }
            }
        }
        for network in &indicator.networks {
            if let Some(ids) = self.by_network.get_mut(network) {
                ids.remove(&indicator.id);
                if ids.is_empty() {
                    self.by_network.remove(network);
                }
            }
        }
    }
}

/// Under which names a thing stands in a feed. A URL is also what its host is, a computer with a full
/// name also a domain, and an account may be a mailbox.
fn keys(entity: &Entity) -> Vec<(EntityKind, String)> {
    let value = entity.value.as_str();
    let mut keys = vec![(entity.kind.clone(), value.to_owned())];
    match entity.kind {
        EntityKind::Url => keys.extend(host_of(value).map(|host| host_key(&host))),
        EntityKind::Host if value.contains('.') => keys.push(host_key(value)),
        EntityKind::User if value.contains('@') => {
            keys.push((EntityKind::Mailbox, value.to_owned()));
        }
        _ => {}
    }
    keys
}

fn host_key(host: &str) -> (EntityKind, String) {
    let kind = if host.parse::<IpAddr>().is_ok() { EntityKind::Ip } else { EntityKind::Domain };
    let made = Entity::canonical(kind.clone(), host);
    (kind, made.map(|it| it.value).unwrap_or_default())
}

/// The host of a URL, without brackets and port.
pub fn host_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_owned())
}

fn read(object: &Value) -> Result<Indicator, String> {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let id = text("id").filter(|id| !id.is_empty()).ok_or("it has no id")?;
    let time = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(|it| it.parse::<Timestamp>().ok())
            .map(Some)
            .ok_or_else(|| format!("`{name}` is no time")),
    };
    let modified = time("modified")?.or(time("created")?).ok_or("it has no `modified`")?;
    let revoked = object.get("revoked").and_then(Value::as_bool).unwrap_or(false);
    let pattern = match (text("pattern"), text("pattern_type")) {
        // What was taken back needs no pattern to be taken away.
        _ if revoked => pattern::Values::default(),
        (Some(pattern), None | Some("stix")) => {
            pattern::read(pattern).map_err(|why| format!("pattern: {why}"))?
        }
        (Some(_), Some(_)) => return Err("pattern: it is not in the language `stix`".into()),
        (None, _) => return Err("it has no pattern".into()),
    };
    let confidence = match object.get("confidence") {
        None | Some(Value::Null) => None,
        Some(value) => Some(
            value
                .as_u64()
                .and_then(|it| u8::try_from(it).ok())
                .filter(|it| *it <= 100)
                .ok_or("`confidence` is not 0 to 100")?,
        ),
    };
    Ok(Indicator {
        id: id.to_owned(),
        modified,
        name: text("name").map(|it| it.chars().take(NAME).collect()),
        valid_from: time("valid_from")?,
        valid_until: time("valid_until")?,
        revoked,
        confidence,
        types: words(object.get("indicator_types").or_else(|| object.get("labels"))),
        phases: phases(object.get("kill_chain_phases")),
        values: pattern.values,
        networks: pattern.networks,
    })
}

fn words(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    let words = list.filter_map(Value::as_str).map(|it| it.chars().take(NAME).collect());
    words.take(WORDS).collect()
}

fn phases(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    let names = list.filter_map(|it| it.get("phase_name").and_then(Value::as_str));
    names.map(|it| it.chars().take(NAME).collect()).take(WORDS).collect()
}
