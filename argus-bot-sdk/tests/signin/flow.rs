//! The flow, as people and their clients see it.
#![expect(clippy::indexing_slicing, reason = "a helper of a test may stop the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use argus_bot_sdk::Router;
use argus_bot_sdk::extract::{State, Turn};
use argus_bot_sdk::invoke::{
    ExtensionResponse, Query, SignInFailure, SignInTokenExchange, SignInVerifyState,
};
use argus_bot_sdk::reply::{Card, CardReply};
use argus_bot_sdk::signin::{NotSignedIn, SignIn};
use argus_bot_sdk::testing::fault::Fault;
use argus_bot_sdk::testing::{Person, TestTeams, TokenSpec};
use serde_json::{Value, json};

use super::{Scene, TENANT};

#[derive(Clone)]
struct App {
    signin: SignIn,
    done: Arc<AtomicUsize>,
}

async fn mail(State(app): State<App>, turn: Turn) -> Result<&'static str, NotSignedIn> {
    app.signin.token(&turn).await?;
    Ok("You have no mail.")
}

async fn leave(State(app): State<App>, turn: Turn) -> String {
    app.signin.sign_out(&turn).await.map_or_else(|error| error.to_string(), |()| "Bye.".into())
}

async fn panel() -> Card {
    Card(json!({ "type": "AdaptiveCard", "version": "1.5" }))
}

async fn press(State(app): State<App>, turn: Turn) -> Result<CardReply, NotSignedIn> {
    app.signin.token(&turn).await?;
    Ok(CardReply::message("Pressed."))
}

async fn search(State(app): State<App>, turn: Turn) -> Result<ExtensionResponse, NotSignedIn> {
    app.signin.token(&turn).await?;
    Ok(ExtensionResponse::message("Found."))
}

async fn signed_in(State(app): State<App>) -> &'static str {
    app.done.fetch_add(1, Ordering::SeqCst);
    "Thank you."
}

/// A bot that signs people in, and two people.
struct Stage {
    scene: Scene,
    teams: TestTeams,
    done: Arc<AtomicUsize>,
    alice: Person,
    mallory: Person,
}

impl Stage {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let done = Arc::<AtomicUsize>::default();
        let app = App { signin: scene.signin(), done: Arc::clone(&done) };
        let signin = app.signin.clone();
        let router = Router::new()
            .command("mail", mail)
            .command("leave", leave)
            .command("panel", panel)
            .action("press", press)
            .search("find", search)
            .sign_in(&signin, signed_in)
            .with_state(app);
        let teams = TestTeams::start(router).await.unwrap();
        let (alice, mallory) = (Person::new("Alice Berg"), Person::new("Mallory Ray"));
        Self { scene, teams, done, alice, mallory }
    }

    /// Asks for mail; gives the id of the exchange on the card.
    async fn ask(&self) -> String {
        let replies = self.teams.person(self.alice.clone()).says("mail").await;
        let card = replies[0].attachments.as_ref().unwrap()[0].clone();
        assert_eq!(card.content_type.as_deref(), Some("application/vnd.microsoft.card.oauth"));
        let content = card.content.unwrap();
        assert!(!content.to_string().contains("null"), "{content}");
        content["tokenExchangeResource"]["id"].as_str().unwrap().to_owned()
    }

    async fn offer(&self, person: &Person, id: &str, token: &str) -> (u16, Value) {
        let value = json!({ "id": id, "connectionName": "graph", "token": token });
        let answer = self.teams.person(person.clone()).asks(SignInTokenExchange, &value).await;
        (answer.status, answer.body)
    }

    fn exchanges(&self) -> u64 {
        self.scene.tokens.exchanges(&self.alice.id)
    }

    fn done(&self) -> usize {
        self.done.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn all_clients_at_once_are_one_exchange_and_all_get_200() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let token = stage.scene.offered(&stage.alice);
    let offers = (0..8).map(|_| stage.offer(&stage.alice, &id, &token));
    for answer in futures_util::future::join_all(offers).await {
        assert_eq!(answer, (200, json!({})));
    }
    // One more that comes late.
    assert_eq!(stage.offer(&stage.alice, &id, &token).await, (200, json!({})));
    assert_eq!((stage.exchanges(), stage.done()), (1, 1));
    let replies = stage.teams.person(stage.alice.clone()).says("mail").await;
    assert_eq!(replies[0].text.as_deref(), Some("You have no mail."));
    let replies = stage.teams.person(stage.alice.clone()).says("leave").await;
    assert_eq!(replies[0].text.as_deref(), Some("Bye."));
    assert!(!stage.scene.tokens.has_token(&stage.alice.id, "graph"));
    stage.ask().await;
}

