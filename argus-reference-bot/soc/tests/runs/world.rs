//! A small far side that follows a script of faults, and a worker that drives a run against it and
//! can die at any moment.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::ledger::fact::{Fact, What};
use argus_soc::run::{Next, Run, State};
use jiff::{SignedDuration, Timestamp};

use super::{answered, at, fact, intended, leased, probed, verified};

/// What the far side does with one send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does it and says so.
    Fine,
    /// It takes the order, says so, and needs time.
    Slow,
    /// It does it; the answer is lost.
    LostAfter,
    /// It takes the order; the answer is lost, and an early look finds nothing.
    LostSlow,
    /// It does nothing, and the answer is lost.
    LostBefore,
    /// It does nothing now and asks for patience.
    Throttled,
    /// It refuses.
    Refused,
    /// It accepts, and it comes to nothing.
    FallsThrough,
    /// Somebody else has done it already.
    Foreign,
    /// It does it; the answer is lost, and no look tells anything.
    Mute,
}

/// What was done to a target, once for each time that it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Deed {
    key: String,
    target: String,
    isolates: bool,
    /// From when on the order can be found.
    listed: Timestamp,
    /// From when on it has taken effect.
    stands: Timestamp,
}

/// The far side.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    script: BTreeMap<String, VecDeque<Fault>>,
    deeds: Vec<Deed>,
    failed: BTreeSet<String>,
    foreign: BTreeSet<String>,
    /// Looks that it does not answer.
    pub(super) silent: u32,
}

impl World {
    fn send(&mut self, key: &str, step: &argus_soc::run::Step, now: Timestamp) -> Outcome {
        // The last one stays: whoever refuses once refuses again.
        let script = self.script.entry(step.name.clone()).or_default();
        let fault = if script.len() > 1 { script.pop_front() } else { script.front().copied() };
        let lost = || Outcome::Unsettled { why: "no answer".into() };
        let accepted = || Outcome::Accepted { remote: key.into(), detail: None };
        let mut does = |listed: i64, stands: i64| {
            self.deeds.push(Deed {
                key: key.into(),
                target: step.plan.target.value.clone(),
                isolates: step.plan.action.name() == "isolate_host",
                listed: now + SignedDuration::from_millis(listed),
                stands: now + SignedDuration::from_millis(stands),
            });
        };
        match fault.unwrap_or(Fault::Fine) {
            Fault::Fine => {
                does(0, 0);
                accepted()
            }
            Fault::Slow => {
                does(0, 5_000);
                accepted()
            }
            Fault::LostAfter | Fault::Mute => {
                does(0, 0);
                lost()
            }
            Fault::LostSlow => {
                // Within the time that an effect may take to show up.
                does(1_400, 1_400);
                lost()
            }
            Fault::LostBefore => lost(),
            Fault::Throttled => Outcome::NotYet { why: "429".into(), retry_after_ms: 700 },
            Fault::Refused => Outcome::Failed { why: "no".into() },
            Fault::FallsThrough => {
                self.failed.insert(key.into());
                accepted()
            }
            Fault::Foreign => {
                self.foreign.insert(key.into());
                lost()
            }
        }
    }

    fn probe(&mut self, key: &str, now: Timestamp) -> Probe {
        let script = key.strip_prefix("key-").and_then(|step| self.script.get(step));
        let mute = script.is_some_and(|script| script.front() == Some(&Fault::Mute));
        if mute || self.silent > 0 {
            self.silent = self.silent.saturating_sub(1);
            return Probe::Unknown { why: "no answer".into() };
        }
        let listed = |deed: &Deed| deed.key == key && deed.listed <= now;
        if self.foreign.contains(key) {
            Probe::FoundForeign { remote: key.into(), by: "ann".into() }
        } else if self.failed.contains(key) || self.deeds.iter().any(listed) {
            Probe::Found { remote: key.into(), detail: None }
        } else {
            Probe::NotFound
        }
    }

