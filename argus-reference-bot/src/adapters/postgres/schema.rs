//! The tables on the server, and how programs of two versions live with them at the same time.
//!
//! Changes only add. `schema` has one row: the layout that the tables have, and the oldest layout of
//! a program that may still work with them. A program makes what it misses, and refuses tables only
//! if they say that it is too old: so while replicas are replaced one by one, both kinds run.

use tokio_postgres::Client;

use super::failed;
use super::wire::Session;
use crate::adapters::tables::schema;
use crate::ports::ledger::LedgerError;

/// The layout that this program makes.
pub(super) const LAYOUT: i64 = 1;
/// The oldest program that can work with what this one makes.
const OLDEST: i64 = 1;
/// So that two replicas that start together do not make the same table twice: "ARGU".
const MAKING: i64 = 0x4152_4755;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS schema (
  one    BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one),
  layout BIGINT NOT NULL,
  oldest BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS records (
  seq     BIGINT PRIMARY KEY,
  prev    BYTEA NOT NULL,
  payload BYTEA NOT NULL,
  hash    BYTEA NOT NULL,
  raw     BYTEA
);
CREATE TABLE IF NOT EXISTS head (
  one  BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one),
  seq  BIGINT NOT NULL,
  hash BYTEA NOT NULL
);
CREATE TABLE IF NOT EXISTS claims (
  name   TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  fence  BIGINT NOT NULL,
  until  TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS sends (
  conversation TEXT NOT NULL,
  at           TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS sends_at ON sends (at);
";

/// Makes what is missing.
pub(super) async fn prepare(session: &Session) -> Result<(), LedgerError> {
    let client = &session.client;
    if let Some((layout, oldest)) = made(client).await? {
        if LAYOUT < oldest {
            return Err(LedgerError::Damaged(format!(
                "the store has layout {layout} and needs a program of at least {oldest}; this one \
                 knows up to {LAYOUT}; use a newer argus"
            )));
        }
        if layout >= LAYOUT {
            return Ok(());
        }
    }
    let genesis = argus_soc::ledger::Hash::GENESIS;
    let sql = format!(
        "BEGIN;
         SELECT pg_advisory_xact_lock({MAKING});
         {TABLES}{}
         INSERT INTO head (seq, hash) VALUES (0, '\\x{genesis}') ON CONFLICT DO NOTHING;
         INSERT INTO schema (layout, oldest) VALUES ({LAYOUT}, {OLDEST})
           ON CONFLICT (one) DO UPDATE SET layout = excluded.layout
           WHERE schema.layout < excluded.layout;
         COMMIT",
        schema::postgres()
    );
    client.batch_execute(&sql).await.map_err(|error| failed(&error))
}

/// The layout of the tables and the oldest program that may work with them; `None` if there are
/// none.
pub(super) async fn made(client: &Client) -> Result<Option<(i64, i64)>, LedgerError> {
    let is_there = client.query_one("SELECT to_regclass('schema') IS NOT NULL", &[]).await;
    if !is_there.map_err(|error| failed(&error))?.get::<_, bool>(0) {
        return Ok(None);
    }
    let row = client.query_opt("SELECT layout, oldest FROM schema", &[]).await;
    Ok(row.map_err(|error| failed(&error))?.map(|row| (row.get(0), row.get(1))))
}
