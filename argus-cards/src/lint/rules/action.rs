//! Buttons and what happens when something is pressed.

use super::source::{
    ARGUS, CARDS_REFERENCE, FORMAT_CARDS, HOST_CONFIG, MODEL, PARTNERS, UNIVERSAL, WHAT_ARE_CARDS,
};
use super::{On, Rule};
use crate::host::Trait;
use crate::json::{Kind, Node};
use crate::lint::Severity::{Error, Info, Warning};
use crate::lint::card::{Card, Object, text};
use crate::lint::found::Found;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "host.type",
        severity: Error,
        summary: "The host does not take this type.",
        help: "Use what the message names.",
        source: PARTNERS,
        on: On::Object(&["*"], refused),
    },
    Rule {
        id: "webhook.submit",
        severity: Error,
        summary: "A card of an Incoming Webhook can have every action but Action.Submit.",
        help: "Use Action.OpenUrl, or send the card with a bot.",
        source: WHAT_ARE_CARDS,
        on: On::Other,
    },
    Rule {
        id: "actions.max",
        severity: Warning,
        summary: "Teams shows six buttons; the others go into a menu.",
        help: "Keep six, or set `\"mode\": \"secondary\"` on those that may hide.",
        source: HOST_CONFIG,
        on: On::Object(&["AdaptiveCard", "ActionSet"], actions_max),
    },
    Rule {
        id: "action.style",
        severity: Info,
        summary: "An older page of Teams says that `positive` and `destructive` are not shown.",
        help: "Say it in the title too.",
        source: CARDS_REFERENCE,
        on: On::Object(&["Action."], action_style),
    },
    Rule {
        id: "action.title",
        severity: Warning,
        summary: "A button without title is an empty button, and says nothing to who cannot see it.",
        help: "Set `title`; with `iconUrl`, a `tooltip` may say it.",
        source: ARGUS,
        on: On::Object(&["Action."], action_title),
    },
    Rule {
        id: "selectAction.title",
        severity: Info,
        summary: "What is pressed without a button is announced by the title of its action.",
        help: "Set `title` or `tooltip` of the `selectAction`.",
        source: ARGUS,
        on: On::Object(&["Action."], select_title),
    },
    Rule {
        id: "selectAction.showcard",
        severity: Error,
        summary: "Action.ShowCard works as a button only.",
        help: "Use Action.ToggleVisibility, or put the ShowCard into `actions`.",
        source: MODEL,
        on: On::Object(&["Action.ShowCard"], select_showcard),
    },
    Rule {
        id: "menuActions.types",
        severity: Error,
        summary: "A menu cannot hold Action.ShowCard and Action.Popover.",
        help: "Make it a button of its own.",
        source: MODEL,
        on: On::Object(&["Action.ShowCard", "Action.Popover"], menu_types),
    },
    Rule {
        id: "showcard.card",
        severity: Error,
        summary: "Action.ShowCard has nothing to show.",
        help: "Set `card` to an AdaptiveCard.",
        source: MODEL,
        on: On::Object(&["Action.ShowCard"], showcard_card),
    },
    Rule {
        id: "openurl.url",
        severity: Error,
        summary: "Action.OpenUrl leads nowhere.",
        help: "Set `url`.",
        source: MODEL,
        on: On::Object(&["Action.OpenUrl", "Action.OpenUrlDialog"], openurl_url),
    },
    Rule {
        id: "toggle.target",
        severity: Error,
        summary: "The action or label names an element that is not in the card.",
        help: "Correct the id, or give the element that id.",
        source: ARGUS,
        on: On::Card(toggle_target),
    },
    Rule {
        id: "toggle.empty",
        severity: Warning,
        summary: "Action.ToggleVisibility without targets does nothing.",
        help: "Name the elements in `targetElements`.",
        source: MODEL,
        on: On::Object(&["Action.ToggleVisibility"], toggle_empty),
    },
    Rule {
        id: "conditionallyEnabled",
        severity: Warning,
        summary: "`conditionallyEnabled` waits for required inputs; it works on Action.Submit and \
                  Action.Execute, in a card that has such an input.",
        help: "Set `isRequired` on an input, or remove it.",
        source: WHAT_ARE_CARDS,
        on: On::Object(&["Action."], conditionally),
    },
    Rule {
        id: "submit.msteams",
        severity: Error,
        summary: "`msteams` in the data of an Action.Submit has a type that Teams knows, and that \
                  type's value.",
        help: "imBack, signin and invoke need `value`; messageBack needs `text`; task/fetch nothing.",
        source: FORMAT_CARDS,
        on: On::Object(&["Action.Submit"], submit_msteams),
    },
    Rule {
        id: "submit.data",
        severity: Warning,
        summary: "Inputs are added to `data` if it is an object; a text in its place is lost or \
                  refused.",
        help: "Make `data` an object.",
        source: UNIVERSAL,
        on: On::Object(&["Action.Submit", "Action.Execute"], submit_data),
    },
];

