//! What every [`StateStore`] owes, for the tests of your own.
//!
//! ```
//! use std::sync::Arc;
//! use argus_bot_sdk::state::{MemoryStore, suite};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
//! suite::store(Arc::new(MemoryStore::new())).await?;
//! # Ok(()) }
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kept, Named, SaveError, StateStore, Version};
use crate::Error;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Count(u32);

impl Named for Count {
    const NAME: &'static str = "count";
}

/// Checks that an empty store keeps values as they are, lets one of two writers win, never gives a
/// version twice, and loses no update of many at once.
///
/// # Errors
///
/// The store's own. What is wrong with it stops the test.
pub async fn store(store: Arc<dyn StateStore>) -> Result<(), Error> {
    values(&*store).await?;
    versions(&*store).await?;
    deletions(&*store).await?;
    crowd(store).await
}

async fn values(store: &dyn StateStore) -> Result<(), Error> {
    assert!(store.load("user/a").await?.is_none(), "a new store is not empty");
    let odd = json!({ "text": "\u{0} ü \u{1f980} '; DROP", "number": 9_007_199_254_740_993_u64,
        "half": 0.5, "null": null, "list": [[], {}, ""], "z": 1, "a": 2 });
    let saved = saved(store.save("user/a", &odd, None).await)?;
    assert_eq!(store.load("user/a").await?, Some((odd, saved)), "a value comes back as it was");
    assert!(store.load("user/A").await?.is_none(), "keys are not words");
    assert!(store.load("user/").await?.is_none(), "keys are not beginnings");
    let long = format!("user/{}", "x%2F".repeat(100));
    self::saved(store.save(&long, &Value::Null, None).await)?;
    let kept = store.load(&long).await?.map(|(value, _)| value);
    assert_eq!(kept, Some(Value::Null), "null is a value");
    Ok(())
}

async fn versions(store: &dyn StateStore) -> Result<(), Error> {
    let first = saved(store.save("v", &json!(1), None).await)?;
    conflict(store.save("v", &json!("again"), None).await, "what is there was not read")?;
    let second = saved(store.save("v", &json!(2), Some(&first)).await)?;
    conflict(store.save("v", &json!("late"), Some(&first)).await, "the first writer won")?;
    let same = saved(store.save("v", &json!(2), Some(&second)).await)?;
    assert_ne!(same, second, "each writing is another version, even of the same value");
    conflict(store.save("none", &json!(1), Some(&same)).await, "nothing is there")?;
    assert_eq!(store.load("v").await?, Some((json!(2), same)));
    assert!(store.load("none").await?.is_none());
    Ok(())
}

async fn deletions(store: &dyn StateStore) -> Result<(), Error> {
    let before = saved(store.save("d", &json!(1), None).await)?;
    store.delete("d").await?;
    store.delete("d").await?;
    assert!(store.load("d").await?.is_none(), "a deleted value is still there");
    conflict(store.save("d", &json!(2), Some(&before)).await, "it was deleted")?;
    let after = saved(store.save("d", &json!(1), None).await)?;
    assert_ne!(after, before, "a version came back after a deletion");
    Ok(())
}

async fn crowd(store: Arc<dyn StateStore>) -> Result<(), Error> {
    let count = Kept::<Count>::new(store, "crowd");
    let add = async || -> Result<(), Error> {
        for _ in 0..5 {
            count.update(|count| count.0 += 1).await?;
        }
        Ok(())
    };
    let all = futures_util::future::join_all((0..8).map(|_| add())).await;
    all.into_iter().collect::<Result<(), Error>>()?;
    assert_eq!(count.get().await?.0, 40, "an update was lost");
    Ok(())
}

fn saved(result: Result<Version, SaveError>) -> Result<Version, Error> {
    match result {
        Ok(version) => Ok(version),
        Err(SaveError::Failed(error)) => Err(error),
        Err(conflict) => {
            assert!(!matches!(conflict, SaveError::Conflict), "a conflict with nobody");
            Err(Error::new(crate::ErrorKind::Invalid, conflict.to_string()))
        }
    }
}

fn conflict(result: Result<Version, SaveError>, why: &str) -> Result<(), Error> {
    match result {
        Err(SaveError::Failed(error)) => Err(error),
        other => {
            assert!(matches!(other, Err(SaveError::Conflict)), "no conflict, though {why}");
            Ok(())
        }
    }
}
