//! The tables made anew from the records.

use argus_soc::ledger::Verifier;

use super::verify::{check_head, found};
use super::wire::{Param, Session};
use super::{Target, failed, schema, unreadable};
use crate::adapters::sqlite::Rebuilt;
use crate::adapters::tables::read;
use crate::adapters::tables::schema::COMPARED;
use crate::ports::ledger::LedgerError;

/// Records read at once, and rows written at once.
const PIECE: u64 = 2_000;

/// Makes all tables anew from the records, in one transaction, while nobody else writes. Gives how
/// many records there are.
///
/// # Errors
///
/// [`LedgerError::Damaged`] if the records are not an intact chain or its end is gone, and
/// [`LedgerError::Unavailable`] if there is no store; the tables stay as they are then.
pub async fn rebuild(target: &Target) -> Result<u64, LedgerError> {
    let session = found(target).await?;
    schema::prepare(&session).await?;
    let begin = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0;
      SET LOCAL statement_timeout = 0; SELECT seq FROM head FOR UPDATE";
    session.client.batch_execute(begin).await.map_err(|error| failed(&error))?;
    check_head(&session).await?;
    let (mut verifier, mut rebuilt) = (Verifier::default(), Rebuilt::new()?);
    loop {
        let values = vec![Param::whole(verifier.head().0), Param::whole(PIECE)];
        let rows = session.query(read::LINKS, values).await.map_err(|error| failed(&error))?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let link = read::link(row).map_err(|error| unreadable(&error))?;
            let checked = verifier.check(&link.stored());
            checked.map_err(|broken| LedgerError::Damaged(broken.to_string()))?;
            rebuilt.take(&link)?;
        }
    }
    verifier.finish().map_err(|broken| LedgerError::Damaged(broken.to_string()))?;
    fill(&session, &rebuilt.finish()?).await?;
    session.client.batch_execute("COMMIT").await.map_err(|error| failed(&error))?;
    Ok(verifier.head().0)
}

async fn fill(session: &Session, rebuilt: &Rebuilt) -> Result<(), LedgerError> {
    for table in &COMPARED {
        let empty = format!("DELETE FROM {}", table.name);
        session.client.batch_execute(&empty).await.map_err(|error| failed(&error))?;
        let insert = table.insert();
        let statement = session.client.prepare(&insert).await.map_err(|error| failed(&error))?;
        let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); table.width()];
        let rows = rebuilt.rows(table)?;
        for piece in rows.chunks(usize::try_from(PIECE).unwrap_or(usize::MAX)) {
            for (at, column) in columns.iter_mut().enumerate() {
                *column = piece.iter().map(|row| row.get(at).cloned().flatten()).collect();
            }
            let values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
                columns.iter().map(|it| it as _).collect();
            session.client.execute(&statement, &values).await.map_err(|error| failed(&error))?;
        }
    }
    Ok(())
}
