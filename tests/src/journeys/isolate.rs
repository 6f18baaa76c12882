//! One click isolates a host: once, whoever presses how often, and whatever the world answers.

use std::time::Duration;

use argus_bot_sdk::testing::fault::Fault;
use argus_sim::{ActionKind, Machine, SOC_ENGINEERS, SimConfig};
use argus_soc::ledger::fact::What;
use serde_json::{Value, json};

use super::world::{Left, Plan, Shown, World, alert};

/// A world with an alert about a host, and its card.
async fn with_card(plan: Plan, host: &str) -> (World, Shown) {
    let world = World::with(plan).await;
    world.ingest(&alert("a-1", host)).await;
    let card = world.card("INC-1", |card| card.button("isolate").is_some()).await;
    (world, card)
}

async fn runs(world: &World) -> usize {
    world.recorded(|what| matches!(what, What::RunCreated { .. })).await
}

fn machine(host: &str) -> String {
    Machine::samples().into_iter().find(|it| it.name.starts_with(host)).unwrap().id
}

/// Alice isolates while the calls of the far side go wrong as said; it happens once.
async fn isolated_once(faults: &[(&str, Fault)]) {
    let (world, card) = with_card(Plan::default(), "ws-114").await;
    for (operation, fault) in faults {
        world.fault(operation, fault.clone());
    }
    let answer = world.press("alice", &card, "isolate").await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let done = world.card("INC-1", |card| card.says("Isolated")).await;
    assert_eq!(done.id, card.id);
    assert!(done.button("isolate").is_none(), "{done:?}");
    assert_eq!(world.effects("defender.isolate"), 1);
    assert_eq!(runs(&world).await, 1);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn alice_isolates() {
    isolated_once(&[]).await;
}

#[tokio::test]
async fn once_although_the_answer_is_lost() {
    isolated_once(&[("defender.isolate", Fault::LoseResponse)]).await;
}

#[tokio::test]
async fn once_although_the_answer_is_an_error_after_the_effect() {
    isolated_once(&[("defender.isolate", Fault::FailAfter(500))]).await;
}

#[tokio::test]
async fn once_although_the_answer_is_something_else() {
    isolated_once(&[("defender.isolate", Fault::Body("{}".into()))]).await;
}

#[tokio::test]
async fn once_although_the_answer_is_lost_and_the_first_look_fails() {
    isolated_once(&[
        ("defender.isolate", Fault::LoseResponse),
        ("defender.list_actions", Fault::FailBefore(503)),
    ])
    .await;
}

#[tokio::test]
async fn once_although_the_first_tries_do_not_arrive() {
    isolated_once(&[
        ("defender.isolate", Fault::FailBefore(500)),
        ("defender.isolate", Fault::Reset),
    ])
    .await;
}

#[tokio::test]
async fn once_although_a_gateway_answers_for_it() {
    isolated_once(&[("defender.isolate", Fault::Html200)]).await;
}

#[tokio::test]
async fn once_although_it_has_to_wait_for_the_limit() {
    let busy = Fault::Status { code: 429, retry_after: Some(1) };
    isolated_once(&[("defender.isolate", busy.clone()), ("defender.isolate", busy)]).await;
}

#[tokio::test]
async fn once_although_nobody_says_how_far_it_is() {
    isolated_once(&[
        ("defender.get_action", Fault::FailBefore(503)),
        ("defender.get_action", Fault::LoseResponse),
    ])
    .await;
}

#[tokio::test]
async fn the_same_click_delivered_five_times_at_once_is_one_click() {
    let (world, card) = with_card(Plan::default(), "ws-114").await;
    world.fault("defender.isolate", Fault::LoseResponse);
    let click = world.press_of("alice", &card, &card.button("isolate").unwrap());
    let deliver = || world.deliver(&click);
    let answers = tokio::join!(deliver(), deliver(), deliver(), deliver(), deliver());
    for answer in [&answers.1, &answers.2, &answers.3, &answers.4] {
        assert_eq!(*answer, answers.0);
    }
    assert_eq!(answers.0.1["statusCode"], 200, "{}", answers.0.1);
    world.card("INC-1", |card| card.says("Isolated")).await;
    assert_eq!(world.deliver(&click).await, answers.0, "a late repeat gets the stored answer");
    assert_eq!((world.effects("defender.isolate"), runs(&world).await), (1, 1));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn five_clicks_at_once_are_one_isolation() {
    let (world, card) = with_card(Plan::default(), "ws-114").await;
    let press = |who| world.press(who, &card, "isolate");
    let answers =
        tokio::join!(press("alice"), press("dana"), press("alice"), press("dana"), press("alice"));
    for answer in [answers.0, answers.1, answers.2, answers.3, answers.4] {
        assert_eq!(answer["statusCode"], 200, "{answer}");
    }
    world.card("INC-1", |card| card.says("Isolated")).await;
    let late = world.press("dana", &card, "isolate").await;
    assert_eq!(late["type"], "application/vnd.microsoft.card.adaptive", "{late}");
    assert_eq!((world.effects("defender.isolate"), runs(&world).await), (1, 1));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn people_without_the_role_are_refused_with_a_reason() {
    let (world, card) = with_card(Plan::default(), "ws-114").await;
    for (who, acts) in [("bob", &["isolate", "acknowledge", "ticket"][..]), ("carol", &["isolate"])]
    {
        for verb in acts {
            let answer = world.press(who, &card, verb).await;
            assert_eq!(answer["statusCode"], 403, "{who} {verb}: {answer}");
            let why = answer["value"]["message"].as_str().unwrap();
            assert!(why.contains("do not have a role"), "{who} {verb}: {why}");
            assert!(why.contains("SOC Engineers"), "{who} {verb}: {why}");
        }
    }
    assert_eq!(world.refused("no_role").await, 4);
    assert_eq!((world.effects("defender.isolate"), runs(&world).await), (0, 0));
    assert_eq!(world.calls("defender.isolate"), 0);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn without_graph_nobody_may() {
    let (world, card) = with_card(Plan::default(), "ws-114").await;
    for fault in [Fault::FailBefore(503), Fault::Reset, Fault::Html200, Fault::Body("{}".into())] {
        world.sim.faults().clear();
        world.sim.faults().always("graph", "*", fault.clone());
        let answer = world.press("alice", &card, "isolate").await;
        assert_eq!(answer["statusCode"], 403, "{fault:?}: {answer}");
        assert!(answer.to_string().contains("could not be checked"), "{fault:?}: {answer}");
    }
    assert_eq!(world.refused("standing_unknown").await, 4);
    assert_eq!((world.calls("defender.isolate"), runs(&world).await), (0, 0));
    world.sim.faults().clear();
    world.press("alice", &card, "isolate").await;
    world.card("INC-1", |card| card.says("Isolated")).await;
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_role_that_is_taken_away_meanwhile_is_missing_when_it_is_done() {
    let (world, card) = with_card(Plan::default(), "ws-114").await;
    world.fault("defender.isolate", Fault::Status { code: 429, retry_after: Some(2) });
    world.press("alice", &card, "isolate").await;
    world
        .until("the first try", async || (world.calls("defender.isolate") == 1).then_some(()))
        .await;
    let alice = world.person("alice").object_id;
    world.sim.hold().people().leave(SOC_ENGINEERS, &alice);
    let card = world.card("INC-1", |card| card.says("no longer permitted")).await;
    assert!(!card.says("Isolated") && card.says("Failed"), "{card:?}");
    assert_eq!((world.effects("defender.isolate"), world.calls("defender.isolate")), (0, 1));
    assert_eq!(world.refused("no_role").await, 1);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn what_somebody_does_in_the_portal_is_adopted() {
    let sim = SimConfig::default().settle(Duration::from_secs(8));
    let (world, card) = with_card(Plan { sim, ..Plan::default() }, "ws-114").await;
    let now = world.sim.now();
    let isolate = ActionKind::Isolate;
    assert!(world.sim.hold().defender().act_in_portal(isolate, &machine("ws-114"), "j.doe", now));
    world.press("alice", &card, "isolate").await;
    world.card("INC-1", |card| card.says("already done by j.doe")).await;
    assert_eq!((world.effects("defender.isolate"), world.calls("defender.isolate")), (0, 1));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_machine_that_cannot_be_isolated_fails_for_good() {
    let (world, card) = with_card(Plan::default(), "hv-console-1").await;
    world.press("alice", &card, "isolate").await;
    let card = world.card("INC-1", |card| card.says("OsPlatformNotSupported")).await;
    assert!(card.says("Failed") && !card.says("Isolated"), "{card:?}");
    assert_eq!((world.effects("defender.isolate"), world.calls("defender.isolate")), (0, 1));
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn an_offline_machine_stays_queued_until_it_hears_of_it() {
    let (world, card) = with_card(Plan::default(), "kiosk-9").await;
    world.press("alice", &card, "isolate").await;
    let looks = || world.calls("defender.get_action");
    world.until("several looks", async || (looks() >= 2).then_some(())).await;
    let card = world.card("INC-1", |card| card.says("Queued, accepted")).await;
    assert!(!card.says("Isolated") && card.button("isolate").is_none(), "{card:?}");
    let now = world.sim.now();
    world.sim.hold().defender().bring_online(&machine("kiosk-9"), now);
    world.card("INC-1", |card| card.says("Isolated")).await;
    assert_eq!(world.effects("defender.isolate"), 1);
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_second_incident_on_an_isolated_host_needs_no_second_isolation() {
    let (world, card) = with_card(Plan::default(), "ws-114").await;
    world.press("alice", &card, "isolate").await;
    world.card("INC-1", |card| card.says("Isolated")).await;
    let mut other = alert("b-1", "ws-114");
    other["event_type"] = json!("lateral_movement");
    world.ingest(&other).await;
    let card = world.card("INC-2", |card| card.button("isolate").is_some()).await;
    world.press("dana", &card, "isolate").await;
    world.card("INC-2", |card| card.says("already done by")).await;
    assert_eq!(world.effects("defender.isolate"), 1);
    world.finish(Left::default()).await;
}

/// Each value of a button that differs from it in one letter of one field, and in odd ways.
fn tampered(button: &Value, other: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for field in ["v", "inc", "act", "nonce", "sig"] {
        let text = button["data"][field].as_str().unwrap();
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] ^= 1;
            let mut changed = button.clone();
            changed["data"][field] = json!(String::from_utf8(bytes).unwrap());
            all.push(changed);
        }
        for odd in [json!(null), json!(7), json!(""), other["data"][field].clone()] {
            if odd != button["data"][field] {
                let mut changed = button.clone();
                changed["data"][field] = odd;
                all.push(changed);
            }
        }
    }
    let mut isolates = button.clone();
    isolates["data"]["act"] = json!("acknowledge");
    all.push(isolates);
    for data in [json!(null), json!([]), json!("x"), json!({}), json!({"host": "ws-114"})] {
        let mut changed = button.clone();
        changed["data"] = data;
        all.push(changed);
    }
    all
}

#[tokio::test]
async fn tampered_buttons_do_nothing_and_are_recorded() {
    let (world, card) = with_card(Plan::default(), "ws-114").await;
    world.ingest(&alert("b-1", "kiosk-9")).await;
    let other = world.card("INC-2", |card| card.button("isolate").is_some()).await;
    let button = card.button("isolate").unwrap();
    let forged = tampered(&button, &other.button("isolate").unwrap());
    for button in &forged {
        let answer = world.press_button("alice", &card, button).await;
        assert_eq!(answer["statusCode"], 400, "{button}: {answer}");
    }
    let elsewhere = "19:elsewhere@thread.tacv2";
    let alice = world.person("alice").in_teams();
    world.sim.teams().open_channel(elsewhere, "Elsewhere", [alice.clone()]);
    let click = world.sim.teams().click(elsewhere, &alice, &card.id, &button).unwrap();
    let (_, answer) = world.deliver(&click).await;
    assert!(answer.to_string().contains("copied from another conversation"), "{answer}");
    let refused = (world.refused("forged_button").await, world.refused("copied_button").await);
    assert_eq!(refused, (forged.len(), 1));
    assert_eq!((runs(&world).await, world.calls("defender.isolate")), (0, 0));
    let honest = world.press("alice", &card, "acknowledge").await;
    assert_eq!(honest["statusCode"], 200, "{honest}");
    world.finish(Left::default()).await;
}
