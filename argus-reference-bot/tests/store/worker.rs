//! A process of its own that writes to a store, so that it can be killed or lose its disk.
//!
//! It is this test binary again, told by the environment what to do. It answers on its standard
//! output, one line each, and never before the store has.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use argus_reference_bot::adapters::sqlite::Sqlite;
use argus_reference_bot::ports::ledger::suite::{arrival, fact, opened, placed};
use argus_reference_bot::ports::ledger::{Batch, Ledger, LedgerError};
use argus_soc::correlate::Placement;
use argus_soc::event::{Phase, Severity};
use argus_soc::ledger::fact::{Added, Fact, What};
use tokio::task::JoinSet;

const STORE: &str = "ARGUS_TEST_STORE";
const FIRST: &str = "ARGUS_TEST_FIRST";
/// Tasks that send events at once.
const SENDERS: u64 = 16;

/// A running worker.
pub(super) struct Worker {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Drop for Worker {
    /// A test that fails leaves no process behind.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Worker {
    /// A worker that takes events in from number `first` on, at full speed, until it is killed.
    pub(super) fn storm(store: &Path, first: u64) -> Self {
        let mut command = itself("store::worker::storm");
        Self::start(command.env(STORE, store).env(FIRST, first.to_string()))
    }

    /// A worker that does what it is told, with `prepare` done to its command.
    pub(super) fn obedient(store: &Path, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = itself("store::worker::obey");
        prepare(command.env(STORE, store));
        Self::start(&mut command)
    }

    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the test binary starts again");
        let said = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, said }
    }

    /// The next line that it says about the store; `None` once it is gone.
    pub(super) fn hear(&mut self) -> Option<String> {
        // The test harness talks on the same pipe.
        self.said
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("store: ").map(|(_, rest)| rest.to_owned()))
    }

    /// Tells it something and gives what it answers.
    pub(super) fn tell(&mut self, what: &str) -> String {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        writeln!(stdin, "{what}").expect("the worker listens");
        self.hear().unwrap_or_else(|| "gone".into())
    }

    /// Kills it (SIGKILL) and gives the numbers of the events that it acknowledged.
    pub(super) fn kill(mut self) -> Vec<u64> {
        self.child.kill().expect("it can be killed");
        let mut acknowledged = Vec::new();
        while let Some(line) = self.hear() {
            acknowledged.extend(line.strip_prefix("ack ").and_then(|n| n.parse::<u64>().ok()));
        }
        self.child.wait().expect("it ends");
        acknowledged
    }
}

/// This binary, running one of its ignored tests.
fn itself(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test runs from a file"));
    command.args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command
}

fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody listens any more: the parent has gone and the worker will, too.
    drop(out.write_all(format!("store: {what}\n").as_bytes()).and_then(|()| out.flush()));
}

#[expect(clippy::disallowed_methods, reason = "it is how the parent tells the worker")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Places whatever waits: into few incidents, with cards that are sent and leases that change hands.
pub(super) async fn place_all(store: &dyn Ledger) -> Result<(), LedgerError> {
    let waiting = store.arrived(store.waiting(64).await?).await?;
    let mut number = store.last_number().await?;
    let mut batch = Batch::default();
    for (at, event) in (0u64..).zip(&waiting) {
        if number == 0 || (event.seq + at) % 5 == 0 {
            number += 1;
            let key = format!("INC-{number}");
            let severity = if at % 2 == 0 { Severity::Critical } else { Severity::Low };
            let arrival = argus_reference_bot::ports::ledger::Arrival {
                event_id: event.event_id,
                raw: event.raw.clone().into(),
                ..arrival(0)
            };
            let mut opening = opened(&arrival, &key, severity)?;
            if let What::Opened { event: opens, .. } = &mut opening.what {
                opens.event_id = event.event_id;
            }
            batch.facts.extend([opening, placed(&key, "19:soc"), lease(number), release(number)]);
            batch.facts.push(delivered(&key, 1));
            batch.expect = BTreeMap::new();
        } else {
            let key = format!("INC-{}", number - (event.seq % number.min(9)));
            let added = Added {
                event_id: event.event_id,
                correlation: Some(event.correlation.clone()),
                observed_at: event.received_at,
                severity: Severity::High,
                phase: if at % 11 == 0 { Phase::Resolved } else { Phase::Open },
                placement: Placement::NewOccurrence,
            };
            let added = What::EventsAdded { events: vec![added] };
            batch.facts.extend([fact(added).of(&key), delivered(&key, event.seq)]);
        }
    }
    store.append(batch).await
}

fn lease(run: u64) -> Fact {
    let (run, step, lease) = (format!("run-{run}"), "isolate".into(), format!("host/ws-{run}"));
    fact(What::Leased { run, step, lease })
}

/// Every third lease stays held.
fn release(run: u64) -> Fact {
    let held = if run.is_multiple_of(3) { run + 1_000_000 } else { run };
    let (run, step, lease) = (format!("run-{run}"), "isolate".into(), format!("host/ws-{held}"));
    fact(What::Released { run, step, lease })
}

fn delivered(key: &str, version: u64) -> Fact {
    fact(What::NoticeDelivered {
        incident: key.into(),
        card: "card".into(),
        conversation: "19:soc".into(),
        activity_id: format!("{key}/{version}"),
        version,
        template: "alert@1".into(),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child of the crash tests, which start it and kill it"]
async fn storm() {
    let Some(path) = told(STORE).map(PathBuf::from) else { return };
    let first: u64 = told(FIRST).and_then(|it| it.parse().ok()).unwrap_or(0);
    let store: Arc<dyn Ledger> = match path.to_str() {
        Some(url) if url.starts_with("postgres:") => Arc::new(super::server::open(url).await),
        _ => Arc::new(Sqlite::open(&path).expect("a killed store opens")),
    };
    say("open");
    let mut tasks = JoinSet::new();
    for sender in 0..SENDERS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in 0.. {
                let n = first + n * SENDERS + sender;
                store.receive(arrival(n)).await.expect("it takes events");
                say(&format!("ack {n}"));
            }
        });
    }
    loop {
        match place_all(&*store).await {
            // Another replica placed them first.
            Ok(()) | Err(LedgerError::Conflict { .. }) => {}
            Err(error) => panic!("it places events: {error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child of the disk tests, which start it and tell it what to do"]
async fn obey() {
    let Some(path) = told(STORE).map(PathBuf::from) else { return };
    let store = match Sqlite::open(&path) {
        Ok(store) => store,
        Err(error) => return say(&format!("closed: {error}")),
    };
    say("open");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let (verb, n) = line.split_once(' ').unwrap_or((&line, "0"));
        let n: u64 = n.parse().unwrap_or(0);
        let done = match verb {
            "receive" => store.receive(arrival(n)).await.map(|_| "ok".to_owned()),
            "append" => {
                let note = fact(What::Started { version: "x".repeat(200) });
                store.append(Batch::one(note)).await.map(|()| "ok".to_owned())
            }
            "find" => store.event(arrival(n).event_id).await.map(|it| it.is_some().to_string()),
            "broken" => Ok(store.broken().await),
            _ => Ok("what?".to_owned()),
        };
        say(&done.unwrap_or_else(|error| error.to_string()));
    }
}
