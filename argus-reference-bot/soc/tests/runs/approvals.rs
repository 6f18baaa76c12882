//! Whose yes counts.

use argus_soc::event::{Entity, EntityKind};
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::{Excluded, Gates, OnExpire};
use argus_soc::run::{Next, NotCounted, Run, Status, Subjects, Terms};

use super::{at, created, fact, step};

fn person(object_id: &str) -> Actor {
    Actor::Person { tenant: "T".into(), object_id: object_id.into(), shown_as: None }
}

/// A run that Rita asked for and two people have to agree to within a second.
fn asked() -> Run {
    let mut begin = created(vec![step("a", &[], "compensate", "reversible", true)], 1);
    begin.actor = person("rita");
    let mut run = Run::begin(&begin).unwrap();
    run.apply(&request());
    run
}

fn request() -> Fact {
    fact(
        0,
        What::ApprovalRequested {
            run: "r".into(),
            digest: "d".into(),
            quorum: 2,
            reason: "production".into(),
            expires_at: at(1_000),
            remind_at: None,
        },
    )
}

/// `who` says `word` (`yes`, `no`, `yes to something else`) after `ms`.
fn says(who: Actor, word: &str, ms: i64) -> Fact {
    let digest = if word.ends_with("else") { "e" } else { "d" }.into();
    let approve = word.starts_with("yes");
    let decided = What::ApprovalDecided { run: "r".into(), digest, approve, reason: None };
    Fact { actor: who, ..fact(ms, decided) }
}

#[test]
fn votes_are_counted() {
    fn check(votes: &[(&str, &str, i64)], status: Status, counted: usize) {
        let mut run = asked();
        for (who, word, ms) in votes {
            let who = if *who == "argus" { Actor::service("run") } else { person(who) };
            run.apply(&says(who, word, *ms));
        }
        let decisions = run.approval.as_ref().unwrap().decisions.len();
        assert_eq!((run.status, decisions), (status, counted), "{votes:?}");
    }
    use Status::{AwaitingApproval as Open, Denied, Running};
    check(&[], Open, 0);
    check(&[("ann", "yes", 1)], Open, 1);
    check(&[("ann", "yes", 1), ("bob", "yes", 2)], Running, 2);
    check(&[("ann", "yes", 1), ("ann", "yes", 2)], Open, 1);
    check(&[("ann", "yes", 1), ("ANN", "yes", 2)], Open, 1);
    check(&[("ann", "yes", 1), ("ann", "no", 2)], Open, 1);
    check(&[("rita", "yes", 1), ("RITA", "yes", 2), ("ann", "yes", 3)], Open, 1);
    check(&[("argus", "yes", 1), ("ann", "yes", 2)], Open, 1);
    check(&[("ann", "yes to something else", 1), ("bob", "yes", 2)], Open, 1);
    check(&[("ann", "yes", 1), ("bob", "no", 2)], Denied, 2);
    check(&[("ann", "no", 1), ("bob", "yes", 2), ("cid", "yes", 3)], Denied, 1);
    check(&[("ann", "yes", 1), ("bob", "yes", 2), ("cid", "no", 3)], Running, 2);
    check(&[("ann", "yes", 999), ("bob", "yes", 1_000)], Open, 1);
}

#[test]
fn a_closed_request_stays_closed() {
    let expired = fact(1_000, What::ApprovalExpired { run: "r".into() });
    let mut run = asked();
    run.apply(&expired);
    run.apply(&says(person("ann"), "yes", 500));
    run.apply(&says(person("bob"), "yes", 501));
    run.apply(&request());
    assert_eq!((run.status, run.next(at(2_000))), (Status::Expired, Next::Stop));

    let mut run = asked();
    run.apply(&says(person("ann"), "yes", 1));
    run.apply(&says(person("bob"), "yes", 2));
    run.apply(&expired);
    run.apply(&request());
    assert_eq!(run.status, Status::Running, "neither a late timer nor a repeated request counts");
    assert_eq!(run.approval.unwrap().decisions.len(), 2);
}

#[test]
fn nothing_is_sent_while_people_are_asked() {
    let mut run = asked();
    for what in super::done("a") {
        run.apply(&fact(1, what));
    }
    assert_eq!(run.next(at(5)), Next::Wait(at(1_000)));
    assert_eq!(run.next(at(1_000)), Next::Expire);
    assert_eq!(run, asked());
}

#[test]
fn a_person_is_told_why_not() {
    let check = |who: &Actor, digest: &str, ms: i64, why: Result<(), NotCounted>| {
        let mut run = asked();
        run.apply(&says(person("ann"), "yes", 1));
        assert_eq!(run.may_decide(who, digest, at(ms)), why);
    };
    check(&person("bob"), "d", 2, Ok(()));
    check(&person("ann"), "d", 2, Err(NotCounted::AlreadyDecided));
    check(&person("rita"), "d", 2, Err(NotCounted::Requester));
    check(&Actor::service("run"), "d", 2, Err(NotCounted::NotAPerson));
    check(&person("bob"), "e", 2, Err(NotCounted::DigestMismatch));
    check(&person("bob"), "d", 1_000, Err(NotCounted::Expired));
}