    fn progress(&self, key: &str, now: Timestamp) -> Progress {
        let stands = |deed: &Deed| deed.key == key && deed.stands <= now;
        if self.failed.contains(key) {
            Progress::Failed { why: "it came to nothing".into() }
        } else if self.deeds.iter().any(stands) {
            Progress::Done
        } else {
            Progress::Pending
        }
    }

    /// The targets that we have isolated and not released.
    pub(super) fn standing(&self) -> BTreeSet<String> {
        let mut standing = BTreeSet::new();
        for deed in &self.deeds {
            if deed.isolates {
                standing.insert(deed.target.clone());
            } else {
                assert!(standing.remove(&deed.target), "{} was not ours to undo", deed.target);
            }
        }
        standing
    }

    /// The steps that took effect, in order, once for each time that they did.
    pub(super) fn steps(&self) -> Vec<&str> {
        self.deeds.iter().map(|deed| deed.key.trim_start_matches("key-")).collect()
    }

    /// What was done, in order.
    pub(super) fn log(&self) -> Vec<String> {
        let word = |isolates| if isolates { "isolate" } else { "release" };
        self.deeds.iter().map(|deed| format!("{} {}", word(deed.isolates), deed.target)).collect()
    }
}

/// The worker, its records and the world.
#[derive(Clone, Debug)]
pub(super) struct Drive {
    /// What survives a crash.
    pub(super) records: Vec<Fact>,
    /// What the worker has folded; it forgets it when it dies.
    pub(super) run: Run,
    pub(super) world: World,
    /// Moments at which it could have died so far.
    pub(super) moments: usize,
    now: Timestamp,
    dies_at: BTreeSet<usize>,
    order: Option<u64>,
    /// Targets whose lease somebody else holds, having done it.
    held: BTreeSet<String>,
}

impl Drive {
    pub(super) fn new(
        created: Fact,
        script: &[(String, Vec<Fault>)],
        held: &BTreeSet<String>,
        dies_at: impl IntoIterator<Item = usize>,
    ) -> Self {
        let script = script.iter().map(|(step, faults)| (step.clone(), faults.clone().into()));
        Self {
            run: Run::begin(&created).unwrap(),
            records: vec![created],
            world: World { script: script.collect(), ..World::default() },
            moments: 0,
            now: at(1),
            dies_at: dies_at.into_iter().collect(),
            order: None,
            held: held.clone(),
        }
    }

    /// Takes what can be done in the order that a seed gives, as parallel workers would.
    pub(super) fn in_any_order(mut self, seed: u64) -> Self {
        self.order = Some(seed);
        self
    }

    fn next(&mut self) -> Next {
        let Some(seed) = &mut self.order else { return self.run.next(self.now) };
        let mut ready = self.run.ready(self.now);
        let waits = |next: &Next| matches!(next, Next::Wait(_));
        if !ready.iter().all(waits) {
            ready.retain(|next| !waits(next));
            // A linear congruential generator (Knuth's MMIX) is chance enough for a schedule.
            *seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(*seed >> 33).unwrap() % ready.len();
            return ready.swap_remove(at);
        }
        self.run.next(self.now)
    }

    /// Writes what a person or the clock says now, and drives on.
    pub(super) fn told(mut self, tell: impl FnOnce(i64) -> Fact) -> Self {
        let ms = i64::try_from(self.now.duration_since(at(0)).as_millis()).unwrap();
        let record = tell(ms);
        self.run.apply(&record);
        self.records.push(record);
        self.now = at(ms + 1);
        self.driven()
    }

    /// Drives the run until it is over.
    pub(super) fn driven(mut self) -> Self {
        for _ in 0..2_000 {
            let next = self.next();
            if next == Next::Stop {
                return self;
            }
            if self.turn(&next).is_none() {
                self.restart();
            }
        }
        panic!("it does not end: {:#?}", self.run);
    }

