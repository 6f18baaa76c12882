//! Invokes: requests that wait for an answer in the same HTTP exchange, each with its own question
//! and its own answer.
//!
//! Every name that Teams uses is a type here, and that type says what the question carries
//! ([`Invoke::Value`]) and what the answer is ([`Invoke::Response`]). A handler that reads another
//! question or gives another answer does not compile.
//!
//! ```
//! use argus_bot_sdk::Router;
//! use argus_bot_sdk::invoke::{Invoked, TaskFetch, TaskInfo, TaskResponse};
//!
//! async fn open(Invoked(asked): Invoked<TaskFetch>) -> TaskResponse {
//!     match asked.dialog() {
//!         Some("incident") => TaskResponse::show(TaskInfo::card(
//!             "Incident",
//!             serde_json::json!({ "type": "AdaptiveCard", "version": "1.5" }),
//!         )),
//!         _ => TaskResponse::message("This dialog is not known here."),
//!     }
//! }
//!
//! let router: Router = Router::new().on(TaskFetch, open);
//! assert_eq!(router.invokes().collect::<Vec<_>>(), ["task/fetch"]);
//! ```

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{Deserialize as _, DeserializeOwned};
use serde_json::{Map, Value};

use crate::Activity;
use crate::extract::{Rejected, Turn};
use crate::reply::{ActionKind, CardReply, IntoReply, InvokeReply, ReplyKind, sealed};

mod action;
mod config;
mod extension;
mod file;
mod link;
mod message;
mod names;
mod search;
mod signin;
mod tab;
mod task;
mod widget;

pub use crate::invoke::action::{Authentication, CardActionRequest, PressedAction};
pub use crate::invoke::config::ConfigResponse;
pub use crate::invoke::extension::{
    ExtensionActionRequest, ExtensionActionResponse, ExtensionContext, ExtensionItem,
    ExtensionQuery, ExtensionResponse, LinkQuery, MessageBody, MessagePayload, Parameter,
    PreviewAction, QueryOptions,
};
pub use crate::invoke::file::{FileConsentAction, FileConsentRequest, FileUploadInfo};
pub use crate::invoke::link::Link;
pub use crate::invoke::message::{
    ConnectorCardAction, Feedback, FeedbackDialog, FeedbackValue, HandoffRequest, Reaction,
};
pub use crate::invoke::names::*;
pub use crate::invoke::search::{SearchOptions, SearchRequest, SearchResponse};
pub use crate::invoke::signin::{
    SignInFailed, TokenExchangeRequest, TokenExchangeResponse, VerifyState, VerifyStateResponse,
};
pub use crate::invoke::tab::{TabContext, TabRequest, TabResponse};
pub(crate) use crate::invoke::task::dialog_of;
pub use crate::invoke::task::{ClientContext, DialogSize, TaskInfo, TaskRequest, TaskResponse};
pub use crate::invoke::widget::{ToolCall, WidgetResponse};

/// How long Teams waits for most invokes is 5 s; what remains is for the way there and back.
const MOST: Duration = Duration::from_millis(4_500);

/// What is said when a handler takes longer than its budget, where a text can be shown.
pub(crate) const LATE: &str =
    "This takes longer than expected. It goes on; look again in a moment.";

/// A name of an invoke, what it asks and what answers it.
///
/// All names of Teams are here already; implement it for the names of other channels.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::invoke::{Ack, Invoke, Invoked};
///
/// struct Ring;
/// impl Invoke for Ring {
///     const NAME: &'static str = "bell/ring";
///     type Value = String;
///     type Response = Ack;
/// }
///
/// async fn ring(Invoked(_tune): Invoked<Ring>) {}
/// let router: Router = Router::new().on(Ring, ring);
/// # assert_eq!(router.invokes().count(), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an invoke",
    label = "not an invoke",
    note = "the names of Teams are types in `argus_bot_sdk::invoke`, such as `TaskFetch`; implement `Invoke` for others"
)]
pub trait Invoke: Send + Sync + 'static {
    /// The name on the wire, such as `task/fetch`.
    const NAME: &'static str;

    /// What the invoke carries.
    type Value: DeserializeOwned + Send + 'static;

    /// What answers it.
    type Response: Response;

    /// How long the handler may take, unless the bot's builder says otherwise.
    const BUDGET: Duration = MOST;
}

