//! What is seen of a bot from outside: lines with the ids of what they are about, numbers under
//! known names, and nothing that is secret or that somebody wrote.

mod log;

use std::sync::{Arc, Mutex};

use argus_bot_sdk::extract::{Action, Args, Input, Rejected, Sender, Text, Turn};
use argus_bot_sdk::invoke::{Invoked, TaskInfo, TaskResponse, TaskSubmit};
use argus_bot_sdk::metrics::{Label, Metrics};
use argus_bot_sdk::reply::{Card, CardReply};
use argus_bot_sdk::router::{Captures, Pattern};
use argus_bot_sdk::state::{ConversationState, MemoryStore, Named, StateStore};
use argus_bot_sdk::testing::fault::Fault;
use argus_bot_sdk::testing::{Person, TestTeams};
use argus_bot_sdk::{Activity, Bot, HttpConnector, Router};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_service::Service as _;

use self::log::Log;

/// In everything that people write, are called, or send.
const CANARY: &str = "kanarienvogel";

#[derive(Default, Serialize, Deserialize)]
struct Heard(Vec<String>);

impl Named for Heard {
    const NAME: &'static str = "heard";
}

#[derive(Debug, Deserialize)]
struct Host {
    host: u32,
    note: Option<String>,
}

/// Says everything again, in every way that there is.
async fn say(
    turn: Turn,
    who: Sender,
    Text(text): Text,
    ConversationState(heard): ConversationState<Heard>,
) -> Card {
    tracing::info!(?turn, ?who, activity = ?turn.activity(), ?heard, "a handler shows all it has");
    let kept = (Text(text.clone()), Args(text.clone()), Rejected::new("No", text.clone()));
    tracing::info!(?kept, "what a handler is made of");
    heard.update(|heard| heard.0.push(text.clone())).await.unwrap();
    let said = turn.reply(Activity::message(text.clone())).await;
    tracing::info!(?said, "said it again");
    turn.defer(async move |later| {
        let refused = later.update("no-such-activity", Activity::message(text)).await;
        refused.map(|_| ())
    });
    assert!(!turn.text().contains("panic"), "on purpose");
    Card(json!({"type": "AdaptiveCard", "version": "1.5",
        "body": [{"type": "TextBlock", "text": CANARY}]}))
}

async fn found(found: Captures) -> String {
    tracing::info!(?found, "a pattern");
    found.get(0).unwrap_or_default().to_owned()
}

async fn press(Input(host): Input<Host>) -> CardReply {
    tracing::info!(input = ?Input(&host), action = ?Action(&host), "a button's data");
    let reply = CardReply::message(format!("{CANARY} {} {:?}", host.host, host.note));
    tracing::info!(?reply, "pressed");
    reply
}

async fn submit(Invoked(form): Invoked<TaskSubmit>) -> TaskResponse {
    let card = json!({"type": "AdaptiveCard", "version": "1.5", "fallbackText": CANARY});
    let response = TaskResponse::show(TaskInfo::card(CANARY, card));
    tracing::info!(?form, ?response, "submitted");
    response
}

fn router() -> Router {
    let store: Arc<dyn StateStore> = Arc::new(MemoryStore::new());
    Router::new()
        .message(say)
        .pattern(Pattern::new("find .*").unwrap(), found)
        .action("go", press)
        .on(TaskSubmit, submit)
        .with_state(store)
}

