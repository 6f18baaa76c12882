//! Records in any order: whatever is read, nothing breaks and nothing dangerous follows.

use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::run::{Next, Run, Status};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{
    accepted, answered, at, created, fact, failed, intended, leased, probed, step, verified,
};

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Unsettled { why: "lost".into() }),
        any::<u64>().prop_map(|ms| Outcome::NotYet { why: "429".into(), retry_after_ms: ms }),
    ]
}

fn probe() -> impl Strategy<Value = Probe> {
    prop_oneof![
        Just(Probe::NotFound),
        Just(Probe::Found { remote: "m".into(), detail: None }),
        Just(Probe::FoundForeign { remote: "m".into(), by: "ann".into() }),
        Just(Probe::Unknown { why: "down".into() }),
    ]
}

fn progress() -> impl Strategy<Value = Progress> {
    prop_oneof![
        Just(Progress::Pending),
        Just(Progress::Done),
        Just(Progress::Failed { why: "no".into() }),
    ]
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::AwaitingApproval),
        Just(Status::Running),
        Just(Status::NeedsHuman),
        Just(Status::Succeeded),
        Just(Status::Compensated),
    ]
}

fn about_a_step() -> impl Strategy<Value = What> {
    let names = ["a", "b", "undo/a", "undo/b", "nobody"].to_vec();
    prop::sample::select(names).prop_flat_map(|step| {
        prop_oneof![
            Just(leased(step)),
            Just(What::Adopted { run: "r".into(), step: step.into(), holder: "q/a".into() }),
            (0u32..4).prop_map(move |attempt| intended(step, attempt)),
            Just(accepted(step)),
            Just(failed(step)),
            outcome().prop_map(move |outcome| answered(step, outcome)),
            probe().prop_map(move |probe| probed(step, probe)),
            progress().prop_map(move |progress| verified(step, progress)),
        ]
    })
}

fn about_the_run() -> impl Strategy<Value = What> {
    prop_oneof![
        (0u32..3, 0i64..200).prop_map(|(quorum, ms)| What::ApprovalRequested {
            run: "r".into(),
            digest: "d".into(),
            quorum,
            reason: "production".into(),
            expires_at: at(ms),
            remind_at: (ms % 3 == 0).then(|| at(ms / 2)),
        }),
        any::<bool>().prop_map(|approve| What::ApprovalDecided {
            run: "r".into(),
            digest: "d".into(),
            approve,
            reason: None,
        }),
        Just(What::ApprovalReminded { run: "r".into() }),
        (0i64..400).prop_map(|ms| What::ApprovalEscalated {
            run: "r".into(),
            to: "leads".into(),
            expires_at: at(ms),
        }),
        Just(What::ApprovalExpired { run: "r".into() }),
        status().prop_map(|result| What::RunFinished { run: "r".into(), result }),
    ]
}

fn record() -> impl Strategy<Value = Fact> {
    let actor = prop::sample::select(&["ann", "bob", "rita", "argus"][..]);
    (prop_oneof![3 => about_a_step(), 1 => about_the_run()], 0i64..4_000, actor).prop_map(
        |(what, ms, actor)| match actor {
            "argus" => fact(ms, what),
            person => Fact { actor: named(person), ..fact(ms, what) },
        },
    )
}

fn named(object_id: &str) -> Actor {
    Actor::Person { tenant: "t".into(), object_id: object_id.into(), shown_as: None }
}

/// What must hold of a run whatever it has heard.
fn check(before: &Run, run: &Run) {
    assert!(
        before.status == run.status || before.status.may_become(run.status),
        "{:?} became {:?}",
        before.status,
        run.status
    );
    let next = run.next(at(100));
    assert_eq!(run.status.is_over(), next == Next::Stop);
    for (at, step) in run.steps.iter().enumerate() {
        assert!(run.steps[..at].iter().all(|other| other.name != step.name), "two {}", step.name);
    }
    if let (Some(approval), Next::Lease(_) | Next::Send(_)) = (&run.approval, &next) {
        let mut people: Vec<String> = Vec::new();
        for decision in &approval.decisions {
            assert!(decision.approve, "somebody said no");
            assert!(decision.at < approval.expires_at, "too late");
            assert!(matches!(decision.by, Actor::Person { .. }), "nobody");
            people.push(decision.by.shown().into());
        }
        let voices = people.len();
        people.sort_unstable();
        people.dedup();
        assert!(!people.contains(&"rita".to_owned()), "the requester");
        assert_eq!(people.len(), voices, "twice the same");
        assert!(voices >= approval.quorum.max(1) as usize, "{voices} of {}", approval.quorum);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_history_is_survived(records in vec(record(), 0..40)) {
        let plain = |id| step(id, &[], "compensate", "reversible", true);
        let mut begin = created(vec![plain("a"), plain("b")], 2);
        begin.actor = named("rita");
        let mut run = Run::begin(&begin).unwrap();
        for record in &records {
            let before = run.clone();
            run.apply(record);
            check(&before, &run);
        }
    }

    #[test]
    fn an_old_record_read_again_later_changes_no_ending(
        records in vec(record(), 1..30),
        old in any::<prop::sample::Index>(),
    ) {
        let begin = created(vec![step("a", &[], "fail", "reversible", true)], 2);
        let mut run = Run::begin(&begin).unwrap();
        for record in &records {
            run.apply(record);
        }
        if run.status.is_over() {
            let ended = run.clone();
            run.apply(old.get(&records));
            prop_assert_eq!(run, ended);
        }
    }
}
