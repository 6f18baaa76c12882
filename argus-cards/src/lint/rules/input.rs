//! What people fill in.

use super::source::{ARGUS, FORMAT_CARDS, HOST_CONFIG, MODEL, RENDERER, SCHEMA};
use super::{On, Rule};
use crate::host::Trait;
use crate::json::{Kind, Node};
use crate::lint::Severity::{Error, Info, Warning};
use crate::lint::card::{Card, Object, text};
use crate::lint::found::Found;
use crate::model::Version;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "input.id",
        severity: Error,
        summary: "What is typed into an input without an id is not sent.",
        help: "Give it an `id`.",
        source: MODEL,
        on: On::Object(&["Input."], input_id),
    },
    Rule {
        id: "input.label",
        severity: Info,
        summary: "Screen readers announce an input by its label.",
        help: "Set `label` instead of putting a TextBlock above it.",
        source: MODEL,
        on: On::Object(&["Input."], input_label),
    },
    Rule {
        id: "input.required",
        severity: Warning,
        summary: "Whoever leaves a required input empty must be told what is missing.",
        help: "Set `label` and `errorMessage`.",
        source: RENDERER,
        on: On::Object(&["Input."], input_required),
    },
    Rule {
        id: "input.password",
        severity: Warning,
        summary: "A masked input is only masked on the screen; it is sent and kept as it is typed.",
        help: "Do not ask for secrets in a card; sign people in instead.",
        source: FORMAT_CARDS,
        on: On::Object(&["Input.Text"], input_password),
    },
    Rule {
        id: "input.range",
        severity: Error,
        summary: "Nothing can be entered: the least is above the most, or the given value lies \
                  outside.",
        help: "Correct `min`, `max` or `value`.",
        source: SCHEMA,
        on: On::Object(&["Input.Number", "Input.Date", "Input.Time"], input_range),
    },
    Rule {
        id: "input.length",
        severity: Warning,
        summary: "The given text is longer than the input allows.",
        help: "Raise `maxLength` or shorten `value`.",
        source: SCHEMA,
        on: On::Object(&["Input.Text"], input_length),
    },
    Rule {
        id: "input.date",
        severity: Warning,
        summary: "A day is written `2026-01-31` and a time `09:30`; anything else is ignored.",
        help: "Write it that way.",
        source: SCHEMA,
        on: On::Object(&["Input.Date", "Input.Time"], input_date),
    },
    Rule {
        id: "input.regex",
        severity: Warning,
        summary: "The pattern cannot be read, so nothing that is typed can be right.",
        help: "Correct the pattern; backslashes are doubled in JSON.",
        source: SCHEMA,
        on: On::Object(&["Input.Text"], input_regex),
    },
    Rule {
        id: "input.unsent",
        severity: Info,
        summary: "Inputs without Action.Execute or Action.Submit are filled in for nothing.",
        help: "Add an action that sends them.",
        source: ARGUS,
        on: On::Card(input_unsent),
    },
    Rule {
        id: "choiceset.sep",
        severity: Warning,
        summary: "The answers of a multiple choice come back joined by commas.",
        help: "Use values without commas.",
        source: HOST_CONFIG,
        on: On::Object(&["Input.ChoiceSet"], choice_comma),
    },
    Rule {
        id: "choiceset.empty",
        severity: Warning,
        summary: "There is nothing to choose from.",
        help: "Add `choices`, or `choices.data`.",
        source: SCHEMA,
        on: On::Object(&["Input.ChoiceSet"], choice_empty),
    },
    Rule {
        id: "choiceset.filtered",
        severity: Warning,
        summary: "A filtered choice in Teams takes one answer.",
        help: "Leave `isMultiSelect` out.",
        source: FORMAT_CARDS,
        on: On::Object(&["Input.ChoiceSet"], choice_filtered),
    },
    Rule {
        id: "choice.dup",
        severity: Warning,
        summary: "Two choices have the same value, so nobody can tell which was chosen.",
        help: "Give each its own `value`.",
        source: ARGUS,
        on: On::Object(&["Input.ChoiceSet"], choice_dup),
    },
    Rule {
        id: "choice.default",
        severity: Warning,
        summary: "The given value is none of the choices.",
        help: "Set `value` to the value of a choice.",
        source: ARGUS,
        on: On::Object(&["Input.ChoiceSet"], choice_default),
    },
    Rule {
        id: "toggle.value",
        severity: Warning,
        summary: "The given value is neither on nor off.",
        help: "Set `value` to what `valueOn` or `valueOff` is (`true` and `false` by default).",
        source: SCHEMA,
        on: On::Object(&["Input.Toggle"], toggle_value),
    },
    Rule {
        id: "dataquery.count",
        severity: Warning,
        summary: "`count` and `skip` are the client's: it sets them to turn pages.",
        help: "Remove them.",
        source: MODEL,
        on: On::Object(&["Data.Query"], query_count),
    },
    Rule {
        id: "dataquery.dataset",
        severity: Error,
        summary: "A query must say what it asks for.",
        help: "Set `dataset`.",
        source: SCHEMA,
        on: On::Object(&["Data.Query"], query_dataset),
    },
];

