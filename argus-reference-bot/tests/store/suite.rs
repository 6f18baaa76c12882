//! The suite of the port on SQLite.

use argus_reference_bot::adapters::sqlite::{Sqlite, verify};
use argus_reference_bot::ports::ledger::{LedgerError, suite};

/// Runs one promise of the suite on a new store, which must verify afterwards.
macro_rules! promises {
    ($($promise:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $promise() -> Result<(), LedgerError> {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("argus.db");
            let store = Sqlite::open(&path)?;
            suite::$promise(&store).await?;
            drop(store);
            let report = verify(&path)?;
            assert_eq!(report.findings, []);
            assert!(report.pages.is_some(), "every page is vouched for: {report:?}");
            Ok(())
        }
    )+};
}

promises!(
    events_are_kept,
    repeats_are_told,
    one_writer_wins,
    batches_are_whole,
    leases_exclude,
    records_are_in_order,
    cards_are_due_in_order,
    placing_moves_on,
    incidents_are_found,
);
