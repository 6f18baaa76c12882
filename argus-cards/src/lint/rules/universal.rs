//! What comes back to the bot without a message: Action.Execute, refreshing, signing in.

use super::source::{ARGUS, MODEL, UNIVERSAL, USER_VIEWS};
use super::{On, Rule};
use crate::json::Kind;
use crate::lint::Severity::{Error, Info, Warning};
use crate::lint::card::{Card, Object, text};
use crate::lint::found::Found;
use crate::model::Version;

fn at(object: &Object<'_>, key: &str) -> usize {
    object.get(key).map_or(object.at, |node| node.at)
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "execute.version",
        severity: Error,
        summary: "Action.Execute and `refresh` exist since 1.4; in an older card they may not work.",
        help: "Set `version` to 1.4 or 1.5.",
        source: UNIVERSAL,
        on: On::Card(execute_version),
    },
    Rule {
        id: "execute.fallback",
        severity: Info,
        summary: "Clients that do not know Action.Execute show nothing in its place.",
        help: "Give it an Action.Submit as `fallback`, in an ActionSet.",
        source: UNIVERSAL,
        on: On::Object(&["Action.Execute"], execute_fallback),
    },
    Rule {
        id: "execute.verb",
        severity: Warning,
        summary: "Without a verb the bot cannot tell which button was pressed.",
        help: "Set `verb`.",
        source: UNIVERSAL,
        on: On::Object(&["Action.Execute"], execute_verb),
    },
    Rule {
        id: "verb.unknown",
        severity: Error,
        summary: "The bot has no action of that name, or the template is not the one to name it.",
        help: "Take the verb from the data that the bot hands to the template.",
        source: ARGUS,
        on: On::Object(&["Action.Execute", "Action.Submit"], verb_unknown),
    },
    Rule {
        id: "refresh.action",
        severity: Error,
        summary: "A card is refreshed by an Action.Execute and by nothing else.",
        help: "Set `refresh.action` to an Action.Execute with a verb.",
        source: UNIVERSAL,
        on: On::Object(&["Refresh"], refresh_action),
    },
    Rule {
        id: "refresh.userIds.max",
        severity: Error,
        summary: "A card refreshes by itself for at most 60 people.",
        help: "List those who need their own view; the others press Refresh.",
        source: USER_VIEWS,
        on: On::Object(&["Refresh"], refresh_max),
    },
    Rule {
        id: "refresh.users",
        severity: Info,
        summary: "Without `userIds`, a card refreshes by itself only in conversations of up to 60 \
                  people.",
        help: "Set `refresh.userIds`.",
        source: USER_VIEWS,
        on: On::Object(&["Refresh"], refresh_users),
    },
    Rule {
        id: "refresh.expires",
        severity: Warning,
        summary: "`expires` is a time by RFC 3339.",
        help: "Write it like `2026-01-31T12:00:00Z`.",
        source: UNIVERSAL,
        on: On::Object(&["Refresh"], refresh_expires),
    },
    Rule {
        id: "auth.buttons",
        severity: Error,
        summary: "`authentication` takes exactly one button, of type `signin`.",
        help: "Keep one button with `\"type\": \"signin\"`.",
        source: MODEL,
        on: On::Object(&["Authentication"], auth_buttons),
    },
];

fn execute_version(card: &Card<'_>, found: &mut Found) {
    if card.version.is_none_or(|version| version >= Version::new(1, 4)) {
        return;
    }
    for object in card.of_kind("Action.Execute").filter(|object| object.key != "fallback") {
        found.at(object.at, "Action.Execute needs version 1.4");
    }
    for root in card.of_kind("AdaptiveCard") {
        if let Some(member) = root.member("refresh") {
            found.at(member.key_at, "`refresh` needs version 1.4");
        }
    }
}

fn execute_fallback(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let is_button = ["actions", "inlineAction"].contains(&object.key);
    if is_button && !object.has("fallback") {
        found.at(object.at, "this action has no `fallback`");
    }
}

fn execute_verb(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if !object.has("verb") {
        found.at(object.at, "`verb` is missing");
    }
}

/// A verb that a template names must be one of the bot's; one that comes out of the data is the
/// bot's own.
fn verb_unknown(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(verbs) = &card.linter.verbs else { return };
    let Some(node) = object.get("verb") else {
        found.at(object.at, "an action without a verb is none of the bot's");
        return;
    };
    match text(node) {
        Some(verb) if card.template && is_one_expression(verb) => {}
        Some(verb) if verbs.iter().any(|known| known == verb) => {}
        Some(verb) => found.at(node.at, format!("`{verb}` is no action of the bot")),
        None => found.at(node.at, "a verb is a text"),
    }
}

/// Whether a text is one expression and nothing else, so that the value is what the data says. An
/// expression that makes up a text of its own is no better than a text.
fn is_one_expression(text: &str) -> bool {
    let inside = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    inside.is_some_and(|inside| inside.chars().all(|c| c.is_alphanumeric() || "$._[] ".contains(c)))
}

fn refresh_action(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(node) = object.get("action") else {
        found.at(object.at, "`refresh.action` is missing");
        return;
    };
    let kind = match &node.kind {
        Kind::Object(members) => {
            members.iter().find(|member| member.key == "type").and_then(|m| text(&m.value))
        }
        _ => text(node),
    };
    if kind.is_none_or(|kind| kind != "Action.Execute" && !card.is_open_text(kind)) {
        found.at(node.at, "this is not an Action.Execute");
    }
}

fn refresh_max(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let count = object.list("userIds").len();
    if let Some(most) = card.host.refresh_users.filter(|most| count > *most) {
        found.at(at(object, "userIds"), format!("{count} people; {most} are the most"));
    }
}

fn refresh_users(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if card.host.refresh_users.is_some() && !object.has("userIds") {
        found.at(object.at, "`userIds` is missing");
    }
}

fn refresh_expires(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let expires = card.text(object, "expires");
    if expires.is_some_and(|time| time.parse::<jiff::Timestamp>().is_err()) {
        found.at(at(object, "expires"), "this is not a time");
    }
}

fn auth_buttons(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(node) = object.get("buttons") else {
        found.at(object.at, "`buttons` is missing");
        return;
    };
    let Kind::Array(buttons) = &node.kind else { return };
    if buttons.len() != 1 {
        found.at(node.at, format!("{} buttons", buttons.len()));
    }
    for button in buttons {
        let Kind::Object(members) = &button.kind else { continue };
        let kind = members.iter().find(|member| member.key == "type").map(|m| &m.value);
        let signin = kind
            .and_then(text)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("signin") || card.is_open_text(kind));
        if !signin {
            found.at(kind.map_or(button.at, |kind| kind.at), "this is not of type `signin`");
        }
    }
}
