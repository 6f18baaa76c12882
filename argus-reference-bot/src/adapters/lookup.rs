//! Any HTTP API that answers in a small JSON shape, asked about one thing at a time.
//!
//! ```text
//! GET https://ti.example/v1/{type}/{value}
//! 200 {"malicious": true, "confidence": 90, "as_of": "2026-01-02T03:04:05Z", "note": "a word"}
//! 200 {"name": "ws-1", "criticality": 7, "environment": "staging", "production_critical": false,
//!      "tags": ["pci"], "owner": "Ann", "as_of": …, "note": …}
//! 404, or 200 {"known": false}: it knows nothing
//! ```
//!
//! Everything else is no answer. Whatever else stands in an answer is passed over.

use argus_soc::enrich::{Asset, Intel};
use argus_soc::event::{Entity, EntityKind};
use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::web::{Back, Credential, Far, is_private, words};
use crate::ports::knowledge::{Finding, Reach, Silent, Source};

/// Largest answer, in bytes.
const LARGEST: usize = 64 << 10;
/// Longest value that is asked about, in bytes.
const LONGEST: usize = 2_048;
/// Labels of an asset that are kept.
const TAGS: usize = 32;

/// An HTTP API.
#[derive(Debug)]
pub struct Lookup {
    name: String,
    far: Far,
    template: String,
    kinds: Vec<EntityKind>,
    ask_private: bool,
}

/// Which networks an API may stand in, and which addresses it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reaches {
    /// It may stand in a private network.
    pub into_private: bool,
    /// It is asked about addresses of private networks.
    pub about_private: bool,
}

impl Lookup {
    /// An API at this address, which has `{value}` in its path or query.
    ///
    /// # Errors
    ///
    /// Why the address cannot be used.
    pub fn new(
        name: &str,
        template: &str,
        kinds: &[String],
        credential: Credential,
        reaches: Reaches,
    ) -> Result<Self, String> {
        if !template.contains("{value}") {
            return Err(format!("{template}: it has no {{value}}"));
        }
        let sample = template.replace("{value}", "v").replace("{type}", "t");
        // If the host itself could be chosen by an alert, it would be in the sample too.
        let other = template.replace("{value}", "other").replace("{type}", "other");
        let origin =
            |text: &str| Url::parse(text).map(|it| (it.origin(), it.username().to_owned()));
        if origin(&sample) != origin(&other) {
            return Err(format!(
                "{template}: {{value}} and {{type}} may stand in path and query only"
            ));
        }
        let far = if reaches.into_private {
            Far::new(&sample, credential)?
        } else {
            Far::public(&sample, credential)?
        };
        Ok(Self {
            name: name.into(),
            far,
            template: template.into(),
            kinds: kinds.iter().map(|it| EntityKind::from(it.clone())).collect(),
            ask_private: reaches.about_private,
        })
    }

    fn takes(&self, entity: &Entity) -> bool {
        let private = || entity.value.parse().is_ok_and(is_private);
        self.kinds.contains(&entity.kind)
            && entity.value.len() <= LONGEST
            && !matches!(entity.value.as_str(), "." | "..")
            && (self.ask_private || !private())
    }

    async fn read<T: for<'de> Deserialize<'de>>(
        &self,
        entity: &Entity,
    ) -> Result<Option<Said<T>>, Silent> {
        let url = self
            .template
            .replace("{type}", &encoded(entity.kind.as_str()))
            .replace("{value}", &encoded(&entity.value));
        let url = Url::parse(&url).map_err(|error| Silent::because(error.to_string()))?;
        if url.origin() != self.far.base().origin() {
            return Err(Silent::because("the question leads elsewhere"));
        }
        let back = self.far.get(url, "application/json", LARGEST).await?;
        match back.status {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => said(back),
            _ => Err(back.silent()),
        }
    }
}

/// What an answer says beside what it knows.
#[derive(Debug, Deserialize)]
struct Said<T> {
    #[serde(flatten)]
    known: T,
    #[serde(default)]
    as_of: Option<Timestamp>,
    #[serde(default)]
    note: Option<String>,
}

impl<T> Said<T> {
    fn finding<U>(self, known: impl FnOnce(T) -> U) -> Finding<U> {
        let note = self.note.as_deref().map(words);
        Finding { known: Some(known(self.known)), as_of: self.as_of, note }
    }
}

