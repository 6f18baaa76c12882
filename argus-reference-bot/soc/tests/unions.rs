//! Incidents that are one: over when all of their alerts are, whatever was merged and split before.

use std::collections::BTreeMap;

use argus_soc::correlate::belonging;
use argus_soc::decide::Decision;
use argus_soc::enrich::{Enrichment, Known};
use argus_soc::event::{Phase, SecurityEvent, Severity};
use argus_soc::incident::{Incident, Stage, Union};
use argus_soc::ledger::fact::{Actor, Added, Fact, What};
use argus_soc::score::Model;
use serde_json::json;

use crate::{host_event, now};

/// Incidents by number, as their records make them.
#[derive(Default)]
struct Room(BTreeMap<u32, Incident>);

impl Room {
    /// With incidents 1 to `count`, each of one alert.
    fn of(count: u32) -> Self {
        let open = |number| {
            let event =
                SecurityEvent { fingerprint: format!("alert-{number}"), ..host_event("high") };
            let enrichment = Enrichment::of(Known::Unknown, Known::Unknown, Known::Unknown);
            let what = What::Opened {
                score: Box::new(Model::default().score(&event, &enrichment)),
                event: Box::new(event),
                enrichment: Box::new(enrichment),
                decision: Decision::Notify { reasons: Vec::new() },
            };
            (number, Incident::open(&fact(what).of(&format!("INC-{number}"))).unwrap())
        };
        Self((1..=count).map(open).collect())
    }

    fn tell(&mut self, number: u32, what: What) {
        self.0.get_mut(&number).unwrap().apply(&fact(what));
    }

    fn merge(&mut self, other: u32, into: u32) {
        let it = &self.0[&other];
        let absorbed = What::Absorbed {
            incident: it.key.clone(),
            events: it.count,
            severity: it.severity,
            why: "test".into(),
            parts: it.parts(),
            parted: it.union.parted.clone(),
        };
        let merged = What::Merged {
            into: format!("INC-{into}"),
            belongs: belonging(&it.event),
            why: "test".into(),
        };
        self.tell(other, merged);
        self.tell(into, absorbed);
    }

    fn split(&mut self, other: u32, from: u32) {
        let (it, head) = (&self.0[&other], &self.0[&from]);
        let parts = it.parts();
        let said = head.union.parts.clone();
        let parted = What::Parted {
            from: head.key.clone(),
            belongs: belonging(&it.event),
            parts: said.into_iter().filter(|(part, _)| parts.contains_key(part)).collect(),
        };
        let shed = What::Shed {
            incident: it.key.clone(),
            events: it.count,
            absorbed: true,
            moved: Vec::new(),
            parts: parts.into_keys().collect(),
        };
        self.tell(other, parted);
        self.tell(from, shed);
    }

    /// The source says something of the alert that incident `part` once was, and `of` has now.
    fn say(&mut self, phase: Phase, part: u32, of: u32) {
        let belongs = belonging(&self.0[&part].event);
        let what = match phase {
            _ if part == of => added(phase),
            Phase::Resolved => What::PartResolved { belongs },
            _ => What::PartReopened { belongs },
        };
        self.tell(of, what);
    }

    fn resolved(&mut self, part: u32, of: u32) -> Stage {
        self.say(Phase::Resolved, part, of);
        self.0[&of].stage
    }
}

fn fact(what: What) -> Fact {
    Fact::new(now(), Actor::service("test"), "c", what)
}

fn added(phase: Phase) -> What {
    What::EventAdded(Added {
        event_id: uuid::Uuid::nil(),
        correlation: None,
        observed_at: now(),
        severity: Severity::High,
        phase,
        placement: argus_soc::correlate::Placement::Duplicate,
    })
}

#[test]
fn what_was_merged_before_is_waited_for() {
    let mut room = Room::of(3);
    room.merge(3, 2);
    room.merge(2, 1);
    assert_eq!(room.0[&1].union.absorbed, 2);
    assert_eq!(room.resolved(3, 1), Stage::Open);
    assert_eq!(room.resolved(1, 1), Stage::Open, "2 is open");
    assert_eq!(room.resolved(2, 1), Stage::Resolved);
}

