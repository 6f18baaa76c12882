//! Proof that the store is what was written: the chain, the file, the tables, and the end.

use std::fs::File;
use std::path::Path;
use std::thread::ScopedJoinHandle;

use argus_soc::ledger::{Broken, Hash, Stored, Verifier};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::ids::filed_up_to;
use super::pages::{self, beside};
use super::{failed, schema};
use crate::adapters::tables::read;
use crate::adapters::tables::schema::PROJECTED;
use crate::adapters::verify::{Finding, Report, line as as_line};
use crate::hex::hex;
use crate::ports::ledger::LedgerError;

/// Further looks at the pages of a store that is in use.
const LOOKS: u32 = 6;
/// Between two looks; a bot carries its log over in less.
const BETWEEN_LOOKS: std::time::Duration = std::time::Duration::from_millis(150);

/// Verifies the store at `path` without changing it: every record's hash and place, every event's
/// body, the file's own structure, the tables against a rebuild from the records, the end of the
/// chain against the note beside the store, and every page of the file against the list beside it.
/// Works while `argus serve` runs in another process.
///
/// # Errors
///
/// [`LedgerError::Unavailable`] if there is no store at `path` or it cannot be read at all. Damage
/// that can be located is a [`Finding`], not an error.
pub fn verify(path: &Path) -> Result<Report, LedgerError> {
    if !path.is_file() {
        return Err(LedgerError::Unavailable(format!("there is no store at {}", path.display())));
    }
    // Opened before any connection and closed after all, which alone keeps SQLite's locks.
    let file = File::open(path).map_err(|error| LedgerError::Unavailable(error.to_string()))?;
    // Read first: a running bot notes the end only after it is in the file.
    let note = noted(&beside(path, "-head"));
    let connection = reader(path)?;
    let mut findings = Vec::new();
    // One read transaction: a running bot may go on writing, and this sees one moment of it. It also
    // keeps the log from starting again while the pages are looked at.
    if let Err(error) = connection.execute_batch("BEGIN") {
        findings.push(Finding::of("file", error.to_string()));
    }
    let mut verifier = Verifier::default();
    // The four proofs read different bytes or make different things of them, so they share the work.
    let (chained, structured, followed, looked) = std::thread::scope(|scope| {
        let structured = scope.spawn(|| structure(&reader(path)?).map_err(failed));
        let followed = scope.spawn(|| tables(&reader(path)?));
        let looked = scope.spawn(|| look(path, &file));
        let chained = chain(&connection, &mut verifier);
        (chained, joined(structured), joined(followed), looked.join())
    });
    match chained {
        Ok(Ok(())) => {}
        Ok(Err(Broken { seq, why })) => findings.push(Finding::at(seq, "records", why)),
        Err(error) => {
            findings.push(Finding::at(verifier.head().0 + 1, "records", error.to_string()));
        }
    }
    match structured {
        Ok(problems) => {
            findings.extend(problems.into_iter().map(|what| Finding::of("file", what)));
        }
        Err(error) => findings.push(Finding::of("file", error.to_string())),
    }
    let (records, head) = verifier.head();
    if findings.is_empty() {
        match followed {
            Ok(differences) => findings.extend(differences),
            Err(error) => findings.push(Finding::of("tables", error.to_string())),
        }
        if let Err(error) = check_head(&connection, note, records) {
            findings.push(Finding::at(records + 1, "head", error.to_string()));
        }
    }
    drop(connection);
    drop(file);
    let looked = look_again(path, looked.unwrap_or_else(|_| pages::Looked::failed("a panic")));
    findings.extend(looked.changed.into_iter().map(|what| Finding::of("file", what)));
    Ok(Report { records, head: head.to_string(), pages: looked.pages, notes: None, findings })
}

/// A connection that cannot write.
pub(super) fn reader(path: &Path) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(failed)
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T, LedgerError>>) -> Result<T, LedgerError> {
    thread.join().unwrap_or_else(|_| Err(LedgerError::Damaged("the proof was broken off".into())))
}

fn look(path: &Path, file: &File) -> pages::Looked {
    pages::look(path, file).unwrap_or_else(|error| pages::Looked::failed(&error.to_string()))
}

/// A bot that is running carries its log over into the file while we look, so one look may see a
/// page between two states. What is damaged is so in every look; nothing else is reported.
fn look_again(path: &Path, mut looked: pages::Looked) -> pages::Looked {
    for _ in 0..LOOKS {
        if looked.changed.is_empty() || !in_use(path) {
            break;
        }
        std::thread::sleep(BETWEEN_LOOKS);
        let Ok(file) = File::open(path) else { break };
        let Ok(connection) = reader(path) else { break };
        let held = connection.execute_batch("BEGIN; SELECT count(*) FROM meta");
        let mut again = look(path, &file);
        drop(connection);
        if held.is_ok() {
            again.changed.retain(|what| looked.changed.contains(what));
            looked = again;
        }
    }
    looked
}

/// Whether a process has the store open for writing.
fn in_use(path: &Path) -> bool {
    let lock = File::options().read(true).open(beside(path, "-lock"));
    lock.is_ok_and(|lock| lock.try_lock_shared().is_err())
}

