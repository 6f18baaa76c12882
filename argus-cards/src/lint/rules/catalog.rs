//! Types, properties and words of the schema.

use super::source::{ISSUE_9248, MODEL, PARTNERS, SCHEMA};
use super::{On, Rule};
use crate::host::Trait;
use crate::lint::Severity::{Error, Info, Warning};
use crate::lint::card::{Card, Object};
use crate::lint::found::Found;
use crate::model::catalog::{self, PropertyInfo, TypeInfo, ValueKind};
use crate::near::nearest;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "type.unknown",
        severity: Warning,
        summary: "No schema has this type; clients leave it out or show its `fallback`.",
        help: "Use a type that the host knows, or give it a `fallback`.",
        source: SCHEMA,
        on: On::Object(&["*"], type_unknown),
    },
    Rule {
        id: "type.typo",
        severity: Error,
        summary: "The type is misspelled, so the element is left out; large and small letters \
                  count.",
        help: "Write it as the message says.",
        source: SCHEMA,
        on: On::Other,
    },
    Rule {
        id: "type.place",
        severity: Error,
        summary: "This cannot stand here, so clients leave it out.",
        help: "Elements go into `body` and `items`, actions into `actions`, columns into `columns`.",
        source: MODEL,
        on: On::Object(&["*"], type_place),
    },
    Rule {
        id: "type.host",
        severity: Warning,
        summary: "The host does not show this type; without a `fallback` something is missing.",
        help: "Give it a `fallback`.",
        source: PARTNERS,
        on: On::Object(&["*"], type_host),
    },
    Rule {
        id: "ext.fallback",
        severity: Info,
        summary: "Elements that only Teams has broke whole cards in 2025 where a client did not \
                  know them.",
        help: "Give it a `fallback`, or `\"fallback\": \"drop\"`.",
        source: ISSUE_9248,
        on: On::Object(&["*"], ext_fallback),
    },
    Rule {
        id: "version.gate",
        severity: Info,
        summary: "The card says that it needs an older version of the schema than it does: clients \
                  of that version leave this out.",
        help: "Raise `version` as far as the host allows.",
        source: SCHEMA,
        on: On::Object(&["*"], version_gate),
    },
    Rule {
        id: "property.unknown",
        severity: Info,
        summary: "The type has no such property; it does nothing.",
        help: "Remove it.",
        source: MODEL,
        on: On::Object(&["*"], property_unknown),
    },
    Rule {
        id: "property.typo",
        severity: Warning,
        summary: "The property is misspelled and does nothing.",
        help: "Write it as the message says.",
        source: MODEL,
        on: On::Other,
    },
    Rule {
        id: "property.required",
        severity: Error,
        summary: "A picture or medium without an address is not shown.",
        help: "Add `url`.",
        source: MODEL,
        on: On::Object(&["*"], property_required),
    },
    Rule {
        id: "property.missing",
        severity: Warning,
        summary: "The schema asks for this property; without it there is nothing to see.",
        help: "Add it.",
        source: MODEL,
        on: On::Other,
    },
];

fn at(object: &Object<'_>, key: &str) -> usize {
    object.get(key).map_or(object.at, |node| node.at)
}

/// The `type` as it is written, if it is.
fn written<'t>(card: &Card<'t>, object: &Object<'t>) -> Option<&'t str> {
    card.text(object, "type").filter(|_| !NO_TYPES.contains(&object.key))
}

/// Places where `type` says something else.
const NO_TYPES: [&str; 3] = ["buttons", "entities", "msteams"];

fn type_unknown(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(name) = written(card, object).filter(|_| object.info.is_none()) else { return };
    let own = card.host.own_types.contains(&name) || name == "Component";
    if own || object.up.is_none() {
        return;
    }
    let names = catalog::types().iter().filter_map(|info| info.tag());
    match nearest(name, names) {
        Some(meant) => {
            found.say("type.typo", at(object, "type"), format!("`{name}` should be `{meant}`"));
        }
        None if !object.has("fallback") => {
            found.at(at(object, "type"), format!("no schema has the type `{name}`"));
        }
        None => {}
    }
}

fn type_place(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let (Some(info), Some(name)) = (object.info, written(card, object)) else { return };
    let Some(property) = object.place else { return };
    // What a selectAction, a menu and a carousel cannot hold has rules of its own.
    let told = ["selectAction", "inlineAction", "menuActions", "pages", "action", "fallback"];
    let around = card.up(object).map_or("", |around| around.kind);
    if told.contains(&object.key) || ["Carousel", "CarouselPage"].contains(&around) {
        return;
    }
    let is_action = name.starts_with("Action.");
    let mut any = false;
    // Clients show what is an element wherever elements stand, and so for actions.
    let fits = holds(property.value(), &mut |known| {
        any = true;
        let as_action = known.tag().is_some_and(|tag| tag.starts_with("Action."));
        known.tag() == info.tag()
            || (as_action == is_action && is_element(known) && is_element(info))
    });
    if any && !fits {
        found.at(object.at, format!("{name} cannot stand in `{}`", object.key));
    }
}

/// Whether a type is an element or an action, and no part of one.
fn is_element(info: &TypeInfo) -> bool {
    info.property("fallback").is_some()
        && !["Column", "TableRow", "TableCell", "CarouselPage"].contains(&info.name())
}

