//! `argus playbooks replay` and `schema`, as a person runs them.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::score::Scene;

/// The scene's playbook with a lower threshold: the incident with 70 points would start it.
const NEWER: &str = "playbook: {id: contain, name: Contain, version: \"1.1.0\"}\n\
    triggers: [{source: SOURCE}]\n\
    conditions: {risk_threshold: 70}\n\
    actions:\n  - {id: isolate, type: isolate_host, target: \"{{ entity.value }}\", \
    rollback: {id: release, type: release_host}}\n";

fn playbooks(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
    let output = command.arg("playbooks").args(arguments).current_dir(folder).output();
    let output = output.expect("starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("text"))
}

#[tokio::test]
async fn a_new_version_is_run_over_history_and_nothing_is_written() {
    let scene = Scene::new();
    scene.store().await;
    let folder = scene.0.path();
    scene.write("newer.yaml", &NEWER.replace("SOURCE", "edr"));
    scene.write(
        "same.yaml",
        &std::fs::read_to_string(folder.join("playbooks/contain.yaml")).expect("there"),
    );
    scene.write("other.yaml", &NEWER.replace("SOURCE", "elsewhere"));
    let before = std::fs::read(folder.join("argus.db")).expect("a store");
    let replay = |file: &str, more: &[&str]| {
        let arguments = ["replay", file, "--data", ".", "--playbooks", "playbooks"];
        playbooks(folder, &[&arguments[..], more].concat())
    };

    let (code, said) = replay("same.yaml", &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("over 2 incidents:\n  0 would go otherwise"), "{said}");

    let (code, said) = replay("newer.yaml", &["--format", "json"]);
    assert_eq!(code, Some(1), "{said}");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((&said["replaces"], &said["differ"]), (&json!("1.0.0"), &json!(1)));
    assert_eq!(said["without_a_person"], json!({"isolate_host": {"more": 1, "less": 0}}));
    let change = &said["differences"][0];
    assert_eq!(change["incident"], "INC-1");
    assert_eq!(
        (&change["from"]["decision"], &change["to"]["decision"]),
        (&json!("ask_human"), &json!("run"))
    );

    let (code, text) = replay("newer.yaml", &["--show", "0"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("isolate_host without a person: +1, -0"), "{text}");
    assert!(text.contains("and 1 more; --show N shows them"), "{text}");

    // One that is no longer for these events offers nobody anything, and does nothing.
    let (code, text) = replay("other.yaml", &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("- ask_human, contain"), "{text}");
    assert!(text.contains("+ notify, no playbook"), "{text}");
    assert!(!text.contains("without a person"), "{text}");

    assert_eq!(std::fs::read(folder.join("argus.db")).expect("a store"), before);
    scene.write("broken.yaml", "playbook: {id: contain}\n");
    let (code, text) = replay("broken.yaml", &[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("broken.yaml:1:"), "{text}");
}

#[test]
fn the_schema_is_printed_as_it_is_published() {
    let (code, said) = playbooks(Path::new("."), &["schema"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said, include_str!("../../docs/playbook.schema.json"));
}
