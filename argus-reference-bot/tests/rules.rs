//! `argus cards lint`, `rules` and `contract`, as a person runs them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const GOOD: &str = r#"{"type":"AdaptiveCard","version":"1.5","fallbackText":"x","body":[{"type":"TextBlock","text":"Hi ${name}","wrap":true}]}"#;
const SCHEMA: &str =
    r#"{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}"#;

fn write(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

fn run(folder: &Path, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
    command.arg("cards").args(arguments).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    // A command that does not read is done before all is written.
    drop(child.stdin.take().map(|mut pipe| pipe.write_all(input.as_bytes())));
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    (status.code(), String::from_utf8([stdout, stderr].concat()).expect("text"))
}

#[test]
fn lint_says_where_and_ends_with_one() {
    let folder = TempDir::new().expect("a folder");
    write(&folder, "cards/hi/hi.card.json", GOOD);
    write(&folder, "cards/hi/samples/ada.json", r#"{"name":"Ada"}"#);
    write(&folder, "cards/partials/head.json", r#"{"type":"TextBlock","text":"x","wrap":true}"#);
    let (code, said) = run(folder.path(), &["lint", "cards"], "");
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "2 files checked: 0 errors, 0 warnings, 0 notes\n")
    );

    write(&folder, "cards/hi/hi.card.json", &GOOD.replace("1.5", "1.6"));
    let (code, said) = run(folder.path(), &["lint", "cards"], "");
    assert_eq!(code, Some(1));
    assert!(said.starts_with("error[version.max]: Teams shows cards up to 1.5"), "{said}");
    assert!(said.contains("--> cards/hi/hi.card.json:1:34 (/version)"), "{said}");
    let (code, _) = run(folder.path(), &["lint", "cards", "--host", "webchat"], "");
    assert_eq!(code, Some(0), "Web Chat shows 1.6");

    let (code, said) = run(folder.path(), &["lint", "--format", "json", "-"], "{\"type\":");
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((code, &report["findings"][0]["rule"]), (Some(1), &Value::from("json.syntax")));
    let (_, said) = run(folder.path(), &["lint", "--format", "sarif", "cards"], "");
    let report: Value = serde_json::from_str(&said).expect("JSON");
    let place = &report["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "cards/hi/hi.card.json");

    let (code, said) = run(folder.path(), &["lint", "cards", "--host", "fridge"], "");
    assert_eq!(code, Some(2), "{said}");
    assert_eq!(run(folder.path(), &["lint", "nowhere"], "").0, Some(2));
}

#[test]
fn contracts_are_checked_and_completed() {
    let folder = TempDir::new().expect("a folder");
    write(&folder, "card-templates/hi/hi.card.json", GOOD);
    assert_eq!(run(folder.path(), &["contract"], "").0, Some(2), "there is no contract");
    write(&folder, "card-templates/hi/contract.schema.json", SCHEMA);
    let (code, said) = run(folder.path(), &["contract"], "");
    assert_eq!((code, said.as_str()), (Some(0), "1 file checked: 0 errors, 0 warnings, 0 notes\n"));

    write(&folder, "card-templates/hi/hi.card.json", &GOOD.replace("${name}", "${nmae}"));
    let (code, said) = run(folder.path(), &["contract"], "");
    assert_eq!(code, Some(1));
    assert!(said.contains("the data has no `nmae`; did you mean `name`?"), "{said}");

    assert_eq!(run(folder.path(), &["contract", "--editor-schema"], "").0, Some(0));
    let schema = folder.path().join("card-templates/hi/editor.schema.json");
    assert!(std::fs::read_to_string(schema).expect("written").contains("${name}"));
}

#[test]
fn the_rules_can_be_listed() {
    let folder = TempDir::new().expect("a folder");
    let (code, said) = run(folder.path(), &["rules", "--format", "json"], "");
    let rules: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(code, Some(0));
    assert!(rules.as_array().is_some_and(|rules| rules.len() >= 60));
}
