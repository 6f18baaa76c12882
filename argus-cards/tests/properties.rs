//! What holds for any card and any data.

use argus_cards::model::AdaptiveCard;
use argus_cards::{Options, Profile, Template, ael};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// JSON in which the words of cards are frequent.
fn card_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-1000i64..1000).prop_map(Value::from),
        prop::sample::select(vec!["TextBlock", "Column", "Small", "auto", "", "Action.Execute"])
            .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "type", "body", "items", "columns", "text", "size", "wrap", "actions", "data", "facts",
        "title", "value", "rows", "cells", "inlines", "refresh", "msteams", "odd",
    ]);
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|members| {
                let members = members.into_iter().map(|(key, value)| (key.to_owned(), value));
                Value::Object(members.collect::<Map<_, _>>())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn the_model_loses_nothing(mut card in card_json()) {
        if !card.is_object() {
            card = json!({"type": "AdaptiveCard", "body": [card]});
        }
        let read: AdaptiveCard = serde_json::from_value(card.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), card);
    }

    #[test]
    fn a_template_without_expressions_is_the_card(card in card_json()) {
        let source = card.to_string().replace('$', "S");
        let options = Options::default();
        let template = Template::parse("x", &source, &options).unwrap();
        let out: Value = serde_json::from_slice(&template.render(&json!({}), None, &options).unwrap()).unwrap();
        prop_assert_eq!(out, serde_json::from_str::<Value>(&source).unwrap());
    }

    #[test]
    fn any_text_is_only_a_text(text in any::<String>()) {
        let options = Options::default();
        let source = r#"{"type":"AdaptiveCard","body":[{"type":"TextBlock","text":"${t}"},{"type":"TextBlock","text":"a ${t} b"}]}"#;
        let template = Template::parse("x", source, &options).unwrap();
        let out = template.render(&json!({"t": text}), None, &options).unwrap();
        let card: Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(card["body"].as_array().map(Vec::len), Some(2));
        let shown = card["body"][0]["text"].as_str().unwrap();
        prop_assert!(!shown.contains("{{") && !shown.contains("<at>"));
    }

    #[test]
    fn no_expression_panics(expression in "[a-c0-9.()\\[\\]{}'`$!?:,+*/%^&|<>= -]{0,24}") {
        for profile in [Profile::Compat, Profile::Argus] {
            let options = Options::default().profile(profile);
            // Either outcome is fine; what is tested is that there is one.
            let outcome = ael::eval(&expression, &json!({"a": [1, {"b": 2}], "c": "x"}), &options);
            prop_assert!(outcome.is_ok() || outcome.is_err());
        }
    }
}
