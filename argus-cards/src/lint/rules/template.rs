//! What is wrong with the template, whatever the data.

use super::source::{ARGUS, TEMPLATING};
use super::{On, Rule};
use crate::lint::Severity::{Error, Info, Warning};
use crate::lint::card::{Card, has_expression, text};
use crate::lint::found::Found;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "bind.syntax",
        severity: Error,
        summary: "An expression cannot be read, or calls a function that does not exist.",
        help: "Correct the expression at this place.",
        source: TEMPLATING,
        on: On::Other,
    },
    Rule {
        id: "bind.odd",
        severity: Warning,
        summary: "The template does not do what it seems to do.",
        help: "Follow the message.",
        source: TEMPLATING,
        on: On::Other,
    },
    Rule {
        id: "bind.key",
        severity: Warning,
        summary: "Expressions work in values; in the name of a property they are only text.",
        help: "Move the expression into a value.",
        source: TEMPLATING,
        on: On::Card(in_key),
    },
    Rule {
        id: "bind.path",
        severity: Error,
        summary: "The data of this template has no such field, so nothing will be there.",
        help: "Read a field that the contract has (`contract.schema.json`).",
        source: ARGUS,
        on: On::Other,
    },
    Rule {
        id: "bind.optional",
        severity: Warning,
        summary: "A field that may be missing is read as if it were always there.",
        help: "Ask first: `$when` with `exists(…)`, `if(exists(…), …, …)` or `coalesce(…, …)`.",
        source: ARGUS,
        on: On::Other,
    },
    Rule {
        id: "bind.type",
        severity: Error,
        summary: "The value that is bound cannot be shown or used here.",
        help: "Bind another value, or convert it, like `string(…)`, `int(…)` or `join(…, ', ')`.",
        source: ARGUS,
        on: On::Other,
    },
    Rule {
        id: "bind.ref",
        severity: Error,
        summary: "`$ref` names a part of a card, which is a file in the templates' own folder.",
        help: "Name it like `\"$ref\": \"partials/header.card.json\"`.",
        source: ARGUS,
        on: On::Card(reference),
    },
    Rule {
        id: "bind.link",
        severity: Info,
        summary: "An address out of the data is only kept if it is https and its host is allowed.",
        help: "Begin the address with its host, or allow the host (`templates.allowed_hosts`).",
        source: ARGUS,
        on: On::Card(link),
    },
    Rule {
        id: "template.leak",
        severity: Error,
        summary: "An expression is left in a card that goes out; people see `${…}`.",
        help: "Render the template before it is sent, and see that its data has the path.",
        source: ARGUS,
        on: On::Card(leak),
    },
];

fn in_key(card: &Card<'_>, found: &mut Found) {
    for member in card.objects.iter().flat_map(|object| object.members) {
        if has_expression(&member.key) {
            found.at(member.key_at, format!("`{}` stays as it is typed", member.key));
        }
    }
}

fn reference(card: &Card<'_>, found: &mut Found) {
    for object in &card.objects {
        let Some(node) = object.get("$ref") else { continue };
        // How far up `..` may lead is known to who has the folder, and checked when it is loaded.
        let fits = text(node).is_some_and(|path| {
            let plain = path.split('/').all(|part| !part.is_empty());
            plain && !path.contains(['\\', ':', '$', '%', '\0'])
        });
        if !fits {
            found.at(node.at, "this `$ref` does not name a file among the templates");
        }
    }
}

fn link(card: &Card<'_>, found: &mut Found) {
    for words in card.words_with("{") {
        let whole = words.key == "url" && words.text.starts_with("${");
        if card.template && (whole || words.text.contains("](${")) && has_expression(words.text) {
            found.at(words.at, "where this leads is decided by the data");
        }
    }
}

fn leak(card: &Card<'_>, found: &mut Found) {
    if card.template {
        return;
    }
    for words in card.words_with("{").filter(|words| has_expression(words.text)) {
        found.at(words.at, "this expression was not replaced");
    }
    for member in card.objects.iter().flat_map(|object| object.members) {
        if ["$data", "$when"].contains(&&*member.key) {
            found.at(member.key_at, format!("`{}` was not evaluated", member.key));
        }
    }
}
