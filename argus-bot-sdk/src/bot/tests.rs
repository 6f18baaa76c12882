//! What happens to an activity once somebody vouched for it.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::*;
use crate::Activity;
use crate::auth::{Cloud, InboundConfig, Verified};
use crate::connector::{
    ConversationRef, CreatedConversation, NewConversation, SendError, SendErrorKind, Sent,
};
use crate::dedup::Outcome;
use crate::extract::{Args, Input, Sender, State, Text, Turn};
use crate::reply::{CardReply, InvokeReply};
use crate::turns::Refused;

mod later;
mod layers;
mod routes;

/// Writes down what is sent, and fails on order.
#[derive(Default)]
struct Recorder {
    said: Mutex<Vec<(String, Value)>>,
    failures: Mutex<VecDeque<SendError>>,
    calls: AtomicUsize,
}

impl Recorder {
    fn note(
        &self,
        to: &ConversationRef,
        how: &str,
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        self.calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if let Some(error) = self.failures.lock().unwrap().pop_front() {
            return Err(error);
        }
        let line = format!("{} {how}", to.conversation_id);
        self.said.lock().unwrap().push((line, serde_json::to_value(activity).unwrap()));
        Ok(Sent::new(Some("1".into()), 201))
    }

    fn texts(&self) -> Vec<String> {
        let said = self.said.lock().unwrap();
        said.iter().map(|(_, a)| a["text"].as_str().unwrap_or("-").to_owned()).collect()
    }
}

#[async_trait]
impl Connector for Recorder {
    async fn send(&self, to: &ConversationRef, activity: &Activity) -> Result<Sent, SendError> {
        self.note(to, "send", activity)
    }
    async fn reply(&self, to: &ConversationRef, id: &str, a: &Activity) -> Result<Sent, SendError> {
        self.note(to, &format!("reply {id}"), a)
    }
    async fn update(
        &self,
        to: &ConversationRef,
        id: &str,
        a: &Activity,
    ) -> Result<Sent, SendError> {
        self.note(to, &format!("update {id}"), a)
    }
    async fn delete(&self, _: &ConversationRef, _: &str) -> Result<Sent, SendError> {
        Err(SendError::new(SendErrorKind::Refused))
    }
    async fn create_conversation(
        &self,
        _: &str,
        _: &NewConversation,
    ) -> Result<CreatedConversation, SendError> {
        Err(SendError::new(SendErrorKind::Refused))
    }
}

struct Scene {
    bot: Bot,
    teams: Arc<Recorder>,
}

impl Scene {
    fn new(router: Router) -> Self {
        Self::with(router, |builder| builder)
    }

    fn with(router: Router, configure: impl FnOnce(BotBuilder) -> BotBuilder) -> Self {
        let teams = Arc::new(Recorder::default());
        let auth =
            Authenticator::new(InboundConfig::new("app", Cloud::Public), Arc::new(SystemClock));
        let connector: Arc<dyn Connector> = Arc::<Recorder>::clone(&teams);
        let builder = Bot::builder(router, Arc::new(auth.unwrap()), connector);
        Self { bot: configure(builder).build(), teams }
    }

    async fn deliver(&self, activity: Value) -> Result<Outcome, Refused> {
        let activity: Activity = serde_json::from_value(activity).unwrap();
        self.bot.inner.dispatch(Arc::new(Verified::for_test(activity))).await
    }

    async fn status(&self, activity: Value) -> u16 {
        self.deliver(activity).await.unwrap().status.as_u16()
    }

    async fn body(&self, activity: Value) -> Value {
        let outcome = self.deliver(activity).await.unwrap();
        assert_eq!(outcome.status, 200);
        serde_json::from_slice(&outcome.body).unwrap()
    }
}

