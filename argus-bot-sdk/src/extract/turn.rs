//! One activity being handled.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::Activity;
use crate::auth::Verified;
use crate::connector::{Connector, ConversationRef, SendError, SendErrorKind, Sent};
use crate::extract::Later;
use crate::layer::Target;
use crate::roles::Held;
use crate::router::Pattern;

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
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use argus_bot_sdk::auth::{ServiceUrlPolicy, Verified};
    /// use argus_bot_sdk::extract::Turn;
    /// use argus_bot_sdk::{Activity, HttpConnector};
    ///
    /// let connector = HttpConnector::without_tokens(ServiceUrlPolicy::loopback())?;
    /// // Nobody is there to wait for.
    /// let connector = Arc::new(connector.patience(Duration::ZERO));
    /// let turn = Turn::for_test(Activity::message("isolate srv-1"), connector);
    /// assert_eq!(turn.text(), "isolate srv-1");
    /// assert_eq!(turn.correlation(), "0000000000000000-0");
    /// assert_eq!(**turn.verified(), Verified::for_test(Activity::message("isolate srv-1")));
    /// # Ok::<(), argus_bot_sdk::Error>(())
    /// ```
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