fn said<T: for<'de> Deserialize<'de>>(back: Back) -> Result<Option<Said<T>>, Silent> {
    let else_ = || Silent::because("it answered something else than was asked");
    let json = back.json.ok_or_else(else_)?;
    if json.get("known") == Some(&Value::Bool(false)) {
        return Ok(None);
    }
    serde_json::from_value(json).map(Some).map_err(|_| else_())
}

#[derive(Debug, Deserialize)]
struct IntelSaid {
    malicious: bool,
    confidence: u8,
}

#[derive(Debug, Deserialize)]
struct AssetSaid {
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

#[async_trait]
impl Source<Intel> for Lookup {
    fn name(&self) -> &str {
        &self.name
    }

    fn reach(&self) -> Reach {
        Reach::Away
    }

    fn covers(&self, entity: &Entity) -> bool {
        self.takes(entity)
    }

    async fn ask(&self, entity: &Entity) -> Result<Finding<Intel>, Silent> {
        let Some(said) = self.read::<IntelSaid>(entity).await? else {
            return Ok(Finding::nothing());
        };
        if said.known.confidence > 100 {
            return Err(Silent::because("its confidence is not 0 to 100"));
        }
        Ok(said.finding(|it| Intel { malicious: it.malicious, confidence: it.confidence }))
    }
}

#[async_trait]
impl Source<Asset> for Lookup {
    fn name(&self) -> &str {
        &self.name
    }

    fn reach(&self) -> Reach {
        Reach::Away
    }

    fn covers(&self, entity: &Entity) -> bool {
        self.takes(entity)
    }

    async fn ask(&self, entity: &Entity) -> Result<Finding<Asset>, Silent> {
        let Some(said) = self.read::<AssetSaid>(entity).await? else {
            return Ok(Finding::nothing());
        };
        if said.known.criticality > 10 {
            return Err(Silent::because("its criticality is not 0 to 10"));
        }
        Ok(said.finding(|it| Asset {
            name: words(&it.name),
            criticality: it.criticality,
            environment: it.environment.as_deref().map(words),
            production_critical: it.production_critical,
            tags: it.tags.iter().take(TAGS).map(|tag| words(tag)).collect(),
            owner: it.owner.as_deref().map(words),
        }))
    }
}

/// Everything but unreserved characters percent-encoded, so that a value stays one value.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&crate::hex::hex(&[byte]).to_uppercase());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: Reaches = Reaches { into_private: true, about_private: false };

    fn lookup(template: &str) -> Result<Lookup, String> {
        Lookup::new("ti", template, &["ip".into(), "url".into()], Credential::None, BOTH)
    }

    #[test]
    fn an_alert_chooses_no_host() {
        for template in [
            "https://{value}/x",
            "https://{value}.ti.example/",
            "https://ti.example:{value}/",
            "https://{value}@ti.example/{value}",
            "https://ti.example/x",
            "http://ti.example/{value}",
            "{value}",
        ] {
            assert!(lookup(template).is_err(), "{template}");
        }
        for template in ["https://ti.example/{type}/{value}", "https://ti.example/?q={value}"] {
            assert!(lookup(template).is_ok(), "{template}");
        }
        let outside = Reaches { into_private: false, about_private: false };
        for template in ["http://127.0.0.1/{value}", "https://10.0.0.1/{value}"] {
            let made = Lookup::new("ti", template, &[], Credential::None, outside);
            assert!(made.is_err_and(|why| why.contains("allow_private")), "{template}");
        }
    }

    #[test]
    fn private_addresses_stay_in_the_house() {
        let lookup = lookup("https://ti.example/{value}").expect("good");
        let takes =
            |value: &str| lookup.takes(&Entity::canonical(EntityKind::Ip, value).expect("a name"));
        assert!(takes("203.0.113.7"));
        assert!(!takes("10.0.0.7") && !takes("fd00::1") && !takes("127.0.0.1"));
    }

    proptest! {
        /// Whatever an alert names, the address is the one of the settings, with one value in it.
        #[test]
        fn a_value_stays_one_value(value in "\\PC{0,40}") {
            prop_assume!(!matches!(value.as_str(), "" | "." | ".."));
            let text = format!("https://ti.example/v1/{}?q={}", encoded(&value), encoded(&value));
            let url = Url::parse(&text)?;
            prop_assert_eq!(url.host_str(), Some("ti.example"));
            prop_assert_eq!(url.path_segments().map(Iterator::count), Some(2));
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, [("q".to_owned(), value)]);
            prop_assert_eq!(url.fragment(), None);
        }
    }
}
