//! Records are read back as they were written, by this version and by the next.

use argus_soc::blast::{Concern, Held};
use argus_soc::correlate::{Member, Placement};
use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::event::{EntityKind, Phase, Severity};
use argus_soc::incident::{Incident, Stage};
use argus_soc::ledger::canonical;
use argus_soc::ledger::fact::{Actor, Added, Fact, Newer, What};
use argus_soc::playbook::lifecycle;
use argus_soc::run::{Status, UserAnswer};
use argus_soc::score::seed_v1;
use argus_soc::storm::bulletin::Covered;
use argus_soc::storm::{breaker, bulletin, place};
use argus_soc::suppress::{Scope, Suppression};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    accepted, answered, at, created, done, fact, failed, intended, leased, probed, step, verified,
};
use crate::{host_event, known};

/// The records of an incident, as they were written on the first day, and what they fold to. These
/// two files are never written again: a version that reads them otherwise reads every customer's
/// history otherwise.
const GOLDEN: &str = include_str!("golden/records.jsonl");
const GOLDEN_INCIDENT: &str = include_str!("golden/incident.json");

fn person(object_id: &str) -> Actor {
    let shown_as = Some(format!("{object_id} of the night shift"));
    Actor::Person { tenant: "t".into(), object_id: object_id.into(), shown_as }
}

fn opened() -> What {
    let event = host_event("critical");
    let enrichment = known(true, 100, 5, 5);
    let score = seed_v1(&event, &enrichment);
    let decision = argus_soc::decide::decide(&event, &enrichment, &score, &[], false);
    What::Opened {
        event: Box::new(event),
        enrichment: Box::new(enrichment),
        score: Box::new(score),
        decision,
    }
}

fn added(event: u128, correlation: Option<&str>) -> Added {
    Added {
        event_id: Uuid::from_u128(event),
        correlation: correlation.map(str::to_owned),
        observed_at: at(0),
        severity: Severity::Critical,
        phase: Phase::Update,
        placement: Placement::Duplicate,
    }
}

/// One incident with everything that can happen to it: people, a lost answer, a failure, and all
/// of it undone; then a second run that a newer version knows more about.
fn story() -> Vec<Fact> {
    let reversible = |id| step(id, &[], "compensate", "reversible", true);
    let run = || "r".to_owned();
    let mut begin = created(vec![reversible("a"), reversible("b")], 2);
    begin.actor = person("rita");
    let mut whats = vec![
        What::Acknowledged,
        What::EventAdded(added(7, None)),
        What::EventsAdded { events: vec![added(8, Some("c-8")), added(9, Some("c-9"))] },
        What::TicketLinked {
            system: "jira".into(),
            number: "SEC-7".into(),
            remote_id: "10007".into(),
            url: Some("https://jira.example/SEC-7".into()),
        },
        What::WouldRun { playbook: "dry".into(), steps: vec!["isolate_host on ws-1".into()] },
        begin.what,
        What::ApprovalRequested {
            run: run(),
            digest: "d".into(),
            quorum: 1,
            reason: "production".into(),
            expires_at: at(60_000),
            remind_at: None,
        },
        What::ApprovalDecided { run: run(), digest: "d".into(), approve: true, reason: None },
        leased("a"),
        intended("a", 1),
        answered("a", Outcome::NotYet { why: "429".into(), retry_after_ms: 5 }),
        intended("a", 2),
        answered("a", Outcome::Unsettled { why: "lost \u{2028} \u{1f600}".into() }),
    ];
    let found = Probe::Found { remote: "m-1".into(), detail: Some("x".into()) };
    let mut later = vec![
        probed("a", found),
        verified("a", Progress::Done),
        leased("b"),
        intended("b", 1),
        failed("b"),
    ];
    later.extend(done("undo/a"));
    later.extend([
        What::RunFinished { run: run(), result: Status::Compensated },
        What::Released { run: run(), step: "a".into(), lease: "lease/a".into() },
    ]);
    whats.insert(0, opened());
    let early = (0..).zip(whats);
    let late = (9_000..).zip(later);
    early
        .chain(late)
        .map(|(ms, what)| {
            let actor = match &what {
                What::RunCreated { .. } => person("rita"),
                What::ApprovalDecided { .. } | What::Acknowledged => person("ann"),
                _ => Actor::service("run"),
            };
            Fact { actor, ..fact(ms, what) }.of("INC-1")
        })
        .collect()
}

