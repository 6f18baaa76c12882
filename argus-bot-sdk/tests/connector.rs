//! What the connector does when Teams, or somebody who pretends to be Teams, answers oddly.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_bot_sdk::auth::{Cloud, SecretToken, ServiceUrlPolicy, TokenSource};
use argus_bot_sdk::connector::{NewConversation, SendError, SendErrorKind, Sent};
use argus_bot_sdk::{Activity, Connector, ConversationRef, Error, ErrorKind, HttpConnector};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// What the far side does with one request.
enum Act {
    /// Answers with these bytes and closes.
    Say(String),
    /// Answers with status, fields and body; stays open.
    Answer(u16, &'static str, String),
    /// Closes without a word.
    Vanish,
    /// Sends a header and then a byte now and then.
    Drip,
}

fn json_of(status: u16, body: &Value) -> Act {
    Act::Answer(status, "content-type: application/json\r\n", body.to_string())
}

fn ok() -> Act {
    json_of(201, &json!({"id": "17"}))
}

/// One request as the far side saw it.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    line: String,
    bearer: Option<String>,
    body: Value,
}

struct Far {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicU32>,
    _server: JoinSet<()>,
}

impl Far {
    async fn new(script: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicU32::new(0));
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let (log, count) = (Arc::clone(&seen), Arc::clone(&connections));
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut tasks = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                tasks.spawn(talk(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self { address, seen, connections, _server: server }
    }

    fn to(&self, conversation: &str) -> ConversationRef {
        ConversationRef::new(format!("http://{}/x/", self.address), conversation)
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn talk(
    mut stream: TcpStream,
    script: Arc<Mutex<VecDeque<Act>>>,
    log: Arc<Mutex<Vec<Seen>>>,
) {
    while let Some(request) = receive(&mut stream).await {
        log.lock().unwrap().push(request);
        // A request too many is seen by whoever counts; it gets no answer.
        let Some(act) = script.lock().unwrap().pop_front() else { return };
        match act {
            Act::Say(text) => {
                stream.write_all(text.as_bytes()).await.unwrap_or_default();
                return;
            }
            Act::Answer(status, fields, body) => {
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{fields}\r\n");
                stream.write_all((head + &body).as_bytes()).await.unwrap_or_default();
            }
            Act::Vanish => return,
            Act::Drip => {
                let head = b"HTTP/1.1 500 x\r\ncontent-length: 100000\r\n\r\n";
                stream.write_all(head).await.unwrap();
                while stream.write_all(b"x").await.is_ok() {
                    sleep(Duration::from_millis(20)).await;
                }
                return;
            }
        }
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let field = |name: &str| {
        head.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let mut body = vec![0; field("content-length:").map_or(0, |n| n.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen {
        line: head.lines().next()?.to_owned(),
        bearer: field("authorization:"),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

/// Tokens `t1`, `t2`, …: each refresh gives the next.
#[derive(Debug)]
struct Counter(AtomicU32);

#[async_trait]
impl TokenSource for Counter {
    async fn token(&self) -> Result<SecretToken, Error> {
        Ok(SecretToken::new(format!("t{}", self.0.load(Ordering::SeqCst))))
    }
    async fn refresh(&self, _: &SecretToken) -> Result<SecretToken, Error> {
        Ok(SecretToken::new(format!("t{}", self.0.fetch_add(1, Ordering::SeqCst) + 1)))
    }
}

fn connector() -> HttpConnector {
    let tokens = Arc::new(Counter(AtomicU32::new(1)));
    HttpConnector::new(tokens, ServiceUrlPolicy::loopback()).unwrap()
}

fn hello() -> Activity {
    Activity::message("hello")
}

fn kind(result: &Result<Sent, SendError>) -> Option<SendErrorKind> {
    result.as_ref().err().map(SendError::kind)
}

#[tokio::test]
async fn each_call_has_its_method_path_and_body() {
    let far = Far::new([ok(), ok(), ok(), json_of(200, &json!({})), ok()]).await;
    let (connector, to) = (connector(), far.to("19:a/b@thread.tacv2;messageid=7"));
    let sent = connector.send(&to, &hello()).await.unwrap();
    assert_eq!((sent.activity_id.as_deref(), sent.status), (Some("17"), 201));
    connector.reply(&to, "f:1", &hello()).await.unwrap();
    connector.update(&to, "a b", &hello()).await.unwrap();
    connector.delete(&to, "..").await.unwrap();
    let thread = NewConversation::channel_thread("19:x", hello());
    let made = connector.create_conversation(&to.service_url, &thread).await.unwrap();
    assert_eq!(made.id, "17");
    let lines: Vec<_> = far.seen().into_iter().map(|seen| seen.line).collect();
    let base = "/x/v3/conversations";
    let c = "19%3Aa%2Fb%40thread.tacv2%3Bmessageid%3D7";
    assert_eq!(
        lines,
        [
            format!("POST {base}/{c}/activities HTTP/1.1"),
            format!("POST {base}/{c}/activities/f%3A1 HTTP/1.1"),
            format!("PUT {base}/{c}/activities/a%20b HTTP/1.1"),
            format!("DELETE {base}/{c}/activities/_.. HTTP/1.1"),
            format!("POST {base} HTTP/1.1"),
        ]
    );
    assert_eq!(far.seen()[0].body, json!({"type": "message", "text": "hello"}));
    assert!(far.seen().iter().all(|seen| seen.bearer.as_deref() == Some("Bearer t1")));
    assert_eq!(far.connections.load(Ordering::SeqCst), 1, "the connection is reused");
}

#[tokio::test]
async fn answers_to_a_send_and_what_they_mean() {
    async fn check(act: Act, expected: Option<SendErrorKind>, code: Option<&str>) {
        let far = Far::new([act]).await;
        let at_once = connector().patience(Duration::ZERO);
        let result = at_once.send(&far.to("a:1"), &hello()).await;
        assert_eq!(kind(&result), expected, "{result:?}");
        assert_eq!(result.as_ref().err().and_then(SendError::code), code);
        assert_eq!(far.seen().len(), 1, "sent once, whatever came back");
    }
    use SendErrorKind::*;
    let error = |status, code: &str| json_of(status, &json!({"error": {"code": code}}));
    let html = |status| Act::Answer(status, "content-type: text/html\r\n", "<h1>no</h1>".into());
    check(json_of(200, &json!({})), None, None).await;
    check(Act::Answer(202, "", String::new()), None, None).await;
    check(Act::Answer(201, "", r#" {"id": "17"}"#.into()), None, None).await;
    let shouted = Act::Answer(201, "content-type: Application/JSON\r\n", r#"{"id": "1"}"#.into());
    check(shouted, None, None).await;
    check(html(200), Some(Ambiguous), None).await;
    check(Act::Answer(200, "", "<h1>no</h1>".into()), Some(Ambiguous), None).await;
    check(error(400, "BadArgument"), Some(Refused), Some("BadArgument")).await;
    let gone = "BotNotInConversationRoster";
    check(error(403, gone), Some(Dormant), Some(gone)).await;
    check(Act::Answer(403, "", String::new()), Some(Refused), None).await;
    check(error(404, "ConversationNotFound"), Some(Dormant), Some("ConversationNotFound")).await;
    check(html(413), Some(TooBig), None).await;
    check(error(412, "PreconditionFailed"), Some(Conflict), Some("PreconditionFailed")).await;
    check(html(502), Some(Ambiguous), None).await;
    check(html(503), Some(Ambiguous), None).await;
    check(Act::Vanish, Some(Ambiguous), None).await;
    check(Act::Say("HTTP/1.1 2".into()), Some(Ambiguous), None).await;
    check(Act::Say("not http at all\r\n\r\n".into()), Some(Ambiguous), None).await;
    let long = Act::Answer(201, "content-type: application/json\r\n", "x".repeat(2 << 20));
    check(long, None, None).await;
}

#[tokio::test]
async fn throttling_is_told_to_the_sender_and_waited_for_by_an_update() {
    let throttled = |wait| Act::Answer(429, wait, String::new());
    let far =
        Far::new([throttled("retry-after: 7\r\n"), throttled("retry-after: 0.2\r\n"), ok()]).await;
    let (connector, to) = (connector().patience(Duration::from_secs(2)), far.to("a:1"));
    let refused = connector.send(&to, &hello()).await.unwrap_err();
    assert_eq!(refused.kind(), SendErrorKind::Throttled);
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(7)));
    let started = Instant::now();
    connector.update(&to, "1", &hello()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(200), "did not wait");
    assert_eq!(far.seen().len(), 3);
}

#[tokio::test]
async fn updates_and_deletions_are_repeated() {
    let answer = |status| Act::Answer(status, "", String::new());
    let script = [answer(412), answer(503), Act::Vanish, ok(), answer(504), answer(200)];
    let far = Far::new(script).await;
    let (connector, to) = (connector(), far.to("a:1"));
    assert_eq!(connector.update(&to, "1", &hello()).await.unwrap().status, 201);
    assert_eq!(connector.delete(&to, "1").await.unwrap().status, 200);
    let far = Far::new((0..4).map(|_| answer(412))).await;
    let result = connector.update(&far.to("a:1"), "1", &hello()).await;
    assert_eq!((kind(&result), far.seen().len()), (Some(SendErrorKind::Conflict), 4));
    let far = Far::new([answer(500)]).await;
    let result = connector.update(&far.to("a:1"), "1", &hello()).await;
    assert_eq!((kind(&result), far.seen().len()), (Some(SendErrorKind::Ambiguous), 1));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let denied = || Act::Answer(401, "", String::new());
    let bearers = |far: &Far| {
        far.seen().into_iter().map(|seen| seen.bearer.unwrap_or_default()).collect::<Vec<_>>()
    };
    let far = Far::new([denied(), ok()]).await;
    connector().send(&far.to("a:1"), &hello()).await.unwrap();
    assert_eq!(bearers(&far), ["Bearer t1", "Bearer t2"]);
    let far = Far::new([denied(), denied()]).await;
    let result = connector().send(&far.to("a:1"), &hello()).await;
    assert_eq!(kind(&result), Some(SendErrorKind::Auth));
    assert_eq!(bearers(&far), ["Bearer t1", "Bearer t2"]);
}

#[tokio::test]
async fn a_token_goes_nowhere_else() {
    let thief = Far::new([]).await;
    let location = format!(
        "HTTP/1.1 307 x\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n",
        thief.address
    );
    let far = Far::new([Act::Say(location)]).await;
    let result = connector().send(&far.to("a:1"), &hello()).await;
    assert_eq!(kind(&result), Some(SendErrorKind::Refused), "a redirect is not followed");
    let tokens = Arc::new(Counter(AtomicU32::new(1)));
    let strict = HttpConnector::new(tokens, ServiceUrlPolicy::new(Cloud::Public)).unwrap();
    for url in [format!("http://{}/", thief.address), "https://evil.example/".into(), String::new()]
    {
        let result = strict.send(&ConversationRef::new(url.clone(), "a:1"), &hello()).await;
        assert_eq!(kind(&result), Some(SendErrorKind::Forbidden), "{url}");
    }
    assert_eq!(thief.connections.load(Ordering::SeqCst), 0, "somebody called the thief");
}

#[tokio::test]
async fn what_cannot_be_reached_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let to = ConversationRef::new(format!("http://{address}/"), "a:1");
    assert_eq!(kind(&connector().send(&to, &hello()).await), Some(SendErrorKind::NotSent));
}

#[tokio::test]
async fn a_dripping_answer_has_an_end() {
    let far = Far::new([Act::Drip]).await;
    let hasty = connector().deadline(Duration::from_millis(300));
    let started = Instant::now();
    let result = hasty.send(&far.to("a:1"), &hello()).await;
    assert_eq!(kind(&result), Some(SendErrorKind::Ambiguous));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn no_token_no_send() {
    #[derive(Debug)]
    struct Broken(ErrorKind);
    #[async_trait]
    impl TokenSource for Broken {
        async fn token(&self) -> Result<SecretToken, Error> {
            Err(Error::new(self.0, "no token"))
        }
        async fn refresh(&self, _: &SecretToken) -> Result<SecretToken, Error> {
            Err(Error::new(self.0, "no token"))
        }
    }
    let far = Far::new([]).await;
    let check = async |error, expected| {
        let policy = ServiceUrlPolicy::loopback();
        let connector = HttpConnector::new(Arc::new(Broken(error)), policy).unwrap();
        let result = connector.send(&far.to("a:1"), &hello()).await;
        assert_eq!(kind(&result), Some(expected));
    };
    check(ErrorKind::Credentials, SendErrorKind::Auth).await;
    check(ErrorKind::Unavailable, SendErrorKind::NotSent).await;
    assert_eq!(far.connections.load(Ordering::SeqCst), 0);
}

/// Each recorded exchange: what was answered then gives the same verdict now.
#[tokio::test]
#[expect(clippy::print_stderr, reason = "a test that is not run has to say so")]
async fn recorded_exchanges_are_understood() {
    let above = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let named = std::env::var_os("ARGUS_CORPUS").map(std::path::PathBuf::from);
    let mut places = named.into_iter().chain(above.map(|folder| folder.join("shared/corpus")));
    let Some(corpus) = places.find(|place| place.join("connector").is_dir()) else {
        eprintln!("skipped recorded_exchanges_are_understood: there is no corpus");
        return;
    };
    let (connector, mut count) = (connector(), 0);
    for file in std::fs::read_dir(corpus.join("connector")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            let exchange: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            count += 1;
            replay(&connector, &exchange, &path.display().to_string()).await;
        }
    }
    assert!(count >= 40, "only {count} exchanges");
}

async fn replay(connector: &HttpConnector, exchange: &Value, name: &str) {
    let at = |pointer: &str| exchange.pointer(pointer).unwrap_or(&Value::Null);
    let status = at("/response/status").as_u64().and_then(|n| u16::try_from(n).ok()).unwrap();
    let body = at("/response/body");
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let far = Far::new([Act::Answer(status, "content-type: application/json\r\n", text)]).await;
    let to = far.to("a:1");
    let result = match at("/request/method").as_str().unwrap() {
        "DELETE" => connector.delete(&to, "1").await,
        "PUT" => connector.update(&to, "1", &hello()).await,
        _ => connector.send(&to, &hello()).await,
    };
    let code = body.pointer("/error/code").and_then(Value::as_str);
    match result {
        Ok(sent) => {
            assert!(status < 300, "{name}");
            let id = body.get("id").and_then(Value::as_str);
            let is_delete = at("/request/method") == "DELETE";
            assert_eq!(sent.activity_id.as_deref(), id.filter(|_| !is_delete), "{name}");
        }
        Err(error) => {
            assert_eq!((error.status(), error.code()), (Some(status), code), "{name}");
        }
    }
}
