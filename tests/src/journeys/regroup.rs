//! Several alerts that are one, by a rule or by hand, and alerts that nobody wants to see for a while.

use argus_soc::ledger::fact::What;
use serde_json::{Value, json};

use super::world::{Left, Plan, World, alert, texts};

const SPRAY: &str = r#"
[[correlation]]
name = "password spray"
within = "10m"
min = 4
distinct = { user = 3 }
group_by = ["ip"]
where = "event_type == 'failed_logon'"
"#;

fn failed_logon(id: &str, user: &str, ip: &str) -> Value {
    json!({
        "id": id, "source": "idp", "event_type": "failed_logon", "severity": "medium",
        "title": format!("Failed logon of {user}"),
        "entities": [{"type": "user", "value": user}, {"type": "ip", "value": ip}],
    })
}

async fn said(world: &World, who: &str, text: &str) -> String {
    texts(&world.say(who, text).await).join("\n")
}

/// The incident, once it has this many events.
async fn counted(world: &World, key: &str, count: u64) -> Value {
    let path = format!("/incidents/{key}");
    world
        .until(&format!("{key} has {count} events"), async || {
            let (status, incident) = world.get(&path).await;
            (status == 200 && incident["count"] == count).then_some(incident)
        })
        .await
}

#[tokio::test]
async fn alerts_that_a_rule_makes_one_are_one_incident_also_after_a_crash() {
    let mut world = World::with(Plan { settings: SPRAY.into(), ..Plan::default() }).await;
    let spray = |n: u32| failed_logon(&format!("s-{n}"), &format!("user{n}"), "198.51.100.7");
    world.ingest(&spray(1)).await;
    world.card("INC-1", |_| true).await;
    world.ingest(&spray(2)).await;
    world.card("INC-2", |_| true).await;
    world.ingest(&failed_logon("o-1", "user9", "203.0.113.9")).await;
    world.card("INC-3", |_| true).await;
    world.ingest(&spray(3)).await;
    world.ingest(&spray(4)).await;
    counted(&world, "INC-1", 4).await;
    world.card("INC-2", |card| card.says("It goes on in INC-1")).await;
    world.card("INC-1", |card| card.says("rule password spray")).await;

    world.crash().await;
    world.start().await;
    // A new user, one who was merged, and the first one.
    world.ingest(&spray(5)).await;
    world.ingest(&failed_logon("s-6", "user2", "198.51.100.7")).await;
    world.ingest(&failed_logon("s-7", "user1", "198.51.100.7")).await;
    let incident = counted(&world, "INC-1", 7).await;
    assert_eq!(incident["count"], 7);
    let counts = world.soc().ledger.counts().await.unwrap();
    assert_eq!(counts.open, 2, "the spray, and the one from elsewhere");
    assert_eq!(world.cards_of("INC-6").len(), 0, "what joins at once needs no card");

    // The source closes one of the five, and then all of them.
    let close = |n: u32| {
        let mut event = failed_logon(&format!("c-{n}"), &format!("user{n}"), "198.51.100.7");
        event["status"] = json!("resolved");
        event
    };
    world.ingest(&close(1)).await;
    world.ingest(&close(2)).await;
    counted(&world, "INC-1", 9).await;
    assert_eq!(world.soc().ledger.counts().await.unwrap().open, 2);
    for n in 3..=5 {
        world.ingest(&close(n)).await;
    }
    world
        .until("the spray is over", async || {
            (world.soc().ledger.counts().await.unwrap().open == 1).then_some(())
        })
        .await;
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn no_rule_makes_one_of_what_a_person_took_apart() {
    let world = World::with(Plan { settings: SPRAY.into(), ..Plan::default() }).await;
    let spray = |n: u32| failed_logon(&format!("s-{n}"), &format!("user{n}"), "198.51.100.7");
    for n in 1..=4 {
        world.ingest(&spray(n)).await;
    }
    counted(&world, "INC-1", 4).await;
    let answer = said(&world, "alice", "split INC-1 INC-2").await;
    assert!(answer.contains("stands for itself"), "{answer}");
    world.ingest(&spray(5)).await;
    world.ingest(&failed_logon("s-6", "user2", "198.51.100.7")).await;
    counted(&world, "INC-1", 4).await;
    let other = counted(&world, "INC-2", 2).await;
    assert_eq!(other["state"], "open", "{other}");
    // A person may.
    let answer = said(&world, "alice", "merge INC-1 INC-2").await;
    assert!(answer.contains("INC-2 goes on in INC-1"), "{answer}");
    counted(&world, "INC-1", 6).await;
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn people_make_one_incident_of_two_and_two_of_one() {
    let world = World::new().await;
    world.ingest(&alert("a-1", "ws-114")).await;
    let later = world.ingest(&alert("a-2", "ws-114")).await;
    world.ingest(&alert("b-1", "kiosk-9")).await;
    world.card("INC-2", |_| true).await;
    counted(&world, "INC-1", 2).await;

    assert!(said(&world, "bob", "merge INC-1 INC-2").await.contains("do not have a role"));
    assert!(said(&world, "carol", "merge INC-1 INC-2").await.contains("do not have a role"));
    assert!(said(&world, "alice", "merge INC-1").await.contains("Write `merge"));
    assert!(said(&world, "alice", "merge INC-1 INC-99").await.contains("no incident INC-99"));
    let answer = said(&world, "alice", "merge INC-1 inc-2").await;
    assert!(answer.contains("INC-2 goes on in INC-1"), "{answer}");
    world.card("INC-2", |card| card.says("It goes on in INC-1")).await;
    assert!(said(&world, "alice", "merge INC-2 INC-1").await.contains("are one already"));
    // Further events of the one are counted on the other.
    world.ingest(&alert("b-2", "kiosk-9")).await;
    counted(&world, "INC-1", 4).await;

    let answer = said(&world, "alice", "split INC-1 INC-2").await;
    assert!(answer.contains("stands for itself"), "{answer}");
    world.card("INC-2", |card| !card.says("It goes on in INC-1")).await;
    counted(&world, "INC-1", 3).await;
    world.ingest(&alert("b-3", "kiosk-9")).await;
    counted(&world, "INC-2", 2).await;

    // An event becomes an incident of its own, with a card.
    let event = later["event_id"].as_str().unwrap().to_owned();
    let answer = said(&world, "alice", &format!("split INC-1 {event}")).await;
    assert!(answer.contains("INC-3 has 1 of the events of INC-1"), "{answer}");
    world.card("INC-3", |_| true).await;
    let (_, placed) = world.get(&format!("/events/{event}")).await;
    assert_eq!(placed["incident"], "INC-3", "{placed}");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn an_incident_of_several_alerts_is_open_while_one_of_them_is() {
    let world = World::new().await;
    let closed = |id: &str, host: &str| {
        let mut event = alert(id, host);
        event["status"] = json!("resolved");
        event
    };
    let state = async |key: &str| world.get(&format!("/incidents/{key}")).await.1["state"].clone();
    for (n, host) in ["ws-114", "kiosk-9", "hv-console", "pay-db"].iter().enumerate() {
        world.ingest(&alert(&format!("o-{n}"), host)).await;
        world.card(&format!("INC-{}", n + 1), |_| true).await;
    }
    // What goes on in INC-1 by way of INC-2 is waited for as well.
    said(&world, "alice", "merge INC-2 INC-3").await;
    said(&world, "alice", "merge INC-1 INC-2").await;
    world.ingest(&closed("c-1", "hv-console")).await;
    world.ingest(&closed("c-2", "ws-114")).await;
    counted(&world, "INC-1", 5).await;
    assert_eq!(state("INC-1").await, "open", "the alert of INC-2 is open");
    // A part that leaves by way of INC-2 leaves INC-1 too, and takes with it what was said of it.
    let answer = said(&world, "alice", "split INC-2 INC-3").await;
    assert!(answer.contains("stands for itself"), "{answer}");
    assert_eq!(state("INC-3").await, "closed", "its end was told while it was part of INC-1");
    // What was said of the one stands for no other.
    said(&world, "alice", "merge INC-1 INC-4").await;
    world.ingest(&closed("c-3", "kiosk-9")).await;
    counted(&world, "INC-1", 6).await;
    assert_eq!(state("INC-1").await, "open", "the alert of INC-4 is open");
    // Open again at the source, and closed again.
    world.ingest(&alert("o-9", "kiosk-9")).await;
    world.ingest(&closed("c-4", "pay-db")).await;
    counted(&world, "INC-1", 8).await;
    assert_eq!(state("INC-1").await, "open", "the alert of INC-2 is open again");
    world.ingest(&closed("c-5", "kiosk-9")).await;
    world
        .until("all of it is over", async || (state("INC-1").await == "closed").then_some(()))
        .await;
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn what_is_suppressed_is_recorded_and_not_shown() {
    let world = World::new().await;
    assert!(said(&world, "alice", "suppress 4h host kiosk-9").await.contains("Say why"));
    assert!(said(&world, "bob", "suppress list").await.contains("do not have a role"));
    let kiosk = alert("k-1", "kiosk-9");
    let host = kiosk["entity_value"].as_str().unwrap();
    let begin = format!("suppress 4h host {host} because patch night");
    let answer = said(&world, "alice", &begin).await;
    assert!(answer.contains("SUP-1: not shown until"), "{answer}");
    let received = world.ingest(&kiosk).await;
    let path = format!("/events/{}", received["event_id"].as_str().unwrap());
    world
        .until("it is set aside", async || {
            (world.get(&path).await.1["state"] == "ignored").then_some(())
        })
        .await;
    let list = said(&world, "alice", "suppress list").await;
    assert!(list.contains("SUP-1: host") && list.contains("patch night (1 kept back)"), "{list}");
    // Critical ones pass.
    let mut critical = alert("k-2", "kiosk-9");
    critical["severity"] = json!("critical");
    world.ingest(&critical).await;
    world.card("INC-1", |_| true).await;
    // So does the end of what was shown.
    let mut resolved = alert("k-3", "kiosk-9");
    resolved["status"] = json!("resolved");
    world.ingest(&resolved).await;
    world
        .until("it is resolved", async || {
            (world.get("/incidents/INC-1").await.1["state"] == "closed").then_some(())
        })
        .await;
    let answer = said(&world, "alice", "suppress end SUP-1").await;
    assert!(answer.contains("shown again"), "{answer}");
    world.ingest(&alert("k-4", "kiosk-9")).await;
    world.card("INC-2", |_| true).await;
    assert_eq!(world.recorded(|it| matches!(it, What::Suppressed { .. })).await, 1);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_snoozed_incident_is_quiet_until_it_gets_worse() {
    let world = World::new().await;
    world.ingest(&alert("a-1", "ws-114")).await;
    world.card("INC-1", |_| true).await;
    let answer = said(&world, "alice", "snooze INC-1 2h because lunch").await;
    assert!(answer.contains("INC-1 is quiet until"), "{answer}");
    world.card("INC-1", |card| card.says("Quiet until")).await;
    world.ingest(&alert("a-2", "ws-114")).await;
    counted(&world, "INC-1", 2).await;
    let counts = world.soc().ledger.counts().await.unwrap();
    assert_eq!(counts.cards_due, 0, "a repeat does not show");
    let mut worse = alert("a-3", "ws-114");
    worse["severity"] = json!("critical");
    world.ingest(&worse).await;
    world.card("INC-1", |card| card.says("Critical")).await;
    assert!(said(&world, "alice", "snooze INC-1 off").await.contains("awake"));
    world.card("INC-1", |card| !card.says("Quiet until")).await;
    world.finish(Left::default()).await;
}