fn archived() -> What {
    What::Archived {
        file: "bodies-1-9.jsonl.gz".into(),
        file_sha256: "00".into(),
        events: 4,
        bodies: vec![(1, 3), (9, 9)],
    }
}

/// What is no incident's history, and what the story does not tell.
fn others() -> Vec<Fact> {
    let text = || "INC-1".to_owned();
    let run = || "r".to_owned();
    let (incident, card, conversation) = (text(), text(), text());
    let place = (incident.clone(), card.clone(), conversation.clone());
    [
        archived(),
        What::Received {
            event_id: Uuid::nil(),
            source: "edr".into(),
            idempotency_key: Some("k".into()),
            raw_sha256: "00".into(),
        },
        What::Ignored { event_id: Uuid::nil(), reasons: vec!["canary".into()] },
        What::Enriched {
            enrichment: Box::new(known(true, 90, 4, 1)),
            score: Box::new(seed_v1(&host_event("critical"), &known(true, 90, 4, 1))),
            decision: argus_soc::decide::Decision::Notify {
                reasons: vec!["no playbook is for this".into()],
            },
        },
        What::Allowed { incident: Some(text()), action: "a".into(), evidence: "e".into() },
        What::Refused { incident: None, action: "a".into(), code: "c".into(), why: "w".into() },
        What::NoticePlaced { incident, card, conversation },
        What::NoticeAttempted { incident: place.0, card: place.1, conversation: place.2 },
        What::NoticeDelivered {
            incident: text(),
            card: text(),
            conversation: text(),
            activity_id: "1".into(),
            version: u64::MAX,
            template: "incident@1".into(),
        },
        What::NoticeRefused { incident: text(), card: text(), why: "w".into() },
        What::NoticeAbandoned { incident: text(), card: text(), why: "w".into() },
        What::NoticeMoved { incident: text(), card: text(), conversation: text(), why: "w".into() },
        What::NoticeRevived { incident: text(), card: text() },
        What::NoticeDropped { incident: text(), card: text() },
        What::ApprovalExpired { run: run() },
        What::Adopted { run: run(), step: "a".into(), holder: "q/a".into() },
        probed("a", Probe::FoundForeign { remote: "m".into(), by: "ann".into() }),
        probed("a", Probe::NotFound),
        probed("a", Probe::Unknown { why: "w".into() }),
        verified("a", Progress::Pending),
        verified("a", Progress::Failed { why: "w".into() }),
        accepted("a"),
        What::TemplatesActivated { templates: vec!["incident@1".into()], refused: vec![] },
        What::ScoreActivated { model: text(), version: text(), sha256: text() },
        What::Correlated {
            group: text(),
            members: vec![Member {
                at_ms: -1,
                event_id: Uuid::from_u128(3),
                incident: text(),
                counted: vec![vec![1 << 52], vec![]],
            }],
            horizon_ms: 7,
        },
        What::Merged { into: text(), belongs: text(), why: text() },
        What::Absorbed {
            incident: text(),
            events: 2,
            severity: Severity::High,
            why: text(),
            parts: [(text(), true)].into(),
            parted: [text()].into(),
        },
        What::Parted { from: text(), belongs: text(), parts: [(text(), false)].into() },
        What::Shed {
            incident: text(),
            events: 1,
            absorbed: false,
            moved: vec![Uuid::from_u128(5)],
            parts: [text()].into(),
        },
        What::PartResolved { belongs: text() },
        What::PartReopened { belongs: text() },
        What::Snoozed { until: at(1), reason: text() },
        What::Woken { why: text() },
        What::SuppressionAdded(Suppression {
            id: text(),
            scope: Scope::Entity { kind: EntityKind::Host, value: text() },
            until: at(1),
            reason: text(),
            critical: false,
        }),
        What::SuppressionEnded { id: text(), why: text() },
        What::Suppressed { suppression: text(), events: vec![Uuid::from_u128(4)] },
        What::Unknown(newer("future.thing", &json!({"run": "r", "depth": [1, {"x": 1.5}]}))),
    ]
    .into_iter()
    .chain(storms())
    .chain(steered())
    .map(|what| fact(0, what))
    .collect()
}

