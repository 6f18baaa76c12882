//! Columns, tables, carousels and what else arranges things.

use super::source::{ARGUS, FORMAT_CARDS, MOBILE, MODEL, RENDERER, SCHEMA};
use super::{On, Rule};
use crate::host::Trait;
use crate::json::Kind;
use crate::lint::Severity::{Error, Info, Warning};
use crate::lint::card::{Card, Object, text};
use crate::lint::found::Found;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "table.header",
        severity: Warning,
        summary: "The schema says `firstRowAsHeader`, but clients read `firstRowAsHeaders`.",
        help: "Write `firstRowAsHeaders`.",
        source: RENDERER,
        on: On::Object(&["Table"], table_header),
    },
    Rule {
        id: "table.cells",
        severity: Warning,
        summary: "A row has more or fewer cells than the table has columns.",
        help: "Give each row one cell for each column.",
        source: SCHEMA,
        on: On::Object(&["TableRow"], table_cells),
    },
    Rule {
        id: "table.columns",
        severity: Warning,
        summary: "A table without columns shows no cells.",
        help: "Add `columns`, one `{ \"width\": 1 }` for each.",
        source: RENDERER,
        on: On::Object(&["Table"], table_columns),
    },
    Rule {
        id: "column.width",
        severity: Warning,
        summary: "A column is as wide as `auto`, `stretch`, a weight like `2`, or pixels like \
                  `50px`.",
        help: "Use one of the four.",
        source: SCHEMA,
        on: On::Object(&["Column", "TableColumnDefinition"], column_width),
    },
    Rule {
        id: "length.form",
        severity: Warning,
        summary: "A length is a number of pixels, like `80px`.",
        help: "Write the number with `px`.",
        source: SCHEMA,
        on: On::Object(&["*"], length_form),
    },
    Rule {
        id: "targetWidth.enum",
        severity: Error,
        summary: "Teams knows four widths: veryNarrow, narrow, standard, wide; each may have \
                  `atLeast:` or `atMost:` before it.",
        help: "Use one of them, like `atLeast:narrow`.",
        source: FORMAT_CARDS,
        on: On::Object(&["*"], target_width),
    },
    Rule {
        id: "carousel.forbidden",
        severity: Error,
        summary: "A carousel cannot hold inputs, media, sets of actions, other carousels, \
                  Action.ShowCard or Action.ToggleVisibility.",
        help: "Put it below the carousel.",
        source: RENDERER,
        on: On::Object(
            &[
                "Input.",
                "Media",
                "ActionSet",
                "Carousel",
                "Action.ShowCard",
                "Action.ToggleVisibility",
            ],
            carousel_forbidden,
        ),
    },
    Rule {
        id: "carousel.pages",
        severity: Warning,
        summary: "A carousel without pages shows nothing; its items are of type CarouselPage.",
        help: "Add `pages`.",
        source: RENDERER,
        on: On::Object(&["Carousel"], carousel_pages),
    },
    Rule {
        id: "grid.area",
        severity: Warning,
        summary: "The element names an area that the grid around it does not have.",
        help: "Name an area of the grid, or add it to `areas`.",
        source: MODEL,
        on: On::Object(&["*"], grid_area),
    },
    Rule {
        id: "rating.max",
        severity: Error,
        summary: "A rating has at most five stars to choose from, and no value above its stars.",
        help: "Set `max` to 5 or less and `value` to no more than that.",
        source: FORMAT_CARDS,
        on: On::Object(&["Rating", "Input.Rating"], rating_max),
    },
    Rule {
        id: "progress.range",
        severity: Error,
        summary: "The value of a progress bar is between 0 and `max` (100 if it is not given).",
        help: "Keep the value between the two.",
        source: MODEL,
        on: On::Object(&["ProgressBar"], progress_range),
    },
    Rule {
        id: "codeblock.mobile",
        severity: Info,
        summary: "Code blocks are shown on desktop and web, not on phones.",
        help: "Give it a `fallback` that phones show.",
        source: FORMAT_CARDS,
        on: On::Object(&["CodeBlock"], poor_mobile),
    },
    Rule {
        id: "chart.mobile",
        severity: Info,
        summary: "The published sources of Teams' phone clients draw no charts.",
        help: "Give it a `fallback`, such as a table of the same numbers.",
        source: MOBILE,
        on: On::Object(&["Chart."], poor_mobile),
    },
    Rule {
        id: "chart.data",
        severity: Warning,
        summary: "A chart without data shows an empty frame.",
        help: "Bind `data`, and leave the chart out with `$when` if there is none.",
        source: ARGUS,
        on: On::Object(&["Chart."], chart_data),
    },
    Rule {
        id: "badge.empty",
        severity: Warning,
        summary: "A badge without text and icon is an empty spot.",
        help: "Set `text`, `icon` or both.",
        source: MODEL,
        on: On::Object(&["Badge"], badge_empty),
    },
    Rule {
        id: "columns.none",
        severity: Warning,
        summary: "A column set without columns shows nothing.",
        help: "Put something into `columns`.",
        source: RENDERER,
        on: On::Object(&["ColumnSet"], columns_none),
    },
];

