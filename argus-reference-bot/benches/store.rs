//! Events taken in per second by 64 tasks, against bare SQLite that commits the same bodies in
//! groups of 64: `cargo bench -p argus-reference-bot --bench store`.

#![expect(clippy::print_stdout, reason = "a bench tells what it measured")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use argus_reference_bot::adapters::sqlite::Sqlite;
use argus_reference_bot::ports::ledger::{Arrival, Ledger};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const TASKS: u64 = 64;
const ROUNDS: u64 = 5;
const TIME: Duration = Duration::from_secs(3);

fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // By turns, so that a slow moment of the disk meets both.
        theirs.push(bare(&folder.path().join(format!("bare-{round}.db")))?);
        ours.push(runtime.block_on(argus(&folder.path().join(format!("argus-{round}.db"))))?);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!("bare   {theirs:8.0} rows/s, groups of {TASKS}");
    println!("argus  {ours:8.0} rows/s, {TASKS} tasks");
    println!("ratio  {:8.2}", ours / theirs);
    Ok(())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn body(n: u64) -> Vec<u8> {
    let mut body = format!("{{\"id\":{n},\"pad\":\"").into_bytes();
    body.resize(1_022, b'x');
    body.extend(b"\"}");
    body
}

#[expect(clippy::cast_precision_loss, reason = "a bench makes far fewer rows than 2^52")]
fn rate(rows: u64, begun: Instant) -> f64 {
    rows as f64 / begun.elapsed().as_secs_f64()
}

fn bare(path: &Path) -> Result<f64, Failure> {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE events (seq INTEGER PRIMARY KEY, raw BLOB NOT NULL) STRICT;",
    )?;
    let mut insert = connection.prepare("INSERT INTO events (seq, raw) VALUES (?1, ?2)")?;
    let (begun, mut rows) = (Instant::now(), 0);
    while begun.elapsed() < TIME {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for _ in 0..TASKS {
            rows += 1;
            insert.execute((rows, body(rows)))?;
        }
        connection.execute_batch("COMMIT")?;
    }
    Ok(rate(rows, begun))
}

async fn argus(path: &Path) -> Result<f64, Failure> {
    let store = Arc::new(Sqlite::open(path)?);
    let (begun, mut tasks) = (Instant::now(), JoinSet::new());
    for task in 0..TASKS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut rows = 0;
            while begun.elapsed() < TIME {
                rows += 1;
                let n = task << 32 | rows;
                store.receive(arrival(n)).await?;
            }
            Ok::<u64, Failure>(rows)
        });
    }
    let mut rows = 0;
    while let Some(done) = tasks.join_next().await {
        rows += done??;
    }
    Ok(rate(rows, begun))
}

fn arrival(n: u64) -> Arrival {
    Arrival {
        event_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, &n.to_be_bytes()),
        source: "generic".into(),
        key: None,
        raw: Bytes::from(body(n)),
        received_at: Timestamp::UNIX_EPOCH,
        correlation: "0f0e0d0c-1111-4222-8333-444455556666".into(),
    }
}