/// What is recorded when people and clocks steer a run.
fn steered() -> Vec<What> {
    let (run, step) = (|| "r".to_owned(), || "a".to_owned());
    vec![
        What::RunRejected { run: run(), why: "r2 is under way".into() },
        What::RunHeld {
            run: run(),
            step: Some(step()),
            concerns: [Concern::Label("tier0".into()), Concern::PerHour].into(),
            why: "the asset is labelled tier0".into(),
            asks: true,
        },
        What::BudgetSpent {
            playbook: "isolate".into(),
            run: run(),
            step: step(),
            key: "k".into(),
            undo: true,
            held: Some(Held { hold: "home/isolate_host/ws-1".into(), class: "kiosk".into() }),
        },
        What::BudgetFreed { run: run(), step: step(), hold: "home/isolate_host/ws-1".into() },
        What::CancelRequested { run: run(), why: "wrong host".into() },
        What::Started { version: "1.2.3".into() },
        What::RunTimedOut { run: run() },
        What::ApprovalReminded { run: run() },
        What::ApprovalEscalated { run: run(), to: "leads".into(), expires_at: at(1) },
        What::UserAnswered { run: run(), step: step(), answer: UserAnswer::Yes },
        What::ResumeAsked { scope: breaker::Scope::Global },
        What::UndoRequested { run: run(), why: "false alarm".into() },
        What::StepSkipped { run: run(), step: step(), why: "`false` does not hold".into() },
        What::StepResolved { run: run(), step: step(), happened: true },
        What::TimerSet { run: run(), step: step(), due: at(1) },
        What::TimerFired { run: run(), step: step() },
        What::WouldSend {
            run: run(),
            step: step(),
            connector: "edr".into(),
            permit: "role".into(),
            request: json!({"method": "POST", "url": "https://edr.example/", "body": null}),
        },
    ]
}

/// What is recorded when too much happens at once.
fn storms() -> Vec<What> {
    let covered = Covered {
        incident: "INC-1".into(),
        card: "card".into(),
        severity: Severity::Low,
        source: "edr".into(),
        entity: Some("ws-1".into()),
        title: "t".into(),
    };
    let digested = What::NoticesDigested {
        digest: "D-1".into(),
        conversation: "19:soc".into(),
        cards: vec![covered.clone(), Covered { entity: None, ..covered }],
    };
    let (conversation, why, until) = ("19:soc".to_owned(), "w".to_owned(), at(60_000));
    let places = [
        place::Change::Hold { until },
        place::Change::Park { why: why.clone(), until },
        place::Change::Return,
    ];
    let bulletins = [
        bulletin::Change::Place {
            conversation: conversation.clone(),
            about: bulletin::About::Undelivered,
        },
        bulletin::Change::Deliver { activity_id: "1".into(), version: u64::MAX },
        bulletin::Change::Move { conversation, why: why.clone() },
        bulletin::Change::End,
        bulletin::Change::Revive,
    ];
    let breakers = [
        breaker::Change::Open { why, needs_person: true },
        breaker::Change::HalfOpen,
        breaker::Change::AwaitPerson,
    ];
    let conversation = || "19:soc".to_owned();
    let places = places.map(|change| What::PlaceChanged { conversation: conversation(), change });
    let bulletins =
        bulletins.map(|change| What::BulletinChanged { bulletin: "D-1".into(), change });
    let breakers =
        breakers.map(|change| What::BreakerChanged { scope: breaker::Scope::Global, change });
    std::iter::once(digested).chain(places).chain(bulletins).chain(breakers).collect()
}

/// A dry run, from its beginning to its end.
fn rehearsal() -> [Fact; 5] {
    let mut begin = created(vec![step("a", &[], "compensate", "reversible", true)], 1);
    begin.actor = person("rita");
    let What::RunCreated { terms, .. } = &mut begin.what else { unreachable!() };
    terms.dry_run = true;
    let run = || "r".to_owned();
    let reason = "production".into();
    let ask = What::WouldAsk { run: run(), quorum: 2, approvers: Some("night".into()), reason };
    let would = What::WouldSend {
        run: run(),
        step: "a".into(),
        connector: "defender".into(),
        permit: "role automation (*)".into(),
        request: json!({"method": "POST"}),
    };
    let over = What::RunFinished { run: run(), result: Status::Succeeded };
    [
        fact(0, opened()).of("INC-1"),
        begin.of("INC-1"),
        fact(2, ask).of("INC-1"),
        fact(3, would).of("INC-1"),
        fact(4, over).of("INC-1"),
    ]
}

fn newer(kind: &str, fields: &Value) -> Newer {
    Newer { kind: kind.into(), fields: fields.as_object().unwrap().clone() }
}

