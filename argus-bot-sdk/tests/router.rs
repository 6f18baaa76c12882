//! The whole road: a request with a real token over a real socket, an answer through a Connector.

use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
use argus_bot_sdk::extract::Text;
use argus_bot_sdk::server::Limits;
use argus_bot_sdk::testing::{Person, TestTeams};
use argus_bot_sdk::{Bot, Connector, HttpConnector, Router, SystemClock};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

async fn echo(Text(text): Text) -> String {
    text
}

/// A bot behind the server, between the fakes.
struct Scene {
    teams: TestTeams,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinSet<()>,
}

impl Scene {
    async fn new() -> Self {
        let router = Router::new().message(echo);
        let builder = TestTeams::builder(router);
        let teams = builder.bot(|bot| bot.max_body(2_000)).start().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let bot = teams.bot().clone();
        let limits = Limits::default().body_timeout(Duration::from_millis(300));
        let mut server = JoinSet::new();
        server.spawn(async move {
            bot.serve(listener, limits, async { stopped.await.unwrap_or_default() }).await.unwrap();
        });
        Self { teams, address, stop, server }
    }

    fn authorization(&self) -> String {
        format!("authorization: Bearer {}\r\n", self.teams.teams().token())
    }

    fn activity(&self) -> Value {
        activity(&self.teams)
    }