fn at(object: &Object<'_>, key: &str) -> usize {
    object.get(key).map_or(object.at, |node| node.at)
}

fn input_id(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    match object.get("id") {
        None => found.at(object.at, format!("this {} has no `id`", object.kind)),
        Some(node) if text(node).is_some_and(|id| id.trim().is_empty()) => {
            found.at(node.at, "this `id` is empty");
        }
        Some(_) => {}
    }
}

fn input_label(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    // Labels exist since 1.3, and a toggle has its title.
    let old = card.version.is_some_and(|version| version < Version::new(1, 3));
    let named = object.has("label") || (object.kind == "Input.Toggle" && object.has("title"));
    let id = object.get("id").and_then(text);
    let labelled = || {
        card.objects.iter().any(|other| {
            other.get("labelFor").and_then(text).is_some_and(|target| Some(target) == id)
        })
    };
    if !old && !named && !labelled() {
        found.at(object.at, "this input has no `label`");
    }
}

fn input_required(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if object.flag("isRequired") == Some(true) {
        for key in ["label", "errorMessage"] {
            if !object.has(key) {
                found.at(at(object, "isRequired"), format!("`{key}` is missing"));
            }
        }
    }
}

fn input_password(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if card.text(object, "style").is_some_and(|style| style.eq_ignore_ascii_case("password")) {
        found.at(at(object, "style"), "what is typed here is sent in clear");
    }
}

fn input_range(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let is_number = object.kind == "Input.Number";
    let value = |key: &str| match object.get(key).map(|node| &node.kind) {
        Some(Kind::Number(number)) if is_number => number.as_f64(),
        // Days and times in their right form sort like numbers.
        Some(Kind::String(text)) if !is_number => order(object.kind, text),
        _ => None,
    };
    let (min, max) = (value("min"), value("max"));
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        found.at(at(object, "min"), "`min` is above `max`");
        return;
    }
    let below = |value: f64| min.is_some_and(|min| value < min);
    let above = |value: f64| max.is_some_and(|max| value > max);
    if value("value").is_some_and(|value| below(value) || above(value)) {
        found.at(at(object, "value"), "the value is outside of `min` and `max`");
    }
}

/// A number that grows with the day or time, if it is written right.
fn order(kind: &str, text: &str) -> Option<f64> {
    let number = |part: Option<&str>, digits: usize| {
        let part = part.filter(|part| part.len() == digits)?;
        part.parse::<u32>().ok().map(f64::from)
    };
    if kind == "Input.Date" {
        let mut parts = text.split('-');
        let (year, month, day) =
            (number(parts.next(), 4)?, number(parts.next(), 2)?, number(parts.next(), 2)?);
        let fits = parts.next().is_none() && (1.0..=12.0).contains(&month);
        return (fits && (1.0..=31.0).contains(&day)).then_some((year * 12.0 + month) * 31.0 + day);
    }
    let mut parts = text.split(':');
    let (hour, minute) = (number(parts.next(), 2)?, number(parts.next(), 2)?);
    let second = parts.next().map_or(Some(0.0), |part| number(Some(part), 2))?;
    let fits = parts.next().is_none() && hour < 24.0 && minute < 60.0 && second < 60.0;
    fits.then_some(hour * 3600.0 + minute * 60.0 + second)
}

fn input_length(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(most) = object.number("maxLength") else { return };
    let Some(value) = card.text(object, "value") else { return };
    let length = u32::try_from(value.chars().count()).unwrap_or(u32::MAX);
    if f64::from(length) > most {
        found.at(at(object, "value"), format!("{length} characters of at most {most}"));
    }
}

