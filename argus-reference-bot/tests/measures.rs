//! `argus measures`, as a person runs it.

use std::path::Path;
use std::process::Command;

use argus_reference_bot::adapters::sqlite::Sqlite;
use argus_reference_bot::ports::ledger::{Batch, Ledger, suite};
use argus_soc::event::Severity;
use argus_soc::ledger::fact::{Actor, Fact, What};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A store with two incidents of 1 January 1970, of which one was shown and acknowledged.
async fn store(path: &Path) {
    let store = Sqlite::open(path).expect("opens");
    let at = |second| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second);
    let mut facts = Vec::new();
    for (n, key) in [(1, "INC-1"), (2, "INC-2")] {
        store.receive(suite::arrival(n)).await.expect("received");
        let opened = suite::opened(&suite::arrival(n), key, Severity::High).expect("opens");
        facts.extend([opened, suite::placed(key, "19:soc")]);
    }
    let shown = What::NoticeDelivered {
        incident: "INC-1".into(),
        card: "card".into(),
        conversation: "19:soc".into(),
        activity_id: "1".into(),
        version: 1,
        template: "alert@1".into(),
    };
    let ann = Actor::Person { tenant: "t".into(), object_id: "ann".into(), shown_as: None };
    facts.push(Fact { at: at(2), ..suite::fact(shown) });
    let acknowledged = Fact { at: at(62), actor: ann, ..suite::fact(What::Acknowledged) };
    facts.push(acknowledged.of("INC-1"));
    store.append(Batch { facts, ..Batch::default() }).await.expect("written");
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
    let output = command.arg("measures").args(arguments).current_dir(folder).output();
    let output = output.expect("runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("text"))
}

#[tokio::test]
async fn a_store_is_measured_the_same_again_and_nothing_is_written() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("argus.db");
    store(&path).await;
    let before = std::fs::read(&path).expect("a store");
    let until = ["--data", ".", "--until", "1970-01-02T00:00:00Z"];
    let (code, said) = run(folder.path(), &[&until[..], &["--format", "json"]].concat());
    assert_eq!(code, Some(0), "{said}");
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(report["from"], "1969-12-26T00:00:00Z");
    assert_eq!(report["incidents"], 2);
    let minute = json!({"n": 1, "p50_ms": 60_000, "p95_ms": 60_000, "mean_ms": 60_000});
    assert_eq!(report["times"]["acknowledge"], minute);
    assert_eq!(report["times"]["deliver"]["p50_ms"], 2_000);
    assert_eq!(report["rates"]["automatic"], json!({"part": 0, "of": 0, "share": null}));
    assert_eq!(run(folder.path(), &[&until[..], &["--format", "json"]].concat()).1, said);

    let (code, text) = run(folder.path(), &until);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 incidents that were opened from 1969-12-26"), "{text}");
    assert_eq!(std::fs::read(&path).expect("a store"), before);

    // As of a moment at which nobody had acknowledged it.
    let early = ["--data", ".", "--until", "1970-01-01T00:00:30Z", "--format", "json"];
    let report: Value = serde_json::from_str(&run(folder.path(), &early).1).expect("JSON");
    assert_eq!(
        (&report["times"]["deliver"]["n"], &report["times"]["acknowledge"]["n"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn an_empty_window_is_1_and_wrong_usage_is_2() {
    let folder = TempDir::new().expect("a folder");
    store(&folder.path().join("argus.db")).await;
    let check = |arguments: &[&str], code: i32, part: &str| {
        let (found, said) = run(folder.path(), arguments);
        assert_eq!(found, Some(code), "{said}");
        assert!(said.contains(part), "{part}\n{said}");
    };
    check(&["--data", ".", "--since", "1h"], 1, "0 incidents");
    check(&["--data", ".", "--since", "a week"], 2, "neither like 90m");
    check(&["--data", ".", "--since", "2999-01-01T00:00:00Z"], 2, "is not before");
    check(&["--data", "nowhere.db"], 2, "there is no store at nowhere.db");
    check(&[], 2, "--config");
    check(&["--help"], 0, "argus measures --config argus.toml --since 30d");
}
