//! Figures: over small histories with the exact values, and whatever the order of what is independent.

use argus_soc::canary;
use argus_soc::correlate::Placement;
use argus_soc::decide::Decision;
use argus_soc::effect::{Outcome, Progress};
use argus_soc::event::{Phase, Severity};
use argus_soc::ledger::fact::{Actor, Added, Fact, What};
use argus_soc::measures::{Figures, Measures, Rate, Report};
use argus_soc::run::Status;
use argus_soc::score::seed_v1;
use argus_soc::storm::bulletin::Change;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use crate::{host_event, known, now};

/// So many seconds after the window begins.
fn at(second: i64) -> Timestamp {
    now() + SignedDuration::from_secs(second)
}

fn ann() -> Actor {
    Actor::Person { tenant: "t".into(), object_id: "ann".into(), shown_as: None }
}

fn fact(second: i64, what: What) -> Fact {
    Fact::new(at(second), Actor::service("argus"), "c", what)
}

/// The incident `key`: its event was observed at `observed`, received a second before `opened`.
fn opened(key: &str, observed: Option<i64>, opened: i64) -> Fact {
    let mut event = host_event("high");
    event.observed_at = observed.map(at);
    event.received_at = at(opened - 1);
    let enrichment = known(true, 90, 3, 0);
    let score = seed_v1(&event, &enrichment);
    let decision = Decision::Notify { reasons: Vec::new() };
    let (event, enrichment, score) = (Box::new(event), Box::new(enrichment), Box::new(score));
    fact(opened, What::Opened { event, enrichment, score, decision }).of(key)
}

fn added(key: &str, second: i64, observed: i64, placement: Placement) -> Fact {
    let event = Added {
        event_id: Uuid::from_u128(1),
        correlation: None,
        observed_at: at(observed),
        severity: Severity::High,
        phase: Phase::Update,
        placement,
    };
    fact(second, What::EventsAdded { events: vec![event] }).of(key)
}

fn placed(key: &str, card: &str, second: i64) -> Fact {
    let (incident, card, conversation) = (key.into(), card.into(), "19:soc".into());
    fact(second, What::NoticePlaced { incident, card, conversation })
}

fn shown(key: &str, card: &str, second: i64) -> Fact {
    fact(
        second,
        What::NoticeDelivered {
            incident: key.into(),
            card: card.into(),
            conversation: "19:soc".into(),
            activity_id: "1".into(),
            version: 1,
            template: "alert@1".into(),
        },
    )
}

fn acknowledged(key: &str, second: i64, by: Actor) -> Fact {
    Fact { actor: by, ..fact(second, What::Acknowledged).of(key) }
}

/// A run of `key` that isolates the host, asked for by `by`.
fn created(key: &str, run: &str, action: &str, second: i64, by: Actor) -> Fact {
    let host = format!("host-of-{key}");
    let target = json!({"kind": "host", "value": host, "ids": {}});
    let step = |id: &str, action: &str, rollback| {
        json!({
            "id": id, "action": action, "target": target, "parameters": {}, "effect": "reversible",
            "needs": [], "on_error": "compensate", "rollback": rollback,
        })
    };
    let undo = (action == "isolate_host").then(|| step("undo", "release_host", json!(null)));
    let what = What::RunCreated {
        run: run.into(),
        playbook: "p".into(),
        playbook_sha256: "0".into(),
        steps: serde_json::from_value(json!([step("it", action, json!(undo))])).unwrap(),
        max_attempts: 1,
        quorum: 1,
        terms: argus_soc::run::Terms::default(),
    };
    Fact { actor: by, ..fact(second, what).of(key) }
}

