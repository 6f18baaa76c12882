//! Work that one replica does at a time.
//!
//! A claim is a row with its holder and the time at which it ends, by the clock of the database:
//! replicas whose clocks differ agree. Whoever takes it from another gets a higher fence, and a
//! write that stands on the old fence is refused.

use std::time::Duration;

use super::wire::Param;
use super::{Postgres, unreadable};
use crate::adapters::tables::{Cells as _, Value};
use crate::ports::ledger::{Claim, LedgerError};

const CLAIM: &str = "INSERT INTO claims AS held (name, holder, fence, until)
 VALUES (?1, ?2, 1, clock_timestamp() + ?3 * interval '1 millisecond')
 ON CONFLICT (name) DO UPDATE SET
   holder = excluded.holder,
   fence = held.fence + CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END,
   until = excluded.until
 WHERE held.holder = excluded.holder OR held.until < clock_timestamp()
 RETURNING fence";

const UNCLAIM: &str = "UPDATE claims SET until = '-infinity' WHERE name = ?1 AND holder = ?2
 RETURNING fence";

const SENDS: &str = "SELECT conversation,
   (extract(epoch FROM clock_timestamp() - at) * 1000)::bigint FROM sends
 WHERE at > clock_timestamp() - ?1 * interval '1 millisecond' ORDER BY at";

const FORGET: &str = "DELETE FROM sends
 WHERE at < clock_timestamp() - ?1 * interval '1 millisecond'";

pub(super) async fn claim(
    store: &Postgres,
    name: &str,
    span: Duration,
) -> Result<Option<Claim>, LedgerError> {
    let values = [Value::Text(name), Value::Text(&store.replica), Value::Time(milliseconds(span))];
    let fence = store.one(CLAIM, &values, |row| row.whole(0)).await?;
    Ok(fence.map(|fence| Claim { name: name.into(), fence }))
}

pub(super) async fn unclaim(store: &Postgres, claim: &Claim) -> Result<(), LedgerError> {
    let values = [Value::Text(&claim.name), Value::Text(&store.replica)];
    store.all(UNCLAIM, &values, |row| row.whole(0)).await?;
    Ok(())
}

/// What was sent within the last `span`; what is older is forgotten.
pub(super) async fn sends(
    store: &Postgres,
    span: Duration,
) -> Result<Vec<(String, Duration)>, LedgerError> {
    let span = Param::Whole(milliseconds(span));
    store.rows(FORGET, vec![span.clone()]).await?;
    let rows = store.rows(SENDS, vec![span]).await?;
    let send = |row: &tokio_postgres::Row| {
        let ago = u64::try_from(row.time(1)?).unwrap_or(0);
        Ok((row.text(0)?, Duration::from_millis(ago)))
    };
    rows.iter().map(send).collect::<Result<_, _>>().map_err(|error| unreadable(&error))
}

fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
