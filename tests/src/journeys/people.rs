//! Who somebody is: what Teams vouches for, and nothing that can be chosen.

use argus_bot_sdk::testing::Person;
use argus_sim::PARTNER_TENANT;
use serde_json::{Value, json};

use super::world::{Left, Shown, World, alert, texts};

async fn with_card() -> (World, Shown) {
    let world = World::new().await;
    world.ingest(&alert("a-1", "ws-114")).await;
    let card = world.card("INC-1", |card| card.button("isolate").is_some()).await;
    (world, card)
}

/// Alice's click on Isolate, by somebody else.
fn isolate_by(world: &World, shown: &Shown, person: &Person) -> Value {
    let button = shown.button("isolate").unwrap();
    world.sim.teams().click(world.sim.channel_id(), person, &shown.id, &button).unwrap()
}

#[tokio::test]
async fn an_object_id_counts_in_its_own_tenant_only() {
    let (world, card) = with_card().await;
    let alice = world.person("alice").in_teams();
    for tenant in [PARTNER_TENANT, "99999999-0000-4000-8000-000000000000"] {
        let twin = alice.clone().tenant(tenant);
        let (status, answer) = world.deliver(&isolate_by(&world, &card, &twin)).await;
        assert_eq!((status, &answer["statusCode"]), (200, &json!(403)), "{tenant}: {answer}");
    }
    assert_eq!((world.refused("no_role").await, world.refused("stranger").await), (1, 1));
    assert_eq!(world.calls("defender.isolate"), 0);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_name_is_not_an_identity() {
    let (world, card) = with_card().await;
    let bob = world.person("bob");
    let namesake = Person::new("Alice Berg").object_id(&bob.object_id).tenant(&bob.tenant_id);
    let (_, answer) = world.deliver(&isolate_by(&world, &card, &namesake)).await;
    assert_eq!(answer["statusCode"], 403, "{answer}");
    for object_id in [json!(null), json!(""), json!("../users/x"), json!(7)] {
        let mut click = isolate_by(&world, &card, &world.person("alice").in_teams());
        click["from"]["aadObjectId"] = object_id.clone();
        let (status, answer) = world.deliver(&click).await;
        let refused = status == 400 || answer["statusCode"] == 403;
        assert!(refused, "{object_id}: {status} {answer}");
    }
    assert_eq!(world.calls("defender.isolate"), 0);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_card_in_a_personal_chat_works_there_and_nowhere_else() {
    let (world, _) = with_card().await;
    let alice = world.person("alice").in_teams();
    let chat = world.sim.teams().personal(&alice);
    let said = world.sim.teams().say(&chat, &alice, "show INC-1").unwrap();
    assert_eq!(world.deliver(&said).await.0, 202);
    let shown = world
        .until("a card in the chat", async || {
            let message = world.sim.teams().bot_messages(&chat).pop()?;
            let card = message.pointer("/attachments/0/content")?.clone();
            Some(Shown { id: message["id"].as_str()?.to_owned(), card })
        })
        .await;
    let elsewhere = isolate_by(&world, &shown, &alice);
    let (_, copied) = world.deliver(&elsewhere).await;
    assert!(copied.to_string().contains("copied from another conversation"), "{copied}");
    assert_eq!(world.calls("defender.isolate"), 0);
    let button = shown.button("isolate").unwrap();
    let click = world.sim.teams().click(&chat, &alice, &shown.id, &button).unwrap();
    let (_, answer) = world.deliver(&click).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    assert!(texts(&answer).iter().any(|it| it.contains("Queued")), "{answer}");
    world.card("INC-1", |card| card.says("Isolated")).await;
    assert_eq!(world.effects("defender.isolate"), 1);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn new_keys_and_revoked_tokens_stop_nobody() {
    let (world, card) = with_card().await;
    world.sim.entra().rotate();
    world.sim.entra().revoke_issued();
    let answer = world.press("alice", &card, "isolate").await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    world.card("INC-1", |card| card.says("Isolated")).await;
    assert_eq!((world.effects("defender.isolate"), world.cards().len()), (1, 1));
    world.finish(Left::default()).await;
}
