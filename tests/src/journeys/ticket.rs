//! One click makes one ticket, found again by its correlation id.

use argus_bot_sdk::testing::fault::Fault;
use argus_soc::ledger::fact::What;
use serde_json::json;

use super::world::{Left, World, alert, texts};

/// Alice wants a ticket while ServiceNow misbehaves as said; there is one, and the card names it.
async fn one_ticket(faults: &[(&str, Fault)]) {
    let world = World::new().await;
    world.ingest(&alert("a-1", "ws-114")).await;
    let card = world.card("INC-1", |card| card.button("ticket").is_some()).await;
    for (operation, fault) in faults {
        world.fault(operation, fault.clone());
    }
    let press = || world.press("alice", &card, "ticket");
    let answers = tokio::join!(press(), press());
    for answer in [answers.0, answers.1] {
        assert_eq!(answer["statusCode"], 200, "{answer}");
    }
    let done = world.card("INC-1", |card| card.says("Ticket INC0010001")).await;
    assert!(done.button("ticket").is_none(), "{done:?}");
    let tickets = world.sim.hold().servicenow().incidents();
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    assert_eq!(tickets[0]["correlation_id"], "INC-1");
    assert_eq!(world.sim.effects()["servicenow.create/INC-1"], 1);
    assert_eq!(world.recorded(|what| matches!(what, What::TicketLinked { .. })).await, 1);
    let said = texts(&world.say("dana", "ticket inc-1").await).join("\n");
    assert!(said.contains("INC0010001") && said.contains("State: New"), "{said}");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn alice_makes_a_ticket() {
    one_ticket(&[]).await;
}

#[tokio::test]
async fn one_although_the_answer_is_lost() {
    one_ticket(&[("servicenow.create", Fault::LoseResponse)]).await;
}

#[tokio::test]
async fn one_although_the_answer_is_lost_and_the_look_meets_a_sleeping_instance() {
    let faults =
        [("servicenow.create", Fault::FailAfter(500)), ("servicenow.list", Fault::Html200)];
    one_ticket(&faults).await;
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_no_ticket_yet() {
    one_ticket(&[("servicenow.create", Fault::Html200)]).await;
}

#[tokio::test]
async fn one_although_the_first_tries_do_not_arrive() {
    let busy = Fault::Status { code: 429, retry_after: Some(1) };
    one_ticket(&[("servicenow.create", Fault::Reset), ("servicenow.create", busy)]).await;
}

#[tokio::test]
async fn two_incidents_on_one_host_have_a_ticket_each() {
    let world = World::new().await;
    for (at, kind) in ["malware", "lateral_movement"].into_iter().enumerate() {
        let mut one = alert(&format!("a-{at}"), "ws-114");
        one["event_type"] = json!(kind);
        world.ingest(&one).await;
        let key = format!("INC-{}", at + 1);
        let card = world.card(&key, |card| card.button("ticket").is_some()).await;
        world.press("alice", &card, "ticket").await;
        world.card(&key, |card| card.says(&format!("Ticket INC001000{}", at + 1))).await;
    }
    assert_eq!(world.effects("servicenow.create"), 2);
    world.finish(Left::default()).await;
}
