//! Twenty playbooks as people write them, and a process that dies before and after every record:
//! what takes effect takes effect once, what is undone is undone in reverse, and what nobody can
//! tell is asked of a person.

use std::collections::{BTreeMap, BTreeSet};

use argus_soc::event::{SecurityEvent, Shape};
use argus_soc::ledger::fact::{Fact, What};
use argus_soc::playbook::{parse, plan};
use argus_soc::run::{Next, Run, State, Status, Terms};

use super::parallel::by;
use super::world::Drive;
use super::world::Fault::{
    self, FallsThrough, Fine, Foreign, LostAfter, LostBefore, LostSlow, Mute, Refused, Slow,
    Throttled,
};
use super::{at, fact};

/// A playbook, what the far side does, and what must come of it.
struct Case {
    name: &'static str,
    execution: &'static str,
    /// Its steps: id, kind of action, what it needs, what else it says.
    steps: &'static [(&'static str, &'static str, &'static str, &'static str)],
    faults: &'static [(&'static str, &'static [Fault])],
    status: Status,
    /// The steps that take effect, in alphabetical order.
    deeds: &'static str,
}

const HOST: &str = "host";
const USER: &str = "user";
const IP: &str = "ip";
const TOLD: &str = "told";
const SCAN: &str = "scan";
const WAIT: &str = "wait";
const TICKET: &str = "ticket";

