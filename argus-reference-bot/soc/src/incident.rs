//! The incident: what its records fold to, and what its card shows.

mod union;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::union::{Snoozed, Union};
use crate::correlate::{Occurrence, Placement};
use crate::decide::Decision;
use crate::enrich::Enrichment;
use crate::event::{Phase, SecurityEvent, Severity};
use crate::ledger::fact::{Actor, Added, Fact, What};
use crate::run::{Run, Status};
use crate::score::Score;

/// Lines of history that an incident keeps for its card; the chain keeps all.
const TIMELINE: usize = 20;

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody has it in hand.
    Open,
    /// Somebody has.
    Acknowledged,
    /// A containment took effect.
    Contained,
    /// The source says that it is over.
    Resolved,
}

/// A ticket in the ITSM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The ITSM's configured name.
    pub system: String,
    /// The number people use.
    pub number: String,
    /// The id its API uses.
    pub remote_id: String,
    /// Where people open it.
    pub url: Option<String>,
}

/// One line of history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When it was written down.
    pub at: Timestamp,
    /// What, for a reader.
    pub text: String,
}

/// An incident, folded from its records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// `INC-7`.
    pub key: String,
    /// How many records have changed it; a card names the version it shows.
    pub version: u64,
    /// The event that opened it.
    pub event: SecurityEvent,
    /// What the sources answered then.
    pub enrichment: Enrichment,
    /// The score.
    pub score: Score,
    /// What was decided.
    pub decision: Decision,
    /// The highest severity that any of its events carried.
    pub severity: Severity,
    /// Where it stands.
    pub stage: Stage,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// From the ingest answer of its first event.
    pub correlation: String,
    /// How many events it has.
    pub count: u64,
    /// The current window of repeats.
    pub occurrence: Occurrence,
    /// Who has it in hand.
    pub acknowledged_by: Option<Actor>,
    /// Its ticket.
    pub ticket: Option<Ticket>,
    /// Its playbook runs, by id.
    pub runs: BTreeMap<String, Run>,
    /// The last lines of its history, oldest first.
    pub timeline: Vec<Line>,
    last_event: Uuid,
    /// Which incidents it is part of, and which are part of it.
    #[serde(default, skip_serializing_if = "Union::is_none")]
    pub union: Union,
    /// Until when it is quiet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed: Option<Snoozed>,
}

impl Incident {
    /// The incident that an `incident.opened` record begins.
    pub fn open(fact: &Fact) -> Option<Self> {
        let What::Opened { event, enrichment, score, decision } = &fact.what else { return None };
        let seen = event.observed_at.unwrap_or(event.received_at);
        Some(Self {
            key: fact.stream.clone()?,
            version: 1,
            event: (**event).clone(),
            enrichment: (**enrichment).clone(),
            score: (**score).clone(),
            decision: decision.clone(),
            severity: event.severity,
            stage: Stage::Open,
            opened_at: fact.at,
            updated_at: fact.at,
            correlation: fact.correlation.clone(),
            count: 1,
            occurrence: Occurrence::start(seen.as_millisecond()),
            acknowledged_by: None,
            ticket: None,
            runs: BTreeMap::new(),
            timeline: vec![Line { at: fact.at, text: format!("Opened from {}", event.source) }],
            last_event: event.event_id,
            union: Union::default(),
            snoozed: None,
        })
    }

    /// Folds a history, oldest record first. `None` if it does not begin with an opening.
    pub fn fold<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Option<Self> {
        let mut facts = facts.into_iter();
        let mut incident = Self::open(facts.next()?)?;
        facts.for_each(|fact| incident.apply(fact));
        Some(incident)
    }

