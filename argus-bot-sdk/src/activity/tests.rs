//! The short way and the long way read the same.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Whether the text was ordinary.
fn check(text: &str) -> bool {
    let (mut short, mut read) = (Activity::default(), Activity::default());
    let is_ordinary = short.ordinary(text).is_some();
    let is_read = read.read(text).is_ok();
    if !is_ordinary {
        assert_eq!(is_read.then_some(read), serde_json::from_str(text).ok(), "{text}");
        return false;
    }
    let long: Activity = serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(short, long, "{text}");
    assert_eq!(serde_json::to_value(&short).unwrap(), serde_json::to_value(&long).unwrap());
    assert_eq!(short.clone(), long);
    true
}

#[test]
fn ordinary_activities_take_the_short_way() {
    let all = json!({
        "type": "message", "id": "1", "text": "a \"b\"\n\\ ü", "from": {"id": "29:a", "x": [1]},
        "recipient": {}, "conversation": {"isGroup": true, "id": "19:x"},
        "value": {"action": {"verb": "v", "data": null}}, "mood": {"calm": [true, -7]},
        "attachments": [{"contentType": "text/html", "content": {"a": 1}}, {"odd": 1}],
        "entities": [{"type": "mention"}, 7], "channelData": {"tenant": {"id": "t"}},
        "suggestedActions": "none", "relatesTo": 7, "membersAdded": [{"id": "29:b"}],
        "reactionsAdded": [{"type": "like"}]
    });
    assert!(check(&all.to_string()));
    assert!(check(&serde_json::to_string_pretty(&all).unwrap()));
    assert!(check("{}") && check(" { } "));
}

#[test]
fn everything_else_takes_the_long_way() {
    for text in [
        r#"{"type":"message","type":"message"}"#,
        r#"{"type":"","id":"1"}"#,
        r#"{"id":"1","id":"2"}"#,
        r#"{"id":null}"#,
        r#"{"id":7}"#,
        r#"{"i\u0064":"1"}"#,
        r#"{"text":"\u00fc"}"#,
        r#"{"x":1,"x":2}"#,
        r#"{"from":{"id":"a","id":"b"}}"#,
        r#"{"from":"ana"}"#,
        r#"{"conversation":{"isGroup":"yes"}}"#,
        r#"{"channelData":null}"#,
        r#"{"channelData":{"a":1.5}}"#,
        r#"{"channelData":{"a":{},"a":{}}}"#,
        r#"{"attachments":[[]]}"#,
        r#"{"entities":[null]}"#,
        r#"{"membersAdded":[7]}"#,
        r#"{"type":"message"} x"#,
        r#"{"type":"message""#,
        "[]",
        "",
    ] {
        assert!(!check(text), "{text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-20..20).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        "[a-c\"\\\\\n]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("id|name|isGroup|tenant|[ab]", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Members as text, so that one name may come twice.
fn any_members() -> impl Strategy<Value = String> {
    let names =
        "type|text|from|conversation|membersAdded|attachments|value|entities|channelData|id|x";
    let text = any_json().prop_map(|json| json.to_string());
    let member = (names, text).prop_map(|(name, text)| format!("\"{name}\":{text}"));
    prop::collection::vec(member, 0..5).prop_map(|all| format!("{{{}}}", all.join(",")))
}

proptest! {
    #[test]
    fn both_ways_read_the_same(text in any_members()) {
        check(&text);
    }

    #[test]
    fn broken_activities_are_not_ordinary(text in any_members(), at in 0..200_usize, byte in "[ -~]") {
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let (before, after) = text.split_at(at);
        check(&format!("{before}{byte}{after}"));
        check(&format!("{before}{}", after.chars().skip(1).collect::<String>()));
    }
}
