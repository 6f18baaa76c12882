//! A playbook bound to an event: what would be done to what, in which order.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::template::Path;
use super::{ActionKind, EffectClass, Join, OnError, Playbook, Step, Template, graph};
use crate::event::{Entity, EntityKind, SecurityEvent};

/// What a step acts on.
///
/// Connectors take the field that they know and encode it; they never build a path from text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What it is.
    pub kind: EntityKind,
    /// Its canonical name.
    pub value: String,
    /// What other systems call it.
    pub ids: BTreeMap<String, String>,
}

/// A step with its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedStep {
    /// Its name within the playbook.
    pub id: String,
    /// What it does.
    pub action: ActionKind,
    /// On what.
    pub target: Target,
    /// With what; templates are filled.
    pub parameters: Value,
    /// What can be done about it afterwards.
    pub effect: EffectClass,
    /// The condition under which it is done, in CEL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The steps that must be done before.
    pub needs: Vec<String>,
    /// How many of them.
    #[serde(default, skip_serializing_if = "Join::is_all")]
    pub join: Join,
    /// How long it lets time pass, in milliseconds, if that is what it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<i64>,
    /// What its failure means.
    pub on_error: OnError,
    /// How it is undone; the same target.
    pub rollback: Option<Box<PlannedStep>>,
}

/// Why a playbook does not fit an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The event has no value for a template.
    #[error("step {step} needs {path}, which the event does not have")]
    NoValue {
        /// The step.
        step: String,
        /// The path.
        path: String,
    },
    /// The entity is of another kind than the action acts on.
    #[error("step {step} acts on a {wanted}, but the entity is a {found}")]
    WrongKind {
        /// The step.
        step: String,
        /// What the action acts on.
        wanted: EntityKind,
        /// What the entity is.
        found: EntityKind,
    },
    /// The entity's value is not what such a thing is called.
    #[error("step {step} would act on {value:?}, which is not a {kind}")]
    BadTarget {
        /// The step.
        step: String,
        /// What it should be.
        kind: EntityKind,
        /// What it is.
        value: String,
    },
}

/// Binds a playbook to an event, each step after those that it needs.
///
/// ```
/// use argus_soc::event::{Shape, Source, normalise};
/// use argus_soc::playbook::{EffectClass, parse, plan};
///
/// let playbook = parse("block.yaml", r#"
/// playbook: {id: block, name: Block, version: "1.0.0"}
/// actions:
///   - {id: block, type: block_ip, target: "{{ entity.ip }}", rollback: {id: undo, type: unblock_ip}}
/// "#)?;
/// let source = Source { name: "fw", shape: Shape::Generic, tenant: None };
/// let raw = br#"{"entity_type": "ip", "entity_value": "203.0.113.9", "severity": "high"}"#;
/// let event = normalise(raw, &source, "2026-01-01T00:00:00Z".parse()?)?;
/// let steps = plan(&playbook, &event)?;
/// assert_eq!(steps[0].target.value, "203.0.113.9");
/// assert_eq!(steps[0].effect, EffectClass::Reversible);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A [`PlanError`] if a value is missing, of another kind, or not the name of such a thing.
/// Nothing may run then; a step is never left out.
pub fn plan(playbook: &Playbook, event: &SecurityEvent) -> Result<Vec<PlannedStep>, PlanError> {
    let (ordered, _) = graph::order(&playbook.actions);
    ordered.into_iter().map(|step| planned(step, event)).collect()
}

fn planned(step: &Step, event: &SecurityEvent) -> Result<PlannedStep, PlanError> {
    let target = target(step, event)?;
    let rollback = match &step.rollback {
        Some(rollback) => Some(Box::new(planned(rollback, event)?)),
        None => None,
    };
    Ok(PlannedStep {
        id: step.id.clone(),
        action: step.action,
        target,
        parameters: bind(&step.parameters, step, event)?,
        effect: step.effect,
        when: step.when.as_ref().map(|it| it.text().to_owned()),
        needs: step.needs.clone(),
        join: step.join,
        wait_ms: step.wait_ms,
        on_error: step.on_error,
        rollback,
    })
}

fn target(step: &Step, event: &SecurityEvent) -> Result<Target, PlanError> {
    let missing =
        || PlanError::NoValue { step: step.id.clone(), path: step.target.source().to_owned() };
    let entity: &Entity = match step.target.single_path() {
        Some(Path::EntityValue) => event.principal(),
        Some(Path::FirstOf(kind)) => event.first_of(kind),
        _ => None,
    }
    .ok_or_else(missing)?;
    if let Some(wanted) = step.action.target_kind() {
        let (step, wanted) = (step.id.clone(), wanted.clone());
        if entity.kind != wanted {
            return Err(PlanError::WrongKind { step, wanted, found: entity.kind.clone() });
        }
        if !is_name_of(&wanted, &entity.value) {
            return Err(PlanError::BadTarget { step, kind: wanted, value: entity.value.clone() });
        }
    }
    Ok(Target { kind: entity.kind.clone(), value: entity.value.clone(), ids: entity.ids.clone() })
}

/// Whether a value can be the name of such a thing, so that no connector ever sees `../`, a quote
/// or an operator of some query language where it expects a name.
fn is_name_of(kind: &EntityKind, value: &str) -> bool {
    if value.is_empty() || value.len() > 253 || value.contains("..") {
        return false;
    }
    match kind {
        // RFC 1123 plus the underscore that Windows allows.
        EntityKind::Host => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
            value.bytes().all(plain) && !value.starts_with(['.', '-'])
        }
        // What Entra allows in a user principal name, plus the `\` of DOMAIN\name.
        EntityKind::User => {
            let plain = |c: char| c.is_alphanumeric() || "@._-'!#^~$+\\".contains(c);
            value.chars().all(plain)
        }
        // Blocking ourselves, everybody or nobody is not containment.
        EntityKind::Ip => value.parse::<IpAddr>().is_ok_and(|ip| {
            !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast() && !is_broadcast(ip)
        }),
        _ => true,
    }
}

fn is_broadcast(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.is_broadcast())
}

/// Fills the templates in a parameter. A value lands in a text and stays a text.
fn bind(value: &Value, step: &Step, event: &SecurityEvent) -> Result<Value, PlanError> {
    Ok(match value {
        Value::String(text) => match text.parse::<Template>() {
            Ok(template) => Value::String(template.bind(event).map_err(|missing| {
                PlanError::NoValue { step: step.id.clone(), path: missing.0 }
            })?),
            // Checked when the playbook was loaded; a text that is no template is a text.
            Err(_) => Value::String(text.clone()),
        },
        Value::Array(items) => Value::Array(
            items.iter().map(|item| bind(item, step, event)).collect::<Result<_, _>>()?,
        ),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, value)| Ok((key.clone(), bind(value, step, event)?)))
                .collect::<Result<_, PlanError>>()?,
        ),
        other => other.clone(),
    })
}
