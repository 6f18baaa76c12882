//! Who may do what: a handler asks for a role, and does not run for people without it.
//!
//! ```
//! use async_trait::async_trait;
//! use argus_bot_sdk::roles::{Caller, Directory, HasRoles, Identity, Role, Roles};
//! use argus_bot_sdk::reply::CardReply;
//! use argus_bot_sdk::{Error, Router};
//!
//! struct Engineer;
//! impl Role for Engineer {
//!     const NAME: &'static str = "engineer";
//! }
//!
//! /// Asks Entra, a file, a table.
//! struct Groups;
//! #[async_trait]
//! impl Directory for Groups {
//!     async fn roles(&self, who: &Identity) -> Result<Vec<String>, Error> {
//!         let known = who.object_id() == "22222222-3333-4444-8555-666666666666";
//!         Ok(if known { vec!["engineer".to_owned()] } else { Vec::new() })
//!     }
//! }
//!
//! #[derive(Clone)]
//! struct App {
//!     roles: Roles,
//! }
//! impl HasRoles for App {
//!     fn roles(&self) -> &Roles {
//!         &self.roles
//!     }
//! }
//!
//! async fn isolate(_: Caller<Engineer>) -> CardReply {
//!     CardReply::message("It is isolated.")
//! }
//!
//! let app = App { roles: Roles::new(Groups) };
//! let router = Router::new().action("isolate", isolate).with_state(app);
//! # drop(router);
//! ```

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use moka::sync::Cache;

use crate::extract::{FromTurn, Rejected, Turn};
use crate::{Clock, Error, ErrorKind, SystemClock};

/// How long an answer of the directory counts, unless told otherwise.
const LIFETIME: Duration = Duration::from_mins(1);
/// How long the directory may take, unless told otherwise: less than an invoke may.
const DEADLINE: Duration = Duration::from_secs(3);
/// For how many people answers are kept.
const PEOPLE: u64 = 10_000;

/// Something that only some people may be.
///
/// ```
/// use argus_bot_sdk::roles::Role;
///
/// /// Whoever leads the team may do what an engineer may.
/// struct Engineer;
/// impl Role for Engineer {
///     const NAME: &'static str = "engineer";
///
///     fn is(held: &str) -> bool {
///         held == Self::NAME || held == "lead"
///     }
/// }
/// assert!(Engineer::is("lead") && !Engineer::is("guest"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a role",
    note = "implement `argus_bot_sdk::roles::Role` for it"
)]
pub trait Role: Send + Sync + 'static {
    /// The name, which people see when they lack the role.
    const NAME: &'static str;

    /// Whether somebody whom the directory gives the role `held` is this.
    fn is(held: &str) -> bool {
        held == Self::NAME
    }
}

/// A person of whom Entra knows. Whatever else is known of them, anyone can claim.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    tenant_id: String,
    object_id: String,
}

impl Identity {
    /// A person by the id of their tenant and their object id in it.
    ///
    /// ```
    /// use argus_bot_sdk::roles::Identity;
    ///
    /// let who = Identity::new("11111111-2222-4333-8444-555555555555", "c5E99701");
    /// assert_eq!(who.object_id(), "c5e99701", "ids are compared as Entra does");
    /// ```
    pub fn new(tenant_id: &str, object_id: &str) -> Self {
        let lower = str::to_ascii_lowercase;
        Self { tenant_id: lower(tenant_id), object_id: lower(object_id) }
    }

    /// The tenant's id, in lower case.
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// The person's object id, in lower case.
    pub fn object_id(&self) -> &str {
        &self.object_id
    }

    fn of(turn: &Turn) -> Option<Self> {
        let activity = turn.activity();
        let from = activity.from.as_ref()?;
        let object = from.aad_object_id.as_deref()?;
        // In shared channels Teams says where a guest is at home.
        let tenant = from.tenant_id.as_deref().or_else(|| activity.tenant_id())?;
        (!object.is_empty() && !tenant.is_empty()).then(|| Self::new(tenant, object))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// Knows which roles people have.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The names of the roles of this person; none for a stranger.
    ///
    /// # Errors
    ///
    /// If it cannot be known now. Nobody is let through then.
    async fn roles(&self, who: &Identity) -> Result<Vec<String>, Error>;
}

/// The names of the roles that somebody has.
pub(crate) type Held = Arc<[String]>;

/// A [`Directory`] that is asked once a turn at most, and seldom more than once a minute for the
/// same person.
///
/// What it could not say is not kept. Cheap to clone.
#[derive(Clone)]
pub struct Roles {
    inner: Arc<Inner>,
}

struct Inner {
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
    lifetime: Duration,
    deadline: Duration,
    known: Cache<Identity, (Timestamp, Held)>,
}

impl Roles {
    /// Roles as this directory knows them.
    pub fn new(directory: impl Directory + 'static) -> Self {
        Self::build(Arc::new(directory), Arc::new(SystemClock), LIFETIME, DEADLINE)
    }

    fn build(
        directory: Arc<dyn Directory>,
        clock: Arc<dyn Clock>,
        lifetime: Duration,
        deadline: Duration,
    ) -> Self {
        let known = Cache::new(PEOPLE);
        Self { inner: Arc::new(Inner { directory, clock, lifetime, deadline, known }) }
    }

