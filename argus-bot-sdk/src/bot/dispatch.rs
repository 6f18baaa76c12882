//! From a verified activity to what is answered.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::StatusCode;
use serde::Serialize;
use tracing::{Instrument as _, Span};

use super::{Inner, commands};
use crate::auth::Verified;
use crate::dedup::{ACKNOWLEDGED, Key, Outcome, Seen};
use crate::extract::{Correlation, Turn};
use crate::handler::{BoxFuture, BoxHandler};
use crate::invoke::{AdaptiveCardAction, Invoke as _, LATE};
use crate::metrics::{self, Sink, Stopwatch};
use crate::outbox::Priority;
use crate::reply::{ActionKind, CardReply, InvokeReply};
use crate::router::{Answerer, Heard, InvokeRoute};
use crate::turns::Refused;
use crate::{Activity, ActivityKind, Router};

/// How long Teams and the Playground wait for an activity whose replies come in the response.
const GATHER_DEADLINE: Duration = Duration::from_secs(14);

const NOTHING: Outcome = Outcome { status: StatusCode::OK, body: Bytes::new() };
const NOT_IMPLEMENTED: Outcome =
    Outcome { status: StatusCode::NOT_IMPLEMENTED, body: Bytes::new() };

/// The wire's `{"activities":[…]}` for `deliveryMode: expectReplies`.
#[derive(Serialize)]
struct ExpectedReplies {
    activities: Vec<Activity>,
}

/// Who answers an invoke.
enum Answering {
    Action(BoxHandler<ActionKind, ()>),
    Invoke(InvokeRoute<()>),
}

impl Answering {
    fn call(self, router: &Router, turn: Turn) -> BoxFuture<Outcome> {
        match self {
            Self::Action(handler) => {
                let answer = router.press(&handler, turn);
                Box::pin(async move { shown(&answer.await) })
            }
            Self::Invoke(route) => {
                let answer = router.answer(route, turn);
                Box::pin(async move { plain(&answer.await) })
            }
        }
    }
}

/// A turn that somebody waits for, and what they get if it fails.
struct Asked {
    turn: Turn,
    activity_key: Key,
    conversation_key: Key,
    priority: Priority,
    failed: Outcome,
}

impl Inner {
    pub(super) async fn dispatch(
        self: &Arc<Self>,
        activity: Arc<Verified<Activity>>,
    ) -> Result<Outcome, Refused> {
        self.tell(&activity);
        // What a message does not need is in boxes of its own, or each message's future would have
        // room for it: allocators are several times slower above a kilobyte.
        if activity.kind == ActivityKind::Invoke {
            return Box::pin(self.invoke(activity)).await;
        }
        if let Some(outcome) = commands::settled(&activity) {
            return Ok(outcome);
        }
        let gathers = activity.delivery_mode.as_deref() == Some("expectReplies");
        let turn = self.turn(activity, gathers);
        if gathers { Box::pin(self.gather(turn)).await } else { self.acknowledge(turn) }
    }

    /// Names the activity in the request's span.
    fn tell(&self, activity: &Activity) {
        metrics::count(&self.metrics, metrics::CONSUMED, None);
        let span = Span::current();
        if span.is_disabled() {
            return;
        }
        let conversation = activity.conversation.as_ref();
        span.record("messaging.destination.name", conversation.and_then(|it| it.id.as_deref()));
        span.record("messaging.message.id", activity.id.as_deref());
    }

    fn turn(&self, activity: Arc<Verified<Activity>>, gathers: bool) -> Turn {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let correlation = Correlation { process: self.process, turn: number };
        Span::current().record("argus.correlation", tracing::field::display(correlation));
        Turn::new(activity, self.voice(), correlation, gathers)
    }

