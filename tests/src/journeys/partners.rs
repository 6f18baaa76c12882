//! A partner in a shared channel: the same card, without what is not theirs.

use argus_sim::PARTNER_TENANT;
use serde_json::{Value, json};

use super::world::{Left, Plan, World, alert, texts};

/// What no partner may read, in small letters: names of our machine, its id and what is said of it.
const OURS: [&str; 4] = ["ws-114", "malware on", "mde_device_id", "edr"];

/// An alert of the partner's own tenant, about a machine of theirs.
fn theirs() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.security.alert",
        "id": "p-1",
        "tenantId": PARTNER_TENANT,
        "title": "Ransom note on contoso-7",
        "category": "Ransomware",
        "severity": "high",
        "status": "new",
        "createdDateTime": "2026-11-20T08:00:00Z",
        "serviceSource": "microsoftDefenderForEndpoint",
        "evidence": [{
            "@odata.type": "#microsoft.graph.security.deviceEvidence",
            "deviceDnsName": "contoso-7.contoso.example",
        }],
    })
}

/// A playbook that names the host where everybody reads it.
const TALKS: &str = "\
playbook: {id: talk, name: Talk, version: 1.0.0, owner: soc}
triggers: [{source: edr, event_type: never}]
gates: {human_approval: auto}
actions:
  - {id: tell, type: notify, parameters: {message: \"{{ entity.value }} is being looked at\"}, rollback: none # it is said
    }
";

/// A world whose channel is shared with the partner, who may take incidents and look.
async fn shared() -> World {
    let mut world = World::with(Plan { playbooks: &[TALKS], ..Plan::default() }).await;
    let channel = world.sim.channel_id().to_owned();
    let shared = format!("[rbac.shared]\n\"{channel}\" = [\"{PARTNER_TENANT}\"]\n[enrichment]\n");
    let may = "roles = [\"soc_engineer\"]\nactions = [\"view\", \"acknowledge\", \"approve\", \
               \"run_playbook\", \"regroup\", \"snooze\", \"suppress\", \"manage_automation\"]\n";
    let settings = [(shared.as_str(), "[enrichment]\n"), (may, "roles = [\"viewer\"]\n")];
    world.again_with(&settings).await;
    world.ingest(&alert("a-1", "ws-114")).await;
    world.card("INC-1", |_| true).await;
    world.ingest(&theirs()).await;
    world.card("INC-2", |_| true).await;
    world
}

fn hides(what: &str, said: &Value) {
    let all = texts(said).join("\n").to_lowercase();
    for hidden in OURS {
        assert!(!all.contains(hidden), "{what}: {hidden:?} in {said}");
    }
}

fn says(what: &str, said: &Value, wanted: &str) {
    assert!(texts(said).iter().any(|it| it.contains(wanted)), "{what}: no {wanted:?} in {said}");
}

/// What somebody writes where no cards stand, and the answer.
async fn elsewhere(world: &World, who: &str, text: &str) -> Value {
    let person = world.person(who).in_teams();
    let channel = world.sim.teams().channel(&format!("{who} asks {text}"), [person.clone()]);
    let said = world.sim.teams().say(&channel, &person, text).unwrap();
    assert_eq!(world.deliver(&said).await.0, 202);
    world.until("an answer", async || world.sim.teams().bot_messages(&channel).pop()).await
}

#[tokio::test]
async fn a_partner_learns_nothing_that_is_not_theirs_on_any_road() {
    let world = shared().await;
    let card = world.card("INC-1", |_| true).await;
    says("the card in the channel", &card.card, "hidden by policy");
    hides("the card in the channel", &card.card);
    assert_eq!(card.card["refresh"]["action"]["verb"], "view", "{}", card.card);
    says("their own card", &world.card("INC-2", |_| true).await.card, "contoso-7");

    // Each sees the same card as they may.
    says("alice looks", &world.press("alice", &card, "view").await, "Malware on ws-114");
    let refreshed = world.press_button("carol", &card, &card.card["refresh"]["action"]).await;
    says("carol looks", &refreshed, "INC-1");
    hides("carol looks", &refreshed);
    let acknowledged = world.press("carol", &card, "acknowledge").await;
    says("carol takes it", &acknowledged, "Acknowledged");
    hides("carol takes it", &acknowledged);
    let refused = world.press("carol", &card, "isolate").await;
    assert_eq!(refused["statusCode"], 403, "{refused}");
    hides("carol may not", &refused);

    for word in [
        "list",
        "list all",
        "show INC-1",
        "ticket INC-1",
        "ticket INC0010001",
        "status",
        "outbox",
        "halt because of ws",
        "resume",
        "merge INC-1 INC-9",
        "split INC-1 INC-2",
        "split INC-1 00000000-0000-4000-8000-000000000000",
        "suppress list",
        "suppress 1h INC-1 because test",
        "snooze INC-1 1h because test",
        "snooze INC-1 off",
        "run isolate-host on INC-1 dry",
        "run isolate-host on INC-1",
        "cancel INC-1.r1",
        "undo INC-1.r1",
        "approve INC-1.r1",
        "deny INC-1.r1",
        "ack INC-1",
        "whoami",
        "help",
    ] {
        hides(&format!("carol: {word}"), &world.say("carol", word).await);
    }
    // What one of ours asks there is read there by everybody, and so is what playbooks say.
    // Carol has halted everything and been the first to let it go on.
    world.say("alice", "resume").await;
    world.say("alice", "run talk on INC-1").await;
    let said = async || {
        let messages = world.sim.teams().bot_messages(world.sim.channel_id());
        let talks = |it: &&Value| it["text"].as_str().is_some_and(|it| it.starts_with("INC-1: "));
        messages.iter().find(talks).cloned()
    };
    let told = world.until("a playbook's message", said).await;
    assert_eq!(told["text"], "INC-1: hidden by policy");
    for word in ["list", "show INC-1", "status", "outbox", "suppress list"] {
        hides(&format!("alice: {word}"), &world.say("alice", word).await);
    }
    says("carol: show", &world.say("carol", "show INC-2").await, "contoso-7");
    for message in world.sim.teams().bot_messages(world.sim.channel_id()) {
        hides("the channel", &message);
    }

    // Elsewhere there is what is theirs, and our own see everything.
    let list = elsewhere(&world, "carol", "list all").await;
    says("carol's list", &list, "INC-2");
    assert!(!texts(&list).iter().any(|it| it.contains("INC-1")), "{list}");
    let shown = elsewhere(&world, "carol", "show INC-1").await;
    let none = elsewhere(&world, "carol", "show INC-9").await;
    says("carol asks elsewhere", &shown, "no incident INC-1 that can be shown");
    says("carol asks for what is not there", &none, "no incident INC-9 that can be shown");
    says("alice asks elsewhere", &elsewhere(&world, "alice", "show INC-1").await, "ws-114");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn nobody_approves_what_is_hidden_from_them() {
    let world = shared().await;
    world.ingest(&alert("a-3", "pay-db-02")).await;
    let card = world.card("INC-3", |_| true).await;
    world.press("alice", &card, "isolate").await;
    let request = world.request("INC-3", |card| card.button("deny").is_some()).await;
    assert!(!request.says("pay-db-02") && request.says("hidden by policy"), "{request:?}");
    assert!(request.button("approve").is_none(), "nobody has read it: {request:?}");

    // Whoever may read it sees the button; in other hands it does nothing.
    let seen = world.press("dana", &request, "view").await;
    says("dana looks", &seen, "pay-db-02");
    let whole = super::world::Shown { id: request.id.clone(), card: seen["value"].clone() };
    let approve = whole.button("approve").unwrap();
    let partner = world.press("carol", &request, "view").await;
    assert!(!partner.to_string().contains("pay-db-02"), "{partner}");
    let refused = world.press_button("carol", &request, &approve).await;
    assert_eq!(refused["statusCode"], 403, "{refused}");
    says("carol approves", &refused, "cannot read");
    let digest = world.soc().ledger.incident("INC-3").await.unwrap().unwrap();
    let digest = digest.runs["INC-3.r1"].approval.as_ref().unwrap().digest.clone();
    for word in ["approve INC-3.r1".to_owned(), format!("approve INC-3.r1 {digest}")] {
        let said = world.say("carol", &word).await;
        says(&word, &said, "hidden by policy");
        assert!(!said.to_string().contains("pay-db-02"), "{said}");
    }
    assert_eq!((world.calls("defender.isolate"), world.refused("hidden").await), (0, 1));
    let answer = world.decide("dana", &whole, "approve", "I looked").await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    world
        .until("the host is off", async || (world.effects("defender.isolate") == 1).then_some(()))
        .await;
    for message in world.sim.teams().bot_messages(world.sim.channel_id()) {
        assert!(!message.to_string().contains("pay-db-02"), "{message}");
    }
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn who_is_not_trusted_any_more_reads_a_key_and_does_nothing() {
    let mut world = shared().await;
    let card = world.card("INC-2", |card| card.says("contoso-7")).await;
    let gone = format!("[rbac.trust.{}]", "11111111-0000-4000-8000-000000000000");
    world.again_with(&[(&gone, &format!("[rbac.trust.{PARTNER_TENANT}]"))]).await;
    let refused = world.press("carol", &card, "acknowledge").await;
    assert_eq!(refused["statusCode"], 403, "{refused}");
    says("carol presses", &refused, "not trusted here");
    let view = card.card["refresh"]["action"].clone();
    let person = world.person("carol").in_teams();
    let alice = world.person("alice").in_teams().tenant(PARTNER_TENANT);
    for stranger in [person, alice] {
        let channel = world.sim.channel_id();
        let click = world.sim.teams().click(channel, &stranger, &card.id, &view).unwrap();
        let (_, seen) = world.deliver(&click).await;
        let all = texts(&seen["value"]).join("\n");
        assert!(all.contains("INC-2") && all.contains("hidden by policy"), "{seen}");
        assert!(!all.contains("contoso") && !all.contains("High"), "{seen}");
    }
    for asked in ["show INC-2", "show INC-77"] {
        let said = world.say("carol", asked).await;
        says(asked, &said, asked.trim_start_matches("show "));
        let all = texts(&said).join("\n");
        assert!(!all.contains("contoso") && !all.contains("High"), "{said}");
    }
    // The card that stands there says no more than they may read.
    world.press("alice", &card, "acknowledge").await;
    world
        .until("a card that says nothing", async || {
            let is = |it: &super::world::Shown| it.id == card.id && !it.says("contoso");
            world.cards().into_iter().find(is)
        })
        .await;
    world.finish(Left::default()).await;
}
