use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::connector::{ConversationRef, SendErrorKind};
use crate::extract::{Input, Sender, State, Text, Turn};
use crate::reply::{Card, CardReply};
use crate::testing::fault::Fault;
use crate::testing::{EntraEndpoint, Life, ManualClock, Signer, TokenSpec};

async fn echo(Text(text): Text) -> String {
    format!("echo: {text}")
}

async fn panel() -> Card {
    Card(json!({"type": "AdaptiveCard", "version": "1.5", "body": []}))
}

async fn press(
    State(presses): State<Arc<AtomicU64>>,
    Input(data): Input<Value>,
    sender: Sender,
) -> CardReply {
    let number = presses.fetch_add(1, Ordering::SeqCst) + 1;
    let name = sender.name.unwrap_or_default();
    CardReply::message(format!("{name} pressed {} as number {number}", data["what"]))
}

async fn quiet() {}

fn router(presses: &Arc<AtomicU64>) -> Router {
    Router::new()
        .message(echo)
        .command("panel", panel)
        .command("quiet", quiet)
        .action("press", press)
        .with_state(Arc::clone(presses))
}

async fn stage() -> (TestTeams, Arc<AtomicU64>) {
    let presses = Arc::default();
    (TestTeams::start(router(&presses)).await.unwrap(), presses)
}

fn alice() -> Person {
    Person::new("Alice Berg")
}

fn texts(activities: &[Activity]) -> Vec<&str> {
    activities.iter().filter_map(|activity| activity.text.as_deref()).collect()
}

#[tokio::test]
async fn what_people_say_is_answered_where_they_say_it() {
    let (stage, _) = stage().await;
    assert_eq!(texts(&stage.say(&alice(), "hello").await), ["echo: hello"]);
    assert!(stage.say(&alice(), "quiet").await.is_empty());

    let channel = stage.teams().channel("SOC alerts", [alice()]);
    let replies = stage.say_in(&channel, &alice(), "hello, everybody").await;
    assert_eq!(texts(&replies), ["echo: hello, everybody"]);
    let snapshot = stage.teams().snapshot(&channel).unwrap();
    assert_eq!(snapshot.activities[0].thread, snapshot.activities[1].thread);
    assert_eq!(texts(&stage.sent()), ["echo: hello", "echo: hello, everybody"]);
    assert_eq!(stage.entra().requests(EntraEndpoint::Token), 1, "the token is cached");
}