    /// Answers at once and handles later: Teams repeats a message that takes longer than 15 s.
    fn acknowledge(self: &Arc<Self>, turn: Turn) -> Result<Outcome, Refused> {
        let Some(Heard { handler, priority }) = self.router.listener(&turn) else {
            return Ok(NOTHING);
        };
        let priority = self.priority(turn.activity(), priority);
        let (activity_key, conversation_key) = self.keys(turn.activity());
        if activity_key.is_some_and(|key| !self.memory.begin_acknowledged(key)) {
            tracing::debug!("an activity was delivered again and is not handled again");
            metrics::count(&self.metrics, metrics::REPEATED, None);
            return Ok(ACKNOWLEDGED);
        }
        let answer = self.router.listen(handler, turn.clone());
        let limit = self.settings.turn_limit;
        let sink = self.metrics.clone();
        let job = async move {
            match watched(sink, limit, answer).await {
                Ok(replies) => turn.answer(replies).await,
                Err(problem) => {
                    tracing::error!(correlation = turn.correlation(), "{problem}");
                    return;
                }
            }
            if let Some(work) = turn.later().take() {
                Box::pin(turn.do_deferred(work, limit)).await;
            }
        };
        let job = Box::pin(job.instrument(Span::current()));
        self.turns.enqueue(conversation_key, priority, job).inspect_err(|_| {
            if let Some(key) = activity_key {
                self.memory.forget(key);
            }
        })?;
        Ok(ACKNOWLEDGED)
    }

    /// Handles in the conversation's order and answers with all that the handler said.
    async fn gather(self: &Arc<Self>, turn: Turn) -> Result<Outcome, Refused> {
        let (activity_key, conversation_key) = self.keys(turn.activity());
        let activity_key = activity_key.unwrap_or_else(|| self.fresh_key());
        let heard = self.router.listener(&turn);
        // Somebody waits for it.
        let priority = self.priority(turn.activity(), Priority::High);
        let answer = heard.map(|heard| self.router.listen(heard.handler, turn.clone()));
        let late = failure(StatusCode::GATEWAY_TIMEOUT, "Timeout", LATE);
        let failed = late.clone();
        let asked = Asked { turn: turn.clone(), activity_key, conversation_key, priority, failed };
        let work = async move {
            if let Some(answer) = answer {
                turn.answer(answer.await).await;
            }
            let replies = ExpectedReplies { activities: turn.take_gathered() };
            json(StatusCode::OK, &replies)
        };
        let inner = Arc::clone(self);
        self.once(activity_key, GATHER_DEADLINE, late, move || {
            let job = inner.remembered(asked, Box::pin(work));
            inner.turns.enqueue(conversation_key, priority, job)
        })
        .await
    }

    /// Runs the handler at once; if the deadline is over first it goes on, and its answer waits for
    /// the repetition.
    async fn invoke(
        self: &Arc<Self>,
        activity: Arc<Verified<Activity>>,
    ) -> Result<Outcome, Refused> {
        let (handler, deadline, late, failed) = match self.router.answerer(&activity) {
            Answerer::Nobody => return Ok(NOT_IMPLEMENTED),
            Answerer::NoSuchAction => {
                let reply = CardReply::error("UnknownAction", "This button is not known here.");
                return Ok(shown(&reply));
            }
            Answerer::NotKnown(told) => {
                return Ok(plain(&told(400, "Unknown", "This is not known here.")));
            }
            Answerer::Action(handler) => {
                let late = shown(&CardReply::error("Timeout", LATE).status(500));
                let failed = shown(&CardReply::error("InternalError", FAILED).status(500));
                (Answering::Action(handler), self.settings.action_deadline, late, failed)
            }
            Answerer::Invoke(route) => {
                let is_button = activity.invoke_name() == Some(AdaptiveCardAction::NAME);
                let deadline = match self.settings.invoke_deadline {
                    _ if is_button => self.settings.action_deadline,
                    set => set.unwrap_or(route.budget()),
                };
                let failed = plain(&route.told(500, "InternalError", FAILED));
                let late = plain(&route.late());
                (Answering::Invoke(route), deadline, late, failed)
            }
        };
        let turn = self.turn(activity, false);
        let (activity_key, conversation_key) = self.keys(turn.activity());
        let activity_key = activity_key.unwrap_or_else(|| self.fresh_key());
        let priority = self.priority(turn.activity(), Priority::High);
        let asked = Asked { turn: turn.clone(), activity_key, conversation_key, priority, failed };
        let inner = Arc::clone(self);
        self.once(activity_key, deadline, late, move || {
            let job = inner.remembered(asked, handler.call(&inner.router, turn));
            inner.turns.start(priority, job)
        })
        .await
    }

