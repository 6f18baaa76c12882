//! The outbox between a bot and a Teams that has bad days.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_bot_sdk::connector::Guarantee;
use argus_bot_sdk::outbox::{
    Draft, MemoryStore, Outbox, OutboxStore, Priority, SqliteStore, State, Worker, suite,
};
use argus_bot_sdk::testing::fault::Fault;
use argus_bot_sdk::testing::{Life, TeamsLimits};
use argus_bot_sdk::{Activity, ConversationRef, Error};
use tokio::time::Instant;

use super::world::{TokioClock, World};

#[tokio::test]
async fn the_memory_store_keeps_its_promises() -> Result<(), Error> {
    let kept: Mutex<HashMap<usize, Arc<MemoryStore>>> = Mutex::default();
    let open =
        |n| Ok(Arc::clone(kept.lock().unwrap().entry(n).or_default()) as Arc<dyn OutboxStore>);
    suite::store(open).await?;
    suite::crashes(open).await
}

#[tokio::test]
async fn the_sqlite_store_keeps_its_promises() -> Result<(), Error> {
    let folder = tempfile::tempdir().unwrap();
    let open = |n: usize| {
        let store = SqliteStore::open(&folder.path().join(format!("{n}.db")))?;
        Ok(Arc::new(store) as Arc<dyn OutboxStore>)
    };
    suite::store(open).await?;
    suite::crashes(open).await?;
    let first = open(0)?;
    assert!(open(0).is_err(), "two processes have one outbox");
    drop(first);
    Ok(())
}

async fn outbox() -> Outbox {
    Outbox::open(Arc::new(MemoryStore::new())).await.unwrap()
}

fn draft(to: &ConversationRef, text: &str) -> Draft {
    Draft::send(to.clone(), Activity::message(text))
}

fn texts(world: &World, to: &ConversationRef) -> Vec<String> {
    let said = world.teams.bot_messages(&to.conversation_id);
    said.iter().map(|it| it["text"].as_str().unwrap_or("-").to_owned()).collect()
}

#[tokio::test]
async fn the_urgent_goes_first_and_order_is_kept() {
    let world = World::new().await;
    let outbox = outbox().await;
    let (one, two) = (world.channel(), world.chat());
    for text in ["a", "b"] {
        outbox.put(draft(&one, text)).await.unwrap();
    }
    outbox.put(draft(&two, "late").priority(Priority::Low)).await.unwrap();
    outbox.put(draft(&one, "urgent").priority(Priority::High)).await.unwrap();
    let mut changes = world.teams.subscribe();
    Worker::new(&outbox, &world.connector).at_once(1).drain().await.unwrap();
    let mut order = Vec::new();
    while let Ok(change) = changes.try_recv() {
        order.push(change.shown.activity["text"].as_str().unwrap().to_owned());
    }
    assert_eq!(order, ["a", "b", "urgent", "late"]);
}

#[tokio::test]
async fn a_card_shows_its_latest_state() {
    let world = World::new().await;
    let outbox = outbox().await;
    let to = world.channel();
    let update = |ticket, text: &str| {
        Draft::update_of(to.clone(), ticket, Activity::message(text)).supersedes("card")
    };
    let card = outbox.put(draft(&to, "1").supersedes("card")).await.unwrap();
    let mut last = card;
    for text in ["2", "3"] {
        last = outbox.put(update(last, text)).await.unwrap();
    }
    let worker = Worker::new(&outbox, &world.connector);
    worker.drain().await.unwrap();
    assert_eq!(texts(&world, &to), ["3"], "shown once, with the latest");
    for text in ["4", "5", "6"] {
        last = outbox.put(update(last, text)).await.unwrap();
    }
    outbox.put(draft(&to, "another")).await.unwrap();
    worker.drain().await.unwrap();
    assert_eq!(texts(&world, &to), ["6", "another"]);
    let faults = world.teams.faults();
    let id = world.teams.bot_messages(&to.conversation_id)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(faults.effects("teams", "update", &id), 1, "what is old is not shown");

    outbox.put(Draft::delete_of(to.clone(), last)).await.unwrap();
    worker.drain().await.unwrap();
    assert_eq!(texts(&world, &to), ["another"]);
    let State::Sent(receipt) = outbox.state(last).await.unwrap() else { panic!("not sent") };
    assert_eq!(receipt.activity_id, Some(id));
    assert!(receipt.correlation.is_some());
}

#[tokio::test]
async fn a_lost_answer_is_repeated_or_put_on_record() {
    let world = World::new().await;
    let outbox = outbox().await;
    let to = world.chat();
    let worker = Worker::new(&outbox, &world.connector);
    world.teams.faults().push("teams", "send", Fault::LoseResponse);
    let chatty = outbox.put(draft(&to, "chatty")).await.unwrap();
    worker.drain().await.unwrap();
    assert_eq!(outbox.state(chatty).await, Some(State::Ambiguous));
    assert_eq!((texts(&world, &to).len(), outbox.ambiguous().await.len()), (1, 1));

    world.teams.faults().push("teams", "send", Fault::LoseResponse);
    let alert = draft(&to, "alert").guarantee(Guarantee::AtLeastOnce);
    let alert = outbox.put(alert).await.unwrap();
    worker.drain().await.unwrap();
    let said = texts(&world, &to);
    assert_eq!(said[1..], ["alert", "alert\n\n_You may have seen this before._"]);
    let State::Sent(receipt) = outbox.state(alert).await.unwrap() else { panic!("not sent") };
    assert!(receipt.maybe_twice);
}

