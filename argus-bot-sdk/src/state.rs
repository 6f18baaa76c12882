//! What a bot remembers of a conversation or a person, changed by one at a time.
//!
//! A [`StateStore`] keeps values with versions, and writes only over the version that was read: of
//! two bots that change one value at once, one is told to read again. [`Kept::update`] does that by
//! itself.
//!
//! ```
//! use std::sync::Arc;
//! use argus_bot_sdk::{Error, Router};
//! use argus_bot_sdk::state::{ConversationState, MemoryStore, Named, StateStore};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Tally {
//!     messages: u32,
//! }
//! impl Named for Tally {
//!     const NAME: &'static str = "tally";
//! }
//!
//! async fn count(ConversationState(tally): ConversationState<Tally>) -> String {
//!     let counted = tally.update(|tally| {
//!         tally.messages += 1;
//!         tally.messages
//!     });
//!     match counted.await {
//!         Ok(messages) => format!("{messages} so far."),
//!         Err(_) => "I lost count.".to_owned(),
//!     }
//! }
//!
//! let store: Arc<dyn StateStore> = Arc::new(MemoryStore::new());
//! let router = Router::new().message(count).with_state(store);
//! # drop(router);
//! ```

mod kept;
mod memory;
#[cfg(any(test, feature = "testing"))]
pub mod suite;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

pub use self::kept::{ConversationState, Kept, Named, UserState};
pub use self::memory::MemoryStore;
use crate::Error;

/// Says which writing of a value this is; what is in it is the store's own affair, an `ETag` for
/// example. No two writings of a key ever have the same, not even after a deletion.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(Box<str>);

impl Version {
    /// A version as the store writes it.
    ///
    /// ```
    /// use argus_bot_sdk::state::Version;
    ///
    /// assert_eq!(Version::new("\"0x8D\"").as_str(), "\"0x8D\"");
    /// ```
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The version as the store writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a value was not saved.
#[derive(Debug)]
#[non_exhaustive]
pub enum SaveError {
    /// Somebody else saved or deleted it since it was read; nothing was written.
    Conflict,
    /// The store does not work; it is not known whether something was written.
    Failed(Error),
}

impl From<Error> for SaveError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conflict => "somebody else changed it first",
            Self::Failed(_) => "the store could not save it",
        })
    }
}

impl std::error::Error for SaveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Conflict => None,
            Self::Failed(error) => Some(error),
        }
    }
}

/// Keeps values by their keys. `suite::store`, with the feature `testing`, checks one.
///
/// A key is at most a few hundred characters of printable ASCII. It names conversations and people,
/// so treat it as personal data.
///
/// ```
/// use argus_bot_sdk::state::{MemoryStore, SaveError, StateStore as _};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), SaveError> {
/// let store = MemoryStore::new();
/// let first = store.save("k", &json!(1), None).await?;
/// store.save("k", &json!(2), Some(&first)).await?;
/// let late = store.save("k", &json!(3), Some(&first)).await;
/// assert!(matches!(late, Err(SaveError::Conflict)));
/// assert_eq!(store.load("k").await?.map(|(value, _)| value), Some(json!(2)));
/// # Ok(()) }
/// ```
#[async_trait]
pub trait StateStore: Send + Sync {
    /// The value of this key and its version.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn load(&self, key: &str) -> Result<Option<(Value, Version)>, Error>;

    /// Writes a value over the one of version `expected`, or where nothing is if that is `None`, in
    /// one step.
    ///
    /// # Errors
    ///
    /// - [`SaveError::Conflict`] if another version is there, or none; nothing was written.
    /// - [`SaveError::Failed`] if the store does not work.
    async fn save(
        &self,
        key: &str,
        value: &Value,
        expected: Option<&Version>,
    ) -> Result<Version, SaveError>;

    /// Forgets a value; that there is none is no error.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn delete(&self, key: &str) -> Result<(), Error>;
}

/// The state of a router that knows where [`ConversationState`] and [`UserState`] are kept.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::state::{HasStore, StateStore};
///
/// #[derive(Clone)]
/// struct App {
///     store: Arc<dyn StateStore>,
/// }
/// impl HasStore for App {
///     fn store(&self) -> &Arc<dyn StateStore> {
///         &self.store
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say where state is kept",
    label = "the router's state",
    note = "implement `HasStore` for it, or give the router an `Arc<dyn StateStore>` as its state"
)]
pub trait HasStore {
    /// The store.
    fn store(&self) -> &Arc<dyn StateStore>;
}

impl HasStore for Arc<dyn StateStore> {
    fn store(&self) -> &Arc<dyn StateStore> {
        self
    }
}

impl<T: HasStore> HasStore for Arc<T> {
    fn store(&self) -> &Arc<dyn StateStore> {
        T::store(self)
    }
}
