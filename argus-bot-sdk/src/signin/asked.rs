//! Who was asked to sign in: an answer that nobody asked for is not taken.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::error::Error;

/// Longer lists mean that somebody makes the bot ask without end; the oldest go first.
const MOST: usize = 100_000;

/// Remembers who was asked to sign in. [`AskedHere`] does so in this process; a bot of several
/// processes needs one that they share.
#[async_trait]
pub trait Asked: Send + Sync + fmt::Debug {
    /// Somebody was asked and has until then. The key is a hash and says nothing about the person.
    ///
    /// # Errors
    ///
    /// If it cannot be remembered; the person is then not asked.
    async fn remember(&self, key: &str, until: Timestamp) -> Result<(), Error>;

    /// Whether somebody was asked and still has time.
    ///
    /// # Errors
    ///
    /// If it cannot be said; the answer is then not taken.
    async fn knows(&self, key: &str, now: Timestamp) -> Result<bool, Error>;
}

/// Remembers in this process who was asked.
///
/// ```
/// use argus_bot_sdk::signin::{Asked, AskedHere};
/// use argus_bot_sdk::{Clock, SystemClock};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (asked, now) = (AskedHere::default(), SystemClock.now());
/// asked.remember("a", now + std::time::Duration::from_secs(60)).await?;
/// assert!(asked.knows("a", now).await?);
/// assert!(!asked.knows("b", now).await?);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct AskedHere {
    until: Mutex<HashMap<String, Timestamp>>,
}

impl AskedHere {
    fn until(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Asked for AskedHere {
    async fn remember(&self, key: &str, until: Timestamp) -> Result<(), Error> {
        let mut all = self.until();
        if all.len() >= MOST {
            let soonest = all.values().min().copied();
            all.retain(|_, until| Some(*until) != soonest);
        }
        all.insert(key.to_owned(), until);
        Ok(())
    }

    async fn knows(&self, key: &str, now: Timestamp) -> Result<bool, Error> {
        let mut all = self.until();
        let known = all.get(key).is_some_and(|until| now < *until);
        if !known {
            all.remove(key);
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_list_is_bounded_and_ends() {
        let asked = AskedHere::default();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for number in 0..MOST + 10 {
            let second = i64::try_from(number).unwrap();
            asked.remember(&number.to_string(), at(second + 10)).await.unwrap();
        }
        assert_eq!(asked.until().len(), MOST);
        assert!(!asked.knows("0", at(0)).await.unwrap(), "the oldest goes first");
        assert!(asked.knows("500", at(509)).await.unwrap());
        assert!(!asked.knows("500", at(510)).await.unwrap());
    }
}