#[tokio::test]
async fn a_press_is_answered_and_its_repetition_does_nothing() {
    let (stage, presses) = stage().await;
    let card = stage.say(&alice(), "panel").await.remove(0).id.unwrap();
    let answer = stage.click(&alice(), &card, "press", json!({"what": 1})).await.unwrap();
    assert_eq!((answer.status, &answer.body["statusCode"]), (200, &json!(200)));
    assert_eq!(answer.body["value"], "Alice Berg pressed 1 as number 1");

    let again = stage.pressed(&alice(), &card, "press", &json!({"what": 2})).unwrap();
    let (first, second) = tokio::join!(stage.deliver(&again), stage.deliver(&again));
    assert_eq!(first.body["value"], "Alice Berg pressed 2 as number 2");
    assert_eq!(first, second);
    assert_eq!(presses.load(Ordering::SeqCst), 2);

    let nowhere = stage.click(&alice(), "1", "press", json!({})).await.unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn strangers_stay_outside() {
    let (stage, _) = stage().await;
    let chat = stage.teams().personal(&alice());
    let hello = stage.teams().say(&chat, &alice(), "hello").unwrap();
    let good = || TokenSpec::bot(APP_ID, &stage.teams().service_url());
    let check = async |spec: TokenSpec, status: u16| {
        let authorization = format!("Bearer {}", stage.entra().mint(&spec));
        let answer = stage.deliver_as(Some(&authorization), &hello).await;
        assert_eq!(answer.status, status, "{spec:?}");
    };
    assert_eq!(stage.deliver_as(None, &hello).await.status, 401);
    check(good().signed_by(Signer::Stranger), 401).await;
    check(good().signed_by(Signer::Unsigned), 401).await;
    check(good().signed_by(Signer::PublicKeyAsSecret), 401).await;
    check(good().signed_by(Signer::Tampered), 401).await;
    check(good().claim("aud", "another"), 401).await;
    check(good().expires_in(-301), 401).await;
    check(TokenSpec::bot(APP_ID, "https://smba.trafficmanager.net/teams/"), 403).await;
    stage.settle().await;
    assert!(stage.sent().is_empty());
    check(good(), 202).await;
    stage.settle().await;
    assert_eq!(texts(&stage.sent()), ["echo: hello"]);
}

#[tokio::test]
async fn a_rotated_key_is_found_and_a_channel_without_endorsement_is_not_served() {
    let (stage, _) = stage().await;
    assert_eq!(stage.say(&alice(), "one").await.len(), 1);
    stage.entra().rotate();
    assert_eq!(stage.say(&alice(), "two").await.len(), 1);
    assert_eq!(stage.entra().requests(EntraEndpoint::Keys), 2);

    let other = TestTeams::start(Router::new().message(echo)).await.unwrap();
    other.entra().endorse(["webchat"]);
    assert!(other.say(&alice(), "three").await.is_empty());
}

#[tokio::test]
async fn revoked_tokens_are_renewed_and_lost_answers_are_not_repeated() {
    let (stage, _) = stage().await;
    assert_eq!(stage.say(&alice(), "one").await.len(), 1);
    stage.entra().revoke_issued();
    assert_eq!(texts(&stage.say(&alice(), "two").await), ["echo: two"]);
    assert_eq!(stage.entra().requests(EntraEndpoint::Token), 2);

    stage.faults().push("teams", "reply", Fault::LoseResponse);
    assert_eq!(texts(&stage.say(&alice(), "three").await), ["echo: three"]);
    let chat = stage.teams().personal(&alice());
    assert_eq!(stage.faults().effects("teams", "reply", &chat), 3);
}

#[tokio::test]
async fn the_connector_hears_limits_and_life_codes() {
    let clock = Arc::new(ManualClock::at(1_800_000_000));
    let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let builder = TestTeams::builder(Router::new()).clock(shared);
    let stage = builder.limits(TeamsLimits::published()).start().await.unwrap();
    let to = ConversationRef::new(stage.teams().service_url(), stage.teams().personal(&alice()));
    let send = || async { stage.connector().send(&to, &Activity::message("news")).await };
    for _ in 0..7 {
        send().await.unwrap();
    }
    let throttled = send().await.unwrap_err();
    assert_eq!(throttled.kind(), SendErrorKind::Throttled);
    clock.advance(throttled.retry_after().unwrap());
    send().await.unwrap();

    stage.teams().set_life(&to.conversation_id, Life::BlockedByUser);
    clock.advance(Duration::from_mins(1));
    let dormant = send().await.unwrap_err();
    assert_eq!(dormant.kind(), SendErrorKind::Dormant);
    assert_eq!(dormant.code(), Some("ConversationBlockedByUser"));
}

#[tokio::test]
async fn a_handler_that_keeps_its_turn_is_not_waited_for_without_end() {
    async fn keep(
        State(kept): State<Arc<std::sync::Mutex<Option<Turn>>>>,
        turn: Turn,
    ) -> &'static str {
        *kept.lock().unwrap() = Some(turn);
        "kept"
    }
    let kept = Arc::default();
    let router = Router::new().message(keep).with_state(Arc::clone(&kept));
    let stage = TestTeams::builder(router).patience(Duration::ZERO).start().await.unwrap();
    let mut changes = stage.teams().subscribe();
    stage.say(&alice(), "hello").await;
    while changes.recv().await.unwrap().shown.activity["text"] != "kept" {}
    stage.settle().await;
    assert!(kept.lock().unwrap().take().is_some(), "the turn was alive all the time");
}

#[tokio::test]
async fn the_playgrounds_tokens_pass_where_the_bot_allows_them() {
    let (stage, _) = stage().await;
    let chat = stage.teams().personal(&alice());
    let body = stage.teams().say(&chat, &alice(), "hello").unwrap().to_string();
    let inbound = |tenant: &str| {
        InboundConfig::new(APP_ID, Cloud::Public)
            .openid_metadata_url(stage.entra().metadata_url())
            .allowed_service_urls([stage.teams().url()])
            .emulator(tenant)
    };
    let check = async |tenant: &str, spec: TokenSpec, expected: Result<(), u16>| {
        let auth = Authenticator::new(inbound(tenant), Arc::new(SystemClock)).unwrap();
        let authorization = format!("Bearer {}", stage.entra().mint(&spec));
        let verdict = auth.verify(Some(&authorization), body.as_bytes()).await;
        let verdict = verdict.map(drop).map_err(|rejection| rejection.status());
        assert_eq!(verdict, expected, "{spec:?}");
    };
    check(TENANT, TokenSpec::emulator(APP_ID, TENANT), Ok(())).await;
    check(TENANT, TokenSpec::emulator("another", TENANT), Err(401)).await;
    check(TENANT, TokenSpec::emulator(APP_ID, TENANT).claim("azp", "another"), Err(401)).await;
    let elsewhere = "99999999-2222-4333-8444-555555555555";
    check(elsewhere, TokenSpec::emulator(APP_ID, TENANT), Err(401)).await;
    check(TENANT, TokenSpec::emulator(APP_ID, TENANT).signed_by(Signer::Bot), Err(401)).await;
}