#[tokio::test]
async fn a_failure_is_412_for_all_clients_and_says_why() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.scene.tokens.withhold_consent(&stage.alice.id);
    let token = stage.scene.offered(&stage.alice);
    let offers = (0..4).map(|_| stage.offer(&stage.alice, &id, &token));
    for (status, body) in futures_util::future::join_all(offers).await {
        let detail = "the token cannot be exchanged (ConsentRequired)";
        assert_eq!(status, 412);
        assert_eq!(body, json!({ "id": id, "connectionName": "graph", "failureDetail": detail }));
    }
    assert_eq!(stage.scene.tokens.requests("exchange"), 1);
    assert_eq!(stage.done(), 0);
    // The page works where single sign-on does not.
    let code = stage.scene.tokens.finish_sign_in(&stage.alice.id, "graph");
    let answer = stage
        .teams
        .person(stage.alice.clone())
        .asks(SignInVerifyState, &json!({ "state": code }))
        .await;
    assert_eq!((answer.status, stage.done()), (200, 1));
    assert!(stage.scene.tokens.has_token(&stage.alice.id, "graph"));
}

#[tokio::test]
async fn a_service_that_is_down_is_asked_again_for_the_same_id() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let token = stage.scene.offered(&stage.alice);
    let down = Fault::Status { code: 503, retry_after: None };
    stage.scene.tokens.faults().push("tokens", "exchange", down);
    assert_eq!(stage.offer(&stage.alice, &id, &token).await.0, 412);
    assert_eq!(stage.offer(&stage.alice, &id, &token).await.0, 200);
    assert_eq!(stage.exchanges(), 1);
}

#[tokio::test]
async fn only_who_was_asked_where_they_were_asked() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let (alices, mallorys) =
        (stage.scene.offered(&stage.alice), stage.scene.offered(&stage.mallory));
    let refused = |answer: (u16, Value), why: &str| {
        assert_eq!(answer.0, 412, "{why}");
        assert!(answer.1["failureDetail"].as_str().unwrap().contains(why), "{}", answer.1);
    };
    refused(stage.offer(&stage.mallory, &id, &mallorys).await, "nobody asked");
    refused(stage.offer(&stage.mallory, &id, &alices).await, "nobody asked");
    refused(stage.offer(&stage.alice, "x", &mallorys).await, "another person");
    let group = stage.teams.teams().group_chat("soc", [stage.alice.clone()]);
    let value = json!({ "id": id, "connectionName": "graph", "token": alices });
    let elsewhere =
        stage.teams.teams().invoke(&group, &stage.alice, "signin/tokenExchange", &value).unwrap();
    assert_eq!(stage.teams.deliver(&elsewhere).await.status, 412);
    assert_eq!(stage.exchanges(), 0);
    // None of this spoiled the real answer.
    assert_eq!(stage.offer(&stage.alice, &id, &alices).await.0, 200);
    // Mallory gets nothing of what was remembered for Alice.
    refused(stage.offer(&stage.mallory, &id, &mallorys).await, "nobody asked");
    let code = stage.scene.tokens.finish_sign_in(&stage.mallory.id, "graph");
    let answer = stage
        .teams
        .person(stage.mallory.clone())
        .asks(SignInVerifyState, &json!({ "state": code }))
        .await;
    assert_eq!(answer.status, 412);
    assert_eq!(stage.done(), 1);
}

