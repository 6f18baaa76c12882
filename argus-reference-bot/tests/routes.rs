//! `argus routes explain` and `argus outbox`, as a person runs them.

use std::path::Path;
use std::process::Command;

use argus_bot_sdk::testing::{APP_ID, TENANT};
use argus_reference_bot::adapters::sqlite::Sqlite;
use argus_reference_bot::ports::ledger::suite::{arrival, fact, opened, placed};
use argus_reference_bot::ports::ledger::{Arrival, Batch, Ledger, StoredCard};
use argus_soc::event::Severity;
use argus_soc::ledger::fact::What;
use serde_json::{Value, json};
use tempfile::TempDir;

const ALERT: &str = r#"{"id": "a-1", "source": "edr", "event_type": "ransomware",
    "severity": "low", "entity_type": "host", "entity_value": "ws-1", "title": "Ransomware"}"#;

const ACME: &str = "mapper: acme/1\nwhen: [{acme_id: any}]\nid: acme_id\nseverity: grade\n\
    samples:\n  - message: {acme_id: 7, grade: high}\n    expect: {id: \"7\", severity: high}\n";

/// A folder with settings, an alert, and a store with one card that was given up.
async fn scene() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("alert.json", ALERT);
    std::fs::create_dir(folder.path().join("mappings")).expect("made");
    write("mappings/acme.yaml", ACME);
    write(
        "argus.toml",
        &format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:argus.db\"\n\
             [templates]\nsource = \"folder:x\"\n[bot]\napp_id = \"{APP_ID}\"\n\
             tenant_id = \"{TENANT}\"\ncredential = {{ secret = \"env:ARGUS_NOT_THERE\" }}\n\
             [[routes]]\nwhen = \"severity in ['high', 'critical']\"\n\
             to = {{ conversation = \"19:urgent\" }}\n\
             [[routes]]\nwhen = \"source == 'edr'\"\nto = {{ conversation = \"19:edr\" }}\n\
             [ingest]\nmappings = \"folder:mappings\"\n[ingest.sources.acme]\nkind = \"mapping:acme\"\n\
             auth = {{ api_key = \"env:ARGUS_NOT_THERE\" }}\nmay = {{ max_severity = \"high\" }}\n"
        ),
    );
    let store = Sqlite::open(&folder.path().join("argus.db")).expect("opens");
    let first = arrival(1);
    store.receive(first.clone()).await.expect("received");
    let abandoned = What::NoticeAbandoned {
        incident: "INC-1".into(),
        card: "card".into(),
        why: "the bot was removed".into(),
    };
    let facts = vec![
        opened(&first, "INC-1", Severity::High).expect("opens"),
        placed("INC-1", "19:urgent"),
        fact(abandoned),
    ];
    store.append(Batch { facts, ..Batch::default() }).await.expect("appended");
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
    command.args(arguments).args(["--format", "json"]).current_dir(folder);
    let output = command.output().expect("runs");
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

#[tokio::test]
async fn each_route_says_why_it_takes_a_card_or_does_not() {
    let folder = scene().await;
    let (code, said) = run(folder.path(), &["routes", "explain", "--event", "alert.json"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said["goes_to"], json!({"route": 1, "conversation": "19:edr"}));
    assert_eq!(said["routes"][0]["matched"], json!(false));
    assert_eq!(said["routes"][0]["values"], json!({"severity": "low"}));
    assert_eq!(said["routes"][1]["values"], json!({"source": "edr"}));
    let (code, said) = run(folder.path(), &["routes", "explain", "--incident", "inc-1"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said["goes_to"]["conversation"], "19:urgent");
    let (code, _) = run(folder.path(), &["routes", "explain", "--incident", "INC-9"]);
    assert_eq!(code, Some(2), "there is none");
    std::fs::write(folder.path().join("alert.json"), ALERT.replace("edr", "dlp")).expect("written");
    let (code, said) = run(folder.path(), &["routes", "explain", "--event", "alert.json"]);
    assert_eq!((code, &said["goes_to"]), (Some(1), &Value::Null), "no route takes it");
}

/// With the mappings of the settings, the shape of its source, and what that may claim.
#[tokio::test]
async fn an_alert_is_read_as_the_bot_of_the_settings_would() {
    let folder = scene().await;
    let alert = r#"{"acme_id": 8, "grade": "critical"}"#;
    std::fs::write(folder.path().join("acme.json"), alert).expect("written");
    let from = ["--source", "acme", "--config", "argus.toml"];
    let routes = ["routes", "explain", "--event", "acme.json"];
    let (code, said) = run(folder.path(), &[&routes[..], &from].concat());
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        said["routes"][0]["values"],
        json!({"severity": "high"}),
        "critical is not believed"
    );
    let explain = ["score", "explain", "acme.json"];
    let (code, said) = run(folder.path(), &[&explain[..], &from].concat());
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said["terms"][0]["because"], "the severity is high", "{said}");

    // The same alert in the store, from the source that may say less.
    let store = Sqlite::open(&folder.path().join("argus.db")).expect("opens");
    let stored = Arrival { source: "acme".into(), raw: alert.into(), ..arrival(2) };
    let id = stored.event_id.to_string();
    store.receive(stored).await.expect("received");
    drop(store);
    let (code, said) = run(folder.path(), &["score", "explain", &id, "--config", "argus.toml"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said["event_id"], id.as_str());
    assert_eq!(said["terms"][0]["because"], "the severity is high", "{said}");
}

#[tokio::test]
async fn what_was_given_up_is_listed_tried_again_and_dropped() {
    let folder = scene().await;
    let data = ["--data", "argus.db"];
    let outbox = |words: &[&str]| run(folder.path(), &[&["outbox"], words, &data].concat());
    let (code, listed) = outbox(&["list"]);
    assert_eq!((code, &listed[0]["why"]), (Some(1), &json!("the bot was removed")));
    assert_eq!(outbox(&["drop"]).0, Some(2), "say which");
    let (code, again) = outbox(&["retry", "INC-1"]);
    assert_eq!((code, &again[0]["incident"]), (Some(0), &json!("INC-1")));
    assert_eq!(outbox(&["list"]), (Some(0), json!([])));
    let store = Sqlite::open(&folder.path().join("argus.db")).expect("opens");
    let cards = store.cards_of("INC-1").await.expect("read");
    assert_eq!(cards.first().map(StoredCard::state), Some("due"));
}
