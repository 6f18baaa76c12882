//! Branches side by side in every order that workers and crashes can make of them.

use argus_soc::run::{State, Status, Terms};
use proptest::collection::vec;
use proptest::prelude::*;

use super::theorems::{Planned, begin_on, expected, name, needs, planned};
use super::world::Drive;

fn drive(plans: &[Planned], seed: u64, dies_at: impl IntoIterator<Item = usize>) -> Drive {
    let terms = Terms { max_parallel: 3, ..Terms::default() };
    let ended = begin_on(plans, 40, terms, dies_at).in_any_order(seed).driven();
    ended.check();
    ended
}

/// What must hold of the end, whatever the order was.
fn check(plans: &[Planned], ended: &Drive) {
    let (status, standing) = (ended.run.status, ended.world.standing());
    let (alone, stands, _) = expected(plans, 40);
    if alone == Status::Succeeded {
        assert_eq!((status, &standing), (alone, &stands), "order must not matter to what works");
        return;
    }
    assert_ne!(status, Status::Succeeded, "a step failed");
    let compensates = plans.iter().all(|plan| plan.on_error == "compensate");
    if compensates && status == Status::Compensated {
        let left =
            |at: usize| plans[at].effect == ("reversible", true) && standing.contains(&name(at));
        assert!(!(0..plans.len()).any(left), "what can be undone is undone: {standing:?}");
    }
    // Nothing is undone before what needed it.
    let log = ended.world.log();
    let undone = |at: usize| log.iter().position(|line| *line == format!("release {}", name(at)));
    for (at, plan) in plans.iter().enumerate() {
        for need in needs(plan, at) {
            if let (Some(first), Some(later)) = (undone(at), undone(need)) {
                assert!(first < later, "{} was undone before {}", name(need), name(at));
            }
        }
    }
    // Nothing was begun before what it needs was done.
    for (at, plan) in plans.iter().enumerate() {
        let begun = |at: usize| {
            let step = ended.run.step(&name(at)).expect("a step");
            !matches!(step.state, State::Pending | State::Skipped { .. })
        };
        let done = |need: usize| {
            let step = ended.run.step(&name(need)).expect("a step");
            step.state.is_done()
        };
        assert!(!begun(at) || needs(plan, at).all(done), "{} came too early", name(at));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_order_keeps_the_promises(plans in vec(planned(), 1..7), seed in any::<u64>()) {
        check(&plans, &drive(&plans, seed, []));
    }

    #[test]
    fn crashes_in_any_order_keep_them_too(
        plans in vec(planned(), 1..5),
        seed in any::<u64>(),
        moments in vec(1usize..160, 0..8),
    ) {
        check(&plans, &drive(&plans, seed, moments));
    }
}