// One line for what it is, one for what is expected.
#[rustfmt::skip]
static CASES: [Case; 20] = [
    Case { name: "one", execution: "", steps: &[("a", HOST, "", "")],
        faults: &[("a", &[LostAfter])], status: Status::Succeeded, deeds: "a" },
    Case { name: "linear", execution: "", steps: &[("a", HOST, "", ""), ("b", USER, "a", ""), ("c", IP, "b", "")],
        faults: &[("a", &[Slow]), ("b", &[Throttled, LostSlow]), ("c", &[LostBefore, Fine])],
        status: Status::Succeeded, deeds: "a b c" },
    Case { name: "linear undone", execution: "", steps: &[("a", HOST, "", ""), ("b", USER, "a", ""), ("c", IP, "b", "")],
        faults: &[("c", &[Refused])], status: Status::Compensated, deeds: "a b undo/a undo/b" },
    Case { name: "undone over a bad line", execution: "", steps: &[("a", HOST, "", ""), ("b", USER, "a", ""), ("c", IP, "b", "")],
        faults: &[("b", &[LostSlow]), ("c", &[FallsThrough]), ("undo/b", &[Throttled, LostAfter]), ("undo/a", &[LostBefore, Slow])],
        status: Status::Compensated, deeds: "a b undo/a undo/b" },
    Case { name: "parallel", execution: "", steps: &[("a", HOST, "", ""), ("b", USER, "", ""), ("c", IP, "", "")],
        faults: &[("a", &[LostAfter]), ("b", &[Slow]), ("c", &[LostBefore, LostAfter])],
        status: Status::Succeeded, deeds: "a b c" },
    Case { name: "one at a time", execution: "execution: {max_parallel: 1}", steps: &[("a", HOST, "", ""), ("b", USER, "", ""), ("c", IP, "", "")],
        faults: &[("b", &[Slow])], status: Status::Succeeded, deeds: "a b c" },
    Case { name: "diamond", execution: "", steps: &[("a", TICKET, "", ""), ("b", HOST, "a", ""), ("c", USER, "a", ""), ("d", IP, "b, c", "")],
        faults: &[("a", &[LostAfter]), ("b", &[Slow]), ("c", &[LostSlow])],
        status: Status::Succeeded, deeds: "a b c d" },
    Case { name: "diamond undone", execution: "", steps: &[("a", HOST, "", ""), ("b", USER, "a", ""), ("c", IP, "a", ""), ("d", SCAN, "b, c", "")],
        faults: &[("b", &[Slow]), ("d", &[Refused]), ("undo/c", &[LostAfter])],
        status: Status::Compensated, deeds: "a b c undo/a undo/b undo/c" },
    Case { name: "any of two", execution: "", steps: &[("a", USER, "", "on_error: continue"), ("b", IP, "", "on_error: continue"), ("c", HOST, "a, b", "join: any")],
        faults: &[("a", &[Refused]), ("b", &[LostAfter])], status: Status::Succeeded, deeds: "b c" },
    Case { name: "two of three", execution: "", steps: &[("a", USER, "", "on_error: continue"), ("b", IP, "", ""), ("c", SCAN, "", ""), ("d", HOST, "a, b, c", "join: 2")],
        faults: &[("a", &[FallsThrough]), ("c", &[Slow])], status: Status::Succeeded, deeds: "b c d" },
    Case { name: "none of two", execution: "", steps: &[("a", USER, "", "on_error: continue"), ("b", IP, "", "on_error: continue"), ("c", HOST, "a, b", "join: any")],
        faults: &[("a", &[Refused]), ("b", &[Refused])], status: Status::Succeeded, deeds: "" },
    Case { name: "wait between", execution: "", steps: &[("a", HOST, "", ""), ("b", WAIT, "a", ""), ("c", USER, "b", "")],
        faults: &[("c", &[LostBefore, Fine])], status: Status::Succeeded, deeds: "a c" },
    Case { name: "wait beside", execution: "", steps: &[("a", WAIT, "", ""), ("b", HOST, "", ""), ("c", USER, "a", ""), ("d", IP, "b, c", "")],
        faults: &[("d", &[Refused])], status: Status::Compensated, deeds: "b c undo/b undo/c" },
    Case { name: "go on without", execution: "", steps: &[("a", USER, "", "on_error: continue"), ("b", HOST, "a", ""), ("c", IP, "", "")],
        faults: &[("a", &[Refused])], status: Status::Succeeded, deeds: "c" },
    Case { name: "keep what was done", execution: "", steps: &[("a", HOST, "", ""), ("b", USER, "a", "on_error: fail")],
        faults: &[("b", &[Refused])], status: Status::Failed, deeds: "a" },
    Case { name: "not wanted", execution: "", steps: &[("a", HOST, "", "when: \"severity == 'low'\""), ("b", USER, "a", ""), ("c", IP, "", "")],
        faults: &[], status: Status::Succeeded, deeds: "c" },
    Case { name: "theirs is not undone", execution: "", steps: &[("a", HOST, "", ""), ("b", USER, "a", ""), ("c", IP, "b", "")],
        faults: &[("a", &[Foreign]), ("c", &[Refused])], status: Status::Compensated, deeds: "b undo/b" },
    Case { name: "an undo fails", execution: "", steps: &[("a", HOST, "", ""), ("b", USER, "", ""), ("c", IP, "a, b", "")],
        faults: &[("c", &[Refused]), ("undo/a", &[Refused])],
        status: Status::CompensationFailed, deeds: "a b undo/b" },
    Case { name: "nobody can tell", execution: "", steps: &[("a", HOST, "", ""), ("b", TOLD, "a", ""), ("c", USER, "b", "")],
        faults: &[("b", &[Mute])], status: Status::NeedsHuman, deeds: "a b" },
    Case { name: "dry", execution: "gates: {dry_run: true}", steps: &[("a", HOST, "", ""), ("b", USER, "a", ""), ("c", IP, "", "")],
        faults: &[], status: Status::Succeeded, deeds: "" },
];

fn event() -> SecurityEvent {
    crate::read(
        Shape::Generic,
        r#"{"source": "edr", "event_type": "ransomware", "severity": "high", "entities": [
            {"type": "host", "value": "ws-1"}, {"type": "user", "value": "ann@example.org"},
            {"type": "ip", "value": "203.0.113.9"}]}"#,
    )
}

