//! Hostile texts in every field of the data change no card.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "tests may panic")]

use std::collections::HashSet;
use std::path::Path;

use argus_cards::model::catalog::{self, TypeInfo, ValueKind};
use argus_cards::{Limits, Options, Template};
use serde_json::{Map, Value, json};

use super::markdown;
use crate::corpus;

/// How many texts are tried on each template.
const TEXTS: usize = 2_000;

fn options() -> Options {
    let mut limits = Limits::default();
    limits.output_bytes = 16 << 20;
    Options::default().limits(limits)
}

/// Parts of what attackers write.
const PARTS: [&str; 72] = [
    "{",
    "{DATE(2020-01-01T00:00:00Z)}}{",
    "at>x</at><",
    "//evil.example https:",
    "/evil.example https:/",
    ".evil.example www",
    "w.evil.example ww",
    "{rs:hello}$",
    "[click](https://evil.example)",
    "![x](https://evil.example/i.png)",
    "[x][1]\n\n[1]: https://evil.example",
    "[x]\n\n[x]: https://evil.example",
    "<https://evil.example>",
    "<a href=\"https://evil.example\">x</a>",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<!-- x -->",
    "</div>",
    "**bold**",
    "__bold__",
    "_it_",
    "*it*",
    "~~gone~~",
    "`code`",
    "```\ncode\n```",
    "~~~\ncode\n~~~",
    "    indented",
    "# heading",
    "heading\n===",
    "heading\n---",
    "***",
    "- item",
    "+ item",
    "* item",
    "1. item",
    "12) item",
    "> quote",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "<at>everyone</at>",
    "< AT >x</ at>",
    "<At id=\"0\">x</aT>",
    "&lt;at&gt;x&lt;/at&gt;",
    "&#60;at&#62;x",
    "&#x3C;at>",
    "{{DATE(2020-01-01T00:00:00Z, SHORT)}}",
    "{{ TIME(2020-01-01T00:00:00Z) }}",
    "${rs:hello}",
    "${1+1}",
    "\\${x}",
    "\"}],\"actions\":[{\"type\":\"Action.OpenUrl\",\"url\":\"https://evil.example\"}]",
    "https://evil.example/a?b=c#d",
    "HTTP://EVIL.EXAMPLE",
    "hTTps:\\\\evil.example",
    "www.evil.example",
    "WWW.EVIL.EXAMPLE/x",
    "ftp://evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt\t:alert(1)",
    "data:text/html,<b>x",
    "vbscript:x",
    "mailto:a@evil.example",
    "tel:+491234",
    "file:///etc/passwd",
    "https://good.example@evil.example/",
    "https://good.example/ok",
    "\u{202e}gnp.exe\u{202c}",
    "\u{200b}\u{200e}\u{2066}x\u{2069}",
    "\u{0}\u{1b}[31m\u{7f}\u{85}",
    "\r\r\n\n\u{2028}\u{2029}",
    "\\",
    "\\[x\\](https://evil.example)",
    "]( \"",
];

/// Numbers that only look random, so that a failure can be seen again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).unwrap()
    }
}

/// Every part alone, at the beginning of a line and within one; then parts in all orders, cut,
/// doubled and joined by what Markdown and JSON care about.
fn texts() -> Vec<String> {
    const BETWEEN: [&str; 10] = ["", " ", "\n", "\n\n", "\\", "\t", "(", "]", "x", "\r"];
    let mut texts: Vec<String> = PARTS.iter().map(|part| (*part).to_owned()).collect();
    texts.extend(PARTS.iter().map(|part| format!("x {part} y")));
    texts.extend(PARTS.iter().map(|part| format!("x\n{part}")));
    texts.push("x".repeat(9_000));
    let mut dice = Dice(0x5eed_5eed_5eed_5eed);
    while texts.len() < TEXTS {
        let mut text = String::new();
        for _ in 0..=dice.below(4) {
            let part: Vec<char> = PARTS[dice.below(PARTS.len())].chars().collect();
            let (from, to) = match dice.below(4) {
                0 => (dice.below(part.len()), part.len()),
                1 => (0, dice.below(part.len()) + 1),
                _ => (0, part.len()),
            };
            text.extend(&part[from..to]);
            text.push_str(BETWEEN[dice.below(BETWEEN.len())]);
        }
        texts.push(text);
    }
    texts
}

/// A template with every type of the schema, and each of their properties bound.
fn everything(bound: &str) -> String {
    let mut body = Vec::new();
    let mut actions = Vec::new();
    for info in catalog::types().iter().filter(|info| info.tag().is_some()) {
        let object = object(info, bound, 0);
        if info.name().starts_with("Action.") { actions.push(object) } else { body.push(object) }
    }
    json!({"type": "AdaptiveCard", "version": "1.5", "body": body, "actions": actions}).to_string()
}

