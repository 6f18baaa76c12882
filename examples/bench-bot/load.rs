//! Measures the bench-bot from outside: CPU time for 1,000 of each kind of request, how long one
//! waits with 32 in flight, memory, and the time from start to first reply.
//!
//! ```text
//! cargo build --release -p argus-examples --example bench-bot
//! cargo bench -p argus-examples --bench bench-bot
//! ```
//!
//! The bot is a process of its own, configured by its environment only; keys, token endpoint and
//! Connector are in this process and are not counted. `-- Echo` measures one kind only. Any other bot that keeps the contract is
//! measured by naming its command: `BENCH_BOT="node bot.js" cargo bench …`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a bench: it may stop at the first surprise, prints what it found, and measures time"
)]

#[path = "load/connector.rs"]
mod connector;
#[path = "load/process.rs"]
mod process;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use argus_bot_sdk::testing::{APP_ID, FakeEntra, TENANT, TokenSpec};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use self::connector::Connector;
use self::process::{NOTIFY_KEY, Process};

/// Requests in flight.
const CLIENTS: u64 = 32;
/// Requests in one measurement.
const REQUESTS: u32 = 10_000;
/// Measurements of each kind; the median counts, so that a busy moment does not decide.
const ROUNDS: usize = 5;

/// What is asked of the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A message; done when its echo has reached the Connector.
    Echo,
    /// A button; done when the card is back.
    Ack,
    /// A message with a token that nobody signed.
    Refused,
    /// An event for the conversation last seen; done when the Connector has the card.
    Notify,
}

impl Kind {
    /// The goal in issue 3: CPU seconds for 1,000.
    fn goal(self) -> f64 {
        match self {
            Self::Echo => 0.027,
            Self::Ack | Self::Notify => 0.030,
            Self::Refused => 0.032,
        }
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let entra = FakeEntra::start().await.unwrap();
    let connector = Connector::start().await;
    let token = entra.mint(&TokenSpec::bot(APP_ID, &connector.url()));
    let load = Arc::new(Load { token, service: connector.url(), connector });

    let mut starts = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let process = Process::start(&entra, &load.service);
        load.first_reply(&process).await;
        starts.push(began.elapsed());
    }
    starts.sort_unstable();
    let start = starts[ROUNDS / 2];

    let process = Process::start(&entra, &load.service);
    load.first_reply(&process).await;
    println!("median of {ROUNDS} x {REQUESTS}, {CLIENTS} in flight");
    println!("               CPU-s per 1,000 (goal)   half wait   99 of 100 wait   memory");
    let only: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    for kind in [Kind::Echo, Kind::Ack, Kind::Refused, Kind::Notify] {
        let name = format!("{kind:?}");
        if !only.is_empty() && !only.contains(&name) {
            continue;
        }
        load.run(&process, kind, u64::from(REQUESTS / 5)).await;
        let (mut times, mut waits) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let before = process.cpu();
            waits.extend(load.run(&process, kind, u64::from(REQUESTS)).await);
            times.push((process.cpu() - before) * 1_000.0 / f64::from(REQUESTS));
        }
        times.sort_by(f64::total_cmp);
        waits.sort_unstable();
        let at = |share: usize| waits[waits.len() * share / 100];
        let (cpu, goal) = (times[ROUNDS / 2], kind.goal());
        println!(
            "{name:<12}   {cpu:.4} ({goal:.3})           {:>8.2?}     {:>8.2?}   {}",
            at(50),
            at(99),
            process.resident()
        );
    }
    println!("start to first reply, median of {ROUNDS}: {start:.1?}");
}

/// The load and where its answers arrive.
struct Load {
    token: String,
    service: String,
    connector: Connector,
}

impl Load {
    /// Asks until the bot listens, and waits for its echo.
    async fn first_reply(&self, process: &Process) {
        let number = next();
        let arrived = self.connector.expect(&format!("echo: {number}"));
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Ok(mut client) = connect(&process.address).await {
                let status = self.ask(&mut client, process, Kind::Echo, number).await;
                if status == 200 {
                    break;
                }
            }
            assert!(Instant::now() < deadline, "the bot does not answer");
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        arrived.await.unwrap();
    }

