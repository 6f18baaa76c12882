//! What a recording does not keep: secrets, and people's words unless they are wanted.

use serde::Serialize;
use serde_json::{Map, Value};

/// Members whose value is a secret, whatever it is: parts of their names, in lower case.
const SECRET: [&str; 11] = [
    "token",
    "secret",
    "password",
    "authorization",
    "credential",
    "signature",
    "nonce",
    "apikey",
    "uploadurl",
    "downloadurl",
    "cookie",
];
/// The same, as whole names. `state` is the code with which a person proves a sign-in.
const SECRET_NAMES: [&str; 4] = ["sig", "state", "key", "otp"];

/// Members that say nothing about anybody in words.
const STRUCTURE: [&str; 26] = [
    "type",
    "id",
    "channelId",
    "serviceUrl",
    "conversationType",
    "tenantId",
    "aadObjectId",
    "replyToId",
    "timestamp",
    "localTimestamp",
    "localTimezone",
    "locale",
    "verb",
    "commandId",
    "action",
    "contentType",
    "eventType",
    "trigger",
    "deliveryMode",
    "streamType",
    "streamId",
    "version",
    "dialog",
    "textFormat",
    "status",
    "conversationId",
];

const WORDS: &str = "(words)";

/// Takes out what is not to be kept, and remembers secrets for one process.
pub(super) struct Scrub {
    keeps_words: bool,
    secrets: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Secret,
}

impl Scrub {
    pub(super) fn new(keeps_words: bool) -> Self {
        Self { keeps_words, secrets: Vec::new() }
    }

    /// An activity, or anything that looks like one.
    pub(super) fn activity(&mut self, activity: &impl Serialize) -> Value {
        let mut value = serde_json::to_value(activity).unwrap_or_default();
        // The name of an invoke or event is not the name of a person.
        let name = value.get("name").cloned();
        value = self.value(value);
        if let (Some(name), Some(members)) = (name, value.as_object_mut()) {
            members.insert("name".to_owned(), name);
        }
        value
    }

    pub(super) fn value(&mut self, value: Value) -> Value {
        self.scrubbed(value, "", Kind::Plain)
    }

    fn scrubbed(&mut self, value: Value, name: &str, kind: Kind) -> Value {
        match value {
            Value::Object(members) => Value::Object(self.members(members, kind)),
            Value::Array(all) => {
                all.into_iter().map(|one| self.scrubbed(one, name, kind)).collect()
            }
            Value::Number(number) if kind == Kind::Secret => self.hidden(&number.to_string()),
            Value::String(text) if kind == Kind::Secret || is_token(&text) => self.hidden(&text),
            Value::String(_) if !self.keeps_words && !STRUCTURE.contains(&name) => WORDS.into(),
            other => other,
        }
    }

    fn members(&mut self, members: Map<String, Value>, kind: Kind) -> Map<String, Value> {
        let scrubbed = members.into_iter().map(|(name, value)| {
            let kind = if is_secret(&name) { Kind::Secret } else { kind };
            let value = self.scrubbed(value, &name, kind);
            (name, value)
        });
        scrubbed.collect()
    }

    fn hidden(&mut self, secret: &str) -> Value {
        let known = self.secrets.iter().position(|it| it == secret);
        let number = known.unwrap_or_else(|| {
            self.secrets.push(secret.to_owned());
            self.secrets.len() - 1
        });
        format!("secret:{}", number + 1).into()
    }

    /// Puts secrets back where they stood, those that this process has seen.
    #[cfg(feature = "testing")]
    pub(super) fn revealed(&mut self, value: Value) -> Value {
        match value {
            Value::Object(members) => {
                members.into_iter().map(|(name, value)| (name, self.revealed(value))).collect()
            }
            Value::Array(all) => all.into_iter().map(|one| self.revealed(one)).collect(),
            Value::String(text) => {
                let number = text.strip_prefix("secret:").and_then(|it| it.parse::<usize>().ok());
                let Some(number) = number else { return Value::String(text) };
                if let Some(secret) = self.secrets.get(number.wrapping_sub(1)) {
                    return Value::String(secret.clone());
                }
                // It came from outside: the place itself is the secret from now on.
                self.secrets.push(text.clone());
                Value::String(text)
            }
            other => other,
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.contains(&name.as_str()) || SECRET.iter().any(|part| name.contains(part))
}

/// A bearer token or a JWT, wherever in a text.
fn is_token(text: &str) -> bool {
    text.contains("Bearer ") || text.contains("eyJ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_numbered_and_words_are_taken_out() {
        let said = json!({
            "type": "invoke", "name": "signin/tokenExchange", "from": { "id": "29:a", "name": "Ann" },
            "value": { "id": "1", "token": "t-1", "deep": [{ "apiKey": "k", "x": "y" }], "n": 7,
                       "accessTokens": { "graph": "t-1" } },
            "text": "call Bearer abc", "summary": "see eyJhbGciOi",
        });
        let mut scrub = Scrub::new(true);
        let kept = scrub.activity(&said);
        assert_eq!(
            kept["value"],
            json!({
                "id": "1", "token": "secret:1", "deep": [{ "apiKey": "secret:2", "x": "y" }], "n": 7,
                "accessTokens": { "graph": "secret:1" }
            })
        );
        assert_eq!((&kept["text"], &kept["summary"]), (&json!("secret:3"), &json!("secret:4")));
        assert_eq!((&kept["name"], &kept["from"]["name"]), (&said["name"], &json!("Ann")));
        let kept = Scrub::new(false).activity(&said);
        assert_eq!(
            (&kept["name"], &kept["from"]),
            (&said["name"], &json!({ "id": "29:a", "name": WORDS }))
        );
        assert_eq!(kept["value"]["deep"][0]["x"], WORDS);
    }
}
