//! What makes a card a card.

use super::source::{ARGUS, CARDS_REFERENCE, FORMAT_CARDS, MODEL, RENDERER, SCHEMA};
use super::{On, Rule};
use crate::host;
use crate::json::{Kind, Node};
use crate::lint::Severity::{Error, Info, Warning};
use crate::lint::card::{Card, Object, text};
use crate::lint::found::Found;

/// Teams' and our own cards stay below ten; a renderer of some client gives up before this.
const MAX_DEPTH: usize = 32;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "json.syntax",
        severity: Error,
        summary: "The file is not JSON.",
        help: "Correct it at this place; an editor that knows JSON marks the same.",
        source: SCHEMA,
        on: On::Other,
    },
    Rule {
        id: "json.twice",
        severity: Warning,
        summary: "A property is written twice; the last one wins and the other is lost.",
        help: "Keep one of the two.",
        source: ARGUS,
        on: On::Other,
    },
    Rule {
        id: "type.missing",
        severity: Error,
        summary: "The outermost object is not an Adaptive Card.",
        help: "Begin with `\"type\": \"AdaptiveCard\"`.",
        source: SCHEMA,
        on: On::Card(type_missing),
    },
    Rule {
        id: "version.missing",
        severity: Error,
        summary: "A card must say which version of the schema it needs.",
        help: "Add `\"version\": \"1.5\"`.",
        source: SCHEMA,
        on: On::Card(version_missing),
    },
    Rule {
        id: "version.form",
        severity: Error,
        summary: "A version is a text of two numbers, like `1.5`.",
        help: "Write it as a text: `\"version\": \"1.5\"`.",
        source: SCHEMA,
        on: On::Card(version_form),
    },
    Rule {
        id: "version.max",
        severity: Error,
        summary: "The host does not show cards of so new a version: people see an empty card, or \
                  that it cannot be shown.",
        help: "Lower `version`. Teams' own elements (Badge, Icon, charts) work at 1.5.",
        source: CARDS_REFERENCE,
        on: On::Card(version_max),
    },
    Rule {
        id: "element.type",
        severity: Error,
        summary: "An element or action without `type` is not shown.",
        help: "Say what it is, like `\"type\": \"TextBlock\"`.",
        source: SCHEMA,
        on: On::Object(&[""], element_type),
    },
    Rule {
        id: "card.empty",
        severity: Warning,
        summary: "The card has neither a body nor actions, so it shows nothing.",
        help: "Put something into `body`.",
        source: ARGUS,
        on: On::Card(card_empty),
    },
    Rule {
        id: "fallback.text",
        severity: Info,
        summary: "Notifications and clients that do not know the version have nothing to show.",
        help: "Add `fallbackText`: the card in one sentence.",
        source: SCHEMA,
        on: On::Card(fallback_text),
    },
    Rule {
        id: "fallback.form",
        severity: Error,
        summary: "`fallback` is an element (for an action, an action) or the word `drop`.",
        help: "Write `\"fallback\": \"drop\"`, or an element.",
        source: SCHEMA,
        on: On::Object(&["*"], fallback_form),
    },
    Rule {
        id: "requires.form",
        severity: Warning,
        summary: "`requires` names features with their lowest version.",
        help: "Write it like `\"requires\": { \"adaptiveCards\": \"1.5\" }`.",
        source: SCHEMA,
        on: On::Object(&["*"], requires_form),
    },
    Rule {
        id: "dup.id",
        severity: Error,
        summary: "Two elements have the same id: of two inputs one answer is lost, and a toggle \
                  finds the first.",
        help: "Give each its own `id`, also across Action.ShowCard.",
        source: RENDERER,
        on: On::Card(dup_id),
    },
    Rule {
        id: "nest.depth",
        severity: Error,
        summary: "Elements nest too deeply to be shown.",
        help: "Flatten it: few layouts need more than eight levels.",
        source: ARGUS,
        on: On::Card(nest_depth),
    },
    Rule {
        id: "visible.never",
        severity: Warning,
        summary: "The element is hidden and nothing in the card can show it.",
        help: "Name it in an Action.ToggleVisibility, or leave it out with `$when`.",
        source: ARGUS,
        on: On::Card(visible_never),
    },
    Rule {
        id: "msteams.place",
        severity: Warning,
        summary: "`msteams` means something on the card, on a picture and on an action only.",
        help: "Move it to the card.",
        source: MODEL,
        on: On::Object(&["*"], msteams_place),
    },
    Rule {
        id: "width.full",
        severity: Warning,
        summary: "The only width that Teams knows is `full`.",
        help: "Write `\"msteams\": { \"width\": \"full\" }`, and look at it in a narrow window too.",
        source: FORMAT_CARDS,
        on: On::Object(&["TeamsCardProperties"], width_full),
    },
];

