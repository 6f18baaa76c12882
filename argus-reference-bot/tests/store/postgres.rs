//! The suite of the port on PostgreSQL, and what several replicas owe.

use argus_reference_bot::adapters::postgres::{Postgres, rebuild, verify};
use argus_reference_bot::ports::ledger::{Batch, Ledger as _, LedgerError, suite};
use argus_soc::event::Severity;
use argus_soc::ledger::fact::What;

use super::server::{Server, open, target};
use super::suite::every_promise;

/// Runs promises of the suite, each in a database of its own, which must verify afterwards.
macro_rules! promises {
    ($server:expr; $($promise:ident),+ $(,)?) => {$(
        let url = $server.database().await;
        let store = open(&url).await;
        suite::$promise(&store).await?;
        drop(store);
        let report = verify(&target(&url)).await?;
        assert_eq!(report.findings, [], stringify!($promise));
    )+};
}

#[tokio::test]
async fn every_promise_holds_on_postgres() -> Result<(), LedgerError> {
    let Some(server) = Server::start() else { return Ok(()) };
    every_promise!(promises!(server));
    Ok(())
}

/// A store whose incident has a long key of its source, and that key.
async fn with_a_long_key(url: &str) -> Result<String, LedgerError> {
    let (store, key) = (open(url).await, "k".repeat(1_000));
    store.receive(suite::arrival(1)).await?;
    let mut opening = suite::opened(&suite::arrival(1), "INC-1", Severity::High)?;
    if let What::Opened { event, .. } = &mut opening.what {
        event.incident_key = Some(key.clone());
    }
    store.append(Batch { facts: vec![opening], ..Batch::default() }).await?;
    Ok(key)
}

/// The first layout had long names as they were.
#[tokio::test]
async fn names_of_the_first_layout_are_shortened() -> Result<(), LedgerError> {
    let Some(server) = Server::start() else { return Ok(()) };
    let url = server.database().await;
    let key = with_a_long_key(&url).await?;
    let client = server.client("t1").await;
    let old = format!(
        "UPDATE incidents SET incident_key = '{key}'; UPDATE schema SET layout = 1, oldest = 1"
    );
    client.batch_execute(&old).await.expect("the first layout");

    let store = open(&url).await;
    let found = store.open_incident(Some(&key), "").await?;
    assert_eq!(found.map(|incident| incident.key), Some("INC-1".into()));
    assert_eq!(verify(&target(&url)).await?.findings, []);
    let row = client.query_one("SELECT layout, oldest FROM schema", &[]).await.expect("a row");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (2, 2), "an older program is refused");
    Ok(())
}

/// While replicas are replaced, the tables may be newer than a program: it goes on unless they say
/// that it is too old.
#[tokio::test]
async fn newer_tables_say_who_may_work_with_them() -> Result<(), LedgerError> {
    let Some(server) = Server::start() else { return Ok(()) };
    let url = server.database().await;
    with_a_long_key(&url).await?;
    let client = server.client("t1").await;
    let newer = "ALTER TABLE incidents ADD COLUMN owner TEXT; UPDATE schema SET layout = 99";
    client.batch_execute(newer).await.expect("a newer layout");
    let store = open(&url).await;
    store.receive(suite::arrival(2)).await?;
    let opening = suite::opened(&suite::arrival(2), "INC-2", Severity::High)?;
    store.append(Batch { facts: vec![opening], ..Batch::default() }).await?;
    assert_eq!(store.last_number().await?, 2, "a newer column is no trouble");
    drop(store);

    client.batch_execute("UPDATE schema SET oldest = 98").await.expect("a newer layout");
    let refused = Postgres::open(target(&url)).await.map(|_| ());
    assert!(
        matches!(&refused, Err(LedgerError::Damaged(why)) if why.contains("at least 98")),
        "{refused:?}"
    );
    Ok(())
}

/// Tables are not made from a chain whose end is gone, as if nothing had been there.
#[tokio::test]
async fn a_rebuild_looks_for_the_end_of_the_chain() -> Result<(), LedgerError> {
    let Some(server) = Server::start() else { return Ok(()) };
    let url = server.database().await;
    with_a_long_key(&url).await?;
    assert_eq!(rebuild(&target(&url)).await?, 2);
    let client = server.client("t1").await;
    client.batch_execute("DELETE FROM records WHERE seq = 2").await.expect("its end is gone");
    let refused = rebuild(&target(&url)).await;
    assert!(matches!(&refused, Err(LedgerError::Damaged(_))), "{refused:?}");
    let rows = client.query_one("SELECT count(*) FROM incidents", &[]).await.expect("a row");
    assert_eq!(rows.get::<_, i64>(0), 1, "the tables stay as they are");
    Ok(())
}

/// What the tables do not take is an error of its own, for it is set aside; whatever else is wrong
/// with the tables is no fault of an event.
#[tokio::test]
async fn what_the_tables_refuse_is_told_from_tables_that_are_gone() -> Result<(), LedgerError> {
    let Some(server) = Server::start() else { return Ok(()) };
    let url = server.database().await;
    with_a_long_key(&url).await?;
    let (store, client) = (open(&url).await, server.client("t1").await);
    let alter = async |what: &str| {
        let sql = format!("ALTER TABLE {what}");
        client.batch_execute(&sql).await.expect("the tables are changed");
    };
    store.receive(suite::arrival(2)).await?;
    let opening = suite::opened(&suite::arrival(2), "INC-2", Severity::High)?;
    let batch = || Batch { facts: vec![opening.clone()], ..Batch::default() };

    alter("incidents ADD CONSTRAINT picky CHECK (number < 2)").await;
    let refused = store.append(batch()).await;
    assert!(matches!(&refused, Err(LedgerError::Refused(_))), "{refused:?}");
    alter("incidents DROP CONSTRAINT picky").await;

    alter("incidents RENAME TO gone").await;
    let gone = store.append(batch()).await;
    assert!(matches!(&gone, Err(LedgerError::Unavailable(_))), "{gone:?}");
    alter("gone RENAME TO incidents").await;
    store.append(batch()).await?;
    assert_eq!(store.last_number().await?, 2);
    Ok(())
}
