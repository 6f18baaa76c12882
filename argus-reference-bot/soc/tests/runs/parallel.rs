//! Branches side by side, joins, conditions, timers, and ends that people bring about.

use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::{ConcurrencyPolicy, OnCancel};
use argus_soc::run::{Next, NotUndone, Run, State, Status, Terms, Turn};
use serde_json::{Value, json};

use super::{accepted, answered, at, created, done, fact, failed, intended, leased, probed, step};

fn wide() -> Terms {
    Terms { max_parallel: 4, ..Terms::default() }
}

fn plain(id: &str, needs: &[&str]) -> Value {
    step(id, needs, "compensate", "reversible", true)
}

fn begun(steps: Vec<Value>, terms: Terms) -> Fact {
    let mut begin = created(steps, 3);
    if let What::RunCreated { terms: own, .. } = &mut begin.what {
        *own = terms;
    }
    begin
}

fn run(steps: Vec<Value>, terms: Terms, whats: impl IntoIterator<Item = What>) -> Run {
    super::fold(&begun(steps, terms), whats)
}

fn ready(run: &Run) -> Vec<String> {
    run.ready(at(10_000_000)).iter().map(|next| format!("{next:?}")).collect()
}

pub(super) fn by(person: &str, ms: i64, what: What) -> Fact {
    let actor = Actor::Person {
        tenant: "t".into(),
        object_id: person.into(),
        shown_as: Some(person.into()),
    };
    Fact { actor, ..fact(ms, what) }
}

fn cancel() -> What {
    What::CancelRequested { run: "r".into(), why: "wrong host".into() }
}

fn undo() -> What {
    What::UndoRequested { run: "r".into(), why: "false alarm".into() }
}

/// a -> b, c -> d
fn diamond() -> Vec<Value> {
    vec![plain("a", &[]), plain("b", &["a"]), plain("c", &["a"]), plain("d", &["b", "c"])]
}

#[test]
fn branches_go_side_by_side_and_meet_again() {
    let check = |terms: Terms, whats: Vec<What>, expected: &[&str]| {
        assert_eq!(ready(&run(diamond(), terms, whats)), expected);
    };
    check(wide(), vec![], &["Lease(\"a\")"]);
    check(wide(), done("a").into(), &["Lease(\"b\")", "Lease(\"c\")"]);
    check(Terms::default(), done("a").into(), &["Lease(\"b\")"]);
    let half = [done("a").to_vec(), vec![leased("b"), intended("b", 1)], done("c").to_vec()];
    check(wide(), half.concat(), &["Probe(\"b\")"]);
    let met = [done("a"), done("c"), done("b")].concat();
    check(wide(), met, &["Lease(\"d\")"]);
}

#[test]
fn no_more_at_once_than_the_playbook_allows() {
    let steps = ["a", "b", "c", "d", "e"].map(|id| plain(id, &[]));
    let terms = Terms { max_parallel: 2, ..Terms::default() };
    let one = run(steps.to_vec(), terms.clone(), [leased("b")]);
    assert_eq!(ready(&one), ["Lease(\"a\")", "Send(\"b\")"]);
    let two = run(steps.to_vec(), terms, [leased("b"), leased("e")]);
    assert_eq!(ready(&two), ["Send(\"b\")", "Send(\"e\")"]);
}

#[test]
fn a_join_waits_for_as_many_as_it_says() {
    let steps = |join: Value| {
        let mut last = plain("d", &["a", "b", "c"]);
        last["join"] = join;
        let give_up = |id: &str| step(id, &[], "continue", "reversible", true);
        vec![give_up("a"), give_up("b"), give_up("c"), last]
    };
    let gone = |id: &str| vec![leased(id), intended(id, 1), failed(id)];
    let check = |join: Value, whats: Vec<What>, expected: &str| {
        let run = run(steps(join.clone()), wide(), whats);
        assert!(ready(&run).contains(&expected.to_owned()), "{join}: {:?}", ready(&run));
    };
    let begins = "Lease(\"d\")";
    check(json!("any"), done("b").into(), begins);
    check(json!({"at_least": 2}), [done("b"), done("c")].concat(), begins);
    check(json!("all"), [done("a"), done("b"), done("c")].concat(), begins);
    // Two of three are enough although one failed; one is not.
    check(json!({"at_least": 2}), [gone("a"), done("b").into(), done("c").into()].concat(), begins);
    let over = "Finish(Succeeded)";
    check(json!({"at_least": 2}), [gone("a"), gone("b"), done("c").into()].concat(), over);
    check(json!("any"), [gone("a"), gone("b"), gone("c")].concat(), over);
    check(json!("all"), [gone("a"), done("b").into(), done("c").into()].concat(), over);
}

