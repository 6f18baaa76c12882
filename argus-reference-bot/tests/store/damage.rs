//! Whatever byte of the file changes, a verification finds it and says where.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use argus_reference_bot::adapters::sqlite::{Sqlite, verify};
use argus_reference_bot::ports::ledger::suite::arrival;
use argus_reference_bot::ports::ledger::{Ledger, LedgerError};

use super::crash::Dice;
use super::worker::place_all;

const FLIPS: usize = 2_000;
const PAGE: u64 = 8_192;

/// A store that has seen life: incidents that grew, cards and leases that came and went.
async fn lived(path: &Path) -> Result<(), LedgerError> {
    for life in 0..3u64 {
        let store = Sqlite::open(path)?;
        for n in 0..70 {
            store.receive(arrival(life * 1_000 + n)).await?;
            if n % 10 == 9 {
                place_all(&store).await?;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn any_changed_byte_is_found() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("argus.db");
    lived(&path).await?;
    let report = verify(&path)?;
    assert_eq!(report.findings, []);
    let intact = std::fs::read(&path).expect("it is readable");
    let pages = intact.len() as u64 / PAGE;
    assert_eq!(report.pages, Some(pages), "every page is vouched for");
    let (mut dice, mut flipped) = (Dice(3), 0);
    while flipped < FLIPS {
        // One byte each in up to sixty pages at once: each page must be named.
        let file = File::options().write(true).open(&path).expect("it is writable");
        let mut expected = BTreeSet::new();
        for _ in 0..60 {
            let page = dice.below(pages);
            // A lone flip in the first page may make the file unreadable, which is found as well.
            if page == 0 || !expected.insert(page + 1) {
                continue;
            }
            flip(&file, &intact, page * PAGE + dice.below(PAGE), &mut dice);
        }
        flipped += expected.len();
        let report = verify(&path)?;
        for page in &expected {
            let named = format!("page {page} (");
            assert!(
                report.findings.iter().any(|finding| finding.what.starts_with(&named)),
                "page {page} is not named: {report:?}"
            );
        }
        assert_eq!(report.pages, Some(pages - expected.len() as u64), "and no other page");
        file.write_all_at(&intact, 0).expect("it is writable");
    }
    for _ in 0..12 {
        let file = File::options().write(true).open(&path).expect("it is writable");
        let at = dice.below(PAGE + 40);
        flip(&file, &intact, at, &mut dice);
        let found = verify(&path).map_or(true, |report| !report.intact());
        assert!(found, "byte {at} changed and nothing was found");
        file.write_all_at(&intact, 0).expect("it is writable");
    }
    assert_eq!(verify(&path)?.findings, [], "all is as it was");
    Ok(())
}

fn flip(file: &File, intact: &[u8], at: u64, dice: &mut Dice) {
    let byte = intact[usize::try_from(at).expect("it fits")];
    file.write_all_at(&[byte ^ (1 << dice.below(8))], at).expect("it is writable");
}

#[tokio::test]
async fn a_running_store_verifies() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("argus.db");
    let mut worker = super::worker::Worker::storm(&path, 0);
    worker.hear();
    for round in 0..5 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert_eq!(verify(&path)?.findings, [], "round {round}");
    }
    worker.kill();
    Ok(())
}

#[tokio::test]
async fn another_program_may_carry_the_log_over() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("argus.db");
    let mut worker = super::worker::Worker::storm(&path, 0);
    worker.hear();
    std::thread::sleep(std::time::Duration::from_millis(200));
    worker.kill();
    // What any SQLite tool does when it is closed after a look.
    let tool = rusqlite::Connection::open(&path).expect("it opens");
    let records: u64 =
        tool.query_row("SELECT count(*) FROM records", [], |row| row.get(0)).expect("it reads");
    drop(tool);
    assert!(records > 0);
    let report = verify(&path)?;
    assert_eq!((report.findings.as_slice(), report.pages), ([].as_slice(), None));
    drop(Sqlite::open(&path)?);
    let report = verify(&path)?;
    assert_eq!(report.findings, []);
    assert!(report.pages.is_some(), "the next start vouches for the pages again");
    // A change that somebody makes with it is found.
    let tool = rusqlite::Connection::open(&path).expect("it opens");
    tool.execute("UPDATE records SET raw = x'7b7d' WHERE seq = 1", []).expect("it writes");
    drop(tool);
    assert!(!verify(&path)?.intact());
    Ok(())
}