fn table_header(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if let Some(member) = object.member("firstRowAsHeader") {
        found.at(member.key_at, "clients do not read `firstRowAsHeader`");
    }
}

/// How many items an array has, if none of them is repeated or left out by an expression.
fn fixed_count(object: &Object<'_>, key: &str) -> Option<usize> {
    let Some(Kind::Array(items)) = object.get(key).map(|node| &node.kind) else { return None };
    let fixed = |item: &crate::json::Node<'_>| match &item.kind {
        Kind::Object(members) => {
            !members.iter().any(|member| ["$data", "$when"].contains(&&*member.key))
        }
        kind => !matches!(kind, Kind::String(_)),
    };
    items.iter().all(fixed).then_some(items.len())
}

fn table_cells(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(table) = card.up(object).filter(|table| table.kind == "Table") else { return };
    let (Some(cells), Some(columns)) =
        (fixed_count(object, "cells"), fixed_count(table, "columns"))
    else {
        return;
    };
    if cells != columns && columns > 0 {
        let at = object.get("cells").map_or(object.at, |node| node.at);
        found.at(at, format!("{cells} cells in a table of {columns} columns"));
    }
}

fn table_columns(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if !object.list("rows").is_empty() && is_empty_list(object, "columns") {
        found.at(object.at, "this table has rows and no columns");
    }
}

