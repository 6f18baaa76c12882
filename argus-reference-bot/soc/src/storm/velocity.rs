//! How fast automation goes, and when that is too fast.
//!
//! Times are milliseconds of a clock that never goes back, so no jump of the wall clock opens or
//! closes anything. Changes come out as records to be written; until they are, what is open stays
//! open.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;

use super::breaker::{Breaker, Change, Scope, State};
use crate::ledger::fact::Actor;

/// When a breaker opens and how long it cools down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Runs of one playbook that begin by themselves within the window.
    pub runs_per_playbook: u32,
    /// Runs that alerts of one source begin within the window.
    pub runs_per_source: u32,
    /// Runs of all playbooks within the window.
    pub runs: u32,
    /// Different targets of one kind of effect within the window.
    pub targets_per_action: u32,
    /// The window.
    pub window_ms: u64,
    /// How long a breaker stays open before it looks whether the storm is over.
    pub cool_down_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            runs_per_playbook: 20,
            runs_per_source: 20,
            runs: 40,
            targets_per_action: 10,
            window_ms: 60_000,
            cool_down_ms: 300_000,
        }
    }
}

/// A run that would begin by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What makes it this one: it is counted once, however often it is weighed.
    pub id: String,
    /// The source of its alert.
    pub source: String,
    /// The playbook.
    pub playbook: String,
    /// Each effect: the action and its target.
    pub effects: Vec<(String, String)>,
}

impl Candidate {
    /// The breakers that must all be closed.
    pub fn scopes(&self) -> Vec<Scope> {
        let actions: BTreeSet<_> = self.effects.iter().map(|(action, _)| action).collect();
        let own = [
            Scope::Global,
            Scope::Source(self.source.clone()),
            Scope::Playbook(self.playbook.clone()),
        ];
        own.into_iter().chain(actions.into_iter().map(|it| Scope::Action(it.clone()))).collect()
    }
}

/// All breakers, and what they saw lately.
#[derive(Debug, Default)]
pub struct Guard {
    limits: Limits,
    breakers: BTreeMap<Scope, Breaker>,
    /// When each breaker changed last, by the clock that never goes back.
    changed: BTreeMap<Scope, u64>,
    asked: VecDeque<(u64, Candidate)>,
    sent: VecDeque<(u64, Vec<Scope>)>,
    unwritten: Vec<(Scope, Change)>,
}

impl Guard {
    /// Goes on with the breakers as they were recorded. Each open one cools down anew.
    pub fn new(limits: Limits, breakers: BTreeMap<Scope, Breaker>, now_ms: u64) -> Self {
        let changed = breakers.keys().map(|scope| (scope.clone(), now_ms)).collect();
        Self { limits, breakers, changed, ..Self::default() }
    }

    /// Takes the breakers as they are recorded now: other replicas change them, too. What is not on
    /// record yet comes on top. One that was changed by others cools down anew.
    pub fn renew(&mut self, recorded: BTreeMap<Scope, Breaker>, now_ms: u64) {
        let before = std::mem::replace(&mut self.breakers, recorded);
        for (scope, change) in &self.unwritten {
            let breaker = self.breakers.entry(scope.clone()).or_default();
            breaker.apply(change, &Actor::service("breaker"), Timestamp::UNIX_EPOCH);
        }
        let stands = |it: &Breaker| (it.state, it.opened, it.needs_person);
        for (scope, breaker) in &self.breakers {
            let was = before.get(scope);
            if was.map(stands) == Some(stands(breaker)) {
                continue;
            }
            self.changed.insert(scope.clone(), now_ms);
            let by_person = matches!(breaker.by, Some(Actor::Person { .. }));
            if breaker.lets_through() && by_person {
                // What led to it was seen by whoever closed it.
                self.asked.retain(|(_, asked)| !asked.scopes().contains(scope));
            }
        }
    }

    /// The breakers that ever opened.
    pub fn breakers(&self) -> &BTreeMap<Scope, Breaker> {
        &self.breakers
    }