#[test]
fn what_has_left_stands_for_nothing_that_comes() {
    let mut room = Room::of(4);
    room.merge(2, 1);
    assert_eq!(room.resolved(2, 1), Stage::Open);
    room.split(2, 1);
    assert_eq!(room.0[&2].stage, Stage::Resolved, "the source said so while it was part of 1");
    room.merge(4, 1);
    assert_eq!(room.resolved(1, 1), Stage::Open, "4 is open");
    assert_eq!(room.resolved(4, 1), Stage::Resolved);
}

#[test]
fn what_leaves_is_waited_for_no_longer() {
    let mut room = Room::of(3);
    room.merge(3, 2);
    room.merge(2, 1);
    assert_eq!(room.resolved(1, 1), Stage::Open);
    assert_eq!(room.resolved(3, 1), Stage::Open);
    room.split(2, 1);
    assert_eq!(room.0[&1].stage, Stage::Resolved, "nothing else was open");
    assert!(room.0[&2].is_open());
    assert_eq!(room.resolved(2, 2), Stage::Resolved, "3 went with it, and was resolved");
}

#[test]
fn what_is_open_again_is_waited_for_again() {
    let mut room = Room::of(2);
    room.merge(2, 1);
    assert_eq!(room.resolved(2, 1), Stage::Open);
    room.say(Phase::Open, 2, 1);
    assert_eq!(room.resolved(1, 1), Stage::Open, "2 is open again");
    room.say(Phase::Open, 1, 1);
    assert_eq!(room.resolved(2, 1), Stage::Open, "1 is open again");
    room.say(Phase::Update, 1, 1);
    assert_eq!(room.resolved(1, 1), Stage::Resolved);
}

#[test]
fn what_a_person_parted_stays_so_wherever_it_goes_on() {
    let mut room = Room::of(5);
    let parted = |room: &Room, one: u32, other: u32| {
        let (one, other) = (&room.0[&one], &room.0[&other]);
        assert_eq!(one.is_parted_from(other), other.is_parted_from(one));
        one.is_parted_from(other)
    };
    room.merge(2, 1);
    assert!(!parted(&room, 3, 1));
    room.split(2, 1);
    assert!(parted(&room, 2, 1));
    room.merge(1, 4);
    room.merge(2, 5);
    assert!(parted(&room, 4, 5), "4 has the alert of 1, and 5 that of 2");
    assert!(!parted(&room, 3, 4));
    // A person who makes them one takes it back.
    room.merge(5, 4);
    assert!(room.0[&4].union.parted.is_empty());
}

#[test]
fn records_and_incidents_of_older_versions_still_count() {
    let mut room = Room::of(3);
    for other in [2, 3] {
        let what = json!({
            "v": 1, "at": now(), "actor": {"type": "service", "name": "argus"}, "correlation": "c",
            "stream": "INC-1", "kind": "incident.absorbed", "incident": format!("INC-{other}"),
            "events": 1, "severity": "high", "why": "test",
        });
        let what = Fact::read(what.to_string().as_bytes()).unwrap().what;
        room.tell(1, what);
    }
    assert_eq!(room.resolved(1, 1), Stage::Open);
    assert_eq!(room.resolved(2, 1), Stage::Open);
    assert_eq!(room.resolved(3, 1), Stage::Resolved);

    let stored = json!({"absorbed": 2, "parts_resolved": ["print/a"], "own_resolved": true});
    let union: Union = serde_json::from_value(stored).unwrap();
    assert_eq!(union.parts, [("print/a".to_owned(), true)].into());
    let again = serde_json::to_value(&union).unwrap();
    assert_eq!(again["parts"], json!({"print/a": true}));
    assert_eq!(serde_json::from_value::<Union>(again).unwrap(), union);
}
