//! Characters that make a text look like another one.

use super::source::ARGUS;
use super::{On, Rule};
use crate::json::{Kind, Node};
use crate::lint::Severity::{Error, Warning};
use crate::lint::card::Card;
use crate::lint::found::Found;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "unicode.hidden",
        severity: Error,
        summary: "An invisible character makes the text look like another one.",
        help: "Remove it; write direction is set with `rtl`.",
        source: ARGUS,
        on: On::Card(hidden),
    },
    Rule {
        id: "unicode.name",
        severity: Error,
        summary: "A type, property, id, verb or host is written with letters that look like others.",
        help: "Write it with plain letters.",
        source: ARGUS,
        on: On::Card(name),
    },
    Rule {
        id: "unicode.mixed",
        severity: Warning,
        summary: "One word mixes alphabets, as forged names do.",
        help: "Write the word in one alphabet.",
        source: ARGUS,
        on: On::Card(mixed),
    },
];

/// Whether a character is invisible and changes what is seen around it. Joiners of emoji and marks
/// of direction are part of honest texts, and what is no character at all is dropped by clients.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The flags of England, Scotland and Wales are spelled with invisible tags after a black flag.
fn is_flag(text: &str) -> bool {
    text.contains('\u{1f3f4}')
}

fn hidden(card: &Card<'_>, found: &mut Found) {
    each_text(card.root, &mut |text, at| {
        if text.is_ascii() && !text.contains('\0') {
            return;
        }
        let tag = |c: char| ('\u{e0000}'..='\u{e007f}').contains(&c);
        let bad = |c: &char| is_hidden(*c) && !(is_flag(text) && tag(*c));
        if let Some(c) = text.chars().find(bad) {
            found.at(at, format!("U+{:04X} cannot be seen", u32::from(c)));
        }
    });
}

/// Every key and text of a file, with its place.
fn each_text<'t>(node: &'t Node<'t>, see: &mut dyn FnMut(&'t str, usize)) {
    match &node.kind {
        Kind::String(text) => see(text, node.at),
        Kind::Array(items) => items.iter().for_each(|item| each_text(item, see)),
        Kind::Object(members) => {
            for member in members {
                see(&member.key, member.key_at);
                each_text(&member.value, see);
            }
        }
        _ => {}
    }
}

fn name(card: &Card<'_>, found: &mut Found) {
    for object in &card.objects {
        for member in object.members {
            if !member.key.is_ascii() {
                found.at(member.key_at, format!("`{}` is not a plain name", member.key));
            }
        }
    }
    for words in card.words.iter().filter(|words| words.marks.is_foreign()) {
        let outside = outside_expressions(words.text);
        let is_name = ["type", "id", "verb", "elementId", "targetElements", "labelFor"];
        if is_name.contains(&words.key) && !outside.is_ascii() && looks_latin(&outside) {
            found.at(words.at, format!("`{}` is not a plain name", words.text));
        } else if words.key == "url" {
            let host = outside.split_once("://").map_or("", |(_, rest)| rest);
            let host = host.split(['/', '?', '#']).next().unwrap_or_default();
            if !host.is_ascii() {
                found.at(words.at, format!("`{host}` is not a plain host name"));
            }
        }
    }
}

/// The parts of a text that are no expression.
fn outside_expressions(text: &str) -> String {
    let mut parts = text.split("${");
    let mut outside = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        outside.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    outside
}

/// Which alphabet a letter belongs to, of those that look alike.
fn alphabet(c: char) -> u8 {
    match c {
        'a'..='z' | 'A'..='Z' => 1,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => 2,
        '\u{400}'..='\u{52f}' => 4,
        '\u{530}'..='\u{58f}' => 8,
        '\u{13a0}'..='\u{13ff}' => 16,
        '\u{ff21}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}' => 32,
        _ => 0,
    }
}

fn looks_latin(text: &str) -> bool {
    let all = text.chars().fold(0, |all, c| all | alphabet(c));
    all & !1 != 0 || all & 1 != 0
}

fn mixed(card: &Card<'_>, found: &mut Found) {
    for words in card.words.iter().filter(|words| words.marks.is_foreign()) {
        for word in words.text.split(|c: char| !c.is_alphanumeric()) {
            let alphabets = word.chars().fold(0, |all, c| all | alphabet(c));
            // Greek letters stand in formulas and units; two letters are no name.
            let count = alphabets.count_ones();
            if count > 1 && word.chars().count() > 3 && alphabets & (4 | 8 | 16) != 0 {
                found.at(words.at, format!("`{word}` mixes alphabets"));
                break;
            }
        }
    }
}
