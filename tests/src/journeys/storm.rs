//! Too much happens at once: nothing is lost, nobody is flooded, and nothing acts on its own.

use std::time::Duration;

use argus_bot_sdk::testing::Life;
use argus_bot_sdk::testing::fault::Fault;
use argus_soc::ledger::fact::What;
use argus_soc::storm::breaker;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::world::{Left, Plan, Shown, World, alert};

/// A storm that begins early and ends soon.
const SHORT: &str = "[storm]
digest_above = 5
digest_below = 1000
calm_secs = 6
digest_every_secs = 1
";
/// Where cards go that can stand nowhere else.
const FALLBACK: &str = "19:fallback@thread.tacv2";
const WITH_FALLBACK: &str = "[notify]
fallback = { conversation = \"19:fallback@thread.tacv2\" }
";

fn one(n: usize, severity: &str) -> Value {
    let mut one = alert(&format!("s-{n}"), "ws-114");
    one["event_type"] = json!(format!("scan-{n}"));
    one["severity"] = json!(severity);
    one
}

fn digests(world: &World) -> Vec<Shown> {
    world.cards().into_iter().filter(|card| card.says("alert storm")).collect()
}

/// How the card of an incident stands, as a reader outside is told.
async fn state(world: &World, key: &str) -> String {
    let (_, incident) = world.get(&format!("/incidents/{key}")).await;
    incident["cards"][0]["state"].as_str().unwrap_or_default().to_owned()
}

async fn storm(world: &World, count: usize) {
    for n in 1..=count {
        world.ingest(&one(n, if n == 7 { "critical" } else { "low" })).await;
    }
}

/// Waits until each incident is shown or covered by a digest.
async fn all_seen(world: &World, count: usize) -> (usize, usize) {
    world
        .until("each incident to be seen", async || {
            let (mut shown, mut covered) = (0, 0);
            for n in 1..=count {
                match state(world, &format!("INC-{n}")).await.as_str() {
                    "shown" => shown += 1,
                    "in_digest" => covered += 1,
                    _ => {}
                }
            }
            (shown + covered == count).then_some((shown, covered))
        })
        .await
}

#[tokio::test]
async fn a_storm_is_one_digest_and_the_worst_stands_alone() {
    let world = World::with(Plan { settings: SHORT.into(), ..Plan::default() }).await;
    world.fault("teams.send", Fault::Status { code: 429, retry_after: Some(1) });
    storm(&world, 40).await;
    let (shown, covered) = all_seen(&world, 40).await;
    assert!(covered >= 20, "{covered} covered, {shown} with cards of their own");
    let seventh = world.card("INC-7", |_| true).await;
    assert!(seventh.says("Critical"), "{seventh:?}");
    let digest = world
        .until("a digest that counts them all", async || {
            digests(&world).pop().filter(|it| it.says(&covered.to_string()))
        })
        .await;
    assert_eq!(digests(&world).len(), 1);
    assert_eq!(world.cards().len(), shown + 1);

    // One of those that are covered gets worse.
    let key = world
        .until("one that is covered", async || {
            for n in 1..=40 {
                if state(&world, &format!("INC-{n}")).await == "in_digest" {
                    return Some(n);
                }
            }
            None
        })
        .await;
    let mut worse = one(key, "critical");
    worse["id"] = json!("worse");
    world.ingest(&worse).await;
    world.card(&format!("INC-{key}"), |card| card.says("Critical")).await;

    let over = world
        .until("the end of the storm", async || {
            digests(&world).pop().filter(|card| card.says("storm is over"))
        })
        .await;
    assert_eq!(over.id, digest.id, "the same card says so");
    let listed = world.say("alice", "list D-1").await;
    assert!(listed.to_string().contains("Incidents in D-1"), "{listed}");
    world.ingest(&one(41, "low")).await;
    world.card("INC-41", |_| true).await;
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_storm_survives_a_death() {
    let mut world = World::with(Plan { settings: SHORT.into(), ..Plan::default() }).await;
    world.fault("teams.send", Fault::Status { code: 429, retry_after: Some(1) });
    storm(&world, 20).await;
    world.until("a digest", async || digests(&world).pop()).await;
    world.crash().await;
    world.start().await;
    for n in 21..=30 {
        world.ingest(&one(n, "low")).await;
    }
    all_seen(&world, 30).await;
    let named = world
        .recorded(|what| matches!(what, What::NoticesDigested { digest, .. } if digest != "D-1"))
        .await;
    assert_eq!(named, 0, "the storm goes on in the same digest");
    let digests = digests(&world);
    let twice = digests.iter().filter(|card| card.says("may be here twice")).count();
    assert!(digests.len() - twice <= 1, "{digests:?}");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_conversation_that_is_gone_blocks_nothing_and_somebody_hears_of_it() {
    let world = World::with(Plan { settings: WITH_FALLBACK.into(), ..Plan::default() }).await;
    world.sim.teams().open_channel(FALLBACK, "Fallback", []);
    world.ingest(&alert("a-1", "ws-114")).await;
    world.card("INC-1", |_| true).await;
    world.sim.teams().set_life(world.sim.channel_id(), Life::BotRemoved);
    world.ingest(&alert("b-1", "kiosk-9")).await;
    let says = |text: &str| {
        let messages = world.sim.teams().bot_messages(FALLBACK);
        messages.iter().any(|message| message.to_string().contains(text)).then_some(())
    };
    world.until("the card in the fallback", async || says("Malware on kiosk-9")).await;
    world.until("an alarm", async || says("Cards cannot be delivered")).await;
    world.sim.teams().set_life(world.sim.channel_id(), Life::Active);
    let told = world.say("alice", "outbox retry").await;
    assert!(told.to_string().contains("No card was given up"), "{told}");
    world.ingest(&alert("c-1", "pay-db-02")).await;
    world.card("INC-3", |_| true).await;
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_restart_does_not_forget_when_teams_wants_the_next_send() {
    let mut world = World::new().await;
    world.fault("teams.send", Fault::Status { code: 429, retry_after: Some(14) });
    world.ingest(&alert("a-1", "ws-114")).await;
    let held = |what: &What| matches!(what, What::PlaceChanged { .. });
    world.until("what Teams said", async || (world.recorded(held).await > 0).then_some(())).await;
    let said = Instant::now();
    world.crash().await;
    world.start().await;
    world.card("INC-1", |_| true).await;
    assert!(said.elapsed() > Duration::from_secs(12), "sent after {:?}", said.elapsed());
    assert_eq!((world.calls("teams.send"), world.effects("teams.send")), (2, 1));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_card_that_is_too_big_is_shown_shortened() {
    let world = World::new().await;
    world.fault("teams.send", Fault::Status { code: 413, retry_after: None });
    world.ingest(&alert("a-1", "ws-114")).await;
    let short =
        |what: &What| matches!(what, What::NoticeDelivered { template, .. } if template == "plain");
    world.until("a short card", async || (world.recorded(short).await == 1).then_some(())).await;
    assert_eq!(world.cards().len(), 1);
    world.finish(Left::default()).await;
}

/// Opens a ticket for whatever comes.
const TICKETS: &str = "playbook:
  id: tickets
  name: Tickets
  version: 1.0.0
  owner: soc
triggers:
  - source: edr
conditions:
  risk_threshold: 0
actions:
  - id: ticket
    type: create_ticket
    target: \"{{ entity.value }}\"
    parameters:
      system: servicenow
      priority: \"{{ severity }}\"
    rollback: none # people close tickets
gates:
  human_approval: auto
  audit_log: true
execution:
  idempotency: true
  timeout_seconds: 30
  retry_policy:
    max_attempts: 3
    backoff_ms: 1000
";

#[tokio::test]
async fn automation_that_goes_too_fast_pauses_until_a_person_lets_it_go_on() {
    let settings = "[storm]\nruns_per_playbook = 2\nruns_per_source = 9\ncool_down_secs = 3600\n";
    let mut world =
        World::with(Plan { settings: settings.into(), playbooks: &[TICKETS], ..Plan::default() })
            .await;
    for n in 1..=2 {
        world.ingest(&one(n, "high")).await;
        world.card(&format!("INC-{n}"), |card| card.says("Ticket INC00")).await;
    }
    world.ingest(&one(3, "high")).await;
    world.card("INC-3", |card| card.says("automation is paused")).await;
    world
        .until("an alarm", async || {
            world.cards().into_iter().find(|card| card.says("Automation is paused"))
        })
        .await;
    assert_eq!(world.effects("servicenow.create"), 2);
    let status = world.say("alice", "status").await;
    assert!(status.to_string().contains("playbook/tickets"), "{status}");

    world.crash().await;
    world.start().await;
    world.ingest(&one(4, "high")).await;
    world.card("INC-4", |card| card.says("automation is paused")).await;
    assert_eq!(world.effects("servicenow.create"), 2, "an open breaker survives a death");

    let refused = world.say("bob", "resume").await;
    assert!(!refused.to_string().contains("goes on"), "{refused}");
    let resumed = world.say("alice", "resume").await;
    assert!(resumed.to_string().contains("playbook/tickets"), "{resumed}");
    world.ingest(&one(5, "high")).await;
    world.card("INC-5", |card| card.says("Ticket INC00")).await;
    world.say("alice", "halt").await;
    world.ingest(&one(6, "high")).await;
    world.card("INC-6", |card| card.says("paused: global")).await;
    assert_eq!(world.effects("servicenow.create"), 3);
    let opened = |what: &What| {
        matches!(what, What::BreakerChanged { change: breaker::Change::Open { .. }, .. })
    };
    assert_eq!(world.recorded(opened).await, 2);
    world.finish(Left { runs: 3, ..Left::default() }).await;
}
