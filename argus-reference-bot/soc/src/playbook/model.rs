//! What a playbook consists of, apart from its steps.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::diagnostic::Diagnostic;
use super::step::{EffectClass, Step};
use super::template::Template;
use crate::event::{SecurityEvent, Severity};

/// A playbook that passed every check.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Playbook {
    /// Its name for programs.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its version, `MAJOR.MINOR.PATCH`.
    pub version: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Who reviewed it.
    pub review: Option<Review>,
    /// SHA-256 of the source text in hex: a run names the very text that it follows.
    pub sha256: String,
    /// What it is for; any one that matches is enough. Without one, only people start it.
    pub triggers: Vec<Trigger>,
    /// When it may start by itself.
    pub conditions: Conditions,
    /// How much it may break at once.
    pub blast: Blast,
    /// Who must say yes.
    pub gates: Gates,
    /// How its steps are tried.
    pub execution: Execution,
    /// Its steps, as written.
    pub actions: Vec<Step>,
    /// What its author should know although it loads.
    pub warnings: Vec<Diagnostic>,
}

impl Playbook {
    /// Whether one of the triggers is about this event.
    pub fn triggered_by(&self, event: &SecurityEvent) -> bool {
        self.triggers.iter().any(|trigger| trigger.matches(event))
    }

    /// Whether something that it does cannot be undone.
    pub fn is_irreversible(&self) -> bool {
        self.actions.iter().any(|step| step.effect == EffectClass::Irreversible)
    }
}

/// Who reviewed which text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The reviewers.
    pub approved_by: Vec<String>,
    /// The hash of the text they saw.
    pub sha256: Option<String>,
}

/// What a playbook is for. A field that is not given matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trigger {
    /// The source or the product family.
    pub source: Option<String>,
    /// The event type.
    pub event_type: Option<String>,
    /// Any of these severities.
    pub severity: Vec<Severity>,
    /// Any of these ATT&CK techniques; `T1078` also means its sub-techniques.
    pub mitre: Vec<String>,
    /// What else must hold of the event, in CEL (`where`). Where it cannot be answered, the trigger
    /// is not about the event.
    pub condition: Option<Condition>,
}

impl Trigger {
    /// Whether the trigger is about this event.
    pub fn matches(&self, event: &SecurityEvent) -> bool {
        let same = |wanted: &String, found: &str| wanted.eq_ignore_ascii_case(found);
        let source = self.source.as_ref();
        let technique = |wanted: &String, found: &String| {
            let rest = found.to_ascii_uppercase();
            rest.strip_prefix(&wanted.to_ascii_uppercase())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        source.is_none_or(|wanted| same(wanted, &event.source) || same(wanted, &event.family))
            && self.event_type.as_ref().is_none_or(|wanted| same(wanted, &event.event_type))
            && (self.severity.is_empty() || self.severity.contains(&event.severity))
            && (self.mitre.is_empty()
                || self.mitre.iter().any(|t| event.techniques.iter().any(|f| technique(t, f))))
            && self.condition.as_ref().is_none_or(|it| it.holds(event) == Ok(true))
    }
}

/// A comparison with a number, as in `"<= 7"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// How to compare.
    pub operator: Operator,
    /// With what.
    pub value: i64,
}

/// The operators a condition knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

impl Comparison {
    /// Whether it is true of this number.
    pub const fn holds(self, number: i64) -> bool {
        match self.operator {
            Operator::Less => number < self.value,
            Operator::LessOrEqual => number <= self.value,
            Operator::Equal => number == self.value,
            Operator::NotEqual => number != self.value,
            Operator::GreaterOrEqual => number >= self.value,
            Operator::Greater => number > self.value,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.operator {
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::GreaterOrEqual => ">=",
            Operator::Greater => ">",
        };
        write!(f, "{sign} {}", self.value)
    }
}

/// When a playbook may start by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conditions {
    /// What must be true of the asset's criticality.
    pub asset_criticality: Option<Comparison>,
    /// The environments it may act in; empty means any.
    pub environment: Vec<String>,
    /// The score from which on it acts, in thousandths of a point.
    pub risk_threshold_milli: i64,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            asset_criticality: None,
            environment: Vec::new(),
            // The automation runner's constant.
            risk_threshold_milli: 75_000,
        }
    }
}