fn message(id: &str, text: &str) -> Value {
    json!({
        "type": "message", "id": id, "text": text, "channelId": "msteams",
        "serviceUrl": "https://smba.trafficmanager.net/emea/", "conversation": {"id": "a:1"},
        "from": {"id": "29:ana", "aadObjectId": "oid", "name": "Ana"}, "recipient": {"id": "28:bot"}
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it reads better with `json!` in place")]
fn click(id: &str, verb: &str, data: Value) -> Value {
    let mut activity = message(id, "");
    activity["type"] = json!("invoke");
    activity["name"] = json!("adaptiveCard/action");
    activity["value"] = json!({"action": {"type": "Action.Execute", "verb": verb, "data": data}});
    activity
}

async fn echo(Text(text): Text) -> String {
    text
}

#[tokio::test]
async fn a_message_is_acknowledged_and_answered_in_its_thread() {
    let scene = Scene::new(Router::new().message(echo));
    let outcome = scene.deliver(message("7", "hello")).await.unwrap();
    assert_eq!((outcome.status.as_u16(), outcome.body.len()), (202, 0));
    scene.bot.drain().await;
    let said = scene.teams.said.lock().unwrap();
    assert_eq!(said[0].0, "a:1 reply 7");
    assert_eq!(
        said[0].1,
        json!({"type": "message", "text": "hello", "replyToId": "7", "conversation": {"id": "a:1"},
               "from": {"id": "28:bot"},
               "recipient": {"id": "29:ana", "aadObjectId": "oid", "name": "Ana"}})
    );
}

#[tokio::test]
async fn commands_are_found_in_any_case_and_after_a_mention() {
    async fn list(Args(rest): Args) -> String {
        format!("list[{rest}]")
    }
    let scene = Scene::new(Router::new().message(echo).command("List", list));
    let texts = ["list", "LIST  open now ", "<at>Argus</at> list x", "lists", "say list", ""];
    for (n, text) in texts.into_iter().enumerate() {
        let mut activity = message(&n.to_string(), text);
        activity["recipient"]["name"] = json!("Argus");
        assert_eq!(scene.status(activity).await, 202);
    }
    scene.bot.drain().await;
    let expected = ["list[]", "list[open now]", "list[x]", "lists", "say list", ""];
    assert_eq!(scene.teams.texts(), expected);
}

#[tokio::test]
async fn a_message_delivered_twice_is_handled_once() {
    let scene = Scene::new(Router::new().message(echo));
    for _ in 0..5 {
        assert_eq!(scene.status(message("7", "once")).await, 202);
    }
    assert_eq!(scene.status(message("8", "another")).await, 202);
    let mut elsewhere = message("7", "same id elsewhere");
    elsewhere["conversation"]["id"] = json!("a:2");
    assert_eq!(scene.status(elsewhere).await, 202);
    scene.bot.drain().await;
    let mut texts = scene.teams.texts();
    texts.sort();
    assert_eq!(texts, ["another", "once", "same id elsewhere"]);
}

#[tokio::test]
async fn five_clicks_at_once_run_the_handler_once() {
    async fn count(State(runs): State<Arc<AtomicUsize>>) -> CardReply {
        tokio::task::yield_now().await;
        let run = runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        CardReply::message(format!("run {run}"))
    }
    let runs = Arc::new(AtomicUsize::new(0));
    let scene = Scene::new(Router::new().action("go", count).with_state(Arc::clone(&runs)));
    let five = (0..5).map(|_| scene.body(click("7", "go", json!({}))));
    let mut replies = futures_util::future::join_all(five).await;
    replies.push(scene.body(click("7", "go", json!({}))).await);
    assert_eq!(runs.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(replies.iter().all(|reply| reply["value"] == "run 0"), "{replies:?}");
    assert_eq!(scene.body(click("8", "go", json!({}))).await["value"], "run 1");
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_waits_for_the_repetition() {
    async fn slow() -> CardReply {
        tokio::time::sleep(Duration::from_secs(30)).await;
        CardReply::message("done at last")
    }
    async fn slow_invoke() -> InvokeReply {
        tokio::time::sleep(Duration::from_secs(30)).await;
        InvokeReply::empty()
    }
    let scene = Scene::new(Router::new().action("slow", slow).invoke("task/fetch", slow_invoke));
    let started = tokio::time::Instant::now();
    let late = scene.body(click("7", "slow", json!({}))).await;
    assert_eq!(started.elapsed().as_secs(), 10);
    assert_eq!((&late["statusCode"], &late["value"]["code"]), (&json!(500), &json!("Timeout")));
    tokio::time::sleep(Duration::from_secs(21)).await;
    let done = scene.body(click("7", "slow", json!({}))).await;
    assert_eq!(done["value"], "done at last");
    let mut invoke = click("9", "", json!({}));
    invoke["name"] = json!("task/fetch");
    let started = tokio::time::Instant::now();
    assert_eq!(scene.body(invoke).await["error"]["code"], "Timeout");
    assert_eq!(started.elapsed().as_millis(), 4_500);
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_bot_goes_on() {
    async fn press() -> CardReply {
        panic!("on purpose")
    }
    async fn say(Text(text): Text) -> String {
        assert_ne!(text, "panic", "on purpose");
        text
    }
    let scene = Scene::new(Router::new().action("go", press).message(say));
    let reply = scene.body(click("1", "go", json!({}))).await;
    assert_eq!(reply["statusCode"], 500);
    assert_eq!(reply["type"], "application/vnd.microsoft.error");
    assert_eq!(scene.status(message("2", "panic")).await, 202);
    assert_eq!(scene.status(message("3", "still here")).await, 202);
    scene.bot.drain().await;
    assert_eq!(scene.teams.texts(), ["still here"]);
}

#[tokio::test]
async fn what_nobody_answers_has_its_own_status() {
    async fn press() -> CardReply {
        CardReply::message("pressed")
    }
    let scene = Scene::new(Router::new().action("go", press));
    let mut invoke = click("1", "go", json!({}));
    invoke["name"] = json!("cardExtension/unheardOf");
    assert_eq!(scene.status(invoke).await, 501);
    let unknown = scene.body(click("2", "stop", json!({}))).await;
    assert_eq!(unknown["value"]["code"], "UnknownAction");
    assert_eq!(scene.status(message("3", "hello")).await, 200);
    let mut odd = message("4", "");
    odd["type"] = json!("somethingNew");
    assert_eq!(scene.status(odd).await, 200);
    assert_eq!(Scene::new(Router::new()).status(click("5", "go", json!({}))).await, 501);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_may_come_again() {
    async fn wait(State(gate): State<Arc<Semaphore>>, Text(text): Text) -> String {
        gate.acquire().await.unwrap().forget();
        text
    }
    let gate = Arc::new(Semaphore::new(0));
    let router = Router::new().message(wait).with_state(Arc::clone(&gate));
    let scene = Scene::with(router, |builder| builder.queues(2, 3));
    assert_eq!(scene.status(message("1", "one")).await, 202);
    assert_eq!(scene.status(message("2", "two")).await, 202);
    assert_eq!(scene.deliver(message("3", "three")).await, Err(Refused::Full));
    gate.add_permits(9);
    while scene.teams.texts().len() < 2 {
        tokio::task::yield_now().await;
    }
    let mut again = scene.deliver(message("3", "three")).await;
    while again == Err(Refused::Full) {
        tokio::task::yield_now().await;
        again = scene.deliver(message("3", "three")).await;
    }
    scene.bot.drain().await;
    assert_eq!(scene.teams.texts(), ["one", "two", "three"]);
    assert_eq!(scene.deliver(message("4", "late")).await, Err(Refused::Closed));
}

#[tokio::test]
async fn expected_replies_come_in_the_response() {
    async fn twice(turn: Turn, Text(text): Text) -> String {
        turn.reply(Activity::message("first")).await.unwrap();
        text
    }
    let scene = Scene::new(Router::new().message(twice));
    let mut activity = message("7", "second");
    activity["deliveryMode"] = json!("expectReplies");
    let body = scene.body(activity.clone()).await;
    let texts: Vec<_> = body["activities"].as_array().unwrap().iter().map(|a| &a["text"]).collect();
    assert_eq!(texts, ["first", "second"]);
    assert_eq!(body["activities"][0]["replyToId"], "7");
    assert_eq!(scene.body(activity).await, body, "the repetition gets the same");
    assert!(scene.teams.texts().is_empty());
}

#[tokio::test]
async fn an_argument_that_does_not_fit_is_an_answer() {
    #[derive(serde::Deserialize)]
    struct Host {
        host: String,
    }
    async fn isolate(who: Sender, Input(Host { host }): Input<Host>) -> CardReply {
        CardReply::message(format!("{host} by {}", who.aad_object_id.unwrap_or_default()))
    }
    async fn greet(who: Sender) -> String {
        who.id
    }
    let scene = Scene::new(Router::new().action("isolate", isolate).message(greet));
    let check = async |id: &str, data: Value, expected: &str| {
        let body = scene.body(click(id, "isolate", data)).await;
        let shown = body["value"]["code"].as_str().or(body["value"].as_str());
        assert_eq!(shown, Some(expected), "{body}");
    };
    check("1", json!({"host": "srv-1"}), "srv-1 by oid").await;
    check("2", json!({"host": 7}), "BadInput").await;
    check("3", json!("host"), "BadInput").await;
    check("4", Value::Null, "BadInput").await;
    let mut nobody = message("5", "hi");
    nobody["from"] = Value::Null;
    assert_eq!(scene.status(nobody).await, 202);
    scene.bot.drain().await;
    assert_eq!(scene.teams.texts(), ["I cannot see who you are."]);
}

#[tokio::test(start_paused = true)]
async fn answers_are_repeated_only_if_they_did_not_arrive() {
    async fn check(kind: SendErrorKind, wait: Option<u64>, calls: usize, arrives: bool) {
        let scene = Scene::new(Router::new().message(echo));
        let error = SendError::new(kind);
        let error = wait.map_or(SendError::new(kind), |s| error.after(Duration::from_secs(s)));
        scene.teams.failures.lock().unwrap().push_back(error);
        assert_eq!(scene.status(message("1", "hello")).await, 202);
        scene.bot.drain().await;
        let called = scene.teams.calls.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!((called, scene.teams.texts().len() == 1), (calls, arrives), "{kind:?}");
    }
    check(SendErrorKind::Throttled, Some(7), 2, true).await;
    check(SendErrorKind::Throttled, Some(3600), 1, false).await;
    check(SendErrorKind::Conflict, None, 2, true).await;
    check(SendErrorKind::NotSent, None, 2, true).await;
    check(SendErrorKind::Ambiguous, None, 1, false).await;
    check(SendErrorKind::Refused, None, 1, false).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_is_given_up() {
    async fn never(Text(text): Text) -> String {
        if text == "never" {
            std::future::pending::<()>().await;
        }
        text
    }
    let scene = Scene::new(Router::new().message(never));
    scene.status(message("1", "never")).await;
    scene.status(message("2", "next")).await;
    scene.bot.drain().await;
    assert_eq!(scene.teams.texts(), ["next"]);
}

/// The recorded activities of many bots: none of them may be a 5xx, but for the invokes that no
/// bot of ours answers.
#[tokio::test]
#[expect(clippy::print_stderr, reason = "a test that is not run has to say so")]
async fn no_recorded_activity_is_an_error() {
    let above = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let named = std::env::var_os("ARGUS_CORPUS").map(std::path::PathBuf::from);
    let mut places = named.into_iter().chain(above.map(|folder| folder.join("shared/corpus")));
    let Some(corpus) = places.find_map(|place| {
        let activities = place.join("activities");
        activities.is_dir().then_some(activities)
    }) else {
        eprintln!("skipped no_recorded_activity_is_an_error: there is no corpus");
        return;
    };
    let scene = Scene::new(Router::new().message(echo).fallback(echo));
    let mut count = 0;
    for file in std::fs::read_dir(corpus).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let Ok(activity) = serde_json::from_slice::<Activity>(&bytes) else {
            continue; // Some files are lists of activities; the activity tests read those.
        };
        let is_invoke = activity.kind == crate::ActivityKind::Invoke;
        let outcome =
            scene.bot.inner.dispatch(Arc::new(Verified::for_test(activity))).await.unwrap();
        let expected: &[u16] = if is_invoke { &[501] } else { &[200, 202] };
        assert!(
            expected.contains(&outcome.status.as_u16()),
            "{} {}",
            path.display(),
            outcome.status
        );
        count += 1;
    }
    scene.bot.drain().await;
    assert!(count > 100, "only {count} activities");
}
