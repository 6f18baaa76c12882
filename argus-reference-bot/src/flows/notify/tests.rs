//! What Teams says, and what becomes of the cards.

use argus_bot_sdk::connector::{SendError, SendErrorKind};
use argus_soc::ledger::fact::Actor;

use super::*;
use crate::config::Storm;
use crate::flows::ask::Answer;
use crate::flows::outbox::{Fate, settle};
use crate::flows::world::{SOC, World, ann, place, receive, until};
use crate::ports::ledger::documents::find;

async fn bulletin(soc: &Soc, id: &str) -> Bulletin {
    find::<Bulletin>(&*soc.ledger, id).await.expect("read").expect("a bulletin").1
}

/// Runs the notifier for as long as `until_then` takes.
async fn notifying(soc: &Arc<Soc>, until_then: impl Future<Output = ()>) {
    let (end, ended) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(notify(Arc::clone(soc), ended));
    until_then.await;
    end.send_replace(true);
    tasks.join_all().await;
}

fn said(answer: &Answer) -> String {
    match answer {
        Answer::Text(text) => text.clone(),
        Answer::Card(card) => card.to_string(),
    }
}

/// Five incidents in a conversation from which the bot was removed; so many cards stand alone.
async fn abandoned(world: &World, alone: u32) -> Arc<Soc> {
    let storm = Storm { digest_above: alone, ..Storm::default() };
    let soc = Arc::new(Soc { storm, ..world.soc(&[]) });
    for n in 0..5 {
        receive(&soc, n).await;
    }
    place(&soc).await;
    world.teams.say(Err(SendError::new(SendErrorKind::Dormant)));
    let given_up = until("cards that are given up", async || {
        (soc.ledger.counts().await.ok()?.dead == u64::from(alone)).then_some(())
    });
    notifying(&soc, given_up).await;
    soc
}

#[tokio::test]
async fn however_many_were_given_up_all_are_tried_again() {
    let world = World::default();
    let soc = abandoned(&world, 5).await;
    let told = said(&soc.outbox(&ann(), "retry INC-2", "c").await.expect("said"));
    assert_eq!(told, "1 card is tried again.");
    let told = said(&soc.outbox(&ann(), "retry", "c").await.expect("said"));
    assert_eq!(told, "4 cards are tried again.");
    assert_eq!(soc.ledger.counts().await.expect("counted").dead, 0);
}

#[tokio::test]
async fn what_a_digest_covers_that_was_given_up_is_listed_and_comes_back() {
    let world = World::default();
    let soc = abandoned(&world, 2).await;
    let list = said(&soc.outbox(&ann(), "", "c").await.expect("a list"));
    assert!(list.contains("D-1 (which shows 3 incidents)"), "{list}");
    assert!(list.contains("Given up: 3"), "two cards and the digest: {list}");

    let covered = soc.ledger.digested("D-1", 0, 9).await.expect("read").0;
    let key = covered.first().expect("an incident").key.clone();
    let fact = |what| Fact::new(soc.clock.now(), Actor::service("test"), "c", what);
    let retried = settle(&*soc.ledger, Fate::Retry, Some(&key), fact).await.expect("settled");
    assert_eq!((retried.cards.len(), retried.bulletins.len()), (0, 1), "what shows {key}");
    let shown = until("the digest", async || {
        let it = bulletin(&soc, "D-1").await;
        (!it.is_due() && it.dead.is_none()).then_some(())
    });
    notifying(&soc, shown).await;
    let asked = world.teams.asked();
    assert!(asked.iter().any(|(_, it)| it.to_string().contains("D-1: alert storm")), "{asked:?}");
    let list = said(&soc.outbox(&ann(), "", "c").await.expect("a list"));
    assert!(!list.contains("D-1") && list.contains("Given up: 2"), "{list}");
    let none = said(&soc.outbox(&ann(), "retry INC-99", "c").await.expect("said"));
    assert_eq!(none, "No card of INC-99 was given up.");
}

#[tokio::test]
async fn what_comes_after_a_digest_that_was_given_up_goes_to_the_next() {
    let world = World::default();
    let soc = abandoned(&world, 2).await;
    for n in 5..10 {
        receive(&soc, n).await;
    }
    place(&soc).await;
    let mut desk = Desk { digests: 1, ..Desk::default() };
    desk.gatherings.insert(SOC.into(), Gathering::going_on("D-1", HOUR));
    let waiting = DuePlace { conversation: SOC.into(), urgent: 5, routine: 0, changed: 0 };
    assert!(desk.gather(&soc, &waiting, HOUR).await.expect("gathered"));
    assert_eq!(soc.ledger.digested("D-2", 0, 9).await.expect("read").1, 3);
    assert!(bulletin(&soc, "D-1").await.dead.is_some());
    assert_eq!(desk.digests, 2);
}
