//! How large a card may be.

use super::source::{BOT_MESSAGES, FORMAT_CARDS};
use super::{On, Rule};
use crate::json::{Kind, Node};
use crate::lint::Severity::{Error, Info, Warning};
use crate::lint::card::Card;
use crate::lint::found::Found;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "size.bot",
        severity: Error,
        summary: "Teams refuses a message of more than about 100 KB, counted as UTF-16, with HTTP \
                  413.",
        help: "Show fewer rows (`${take(rows, 20)}`) and say how many more there are.",
        source: BOT_MESSAGES,
        on: On::Card(size),
    },
    Rule {
        id: "size.near",
        severity: Warning,
        summary: "Teams recommends messages of at most 80 KB, counted as UTF-16; mentions, links \
                  and reactions come on top of the card.",
        help: "Show fewer rows, or shorter texts.",
        source: BOT_MESSAGES,
        on: On::Other,
    },
    Rule {
        id: "size.legacy",
        severity: Info,
        summary: "Older pages of Teams name 40 KB as the limit.",
        help: "Nothing, if your tenant shows it.",
        source: FORMAT_CARDS,
        on: On::Other,
    },
    Rule {
        id: "size.webhook",
        severity: Error,
        summary: "An Incoming Webhook takes 28 KB.",
        help: "Show fewer rows, or send the card with a bot.",
        source: FORMAT_CARDS,
        on: On::Other,
    },
];

/// What a template will be is not known before it is rendered.
fn size(card: &Card<'_>, found: &mut Found) {
    if card.template {
        return;
    }
    let limits = card.host.sizes.iter();
    let over = |limit: &&crate::host::SizeLimit| {
        // Compact JSON is never longer than the source, and UTF-16 never longer than twice that.
        card.source.len() * 2 > limit.bytes && length(card.root, limit.utf16) > limit.bytes
    };
    if let Some(limit) = limits.max_by_key(|limit| if over(limit) { limit.bytes } else { 0 })
        && over(&limit)
    {
        let bytes = length(card.root, limit.utf16);
        let message = format!("{} of at most {}", kilobytes(bytes), kilobytes(limit.bytes));
        found.say(limit.rule, card.root.at, message);
    }
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{} KB", bytes / 1024, bytes % 1024 * 10 / 1024)
}

/// How many bytes a value has as compact JSON.
fn length(node: &Node<'_>, utf16: bool) -> usize {
    let ascii = |characters: usize| if utf16 { characters * 2 } else { characters };
    let text = |text: &str| string_length(text, utf16);
    match &node.kind {
        Kind::Null | Kind::Bool(true) => ascii(4),
        Kind::Bool(false) => ascii(5),
        Kind::Number(number) => ascii(number.to_string().len()),
        // Teams does not count pictures that are in the card.
        Kind::String(value) if utf16 && value.starts_with("data:image/") => ascii(2),
        Kind::String(value) => text(value),
        Kind::Array(items) => {
            let inner: usize = items.iter().map(|item| length(item, utf16)).sum();
            inner + ascii(items.len().saturating_sub(1) + 2)
        }
        Kind::Object(members) => {
            let inner: usize = members
                .iter()
                .map(|member| text(&member.key) + ascii(1) + length(&member.value, utf16))
                .sum();
            inner + ascii(members.len().saturating_sub(1) + 2)
        }
    }
}

fn string_length(text: &str, utf16: bool) -> usize {
    let escapes: usize = text
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 1,
            0..=0x1f => 5,
            _ => 0,
        })
        .sum();
    let extra = if utf16 { escapes * 2 } else { escapes };
    let quotes = if utf16 { 4 } else { 2 };
    let inside = if !utf16 {
        text.len()
    } else if text.is_ascii() {
        text.len() * 2
    } else {
        text.encode_utf16().count() * 2
    };
    inside + quotes + extra
}
