//! Was this you? Whoever is asked answers, nobody else does, and no answer is no answer.

use argus_bot_sdk::testing::fault::Fault;
use argus_soc::ledger::fact::What;
use argus_soc::run::UserAnswer;
use serde_json::{Value, json};

use super::world::{Left, Plan, Shown, World, alert};

const ASK: &str = "\
playbook: {id: ask, name: Ask, version: \"1.0.0\"}
actions:
  - {id: ask, type: ask_user, target: \"{{ entity.user }}\", rollback: none # nothing to undo
    }
  - {id: tell, type: notify, needs: [ask], when: \"steps.ask.detail == 'no'\", parameters: {message: \"it was not them\"}, rollback: none # a message
    }
";
const BRIEF: &str = "\
playbook: {id: brief, name: Brief, version: \"1.0.0\"}
actions:
  - {id: ask, type: ask_user, target: \"{{ entity.user }}\", parameters: {for: 500ms}, rollback: none # nothing to undo
    }
";

/// A world in which a playbook asks Alice, and her chat.
async fn asked(playbook: &str, faults: &[(&str, Fault)]) -> (World, String) {
    let world = World::with(Plan { playbooks: &[ASK, BRIEF], ..Plan::default() }).await;
    let mut event = alert("a-1", "ws-114");
    event["entities"] = json!([{
        "type": "user", "value": "alice", "ids": { "aad_user_id": world.person("alice").object_id },
    }]);
    world.ingest(&event).await;
    world.card("INC-1", |card| card.button("isolate").is_some()).await;
    for (operation, fault) in faults {
        world.fault(operation, fault.clone());
    }
    world.say("dana", &format!("run {playbook} on INC-1")).await;
    let chat = world.sim.teams().personal(&world.person("alice").in_teams());
    (world, chat)
}

/// The incident's living card, once it says this: what `run` answered with stands there as well.
async fn says(world: &World, text: &str) {
    let look =
        async || world.cards_of("INC-1").into_iter().next().filter(|it| it.says(text)).map(drop);
    world.until(text, look).await;
}

async fn question(world: &World, chat: &str) -> Shown {
    let look = async || {
        let message = world.sim.teams().bot_messages(chat).pop()?;
        let card = message.pointer("/attachments/0/content")?.clone();
        Some(Shown { id: message["id"].as_str()?.to_owned(), card })
    };
    world.until("a question", look).await
}

async fn press(world: &World, chat: &str, who: &str, shown: &Shown, verb: &str) -> Value {
    let person = world.person(who).in_teams();
    let button = shown.button(verb).unwrap();
    let click = world.sim.teams().click(chat, &person, &shown.id, &button).unwrap();
    world.deliver(&click).await.1
}

async fn answered(world: &World, wanted: UserAnswer) -> usize {
    world.recorded(|it| matches!(it, What::UserAnswered { answer, .. } if *answer == wanted)).await
}

#[tokio::test]
async fn only_whoever_was_asked_answers_and_once() {
    let (world, chat) = asked("ask", &[]).await;
    let shown = question(&world, &chat).await;
    assert!(shown.says("Was this you?") && !shown.says("Malware"), "{shown:?}");
    // An engineer who got hold of the button is not the user.
    let other = press(&world, &chat, "dana", &shown, "user_yes").await;
    assert!(other["statusCode"] == 403 && other.to_string().contains("somebody else"), "{other}");
    let copied = press(&world, world.sim.channel_id(), "alice", &shown, "user_yes").await;
    assert!(copied.to_string().contains("copied from another conversation"), "{copied}");
    assert_eq!(answered(&world, UserAnswer::Yes).await, 0);
    let thanks = press(&world, &chat, "alice", &shown, "user_no").await;
    assert!(thanks.to_string().contains("you say that it was not you"), "{thanks}");
    let again = press(&world, &chat, "alice", &shown, "user_yes").await;
    assert!(again.to_string().contains("answered before"), "{again}");
    says(&world, "says that it was not them").await;
    world
        .until("what follows from a no", async || {
            let said = world.sim.teams().bot_messages(world.sim.channel_id());
            said.iter().any(|it| it.to_string().contains("INC-1: it was not them")).then_some(())
        })
        .await;
    assert_eq!(
        (answered(&world, UserAnswer::No).await, answered(&world, UserAnswer::Yes).await),
        (1, 0)
    );
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn no_answer_in_time_is_no_answer() {
    let (world, chat) = asked("brief", &[]).await;
    let shown = question(&world, &chat).await;
    says(&world, "no answer in time").await;
    let late = press(&world, &chat, "alice", &shown, "user_yes").await;
    assert!(late.to_string().contains("its time is over"), "{late}");
    assert_eq!(
        (answered(&world, UserAnswer::None).await, answered(&world, UserAnswer::Yes).await),
        (1, 0)
    );
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn whoever_has_blocked_the_bot_is_not_asked_and_the_step_says_so() {
    let blocked = Fault::Status { code: 403, retry_after: None };
    let (world, _) = asked("ask", &[("teams.create_conversation", blocked)]).await;
    says(&world, "ask: failed").await;
    let failed = |what: &What| matches!(what, What::Answered { step, outcome: argus_soc::effect::Outcome::Failed { .. }, .. } if step == "ask");
    assert_eq!(world.recorded(failed).await, 1);
    world.finish(Left::default()).await;
}
