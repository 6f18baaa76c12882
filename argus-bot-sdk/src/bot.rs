//! The bot: a request comes in, somebody vouches for it, a handler answers.

mod commands;
mod dispatch;
mod door;
#[cfg(feature = "server")]
mod env;
mod record;
#[cfg(feature = "testing")]
mod replay;

use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;
use tracing::Instrument as _;

#[cfg(feature = "server")]
pub use self::env::Env;
use crate::auth::Authenticator;
use crate::connector::Connector;
use crate::dedup::{Bounds, Memory};
use crate::handler::BoxFuture;
use crate::metrics::{Metrics, Sink};
pub use crate::outbox::Priority;
use crate::turns::{Capacity, Turns};
use crate::{Activity, Clock, Router, SystemClock};

use self::record::Recorder;
pub use self::record::Recording;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub use self::replay::{Replay, replay};

/// A bot that Teams can talk to: a `tower` service over HTTP, to be served by
/// [`Bot::serve`] or mounted in any other server.
///
/// Each request is checked before its body is read, each activity is handled once however often it
/// is delivered, messages are acknowledged at once and handled in order within their conversation,
/// and buttons are answered within a deadline.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
/// use argus_bot_sdk::extract::Text;
/// use argus_bot_sdk::{Bot, Connector, Error, Router, SystemClock};
///
/// async fn echo(Text(text): Text) -> String {
///     text
/// }
///
/// fn bot(connector: Arc<dyn Connector>) -> Result<Bot, Error> {
///     let inbound = InboundConfig::new("0f0e0d0c-1111-4222-8333-444455556666", Cloud::Public);
///     let auth = Authenticator::new(inbound, Arc::new(SystemClock))?;
///     Ok(Bot::builder(Router::new().message(echo), Arc::new(auth), connector).build())
/// }
/// ```
#[derive(Clone)]
pub struct Bot {
    inner: Arc<Inner>,
    /// What [`Bot::serve`] was told; another server tells it with each request.
    body_timeout: Option<Duration>,
}

struct Inner {
    router: Router,
    auth: Arc<Authenticator>,
    connector: Arc<dyn Connector>,
    memory: Memory,
    turns: Turns,
    prioritise: Option<Prioritise>,
    metrics: Sink,
    settings: Settings,
    recorder: Option<Arc<Recorder>>,
    /// Half of each turn's correlation id; the other half counts.
    process: u64,
    counter: AtomicU64,
}

#[derive(Clone, Debug)]
struct Settings {
    path: String,
    max_body: usize,
    body_timeout: Option<Duration>,
    /// Each invoke's own budget, unless it is set.
    invoke_deadline: Option<Duration>,
    action_deadline: Duration,
    turn_limit: Duration,
}

/// A bot in the making; see [`Bot::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct BotBuilder {
    router: Router,
    auth: Arc<Authenticator>,
    connector: Arc<dyn Connector>,
    clock: Arc<dyn Clock>,
    capacity: Capacity,
    prioritise: Option<Prioritise>,
    metrics: Sink,
    settings: Settings,
    recording: Option<Recording>,
    /// Half of each turn's correlation id, unless it is a random one.
    process: Option<u64>,
}

/// Says how urgent an activity is, given what the bot itself thinks.
type Prioritise = Arc<dyn Fn(&Activity, Priority) -> Priority + Send + Sync>;

impl Bot {
    /// Starts a bot that answers by `router`, lets in whom `auth` lets in, and speaks through
    /// `connector`.
    pub fn builder(
        router: Router,
        auth: Arc<Authenticator>,
        connector: Arc<dyn Connector>,
    ) -> BotBuilder {
        BotBuilder::new(router, auth, connector)
    }

    /// Whether this bot trusts everybody who can reach it, so that only this computer may.
    /// [`Bot::serve`] sees to it; other servers should call
    /// [`check_loopback`](crate::server::check_loopback).
    pub fn requires_loopback(&self) -> bool {
        self.inner.auth.is_anonymous()
    }

    /// Waits until no handler runs or waits; the bot stays open. For tests, and for a health page.
    pub async fn idle(&self) {
        self.inner.turns.idle().await;
    }

    /// Takes no more activities (they get 503, so that Teams sends them again) and waits until the
    /// handlers that run or wait are done.
    pub async fn drain(&self) {
        self.inner.turns.drain().await;
    }

    /// Serves the bot on `listener` until `shutdown` is ready, then finishes what was accepted.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Config`](crate::ErrorKind::Config) if the bot is anonymous and the listener
    ///   can be reached from elsewhere; nothing was served.
    /// - [`ErrorKind::Io`](crate::ErrorKind::Io) if the listener broke.
    #[cfg(feature = "server")]
    pub async fn serve(
        self,
        listener: tokio::net::TcpListener,
        limits: crate::server::Limits,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), crate::Error> {
        use crate::{Error, ErrorKind, server};
        let address = listener
            .local_addr()
            .map_err(|e| Error::new(ErrorKind::Io, "the listener has no address").with_source(e))?;
        server::check_loopback(address, self.requires_loopback())?;
        let bot = Self { body_timeout: Some(limits.body_timeout), ..self.clone() };
        let served = server::run(listener, bot, limits, shutdown).await;
        if tokio::time::timeout(limits.drain, self.drain()).await.is_err() {
            tracing::warn!("gave up on handlers that did not end in time");
        }
        served
    }
}

impl fmt::Debug for Bot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bot")
            .field("router", &self.inner.router)
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}

