//! The message around the cards.

use serde_json::Value;

use super::{Finding, Rule, Scope, Severity};
use crate::Activity;

pub(super) fn check(scope: Scope, activity: &Activity, findings: &mut Vec<Finding>) {
    if !has_text(activity) && activity.attachments.as_ref().is_none_or(|them| them.is_empty()) {
        findings.push(Finding {
            severity: Severity::Error,
            rule: Rule::Empty,
            pointer: String::new(),
            found: "neither text nor attachments".to_owned(),
            expected: "one of them".to_owned(),
            advice: "say something, or send typing",
        });
    }
    if is_split(activity) {
        findings.push(Finding {
            severity: Severity::Warning,
            rule: Rule::Split,
            pointer: "/attachments".to_owned(),
            found: "text and attachments".to_owned(),
            expected: "one of them".to_owned(),
            advice: "send them apart (`apart`): Teams makes two messages of it and gives no id",
        });
    }
    mentions(activity, findings);
    suggested(scope, activity, findings);
}

/// Whether Teams would make two messages of it.
pub(super) fn is_split(activity: &Activity) -> bool {
    has_text(activity) && activity.attachments.as_ref().is_some_and(|all| !all.is_empty())
}

fn has_text(activity: &Activity) -> bool {
    activity.text.as_deref().is_some_and(|text| !text.is_empty())
}

fn mentions(activity: &Activity, findings: &mut Vec<Finding>) {
    let text = activity.text.as_deref().unwrap_or_default();
    let entities = activity.entities.as_deref().map_or(&[][..], Vec::as_slice);
    // A message that only carries a card has its mentions there.
    if has_text(activity) {
        agree(entities, "/entities", &[("/text".to_owned(), text)], findings);
    }
}

/// Checks that each mention is named in a text, and each name in a text is a mention.
pub(super) fn agree(
    entities: &[Value],
    place: &str,
    texts: &[(String, &str)],
    findings: &mut Vec<Finding>,
) {
    let mut known = Vec::new();
    for (at, entity) in entities.iter().enumerate() {
        if entity.get("type").and_then(Value::as_str) != Some("mention") {
            continue;
        }
        let name = entity.get("text").and_then(Value::as_str).unwrap_or_default();
        known.push(name);
        let is_there = !name.is_empty() && texts.iter().any(|(_, text)| text.contains(name));
        if !is_there {
            findings.push(Finding {
                severity: Severity::Error,
                rule: Rule::Mention,
                pointer: format!("{place}/{at}/text"),
                found: "a mention that no text has".to_owned(),
                expected: "the `<at>…</at>` exactly as it is in the text".to_owned(),
                advice: "write the mention into the text, letter by letter the same",
            });
        }
        if entity.pointer("/mentioned/id").and_then(Value::as_str).is_none_or(str::is_empty) {
            findings.push(Finding {
                severity: Severity::Error,
                rule: Rule::Mention,
                pointer: format!("{place}/{at}/mentioned/id"),
                found: "nobody".to_owned(),
                expected: "the id of who is mentioned".to_owned(),
                advice: "name the account by its `29:` id or object id",
            });
        }
    }
    for (pointer, text) in texts {
        for name in named(text).filter(|name| !known.contains(name)) {
            findings.push(Finding {
                severity: Severity::Error,
                rule: Rule::Mention,
                pointer: pointer.clone(),
                // Not the name itself: findings get into logs.
                found: format!("an `<at>` of {} letters without a mention", name.chars().count()),
                expected: format!("an entity in {place} with the same text"),
                advice: "add the mention, or write the name without `<at>`",
            });
        }
    }
}

/// Each `<at>…</at>` of a text.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("<at>").filter_map(move |(at, _)| {
        let rest = text.get(at..)?;
        let end = rest.find("</at>")? + "</at>".len();
        rest.get(..end)
    })
}

fn suggested(scope: Scope, activity: &Activity, findings: &mut Vec<Finding>) {
    let Some(suggested) = &activity.suggested_actions else { return };
    if scope != Scope::Personal {
        findings.push(Finding {
            severity: Severity::Error,
            rule: Rule::SuggestedActions,
            pointer: "/suggestedActions".to_owned(),
            found: "buttons for a conversation of several".to_owned(),
            expected: "a chat with one person".to_owned(),
            advice: "use a card with buttons",
        });
    }
    let actions = suggested.get("actions").and_then(Value::as_array);
    for (at, action) in actions.into_iter().flatten().enumerate() {
        let kind = action.get("type").and_then(Value::as_str);
        if !matches!(kind, Some("imBack" | "Action.Submit")) {
            findings.push(Finding {
                severity: Severity::Warning,
                rule: Rule::SuggestedActions,
                pointer: format!("/suggestedActions/actions/{at}/type"),
                found: "another kind of button".to_owned(),
                expected: "`imBack` or `Action.Submit`".to_owned(),
                advice: "let the button say its text",
            });
        }
    }
}
