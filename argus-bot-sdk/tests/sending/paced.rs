//! A sender at full speed in front of a Teams with its published limits.

use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::connector::{Roster, SendErrorKind};
use argus_bot_sdk::testing::TeamsLimits;
use argus_bot_sdk::{Activity, Connector, ConversationRef};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::world::{TokioClock, World};

/// Sends all at once and gives how long it took; a 429 fails the test.
async fn storm(world: World, to: &[ConversationRef], each: usize) -> Duration {
    let connector =
        Arc::new(world.connector.deadline(Duration::from_hours(3)).patience(Duration::ZERO));
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for to in to {
        for n in 0..each {
            let (connector, to) = (Arc::clone(&connector), to.clone());
            tasks.spawn(async move {
                connector.send(&to, &Activity::message(n.to_string())).await.map(drop)
            });
        }
    }
    while let Some(sent) = tasks.join_next().await {
        sent.unwrap().unwrap();
    }
    let took = started.elapsed();
    for to in to {
        assert_eq!(world.teams.bot_messages(&to.conversation_id).len(), each);
    }
    took
}

#[tokio::test(start_paused = true)]
async fn one_conversation_at_full_speed_gets_no_429() {
    let world = World::with(TeamsLimits::published(), TokioClock::start()).await;
    let channel = world.channel();
    let took = storm(world, &[channel], 180).await;
    // 60 in each 30 s: two windows have to pass, and little more.
    assert!(took >= Duration::from_mins(1) && took < Duration::from_secs(90), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn many_conversations_at_full_speed_get_no_429() {
    let world = World::with(TeamsLimits::published(), TokioClock::start()).await;
    let to: Vec<_> = (0..60).map(|n| world.at(&world.teams.channel(&n.to_string(), []))).collect();
    let took = storm(world, &to, 7).await;
    // 420 sends at 50 in a second.
    assert!(took >= Duration::from_secs(8) && took < Duration::from_secs(12), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn readers_are_held_back_too() {
    let world = World::with(TeamsLimits::published(), TokioClock::start()).await;
    let channel = world.at(&world.teams.channel("Everybody", []));
    let connector = world.connector.deadline(Duration::from_mins(5)).patience(Duration::ZERO);
    let started = Instant::now();
    let roster = Roster::new(&connector, &channel);
    for _ in 0..150 {
        roster.page(None).await.unwrap();
    }
    assert!(started.elapsed() >= Duration::from_secs(30), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_cannot_wait_is_told_how_long() {
    let world = World::with(TeamsLimits::published(), TokioClock::start()).await;
    let channel = world.channel();
    let connector = world.connector.deadline(Duration::from_millis(100)).patience(Duration::ZERO);
    for _ in 0..7 {
        connector.send(&channel, &Activity::message("x")).await.unwrap();
    }
    let refused = connector.send(&channel, &Activity::message("x")).await.unwrap_err();
    assert_eq!((refused.kind(), refused.status()), (SendErrorKind::Throttled, None));
    assert!(refused.retry_after().unwrap() > Duration::from_millis(800));
    assert_eq!(world.teams.bot_messages(&channel.conversation_id).len(), 7);
}
