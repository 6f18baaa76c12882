//! The whole contract of the bench-bot, kept by a process of its own that knows nothing but its
//! environment: Entra, keys and Connector are HTTPS hosts with a certificate of a private CA.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argus_bot_sdk::testing::{APP_ID, APP_SECRET, FakeEntra, TENANT, TokenSpec};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

const NOTIFY_KEY: &str = "only-this-test-has-it";
const CONNECTOR_TOKEN: &str = "of-the-https-token-endpoint";

/// Started again by the test below, this is the bot; otherwise it is nothing.
#[test]
fn the_bot_as_a_process() {
    if !super::told("BENCH_BOT_CHILD").is_empty() {
        super::main().unwrap();
    }
}

/// Everything of Microsoft's that the bot calls, on one HTTPS host.
struct Microsoft {
    address: SocketAddr,
    entra: FakeEntra,
    /// What the Connector got, in order.
    sent: Arc<Mutex<Vec<Value>>>,
    ca_pem: String,
    _tasks: JoinSet<()>,
}

impl Microsoft {
    async fn start() -> Self {
        let (ca_pem, tls) = certified();
        let entra = FakeEntra::start().await.unwrap();
        let at: SocketAddr = entra.url().trim_start_matches("http://").parse().unwrap();
        let keys = Bytes::from(call(at, "GET", "/v1/.well-known/keys", &[], "").await.1);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let heard = Arc::clone(&sent);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, keys, heard) = (tls.clone(), keys.clone(), Arc::clone(&heard));
                connections.spawn(async move {
                    // A client that does not trust the certificate hangs up here.
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let answer = service_fn(|request| {
                        let (keys, heard) = (keys.clone(), Arc::clone(&heard));
                        async move { Ok::<_, hyper::Error>(answer(request, keys, &heard).await) }
                    });
                    let http = hyper::server::conn::http1::Builder::new();
                    drop(http.serve_connection(TokioIo::new(stream), answer).await);
                });
            }
        });
        Self { address, entra, sent, ca_pem, _tasks: tasks }
    }

    /// The host's name is in its certificate, its address is not.
    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.entra.mint(&TokenSpec::bot(APP_ID, &self.url("/teams/"))))
    }

    /// Waits until the Connector has got so many activities.
    async fn sent(&self, count: usize) -> Vec<Value> {
        for _ in 0..500 {
            let sent = self.sent.lock().unwrap().clone();
            if sent.len() >= count {
                return sent;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("only {} activities arrived", self.sent.lock().unwrap().len());
    }
}

async fn answer(
    request: Request<Incoming>,
    keys: Bytes,
    sent: &Mutex<Vec<Value>>,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let host = head.headers["host"].to_str().unwrap();
    let (status, body) = match (&head.method, head.uri.path()) {
        (&Method::GET, "/openid") => {
            let document = json!({
                "issuer": "https://api.botframework.com",
                "jwks_uri": format!("https://{host}/keys"),
                "id_token_signing_alg_values_supported": ["RS256"],
            });
            (StatusCode::OK, document.to_string().into())
        }
        (&Method::GET, "/keys") => (StatusCode::OK, keys),
        (&Method::POST, "/token") => {
            let form = String::from_utf8_lossy(&body);
            assert!(form.contains(&format!("client_id={APP_ID}")), "{form}");
            let token = json!({
                "token_type": "Bearer", "expires_in": 3600, "access_token": CONNECTOR_TOKEN,
            });
            (StatusCode::OK, token.to_string().into())
        }
        (&Method::POST, path) if path.starts_with("/teams/v3/conversations/") => {
            assert_eq!(head.headers["authorization"], format!("Bearer {CONNECTOR_TOKEN}"));
            sent.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            (StatusCode::CREATED, Bytes::from_static(b"{\"id\":\"1\"}"))
        }
        _ => (StatusCode::NOT_FOUND, Bytes::new()),
    };
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer
}

/// A private CA's certificate, and a server with one of `localhost` that the CA signed.
fn certified() -> (String, TlsAcceptor) {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(DnType::CommonName, "A private CA");
    let ca_key = KeyPair::generate().unwrap();
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key.into());
    (ca_pem, TlsAcceptor::from(Arc::new(config.unwrap())))
}

/// The bot as a process; it ends with the test.
struct Process {
    child: Child,
    address: SocketAddr,
    /// What it wrote so far, line by line.
    lines: Arc<Mutex<Vec<String>>>,
    _cards: tempfile::TempDir,
}