fn input_date(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    for key in ["value", "min", "max"] {
        let Some(text) = card.text(object, key).filter(|text| !text.is_empty()) else { continue };
        // A value may also be a function of the client.
        if order(object.kind, text).is_none() && !text.starts_with("{{") {
            let what = if object.kind == "Input.Date" { "a day" } else { "a time" };
            found.at(at(object, key), format!("`{text}` is not {what}"));
        }
    }
}

fn input_regex(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(pattern) = card.text(object, "regex") else { return };
    // Clients also know what our linear-time engine does not: look-around and references.
    let foreign = pattern.contains("(?")
        || (1..=9).any(|digit| pattern.contains(&format!("\\{digit}")))
        || pattern.contains("\\p{")
        || pattern.contains("\\/");
    if !foreign && regex::Regex::new(pattern).is_err() && !pattern.contains("[^]") {
        found.at(at(object, "regex"), "this pattern cannot be read");
    }
}

fn input_unsent(card: &Card<'_>, found: &mut Found) {
    let Some(input) = card.of_kind("Input.").next() else { return };
    let sends = ["Action.Submit", "Action.Execute", "Action.Http"];
    let open = |object: &&Object<'_>| object.kind.contains("${") || object.has("$ref");
    let is_sent = card.objects.iter().any(|object| sends.contains(&object.kind) || open(&object));
    let open_actions = card
        .objects
        .iter()
        .filter_map(|object| object.get("actions"))
        .any(|node| matches!(node.kind, Kind::String(_)));
    if !is_sent && !open_actions {
        found.at(input.at, "nothing in this card sends its inputs");
    }
}

/// The values of choices that are written out, with their places.
fn values<'t>(card: &Card<'t>, object: &Object<'t>) -> Vec<(&'t str, usize)> {
    let value = |node: &'t Node<'t>| match &node.kind {
        Kind::Object(members) => {
            let member = members.iter().find(|member| member.key == "value")?;
            let value = text(&member.value).filter(|value| !card.is_open_text(value))?;
            Some((value, member.value.at))
        }
        _ => None,
    };
    object.list("choices").iter().filter_map(value).collect()
}

fn choice_comma(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if object.flag("isMultiSelect") == Some(true) {
        for (value, at) in values(card, object) {
            if value.contains(',') {
                found.at(at, "this comes back as two answers");
            }
        }
    }
}

fn choice_empty(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let none = match object.get("choices").map(|node| &node.kind) {
        None => true,
        Some(Kind::Array(items)) => items.is_empty(),
        Some(_) => false,
    };
    if none && !object.has("choices.data") {
        found.at(object.at, "there are no choices");
    }
}

fn choice_filtered(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let filtered =
        card.text(object, "style").is_some_and(|style| style.eq_ignore_ascii_case("filtered"));
    if filtered && object.flag("isMultiSelect") == Some(true) && card.host.has(Trait::Mentions) {
        found.at(at(object, "isMultiSelect"), "a filtered choice takes one answer");
    }
}

fn choice_dup(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let values = values(card, object);
    for (index, (value, at)) in values.iter().enumerate() {
        if values.iter().take(index).any(|(other, _)| other == value) {
            found.at(*at, format!("another choice has the value `{value}`"));
        }
    }
}

fn choice_default(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(value) = card.text(object, "value").filter(|value| !value.is_empty()) else { return };
    let values = values(card, object);
    if values.is_empty()
        || values.len() < object.list("choices").len()
        || object.has("choices.data")
    {
        return;
    }
    let many = object.flag("isMultiSelect") == Some(true);
    let answers: Vec<&str> = if many { value.split(',').collect() } else { vec![value] };
    for answer in answers {
        if !values.iter().any(|(known, _)| *known == answer.trim() || *known == answer) {
            found.at(at(object, "value"), format!("no choice has the value `{answer}`"));
        }
    }
}

fn toggle_value(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(value) = card.text(object, "value").filter(|value| !value.is_empty()) else { return };
    let word = |key: &str, usual: &'static str| match object.get(key) {
        None => Some(usual.to_owned()),
        Some(_) => card.text(object, key).map(str::to_owned),
    };
    if let (Some(on), Some(off)) = (word("valueOn", "true"), word("valueOff", "false"))
        && value != on
        && value != off
    {
        found.at(at(object, "value"), format!("this is neither `{on}` nor `{off}`"));
    }
}

fn query_count(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    for key in ["count", "skip"] {
        if let Some(member) = object.member(key) {
            found.at(member.key_at, format!("`{key}` is set by the client"));
        }
    }
}

fn query_dataset(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if !object.has("dataset") {
        found.at(object.at, "`dataset` is missing");
    }
}