#[tokio::test]
async fn offers_that_are_not_usable() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let other_app = stage.scene.entra.mint(&TokenSpec::user("x", TENANT, &stage.alice.object_id));
    for (name, id, token) in [
        ("no id", "", "t"),
        ("long id", "x".repeat(2000).as_str(), "t"),
        ("no token", "n1", ""),
        ("garbage", "n2", "garbage"),
        ("another app's token", "n3", other_app.as_str()),
        ("long token", "n4", "t".repeat(40_000).as_str()),
    ] {
        assert_eq!(stage.offer(&stage.alice, id, token).await.0, 412, "{name}");
    }
    let token = stage.scene.offered(&stage.alice);
    let jira = json!({ "id": id, "connectionName": "jira", "token": token });
    assert_eq!(
        stage.teams.person(stage.alice.clone()).asks(SignInTokenExchange, &jira).await.status,
        412
    );
    for state in [json!("000000"), json!(""), json!(null), json!("9".repeat(1000))] {
        let value = json!({ "state": state });
        let answer = stage.teams.person(stage.alice.clone()).asks(SignInVerifyState, &value).await;
        assert_eq!(answer.status, 412, "{value:.40}");
    }
    let cancelled = json!({ "state": "CancelledByUser" });
    assert_eq!(
        stage.teams.person(stage.alice.clone()).asks(SignInVerifyState, &cancelled).await.status,
        200
    );
    let failed = json!({ "code": "resourcematchfailed", "message": "x" });
    assert_eq!(
        stage.teams.person(stage.alice.clone()).asks(SignInFailure, &failed).await.status,
        200
    );
    assert_eq!((stage.exchanges(), stage.done()), (0, 0));
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_not_taken() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.scene.clock.advance(Duration::from_hours(1));
    let token = stage.scene.offered(&stage.alice);
    assert_eq!(stage.offer(&stage.alice, &id, &token).await.0, 412);
}

#[tokio::test]
async fn a_button_asks_to_log_in_and_takes_the_token_or_the_code_with_the_next_press() {
    let stage = Stage::new().await;
    let card = stage.teams.person(stage.alice.clone()).says("panel").await[0].id.clone().unwrap();
    let pressed = |person: &Person| {
        let teams = stage.teams.teams();
        let (chat, action) = (teams.personal(&stage.alice), json!({"verb": "press", "data": {}}));
        teams.click(&chat, person, &card, &action).unwrap()
    };
    let first = stage.teams.deliver(&pressed(&stage.alice)).await.body;
    assert_eq!(first["statusCode"], 401);
    assert_eq!(first["type"], "application/vnd.microsoft.activity.loginRequest");
    let id = first["value"]["tokenExchangeResource"]["id"].clone();
    let press = |person: &Person, member: &str, value: Value| {
        let mut press = pressed(person);
        press["value"][member] = value;
        press
    };
    let bring = |person: &Person, token: &str| {
        let authentication = json!({ "id": id, "connectionName": "graph", "token": token });
        press(person, "authentication", authentication)
    };
    let status = |body: Value| body["statusCode"].as_u64();
    let wrong = press(&stage.alice, "state", json!("000000"));
    assert_eq!(status(stage.teams.deliver(&wrong).await.body), Some(401));
    let stolen = bring(&stage.alice, &stage.scene.offered(&stage.mallory));
    assert_eq!(status(stage.teams.deliver(&stolen).await.body), Some(412));
    let good = bring(&stage.alice, &stage.scene.offered(&stage.alice));
    let body = stage.teams.deliver(&good).await.body;
    assert_eq!((body["statusCode"].as_u64(), &body["value"]), (Some(200), &json!("Pressed.")));
    let unasked = bring(&stage.mallory, &stage.scene.offered(&stage.mallory));
    assert_eq!(status(stage.teams.deliver(&unasked).await.body), Some(412));
}

#[tokio::test]
async fn a_search_shows_the_way_to_the_page() {
    let stage = Stage::new().await;
    let query = json!({ "commandId": "find" });
    let body = stage.teams.person(stage.alice.clone()).asks(Query, &query).await.body;
    assert_eq!(body["composeExtension"]["type"], "auth");
    let code = stage.scene.tokens.finish_sign_in(&stage.alice.id, "graph");
    let query = json!({ "commandId": "find", "state": code });
    let body = stage.teams.person(stage.alice.clone()).asks(Query, &query).await.body;
    assert_eq!(body["composeExtension"]["text"], "Found.");
}

#[tokio::test]
async fn a_service_that_is_down_is_told_to_the_person() {
    let stage = Stage::new().await;
    let down = Fault::Status { code: 503, retry_after: None };
    stage.scene.tokens.faults().push("tokens", "sign_in_resource", down);
    let replies = stage.teams.person(stage.alice.clone()).says("mail").await;
    let text = replies[0].text.clone().unwrap();
    assert!(text.contains("does not work now"), "{text}");
}