/// An answer to an invoke: an HTTP status and a body.
///
/// ```
/// use argus_bot_sdk::invoke::Response;
/// use argus_bot_sdk::reply::InvokeReply;
///
/// /// What time it is, for an invoke of a channel of your own.
/// struct Time(u32);
/// impl Response for Time {
///     fn into_invoke_reply(self) -> InvokeReply {
///         InvokeReply::json(&serde_json::json!({ "hour": self.0 }))
///     }
/// }
/// assert_eq!(Time(7).into_invoke_reply().status(), 200);
/// assert_eq!(Time::told(400, "NoClock", "There is no clock.").status(), 400);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an answer to any invoke",
    note = "the answers are types in `argus_bot_sdk::invoke`, such as `TaskResponse`; implement `Response` for others"
)]
pub trait Response: Sized + Send + 'static {
    /// The answer on the wire.
    fn into_invoke_reply(self) -> InvokeReply;

    /// How the person is told that it did not work, for example because the value was bad.
    ///
    /// Answers that can show a text do so with status 200; others have this status and the body
    /// `{"error":{"code","message"}}`.
    fn told(status: u16, code: &str, text: &str) -> InvokeReply {
        InvokeReply::error(code, text).with_status(status)
    }

    /// What is answered when the handler takes longer than [`Invoke::BUDGET`]. It goes on, and its
    /// own answer waits for a repetition.
    fn late() -> InvokeReply {
        Self::told(200, "Timeout", LATE)
    }
}

/// What a handler may return for an invoke that is answered by `R`: `R` itself, what can be made
/// into it, or a `Result` of two such values.
///
/// Implement it for your flow's error, and the person who asked is told in your words.
///
/// ```
/// use argus_bot_sdk::invoke::{IntoResponse, TaskResponse};
///
/// struct NotYours;
/// impl IntoResponse<TaskResponse> for NotYours {
///     fn into_response(self) -> TaskResponse {
///         TaskResponse::message("You may not do that.")
///     }
/// }
/// let opened: Result<TaskResponse, NotYours> = Err(NotYours);
/// assert_eq!(opened.into_response(), TaskResponse::message("You may not do that."));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer this invoke, which takes `{R}`",
    label = "the handler returns this",
    note = "return `{R}`, or a `Result` of two values that implement `IntoResponse<{R}>`"
)]
pub trait IntoResponse<R: Response> {
    /// Turns the value into the answer.
    fn into_response(self) -> R;
}

impl<R: Response> IntoResponse<R> for R {
    fn into_response(self) -> R {
        self
    }
}

impl<R: Response, T: IntoResponse<R>, E: IntoResponse<R>> IntoResponse<R> for Result<T, E> {
    fn into_response(self) -> R {
        match self {
            Ok(answer) => answer.into_response(),
            Err(answer) => answer.into_response(),
        }
    }
}

/// The sort of handlers that answer the invoke `I`; see [`Router::on`](crate::Router::on).
pub struct On<I>(PhantomData<fn() -> I>);

impl<I> sealed::Sealed for On<I> {}

impl<I: Invoke> ReplyKind for On<I> {
    type Reply = InvokeReply;

    fn rejected(rejection: Rejected) -> InvokeReply {
        let text = rejection.text().unwrap_or_default();
        I::Response::told(rejection.status(), rejection.code(), text)
    }
}

impl<I: Invoke, T: IntoResponse<I::Response>> IntoReply<On<I>> for T {
    fn into_reply(self) -> InvokeReply {
        self.into_response().into_invoke_reply()
    }
}

impl<I: Invoke> fmt::Debug for On<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("On").field(&I::NAME).finish()
    }
}

/// What the invoke `I` carries, as an argument of its handler. It is a stranger's input: a client
/// can send anything that fits.
///
/// A handler of one invoke cannot ask for what another carries:
///
/// ```compile_fail,E0277
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::invoke::{Invoked, TabFetch, TaskFetch, TaskResponse};
///
/// async fn open(Invoked(_): Invoked<TabFetch>) -> TaskResponse {
///     TaskResponse::close()
/// }
/// let router: Router = Router::new().on(TaskFetch, open);
/// ```
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart in their argument list")]
pub struct Invoked<I: Invoke>(pub I::Value);

impl<I: Invoke> fmt::Debug for Invoked<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Invoked").field(&I::NAME).finish()
    }
}

