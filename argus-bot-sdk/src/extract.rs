//! What a handler may ask for: each argument takes what it needs out of the turn.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::auth::Verified;
use crate::connector::{Connector, ConversationRef, SendError, SendErrorKind, Sent};
use crate::layer::Target;
use crate::roles::Held;
use crate::router::Pattern;
use crate::{Account, Activity};

mod argument;
mod defer;

pub use crate::extract::argument::{Argument, ViaInvoke, ViaTurn};
pub(crate) use crate::extract::defer::{Later, chain};

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
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may quote what somebody wrote; it is for that person only.
        write!(f, "turned down: {}", self.code)
    }
}

impl std::error::Error for Rejected {}

/// One activity being handled: what was said, where, and the way to answer. Cheap to clone.
#[derive(Clone)]
pub struct Turn {
    inner: Arc<Inner>,
}

struct Inner {
    activity: Arc<Verified<Activity>>,
    connector: Arc<dyn Connector>,
    correlation: Correlation,
    /// What was said without the mention of the bot, if that is not simply what was said.
    text: OnceLock<Option<String>>,
    /// Set when the answers go into the HTTP response instead of through the connector.
    gathered: Option<Mutex<Gathered>>,
    later: Later,
    /// The pattern by which the message was routed, if it was.
    pattern: OnceLock<Pattern>,
    /// The handler to which the layers lead, if there are layers.
    target: OnceLock<Target>,
    /// The sender's roles, once they were asked for.
    held: OnceCell<Result<Held, ()>>,
}

/// The answers for the HTTP response; none once it was made.
type Gathered = Option<Vec<Activity>>;

/// Names a turn in logs and audit lines: the process, then the turn. Written out only when asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Correlation {
    pub(crate) process: u64,
    pub(crate) turn: u64,
}

impl fmt::Display for Correlation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{:x}", self.process, self.turn)
    }
}

impl Turn {
    pub(crate) fn new(
        activity: Arc<Verified<Activity>>,
        connector: Arc<dyn Connector>,
        correlation: Correlation,
        gathers: bool,
    ) -> Self {
        let gathered = gathers.then(|| Mutex::new(Some(Vec::new())));
        Self {
            inner: Arc::new(Inner {
                activity,
                connector,
                correlation,
                text: OnceLock::new(),
                gathered,
                later: Later::default(),
                pattern: OnceLock::new(),
                target: OnceLock::new(),
                held: OnceCell::new(),
            }),
        }
    }

    /// A turn for calling a handler or an extractor in a test.
    #[cfg(any(test, feature = "testing"))]
    pub fn for_test(activity: Activity, connector: Arc<dyn Connector>) -> Self {
        let correlation = Correlation { process: 0, turn: 0 };
        Self::new(Arc::new(Verified::for_test(activity)), connector, correlation, false)
    }

    /// The activity.
    pub fn activity(&self) -> &Activity {
        &self.inner.activity
    }

    /// The activity together with the proof that somebody vouched for it.
    pub fn verified(&self) -> &Arc<Verified<Activity>> {
        &self.inner.activity
    }

    /// Where it was said; keep it to speak first later.
    pub fn conversation(&self) -> ConversationRef {
        ConversationRef::of(self.activity())
    }

    /// The connector, for what the short methods here cannot do.
    pub fn connector(&self) -> &Arc<dyn Connector> {
        &self.inner.connector
    }

    /// Names this turn in logs and audit lines.
    pub fn correlation(&self) -> String {
        self.inner.correlation.to_string()
    }

    /// What was said, without the mention of the bot.
    pub fn text(&self) -> &str {
        let activity = self.activity();
        let said = activity.text.as_deref().unwrap_or_default();
        let text = self.inner.text.get_or_init(|| {
            let bot = activity.recipient.as_ref().and_then(|bot| bot.id.as_deref());
            said.contains("<at").then(|| activity.text_without_mentions(bot.unwrap_or_default()))
        });
        text.as_deref().unwrap_or(said.trim())
    }

    /// Answers in the thread.
    ///
    /// # Errors
    ///
    /// [`SendError`]; its kind says whether the answer may have been delivered.
    pub async fn reply(&self, activity: Activity) -> Result<Sent, SendError> {
        self.deliver(&activity).await
    }

