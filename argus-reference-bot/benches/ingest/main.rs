//! Events through `POST /ingest`, against the same SQLite committing the same bytes in groups
//! without us.
//!
//! `cargo bench -p argus-reference-bot --bench ingest` starts the bot as a process of its own,
//! sends 1 KiB events with 64 clients that each wait for the 202, and prints accepted events a
//! second and what each costs the bot in CPU time, beside what bare SQLite (WAL,
//! synchronous=FULL) commits on the same disk in groups of 10, 64 and 1,000 rows. The load
//! generator shares the machine's cores with the bot, so it does as little as can be done.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a bench: it may stop at the first surprise, prints what it found, and measures time"
)]

mod bot;

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use self::bot::{Bot, KEY, event};

const CLIENTS: u64 = 64;
const EVENTS: u64 = 40_000;
const TURNS: usize = 3;
/// Rows that bare SQLite commits at once.
const GROUPS: [u64; 3] = [10, 64, 1_000];

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match arguments.as_slice() {
        [role, folder, more] if role == "argus" => {
            runtime.block_on(bot::serve(Path::new(folder), more));
        }
        _ => measure(&runtime),
    }
}

fn measure(runtime: &tokio::runtime::Runtime) {
    let folder = tempfile::tempdir().unwrap();
    let mut bot = Bot::start(folder.path(), "");
    let address = bot.address.as_str();
    runtime.block_on(load(address, 2_000));
    let (mut ours, mut costs) = (Vec::new(), Vec::new());
    let mut bare = GROUPS.map(|_| Vec::new());
    for _ in 0..TURNS {
        let (started, before) = (Instant::now(), cpu(bot.process.id()));
        runtime.block_on(load(address, EVENTS));
        ours.push(rate(EVENTS, started.elapsed()));
        costs.push(1e6 / rate(EVENTS, cpu(bot.process.id()) - before));
        for (group, rates) in GROUPS.iter().zip(&mut bare) {
            rates.push(sqlite(folder.path(), *group));
        }
    }
    bot.stop();
    let ours = median(&mut ours);
    println!("1 KiB events a second, median of {TURNS} x {EVENTS}, {CLIENTS} clients");
    println!("  POST /ingest, accepted         {ours:>7.0}");
    println!("  CPU of the bot for an event    {:>7.1} us", median(&mut costs));
    for (group, rates) in GROUPS.iter().zip(&mut bare) {
        let bare = median(rates);
        println!("  bare SQLite, groups of {group:<5}   {bare:>7.0}, {:.0} %", 100.0 * ours / bare);
    }
}

/// User and system time of a process so far (`/proc/PID/stat`, fields 14 and 15, in ticks of a
/// hundredth of a second).
fn cpu(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

async fn load(address: &str, count: u64) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let address = address.to_owned();
        let share = count / CLIENTS + u64::from(client < count % CLIENTS);
        clients.spawn(async move {
            let mut stream = TcpStream::connect(&address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut request, mut answer) = (Vec::with_capacity(2_048), vec![0; 2_048]);
            for _ in 0..share {
                let body = event(NEXT.fetch_add(1, Ordering::Relaxed));
                request.clear();
                write!(
                    request,
                    "POST /ingest/bench HTTP/1.1\r\nhost: {address}\r\n\
                     content-type: application/json\r\nx-api-key: {KEY}\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                )
                .unwrap();
                stream.write_all(&request).await.unwrap();
                // An answer is one small JSON object, so it ends with the brace.
                let mut read = 0;
                while read == 0 || answer[read - 1] != b'}' {
                    let more = stream.read(&mut answer[read..]).await.unwrap();
                    assert!(more > 0, "the connection was closed");
                    read += more;
                }
                assert!(answer.starts_with(b"HTTP/1.1 202"));
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
}

/// What SQLite commits of such bodies when nothing else happens: the ceiling.
fn sqlite(folder: &Path, group: u64) -> f64 {
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
    for number in 0..EVENTS / group {
        store.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut insert = store.prepare_cached("INSERT INTO events (body) VALUES (?1)").unwrap();
        for row in 0..group {
            insert.execute([event(number * group + row).as_bytes()]).unwrap();
        }
        store.execute_batch("COMMIT").unwrap();
    }
    rate(EVENTS, started.elapsed())
}

fn rate(count: u64, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / time.as_secs_f64()
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
