//! The bot dies in the middle of a deed, comes back, and the deed has happened once.

use std::time::Duration;

use argus_bot_sdk::testing::fault::Fault;
use argus_sim::SimConfig;
use argus_soc::ledger::fact::What;

use super::world::{Left, Plan, World, alert};

/// An answer that comes after the bot is gone.
const LATE: Fault = Fault::Delay(Duration::from_mins(1));

/// Dies whenever one of these calls is on its way, and starts again after each.
async fn dying_at(world: &mut World, operations: &[&str]) {
    for operation in operations {
        let before = world.calls(operation);
        world.until(operation, async || (world.calls(operation) > before).then_some(())).await;
        world.crash().await;
        world.start().await;
    }
}

#[tokio::test]
async fn an_isolation_survives_a_death_at_each_call() {
    let sim = SimConfig::default().settle(Duration::from_secs(1));
    let mut world = World::with(Plan { sim, ..Plan::default() }).await;
    world.ingest(&alert("a-1", "ws-114")).await;
    let card = world.card("INC-1", |card| card.button("isolate").is_some()).await;
    let deaths =
        ["defender.isolate", "defender.list_actions", "defender.get_action", "defender.get_action"];
    for operation in deaths {
        world.fault(operation, LATE);
    }
    let pressed = world.press("alice", &card, "isolate").await;
    assert_eq!(pressed["statusCode"], 200, "{pressed}");
    world.until("the order", async || (world.calls("defender.isolate") == 1).then_some(())).await;
    world.crash().await;
    world.start().await;
    dying_at(&mut world, &deaths[1..]).await;
    let done = world.card("INC-1", |card| card.says("Isolated")).await;
    assert_eq!(done.id, card.id);
    assert_eq!((world.effects("defender.isolate"), world.calls("defender.isolate")), (1, 1));
    assert_eq!(world.recorded(|what| matches!(what, What::Intended { .. })).await, 1);
    assert_eq!(world.recorded(|what| matches!(what, What::Started { .. })).await, 5);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn an_order_that_never_left_is_sent_after_the_death() {
    let mut world = World::new().await;
    world.ingest(&alert("a-1", "ws-114")).await;
    let card = world.card("INC-1", |card| card.button("isolate").is_some()).await;
    // This click lets the bot have its token for Graph; the next token is the one for Defender.
    world.press("alice", &card, "acknowledge").await;
    world.fault("entra.token", LATE);
    let before = world.calls("entra.token");
    world.press("alice", &card, "isolate").await;
    world.until("the token", async || (world.calls("entra.token") > before).then_some(())).await;
    assert_eq!(world.recorded(|what| matches!(what, What::Intended { .. })).await, 1);
    world.crash().await;
    assert_eq!(world.calls("defender.isolate"), 0);
    world.start().await;
    world.card("INC-1", |card| card.says("Isolated")).await;
    assert_eq!(world.effects("defender.isolate"), 1);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_ticket_survives_a_death_before_its_number_is_known() {
    let mut world = World::new().await;
    world.ingest(&alert("a-1", "ws-114")).await;
    let card = world.card("INC-1", |card| card.button("ticket").is_some()).await;
    world.fault("servicenow.create", LATE);
    world.fault("servicenow.list", LATE);
    world.press("alice", &card, "ticket").await;
    world.until("the order", async || (world.calls("servicenow.create") == 1).then_some(())).await;
    world.crash().await;
    world.start().await;
    dying_at(&mut world, &["servicenow.list"]).await;
    world.card("INC-1", |card| card.says("Ticket INC0010001")).await;
    assert_eq!((world.effects("servicenow.create"), world.calls("servicenow.create")), (1, 1));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn what_was_acknowledged_has_a_card_after_the_death() {
    let mut world = World::new().await;
    world.fault("teams.send", LATE);
    world.ingest(&alert("a-1", "ws-114")).await;
    world.until("a send", async || (world.calls("teams.send") == 1).then_some(())).await;
    world.ingest(&alert("b-1", "kiosk-9")).await;
    world.crash().await;
    world.start().await;
    // Its answer was lost with the bot, so nobody knew that the first card was there.
    world.card("INC-1", |card| card.says("may be here twice")).await;
    world.card("INC-2", |card| card.says("Malware on kiosk-9")).await;
    assert_eq!(world.cards_of("INC-1").len(), 2);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn an_open_request_survives_a_death() {
    let mut world = World::new().await;
    world.ingest(&alert("a-1", "pay-db-02")).await;
    let card = world.card("INC-1", |card| card.button("isolate").is_some()).await;
    world.press("alice", &card, "isolate").await;
    let request = world.request("INC-1", |card| card.button("approve").is_some()).await;
    world.crash().await;
    world.start().await;
    world.decide("dana", &request, "approve", "seen").await;
    world.card("INC-1", |card| card.says("Isolated")).await;
    assert_eq!(world.effects("defender.isolate"), 1);
    world.finish(Left::default()).await;
}