    /// So many requests by all clients; gives how long each waited.
    async fn run(self: &Arc<Self>, process: &Process, kind: Kind, count: u64) -> Vec<Duration> {
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let load = Arc::clone(self);
            let process = process.place();
            clients.spawn(async move {
                let mut client = connect(&process.address).await.unwrap();
                let mut waits = Vec::new();
                for _ in 0..count / CLIENTS {
                    let number = next();
                    let arrived = match kind {
                        Kind::Echo => Some(load.connector.expect(&format!("echo: {number}"))),
                        Kind::Notify => Some(load.connector.expect(&format!("INC-{number}"))),
                        Kind::Ack | Kind::Refused => None,
                    };
                    let began = Instant::now();
                    let status = load.ask(&mut client, &process, kind, number).await;
                    let expected = if kind == Kind::Refused { 401 } else { 200 };
                    assert_eq!(status, expected, "{kind:?}");
                    if let Some(arrived) = arrived {
                        arrived.await.unwrap();
                    }
                    waits.push(began.elapsed());
                }
                waits
            });
        }
        clients.join_all().await.into_iter().flatten().collect()
    }

    async fn ask(
        &self,
        client: &mut SendRequest<Full<Bytes>>,
        process: &process::Place,
        kind: Kind,
        number: u64,
    ) -> u16 {
        let request = Request::post(if kind == Kind::Notify { "/notify" } else { "/api/messages" })
            .header("host", &process.address)
            .header("content-type", "application/json");
        let request = match kind {
            Kind::Notify => request.header("x-notify-key", NOTIFY_KEY),
            Kind::Refused => request.header("authorization", self.forged(number)),
            Kind::Echo | Kind::Ack => {
                request.header("authorization", format!("Bearer {}", self.token))
            }
        };
        let body = match kind {
            Kind::Echo | Kind::Refused => {
                self.activity(number, "message", &format!(r#""text":"{number}""#))
            }
            Kind::Ack => {
                let event = event(number);
                let action = format!(
                    r#""name":"adaptiveCard/action","value":{{"action":{{"type":"Action.Execute","verb":"ack","data":{{"event":{event}}}}},"trigger":"manual"}}"#
                );
                self.activity(number, "invoke", &action)
            }
            Kind::Notify => event(number),
        };
        // Some bots hang up on strangers.
        if client.ready().await.is_err() {
            *client = connect(&process.address).await.unwrap();
        }
        let answer = client.send_request(request.body(Full::from(body)).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        if kind == Kind::Ack {
            let is_card = body.windows(12).any(|part| part == b"Acknowledged");
            assert!(is_card, "{}", String::from_utf8_lossy(&body));
        }
        if (200..300).contains(&status) { 200 } else { status }
    }

    /// A token with a signature of its own that is none.
    fn forged(&self, number: u64) -> String {
        let (signed, signature) = self.token.rsplit_once('.').unwrap();
        let (_, rest) = signature.split_at(8);
        format!("Bearer {signed}.{number:08}{rest}")
    }

    /// An activity as Teams sends it, with what bots usually do not read.
    fn activity(&self, id: u64, kind: &str, more: &str) -> String {
        let service = &self.service;
        format!(
            r#"{{{more},"type":"{kind}","timestamp":"2026-11-20T08:00:00.000Z","localTimestamp":"2026-11-20T09:00:00.000+01:00","id":"{id}","channelId":"msteams","serviceUrl":"{service}","from":{{"id":"29:1uMVvhoAyfTqdMsyvHL0qlJTTfQF9MOUSI8","name":"Alice Berg","aadObjectId":"c5e99701-2a32-49c1-a660-4629ceeb8c61"}},"conversation":{{"conversationType":"personal","tenantId":"{TENANT}","id":"a:{id}"}},"recipient":{{"id":"28:{APP_ID}","name":"Argus"}},"entities":[{{"locale":"en-US","country":"US","platform":"Web","timezone":"Europe/Oslo","type":"clientInfo"}}],"channelData":{{"tenant":{{"id":"{TENANT}"}}}},"locale":"en-US","localTimezone":"Europe/Oslo"}}"#
        )
    }
}

/// An event of about a kilobyte.
fn event(number: u64) -> String {
    let facts: Vec<String> = (0..8)
        .map(|n| format!(r#"{{"title":"Indicator {n}","value":"198.51.100.{n} seen on host-{n}.corp.example"}}"#))
        .collect();
    format!(
        r#"{{"id":"INC-{number}","title":"Ransomware behaviour on srv-{number}","severity":"high","status":"New","assignee":"nobody","host":"srv-{number}.corp.example","user":"CORP\\j.doe","summary":"A process renamed many files within a minute and removed the shadow copies.","facts":[{}]}}"#,
        facts.join(",")
    )
}

fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(10_000_000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

async fn connect(address: &str) -> std::io::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (client, connection) = handshake.map_err(std::io::Error::other)?;
    drop(tokio::spawn(connection));
    Ok(client)
}
