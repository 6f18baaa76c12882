//! Messages that grow, by Teams' rules.

use std::time::Duration;

use argus_bot_sdk::connector::{Finished, Growth, StreamReply};
use argus_bot_sdk::testing::fault::Fault;
use argus_bot_sdk::testing::{Change, TeamsLimits};
use argus_bot_sdk::{Activity, ActivityKind, Connector as _, ConversationRef};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::world::{TokioClock, World};

async fn world() -> World {
    let world = World::with(TeamsLimits::published(), TokioClock::start()).await;
    World { connector: world.connector.patience(Duration::ZERO), ..world }
}

fn only(world: &World, to: &ConversationRef) -> Value {
    let said = world.teams.bot_messages(&to.conversation_id);
    assert_eq!(said.len(), 1, "{said:?}");
    said.into_iter().next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn words_come_together_about_once_a_second() {
    let world = world().await;
    let to = world.chat();
    let mut changes = world.teams.subscribe();
    let mut answer = StreamReply::new(&world.connector, &to).gap(Duration::ZERO);
    assert_eq!(answer.inform("Reading…").await.unwrap(), Growth::Shown);
    let started = Instant::now();
    for n in 0..100 {
        answer.push(&format!("{n} ")).await.unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    let finished = answer.finish().await.unwrap();
    assert!(matches!(finished, Finished::Streamed(_)), "{finished:?}");
    assert!(started.elapsed() < Duration::from_secs(13));
    let mut parts = Vec::new();
    while let Ok(change) = changes.try_recv() {
        parts.push((change.change, change.shown.activity));
    }
    assert!(parts.len() > 8 && parts.len() < 14, "{} parts", parts.len());
    let info = |at: usize| parts[at].1["entities"][0].clone();
    assert_eq!(parts[0].0, Change::Posted);
    assert_eq!(
        info(0),
        json!({"type": "streaminfo", "streamType": "informative", "streamSequence": 1})
    );
    let id = parts[0].1["id"].clone();
    assert_eq!(
        info(1),
        json!({"type": "streaminfo", "streamType": "streaming", "streamId": id, "streamSequence": 2})
    );
    assert_eq!(
        info(parts.len() - 1),
        json!({"type": "streaminfo", "streamType": "final", "streamId": id})
    );
    let whole: String = (0..100).flat_map(|n| [n.to_string(), " ".to_owned()]).collect();
    assert_eq!(only(&world, &to)["text"], whole);
}

#[tokio::test(start_paused = true)]
async fn where_messages_cannot_grow_they_come_whole() {
    let world = world().await;
    let group = world.at(&world.teams.group_chat("On call", [world.alice.clone()]));
    for to in [world.channel(), group] {
        let mut answer = StreamReply::new(&world.connector, &to);
        for word in ["all ", "at ", "once"] {
            assert_eq!(answer.push(word).await.unwrap(), Growth::Kept);
        }
        assert!(matches!(answer.finish().await.unwrap(), Finished::Plain(_)));
        assert_eq!(only(&world, &to)["text"], "all at once");
        assert!(only(&world, &to).get("entities").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn stop_means_stop() {
    let world = world().await;
    let to = world.chat();
    let mut answer = StreamReply::new(&world.connector, &to);
    answer.push("a long ").await.unwrap();
    let id = only(&world, &to)["id"].as_str().unwrap().to_owned();
    world.teams.stop_stream(&to.conversation_id, &id);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(answer.push("story").await.unwrap(), Growth::Stopped);
    assert_eq!(answer.push("!").await.unwrap(), Growth::Stopped);
    assert_eq!(answer.finish().await.unwrap(), Finished::Stopped);
    assert_eq!(only(&world, &to)["text"], "a long ");
}

#[tokio::test(start_paused = true)]
async fn after_two_minutes_the_end_is_an_edit() {
    let world = world().await;
    let to = world.chat();
    let mut answer = StreamReply::new(&world.connector, &to);
    for _ in 0..150 {
        answer.push("x").await.unwrap();
        sleep(Duration::from_secs(1)).await;
    }
    let last = Activity::message("in short: x");
    assert!(matches!(answer.finish_with(last).await.unwrap(), Finished::Plain(_)));
    assert_eq!(only(&world, &to)["text"], "in short: x");

    // And when nothing was pushed until it was too late.
    let to = world.at(&world.teams.personal(&argus_bot_sdk::testing::Person::new("Ben Cole")));
    let mut answer = StreamReply::new(&world.connector, &to);
    answer.push("slow ").await.unwrap();
    sleep(Duration::from_secs(200)).await;
    assert_eq!(answer.push("model").await.unwrap(), Growth::Kept);
    assert!(matches!(answer.finish().await.unwrap(), Finished::Plain(_)));
    assert_eq!(only(&world, &to)["text"], "slow model");
}

#[tokio::test(start_paused = true)]
async fn a_lost_part_does_no_harm() {
    let world = world().await;
    let to = world.chat();
    let mut answer = StreamReply::new(&world.connector, &to);
    for (n, fault) in [
        None,
        Some(Fault::LoseResponse),
        Some(Fault::FailBefore(502)),
        Some(Fault::Status { code: 429, retry_after: Some(3) }),
        None,
    ]
    .into_iter()
    .enumerate()
    {
        if let Some(fault) = fault {
            world.teams.faults().push("teams", "send", fault);
        }
        answer.push(&n.to_string()).await.unwrap();
        sleep(Duration::from_secs(4)).await;
    }
    assert!(matches!(answer.finish().await.unwrap(), Finished::Streamed(_)));
    assert_eq!(only(&world, &to)["text"], "01234");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_came_late_is_left_out() {
    let world = world().await;
    let to = world.chat();
    let mut answer = StreamReply::new(&world.connector, &to);
    answer.push("a").await.unwrap();
    sleep(Duration::from_secs(2)).await;
    // Somebody else numbered a part far ahead.
    let id = only(&world, &to)["id"].clone();
    let mut ahead = Activity::message("b");
    ahead.kind = ActivityKind::Typing;
    ahead.entities = Some(
        vec![json!({"type": "streaminfo", "streamType": "streaming",
        "streamId": id, "streamSequence": 9})]
        .into(),
    );
    world.connector.send(&to, &ahead).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(answer.push("b").await.unwrap(), Growth::Kept);
    assert!(matches!(answer.finish().await.unwrap(), Finished::Streamed(_)));
    assert_eq!(only(&world, &to)["text"], "ab");
}
