//! An observer of its own: reads what the device has synced, record by record, and knows of Argus
//! nothing but the meaning of its records. It does not fold them as Argus does; it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use argus_reference_bot::adapters::memory::Record;
use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::ledger::fact::{Actor, Fact, What};
use jiff::Timestamp;

use crate::stage::{Stage, locked};

/// What the device has said so far.
#[derive(Debug, Default)]
pub struct Auditor(Mutex<Seen>);

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// The last record.
    pub seq: u64,
    runs: BTreeMap<String, RunSeen>,
    /// The run and step of each effect's key.
    keys: BTreeMap<String, (String, String)>,
    /// The run that each digest is about.
    pub digests: BTreeMap<String, String>,
    /// Cards that were given up.
    pub dead: BTreeSet<(String, String)>,
    /// Cards that a digest shows instead, as of their last change.
    pub digested: BTreeSet<(String, String)>,
    /// How often a card was moved to another conversation, where it is created anew.
    moved: BTreeMap<(String, String), u64>,
    /// Cards that shall stand somewhere.
    pub placed: BTreeSet<(String, String)>,
}

#[derive(Debug)]
struct RunSeen {
    by: Actor,
    asked: Option<(String, u32, Timestamp)>,
    agreed: Vec<Actor>,
    /// Denied or expired.
    refused: bool,
    over: bool,
    /// Somebody stopped it: nothing of it may begin any more.
    stopped: bool,
    /// Who wants it undone after its end.
    undone_by: Option<Actor>,
    steps: BTreeMap<String, StepSeen>,
}

#[derive(Debug, Default)]
struct StepSeen {
    attempts: u32,
    /// Whether it is certain that the last attempt did nothing.
    is_clear: bool,
    is_answered: bool,
    accepted: u32,
    done: u32,
}

/// What stands behind an effect that is sent.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The run.
    pub run: String,
    /// Who asked for it, and all who agreed, as far as they are people.
    pub people: Vec<String>,
}

impl Auditor {
    /// What was seen so far.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        locked(&self.0)
    }

    /// Takes what the device has synced.
    pub fn take(&self, stage: &Stage, records: &[Record]) {
        let mut seen = self.seen();
        for record in records.iter().filter(|record| record.seq > seen.seq).collect::<Vec<_>>() {
            seen.seq = record.seq;
            match Fact::read(record.payload.as_bytes()) {
                Ok(fact) => {
                    stage.say("journal", &told(record.seq, &fact));
                    if let Err((invariant, why)) = seen.fact(&fact) {
                        stage.broke(invariant, format!("record {}: {why}", record.seq));
                    }
                }
                Err(error) => stage.broke("I6", format!("record {}: {error}", record.seq)),
            }
        }
    }

    /// The intent behind an effect with this key that is sent now.
    ///
    /// # Errors
    ///
    /// Why it must not be sent: there is no durable intent, or nobody who had to has agreed.
    pub fn intent(&self, key: &str) -> Result<Intent, String> {
        let seen = self.seen();
        let (run, step) = seen.keys.get(key).ok_or("no intent is on the disk")?;
        let of = seen.runs.get(run).ok_or("its run is not on the disk")?;
        let sent = of.steps.get(step).ok_or("its step is not on the disk")?;
        if sent.is_answered {
            return Err(format!("the intent of {run}/{step} was answered already"));
        }
        if of.over {
            return Err(format!("{run} is over"));
        }
        if let Some((_, quorum, _)) = &of.asked {
            if of.refused {
                return Err(format!("{run} was denied or has expired"));
            }
            if of.agreed.len() < *quorum as usize {
                return Err(format!("{run} needs {quorum} people and has {}", of.agreed.len()));
            }
        }
        let mut people: Vec<String> = of.agreed.iter().filter_map(person).collect();
        // Argus undoes what it did, whatever its requester may do by then.
        match step.strip_prefix("undo/") {
            None => people.extend(person(&of.by)),
            // Unless somebody wants it: they must be allowed to.
            Some(_) => people.extend(of.undone_by.as_ref().and_then(person)),
        }
        Ok(Intent { run: run.clone(), people })
    }
}

fn person(actor: &Actor) -> Option<String> {
    match actor {
        Actor::Person { object_id, .. } => Some(object_id.clone()),
        Actor::Service { .. } => None,
    }
}

/// A record in a line.
fn told(seq: u64, fact: &Fact) -> String {
    let stream = fact.stream.as_deref().unwrap_or("-");
    let run = fact.what.run().unwrap_or_default();
    let more = match &fact.what {
        What::Answered { step, outcome, .. } => format!("{step} {outcome:?}"),
        What::Probed { step, probe, .. } => format!("{step} {probe:?}"),
        What::Verified { step, progress, .. } => format!("{step} {progress:?}"),
        What::Intended { step, key, attempt, .. } => format!("{step} {key} attempt {attempt}"),
        What::NoticeDelivered { incident, card, activity_id, version, .. } => {
            format!("{incident} {card} version {version} as {activity_id}")
        }
        What::NoticeAttempted { incident, card, .. }
        | What::NoticePlaced { incident, card, .. } => format!("{incident} {card}"),
        What::NoticeAbandoned { incident, card, why }
        | What::NoticeRefused { incident, card, why } => {
            format!("{incident} {card}: {why}")
        }
        What::RunFinished { result, .. } => format!("{result:?}"),
        What::Received { event_id, .. } => event_id.to_string(),
        What::Allowed { action, .. } | What::Refused { action, .. } => action.clone(),
        _ => String::new(),
    };
    format!("{seq} {} {stream} {run} {more} by {}", fact.what.kind(), fact.actor.shown())
}