    /// Takes one more of its records into account.
    pub fn apply(&mut self, fact: &Fact) {
        self.version += 1;
        self.updated_at = fact.at;
        match &fact.what {
            What::EventAdded(event) => self.add(event, fact.at),
            What::EventsAdded { events } => {
                let severity = self.severity;
                for event in events {
                    self.add(event, fact.at);
                }
                if self.severity == severity && self.is_open() {
                    return;
                }
                self.stir();
                return;
            }
            What::Enriched { enrichment, score, decision } => {
                let (before, now) = (self.score.points(), score.points());
                self.enrichment = (**enrichment).clone();
                self.score = (**score).clone();
                self.decision = decision.clone();
                self.note(
                    fact.at,
                    format!("Sources answered late; the score was {before}, is {now}"),
                );
            }
            What::Acknowledged => {
                self.acknowledged_by = Some(fact.actor.clone());
                if self.stage == Stage::Open {
                    self.stage = Stage::Acknowledged;
                }
                self.note(fact.at, format!("Acknowledged by {}", fact.actor.shown()));
            }
            What::TicketLinked { system, number, remote_id, url } => {
                self.ticket = Some(Ticket {
                    system: system.clone(),
                    number: number.clone(),
                    remote_id: remote_id.clone(),
                    url: url.clone(),
                });
                self.note(fact.at, format!("Ticket {number} in {system}"));
            }
            What::Merged { .. }
            | What::Absorbed { .. }
            | What::Parted { .. }
            | What::Shed { .. }
            | What::PartResolved { .. }
            | What::PartReopened { .. } => self.apply_to_union(fact),
            What::Snoozed { until, reason } => {
                self.snoozed = Some(Snoozed { until: *until, shown: self.version });
                let who = fact.actor.shown();
                self.note(fact.at, format!("{who} snoozed it until {until}: {reason}"));
            }
            What::Woken { why } => {
                self.snoozed = None;
                self.note(fact.at, format!("Awake again: {why}"));
            }
            What::WouldRun { playbook, steps } => {
                self.note(fact.at, format!("Dry run of {playbook}: {}", steps.join(", ")));
            }
            What::Unknown(newer) => {
                self.apply_to_run(fact);
                self.note(fact.at, format!("A newer version recorded {}", newer.kind));
            }
            _ => {
                if self.apply_to_run(fact)
                    && let Some(line) = run_line(fact, self.is_about_dry_run(fact))
                {
                    self.note(fact.at, line);
                }
            }
        }
        self.stir();
    }

    /// Whether events of the same kind still belong to it.
    pub fn is_open(&self) -> bool {
        self.stage != Stage::Resolved && self.union.merged_into.is_none()
    }

    /// The version that its card has to show: while it is quiet, repeats do not count.
    pub fn card_version(&self) -> u64 {
        self.snoozed.as_ref().map_or(self.version, |snoozed| snoozed.shown)
    }

    /// Makes what just happened show on the card, also while it is quiet.
    fn stir(&mut self) {
        if let Some(snoozed) = &mut self.snoozed {
            snoozed.shown = self.version;
        }
    }

    /// The runs that are not over.
    pub fn active_runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.values().filter(|run| !run.status.is_over())
    }

    /// The newest run that holds or held `action` and is no dry one, whatever came of it.
    pub fn last_run_of(&self, action: &str) -> Option<&Run> {
        let acts = |run: &&Run| !run.is_dry() && run.acts(action);
        self.runs.values().filter(acts).max_by_key(|run| (run.created_at, run.id.clone()))
    }

    /// Takes one more event into account, which the record at hand names: `apply` does this for all
    /// that a record names; whoever composes such a record does it for each as it is added.
    pub fn add(&mut self, event: &Added, at: Timestamp) {
        self.count += 1;
        self.last_event = event.event_id;
        self.severity = self.severity.max(event.severity);
        let seen = event.observed_at.as_millisecond();
        self.occurrence = match event.placement {
            Placement::Duplicate => self.occurrence.repeat(seen),
            Placement::NewOccurrence | Placement::FirstOccurrence => Occurrence::start(seen),
        };
        if event.phase == Phase::Open {
            self.union.own_resolved = false;
        }
        if event.phase == Phase::Resolved {
            self.union.own_resolved = true;
            self.note(at, "The source says that it is resolved".into());
            self.resolve_if_all_is(at);
        } else if event.placement != Placement::Duplicate {
            self.note(at, "Seen again after a quiet time".into());
        }
    }

    /// Whether the record changed a run. What changed nothing is no history either: a decision that
    /// came too late must not read as one that counted.
    fn apply_to_run(&mut self, fact: &Fact) -> bool {
        if let Some(run) = Run::begin(fact) {
            return match self.runs.entry(run.id.clone()) {
                Entry::Vacant(place) => {
                    place.insert(run);
                    true
                }
                // A run begins once; beginning it again would forget what it did.
                Entry::Occupied(_) => false,
            };
        }
        let Some(run) = fact.what.run().and_then(|run| self.runs.get_mut(run)) else {
            return false;
        };
        let changed = run.takes(fact);
        let contains = run.contains();
        let open = match (self.stage, contains) {
            (Stage::Resolved, _) => return changed,
            (_, true) => Stage::Contained,
            (Stage::Contained, false) if !self.runs.values().any(Run::contains) => {
                self.acknowledged_by.as_ref().map_or(Stage::Open, |_| Stage::Acknowledged)
            }
            (stage, false) => stage,
        };
        self.stage = open;
        changed
    }

    fn is_about_dry_run(&self, fact: &Fact) -> bool {
        fact.what.run().and_then(|run| self.runs.get(run)).is_some_and(Run::is_dry)
    }

    fn note(&mut self, at: Timestamp, text: String) {
        self.timeline.push(Line { at, text });
        if self.timeline.len() > TIMELINE {
            self.timeline.remove(0);
        }
    }
}