impl Process {
    async fn start(microsoft: &Microsoft, trusts: bool) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let cards = super::tests::card_dir();
        let ca_file: PathBuf = cards.path().join("ca.pem");
        std::fs::write(&ca_file, &microsoft.ca_pem).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["contract::the_bot_as_a_process", "--exact", "--nocapture"])
            .env_remove("SSL_CERT_FILE")
            .envs([("BENCH_BOT_CHILD", "1"), ("HOST", "127.0.0.1"), ("NOTIFY_KEY", NOTIFY_KEY)])
            .envs([("APP_ID", APP_ID), ("APP_SECRET", APP_SECRET), ("TENANT_ID", TENANT)])
            .env("PORT", free.port().to_string())
            .env("METADATA_URL", microsoft.url("/openid"))
            .env("TOKEN_URL", microsoft.url("/token"))
            .env("SERVICE_URL", microsoft.url("/teams/"))
            .env("CARD_DIR", cards.path());
        if trusts {
            command.env("CA_FILE", &ca_file);
        }
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let mut bot = Self { child, address: free, lines: Arc::clone(&lines), _cards: cards };
        let child = &mut bot.child;
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        for pipe in [Box::new(out) as Box<dyn std::io::Read + Send>, Box::new(err)] {
            let lines = Arc::clone(&lines);
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines() {
                    lines.lock().unwrap().push(line.unwrap());
                }
            });
        }
        for _ in 0..500 {
            if TcpStream::connect(free).await.is_ok() {
                return bot;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the bot does not listen: {:?}", lines.lock().unwrap());
    }

    async fn post(&self, path: &str, header: (&str, &str), body: &Value) -> (u16, Value) {
        let headers = [header, ("content-type", "application/json")];
        let (status, body) = call(self.address, "POST", path, &headers, &body.to_string()).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One request on a connection of its own.
async fn call(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n");
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    write!(request, "content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn activity(microsoft: &Microsoft, id: u32, more: &Value) -> Value {
    let mut activity = json!({
        "type": "message", "id": id.to_string(), "channelId": "msteams",
        "serviceUrl": microsoft.url("/teams/"),
        "from": { "id": "29:1ana", "name": "Ana", "aadObjectId": "00000000-0000-4000-8000-00000000000a" },
        "recipient": { "id": format!("28:{APP_ID}") },
        "conversation": { "id": "19:soc@thread.tacv2;messageid=1", "tenantId": TENANT },
        "channelData": { "tenant": { "id": TENANT } },
    });
    activity.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    activity
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_is_kept_over_https_with_a_private_ca() {
    let microsoft = Microsoft::start().await;
    let bot = Process::start(&microsoft, true).await;
    let token = microsoft.authorization();
    let signed = ("authorization", token.as_str());
    let event = json!({ "title": "Malware", "status": "New", "assignee": "nobody" });

    let early = bot.post("/notify", ("x-notify-key", NOTIFY_KEY), &event).await;
    assert_eq!(early.0, 409, "nobody was seen yet");

    let hello = activity(&microsoft, 1, &json!({ "text": "hello" }));
    assert_eq!(bot.post("/api/messages", signed, &hello).await.0 / 100, 2);
    let sent = microsoft.sent(1).await;
    assert_eq!((&sent[0]["type"], &sent[0]["text"]), (&json!("message"), &json!("echo: hello")));
    assert_eq!(sent[0]["replyToId"], "1");

    let action = json!({ "type": "Action.Execute", "verb": "ack", "data": { "event": event } });
    let more = json!({
        "type": "invoke", "name": "adaptiveCard/action", "value": { "action": action },
    });
    let (status, card) = bot.post("/api/messages", signed, &activity(&microsoft, 2, &more)).await;
    assert_eq!((status, &card["statusCode"]), (200, &json!(200)));
    assert_eq!(card["type"], "application/vnd.microsoft.card.adaptive");
    assert_eq!(card["value"]["body"][0]["text"], "Malware: Acknowledged by Ana");

    let more = json!({ "type": "invoke", "name": "adaptiveCard/action",
        "value": { "action": { "type": "Action.Execute", "verb": "ack", "data": {} } } });
    let (status, error) = bot.post("/api/messages", signed, &activity(&microsoft, 3, &more)).await;
    assert_eq!((status, &error["statusCode"]), (200, &json!(400)));

    assert_eq!(bot.post("/notify", ("x-notify-key", "wrong"), &event).await.0, 401);
    assert_eq!(bot.post("/notify", ("x-other", NOTIFY_KEY), &event).await.0, 401);
    let (status, _) = bot.post("/notify", ("x-notify-key", NOTIFY_KEY), &event).await;
    assert_eq!(status, 200, "{:?}", bot.lines.lock().unwrap());
    let notice = microsoft.sent(2).await.remove(1);
    assert_eq!(notice["attachments"][0]["content"]["body"][0]["text"], "Malware: New by nobody");

    let refused = bot.post("/api/messages", ("authorization", "Bearer a.b.c"), &hello).await;
    assert_eq!(refused.0, 401);
    let stranger = format!("{token}x");
    let refused = bot.post("/api/messages", ("authorization", &stranger), &hello).await;
    assert_eq!(refused.0, 401);
    assert_eq!(microsoft.sent(2).await.len(), 2, "exactly one echo and one notice");
    let mut lines = bot.lines.lock().unwrap().clone();
    lines.retain(|line| !line.is_empty() && line != "running 1 test");
    assert!(lines.is_empty(), "a line for each request: {lines:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_ca_nobody_is_believed() {
    let microsoft = Microsoft::start().await;
    let bot = Process::start(&microsoft, false).await;
    let hello = activity(&microsoft, 1, &json!({ "text": "hello" }));
    let token = microsoft.authorization();
    let (status, _) = bot.post("/api/messages", ("authorization", &token), &hello).await;
    assert_eq!(status, 503, "keys from a host whose certificate nobody trusts");
    assert!(microsoft.sent.lock().unwrap().is_empty());
}