fn object(info: &TypeInfo, bound: &str, depth: usize) -> Value {
    let mut object = Map::new();
    if let Some(tag) = info.tag() {
        object.insert("type".to_owned(), json!(tag));
    }
    if let Some(name) = info.component() {
        object.insert("name".to_owned(), json!(name));
    }
    for property in
        info.properties().filter(|property| property.key() != "name" || info.component().is_none())
    {
        if let Some(value) = value(property.value(), bound, depth) {
            object.insert(property.key().to_owned(), value);
        }
    }
    Value::Object(object)
}

fn value(kind: ValueKind, bound: &str, depth: usize) -> Option<Value> {
    match kind {
        ValueKind::Object(info) if depth < 1 => Some(object(info.get(), bound, depth + 1)),
        ValueKind::Union(union) if depth < 1 => {
            Some(object(union.types().first()?.get(), bound, depth + 1))
        }
        ValueKind::Object(_) | ValueKind::Union(_) => None,
        ValueKind::List(item) => Some(json!([value(*item, bound, depth)?])),
        ValueKind::Map(item) => Some(json!({"k": value(*item, bound, depth)?})),
        ValueKind::OneOf(kinds) => value(*kinds.first()?, bound, depth),
        _ => Some(json!(bound)),
    }
}

/// A template to attack, with data.
struct Target {
    name: String,
    template: Template,
    data: Value,
}

impl Target {
    fn new(name: &str, source: &str, data: Value) -> Self {
        let template = Template::parse(name, source, &options()).unwrap();
        Self { name: name.to_owned(), template, data }
    }

    /// A shipped template with that sample of it that has most in it.
    fn shipped(name: &str, sample: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-templates").join(name);
        let source = std::fs::read_to_string(folder.join(format!("{name}.card.json"))).unwrap();
        Self::new(name, &source, corpus::read(&folder.join(format!("samples/{sample}.json"))))
    }
}

