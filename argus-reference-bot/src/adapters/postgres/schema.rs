//! The tables on the server, and how programs of two versions live with them at the same time.
//!
//! `schema` has one row: the layout that the tables have, and the oldest layout of
//! a program that may still work with them. A program makes what it misses, and refuses tables only
//! if they say that it is too old: so while replicas are replaced one by one, both kinds run.

use tokio_postgres::Client;

use super::failed;
use super::wire::Session;
use crate::adapters::tables::schema;
use crate::ports::ledger::LedgerError;

/// The layout that this program makes.
pub(super) const LAYOUT: i64 = 2;
/// The oldest program that can work with what this one makes. One of layout 1 does not find what has
/// a long name, and would do twice what a lease with a long name keeps apart.
const OLDEST: i64 = 2;
/// What makes a layout of the one before it, in one transaction. A table that is new needs no step:
/// what is missing is made before.
const STEPS: [(i64, &str); 1] = [(2, SHORTEN)];
/// Long names, as `bounded` writes them.
const SHORTEN: &str = "
UPDATE incidents
  SET incident_key = 'sha256:' || encode(sha256(convert_to(incident_key, 'UTF8')), 'hex')
  WHERE octet_length(incident_key) > 512 OR incident_key LIKE 'sha256:%';
UPDATE incidents
  SET principal = 'sha256:' || encode(sha256(convert_to(principal, 'UTF8')), 'hex')
  WHERE octet_length(principal) > 512 OR principal LIKE 'sha256:%';
UPDATE documents SET key = 'sha256:' || encode(sha256(convert_to(key, 'UTF8')), 'hex')
  WHERE octet_length(key) > 512 OR key LIKE 'sha256:%';
UPDATE leases SET lease = 'sha256:' || encode(sha256(convert_to(lease, 'UTF8')), 'hex')
  WHERE octet_length(lease) > 512 OR lease LIKE 'sha256:%';
";
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

/// Makes what is missing, and of an older layout this one.
pub(super) async fn prepare(session: &Session) -> Result<(), LedgerError> {
    let client = &session.client;
    if is_current(made(client).await?)? {
        return Ok(());
    }
    let run = async |sql: &str| client.batch_execute(sql).await.map_err(|error| failed(&error));
    let begin = "BEGIN; SET LOCAL statement_timeout = 0";
    run(&format!("{begin}; SELECT pg_advisory_xact_lock({MAKING})")).await?;
    let changed = async {
        // Somebody else may have done it meanwhile.
        let before = made(client).await?;
        if is_current(before)? {
            return Ok(());
        }
        let genesis = argus_soc::ledger::Hash::GENESIS;
        let (tables, from) = (schema::postgres(), before.map(|(layout, _)| layout));
        if let Some(from) = from {
            tracing::info!(from, to = LAYOUT, "the tables are brought up to date");
        }
        let missed = STEPS.iter().filter(|(to, _)| from.is_some_and(|from| from < *to));
        let steps: String = missed.map(|(_, step)| *step).collect();
        let sql = format!(
            "{TABLES}{tables}
             INSERT INTO head (seq, hash) VALUES (0, '\\x{genesis}') ON CONFLICT DO NOTHING;
             SELECT seq FROM head FOR UPDATE;
             {steps}
             INSERT INTO schema (layout, oldest) VALUES ({LAYOUT}, {OLDEST})
               ON CONFLICT (one) DO UPDATE SET layout = excluded.layout,
                 oldest = greatest(schema.oldest, excluded.oldest);"
        );
        run(&sql).await
    };
    match changed.await {
        Ok(()) => run("COMMIT").await,
        Err(error) => {
            drop(run("ROLLBACK").await);
            Err(error)
        }
    }
}

/// Whether tables that are so made are as this program needs them.
fn is_current(made: Option<(i64, i64)>) -> Result<bool, LedgerError> {
    match made {
        Some((layout, oldest)) if LAYOUT < oldest => Err(LedgerError::Damaged(format!(
            "the store has layout {layout} and needs a program of at least {oldest}; this one \
             knows up to {LAYOUT}; use a newer argus"
        ))),
        Some((layout, _)) => Ok(layout >= LAYOUT),
        None => Ok(false),
    }
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