    /// Sends these bytes and reads until the first answer is complete or the server closes.
    async fn say(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("{head}host: a\r\nconnection: close\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "no end: {head}");
        let answer = String::from_utf8(answer).unwrap();
        (answer.get(9..12).unwrap_or("0").parse().unwrap(), answer)
    }
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn the_door_answers_in_order_of_cost() {
    let scene = Scene::new().await;
    let token = scene.authorization();
    let check = async |head: &str, body: &str, expected: u16, says: &str| {
        let (status, heard) = scene.say(head, body).await;
        assert_eq!(status, expected, "{head} -> {heard}");
        assert!(heard.contains(says), "{head} -> {heard}");
        let (_, answer) = heard.split_once("\r\n\r\n").unwrap();
        let problem: Value = serde_json::from_str(answer).unwrap();
        assert_eq!(problem["status"], expected);
    };
    let post = "POST /api/messages HTTP/1.1\r\n";
    let sized = |body: &str| format!("content-length: {}\r\n", body.len());
    let good = scene.activity().to_string();
    let of_good = sized(&good);
    check("GET /api/messages HTTP/1.1\r\n", "", 405, "allow: POST").await;
    check("POST /admin HTTP/1.1\r\n", "", 404, "problem+json").await;
    // The body is declared and never sent: whoever answers did not wait for it.
    check(&format!("{post}{JSON}content-length: 9\r\n"), "", 401, "www-authenticate: Bearer").await;
    check(&format!("{post}{JSON}{token}{token}content-length: 9\r\n"), "", 401, "").await;
    check(&format!("{post}{JSON}{token}content-length: 2001\r\n"), "", 413, "").await;
    check(&format!("{post}{token}{of_good}"), &good, 415, "").await;
    check(&format!("{post}{JSON}{token}content-encoding: gzip\r\n{of_good}"), &good, 415, "").await;
    check(&format!("{post}{JSON}{token}content-length: 9\r\n"), "{", 408, "").await;
    for bad in ["{", "[]", "null", "{\"type\":\"message\",\"type\":\"invoke\"}", "\u{feff}{}", ""] {
        check(&format!("{post}{JSON}{token}{}", sized(bad)), bad, 400, "").await;
    }
    let mut elsewhere = scene.activity();
    elsewhere["serviceUrl"] = json!("https://smba.trafficmanager.net/emea/");
    let elsewhere = elsewhere.to_string();
    check(&format!("{post}{JSON}{token}{}", sized(&elsewhere)), &elsewhere, 403, "").await;
    assert!(scene.teams.sent().is_empty(), "something got through the door");
}

#[tokio::test]
async fn a_refusal_costs_no_connection_if_nothing_is_left_on_it() {
    let scene = Scene::new().await;
    let good = scene.activity().to_string();
    let token = scene.authorization();
    let post = |more: &str, length: usize| {
        format!(
            "POST /api/messages HTTP/1.1\r\nhost: a\r\n{JSON}{more}content-length: {length}\r\n\r\n"
        )
    };
    let next = post(&token, good.len()) + &good;
    let check = async |first: String, refused: u16, goes_on: bool| {
        let mut stream = TcpStream::connect(scene.address).await.unwrap();
        stream.write_all(first.as_bytes()).await.unwrap();
        let (status, head) = answer(&mut stream).await;
        assert_eq!(status, refused, "{first}");
        assert_eq!(!head.contains("connection: close"), goes_on, "{first} -> {head}");
        if goes_on {
            // The same activity each time: only its first delivery is handled, all are taken.
            stream.write_all(next.as_bytes()).await.unwrap();
            assert_eq!(answer(&mut stream).await.0, 202, "{first}");
        } else {
            let rest = timeout(Duration::from_secs(5), stream.read(&mut [0; 16])).await.unwrap();
            assert_eq!(rest.unwrap_or(0), 0, "{first}");
        }
    };
    let long = "x".repeat(1_900);
    check(post("", good.len()) + &good, 401, true).await;
    check(post("authorization: Bearer a.b.c\r\n", 1_900) + &long, 401, true).await;
    check(post("", 0), 401, true).await;
    check(
        "GET /elsewhere HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nfour".to_owned(),
        404,
        true,
    )
    .await;
    // What was read is whole, whatever is in it.
    check(post(&token, 2) + "{}", 400, true).await;
    // Not all of it is there, nobody says how long it is, it is to be asked for, or it is too long.
    check(post("", 9) + "four", 401, false).await;
    let chunked = post("", 0).replace("content-length: 0", "transfer-encoding: chunked");
    check(chunked + "4\r\nfour\r\n0\r\n\r\n", 401, false).await;
    check(post("expect: 100-continue\r\n", 4) + "four", 401, false).await;
    check(post("", 20_000) + &"x".repeat(20_000), 413, false).await;
}

/// The status of one answer and its header; the body is read and dropped.
async fn answer(stream: &mut TcpStream) -> (u16, String) {
    let mut all = String::new();
    let is_whole = |all: &str| {
        let (head, body) = all.split_once("\r\n\r\n")?;
        let length = head.split("content-length: ").nth(1)?.split("\r\n").next()?;
        (body.len() == length.parse::<usize>().unwrap()).then(|| head.to_owned())
    };
    loop {
        if let Some(head) = is_whole(&all) {
            return (head.get(9..12).unwrap_or("0").parse().unwrap(), head);
        }
        let mut buffer = [0; 4096];
        let read =
            timeout(Duration::from_secs(5), stream.read(&mut buffer)).await.unwrap().unwrap();
        assert!(read > 0, "no answer: {all}");
        all.push_str(std::str::from_utf8(buffer.get(..read).unwrap()).unwrap());
    }
}

#[tokio::test]
async fn shutdown_waits_for_answers_that_were_promised() {
    let scene = Scene::new().await;
    let body = scene.activity().to_string();
    let length = format!("content-length: {}\r\n", body.len());
    let head = format!("POST /api/messages HTTP/1.1\r\n{JSON}{}{length}", scene.authorization());
    let (status, answer) = scene.say(&head, &body).await;
    assert_eq!(status, 202, "{answer}");
    let Scene { teams, stop, mut server, .. } = scene;
    stop.send(()).unwrap();
    timeout(Duration::from_secs(10), server.join_next()).await.unwrap().unwrap().unwrap();
    assert_eq!(teams.sent().len(), 1, "the bot ended before its answer was out");
    let refused = teams.deliver(&activity(&teams)).await;
    assert_eq!(refused.status, 503, "a bot that has drained takes nothing");
}

/// An activity as Teams would send it now.
fn activity(teams: &TestTeams) -> Value {
    let person = Person::new("Alice Berg");
    let chat = teams.teams().personal(&person);
    teams.teams().say(&chat, &person, "hello").unwrap()
}

/// A bot that checks tokens may be reached from anywhere.
#[tokio::test]
async fn a_bot_with_a_lock_may_stand_on_the_street() {
    let inbound = InboundConfig::new("app", Cloud::Public);
    let policy = inbound.service_url_policy().unwrap();
    let auth = Authenticator::new(inbound, Arc::new(SystemClock)).unwrap();
    let connector: Arc<dyn Connector> = Arc::new(HttpConnector::without_tokens(policy).unwrap());
    let bot = Bot::builder(Router::new(), Arc::new(auth), connector).build();
    assert!(!bot.requires_loopback());
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    bot.serve(listener, Limits::default(), async {}).await.unwrap();
}

#[cfg(feature = "danger-anonymous")]
#[tokio::test]
async fn a_bot_without_a_lock_stays_at_home() {
    use argus_bot_sdk::auth::ServiceUrlPolicy;

    let auth = Arc::new(Authenticator::anonymous(ServiceUrlPolicy::loopback()));
    let policy = ServiceUrlPolicy::loopback();
    let connector: Arc<dyn Connector> = Arc::new(HttpConnector::without_tokens(policy).unwrap());
    let bot = Bot::builder(Router::new(), auth, connector).build();
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = bot.clone().serve(listener, Limits::default(), async {}).await.unwrap_err();
    assert_eq!(refused.kind(), argus_bot_sdk::ErrorKind::Config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bot.serve(listener, Limits::default(), async {}).await.unwrap();
}
