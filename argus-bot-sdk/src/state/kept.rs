//! State as handlers ask for it.

use std::fmt::{self, Write as _};
use std::hash::{BuildHasher as _, RandomState};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{HasStore, SaveError, StateStore};
use crate::extract::{FromTurn, Rejected, Turn};
use crate::{Error, ErrorKind};

/// How often an update is tried before somebody is told.
const TRIES: u32 = 20;
/// The longest wait between two tries, in milliseconds.
const LONGEST_WAIT: u64 = 100;

/// A type that can be kept: its name is part of the key, so two types never share a value.
///
/// A value that was kept by an older bot has to be read by a newer one: give new fields
/// `#[serde(default)]`, or the type a new name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no name under which it could be kept",
    note = "implement `argus_bot_sdk::state::Named` for it, and derive `Default`, `Serialize` and `Deserialize`"
)]
pub trait Named: Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name, which never changes.
    const NAME: &'static str;
}

/// One value in a store. It is read and written when that is asked for, not before.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::state::{Kept, MemoryStore, Named};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Watched(Vec<String>);
/// impl Named for Watched {
///     const NAME: &'static str = "watched";
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
/// let watched = Kept::<Watched>::new(Arc::new(MemoryStore::new()), "soc");
/// watched.update(|watched| watched.0.push("srv-1".to_owned())).await?;
/// assert_eq!(watched.get().await?.0, ["srv-1"]);
/// watched.clear().await?;
/// assert!(watched.get().await?.0.is_empty());
/// # Ok(()) }
/// ```
pub struct Kept<T> {
    store: Arc<dyn StateStore>,
    key: String,
    of: PhantomData<fn() -> T>,
}

impl<T: Named> Kept<T> {
    /// The value of this name and key, for what is neither a conversation's nor a person's.
    pub fn new(store: Arc<dyn StateStore>, key: &str) -> Self {
        Self::at(store, &["own", T::NAME, key])
    }

    fn at(store: Arc<dyn StateStore>, parts: &[&str]) -> Self {
        Self { store, key: key_of(parts), of: PhantomData }
    }

    /// The value; the type's default if there is none.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Invalid`] if what is kept is not a `T`; it stays as it is.
    /// - The store's own.
    pub async fn get(&self) -> Result<T, Error> {
        let found = self.store.load(&self.key).await?;
        found.map_or_else(|| Ok(T::default()), |(value, _)| read(value))
    }

    /// Changes the value. If somebody else was faster, the change is made again to what they left,
    /// so `change` may run several times; it should do nothing but change.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Unavailable`] if others were faster again and again; nothing was changed.
    /// - As for [`get`](Self::get), and the store's own.
    pub async fn update<R: Send>(
        &self,
        mut change: impl FnMut(&mut T) -> R + Send,
    ) -> Result<R, Error> {
        self.try_update(|value| Ok(change(value))).await
    }

    /// The same with a change that can fail, in which case nothing is written.
    ///
    /// # Errors
    ///
    /// The change's own, and those of [`update`](Self::update).
    ///
    /// ```
    /// use argus_bot_sdk::state::{Kept, Named};
    /// use argus_bot_sdk::{Error, ErrorKind};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Default, Serialize, Deserialize)]
    /// struct Seats(u32);
    /// impl Named for Seats {
    ///     const NAME: &'static str = "seats";
    /// }
    ///
    /// async fn book(seats: &Kept<Seats>) -> Result<u32, Error> {
    ///     let full = || Error::new(ErrorKind::Invalid, "no seat is left");
    ///     seats
    ///         .try_update(|seats| {
    ///             seats.0 = seats.0.checked_sub(1).ok_or_else(full)?;
    ///             Ok(seats.0)
    ///         })
    ///         .await
    /// }
    /// ```
    pub async fn try_update<R: Send, E: From<Error> + Send>(
        &self,
        mut change: impl FnMut(&mut T) -> Result<R, E> + Send,
    ) -> Result<R, E> {
        for tried in 1..=TRIES {
            let found = self.store.load(&self.key).await?;
            let (before, version) = found.unzip();
            let mut value = before.clone().map_or_else(|| Ok(T::default()), read)?;
            let result = change(&mut value)?;
            let after = serde_json::to_value(&value).map_err(|_| does_not_fit())?;
            if before.as_ref() == Some(&after) {
                return Ok(result);
            }
            match self.store.save(&self.key, &after, version.as_ref()).await {
                Ok(_) => return Ok(result),
                Err(SaveError::Failed(error)) => return Err(error.into()),
                Err(SaveError::Conflict) => wait(tried).await,
            }
        }
        let busy = "others change this value all the time";
        Err(Error::new(ErrorKind::Unavailable, busy).into())
    }