    async fn deliver(&self, reply: &Activity) -> Result<Sent, SendError> {
        if let Some(gathered) = &self.inner.gathered
            && let Some(gathered) = &mut *gathered.lock().unwrap_or_else(PoisonError::into_inner)
        {
            gathered.push(reply.addressed(self.activity()));
            return Ok(Sent::new(None, 200));
        }
        self.inner.connector.answer(self.activity(), reply).await
    }

    /// Says something in the conversation, not in answer to the activity.
    ///
    /// # Errors
    ///
    /// [`SendError`]; its kind says whether it may have been delivered.
    pub async fn send(&self, mut activity: Activity) -> Result<Sent, SendError> {
        activity.from = activity.from.or_else(|| self.activity().recipient.clone());
        self.inner.connector.send(&self.conversation(), &activity).await
    }

    /// Replaces what the bot said before.
    ///
    /// # Errors
    ///
    /// [`SendError`]; repeating an update is harmless.
    pub async fn update(&self, activity_id: &str, activity: Activity) -> Result<Sent, SendError> {
        self.inner.connector.update(&self.conversation(), activity_id, &activity).await
    }

    /// Sends what a handler returned. The handler is done, so nobody is left to decide about a
    /// failure: what was provably not delivered is sent again a few times, everything else is
    /// logged.
    pub(crate) async fn answer(&self, replies: Vec<Activity>) {
        const TRIES: u32 = 4;
        const LONGEST_WAIT: Duration = Duration::from_secs(30);
        // An activity is large; it stays where it is, so that this future is small.
        for reply in &replies {
            let mut tries = 1;
            while let Err(error) = self.deliver(reply).await {
                let wait = error.retry_after().unwrap_or(Duration::from_millis(500) * tries);
                let undelivered = matches!(
                    error.kind(),
                    SendErrorKind::NotSent | SendErrorKind::Throttled | SendErrorKind::Conflict
                );
                if !undelivered || tries >= TRIES || wait > LONGEST_WAIT {
                    tracing::warn!(
                        correlation = %self.inner.correlation, kind = ?error.kind(), tries,
                        code = error.code(), "an answer could not be sent"
                    );
                    break;
                }
                tries += 1;
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// What was answered into the HTTP response. What is answered from now on is sent.
    pub(crate) fn take_gathered(&self) -> Vec<Activity> {
        let gathered = self.inner.gathered.as_ref();
        let all = gathered.map(|all| all.lock().unwrap_or_else(PoisonError::into_inner).take());
        all.flatten().unwrap_or_default()
    }

    /// Notes by which pattern the message was routed; the first counts.
    pub(crate) fn set_pattern(&self, pattern: &Pattern) {
        self.inner.pattern.get_or_init(|| pattern.clone());
    }

    pub(crate) fn pattern(&self) -> Option<&Pattern> {
        self.inner.pattern.get()
    }

    /// Notes which handler the layers lead to; the first counts.
    pub(crate) fn lead_to(&self, target: Target) {
        self.inner.target.get_or_init(|| target);
    }

    pub(crate) fn target(&self) -> Option<&Target> {
        self.inner.target.get()
    }

    /// The same as [`correlation`](Self::correlation), not written out yet.
    pub(crate) fn correlation_id(&self) -> Correlation {
        self.inner.correlation
    }

    pub(crate) fn held(&self) -> &OnceCell<Result<Held, ()>> {
        &self.inner.held
    }

    pub(crate) fn later(&self) -> &Later {
        &self.inner.later
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("activity", self.activity())
            .field("correlation", &self.correlation())
            .finish_non_exhaustive()
    }
}

/// The application's state, as given to [`Router::with_state`](crate::Router::with_state).
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct State<S>(pub S);

/// What was said, without the mention of the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct Text(pub String);

/// What was said after the command's word.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct Args(pub String);

/// The data of the button that was pressed, with the card's inputs merged in. It is a stranger's
/// input: a client can send anything that fits `T`.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct Input<T>(pub T);

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
            tracing::debug!(correlation = %turn.inner.correlation, kind = ?error.classify(),
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