    /// Those that hold automation back, with their states.
    pub fn open(&self) -> impl Iterator<Item = (&Scope, &Breaker)> {
        self.breakers.iter().filter(|(_, breaker)| !breaker.lets_through())
    }

    /// Whether a run may begin by itself now. Counts it, and may open or close breakers.
    ///
    /// # Errors
    ///
    /// The scopes whose breakers hold it back; a person may start it.
    pub fn admit(&mut self, candidate: &Candidate, now_ms: u64) -> Result<(), Vec<Scope>> {
        self.forget(now_ms);
        if !self.asked.iter().any(|(_, known)| known.id == candidate.id) {
            self.asked.push_back((now_ms, candidate.clone()));
        }
        let mut held = Vec::new();
        for scope in candidate.scopes() {
            let state = self.state(&scope);
            match (state, self.too_fast(&scope)) {
                (State::Closed, None) => continue,
                (State::Closed | State::HalfOpen, Some(why)) => {
                    let needs_person = self.sent_lately(&scope);
                    self.change(&scope, Change::Open { why, needs_person }, now_ms);
                }
                (State::HalfOpen, None) => self.calm(&scope, now_ms),
                (State::Open | State::AwaitsPerson, _) => {}
            }
            held.push(scope);
        }
        if held.is_empty() { Ok(()) } else { Err(held) }
    }

    /// The first scope that holds back what is about to be sent, if one does.
    pub fn holds(&self, candidate: &Candidate) -> Option<Scope> {
        candidate.scopes().into_iter().find(|scope| self.state(scope) != State::Closed)
    }

    /// An effect of automation is being sent.
    pub fn sent(&mut self, candidate: &Candidate, now_ms: u64) {
        self.forget(now_ms);
        self.sent.push_back((now_ms, candidate.scopes()));
    }

    /// Lets time pass: what has cooled down is half open, and what stayed quiet then closes.
    pub fn tick(&mut self, now_ms: u64) {
        self.forget(now_ms);
        let due = |guard: &Self, scope: &Scope, wait: u64| {
            let since = guard.changed.get(scope).copied().unwrap_or(now_ms);
            now_ms.saturating_sub(since) >= wait
        };
        let scopes: Vec<Scope> = self.open().map(|(scope, _)| scope.clone()).collect();
        for scope in scopes {
            match self.state(&scope) {
                State::Open if due(self, &scope, self.limits.cool_down_ms) => {
                    self.change(&scope, Change::HalfOpen, now_ms);
                }
                State::HalfOpen
                    if due(self, &scope, self.limits.window_ms) && self.demand(&scope) == 0 =>
                {
                    self.calm(&scope, now_ms);
                }
                _ => {}
            }
        }
    }

    /// Opens a breaker at once; only a person closes it again.
    pub fn halt(&mut self, scope: &Scope, why: &str, by: &Actor, at: Timestamp, now_ms: u64) {
        let change = Change::Open { why: why.to_owned(), needs_person: true };
        self.recorded(scope, &change, by, at, now_ms);
    }

    /// Takes a change into account that is on record already.
    pub fn recorded(
        &mut self,
        scope: &Scope,
        change: &Change,
        by: &Actor,
        at: Timestamp,
        now_ms: u64,
    ) {
        self.breakers.entry(scope.clone()).or_default().apply(change, by, at);
        self.changed.insert(scope.clone(), now_ms);
        if matches!(change, Change::Close { .. }) {
            // What led to it was seen by whoever closed it.
            self.asked.retain(|(_, asked)| !asked.scopes().contains(scope));
        }
    }

    /// The changes that are not on record yet, oldest first.
    pub fn unwritten(&self) -> &[(Scope, Change)] {
        &self.unwritten
    }

    /// The `count` oldest of them are on record now.
    pub fn written(&mut self, count: usize) {
        self.unwritten.drain(..count.min(self.unwritten.len()));
    }

    fn state(&self, scope: &Scope) -> State {
        self.breakers.get(scope).map_or(State::Closed, |breaker| breaker.state)
    }

