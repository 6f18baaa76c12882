//! CACAO 2.0 in and out: playbooks of other tools, and ours for them.
//!
//! Source: OASIS CACAO Security Playbooks 2.0, Committee Specification 01 (27 November 2023);
//! facts/playbooks-and-incidents.md 4.9. What a playbook of ours has and CACAO has not (targets by kind,
//! gates, blast, rollback) travels in an extension, so other tools keep a valid file and we get back
//! what we gave. What would run somebody's code is refused, step by step, with the reason.

mod walk;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::document::yaml;
use super::{Playbook, graph};
use crate::ledger::canonical;

/// The extension under which our own parts travel.
const EXTENSION: &str = "extension-definition--5c6b2b9e-6a1c-4e55-9f2f-6f3f7f0c8a11";
/// Whom an exported playbook is by, unless it says who owns it.
const ARGUS: &str = "identity--0b8f6a5e-8c1f-5d2a-9d5c-3a8a0b0d6d01";

/// A playbook that was read from a CACAO file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The playbook as YAML, to be read by [`parse`](super::parse) and by people.
    pub yaml: String,
    /// What a reader should know, by the step that it is about.
    pub report: Vec<Note>,
}

/// Something that a reader of an import should know.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Note {
    /// The step, as CACAO names it; empty for the playbook itself.
    pub step: String,
    /// What became of it.
    pub what: String,
    /// Whether the step, or a part of it, was left out.
    pub refused: bool,
}

/// Why a file is no CACAO playbook that can be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {why}")]
pub struct CacaoError {
    /// Where, as a JSON pointer.
    pub pointer: String,
    /// What is wrong, and what was expected.
    pub why: String,
}

impl CacaoError {
    fn at(pointer: impl Into<String>, why: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), why: why.into() }
    }
}

/// Reads a CACAO playbook.
///
/// What was exported by [`export`] comes back as it was. Of others, actions by people (`manual`) become
/// `notify`, calls over HTTP (`http-api`, `openc2-http`) become `http_request`, and parallel, if, switch and bounded
/// while become `needs`, `join` and `when`; what is left out stands in the report.
///
/// ```
/// use argus_soc::playbook::cacao;
///
/// let file = br#"{"type": "playbook", "spec_version": "cacao-2.0", "id": "playbook--1",
///   "name": "Call them", "workflow_start": "start--1", "workflow": {
///     "start--1": {"type": "start", "on_completion": "action--1"},
///     "action--1": {"type": "action", "name": "Call the owner", "on_completion": "end--1",
///       "commands": [{"type": "manual", "command": "call the owner"}, {"type": "bash", "command": "ls"}]},
///     "end--1": {"type": "end"}}}"#;
/// let imported = cacao::import(file)?;
/// assert!(imported.yaml.contains("notify"));
/// assert!(imported.report.iter().any(|note| note.refused && note.what.contains("bash")));
/// # Ok::<(), cacao::CacaoError>(())
/// ```
///
/// # Errors
///
/// [`CacaoError`] with the place, if it is no JSON, no CACAO 2.0 playbook, names steps that it has not,
/// goes round in a circle, or nothing of it is left. Nothing is taken then.
pub fn import(file: &[u8]) -> Result<Imported, CacaoError> {
    let root: Value = serde_json::from_slice(file)
        .map_err(|error| CacaoError::at("/", format!("this is not JSON: {error}")))?;
    let text = |name: &str| root.get(name).and_then(Value::as_str);
    if text("type") != Some("playbook") {
        return Err(CacaoError::at(
            "/type",
            "this is not a playbook; `\"type\": \"playbook\"` was expected",
        ));
    }
    if text("spec_version") != Some("cacao-2.0") {
        return Err(CacaoError::at("/spec_version", "only cacao-2.0 is read"));
    }
    if let Some(own) = root.pointer(&format!("/playbook_extensions/{EXTENSION}/playbook")) {
        let what = "it was exported by Argus and is taken as it was".to_owned();
        let note = Note { step: String::new(), what, refused: false };
        return Ok(Imported { yaml: yaml(own), report: vec![note] });
    }
    walk::import(&root)
}

/// Writes a playbook as CACAO 2.0, in canonical form (RFC 8785). Steps that can be done side by side are a
/// parallel step.
///
/// # Errors
///
/// If it cannot be serialised, which no playbook that was read can cause.
pub fn export(playbook: &Playbook) -> Result<String, serde_json::Error> {
    let id = |kind: &str, name: &str| {
        let name = format!("argus/{}/{}/{kind}/{name}", playbook.id, playbook.version);
        format!("{kind}--{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
    };
    let mut workflow = Map::new();
    let mut layers = layers(playbook).into_iter().enumerate().rev();
    let end = id("end", "all");
    workflow.insert(end.clone(), json!({"type": "end"}));
    let mut next = end;
    for (at, layer) in layers.by_ref() {
        let mut begins = Vec::new();
        let alone = layer.len() == 1;
        for step in layer {
            let after = if alone {
                next.clone()
            } else {
                let end = id("end", &step.id);
                workflow.insert(end.clone(), json!({"type": "end"}));
                end
            };
            let what = format!("{} {}", step.action.label(), step.target.source());
            let name = id("action", &step.id);
            workflow.insert(
                name.clone(),
                json!({
                    "type": "action",
                    "name": step.id,
                    "on_completion": after,
                    "agent": id("individual", "operator"),
                    "commands": [{"type": "manual", "command": what}],
                }),
            );
            begins.push(name);
        }
        next = if let [only] = begins.as_slice() {
            only.clone()
        } else {
            let name = id("parallel", &at.to_string());
            let step = json!({"type": "parallel", "next_steps": begins, "on_completion": next});
            workflow.insert(name.clone(), step);
            name
        };
    }
    let start = id("start", "all");
    workflow.insert(start.clone(), json!({"type": "start", "on_completion": next}));
    // CACAO wants times and knows none of ours: a playbook is its text, which the hash names.
    let when = "2026-01-01T00:00:00Z";
    let file = json!({
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": id("playbook", "all"),
        "name": playbook.name,
        "description": format!("{} {}, by {}", playbook.id, playbook.version, playbook.owner.as_deref().unwrap_or("nobody")),
        "playbook_types": ["mitigation"],
        "created_by": ARGUS,
        "created": when,
        "modified": when,
        "revoked": false,
        "workflow_start": start,
        "workflow": workflow,
        "agent_definitions": {
            (id("individual", "operator")): {"type": "individual", "name": "An operator of Argus"},
        },
        "extension_definitions": {
            EXTENSION: {
                "type": "extension-definition",
                "name": "Argus playbook",
                "description": "Targets, gates, blast radius, rollback and order, as Argus reads them",
                "created_by": ARGUS,
                "schema": "argus/v1",
                "version": "1.0.0",
            },
        },
        "playbook_extensions": {EXTENSION: {"playbook": playbook.document()}},
    });
    canonical(&file)
}

/// The steps in layers: each needs only what stands in layers before its own.
fn layers(playbook: &Playbook) -> Vec<Vec<&super::Step>> {
    let (ordered, _) = graph::order(&playbook.actions);
    let mut layers: Vec<Vec<&super::Step>> = Vec::new();
    for step in ordered {
        let needed = |layer: &Vec<&super::Step>| layer.iter().any(|it| step.needs.contains(&it.id));
        let at = layers.iter().rposition(needed).map_or(0, |at| at + 1);
        match layers.get_mut(at) {
            Some(layer) => layer.push(step),
            None => layers.push(vec![step]),
        }
    }
    layers
}
