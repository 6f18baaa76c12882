//! Recordings: what is in them, what never is, and that a replay says the same.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use argus_bot_sdk::bot::Recording;
use argus_bot_sdk::connector::NewConversation;
use argus_bot_sdk::extract::{Input, State, Text, Turn};
use argus_bot_sdk::invoke::{Invoked, SignInTokenExchange, TokenExchangeResponse};
use argus_bot_sdk::reply::{Card, CardReply};
use argus_bot_sdk::testing::fault::Fault;
use argus_bot_sdk::testing::{TestTeams, replay};
use argus_bot_sdk::{Account, Activity, Router};
use serde_json::{Value, json};

/// What must never be in a recording.
const CANARIES: [&str; 4] = ["canary-button", "canary-sso", "canary-upload", "eyJcanary"];

/// A sink that a test can read.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Tape {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Each bot has another secret in its buttons, as a real one has another key.
static BOTS: AtomicU64 = AtomicU64::new(0);

#[derive(Clone)]
struct App {
    secret: String,
    presses: Arc<AtomicU64>,
}

async fn echo(Text(text): Text) -> String {
    format!("You said: {text}")
}

async fn panel(State(app): State<App>) -> Card {
    let data = json!({ "token": app.secret, "what": "deploy" });
    let button = json!({"type": "Action.Execute", "title": "Go", "verb": "go", "data": data});
    Card(json!({"type": "AdaptiveCard", "version": "1.5", "body": [], "actions": [button]}))
}

async fn go(State(app): State<App>, Input(data): Input<Value>) -> CardReply {
    if data.get("token") != Some(&json!(app.secret)) {
        return CardReply::error("Forged", "This button is not ours.");
    }
    let number = app.presses.fetch_add(1, Ordering::SeqCst) + 1;
    CardReply::message(format!("{} number {number}", data.get("what").unwrap_or(&Value::Null)))
}

async fn roam(turn: Turn) -> String {
    let here = turn.conversation();
    let mut said = vec![turn.correlation()];
    let sent = turn.send(Activity::message("one")).await.unwrap();
    let id = sent.activity_id.unwrap();
    let failed = turn.update(&id, Activity::message("two")).await.unwrap_err();
    said.push(format!("{:?}", failed.kind()));
    turn.update(&id, Activity::message("see eyJcanary.eyJx.y")).await.unwrap();
    let who = turn.activity().from.as_ref().and_then(|from| from.id.clone()).unwrap();
    let chat = NewConversation::personal(Account::new(who), "t");
    let made = turn.connector().create_conversation(&here.service_url, &chat).await.unwrap();
    said.push(made.id);
    turn.connector().delete(&here, &id).await.unwrap();
    said.join(" ")
}

async fn exchange(Invoked(request): Invoked<SignInTokenExchange>) -> TokenExchangeResponse {
    TokenExchangeResponse::failed(&request, "not today")
}

fn router() -> Router {
    let number = BOTS.fetch_add(1, Ordering::SeqCst);
    let app = App { secret: format!("canary-button-{number}"), presses: Arc::default() };
    Router::new()
        .message(echo)
        .command("panel", panel)
        .command("roam", roam)
        .action("go", go)
        .on(SignInTokenExchange, exchange)
        .with_state(app)
}

/// A session with everything in it.
async fn session(recording: impl FnOnce(Tape) -> Recording) -> String {
    let tape = Tape::default();
    let recording = recording(tape.clone());
    let builder = TestTeams::builder(router()).bot(|bot| bot.record(recording));
    let teams = builder.start().await.unwrap();
    let alice = teams.user("Alice").in_channel("SOC alerts");
    alice.says("private words").await;
    alice.says("panel").await;
    let press = alice.presses("Go");
    assert_eq!(press.clone().await.unwrap().text(), Some("\"deploy\" number 1"));
    let twice = press.activity().unwrap();
    let (first, second) = tokio::join!(teams.deliver(&twice), teams.deliver(&twice));
    assert_eq!((first.text(), &first), (Some("\"deploy\" number 2"), &second));
    teams.faults().push("teams", "update", Fault::FailBefore(403));
    let roamed = teams.user("Bob").says("roam").await;
    assert!(!roamed.is_empty());
    let sso = json!({ "id": "1", "connectionName": "graph", "token": "canary-sso" });
    assert_eq!(alice.asks(SignInTokenExchange, &sso).await.status, 412);
    let mut file = teams.teams().say(alice.place(), alice.who(), "a file").unwrap();
    let upload = json!({ "uploadInfo": { "uploadUrl": "https://x.example/canary-upload" } });
    file.as_object_mut().unwrap().insert("value".to_owned(), upload);
    assert_eq!(teams.deliver(&file).await.status, 202);
    teams.settle().await;
    assert_eq!(teams.deliver_as(Some("Bearer eyJcanary.eyJ.x"), &file).await.status, 401);
    drop(teams);
    tape.text()
}