    fn calm(&mut self, scope: &Scope, now_ms: u64) {
        let needs_person = self.breakers.get(scope).is_some_and(|it| it.needs_person);
        let change = if needs_person {
            Change::AwaitPerson
        } else {
            Change::Close { why: "it is calm again".to_owned() }
        };
        self.change(scope, change, now_ms);
    }

    fn change(&mut self, scope: &Scope, change: Change, now_ms: u64) {
        let breaker = self.breakers.entry(scope.clone()).or_default();
        // The record has the time; here it is for nobody.
        breaker.apply(&change, &Actor::service("breaker"), Timestamp::UNIX_EPOCH);
        self.changed.insert(scope.clone(), now_ms);
        self.unwritten.push((scope.clone(), change));
    }

    /// What is too fast about a scope, in words, if anything is.
    fn too_fast(&self, scope: &Scope) -> Option<String> {
        let limit = match scope {
            Scope::Global => self.limits.runs,
            Scope::Source(_) => self.limits.runs_per_source,
            Scope::Playbook(_) => self.limits.runs_per_playbook,
            Scope::Action(_) => self.limits.targets_per_action,
        };
        let demand = self.demand(scope);
        let what = match scope {
            Scope::Action(action) => format!("targets of {action}"),
            Scope::Global => "automatic runs".to_owned(),
            Scope::Source(name) => format!("automatic runs for {name}"),
            Scope::Playbook(id) => format!("automatic runs of {id}"),
        };
        let secs = self.limits.window_ms / 1_000;
        (demand > limit as usize).then(|| format!("{demand} {what} in {secs} s, more than {limit}"))
    }

    fn demand(&self, scope: &Scope) -> usize {
        let asked = self.asked.iter().map(|(_, candidate)| candidate);
        let Scope::Action(action) = scope else {
            return asked.filter(|candidate| candidate.scopes().contains(scope)).count();
        };
        let targets = asked
            .flat_map(|candidate| &candidate.effects)
            .filter(|(kind, _)| kind == action)
            .map(|(_, target)| target);
        targets.collect::<BTreeSet<_>>().len()
    }

    fn sent_lately(&self, scope: &Scope) -> bool {
        self.sent.iter().any(|(_, scopes)| scopes.contains(scope))
    }

    fn forget(&mut self, now_ms: u64) {
        let window = self.limits.window_ms;
        let old = |at: u64| at.saturating_add(window) <= now_ms;
        while self.asked.front().is_some_and(|(at, _)| old(*at)) {
            self.asked.pop_front();
        }
        while self.sent.front().is_some_and(|(at, _)| old(*at)) {
            self.sent.pop_front();
        }
        // Enough to see that it is too fast; a storm must not fill the memory.
        while self.asked.len() > MOST_ASKED {
            self.asked.pop_front();
        }
    }
}

