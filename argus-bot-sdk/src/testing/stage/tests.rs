use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::*;
use crate::connector::{ConversationRef, SendErrorKind};
use crate::extract::{Input, Sender, State, Text, Turn};
use crate::reply::{Card, CardReply};
use crate::testing::fault::Fault;
use crate::testing::{EntraEndpoint, Life, Person, Signer, TokenSpec};

const ALICE: &str = "Alice Berg";

async fn echo(Text(text): Text) -> String {
    format!("echo: {text}")
}

async fn panel() -> Card {
    let press = json!({"type": "Action.Execute", "verb": "press"});
    Card(json!({"type": "AdaptiveCard", "version": "1.5", "body": [], "actions": [press]}))
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
    Person::new(ALICE)
}

fn texts(activities: &[Activity]) -> Vec<&str> {
    activities.iter().filter_map(|activity| activity.text.as_deref()).collect()
}

#[tokio::test]
async fn what_people_say_is_answered_where_they_say_it() {
    let (stage, _) = stage().await;
    assert_eq!(texts(&stage.user(ALICE).says("hello").await), ["echo: hello"]);
    assert!(stage.user(ALICE).says("quiet").await.is_empty());

    let channel = stage.teams().channel("SOC alerts", [alice()]);
    let there = stage.user(ALICE).in_channel("SOC alerts");
    let replies = there.says("hello, everybody").await;
    assert_eq!(texts(&replies), ["echo: hello, everybody"]);
    let snapshot = stage.teams().snapshot(&channel).unwrap();
    assert_eq!(snapshot.activities[0].thread, snapshot.activities[1].thread);
    assert_eq!(texts(&stage.sent()), ["echo: hello", "echo: hello, everybody"]);
    assert_eq!(stage.entra().requests(EntraEndpoint::Token), 1, "the token is cached");
}

#[tokio::test]
async fn a_press_is_answered_and_its_repetition_does_nothing() {
    let (stage, presses) = stage().await;
    let alice = stage.user(ALICE);
    alice.says("panel").await;
    let answer = alice.presses("press").with(json!({"what": 1})).await.unwrap();
    assert_eq!((answer.status, &answer.body["statusCode"]), (200, &json!(200)));
    assert_eq!(answer.body["value"], "Alice Berg pressed 1 as number 1");

    let again = alice.presses("press").with(json!({"what": 2})).activity().unwrap();
    let (first, second) = tokio::join!(stage.deliver(&again), stage.deliver(&again));
    assert_eq!(first.body["value"], "Alice Berg pressed 2 as number 2");
    assert_eq!(first, second);
    assert_eq!(presses.load(Ordering::SeqCst), 2);

    let nowhere = alice.presses("Delete").await.unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::Invalid);
    assert!(nowhere.to_string().contains("there are [\"press\"]"), "{nowhere}");
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
    assert_eq!(stage.user(ALICE).says("one").await.len(), 1);
    stage.entra().rotate();
    assert_eq!(stage.user(ALICE).says("two").await.len(), 1);
    assert_eq!(stage.entra().requests(EntraEndpoint::Keys), 2);

    let other = TestTeams::start(Router::new().message(echo)).await.unwrap();
    other.entra().endorse(["webchat"]);
    assert!(other.user(ALICE).says("three").await.is_empty());
}

#[tokio::test]
async fn revoked_tokens_are_renewed_and_lost_answers_are_not_repeated() {
    let (stage, _) = stage().await;
    assert_eq!(stage.user(ALICE).says("one").await.len(), 1);
    stage.entra().revoke_issued();
    assert_eq!(texts(&stage.user(ALICE).says("two").await), ["echo: two"]);
    assert_eq!(stage.entra().requests(EntraEndpoint::Token), 2);

    stage.faults().push("teams", "reply", Fault::LoseResponse);
    assert_eq!(texts(&stage.user(ALICE).says("three").await), ["echo: three"]);
    let chat = stage.teams().personal(&alice());
    assert_eq!(stage.faults().effects("teams", "reply", &chat), 3);
}

#[tokio::test]
async fn the_connector_hears_limits_and_life_codes() {
    let builder = TestTeams::builder(Router::new()).virtual_time();
    let stage = builder.limits(TeamsLimits::published()).start().await.unwrap();
    let to = ConversationRef::new(stage.teams().service_url(), stage.teams().personal(&alice()));
    let send = || async { stage.connector().send(&to, &Activity::message("news")).await };
    for _ in 0..7 {
        send().await.unwrap();
    }
    let throttled = send().await.unwrap_err();
    assert_eq!(throttled.kind(), SendErrorKind::Throttled);
    stage.passes(throttled.retry_after().unwrap()).unwrap();
    send().await.unwrap();

    stage.teams().set_life(&to.conversation_id, Life::BlockedByUser);
    stage.passes(Duration::from_mins(1)).unwrap();
    let dormant = send().await.unwrap_err();
    assert_eq!(dormant.kind(), SendErrorKind::Dormant);
    assert_eq!(dormant.code(), Some("ConversationBlockedByUser"));
}

#[tokio::test]
async fn a_handler_that_keeps_its_turn_is_not_waited_for_without_end() {
    async fn keep(State(kept): State<Arc<Mutex<Option<Turn>>>>, turn: Turn) -> &'static str {
        *kept.lock().unwrap() = Some(turn);
        "kept"
    }
    let kept = Arc::default();
    let router = Router::new().message(keep).with_state(Arc::clone(&kept));
    let stage = TestTeams::builder(router).patience(Duration::ZERO).start().await.unwrap();
    let mut changes = stage.teams().subscribe();
    stage.user(ALICE).says("hello").await;
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