    /// Forgets the value.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn clear(&self) -> Result<(), Error> {
        self.store.delete(&self.key).await
    }

    /// The key in the store. It names a conversation or a person.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), key: self.key.clone(), of: PhantomData }
    }
}

impl<T: Named> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kept").field(&T::NAME).finish()
    }
}

/// A chance of which nobody knows, so that those who met once do not meet again.
async fn wait(tried: u32) {
    let longest = (1_u64 << tried.min(10)).min(LONGEST_WAIT);
    let wait = RandomState::new().hash_one(tried) % longest;
    tokio::time::sleep(Duration::from_millis(wait)).await;
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    // The error may quote the value, so it goes no further.
    serde_json::from_value(value).map_err(|_| does_not_fit())
}

fn does_not_fit() -> Error {
    Error::new(ErrorKind::Invalid, "what is kept does not fit its type")
}

/// Printable ASCII in which each part can be told from the next.
fn key_of(parts: &[&str]) -> String {
    let mut key = String::new();
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            key.push('/');
        }
        for byte in part.bytes() {
            match byte {
                // Writing to a `String` does not fail.
                b'/' | b'%' | 0..=b' ' | 0x7f.. => write!(key, "%{byte:02X}").unwrap_or_default(),
                _ => key.push(char::from(byte)),
            }
        }
    }
    key
}

/// What the bot remembers of the conversation; a thread of a channel is one of its own.
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct ConversationState<T>(pub Kept<T>);

/// What the bot remembers of whoever said it, in any conversation of the same tenant.
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct UserState<T>(pub Kept<T>);

impl<S: HasStore + Sync, T: Named> FromTurn<S> for ConversationState<T> {
    async fn from_turn(turn: &Turn, state: &S) -> Result<Self, Rejected> {
        let activity = turn.activity();
        let id = activity.conversation.as_ref().and_then(|conversation| conversation.id.as_deref());
        let id = id.ok_or_else(|| Rejected::new("NoConversation", "I cannot see where we are."))?;
        let channel = activity.channel_id.as_deref().unwrap_or_default();
        let parts = ["conversation", T::NAME, channel, id];
        Ok(Self(Kept::at(Arc::clone(state.store()), &parts)))
    }
}

impl<S: HasStore + Sync, T: Named> FromTurn<S> for UserState<T> {
    async fn from_turn(turn: &Turn, state: &S) -> Result<Self, Rejected> {
        let activity = turn.activity();
        let from = activity.from.as_ref();
        // The Entra object id is the same in all channels; the channel's own id is not.
        let entra = from.and_then(|from| from.aad_object_id.as_deref()).map(|id| ("entra", id));
        let channel = activity.channel_id.as_deref().unwrap_or_default();
        let own = || from.and_then(|from| from.id.as_deref()).map(|id| (channel, id));
        let (space, id) = entra
            .or_else(own)
            .ok_or_else(|| Rejected::new("NoSender", "I cannot see who you are."))?;
        let tenant = activity.tenant_id().unwrap_or_default();
        let parts = ["user", T::NAME, tenant, space, id];
        Ok(Self(Kept::at(Arc::clone(state.store()), &parts)))
    }
}

macro_rules! redacted_debug {
    ($($Name:ident)*) => { $(
        impl<T: Named> fmt::Debug for $Name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($Name)).field(&T::NAME).finish()
            }
        }
    )* };
}
redacted_debug! { ConversationState UserState }

#[cfg(test)]
mod tests;