/// The outermost card: of a message, each that is attached.
fn cards<'a, 't>(card: &'a Card<'t>) -> impl Iterator<Item = &'a Object<'t>> {
    card.objects.iter().filter(|object| object.up.is_none())
}

fn type_missing(card: &Card<'_>, found: &mut Found) {
    let open = text(card.root).is_some_and(|text| card.is_open_text(text));
    if !matches!(card.root.kind, Kind::Object(_)) && !open {
        found.at(card.root.at, "there is no object here, so there is no card");
        return;
    }
    for root in cards(card) {
        match root.get("type") {
            None => found.at(root.at, "`type` is missing; it must be `AdaptiveCard`"),
            Some(node) => match text(node) {
                Some("AdaptiveCard") => {}
                Some(open) if card.is_open_text(open) => {}
                Some(other) => found.at(node.at, format!("`{other}` is not `AdaptiveCard`")),
                None => found.at(node.at, "`type` must be the text `AdaptiveCard`"),
            },
        }
    }
}

/// Whether the outermost object means to be a card at all.
fn is_card(root: &Object<'_>) -> bool {
    root.kind == "AdaptiveCard"
}

fn version_missing(card: &Card<'_>, found: &mut Found) {
    for root in cards(card).filter(|root| is_card(root) && !root.has("version")) {
        found.at(root.at, "`version` is missing");
    }
}

fn version_form(card: &Card<'_>, found: &mut Found) {
    for node in cards(card).filter_map(|root| root.get("version")) {
        match text(node) {
            Some(open) if card.is_open_text(open) => {}
            Some(version) if host::read_version(version).is_some() => {}
            Some(other) => found.at(node.at, format!("`{other}` is not a version")),
            None => found.at(node.at, "the version must be a text"),
        }
    }
}

fn version_max(card: &Card<'_>, found: &mut Found) {
    for object in card.of_kind("AdaptiveCard") {
        let Some(node) = object.get("version") else { continue };
        let Some(version) = text(node).and_then(host::read_version) else { continue };
        if version > card.host.version {
            let (title, newest) = (card.host.title, card.host.version);
            found.at(
                node.at,
                format!("{title} shows cards up to {newest}; this one needs {version}"),
            );
        }
    }
}

fn element_type(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    const TYPED: [&str; 9] = [
        "body",
        "items",
        "inlines",
        "actions",
        "menuActions",
        "selectAction",
        "inlineAction",
        "action",
        "content",
    ];
    if TYPED.contains(&object.key) && !object.has("type") && !object.has("$ref") {
        found.at(object.at, format!("this object in `{}` has no `type`", object.key));
    }
}

fn card_empty(card: &Card<'_>, found: &mut Found) {
    let is_empty = |node: Option<&Node<'_>>| match node.map(|node| &node.kind) {
        None => true,
        Some(Kind::Array(items)) => items.is_empty(),
        Some(_) => false,
    };
    for root in cards(card).filter(|root| is_card(root)) {
        if is_empty(root.get("body"))
            && is_empty(root.get("actions"))
            && !root.has("authentication")
        {
            found.at(root.at, "there is nothing in this card");
        }
    }
}

