//! Rules over several events: what satisfies one, and that the order of arrival does not matter.

use std::collections::{BTreeMap, BTreeSet};

use argus_soc::correlate::{Group, Key, Member, Rule};
use argus_soc::event::{Shape, event_id};
use proptest::prelude::*;
use uuid::Uuid;

use crate::read;

fn rule(within_ms: i64, min: u32, hosts: u32) -> Rule {
    Rule {
        name: "spray".into(),
        within_ms,
        min,
        distinct: vec![(Key::from("host".to_owned()), hosts)],
        group_by: vec![Key::from("ip".to_owned())],
        lateness_ms: 120_000,
    }
}

fn member(number: usize, at_ms: i64, host: u64, incident: u64) -> Member {
    Member {
        at_ms,
        event_id: Uuid::from_u128(number as u128),
        incident: format!("INC-{incident}"),
        counted: vec![vec![host]],
    }
}

/// The incidents that are one, by the definition itself: every window that begins at an event, over
/// all events at once.
fn by_definition(members: &[Member], rule: &Rule) -> BTreeSet<BTreeSet<String>> {
    let mut one = Unions::default();
    for first in members {
        let inside: Vec<&Member> = members
            .iter()
            .filter(|it| (first.at_ms..first.at_ms + rule.within_ms).contains(&it.at_ms))
            .collect();
        let hosts: BTreeSet<u64> = inside.iter().flat_map(|it| it.counted[0].clone()).collect();
        if inside.len() >= rule.min as usize && hosts.len() >= rule.distinct[0].1 as usize {
            one.join(inside.iter().map(|it| it.incident.clone()));
        }
    }
    one.sets()
}

/// What is one with what, as incidents are merged.
#[derive(Default)]
struct Unions(BTreeMap<String, BTreeSet<String>>);

impl Unions {
    fn join(&mut self, incidents: impl IntoIterator<Item = String>) {
        let mut all = BTreeSet::new();
        for incident in incidents {
            all.extend(self.0.get(&incident).cloned().unwrap_or_else(|| [incident].into()));
        }
        for incident in &all {
            self.0.insert(incident.clone(), all.clone());
        }
    }

    fn sets(&self) -> BTreeSet<BTreeSet<String>> {
        self.0.values().cloned().collect()
    }
}

#[derive(Clone, Debug)]
struct Story {
    /// When, how much later it came, host, incident.
    events: Vec<(i64, i64, u64, u64)>,
    chunk: usize,
    rule: Rule,
}

fn story() -> impl Strategy<Value = Story> {
    let event = (0_i64..1_200_000, 0_i64..120_000, 0_u64..6, 0_u64..12);
    (prop::collection::vec(event, 1..60), 1_usize..8, 1_000_i64..300_000, 1_u32..6, 1_u32..4)
        .prop_map(|(events, chunk, within, min, hosts)| Story {
            events,
            chunk,
            rule: rule(within, min, hosts),
        })
}

proptest! {
    /// Any order of arrival that keeps within the allowed lateness, in deliveries of any size,
    /// gives the same incidents with the same members as all events at once.
    #[test]
    fn the_order_of_arrival_does_not_matter(story in story()) {
        let mut arriving: Vec<(i64, Member)> = story
            .events
            .iter()
            .enumerate()
            .map(|(number, &(at, late, host, incident))| (at + late, member(number, at, host, incident)))
            .collect();
        arriving.sort_by_key(|(at, _)| *at);
        let arrived: Vec<Member> = arriving.into_iter().map(|(_, member)| member).collect();
        let (mut group, mut one) = (Group::default(), Unions::default());
        for delivery in arrived.chunks(story.chunk) {
            group.take(delivery.iter().cloned());
            for cluster in group.clusters(&story.rule) {
                one.join(cluster.incidents);
            }
            group.forget(story.rule.horizon_ms());
        }
        prop_assert_eq!(one.sets(), by_definition(&arrived, &story.rule));
    }

    /// The group's own state is a function of the set as well.
    #[test]
    fn the_state_is_that_of_the_set(story in story(), seed in any::<u64>()) {
        let mut members: Vec<Member> = story
            .events
            .iter()
            .enumerate()
            .map(|(number, &(at, _, host, incident))| member(number, at, host, incident))
            .collect();
        let all = |members: &[Member]| {
            let mut group = Group::default();
            for member in members {
                group.take([member.clone()]);
                group.forget(story.rule.horizon_ms());
            }
            group
        };
        let one = all(&members);
        let turn = usize::try_from(seed % members.len() as u64).unwrap();
        members.rotate_left(turn);
        prop_assert_eq!(one, all(&members));
    }
}

