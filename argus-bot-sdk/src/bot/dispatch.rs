//! From a verified activity to what is answered.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::StatusCode;
use serde::Serialize;

use super::{Inner, commands};
use crate::auth::Verified;
use crate::dedup::{ACKNOWLEDGED, Key, Outcome, Seen};
use crate::extract::{Correlation, Turn};
use crate::handler::BoxFuture;
use crate::invoke::{AdaptiveCardAction, Invoke as _};
use crate::reply::{CardReply, InvokeReply};
use crate::router::Answerer;
use crate::turns::Refused;
use crate::{Activity, ActivityKind};

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

impl Inner {
    pub(super) async fn dispatch(
        self: &Arc<Self>,
        activity: Arc<Verified<Activity>>,
    ) -> Result<Outcome, Refused> {
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

    fn turn(&self, activity: Arc<Verified<Activity>>, gathers: bool) -> Turn {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let correlation = Correlation { process: self.process, turn: number };
        Turn::new(activity, self.voice(), correlation, gathers)
    }

    /// Answers at once and handles later: Teams repeats a message that takes longer than 15 s.
    fn acknowledge(self: &Arc<Self>, turn: Turn) -> Result<Outcome, Refused> {
        let Some(handler) = self.router.listener(&turn) else {
            return Ok(NOTHING);
        };
        let (activity_key, conversation_key) = self.keys(turn.activity());
        if activity_key.is_some_and(|key| !self.memory.begin_acknowledged(key)) {
            tracing::debug!("an activity was delivered again and is not handled again");
            return Ok(ACKNOWLEDGED);
        }
        let answer = handler.call(turn.clone());
        let limit = self.settings.turn_limit;
        let job = async move {
            if let Ok(replies) = tokio::time::timeout(limit, answer).await {
                turn.answer(replies).await;
            } else {
                tracing::error!(correlation = turn.correlation(), "gave up on a handler");
            }
        };
        self.turns.enqueue(conversation_key, Box::pin(job)).inspect_err(|_| {
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
        let answer = self.router.listener(&turn).map(|handler| handler.call(turn.clone()));
        let work = Box::pin(async move {
            if let Some(answer) = answer {
                turn.answer(answer.await).await;
            }
            let replies = ExpectedReplies { activities: turn.take_gathered() };
            json(StatusCode::OK, &replies)
        });
        let late = failure(StatusCode::GATEWAY_TIMEOUT, "Timeout", LATE);
        let (inner, failed) = (Arc::clone(self), late.clone());
        self.once(activity_key, GATHER_DEADLINE, late, move || {
            let job = inner.remembered(activity_key, work, failed);
            inner.turns.enqueue(conversation_key, job)
        })
        .await
    }

    /// Runs the handler at once; if the deadline is over first it goes on, and its answer waits for
    /// the repetition.
    async fn invoke(
        self: &Arc<Self>,
        activity: Arc<Verified<Activity>>,
    ) -> Result<Outcome, Refused> {
        let (deadline, late, failed, work) = match self.router.answerer(&activity) {
            Answerer::Nobody => return Ok(NOT_IMPLEMENTED),
            Answerer::NoSuchAction => {
                let reply = CardReply::error("UnknownAction", "This button is not known here.");
                return Ok(shown(&reply));
            }
            Answerer::Action(handler) => {
                let turn = self.turn(activity, false);
                let key = self.keys(turn.activity()).0;
                let work: BoxFuture<Outcome> =
                    Box::pin(async move { shown(&handler.call(turn).await) });
                let late = shown(&CardReply::error("Timeout", LATE).status(500));
                let failed = shown(&CardReply::error("InternalError", FAILED).status(500));
                (self.settings.action_deadline, late, failed, (key, work))
            }
            Answerer::NotKnown(told) => {
                return Ok(plain(&told(400, "Unknown", "This is not known here.")));
            }
            Answerer::Invoke(route) => {
                let is_button = activity.invoke_name() == Some(AdaptiveCardAction::NAME);
                let turn = self.turn(activity, false);
                let key = self.keys(turn.activity()).0;
                let late = plain(&route.told(200, "Timeout", LATE));
                let failed = plain(&route.told(500, "InternalError", FAILED));
                let deadline = match self.settings.invoke_deadline {
                    _ if is_button => self.settings.action_deadline,
                    set => set.unwrap_or(route.budget()),
                };
                let work: BoxFuture<Outcome> =
                    Box::pin(async move { plain(&route.handler().call(turn).await) });
                (deadline, late, failed, (key, work))
            }
        };
        let (key, work) = work;
        let key = key.unwrap_or_else(|| self.fresh_key());
        let inner = Arc::clone(self);
        self.once(key, deadline, late, move || {
            let job = inner.remembered(key, work, failed);
            inner.turns.start(job)
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
            Seen::Done(outcome) => return Ok(outcome),
            Seen::Running(waiting) => waiting,
            Seen::Fresh(waiting) => {
                start().inspect_err(|_| self.memory.forget(key))?;
                waiting
            }
        };
        match tokio::time::timeout(deadline, waiting.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => Ok(outcome.clone().unwrap_or(late)),
            // Whoever was first was refused, and so are those who waited with it.
            Ok(Err(_)) => Err(Refused::Full),
            Err(_) => Ok(late),
        }
    }

    /// The work with its end: whatever happens in it, an outcome is remembered.
    fn remembered(
        self: &Arc<Self>,
        key: Key,
        work: BoxFuture<Outcome>,
        failed: Outcome,
    ) -> BoxFuture<()> {
        let inner = Arc::clone(self);
        Box::pin(async move {
            let limited = tokio::time::timeout(inner.settings.turn_limit, work);
            let outcome = match AssertUnwindSafe(limited).catch_unwind().await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => {
                    tracing::error!("gave up on a handler");
                    failed
                }
                Err(_) => {
                    tracing::error!("a handler panicked; the bot goes on");
                    failed
                }
            };
            inner.memory.finish(key, outcome);
        })
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

const LATE: &str = "This takes longer than expected. It goes on; look again in a moment.";
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
