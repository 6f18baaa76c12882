//! What must not be in a card, because everybody in the conversation can read it.

use super::source::ARGUS;
use super::{On, Rule};
use crate::json::{Kind, Node};
use crate::lint::Severity::Error;
use crate::lint::card::{Card, Object};
use crate::lint::found::Found;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "secret.in.data",
        severity: Error,
        summary: "The data of an action can be read by everybody who sees the card, and comes back \
                  from whoever presses it.",
        help: "Keep the secret in the bot and put a reference into the card.",
        source: ARGUS,
        on: On::Object(&["Action."], in_data),
    },
    Rule {
        id: "secret.in.text",
        severity: Error,
        summary: "A key or token is written into the card.",
        help: "Remove it, and make a new one: this one is known now.",
        source: ARGUS,
        on: On::Card(in_text),
    },
];

fn in_data(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if let Some(data) = object.get("data") {
        search(data, found);
    }
}

fn search(node: &Node<'_>, found: &mut Found) {
    match &node.kind {
        Kind::Object(members) => {
            for member in members {
                let is_text = matches!(&member.value.kind, Kind::String(text) if !text.is_empty());
                if is_text && names_secret(&member.key) {
                    found.at(member.key_at, format!("`{}` sounds like a secret", member.key));
                } else {
                    search(&member.value, found);
                }
            }
        }
        Kind::Array(items) => items.iter().for_each(|item| search(item, found)),
        Kind::String(text) => {
            if let Some(what) = looks_secret(text) {
                found.at(node.at, format!("this looks like {what}"));
            }
        }
        _ => {}
    }
}

/// Whether a name says that its value is a secret. A page token or a token's id is none.
fn names_secret(key: &str) -> bool {
    const NAMES: [&str; 16] = [
        "password",
        "passwd",
        "pwd",
        "secret",
        "clientsecret",
        "apikey",
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "bearertoken",
        "authtoken",
        "privatekey",
        "connectionstring",
        "sharedkey",
        "authorization",
        "token",
    ];
    let plain: String =
        key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    NAMES.contains(&plain.as_str())
}

/// What a text looks like that nobody writes by hand.
fn looks_secret(text: &str) -> Option<&'static str> {
    // Short texts are the rule, and no secret is short.
    if text.len() < 16 {
        return None;
    }
    let begins = |start: &str| {
        text.match_indices(start).any(|(at, _)| {
            let before = text.get(..at).unwrap_or_default().chars().next_back();
            let body = text.get(at + start.len()..).unwrap_or_default();
            let length =
                body.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"_-.".contains(b));
            !before.is_some_and(char::is_alphanumeric) && length.count() >= 16
        })
    };
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY") {
        Some("a private key")
    } else if begins("eyJ") && text.matches('.').count() >= 2 {
        Some("a signed token")
    } else if begins("AKIA") || begins("ASIA") {
        Some("an AWS key")
    } else if begins("ghp_") || begins("github_pat_") || begins("glpat-") || begins("xoxb-") {
        Some("an access token")
    } else if text.contains("AccountKey=") || text.contains("SharedAccessKey=") {
        Some("a connection string")
    } else {
        None
    }
}

fn in_text(card: &Card<'_>, found: &mut Found) {
    for words in &card.words {
        if let Some(what) = looks_secret(words.text) {
            found.at(words.at, format!("this looks like {what}"));
        }
    }
}
