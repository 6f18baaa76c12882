//! Writing down what a bot hears and says, so that it can be looked at, and replayed, later.

mod scrub;
mod speak;

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use self::scrub::Scrub;
use super::Inner;
use crate::auth::Verified;
use crate::connector::Connector;
use crate::dedup::Outcome;
use crate::turns::Refused;
use crate::{Activity, Clock};

tokio::task_local! {
    /// The recorded request that is being dispatched. The turn is made inside of it, and takes the
    /// connector that knows the number; no signature on the way has to carry it.
    static REQUEST: u64;
}

/// Where a bot writes what it hears and says: one line of JSON for each activity, answer and call.
///
/// Secrets are never written: the `Authorization` header is not looked at, and members such as
/// `token`, `sig` or `uploadUrl`, and whatever looks like a JWT, become `secret:1`, `secret:2`, the
/// same secret the same number. Words of people are written only after
/// [`with_words`](Self::with_words); without it a text is `(words)`, and only types, ids, names of
/// invokes, verbs and times are kept. A recording without words shows what happened; one with words
/// can be replayed by `testing::replay`, and belongs where chats may be kept.
///
/// What handlers say through a connector of their own is not recorded. A line that cannot be
/// written ends the recording, not the bot.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::bot::Recording;
/// use argus_bot_sdk::testing::TestTeams;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// async fn hello() -> &'static str {
///     "Hello!"
/// }
/// let path = std::env::temp_dir().join(format!("argus-recording-{}", std::process::id()));
/// let file = std::fs::File::create(&path)?;
/// let teams = TestTeams::builder(Router::new().message(hello))
///     .bot(|bot| bot.record(Recording::to(file)))
///     .start()
///     .await?;
/// teams.user("Alice").says("my secret plan").await;
/// let written = std::fs::read_to_string(&path)?;
/// assert!(written.contains("\"call\":\"reply\"") && !written.contains("plan"));
/// # std::fs::remove_file(path)?;
/// # Ok(()) }
/// ```
pub struct Recording {
    sink: Box<dyn Write + Send>,
    keeps_words: bool,
}

impl Recording {
    /// Writes to this file, or whatever it is.
    pub fn to(sink: impl Write + Send + 'static) -> Self {
        Self { sink: Box::new(sink), keeps_words: false }
    }

    /// Writes people's words too.
    #[must_use]
    pub fn with_words(mut self) -> Self {
        self.keeps_words = true;
        self
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("words", &self.keeps_words).finish_non_exhaustive()
    }
}

/// A recording that has begun.
pub(crate) struct Recorder {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    #[cfg(feature = "testing")]
    played: Option<super::replay::Played>,
}

struct State {
    /// `None` after a line could not be written.
    sink: Option<Box<dyn Write + Send>>,
    scrub: Scrub,
    requests: u64,
}

impl Recorder {
    pub(super) fn new(recording: Recording, clock: Arc<dyn Clock>, process: u64) -> Self {
        let Recording { sink, keeps_words } = recording;
        let state = State { sink: Some(sink), scrub: Scrub::new(keeps_words), requests: 0 };
        let recorder = Self {
            state: Mutex::new(state),
            clock,
            #[cfg(feature = "testing")]
            played: None,
        };
        recorder.with(|state| {
            let head = json!({ "recording": 1, "words": keeps_words, "process": process });
            state.write(&head);
        });
        recorder
    }

    /// Takes the results of calls from a recording instead of making them.
    #[cfg(feature = "testing")]
    pub(super) fn play(mut self, played: super::replay::Played) -> Self {
        self.played = Some(played);
        self
    }

    /// A request that was not let in; nothing that it says is known to be true.
    pub(super) fn refused(&self, status: u16) {
        let at = self.clock.now().to_string();
        self.with(|state| state.write(&json!({ "at": at, "refused": status })));
    }

    fn heard(&self, activity: &Activity) -> u64 {
        let at = self.clock.now().to_string();
        self.with(|state| {
            state.requests += 1;
            let heard = state.scrub.activity(activity);
            state.write(&json!({ "request": state.requests, "at": at, "heard": heard }));
            state.requests
        })
    }

    fn answered(&self, request: u64, outcome: &Result<Outcome, Refused>) {
        let (status, body) = match outcome {
            Ok(outcome) => (outcome.status.as_u16(), serde_json::from_slice(&outcome.body).ok()),
            Err(Refused::Full) => (429, None),
            Err(Refused::Closed) => (503, None),
        };
        self.with(|state| {
            let body = state.scrub.value(body.unwrap_or_default());
            let answer = json!({ "status": status, "body": body });
            state.write(&json!({ "request": request, "answer": answer }));
        });
    }

    /// The text with the secrets for which its places stand, as far as this recorder saw them.
    #[cfg(feature = "testing")]
    pub(super) fn revealed(&self, value: Value) -> Value {
        self.with(|state| state.scrub.revealed(value))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn write(&mut self, line: &Value) {
        let Some(sink) = &mut self.sink else { return };
        if let Err(error) = writeln!(sink, "{line}").and_then(|()| sink.flush()) {
            tracing::error!(%error, "the recording ends: a line could not be written");
            self.sink = None;
        }
    }
}

impl Inner {
    /// Dispatches, and writes down what came of it if somebody wants that.
    pub(super) async fn dispatch_recorded(
        self: &Arc<Self>,
        activity: Arc<Verified<Activity>>,
    ) -> Result<Outcome, Refused> {
        let Some(recorder) = &self.recorder else { return self.dispatch(activity).await };
        let request = recorder.heard(&activity);
        // Boxed, so that bots that are not recorded do not make room for it.
        let outcome = Box::pin(REQUEST.scope(request, self.dispatch(activity))).await;
        recorder.answered(request, &outcome);
        outcome
    }

    /// The connector of a turn that is made now.
    pub(super) fn voice(&self) -> Arc<dyn Connector> {
        let request = self.recorder.as_ref().and_then(|_| REQUEST.try_with(|it| *it).ok());
        match (&self.recorder, request) {
            (Some(recorder), Some(request)) => {
                speak::recorded(Arc::clone(recorder), request, Arc::clone(&self.connector))
            }
            _ => Arc::clone(&self.connector),
        }
    }
}