#[test]
fn whom_the_event_is_about_does_not_decide() {
    let terms = Terms { subjects: vec!["sue".into()], ..Terms::default() };
    let mut run = asked();
    run.terms = terms;
    assert_eq!(run.may_decide(&person("SUE"), "d", at(1)), Err(NotCounted::Subject));
    run.apply(&says(person("Sue"), "yes", 1));
    run.apply(&says(person("ann"), "yes", 2));
    assert_eq!((run.status, run.approval.unwrap().decisions.len()), (Status::AwaitingApproval, 1));
}

#[test]
fn for_each_subject_without_an_object_id_one_more_has_to_agree() {
    let user = |name: &str, id: Option<&str>| Entity {
        kind: EntityKind::User,
        value: name.into(),
        ids: id.map(|id| ("aad_user_id".into(), id.into())).into_iter().collect(),
    };
    let mut event = crate::host_event("high");
    event.entities =
        vec![user("sue@x", Some("SUE")), user("sue", Some("sue")), user("tom@x", None)];
    let gates = Gates { exclude: vec![Excluded::Subject], ..Gates::default() };
    let subjects = Subjects::of(&event, &gates);
    assert_eq!(subjects, Subjects { known: vec!["sue".into()], unknown: 1 });
    assert_eq!(Subjects::of(&event, &Gates::default()), Subjects::default());
}

/// A run of which others are asked when nobody decides within a second; a reminder after half of it.
fn escalating() -> Run {
    let mut begin = created(vec![step("a", &[], "compensate", "reversible", true)], 1);
    begin.actor = person("rita");
    let mut run = Run::begin(&begin).unwrap();
    run.terms.on_expire = OnExpire::Escalate;
    run.terms.approvers = Some("engineers".into());
    let Fact {
        what: What::ApprovalRequested { run: id, digest, quorum, reason, expires_at, .. },
        ..
    } = request()
    else {
        unreachable!("it is a request")
    };
    let remind_at = Some(at(500));
    let asks = What::ApprovalRequested { run: id, digest, quorum, reason, expires_at, remind_at };
    run.apply(&fact(0, asks));
    run
}

fn escalated(ms: i64) -> Fact {
    let (to, expires_at) = ("leads".to_owned(), at(ms + 1_000));
    fact(ms, What::ApprovalEscalated { run: "r".into(), to, expires_at })
}

#[test]
fn people_are_reminded_once_and_not_of_what_is_decided_or_too_late() {
    let reminded = fact(500, What::ApprovalReminded { run: "r".into() });
    let mut run = escalating();
    assert_eq!(run.ready(at(499)), [Next::Wait(at(1_000)), Next::Wait(at(500))]);
    assert_eq!(run.next(at(499)), Next::Wait(at(500)));
    assert_eq!(run.next(at(500)), Next::Remind);
    assert_eq!(run.next(at(1_000)), Next::Expire, "nobody is reminded of what is too late");
    assert_eq!(run.request_cards(), ["approval/r"]);
    run.apply(&reminded);
    assert_eq!(run.request_cards(), ["approval/r", "approval/r/reminder"]);
    assert_eq!(run.next(at(501)), Next::Wait(at(1_000)));
    let again = run.clone();
    run.apply(&fact(600, What::ApprovalReminded { run: "r".into() }));
    assert_eq!(run, again);

    let mut run = escalating();
    run.apply(&says(person("ann"), "no", 1));
    run.apply(&reminded);
    assert_eq!(run.approval.unwrap().reminded_at, None, "it was decided");
}

#[test]
fn others_are_asked_once_and_decide_alone_from_then_on() {
    let mut run = escalating();
    run.apply(&says(person("ann"), "yes", 1));
    assert!(run.may_escalate() && run.deciders() == Some("engineers"));
    run.apply(&escalated(1_000));
    assert!(!run.may_escalate() && run.deciders() == Some("leads"));
    let once = run.clone();
    run.apply(&escalated(1_500));
    assert_eq!(run, once, "once");
    assert_eq!(run.may_decide(&person("bob"), "e", at(1_001)), Err(NotCounted::DigestMismatch));
    assert_eq!(run.may_decide(&person("ann"), "d", at(1_001)), Err(NotCounted::AlreadyDecided));
    assert_eq!(run.next(at(1_999)), Next::Wait(at(2_000)));
    let mut late = run.clone();
    late.apply(&fact(2_000, What::ApprovalExpired { run: "r".into() }));
    assert_eq!(late.status, Status::Expired, "the second time the answer is no");
    run.apply(&says(person("lea"), "yes", 1_500));
    assert_eq!(run.status, Status::Running);
    let decisions = run.approval.as_ref().unwrap().decisions.clone();
    let of: Vec<_> = decisions.iter().map(|it| run.deciders_then(it)).collect();
    assert_eq!(of, [Some("engineers"), Some("leads")], "each is checked as they were asked");
}

#[test]
fn a_decision_keeps_its_reason() {
    let reason = Some("patch night".to_owned());
    let what =
        What::ApprovalDecided { run: "r".into(), digest: "d".into(), approve: false, reason };
    let mut run = asked();
    run.apply(&Fact { actor: person("ann"), ..fact(1, what) });
    let decision = run.approval.unwrap().decisions.remove(0);
    assert_eq!(decision.reason.as_deref(), Some("patch night"));
}