    /// The process dies and another one reads the records as they were written.
    fn restart(&mut self) {
        let again = |fact| Fact::read(&serde_json::to_vec(fact).unwrap()).unwrap();
        self.records = self.records.iter().map(again).collect();
        let mut run = Run::begin(&self.records[0]).unwrap();
        self.records[1..].iter().for_each(|record| run.apply(record));
        assert_eq!(run, self.run);
        self.run = run;
    }

    /// Nothing when the process dies here.
    fn survives(&mut self) -> Option<()> {
        self.moments += 1;
        (!self.dies_at.contains(&self.moments)).then_some(())
    }

    fn record(&mut self, what: What) -> Option<()> {
        self.survives()?;
        let ms = i64::try_from(self.now.duration_since(at(0)).as_millis()).unwrap();
        let record = fact(ms, what);
        self.run.apply(&record);
        self.records.push(record);
        self.now = at(ms + 1);
        self.survives()
    }

    fn turn(&mut self, next: &Next) -> Option<()> {
        if let Next::Wait(until) = next {
            assert!(*until < Timestamp::MAX, "it waits for ever");
            self.now = self.now.max(*until);
            return Some(());
        }
        if let Next::Finish(result) = next {
            return self.record(What::RunFinished { run: "r".into(), result: *result });
        }
        let step = next.step().and_then(|name| self.run.step(name)).unwrap().clone();
        let (name, key) = (step.name.as_str(), format!("key-{}", step.name));
        match next {
            Next::Lease(_) if step.undoes.is_none() && step.plan.when.is_some() => {
                // The one condition of the scripts never holds.
                let why = "it does not hold".to_owned();
                self.record(What::StepSkipped { run: "r".into(), step: name.into(), why })
            }
            Next::Lease(_) if let Some(wait) = step.plan.wait_ms => {
                let due = self.now + SignedDuration::from_millis(wait);
                self.record(What::TimerSet { run: "r".into(), step: name.into(), due })
            }
            Next::Lease(_) if self.run.is_dry() => self.record(What::WouldSend {
                run: "r".into(),
                step: name.into(),
                connector: "edr".into(),
                permit: "policy".into(),
                request: serde_json::Value::Null,
            }),
            Next::Fire(_) => self.record(What::TimerFired { run: "r".into(), step: name.into() }),
            Next::Lease(_) if step.undoes.is_none() && self.held.contains(name) => {
                let holder = "q/x".to_owned();
                self.record(What::Adopted { run: "r".into(), step: name.into(), holder })
            }
            Next::Lease(_) => self.record(leased(name)),
            Next::Send(_) => {
                self.record(intended(name, step.attempts + 1))?;
                let durable = |record: &Fact| matches!(&record.what, What::Intended { key: known, .. } if *known == key);
                assert!(self.records.iter().any(durable), "{name} has no intent");
                let outcome = self.world.send(&key, &step, self.now);
                self.record(answered(name, outcome))
            }
            Next::Probe(_) => {
                let probe = self.world.probe(&key, self.now);
                self.record(probed(name, probe))
            }
            Next::Verify(_) => {
                let State::Sent { remote, .. } = &step.state else { panic!("{step:?}") };
                let progress = self.world.progress(remote, self.now);
                self.record(verified(name, progress))
            }
            other => panic!("{other:?}"),
        }
    }

    /// What must be true of every history: nothing was done twice, nothing is confirmed twice.
    pub(super) fn check(&self) {
        for deed in &self.world.deeds {
            let times = self.world.deeds.iter().filter(|other| other.key == deed.key).count();
            assert_eq!(times, 1, "{} was done {times} times", deed.key);
        }
        for step in &self.run.steps {
            let confirms = |record: &&Fact| {
                record.what == verified(&step.name, Progress::Done)
                    || matches!(&record.what, What::Adopted { step: name, .. } if *name == step.name)
            };
            let times = self.records.iter().filter(confirms).count();
            assert!(times <= 1, "{} is confirmed {times} times", step.name);
        }
    }
}
