//! What a pressed button gets.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::activity::card::OAuthCard;
use crate::activity::{ADAPTIVE_CARD, strict};
use crate::reply::{ErrorBody, to_json};
use crate::{Error, ErrorKind};

/// What a pressed button gets. HTTP is always 200; the status that Teams acts on is in the body
/// (Microsoft's Universal Action Model).
///
/// ```
/// use argus_bot_sdk::reply::CardReply;
///
/// let reply = CardReply::error("Expired", "This card is out of date.");
/// assert_eq!(
///     String::from_utf8(reply.to_bytes().to_vec())?,
///     r#"{"statusCode":400,"type":"application/vnd.microsoft.error","value":{"code":"Expired","message":"This card is out of date."}}"#,
/// );
/// # Ok::<(), std::string::FromUtf8Error>(())
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "a reply that is not returned is never seen"]
pub struct CardReply {
    status: u16,
    content: Content,
}

#[derive(Clone, PartialEq)]
enum Content {
    Card(Value),
    Rendered(Bytes),
    Message(Cow<'static, str>),
    Error(ErrorBody),
    Login(Value),
    WrongCode,
    Precondition(ErrorBody),
}

impl CardReply {
    /// A card that takes the place of the one on which the button is.
    pub fn card(card: Value) -> Self {
        Self { status: 200, content: Content::Card(card) }
    }

    /// The same for a card that was rendered already, such as by `argus-cards`: its JSON is sent as
    /// it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if it is not a JSON object, or says something twice.
    ///
    /// ```
    /// use argus_bot_sdk::reply::CardReply;
    ///
    /// let reply = CardReply::rendered(r#"{"type":"AdaptiveCard"}"#)?;
    /// assert!(reply.to_bytes().ends_with(br#""value":{"type":"AdaptiveCard"}}"#));
    /// assert!(CardReply::rendered("[]").is_err());
    /// # Ok::<(), argus_bot_sdk::Error>(())
    /// ```
    pub fn rendered(json: impl Into<Bytes>) -> Result<Self, Error> {
        let json = json.into();
        strict::check_object(&json).map_err(|source| {
            Error::new(ErrorKind::Invalid, "the card is not a JSON object").with_source(source)
        })?;
        Ok(Self { status: 200, content: Content::Rendered(json) })
    }

    /// A short text that is shown to the person who pressed.
    pub fn message(text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: 200, content: Content::Message(text.into()) }
    }

    /// An error: a stable code and a text for the person who pressed. The status is 400 unless
    /// [`status`](Self::status) says otherwise.
    pub fn error(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let error = ErrorBody { code: code.into(), message: message.into() };
        Self { status: 400, content: Content::Error(error) }
    }

    /// Asks the person to sign in, with an OAuth card; status 401.
    ///
    /// ```
    /// use argus_bot_sdk::activity::card::OAuthCard;
    /// use argus_bot_sdk::reply::CardReply;
    ///
    /// let reply = CardReply::login_request(&OAuthCard::new("graph").text("Please sign in."));
    /// assert_eq!(reply.status_code(), 401);
    /// ```
    pub fn login_request(card: &OAuthCard) -> Self {
        let card = serde_json::to_value(card).unwrap_or_default();
        Self { status: 401, content: Content::Login(card) }
    }

    /// The code that the person brought back from the sign-in page is wrong; status 401.
    pub fn incorrect_auth_code() -> Self {
        Self { status: 401, content: Content::WrongCode }
    }

    /// The client's token for single sign-on could not be used; status 412. The client then shows
    /// the sign-in card.
    ///
    /// ```
    /// use argus_bot_sdk::reply::CardReply;
    ///
    /// let stale = CardReply::precondition_failed("Stale", "Somebody was faster.");
    /// assert!(stale.to_bytes().starts_with(br#"{"statusCode":412"#));
    /// assert!(CardReply::incorrect_auth_code().to_bytes().starts_with(br#"{"statusCode":401"#));
    /// ```
    pub fn precondition_failed(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let error = ErrorBody { code: code.into(), message: message.into() };
        Self { status: 412, content: Content::Precondition(error) }
    }

    /// Sets the status in the body, for example 403 or 500.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The status in the body.
    pub fn status_code(&self) -> u16 {
        self.status
    }

    /// The body as Teams gets it.
    pub fn to_bytes(&self) -> Bytes {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a, T> {
            status_code: u16,
            r#type: &'a str,
            value: &'a T,
        }
        fn body<T: Serialize>(status_code: u16, r#type: &str, value: &T) -> Bytes {
            to_json(&Body { status_code, r#type, value })
        }
        let status = self.status;
        match &self.content {
            Content::Card(card) => body(status, ADAPTIVE_CARD, card),
            Content::Rendered(json) => {
                let head =
                    format!("{{\"statusCode\":{status},\"type\":\"{ADAPTIVE_CARD}\",\"value\":");
                [head.as_bytes(), json, b"}"].concat().into()
            }
            Content::Message(text) => {
                body(status, "application/vnd.microsoft.activity.message", text)
            }
            Content::Error(error) => body(status, "application/vnd.microsoft.error", error),
            Content::Login(card) => {
                body(status, "application/vnd.microsoft.activity.loginRequest", card)
            }
            Content::WrongCode => {
                body(status, "application/vnd.microsoft.error.incorrectAuthCode", &())
            }
            Content::Precondition(error) => {
                body(status, "application/vnd.microsoft.error.preconditionFailed", error)
            }
        }
    }
}

impl fmt::Debug for CardReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The texts may name people and hosts.
        f.debug_struct("CardReply").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bodies_are_those_of_the_universal_action_model() {
        let check = |reply: CardReply, expected: Value| {
            assert_eq!(serde_json::from_slice::<Value>(&reply.to_bytes()).unwrap(), expected);
        };
        let card = json!({"type": "AdaptiveCard", "version": "1.5"});
        check(
            CardReply::card(card.clone()),
            json!({"statusCode": 200, "type": ADAPTIVE_CARD, "value": card}),
        );
        check(
            CardReply::message("Done."),
            json!({"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": "Done."}),
        );
        check(
            CardReply::error("403", "No.").status(403),
            json!({"statusCode": 403, "type": "application/vnd.microsoft.error",
                   "value": {"code": "403", "message": "No."}}),
        );
        check(
            CardReply::login_request(&OAuthCard::new("graph")),
            json!({"statusCode": 401, "type": "application/vnd.microsoft.activity.loginRequest",
                   "value": {"connectionName": "graph"}}),
        );
        check(
            CardReply::incorrect_auth_code(),
            json!({"statusCode": 401,
                   "type": "application/vnd.microsoft.error.incorrectAuthCode", "value": null}),
        );
        check(
            CardReply::precondition_failed("consent", "No consent."),
            json!({"statusCode": 412,
                   "type": "application/vnd.microsoft.error.preconditionFailed",
                   "value": {"code": "consent", "message": "No consent."}}),
        );
    }
}
