//! `argus audit search`: every decision is found, in the store and in an export of it.

use std::process::Command;

use argus_reference_bot::adapters::sqlite::Sqlite;
use argus_reference_bot::ports::ledger::suite::arrival;
use argus_reference_bot::ports::ledger::{Batch, Ledger, LedgerError};
use argus_soc::ledger::fact::{Actor, Fact, What};
use serde_json::Value;

use super::outsider::said;

fn argus(arguments: &[&str]) -> (Option<i32>, String) {
    let mut argus = Command::new(env!("CARGO_BIN_EXE_argus"));
    said(&argus.arg("audit").args(arguments).output().expect("argus runs"))
}

#[tokio::test]
async fn every_decision_is_found_in_the_store_and_in_an_export() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("argus.db");
    let store = Sqlite::open(&path)?;
    for n in 0..5 {
        store.receive(arrival(n)).await?;
    }
    let ann = Actor::Person {
        tenant: "t".into(),
        object_id: "00ab".into(),
        shown_as: Some("Ann \u{1b}[31mred".into()),
    };
    let refused = |incident: &str| What::Refused {
        incident: Some(incident.into()),
        action: "isolate_host".into(),
        code: "no_role".into(),
        why: "You do not have a role that may isolate host.".into(),
    };
    let allowed = What::Allowed {
        incident: Some("INC-7".into()),
        action: "acknowledge".into(),
        evidence: "role soc_engineer (home)".into(),
    };
    let at = |text: &str| text.parse::<jiff::Timestamp>().expect("a time");
    let facts = vec![
        Fact::new(at("2026-11-20T08:00:00Z"), ann.clone(), "c-1", refused("INC-7")),
        Fact::new(at("2026-11-21T08:00:00Z"), ann.clone(), "c-2", allowed),
        Fact::new(at("2026-11-22T08:00:00Z"), Actor::service("run"), "c-3", refused("INC-70")),
    ];
    store.append(Batch { facts, ..Batch::default() }).await?;
    store.settle().await?;
    drop(store);
    let path = path.to_str().expect("a path");
    let (code, lines) = argus(&["export", "--data", path]);
    assert_eq!(code, Some(0));
    let export = folder.path().join("records.jsonl");
    std::fs::write(&export, lines + "\n").expect("a file");
    let export = export.to_str().expect("a path");
    for (filters, seqs) in [
        (&["--kind", "access"][..], &[6, 7, 8][..]),
        (&["--kind", "access.refused"], &[6, 8]),
        (&["--who", "ANN"], &[6, 7]),
        (&["--incident", "INC-7"], &[6, 7]),
        (&["--since", "2026-11-21", "--until", "2026-11-22"], &[7]),
        (&["--text", "isolate_host", "--who", "run"], &[8]),
        (&["--kind", "event.received", "--limit", "2"], &[4, 5]),
        (&["--who", "nobody"], &[]),
    ] {
        for place in [["--data", path], ["--export", export]] {
            let arguments = [&["search", "--format", "json"][..], &place, filters].concat();
            let (code, found) = argus(&arguments);
            let found = found.lines().map(|it| serde_json::from_str::<Value>(it).expect("JSON"));
            let found: Vec<u64> = found.filter_map(|it| it["seq"].as_u64()).collect();
            assert_eq!(
                (code, found.as_slice()),
                (Some(i32::from(seqs.is_empty())), seqs),
                "{arguments:?}"
            );
        }
    }
    let (_, words) = argus(&["search", "--data", path, "--incident", "INC-7"]);
    assert!(
        words.contains("access.refused") && words.contains("Ann") && words.contains("code=no_role"),
        "{words}"
    );
    assert!(!words.contains('\u{1b}'), "a name steers the terminal");
    // An extract is what was asked for, and no chain.
    let (code, extract) = argus(&["export", "--data", path, "--incident", "INC-7"]);
    assert_eq!((code, extract.lines().count()), (Some(0), 2));
    std::fs::write(export, "nonsense\n").expect("a file");
    assert_eq!(argus(&["search", "--export", export]).0, Some(2));
    Ok(())
}
