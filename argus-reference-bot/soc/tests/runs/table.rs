//! Which record can follow, and what it leads to.

use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::ledger::fact::What;
use argus_soc::run::{Next, Run, State, Status};
use serde_json::Value;

use super::{
    accepted, answered, at, created, done, fact, failed, fold, intended, leased, probed, step,
    verified,
};

const STATUSES: [Status; 12] = [
    Status::AwaitingApproval,
    Status::Running,
    Status::Compensating,
    Status::Denied,
    Status::Expired,
    Status::NeedsHuman,
    Status::Succeeded,
    Status::Failed,
    Status::Compensated,
    Status::CompensationFailed,
    Status::Cancelled,
    Status::TimedOut,
];

fn plain(id: &str) -> Value {
    step(id, &[], "compensate", "reversible", true)
}

#[test]
fn a_run_goes_from_here_to_there() {
    let mut table = String::new();
    for from in STATUSES {
        let to: String =
            STATUSES.iter().map(|to| if from.may_become(*to) { 'x' } else { '.' }).collect();
        table.extend([&to, " ", &format!("{from:?}"), "\n"]);
    }
    // Columns in the order of the rows.
    insta::assert_snapshot!(table, @r"
    .x.xxx....x. AwaitingApproval
    x.x..xx...x. Running
    .....x.xxxxx Compensating
    ............ Denied
    ............ Expired
    .x.......... NeedsHuman
    ..x......... Succeeded
    ..x......... Failed
    ............ Compensated
    ............ CompensationFailed
    ..x......... Cancelled
    ..x......... TimedOut
    ");
    // What is over goes on only where a person looked, or has it undone; everything else ends.
    for from in STATUSES {
        let to: Vec<Status> = STATUSES.into_iter().filter(|to| from.may_become(*to)).collect();
        match from {
            Status::NeedsHuman => assert_eq!(to, [Status::Running]),
            _ if from.is_over() => {
                assert!(to.is_empty() || to == [Status::Compensating], "{from:?}");
            }
            _ => assert!(to.len() > 1, "{from:?}"),
        }
    }
}

/// Records that bring a step into each state.
fn ways() -> Vec<(&'static str, Vec<What>)> {
    let lost = || answered("a", Outcome::Unsettled { why: "lost".into() });
    let later = || answered("a", Outcome::NotYet { why: "429".into(), retry_after_ms: 5 });
    let sent = || vec![leased("a"), intended("a", 1)];
    let with = |mut way: Vec<What>, more: What| {
        way.push(more);
        way
    };
    let unknown = || probed("a", Probe::Unknown { why: "down".into() });
    let foreign = || Probe::FoundForeign { remote: "m".into(), by: "ann".into() };
    vec![
        ("pending", vec![]),
        ("leased", vec![leased("a")]),
        ("intended", sent()),
        ("unsettled", with(sent(), lost())),
        ("cleared", with(with(sent(), lost()), probed("a", Probe::NotFound))),
        ("waiting", with(sent(), later())),
        ("sent", with(sent(), accepted("a"))),
        ("done", done("a").into()),
        ("adopted", with(sent(), probed("a", foreign()))),
        ("failed", with(sent(), failed("a"))),
        ("indeterminate", [sent(), (0..5).map(|_| unknown()).collect()].concat()),
    ]
}

#[test]
fn a_step_goes_from_here_to_there() {
    let found = || Probe::Found { remote: "m".into(), detail: None };
    let foreign = Probe::FoundForeign { remote: "m".into(), by: "ann".into() };
    let records = [
        ("leased", leased("a")),
        ("adopted", What::Adopted { run: "r".into(), step: "a".into(), holder: "q/a".into() }),
        ("intended 1", intended("a", 1)),
        ("intended 2", intended("a", 2)),
        ("accepted", accepted("a")),
        ("refused", failed("a")),
        ("lost", answered("a", Outcome::Unsettled { why: "lost".into() })),
        ("not yet", answered("a", Outcome::NotYet { why: "429".into(), retry_after_ms: 5 })),
        ("found", probed("a", found())),
        ("foreign", probed("a", foreign)),
        ("not found", probed("a", Probe::NotFound)),
        ("unknown", probed("a", Probe::Unknown { why: "down".into() })),
        ("going on", verified("a", Progress::Pending)),
        ("verified", verified("a", Progress::Done)),
        ("fell through", verified("a", Progress::Failed { why: "no".into() })),
    ];
    let begin = created(vec![step("a", &[], "continue", "reversible", true)], 3);
    let mut table = String::new();
    for (from, way) in ways() {
        let mut changes = Vec::new();
        for (name, record) in &records {
            // Half a minute apart, so that every look is due.
            let mut run = Run::begin(&begin).unwrap();
            for (n, what) in (1..).zip(way.clone()) {
                run.apply(&fact(n * 30_000, what));
            }
            assert_eq!(run.steps[0].state.word(), from);
            let before = run.clone();
            run.apply(&fact(600_000, record.clone()));
            if run != before {
                changes.push(format!("{name} -> {}", run.steps[0].state.word()));
            }
        }
        table.extend([from, ": ", &changes.join(", "), "\n"]);
    }
    insta::assert_snapshot!(table, @r"
    pending: leased -> leased, adopted -> adopted, intended 1 -> intended, intended 2 -> intended, refused -> failed
    leased: intended 1 -> intended, intended 2 -> intended, refused -> failed
    intended: intended 2 -> intended, accepted -> sent, refused -> failed, lost -> unsettled, not yet -> waiting, found -> sent, foreign -> adopted, not found -> unsettled, unknown -> unsettled
    unsettled: intended 2 -> intended, accepted -> sent, found -> sent, foreign -> adopted, not found -> cleared, unknown -> unsettled
    cleared: intended 2 -> intended, accepted -> sent, refused -> failed
    waiting: intended 2 -> intended, accepted -> sent, refused -> failed
    sent: going on -> sent, verified -> done, fell through -> failed
    done: 
    adopted: 
    failed: 
    indeterminate: 
    ");
}

#[test]
fn nothing_is_believed_absent_before_it_had_time_to_appear() {
    let begin = created(vec![plain("a")], 3);
    let sent = [leased("a"), intended("a", 1), probed("a", Probe::NotFound)];
    let mut run = fold(&begin, sent);
    let Next::Wait(until) = run.next(at(3)) else { panic!("{:?}", run.next(at(3))) };
    run.apply(&fact(4, probed("a", Probe::NotFound)));
    assert_eq!(run.next(at(4)), Next::Wait(until), "a look before its time proves nothing");
    assert_eq!(run.next(until), Next::Probe("a".into()));
    let ms = until.duration_since(at(0)).as_millis();
    run.apply(&fact(i64::try_from(ms).unwrap(), probed("a", Probe::NotFound)));
    assert_eq!(run.next(until), Next::Send("a".into()));
}

#[test]
fn each_attempt_has_its_own_looks() {
    let begin = created(vec![plain("a")], 9);
    let mut run = fold(&begin, [leased("a")]);
    let mut ms = 10;
    for attempt in 1..=4 {
        run.apply(&fact(ms, intended("a", attempt)));
        for _ in 0..2 {
            ms += 60_000;
            run.apply(&fact(ms, probed("a", Probe::NotFound)));
        }
        assert_eq!(run.steps[0].state, State::Cleared);
    }
    run.apply(&fact(ms, intended("a", 5)));
    run.apply(&fact(ms, probed("a", Probe::Unknown { why: "down".into() })));
    assert_eq!(run.status, Status::Running, "one silent look after four heard ones");
}

#[test]
fn a_far_side_cannot_make_us_wait_for_ever() {
    let begin = created(vec![plain("a")], 3);
    let later = Outcome::NotYet { why: "429".into(), retry_after_ms: u64::MAX };
    let run = fold(&begin, [leased("a"), intended("a", 1), answered("a", later)]);
    assert_eq!(run.next(at(3)), Next::Wait(at(3 + 3_600_000)));
}

#[test]
fn what_needs_a_step_that_was_given_up_is_not_done() {
    let begin = created(
        vec![
            step("a", &[], "continue", "reversible", true),
            step("b", &["a"], "compensate", "reversible", true),
            step("c", &["b"], "compensate", "reversible", true),
            plain("d"),
        ],
        1,
    );
    let mut whats = vec![leased("a"), intended("a", 1), failed("a")];
    assert_eq!(fold(&begin, whats.clone()).next(at(9)), Next::Lease("d".into()));
    whats.extend(done("d"));
    assert_eq!(fold(&begin, whats).next(at(9)), Next::Finish(Status::Succeeded));
}

#[test]
fn what_cannot_be_told_apart_or_has_no_order_waits_for_a_person() {
    fn check(steps: Vec<Value>) {
        let run = fold(&created(steps, 1), [leased("a")]);
        assert_eq!((run.status, run.next(at(9))), (Status::NeedsHuman, Next::Stop));
    }
    let needing = |id: &str, need: &str| step(id, &[need], "compensate", "reversible", true);
    check(vec![plain("a"), plain("a")]);
    check(vec![needing("a", "b"), plain("b")]);
    check(vec![needing("a", "a")]);
    check(vec![needing("a", "nobody")]);
}

#[test]
fn a_failure_means_what_the_playbook_says() {
    fn check(on_error: &str, status: Status, next: &Next) {
        let second = step("b", &[], on_error, "reversible", true);
        let begin = created(vec![plain("a"), second, plain("c")], 1);
        let mut whats = Vec::from(done("a"));
        whats.extend([leased("b"), intended("b", 1), failed("b")]);
        let run = fold(&begin, whats);
        assert_eq!((run.status, &run.next(at(99))), (status, next), "{on_error}");
    }
    check("compensate", Status::Compensating, &Next::Lease("undo/a".into()));
    check("fail", Status::Compensating, &Next::Finish(Status::Failed));
    check("continue", Status::Running, &Next::Lease("c".into()));
}

#[test]
fn the_last_attempt_is_the_last() {
    let begin = created(vec![plain("a")], 2);
    let later = || answered("a", Outcome::NotYet { why: "429".into(), retry_after_ms: 1 });
    let once = [leased("a"), intended("a", 1), later()];
    assert_eq!(fold(&begin, once.clone()).next(at(9)), Next::Send("a".into()));
    let twice = once.into_iter().chain([intended("a", 2), later()]);
    assert_eq!(fold(&begin, twice).next(at(9)), Next::Finish(Status::Failed));
}

#[test]
fn a_finished_run_gives_its_leases_back() {
    let begin = created(vec![plain("a")], 1);
    let released = What::Released { run: "r".into(), step: "a".into(), lease: "lease/a".into() };
    let finished = What::RunFinished { run: "r".into(), result: Status::Succeeded };
    let held = fold(&begin, done("a").into_iter().chain([finished.clone()]));
    assert_eq!(held.steps[0].lease.as_deref(), Some("lease/a"));
    let free = fold(&begin, done("a").into_iter().chain([finished, released]));
    assert_eq!((free.steps[0].lease.as_deref(), free.status), (None, Status::Succeeded));
}