fn at(object: &Object<'_>, key: &str) -> usize {
    object.get(key).map_or(object.at, |node| node.at)
}

fn refused(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    for refused in card.host.refused.iter().filter(|refused| refused.kind == object.kind) {
        found.say(refused.rule, object.at, format!("{}: {}", object.kind, refused.why));
    }
}

fn actions_max(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(most) = card.host.actions else { return };
    let is_primary = |node: &&Node<'_>| match &node.kind {
        Kind::Object(members) => !members.iter().any(|member| {
            let secondary =
                text(&member.value).is_some_and(|m| m.eq_ignore_ascii_case("secondary"));
            // Of buttons with a condition nobody knows how many there will be.
            member.key == "$when" || (member.key == "mode" && secondary)
        }),
        _ => true,
    };
    let primary: Vec<_> = object.list("actions").iter().filter(is_primary).collect();
    if let Some(first) = primary.get(most) {
        found.at(first.at, format!("this is button {} of {}", most + 1, primary.len()));
    }
}

fn action_style(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(style) = card.text(object, "style").filter(|_| card.host.has(Trait::Mentions)) else {
        return;
    };
    if ["positive", "destructive"].iter().any(|word| style.eq_ignore_ascii_case(word)) {
        found.at(at(object, "style"), format!("`{style}` may look like any other button"));
    }
}

fn action_title(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let is_button = ["actions", "menuActions"].contains(&object.key);
    let named = object.has("title") || (object.has("iconUrl") && object.has("tooltip"));
    let empty = object.get("title").and_then(text).is_some_and(|title| title.trim().is_empty());
    if is_button && (!named || (empty && !object.has("iconUrl"))) {
        found.at(object.at, "this button has no `title`");
    }
}

fn select_title(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if object.key == "selectAction" && !object.has("title") && !object.has("tooltip") {
        found.at(object.at, "this action has neither `title` nor `tooltip`");
    }
}

fn select_showcard(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if ["selectAction", "inlineAction"].contains(&object.key) {
        found.at(object.at, format!("`{}` cannot show a card", object.key));
    }
}

fn menu_types(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if object.key == "menuActions" {
        found.at(object.at, format!("{} cannot stand in a menu", object.kind));
    }
}

fn showcard_card(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if !object.has("card") && !object.has("$ref") {
        found.at(object.at, "`card` is missing");
    }
}

fn openurl_url(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    match object.get("url") {
        None => found.at(object.at, "`url` is missing"),
        Some(node) if text(node).is_some_and(|url| url.trim().is_empty()) => {
            found.at(node.at, "this `url` is empty");
        }
        Some(_) => {}
    }
}

/// Something that names an element by its id.
pub(super) struct Target<'t> {
    /// The id, if it is written out.
    pub(super) id: Option<&'t str>,
    pub(super) at: usize,
}

