//! Tables made from records in memory, to compare those of another store with.

use rusqlite::{Connection, Row};

use super::ids::Ids;
use super::tables::Transaction;
use super::{failed, schema};
use crate::adapters::tables::project::Projector;
use crate::adapters::tables::schema::{Compared, Dialect};
use crate::ports::chain::Link;
use crate::ports::ledger::LedgerError;

/// Tables that follow from the records taken so far.
#[derive(Debug)]
pub(in crate::adapters) struct Rebuilt {
    connection: Connection,
    ids: Ids,
    projector: Projector,
    seq: u64,
}

impl Rebuilt {
    pub(in crate::adapters) fn new() -> Result<Self, LedgerError> {
        let connection = Connection::open_in_memory().map_err(failed)?;
        connection.execute_batch("BEGIN").map_err(failed)?;
        schema::projections(&connection).map_err(failed)?;
        Ok(Self { connection, ids: Ids::default(), projector: Projector::default(), seq: 0 })
    }

    /// Takes the next record.
    pub(in crate::adapters) fn take(&mut self, link: &Link) -> Result<(), LedgerError> {
        let mut tables = Transaction { connection: &self.connection, ids: &mut self.ids };
        self.seq = link.seq;
        self.projector.fact(&mut tables, link.seq, &link.fact()?).map_err(failed)?
    }

    /// Writes what is still in memory.
    pub(in crate::adapters) fn finish(mut self) -> Result<Self, LedgerError> {
        let mut tables = Transaction { connection: &self.connection, ids: &mut self.ids };
        self.projector.finish(&mut tables).map_err(failed)??;
        self.ids.file(&self.connection, self.seq).map_err(failed)?;
        // Where ids are filed at once there is no note of how far they are.
        self.connection.execute_batch("DELETE FROM meta WHERE name = 'filed'").map_err(failed)?;
        Ok(self)
    }

    /// All rows of a table, as texts.
    pub(in crate::adapters) fn rows(
        &self,
        table: &Compared,
    ) -> Result<Vec<Vec<Option<String>>>, LedgerError> {
        let sql = table.select(Dialect::Sqlite);
        let mut statement = self.connection.prepare(&sql).map_err(failed)?;
        let row = |row: &Row<'_>| (0..table.width()).map(|at| row.get(at)).collect();
        let rows = statement.query_map([], row).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    /// The first difference to the rows that `stored` gives, which are in the order of their keys.
    pub(in crate::adapters) async fn differs(
        &self,
        table: &Compared,
        mut stored: impl AsyncFnMut() -> Result<Option<Vec<Option<String>>>, LedgerError>,
    ) -> Result<Option<String>, LedgerError> {
        let sql = table.select(Dialect::Sqlite);
        let mut statement = self.connection.prepare(&sql).map_err(failed)?;
        let columns = statement.column_count();
        let mut rows = statement.query([]).map_err(failed)?;
        loop {
            let expected = rows.next().map_err(failed)?;
            let expected = expected.map(|row| {
                (0..columns).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<_>>>()
            });
            let expected = expected.transpose().map_err(failed)?;
            let (row, what) = match (stored().await?, expected) {
                (None, None) => return Ok(None),
                (Some(row), None) => (row, "it does not follow from the records"),
                (None, Some(row)) => (row, "it is missing"),
                (Some(row), Some(expected)) if row != expected => {
                    (row, "it is not what the records say")
                }
                _ => continue,
            };
            let key = row.into_iter().next().flatten().unwrap_or_default();
            return Ok(Some(format!("row {key}: {what}")));
        }
    }
}
