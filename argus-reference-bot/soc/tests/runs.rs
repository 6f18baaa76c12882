//! Runs: what follows from which record, and what holds whatever the world does.

mod approvals;
mod crash;
mod parallel;
mod random;
mod records;
mod schedule;
mod table;
mod theorems;
mod world;

use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::run::{Run, Terms};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::now;

/// `ms` after the moment at which every test happens.
fn at(ms: i64) -> Timestamp {
    now() + SignedDuration::from_millis(ms)
}

fn fact(ms: i64, what: What) -> Fact {
    Fact::new(at(ms), Actor::service("run"), "c", what)
}

/// A step as the records hold it, on a host of its own.
fn step(id: &str, needs: &[&str], on_error: &str, effect: &str, undone: bool) -> Value {
    let rollback = undone.then(|| step(&format!("un-{id}"), &[], "compensate", effect, false));
    json!({
        "id": id, "action": if id.starts_with("un-") { "release_host" } else { "isolate_host" },
        "target": {"kind": "host", "value": id.trim_start_matches("un-"), "ids": {}},
        "parameters": {}, "effect": effect, "needs": needs, "on_error": on_error,
        "rollback": rollback,
    })
}

fn created(steps: Vec<Value>, max_attempts: u32) -> Fact {
    fact(
        0,
        What::RunCreated {
            run: "r".into(),
            playbook: "p".into(),
            playbook_sha256: "0".into(),
            steps: serde_json::from_value(Value::Array(steps)).unwrap(),
            max_attempts,
            quorum: 1,
            terms: Terms::default(),
        },
    )
}

fn leased(step: &str) -> What {
    What::Leased { run: "r".into(), step: step.into(), lease: format!("lease/{step}") }
}

fn intended(step: &str, attempt: u32) -> What {
    What::Intended {
        run: "r".into(),
        step: step.into(),
        key: format!("key-{step}"),
        connector: "edr".into(),
        permit: "policy".into(),
        attempt,
    }
}

fn answered(step: &str, outcome: Outcome) -> What {
    What::Answered { run: "r".into(), step: step.into(), outcome }
}

fn accepted(step: &str) -> What {
    answered(step, Outcome::Accepted { remote: format!("m-{step}"), detail: None })
}

fn failed(step: &str) -> What {
    answered(step, Outcome::Failed { why: "no".into() })
}

fn probed(step: &str, probe: Probe) -> What {
    What::Probed { run: "r".into(), step: step.into(), probe }
}

fn verified(step: &str, progress: Progress) -> What {
    What::Verified { run: "r".into(), step: step.into(), progress }
}

/// All that is recorded about a step that works at once.
fn done(step: &str) -> [What; 4] {
    [leased(step), intended(step, 1), accepted(step), verified(step, Progress::Done)]
}

/// The run after these records, each a millisecond after the one before.
fn fold(created: &Fact, whats: impl IntoIterator<Item = What>) -> Run {
    let mut run = Run::begin(created).unwrap();
    for (ms, what) in (1..).zip(whats) {
        run.apply(&fact(ms, what));
    }
    run
}
