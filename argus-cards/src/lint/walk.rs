//! Finds every object of a card and says what it is.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::card::{Card, Object, Words, inner, text};
use super::marks::Marks;
use crate::json::{Kind, Member, Node};
use crate::model::catalog::{self, PropertyInfo, TypeInfo, ValueKind};

/// Keys that belong to the template language and not to the card.
const LANGUAGE: [&str; 6] = ["$data", "$when", "$root", "$index", "$host", "$_acTemplateVersion"];

/// What an object is that has no `type`, by the property in which it stands.
const PLACES: [(&str, &str); 20] = [
    ("columns", "Column"),
    ("facts", "Fact"),
    ("choices", "Choice"),
    ("rows", "TableRow"),
    ("cells", "TableCell"),
    ("images", "Image"),
    ("pages", "CarouselPage"),
    ("sources", "MediaSource"),
    ("captionSources", "CaptionSource"),
    ("card", "AdaptiveCard"),
    ("refresh", "Refresh"),
    ("authentication", "Authentication"),
    ("buttons", "AuthCardButton"),
    ("tokenExchangeResource", "TokenExchangeResource"),
    ("entities", "Mention"),
    ("mentioned", "MentionedEntity"),
    ("areas", "GridArea"),
    ("targetElements", "TargetElement"),
    ("backgroundImage", "BackgroundImage"),
    ("choices.data", "Data.Query"),
];

/// Where an object stands.
#[derive(Clone, Copy)]
struct Place<'t> {
    up: Option<usize>,
    key: &'t str,
    /// What the schema says about the property.
    info: Option<&'static PropertyInfo>,
    depth: usize,
}

/// Fills in the objects and texts of a card, or of the cards of a message.
pub(super) fn walk<'t>(card: &mut Card<'t>, root: &'t Node<'t>) {
    let start = Place { up: None, key: "", info: None, depth: 0 };
    for content in contents(root) {
        node(card, content, start);
    }
}

/// The card itself, or what is attached to a message, as one posts it to a webhook.
fn contents<'t>(root: &'t Node<'t>) -> Vec<&'t Node<'t>> {
    match inner(root, "attachments").map(|attachments| &attachments.kind) {
        Some(Kind::Array(items)) if inner(root, "body").is_none() => {
            items.iter().filter_map(|item| inner(item, "content")).collect()
        }
        _ => vec![root],
    }
}

fn node<'t>(card: &mut Card<'t>, value: &'t Node<'t>, place: Place<'t>) {
    match &value.kind {
        Kind::Object(members) => object(card, value.at, members, place),
        Kind::Array(items) => {
            for item in items {
                node(card, item, place);
            }
        }
        Kind::String(text) => {
            if let Some(object) = place.up {
                let marks = Marks::of(text);
                card.words.push(Words { at: value.at, text, marks, key: place.key, object });
            }
        }
        _ => {}
    }
}

fn object<'t>(card: &mut Card<'t>, at: usize, members: &'t [Member<'t>], place: Place<'t>) {
    let index = card.objects.len();
    let around = place.up.and_then(|up| card.objects.get(up)).map_or("", |object| object.kind);
    let kind = kind(members, place.key, around);
    let here = place.info;
    let info = info(members, place, here);
    let properties = card.properties.len();
    let known = info.and_then(properties_of);
    let of_key = |member: &Member<'_>| known.and_then(|known| known.get(&*member.key).copied());
    card.properties.extend(members.iter().map(of_key));
    let up = place.up;
    card.objects.push(Object {
        at,
        members,
        kind,
        info,
        place: here,
        properties,
        key: place.key,
        up,
    });
    if place.depth > card.deepest.0 {
        card.deepest = (place.depth, at);
    }
    for (offset, member) in members.iter().enumerate() {
        if LANGUAGE.contains(&&*member.key) || is_opaque(kind, &member.key) {
            continue;
        }
        let info = card.properties.get(properties + offset).copied().flatten();
        let inner = Place { up: Some(index), key: &member.key, info, depth: place.depth + 1 };
        node(card, &member.value, inner);
    }
}

/// What an object is.
fn kind<'t>(members: &'t [Member<'t>], key: &str, around: &str) -> &'t str {
    let written = members.iter().find(|member| member.key == "type");
    if let Some(written) = written.and_then(|member| text(&member.value)) {
        return written;
    }
    match (key, around) {
        ("columns", "Table") => "TableColumnDefinition",
        ("msteams", "AdaptiveCard") => "TeamsCardProperties",
        ("", _) => "AdaptiveCard",
        _ => PLACES.iter().find(|(place, _)| *place == key).map_or("", |(_, kind)| kind),
    }
}

/// What the schema knows about an object: by its `type`, or by what its place holds.
fn info(
    members: &[Member<'_>],
    place: Place<'_>,
    here: Option<&'static PropertyInfo>,
) -> Option<&'static TypeInfo> {
    let member = |key: &str| members.iter().find(|member| member.key == key);
    let here = here.map(PropertyInfo::value);
    match member("type").and_then(|member| text(&member.value)) {
        Some("Component") => {
            catalog::type_named(member("name").and_then(|member| text(&member.value))?)
        }
        Some(tag) => {
            tagged(tag).or_else(|| here.and_then(only).filter(|info| info.tag().is_none()))
        }
        None if place.up.is_none() => tagged("AdaptiveCard"),
        None => here.and_then(only),
    }
}

/// The type of a `type`; there are many objects and a hundred types.
fn tagged(tag: &str) -> Option<&'static TypeInfo> {
    static TAGS: LazyLock<HashMap<&str, &'static TypeInfo>> = LazyLock::new(|| {
        catalog::types().iter().filter_map(|info| Some((info.tag()?, *info))).collect()
    });
    TAGS.get(tag).copied()
}

/// The properties of a type by their keys.
fn properties_of(
    info: &'static TypeInfo,
) -> Option<&'static HashMap<&'static str, &'static PropertyInfo>> {
    type Properties = HashMap<&'static str, &'static PropertyInfo>;
    static TYPES: LazyLock<HashMap<&str, Properties>> = LazyLock::new(|| {
        let properties = |info: &TypeInfo| info.properties().map(|p| (p.key(), p)).collect();
        catalog::types().iter().map(|info| (info.rust_name(), properties(info))).collect()
    });
    TYPES.get(info.rust_name())
}

/// The one type of objects that a property holds, if it is one.
fn only(kind: ValueKind) -> Option<&'static TypeInfo> {
    match kind {
        ValueKind::Object(info) => Some(info.get()),
        ValueKind::List(item) => only(*item),
        ValueKind::OneOf(kinds) => {
            let mut found = kinds.iter().filter_map(|kind| only(*kind));
            found.next().filter(|_| found.next().is_none())
        }
        _ => None,
    }
}

/// Whether a property holds data of its own and no part of the card.
fn is_opaque(kind: &str, key: &str) -> bool {
    match key {
        "data" => kind.starts_with("Action."),
        "requires" | "metadata" | "localizedValues" | "strings" => true,
        "properties" => kind == "Component",
        _ => false,
    }
}
