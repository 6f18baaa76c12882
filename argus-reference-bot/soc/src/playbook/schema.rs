//! The form of a playbook as a JSON Schema, so that editors complete and check while one writes.
//!
//! The schema says what can be said of one key at a time. What hangs together (needs that exist, a
//! rollback that undoes, conditions that compile) only [`parse`](super::parse) finds. The lists of
//! keys and words are those that the reader uses.

use serde_json::{Map, Value, json};

use super::read::{
    BLAST, CONCURRENCY, CONDITIONS, EXECUTION, GATES, HEADER, RETRY, REVIEW, SCHEMA, SECTIONS,
    SEVERITIES, TRIGGER,
};
use super::steps::{MAX_STEPS, ROLLBACK, STEP};
use super::{ActionKind, EffectClass, parameters};

/// The JSON Schema (2020-12) of a playbook. Every document that it refuses is refused by
/// [`parse`](super::parse) too, apart from words in capitals and keys without a value.
///
/// ```
/// let schema = argus_soc::playbook::schema();
/// let types = &schema["$defs"]["action"]["oneOf"];
/// assert!(types.as_array().is_some_and(|it| it.iter().any(|kind| kind["const"] == "block_ip")));
/// ```
pub fn schema() -> Value {
    let mut header: Vec<&str> = HEADER.to_vec();
    header.extend(SECTIONS);
    let mut document = vec!["playbook"];
    document.extend(SECTIONS);
    let mut schema = block(&document, &["playbook"]);
    let more = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Argus playbook",
        "description": "What is done about an alert, who must agree, and how it is undone.",
        // The sections stand beside the header or inside it.
        "anyOf": [
            {"required": ["actions"]},
            {"properties": {"playbook": {"required": ["actions"]}}},
        ],
        "$defs": {
            "name": {
                "type": "string", "pattern": "^[A-Za-z0-9._-]+$", "minLength": 1, "maxLength": 64,
            },
            "text": {"type": "string", "pattern": "\\S"},
            "texts": one_or_many(&json!({"type": ["string", "integer"]})),
            "duration": {"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"},
            "action": {"oneOf": ActionKind::ALL.iter().copied().map(kind).collect::<Vec<_>>()},
            "parameters": {
                "type": "object",
                "description": "With what; texts may hold templates such as {{ entity.value }}.",
            },
            "playbook": block(&header, &["id", "name", "version"]),
            "review": block(&REVIEW, &[]),
            "trigger": block(&TRIGGER, &[]),
            "triggers": {"type": "array", "items": {"$ref": "#/$defs/trigger"}},
            "conditions": block(&CONDITIONS, &[]),
            "blast": block(&BLAST, &[]),
            "gates": block(&GATES, &[]),
            "execution": block(&EXECUTION, &[]),
            "retry_policy": block(&RETRY, &[]),
            "concurrency": block(&CONCURRENCY, &["key"]),
            "actions": {
                "type": "array", "minItems": 1, "maxItems": MAX_STEPS,
                "items": {"$ref": "#/$defs/step"},
            },
            "step": step(),
            "rollback": block(&ROLLBACK, &["id", "type"]),
        },
    });
    merge(&mut schema, more);
    schema
}

/// A block that has these keys and no others.
fn block(keys: &[&str], required: &[&str]) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|key| ((*key).to_owned(), property(key))).collect();
    let mut block = json!({
        "type": "object", "properties": properties, "additionalProperties": false,
    });
    if !required.is_empty() {
        merge(&mut block, json!({"required": required}));
    }
    block
}

fn step() -> Value {
    let mut step = block(&STEP, &["id", "type"]);
    let typed: Vec<&str> = ActionKind::ALL
        .iter()
        .filter(|kind| kind.target_kind().is_some())
        .map(|kind| kind.name())
        .collect();
    merge(
        &mut step,
        json!({
            "allOf": [
                {
                    "if": {"properties": {"type": {"enum": typed}}, "required": ["type"]},
                    "then": {"required": ["target"]},
                },
            ],
        }),
    );
    if let Some(rules) = step.get_mut("allOf").and_then(Value::as_array_mut) {
        rules.extend(ActionKind::ALL.iter().copied().filter_map(taken));
    }
    step
}

/// The rule that an action takes these parameters, and no others.
fn taken(kind: ActionKind) -> Option<Value> {
    let takes = parameters::schema(kind)?;
    let mut then = json!({"properties": {"parameters": takes}});
    if takes.get("required").is_some() {
        merge(&mut then, json!({"required": ["parameters"]}));
    }
    Some(json!({
        "if": {"properties": {"type": {"const": kind.name()}}, "required": ["type"]},
        "then": then,
    }))
}

