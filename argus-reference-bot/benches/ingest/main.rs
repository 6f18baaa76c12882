//! Events through `POST /ingest`, against the same SQLite committing the same bytes in groups
//! without us.
//!
//! `cargo bench -p argus-reference-bot --bench ingest` starts the bot as a process of its own,
//! sends 1 KiB events with 64 clients that each wait for the 202, and prints accepted events a
//! second beside what bare SQLite (WAL, synchronous=FULL, groups of 64 rows) commits on the same
//! disk. The load generator shares the machine's cores with the bot.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench: it may stop at the first surprise, prints what it found, and measures time"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use argus_reference_bot::app::App;
use argus_reference_bot::config;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CLIENTS: u64 = 64;
const EVENTS: u64 = 40_000;
const TURNS: usize = 3;
const KEY: &str = "bench-key";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match arguments.as_slice() {
        [role, folder] if role == "argus" => runtime.block_on(serve(Path::new(folder))),
        _ => measure(&runtime),
    }
}

async fn serve(folder: &Path) {
    let app = App::build(&settings(folder)).await.unwrap();
    println!("{}", app.address().unwrap());
    app.run(std::future::pending()).await.unwrap();
}

/// A bot that takes events and has nobody to tell: what is measured is the door and the store.
fn settings(folder: &Path) -> config::Config {
    let shown = folder.display();
    std::fs::write(folder.join("key"), KEY).unwrap();
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("card-templates");
    let text = format!(
        r#"
[server]
listen = "127.0.0.1:0"
[store]
url = "sqlite:{shown}/argus.db"
[bot]
app_id = "0f0e0d0c-1111-4222-8333-444455556666"
tenant_id = "11111111-2222-4333-8444-555555555555"
credential = {{ secret = "file:{shown}/key" }}
openid_metadata_url = "http://127.0.0.1:9/metadata"
[templates]
source = "folder:{}"
[ingest.sources.bench]
kind = "generic"
auth = {{ api_key = "file:{shown}/key" }}
"#,
        templates.display()
    );
    config::parse("bench.toml", &text, []).unwrap()
}

fn measure(runtime: &tokio::runtime::Runtime) {
    use std::io::BufRead;
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["argus", folder.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut address = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let address = address.trim();
    runtime.block_on(load(address, 2_000));
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let started = Instant::now();
        runtime.block_on(load(address, EVENTS));
        ours.push(rate(EVENTS, started.elapsed()));
        bare.push(sqlite(folder.path()));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (ours, bare) = (median(&mut ours), median(&mut bare));
    println!("1 KiB events a second, median of {TURNS} x {EVENTS}, {CLIENTS} clients");
    println!("  bare SQLite, groups of {CLIENTS}   {bare:.0}");
    println!("  POST /ingest, accepted     {ours:.0}");
    println!("  ratio                      {:.0} %", 100.0 * ours / bare);
}

async fn load(address: &str, count: u64) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let address = address.to_owned();
        let share = count / CLIENTS + u64::from(client < count % CLIENTS);
        clients.spawn(async move {
            let stream = TcpStream::connect(&address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut send, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            let mut running = JoinSet::new();
            running.spawn(async move { drop(connection.await) });
            for _ in 0..share {
                let body = event(NEXT.fetch_add(1, Ordering::Relaxed));
                let request = Request::post("/ingest/bench")
                    .header("host", &address)
                    .header("content-type", "application/json")
                    .header("x-api-key", KEY)
                    .body(Full::new(Bytes::from(body)))
                    .unwrap();
                let answer = send.send_request(request).await.unwrap();
                assert_eq!(answer.status(), 202);
                answer.into_body().collect().await.unwrap();
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
}

/// What SQLite commits of such bodies when nothing else happens: the ceiling.
fn sqlite(folder: &Path) -> f64 {
    let file = folder.join("bare.db");
    let store = rusqlite::Connection::open(&file).unwrap();
    store
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             DROP TABLE IF EXISTS events;
             CREATE TABLE events (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);",
        )
        .unwrap();
    let started = Instant::now();
    for group in 0..EVENTS / CLIENTS {
        store.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut insert = store.prepare_cached("INSERT INTO events (body) VALUES (?1)").unwrap();
        for row in 0..CLIENTS {
            insert.execute([event(group * CLIENTS + row).as_bytes()]).unwrap();
        }
        store.execute_batch("COMMIT").unwrap();
    }
    rate(EVENTS, started.elapsed())
}

/// An event of 1 KiB, each another one, all of one fingerprint.
fn event(number: u64) -> String {
    let mut text = format!(
        r#"{{"id":"edr-{number:010}","timestamp":"2026-11-20T08:00:00Z","source":"edr","event_type":"malware","severity":"medium","title":"A file was quarantined","entity_type":"host","entity_value":"ws-001.fjordbank.example","metadata":{{"file":"invoice.exe","user":"m.holm"}},"context":{{"command":""#
    );
    while text.len() < 1_021 {
        text.push('x');
    }
    text.push_str("\"}}");
    text
}

fn rate(count: u64, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / time.as_secs_f64()
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
