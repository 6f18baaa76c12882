//! People ask in the channel, each with their own rights.

use serde_json::{Value, json};

use super::world::{Left, World, alert, texts};

async fn check(world: &World, who: &str, asks: &str, wanted: &[&str], never: &[&str]) {
    let said = world.say(who, asks).await;
    let all = texts(&said).join("\n");
    for text in wanted {
        assert!(all.contains(text), "{who}: {asks}: no {text:?} in {said}");
    }
    for text in never {
        assert!(!all.contains(text), "{who}: {asks}: {text:?} in {said}");
    }
}

#[tokio::test]
async fn everybody_gets_the_answers_that_are_theirs() {
    let world = World::new().await;
    world.ingest(&alert("a-1", "ws-114")).await;
    let mut low = alert("b-1", "kiosk-9");
    low["severity"] = json!("low");
    world.ingest(&low).await;
    world.card("INC-1", |_| true).await;
    world.card("INC-2", |_| true).await;

    let both = ["INC-1", "Malware on ws-114", "INC-2", "Malware on kiosk-9"];
    check(&world, "alice", "help", &["`whoami`", "`list high`", "`ticket INC-7`"], &[]).await;
    check(&world, "alice", "whoami", &["Alice Berg", "SOC Engineers"], &[]).await;
    check(&world, "alice", "list", &both, &[]).await;
    check(&world, "alice", "LIST high", &["INC-1"], &["INC-2"]).await;
    check(&world, "alice", "list critical", &["none"], &["INC-1"]).await;
    check(&world, "alice", "show INC-1", &["Malware on ws-114", "Isolate host"], &[]).await;
    check(&world, "alice", "show inc-2", &["Malware on kiosk-9"], &[]).await;
    check(&world, "alice", "show inc-999", &["no incident"], &["Isolate"]).await;
    check(&world, "alice", "ticket INC-1", &["no ticket"], &[]).await;
    check(&world, "alice", "ticket INC0019999", &["no such ticket"], &[]).await;
    check(&world, "alice", "status", &["Argus is up", "2 open of 2", "2 accepted"], &[]).await;
    check(&world, "alice", "frobnicate <at>all</at>", &["frobnicate", "help"], &["<at>"]).await;

    check(&world, "bob", "help", &["`whoami`"], &[]).await;
    check(&world, "bob", "whoami", &["Bob Lind", "no role"], &[]).await;
    for asks in ["list", "show INC-1", "ticket INC-1", "status"] {
        let wanted = ["do not have a role", "SOC Engineers"];
        check(&world, "bob", asks, &wanted, &["Malware", "open of", "no ticket"]).await;
    }

    check(&world, "carol", "whoami", &["Carol Reyes", "partner", "viewer"], &[]).await;
    let theirs = ["Malware", "ws-114", "kiosk-9"];
    check(&world, "carol", "list", &["INC-1", "INC-2", "hidden by policy"], &theirs).await;
    check(&world, "carol", "show INC-1", &["INC-1", "hidden by policy"], &theirs).await;
    check(&world, "carol", "status", &["Argus is up"], &["2 open of 2"]).await;
    assert_eq!(world.refused("no_role").await, 4, "each refusal stands in the audit trail");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_card_that_was_asked_for_works_like_the_first_one() {
    let world = World::new().await;
    world.ingest(&alert("a-1", "ws-114")).await;
    world.card("INC-1", |_| true).await;
    let said = world.say("alice", "show INC-1").await;
    let shown = super::world::Shown {
        id: said["id"].as_str().unwrap().to_owned(),
        card: said["attachments"][0]["content"].clone(),
    };
    let answer = world.press("alice", &shown, "acknowledge").await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    assert!(texts(&answer).iter().any(|it| it.contains("Acknowledged by Alice Berg")), "{answer}");
    until_all_cards_say(&world, "Acknowledged by Alice Berg").await;
    world.finish(Left::default()).await;
}

async fn until_all_cards_say(world: &World, text: &str) {
    let first = world.cards_of("INC-1").remove(0);
    world
        .until("the first card changes too", async || {
            let now = world.cards_of("INC-1").into_iter().find(|card| card.id == first.id)?;
            now.says(text).then_some(())
        })
        .await;
}

#[tokio::test]
async fn the_same_message_delivered_again_is_answered_once() {
    let world = World::new().await;
    let channel = world.sim.channel_id().to_owned();
    let alice = world.person("alice").in_teams();
    let said = world.sim.teams().say(&channel, &alice, "whoami").unwrap();
    for _ in 0..3 {
        assert_eq!(world.deliver(&said).await, (202, Value::Null));
    }
    world.say("alice", "help").await;
    assert_eq!(world.sim.teams().bot_messages(&channel).len(), 2);
    world.finish(Left::default()).await;
}
