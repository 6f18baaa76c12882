//! What people read: Markdown, dates, mentions, string resources.

use super::source::{FORMAT_CARDS, MOBILE, SCHEMA, TEXT_FEATURES};
use super::{On, Rule};
use crate::host::Trait;
use crate::json::{Kind, Member};
use crate::lint::Severity::{Error, Info, Warning};
use crate::lint::card::{Card, Object, Words, text};
use crate::lint::found::Found;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "wrap.missing",
        severity: Info,
        summary: "A text without `wrap` is cut off at the end of its first line.",
        help: "Add `\"wrap\": true`.",
        source: SCHEMA,
        on: On::Object(&["TextBlock"], wrap_missing),
    },
    Rule {
        id: "md.subset",
        severity: Warning,
        summary: "Cards show bold, italics, lists and links; headings, tables, pictures, code and \
                  quotes stay as they are typed.",
        help: "Use `size`, `weight`, `fontType`, a Table or an Image.",
        source: FORMAT_CARDS,
        on: On::Card(md_subset),
    },
    Rule {
        id: "md.html",
        severity: Warning,
        summary: "HTML is not shown in cards.",
        help: "Use Markdown, or properties of the element.",
        source: FORMAT_CARDS,
        on: On::Card(md_html),
    },
    Rule {
        id: "md.plain",
        severity: Info,
        summary: "Markdown works in TextBlock.text, Fact.title and Fact.value; elsewhere its signs \
                  are shown.",
        help: "Leave the signs out, or use `weight` and `italic` of a TextRun.",
        source: FORMAT_CARDS,
        on: On::Card(md_plain),
    },
    Rule {
        id: "md.newline",
        severity: Info,
        summary: "A single line break makes no new line outside of lists.",
        help: "Write `\\n\\n`.",
        source: FORMAT_CARDS,
        on: On::Card(md_newline),
    },
    Rule {
        id: "date.fn",
        severity: Warning,
        summary: "A date function is written in capitals, without spaces, and takes a time by RFC \
                  3339; anything else is shown as it is typed.",
        help: "Write it like `{{DATE(2026-01-15T12:00:00Z,SHORT)}}`.",
        source: TEXT_FEATURES,
        on: On::Card(date_fn),
    },
    Rule {
        id: "date.host",
        severity: Info,
        summary: "Microsoft's page says that Teams does not support `{{DATE()}}` and `{{TIME()}}`.",
        help: "Write the time with `formatDateTime()`, and say which zone it is in.",
        source: FORMAT_CARDS,
        on: On::Card(date_host),
    },
    Rule {
        id: "mention.entity",
        severity: Error,
        summary: "Each `<at>name</at>` needs a mention in `msteams.entities` with the same text.",
        help: "Add the entity with `mentioned.id` and `mentioned.name`, or write the name without \
               `<at>`.",
        source: FORMAT_CARDS,
        on: On::Card(mention_entity),
    },
    Rule {
        id: "mention.id",
        severity: Error,
        summary: "A mention must say whom it means, by an id and a name.",
        help: "Set `mentioned.id` (29:…, an Entra object id, or a UPN) and `mentioned.name`.",
        source: FORMAT_CARDS,
        on: On::Object(&["mention", "Mention"], mention_id),
    },
    Rule {
        id: "mention.orphan",
        severity: Warning,
        summary: "A mention that no text contains notifies nobody; two with one text are one.",
        help: "Write its text into a TextBlock, or remove the entity.",
        source: FORMAT_CARDS,
        on: On::Card(mention_orphan),
    },
    Rule {
        id: "mention.place",
        severity: Warning,
        summary: "Mentions work in TextBlock and FactSet only.",
        help: "Move the mention into a TextBlock.",
        source: FORMAT_CARDS,
        on: On::Card(mention_place),
    },
    Rule {
        id: "rs.missing",
        severity: Error,
        summary: "`${rs:name}` names a text that is not in `resources.strings`.",
        help: "Add it there with a `defaultValue`; large and small letters count.",
        source: MOBILE,
        on: On::Card(rs_missing),
    },
    Rule {
        id: "rs.default",
        severity: Warning,
        summary: "A string resource without `defaultValue` shows nothing in other languages.",
        help: "Add `defaultValue`.",
        source: MOBILE,
        on: On::Object(&["AdaptiveCard"], rs_default),
    },
];

fn wrap_missing(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    // One line is what `maxLines: 1` asks for.
    if !object.has("wrap") && !object.has("maxLines") {
        found.at(object.at, "this text does not wrap");
    }
}

/// Whether Markdown is shown here.
fn takes_markdown(card: &Card<'_>, words: &Words<'_>) -> bool {
    let kind = card.objects.get(words.object).map_or("", |object| object.kind);
    matches!((kind, words.key), ("TextBlock", "text") | ("Fact", "title" | "value"))
}

/// Texts in which Markdown is shown and one of some characters stands.
fn markdown<'a, 't>(card: &'a Card<'t>, of: &str) -> impl Iterator<Item = &'a Words<'t>> {
    card.words_with(of).filter(|words| takes_markdown(card, words))
}

