//! The suite of the port on PostgreSQL, and what several replicas owe.

use argus_reference_bot::adapters::postgres::verify;
use argus_reference_bot::ports::ledger::{LedgerError, suite};

use super::server::{Server, open, target};

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
    promises!(
        server;
        events_are_kept,
        repeats_are_told,
        deliveries_are_whole,
        sources_are_remembered,
        one_writer_wins,
        batches_are_whole,
        leases_exclude,
        records_are_in_order,
        cards_are_due_in_order,
        documents_follow,
        placing_moves_on,
        incidents_are_found,
    );
    Ok(())
}