/// What becomes of a playbook.
fn lives() -> Vec<Fact> {
    let whats = vec![
        What::PlaybookLoaded {
            playbook: "p".into(),
            version: "1.0.0".into(),
            sha256: "00".into(),
            text: "playbook:\n".into(),
        },
        What::PlaybookSubmitted {
            playbook: "p".into(),
            version: "1.0.0".into(),
            sha256: "00".into(),
            text: "playbook:\n".into(),
            origin: "api".into(),
        },
        What::PlaybookReviewed {
            playbook: "p".into(),
            sha256: "00".into(),
            approve: false,
            why: Some("it does not undo".into()),
        },
        What::PlaybookPromoted {
            playbook: "p".into(),
            sha256: "00".into(),
            to: lifecycle::Stage::DryRun,
        },
        What::PlaybookRetired { playbook: "p".into(), sha256: "00".into(), why: "old".into() },
        What::PlaybookRehearsed {
            playbook: "p".into(),
            sha256: "00".into(),
            incident: "INC-1".into(),
            failed: Some("it timed out".into()),
        },
    ];
    whats.into_iter().map(|what| fact(0, what)).collect()
}

#[test]
fn every_kind_is_read_back_as_it_was_written() {
    let mut kinds = std::collections::BTreeSet::new();
    for fact in story().iter().chain(&others()).chain(&rehearsal()).chain(&lives()) {
        let text = canonical(fact).unwrap();
        let read = Fact::read(text.as_bytes()).unwrap();
        assert_eq!(&read, fact);
        assert_eq!(canonical(&read).unwrap(), text);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["kind"], fact.what.kind(), "the stored kind is the one that it says");
        kinds.insert(fact.what.kind().to_owned());
    }
    assert_eq!(kinds.len(), 75, "74 kinds and an unknown one: {kinds:?}");
}

#[test]
fn what_was_read_folds_as_what_was_written() {
    let story = story();
    let texts: Vec<String> = story.iter().map(|fact| canonical(fact).unwrap()).collect();
    let read: Vec<Fact> = texts.iter().map(|text| Fact::read(text.as_bytes()).unwrap()).collect();
    for length in 1..=story.len() {
        let (there, here) = (Incident::fold(&read[..length]), Incident::fold(&story[..length]));
        assert_eq!(there, here);
        // A snapshot of the fold is read back as well, and goes on as if it had never been one.
        let mut kept: Incident = serde_json::from_str(&canonical(&here.unwrap()).unwrap()).unwrap();
        story[length..].iter().for_each(|fact| kept.apply(fact));
        assert_eq!(Some(kept), Incident::fold(&story));
    }
}

#[test]
fn the_first_day_reads_the_same_for_ever() {
    let records: Vec<Fact> =
        GOLDEN.lines().map(|line| Fact::read(line.as_bytes()).unwrap()).collect();
    for (line, record) in GOLDEN.lines().zip(&records) {
        assert_eq!(canonical(record).unwrap(), line);
    }
    let incident = Incident::fold(&records).unwrap();
    assert_eq!(canonical(&incident).unwrap(), GOLDEN_INCIDENT.trim_end());
    assert_eq!(incident.runs["r"].status, Status::Compensated);
    assert!(!incident.timeline.is_empty());
}

#[test]
fn a_record_of_a_newer_kind_stops_its_run_and_nothing_else() {
    let story = story();
    let sent = story.iter().take_while(|fact| fact.at < at(9_000)).count();
    let mut incident = Incident::fold(&story[..sent]).unwrap();
    assert_eq!(incident.runs["r"].status, Status::Running);
    let text = r#"{"actor":{"name":"run","type":"service"},"at":"2027-01-01T00:00:00Z",
        "by":"ann","correlation":"c","kind":"run.called_off","run":"r","stream":"INC-1","v":1}"#;
    let called_off = Fact::read(text.as_bytes()).unwrap();
    let (version, stage) = (incident.version, incident.stage);
    incident.apply(&called_off);
    let run = &incident.runs["r"];
    assert_eq!((run.status, run.next(at(0))), (Status::NeedsHuman, argus_soc::run::Next::Stop));
    assert_eq!((incident.version, incident.stage), (version + 1, stage));
    let last = &incident.timeline.last().unwrap().text;
    assert_eq!(last, "A newer version recorded run.called_off");

    // One that names no run, or a run that is over, stops nothing.
    let mut ended = Incident::fold(&story).unwrap();
    ended.apply(&called_off);
    assert_eq!(ended.runs["r"].status, Status::Compensated);
    let mut incident = Incident::fold(&story[..sent]).unwrap();
    incident.apply(&fact(1, What::Unknown(newer("incident.tagged", &json!({"tag": "x"})))));
    assert_eq!(incident.runs["r"].status, Status::Running);
}

