//! A validated echo, against a bare hyper server that does the same: verify the token, parse the
//! activity, answer, and POST the echo to the Connector. And the first half of it alone: both
//! servers acknowledge the message and say nothing.
//!
//! `cargo bench -p argus-bot-sdk --bench echo` starts each server as a process of its own, sends
//! the same load to both in turns, and prints the CPU time that the server took for 1,000
//! messages, and the ratio. Both servers keep the verified token; the load generator and the
//! Connector are in this process and are not counted.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::unchecked_time_subtraction,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench: it may stop at the first surprise, prints what it found, and measures time"
)]

mod bare;
mod load;

use std::ffi::OsStr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::auth::{Authenticator, ClientSecret, Cloud, InboundConfig, Secret};
use argus_bot_sdk::extract::Text;
use argus_bot_sdk::server::Limits;
use argus_bot_sdk::testing::{APP_ID, APP_SECRET, FakeEntra, TENANT, TokenSpec};
use argus_bot_sdk::{Bot, HttpConnector, Router, SystemClock};

/// Both servers have the allocator of the example bots and of the reference bot.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Messages in one measurement.
const MESSAGES: u64 = 20_000;
/// Turns; the medians are compared, so that a busy moment of the machine does not decide.
const TURNS: usize = 5;

/// What a server does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// It POSTs the text back.
    Echo,
    /// It hears and says nothing.
    Hear,
}

/// Where the servers find what they need, passed to the child as arguments.
#[derive(Clone, Debug)]
struct Addresses {
    metadata: String,
    token: String,
    service: String,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [program @ ("argus" | "bare"), role @ ("echo" | "hear"), metadata, token, service] => {
            let role = if *role == "echo" { Role::Echo } else { Role::Hear };
            let [metadata, token, service] = [metadata, token, service].map(|&it| it.to_owned());
            let addresses = Addresses { metadata, token, service };
            runtime.block_on(serve(program, role, addresses));
        }
        _ => runtime.block_on(async {
            measure(Role::Echo).await;
            measure(Role::Hear).await;
        }),
    }
}

async fn echo(Text(text): Text) -> String {
    text
}

async fn hear(Text(_): Text) {}

async fn serve(program: &str, role: Role, addresses: Addresses) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    if program == "bare" {
        return bare::serve(listener, addresses, role).await;
    }
    let inbound = InboundConfig::new(APP_ID, Cloud::Public)
        .tenant(TENANT)
        .openid_metadata_url(&addresses.metadata)
        .allowed_service_urls([&addresses.service]);
    let policy = inbound.service_url_policy().unwrap();
    let clock = Arc::new(SystemClock);
    let tokens = ClientSecret::new(
        &addresses.token,
        APP_ID,
        Secret::new(APP_SECRET),
        Cloud::Public.constants().bot_scope,
        Arc::<SystemClock>::clone(&clock),
    );
    let connector = HttpConnector::new(Arc::new(tokens.unwrap()), policy).unwrap().ungoverned();
    let auth = Authenticator::new(inbound, clock).unwrap();
    let router = match role {
        Role::Echo => Router::new().message(echo),
        Role::Hear => Router::new().message(hear),
    };
    let bot = Bot::builder(router, Arc::new(auth), Arc::new(connector)).build();
    bot.serve(listener, Limits::default(), std::future::pending()).await.unwrap();
}

async fn measure(role: Role) {
    let entra = FakeEntra::start().await.unwrap();
    let connector = load::Connector::start().await;
    let addresses = Addresses {
        metadata: entra.metadata_url(),
        token: entra.token_url(TENANT),
        service: connector.url(),
    };
    let spec = TokenSpec::bot(APP_ID, &addresses.service);
    let token = entra.mint(&spec);
    let send = async |server: &Server, count| match role {
        Role::Echo => {
            load::echoes(&server.address, &token, &addresses.service, count, &connector).await
        }
        Role::Hear => load::messages(&server.address, &token, &addresses.service, count).await,
    };
    let mut argus = Server::start("argus", role, &addresses);
    let mut bare = Server::start("bare", role, &addresses);
    for server in [&argus, &bare] {
        send(server, 2_000).await;
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut our_waits, mut their_waits) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        for (server, times, waits) in
            [(&argus, &mut ours, &mut our_waits), (&bare, &mut theirs, &mut their_waits)]
        {
            let before = server.cpu();
            waits.extend(send(server, MESSAGES).await);
            let used = server.cpu() - before;
            times.push(used.as_secs_f64() * 1_000.0 / f64::from(u32::try_from(MESSAGES).unwrap()));
        }
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    let what = match role {
        Role::Echo => "validated echoes",
        Role::Hear => "validated messages, inbound only",
    };
    println!("CPU-s per 1,000 {what}, median of {TURNS} x {MESSAGES}");
    println!("  bare hyper  {theirs:.4}");
    println!("  argus       {ours:.4}");
    println!(
        "  ratio       {:.0} % of the bare server's messages per CPU-second",
        100.0 * theirs / ours
    );
    for (name, waits) in [("bare hyper", &mut their_waits), ("argus", &mut our_waits)] {
        waits.sort_unstable();
        let at = |share: usize| waits[waits.len() * share / 100];
        println!("  {name}: half wait less than {:?}, 99 of 100 less than {:?}", at(50), at(99));
    }
    // `ECHO_SOAK=1000000` goes on for so many messages more, to see whether memory grows.
    let soak: u64 = std::env::var("ECHO_SOAK").map_or(0, |count| count.parse().unwrap());
    println!("  argus, resident after {} messages: {}", 2_000 + 5 * MESSAGES, argus.resident());
    for part in 1..=soak / 100_000 {
        send(&argus, 100_000).await;
        println!("  argus, resident after {}00,000 messages more: {}", part, argus.resident());
    }
    argus.stop();
    bare.stop();
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// A server in a process of its own.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &str, role: Role, addresses: &Addresses) -> Self {
        use std::io::BufRead;
        let role = match role {
            Role::Echo => "echo",
            Role::Hear => "hear",
        };
        // `ECHO_UNDER="valgrind --tool=callgrind"` starts the servers under a profiler.
        let under = std::env::var("ECHO_UNDER").unwrap_or_default();
        let program_file = std::env::current_exe().unwrap();
        let mut words = under.split_whitespace().map(OsStr::new).chain([program_file.as_os_str()]);
        let mut child = Command::new(words.next().unwrap())
            .args(words)
            .args([program, role, &addresses.metadata, &addresses.token, &addresses.service])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().to_owned() }
    }

    /// How long its threads have run so far (`/proc/PID/task/*/schedstat`, in nanoseconds; the times
    /// in `/proc/PID/stat` are ticks of a hundredth of a second, which is too coarse here).
    fn cpu(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let ran = threads.map(|thread| {
            let stat = std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
            stat.split_whitespace().next().unwrap().parse::<u64>().unwrap()
        });
        Duration::from_nanos(ran.sum())
    }

    /// What is in memory now, and what was at most.
    fn resident(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        format!("{} (at most {})", line("VmRSS:"), line("VmHWM:"))
    }

    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
