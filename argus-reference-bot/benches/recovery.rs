//! How long a store takes to be there again after SIGKILL, and how fast it is verified:
//! `cargo bench -p argus-reference-bot --bench recovery`, with `RECORDS` (1,000,000) in the chain, one
//! in ten an event of 1 KiB, and `WAITING` (100,000) further events that nobody placed yet.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench tells what it measured and is told by the environment what to measure"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use argus_reference_bot::adapters::sqlite::{Sqlite, verify};
use argus_reference_bot::ports::ledger::{Arrival, Batch, Filter, Ledger};
use argus_soc::ledger::fact::{Actor, Fact, What};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const FILL: &str = "ARGUS_BENCH_FILL";
/// Events in one delivery.
const TOGETHER: u64 = 500;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Ok(store) = std::env::var(FILL) {
        return runtime.block_on(fill(Path::new(&store)));
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("argus.db");
    let mut child =
        Command::new(std::env::current_exe()?).env(FILL, &path).stdout(Stdio::piped()).spawn()?;
    let said = child.stdout.take().map(|out| BufReader::new(out).lines().next());
    child.kill()?;
    child.wait()?;
    if said.flatten().transpose()?.as_deref() != Some("filled") {
        return Err("the store was not filled".into());
    }
    runtime.block_on(recover(&path))?;
    let size = size(&path)?;
    let begun = Instant::now();
    let report = verify(&path)?;
    let took = begun.elapsed().as_secs_f64();
    assert!(report.intact(), "{:?}", report.findings);
    println!(
        "verified {} records and {:?} pages in {took:.2} s: {:.0} MB/s of {size:.0} MB",
        report.records,
        report.pages,
        size / took
    );
    Ok(())
}

async fn recover(path: &Path) -> Result<(), Failure> {
    let begun = Instant::now();
    let store = Sqlite::open(path)?;
    println!("opened after {:.3} s", begun.elapsed().as_secs_f64());
    let waiting = store.waiting(64).await?.len();
    let due: u64 = store.due_places().await?.iter().map(|it| it.urgent + it.routine).sum();
    let (_, incidents) = store.incidents(Filter { limit: 10, ..Filter::default() }).await?;
    store.append(started()).await?;
    println!(
        "the first answers and a write after {:.3} s ({waiting} of those that wait, {due} cards, \
         {incidents} incidents)",
        begun.elapsed().as_secs_f64()
    );
    let counts = store.counts().await?;
    println!("counted after {:.3} s: {counts:?}", begun.elapsed().as_secs_f64());
    Ok(())
}

async fn fill(path: &Path) -> Result<(), Failure> {
    let store = Arc::new(Sqlite::open(path)?);
    let (records, waiting) = (setting("RECORDS", 1_000_000), setting("WAITING", 100_000));
    let mut event = 0;
    // An event and what became of it are two records, and eight more were written about others.
    while event < records / 10 {
        let some = event..event + TOGETHER;
        store.receive_many(some.clone().map(arrival).collect()).await?;
        let facts = some.clone().flat_map(|n| {
            let reasons = vec!["noise, says the bench".to_owned()];
            let ignored = What::Ignored { event_id: arrival(n).event_id, reasons };
            std::iter::once(fact(ignored)).chain((0..8).map(|_| fact(allowed())))
        });
        store.append(Batch { facts: facts.collect(), ..Batch::default() }).await?;
        event = some.end;
    }
    while event < records / 10 + waiting {
        store.receive_many((event..event + TOGETHER).map(arrival).collect()).await?;
        event += TOGETHER;
    }
    println!("filled");
    std::future::pending().await
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(otherwise)
}

fn started() -> Batch {
    Batch::one(fact(What::Started { version: "bench".into() }))
}

fn fact(what: What) -> Fact {
    Fact::new(
        Timestamp::UNIX_EPOCH,
        Actor::service("bench"),
        "0f0e0d0c-1111-4222-8333-444455556666",
        what,
    )
}

fn allowed() -> What {
    What::Allowed {
        incident: Some("INC-1".into()),
        action: "incident.acknowledge".into(),
        evidence: "role soc_engineer through the group 0f0e0d0c-1111-4222-8333-444455556666".into(),
    }
}

fn arrival(n: u64) -> Arrival {
    let mut raw = format!("{{\"id\":{n},\"pad\":\"").into_bytes();
    raw.resize(1_022, b'x');
    raw.extend(b"\"}");
    Arrival {
        event_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, &n.to_be_bytes()),
        source: "generic".into(),
        key: None,
        raw: Bytes::from(raw),
        received_at: Timestamp::UNIX_EPOCH,
        correlation: "0f0e0d0c-1111-4222-8333-444455556666".into(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "no disk has 2^52 bytes")]
fn size(path: &Path) -> Result<f64, Failure> {
    Ok(std::fs::metadata(path)?.len() as f64 / 1e6)
}