#[tokio::test]
async fn what_is_refused_for_good_is_a_dead_letter() {
    let world = World::new().await;
    let outbox = outbox().await;
    let (to, other) = (world.chat(), world.channel());
    world.teams.set_life(&to.conversation_id, Life::BlockedByUser);
    let dead = outbox.put(draft(&to, "x").key("x")).await.unwrap();
    let orphan = Draft::update_of(to.clone(), dead, Activity::message("y"));
    outbox.put(orphan).await.unwrap();
    outbox.put(draft(&other, "lives")).await.unwrap();
    let worker = Worker::new(&outbox, &world.connector);
    worker.drain().await.unwrap();
    assert_eq!(outbox.dead_letters().await.len(), 2);
    let reason = "the bot is no longer in the conversation (ConversationBlockedByUser)".to_owned();
    assert_eq!(outbox.state(dead).await, Some(State::Dead { reason }));
    assert_eq!(texts(&world, &other), ["lives"]);

    world.teams.set_life(&to.conversation_id, Life::Active);
    let again = outbox.revive(dead).await.unwrap();
    assert!(outbox.revive(again).await.is_err(), "it waits already");
    worker.drain().await.unwrap();
    assert_eq!(texts(&world, &to), ["x"]);
    assert_eq!(outbox.put(draft(&to, "x").key("x")).await.unwrap(), again, "one key, one draft");
}

#[tokio::test]
async fn what_is_settled_can_be_forgotten() {
    let world = World::new().await;
    let store = Arc::new(MemoryStore::new());
    let outbox = Outbox::open(Arc::clone(&store) as Arc<dyn OutboxStore>).await.unwrap();
    let to = world.chat();
    let card = outbox.put(draft(&to, "card")).await.unwrap();
    outbox.put(draft(&to, "more")).await.unwrap();
    outbox.put(draft(&to, "last")).await.unwrap();
    let worker = Worker::new(&outbox, &world.connector);
    worker.drain().await.unwrap();
    outbox.put(Draft::update_of(to.clone(), card, Activity::message("new"))).await.unwrap();
    assert_eq!(outbox.prune(i64::MAX).await.unwrap(), 2, "an update needs the first");
    worker.drain().await.unwrap();
    assert_eq!(texts(&world, &to), ["new", "more", "last"]);
    assert_eq!(store.load().await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_backlog_drains_as_fast_as_teams_allows_without_a_429() {
    let clock = TokioClock::start();
    let world = World::with(TeamsLimits::published(), Arc::clone(&clock)).await;
    let connector = world.connector.patience(Duration::ZERO).deadline(Duration::from_mins(1));
    let store = Arc::new(MemoryStore::new());
    let outbox = Outbox::open_at(store, clock).await.unwrap();
    let to: Vec<_> = (0..40)
        .map(|n| {
            let channel = world.teams.channel(&n.to_string(), []);
            ConversationRef::new(world.teams.service_url(), channel)
        })
        .collect();
    for n in 0..1_000 {
        outbox.put(draft(&to[n % 40], &n.to_string())).await.unwrap();
    }
    let started = Instant::now();
    Worker::new(&outbox, &connector).drain().await.unwrap();
    // 50 a second is the tenant's limit: 20 s for 1,000, and a twentieth more for the steps.
    let took = started.elapsed();
    assert!(took <= Duration::from_secs(21) && took >= Duration::from_secs(19), "{took:?}");
    let tries: u32 = store_tries(&outbox).await;
    assert_eq!(tries, 1_000, "something was tried twice");
    for (n, to) in to.iter().enumerate() {
        let said = world.teams.bot_messages(&to.conversation_id);
        let said: Vec<_> = said.iter().map(|it| it["text"].as_str().unwrap()).collect();
        let expected: Vec<_> = (0..25).map(|k| (40 * k + n).to_string()).collect();
        assert_eq!(said, expected);
    }
}

async fn store_tries(outbox: &Outbox) -> u32 {
    let mut tries = 0;
    for ticket in 1..=1_000 {
        tries += outbox.entry(argus_bot_sdk::outbox::Ticket(ticket)).await.unwrap().tries;
    }
    tries
}

#[tokio::test]
async fn a_worker_stops_when_it_is_told_to() {
    let world = World::new().await;
    let outbox = outbox().await;
    let to = world.chat();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = Worker::new(&outbox, &world.connector);
    let run = worker.run(async { drop(stopped.await) });
    let mut changes = world.teams.subscribe();
    let feed = async {
        outbox.put(draft(&to, "while it runs")).await.unwrap();
        changes.recv().await.unwrap();
        stop.send(()).unwrap();
    };
    tokio::join!(run, feed);
    assert_eq!(outbox.waiting().await, 0);
}