#[tokio::test]
async fn a_session_replayed_twice_says_the_same_bytes() {
    let recorded = session(|tape| Recording::to(tape).with_words()).await;
    let first = replay(&recorded, router()).await.unwrap();
    let second = replay(&recorded, router()).await.unwrap();
    assert_eq!(first.outbound, first.recorded);
    assert_eq!(first.outbound, second.outbound);
    assert!(first.is_same() && second.is_same());
    // A replay is a recording, and it says the same again.
    assert_eq!(replay(&first.recording, router()).await.unwrap().outbound, first.outbound);
    for call in ["reply", "send", "update", "create", "delete"] {
        assert!(first.outbound.contains(&format!("\"call\":\"{call}\"")), "{call}");
    }
    assert!(
        first.outbound.contains("\"failed\":\"Dormant\"")
            || first.outbound.contains("\"failed\":\"Refused\"")
    );
    assert!(first.outbound.contains("number 2"), "the button's secret was put back");
}

/// Real activities of every kind, one after the other, as if Alice had sent them all.
#[tokio::test]
async fn the_whole_corpus_replayed_twice_says_the_same_bytes() {
    let files = crate::activities::files("the_whole_corpus_replayed_twice", "activities");
    let tape = Tape::default();
    let recording = Recording::to(tape.clone()).with_words();
    let routes = || router().fallback(async |turn: Turn| turn.activity().kind.as_str().to_owned());
    let builder = TestTeams::builder(routes()).bot(|bot| bot.record(recording));
    let teams = builder.start().await.unwrap();
    let alice = teams.user("Alice");
    let authorization = format!("Bearer {}", teams.teams().token());
    let mut taken = 0;
    for (number, (name, mut activity)) in files.iter().cloned().enumerate() {
        let members = activity.as_object_mut().unwrap();
        members.insert("id".into(), json!(number.to_string()));
        members.insert("channelId".into(), json!("msteams"));
        members.insert("serviceUrl".into(), json!(teams.teams().service_url()));
        members.insert("conversation".into(), json!({ "id": alice.place() }));
        if let Some(Value::Object(data)) = members.get_mut("channelData") {
            data.remove("tenant");
        }
        let answer = teams.deliver_as(Some(&authorization), &activity).await;
        assert!(answer.status < 500 || answer.status == 501, "{name}: {}", answer.status);
        taken += u32::from(answer.status < 300);
        teams.settle().await;
    }
    assert!(files.is_empty() || taken > 100, "only {taken} were taken");
    drop(teams);
    let first = replay(&tape.text(), routes()).await.unwrap();
    assert_eq!(first.outbound, first.recorded);
    assert_eq!(replay(&tape.text(), routes()).await.unwrap().recording, first.recording);
}

#[tokio::test]
async fn no_secret_is_ever_written() {
    for with_words in [false, true] {
        let recording =
            |tape| if with_words { Recording::to(tape).with_words() } else { Recording::to(tape) };
        let recorded = session(recording).await;
        for canary in CANARIES {
            assert!(!recorded.contains(canary), "{canary}");
        }
        assert!(recorded.contains("secret:1") && recorded.contains("\"refused\":401"));
        assert_eq!(recorded.contains("private words"), with_words);
        assert_eq!(recorded.contains("Alice"), with_words);
        assert!(recorded.contains("\"verb\":\"go\""));
    }
}

#[tokio::test]
async fn another_bot_says_something_else() {
    async fn shout(Text(text): Text) -> String {
        format!("YOU SAID: {text}")
    }
    let recorded = session(|tape| Recording::to(tape).with_words()).await;
    let other = replay(&recorded, Router::new().message(shout)).await.unwrap();
    assert!(!other.is_same());
}

#[tokio::test]
async fn what_is_no_recording_is_refused() {
    let silent = session(Recording::to).await;
    for (text, says) in [
        ("", "no recording"),
        ("{}", "no recording"),
        ("nonsense", "cannot be read"),
        (silent.as_str(), "without words"),
    ] {
        let error = replay(text, router()).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

/// A disk that is full must not stop the bot.
#[tokio::test]
async fn a_sink_that_breaks_ends_the_recording_only() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let builder = TestTeams::builder(router()).bot(|bot| bot.record(Recording::to(Full)));
    let teams = builder.start().await.unwrap();
    assert_eq!(teams.user("Alice").says("hello").await.len(), 1);
}
