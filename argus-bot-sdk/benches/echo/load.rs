//! The load: a Connector that takes echoes, and clients that send messages on kept connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use argus_bot_sdk::testing::TENANT;

/// Connections that send at once.
const CLIENTS: u64 = 32;

/// Takes every echo and counts it.
pub(crate) struct Connector {
    url: String,
    taken: Arc<(AtomicU64, Notify)>,
    _tasks: JoinSet<()>,
}

impl Connector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let taken = Arc::new((AtomicU64::new(0), Notify::new()));
        let mut tasks = JoinSet::new();
        let counted = Arc::clone(&taken);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let counted = Arc::clone(&counted);
                connections.spawn(async move {
                    let take = service_fn(|request: Request<hyper::body::Incoming>| {
                        let counted = Arc::clone(&counted);
                        async move {
                            request.into_body().collect().await?;
                            counted.0.fetch_add(1, Ordering::Relaxed);
                            counted.1.notify_waiters();
                            let body = Full::new(Bytes::from_static(b"{\"id\":\"1700000000000\"}"));
                            let mut answer = Response::new(body);
                            *answer.status_mut() = http::StatusCode::CREATED;
                            let json = http::HeaderValue::from_static("application/json");
                            answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
                            Ok::<_, hyper::Error>(answer)
                        }
                    });
                    let http = hyper::server::conn::http1::Builder::new();
                    drop(http.serve_connection(TokioIo::new(stream), take).await);
                });
            }
        });
        Self { url, taken, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    async fn until(&self, total: u64) {
        loop {
            let heard = self.taken.1.notified();
            if self.taken.0.load(Ordering::Relaxed) >= total {
                return;
            }
            drop(tokio::time::timeout(Duration::from_millis(50), heard).await);
        }
    }
}

/// Sends `count` messages and waits until all echoes have reached the Connector.
pub(crate) async fn echoes(
    address: &str,
    token: &str,
    service: &str,
    count: u64,
    connector: &Connector,
) -> Vec<Duration> {
    let total = connector.taken.0.load(Ordering::Relaxed) + count;
    let waits = messages(address, token, service, count).await;
    connector.until(total).await;
    waits
}

/// Sends `count` messages, each of another conversation and with another id, and waits until all
/// are acknowledged. Gives how long each waited for that.
pub(crate) async fn messages(
    address: &str,
    token: &str,
    service: &str,
    count: u64,
) -> Vec<Duration> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (address, token, service) = (address.to_owned(), token.to_owned(), service.to_owned());
        let share = count / CLIENTS + u64::from(client < count % CLIENTS);
        clients.spawn(async move {
            let stream = TcpStream::connect(&address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut send, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            let mut running = JoinSet::new();
            running.spawn(async move { drop(connection.await) });
            let mut waits = Vec::new();
            for _ in 0..share {
                let id = NEXT.fetch_add(1, Ordering::Relaxed);
                let request = Request::post("/api/messages")
                    .header("host", &address)
                    .header("content-type", "application/json")
                    .header("authorization", format!("Bearer {token}"))
                    .body(Full::new(Bytes::from(message(id, &service))))
                    .unwrap();
                let begun = Instant::now();
                let answer = send.send_request(request).await.unwrap();
                waits.push(begun.elapsed());
                assert!(answer.status().is_success(), "{}", answer.status());
                answer.into_body().collect().await.unwrap();
            }
            waits
        });
    }
    let mut waits = Vec::new();
    while let Some(done) = clients.join_next().await {
        waits.extend(done.unwrap());
    }
    waits
}

/// A message as Teams sends it, with what bots usually do not read.
fn message(id: u64, service: &str) -> String {
    format!(
        r#"{{"text":"is the bridge still up?","textFormat":"plain","attachments":[{{"contentType":"text/html","content":"<p>is the bridge still up?</p>"}}],"type":"message","timestamp":"2026-11-20T08:00:00.000Z","localTimestamp":"2026-11-20T09:00:00.000+01:00","id":"{id}","channelId":"msteams","serviceUrl":"{service}","from":{{"id":"29:1uMVvhoAyfTqdMsyvHL0qlJTTfQF9MOUSI8","name":"Alice Berg","aadObjectId":"c5e99701-2a32-49c1-a660-4629ceeb8c61"}},"conversation":{{"conversationType":"personal","tenantId":"{TENANT}","id":"a:{id}"}},"recipient":{{"id":"28:0f0e0d0c-1111-4222-8333-444455556666","name":"Argus"}},"entities":[{{"locale":"en-US","country":"US","platform":"Web","timezone":"Europe/Oslo","type":"clientInfo"}}],"channelData":{{"tenant":{{"id":"{TENANT}"}}}},"locale":"en-US","localTimezone":"Europe/Oslo"}}"#
    )
}