    /// Starts the work unless it was started before, and waits for its outcome, but not for ever.
    async fn once(
        &self,
        key: Key,
        deadline: Duration,
        late: Outcome,
        start: impl FnOnce() -> Result<(), Refused>,
    ) -> Result<Outcome, Refused> {
        let mut waiting = match self.memory.begin(key) {
            Seen::Done(outcome) => {
                metrics::count(&self.metrics, metrics::REPEATED, None);
                return Ok(outcome);
            }
            Seen::Running(waiting) => {
                metrics::count(&self.metrics, metrics::REPEATED, None);
                waiting
            }
            Seen::Fresh(waiting) => {
                start().inspect_err(|_| self.memory.forget(key))?;
                waiting
            }
        };
        match tokio::time::timeout(deadline, waiting.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => Ok(outcome.clone().unwrap_or(late)),
            // Whoever was first was refused, and so are those who waited with it.
            Ok(Err(_)) => Err(Refused::Full),
            Err(_) => {
                tracing::warn!("a handler takes longer than its budget; it goes on");
                metrics::count(&self.metrics, metrics::LATE, None);
                Ok(late)
            }
        }
    }

    /// The work with its end: whatever happens in it, an outcome is remembered. What it deferred
    /// follows in the conversation's order.
    fn remembered(self: &Arc<Self>, asked: Asked, work: BoxFuture<Outcome>) -> BoxFuture<()> {
        let inner = Arc::clone(self);
        let work = async move {
            let Asked { turn, activity_key, conversation_key, priority, failed } = asked;
            let limit = inner.settings.turn_limit;
            let problem = match watched(inner.metrics.clone(), limit, work).await {
                Ok(outcome) => {
                    inner.memory.finish(activity_key, outcome);
                    if let Some(work) = turn.later().take() {
                        let rest = async move { turn.do_deferred(work, limit).await };
                        let rest = Box::pin(rest.instrument(Span::current()));
                        inner.turns.follow(conversation_key, priority, rest);
                    }
                    return;
                }
                Err(problem) => problem,
            };
            tracing::error!(correlation = turn.correlation(), "{problem}");
            inner.memory.finish(activity_key, failed);
        };
        Box::pin(work.instrument(Span::current()))
    }

    /// How urgent an activity is that is usually this urgent.
    fn priority(&self, activity: &Activity, usual: Priority) -> Priority {
        self.prioritise.as_ref().map_or(usual, |prioritise| prioritise(activity, usual))
    }

    /// The activity's key, if it has an id, and its conversation's.
    fn keys(&self, activity: &Activity) -> (Option<Key>, Key) {
        let channel = activity.channel_id.as_deref().unwrap_or_default();
        let conversation = activity.conversation.as_ref();
        let conversation = conversation.and_then(|c| c.id.as_deref()).unwrap_or_default();
        let id = activity.id.as_deref().filter(|id| !id.is_empty());
        // An edit carries the id of the message, and so does the next one.
        let is_edit =
            matches!(activity.kind, ActivityKind::MessageUpdate | ActivityKind::MessageDelete);
        if let (Some(id), true) = (id, is_edit) {
            let at = activity.timestamp.as_deref().unwrap_or_default();
            let edit = format!("{id}/{}/{at}", activity.kind.as_str());
            return self.memory.keys(&[channel, conversation], Some(&edit));
        }
        self.memory.keys(&[channel, conversation], id)
    }

    /// A key for an activity without an id, which is never seen again.
    fn fresh_key(&self) -> Key {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        self.memory.key(&["without an id", &number.to_string()])
    }
}

/// Runs a handler, but not for ever, and survives its panics. What went wrong is for the log.
async fn watched<T>(sink: Sink, limit: Duration, work: BoxFuture<T>) -> Result<T, &'static str> {
    let watch = Stopwatch::start(sink);
    let limited = tokio::time::timeout(limit, work);
    let (done, error) = match AssertUnwindSafe(limited).catch_unwind().await {
        Ok(Ok(done)) => (Ok(done), None),
        Ok(Err(_)) => (Err("gave up on a handler"), Some("timeout")),
        Err(_) => (Err("a handler panicked; the bot goes on"), Some("panic")),
    };
    watch.stop(error);
    done
}

const FAILED: &str = "Something went wrong. It was logged.";

fn json(status: StatusCode, body: &impl Serialize) -> Outcome {
    Outcome { status, body: serde_json::to_vec(body).map(Bytes::from).unwrap_or_default() }
}

fn shown(reply: &CardReply) -> Outcome {
    Outcome { status: StatusCode::OK, body: reply.to_bytes() }
}

fn plain(reply: &InvokeReply) -> Outcome {
    let status = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::OK);
    Outcome { status, body: reply.body().clone() }
}

fn failure(status: StatusCode, code: &str, message: &str) -> Outcome {
    json(status, &serde_json::json!({ "error": { "code": code, "message": message } }))
}
