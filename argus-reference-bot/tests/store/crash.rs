//! Killed at any instruction, the store has every event that it acknowledged, and nothing to repair.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use argus_reference_bot::adapters::sqlite::{Sqlite, verify};
use argus_reference_bot::ports::ledger::suite::arrival;
use argus_reference_bot::ports::ledger::{Ledger, LedgerError};
use tokio::time::Instant;

use super::worker::Worker;

/// Lives of the store; each ends by SIGKILL.
const LIVES: u64 = 28;
const RECOVERY: Duration = Duration::from_secs(2);

/// Numbers that look random and are the same in each run (Knuth's MMIX multiplier).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("argus.db");
    let (mut dice, mut acknowledged, mut during_recovery) = (Dice(7), Vec::new(), 0);
    for life in 0..LIVES {
        let mut worker = Worker::storm(&path, life * 1_000_000);
        if life % 3 == 1 {
            // While it starts: opening, recovering, making its tables.
            sleep(Duration::from_millis(2 + dice.below(25)));
            during_recovery += 1;
        } else {
            assert_eq!(worker.hear().as_deref(), Some("open"), "life {life} does not begin");
            sleep(Duration::from_millis(dice.below(400)));
        }
        acknowledged.extend(worker.kill());
        // Seen as it lies there now and then, and carried on by this process every other time.
        if life % 5 == 0 {
            intact(&path, life);
        }
        if life % 2 == 1 {
            let begun = Instant::now();
            let store = Sqlite::open(&path)?;
            let took = begun.elapsed();
            assert!(took < RECOVERY, "recovery took {took:?} in life {life}");
            let recent = acknowledged.len().saturating_sub(200);
            all_there(&store, &acknowledged[recent..]).await?;
        }
    }
    assert!(during_recovery * 4 >= LIVES, "a quarter of the kills hits a recovery");
    assert!(acknowledged.len() > 100, "only {} events were acknowledged", acknowledged.len());
    all_there(&Sqlite::open(&path)?, &acknowledged).await?;
    intact(&path, LIVES);
    Ok(())
}

fn intact(path: &Path, life: u64) {
    let report = verify(path).expect("the first life made the store");
    assert_eq!(report.findings, [], "in life {life}");
}

async fn all_there(store: &dyn Ledger, acknowledged: &[u64]) -> Result<(), LedgerError> {
    for &n in acknowledged {
        let event = store.event(arrival(n).event_id).await?;
        let event = event.unwrap_or_else(|| panic!("event {n} was acknowledged and is lost"));
        assert_eq!(event.raw, arrival(n).raw, "event {n}");
    }
    Ok(())
}

#[tokio::test]
async fn a_torn_log_loses_nothing_silently() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("argus.db");
    let mut worker = Worker::storm(&path, 0);
    worker.hear();
    sleep(Duration::from_millis(300));
    let acknowledged = worker.kill();
    let read = |ending: &str| std::fs::read(format!("{}{ending}", path.display()));
    let log = read("-wal").expect("a killed store has a log");
    let (mut dice, mut named) = (Dice(11), 0);
    for round in 0..24 {
        let copy = folder.path().join(format!("copy-{round}.db"));
        for ending in ["", "-head", "-pages"] {
            let bytes = read(ending).expect("it is there");
            std::fs::write(format!("{}{ending}", copy.display()), bytes).expect("room");
        }
        let mut torn = log.clone();
        let at = usize::try_from(dice.below(log.len() as u64)).expect("it fits");
        match round % 3 {
            0 => torn.truncate(at),
            1 => torn[at] ^= 1 << dice.below(8),
            _ => torn[at..].iter_mut().take(512).for_each(|byte| *byte = 0),
        }
        std::fs::write(format!("{}-wal", copy.display()), torn).expect("room");
        let findings = match verify(&copy) {
            Ok(report) => report.findings.len(),
            Err(_) => 1,
        };
        named += usize::from(findings > 0);
        match Sqlite::open(&copy) {
            Ok(store) if findings == 0 => {
                all_there(&store, &acknowledged).await.expect("nothing is lost unnamed");
            }
            // Damage that verify names may open, as long as the end of the chain is there.
            Ok(_) => {}
            Err(error) => assert!(
                matches!(error, LedgerError::Damaged(_)) && findings > 0,
                "round {round}: refused for {error}, verify has {findings} findings"
            ),
        }
    }
    assert!(named > 0, "tearing the log was never noticed");
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("argus.db");
    let store = Sqlite::open(&path).expect("it opens");
    let mut second = Worker::obedient(&path, |_| {});
    let said = second.hear().expect("it says something");
    assert!(said.contains("another argus has this store open"), "{said}");
    drop(store);
    let mut third = Worker::obedient(&path, |_| {});
    assert_eq!(third.hear().as_deref(), Some("open"));
    third.kill();
    drop(Sqlite::open(&path).expect("the lock of a killed process is gone"));
}