fn md_subset(card: &Card<'_>, found: &mut Found) {
    if !card.host.has(Trait::SmallMarkdown) {
        return;
    }
    for words in markdown(card, "#|`>!") {
        if let Some(what) = unsupported(words.text) {
            found.at(words.at, format!("{what} is not shown"));
        }
    }
}

/// The first thing in a text that a card does not show.
fn unsupported(text: &str) -> Option<&'static str> {
    for line in text.split(['\n', '\r']).map(str::trim_start) {
        let heading = line.trim_start_matches('#');
        if heading.len() < line.len() && heading.starts_with(' ') {
            return Some("a heading (`#`)");
        }
        if line.starts_with("> ") {
            return Some("a quote (`>`)");
        }
        if line.starts_with("```") {
            return Some("a block of code");
        }
        if line.starts_with("|-") || line.starts_with("| -") || line.starts_with("|:") {
            return Some("a table");
        }
    }
    if text
        .match_indices("![")
        .any(|(at, _)| text.get(at..).is_some_and(|rest| rest.contains("](")))
    {
        return Some("a picture (`![]()`)");
    }
    // Apostrophes of code come in pairs; inside an expression they are texts.
    let outside = text.find("${").is_none();
    (outside && text.matches('`').count() >= 2).then_some("code (`` ` ``)")
}

fn md_html(card: &Card<'_>, found: &mut Found) {
    const TAGS: [&str; 18] = [
        "b", "i", "u", "s", "br", "p", "div", "span", "a", "strong", "em", "ul", "ol", "li", "h1",
        "h2", "img", "table",
    ];
    for words in markdown(card, "<") {
        for (at, _) in words.text.match_indices('<') {
            let rest = words.text.get(at + 1..).unwrap_or_default();
            let rest = rest.strip_prefix('/').unwrap_or(rest);
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            let tag = after.split('<').next().unwrap_or_default();
            let closed = tag.starts_with(['>', ' ', '/']) && tag.contains('>');
            if closed && TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name)) {
                found.at(words.at, format!("`<{name}>` is shown as it is typed"));
                break;
            }
        }
    }
}

fn md_plain(card: &Card<'_>, found: &mut Found) {
    const SHOWN: [&str; 7] =
        ["text", "title", "label", "placeholder", "tooltip", "errorMessage", "inlines"];
    for words in card.words_with("*(").filter(|words| SHOWN.contains(&words.key)) {
        let bold = words.text.matches("**").count() >= 2;
        let link = words.text.contains("](http");
        if !takes_markdown(card, words) && (bold || link) {
            found.at(words.at, format!("`{}` shows the signs of Markdown", words.key));
        }
    }
}

fn md_newline(card: &Card<'_>, found: &mut Found) {
    for words in markdown(card, "\n\r") {
        let lines: Vec<&str> = words.text.split(['\n', '\r']).collect();
        let is_item = |line: &str| {
            let line = line.trim_start();
            let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
            line.starts_with(['-', '*', '+'])
                || (digits.len() < line.len() && digits.starts_with('.'))
        };
        let single = lines.windows(2).any(|pair| match pair {
            [before, after] => {
                !before.trim().is_empty() && !after.trim().is_empty() && !is_item(after)
            }
            _ => false,
        });
        if single && !words.text.contains("\n\n") && !words.text.contains("\r\r") {
            found.at(words.at, "a single line break is shown as a space");
        }
    }
}

/// The `{{…}}` in a text, without their brackets.
fn date_functions(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(inside, _)| inside)
}

fn date_fn(card: &Card<'_>, found: &mut Found) {
    for words in card.words_with("{").filter(|words| words.text.contains("{{")) {
        for function in date_functions(words.text) {
            let upper = function.trim().to_ascii_uppercase();
            let is_date = upper.starts_with("DATE(") || upper.starts_with("TIME(");
            if is_date && !card.is_open_text(function) && !is_good_date(function) {
                found.at(words.at, format!("`{{{{{function}}}}}` is shown as it is typed"));
            }
        }
    }
}

fn is_good_date(function: &str) -> bool {
    let arguments = function.strip_prefix("DATE(").or(function.strip_prefix("TIME("));
    let Some(arguments) = arguments.and_then(|rest| rest.strip_suffix(')')) else { return false };
    let (time, style) = arguments.split_once(',').map_or((arguments, "COMPACT"), |(t, s)| (t, s));
    let is_style = ["COMPACT", "SHORT", "LONG"].contains(&style.trim_start());
    let is_time = function.starts_with("TIME(") && arguments == time;
    (is_time || is_style) && time.len() >= 20 && time.parse::<jiff::Timestamp>().is_ok()
}

fn date_host(card: &Card<'_>, found: &mut Found) {
    if card.host.has(Trait::Dates) {
        return;
    }
    for words in card.words_with("{").filter(|words| words.text.contains("{{")) {
        if date_functions(words.text).any(|f| f.starts_with("DATE(") || f.starts_with("TIME(")) {
            found.at(words.at, "Teams may show this as it is typed");
        }
    }
}

