//! What happens around every handler: layers as `tower` has them.
//!
//! A layer wraps a [`Service`] that takes a [`Turn`] and gives an [`Answer`], and is one itself. It
//! sees messages, buttons and other invokes alike, before their handler and after it, and may
//! answer in its place. Activities that no route answers are not seen.
//!
//! ```
//! use argus_bot_sdk::Router;
//! use argus_bot_sdk::extract::{Rejected, Text, Turn};
//! use argus_bot_sdk::layer::{Answer, Next, from_fn};
//!
//! async fn timed(turn: Turn, next: Next) -> Answer {
//!     let began = tokio::time::Instant::now();
//!     let answer = next.run(turn).await;
//!     println!("answered in {} ms", began.elapsed().as_millis());
//!     answer
//! }
//! async fn staff_only(turn: Turn, next: Next) -> Answer {
//!     match turn.activity().tenant_id() {
//!         Some("11111111-2222-4333-8444-555555555555") => next.run(turn).await,
//!         _ => Rejected::new("NotStaff", "I only talk to our own people.").into(),
//!     }
//! }
//! async fn echo(Text(text): Text) -> String {
//!     text
//! }
//!
//! // The last layer is the outermost: strangers are timed as well.
//! let router: Router =
//!     Router::new().message(echo).layer(from_fn(staff_only)).layer(from_fn(timed));
//! # drop(router);
//! ```
//!
//! Layers made elsewhere fit as they are, `tower::timeout::TimeoutLayer` for example. If one of
//! them fails, the person is told so, and its error is logged.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

pub use tower_layer::Layer;
pub use tower_service::Service;

use crate::extract::{Rejected, Turn};
use crate::handler::{BoxFuture, BoxHandler};
use crate::reply::{ActionKind, CardReply, InvokeKind, InvokeReply, MessageKind, ReplyKind as _};
use crate::router::InvokeRoute;
use crate::{Activity, Router};

/// What was answered to an activity, whatever sort it is. Only handlers make one, and a
/// [`Rejected`] is one, in the form that the activity takes.
///
/// ```
/// use argus_bot_sdk::extract::Rejected;
/// use argus_bot_sdk::layer::Answer;
///
/// let answer = Answer::from(Rejected::new("Closed", "Come back tomorrow."));
/// assert_eq!(answer.rejected().map(Rejected::code), Some("Closed"));
/// assert!(answer.messages().is_empty());
/// ```
#[must_use = "an answer that is not returned is never seen"]
pub struct Answer(Said);

enum Said {
    Messages(Vec<Activity>),
    Card(CardReply),
    Invoke(InvokeReply),
    Rejected(Rejected),
}

impl Answer {
    /// The messages that answer a message; empty for other answers.
    pub fn messages(&self) -> &[Activity] {
        match &self.0 {
            Said::Messages(messages) => messages,
            _ => &[],
        }
    }

    /// The status that Teams acts on, of the answer to a button or another invoke.
    pub fn status(&self) -> Option<u16> {
        match &self.0 {
            Said::Card(reply) => Some(reply.status_code()),
            Said::Invoke(reply) => Some(reply.status()),
            Said::Messages(_) | Said::Rejected(_) => None,
        }
    }

    /// Why a layer turned the activity down, if one did.
    pub fn rejected(&self) -> Option<&Rejected> {
        match &self.0 {
            Said::Rejected(rejected) => Some(rejected),
            _ => None,
        }
    }

    /// Why there is no answer of the sort that is wanted.
    fn no_answer(self) -> Rejected {
        if let Said::Rejected(rejected) = self.0 {
            return rejected;
        }
        tracing::error!("a layer gave the answer to an activity of another sort");
        failed()
    }

    pub(crate) fn into_messages(self) -> Vec<Activity> {
        match self.0 {
            Said::Messages(messages) => messages,
            _ => MessageKind::rejected(self.no_answer()),
        }
    }

    pub(crate) fn into_card(self) -> CardReply {
        match self.0 {
            Said::Card(reply) => reply,
            _ => ActionKind::rejected(self.no_answer()),
        }
    }

    pub(crate) fn into_invoke(self, route: &InvokeRoute<()>) -> InvokeReply {
        match self.0 {
            Said::Invoke(reply) => reply,
            _ => route.rejected(&self.no_answer()),
        }
    }
}

impl From<Rejected> for Answer {
    fn from(rejected: Rejected) -> Self {
        Self(Said::Rejected(rejected))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Said::Messages(messages) => f.debug_tuple("Messages").field(&messages.len()).finish(),
            Said::Card(reply) => reply.fmt(f),
            Said::Invoke(reply) => reply.fmt(f),
            Said::Rejected(rejected) => f.debug_tuple("Rejected").field(&rejected.code()).finish(),
        }
    }
}

fn failed() -> Rejected {
    Rejected::new("InternalError", "Something went wrong. It was logged.")
}

/// The handler that a layer leads to.
#[derive(Clone)]
pub(crate) enum Target {
    Listener(BoxHandler<MessageKind, ()>),
    Action(BoxHandler<ActionKind, ()>),
    Invoke(BoxHandler<InvokeKind, ()>),
}

impl Target {
    async fn call(self, turn: Turn) -> Answer {
        Answer(match self {
            Self::Listener(handler) => Said::Messages(handler.call(turn).await),
            Self::Action(handler) => Said::Card(handler.call(turn).await),
            Self::Invoke(handler) => Said::Invoke(handler.call(turn).await),
        })
    }
}

