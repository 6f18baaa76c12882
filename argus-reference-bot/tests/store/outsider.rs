//! An outsider with Python and nothing of ours (`docs/verify_audit.py`) comes to the same verdict.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use argus_reference_bot::adapters::sqlite::{Sqlite, export};
use argus_reference_bot::ports::ledger::suite::arrival;
use argus_reference_bot::ports::ledger::{Ledger, LedgerError};

use super::crash::Dice;
use super::worker::place_all;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/verify_audit.py");

pub(super) fn python(arguments: &[&str]) -> Output {
    Command::new("python3").arg(PROGRAM).args(arguments).output().expect("python3 starts")
}

pub(super) fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Changes one record and says what an outsider finds.
fn changed(intact: &Path, sql: &str) -> (Option<i32>, String) {
    let copy = intact.with_file_name("copy.db");
    std::fs::copy(intact, &copy).expect("a copy");
    let store = rusqlite::Connection::open(&copy).expect("it opens");
    store.execute_batch(sql).expect("it changes");
    drop(store);
    said(&python(&[copy.to_str().expect("a path")]))
}

#[expect(clippy::print_stderr, reason = "what was not proven is said")]
#[tokio::test]
async fn python_proves_the_trail_and_finds_what_was_done_to_it() -> Result<(), LedgerError> {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: the independent verifier needs python3");
        return Ok(());
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("argus.db");
    let store = Sqlite::open(&path)?;
    for n in 0..12 {
        store.receive(arrival(n)).await?;
    }
    place_all(&store).await?;
    let (last, head) = store.head().await?;
    store.settle().await?;
    drop(store);

    let (name, intact) =
        (path.to_str().expect("a path"), format!("intact: {last} records, head {head}"));
    assert_eq!(said(&python(&[name])), (Some(0), intact.clone()));
    assert_eq!(
        said(&python(&[name, "--head", &format!("{last}:{head}")])),
        (Some(0), intact.clone())
    );
    let mut lines = String::new();
    export(&path, |line| writeln!(lines, "{line}").map_err(|it| it.to_string()))
        .expect("an export");
    let exported = folder.path().join("records.jsonl");
    std::fs::write(&exported, &lines).expect("a file");
    let exported = exported.to_str().expect("a path");
    assert_eq!(said(&python(&[exported])), (Some(0), intact));

    for (sql, record) in [
        (
            "UPDATE records SET payload = CAST(replace(CAST(payload AS TEXT), 'c-4', 'c-5') AS BLOB)
             WHERE seq = 5",
            5,
        ),
        ("UPDATE records SET raw = x'7b7d' WHERE seq = 3", 3),
        ("UPDATE records SET raw = NULL WHERE seq = 3", 3),
        ("UPDATE records SET prev = zeroblob(32) WHERE seq = 7", 7),
        ("UPDATE records SET hash = 'text' WHERE seq = 7", 7),
        ("DELETE FROM records WHERE seq = 4", 4),
        ("UPDATE records SET seq = -1 WHERE seq = 2; UPDATE records SET seq = 2 WHERE seq = 3;
          UPDATE records SET seq = 3 WHERE seq = -1", 2),
    ] {
        // Loosened, so that a text can stand where bytes should.
        let loose = format!(
            "CREATE TABLE loose (seq INTEGER PRIMARY KEY, prev, payload, hash, raw);
             INSERT INTO loose SELECT * FROM records; DROP TABLE records;
             ALTER TABLE loose RENAME TO records; {sql}"
        );
        let (code, found) = changed(&path, &loose);
        assert!(code == Some(1) && found.contains(&format!("then record {record}: ")), "{sql}: {found}");
    }
    let cut = said(&python(&[exported, "--head", &format!("{}:{head}", last + 1)]));
    assert!(cut.0 == Some(1) && cut.1.contains("its end was cut off"), "{cut:?}");

    let mut dice = Dice(11);
    for _ in 0..12 {
        let mut bytes = lines.clone().into_bytes();
        let at = usize::try_from(dice.below(bytes.len() as u64 - 1)).expect("it fits");
        bytes[at] ^= 1 << dice.below(7);
        std::fs::write(exported, &bytes).expect("a file");
        let (code, found) = said(&python(&[exported]));
        assert_eq!(code, Some(1), "byte {at} changed: {found}");
    }
    assert_eq!(said(&python(&["/nowhere/argus.db"])).0, Some(2));
    Ok(())
}
