//! What properties hold, against what the schema says that they take.

use super::catalog::is_foreign;
use super::source::{MODEL, SCHEMA};
use super::{On, Rule};
use crate::json::{Kind, Node};
use crate::lint::Severity::{Error, Warning};
use crate::lint::card::{Card, Object, inner, text};
use crate::lint::found::Found;
use crate::model::catalog::{PropertyInfo, ValueKind, WordInfo};
use crate::near::nearest;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "property.type",
        severity: Error,
        summary: "The property takes another kind of value; clients ignore this one. A number in \
                  the place of a text shows nothing.",
        help: "Write the value the way the message says.",
        source: SCHEMA,
        on: On::Object(&["*"], property_type),
    },
    Rule {
        id: "property.loose",
        severity: Warning,
        summary: "The value is written as a text, which some clients read and others ignore.",
        help: "Write it without quotes.",
        source: SCHEMA,
        on: On::Other,
    },
    Rule {
        id: "property.word",
        severity: Warning,
        summary: "The property does not know this word and behaves as if it was not set.",
        help: "Use one of its words.",
        source: MODEL,
        on: On::Other,
    },
];

fn property_type(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    for (member, property) in card.properties(object) {
        if let Some(property) = property.filter(|_| !is_foreign(&member.key)) {
            value(card, property, property.value(), &member.value, found);
        }
    }
}

/// How well a value fits a kind.
enum Fit {
    Fits,
    /// A number or flag in quotes.
    Loose(&'static str),
    /// A word that is not known.
    Word,
    /// Something else was expected.
    Wrong(&'static str),
}

fn value(
    card: &Card<'_>,
    property: &PropertyInfo,
    kind: ValueKind,
    node: &Node<'_>,
    found: &mut Found,
) {
    if let (ValueKind::List(item), Kind::Array(items)) = (kind, &node.kind) {
        for node in items {
            value(card, property, *item, node, found);
        }
        return;
    }
    match fit(card, kind, node) {
        Fit::Fits => {}
        Fit::Loose(what) => {
            found.say("property.loose", node.at, format!("`{}` takes {what}", property.key()));
        }
        Fit::Word => {
            let word = text(node).unwrap_or_default();
            let mut words = Vec::new();
            words_of(kind, &mut words);
            let known: Vec<String> =
                words.iter().take(12).map(|word| format!("`{word}`")).collect();
            let message = match nearest(word, words.iter().copied()) {
                Some(meant) => format!("`{word}` should be `{meant}`"),
                None => format!("`{}` takes {}", property.key(), known.join(", ")),
            };
            found.say("property.word", node.at, message);
        }
        Fit::Wrong(what) => {
            found.at(node.at, format!("`{}` takes {what}", property.key()));
        }
    }
}

fn words_of(kind: ValueKind, words: &mut Vec<&'static str>) {
    match kind {
        ValueKind::Word(info) => words.extend(info.words().iter().map(WordInfo::text)),
        ValueKind::OneOf(kinds) => kinds.iter().for_each(|kind| words_of(*kind, words)),
        ValueKind::List(item) => words_of(*item, words),
        _ => {}
    }
}

fn fit(card: &Card<'_>, kind: ValueKind, node: &Node<'_>) -> Fit {
    // What an expression gives is known to the contract; null is the same as nothing.
    match &node.kind {
        Kind::Null => return Fit::Fits,
        Kind::String(text) if card.is_open_text(text) || text.contains("${rs:") => {
            return Fit::Fits;
        }
        _ => {}
    }
    // An object under `$data` may become many or none.
    if matches!(&node.kind, Kind::Object(_)) && inner(node, "$data").is_some() {
        return Fit::Fits;
    }
    match kind {
        ValueKind::Any => Fit::Fits,
        ValueKind::Number => number(node),
        ValueKind::Bool => flag(node),
        ValueKind::Word(words) => match &node.kind {
            Kind::String(word) if words.word(word.trim()).is_some() => Fit::Fits,
            Kind::String(_) => Fit::Word,
            _ => Fit::Wrong("one of some words"),
        },
        ValueKind::Object(_) | ValueKind::Union(_) | ValueKind::Map(_) => match &node.kind {
            Kind::Object(_) => Fit::Fits,
            _ => Fit::Wrong("an object"),
        },
        ValueKind::List(_) => match &node.kind {
            Kind::Array(_) => Fit::Fits,
            _ => Fit::Wrong("an array"),
        },
        ValueKind::OneOf(kinds) => one_of(card, kinds, node),
        // Texts, and texts of a certain form, which have rules of their own.
        _ => match &node.kind {
            Kind::String(_) => Fit::Fits,
            _ => Fit::Wrong("a text"),
        },
    }
}

fn number(node: &Node<'_>) -> Fit {
    match &node.kind {
        Kind::Number(_) => Fit::Fits,
        Kind::String(text) if text.trim().parse::<f64>().is_ok() => Fit::Loose("a number"),
        _ => Fit::Wrong("a number"),
    }
}

fn flag(node: &Node<'_>) -> Fit {
    match &node.kind {
        Kind::Bool(_) => Fit::Fits,
        Kind::String(text) if ["true", "false"].contains(&&*text.to_ascii_lowercase()) => {
            Fit::Loose("true or false")
        }
        _ => Fit::Wrong("true or false"),
    }
}

/// The best fit of some kinds.
fn one_of(card: &Card<'_>, kinds: &[ValueKind], node: &Node<'_>) -> Fit {
    let mut best = Fit::Wrong("another kind of value");
    for kind in kinds {
        match (fit(card, *kind, node), &best) {
            (Fit::Fits, _) => return Fit::Fits,
            (Fit::Word, Fit::Wrong(_)) => best = Fit::Word,
            (Fit::Loose(what), Fit::Wrong(_) | Fit::Word) => best = Fit::Loose(what),
            _ => {}
        }
    }
    best
}
