//! Three theorems, for every plan, every fault and a crash at every moment: running twice is
//! running once; a failure at any step undoes exactly what was done; undoing twice is undoing once.

use std::collections::BTreeSet;

use argus_soc::ledger::fact::{Fact, What};
use argus_soc::run::{Next, Run, State, Status, Terms};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::world::{Drive, Fault};
use super::{at, created, step};

/// A step and what the far side will do about it and about its undoing.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) on_error: &'static str,
    /// Effect class, and whether there is a rollback.
    pub(super) effect: (&'static str, bool),
    needs: u8,
    faults: Vec<Fault>,
    undo_faults: Vec<Fault>,
    /// Another run has done it already.
    held: bool,
}

pub(super) fn planned() -> impl Strategy<Value = Planned> {
    use Fault::{
        FallsThrough, Fine, Foreign, LostAfter, LostBefore, LostSlow, Refused, Slow, Throttled,
    };
    let lasting = prop_oneof![Just(Fine), Just(Slow), Just(LostAfter), Just(LostSlow)];
    let passing = prop_oneof![Just(Throttled), Just(LostBefore)];
    let last = prop_oneof![
        4 => lasting.clone(),
        1 => Just(Refused),
        1 => Just(FallsThrough),
        1 => Just(Foreign),
    ];
    let undo = prop_oneof![4 => lasting, 1 => Just(Refused), 1 => Just(FallsThrough)];
    let then = |(mut faults, last): (Vec<Fault>, Fault)| {
        faults.push(last);
        faults
    };
    (
        prop_oneof![3 => Just("compensate"), 1 => Just("fail"), 1 => Just("continue")],
        prop_oneof![
            4 => Just(("reversible", true)),
            1 => Just(("compensable", false)),
            1 => Just(("irreversible", true)),
        ],
        any::<u8>(),
        (vec(passing.clone(), 0..3), last).prop_map(then),
        (vec(passing, 0..3), undo).prop_map(then),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(on_error, effect, needs, faults, undo_faults, held)| Planned {
            on_error,
            effect,
            needs,
            faults,
            undo_faults,
            held,
        })
}

pub(super) fn name(at: usize) -> String {
    format!("s{at}")
}

pub(super) fn needs(plan: &Planned, at: usize) -> impl Iterator<Item = usize> {
    // A quarter of the pairs, so that not everything hangs together.
    let bits = plan.needs & plan.needs.rotate_left(3);
    (0..at).filter(move |earlier| bits & (1 << earlier) != 0)
}

fn drive(plans: &[Planned], max_attempts: u32, dies_at: impl IntoIterator<Item = usize>) -> Drive {
    begin(plans, max_attempts, dies_at).driven()
}

pub(super) fn begin(
    plans: &[Planned],
    max_attempts: u32,
    dies_at: impl IntoIterator<Item = usize>,
) -> Drive {
    begin_on(plans, max_attempts, Terms::default(), dies_at)
}

pub(super) fn begin_on(
    plans: &[Planned],
    max_attempts: u32,
    terms: Terms,
    dies_at: impl IntoIterator<Item = usize>,
) -> Drive {
    let steps: Vec<Value> = plans
        .iter()
        .enumerate()
        .map(|(at, plan)| {
            let needs: Vec<String> = needs(plan, at).map(name).collect();
            let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
            step(&name(at), &needs, plan.on_error, plan.effect.0, plan.effect.1)
        })
        .collect();
    let script: Vec<_> = plans
        .iter()
        .enumerate()
        .flat_map(|(at, plan)| {
            [
                (name(at), plan.faults.clone()),
                (format!("undo/{}", name(at)), plan.undo_faults.clone()),
            ]
        })
        .collect();
    let held = (0..plans.len()).filter(|at| plans[*at].held).map(name).collect();
    let mut begin = created(steps, max_attempts);
    if let What::RunCreated { terms: own, .. } = &mut begin.what {
        *own = terms;
    }
    Drive::new(begin, &script, &held, dies_at)
}

/// How the attempts at one effect end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Ours,
    Theirs,
    Not,
}

fn end(faults: &[Fault], max_attempts: u32) -> End {
    for (attempt, fault) in (1..).zip(faults) {
        match fault {
            Fault::Fine | Fault::Slow | Fault::LostAfter | Fault::LostSlow => return End::Ours,
            Fault::Foreign => return End::Theirs,
            Fault::Mute => unreachable!("no plan here has one"),
            Fault::Refused | Fault::FallsThrough => return End::Not,
            Fault::Throttled | Fault::LostBefore if attempt >= max_attempts => return End::Not,
            Fault::Throttled | Fault::LostBefore => {}
        }
    }
    End::Ours
}

