//! Finds the shared corpus, which is test data of others and no part of this repository.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder `cards` of the corpus, if it is there; says so if it is not.
pub(crate) fn cards(test: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests are told where the corpus is")]
    let named = std::env::var("ARGUS_CORPUS").ok().map(PathBuf::from);
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = || manifest.ancestors().map(|folder| folder.join("../shared/corpus"));
    let found = named.into_iter().chain(beside()).map(|folder| folder.join("cards"));
    let found = found.into_iter().find(|folder| folder.is_dir());
    if found.is_none() {
        #[expect(clippy::print_stderr, reason = "a skipped test must not be silent")]
        {
            eprintln!("skipped: {test} (no corpus; set ARGUS_CORPUS)");
        }
    }
    found
}

/// All JSON files below a folder, sorted.
pub(crate) fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(json_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub(crate) fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of a JSON Lines file.
pub(crate) fn read_lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Whether two values are the same to JavaScript, which has one kind of number.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < f64::EPSILON
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Milliseconds of a clock in the corpus.
pub(crate) fn clock(case: &Value) -> i64 {
    let text = case["clock"].as_str().unwrap_or("2026-01-15T12:00:00Z");
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}
