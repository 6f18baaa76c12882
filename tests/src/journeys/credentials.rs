//! Stolen credentials: a playbook of several systems that a person runs from the card, with every way
//! in which it can go wrong half-way.

use argus_bot_sdk::testing::fault::Fault;
use argus_sim::Person;
use argus_soc::ledger::fact::What;
use serde_json::{Value, json};

use super::world::{Left, Plan, Shown, World};

/// The runner's playbook with what it lacked: an account that is locked, and opened again if the
/// ticket cannot be made.
const PLAYBOOK: &str = r#"
playbook: {id: IR-AUTO-042, name: "Credential Compromise Containment", version: "1.3.0"}
triggers:
  - {source: edr, event_type: credential_theft, severity: [high, critical]}
conditions: {asset_criticality: "<= 7", environment: [staging, dev, sandbox], risk_threshold: 75}
actions:
  - {id: revoke-session, type: revoke_token, target: "{{ entity.user }}"}
  - id: lock
    type: disable_user
    target: "{{ entity.user }}"
    rollback: {id: unlock, type: enable_user}
  - {id: ticket, type: create_ticket, parameters: {system: servicenow}, rollback: none # people close it
    }
  - {id: tell, type: notify, parameters: {message: "The account of {{ entity.value }} is locked"}, rollback: none # it is said
    }
execution: {retry_policy: {max_attempts: 3, backoff_ms: 10}}
"#;

fn theft(who: &Person) -> Value {
    json!({
        "id": "a-1",
        "source": "edr",
        "event_type": "credential_theft",
        "severity": "high",
        "title": "Credentials were stolen",
        "entity_type": "user",
        "entity_value": who.user_principal_name,
    })
}

/// A world with an alert about `who`: the playbook asks for a person by itself.
async fn asked(who: &Person, world: World) -> (World, Shown) {
    world.ingest(&theft(who)).await;
    let request = world.request("INC-1", |card| card.button("approve").is_some()).await;
    assert!(request.says("cannot be undone"), "why a person: {request:?}");
    (world, request)
}

/// A world in which Dana has agreed to the playbook about Bob.
async fn begun(faults: &[(&str, Fault)]) -> World {
    let world = World::with(Plan { playbooks: &[PLAYBOOK], ..Plan::default() }).await;
    let bob = world.person("bob");
    let (world, request) = asked(&bob, world).await;
    for (operation, fault) in faults {
        world.fault(operation, fault.clone());
    }
    let answer = world.press("dana", &request, "approve").await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    world
}

fn enabled(world: &World, who: &str) -> bool {
    world.sim.people().named(who).unwrap().account_enabled
}

#[tokio::test]
async fn every_system_does_its_part_once() {
    let world = begun(&[]).await;
    let done = world.card("INC-1", |card| card.says("Told")).await;
    assert_eq!(world.cards_of("INC-1").len(), 1, "one living card");
    for word in ["Revoked", "Disabled", "INC0010001"] {
        assert!(done.says(word), "{word}: {done:?}");
    }
    assert!(done.button("run").is_none() && done.button("undo").is_some(), "{done:?}");
    assert!(!enabled(&world, "bob"));
    let once = ["graph.revoke_sign_in_sessions", "graph.disable_user", "servicenow.create"];
    for effect in once {
        assert_eq!(world.effects(effect), 1, "{effect}");
    }
    // What can be undone is undone on request; the rest is said to stay.
    let answer = world.press("dana", &done, "undo").await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let undone = world.card("INC-1", |card| card.says("then undone")).await;
    assert!(undone.says("cannot be undone"), "{undone:?}");
    assert!(enabled(&world, "bob"));
    assert_eq!(world.effects("graph.enable_user"), 1);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_ticket_that_cannot_be_made_has_the_account_opened_again() {
    let broken = ("servicenow.create", Fault::FailBefore(500));
    let world = begun(&[broken.clone(), broken.clone(), broken]).await;
    let undone = world.card("INC-1", |card| card.says("then undone")).await;
    assert!(undone.says("cannot be undone"), "the sessions stay ended: {undone:?}");
    assert!(undone.says("Failed") && undone.button("undo").is_none(), "{undone:?}");
    assert!(enabled(&world, "bob"));
    assert_eq!(world.effects("servicenow.create"), 0);
    let told = world.recorded(|what| matches!(what, What::Intended { step, .. } if step == "tell"));
    assert_eq!(told.await, 0, "nothing new begins");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn once_although_every_answer_is_lost() {
    let faults = [
        ("graph.revoke_sign_in_sessions", Fault::LoseResponse),
        ("graph.update_user", Fault::LoseResponse),
        ("servicenow.create", Fault::LoseResponse),
    ];
    let world = begun(&faults).await;
    world.card("INC-1", |card| card.says("Told")).await;
    assert_eq!(world.sim.hold().servicenow().incidents().len(), 1);
    assert!(!enabled(&world, "bob"));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_guests_sessions_cannot_be_ended_and_that_is_said_at_once() {
    let world = World::with(Plan { playbooks: &[PLAYBOOK], ..Plan::default() }).await;
    let mut guest = world.person("bob");
    guest.key = "guest".into();
    guest.object_id = "77777777-aaaa-4bbb-8ccc-dddddddddddd".into();
    guest.user_principal_name = "guest_contoso.example#EXT#@fjordbank.example".into();
    guest.guest = true;
    world.sim.hold().people().welcome(guest.clone());
    let (world, request) = asked(&guest, world).await;
    world.press("dana", &request, "approve").await;
    let failed = world.card("INC-1", |card| card.says("Failed")).await;
    assert!(failed.says("guest"), "with the reason: {failed:?}");
    assert_eq!(world.effects("graph.disable_user"), 0, "the first step failed, so nothing follows");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn what_was_denied_can_be_run_from_the_card_and_needs_somebody_else() {
    let world = World::with(Plan { playbooks: &[PLAYBOOK], ..Plan::default() }).await;
    let bob = world.person("bob");
    let (world, request) = asked(&bob, world).await;
    assert!(world.cards_of("INC-1")[0].button("run").is_none(), "it is asked for already");
    world.decide("dana", &request, "deny", "not now").await;
    let card = world.card("INC-1", |card| card.button("run").is_some()).await;
    let answer = world.press("alice", &card, "run").await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let again = world.request("INC-1", |card| card.button("approve").is_some()).await;
    assert!(again.says("Alice Berg") && again.id != request.id, "{again:?}");
    let own = world.press("alice", &again, "approve").await;
    assert!(own.to_string().contains("yourself"), "{own}");
    assert!(enabled(&world, "bob"));
    let stale = world.press("alice", &card, "run").await;
    assert_eq!(stale["statusCode"], 200, "the card as it is now: {stale}");
    world.press("dana", &again, "approve").await;
    world.card("INC-1", |card| card.says("Told")).await;
    assert_eq!(world.effects("graph.disable_user"), 1);
    assert_eq!(world.recorded(|what| matches!(what, What::RunCreated { .. })).await, 2);
    world.finish(Left::default()).await;
}