/// What the toggles of a card name.
pub(super) fn toggles<'a, 't>(card: &'a Card<'t>) -> impl Iterator<Item = Target<'t>> + 'a {
    card.of_kind("Action.ToggleVisibility").flat_map(move |object| {
        let whole = object.get("targetElements").filter(|node| text(node).is_some());
        let whole = whole.map(|node| Target { id: None, at: node.at });
        let one = move |node: &'t Node<'t>| {
            let id = match &node.kind {
                Kind::Object(members) => members.iter().find(|member| member.key == "elementId"),
                _ => None,
            };
            let id = id.map_or(node, |member| &member.value);
            let written = text(id).filter(|id| !card.is_open_text(id));
            Target { id: written, at: id.at }
        };
        whole.into_iter().chain(object.list("targetElements").iter().map(one))
    })
}

fn toggle_target(card: &Card<'_>, found: &mut Found) {
    let mut ids: Vec<&str> = Vec::new();
    for object in &card.objects {
        match object.get("id").and_then(text) {
            // Some id comes out of data, so any may be there.
            Some(id) if card.is_open_text(id) => return,
            Some(id) => ids.push(id),
            None => {}
        }
        if object.has("$ref") {
            return;
        }
    }
    let mut named: Vec<Target<'_>> = toggles(card).collect();
    for (kind, key) in [("TextBlock", "labelFor"), ("RichTextBlock", "labelFor")] {
        let labels = card.of_kind(kind).filter_map(|object| object.get(key));
        named.extend(labels.map(|node| Target { id: text(node), at: node.at }));
    }
    for object in card.of_kind("Action.ResetInputs") {
        let targets = object.list("targetInputIds").iter();
        named.extend(targets.map(|node| Target { id: text(node), at: node.at }));
    }
    for target in named {
        if let Some(id) = target.id
            && !card.is_open_text(id)
            && !ids.contains(&id)
        {
            found.at(target.at, format!("no element has the id `{id}`"));
        }
    }
}

fn toggle_empty(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let none = match object.get("targetElements").map(|node| &node.kind) {
        None => true,
        Some(Kind::Array(items)) => items.is_empty(),
        Some(_) => false,
    };
    if none {
        found.at(object.at, "there are no `targetElements`");
    }
}

fn conditionally(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(member) = object.member("conditionallyEnabled") else { return };
    if !["Action.Submit", "Action.Execute"].contains(&object.kind) {
        found.at(member.key_at, format!("{} does not wait for inputs", object.kind));
    } else if !card.of_kind("Input.").any(|input| input.has("isRequired")) {
        found.at(member.key_at, "no input is required");
    }
}

fn submit_msteams(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(Kind::Object(data)) = object.get("data").map(|node| &node.kind) else { return };
    let Some(msteams) = data.iter().find(|member| member.key == "msteams") else { return };
    let Kind::Object(members) = &msteams.value.kind else {
        let open = text(&msteams.value).is_some_and(|text| card.is_open_text(text));
        if !open {
            found.at(msteams.value.at, "`msteams` must be an object");
        }
        return;
    };
    let get = |key: &str| members.iter().find(|member| member.key == key);
    let Some(kind) = get("type").and_then(|member| text(&member.value)) else { return };
    let needs = match kind {
        "imBack" | "signin" | "invoke" => Some("value"),
        "messageBack" => Some("text"),
        "task/fetch" | "tab/tabInfoAction" => None,
        kind if card.is_open_text(kind) => None,
        _ => {
            let at = get("type").map_or(msteams.value.at, |member| member.value.at);
            found.at(at, format!("Teams does not know `{kind}`"));
            None
        }
    };
    if let Some(key) = needs.filter(|key| get(key).is_none()) {
        // A messageBack may also carry only a value for the bot.
        if key != "text" || get("value").is_none() {
            found.at(msteams.value.at, format!("{kind} needs `{key}`"));
        }
    }
}

fn submit_data(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(node) = object.get("data") else { return };
    let fits = match &node.kind {
        Kind::Object(_) | Kind::Null => true,
        Kind::String(text) => card.is_open_text(text),
        _ => false,
    };
    if !fits && card.of_kind("Input.").next().is_some() {
        found.at(node.at, "there are inputs, and no object that they can be added to");
    }
}