impl Seen {
    /// How often the card that people know by this name was moved.
    pub fn moves(&self, (incident, card): &(String, String)) -> u64 {
        let run = self.digests.get(card).map(|run| format!("approval/{run}"));
        let name = (incident.clone(), run.unwrap_or_else(|| card.clone()));
        self.moved.get(&name).copied().unwrap_or(0)
    }
}

type Found = Result<(), (&'static str, String)>;

impl Seen {
    fn fact(&mut self, fact: &Fact) -> Found {
        match &fact.what {
            What::NoticePlaced { incident, card, .. } => {
                self.placed.insert((incident.clone(), card.clone()));
            }
            What::NoticeAbandoned { incident, card, .. } => {
                self.dead.insert((incident.clone(), card.clone()));
            }
            What::NoticeRevived { incident, card, .. } => {
                self.dead.remove(&(incident.clone(), card.clone()));
            }
            What::NoticeMoved { incident, card, .. } => {
                *self.moved.entry((incident.clone(), card.clone())).or_default() += 1;
            }
            What::NoticesDigested { cards, .. } => {
                let covered = cards.iter().map(|it| (it.incident.clone(), it.card.clone()));
                self.digested.extend(covered);
            }
            What::NoticeDelivered { incident, card, .. } => {
                self.digested.remove(&(incident.clone(), card.clone()));
            }
            What::RunCreated { run, .. } => {
                let new = RunSeen {
                    by: fact.actor.clone(),
                    asked: None,
                    agreed: Vec::new(),
                    refused: false,
                    over: false,
                    stopped: false,
                    undone_by: None,
                    steps: BTreeMap::new(),
                };
                if self.runs.insert(run.clone(), new).is_some() {
                    return Err(("I3", format!("{run} begins a second time")));
                }
            }
            what => {
                let Some(run) = what.run().map(str::to_owned) else { return Ok(()) };
                return self.of_run(&run, fact);
            }
        }
        Ok(())
    }

    fn of_run(&mut self, name: &str, fact: &Fact) -> Found {
        let Some(run) = self.runs.get_mut(name) else {
            return Err(("I6", format!("{name} was never created")));
        };
        match &fact.what {
            What::ApprovalRequested { digest, quorum, expires_at, .. } => {
                self.digests.insert(digest.clone(), name.to_owned());
                run.asked = Some((digest.clone(), *quorum, *expires_at));
            }
            What::ApprovalDecided { digest, approve, .. } => {
                return run.decided(name, digest, *approve, fact);
            }
            What::ApprovalExpired { .. } => run.refused = true,
            What::RunFinished { .. } => run.over = true,
            What::CancelRequested { .. } | What::RunTimedOut { .. } => run.stopped = true,
            // Once, and only what is over.
            What::UndoRequested { .. } if run.over && run.undone_by.is_none() => {
                run.over = false;
                run.undone_by = Some(fact.actor.clone());
            }
            What::Intended { step, .. } if run.stopped && !step.starts_with("undo/") => {
                return Err(("I4", format!("{name} was stopped, and {step} begins")));
            }
            What::Intended { step, key, attempt, .. } => {
                self.keys.insert(key.clone(), (name.to_owned(), step.clone()));
                return run.steps.entry(step.clone()).or_default().intended(name, *attempt);
            }
            What::Answered { step, outcome, .. } => {
                return run.steps.entry(step.clone()).or_default().answered(name, outcome);
            }
            What::Probed { step, probe, .. } => {
                let step = run.steps.entry(step.clone()).or_default();
                step.is_clear |= *probe == Probe::NotFound;
            }
            What::Verified { step, progress: Progress::Done, .. } => {
                let step = run.steps.entry(step.clone()).or_default();
                step.done += 1;
                if step.done > 1 {
                    return Err(("I3", format!("a step of {name} is confirmed twice")));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl RunSeen {
    fn decided(&mut self, name: &str, digest: &str, approve: bool, fact: &Fact) -> Found {
        let Some((asked, quorum, expires_at)) = &self.asked else {
            return Err(("I4", format!("{name} was decided and asked nobody")));
        };
        let counts = digest == asked && fact.at < *expires_at && !self.refused;
        if !counts {
            return Ok(());
        }
        if self.by.is(&fact.actor) || self.agreed.iter().any(|other| other.is(&fact.actor)) {
            return Err(("I4", format!("{name} was decided by somebody who may not")));
        }
        if approve {
            self.agreed.push(fact.actor.clone());
        } else if self.agreed.len() < *quorum as usize {
            self.refused = true;
        }
        Ok(())
    }
}

impl StepSeen {
    fn intended(&mut self, run: &str, attempt: u32) -> Found {
        if attempt != self.attempts + 1 {
            return Err(("I4", format!("attempt {attempt} of {run} follows {}", self.attempts)));
        }
        if self.attempts > 0 && !self.is_clear {
            return Err(("I3", format!("{run} is sent again, and nobody knows what became of it")));
        }
        (self.attempts, self.is_clear, self.is_answered) = (attempt, false, false);
        Ok(())
    }

    fn answered(&mut self, run: &str, outcome: &Outcome) -> Found {
        self.is_answered = true;
        match outcome {
            Outcome::NotYet { .. } => self.is_clear = true,
            Outcome::Accepted { .. } => {
                self.accepted += 1;
                if self.accepted > 1 {
                    return Err(("I3", format!("a step of {run} was accepted twice")));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
