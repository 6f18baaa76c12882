//! `compat` does what npm's template engine does.

use std::collections::BTreeSet;

use argus_cards::{Options, Profile, Template};
use serde_json::Value;

use crate::corpus;

/// Cases that `compat` does not reproduce, and why. A change of this set fails the test.
const KNOWN: &[(&str, &str)] =
    &[("micro/data.literal_obj_with_expr", LEAK), ("micro/data.literal_with_expr", LEAK)];

/// npm puts the insides of its parser into the card here.
const LEAK: &str = "npm leaks parser objects out of a literal $data with expressions";

fn outcome(case: &Value) -> Result<(), String> {
    let options =
        Options::default().profile(Profile::Compat).now_unix_ms(corpus::clock(case)).random_seed(7);
    let rendered = Template::parse("case.json", &case["template"].to_string(), &options)
        .and_then(|template| template.expand(case.get("root"), case.get("host"), &options))
        .map(|expansion| serde_json::from_slice::<Value>(&expansion.json).expect("valid JSON"));
    match (rendered, case.get("expected")) {
        (Ok(card), Some(expected)) if corpus::same(&card, expected) => Ok(()),
        (Ok(card), Some(expected)) => Err(format!("got {card}\n  not {expected}")),
        (Err(error), Some(_)) => Err(format!("refused: {error}")),
        (Err(_), None) => Ok(()),
        (Ok(card), None) => Err(format!("accepted: {card}\n  npm: {}", case["error"])),
    }
}

#[test]
fn templating_corpus() {
    let Some(folder) = corpus::cards("templating_corpus") else { return };
    let files = corpus::json_files(&folder.join("templating"));
    assert!(files.len() > 400, "only {} cases found", files.len());
    let mut failed = BTreeSet::new();
    let mut reasons = Vec::new();
    for file in &files {
        let case = corpus::read(file);
        if let Err(why) = outcome(&case) {
            let id = case["id"].as_str().unwrap().to_owned();
            reasons.push(format!("{id}: {why}"));
            failed.insert(id);
        }
    }
    let known: BTreeSet<String> = KNOWN.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(failed, known, "{} cases\n{}", files.len(), reasons.join("\n"));
}

#[test]
fn every_explained_difference_is_in_the_list() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap().to_lowercase();
    let list = read("COMPAT.md");
    let explained = read("fuzz-npm/explained.mjs");
    let names: Vec<&str> =
        explained.split("name: '").skip(1).filter_map(|rest| rest.split('\'').next()).collect();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        assert!(list.contains(name), "COMPAT.md does not explain: {name}");
    }
}