/// The document that a person would write.
fn text(case: &Case) -> String {
    let step = |(id, kind, needs, more): &(&str, &str, &str, &str)| {
        let action = match *kind {
            HOST => format!(
                r#"type: isolate_host, target: "{{{{ entity.host }}}}", rollback: {{id: un-{id}, type: release_host}}"#
            ),
            USER => format!(
                r#"type: disable_user, target: "{{{{ entity.user }}}}", rollback: {{id: un-{id}, type: enable_user}}"#
            ),
            IP => format!(
                r#"type: block_ip, target: "{{{{ entity.ip }}}}", rollback: {{id: un-{id}, type: unblock_ip}}"#
            ),
            SCAN => r#"type: scan_host, target: "{{ entity.host }}""#.to_owned(),
            WAIT => "type: wait, parameters: {for: 10m}".to_owned(),
            TOLD => "type: notify".to_owned(),
            TICKET => "type: create_ticket".to_owned(),
            other => panic!("no such kind of step: {other}"),
        };
        let more = if more.is_empty() { String::new() } else { format!(", {more}") };
        format!("  - {{id: {id}, {action}, needs: [{needs}]{more}}}\n")
    };
    let steps: String = case.steps.iter().map(step).collect();
    let head = "playbook: {id: p, name: P, version: \"1.0.0\"}";
    format!("{head}\n{}\nactions:\n{steps}", case.execution)
}

/// The run that a playbook begins. Attempts that crashes cost are not missed.
fn begin(case: &Case) -> Fact {
    let playbook = parse("p.yaml", &text(case)).unwrap_or_else(|e| panic!("{}: {e}", case.name));
    let steps = plan(&playbook, &event()).unwrap();
    fact(
        0,
        What::RunCreated {
            run: "r".into(),
            playbook: playbook.id.clone(),
            playbook_sha256: playbook.sha256.clone(),
            steps,
            max_attempts: 40,
            quorum: 1,
            terms: Terms::of(&playbook.execution, &playbook.gates, None),
        },
    )
}

fn drive(begin: &Fact, case: &Case, dies_at: impl IntoIterator<Item = usize>) -> Drive {
    let script: Vec<_> =
        case.faults.iter().map(|(step, faults)| ((*step).to_owned(), faults.to_vec())).collect();
    Drive::new(begin.clone(), &script, &BTreeSet::new(), dies_at).driven()
}

/// What is in order in every history, however it went.
fn check_order(case: &Case, ended: &Drive, place: &str) {
    let deeds = ended.world.steps();
    let place_of = |step: &str| deeds.iter().position(|deed| *deed == step);
    for step in ended.run.steps.iter().filter(|step| step.undoes.is_none()) {
        for need in &step.plan.needs {
            if let (Some(before), Some(after)) = (place_of(need), place_of(&step.name)) {
                assert!(before < after, "{}, {place}: {} before {need}", case.name, step.name);
            }
            let undo = |name: &str| place_of(&format!("undo/{name}"));
            if let (Some(inner), Some(outer)) = (undo(&step.name), undo(need)) {
                assert!(inner < outer, "{}, {place}: {need} undone too early", case.name);
            }
        }
    }
}

fn check(case: &Case, ended: &Drive, place: &str) {
    ended.check();
    check_order(case, ended, place);
    let mut deeds = ended.world.steps();
    deeds.sort_unstable();
    let mut expected: Vec<&str> = case.deeds.split_whitespace().collect();
    // Whoever dies between intent and deed does not know that it was not done, and must not do it.
    let mute = |step: &str| case.faults.iter().any(|(name, it)| *name == step && *it == [Mute]);
    let dared = |step: &&str| !mute(step) || deeds.contains(step);
    expected.retain(dared);
    assert_eq!((ended.run.status, deeds), (case.status, expected), "{}, {place}", case.name);
}