/// All that is recorded about the step of a run that works, seen to be done at `second`.
fn done(key: &str, run: &str, second: i64) -> Vec<Fact> {
    let (run, step) = (|| run.to_owned(), || "it".to_owned());
    let outcome = Outcome::Accepted { remote: "m".into(), detail: None };
    let (lease, permit) = (format!("lease/{key}"), "policy".to_owned());
    let (key_of_effect, connector) = (run(), "edr".to_owned());
    [
        What::Leased { run: run(), step: step(), lease },
        What::Intended {
            run: run(),
            step: step(),
            key: key_of_effect,
            connector,
            permit,
            attempt: 1,
        },
        What::Answered { run: run(), step: step(), outcome },
        What::Verified { run: run(), step: step(), progress: Progress::Pending },
        What::Verified { run: run(), step: step(), progress: Progress::Done },
        What::RunFinished { run: run(), result: Status::Succeeded },
    ]
    .into_iter()
    .map(|what| fact(second, what).of(key))
    .collect()
}

fn asked(key: &str, run: &str, second: i64) -> Fact {
    let what = What::ApprovalRequested {
        run: run.into(),
        digest: "d".into(),
        quorum: 1,
        reason: "production".into(),
        expires_at: at(second + 900),
        remind_at: None,
    };
    fact(second, what).of(key)
}

fn decided(key: &str, run: &str, second: i64, approve: bool) -> Fact {
    let what = What::ApprovalDecided { run: run.into(), digest: "d".into(), approve, reason: None };
    Fact { actor: ann(), ..fact(second, what).of(key) }
}

fn report_of<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Report {
    let mut measures = Measures::new(at(0));
    for fact in facts {
        // As it is read from the chain.
        let text = serde_json::to_vec(fact).unwrap();
        measures.take(&Fact::read(&text).unwrap());
    }
    measures.report(at(1_000_000))
}

fn seconds(n: u64, p50: u64, p95: u64, mean: u64) -> Figures {
    let ms = |second: u64| Some(second * 1_000);
    Figures { n, p50_ms: ms(p50), p95_ms: ms(p95), mean_ms: ms(mean) }
}

#[test]
fn times_are_those_between_the_records_that_are_named() {
    let facts = [
        opened("INC-1", Some(10), 101),
        placed("INC-1", "card", 101),
        shown("INC-1", "card", 105),
        added("INC-1", 110, 4, Placement::Duplicate),
        shown("INC-1", "card", 111),
        acknowledged("INC-1", 120, Actor::service("triage")),
        acknowledged("INC-1", 165, ann()),
        acknowledged("INC-1", 900, ann()),
        created("INC-1", "r1", "isolate_host", 200, ann()),
    ];
    let done = done("INC-1", "r1", 400);
    let report = report_of(facts.iter().chain(&done));
    assert_eq!(report.incidents, 1);
    assert_eq!(report.detect, seconds(1, 96, 96, 96), "from the earliest observation");
    assert_eq!(report.deliver, seconds(1, 4, 4, 4), "the first time it was shown");
    assert_eq!(report.acknowledge, seconds(1, 60, 60, 60), "the first person, from the card on");
    assert_eq!(report.contain, seconds(1, 300, 300, 300), "seen to be done, from receipt on");
    assert_eq!(report.approve, Figures::default());
    assert_eq!(report.automatic, Rate { part: 0, of: 1 });
    assert_eq!(report.duplicates, Rate { part: 1, of: 2 });
}

#[test]
fn what_is_not_over_or_not_known_is_in_no_figure() {
    let facts = [
        opened("INC-1", None, 100),
        placed("INC-1", "card", 100),
        added("INC-1", 110, 4, Placement::NewOccurrence),
        acknowledged("INC-1", 120, ann()),
        created("INC-1", "r1", "isolate_host", 200, ann()),
    ];
    let report = report_of(&facts);
    for (name, figures) in report.times() {
        assert_eq!(figures, &Figures::default(), "{name}");
    }
    assert_eq!((report.incidents, report.duplicates), (1, Rate { part: 0, of: 2 }));
    assert_eq!(report.automatic.share(), None);
}