#[tokio::test]
async fn no_line_has_a_name_a_text_a_token_or_a_cards_data() {
    let log = Log::default();
    let _listening = log.listen();
    let teams = TestTeams::start(router()).await.unwrap();
    let who = Person::new(format!("Ana {CANARY}"));

    let posted = teams.person(who.clone()).says(&format!("hello {CANARY}")).await;
    assert_eq!(posted.len(), 2);
    teams.person(who.clone()).says(&format!("find {CANARY}")).await;
    teams.person(who.clone()).says(&format!("panic {CANARY}")).await;

    let card = posted.iter().find(|it| it.attachments.is_some()).unwrap().id.clone().unwrap();
    for data in [json!({"host": 7, "note": CANARY}), json!({"host": CANARY}), json!(CANARY)] {
        let (chat, action) = (teams.teams().personal(&who), json!({"verb": "go", "data": data}));
        teams.deliver(&teams.teams().click(&chat, &who, &card, &action).unwrap()).await;
    }
    for value in [json!({"data": {"note": CANARY}}), json!(CANARY), json!({"data": CANARY})] {
        teams.person(who.clone()).asks(TaskSubmit, &value).await;
    }

    // Strangers, and things that are no activities.
    let mut activity = teams.teams().say(&teams.teams().personal(&who), &who, CANARY).unwrap();
    for token in [None, Some(CANARY), Some("Bearer kanarienvogel.e30.")] {
        assert_eq!(teams.deliver_as(token, &activity).await.status, 401);
    }
    activity["serviceUrl"] = json!(format!("https://{CANARY}.example/"));
    assert_eq!(teams.deliver(&activity).await.status, 403);
    assert_eq!(teams.deliver(&json!([CANARY])).await.status, 400);

    // What a broken far side may say.
    let said = format!("{{\"error\":{{\"message\":\"{CANARY}\"}}}}");
    for fault in [Fault::Body(CANARY.into()), Fault::Body(said), Fault::FailBefore(500)] {
        teams.faults().push_times("teams", "send", fault, 2);
        teams.person(who.clone()).says(&format!("hello {CANARY}")).await;
    }
    teams.bot().drain().await;

    let text = log.text();
    for line in [
        "a handler shows all it has",
        "a pattern",
        "pressed",
        "submitted",
        "refused a request",
        "a handler panicked",
        "the Connector took a call",
        "deferred work failed",
        "a button's data does not fit its handler",
        "an invoke does not fit its handler",
    ] {
        assert!(text.contains(line), "nothing was logged about: {line}\n{text}");
    }
    // `eyJ` begins every token.
    for secret in [CANARY, "eyJ", "Bearer"] {
        let lines: Vec<_> = text.lines().filter(|line| line.contains(secret)).collect();
        assert!(lines.is_empty(), "{secret} is in the log:\n{}", lines.join("\n"));
    }
}

/// Delivers over the door itself, with Microsoft's correlation vector.
async fn deliver(teams: &TestTeams, mut bot: Bot, ms_cv: &str, activity: &Value) -> u16 {
    let request = Request::post("/api/messages")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", teams.teams().token()))
        .header("ms-cv", ms_cv);
    let request = request.body(Full::new(Bytes::from(activity.to_string()))).unwrap();
    let Ok(response) = bot.call(request).await;
    response.status().as_u16()
}

#[tokio::test]
async fn every_line_says_what_it_is_about() {
    let log = Log::default();
    let _listening = log.listen();
    let teams = TestTeams::start(router()).await.unwrap();
    let who = Person::new("Ana");
    let chat = teams.teams().personal(&who);
    let mut messages = Vec::new();
    for text in ["hello", "panic"] {
        let activity = teams.teams().say(&chat, &who, text).unwrap();
        let vector = format!("cV/{text}+1.2");
        assert_eq!(deliver(&teams, teams.bot().clone(), &vector, &activity).await, 202);
        assert_eq!(deliver(&teams, teams.bot().clone(), &vector, &activity).await, 202);
        messages.push((activity["id"].as_str().unwrap().to_owned(), vector));
    }
    let forged = json!({"type": "message", "text": "no service URL"});
    assert_eq!(deliver(&teams, teams.bot().clone(), "cV.forged", &forged).await, 403);
    assert_eq!(deliver(&teams, teams.bot().clone(), "not a vector", &forged).await, 403);
    teams.bot().drain().await;

    let text = log.text();
    let check = |line: &str, wanted: &[&str]| {
        let found: Vec<_> = text.lines().filter(|it| it.contains(line)).collect();
        let fits = |it: &&&str| wanted.iter().all(|wanted| it.contains(wanted));
        assert!(found.iter().any(|it| fits(&it)), "{line} {wanted:?}:\n{}", found.join("\n"));
    };
    for (id, vector) in &messages {
        let id = format!("messaging.message.id=\"{id}\"");
        let chat = format!("messaging.destination.name=\"{chat}\"");
        let vector = format!("ms_cv=\"{vector}\"");
        let all = [
            &*id,
            &*chat,
            &*vector,
            "messaging.system=\"msteams\"",
            "messaging.operation.name=\"process\"",
            "argus.correlation=",
        ];
        check("a handler shows all it has", &all);
        check("was delivered again", &all);
    }
    let id = format!("messaging.message.id=\"{}\"", messages[0].0);
    check("the Connector took a call", &[&id, "otel.name=\"send\"", "cV/hello+1.2"]);
    check("deferred work failed", &[&id, "argus.correlation="]);
    let id = format!("messaging.message.id=\"{}\"", messages[1].0);
    check("a handler panicked", &[&id]);
    check("refused a request", &["cV.forged", "rule=\"channel\""]);
    assert!(!text.contains("not a vector"));
}