fn is_empty_list(object: &Object<'_>, key: &str) -> bool {
    match object.get(key).map(|node| &node.kind) {
        None => true,
        Some(Kind::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

fn column_width(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(node) = object.get("width") else { return };
    let fits = match &node.kind {
        Kind::Number(number) => number.as_f64().is_some_and(|weight| weight >= 0.0),
        Kind::String(width) => {
            let is_word = ["auto", "stretch"].iter().any(|word| width.eq_ignore_ascii_case(word));
            is_word || card.is_open_text(width) || pixels(width) || width.parse::<f64>().is_ok()
        }
        _ => false,
    };
    if !fits {
        found.at(node.at, "this is no width of a column");
    }
}

/// Whether a text is a number of pixels.
fn pixels(text: &str) -> bool {
    let number = text.trim().strip_suffix("px");
    number.is_some_and(|number| number.trim().parse::<f64>().is_ok_and(|number| number >= 0.0))
}

fn length_form(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    for key in
        ["minHeight", "maxHeight", "heightInPixels", "minWidth", "maxWidth", "maxPopoverWidth"]
    {
        let Some(node) = object.get(key) else { continue };
        match text(node) {
            Some(length) if pixels(length) || card.is_open_text(length) => {}
            _ => found.at(node.at, format!("`{key}` must be a text like `80px`")),
        }
    }
}

fn target_width(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(node) = object.get("targetWidth") else { return };
    let fits = text(node).is_some_and(|word| {
        let lower = word.to_ascii_lowercase();
        let width = lower.strip_prefix("atleast:").or(lower.strip_prefix("atmost:"));
        let known = ["verynarrow", "narrow", "standard", "wide"];
        card.is_open_text(word) || known.contains(&width.unwrap_or(&lower).trim())
    });
    if !fits {
        found.at(node.at, "this is no width that Teams knows");
    }
}

fn carousel_forbidden(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let carousel = |around: &&Object<'_>| ["Carousel", "CarouselPage"].contains(&around.kind);
    if card.around(object).any(|around| carousel(&around)) {
        found.at(object.at, format!("{} stands in a carousel", object.kind));
    }
}

fn carousel_pages(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if is_empty_list(object, "pages") {
        found.at(object.at, "this carousel has no pages");
        return;
    }
    for page in object.list("pages") {
        let Kind::Object(members) = &page.kind else { continue };
        let kind = members.iter().find(|member| member.key == "type");
        if let Some(node) = kind.map(|member| &member.value)
            && text(node).is_some_and(|kind| kind != "CarouselPage" && !kind.contains("${"))
        {
            found.at(node.at, "only a CarouselPage can be a page");
        }
    }
}

fn grid_area(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let Some(area) = card.text(object, "grid.area") else { return };
    let Some(around) = card.up(object) else { return };
    let grids: Vec<_> = card
        .of_kind("Layout.AreaGrid")
        .filter(|grid| card.up(grid).is_some_and(|owner| owner.at == around.at))
        .collect();
    let names = |grid: &&Object<'_>| {
        grid.list("areas").iter().any(|node| match &node.kind {
            Kind::Object(members) => members.iter().any(|member| {
                member.key == "name"
                    && text(&member.value)
                        .is_some_and(|name| name == area || card.is_open_text(name))
            }),
            _ => true,
        })
    };
    if !grids.is_empty() && !grids.iter().any(names) {
        let at = object.get("grid.area").map_or(object.at, |node| node.at);
        found.at(at, format!("the grid has no area `{area}`"));
    }
}

fn rating_max(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let at = |key: &str| object.get(key).map_or(object.at, |node| node.at);
    let max = object.number("max");
    if object.kind == "Input.Rating" && max.is_some_and(|max| max > 5.0) {
        found.at(at("max"), "there are five stars at most");
    }
    let most = max.unwrap_or(5.0);
    if object.has("max") && max.is_none() {
        return;
    }
    if object.number("value").is_some_and(|value| value < 0.0 || value > most) {
        found.at(at("value"), format!("this is not between 0 and {most}"));
    }
}

fn progress_range(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    let max = object.number("max");
    if object.has("max") && max.is_none() {
        return;
    }
    let most = max.unwrap_or(100.0);
    if object.number("value").is_some_and(|value| value < 0.0 || value > most) {
        let at = object.get("value").map_or(object.at, |node| node.at);
        found.at(at, format!("this is not between 0 and {most}"));
    }
}

fn poor_mobile(card: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if card.host.has(Trait::PoorMobile) && !object.has("fallback") {
        found.at(object.at, format!("{} has no `fallback`", object.kind));
    }
}

fn chart_data(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    // A gauge shows one value and draws its scale without segments.
    if object.kind != "Chart.Gauge" && is_empty_list(object, "data") {
        found.at(object.at, "this chart has no data");
    }
}

fn badge_empty(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if !object.has("text") && !object.has("icon") {
        found.at(object.at, "this badge has neither text nor icon");
    }
}

fn columns_none(_: &Card<'_>, object: &Object<'_>, found: &mut Found) {
    if is_empty_list(object, "columns") {
        found.at(object.at, "there are no columns");
    }
}