/// What a run's record says to a reader; most say nothing.
fn run_line(fact: &Fact, dry: bool) -> Option<String> {
    let who = fact.actor.shown();
    Some(match &fact.what {
        What::RunCreated { playbook, .. } if dry => {
            format!("{who} started a dry run of {playbook}")
        }
        What::RunCreated { playbook, .. } => format!("{who} started {playbook}"),
        What::ApprovalRequested { reason, .. } => format!("Approval asked: {reason}"),
        What::WouldAsk { quorum, approvers, reason, .. } => {
            let people = if *quorum == 1 { "a person".into() } else { format!("{quorum} people") };
            let group = approvers.as_ref().map(|it| format!(" of {it}")).unwrap_or_default();
            format!("Would ask {people}{group}: {reason}")
        }
        What::ApprovalDecided { approve, reason, .. } => {
            let did = if *approve { "approved" } else { "denied" };
            let why = reason.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
            format!("{who} {did}{why}")
        }
        What::UserAnswered { step, answer: answer @ crate::run::UserAnswer::None, .. } => {
            format!("{step}: {}", answer.says())
        }
        What::UserAnswered { step, answer, .. } => format!("{step}: {who} {}", answer.says()),
        What::ApprovalReminded { .. } => "Reminded those who are asked".into(),
        What::ApprovalEscalated { to, .. } => {
            format!("Nobody decided in time; {to} is asked now")
        }
        What::ApprovalExpired { .. } => "Nobody decided in time".into(),
        What::RunRejected { why, .. } => format!("Not begun: {why}"),
        What::RunHeld { why, asks: false, .. } => format!("Waits: {why}"),
        What::CancelRequested { why, .. } => format!("{who} stopped it: {why}"),
        What::RunTimedOut { .. } => "It took too long".into(),
        What::UndoRequested { why, .. } => format!("{who} has it undone: {why}"),
        What::StepSkipped { step, why, .. } => format!("{step}: passed over, {why}"),
        What::StepResolved { step, happened: true, .. } => format!("{step}: done, says {who}"),
        What::StepResolved { step, happened: false, .. } => format!("{step}: not done, says {who}"),
        What::WouldSend { step, .. } => format!("{step}: would be sent"),
        What::Adopted { step, holder, .. } => format!("{step}: already done by {holder}"),
        What::Intended { step, attempt, .. } if *attempt > 1 => {
            format!("{step}: attempt {attempt}")
        }
        What::Answered { step, outcome, .. } => match outcome {
            crate::effect::Outcome::Accepted { remote, .. } => format!("{step}: queued ({remote})"),
            crate::effect::Outcome::AlreadyThere { by, .. } => {
                format!("{step}: already done by {by}")
            }
            crate::effect::Outcome::Failed { why } => format!("{step}: failed, {why}"),
            crate::effect::Outcome::NotYet { why, .. } => format!("{step}: not yet, {why}"),
            crate::effect::Outcome::Unsettled { why } => {
                format!("{step}: sent, outcome unknown ({why}); looking")
            }
        },
        What::Probed { step, probe: crate::effect::Probe::Found { remote, .. }, .. } => {
            format!("{step}: found after all ({remote})")
        }
        What::Probed { step, probe: crate::effect::Probe::FoundForeign { by, .. }, .. } => {
            format!("{step}: already done by {by}")
        }
        What::RunFinished { result: Status::Succeeded, .. } if dry => {
            "Dry run over; nothing was sent".into()
        }
        What::RunFinished { .. } if dry => {
            "Dry run over: it would have failed; nothing was sent".into()
        }
        What::RunFinished { result, .. } => match result {
            Status::Succeeded => "Done".into(),
            Status::Compensated => "Everything reversible was undone".into(),
            Status::CompensationFailed => "Not everything could be undone".into(),
            Status::Cancelled => "Stopped".into(),
            Status::TimedOut => "Stopped, since it took too long".into(),
            _ => "Failed".into(),
        },
        _ => return None,
    })
}