#[test]
fn dying_at_every_record_changes_nothing() {
    let mut lives = 0;
    for case in &CASES {
        let begin = begin(case);
        let undisturbed = drive(&begin, case, []);
        check(case, &undisturbed, "undisturbed");
        let deeds = undisturbed.world.steps().len();
        assert_eq!(deeds, case.deeds.split_whitespace().count(), "{}", case.name);
        for moment in 1..=undisturbed.moments {
            check(case, &drive(&begin, case, [moment]), &format!("dying at {moment}"));
            // And again soon after it is back.
            for later in 1..=4 {
                let moments = [moment, moment + later];
                check(case, &drive(&begin, case, moments), &format!("dying at {moments:?}"));
            }
            lives += 5;
        }
    }
    assert!(lives > 1_000, "only {lives} lives: the playbooks are too small to say anything");
}

#[test]
fn every_prefix_of_the_records_is_a_run_that_goes_on_or_is_over() {
    for case in &CASES {
        let ended = drive(&begin(case), case, []);
        let mut run = Run::begin(&ended.records[0]).unwrap();
        for record in &ended.records[1..] {
            let far = at(i64::from(u32::MAX));
            assert_ne!(run.ready(far), [Next::Stop], "{}: stuck before {record:?}", case.name);
            run.apply(record);
        }
        assert_eq!(run, ended.run, "{}", case.name);
        assert!(run.status.is_over(), "{}", case.name);
    }
}

#[test]
fn what_succeeded_is_undone_once_wherever_the_undoing_dies() {
    let undo =
        |ms| by("ann", ms, What::UndoRequested { run: "r".into(), why: "a false alarm".into() });
    let mut undone = BTreeMap::new();
    for case in CASES.iter().filter(|case| case.status == Status::Succeeded) {
        let begin = begin(case);
        let before = drive(&begin, case, []);
        if before.run.may_undo(at(i64::from(u32::MAX) / 1_000)).is_err() {
            continue;
        }
        let first = before.moments;
        let whole = before.told(undo);
        check_order(case, &whole, "undone");
        // Exactly what was done by us and can be undone.
        let has_undo =
            |name: &str| whole.run.step(name).is_some_and(|it| it.plan.rollback.is_some());
        let mut expected: Vec<String> = case.deeds.split_whitespace().map(str::to_owned).collect();
        let back = expected.iter().filter(|name| has_undo(name)).map(|name| format!("undo/{name}"));
        expected.extend(back.collect::<Vec<_>>());
        expected.sort_unstable();
        for moment in first + 1..=whole.moments {
            let ended = drive(&begin, case, [moment]).told(undo);
            ended.check();
            check_order(case, &ended, &format!("the undoing dies at {moment}"));
            let mut deeds = ended.world.steps();
            deeds.sort_unstable();
            assert_eq!(ended.run.status, Status::Compensated, "{} at {moment}", case.name);
            assert_eq!(deeds, expected, "{} at {moment}", case.name);
            // Asking again finds nothing left to undo.
            let again = ended.clone().told(undo);
            assert_eq!(again.world.steps(), ended.world.steps(), "{} at {moment}", case.name);
        }
        undone.insert(case.name, whole.moments - first);
    }
    assert!(undone.len() >= 8, "too few were undone: {undone:?}");
}

#[test]
fn a_person_settles_what_nobody_could_tell() {
    let case = CASES.iter().find(|case| case.status == Status::NeedsHuman).unwrap();
    let begin = begin(case);
    let told = |happened: bool| {
        drive(&begin, case, []).told(|ms| {
            by("ann", ms, What::StepResolved { run: "r".into(), step: "b".into(), happened })
        })
    };
    let yes = told(true);
    assert_eq!((yes.run.status, yes.world.steps()), (Status::Succeeded, vec!["a", "b", "c"]));
    let no = told(false);
    assert!(matches!(no.run.step("b").unwrap().state, State::Failed { .. }));
    assert_eq!((no.run.status, no.world.steps()), (Status::Compensated, vec!["a", "b", "undo/a"]));
}
