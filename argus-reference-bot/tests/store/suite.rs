//! The suite of the port on SQLite and in memory.

use argus_reference_bot::adapters::memory::Memory;
use argus_reference_bot::adapters::sqlite::{Sqlite, verify};
use argus_reference_bot::ports::ledger::{Ledger, LedgerError, suite};

/// Hands every promise of the suite to a macro, so that no store can miss one.
macro_rules! every_promise {
    ($run:ident!($($given:expr)?)) => {
        $run!(
            $($given;)?
            events_are_kept,
            repeats_are_told,
            deliveries_are_whole,
            sources_are_remembered,
            one_writer_wins,
            batches_are_whole,
            leases_exclude,
            records_are_in_order,
            cards_are_due_in_order,
            cards_move_and_come_back,
            digests_cover_cards,
            places_are_told_apart,
            documents_follow,
            placing_moves_on,
            incidents_are_found,
            long_names_are_found,
            bodies_are_archived,
        );
    };
}
pub(super) use every_promise;

/// Runs one promise of the suite on a new store, which must verify afterwards.
macro_rules! promises {
    ($($promise:ident),+ $(,)?) => {
        /// The same promises, in memory.
        mod memory {
            use super::*;

            $(
                #[tokio::test]
                async fn $promise() -> Result<(), LedgerError> {
                    suite::$promise(&Memory::default()).await
                }
            )+
        }

        $(
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
        )+
    };
}

every_promise!(promises!());

/// The first layout had its tables in another order; the records were the same.
#[tokio::test]
async fn a_store_of_the_first_layout_gets_its_tables_anew() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("argus.db");
    let store = Sqlite::open(&path)?;
    suite::placing_moves_on(&store).await?;
    drop(store);
    let old = rusqlite::Connection::open(&path).expect("the file");
    old.execute_batch(
        "DROP TABLE events; DROP TABLE ids; DROP TABLE documents; DELETE FROM meta WHERE name = 'filed';
         CREATE TABLE events (event_id BLOB PRIMARY KEY, seq INTEGER NOT NULL, incident TEXT,
           ignored INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
         CREATE TABLE keys (key TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
         CREATE TABLE playbooks (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
         PRAGMA user_version = 1;",
    )
    .expect("the first layout");
    drop(old);
    // The list of pages knows nothing of what this test did to the file.
    std::fs::remove_file(folder.path().join("argus.db-pages")).expect("a list of pages");

    let store = Sqlite::open(&path)?;
    let event = store.event(suite::arrival(1).event_id).await?.expect("the event is there");
    assert_eq!(event.incident.as_deref(), Some("INC-1"));
    assert!(store.receive(suite::arrival(2)).await?.duplicate, "its id is known");
    drop(store);
    assert_eq!(verify(&path)?.findings, []);
    Ok(())
}
