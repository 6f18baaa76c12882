//! The model keeps every card of the corpus as it is.

mod drift;
mod host;
#[cfg(feature = "icons")]
mod icons;
#[cfg(feature = "schema")]
mod schema;

use argus_cards::model::{
    AdaptiveCard, Card, Column, ColumnSet, Container, Spacing, Submit, TextBlock, TextSize,
    TextWeight,
};
use serde_json::{Value, json};

use crate::corpus;

#[test]
fn payloads_survive_the_model() {
    let Some(folder) = corpus::cards("payloads_survive_the_model") else { return };
    let files = corpus::json_files(&folder.join("payloads"));
    let (mut changed, mut not_json) = (Vec::new(), 0);
    for file in &files {
        let case = corpus::read(file);
        // The corpus keeps the name of one file whose card is not JSON.
        if case["card"].is_null() {
            not_json += 1;
            continue;
        }
        let card: AdaptiveCard = serde_json::from_value(case["card"].clone())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let written = serde_json::to_value(&card).unwrap();
        let direct: Value = serde_json::from_str(&card.to_json()).unwrap();
        assert!(direct == written, "{}: two ways of writing, two cards", file.display());
        if written != case["card"] {
            changed.push(format!("{}\n  {written}\n  {}", case["id"], case["card"]));
        }
    }
    assert!(not_json <= 1, "{not_json} payloads have no card");
    assert!(files.len() > 300, "only {} payloads found", files.len());
    assert!(changed.is_empty(), "{} of {}\n{}", changed.len(), files.len(), changed.join("\n"));
}

proptest::proptest! {
    #[test]
    fn json_is_what_serde_writes(text: String, odd in "[\\\\\"\u{0}-\u{1f}a-c\u{7f}-\u{ff}]{0,20}") {
        let card = Card::new()
            .push(TextBlock::new(text.as_str()).max_lines(2).spacing(Spacing::Large).id(odd.as_str()))
            .push(Container::new().min_height(80).requires([(odd.as_str(), "1.2")]))
            .push(ColumnSet::new().columns([Column::auto(), Column::new().width(3)]))
            .action(Submit::new(odd.as_str(), json!({odd.as_str(): [1, null, text]})));
        proptest::prop_assert_eq!(card.to_json(), serde_json::to_string(&card).unwrap());
    }
}

#[test]
fn what_is_set_replaces_what_was_read() {
    let read = json!({"type": "TextBlock", "size": "LARGE", "text": "a", "weight": 7});
    let mut text: TextBlock = serde_json::from_value(read).unwrap();
    text.size = Some(TextSize::Small);
    text.weight = Some(TextWeight::Bolder);
    text.text = String::new();
    let written = json!({"type": "TextBlock", "size": "Small", "text": "", "weight": "Bolder"});
    assert_eq!(serde_json::to_value(&text).unwrap(), written);
}

#[test]
fn values_that_do_not_fit_are_kept() {
    let odd = serde_json::json!({
        "type": "AdaptiveCard",
        "body": [
            {"type": "TextBlock", "text": 14, "wrap": "yes", "size": "LARGE", "color": "plaid"},
            {"type": "ColumnSet", "columns": [{"width": 2, "items": []}]},
            {"type": "Container", "items": [null, "text"]},
            {"type": "RichTextBlock", "inlines": ["a", {"type": "IconRun"}]},
            {"type": "FactSet", "facts": [{"title": "", "value": null}]},
            {"no": "type"},
        ],
        "actions": [],
        "refresh": 5,
    });
    let card: AdaptiveCard = serde_json::from_value(odd.clone()).unwrap();
    assert_eq!(serde_json::to_value(&card).unwrap(), odd);
    let Some(argus_cards::model::Element::TextBlock(text)) = card.body.first() else { panic!() };
    assert_eq!(text.size, Some(TextSize::Large), "words have no case");
    assert_eq!(text.rest.get("text"), Some(&Value::from(14)));
}

#[test]
fn the_other_name_of_a_property_is_read_and_kept() {
    let singular = serde_json::json!({"type": "Table", "rows": [], "firstRowAsHeader": false});
    let mut table: argus_cards::model::Table = serde_json::from_value(singular.clone()).unwrap();
    assert_eq!(table.first_row_as_headers, Some(false));
    assert_eq!(serde_json::to_value(&table).unwrap(), singular);
    table.first_row_as_headers = None;
    assert!(!serde_json::to_string(&table).unwrap().contains("firstRow"));
}
