//! Proof that the store is what was written: the chain, the tables, and the end.

use argus_soc::ledger::{Hash, Verifier};
use futures_util::StreamExt as _;

use super::wire::{Param, Session};
use super::{Target, failed, schema, unreadable};
use crate::adapters::sqlite::Rebuilt;
use crate::adapters::tables::schema::{COMPARED, Dialect};
use crate::adapters::tables::{Cells as _, read};
use crate::adapters::verify::{Finding, Report, line as as_line};
use crate::ports::ledger::LedgerError;

/// Records in one piece.
const PIECE: u64 = 2_000;

/// Compares the end of the chain with what was noted when it was written.
pub(super) async fn check_head(session: &Session) -> Result<(u64, Hash), LedgerError> {
    let sql = "SELECT h.seq, h.hash, r.hash, (SELECT coalesce(max(seq), 0) FROM records)
      FROM head h LEFT JOIN records r ON r.seq = h.seq";
    let rows = session.query(sql, vec![]).await.map_err(|error| failed(&error))?;
    let damaged = |why: &str| LedgerError::Damaged(why.to_owned());
    let row = rows.first().ok_or_else(|| damaged("the table head is empty"))?;
    let seq = row.whole(0).map_err(|error| unreadable(&error))?;
    let last = row.whole(3).map_err(|error| unreadable(&error))?;
    let noted = Hash::from_slice(row.bytes(1).map_err(|error| unreadable(&error))?);
    let noted = noted.ok_or_else(|| damaged("the table head has no hash"))?;
    if last != seq {
        return Err(damaged(&format!(
            "the chain ends at record {last}, but its end was noted at record {seq}"
        )));
    }
    let stored = row.maybe_bytes(2).map_err(|error| unreadable(&error))?;
    if seq > 0 && stored != Some(noted.as_bytes()) {
        return Err(damaged(&format!("record {seq} is not the one that was committed")));
    }
    Ok((seq, noted))
}

/// A session with a store that is there.
///
/// # Errors
///
/// [`LedgerError::Unavailable`] if the server cannot be reached or has no store.
pub(super) async fn found(target: &Target) -> Result<Session, LedgerError> {
    let session = target.session().await?;
    match schema::made(&session.client).await? {
        Some(_) => Ok(session),
        None => Err(LedgerError::Unavailable(format!("there is no store at {}", target.name()))),
    }
}

/// Whether there is a store.
///
/// # Errors
///
/// [`LedgerError::Unavailable`] if the server cannot be reached or has no store.
pub async fn find(target: &Target) -> Result<(), LedgerError> {
    found(target).await.map(drop)
}

/// Verifies the store without changing it: every record's hash and place, every event's body, the
/// tables against a rebuild from the records, the end of the chain against the note in `head`. It
/// sees one moment of the store, and replicas may go on meanwhile.
///
/// # Errors
///
/// [`LedgerError::Unavailable`] if the server cannot be reached or has no store. Damage that can be
/// located is a [`Finding`], not an error.
pub async fn verify(target: &Target) -> Result<Report, LedgerError> {
    let session = found(target).await?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
      SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0";
    session.client.batch_execute(begin).await.map_err(|error| failed(&error))?;
    let (mut verifier, mut rebuilt) = (Verifier::default(), Rebuilt::new()?);
    let mut findings = Vec::new();
    'chain: loop {
        let (seq, _) = verifier.head();
        let values = vec![Param::whole(seq), Param::whole(PIECE)];
        let rows = session.query(read::LINKS, values).await.map_err(|error| failed(&error))?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let link = match read::link(row) {
                Ok(link) => link,
                Err(error) => {
                    let next = verifier.head().0 + 1;
                    findings.push(Finding::at(next, "records", crate::chain::chain(&error)));
                    break 'chain;
                }
            };
            if let Err(broken) = verifier.check(&link.stored()) {
                findings.push(Finding::at(broken.seq, "records", broken.why));
                break 'chain;
            }
            rebuilt.take(&link)?;
        }
    }
    let (records, head) = verifier.head();
    if findings.is_empty()
        && let Err(broken) = verifier.finish()
    {
        findings.push(Finding::at(broken.seq, "records", broken.why));
    }
    if findings.is_empty() {
        findings.extend(tables(&session, rebuilt).await?);
        if let Err(error) = check_head(&session).await {
            findings.push(Finding::at(records + 1, "head", error.to_string()));
        }
    }
    Ok(Report { records, head: head.to_string(), pages: None, notes: None, findings })
}

/// Gives every record to `line` as JSON, as [`sqlite::export`](crate::adapters::sqlite::export) does.
///
/// # Errors
///
/// Why the store cannot be read, or why `line` failed.
pub async fn export(
    target: &Target,
    mut line: impl FnMut(serde_json::Value) -> Result<(), String>,
) -> Result<(), String> {
    let session = found(target).await.map_err(|error| error.to_string())?;
    let mut last = 0;
    loop {
        let values = vec![Param::whole(last), Param::whole(PIECE)];
        let rows = session.query(read::LINKS, values).await;
        let rows = rows.map_err(|error| crate::chain::chain(&error))?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            let record = read::link(row).map_err(|error| crate::chain::chain(&error))?;
            last = record.seq;
            line(as_line(&record))?;
        }
    }
}

/// The tables against those that a rebuild from the records gives. They come as a stream: nobody
/// knows how large they are.
async fn tables(session: &Session, rebuilt: Rebuilt) -> Result<Vec<Finding>, LedgerError> {
    let rebuilt = rebuilt.finish()?;
    let mut findings = Vec::new();
    for table in &COMPARED {
        let none: [&str; 0] = [];
        let rows = session.client.query_raw(&table.select(Dialect::Postgres), none).await;
        let mut rows = std::pin::pin!(rows.map_err(|error| failed(&error))?);
        let mut stored = async || match rows.next().await {
            Some(row) => Ok(Some(texts(&row.map_err(|error| failed(&error))?))),
            None => Ok(None),
        };
        let difference = rebuilt.differs(table, &mut stored).await?;
        findings.extend(difference.map(|what| Finding::of(table.name, what)));
    }
    Ok(findings)
}

/// A row in words, to be compared with the same row elsewhere.
fn texts(row: &tokio_postgres::Row) -> Vec<Option<String>> {
    (0..row.len()).map(|at| row.try_get(at).ok().flatten()).collect()
}