#[test]
fn percentiles_are_values_that_were_there() {
    let facts: Vec<Fact> = (1..=20)
        .flat_map(|n| {
            let key = format!("INC-{n}");
            [opened(&key, None, 10), placed(&key, "card", 10), shown(&key, "card", 10 + n * n)]
        })
        .collect();
    // Squares of 1 to 20: the tenth, the nineteenth, and 2870 / 20.
    let mean = Some(143_500);
    let found = report_of(&facts).deliver;
    assert_eq!(found, Figures { mean_ms: mean, ..seconds(20, 100, 361, 0) });
    let backwards =
        [opened("INC-1", None, 10), placed("INC-1", "card", 10), shown("INC-1", "card", 4)];
    assert_eq!(report_of(&backwards).deliver, seconds(1, 0, 0, 0), "a clock that was set back");
}

#[test]
fn an_effect_is_automatic_if_no_person_had_a_say() {
    let service = || Actor::service("triage");
    let mut facts = Vec::new();
    for n in 1..=4 {
        facts.push(opened(&format!("INC-{n}"), None, 10));
    }
    // By itself; by itself, approved; denied; by a person.
    facts.push(created("INC-1", "r1", "isolate_host", 20, service()));
    facts.extend(done("INC-1", "r1", 30));
    facts.push(created("INC-2", "r2", "isolate_host", 20, service()));
    facts.extend([asked("INC-2", "r2", 20), decided("INC-2", "r2", 60, true)]);
    // One that comes too late does not count.
    facts.push(decided("INC-2", "r2", 70, false));
    facts.extend(done("INC-2", "r2", 80));
    facts.push(created("INC-3", "r3", "isolate_host", 20, service()));
    facts.extend([asked("INC-3", "r3", 20), decided("INC-3", "r3", 40, false)]);
    facts.push(created("INC-4", "r4", "isolate_host", 20, ann()));
    facts.extend(done("INC-4", "r4", 30));
    let report = report_of(&facts);
    assert_eq!(report.automatic, Rate { part: 1, of: 3 });
    assert_eq!(report.approve, seconds(2, 20, 40, 30));
    assert_eq!(report.contain.n, 3);
}

#[test]
fn an_effect_that_is_undone_within_a_day_was_false() {
    let day = 24 * 3_600;
    let check = |undone_at: i64, key: &str, part: u64| {
        let mut facts = vec![opened("INC-1", None, 10), opened("INC-2", None, 10)];
        facts.push(created("INC-1", "r1", "isolate_host", 20, Actor::service("triage")));
        facts.extend(done("INC-1", "r1", 30));
        facts.push(created(key, "r2", "release_host", undone_at, ann()));
        facts.extend(done(key, "r2", undone_at));
        let report = report_of(&facts);
        assert_eq!(report.undone, Rate { part, of: 1 }, "{key} at {undone_at}");
        assert_eq!(report.automatic, Rate { part: 1, of: 2 });
    };
    check(30 + day, "INC-1", 1);
    check(31 + day, "INC-1", 0);
    check(100, "INC-2", 0);
}

#[test]
fn two_storms_at_once_are_one_and_one_that_goes_on_counts_so_far() {
    let covered = |digest: &str, second| {
        let (digest, conversation) = (digest.to_owned(), digest.to_owned());
        fact(second, What::NoticesDigested { digest, conversation, cards: Vec::new() })
    };
    let over = |digest: &str, second| {
        fact(second, What::BulletinChanged { bulletin: digest.to_owned(), change: Change::End })
    };
    let mut facts = vec![
        covered("D-1", 100),
        covered("D-2", 150),
        covered("D-1", 160),
        over("D-1", 200),
        over("D-2", 260),
        covered("D-3", 1_000),
        over("D-3", 1_010),
        over("dead-letters", 1_020),
    ];
    assert_eq!(report_of(&facts).storm_ms, 170_000);
    facts.push(covered("D-4", 1_000_000 - 30));
    assert_eq!(report_of(&facts).storm_ms, 200_000);
}

