//! The bot's settings, which Teams shows in a team or a group chat.

use std::fmt;

use serde_json::{Value, json};

use crate::invoke::task::said;
use crate::invoke::{Link, TaskInfo, json_response};

/// What the settings of a bot show.
///
/// ```
/// use argus_bot_sdk::invoke::{ConfigResponse, Response};
///
/// let reply = ConfigResponse::message("Saved.").into_invoke_reply();
/// assert_eq!(
///     reply.body(),
///     r#"{"responseType":"config","config":{"type":"message","value":"Saved."}}"#,
/// );
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "an answer that is not returned is never seen"]
pub struct ConfigResponse {
    config: Value,
    cache: Option<(String, u64)>,
}

impl ConfigResponse {
    /// Shows a card or a page.
    pub fn show(info: &TaskInfo) -> Self {
        Self { config: info.step(), cache: None }
    }

    /// Shows a text.
    pub fn message(text: &str) -> Self {
        Self { config: said(text), cache: None }
    }

    /// The person has to sign in first.
    pub fn auth(page: &Link) -> Self {
        let config = json!({ "type": "auth", "suggestedActions": page.actions() });
        Self { config, cache: None }
    }

    /// Lets the client keep the answer for so many seconds.
    ///
    /// ```
    /// use argus_bot_sdk::invoke::{ConfigResponse, Response as _};
    ///
    /// let reply = ConfigResponse::message("Saved.").cache("CACHE", 30).into_invoke_reply();
    /// assert!(reply.body().ends_with(br#""cacheInfo":{"cacheType":"CACHE","cacheDuration":30}}"#));
    /// ```
    pub fn cache(mut self, kind: impl Into<String>, seconds: u64) -> Self {
        self.cache = Some((kind.into(), seconds));
        self
    }

    fn body(&self) -> Value {
        let mut body = json!({ "responseType": "config", "config": self.config });
        if let (Some((kind, seconds)), Value::Object(members)) = (&self.cache, &mut body) {
            let cache = json!({ "cacheType": kind, "cacheDuration": seconds });
            members.insert("cacheInfo".to_owned(), cache);
        }
        body
    }
}

impl fmt::Debug for ConfigResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConfigResponse").field(&self.config.get("type")).finish()
    }
}

json_response! { ConfigResponse }