fn fallback_text(card: &Card<'_>, found: &mut Found) {
    for root in cards(card).filter(|root| is_card(root) && !root.has("fallbackText")) {
        found.at(root.at, "`fallbackText` is missing");
    }
}

fn fallback_form(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(node) = object.get("fallback") else { return };
    match &node.kind {
        Kind::String(word) if word.eq_ignore_ascii_case("drop") || card.is_open_text(word) => {}
        Kind::Object(members) => {
            let kind = members.iter().find(|member| member.key == "type");
            let Some(kind) = kind.and_then(|member| text(&member.value)) else { return };
            if object.kind.starts_with("Action.") && !kind.starts_with("Action.") {
                found.at(node.at, format!("an action cannot fall back to `{kind}`"));
            }
        }
        _ => found.at(node.at, "this is neither an element nor `drop`"),
    }
}

fn requires_form(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(node) = object.get("requires") else { return };
    let Kind::Object(members) = &node.kind else {
        found.at(node.at, "`requires` must be an object");
        return;
    };
    for member in members {
        let fits = text(&member.value).is_some_and(|version| {
            version == "*" || card.is_open_text(version) || host::read_version(version).is_some()
        });
        if !fits {
            found.at(member.value.at, "this must be a version like `1.2`, or `*`");
        }
    }
}

fn dup_id(card: &Card<'_>, found: &mut Found) {
    let mut seen: Vec<(&str, &Object<'_>)> = Vec::new();
    for object in &card.objects {
        // An element and what stands in for it are never shown together.
        let stands_in =
            object.key == "fallback" || card.around(object).any(|around| around.key == "fallback");
        let is_part =
            !object.kind.is_empty() && !["TargetElement", "MentionedEntity"].contains(&object.kind);
        if stands_in || !is_part {
            continue;
        }
        let Some(id) = card.text(object, "id").filter(|id| !id.is_empty()) else { continue };
        let at = object.get("id").map_or(object.at, |node| node.at);
        if seen.iter().any(|(other, _)| *other == id) {
            if !is_alternative(card, object) {
                found.at(at, format!("`{id}` is already the id of another element"));
            }
        } else {
            seen.push((id, object));
        }
    }
}

/// Whether `$when` decides about the element: of two with one id, the other may be left out.
fn is_alternative<'t>(card: &Card<'t>, object: &Object<'t>) -> bool {
    object.has("$when") || card.around(object).any(|around| around.has("$when"))
}

fn nest_depth(card: &Card<'_>, found: &mut Found) {
    let (depth, at) = card.deepest;
    if depth > MAX_DEPTH {
        found.at(at, format!("this is {depth} levels deep; {MAX_DEPTH} are the most"));
    }
}

fn visible_never(card: &Card<'_>, found: &mut Found) {
    let hidden = |object: &&Object<'_>| {
        object.key != "targetElements" && object.flag("isVisible") == Some(false)
    };
    for object in card.objects.iter().filter(hidden) {
        let Some(member) = object.member("isVisible") else { continue };
        let Some(id) = object.get("id") else {
            found.at(member.value.at, "it has no id that a toggle could name");
            continue;
        };
        let Some(id) = text(id).filter(|id| !card.is_open_text(id)) else { continue };
        if !super::action::toggles(card).any(|target| target.id.is_none_or(|other| other == id)) {
            found.at(member.value.at, format!("no toggle names `{id}`"));
        }
    }
}

fn msteams_place(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(member) = object.member("msteams") else { return };
    let known = ["AdaptiveCard", "Image", "MentionedEntity", ""].contains(&object.kind);
    if !known && !object.kind.starts_with("Action.") {
        found.at(member.key_at, format!("`msteams` does nothing in a {}", object.kind));
    }
}

fn width_full(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(node) = object.get("width") else { return };
    match text(node) {
        Some(word) if word.eq_ignore_ascii_case("full") || card.is_open_text(word) => {}
        _ => found.at(node.at, "this width is not `full`, so it does nothing"),
    }
}
