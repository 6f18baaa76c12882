//! Adaptive Expressions against the cases of their public test suite.

use argus_cards::{Options, Profile, ael};
use serde_json::Value;

use crate::corpus;

fn options(case: &Value) -> Options {
    Options::default().profile(Profile::Compat).now_unix_ms(corpus::clock(case)).random_seed(7)
}

fn outcome(case: &Value, scope: &Value) -> Result<(), String> {
    let expression = case["expression"].as_str().unwrap();
    let expected = &case["expected"];
    let value = ael::eval(expression, scope, &options(case));
    let value = value.map_err(|error| format!("{expression}: {error}"))?;
    let fits = match expected["kind"].as_str().unwrap() {
        "undefined" => value.is_none(),
        "bytes" => value.as_ref() == Some(&expected["value"]),
        // A big integer, which JSON writes as a number.
        "other" => value.as_ref().map(Value::to_string).as_deref() == expected["value"].as_str(),
        _ => value.as_ref().is_some_and(|value| corpus::same(value, &expected["value"])),
    };
    if fits { Ok(()) } else { Err(format!("{expression}: got {value:?}, not {expected}")) }
}

#[test]
fn expression_corpus() {
    let Some(folder) = corpus::cards("expression_corpus") else { return };
    let folder = folder.join("expressions");
    let scope = corpus::read(&folder.join("scope.json"));
    let (mut failed, mut run) = (Vec::new(), 0);
    for case in corpus::read_lines(&folder.join("cases.jsonl")) {
        // These need values that JSON does not have.
        if case["npm_agrees_with_json_scope"] == false {
            continue;
        }
        run += 1;
        failed.extend(outcome(&case, &scope).err());
    }
    assert!(run > 500, "only {run} cases found");
    assert!(failed.is_empty(), "{} of {run} failed\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn bad_expressions_are_refused() {
    let Some(folder) = corpus::cards("bad_expressions_are_refused") else { return };
    let folder = folder.join("expressions");
    let scope = corpus::read(&folder.join("bad-scope.json"));
    let mut accepted = Vec::new();
    for case in corpus::read_lines(&folder.join("bad.jsonl")) {
        let expression = case["expression"].as_str().unwrap();
        for profile in [Profile::Compat, Profile::Argus] {
            if let Ok(value) = ael::eval(expression, &scope, &options(&case).profile(profile)) {
                accepted.push(format!(
                    "{profile:?} {expression} => {value:?} // {}",
                    case["npm_error"]
                ));
            }
        }
    }
    assert!(accepted.is_empty(), "{}\n{}", accepted.len(), accepted.join("\n"));
}
