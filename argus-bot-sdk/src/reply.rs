//! What a handler may give back, and what that is on the wire.
//!
//! A message is answered with messages, a button with a [`CardReply`], any other invoke with what
//! [`invoke`](crate::invoke) says, or with a raw [`InvokeReply`]. The wrong one does not compile.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::Activity;
use crate::extract::Rejected;

mod card;
mod ending;

pub use crate::reply::card::CardReply;
pub use crate::reply::ending::Ending;

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// What sort of activity a handler answers; see [`MessageKind`], [`ActionKind`], [`InvokeKind`].
pub trait ReplyKind: sealed::Sealed + Send + Sync + 'static {
    /// What such a handler gives back in the end.
    type Reply: Send + 'static;

    /// What is said when an extractor turns the activity down.
    fn rejected(rejection: Rejected) -> Self::Reply;
}

/// Messages, commands and events: answered by messages.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct MessageKind;

/// Buttons (`adaptiveCard/action`): answered by a card, a text or an error.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ActionKind;

/// Other invokes: answered by a status and JSON.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct InvokeKind;

impl sealed::Sealed for MessageKind {}
impl sealed::Sealed for ActionKind {}
impl sealed::Sealed for InvokeKind {}

impl ReplyKind for MessageKind {
    type Reply = Vec<Activity>;

    fn rejected(rejection: Rejected) -> Self::Reply {
        rejection.text().map(Activity::message).into_iter().collect()
    }
}

impl ReplyKind for ActionKind {
    type Reply = CardReply;

    fn rejected(rejection: Rejected) -> Self::Reply {
        CardReply::error(
            rejection.code().to_owned(),
            rejection.text().unwrap_or("This cannot be done here.").to_owned(),
        )
        .status(rejection.status())
    }
}

impl ReplyKind for InvokeKind {
    type Reply = InvokeReply;

    fn rejected(rejection: Rejected) -> Self::Reply {
        let reply = InvokeReply::error(rejection.code(), rejection.text().unwrap_or_default());
        reply.with_status(rejection.status())
    }
}

/// What the handler of an activity of kind `K` may return.
///
/// For messages: `()`, `&str`, `String`, [`Activity`], [`Card`], [`Rejected`], a `Vec` or `Option`
/// of activities, and a `Result` whose error is an answer as well, so that the person who asked is told.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an answer to this sort of activity",
    label = "the handler returns this",
    note = "a message is answered with `()`, `&str`, `String`, `Activity`, `Card`, or a `Result` of two of them",
    note = "a button is answered with `CardReply`, an invoke `I` with its `Response`, a raw invoke with `InvokeReply`"
)]
pub trait IntoReply<K: ReplyKind = MessageKind> {
    /// Turns the value into the answer.
    fn into_reply(self) -> K::Reply;
}

/// What the handler of a button may return: [`CardReply`], or a `Result` of two such values.
///
/// Implement it for your flow's error, and the person who pressed is told in your words.
///
/// ```
/// use argus_bot_sdk::reply::{CardReply, IntoActionReply};
///
/// struct NotYours;
/// impl IntoActionReply for NotYours {
///     fn into_action_reply(self) -> CardReply {
///         CardReply::error("Forbidden", "You may not do that.").status(403)
///     }
/// }
/// let pressed: Result<CardReply, NotYours> = Err(NotYours);
/// assert_eq!(pressed.into_action_reply().status_code(), 403);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an answer to a pressed button",
    label = "the handler returns this",
    note = "return `CardReply::card(…)`, `CardReply::message(…)` or `CardReply::error(…)`, or a `Result` of two such values"
)]
pub trait IntoActionReply {
    /// Turns the value into the answer.
    fn into_action_reply(self) -> CardReply;
}

/// An Adaptive Card as an answer to a message.
///
/// ```
/// use argus_bot_sdk::reply::{Card, IntoReply};
///
/// let shown = Card(serde_json::json!({ "type": "AdaptiveCard" })).into_reply();
/// assert_eq!(shown[0].attachments.as_ref().map(|all| all.len()), Some(1));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "it is a name for one value and made by writing it")]
pub struct Card(pub Value);

#[derive(Clone, PartialEq, Serialize)]
struct ErrorBody {
    code: Cow<'static, str>,
    message: Cow<'static, str>,
}

#[derive(Serialize)]
struct ErrorEnvelope {
    error: ErrorBody,
}

