//! Adaptive Cards, as far as a bot's message has to do with them. How a card looks is the business
//! of `argus-cards`.

use serde_json::Value;

use super::{Finding, Rule, Severity, message};

/// For how many people a card refreshes itself (learn.microsoft.com, "Universal Actions").
const MOST_REFRESH: usize = 60;

pub(super) fn check(card: &Value, at: usize, newest: (u32, u32), findings: &mut Vec<Finding>) {
    let place = format!("/attachments/{at}/content");
    version(card, &place, newest, findings);
    refresh(card, &place, findings);
    let mut texts = Vec::new();
    collect(card, &place, &mut texts);
    let entities = card.pointer("/msteams/entities").and_then(Value::as_array);
    let entities = entities.map_or(&[][..], Vec::as_slice);
    message::agree(entities, &format!("{place}/msteams/entities"), &texts, findings);
}

fn version(card: &Value, place: &str, newest: (u32, u32), findings: &mut Vec<Finding>) {
    let found = card.get("version").and_then(Value::as_str);
    let read = |text: &str| -> Option<(u32, u32)> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let (found, advice) = match (found, found.and_then(read)) {
        (_, Some(version)) if version <= newest => return,
        (Some(text), Some(_)) => (
            format!("version {}", text.chars().take(12).collect::<String>()),
            "write the lowest version that has all elements of the card",
        ),
        _ => ("no version".to_owned(), "write the version of the card's elements"),
    };
    findings.push(Finding {
        severity: Severity::Error,
        rule: Rule::CardVersion,
        pointer: format!("{place}/version"),
        found,
        expected: format!("at most {}.{}", newest.0, newest.1),
        advice,
    });
}

fn refresh(card: &Value, place: &str, findings: &mut Vec<Finding>) {
    let users = card.pointer("/refresh/userIds").and_then(Value::as_array);
    let Some(users) = users.filter(|users| users.len() > MOST_REFRESH) else { return };
    findings.push(Finding {
        severity: Severity::Error,
        rule: Rule::RefreshUsers,
        pointer: format!("{place}/refresh/userIds"),
        found: format!("{} people", users.len()),
        expected: format!("at most {MOST_REFRESH}"),
        advice: "name those who have to act, and let the others refresh by hand",
    });
}

/// Every text in which Teams looks for mentions: `text` of blocks and runs, `value` of facts.
fn collect<'a>(value: &'a Value, place: &str, texts: &mut Vec<(String, &'a str)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                // Data for the bot is not shown, and the list of mentions is what is compared.
                if matches!(name.as_str(), "data" | "msteams") {
                    continue;
                }
                let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
                match member {
                    Value::String(text) if matches!(name.as_str(), "text" | "value") => {
                        texts.push((place, text));
                    }
                    other => collect(other, &place, texts),
                }
            }
        }
        Value::Array(entries) => {
            for (at, entry) in entries.iter().enumerate() {
                collect(entry, &format!("{place}/{at}"), texts);
            }
        }
        _ => {}
    }
}
