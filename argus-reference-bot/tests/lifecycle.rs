//! `argus playbooks states`, as a person runs it.

use std::process::Command;

use argus_reference_bot::adapters::sqlite::Sqlite;
use argus_reference_bot::ports::ledger::{Batch, Ledger, suite};
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::lifecycle::Stage;
use serde_json::Value;
use tempfile::TempDir;

fn states(folder: &TempDir, more: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
    command.args(["playbooks", "states", "--data", "."]).args(more);
    let output = command.current_dir(folder.path()).output().expect("starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("text"))
}

/// Two texts of a playbook: one that is live, and a draft that was rejected.
fn story() -> Vec<Fact> {
    let ann =
        Actor::Person { tenant: "t".into(), object_id: "ann".into(), shown_as: Some("Ann".into()) };
    let submitted = |sha256: &str, version: &str| What::PlaybookSubmitted {
        playbook: "cut".into(),
        version: version.into(),
        sha256: sha256.into(),
        text: "playbook: {}".into(),
        origin: "api".into(),
    };
    let (old, new) = ("a".repeat(64), "b".repeat(64));
    let reviewed = |sha256: &str, approve| What::PlaybookReviewed {
        playbook: "cut".into(),
        sha256: sha256.into(),
        approve,
        why: None,
    };
    let live =
        What::PlaybookPromoted { playbook: "cut".into(), sha256: old.clone(), to: Stage::Live };
    let whats = [
        submitted(&old, "1.0.0"),
        reviewed(&old, true),
        live,
        submitted(&new, "1.1.0"),
        reviewed(&new, false),
    ];
    let by_ann = |what: What| {
        let is_review = matches!(what, What::PlaybookReviewed { .. });
        let fact = suite::fact(what);
        if is_review { Fact { actor: ann.clone(), ..fact } } else { fact }
    };
    whats.into_iter().map(by_ann).collect()
}

#[tokio::test]
async fn what_became_of_playbooks_is_shown_without_the_bot() {
    let folder = TempDir::new().expect("a folder");
    let store = Sqlite::open(&folder.path().join("argus.db")).expect("opens");
    let (code, said) = states(&folder, &[]);
    assert_eq!((code, said.as_str()), (Some(1), ""), "nobody handed one in");
    store.append(Batch { facts: story(), ..Batch::default() }).await.expect("written");
    let (code, said) = states(&folder, &[]);
    assert_eq!(code, Some(0), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].starts_with("cut 1.0.0 aaaaaaaa live since"), "{said}");
    assert!(lines[0].ends_with("from api, approved by Ann"), "{said}");
    assert!(lines[1].starts_with("cut 1.1.0 bbbbbbbb draft since"), "{said}");
    assert!(lines[1].ends_with("rejected by Ann"), "{said}");
    let (_, said) = states(&folder, &["--format", "json"]);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["playbooks"][0]["state"], "live", "{said}");
    assert_eq!(said["playbooks"][1]["reviews"][0]["by"]["object_id"], "ann", "{said}");
}