/// What any other invoke gets: an HTTP status and a JSON body, both of which the invoke's own
/// documentation prescribes.
///
/// ```
/// use argus_bot_sdk::reply::InvokeReply;
///
/// let reply = InvokeReply::json(&serde_json::json!({ "task": { "type": "message" } }));
/// assert_eq!(reply.status(), 200);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a reply that is not returned is never seen"]
pub struct InvokeReply {
    status: StatusCode,
    body: Bytes,
}

impl InvokeReply {
    /// Status 200 and no body.
    pub fn empty() -> Self {
        Self { status: StatusCode::OK, body: Bytes::new() }
    }

    /// Status 200 and this body.
    pub fn json(body: &impl Serialize) -> Self {
        Self { status: StatusCode::OK, body: to_json(body) }
    }

    /// Status 400 and `{"error":{"code","message"}}`.
    ///
    /// ```
    /// let reply = argus_bot_sdk::reply::InvokeReply::error("NoClock", "There is none.");
    /// assert_eq!(reply.body(), r#"{"error":{"code":"NoClock","message":"There is none."}}"#);
    /// ```
    pub fn error(code: &str, message: &str) -> Self {
        let error = ErrorBody { code: code.to_owned().into(), message: message.to_owned().into() };
        Self { status: StatusCode::BAD_REQUEST, body: to_json(&ErrorEnvelope { error }) }
    }

    /// Status 200 and a body that is JSON already.
    pub(crate) fn raw(body: Bytes) -> Self {
        Self { status: StatusCode::OK, body }
    }

    /// Sets the HTTP status, for example 412 for a failed token exchange. A number that is not an
    /// HTTP status becomes 500.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The body; empty for none.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

impl fmt::Debug for InvokeReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvokeReply")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish()
    }
}

/// None of what is written here can fail to be JSON; if it does, the answer is empty, not a panic.
fn to_json(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body).map(Bytes::from).unwrap_or_default()
}

impl IntoReply for () {
    fn into_reply(self) -> Vec<Activity> {
        Vec::new()
    }
}

impl IntoReply for &str {
    fn into_reply(self) -> Vec<Activity> {
        vec![Activity::message(self)]
    }
}

impl IntoReply for String {
    fn into_reply(self) -> Vec<Activity> {
        vec![Activity::message(self)]
    }
}

impl IntoReply for Activity {
    fn into_reply(self) -> Vec<Activity> {
        vec![self]
    }
}

impl IntoReply for Card {
    fn into_reply(self) -> Vec<Activity> {
        vec![Activity::card(self.0)]
    }
}

impl IntoReply for Vec<Activity> {
    fn into_reply(self) -> Vec<Activity> {
        self
    }
}

impl IntoReply for Rejected {
    fn into_reply(self) -> Vec<Activity> {
        MessageKind::rejected(self)
    }
}

impl<T: IntoReply> IntoReply for Option<T> {
    fn into_reply(self) -> Vec<Activity> {
        self.map(T::into_reply).unwrap_or_default()
    }
}

impl<T: IntoReply, E: IntoReply> IntoReply for Result<T, E> {
    fn into_reply(self) -> Vec<Activity> {
        match self {
            Ok(reply) => reply.into_reply(),
            Err(reply) => reply.into_reply(),
        }
    }
}

impl IntoActionReply for CardReply {
    fn into_action_reply(self) -> CardReply {
        self
    }
}

impl IntoActionReply for Rejected {
    fn into_action_reply(self) -> CardReply {
        ActionKind::rejected(self)
    }
}

impl<T: IntoActionReply, E: IntoActionReply> IntoActionReply for Result<T, E> {
    fn into_action_reply(self) -> CardReply {
        match self {
            Ok(reply) => reply.into_action_reply(),
            Err(reply) => reply.into_action_reply(),
        }
    }
}

impl<T: IntoActionReply> IntoReply<ActionKind> for T {
    fn into_reply(self) -> CardReply {
        self.into_action_reply()
    }
}

impl IntoReply<InvokeKind> for () {
    fn into_reply(self) -> InvokeReply {
        InvokeReply::empty()
    }
}

impl IntoReply<InvokeKind> for Rejected {
    fn into_reply(self) -> InvokeReply {
        InvokeKind::rejected(self)
    }
}

impl IntoReply<InvokeKind> for InvokeReply {
    fn into_reply(self) -> InvokeReply {
        self
    }
}

impl<E: IntoReply<InvokeKind>> IntoReply<InvokeKind> for Result<InvokeReply, E> {
    fn into_reply(self) -> InvokeReply {
        self.unwrap_or_else(E::into_reply)
    }
}
