//! Remembers things in a store of its own, a SQLite file here; of two changes at once, one waits.
//!
//! ```text
//! Alice: count
//! Bot: 1 so far.
//! Alice: count
//! Bot: 2 so far.
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use argus_bot_sdk::state::{ConversationState, Named, SaveError, StateStore, Version};
use argus_bot_sdk::{Bot, Error, ErrorKind, Router};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

struct Sqlite(Mutex<Connection>);

impl Sqlite {
    /// AUTOINCREMENT never gives a number twice, which is what a version has to be.
    fn open(file: &str) -> Result<Self, Error> {
        let db = Connection::open(file).map_err(failed)?;
        let columns = "version INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, value TEXT";
        db.execute_batch(&format!("CREATE TABLE IF NOT EXISTS state ({columns})"))
            .map_err(failed)?;
        Ok(Self(Mutex::new(db)))
    }

    fn with<T>(
        &self,
        act: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)).map_err(failed)
    }
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Io, "the state cannot be kept").with_source(error)
}

#[async_trait::async_trait]
impl StateStore for Sqlite {
    async fn load(&self, key: &str) -> Result<Option<(Value, Version)>, Error> {
        let sql = "SELECT value, version FROM state WHERE key = ?1";
        let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
        let found = self.with(|db| db.query_row(sql, [key], row).optional())?;
        let read = |(value, version): (String, i64)| {
            Ok((serde_json::from_str(&value).map_err(failed)?, Version::new(version.to_string())))
        };
        found.map(read).transpose()
    }

    async fn save(&self, k: &str, v: &Value, over: Option<&Version>) -> Result<Version, SaveError> {
        let saved = self.with(|db| {
            let change = db.transaction()?;
            let old = "DELETE FROM state WHERE key = ?1 AND version = ?2";
            let free = over.map_or(Ok(1), |it| change.execute(old, params![k, it.as_str()]))?;
            let new = "INSERT OR IGNORE INTO state (key, value) SELECT ?1, ?2 WHERE ?3";
            let written = change.execute(new, params![k, v.to_string(), free])?;
            let version = Version::new(change.last_insert_rowid().to_string());
            change.commit().map(|()| (written > 0).then_some(version))
        });
        saved?.ok_or(SaveError::Conflict)
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        self.with(|db| db.execute("DELETE FROM state WHERE key = ?1", [key])).map(drop)
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Tally(u32);
impl Named for Tally {
    const NAME: &'static str = "tally";
}

async fn count(ConversationState(tally): ConversationState<Tally>) -> String {
    let counted = tally.update(|Tally(messages)| {
        *messages += 1;
        format!("{messages} so far.")
    });
    counted.await.unwrap_or_else(|_| "I lost count.".into())
}

fn router(store: Arc<dyn StateStore>) -> Router {
    Router::new().command("count", count).with_state(store)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Bot::from_env(router(Arc::new(Sqlite::open("state.db")?)))?.run().await
}

#[tokio::test]
async fn the_chat_is_as_promised() -> Result<(), Error> {
    let router = router(Arc::new(Sqlite::open(":memory:")?));
    argus_examples::assert_plays(router, include_str!("own-state-store.rs")).await;
    argus_bot_sdk::state::suite::store(Arc::new(Sqlite::open(":memory:")?)).await
}