/// How much a playbook may break at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blast {
    /// Things that one run may change without a person's yes.
    pub max_targets: u32,
    /// Effects in one hour, over all incidents; as many as the breaker lets through where nothing is
    /// said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
    /// Share of all assets of a class that its effects may hold at once, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent_of_class: Option<u32>,
    /// Assets with one of these labels are never touched without a person.
    pub deny_tags: Vec<String>,
    /// Whether the inventory must know the asset. An unknown one needs a person in any case.
    pub require_known_asset: bool,
}

impl Default for Blast {
    fn default() -> Self {
        Self {
            max_targets: 1,
            per_hour: None,
            percent_of_class: None,
            deny_tags: vec!["tier0".to_owned(), "domain-controller".to_owned()],
            require_known_asset: true,
        }
    }
}

/// Whether a person must say yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// The decision table says when.
    #[default]
    Auto,
    /// In every case.
    Always,
    /// Not by the author's wish; the decision table still asks where it must.
    Never,
}

/// Who may not approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Excluded {
    /// Who asked for the run.
    Requester,
    /// Whom the event is about.
    Subject,
}

/// What happens when nobody answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExpire {
    /// The answer is no.
    #[default]
    Deny,
    /// Somebody else is asked.
    Escalate,
}

/// Who must say yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gates {
    /// Whether a person must.
    pub human_approval: Approval,
    /// The group that may.
    pub approvers: Option<String>,
    /// How many different people must.
    pub quorum: u32,
    /// Who may not.
    pub exclude: Vec<Excluded>,
    /// How long the question stays open at most, in milliseconds; what the settings say where
    /// nothing is said.
    pub expires_ms: Option<i64>,
    /// What happens then.
    pub on_expire: OnExpire,
    /// For how long after its end people can undo a run, in milliseconds; a day where nothing is
    /// said.
    pub undo_ms: Option<i64>,
    /// Whether effects are only described.
    pub dry_run: bool,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            human_approval: Approval::Auto,
            approvers: None,
            quorum: 1,
            exclude: vec![Excluded::Requester],
            expires_ms: None,
            on_expire: OnExpire::Deny,
            undo_ms: None,
            dry_run: false,
        }
    }
}

/// How often and how patiently a step is tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts in all; the first one counts.
    pub max_attempts: u32,
    /// Pause after the first failure, in milliseconds.
    pub backoff_ms: i64,
    /// By how much the pause grows each time.
    pub factor: u32,
    /// Whether pauses are drawn at random below that (`full`) or not (`none`).
    pub full_jitter: bool,
    /// Which failures are tried again: status codes, `5xx`, `timeout`.
    pub retry_on: Vec<String>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 2,
            backoff_ms: 1000,
            factor: 2,
            full_jitter: true,
            retry_on: vec!["429".to_owned(), "5xx".to_owned(), "timeout".to_owned()],
        }
    }
}

/// What happens to a second run about the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConcurrencyPolicy {
    /// It waits.
    Queue,
    /// It is refused.
    Reject,
    /// It takes the place of the first one.
    Replace,
}

/// Which runs may not overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Concurrency {
    /// Runs with the same key may not.
    pub key: Template,
    /// What happens to the later one.
    pub policy: ConcurrencyPolicy,
}

/// How steps are tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Execution {
    /// Deadline of one attempt, in milliseconds.
    pub timeout_ms: i64,
    /// How often and how patiently.
    pub retry: Retry,
    /// Deadline of the run, in milliseconds.
    pub max_duration_ms: i64,
    /// Steps at the same time.
    pub max_parallel: u32,
    /// What a cancelled run does with what it has done.
    pub on_cancel: OnCancel,
    /// Which runs may not overlap.
    pub concurrency: Option<Concurrency>,
}

/// What a cancelled run does with what it has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCancel {
    /// It undoes it.
    #[default]
    Compensate,
    /// It leaves it.
    Keep,
}

impl Default for Execution {
    fn default() -> Self {
        Self {
            timeout_ms: 30_000,
            retry: Retry::default(),
            max_duration_ms: 4 * 3_600_000,
            max_parallel: 4,
            on_cancel: OnCancel::default(),
            concurrency: None,
        }
    }
}