    /// Sets how long an answer counts, instead of a minute: as long may somebody go on who has lost
    /// a role. With zero, each turn asks.
    ///
    /// ```
    /// use std::time::Duration;
    /// use argus_bot_sdk::roles::Roles;
    ///
    /// /// Asks for each press, and gives up soon.
    /// fn strict(roles: Roles) -> Roles {
    ///     roles.lifetime(Duration::ZERO).deadline(Duration::from_secs(1))
    /// }
    /// ```
    #[must_use]
    pub fn lifetime(self, lifetime: Duration) -> Self {
        let Inner { directory, clock, deadline, .. } = &*self.inner;
        Self::build(Arc::clone(directory), Arc::clone(clock), lifetime, *deadline)
    }

    /// Sets how long the directory may take, instead of 3 s.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        let Inner { directory, clock, lifetime, .. } = &*self.inner;
        Self::build(Arc::clone(directory), Arc::clone(clock), *lifetime, deadline)
    }

    /// Sets the clock by which answers grow old.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        let Inner { directory, lifetime, deadline, .. } = &*self.inner;
        Self::build(Arc::clone(directory), clock, *lifetime, *deadline)
    }

    /// The roles of this person.
    ///
    /// # Errors
    ///
    /// The directory's own, and [`ErrorKind::Unavailable`] if it took too long.
    pub async fn of(&self, who: &Identity) -> Result<Arc<[String]>, Error> {
        let inner = &*self.inner;
        let asked = inner.clock.now();
        if let Some((since, held)) = inner.known.get(who) {
            // A clock that was set back makes no answer younger.
            let age = asked.duration_since(since);
            if !age.is_negative() && age.unsigned_abs() < inner.lifetime {
                return Ok(held);
            }
        }
        let answer = tokio::time::timeout(inner.deadline, inner.directory.roles(who)).await;
        let slow = |_| Error::new(ErrorKind::Unavailable, "the directory took too long");
        let held: Held = answer.map_err(slow)??.into();
        // From when it was asked: it may have looked before it answered.
        inner.known.insert(who.clone(), (asked, Arc::clone(&held)));
        Ok(held)
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roles").field("lifetime", &self.inner.lifetime).finish_non_exhaustive()
    }
}

/// The state of a router that knows who has which roles.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not know who has which roles",
    label = "the router's state",
    note = "implement `HasRoles` for it, or give the router `Roles` as its state"
)]
pub trait HasRoles {
    /// The roles.
    fn roles(&self) -> &Roles;
}

impl HasRoles for Roles {
    fn roles(&self) -> &Roles {
        self
    }
}

impl<T: HasRoles> HasRoles for Arc<T> {
    fn roles(&self) -> &Roles {
        T::roles(self)
    }
}

/// Whoever said it, proven to have the role `R`. Only a turn gives one, so a function that asks for
/// it cannot be run for anybody else.
///
/// People without the role are told which one it is, with status 403. If the directory does not
/// answer, nobody is let through.
///
/// ```compile_fail
/// # use argus_bot_sdk::roles::{Caller, Identity, Role};
/// # struct Engineer;
/// # impl Role for Engineer { const NAME: &'static str = "engineer"; }
/// let forged: Caller<Engineer> = Caller { who: Identity::new("t", "o") };
/// ```
pub struct Caller<R> {
    who: Identity,
    role: PhantomData<fn() -> R>,
}

impl<R: Role> Caller<R> {
    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.who
    }

    /// Somebody for whom a test vouches.
    ///
    /// ```
    /// use argus_bot_sdk::roles::{Caller, Identity, Role};
    ///
    /// #[derive(Debug)]
    /// struct Engineer;
    /// impl Role for Engineer {
    ///     const NAME: &'static str = "engineer";
    /// }
    ///
    /// async fn isolate(who: Caller<Engineer>) -> String {
    ///     format!("isolated by {}", who.identity().object_id())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let ana = Identity::new("tenant", "ana");
    /// assert_eq!(isolate(Caller::for_test(ana)).await, "isolated by ana");
    /// # }
    /// ```
    #[cfg(any(test, feature = "testing"))]
    pub fn for_test(who: Identity) -> Self {
        Self { who, role: PhantomData }
    }
}

impl<R> Clone for Caller<R> {
    fn clone(&self) -> Self {
        Self { who: self.who.clone(), role: PhantomData }
    }
}

impl<R: Role> fmt::Debug for Caller<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(&R::NAME).finish()
    }
}

impl<S: HasRoles + Sync, R: Role> FromTurn<S> for Caller<R> {
    async fn from_turn(turn: &Turn, state: &S) -> Result<Self, Rejected> {
        let refused = |code, text: String| Err(Rejected::new(code, text).with_status(403));
        let Some(who) = Identity::of(turn) else {
            return refused("NoSender", "I cannot see who you are.".to_owned());
        };
        let correlation = turn.correlation_id();
        let asked = turn.held().get_or_init(|| async {
            let held = state.roles().of(&who).await;
            held.map_err(|error| {
                let error = crate::extract::chain(&error);
                tracing::error!(%correlation, error, "the directory does not say who has which roles");
            })
        });
        let Ok(held) = asked.await else {
            let text =
                "I cannot find out what you may do, so I did nothing. Try again in a moment.";
            return Err(Rejected::new("DirectoryUnavailable", text).with_status(503));
        };
        if held.iter().any(|held| R::is(held)) {
            return Ok(Self { who, role: PhantomData });
        }
        tracing::info!(%correlation, role = R::NAME, "refused somebody who lacks a role");
        refused("MissingRole", format!("You need the role {} for this.", R::NAME))
    }
}

#[cfg(test)]
mod tests;
