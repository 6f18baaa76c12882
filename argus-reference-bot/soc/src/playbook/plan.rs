//! A playbook bound to an event: what would be done to what, in which order.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::jinja::{self, Jinja};
use super::template::{NoValue, Path};
use super::{ActionKind, EffectClass, Join, OnError, Playbook, Step, Template, graph, parameters};
use crate::event::{Entity, EntityKind, SecurityEvent};
use crate::run::Run;

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
    /// The templates that are filled when it is sent, by their places in the parameters: they read
    /// what other steps gave.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub late: BTreeMap<String, String>,
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
    /// A parameter cannot be filled, or is not what the action takes.
    #[error("step {step}: {why}")]
    Parameter {
        /// The step.
        step: String,
        /// Why, in a clause.
        why: String,
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
    let mut filling = Filling { step: &step.id, event, late: BTreeMap::new() };
    let mut parameters = filling.bind(&step.parameters, "")?;
    parameters::check(step.action, &mut parameters)
        .map_err(|why| PlanError::Parameter { step: step.id.clone(), why })?;
    Ok(PlannedStep {
        id: step.id.clone(),
        action: step.action,
        target,
        parameters,
        late: filling.late,
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

/// Fills the templates in parameters; those that read results of other steps wait in `late`, by their place.
/// A value lands in a text and stays a text.
struct Filling<'a> {
    step: &'a str,
    event: &'a SecurityEvent,
    late: BTreeMap<String, String>,
}

impl Filling<'_> {
    fn bind(&mut self, value: &Value, place: &str) -> Result<Value, PlanError> {
        Ok(match value {
            Value::String(text) => self.text(text, place)?,
            Value::Array(items) => {
                let mut bound = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    bound.push(self.bind(item, &format!("{place}/{index}"))?);
                }
                Value::Array(bound)
            }
            Value::Object(fields) => {
                let mut bound = Map::new();
                for (key, value) in fields {
                    let name = key.replace('~', "~0").replace('/', "~1");
                    bound.insert(key.clone(), self.bind(value, &format!("{place}/{name}"))?);
                }
                Value::Object(bound)
            }
            other => other.clone(),
        })
    }

    fn text(&mut self, text: &str, place: &str) -> Result<Value, PlanError> {
        // What is one path, or some, costs nothing to fill.
        if let Ok(template) = text.parse::<Template>() {
            let missing =
                |path: NoValue| PlanError::NoValue { step: self.step.into(), path: path.0 };
            return template.bind(self.event).map(Value::String).map_err(missing);
        }
        // Checked when the playbook was loaded; a text that is no template is a text.
        let Ok(template) = Jinja::read(text) else { return Ok(text.into()) };
        if !template.steps.is_empty() {
            self.late.insert(place.to_owned(), text.to_owned());
            return Ok(Value::Null);
        }
        let wrong = |why| PlanError::Parameter { step: self.step.into(), why };
        jinja::filled(text, self.event, &BTreeMap::new()).map(Value::String).map_err(wrong)
    }
}

/// The parameters of a step of a run, with the results of other steps filled in.
///
/// # Errors
///
/// Why they cannot be, in a clause: a step that it reads gave nothing.
pub fn parameters_of(
    step: &PlannedStep,
    event: &SecurityEvent,
    run: &Run,
) -> Result<Value, String> {
    let mut parameters = step.parameters.clone();
    if step.late.is_empty() {
        return Ok(parameters);
    }
    let results = jinja::results(run);
    for (place, text) in &step.late {
        let filled = jinja::filled(text, event, &results)?;
        if let Some(value) = parameters.pointer_mut(place) {
            *value = Value::String(filled);
        }
    }
    parameters::check(step.action, &mut parameters)?;
    Ok(parameters)
}