/// What a layer wraps: the layers inside it and then the handler.
#[derive(Clone)]
pub struct Next(Option<Arc<dyn Stacked>>);

impl Next {
    /// The handler itself.
    pub(crate) fn innermost() -> Self {
        Self(None)
    }

    /// Goes on to the next layer or to the handler.
    pub async fn run(&self, turn: Turn) -> Answer {
        match (&self.0, turn.target()) {
            (Some(stacked), _) => stacked.call(turn).await,
            (None, Some(target)) => target.clone().call(turn).await,
            (None, None) => {
                tracing::error!("a layer went on with the turn of another activity");
                failed().into()
            }
        }
    }

    pub(crate) fn wrapped<L>(self, layer: &L) -> Self
    where
        L: Layer<Self, Service: Service<Turn, Response = Answer> + Clone + Send + Sync + 'static>,
        <L::Service as Service<Turn>>::Future: Send,
        <L::Service as Service<Turn>>::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self(Some(Arc::new(Made(layer.layer(self)))))
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}

impl Service<Turn> for Next {
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, turn: Turn) -> Self::Future {
        let next = self.clone();
        Box::pin(async move { Ok(next.run(turn).await) })
    }
}

/// A service whose type is forgotten.
trait Stacked: Send + Sync {
    fn call(&self, turn: Turn) -> BoxFuture<Answer>;
}

struct Made<S>(S);

impl<S> Stacked for Made<S>
where
    S: Service<Turn, Response = Answer> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    fn call(&self, turn: Turn) -> BoxFuture<Answer> {
        let mut service = self.0.clone();
        Box::pin(async move {
            let correlation = turn.correlation_id();
            let ready = poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into);
            let answered = match ready {
                Ok(()) => service.call(turn).await.map_err(Into::into),
                Err(error) => Err(error),
            };
            answered.unwrap_or_else(|error| match error.downcast::<Rejected>() {
                Ok(rejected) => (*rejected).into(),
                Err(error) => {
                    tracing::error!(%correlation, error = %error, "a layer failed");
                    failed().into()
                }
            })
        })
    }
}

/// Makes a layer of an async function of a [`Turn`] and what comes [`Next`].
pub fn from_fn<F, Fut>(function: F) -> FromFn<F>
where
    F: Fn(Turn, Next) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    FromFn { function }
}

/// A layer that is an async function; see [`from_fn`].
#[derive(Clone, Copy)]
pub struct FromFn<F> {
    function: F,
}

impl<F: Clone> Layer<Next> for FromFn<F> {
    type Service = FromFnService<F>;

    fn layer(&self, next: Next) -> Self::Service {
        FromFnService { function: self.function.clone(), next }
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn")
    }
}

/// The service of [`from_fn`].
#[derive(Clone)]
pub struct FromFnService<F> {
    function: F,
    next: Next,
}

impl<F, Fut> Service<Turn> for FromFnService<F>
where
    F: Fn(Turn, Next) -> Fut,
    Fut: Future<Output = Answer> + Send + 'static,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, turn: Turn) -> Self::Future {
        let answer = (self.function)(turn, self.next.clone());
        Box::pin(async move { Ok(answer.await) })
    }
}

impl<F> fmt::Debug for FromFnService<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFnService")
    }
}

impl<S> Router<S> {
    /// Puts a layer around all handlers, those of earlier and of later routes; see
    /// [`layer`](crate::layer). The last layer is the outermost.
    ///
    /// The layer is asked once for its service, so what that shares it shares between all turns of
    /// the bot.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Next, Service: Service<Turn, Response = Answer> + Clone + Send + Sync + 'static>,
        <L::Service as Service<Turn>>::Future: Send,
        <L::Service as Service<Turn>>::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let inside = self.layers.take().unwrap_or_else(Next::innermost);
        self.layers = Some(inside.wrapped(&layer));
        self
    }
}

impl Router {
    /// Runs the layers, if there are any, and the handler.
    pub(crate) fn listen(
        &self,
        handler: &BoxHandler<MessageKind, ()>,
        turn: Turn,
    ) -> BoxFuture<Vec<Activity>> {
        match self.entered(&turn, || Target::Listener(handler.clone())) {
            None => handler.call(turn),
            Some(next) => Box::pin(async move { next.run(turn).await.into_messages() }),
        }
    }

    /// The same for a button.
    pub(crate) fn press(
        &self,
        handler: &BoxHandler<ActionKind, ()>,
        turn: Turn,
    ) -> BoxFuture<CardReply> {
        match self.entered(&turn, || Target::Action(handler.clone())) {
            None => handler.call(turn),
            Some(next) => Box::pin(async move { next.run(turn).await.into_card() }),
        }
    }

    /// The same for another invoke.
    pub(crate) fn answer(&self, route: InvokeRoute<()>, turn: Turn) -> BoxFuture<InvokeReply> {
        match self.entered(&turn, || Target::Invoke(route.handler().clone())) {
            None => route.handler().call(turn),
            Some(next) => Box::pin(async move { next.run(turn).await.into_invoke(&route) }),
        }
    }

    /// The outermost layer, once the turn knows where it leads.
    fn entered(&self, turn: &Turn, target: impl FnOnce() -> Target) -> Option<Next> {
        let outermost = self.layers.clone()?;
        turn.lead_to(target());
        Some(outermost)
    }
}