/// Runs that are remembered at most; far above every limit that makes sense.
const MOST_ASKED: usize = 1_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(n: u64, host: u64) -> Candidate {
        Candidate {
            id: n.to_string(),
            source: "edr".into(),
            playbook: "isolate-host".into(),
            effects: vec![("isolate_host".into(), format!("ws-{host}"))],
        }
    }

    fn guard() -> Guard {
        Guard::new(Limits::default(), BTreeMap::new(), 0)
    }

    fn playbook() -> Scope {
        Scope::Playbook("isolate-host".into())
    }

    #[test]
    fn the_twenty_first_run_in_a_minute_opens_the_playbook() {
        let mut guard = guard();
        for n in 0..20 {
            assert_eq!(guard.admit(&candidate(n, 1), n * 1_000), Ok(()));
        }
        let held = guard.admit(&candidate(20, 1), 21_000).expect_err("too fast");
        assert_eq!(held, [Scope::Source("edr".into()), playbook()]);
        let (_, change) = &guard.unwritten()[1];
        let why = "21 automatic runs of isolate-host in 60 s, more than 20".to_owned();
        assert_eq!(*change, Change::Open { why, needs_person: false });
    }

    #[test]
    fn the_eleventh_target_opens_the_action() {
        let mut guard = guard();
        let held: Vec<_> = (0..12).map(|n| guard.admit(&candidate(n, n), 5)).collect();
        assert!(held[..10].iter().all(Result::is_ok), "{held:?}");
        assert_eq!(held[10], Err(vec![Scope::Action("isolate_host".into())]));
        assert!(held[11].is_err());
    }

    #[test]
    fn the_same_run_weighed_again_is_one_run() {
        let mut guard = guard();
        for _ in 0..100 {
            assert_eq!(guard.admit(&candidate(1, 1), 5), Ok(()));
        }
    }

    /// Opens at 5 ms, after an effect if `sent`.
    fn opened(sent: bool) -> Guard {
        let mut guard = guard();
        if sent {
            guard.sent(&candidate(0, 0), 4);
        }
        for n in 0..11 {
            drop(guard.admit(&candidate(n, n), 5));
        }
        guard
    }

    #[test]
    fn after_the_cool_down_one_run_is_weighed_and_the_next_may_go() {
        let mut guard = opened(false);
        guard.tick(300_000);
        assert!(guard.admit(&candidate(90, 1), 300_001).is_err(), "still open");
        guard.tick(300_005);
        assert!(guard.admit(&candidate(91, 1), 300_006).is_err(), "weighed only");
        assert_eq!(guard.admit(&candidate(92, 1), 300_007), Ok(()));
    }

    #[test]
    fn without_any_run_it_closes_by_itself() {
        let mut guard = opened(false);
        guard.tick(300_005);
        guard.tick(300_006);
        assert_eq!(guard.open().count(), 1, "half open");
        guard.tick(360_005);
        assert_eq!(guard.open().count(), 0);
    }

    #[test]
    fn where_effects_had_been_sent_a_person_has_to_say_so() {
        let mut guard = opened(true);
        guard.tick(300_005);
        guard.tick(360_005);
        let action = Scope::Action("isolate_host".into());
        assert_eq!(guard.breakers()[&action].state, State::AwaitsPerson);
        assert!(guard.admit(&candidate(99, 1), 400_000).is_err());
        let ann = Actor::Person { tenant: "home".into(), object_id: "ann".into(), shown_as: None };
        let close = Change::Close { why: "looked at".into() };
        guard.recorded(&action, &close, &ann, Timestamp::UNIX_EPOCH, 400_001);
        assert_eq!(guard.admit(&candidate(100, 1), 400_002), Ok(()));
    }

    #[test]
    fn a_storm_that_goes_on_opens_it_again() {
        let mut guard = opened(false);
        guard.tick(300_005);
        let answers: Vec<bool> =
            (0..11).map(|n| guard.admit(&candidate(200 + n, n), 300_006 + n).is_ok()).collect();
        assert!(!answers[0], "the first is only weighed");
        assert!(answers[1..10].iter().all(|admitted| *admitted), "{answers:?}");
        assert!(!answers[10], "eleven targets again");
        assert!(guard.admit(&candidate(300, 50), 300_100).is_err());
    }

    #[test]
    fn what_others_recorded_counts_and_what_is_not_on_record_yet_stays() {
        let (ann, open) = (
            Actor::Person { tenant: "home".into(), object_id: "ann".into(), shown_as: None },
            Change::Open { why: "stop".into(), needs_person: true },
        );
        let mut global = Breaker::default();
        global.apply(&open, &ann, Timestamp::UNIX_EPOCH);
        let mut guard = opened(false);
        guard.renew([(Scope::Global, global.clone())].into(), 6);
        let action = Scope::Action("isolate_host".into());
        let held: Vec<_> = guard.open().map(|(scope, _)| scope.clone()).collect();
        assert_eq!(held, [Scope::Global, action.clone()]);
        global.apply(&Change::Close { why: "go on".into() }, &ann, Timestamp::UNIX_EPOCH);
        let mut recorded = BTreeMap::from([(Scope::Global, global)]);
        guard.renew(recorded.clone(), 7);
        assert_eq!(guard.holds(&candidate(0, 0)), Some(action.clone()));

        // Another replica's breaker cools down from when it is seen here.
        guard.written(guard.unwritten().len());
        let mut other = Breaker::default();
        other.apply(
            &Change::Open { why: "fast".into(), needs_person: false },
            &ann,
            Timestamp::UNIX_EPOCH,
        );
        recorded.insert(action.clone(), other);
        let mut late = Guard::new(Limits::default(), BTreeMap::new(), 0);
        late.renew(recorded.clone(), 400_000);
        late.renew(recorded, 500_000);
        late.tick(699_999);
        assert_eq!(late.breakers()[&action].state, State::Open);
        late.tick(700_000);
        assert_eq!(late.breakers()[&action].state, State::HalfOpen);
    }

    #[derive(Clone, Debug)]
    enum Op {
        Ask(u64),
        Sent,
        Tick,
        Write,
        Restart,
        Halt,
    }

    fn ops() -> impl Strategy<Value = Vec<(u64, Op)>> {
        let op = prop_oneof![
            12 => (0_u64..30).prop_map(Op::Ask),
            2 => Just(Op::Sent),
            4 => Just(Op::Tick),
            3 => Just(Op::Write),
            1 => Just(Op::Restart),
            1 => Just(Op::Halt),
        ];
        prop::collection::vec((0_u64..40_000, op), 1..200)
    }

    /// Writes what is not on record yet, as one batch does.
    fn write(guard: &mut Guard, record: &mut BTreeMap<Scope, Breaker>) {
        let changes = guard.unwritten().to_vec();
        for (scope, change) in &changes {
            let breaker = record.entry(scope.clone()).or_default();
            breaker.apply(change, &Actor::service("breaker"), Timestamp::UNIX_EPOCH);
        }
        guard.written(changes.len());
    }

    proptest! {
        /// I8: while a breaker is open, nothing begins and nothing is sent by itself; and it opens
        /// before a limit is passed.
        #[test]
        fn an_open_breaker_lets_nothing_through(ops in ops()) {
            let (mut guard, mut now, mut admitted) = (guard(), 0, Vec::new());
            let mut record = BTreeMap::new();
            for (n, (pause, op)) in ops.into_iter().enumerate() {
                now += pause;
                match op {
                    Op::Ask(host) => {
                        let asks = candidate(n as u64, host);
                        let before = guard.holds(&asks);
                        let answer = guard.admit(&asks, now);
                        prop_assert!(before.is_none() || answer.is_err());
                        if answer.is_ok() {
                            prop_assert_eq!(guard.holds(&asks), None);
                            // It begins in the batch that has the changes.
                            write(&mut guard, &mut record);
                            admitted.push((now, host));
                        }
                    }
                    Op::Sent => guard.sent(&candidate(0, 0), now),
                    Op::Tick => guard.tick(now),
                    Op::Write => write(&mut guard, &mut record),
                    Op::Restart => {
                        // What is not on record yet is lost with the process, and so is the window.
                        guard = Guard::new(Limits::default(), record.clone(), now);
                        admitted.clear();
                    }
                    Op::Halt => {
                        let by = Actor::service("test");
                        write(&mut guard, &mut record);
                        guard.halt(&Scope::Global, "stop", &by, Timestamp::UNIX_EPOCH, now);
                        record.insert(Scope::Global, guard.breakers()[&Scope::Global].clone());
                        prop_assert!(guard.admit(&candidate(n as u64, 1), now).is_err());
                    }
                }
                if guard.unwritten().is_empty() {
                    prop_assert_eq!(guard.breakers(), &record);
                }
                let lately: Vec<_> =
                    admitted.iter().filter(|(at, _)| at + 60_000 > now).collect();
                let hosts: BTreeSet<_> = lately.iter().map(|(_, host)| host).collect();
                prop_assert!(lately.len() <= 20 && hosts.len() <= 10);
            }
        }
    }
}