async fn hear(activity: Activity) -> String {
    let who = activity.from.as_ref().and_then(|from| from.id.as_deref());
    let wire = serde_json::to_value(&activity).unwrap_or_default();
    let count = |name: &str| wire[name].as_array().map_or(0, Vec::len);
    let counts =
        ["reactionsAdded", "reactionsRemoved", "membersAdded", "membersRemoved"].map(count);
    format!("{} {} {:?} {counts:?}", activity.kind.as_str(), who.is_some(), activity.text)
}

#[tokio::test]
async fn everything_that_people_do_is_heard() {
    let router = Router::new().message(echo).fallback(hear);
    let router = router.conversation_update(hear).installation_update(hear);
    let stage = TestTeams::builder(router).virtual_time().start().await.unwrap();
    let alice = stage.user("Alice").in_group("ops");
    let bob = stage.user("Bob").in_group("ops");
    assert!(alice.reacts("like").await.is_err() && alice.edits("x").await.is_err());
    let check = |replies: Vec<Activity>, expected: &str| assert_eq!(texts(&replies), [expected]);
    check(alice.says("helo").await, "echo: helo");
    assert!(bob.edits("hello").await.is_err(), "Bob has said nothing");
    let edited = alice.edits("hello").await.unwrap();
    check(edited, "messageUpdate true Some(\"<at>Argus</at> hello\\n\") [0, 0, 0, 0]");
    let again = alice.edits("Hello").await.unwrap();
    check(again, "messageUpdate true Some(\"<at>Argus</at> Hello\\n\") [0, 0, 0, 0]");
    check(bob.reacts("like").await.unwrap(), "messageReaction true None [1, 0, 0, 0]");
    check(bob.unreacts("like").await.unwrap(), "messageReaction true None [0, 1, 0, 0]");
    check(bob.leaves().await, "conversationUpdate true None [0, 0, 0, 1]");
    check(bob.joins().await, "conversationUpdate true None [0, 0, 1, 0]");
    check(alice.deletes().await.unwrap(), "messageDelete true None [0, 0, 0, 0]");
    assert_eq!(alice.installs().await.len(), 2);
    alice.uninstalls().await;
    assert!(alice.says("still there?").await.is_empty(), "the bot may say nothing here");
    assert_eq!(stage.teams().snapshot(alice.place()).unwrap().members.len(), 2);
}

#[tokio::test]
async fn buttons_are_found_where_people_see_them() {
    async fn cards() -> Card {
        let submit = |title: &str, data: Value| json!({"type": "Action.Submit", "title": title, "data": data});
        let inner = json!({"type": "AdaptiveCard", "actions": [submit("Inner", json!({"n": 2}))]});
        Card(json!({"type": "AdaptiveCard", "version": "1.5", "body": [
            {"type": "Input.Text", "id": "why", "value": "given"},
            {"type": "Input.Toggle", "id": "sure"},
            {"type": "ActionSet", "actions": [
                {"type": "Action.Execute", "title": "Go", "verb": "go", "data": {"why": "own", "n": 1}},
                {"type": "Action.Execute", "title": "Bare", "verb": "go", "associatedInputs": "none"},
                {"type": "Action.ShowCard", "title": "More", "card": inner},
                submit("Ask", json!({"msteams": {"type": "task/fetch"}, "dialog": "d"})),
                {"type": "Action.OpenUrl", "title": "Read", "url": "https://example.com"},
            ]},
        ]}))
    }
    async fn go(Input(data): Input<Value>) -> CardReply {
        CardReply::card(json!({"type": "AdaptiveCard", "version": "1.5", "body": [], "actions": [
            {"type": "Action.Execute", "title": "Undo", "verb": "go", "data": {"was": data}}
        ]}))
    }
    async fn said(activity: Activity) -> String {
        format!("{}", activity.value.unwrap_or_default())
    }
    async fn dialog() -> crate::invoke::TaskResponse {
        crate::invoke::TaskResponse::message("the dialog")
    }
    let router = Router::new().command("cards", cards).action("go", go).message(said);
    let stage = TestTeams::start(router.dialog("d", dialog)).await.unwrap();
    let alice = stage.user("Alice").in_group("ops");
    let bob = stage.user("Bob").in_group("ops");
    alice.says("cards").await;

    let submitted = alice.presses("Inner").with(json!({"sure": "true"})).await.unwrap();
    assert_eq!(texts(&submitted.replies), [r#"{"n":2,"why":"given","sure":"true"}"#]);
    assert_eq!(alice.presses("Ask").await.unwrap().text(), Some("the dialog"));
    assert!(alice.presses("Read").await.is_err(), "it tells the bot nothing");

    let answer = alice.presses("Go").await.unwrap();
    let was = answer.card().unwrap()["actions"][0]["data"]["was"].clone();
    assert_eq!(was, json!({"why": "given", "n": 1, "sure": ""}));
    assert!(alice.presses("Go").await.is_err(), "Alice sees the new card now");
    assert_eq!(alice.sees().len(), 2);
    let undone = alice.presses("Undo").await.unwrap();
    assert_eq!(undone.card().unwrap()["actions"][0]["data"]["was"], json!({ "was": was }));
    let bare = bob.presses("Bare").await.unwrap();
    assert_eq!(bare.card().unwrap()["actions"][0]["data"]["was"], json!({}));
}

#[tokio::test]
async fn the_transcript_is_the_same_in_every_run() {
    let run = async || {
        let (stage, _) = stage().await;
        let alice = stage.user(ALICE).in_channel("SOC alerts");
        alice.says("panel").await;
        alice.presses("press").with(json!({"what": 1})).await.unwrap();
        stage.user("Bob").says("hello").await;
        stage.transcript()
    };
    let (first, second) = (run().await, run().await);
    assert_eq!(first, second);
    insta::assert_snapshot!(first);
}
