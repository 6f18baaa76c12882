//! Activities survive: real ones of the corpus and invented ones.

use std::path::{Path, PathBuf};

use argus_bot_sdk::{Activity, ActivityKind};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn corpus(folder: &str) -> Option<PathBuf> {
    let named = std::env::var_os("ARGUS_CORPUS").map(PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let nearby = root.ancestors().map(|above| above.join("shared/corpus")).find(|at| at.is_dir());
    named.or(nearby).map(|corpus| corpus.join(folder)).filter(|at| at.is_dir())
}

#[expect(clippy::print_stderr, reason = "a skipped test is named, not silent")]
pub(crate) fn files(test: &str, folder: &str) -> Vec<(String, Value)> {
    let Some(folder) = corpus(folder) else {
        eprintln!("skipped: {test} needs the corpus folder {folder}");
        return Vec::new();
    };
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let json = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let files: Vec<_> = json
        .map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            (path.display().to_string(), serde_json::from_slice(&bytes).unwrap())
        })
        .collect();
    assert!(files.len() >= 100, "the corpus folder has only {} files", files.len());
    files
}

fn check_round_trip(name: &str, wire: &Value) -> Activity {
    let activity: Activity =
        serde_json::from_str(&wire.to_string()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let again: Value = serde_json::from_str(&serde_json::to_string(&activity).unwrap()).unwrap();
    assert_eq!(&again, wire, "{name}");
    activity
}

#[test]
fn corpus_activities_round_trip() {
    for (name, wire) in files("corpus_activities_round_trip", "activities") {
        let activity = check_round_trip(&name, &wire);
        // What has the type that the protocol gives it is found in its field, not only in `extra`.
        assert_eq!(activity.kind.as_str(), wire["type"].as_str().unwrap_or_default(), "{name}");
        assert_eq!(activity.text.as_deref(), wire["text"].as_str(), "{name}");
        assert_eq!(activity.service_url.as_deref(), wire["serviceUrl"].as_str(), "{name}");
        assert_eq!(
            activity.from.as_ref().and_then(|from| from.aad_object_id.as_deref()),
            wire["from"]["aadObjectId"].as_str(),
            "{name}"
        );
    }
}

#[test]
fn playground_activities_round_trip() {
    for (name, call) in files("playground_activities_round_trip", "playground-wire") {
        let body = &call["request"];
        if body.get("type").is_some_and(Value::is_string) {
            let activity = check_round_trip(&name, body);
            if call["dir"] == "toBot" {
                assert!(activity.tenant_id().is_some(), "{name} has no tenant");
            }
            if activity.invoke_name() == Some("adaptiveCard/action") {
                assert!(activity.card_action().unwrap().verb.is_some(), "{name} has no verb");
            }
        }
    }
}

#[test]
fn odd_types_are_kept() {
    for wire in [
        json!({"type": "message", "text": 7, "from": "ana", "conversation": []}),
        json!({"type": "message", "membersAdded": [{"id": "a"}, 7, {"id": "b", "x": null}]}),
        json!({"type": "message", "attachments": [[]], "entities": [null, {"a": 1}], "value": null}),
        json!({"type": 7, "id": {"a": [1.5, -3, 18_446_744_073_709_551_615_u64]}}),
        json!({"type": "", "conversation": {"isGroup": "yes", "tenantId": null}}),
        json!({"type": null}),
        json!({}),
    ] {
        check_round_trip(&wire.to_string(), &wire);
    }
}

#[test]
fn duplicates_are_refused() {
    for wire in [
        r#"{"type":"message","type":"message"}"#,
        r#"{"type":"message","text":null,"text":"a"}"#,
        r#"{"type":"message","text":"a","text":null}"#,
        r#"{"type":"message","te\u0078t":"a","text":"b"}"#,
        r#"{"type":"message","mood":1,"mood":1}"#,
        r#"{"type":"message","from":{"id":"a","id":"b"}}"#,
        r#"{"type":"message","from":{"x":1,"x":2}}"#,
        r#"{"type":"message","value":{"action":{"verb":"a","verb":"b"}}}"#,
        r#"{"type":"message","channelData":{"tenant":{"id":"a"},"tenant":{"id":"b"}}}"#,
        r#"{"type":"message","entities":[{"a":1,"a":2}]}"#,
        r#"{"type":"message","membersAdded":[{"id":"a"},7,{"id":"b","id":"c"}]}"#,
        r#"{"type":null,"type":"message"}"#,
    ] {
        assert!(serde_json::from_str::<Activity>(wire).is_err(), "{wire} was read");
    }
}

#[test]
fn what_is_no_object_is_no_activity() {
    for wire in ["", "null", "7", "[]", "\"message\"", "{", "{}{}", "{\"type\":\"message\"} x"] {
        assert!(serde_json::from_str::<Activity>(wire).is_err(), "{wire} was read");
    }
    let deep = format!("{{\"value\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    assert!(serde_json::from_str::<Activity>(&deep).is_err(), "a depth of 5000 was read");
}

#[test]
fn a_field_set_later_wins_over_the_odd_one_read() {
    let mut activity: Activity =
        serde_json::from_str(r#"{"type":"message","text":null,"x":1}"#).unwrap();
    activity.text = Some("said".to_owned());
    let wire = serde_json::to_string(&activity).unwrap();
    assert_eq!(wire, r#"{"type":"message","text":"said","x":1}"#);
}

#[test]
fn debug_shows_nothing_personal() {
    let canary = "CANARY-7f3a";
    let wire = json!({
        "type": "invoke", "name": "adaptiveCard/action", "text": canary, "summary": canary,
        "from": {"id": canary, "name": canary, "aadObjectId": canary, "x": canary},
        "conversation": {"id": canary, "name": canary, "tenantId": canary},
        "membersAdded": [{"name": canary}], "entities": [{"text": canary}],
        "attachments": [{"name": canary, "content": canary, "contentUrl": canary}],
        "value": {"action": {"verb": "isolate", "title": canary, "data": {"input": canary}}},
        "channelData": {"tenant": {"id": canary}}, canary: canary
    });
    let activity: Activity = serde_json::from_value(wire).unwrap();
    let shown = format!(
        "{activity:?} {:?} {:?} {:?} {:?}",
        activity.from,
        activity.card_action(),
        activity.channel(),
        activity.attachments,
    );
    assert!(!shown.contains(canary), "{shown}");
    assert!(shown.contains("Invoke"), "{shown}");
}

#[test]
fn helpers_write_what_teams_reads() {
    let card = Activity::card(json!({"type": "AdaptiveCard"}));
    assert_eq!(
        serde_json::to_value(&card).unwrap(),
        json!({"type": "message", "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {"type": "AdaptiveCard"}
        }]})
    );
    assert_eq!(Activity::default().kind, ActivityKind::default());
    assert_eq!(serde_json::to_string(&Activity::default()).unwrap(), "{}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop_oneof![
            Just("id".to_owned()),
            Just("name".to_owned()),
            Just("isGroup".to_owned()),
            Just("tenantId".to_owned()),
            "\\PC{0,4}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_activity() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "type",
        "text",
        "from",
        "recipient",
        "conversation",
        "membersAdded",
        "attachments",
        "value",
        "entities",
        "channelData",
        "name",
        "id",
        "serviceUrl",
        "mood",
    ]);
    prop::collection::vec((names, any_json()), 0..8).prop_map(|members| {
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Object(members.collect::<Map<_, _>>())
    })
}

proptest! {
    #[test]
    fn any_object_round_trips(wire in any_activity()) {
        check_round_trip("generated", &wire);
    }

    #[test]
    fn any_text_is_read_or_refused(wire in "[{}\\[\\]\":,a-z0-9 ]{0,40}") {
        if let Ok(activity) = serde_json::from_str::<Activity>(&wire) {
            let read: Value = serde_json::from_str(&wire).unwrap();
            prop_assert_eq!(serde_json::to_value(&activity).unwrap(), read);
        }
    }
}
