//! Signing in.

use std::fmt;

use serde_json::json;

use crate::invoke::Response;
use crate::record::record;
use crate::reply::InvokeReply;

record! {
    /// What somebody brings back from a sign-in page.
    pub struct VerifyState {
        /// The code, or a word such as `CancelledByUser`. It is a secret.
        state: String = "state",
    }
}

record! {
    /// A token that a client offers for single sign-on.
    pub struct TokenExchangeRequest {
        @must {
            /// The id of the request; all clients of one person send the same.
            id: String = "id",
            /// The token. It is a secret.
            token: String = "token",
        }
        /// The bot's OAuth connection.
        connection_name: String = "connectionName",
    }
}

record! {
    /// Why single sign-on failed in the client.
    pub struct SignInFailed {
        /// A stable code, such as `resourcematchfailed`.
        code: String = "code",
        /// A text for developers.
        message: String = "message",
    }
}

/// Whether the bot could use the token.
///
/// A failure has HTTP status 412: the client then shows the sign-in card.
///
/// ```
/// use argus_bot_sdk::invoke::{Response, TokenExchangeRequest, TokenExchangeResponse};
///
/// let request = TokenExchangeRequest::new("x1", "secret").connection_name("graph");
/// let failed = TokenExchangeResponse::failed(&request, "no consent").into_invoke_reply();
/// assert_eq!(failed.status(), 412);
/// assert_eq!(
///     failed.body(),
///     r#"{"id":"x1","connectionName":"graph","failureDetail":"no consent"}"#,
/// );
/// assert_eq!(TokenExchangeResponse::done().into_invoke_reply().body(), "{}");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use = "an answer that is not returned is never seen"]
pub struct TokenExchangeResponse(Option<Failure>);

#[derive(Clone, PartialEq, Eq)]
struct Failure {
    id: String,
    connection_name: Option<String>,
    detail: String,
}

impl TokenExchangeResponse {
    /// It could.
    pub fn done() -> Self {
        Self(None)
    }

    /// It could not.
    pub fn failed(request: &TokenExchangeRequest, detail: impl Into<String>) -> Self {
        Self(Some(Failure {
            id: request.id.clone(),
            connection_name: request.connection_name.clone(),
            detail: detail.into(),
        }))
    }
}

impl Response for TokenExchangeResponse {
    fn into_invoke_reply(self) -> InvokeReply {
        let Some(failure) = self.0 else {
            return InvokeReply::json(&json!({}));
        };
        // Teams refuses members that are `null`.
        let body = match failure.connection_name {
            Some(name) => json!({
                "id": failure.id, "connectionName": name, "failureDetail": failure.detail
            }),
            None => json!({ "id": failure.id, "failureDetail": failure.detail }),
        };
        InvokeReply::json(&body).with_status(412)
    }

    /// To be late is not to be signed in: the client shows the sign-in card.
    fn told(status: u16, code: &str, text: &str) -> InvokeReply {
        InvokeReply::error(code, text).with_status(if status == 200 { 412 } else { status })
    }
}

impl fmt::Debug for TokenExchangeResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchangeResponse").field("done", &self.0.is_none()).finish()
    }
}

/// Whether the code was good.
///
/// ```
/// use argus_bot_sdk::invoke::{Response, VerifyStateResponse};
///
/// assert_eq!(VerifyStateResponse::Done.into_invoke_reply().status(), 200);
/// assert_eq!(VerifyStateResponse::Failed.into_invoke_reply().status(), 412);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an answer that is not returned is never seen"]
#[non_exhaustive]
pub enum VerifyStateResponse {
    /// It was: status 200.
    Done,
    /// It was not: status 412.
    Failed,
}

impl Response for VerifyStateResponse {
    fn into_invoke_reply(self) -> InvokeReply {
        match self {
            Self::Done => InvokeReply::empty(),
            Self::Failed => InvokeReply::empty().with_status(412),
        }
    }

    fn told(status: u16, code: &str, text: &str) -> InvokeReply {
        TokenExchangeResponse::told(status, code, text)
    }
}
