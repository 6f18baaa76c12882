//! The published form of a playbook: it takes what loads, and refuses what does not.

use argus_soc::playbook::{parse, schema};
use serde_json::{Value, json};

/// The published copy, which editors and other programs read.
const PUBLISHED: &str = include_str!("../../../docs/playbook.schema.json");

/// What the schema says against a value; empty when it says nothing.
///
/// As much of JSON Schema as the schema uses: a keyword that is not known here fails the test.
fn against(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut said = Vec::new();
    let holds = |schema: &Value| against(root, schema, value, at).is_empty();
    for (keyword, wanted) in schema.as_object().unwrap() {
        let fits = match keyword.as_str() {
            "$schema" | "title" | "description" | "default" | "$defs" | "then" => true,
            "$ref" => {
                let found = root.pointer(wanted.as_str().unwrap().trim_start_matches('#'));
                said.extend(against(root, found.expect("a definition"), value, at));
                true
            }
            "type" => match wanted {
                Value::Array(any) => any.iter().any(|it| is_a(value, it)),
                one => is_a(value, one),
            },
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "anyOf" => wanted.as_array().unwrap().iter().any(holds),
            "oneOf" => wanted.as_array().unwrap().iter().filter(|it| holds(it)).count() == 1,
            "allOf" => wanted.as_array().unwrap().iter().all(holds),
            "if" => !holds(wanted) || holds(&schema["then"]),
            "required" => value.as_object().is_none_or(|fields| {
                wanted
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|it| fields.contains_key(it.as_str().unwrap()))
            }),
            "properties" => {
                for (key, inner) in value.as_object().into_iter().flatten() {
                    if let Some(wanted) = wanted.get(key) {
                        said.extend(against(root, wanted, inner, &format!("{at}/{key}")));
                    }
                }
                true
            }
            "additionalProperties" => value
                .as_object()
                .is_none_or(|it| it.keys().all(|key| schema["properties"].get(key).is_some())),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    said.extend(against(root, wanted, item, &format!("{at}/{index}")));
                }
                true
            }
            "minItems" => {
                value.as_array().is_none_or(|it| it.len() as u64 >= wanted.as_u64().unwrap())
            }
            "maxItems" => {
                value.as_array().is_none_or(|it| it.len() as u64 <= wanted.as_u64().unwrap())
            }
            "minLength" => {
                value.as_str().is_none_or(|it| it.len() as u64 >= wanted.as_u64().unwrap())
            }
            "maxLength" => {
                value.as_str().is_none_or(|it| it.len() as u64 <= wanted.as_u64().unwrap())
            }
            "minimum" => value.as_f64().is_none_or(|it| it >= wanted.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|it| it <= wanted.as_f64().unwrap()),
            "pattern" => {
                value.as_str().is_none_or(|it| matches_pattern(wanted.as_str().unwrap(), it))
            }
            other => panic!("the schema uses `{other}`, which this test does not know"),
        };
        if !fits {
            said.push(format!("{at}: {keyword}"));
        }
    }
    said
}

fn is_a(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        other => panic!("no type {other}"),
    }
}

/// The few patterns of the schema, in other words.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let digits = |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit());
    match pattern {
        "\\S" => !text.trim().is_empty(),
        "^[A-Za-z0-9._-]+$" => {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        }
        "^[0-9]+(ms|s|m|h|d)$" => ["ms", "s", "m", "h", "d"]
            .iter()
            .any(|unit| text.strip_suffix(unit).is_some_and(digits)),
        "\\{\\{.+\\}\\}" => text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}")),
        other if other.starts_with("^(0|[1-9]") => {
            text.split('.').count() == 3
                && text.split('.').all(|it| digits(it) && (it == "0" || !it.starts_with('0')))
        }
        other if other.starts_with("^\\s*(<=") => {
            let number = text.trim().trim_start_matches(['<', '>', '=', '!']);
            number.len() < text.trim().len() && number.trim().parse::<u8>().is_ok_and(|it| it <= 10)
        }
        other => panic!("the schema has a new pattern: {other}"),
    }
}

fn said(yaml: &str) -> Vec<String> {
    let schema = schema();
    let value: Value = serde_saphyr::from_str(yaml).expect(yaml);
    against(&schema, &schema, &value, "")
}

#[test]
fn the_published_schema_is_the_one_that_the_reader_has() {
    let published: Value = serde_json::from_str(PUBLISHED).expect("the published schema is JSON");
    let same = published == schema();
    assert!(same, "write it anew: argus playbooks schema > docs/playbook.schema.json");
}