#[test]
fn canaries_snoozed_incidents_and_what_began_before_are_left_out() {
    let mut canary = opened("INC-1", Some(1), 10);
    let What::Opened { event, .. } = &mut canary.what else { panic!("it is opened") };
    canary::ARGUS.clone_into(&mut event.source);
    canary::TYPE.clone_into(&mut event.event_type);
    let mut facts = vec![canary, opened("INC-2", Some(1), 10), opened("INC-3", Some(-90), -1)];
    for key in ["INC-1", "INC-2", "INC-3"] {
        facts.extend([placed(key, "card", 10), shown(key, "card", 12)]);
        facts.push(acknowledged(key, 20, ann()));
        facts.push(added(key, 30, 29, Placement::Duplicate));
    }
    let snoozed = |second| What::Snoozed { until: at(second), reason: "later".into() };
    let before = report_of(&facts);
    assert_eq!((before.incidents, before.detect.n, before.duplicates.of), (1, 1, 2), "{before:?}");
    facts.push(fact(40, snoozed(60)).of("INC-2"));
    facts.push(fact(60, What::Woken { why: "it is over".into() }).of("INC-2"));
    let after = report_of(&facts);
    let nothing = Report { from: after.from, until: after.until, ..report_of(&[]) };
    assert_eq!(after, nothing);
}

/// The life of one incident, in the order of its records.
fn life(n: usize, seed: u32) -> Vec<Fact> {
    let key = format!("INC-{n}");
    let run = format!("{key}.r1");
    let (begin, bits) = (i64::from(seed % 1_000), seed / 1_000);
    let has = |bit: u32| bits >> bit & 1 == 1;
    let mut facts = vec![opened(&key, has(0).then_some(begin - 50), begin)];
    facts.push(placed(&key, "card", begin));
    if has(1) {
        facts.push(shown(&key, "card", begin + 7));
    }
    if has(2) {
        facts.push(added(&key, begin + 8, begin - 60, Placement::Duplicate));
    }
    if has(3) {
        facts.push(acknowledged(&key, begin + 30, ann()));
    }
    if has(4) {
        let by = if has(5) { ann() } else { Actor::service("triage") };
        facts.push(created(&key, &run, "isolate_host", begin + 40, by));
        if has(6) && !has(5) {
            facts.push(asked(&key, &run, begin + 40));
            facts.push(decided(&key, &run, begin + 50, true));
        }
        facts.extend(done(&key, &run, begin + 60));
        if has(7) {
            let undo = format!("{key}.r2");
            facts.push(created(&key, &undo, "release_host", begin + 70, ann()));
            facts.extend(done(&key, &undo, begin + 80));
        }
    }
    if has(8) && has(9) {
        let what = What::Snoozed { until: at(begin + 99), reason: "later".into() };
        facts.push(fact(begin + 90, what).of(&key));
    }
    facts
}

/// The lives as one chain: `order` says whose record is next.
fn chain(lives: &[Vec<Fact>], order: &[usize]) -> Vec<Fact> {
    let mut lives: Vec<_> = lives.iter().map(|life| life.iter()).collect();
    let mut facts = Vec::new();
    for &next in order {
        let at = next % lives.len();
        facts.extend(lives[at].next().cloned());
    }
    facts.extend(lives.into_iter().flatten().cloned());
    facts
}

proptest! {
    #[test]
    fn the_order_of_independent_incidents_does_not_matter(
        seeds in prop::collection::vec(0_u32..1_024_000, 1..6),
        order in prop::collection::vec(any::<usize>(), 0..80),
    ) {
        let lives: Vec<_> = seeds.iter().enumerate().map(|(n, &seed)| life(n, seed)).collect();
        let one = report_of(&chain(&lives, &[]));
        let other = report_of(&chain(&lives, &order));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_window_that_moves_on_is_as_one_that_began_later(
        seeds in prop::collection::vec(0_u32..1_024_000, 1..6),
        order in prop::collection::vec(any::<usize>(), 0..80),
        from in 0_i64..1_100,
    ) {
        let lives: Vec<_> = seeds.iter().enumerate().map(|(n, &seed)| life(n, seed)).collect();
        let facts = chain(&lives, &order);
        let (mut moved, mut later) = (Measures::new(at(0)), Measures::new(at(from)));
        for fact in &facts {
            moved.take(fact);
            later.take(fact);
        }
        moved.forget_before(at(from));
        prop_assert_eq!(moved.report(at(9_000)), later.report(at(9_000)));
    }
}