/// Gives every record to `line` as JSON: what is needed to check the chain elsewhere. An event's raw
/// body is in `raw`, base64.
///
/// # Errors
///
/// Why the store cannot be read, or why `line` failed.
pub fn export(
    path: &Path,
    mut line: impl FnMut(serde_json::Value) -> Result<(), String>,
) -> Result<(), String> {
    let failed = |error: rusqlite::Error| error.to_string();
    if !path.is_file() {
        return Err(format!("there is no store at {}", path.display()));
    }
    let connection = reader(path).map_err(|error| error.to_string())?;
    let mut statement = connection
        .prepare("SELECT seq, prev, payload, hash, raw FROM records ORDER BY seq")
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        line(as_line(&read::link(row).map_err(failed)?))?;
    }
    Ok(())
}

/// The end of the chain as it was noted beside the store. A power cut may leave the unsynced note
/// empty; the chain itself is what counts.
pub(super) fn noted(note: &Path) -> Option<(u64, String)> {
    let text = std::fs::read_to_string(note).ok()?;
    let (seq, hash) = text.trim().split_once(' ')?;
    Some((seq.parse().ok()?, hash.to_owned()))
}

/// Compares the end of the chain with what was noted.
pub(super) fn check_head(
    connection: &Connection,
    noted: Option<(u64, String)>,
    last: u64,
) -> Result<(), LedgerError> {
    let Some((seq, hash)) = noted else { return Ok(()) };
    if seq > last {
        return Err(LedgerError::Damaged(format!(
            "the chain ends at record {last}, but record {seq} was committed: its end was cut off"
        )));
    }
    let stored: Option<Vec<u8>> = connection
        .query_row("SELECT hash FROM records WHERE seq = ?1", [seq], |row| row.get(0))
        .optional()
        .map_err(failed)?;
    let matches = seq == 0
        || stored.and_then(|hash| Hash::from_slice(&hash)).is_some_and(|it| it.to_string() == hash);
    if matches {
        return Ok(());
    }
    Err(LedgerError::Damaged(format!("record {seq} is not the one that was committed")))
}

fn chain(connection: &Connection, verifier: &mut Verifier) -> rusqlite::Result<Result<(), Broken>> {
    let mut statement =
        connection.prepare("SELECT seq, prev, payload, hash, raw FROM records ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let stored = Stored {
            seq: row.get(0)?,
            prev: row.get_ref(1)?.as_blob()?,
            payload: row.get_ref(2)?.as_blob()?,
            hash: row.get_ref(3)?.as_blob()?,
            raw: row.get_ref(4)?.as_blob_or_null()?,
        };
        if let Err(broken) = verifier.check(&stored) {
            return Ok(Err(broken));
        }
    }
    if let Err(broken) = verifier.finish() {
        return Ok(Err(broken));
    }
    Ok(Ok(()))
}

/// What SQLite itself finds wrong with its file.
fn structure(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// Rebuilds the tables from the records in memory and compares them with those in the file.
fn tables(connection: &Connection) -> Result<Vec<Finding>, LedgerError> {
    // One moment of a store that may be in use.
    connection.execute_batch("BEGIN").map_err(failed)?;
    let rebuilt = Connection::open_in_memory().map_err(failed)?;
    rebuilt.execute_batch("BEGIN").map_err(failed)?;
    let ids = schema::rebuild(connection, &rebuilt)?;
    // Ids are filed from time to time; up to where, only the file says.
    let filed = filed_up_to(connection).map_err(failed)?;
    ids.file(&rebuilt, filed).map_err(failed)?;
    let mut findings = Vec::new();
    for table in PROJECTED {
        if let Some(what) = difference(connection, &rebuilt, table).map_err(failed)? {
            findings.push(Finding::of(table, what));
        }
    }
    Ok(findings)
}

fn difference(
    stored: &Connection,
    rebuilt: &Connection,
    table: &str,
) -> rusqlite::Result<Option<String>> {
    let sql = format!("SELECT * FROM {table}");
    let (mut a, mut b) = (stored.prepare(&sql)?, rebuilt.prepare(&sql)?);
    let (columns, mut a, mut b) = (a.column_count(), a.query([])?, b.query([])?);
    // Both come in the order of their keys.
    loop {
        let differs = match (a.next()?, b.next()?) {
            (None, None) => return Ok(None),
            (Some(row), None) => Some((row.get_ref(0)?, "it does not follow from the records")),
            (None, Some(row)) => Some((row.get_ref(0)?, "it is missing")),
            (Some(row), Some(other)) => {
                let same = (0..columns)
                    .map(|at| Ok(row.get_ref(at)? == other.get_ref(at)?))
                    .collect::<rusqlite::Result<Vec<bool>>>()?;
                let changed = "it is not what the records say";
                if same.contains(&false) { Some((row.get_ref(0)?, changed)) } else { None }
            }
        };
        if let Some((key, what)) = differs {
            return Ok(Some(format!("row {}: {what}", shown(key))));
        }
    }
}

fn shown(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef::{Blob, Integer, Null, Real, Text};
    match value {
        Text(text) => String::from_utf8_lossy(text).into_owned(),
        Blob(blob) => hex(blob),
        Integer(number) => number.to_string(),
        Real(number) => number.to_string(),
        Null => "null".into(),
    }
}