#[test]
fn the_schema_takes_what_loads() {
    let full = r#"
playbook: {id: p, name: P, version: "1.2.3", schema: argus/v1, owner: soc, review: {approved_by: [a, b], sha256: "00"}}
triggers: [{source: edr, event_type: x, severity: [high, critical], mitre: T1486, where: "severity == 'high'"}]
conditions: {asset_criticality: 7, environment: dev, risk_threshold: 74.5}
blast: {max_targets: 1, per_hour: 5, percent_of_class: 2, deny_tags: [tier0], require_known_asset: true}
gates: {human_approval: true, approvers: soc, quorum: 2, exclude: [requester, subject], expires: 15m,
        on_expire: escalate, undo_until: 8h, dry_run: true, audit_log: true}
execution: {idempotency: true, timeout_seconds: 30, max_duration: 4h, max_parallel: 4, on_cancel: keep,
            retry_policy: {max_attempts: 2, backoff_ms: 1000, factor: 2, jitter: full, retry_on: [429, 5xx, timeout]},
            concurrency: {key: "{{ entity.value }}", policy: queue}}
actions:
  - {id: a, type: isolate_host, target: "{{ entity.host }}", needs: [], rollback: {id: b, type: release_host}}
  - {id: c, type: wait, parameters: {for: 5m}, needs: a, join: 1, on_error: continue}
  - {id: d, type: notify, needs: [a, c], join: any, when: "steps.a.done", effect: irreversible}
"#;
    let isolate = include_str!("../../playbooks/isolate-host.yaml");
    let ticket = include_str!("../../playbooks/create-ticket.yaml");
    for yaml in [full, isolate, ticket, include_str!("s2.yaml")] {
        parse("p.yaml", yaml).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(said(yaml), Vec::<String>::new(), "{yaml}");
    }
}

#[test]
fn what_the_schema_refuses_does_not_load() {
    fn check(change: (&str, &str), at: &str) {
        let whole = r#"
playbook: {id: p, name: P, version: "1.0.0"}
triggers: [{severity: high}]
conditions: {asset_criticality: "<= 7"}
gates: {human_approval: auto, quorum: 1, expires: 15m}
execution: {retry_policy: {max_attempts: 2}}
actions:
  - {id: a, type: isolate_host, target: "{{ entity.host }}", rollback: {id: b, type: release_host}}
  - {id: w, type: wait, parameters: {for: 5m}}
"#;
        assert_eq!(said(whole), Vec::<String>::new());
        let (from, to) = change;
        assert!(whole.contains(from), "{from}");
        let broken = whole.replacen(from, to, 1);
        let said = said(&broken);
        assert!(said.iter().any(|it| it.starts_with(at)), "{to}: {said:?}");
        assert!(parse("p.yaml", &broken).is_err(), "{broken}");
    }
    check(("gates:", "gate:"), ": additionalProperties");
    check(("actions:", "steps:"), ": anyOf");
    check(("id: p", "id: a b"), "/playbook/id: pattern");
    check(("\"1.0.0\"", "\"1.0\""), "/playbook/version: pattern");
    check((", version: \"1.0.0\"", ""), "/playbook: required");
    check(("severity: high", "severity: hihg"), "/triggers/0/severity: oneOf");
    check(("<= 7", "<= 70"), "/conditions/asset_criticality: oneOf");
    check(("quorum: 1", "quorum: 0"), "/gates/quorum: minimum");
    check(("quorum: 1", "quorum: two"), "/gates/quorum: type");
    check(("auto", "maybe"), "/gates/human_approval: enum");
    check(("15m", "15 minutes"), "/gates/expires: pattern");
    check(("max_attempts: 2", "attempts: 2"), "/execution/retry_policy: additionalProperties");
    check(("type: isolate_host", "type: isolate"), "/actions/0/type: oneOf");
    check((" target: \"{{ entity.host }}\",", ""), "/actions/0: allOf");
    check(("{{ entity.host }}", "ws-1"), "/actions/0/target: pattern");
    check(("{id: b, type: release_host}", "never"), "/actions/0/rollback: oneOf");
    check(("{for: 5m}", "{until: noon}"), "/actions/1: allOf");
}

#[test]
fn every_action_can_be_written_and_no_other() {
    let schema = schema();
    let kinds = schema.pointer("/$defs/action").unwrap();
    for kind in argus_soc::playbook::ActionKind::ALL {
        assert_eq!(against(&schema, kinds, &json!(kind.name()), ""), Vec::<String>::new());
    }
    assert_eq!(against(&schema, kinds, &json!("run_shell"), ""), [": oneOf"]);
}
