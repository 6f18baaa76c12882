//! A firewall's block list, in the shape that docs/playbooks.md has.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::answer::{Answer, Ask};

/// What is blocked, and what was said about it.
#[derive(Debug, Default)]
pub struct Firewall {
    blocked: BTreeMap<String, Value>,
}

/// The name of the operation that a request asks for, for fault scripts.
pub(crate) fn operation(ask: &Ask) -> Option<&'static str> {
    let (method, path) = ask.route();
    match (method, path.as_slice()) {
        ("GET", ["blocklist", _]) => Some("look"),
        ("PUT", ["blocklist", _]) => Some("block"),
        ("DELETE", ["blocklist", _]) => Some("unblock"),
        _ => None,
    }
}

impl Firewall {
    /// The addresses that are blocked.
    pub fn blocked(&self) -> Vec<&str> {
        self.blocked.keys().map(String::as_str).collect()
    }

    /// Answers a request that carries the token.
    pub(crate) fn answer(&mut self, ask: &Ask) -> Answer {
        let address = ask.path.get(1).cloned().unwrap_or_default();
        match operation(ask) {
            Some("look") => match self.blocked.get(&address) {
                Some(entry) => Answer::json(200, entry.clone()),
                None => Answer::empty(404),
            },
            Some("block") => {
                let known = self.blocked.insert(address.clone(), ask.json().unwrap_or_default());
                let answer = Answer::empty(204);
                // A state that stands already is no new effect.
                if known.is_some() { answer } else { answer.effect("block", address) }
            }
            _ => match self.blocked.remove(&address) {
                Some(_) => Answer::empty(204).effect("unblock", address),
                None => Answer::empty(404),
            },
        }
    }
}
