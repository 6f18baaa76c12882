//! Defender Threat Intelligence: the reputation of an address or a domain.
//!
//! Source: graph docs v1.0, "Get hostReputation": `GET
//! /security/threatIntelligence/hosts/{id}/reputation` gives `classification` (unknown, neutral,
//! suspicious, malicious) and `score` 0 to 100; the permission is `ThreatIntelligence.Read.All`.
//! Assumed, since the documentation is silent: 404 means that nothing is known of the host.

use std::net::IpAddr;
use std::sync::Arc;

use argus_bot_sdk::auth::TokenSource;
use argus_soc::enrich::Intel;
use argus_soc::enrich::stix::host_of;
use argus_soc::event::{Entity, EntityKind};
use async_trait::async_trait;
use reqwest::StatusCode;
use serde_json::Value;

use super::web::{Credential, Far, is_private, words};
use crate::ports::knowledge::{Finding, Reach, Silent, Source};

/// Largest answer, in bytes.
const LARGEST: usize = 256 << 10;

/// Defender Threat Intelligence behind Graph.
#[derive(Debug)]
pub struct DefenderTi {
    name: String,
    far: Far,
}

impl DefenderTi {
    /// Graph at `url`.
    ///
    /// # Errors
    ///
    /// Why the address cannot be used.
    pub fn new(name: &str, url: &str, tokens: Arc<dyn TokenSource>) -> Result<Self, String> {
        Ok(Self { name: name.into(), far: Far::new(url, Credential::Token(tokens))? })
    }
}

#[async_trait]
impl Source<Intel> for DefenderTi {
    fn name(&self) -> &str {
        &self.name
    }

    fn reach(&self) -> Reach {
        Reach::Away
    }

    fn covers(&self, entity: &Entity) -> bool {
        host(entity).is_some()
    }

    async fn ask(&self, entity: &Entity) -> Result<Finding<Intel>, Silent> {
        let Some(host) = host(entity) else { return Ok(Finding::nothing()) };
        let url =
            self.far.url(&["v1.0", "security", "threatIntelligence", "hosts", &host, "reputation"]);
        let back = self.far.get(url, "application/json", LARGEST).await?;
        match back.status {
            StatusCode::OK => reputation(back.json.as_ref()),
            StatusCode::NOT_FOUND => Ok(Finding::nothing()),
            _ => Err(back.silent()),
        }
    }
}

/// What can be asked about: public addresses and domain names. Names of our own machines are not.
fn host(entity: &Entity) -> Option<String> {
    let host = match entity.kind {
        EntityKind::Ip | EntityKind::Domain => entity.value.clone(),
        EntityKind::Url => host_of(&entity.value)?,
        _ => return None,
    };
    if let Ok(ip) = host.parse::<IpAddr>() {
        return (!is_private(ip)).then_some(host);
    }
    let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'.' || it == b'_';
    let dotted = host.trim_matches('.').contains('.');
    (dotted && host.len() <= 253 && host.bytes().all(plain)).then_some(host)
}

fn reputation(json: Option<&Value>) -> Result<Finding<Intel>, Silent> {
    let field = |name: &str| json.and_then(|it| it.get(name));
    let class = field("classification").and_then(Value::as_str);
    let class = class.ok_or_else(|| Silent::because("Graph answered something else"))?;
    let score = field("score").and_then(Value::as_u64).and_then(|it| u8::try_from(it).ok());
    let score = score.filter(|it| *it <= 100);
    let scored = || score.ok_or_else(|| Silent::because("its score is not 0 to 100"));
    let known = match class {
        "malicious" => Some(Intel { malicious: true, confidence: scored()? }),
        // Not "malicious": that would make the bot bolder. People read the word in the note.
        "suspicious" | "neutral" => Some(Intel { malicious: false, confidence: 100 - scored()? }),
        _ => None,
    };
    let shown = score.map_or_else(String::new, |it| format!(", score {it}"));
    let note = Some(format!("{}{shown}", words(class)));
    Ok(Finding { known, as_of: None, note })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_of_classifications() {
        fn check(body: &Value, expected: Option<(bool, u8)>) {
            let found = reputation(Some(body)).expect("an answer");
            let known = found.known.map(|it| (it.malicious, it.confidence));
            assert_eq!(known, expected, "{body}");
        }
        check(&json!({"classification": "malicious", "score": 92}), Some((true, 92)));
        check(&json!({"classification": "suspicious", "score": 60}), Some((false, 40)));
        check(&json!({"classification": "neutral", "score": 0}), Some((false, 100)));
        check(&json!({"classification": "unknown", "score": 0}), None);
        check(&json!({"classification": "unknownFutureValue"}), None);
        for body in [json!({}), json!([]), json!({"classification": "malicious", "score": 101})] {
            assert!(reputation(Some(&body)).is_err(), "{body}");
        }
    }

    #[test]
    fn only_what_is_public_is_asked_about() {
        fn check(kind: EntityKind, value: &str, expected: Option<&str>) {
            let entity = Entity::canonical(kind, value).expect("a name");
            assert_eq!(host(&entity).as_deref(), expected, "{value}");
        }
        check(EntityKind::Ip, "203.0.113.7", Some("203.0.113.7"));
        check(EntityKind::Ip, "192.168.1.1", None);
        check(EntityKind::Domain, "Evil.example", Some("evil.example"));
        check(EntityKind::Domain, "evil", None);
        check(EntityKind::Domain, "a.b/../c", None);
        check(EntityKind::Url, "https://evil.example:8080/a", Some("evil.example"));
        check(EntityKind::Url, "https://10.0.0.1/a", None);
        check(EntityKind::Host, "ws-1.corp.example", None);
    }
}
