//! What the simulator owes: the same run for the same seed, and an eye for faults.

#![expect(clippy::panic, reason = "a test that cannot go on ends there")]

use argus_simulation::plant::Plant;
use argus_simulation::run::run;

/// Seeds that are tried until a fault that was put in is found.
const WITHIN: u64 = 400;

#[test]
fn a_seed_is_a_run() {
    for seed in 1..=12 {
        let (first, again) = (run(seed, None), run(seed, None));
        assert_eq!(first.trace, again.trace, "seed {seed}");
        assert_eq!(first.digest, again.digest, "seed {seed}");
    }
    assert_ne!(run(1, None).digest, run(2, None).digest);
}

#[test]
fn promises_are_kept() {
    for seed in 1..=60 {
        let report = run(seed, None);
        if let Some(broken) = report.violation {
            panic!("seed {seed} broke {broken:?}\n{}", report.trace.join("\n"));
        }
    }
}

/// Each fault that is put in is found, and by an invariant that is about it.
fn finds(plant: Plant, invariants: &[&str]) {
    let found = (1..=WITHIN).find_map(|seed| run(seed, Some(plant)).violation);
    let Some(found) = found else { panic!("{plant:?} was not found in {WITHIN} seeds") };
    assert!(invariants.contains(&found.invariant), "{plant:?} was taken for {found:?}");
}

#[test]
fn an_answer_before_the_sync_is_found() {
    finds(Plant::AckBeforeSync, &["I1"]);
}

#[test]
fn an_effect_before_its_intent_is_found() {
    finds(Plant::IntentAfterSend, &["I4"]);
}

#[test]
fn a_blind_repeat_is_found() {
    finds(Plant::BlindResend, &["I3"]);
}

#[test]
fn an_order_that_is_carried_out_twice_is_found() {
    finds(Plant::OrderTwice, &["I3"]);
}

#[test]
fn a_card_that_is_created_twice_is_found() {
    finds(Plant::CardTwice, &["cards", "G10"]);
}

#[test]
fn an_older_card_over_a_newer_one_is_found() {
    finds(Plant::StaleCard, &["I5"]);
}

#[test]
fn a_turned_bit_that_nobody_sees_is_found() {
    finds(Plant::UncheckedChain, &["I6"]);
}

#[test]
fn a_card_that_never_came_is_found() {
    finds(Plant::CardNowhere, &["I2", "cards"]);
}