/// An action with what a reviewer asks first: on what, and whether it can be undone.
fn kind(kind: ActionKind) -> Value {
    let on = kind.target_kind().map_or_else(String::new, |target| format!(" (a {target})"));
    let undone = kind.inverse().map_or_else(String::new, |by| format!(", undone by {by}"));
    let effect = kind.effect().name();
    json!({"const": kind.name(), "description": format!("{}{on}; {effect}{undone}", kind.label())})
}

/// What stands under a key. A key means the same wherever it may stand.
fn property(key: &str) -> Value {
    let words = |words: &[&str]| json!({"enum": words});
    let number = |min: u32, max: u32, default: u32| json!({"type": "integer", "minimum": min, "maximum": max, "default": default});
    let with = |mut value: Value, description: &str| {
        merge(&mut value, json!({"description": description}));
        value
    };
    let defined = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
    match key {
        "name" | "source" | "event_type" => defined("text"),
        "owner" => with(defined("text"), "Who answers for it."),
        "approvers" => with(defined("text"), "The group that may approve."),
        "key" => with(defined("text"), "Runs with the same key do not overlap."),
        "id" => defined("name"),
        "type" => defined("action"),
        "schema" => json!({"const": SCHEMA}),
        "version" => json!({
            "type": "string",
            "pattern": "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$",
            "description": "MAJOR.MINOR.PATCH, in quotes",
        }),
        "sha256" => json!({"type": "string", "pattern": "\\S"}),
        "severity" => one_or_many(&words(&SEVERITIES.map(|(word, _)| word))),
        "mitre" | "environment" | "deny_tags" | "retry_on" | "approved_by" => defined("texts"),
        "needs" => with(defined("texts"), "The steps that come first."),
        "where" => with(defined("text"), "A condition in CEL over the event."),
        "when" => with(
            defined("text"),
            "A condition in CEL over the event and steps.ID.done, .failed, .skipped, .detail.",
        ),
        "asset_criticality" => json!({"oneOf": [
            {"type": "integer", "minimum": 0, "maximum": 10},
            {"type": "string", "pattern": "^\\s*(<=|>=|!=|==|<|>|=)\\s*\\+?0*([0-9]|10)\\s*$"},
        ]}),
        "risk_threshold" => json!({"type": "number", "minimum": 0, "maximum": 100}),
        "max_targets" => number(1, 1_000, 1),
        "per_hour" => with(
            json!({"type": "integer", "minimum": 1, "maximum": 10_000}),
            "Effects in an hour, over all incidents; beyond that a person is asked.",
        ),
        "percent_of_class" => with(
            json!({"type": "integer", "minimum": 1, "maximum": 100}),
            "Share of the assets of one class that its effects may hold at once.",
        ),
        "quorum" => number(1, 10, 1),
        "timeout_seconds" => number(1, 3_600, 30),
        "max_parallel" => json!({"type": "integer", "minimum": 1, "maximum": 32}),
        "max_attempts" => {
            with(json!({"type": "integer", "minimum": 1, "maximum": 10}), "The first try counts.")
        }
        "backoff_ms" => number(0, 600_000, 1_000),
        "factor" => json!({"type": "integer", "minimum": 1, "maximum": 10}),
        "human_approval" => json!({"enum": [true, false, "auto", "always", "never"]}),
        "exclude" => one_or_many(&words(&["requester", "subject"])),
        "on_expire" => words(&["deny", "escalate"]),
        "on_cancel" => words(&["compensate", "keep"]),
        "on_error" => words(&["compensate", "fail", "continue"]),
        "jitter" => words(&["full", "none"]),
        "policy" => words(&["queue", "reject", "replace"]),
        "effect" => words(
            &[
                EffectClass::Read,
                EffectClass::Reversible,
                EffectClass::Compensable,
                EffectClass::Irreversible,
            ]
            .map(EffectClass::name),
        ),
        "expires" | "undo_until" | "max_duration" => defined("duration"),
        "dry_run" => json!({"type": "boolean", "default": false}),
        "require_known_asset" | "audit_log" | "idempotency" => {
            json!({"type": "boolean", "default": true})
        }
        "join" => with(
            json!({"oneOf": [{"enum": ["all", "any"]}, {"type": "integer", "minimum": 1}]}),
            "How many of `needs` have to be done.",
        ),
        "target" => json!({
            "type": "string", "pattern": "\\{\\{.+\\}\\}",
            "description": "One entity of the event: {{ entity.value }}, {{ entity.host }}, ...",
        }),
        "rollback" => json!({
            "oneOf": [{"$ref": "#/$defs/rollback"}, {"const": "none"}],
            "description": "What undoes it, or: none # why",
        }),
        // The blocks, each defined under the name of its key.
        _ => defined(key),
    }
}

fn one_or_many(item: &Value) -> Value {
    json!({"oneOf": [item, {"type": "array", "items": item}]})
}

fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}