/// Whether a property may hold an object of some type.
fn holds(kind: ValueKind, fits: &mut dyn FnMut(&'static TypeInfo) -> bool) -> bool {
    match kind {
        ValueKind::Object(info) => fits(info.get()),
        ValueKind::Union(union) => union.types().iter().any(|info| fits(info.get())),
        ValueKind::List(item) => holds(*item, fits),
        ValueKind::OneOf(kinds) => kinds.iter().any(|kind| holds(*kind, fits)),
        _ => false,
    }
}

fn has_fallback(card: &Card<'_>, object: &Object<'_>) -> bool {
    object.has("fallback") || card.around(object).any(|around| around.has("fallback"))
}

fn type_host(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(info) = object.info.filter(|_| written(card, object).is_some()) else { return };
    // What a host refuses has a rule that says what to use instead.
    let refused = card.host.refused.iter().any(|refused| refused.kind == info.name());
    if !refused && !card.host.shows(info) && !has_fallback(card, object) {
        found.at(object.at, format!("{} does not show {}", card.host.title, info.name()));
    }
}

fn ext_fallback(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(info) = object.info else { return };
    let told = ["CodeBlock"].contains(&info.name()) || info.name().starts_with("Chart.");
    let extension = info.is_teams_only() && is_element(info) && !told;
    if extension && card.host.has(Trait::TeamsElements) && !has_fallback(card, object) {
        found.at(object.at, format!("{} has no `fallback`", info.name()));
    }
}

fn version_gate(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let (Some(info), Some(declared)) = (object.info, card.version) else { return };
    // What stands in something new is as new, and has been told with it.
    let newer = |object: &Object<'_>| {
        object.info.and_then(TypeInfo::since).is_some_and(|since| since > declared)
    };
    if card.around(object).any(newer) {
        return;
    }
    // Action.Execute and refresh have a rule of their own.
    let told = |name: &str| ["Action.Execute", "refresh"].contains(&name);
    if let Some(since) = info.since().filter(|since| *since > declared)
        && since <= card.host.version
        && !told(info.name())
        && !has_fallback(card, object)
    {
        found.at(object.at, format!("{} exists since {since}", info.name()));
        return;
    }
    for (member, property) in card.properties(object) {
        let Some(property) = property else { continue };
        if let Some(since) = property.since().filter(|since| *since > declared)
            && since <= card.host.version
            && !told(&member.key)
        {
            found.at(member.key_at, format!("`{}` exists since {since}", member.key));
        }
    }
}

/// Keys that mean nothing to a client on purpose, or belong to the template.
pub(super) fn is_foreign(key: &str) -> bool {
    key.starts_with(['$', '_', '/', '#', '@'])
        || key.contains(':')
        || key == "type"
        || key == "comment"
}

fn property_unknown(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(info) = object.info else { return };
    let unknown = card.properties(object).filter(|(_, property)| property.is_none());
    for (member, _) in unknown.filter(|(member, _)| !is_foreign(&member.key)) {
        let known = info.properties().any(|property| property.alias() == Some(&member.key));
        // A host has properties of its own on what it hosts.
        let own = ["msteams", "msTeams", "originator", "hideOriginalBody", "correlationId"];
        if known || own.contains(&&*member.key) || member.key.contains("${") {
            continue;
        }
        let names = info.properties().map(PropertyInfo::key);
        let meant = nearest(&member.key, names).filter(|name| !object.has(name));
        if let Some(meant) = meant {
            let message = format!("`{}` should be `{meant}`", member.key);
            found.say("property.typo", member.key_at, message);
        } else {
            let kind = if object.kind.is_empty() { info.name() } else { object.kind };
            found.at(member.key_at, format!("{kind} has no property `{}`", member.key));
        }
    }
}

fn property_required(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(info) = object.info.filter(|_| !object.has("$ref")) else { return };
    for property in info.properties().filter(|property| property.is_required()) {
        let key = property.key();
        // An empty list is what a list that is missing shows.
        let told = matches!(property.value(), ValueKind::List(_)) || has_own_rule(object, key);
        if told || object.has(key) || property.alias().is_some_and(|alias| object.has(alias)) {
            continue;
        }
        let picture =
            matches!(property.value(), ValueKind::Url) && object.kind != "BackgroundImage";
        let rule = if picture { "property.required" } else { "property.missing" };
        found.say(rule, object.at, format!("`{key}` is missing"));
    }
}

/// Properties whose absence another rule speaks of, and in better words.
fn has_own_rule(object: &Object<'_>, key: &str) -> bool {
    matches!(
        (object.kind, key),
        ("AdaptiveCard", "body" | "version")
            | ("Action.OpenUrl" | "Action.OpenUrlDialog", "url")
            | ("Action.ShowCard", "card")
            | ("Action.ToggleVisibility", "targetElements")
            | ("Data.Query", "dataset")
            | ("Refresh", "action")
            | ("Authentication", "buttons")
            | ("Media", "sources")
            | ("Carousel", "pages")
            | ("Icon" | "IconRun", "name")
            | ("AuthCardButton" | "signin", "value")
            | ("mention" | "Mention" | "MentionedEntity", "id" | "name" | "mentioned" | "text")
    ) || (object.kind.starts_with("Input.") && key == "id")
}
