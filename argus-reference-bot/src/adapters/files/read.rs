//! The formats of the files.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;
use std::path::Path;

use argus_soc::enrich::stix::Feed;
use argus_soc::enrich::{Asset, Intel};
use argus_soc::event::{Entity, EntityKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Assets, Indicators};

/// One asset of a JSON file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetRow {
    name: String,
    criticality: u8,
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    production_critical: bool,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    owner: Option<String>,
}

/// One asset of a CSV file, where a list is one text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CsvRow {
    name: String,
    criticality: u8,
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    production_critical: Option<bool>,
    #[serde(default)]
    tags: Option<String>,
    #[serde(default)]
    owner: Option<String>,
}

/// One indicator of a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntelRow {
    value: String,
    malicious: bool,
    confidence: u8,
}

/// Assets: CSV if the file is called so, and JSON otherwise.
pub(super) fn assets(path: &Path, bytes: &[u8]) -> Result<(Assets, String), String> {
    let csv = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("csv"));
    let rows = if csv { csv_rows(bytes)? } else { json::<Vec<AssetRow>>(bytes)? };
    let mut assets = BTreeMap::new();
    for row in rows {
        let AssetRow { name, criticality, environment, production_critical, tags, owner } = row;
        if criticality > 10 {
            return Err(format!("{name}: criticality {criticality} is not 0 to 10"));
        }
        let key = name.to_lowercase();
        let asset = Asset { name, criticality, environment, production_critical, tags, owner };
        if let Some(twice) = assets.insert(key, asset) {
            return Err(format!("{} is there twice", twice.name));
        }
    }
    let about = format!("{} assets", assets.len());
    Ok((Assets(assets), about))
}

fn csv_rows(bytes: &[u8]) -> Result<Vec<AssetRow>, String> {
    // Excel begins its files with a mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let mut rows = Vec::new();
    for row in reader.deserialize() {
        let CsvRow { name, criticality, environment, production_critical, tags, owner } =
            row.map_err(|error: csv::Error| error.to_string())?;
        let tags = tags.unwrap_or_default();
        let tags = tags.split([';', '|']).map(str::trim).filter(|it| !it.is_empty());
        rows.push(AssetRow {
            name,
            criticality,
            environment,
            production_critical: production_critical.unwrap_or_default(),
            tags: tags.map(str::to_owned).collect(),
            owner,
        });
    }
    Ok(rows)
}

/// Indicators: a list of our own, or a STIX bundle.
pub(super) fn indicators(_: &Path, bytes: &[u8]) -> Result<(Indicators, String), String> {
    let first = bytes.iter().find(|it| !it.is_ascii_whitespace());
    if first == Some(&b'{') {
        let mut feed = Feed::default();
        feed.take_bundle(&json::<Value>(bytes)?).map_err(|error| error.to_string())?;
        let about = about(&feed);
        return Ok((Indicators::Stix(Box::new(feed)), about));
    }
    let (mut list, mut twice) = (BTreeMap::new(), Vec::new());
    for IntelRow { value, malicious, confidence } in json::<Vec<IntelRow>>(bytes)? {
        if confidence > 100 {
            return Err(format!("{value}: confidence {confidence} is not 0 to 100"));
        }
        let intel = Intel { malicious, confidence };
        match list.entry(canonical(&value)) {
            Entry::Vacant(place) => drop(place.insert(intel)),
            Entry::Occupied(mut place) => {
                twice.push(place.key().clone());
                let known = place.get_mut();
                *known = worse(known.clone(), intel);
            }
        }
    }
    let mut about = format!("{} indicators", list.len());
    if let Some(example) = twice.first() {
        let (n, rule) = (twice.len(), "the worse of what is said counts");
        about = format!("{about}; {n} lines repeat one, and {rule} ({example})");
    }
    Ok((Indicators::List(list), about))
}

/// A value as alerts have it, whatever it is: a list does not say.
pub(super) fn canonical(value: &str) -> String {
    let of = |kind| Entity::canonical(kind, value).map(|it| it.value);
    let ip = of(EntityKind::Ip).filter(|it| it.parse::<IpAddr>().is_ok());
    let kind = match value {
        url if url.contains("://") => EntityKind::Url,
        mailbox if mailbox.contains('@') => EntityKind::Mailbox,
        _ => EntityKind::Domain,
    };
    ip.or_else(|| of(kind)).unwrap_or_default().to_lowercase()
}

/// Of two answers about one thing the one that makes people look.
fn worse(one: Intel, other: Intel) -> Intel {
    match (one.malicious, other.malicious) {
        (true, false) => one,
        (false, true) => other,
        (true, true) => {
            if one.confidence < other.confidence {
                other
            } else {
                one
            }
        }
        (false, false) => {
            if one.confidence < other.confidence {
                one
            } else {
                other
            }
        }
    }
}

/// How much of a feed can be used, for a log line.
pub(in super::super) fn about(feed: &Feed) -> String {
    let mut parts = vec![format!("{} indicators", feed.len())];
    parts.extend(feed.refused().iter().map(|(reason, refused)| {
        let example = refused.ids.first().map_or("", String::as_str);
        format!("{} not used: {reason} ({example})", refused.count())
    }));
    parts.join("; ")
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}
