//! Which machine is meant, and whether there is still anything to do.

use argus_bot_sdk::testing::fault::Fault;
use argus_sim::{ActionKind, Machine};
use argus_soc::ledger::fact::What;
use serde_json::json;

use super::world::{Left, World, alert};

#[tokio::test]
async fn two_machines_of_one_name_are_two_machines() {
    let world = World::new().await;
    for (at, machine) in Machine::samples()[..2].iter().enumerate() {
        let mut one = alert(&format!("a-{at}"), "ws-114");
        one["event_type"] = json!(format!("malware-{at}"));
        one["metadata"]["mde_device_id"] = json!(machine.id);
        world.ingest(&one).await;
        let key = format!("INC-{}", at + 1);
        let card = world.card(&key, |card| card.button("isolate").is_some()).await;
        world.press("alice", &card, "isolate").await;
        world.card(&key, |card| card.says("Isolated")).await;
        assert_eq!(world.sim.effects()[&format!("defender.isolate/{}", machine.id)], 1);
    }
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_host_that_was_released_in_the_portal_is_isolated_again() {
    let world = World::new().await;
    let machine = Machine::samples().remove(0).id;
    for (at, kind) in ["malware", "lateral_movement"].into_iter().enumerate() {
        let mut one = alert(&format!("a-{at}"), "ws-114");
        one["event_type"] = json!(kind);
        world.ingest(&one).await;
        let key = format!("INC-{}", at + 1);
        let card = world.card(&key, |card| card.button("isolate").is_some()).await;
        if at == 1 {
            let (now, kind) = (world.sim.now(), ActionKind::Unisolate);
            assert!(world.sim.hold().defender().act_in_portal(kind, &machine, "j.doe", now));
            // Nobody can tell at first whether the first isolation still holds.
            world.fault("defender.list_actions", Fault::FailBefore(503));
        }
        world.press("alice", &card, "isolate").await;
        world.card(&key, |card| card.says("Isolated")).await;
        let now = world.sim.now();
        assert!(world.sim.hold().defender().is_isolated(&machine, now), "{key}");
    }
    assert_eq!(world.effects("defender.isolate"), 2);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn an_id_that_is_none_reaches_nobody() {
    let world = World::new().await;
    let odd = ["../users/x", "x' or machineId ne '", "1a?x=", "", "%2e%2e"];
    for (at, id) in odd.into_iter().enumerate() {
        let mut one = alert(&format!("a-{at}"), "ws-114");
        one["event_type"] = json!(format!("malware-{at}"));
        one["entity_value"] = json!(format!("host-{at}.example"));
        one["metadata"]["mde_device_id"] = json!(id);
        world.ingest(&one).await;
        let key = format!("INC-{}", at + 1);
        let card = world.card(&key, |card| card.button("isolate").is_some()).await;
        world.press("alice", &card, "isolate").await;
        world.card(&key, |card| card.says("does not say which machine")).await;
    }
    for operation in ["isolate", "list_actions", "get_machine", "get_action"] {
        assert_eq!(world.calls(&format!("defender.{operation}")), 0, "{operation}");
    }
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_button_of_an_incident_that_was_resolved_meanwhile_does_nothing() {
    let world = World::new().await;
    world.ingest(&alert("a-1", "ws-114")).await;
    let old = world.card("INC-1", |card| card.button("isolate").is_some()).await;
    let mut closed = alert("a-2", "ws-114");
    closed["status"] = json!("resolved");
    world.ingest(&closed).await;
    let card = world.card("INC-1", |card| card.says("Resolved at the source")).await;
    assert!(card.card["actions"].as_array().is_none_or(Vec::is_empty), "{card:?}");
    for verb in ["isolate", "ticket", "acknowledge"] {
        let answer = world.press("alice", &old, verb).await;
        assert_eq!(answer["type"], "application/vnd.microsoft.card.adaptive", "{verb}: {answer}");
    }
    let runs = world.recorded(|what| matches!(what, What::RunCreated { .. })).await;
    assert_eq!(
        (runs, world.calls("defender.isolate"), world.calls("servicenow.create")),
        (0, 0, 0)
    );
    world.finish(Left::default()).await;
}
