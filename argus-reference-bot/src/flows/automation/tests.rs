//! Two replicas on one store: what stops one stops the other.

use std::time::Duration;

use argus_soc::run::State;
use tokio::task::JoinSet;

use super::*;
use crate::flows::execute::execute;
use crate::flows::world::{World, ann, place, receive, until};

const TICKETS: &str = r#"
playbook: {id: tickets, name: Tickets, version: "1.0.0", owner: soc}
triggers: [{source: edr}]
conditions: {risk_threshold: 0}
actions:
  - id: ticket
    type: create_ticket
    target: "{{ entity.value }}"
    rollback: none # people close tickets
execution: {retry_policy: {max_attempts: 3, backoff_ms: 1000}}
"#;

#[tokio::test]
async fn what_one_replica_halts_no_other_begins_or_sends() {
    let world = World::default();
    let (a, b) = (world.soc(&[TICKETS]), Arc::new(world.soc(&[TICKETS])));
    // The one run is begun before anybody halts, and its breakers are known to this replica.
    receive(&b, 1).await;
    place(&b).await;
    let incident = b.ledger.incident("INC-1").await.expect("read").expect("INC-1");
    assert!(incident.runs["INC-1.r1"].approval.is_none(), "{:?}", incident.decision);

    a.halt(&ann(), &Scope::Global, "enough", "c").await.expect("halted");
    let (end, ended) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(execute(Arc::clone(&b), ended.clone()));
    until("the step to be leased", async || {
        let incident = b.ledger.incident("INC-1").await.ok()??;
        let step = incident.runs["INC-1.r1"].steps.first()?;
        (step.state != State::Pending).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.tickets.made(), 0, "nothing is sent while it is halted");
    receive(&b, 2).await;
    place(&b).await;
    let held = b.ledger.incident("INC-2").await.expect("read").expect("INC-2");
    let reasons = format!("{:?}", held.decision);
    assert!(reasons.contains("paused: global"), "{reasons}");
    let paused = b.paused().await.expect("read");
    assert_eq!(paused.len(), 1, "{paused:?}");

    tasks.spawn(automation(Arc::clone(&b), ended));
    // What a person has halted takes two people, whichever replicas they speak to.
    b.resume(&ann(), None, "c").await.expect("asked");
    let bob = Person { object_id: "bob".into(), ..ann() };
    a.resume(&bob, None, "c").await.expect("resumed");
    until("the ticket", async || (world.tickets.made() == 1).then_some(())).await;
    end.send_replace(true);
    tasks.join_all().await;
    assert_eq!(b.paused().await.expect("read"), []);
}

#[tokio::test]
async fn as_many_people_are_asked_as_the_playbook_wants_when_a_breaker_asks() {
    let world = World::default();
    let two = format!("{TICKETS}gates: {{quorum: 2}}\n");
    let soc = Arc::new(world.soc(&[&two]));
    receive(&soc, 1).await;
    place(&soc).await;
    soc.halt(&ann(), &Scope::Global, "enough", "c").await.expect("halted");
    let (end, ended) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(execute(Arc::clone(&soc), ended));
    let quorum = until("a request for approval", async || {
        let incident = soc.ledger.incident("INC-1").await.ok()??;
        Some(incident.runs["INC-1.r1"].approval.as_ref()?.quorum)
    });
    assert_eq!(quorum.await, 2);
    end.send_replace(true);
    tasks.join_all().await;
}

#[tokio::test]
async fn a_change_is_written_once_whoever_looks() {
    let world = World::default();
    let soc = Arc::new(world.soc(&[TICKETS]));
    for n in 0..60 {
        receive(&soc, n).await;
    }
    let (end, ended) = watch::channel(false);
    let mut ticking = JoinSet::new();
    for _ in 0..3 {
        ticking.spawn(automation(Arc::clone(&soc), ended.clone()));
    }
    place(&soc).await;
    for n in 60..70 {
        receive(&soc, n).await;
        place(&soc).await;
    }
    end.send_replace(true);
    ticking.join_all().await;
    let records = soc.ledger.records_after(0, 10_000).await.expect("read");
    let opened = records.iter().filter_map(|it| match &it.fact.what {
        What::BreakerChanged { scope, change: Change::Open { .. } } => Some(scope),
        _ => None,
    });
    let mut opened: Vec<_> = opened.collect();
    let count = opened.len();
    opened.sort();
    opened.dedup();
    assert!(count >= 2 && opened.len() == count, "written twice, or not at all: {opened:?}");
    let restarted = world.soc(&[TICKETS]);
    assert_eq!(restarted.paused().await.expect("read").len(), count);
}