#[test]
fn what_is_passed_over_takes_along_what_needs_it() {
    let skipped = What::StepSkipped {
        run: "r".into(),
        step: "b".into(),
        why: "`false` does not hold".into(),
    };
    let run = run(diamond(), wide(), done("a").into_iter().chain([skipped]).chain(done("c")));
    assert!(run.step("b").unwrap().state.is_skipped());
    assert_eq!(ready(&run), ["Finish(Succeeded)"]);
}

#[test]
fn a_failure_waits_for_what_is_under_way_and_undoes_all_of_it() {
    let steps = vec![plain("a", &[]), plain("b", &["a"]), plain("c", &["a"]), plain("e", &[])];
    let before = [
        done("a").to_vec(),
        vec![leased("b"), intended("b", 1), leased("c"), intended("c", 1)],
        done("e").to_vec(),
        vec![failed("c")],
    ]
    .concat();
    let stopping = run(steps.clone(), wide(), before.clone());
    assert_eq!(stopping.status, Status::Running);
    assert_eq!(ready(&stopping), ["Probe(\"b\")"], "nothing new begins");
    let rest = [accepted("b"), super::verified("b", Progress::Done)];
    let undoing = run(steps.clone(), wide(), before.into_iter().chain(rest));
    assert_eq!(undoing.status, Status::Compensating);
    // a was needed by b, so b is undone first; e hangs on nothing.
    assert_eq!(ready(&undoing), ["Lease(\"undo/b\")", "Lease(\"undo/e\")"]);
}

#[test]
fn an_undo_that_fails_holds_up_nothing_else() {
    let mut run = run(
        vec![plain("a", &[]), plain("b", &["a"]), plain("c", &["b"])],
        wide(),
        [done("a").to_vec(), done("b").to_vec(), vec![leased("c"), intended("c", 1), failed("c")]]
            .concat(),
    );
    assert_eq!(ready(&run), ["Lease(\"undo/b\")"]);
    for what in [leased("undo/b"), intended("undo/b", 1), failed("undo/b")] {
        run.apply(&fact(50, what));
    }
    assert_eq!(ready(&run), ["Lease(\"undo/a\")"]);
    for what in done("undo/a") {
        run.apply(&fact(60, what));
    }
    assert_eq!(ready(&run), ["Finish(CompensationFailed)"]);
}

#[test]
fn a_cancelled_run_hears_its_answers_and_undoes() {
    let check = |on_cancel, whats: Vec<What>, status, expected: &[&str]| {
        let terms = Terms { on_cancel, ..wide() };
        let run = run(diamond(), terms, whats);
        assert_eq!(
            (run.status, ready(&run)),
            (status, expected.iter().map(|it| (*it).into()).collect())
        );
    };
    let sent = [done("a").to_vec(), vec![leased("b"), intended("b", 1), cancel()]].concat();
    check(OnCancel::Compensate, sent.clone(), Status::Running, &["Probe(\"b\")"]);
    let answered = [sent, vec![accepted("b"), super::verified("b", Progress::Done)]].concat();
    check(OnCancel::Compensate, answered.clone(), Status::Compensating, &["Lease(\"undo/b\")"]);
    check(OnCancel::Keep, answered, Status::Compensating, &["Finish(Cancelled)"]);
    check(OnCancel::Compensate, vec![cancel()], Status::Compensating, &["Finish(Cancelled)"]);
    let twice = [done("a").to_vec(), vec![cancel(), cancel()]].concat();
    check(OnCancel::Compensate, twice, Status::Compensating, &["Lease(\"undo/a\")"]);
}

#[test]
fn what_takes_too_long_is_undone_also_where_only_the_order_was_accepted() {
    let timed_out = What::RunTimedOut { run: "r".into() };
    let terms = Terms { max_duration_ms: Some(1_000), ..wide() };
    let run = run(
        diamond(),
        terms,
        [done("a").to_vec(), vec![leased("b"), intended("b", 1), accepted("b"), timed_out]]
            .concat(),
    );
    assert_eq!(run.status, Status::Compensating);
    assert_eq!(ready(&run), ["Lease(\"undo/b\")"], "it may have taken effect by now");
    assert!(run.deadline().is_none());
}

#[test]
fn a_person_says_what_nobody_could_find_out() {
    let silent = || probed("b", Probe::Unknown { why: "down".into() });
    let lost = || {
        let mut run = run(
            diamond(),
            wide(),
            [done("a").to_vec(), done("c").to_vec(), vec![leased("b"), intended("b", 1)]].concat(),
        );
        for n in 0..5 {
            run.apply(&fact(100_000 * (n + 1), silent()));
        }
        assert_eq!((run.status, ready(&run)), (Status::NeedsHuman, vec!["Stop".to_owned()]));
        run
    };
    let says = |happened| What::StepResolved { run: "r".into(), step: "b".into(), happened };
    let mut run = lost();
    run.apply(&fact(900_000, says(true)));
    assert_eq!(run.status, Status::NeedsHuman, "a service knows no better");
    run.apply(&by("ann", 900_001, says(true)));
    assert_eq!((run.status, ready(&run)), (Status::Running, vec!["Lease(\"d\")".to_owned()]));
    run.apply(&by("bob", 900_002, says(false)));
    assert!(run.step("b").unwrap().state.is_done(), "the first word counts");

    let mut run = lost();
    run.apply(&by("ann", 900_001, says(false)));
    assert_eq!(run.status, Status::Compensating);
    assert_eq!(ready(&run), ["Lease(\"undo/c\")"], "a was needed by c");
}