#[test]
fn what_cannot_be_read_says_why() {
    fn check(change: impl Fn(&mut Value), message: &str) {
        let mut record = serde_json::to_value(fact(0, leased("a"))).unwrap();
        change(&mut record);
        let error = Fact::read(record.to_string().as_bytes()).unwrap_err().to_string();
        let (what, _) = error.split_once(" at line").unwrap_or((&error, ""));
        assert_eq!(what, message);
    }
    let remove = |name: &'static str| {
        move |record: &mut Value| {
            record.as_object_mut().unwrap().remove(name);
        }
    };
    check(|r| r["v"] = 2.into(), "the record has layout 2, this version reads 1");
    check(|r| r["v"] = 300.into(), "the record has layout 300, this version reads 1");
    check(remove("v"), "missing field `v`");
    check(|r| r["v"] = json!({"at": 2}), "invalid type: map, expected u8");
    check(remove("kind"), "missing field `kind`");
    check(|r| r["kind"] = 7.into(), "invalid type: integer `7`, expected a string");
    // A known kind that lacks something is damaged; it is not a newer kind.
    check(remove("lease"), "missing field `lease`");
    check(|r| r["step"] = 7.into(), "invalid type: integer `7`, expected a string");
    // A field that is new in a kind that we know is passed over.
    let mut more = serde_json::to_value(fact(0, leased("a"))).unwrap();
    more["colour"] = "red".into();
    assert_eq!(Fact::read(more.to_string().as_bytes()).unwrap(), fact(0, leased("a")));
}

#[test]
fn a_run_begins_once() {
    let story = story();
    let mut incident = Incident::fold(&story).unwrap();
    let again = story.iter().find(|fact| matches!(fact.what, What::RunCreated { .. })).unwrap();
    incident.apply(again);
    assert_eq!(incident.runs["r"].status, Status::Compensated);
}

#[test]
fn only_what_took_effect_contains() {
    fn check(on_error: &str, whats: Vec<What>, stage: Stage) {
        let steps = vec![step("a", &[], on_error, "reversible", true)];
        let finished = What::RunFinished { run: "r".into(), result: Status::Succeeded };
        let opening = [fact(0, opened()).of("INC-1"), created(steps, 1)];
        let rest = whats.into_iter().chain([finished]).map(|what| fact(1, what));
        let facts: Vec<Fact> = opening.into_iter().chain(rest).collect();
        assert_eq!(Incident::fold(&facts).unwrap().stage, stage);
    }
    check("compensate", done("a").into(), Stage::Contained);
    check("continue", vec![leased("a"), intended("a", 1), failed("a")], Stage::Open);
}

#[test]
fn history_shows_what_counted() {
    let mut story = story();
    let vote = story.iter().position(|f| matches!(f.what, What::ApprovalDecided { .. })).unwrap();
    let before = Incident::fold(&story).unwrap().timeline;
    story.insert(vote + 1, Fact { actor: person("bob"), ..story[vote].clone() });
    assert_eq!(
        Incident::fold(&story).unwrap().timeline,
        before,
        "a vote after the end of the vote"
    );
}

#[test]
fn a_dry_run_never_reads_as_if_something_had_been_done() {
    let incident = Incident::fold(&rehearsal()).unwrap();
    assert_eq!((incident.runs["r"].status, incident.stage), (Status::Succeeded, Stage::Open));
    let lines: Vec<&str> = incident.timeline.iter().skip(1).map(|it| &*it.text).collect();
    assert_eq!(
        lines,
        [
            "rita of the night shift started a dry run of p",
            "Would ask 2 people of night: production",
            "a: would be sent",
            "Dry run over; nothing was sent",
        ]
    );
    // Of a run that is none, nobody would only be asked.
    let mut story = story();
    let asked =
        story.iter().position(|f| matches!(f.what, What::ApprovalRequested { .. })).unwrap();
    let before = Incident::fold(&story).unwrap().timeline;
    story.insert(asked, rehearsal()[2].clone());
    assert_eq!(Incident::fold(&story).unwrap().timeline, before);
}