/// What must come of it: the status, what stands, and everything that is done, in order. It knows
/// the script and nothing of records, crashes or states.
pub(super) fn expected(
    plans: &[Planned],
    max_attempts: u32,
) -> (Status, BTreeSet<String>, Vec<String>) {
    let (mut log, mut ours, mut without) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (at, plan) in plans.iter().enumerate() {
        if needs(plan, at).any(|need| without.contains(&need)) {
            without.insert(at);
            continue;
        }
        let end = if plan.held { End::Theirs } else { end(&plan.faults, max_attempts) };
        match (end, plan.on_error) {
            (End::Theirs, _) => {}
            (End::Ours, _) => {
                log.push(format!("isolate {}", name(at)));
                ours.push(at);
            }
            (End::Not, "continue") => {
                without.insert(at);
            }
            (End::Not, on_error) => {
                let undone = on_error == "compensate";
                return unwound(plans, max_attempts, &ours, log, undone);
            }
        }
    }
    (Status::Succeeded, ours.into_iter().map(name).collect(), log)
}

fn unwound(
    plans: &[Planned],
    max_attempts: u32,
    ours: &[usize],
    mut log: Vec<String>,
    undone: bool,
) -> (Status, BTreeSet<String>, Vec<String>) {
    let mut standing: BTreeSet<String> = ours.iter().copied().map(name).collect();
    let mut status = Status::Failed;
    let undone =
        ours.iter().rev().filter(|at| undone && plans[**at].effect == ("reversible", true));
    for at in undone {
        if end(&plans[*at].undo_faults, max_attempts) == End::Ours {
            log.push(format!("release {}", name(*at)));
            standing.remove(&name(*at));
            if status == Status::Failed {
                status = Status::Compensated;
            }
        } else {
            status = Status::CompensationFailed;
        }
    }
    (status, standing, log)
}

fn outcome(drive: &Drive) -> (Status, BTreeSet<String>, Vec<String>) {
    (drive.run.status, drive.world.standing(), drive.world.log())
}

fn refold(records: &[Fact], times: usize) -> Run {
    let mut run = Run::begin(&records[0]).unwrap();
    for record in &records[1..] {
        (0..times).for_each(|_| run.apply(record));
    }
    run
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_failure_undoes_exactly_what_was_done(plans in vec(planned(), 0..6), max in 1u32..4) {
        let ended = drive(&plans, max, []);
        ended.check();
        prop_assert_eq!(outcome(&ended), expected(&plans, max));
    }

    #[test]
    fn many_crashes_change_nothing(
        plans in vec(planned(), 1..4),
        moments in vec(1usize..120, 0..12),
    ) {
        let ended = drive(&plans, 40, moments);
        ended.check();
        prop_assert_eq!(outcome(&ended), expected(&plans, 40));
    }
    #[test]
    fn hearing_everything_twice_is_hearing_it_once(plans in vec(planned(), 0..6), max in 1u32..4) {
        let ended = drive(&plans, max, []);
        prop_assert_eq!(refold(&ended.records, 2), refold(&ended.records, 1));
        prop_assert_eq!(refold(&ended.records, 1), ended.run);
    }

    #[test]
    fn running_again_what_is_over_does_nothing(plans in vec(planned(), 0..4), max in 1u32..4) {
        let ended = drive(&plans, max, []);
        let again = ended.clone().driven();
        prop_assert_eq!((again.records, again.world.log()), (ended.records, ended.world.log()));
    }

    #[test]
    fn a_silent_far_side_leads_to_a_person_or_to_the_truth(
        plans in vec(planned(), 1..4),
        silent in 0u32..9,
    ) {
        let mut silenced = begin(&plans, 20, []);
        silenced.world.silent = silent;
        let silenced = silenced.driven();
        silenced.check();
        let unclear = |step: &argus_soc::run::Step| matches!(step.state, State::Indeterminate { .. });
        if silenced.run.status == Status::NeedsHuman {
            prop_assert!(silenced.run.steps.iter().any(unclear));
            prop_assert_eq!(silenced.run.next(at(i64::from(u32::MAX))), Next::Stop);
        } else if !silenced.run.steps.iter().any(unclear) {
            prop_assert_eq!(outcome(&silenced), expected(&plans, 20));
        } else {
            prop_assert_eq!(silenced.run.status, Status::CompensationFailed);
        }
    }
}

proptest! {
    // Each case is driven once for every moment of its life, some sixty times.
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_crash_at_any_moment_changes_nothing(plans in vec(planned(), 1..4)) {
        // Enough attempts that those which crashes cost are not missed.
        let undisturbed = drive(&plans, 20, []);
        prop_assert_eq!(outcome(&undisturbed), expected(&plans, 20));
        for moment in 1..=undisturbed.moments {
            let ended = drive(&plans, 20, [moment]);
            ended.check();
            prop_assert_eq!(outcome(&ended), outcome(&undisturbed), "dying at {}", moment);
        }
    }
}