#[test]
fn a_window_is_satisfied_by_events_and_distinct_values() {
    fn check(rule: &Rule, events: &[(i64, u64)], clusters: &[usize]) {
        let mut group = Group::default();
        let members =
            events.iter().enumerate().map(|(n, &(at, host))| member(n, at, host, n as u64));
        group.take(members);
        let found: Vec<usize> = group.clusters(rule).iter().map(|it| it.events).collect();
        assert_eq!(found, clusters, "{events:?}");
    }
    let spray = rule(60_000, 3, 2);
    check(&spray, &[(0, 1), (1, 2)], &[]);
    check(&spray, &[(0, 1), (1, 1), (2, 1)], &[]);
    check(&spray, &[(0, 1), (1, 1), (59_999, 2)], &[3]);
    check(&spray, &[(0, 1), (1, 1), (60_000, 2)], &[]);
    // Windows that share an event are one thing; those that do not are two.
    check(&spray, &[(0, 1), (1, 2), (50_000, 1), (90_000, 2), (100_000, 1)], &[5]);
    check(&spray, &[(0, 1), (1, 2), (2, 1), (70_000, 2), (70_001, 1), (70_002, 1)], &[3, 3]);
    // The last one bridges the two.
    check(
        &spray,
        &[(0, 1), (1, 2), (2, 1), (70_000, 2), (70_001, 1), (70_002, 1), (35_000, 3), (36_000, 3)],
        &[8],
    );
}

#[test]
fn a_flood_keeps_the_newest_and_is_bounded() {
    let rule = rule(60_000, 3, 1);
    let mut group = Group::default();
    let flood = |from: usize| (from..from + 5_000).map(|n| member(n, 0, 1, n as u64));
    group.take(flood(0));
    group.forget(rule.horizon_ms());
    assert_eq!(group.len(), 2_000);
    group.take([member(9_999, 180_001, 1, 1)]);
    group.forget(rule.horizon_ms());
    assert_eq!(group.len(), 1, "what no late event can share a window with is forgotten");
}

#[test]
fn a_group_is_what_events_share() {
    let spray = rule(60_000, 3, 2);
    let event = |ip: &str, host: &str| {
        read(
            Shape::Generic,
            &format!(
                r#"{{"source": "edr", "event_type": "logon", "entities": [
                    {{"type": "user", "value": "ann"}}, {{"type": "ip", "value": "{ip}"}},
                    {{"type": "host", "value": "{host}"}}]}}"#
            ),
        )
    };
    let (one, same) = (event("198.51.100.7", "ws-1"), event("198.51.100.7", "ws-2"));
    assert!(one.entities.len() == 3, "{one:?}");
    assert_eq!(spray.group(&one), spray.group(&same));
    assert_ne!(spray.group(&one), spray.group(&event("198.51.100.8", "ws-1")));
    assert_ne!(spray.counted(&one), spray.counted(&same));
    assert_eq!(spray.counted(&one)[0].len(), 1);
    let without = read(Shape::Generic, r#"{"source": "edr", "event_type": "logon"}"#);
    assert_eq!(spray.group(&without), None, "nobody can say what it shares");
    let all = Rule { group_by: vec![], ..spray };
    assert_eq!(all.group(&without), all.group(&one));
    assert_ne!(event_id("a", "1"), event_id("a", "2"));
}
