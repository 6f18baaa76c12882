//! What a handler may ask for: each argument takes what it needs out of the turn.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::auth::Verified;
use crate::connector::ConversationRef;
use crate::{Account, Activity};

mod argument;
mod defer;
mod turn;

pub use crate::extract::argument::{Argument, ViaInvoke, ViaTurn};
pub(crate) use crate::extract::defer::{Later, chain};
pub(crate) use crate::extract::turn::Correlation;
pub use crate::extract::turn::Turn;

/// Takes an argument of a handler out of a turn.
///
/// Write your own for what your bot needs of a person or of a message; what it turns down is said
/// to the person and never becomes a 5xx.
///
/// ```
/// use argus_bot_sdk::extract::{FromTurn, Rejected, Turn};
///
/// /// The number of the incident that the message names.
/// struct Incident(u32);
///
/// impl<S: Sync> FromTurn<S> for Incident {
///     async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
///         let number = turn.text().split('#').nth(1).and_then(|n| n.trim().parse().ok());
///         number.map(Self).ok_or_else(|| Rejected::new("NoIncident", "Which incident? Say #42."))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken out of a turn",
    label = "a handler cannot ask for this",
    note = "a handler asks for `State`, `Text`, `Args`, `Sender`, `Input<T>`, `Activity`, `Turn`, or a type for which you implement `FromTurn`"
)]
pub trait FromTurn<S>: Sized {
    /// Takes it, or says why not.
    fn from_turn(turn: &Turn, state: &S) -> impl Future<Output = Result<Self, Rejected>> + Send;
}

/// Why an argument could not be had: a stable code, and what the person is told.
///
/// ```
/// use argus_bot_sdk::extract::Rejected;
///
/// let rejected = Rejected::new("NoIncident", "Which incident?");
/// assert_eq!((rejected.code(), rejected.text()), ("NoIncident", Some("Which incident?")));
/// assert_eq!(Rejected::silent("NotForUs").text(), None);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Rejected {
    code: Cow<'static, str>,
    text: Option<Cow<'static, str>>,
    status: u16,
}

impl Rejected {
    /// Turns the activity down and says why.
    pub fn new(code: impl Into<Cow<'static, str>>, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), text: Some(text.into()), status: 400 }
    }

    /// Turns the activity down without a word. A button gets its code all the same.
    pub fn silent(code: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), text: None, status: 400 }
    }

    /// Sets the status that a button or another invoke gets, instead of 400.
    ///
    /// ```
    /// use argus_bot_sdk::extract::Rejected;
    ///
    /// let rejected = Rejected::new("Forbidden", "You may not do that.").with_status(403);
    /// assert_eq!(rejected.status(), 403);
    /// ```
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The status that a button or another invoke gets.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What the person is told.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may quote what somebody wrote; it is for that person only.
        let mut shown = f.debug_struct("Rejected");
        shown.field("code", &self.code).field("status", &self.status).finish_non_exhaustive()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "turned down: {}", self.code)
    }
}

impl std::error::Error for Rejected {}

/// The application's state, as given to [`Router::with_state`](crate::Router::with_state).
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct State<S>(pub S);

/// What was said, without the mention of the bot.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct Text(pub String);

/// What was said after the command's word.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct Args(pub String);

/// The data of the button that was pressed, with the card's inputs merged in. It is a stranger's
/// input: a client can send anything that fits `T`.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct Input<T>(pub T);

/// The data of the button that was pressed, whose type says which button it is; see
/// [`Router::on_action`](crate::Router::on_action). It is a stranger's input, as [`Input`] is.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct Action<T>(pub T);

// What somebody wrote is not shown by accident.
macro_rules! redacted_debug {
    ($($name:literal: $Type:ty $(, $T:ident)?;)*) => { $(
        impl $(<$T>)? fmt::Debug for $Type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($name)
            }
        }
    )* };
}
redacted_debug! {
    "Text(..)": Text;
    "Args(..)": Args;
    "Input(..)": Input<T>, T;
    "Action(..)": Action<T>, T;
}

/// Who said it. Decide by `aad_object_id` and `tenant_id` only: anyone can choose any name.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sender {
    /// The channel's id, `29:…` in Teams.
    pub id: String,
    /// The Entra object id.
    pub aad_object_id: Option<String>,
    /// The Entra tenant in which it was said.
    pub tenant_id: Option<String>,
    /// What others call them.
    pub name: Option<String>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("known", &self.aad_object_id.is_some())
            .finish_non_exhaustive()
    }
}

impl<S: Sync> FromTurn<S> for Turn {
    async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
        Ok(turn.clone())
    }
}

impl<S: Clone + Send + Sync> FromTurn<S> for State<S> {
    async fn from_turn(_: &Turn, state: &S) -> Result<Self, Rejected> {
        Ok(Self(state.clone()))
    }
}

impl<S: Sync> FromTurn<S> for Activity {
    async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
        Ok(turn.activity().clone())
    }
}

impl<S: Sync> FromTurn<S> for Arc<Verified<Activity>> {
    async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
        Ok(Arc::clone(turn.verified()))
    }
}

impl<S: Sync> FromTurn<S> for ConversationRef {
    async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
        Ok(turn.conversation())
    }
}

impl<S: Sync> FromTurn<S> for Text {
    async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
        Ok(Self(turn.text().to_owned()))
    }
}

impl<S: Sync> FromTurn<S> for Args {
    async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
        let rest = turn.text().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim());
        Ok(Self(rest.to_owned()))
    }
}

impl<S: Sync> FromTurn<S> for Sender {
    async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
        let activity = turn.activity();
        let Account { id: Some(id), aad_object_id, name, .. } =
            activity.from.clone().unwrap_or_default()
        else {
            return Err(Rejected::new("NoSender", "I cannot see who you are."));
        };
        let tenant_id = activity.tenant_id().map(str::to_owned);
        Ok(Self { id, aad_object_id, tenant_id, name })
    }
}

impl<S: Sync, T: DeserializeOwned + Send> FromTurn<S> for Input<T> {
    async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
        let activity = turn.activity();
        let data = match activity.card_action() {
            Some(action) => action.data,
            // `Action.Submit` comes as a message whose value is the data.
            None => activity.value.clone().unwrap_or_default(),
        };
        // A button without data is a button with empty data.
        let data = if data.is_null() { Value::Object(serde_json::Map::new()) } else { data };
        serde_json::from_value(data).map(Self).map_err(|error| {
            // The message may quote the data, so only its place in the error is logged.
            tracing::debug!(correlation = %turn.correlation_id(), kind = ?error.classify(),
                "a button's data does not fit its handler");
            Rejected::new("BadInput", "I do not understand what this button sent.")
        })
    }
}

impl<S: Sync, T: FromTurn<S> + Send> FromTurn<S> for Result<T, Rejected> {
    async fn from_turn(turn: &Turn, state: &S) -> Result<Self, Rejected> {
        Ok(T::from_turn(turn, state).await)
    }
}