/// Puts a text into every field of the data.
fn filled(value: &Value, text: &str) -> Value {
    match value {
        Value::String(_) => Value::String(text.to_owned()),
        // Every field is in the first item of its list.
        Value::Array(items) => items.iter().take(1).map(|item| filled(item, text)).collect(),
        Value::Object(map) => {
            let fields = map.iter().map(|(key, value)| (key.clone(), filled(value, text)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

/// Where in a card a text stands.
#[derive(Clone, Copy)]
struct Spot<'c> {
    kind: &'c str,
    key: &'c str,
    under: &'c str,
}

impl Spot<'_> {
    /// Whether Markdown is shown here.
    fn is_markdown(self) -> bool {
        (self.kind, self.key) == ("TextBlock", "text")
            || (self.under == "facts" && ["title", "value"].contains(&self.key))
    }

    /// Whether an address is fetched or opened from here.
    fn is_address(self) -> bool {
        let key = self.key;
        key == "url"
            || key.ends_with("Url")
            || ["poster", "backgroundImage", "image"].contains(&key)
    }

    /// Whether it names something or comes back, so that nobody sees it as a link.
    fn is_silent(self) -> bool {
        ["id", "verb", "valueOn", "valueOff", "lang", "$schema"].contains(&self.key)
            || (self.key == "value" && (self.kind.starts_with("Input.") || self.under == "choices"))
    }

    fn class(self) -> [bool; 3] {
        [self.is_markdown(), self.is_address(), self.is_silent()]
    }
}

/// Texts that have been looked at, with what they were in the harmless card.
type Fine = HashSet<([bool; 3], String, String)>;

/// The first thing in which a card differs from the same card with harmless data, other than by
/// texts that are only shown.
fn difference(plain: &Value, card: &Value, spot: Spot<'_>, fine: &mut Fine) -> Option<String> {
    match (plain, card) {
        (Value::Object(before), Value::Object(after)) => {
            let kind = after.get("type").and_then(Value::as_str).unwrap_or_default();
            if let Some(key) = after.keys().find(|key| !before.contains_key(*key)) {
                return Some(format!(": there is a `{key}`"));
            }
            before.iter().find_map(|(key, plain)| {
                let Some(card) = after.get(key) else { return Some(format!(": no `{key}`")) };
                // What comes back to the bot is shown to nobody and stays as it is.
                if key == "data" && kind.starts_with("Action.") {
                    return None;
                }
                let inner = Spot { kind, key, under: spot.key };
                difference(plain, card, inner, fine).map(|what| format!("/{key}{what}"))
            })
        }
        (Value::Array(before), Value::Array(after)) => {
            if before.len() != after.len() {
                return Some(format!(": {} items, not {}", after.len(), before.len()));
            }
            let pairs = before.iter().zip(after).enumerate();
            pairs.into_iter().find_map(|(index, (plain, card))| {
                difference(plain, card, spot, fine).map(|what| format!("/{index}{what}"))
            })
        }
        (Value::String(before), Value::String(after)) if before == after => None,
        (Value::String(before), Value::String(after)) => {
            // The same text stands in many places of a card.
            let key = (spot.class(), before.clone(), after.clone());
            if fine.contains(&key) {
                return None;
            }
            let what = told(before, after, spot);
            if what.is_none() {
                fine.insert(key);
            }
            what.map(|what| format!(": {what} in {after:?}"))
        }
        (before, after) => (before != after).then(|| format!(": {after}, not {before}")),
    }
}

/// What is wrong with a text that came out of the data.
fn told(before: &str, after: &str, spot: Spot<'_>) -> Option<String> {
    if let Some(what) = bad_in(after, spot) {
        return Some(what.to_owned());
    }
    if !spot.is_markdown() {
        return None;
    }
    let marks = markdown::read(after);
    let more: Vec<_> = marks.difference(&markdown::read(before)).copied().collect();
    (!more.is_empty()).then(|| more.join(", "))
}

/// How addresses begin.
const ADDRESSES: [&str; 11] = [
    "https://",
    "http://",
    "ftp://",
    "file://",
    "https:\\",
    "javascript:",
    "vbscript:",
    "data:text",
    "mailto:",
    "tel:",
    "www.e",
];

/// What must stand in no text, whether Markdown is shown there or not.
fn bad_in(text: &str, spot: Spot<'_>) -> Option<&'static str> {
    let hidden = |c: char| {
        matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || (c.is_control() && c != '\n')
    };
    if text.chars().any(hidden) {
        return Some("an invisible character");
    }
    if spot.is_address() {
        return (!text.starts_with("https://good.example/")).then_some("a foreign address");
    }
    if spot.is_silent() {
        return None;
    }
    let lower = text.to_lowercase();
    let close: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    if close.contains("<at>") || close.contains("<atid") || close.contains("</at>") {
        return Some("a mention");
    }
    if text.contains("{{") {
        return Some("a function of the client");
    }
    if text.contains("${") {
        return Some("an expression");
    }
    let allowed = lower.replace("https://good.example/", "");
    // A scheme with nothing behind it leads nowhere.
    let leads = |address: &&&str| {
        let mut places = allowed.match_indices(**address);
        places.any(|(at, _)| !allowed[at + address.len()..].starts_with([' ', '\n']))
    };
    ADDRESSES.iter().any(|address| leads(&address)).then_some("an address")
}

fn render(template: &Template, data: &Value) -> Value {
    let expansion = template.expand(data, None, &options()).unwrap();
    serde_json::from_slice(&expansion.json).unwrap()
}

/// Tries every so many of the texts on some targets.
fn attack(targets: &[Target], every: usize) {
    let texts = texts();
    let (mut tried, mut failures) = (0, Vec::new());
    let mut fine = Fine::new();
    for (index, Target { name, template, data }) in targets.iter().enumerate() {
        let plain = render(template, &filled(data, "plain"));
        for text in texts.iter().skip(index).step_by(every) {
            let card = render(template, &filled(data, text));
            let nowhere = Spot { kind: "", key: "", under: "" };
            if let Some(what) = difference(&plain, &card, nowhere, &mut fine) {
                failures.push(format!("{name} with {text:?}: {what}"));
            }
            tried += 1;
        }
    }
    let count = failures.len();
    failures.truncate(30);
    assert!(failures.is_empty(), "{count} of {tried}:\n{}", failures.join("\n"));
    assert!(tried * every >= TEXTS, "only {tried} cards");
}

#[test]
fn hostile_texts_change_no_alert() {
    attack(&[Target::shipped("alert", "contained")], 1);
}

#[test]
fn hostile_texts_change_no_approval() {
    attack(&[Target::shipped("approval", "open")], 1);
}

#[test]
fn hostile_texts_change_no_list() {
    attack(&[Target::shipped("query-list", "two")], 1);
}

#[test]
fn hostile_texts_change_no_field() {
    let fields = include_str!("fields.card.json");
    attack(&[Target::new("fields", fields, json!({"v": "plain"}))], 1);
}

#[test]
fn hostile_texts_change_nothing_of_the_schema() {
    let target = |bound: &&str| Target::new(bound, &everything(bound), json!({"v": "plain"}));
    let bound = ["${v}", "- ${v}", "**${v}** ${v}", "https://good.example/${v}", "${v}${v}"];
    attack(&bound.iter().map(target).collect::<Vec<_>>(), 199);
}
