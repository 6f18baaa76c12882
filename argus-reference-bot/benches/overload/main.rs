//! Ten times more senders than the bot serves best, none of whom waits when it is turned away.
//!
//! `cargo bench -p argus-reference-bot --bench overload` starts the bot as a process of its own and
//! sends 1 KiB events: first with 64 clients (the peak), then with 640 that ask again at once after a
//! 429 or 503, then the same while a quiet source sends 50 a second. It prints what was accepted a
//! second, how long every answer took (also the refusals), and the most memory that the bot had; and
//! at the end it counts what is in the store: no acknowledged event may be missing.
//! `OVERLOAD_SECONDS` (5) is the length of each part; `OVERLOAD_LIMIT` sets `ingest.max_in_flight`, so
//! that there are refusals also on a fast disk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench: it may stop at the first surprise, prints what it found, and measures time"
)]

#[path = "../ingest/bot.rs"]
mod bot;

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use self::bot::{Bot, KEY, event};

const PEAK: usize = 64;
const CROWD: usize = 640;

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

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn measure(runtime: &tokio::runtime::Runtime) {
    let part = Duration::from_secs(number("OVERLOAD_SECONDS").unwrap_or(5));
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let limit = number("OVERLOAD_LIMIT")
        .map_or_else(String::new, |limit| format!("[ingest]\nmax_in_flight = {limit}\n"));
    let quiet = format!(
        "[ingest.sources.quiet]\nkind = \"generic\"\nauth = {{ api_key = \"file:{}\" }}\n{limit}",
        key.display()
    );
    let mut bot = Bot::start(folder.path(), &quiet);
    runtime.block_on(crowd(&bot.address, PEAK, Duration::from_secs(1)));
    let peak = runtime.block_on(crowd(&bot.address, PEAK, part));
    peak.print(&format!("{PEAK} clients"), part);
    let crowded = runtime.block_on(crowd(&bot.address, CROWD, part));
    crowded.print(&format!("{CROWD} clients"), part);
    println!("  accepted, of the peak          {:>8.0} %", 100.0 * crowded.share(&peak));
    let (noisy, calm) = runtime.block_on(async {
        tokio::join!(crowd(&bot.address, CROWD, part), trickle(&bot.address, part))
    });
    noisy.print(&format!("{CROWD} clients again"), part);
    calm.print("a quiet source beside them", part);
    println!("  memory at most                 {:>8} MB", resident(bot.process.id()) / 1_024);
    bot.stop();
    let all = [&peak, &crowded, &noisy, &calm].map(|it| it.accepted).iter().sum::<u64>();
    let kept = stored(folder.path());
    println!("  acknowledged {all} (and those of the first second), in the store {kept}");
    assert!(kept >= all, "an acknowledged event is not in the store");
}

/// What became of requests.
#[derive(Default)]
struct Seen {
    accepted: u64,
    refused: u64,
    took: Vec<Duration>,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.took.extend(other.took);
    }

    #[expect(clippy::cast_precision_loss, reason = "a share")]
    fn share(&self, of: &Self) -> f64 {
        self.accepted as f64 / of.accepted as f64
    }

    fn print(&self, what: &str, part: Duration) {
        let mut took = self.took.clone();
        took.sort_unstable();
        let at = |part: usize| took[(took.len() * part / 1_000).min(took.len() - 1)];
        println!(
            "{what}: accepted {} a second, refused {} a second; 50 % {:.1?}, 99 % {:.1?}, all {:.1?}",
            self.accepted / part.as_secs(),
            self.refused / part.as_secs(),
            at(500),
            at(990),
            at(1_000),
        );
    }
}

async fn crowd(address: &str, clients: usize, part: Duration) -> Seen {
    let mut sending = JoinSet::new();
    let end = Instant::now() + part;
    for _ in 0..clients {
        let address = address.to_owned();
        sending.spawn(async move {
            let mut client = Client::new(address, "bench").await;
            while Instant::now() < end {
                client.send().await;
            }
            client.seen
        });
    }
    let mut all = Seen::default();
    while let Some(seen) = sending.join_next().await {
        all.add(seen.unwrap());
    }
    all
}

/// Fifty events a second from another source.
async fn trickle(address: &str, part: Duration) -> Seen {
    let mut client = Client::new(address.to_owned(), "quiet").await;
    let end = Instant::now() + part;
    while Instant::now() < end {
        client.send().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    client.seen
}

struct Client {
    address: String,
    source: &'static str,
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    seen: Seen,
}

impl Client {
    async fn new(address: String, source: &'static str) -> Self {
        let stream = TcpStream::connect(&address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (request, answer) = (Vec::with_capacity(2_048), vec![0; 4_096]);
        Self { address, source, stream, request, answer, seen: Seen::default() }
    }

    async fn send(&mut self) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let body = event(NEXT.fetch_add(1, Ordering::Relaxed));
        self.request.clear();
        let (address, source) = (&self.address, self.source);
        write!(
            self.request,
            "POST /ingest/{source} HTTP/1.1\r\nhost: {address}\r\n\
             content-type: application/json\r\nx-api-key: {KEY}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let began = Instant::now();
        self.stream.write_all(&self.request).await.unwrap();
        // An answer is one small JSON object, so it ends with the brace.
        let mut read = 0;
        while read == 0 || self.answer[read - 1] != b'}' {
            let more = self.stream.read(&mut self.answer[read..]).await.unwrap();
            assert!(more > 0, "the connection was closed");
            read += more;
        }
        self.seen.took.push(began.elapsed());
        match &self.answer[9..12] {
            b"202" => self.seen.accepted += 1,
            b"429" | b"503" => {
                let text = String::from_utf8_lossy(&self.answer[..read]);
                assert!(text.to_lowercase().contains("retry-after"), "{text}");
                self.seen.refused += 1;
            }
            other => panic!("{}", String::from_utf8_lossy(other)),
        }
    }
}

/// The most memory that a process had, in kilobytes.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn stored(folder: &Path) -> u64 {
    let store = rusqlite::Connection::open(folder.join("argus.db")).unwrap();
    let count = "SELECT count(*) FROM records WHERE raw IS NOT NULL";
    store.query_row(count, [], |row| row.get(0)).unwrap()
}
