//! An alert comes in, one card stands in Teams, and it lives.

use std::time::Duration;

use argus_bot_sdk::testing::Life;
use argus_bot_sdk::testing::fault::{Fault, FaultOrder};
use argus_soc::ledger::fact::What;
use serde_json::{Value, json};

use super::world::{Left, World, alert, answer, until};
use crate::files::{read, root};

/// What a card says whose predecessor may be there too.
const TWICE: &str = "may be here twice";

/// The demo's alerts: each of the five shapes once.
fn shapes() -> Vec<(String, String)> {
    let folder = "argus-reference-bot/demo/alerts";
    let mut names: Vec<String> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 5, "{names:?}");
    names.into_iter().map(|name| (read(&format!("{folder}/{name}")), name)).collect()
}

async fn each_shape_is_one_card(signed: bool) {
    let world = World::new().await;
    let send = async |body: &str| {
        let request = if signed { world.signed(body) } else { world.keyed(body.to_owned()) };
        let response = request.send().await.unwrap();
        let correlation = response.headers()["x-correlation-id"].to_str().unwrap().to_owned();
        let status = response.status().as_u16();
        let receipt: Value = response.json().await.unwrap();
        assert_eq!(receipt["correlation_id"], correlation.as_str());
        (status, receipt)
    };
    let mut receipts = Vec::new();
    for (at, (body, name)) in shapes().iter().enumerate() {
        let (status, receipt) = send(body).await;
        assert_eq!((status, &receipt["duplicate"]), (202, &json!(false)), "{name}: {receipt}");
        let key = format!("INC-{}", at + 1);
        let card = world.card(&key, |_| true).await;
        let (_, incident) = world.get(&format!("/incidents/{key}")).await;
        assert!(card.says(incident["title"].as_str().unwrap()), "{name}: {card:?}");
        assert!(card.says(receipt["correlation_id"].as_str().unwrap()), "{name}: {card:?}");
        assert_eq!(incident["correlation_id"], receipt["correlation_id"], "{name}");

        let event = receipt["event_id"].as_str().unwrap();
        let (status, event) = world.get(&format!("/events/{event}")).await;
        assert_eq!((status, &event["state"]), (200, &json!("placed")), "{name}");
        assert_eq!((&event["incident"], &event["seq"]), (&json!(key), &receipt["seq"]), "{name}");
        assert_eq!(event["event"], serde_json::from_str::<Value>(body).unwrap(), "{name}");
        receipts.push(receipt);
    }
    for ((body, name), first) in shapes().iter().zip(&receipts) {
        let (status, again) = send(body).await;
        assert_eq!((status, &again["duplicate"]), (200, &json!(true)), "{name}: {again}");
        assert_eq!((&again["seq"], &again["event_id"]), (&first["seq"], &first["event_id"]));
    }
    assert_eq!((world.cards().len(), world.effects("teams.send")), (5, 5));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn each_shape_with_a_key_is_one_card_and_a_repeat_is_none() {
    each_shape_is_one_card(false).await;
}

#[tokio::test]
async fn each_signed_shape_is_one_card_and_a_repeat_is_none() {
    each_shape_is_one_card(true).await;
}

#[tokio::test]
async fn more_events_of_an_incident_change_its_card_in_place() {
    let world = World::new().await;
    world.ingest(&alert("a-1", "ws-114")).await;
    let first = world.card("INC-1", |card| card.says("1 from edr")).await;
    let mut worse = alert("a-2", "ws-114");
    worse["severity"] = json!("critical");
    world.ingest(&worse).await;
    let then = world.card("INC-1", |card| card.says("2 from edr") && card.says("Critical")).await;
    assert_eq!(then.id, first.id);
    assert_eq!((world.cards().len(), world.effects("teams.send")), (1, 1));
    world.finish(Left::default()).await;
}

/// Sends an alert into a Teams in trouble; gives the world once a card is delivered and recorded.
async fn in_trouble(faults: &[Fault]) -> World {
    let world = World::new().await;
    faults.iter().for_each(|fault| world.fault("teams.send", fault.clone()));
    world.ingest(&alert("a-1", "ws-114")).await;
    until("a delivered card", async || {
        let sent = world.recorded(|what| matches!(what, What::NoticeDelivered { .. })).await;
        (sent == 1).then_some(())
    })
    .await;
    world
}

#[tokio::test]
async fn a_refusal_for_now_delays_the_card_and_nothing_else() {
    let busy = Fault::Status { code: 429, retry_after: Some(1) };
    let world = in_trouble(&[busy.clone(), busy]).await;
    let cards = world.cards_of("INC-1");
    assert_eq!((cards.len(), cards[0].says(TWICE)), (1, false));
    assert_eq!(world.calls("teams.send"), 3);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_lost_answer_costs_at_most_one_more_card_which_says_so() {
    for fault in [Fault::LoseResponse, Fault::FailAfter(502)] {
        let world = in_trouble(&[fault]).await;
        let cards = world.cards_of("INC-1");
        let marked: Vec<bool> = cards.iter().map(|card| card.says(TWICE)).collect();
        assert_eq!(marked, [false, true]);
        world.finish(Left::default()).await;
    }
}

#[tokio::test]
async fn a_broken_connection_or_a_dead_gateway_delays_the_card() {
    for fault in [Fault::Reset, Fault::FailBefore(503)] {
        let world = in_trouble(&[fault]).await;
        assert_eq!(world.cards_of("INC-1").len(), 1);
        world.finish(Left::default()).await;
    }
}

#[tokio::test]
async fn a_lost_answer_to_an_update_makes_no_second_card() {
    let world = World::new().await;
    world.ingest(&alert("a-1", "ws-114")).await;
    let card = world.card("INC-1", |_| true).await;
    world.fault("teams.update", Fault::LoseResponse);
    world.fault("teams.update", Fault::FailBefore(500));
    world.press("alice", &card, "acknowledge").await;
    world.card("INC-1", |card| card.says("Acknowledged by Alice Berg")).await;
    assert_eq!((world.cards().len(), world.effects("teams.send")), (1, 1));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn after_an_outage_each_incident_has_its_newest_card_once() {
    let world = World::new().await;
    let away = FaultOrder::new("teams", "*", Fault::Reset).lasting(Duration::from_secs(3));
    world.sim.faults().order(away);
    for id in ["a-1", "a-2", "a-3"] {
        world.ingest(&alert(id, "ws-114")).await;
    }
    world.ingest(&alert("b-1", "kiosk-9")).await;
    until("a try that failed", async || (world.calls("teams.send") > 1).then_some(())).await;
    assert_eq!(world.cards().len(), 0);
    world.card("INC-1", |card| card.says("3 from edr")).await;
    world.card("INC-2", |card| card.says("Malware on kiosk-9")).await;
    assert_eq!((world.cards().len(), world.effects("teams.send")), (2, 2));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_card_for_a_conversation_that_is_gone_is_counted_as_given_up() {
    for life in [Life::Gone, Life::BotRemoved] {
        let world = World::new().await;
        world.sim.teams().set_life(world.sim.channel_id(), life);
        world.ingest(&alert("a-1", "ws-114")).await;
        until("a card that is given up", async || {
            let (status, ready) = world.get("/readyz").await;
            assert_eq!(status, 200, "{ready}");
            (ready["cards_abandoned"] == 1).then_some(())
        })
        .await;
        let metrics = world.http.get(world.url("/metrics")).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        let dead = |line: &&str| line.starts_with("argus_cards_") && line.ends_with(" 1");
        assert!(metrics.lines().any(|line| dead(&line)), "{metrics}");
        world.finish(Left { dead: 1, ..Left::default() }).await;
    }
}

#[tokio::test]
async fn a_storm_keeps_to_the_limits_that_teams_publishes() {
    let world = World::new().await;
    for at in 0..60 {
        let mut one = alert(&format!("a-{at}"), "ws-114");
        one["event_type"] = json!(format!("malware-{at}"));
        let (status, receipt) = answer(world.keyed(one.to_string())).await;
        assert_eq!(status, 202, "{receipt}");
    }
    until("sixty cards", async || (world.cards().len() == 60).then_some(())).await;
    assert_eq!(world.effects("teams.send"), 60);
    assert_eq!(world.calls("teams.send"), 60, "Teams had to refuse some");
    world.finish(Left::default()).await;
}
