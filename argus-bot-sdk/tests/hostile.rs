//! Somebody with a good token who means no good, over a real socket: whatever comes, the bot
//! answers, never with a 5xx for what it does not know, and goes on.

mod bodies;
mod connector;
mod shapes;
mod turns;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use argus_bot_sdk::Router;
use argus_bot_sdk::bot::BotBuilder;
use argus_bot_sdk::event::{MembersAdded, Reactions};
use argus_bot_sdk::extract::{Input, Text, Turn};
use argus_bot_sdk::invoke::{
    AnonymousQueryLink, ExtensionResponse, FileConsent, Invoked, MessageSubmitAction, Query,
    QueryLink, TabFetch, TabResponse, TaskFetch, TaskResponse, TaskSubmit,
};
use argus_bot_sdk::reply::CardReply;
use argus_bot_sdk::server::Limits;
use argus_bot_sdk::testing::{APP_ID, Answer, TENANT, TestTeams};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Nobody waits longer than this for anything here.
const SOON: Duration = Duration::from_secs(5);

/// What a message is answered with.
const TAKEN: u16 = 202;

/// A bot with routes of many kinds behind a socket.
struct Scene {
    teams: TestTeams,
    address: SocketAddr,
    /// A good token, made once.
    authorization: String,
    /// How often a handler ran.
    runs: Arc<AtomicUsize>,
    _server: JoinSet<()>,
}

type Runs = argus_bot_sdk::extract::State<Arc<AtomicUsize>>;

async fn say(Text(text): Text, runs: Runs) -> String {
    runs.0.fetch_add(1, Ordering::SeqCst);
    match text.as_str() {
        "panic" => panic!("on purpose"),
        "sleep" => tokio::time::sleep(Duration::from_mins(1)).await,
        _ => {}
    }
    format!("echo: {text}")
}

async fn press(Input(data): Input<Value>, runs: Runs) -> CardReply {
    runs.0.fetch_add(1, Ordering::SeqCst);
    match data.get("do").and_then(Value::as_str) {
        Some("panic") => panic!("on purpose"),
        Some("sleep") => tokio::time::sleep(Duration::from_mins(1)).await,
        _ => tokio::time::sleep(Duration::from_millis(20)).await,
    }
    CardReply::message("pressed")
}

fn router(runs: &Arc<AtomicUsize>) -> Router {
    async fn dialog(Invoked(asked): Invoked<TaskFetch>) -> TaskResponse {
        TaskResponse::message(asked.dialog().unwrap_or("none").to_owned())
    }
    Router::new()
        .message(say)
        .action("press", press)
        .on(TaskFetch, dialog)
        .on(TaskSubmit, async |_: Invoked<TaskSubmit>| TaskResponse::message("sent"))
        .on(Query, async |_: Invoked<Query>| ExtensionResponse::message("nothing"))
        .on(QueryLink, async |_: Invoked<QueryLink>| ExtensionResponse::message("link"))
        .on(AnonymousQueryLink, async |_: Invoked<AnonymousQueryLink>| {
            ExtensionResponse::message("link")
        })
        .on(TabFetch, async |_: Invoked<TabFetch>| TabResponse::cards([]))
        .on(FileConsent, async |_: Invoked<FileConsent>| {})
        .on(MessageSubmitAction, async |_: Invoked<MessageSubmitAction>| {})
        .on_event(async |_: MembersAdded| {})
        .on_event(async |_: Reactions| {})
        .fallback(async |turn: Turn| tracing::debug!(team = turn.activity().channel().team_id()))
        .with_state(Arc::clone(runs))
}

impl Scene {
    async fn new() -> Self {
        Self::with(|bot| bot).await
    }

    async fn with(settings: impl FnOnce(BotBuilder) -> BotBuilder + Send + 'static) -> Self {
        let runs = Arc::new(AtomicUsize::new(0));
        let teams = TestTeams::builder(router(&runs)).bot(settings).start().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bot = teams.bot().clone();
        let mut server = JoinSet::new();
        server.spawn(async move {
            bot.serve(listener, Limits::default(), std::future::pending()).await.unwrap();
        });
        let authorization = format!("Bearer {}", teams.teams().token());
        Self { teams, address, authorization, runs, _server: server }
    }

    /// The activity of a person in a chat that the fake Teams knows.
    fn activity(&self, id: &str, more: Value) -> Value {
        let alice = self.teams.user("Alice");
        let mut activity = json!({
            "type": "message", "id": id, "channelId": "msteams",
            "serviceUrl": self.teams.teams().service_url(), "text": id,
            "from": { "id": alice.who().id, "name": "Alice" },
            "recipient": { "id": format!("28:{APP_ID}"), "name": "Bot" },
            "conversation": { "id": alice.place(), "conversationType": "personal", "tenantId": TENANT },
            "channelData": { "tenant": { "id": TENANT } },
        });
        let Value::Object(more) = more else { panic!("members are an object") };
        activity.as_object_mut().unwrap().extend(more);
        activity
    }

    fn press(&self, id: &str, data: &Value) -> Value {
        let action = json!({ "type": "Action.Execute", "verb": "press", "data": data });
        let value = json!({ "action": action, "trigger": "manual" });
        self.activity(
            id,
            json!({ "type": "invoke", "name": "adaptiveCard/action", "value": value }),
        )
    }

    /// The same without a socket, where there are many of them.
    async fn deliver(&self, activity: &Value) -> Answer {
        self.teams.deliver_as(Some(&self.authorization), activity).await
    }

    async fn post(&self, activity: &Value) -> (u16, String) {
        self.raw("POST", "/api/messages", &[], activity.to_string().as_bytes()).await
    }

    /// One request with a good token on a connection of its own; panics if there is no answer soon.
    async fn raw(&self, method: &str, path: &str, more: &[&str], body: &[u8]) -> (u16, String) {
        let token = &self.authorization;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: bot\r\nconnection: close\r\nauthorization: {token}\r\n"
        );
        if !more.iter().any(|line| line.starts_with("content-type")) {
            head += "content-type: application/json\r\n";
        }
        for &line in more {
            head.extend([line, "\r\n"]);
        }
        if !more
            .iter()
            .any(|line| line.starts_with("transfer-") || line.starts_with("content-length"))
        {
            write!(head, "content-length: {}\r\n", body.len()).unwrap();
        }
        head += "\r\n";
        let work = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            // A server that refuses early may not read to the end.
            stream.write_all(body).await.unwrap_or_default();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap_or_default();
            String::from_utf8_lossy(&answer).into_owned()
        };
        let answer = timeout(SOON, work).await.unwrap_or_else(|_| panic!("no answer: {head}"));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or_default();
        (status, body.to_owned())
    }

    /// Whether the bot still does its work.
    async fn is_well(&self) {
        let before = self.teams.sent().len();
        let id = format!("still there? {before}");
        assert_eq!(self.post(&self.activity(&id, json!({}))).await.0, TAKEN);
        for _ in 0..500 {
            let sent = self.teams.sent();
            if sent.iter().any(|it| it.text.as_deref() == Some(&*format!("echo: {id}"))) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the bot no longer answers");
    }
}