/// Keeps the names and labels of all that is measured.
#[derive(Clone, Default)]
struct Numbers(Arc<Mutex<Vec<String>>>);

impl Numbers {
    fn note(&self, name: &str, labels: &[Label<'_>]) {
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.0.lock().unwrap().push(format!("{name} {}", labels.join(" ")));
    }

    fn take(&self) -> Vec<String> {
        let mut all = std::mem::take(&mut *self.0.lock().unwrap());
        all.sort();
        all
    }
}

impl Metrics for Numbers {
    fn add(&self, counter: &'static str, by: u64, labels: &[Label<'_>]) {
        assert_eq!(by, 1);
        self.note(counter, labels);
    }

    fn record(&self, histogram: &'static str, value: f64, labels: &[Label<'_>]) {
        assert!((0.0..60.0).contains(&value), "{histogram} is no time in seconds: {value}");
        self.note(histogram, labels);
    }
}

#[tokio::test]
async fn numbers_have_the_names_of_opentelemetry() {
    let numbers = Numbers::default();
    let (given, system) = (numbers.clone(), "messaging.system=msteams");
    let teams = TestTeams::builder(router()).bot(move |bot| bot.metrics(Arc::new(given)));
    let teams = teams.start().await.unwrap();
    let who = Person::new("Ana");
    let chat = teams.teams().personal(&who);
    let activity = teams.teams().say(&chat, &who, "find it").unwrap();
    for _ in 0..2 {
        teams.deliver(&activity).await;
        teams.bot().idle().await;
    }
    let consumed = format!("messaging.client.consumed.messages {system}");
    let processed = format!("messaging.process.duration {system} messaging.operation.name=process");
    let repeated = format!("argus.turns.repeated {system}");
    assert_eq!(numbers.take(), [&*repeated, &consumed, &consumed, &processed]);

    teams.person(who.clone()).says("panic").await;
    teams.deliver_as(None, &activity).await;
    teams.bot().drain().await;
    teams.deliver(&teams.teams().say(&chat, &who, "late").unwrap()).await;
    let rejected = format!("argus.requests.rejected {system} error.type=bearer");
    let refused = format!("argus.turns.refused {system} error.type=closed");
    let panicked = format!("{processed} error.type=panic");
    assert_eq!(numbers.take(), [&*rejected, &refused, &consumed, &consumed, &panicked]);
}

#[tokio::test]
async fn calls_of_the_connector_are_measured() {
    use argus_bot_sdk::Connector as _;
    use argus_bot_sdk::auth::ServiceUrlPolicy;

    let numbers = Numbers::default();
    let teams = TestTeams::start(Router::new()).await.unwrap();
    let connector = HttpConnector::without_tokens(ServiceUrlPolicy::loopback()).unwrap();
    let connector = connector.metrics(Arc::new(numbers.clone()));
    let to = argus_bot_sdk::ConversationRef::new(teams.teams().service_url(), "a:nobody");
    let hello = Activity::message("hello");
    let _refused = connector.send(&to, &hello).await.unwrap_err();
    let _refused = connector.update(&to, "1", &hello).await.unwrap_err();
    let line = |operation: &str| {
        format!(
            "messaging.client.operation.duration messaging.system=msteams \
             messaging.operation.name={operation} error.type=auth http.response.status_code=401"
        )
    };
    assert_eq!(numbers.take(), [line("send"), line("update")]);
}
