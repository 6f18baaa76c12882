//! Old bodies: what goes into an archive, and what a kill or a full disk leaves.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use argus_reference_bot::adapters::memory::Memory;
use argus_reference_bot::flows::retention::{Retention, RetentionError};
use argus_reference_bot::ports::archives::Archives;
use argus_reference_bot::ports::chain::Link;
use argus_reference_bot::ports::ledger::suite::{self, arrival, opened};
use argus_reference_bot::ports::ledger::{Batch, Ledger, LedgerError};
use argus_soc::event::Severity;
use argus_soc::ledger::fact::What;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

/// Archives that remember what they were given, and fail when they are told to.
#[derive(Debug, Default)]
struct Shelf {
    kept: Mutex<Vec<(String, Vec<u64>)>>,
    is_full: AtomicBool,
}

#[async_trait]
impl Archives for Shelf {
    async fn keep(&self, name: String, links: Vec<Link>) -> io::Result<String> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        assert!(links.iter().all(|link| link.raw.as_ref().is_some_and(|raw| !raw.is_empty())));
        self.kept.lock().expect("whole").push((name, links.iter().map(|link| link.seq).collect()));
        Ok("00".repeat(32))
    }
}

#[tokio::test]
async fn what_is_over_and_old_goes_once_and_the_rest_stays() -> Result<(), LedgerError> {
    let (store, shelf) = (Memory::default(), Arc::new(Shelf::default()));
    for n in 1..=5 {
        store.receive(arrival(n)).await?;
    }
    let ignored = |n| {
        let event_id = arrival(n).event_id;
        suite::fact(What::Ignored { event_id, reasons: vec!["noise".into()] })
    };
    let opening = opened(&arrival(2), "INC-1", Severity::High)?;
    let facts = vec![ignored(1), opening, ignored(3), ignored(4)];
    store.append(Batch { facts, ..Batch::default() }).await?;
    let (keep, archives) = (SignedDuration::from_hours(24), Arc::clone(&shelf));
    let retention = Retention { keep, archives };
    // All of them came in at the beginning of 1970.
    let at = |hours| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
    let archive = async |hours| retention.archive(&store, at(hours), None).await;

    assert_eq!(archive(24).await.expect("nothing is old").events, 0);
    shelf.is_full.store(true, Ordering::Relaxed);
    let (head, failed) = (store.head().await?, archive(25).await);
    assert!(matches!(failed, Err(RetentionError::Archive(_))), "{failed:?}");
    assert_eq!(store.head().await?, head, "nothing is said to be in an archive");
    assert_eq!(store.bodies(0, 9).await?.len(), 4, "and every body is here");

    shelf.is_full.store(false, Ordering::Relaxed);
    let done = archive(25).await.expect("there is room");
    let name = "bodies-000000000001-000000000004.jsonl.gz".to_owned();
    assert_eq!((done.files, done.events), (vec![name.clone()], 3));
    assert_eq!(*shelf.kept.lock().unwrap(), [(name, vec![1, 3, 4])]);
    let last = store.records_after(head.0, 9).await?;
    let [recorded] = last.as_slice() else { panic!("{last:?}") };
    let What::Archived { bodies, events, .. } = &recorded.fact.what else { panic!("{recorded:?}") };
    assert_eq!((bodies.as_slice(), *events), ([(1, 1), (3, 4)].as_slice(), 3));
    assert_eq!(archive(25).await.expect("all is done").events, 0);
    Ok(())
}

/// A kill after the file and before its record: the file is written again, under the same name.
#[tokio::test]
async fn a_file_that_was_not_recorded_is_written_again() -> Result<(), LedgerError> {
    let shelf = Arc::new(Shelf::default());
    let retention =
        Retention { keep: SignedDuration::from_hours(24), archives: Arc::<Shelf>::clone(&shelf) };
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(48);
    let mut names = Vec::new();
    for _ in 0..2 {
        // The second store is the first one as the kill left it.
        let store = Memory::default();
        store.receive(arrival(1)).await?;
        let (event_id, reasons) = (arrival(1).event_id, vec!["noise".into()]);
        let facts = vec![suite::fact(What::Ignored { event_id, reasons })];
        store.append(Batch { facts, ..Batch::default() }).await?;
        names.extend(retention.archive(&store, now, None).await.expect("it goes").files);
    }
    assert_eq!(names[0], names[1]);
    assert_eq!(shelf.kept.lock().unwrap().len(), 2);
    Ok(())
}