#[test]
fn a_person_has_a_run_undone_until_it_is_too_late() {
    let terms = Terms { undo_ms: 60_000, ..wide() };
    let finished = What::RunFinished { run: "r".into(), result: Status::Succeeded };
    let whats = [done("a"), done("b")].concat();
    let steps = vec![plain("a", &[]), plain("b", &["a"])];
    let over = || {
        let mut run = run(steps.clone(), terms.clone(), whats.clone());
        assert_eq!(run.may_undo(at(50)), Err(NotUndone::GoesOn));
        run.apply(&fact(100, finished.clone()));
        run
    };
    let mut late = over();
    late.apply(&by("ann", 100_000, undo()));
    assert_eq!(
        (late.may_undo(at(100_000)), late.status),
        (Err(NotUndone::TooLate), Status::Succeeded)
    );
    let mut undone = over();
    undone.apply(&by("ann", 1_000, undo()));
    assert_eq!(ready(&undone), ["Lease(\"undo/b\")"]);
    for what in [done("undo/b"), done("undo/a")].concat() {
        undone.apply(&fact(2_000, what));
    }
    assert_eq!(ready(&undone), ["Finish(Compensated)"]);
    undone.apply(&fact(3_000, What::RunFinished { run: "r".into(), result: Status::Compensated }));
    let before = undone.clone();
    undone.apply(&by("ann", 4_000, undo()));
    assert_eq!(undone, before, "undoing twice is undoing once");
    assert_eq!(undone.may_undo(at(4_000)), Err(NotUndone::Nothing));
}

#[test]
fn time_passes_once() {
    let mut wait = plain("w", &[]);
    wait["action"] = json!("wait");
    wait["wait_ms"] = json!(5_000);
    wait["rollback"] = Value::Null;
    let set = What::TimerSet { run: "r".into(), step: "w".into(), due: at(5_000) };
    let fired = What::TimerFired { run: "r".into(), step: "w".into() };
    let mut run = run(vec![wait, plain("a", &["w"])], wide(), [set]);
    assert_eq!(run.next(at(4_999)), Next::Wait(at(5_000)));
    assert_eq!(run.next(at(5_000)), Next::Fire("w".into()));
    run.apply(&fact(5_001, fired.clone()));
    assert_eq!(ready(&run), ["Lease(\"a\")"]);
    let before = run.clone();
    run.apply(&fact(5_002, fired));
    assert_eq!(run, before);
}

#[test]
fn a_dry_run_leaves_nothing_to_undo() {
    let would = |step: &str| What::WouldSend {
        run: "r".into(),
        step: step.into(),
        connector: "edr".into(),
        permit: "p".into(),
        request: json!({}),
    };
    let terms = Terms { dry_run: true, ..wide() };
    let mut run = run(diamond(), terms, ["a", "b", "c", "d"].map(would));
    assert_eq!(ready(&run), ["Finish(Succeeded)"]);
    run.apply(&fact(10, What::RunFinished { run: "r".into(), result: Status::Succeeded }));
    assert_eq!(run.may_undo(at(11)), Err(NotUndone::Nothing));
}

#[test]
fn runs_that_may_not_overlap_take_turns() {
    let turn = Turn { key: "ws-1".into(), policy: ConcurrencyPolicy::Queue };
    let terms = Terms { turn: Some(turn), ..wide() };
    let lease =
        What::Leased { run: "r".into(), step: String::new(), lease: "home/turn/ws-1".into() };
    let waiting = run(diamond(), terms.clone(), []);
    assert_eq!(ready(&waiting), ["TakeTurn"]);
    let begun = run(diamond(), terms.clone(), [lease]);
    assert_eq!(
        (begun.turn.as_deref(), ready(&begun)),
        (Some("home/turn/ws-1"), vec!["Lease(\"a\")".to_owned()])
    );
    let rejected = What::RunRejected { run: "r".into(), why: "r2 is under way".into() };
    let rejected = run(diamond(), terms, [rejected]);
    assert_eq!((rejected.status, ready(&rejected)), (Status::Cancelled, vec!["Stop".to_owned()]));
}

#[test]
fn what_was_not_sent_fails_where_it_stands() {
    let cannot = answered("a", Outcome::Failed { why: "`steps.x` cannot be answered".into() });
    let run = run(vec![plain("a", &[])], wide(), [cannot]);
    assert!(matches!(run.step("a").unwrap().state, State::Failed { .. }));
    assert_eq!(ready(&run), ["Finish(Failed)"]);
}
