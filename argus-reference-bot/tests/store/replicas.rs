//! Several replicas on one PostgreSQL: killed, cut off, and with the server gone and back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use argus_reference_bot::adapters::postgres::{Postgres, verify};
use argus_reference_bot::ports::ledger::suite::{arrival, fact};
use argus_reference_bot::ports::ledger::{Batch, Ledger, LedgerError};
use argus_soc::ledger::fact::What;
use tokio::task::JoinSet;

use super::crash::Dice;
use super::proxy::{Cut, Proxy};
use super::server::{Server, open, target, url};
use super::worker::{Worker, place_all};

/// Every event that was acknowledged is there, once, with its bytes, and the store verifies.
async fn nothing_is_lost(place: &str, acknowledged: &BTreeSet<u64>) -> Result<(), LedgerError> {
    let store = open(place).await;
    for &n in acknowledged {
        let event = store.event(arrival(n).event_id).await?;
        let event = event.unwrap_or_else(|| panic!("event {n} was acknowledged and is lost"));
        assert_eq!(event.raw, arrival(n).raw, "event {n}");
    }
    // Placed or waiting, each of them: two replicas have not placed one twice, nor passed one over.
    loop {
        match place_all(&store).await {
            Ok(()) if store.counts().await?.waiting == 0 => break,
            Ok(()) | Err(LedgerError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    drop(store);
    let report = verify(&target(place)).await?;
    assert_eq!(report.findings, []);
    Ok(())
}

#[tokio::test]
async fn a_killed_replica_loses_nothing() -> Result<(), LedgerError> {
    let Some(server) = Server::start() else { return Ok(()) };
    let place = server.database().await;
    let (mut dice, mut acknowledged) = (Dice(3), BTreeSet::new());
    for life in 0..8 {
        let at = std::path::Path::new(&place);
        let mut one = Worker::storm(at, life * 1_000_000);
        let mut other = Worker::storm(at, life * 1_000_000 + 500_000);
        assert_eq!(one.hear().as_deref(), Some("open"), "life {life} does not begin");
        other.hear();
        tokio::time::sleep(Duration::from_millis(60 + dice.below(200))).await;
        acknowledged.extend(one.kill());
        tokio::time::sleep(Duration::from_millis(dice.below(100))).await;
        acknowledged.extend(other.kill());
    }
    assert!(acknowledged.len() > 200, "only {} were acknowledged", acknowledged.len());
    nothing_is_lost(&place, &acknowledged).await
}

/// Sends events until told to stop; each is sent again until it is acknowledged.
async fn send(
    store: Arc<Postgres>,
    first: u64,
    going: Arc<AtomicBool>,
    refused: Arc<AtomicU64>,
) -> BTreeSet<u64> {
    let mut acknowledged = BTreeSet::new();
    for n in first.. {
        if !going.load(Ordering::Relaxed) {
            break;
        }
        loop {
            match store.receive(arrival(n)).await {
                Ok(_) => break,
                Err(LedgerError::Unavailable(_)) => {
                    refused.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("event {n}: {error:?}"),
            }
        }
        acknowledged.insert(n);
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_and_a_server_that_restarts_lose_nothing() -> Result<(), LedgerError> {
    let Some(mut server) = Server::start() else { return Ok(()) };
    let place = server.database().await;
    let database = place.rsplit('/').next().expect("a database");
    let proxies = [Proxy::to(server.port).await, Proxy::to(server.port).await];
    let (going, refused) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let mut senders = JoinSet::new();
    let mut stores = Vec::new();
    for (replica, proxy) in (0..).zip(&proxies) {
        let store = Arc::new(open(&url(database, proxy.port)).await);
        for sender in 0..6 {
            let first = (replica * 10 + sender) * 1_000_000;
            let (going, refused) = (Arc::clone(&going), Arc::clone(&refused));
            senders.spawn(send(Arc::clone(&store), first, going, refused));
        }
        stores.push(store);
    }
    let mut dice = Dice(5);
    for round in 0..30 {
        tokio::time::sleep(Duration::from_millis(20 + dice.below(60))).await;
        proxies[usize::from(round % 2 == 0)].cut_all();
        if round == 15 {
            server.kill();
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.again();
        }
        // Whoever places loses to the other replica now and then.
        drop(place_all(&*stores[usize::from(round % 3 == 0)]).await);
    }
    going.store(false, Ordering::Relaxed);
    let mut acknowledged = BTreeSet::new();
    while let Some(sent) = senders.join_next().await {
        acknowledged.extend(sent.expect("a sender ends"));
    }
    drop(stores);
    assert!(acknowledged.len() > 200, "only {} were acknowledged", acknowledged.len());
    let cuts: u64 = proxies.iter().map(Proxy::cuts).sum();
    assert!(cuts > 10, "only {cuts} connections were cut");
    drop(server.client("postgres").await);
    nothing_is_lost(&place, &acknowledged).await
}

/// A connection that is cut while it commits: nobody has heard how that ended, and the answer is
/// right all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_without_an_answer_is_looked_for() -> Result<(), LedgerError> {
    let Some(server) = Server::start() else { return Ok(()) };
    let note = || Batch::one(fact(What::Started { version: "1".into() }));
    for (cut, when) in [(Cut::BeforeCommit, "before"), (Cut::AfterCommit, "after")] {
        let place = server.database().await;
        let database = place.rsplit('/').next().expect("a database");
        let proxy = Proxy::to(server.port).await;
        let store = open(&url(database, proxy.port)).await;
        store.append(note()).await?;
        proxy.cut_next(cut);
        let receipt = store.receive(arrival(1)).await?;
        assert_eq!((receipt.seq, receipt.duplicate), (2, false), "cut {when} the commit");
        assert_eq!(proxy.cuts(), 1, "cut {when} the commit");
        proxy.cut_next(cut);
        store.append(note()).await?;
        assert_eq!(proxy.cuts(), 2);
        assert_eq!(store.head().await?.0, 3, "written once, cut {when} the commit");
        drop(store);
        assert_eq!(verify(&target(&place)).await?.findings, []);
    }
    Ok(())
}

/// One of two has a claim; who took it over is told from who slept.
#[tokio::test]
async fn a_claim_has_one_holder_and_ends() -> Result<(), LedgerError> {
    let Some(server) = Server::start() else { return Ok(()) };
    let place = server.database().await;
    let (one, other) = (open(&place).await, open(&place).await);
    let long = Duration::from_mins(1);
    let claim = one.claim("cards", long).await?.expect("nobody has it");
    assert_eq!(one.claim("cards", long).await?, Some(claim.clone()), "kept, with its fence");
    assert_eq!(other.claim("cards", long).await?, None);
    assert!(other.claim("runs", long).await?.is_some(), "another claim");

    let on = |claim: &_| Batch {
        claim: Some(Clone::clone(claim)),
        ..Batch::one(fact(What::Started { version: "1".into() }))
    };
    one.append(on(&claim)).await?;
    one.claim("cards", Duration::from_millis(1)).await?;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let taken = other.claim("cards", long).await?.expect("it has ended");
    assert!(taken.fence > claim.fence);
    let late = one.append(on(&claim)).await;
    assert!(matches!(late, Err(LedgerError::Held { .. })), "{late:?}");
    other.append(on(&taken)).await?;
    other.unclaim(&taken).await?;
    assert!(one.claim("cards", long).await?.is_some(), "it was given back");

    // Replicas hear each other, and not themselves.
    let first = tokio::time::timeout(Duration::from_secs(5), one.heard()).await;
    assert!(first.expect("it listens").events, "whatever happened before it listened");
    other.receive(arrival(1)).await?;
    loop {
        let heard = tokio::time::timeout(Duration::from_secs(5), one.heard()).await;
        if heard.expect("the other one is heard").events {
            break;
        }
    }
    Ok(())
}

/// A standby that was promoted without the last commit, and went on: a replica that knows of the
/// commit stops, even if the chain is as long as before, or longer.
#[tokio::test]
async fn a_lost_commit_is_noticed_when_the_chain_has_grown_again() -> Result<(), LedgerError> {
    let Some(server) = Server::start() else { return Ok(()) };
    for (grown, by) in [(0, "not"), (1, "as long"), (2, "longer")] {
        let place = server.database().await;
        let one = open(&place).await;
        for n in 1..=3 {
            one.receive(arrival(n)).await?;
        }
        let client = server.client(place.rsplit('/').next().expect("a database")).await;
        let lost = "DELETE FROM ids WHERE seq = 3; DELETE FROM records WHERE seq = 3;
          UPDATE head SET seq = 2, hash = (SELECT hash FROM records WHERE seq = 2)";
        client.batch_execute(lost).await.expect("a commit is lost");
        let other = open(&place).await;
        for n in 0..grown {
            other.receive(arrival(10 + n)).await?;
        }
        let late = one.receive(arrival(4)).await;
        assert!(matches!(&late, Err(LedgerError::Damaged(_))), "{by}: {late:?}");
        let told = tokio::time::timeout(Duration::from_secs(5), one.broken()).await;
        assert!(told.expect("it stops").contains("record 3 was acknowledged"), "{by}");
        assert_eq!(other.head().await?.0, 2 + grown, "nothing was written behind it");
    }
    Ok(())
}

/// Who holds a claim is asked and written under one lock: nobody takes it over in between.
#[tokio::test]
async fn a_claim_is_not_taken_over_while_a_write_stands_on_it() -> Result<(), LedgerError> {
    let Some(server) = Server::start() else { return Ok(()) };
    let place = server.database().await;
    let (one, other) = (Arc::new(open(&place).await), open(&place).await);
    let client = server.client(place.rsplit('/').next().expect("a database")).await;
    let claim = one.claim("cards", Duration::from_millis(1)).await?.expect("nobody has it");
    tokio::time::sleep(Duration::from_millis(20)).await;

    // The write has read the claim, and waits with its records.
    client.batch_execute("BEGIN; LOCK TABLE records IN SHARE MODE").await.expect("locked");
    let batch = Batch {
        claim: Some(claim.clone()),
        ..Batch::one(fact(What::Started { version: "1".into() }))
    };
    let mut writing = JoinSet::new();
    let store = Arc::clone(&one);
    writing.spawn(async move { store.append(batch).await });
    let waits =
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'records'::regclass";
    let begun = tokio::time::Instant::now();
    while client.query_one(waits, &[]).await.expect("it answers").get::<_, i64>(0) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(4), "the write does not wait");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut taking = std::pin::pin!(other.claim("cards", Duration::from_mins(1)));
    let early = tokio::time::timeout(Duration::from_millis(300), taking.as_mut()).await;
    assert!(early.is_err(), "taken over under a write: {early:?}");
    client.batch_execute("COMMIT").await.expect("unlocked");
    writing.join_next().await.expect("a write").expect("it ends")?;
    let taken = taking.await?.expect("it has ended");
    assert!(taken.fence > claim.fence);
    Ok(())
}