impl BotBuilder {
    fn new(router: Router, auth: Arc<Authenticator>, connector: Arc<dyn Connector>) -> Self {
        Self {
            router,
            auth,
            connector,
            clock: Arc::new(SystemClock),
            capacity: Capacity::default(),
            recording: None,
            process: None,
            prioritise: None,
            metrics: None,
            settings: Settings {
                path: "/api/messages".to_owned(),
                max_body: 1024 * 1024,
                body_timeout: None,
                // Teams gives up on most invokes after 5 s and on buttons after 15 s.
                invoke_deadline: None,
                action_deadline: Duration::from_secs(10),
                turn_limit: Duration::from_mins(10),
            },
        }
    }

    /// Sets the path at which Teams calls the bot, instead of `/api/messages`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.settings.path = path.into();
        self
    }

    /// Sets how many bytes a request's body may have, instead of 1 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// Sets how long a request's body may take, instead of what the server says.
    pub fn body_timeout(mut self, limit: Duration) -> Self {
        self.settings.body_timeout = Some(limit);
        self
    }

    /// Sets how long an invoke may take before it gets an error, instead of
    /// [`Invoke::BUDGET`](crate::invoke::Invoke::BUDGET), which is 4.5 s. Its handler goes on to its
    /// end, and a repeated invoke gets its answer.
    pub fn invoke_deadline(mut self, limit: Duration) -> Self {
        self.settings.invoke_deadline = Some(limit);
        self
    }

    /// Sets the same for buttons, instead of 10 s.
    pub fn action_deadline(mut self, limit: Duration) -> Self {
        self.settings.action_deadline = limit;
        self
    }

    /// Sets when a handler is given up, instead of 10 minutes.
    pub fn turn_limit(mut self, limit: Duration) -> Self {
        self.settings.turn_limit = limit;
        self
    }

    /// Sets how many turns may wait, in one conversation and in all, instead of 64 and 4096. What
    /// is more gets 429 with `Retry-After`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use argus_bot_sdk::bot::BotBuilder;
    ///
    /// /// A small machine, and handlers that are done soon or not at all.
    /// fn small(bot: BotBuilder) -> BotBuilder {
    ///     bot.queues(16, 512)
    ///         .workers(32)
    ///         .max_body(128 * 1024)
    ///         .invoke_deadline(Duration::from_secs(3))
    ///         .action_deadline(Duration::from_secs(5))
    ///         .turn_limit(Duration::from_secs(60))
    /// }
    /// ```
    pub fn queues(mut self, per_conversation: usize, in_all: usize) -> Self {
        self.capacity.per_conversation = per_conversation.max(1);
        self.capacity.in_all = in_all.max(1);
        self
    }

    /// Sets what comes first when there is much to do. The function gets the activity and what the
    /// bot would say: invokes are [`Priority::High`], messages that a command or a pattern answers
    /// are [`Priority::Normal`], all others are [`Priority::Low`].
    ///
    /// A quarter of all places is not for what is low, a tenth is for what is high alone: when
    /// there is too much, what is low gets 429 first. What waits is handled by its priority, and of
    /// each priority one activity of each conversation in turn. Within a conversation nothing
    /// overtakes; what is urgent hurries up what is before it.
    ///
    /// ```
    /// use argus_bot_sdk::bot::{BotBuilder, Priority};
    ///
    /// fn settings(bot: BotBuilder) -> BotBuilder {
    ///     bot.priority(|activity, usual| match activity.text.as_deref() {
    ///         Some(text) if text.contains("ransom") => Priority::High,
    ///         _ => usual,
    ///     })
    /// }
    /// ```
    pub fn priority(
        mut self,
        of: impl Fn(&Activity, Priority) -> Priority + Send + Sync + 'static,
    ) -> Self {
        self.prioritise = Some(Arc::new(of));
        self
    }

    /// Tells how many activities came and how long their handlers took; see
    /// [`metrics`](crate::metrics). Give them to the connector too.
    pub fn metrics(mut self, metrics: Arc<dyn Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Sets how many message handlers run at once, instead of 256.
    pub fn workers(mut self, workers: usize) -> Self {
        self.capacity.workers = workers.max(1);
        self
    }

    /// Sets the clock by which activities are remembered for 24 hours.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Writes down what the bot hears and says; see [`Recording`] for what is kept of it.
    pub fn record(mut self, recording: Recording) -> Self {
        self.recording = Some(recording);
        self
    }

    /// The bot.
    pub fn build(self) -> Bot {
        let process = self.process.unwrap_or_else(|| RandomState::new().hash_one("process"));
        let recorder = self
            .recording
            .map(|recording| Arc::new(Recorder::new(recording, Arc::clone(&self.clock), process)));
        Bot {
            inner: Arc::new(Inner {
                recorder,
                process,
                router: self.router,
                auth: self.auth,
                connector: self.connector,
                memory: Memory::new(self.clock, Bounds::default()),
                turns: Turns::new(self.capacity),
                prioritise: self.prioritise,
                metrics: self.metrics,
                settings: self.settings,
                counter: AtomicU64::new(0),
            }),
            body_timeout: None,
        }
    }
}

impl fmt::Debug for BotBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for Bot
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Taken apart here, because each future that takes a whole request makes room for it.
        let (head, body) = request.into_parts();
        let span = door::span(&head.headers);
        let inner = Arc::clone(&self.inner);
        Box::pin(door::answer(inner, self.body_timeout, head, body).instrument(span))
    }
}

#[cfg(test)]
mod tests;
