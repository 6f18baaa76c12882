//! An outsider with Python and nothing of ours (`docs/verify_audit.py`) comes to the same verdict.

use std::fmt::Write as _;
use std::io::BufRead as _;
use std::path::Path;
use std::process::{Command, Output};

use argus_reference_bot::adapters::sqlite::{Sqlite, export};
use argus_reference_bot::adapters::verify::verify_export;
use argus_reference_bot::flows::anchor::Comparison;
use argus_reference_bot::ports::anchor::Head;
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

    assert_eq!(said(&python(&["/nowhere/argus.db"])).0, Some(2));
    Ok(())
}

/// What somebody can do to an export, at a place of it that the dice choose; `None` if it changed nothing.
fn damaged(lines: &str, how: usize, dice: &mut Dice) -> Option<(String, Vec<u8>)> {
    let mut rows: Vec<&str> = lines.lines().collect();
    let mut below = |most: usize| usize::try_from(dice.below(most as u64)).expect("it fits");
    let (row, at) = (below(rows.len() - 1), below(lines.len() - 1));
    let mut bytes = lines.as_bytes().to_vec();
    let what = match how {
        0 => {
            bytes[at] ^= 1 << below(7);
            format!("a bit of byte {at} is another one")
        }
        1 => {
            bytes.remove(at);
            format!("byte {at} is gone")
        }
        2 => {
            bytes.truncate(at);
            format!("it ends at byte {at}")
        }
        3 => {
            let twice = bytes[at];
            bytes.insert(at, twice);
            format!("byte {at} stands there twice")
        }
        kind => {
            let what = match kind {
                4 => {
                    rows.remove(row);
                    "is gone"
                }
                5 => {
                    rows.swap(row, row + 1);
                    "has changed places with the next"
                }
                6 => {
                    rows.insert(row, rows[row]);
                    "stands there twice"
                }
                _ => {
                    rows.truncate(row);
                    "and all behind it are gone"
                }
            };
            bytes = (rows.join("\n") + "\n").into_bytes();
            format!("line {} {what}", row + 1)
        }
    };
    (bytes != lines.as_bytes()).then_some((what, bytes))
}

/// Verifies every file of a folder that is named on standard input, in one process.
const ALL: &str = "
import contextlib, importlib.util, io, sys
spec = importlib.util.spec_from_file_location('verify_audit', sys.argv[1])
it = importlib.util.module_from_spec(spec); spec.loader.exec_module(it)
for name in sys.stdin.read().split():
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = it.main([name, '--notes', sys.argv[2]])
    print(code)
";

#[tokio::test]
async fn whatever_is_done_to_an_export_both_verifiers_find_it() -> Result<(), LedgerError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("argus.db");
    let store = Sqlite::open(&path)?;
    for n in 0..20 {
        store.receive(arrival(n)).await?;
    }
    place_all(&store).await?;
    let (last, head) = store.head().await?;
    let first = store.records_after(0, 1).await?[0].hash;
    store.settle().await?;
    drop(store);
    let mut lines = String::new();
    export(&path, |line| writeln!(lines, "{line}").map_err(|it| it.to_string()))
        .expect("an export");
    let note = serde_json::json!([{
        "PartitionKey": "t|20261120", "RowKey": format!("{last:020}"), "Hash": head.to_string(),
        "At": "2026-11-20T08:00:00Z", "Store": first.to_string(), "Before": "0",
    }]);
    let notes = folder.path().join("notes.json");
    std::fs::write(&notes, note.to_string()).expect("a file");

    let verdict = |text: &[u8]| {
        let head = Head {
            seq: last,
            hash: head.to_string(),
            at: jiff::Timestamp::UNIX_EPOCH,
            store: first.to_string(),
            before: 0,
        };
        let mut comparison = Comparison::with(vec![head]);
        let report = verify_export(text.lines(), |seq, hash| comparison.record(seq, hash));
        report.intact() && comparison.end().is_empty()
    };
    assert!(verdict(lines.as_bytes()), "whole");
    let mut dice = Dice(11);
    let mut names = Vec::new();
    let mut put = |text: &[u8]| {
        let name = folder.path().join(format!("{}.jsonl", names.len()));
        std::fs::write(&name, text).expect("a file");
        names.push(name.display().to_string());
    };
    put(lines.as_bytes());
    let mut done = Vec::new();
    for n in 0..480 {
        let Some((what, bytes)) = damaged(&lines, n % 8, &mut dice) else { continue };
        assert!(!verdict(&bytes), "argus did not find that {what}");
        put(&bytes);
        done.push(what);
    }
    assert!(done.len() > 400, "{} kinds of damage", done.len());

    // The program as it is called, for one of each kind.
    let argus = |name: &str| {
        let mut argus = Command::new(env!("CARGO_BIN_EXE_argus"));
        argus.args(["audit", "verify", "--export", name, "--notes"]).arg(&notes);
        argus.status().expect("argus runs").code()
    };
    for (at, name) in names.iter().take(9).enumerate() {
        assert_eq!(argus(name), Some(i32::from(at > 0)), "{name}");
    }

    let driver = Command::new("python3")
        .args(["-c", ALL, PROGRAM])
        .arg(&notes)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn();
    let Ok(mut driver) = driver else {
        let said = "SKIPPED: the independent verifier needs python3\n";
        drop(std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()));
        return Ok(());
    };
    let mut stdin = driver.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, names.join("\n").as_bytes()).expect("it reads");
    drop(stdin);
    let answers = driver.wait_with_output().expect("it ends").stdout;
    let answers: Vec<String> =
        String::from_utf8_lossy(&answers).lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), names.len());
    assert_eq!(answers[0], "0", "whole");
    for (what, code) in done.iter().zip(&answers[1..]) {
        assert_eq!(code, "1", "Python did not find that {what}");
    }
    Ok(())
}