/// The mentions in a text, with their tags.
fn mentions(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("<at>").filter_map(|(at, _)| {
        let rest = text.get(at..)?;
        rest.get(..rest.find("</at>")? + "</at>".len())
    })
}

/// The texts of all entities of a card, and where they are.
fn entities<'t>(card: &Card<'t>) -> Vec<(&'t str, usize)> {
    let entities = card.objects.iter().filter(|object| object.key == "entities");
    entities
        .filter_map(|object| object.get("text"))
        .filter_map(|n| Some((text(n)?, n.at)))
        .collect()
}

/// Whether entities are made by an expression, so that they are not known here.
fn has_open_entities(card: &Card<'_>) -> bool {
    card.of_kind("TeamsCardProperties")
        .filter_map(|object| object.get("entities"))
        .any(|node| text(node).is_some())
        || card.objects.iter().any(|object| object.key == "entities" && object.has("$data"))
}

fn mention_entity(card: &Card<'_>, found: &mut Found) {
    if !card.host.has(Trait::Mentions) || has_open_entities(card) {
        return;
    }
    let known = entities(card);
    for words in card.words_with("<").filter(|words| words.text.contains("<at>")) {
        let in_entity = card.objects.get(words.object).is_some_and(|o| o.key == "entities");
        for mention in mentions(words.text).filter(|_| !in_entity) {
            let fits = known.iter().any(|(text, _)| *text == mention || card.is_open_text(text));
            if !fits && !card.is_open_text(mention) {
                found.at(words.at, format!("no entity has the text `{mention}`"));
            }
        }
    }
}

fn mention_id(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if object.key != "entities" || !card.host.has(Trait::Mentions) {
        return;
    }
    let Some(mentioned) = object.get("mentioned") else {
        found.at(object.at, "`mentioned` is missing");
        return;
    };
    let Kind::Object(members) = &mentioned.kind else { return };
    for key in ["id", "name"] {
        let found_at = |member: &Member<'_>| member.key == key && text(&member.value) != Some("");
        if !members.iter().any(found_at) {
            found.at(mentioned.at, format!("`mentioned.{key}` is missing"));
        }
    }
}

fn mention_orphan(card: &Card<'_>, found: &mut Found) {
    let known = entities(card);
    for (index, (text, at)) in known.iter().enumerate() {
        if card.is_open_text(text) {
            continue;
        }
        let used = card.words.iter().any(|words| words.at != *at && words.text.contains(*text));
        let open = card.words.iter().any(|words| card.is_open_text(words.text));
        if !used && !open {
            found.at(*at, format!("no text contains `{text}`"));
        }
        if known.iter().take(index).any(|(other, _)| other == text) {
            found.at(*at, format!("another entity has the text `{text}`"));
        }
    }
}

fn mention_place(card: &Card<'_>, found: &mut Found) {
    for words in card.words_with("<").filter(|words| words.text.contains("<at>")) {
        let key = card.objects.get(words.object).map_or("", |object| object.key);
        if card.host.has(Trait::Mentions) && !takes_markdown(card, words) && key != "entities" {
            found.at(words.at, format!("nobody is mentioned by `{}`", words.key));
        }
    }
}

fn rs_missing(card: &Card<'_>, found: &mut Found) {
    let strings: Vec<&str> = card
        .objects
        .iter()
        .filter(|object| object.key == "resources")
        .filter_map(|object| object.get("strings"))
        .filter_map(|node| match &node.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        })
        .flatten()
        .map(|member| &*member.key)
        .collect();
    for words in card.words_with("{") {
        for (start, rest) in
            words.text.split("${").skip(1).filter_map(|rest| rest.split_at_checked(3))
        {
            let name = rest.split('}').next().unwrap_or_default().trim();
            let is_name = !name.is_empty() && !name.contains([' ', '$', '{']);
            if !start.eq_ignore_ascii_case("rs:") || !is_name || !rest.contains('}') {
                continue;
            }
            if start != "rs:" {
                found.at(words.at, format!("`${{{start}{name}}}` must be `${{rs:{name}}}`"));
            } else if !strings.contains(&name) {
                found.at(words.at, format!("there is no string `{name}`"));
            }
        }
    }
}

fn rs_default(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let inside = |members: &'_ [Member<'_>], key: &str| members.iter().position(|m| m.key == key);
    let Some(Kind::Object(resources)) = object.get("resources").map(|node| &node.kind) else {
        return;
    };
    let strings = inside(resources, "strings").and_then(|at| resources.get(at));
    let Some(Kind::Object(strings)) = strings.map(|member| &member.value.kind) else { return };
    for string in strings {
        if let Kind::Object(members) = &string.value.kind
            && inside(members, "defaultValue").is_none()
        {
            found.at(string.key_at, format!("`{}` has no `defaultValue`", string.key));
        }
    }
}
