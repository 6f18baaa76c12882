//! Azure Key Vault: secrets and their versions.
//!
//! Source: `azure-rest-api-specs`, Key Vault secrets 7.4: "Get Secret". A disabled version answers 403,
//! one that is not yet good or has ended is given out all the same.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::{Answer, Ask};

/// The version of the language that it speaks.
const API: &str = "7.4";

/// A vault.
#[derive(Debug, Default)]
pub struct Vault {
    secrets: BTreeMap<String, Vec<Version>>,
}

/// A version of a secret.
#[derive(Clone, Debug)]
struct Version {
    id: String,
    value: String,
    enabled: bool,
    not_before: Option<i64>,
    expires: Option<i64>,
    created: i64,
}

/// The name of the operation that a request asks for, for fault scripts.
pub(crate) fn operation(ask: &Ask) -> Option<&'static str> {
    let (method, path) = ask.route();
    match (method, path.as_slice()) {
        ("GET", ["secrets", _] | ["secrets", _, _]) => Some("get_secret"),
        _ => None,
    }
}

/// The vault's error body.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, json!({ "error": { "code": code, "message": message } }))
}

/// The answer to a request without a good token: it names who makes one.
pub(crate) fn challenge(authority: &str, resource: &str) -> Answer {
    let wants = format!("Bearer authorization=\"{authority}\", resource=\"{resource}\"");
    error(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
        .header("www-authenticate", wants)
}

impl Vault {
    /// Puts a new version of a secret into the vault, and says which it is.
    pub fn put(&mut self, name: &str, value: &str, now: Timestamp) -> String {
        let versions = self.secrets.entry(name.to_owned()).or_default();
        let serial = format!("{name}/{}", versions.len());
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, serial.as_bytes()).simple().to_string();
        versions.push(Version {
            id: id.clone(),
            value: value.to_owned(),
            enabled: true,
            not_before: None,
            expires: None,
            created: now.as_second(),
        });
        id
    }

    /// The newest version ends then.
    pub fn ends(&mut self, name: &str, at: Timestamp) {
        self.change(name, |it| it.expires = Some(at.as_second()));
    }

    /// The newest version is good from then on.
    pub fn begins(&mut self, name: &str, at: Timestamp) {
        self.change(name, |it| it.not_before = Some(at.as_second()));
    }

    /// The newest version may not be used.
    pub fn disable(&mut self, name: &str) {
        self.change(name, |it| it.enabled = false);
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Version)) {
        if let Some(version) = self.secrets.get_mut(name).and_then(|all| all.last_mut()) {
            change(version);
        }
    }

    /// Answers a request that carries a good token.
    pub(crate) fn answer(&self, ask: &Ask) -> Answer {
        if ask.param("api-version") != Some(API) {
            return error(400, "BadParameter", "The api-version is missing or not supported.");
        }
        let (_, path) = ask.route();
        let (name, wanted) = (path.get(1).copied().unwrap_or_default(), path.get(2));
        let versions = self.secrets.get(name).map(Vec::as_slice).unwrap_or_default();
        let found = match wanted {
            Some(wanted) => versions.iter().find(|it| it.id == **wanted),
            None => versions.last(),
        };
        match found {
            None => {
                let message =
                    format!("A secret with (name/id) {name} was not found in this key vault.");
                error(404, "SecretNotFound", &message)
            }
            Some(it) if !it.enabled => {
                let message = "Operation get is not allowed on a disabled secret.";
                let inner = json!({ "code": "SecretDisabled" });
                let body = json!({ "error":
                    { "code": "Forbidden", "message": message, "innererror": inner } });
                Answer::json(403, body)
            }
            Some(it) => Answer::json(200, it.json(name, &ask.host)),
        }
    }
}

impl Version {
    fn json(&self, name: &str, host: &str) -> Value {
        let mut attributes = json!({
            "enabled": self.enabled, "created": self.created, "updated": self.created,
            "recoveryLevel": "Recoverable+Purgeable",
        });
        for (key, at) in [("nbf", self.not_before), ("exp", self.expires)] {
            if let (Some(at), Some(map)) = (at, attributes.as_object_mut()) {
                map.insert(key.into(), at.into());
            }
        }
        let id = format!("https://{host}/secrets/{name}/{}", self.id);
        json!({ "value": self.value, "id": id, "attributes": attributes })
    }
}
