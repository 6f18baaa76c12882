//! Tabs made of Adaptive Cards.

use std::fmt;

use serde_json::{Value, json};

use crate::invoke::{ClientContext, LATE, Link, Response};
use crate::record::record;
use crate::reply::InvokeReply;

record! {
    /// A tab is to be shown, or a button in it was pressed.
    pub struct TabRequest {
        /// Which tab it is.
        tab_context: TabContext = "tabContext",
        /// How the client looks.
        context: ClientContext = "context",
        /// What a sign-in page gave back.
        state: String = "state",
        /// The button's data with the card's inputs merged in.
        data: Value = "data",
    }
}

record! {
    /// Which tab it is.
    pub struct TabContext {
        /// The `entityId` of the app's manifest.
        tab_entity_id: String = "tabEntityId",
    }
}

/// What a tab shows.
///
/// ```
/// use argus_bot_sdk::invoke::{Response, TabResponse};
///
/// let reply = TabResponse::cards([serde_json::json!({ "type": "AdaptiveCard" })]);
/// assert_eq!(
///     reply.into_invoke_reply().body(),
///     r#"{"tab":{"type":"continue","value":{"cards":[{"card":{"type":"AdaptiveCard"}}]}}}"#,
/// );
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "an answer that is not returned is never seen"]
pub struct TabResponse(Shown);

#[derive(Clone, PartialEq)]
enum Shown {
    Cards(Vec<Value>),
    Auth(Link),
    SilentAuth(Link),
}

impl TabResponse {
    /// Shows Adaptive Cards, one below the other.
    pub fn cards(cards: impl IntoIterator<Item = Value>) -> Self {
        Self(Shown::Cards(cards.into_iter().collect()))
    }

    /// The person has to sign in first.
    pub fn auth(page: Link) -> Self {
        Self(Shown::Auth(page))
    }

    /// The client may sign in on its own, else the person has to.
    ///
    /// ```
    /// use argus_bot_sdk::invoke::{Link, TabResponse};
    ///
    /// let page = || Link::new("Sign in", "https://contoso.example/signin");
    /// assert_ne!(TabResponse::silent_auth(page()), TabResponse::auth(page()));
    /// ```
    pub fn silent_auth(page: Link) -> Self {
        Self(Shown::SilentAuth(page))
    }
}

impl Response for TabResponse {
    fn into_invoke_reply(self) -> InvokeReply {
        let linked =
            |kind, page: &Link| json!({ "type": kind, "suggestedActions": page.actions() });
        let tab = match &self.0 {
            Shown::Cards(cards) => {
                let cards: Vec<Value> = cards.iter().map(|card| json!({ "card": card })).collect();
                json!({ "type": "continue", "value": { "cards": cards } })
            }
            Shown::Auth(page) => linked("auth", page),
            Shown::SilentAuth(page) => linked("silentAuth", page),
        };
        InvokeReply::json(&json!({ "tab": tab }))
    }

    /// A tab shows nothing but cards, so the text is in one.
    fn late() -> InvokeReply {
        let text = json!({ "type": "TextBlock", "text": LATE, "wrap": true });
        let card = json!({ "type": "AdaptiveCard", "version": "1.5", "body": [text] });
        Self::cards([card]).into_invoke_reply()
    }
}

impl fmt::Debug for TabResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Shown::Cards(_) => "continue",
            Shown::Auth(_) => "auth",
            Shown::SilentAuth(_) => "silentAuth",
        };
        f.debug_tuple("TabResponse").field(&kind).finish()
    }
}