impl<I: Invoke> Invoked<I> {
    /// Reads what an activity carries.
    ///
    /// # Errors
    ///
    /// [`Rejected`] if the activity is another one, or its value is not what the name promises.
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    /// use argus_bot_sdk::invoke::{Invoked, QueryLink};
    ///
    /// let read = |wire| Invoked::<QueryLink>::of(&serde_json::from_str::<Activity>(wire).unwrap());
    /// let pasted = r#"{ "type": "invoke", "name": "composeExtension/queryLink",
    ///                   "value": { "url": "https://contoso.example/42" } }"#;
    /// assert_eq!(read(pasted).unwrap().0.url, "https://contoso.example/42");
    /// let bad = r#"{ "type": "invoke", "name": "composeExtension/queryLink", "value": {} }"#;
    /// let says = "The value of composeExtension/queryLink does not fit: `url` is missing.";
    /// assert_eq!(read(bad).unwrap_err().text(), Some(says));
    /// ```
    pub fn of(activity: &Activity) -> Result<Self, Rejected> {
        if activity.invoke_name() != Some(I::NAME) {
            return Err(Rejected::new("OtherInvoke", format!("This is not {}.", I::NAME)));
        }
        let empty = Value::Object(Map::new());
        let value = activity.value.as_ref().filter(|value| !value.is_null());
        // An invoke without a value is one whose value has nothing in it, if that is enough.
        let read = match value {
            Some(value) => I::Value::deserialize(value),
            None => I::Value::deserialize(&Value::Null).or_else(|_| I::Value::deserialize(&empty)),
        };
        read.map(Self).map_err(|error| {
            Rejected::new("BadValue", format!("The value of {} does not fit: {error}.", I::NAME))
        })
    }

    pub(crate) fn from_turn(turn: &Turn) -> Result<Self, Rejected> {
        Self::of(turn.activity()).inspect_err(|rejected| {
            // The text may quote the value, so only its code is logged.
            tracing::debug!(
                correlation = turn.correlation(),
                invoke = I::NAME,
                code = rejected.code(),
                "an invoke does not fit its handler"
            );
        })
    }
}

/// Sorts of handlers that may ask for what the invoke `I` carries.
#[diagnostic::on_unimplemented(
    message = "the value of `{I}` is not there for handlers of `{Self}`",
    label = "the handler asks for the value of `{I}`",
    note = "a handler of `On<I>` asks for `Invoked<I>` with the same `I`"
)]
pub trait Carries<I>: ReplyKind {}

impl<I: Invoke> Carries<I> for On<I> {}
impl Carries<AdaptiveCardAction> for ActionKind {}

/// Nothing but the news that it arrived: status 200 without a body. Handlers may return `()`.
///
/// ```
/// use argus_bot_sdk::invoke::{Ack, Response};
///
/// let reply = Ack.into_invoke_reply();
/// assert_eq!((reply.status(), reply.body().len()), (200, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing in it and never will be")]
pub struct Ack;

impl Response for Ack {
    fn into_invoke_reply(self) -> InvokeReply {
        InvokeReply::empty()
    }

    /// That it arrived is all that is asked.
    fn late() -> InvokeReply {
        InvokeReply::empty()
    }
}

impl IntoResponse<Ack> for () {
    fn into_response(self) -> Ack {
        Ack
    }
}

impl Response for CardReply {
    fn into_invoke_reply(self) -> InvokeReply {
        InvokeReply::raw(self.to_bytes())
    }

    /// HTTP stays 200; the status that Teams acts on is in the body.
    fn told(status: u16, code: &str, text: &str) -> InvokeReply {
        // To be late is no success for a button.
        let status = if status == 200 { 500 } else { status };
        let reply = Self::error(code.to_owned(), text.to_owned()).status(status);
        reply.into_invoke_reply()
    }
}

/// An answer that is always JSON with status 200.
macro_rules! json_response {
    ($($Name:ident)*) => { $(
        impl $crate::invoke::Response for $Name {
            fn into_invoke_reply(self) -> $crate::reply::InvokeReply {
                $crate::reply::InvokeReply::json(&self.body())
            }

            fn told(_: u16, _: &str, text: &str) -> $crate::reply::InvokeReply {
                Self::message(text).into_invoke_reply()
            }
        }
    )* };
}
pub(crate) use json_response;
