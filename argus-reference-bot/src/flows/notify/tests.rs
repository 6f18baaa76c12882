//! What Teams says, and what becomes of the cards.

use argus_bot_sdk::connector::{SendError, SendErrorKind};
use argus_cards::Library;
use argus_cards::source::Memory as Templates;
use argus_soc::ledger::fact::Actor;
use async_trait::async_trait;

use super::*;
use crate::adapters::memory::{Medium, Memory, Record};
use crate::config::{Notify, RouteTo, Storm};
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
async fn cards_that_wait_for_themselves_keep_no_other_waiting() {
    let world = World::default();
    let soc = world.soc(&[]);
    for n in 0..=u64::from(ROUND) {
        receive(&soc, n).await;
    }
    place(&soc).await;
    let slice = DueSlice { conversation: SOC.into(), which: Which::All, skip: 0, limit: ROUND };
    let mut desk = Desk::default();
    for card in soc.ledger.due_cards(slice).await.expect("read") {
        desk.tries.set_aside(SOC, &(card.incident, card.card), HOUR);
    }
    let chosen = desk.choose(&soc, SOC, HOUR).await.expect("read").expect("one that is ready");
    let Parcel::Card(card, tried) = chosen else { panic!("no card: {chosen:?}") };
    assert_eq!((card.incident.as_str(), tried), ("INC-65", 0));
}

/// Asks a person.
const ASKS: &str = r#"
playbook: {id: tickets, name: Tickets, version: "1.0.0", owner: soc}
triggers: [{source: edr}]
conditions: {risk_threshold: 0}
actions:
  - id: ticket
    type: create_ticket
    target: "{{ entity.value }}"
    rollback: none # people close tickets
gates: {human_approval: always}
"#;

#[tokio::test]
async fn a_request_without_a_layout_is_asked_and_stands_again_where_it_was_deleted() {
    let world = World::default();
    let soc = world.soc(&[ASKS]);
    receive(&soc, 1).await;
    place(&soc).await;
    let slice = DueSlice { conversation: SOC.into(), which: Which::All, skip: 0, limit: 9 };
    let due = async || {
        let mut due = soc.ledger.due_cards(slice.clone()).await.expect("read");
        due.retain(|it| it.card.starts_with("approval/"));
        due.pop()
    };
    let request = due().await.expect("a request for approval");
    assert!(matches!(soc.show(&request, 0).await, Ok(Done::Shown)));
    let (_, sent) = world.teams.asked().pop().expect("a card");
    let sent = sent.to_string();
    for part in
        ["Create a ticket for ws-1", "Digest ", "Waiting for a decision", "\"approve\"", "\"deny\""]
    {
        assert!(sent.contains(part), "no {part} in {sent}");
    }
    let stands = DueCard { activity_id: Some("1".into()), ..request.clone() };
    world.teams.say(Err(SendError::new(SendErrorKind::Refused)
        .with_status(404)
        .with_code("ActivityNotFoundInConversation")));
    assert!(matches!(soc.show(&stands, 0).await, Ok(Done::Settled)));
    let again = due().await.expect("it is due again");
    assert_eq!(again.activity_id, None);
    let nothing = DueCard { card: "approval/INC-1.r9".into(), ..request };
    assert!(matches!(soc.show(&nothing, 0).await, Ok(Done::Settled)), "given up, not tried again");
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

/// A disk that is full whenever it would keep what Teams refused or wants.
#[derive(Debug)]
struct Full;

#[async_trait]
impl Medium for Full {
    async fn write(&self, records: &[Record]) -> Result<(), LedgerError> {
        let kinds = ["\"notice.refused\"", "\"place.changed\""];
        if records.iter().any(|it| kinds.iter().any(|kind| it.payload.contains(kind))) {
            return Err(LedgerError::Unavailable("the disk is full".into()));
        }
        Ok(())
    }

    async fn read(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}

#[tokio::test]
async fn how_long_teams_wants_us_to_wait_counts_though_it_cannot_be_written_down() {
    let ledger = Memory::open(Arc::new(Full), Vec::new()).expect("an empty store");
    let world = World { ledger: Arc::new(ledger), ..World::default() };
    let soc = world.soc(&[]);
    receive(&soc, 1).await;
    place(&soc).await;
    let mut desk = Desk::default();
    let parcel = desk.choose(&soc, SOC, HOUR).await.expect("read").expect("one that is ready");
    let wait = Duration::from_secs(90);
    world.teams.say(Err(SendError::new(SendErrorKind::Throttled).after(wait)));
    desk.windows.leaves(SOC, parcel.lane());
    let result = soc.hand_over(&parcel).await;
    assert!(desk.sent(&soc, &parcel, result, HOUR).await.is_err(), "the disk is full");
    assert_eq!(desk.windows.ready_at(SOC, Lane::Urgent, HOUR), HOUR + 90_000);
}

/// Templates with a layout for bulletins.
fn bulletins() -> Arc<Library> {
    let card = r#"{"type": "AdaptiveCard", "version": "1.5", "body": [
        {"type": "TextBlock", "text": "laid out"}]}"#;
    Arc::new(Library::of(Templates::new([("bulletin.card.json", card)])).0)
}

/// The alarm about automation, put up and due.
async fn alarm(soc: &Soc) -> Bulletin {
    let fact = soc.automation_alarm().expect("a conversation");
    soc.ledger.append(Batch::one(fact)).await.expect("written");
    bulletin(soc, "automation").await
}

#[tokio::test]
async fn a_bulletin_that_teams_gave_no_id_is_created_again() {
    let world = World::default();
    let soc = world.soc(&[]);
    world.teams.say(Ok(None));
    let first = alarm(&soc).await;
    assert!(matches!(soc.announce("automation", &first).await, Ok(Done::Shown)));
    let second = alarm(&soc).await;
    assert!(matches!(soc.announce("automation", &second).await, Ok(Done::Shown)));
    let asked = world.teams.asked();
    let ids: Vec<_> = asked.iter().map(|(id, _)| id.as_deref()).collect();
    assert_eq!(ids, [None, None], "an update of a message without an id");
    assert!(asked[1].1.to_string().contains("may be here twice"), "{asked:?}");
    assert_eq!(bulletin(&soc, "automation").await.activity_id.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_bulletin_that_teams_refuses_is_shortened_once_and_then_given_up_with_an_alarm() {
    let world = World::default();
    let elsewhere = RouteTo { conversation: "19:other@thread".into(), service_url: None };
    let notify = Notify { fallback: Some(elsewhere), ..Notify::default() };
    let soc = Soc { templates: bulletins(), notify, ..world.soc(&[]) };
    let refuse = || world.teams.say(Err(SendError::new(SendErrorKind::TooBig)));
    let it = alarm(&soc).await;
    refuse();
    assert!(matches!(soc.announce("automation", &it).await, Ok(Done::Shown)));
    let sent = world.teams.asked();
    assert!(sent[0].1.to_string().contains("laid out") && sent.len() == 2, "{sent:?}");
    assert!(!sent[1].1.to_string().contains("laid out"), "{sent:?}");

    let it = alarm(&soc).await;
    refuse();
    refuse();
    assert!(matches!(soc.announce("automation", &it).await, Ok(Done::Settled)));
    assert_eq!(bulletin(&soc, "automation").await.dead.as_deref(), Some("the message is too big"));
    let said = bulletin(&soc, "undelivered").await;
    assert!(said.is_due());
    refuse();
    refuse();
    assert!(matches!(soc.announce("undelivered", &said).await, Ok(Done::Settled)));
    assert!(!bulletin(&soc, "undelivered").await.is_due(), "no alarm about the alarm");
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
