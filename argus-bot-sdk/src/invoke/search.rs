//! Choices that are searched while somebody types.

use std::fmt;

use serde_json::{Value, json};

use crate::invoke::Response;
use crate::record::record;
use crate::reply::{CardReply, InvokeReply};

record! {
    /// What somebody typed into a choice with a dynamic data set.
    pub struct SearchRequest {
        /// `search`, or the sort of another host.
        kind: String = "kind",
        /// What was typed.
        query_text: String = "queryText",
        /// Which part of the results is wanted.
        query_options: SearchOptions = "queryOptions",
        /// The data set that the card names.
        dataset: String = "dataset",
        /// What the other inputs hold, if the card asks for that.
        data: Value = "data",
    }
}

record! {
    /// Which part of the results is wanted.
    pub struct SearchOptions {
        /// How many were shown already.
        skip: u64 = "skip",
        /// How many more.
        top: u64 = "top",
    }
}

/// The choices that were found.
///
/// ```
/// use argus_bot_sdk::invoke::{Response, SearchResponse};
///
/// let reply = SearchResponse::default().choice("srv-1 (Oslo)", "srv-1").into_invoke_reply();
/// let body: serde_json::Value = serde_json::from_slice(reply.body())?;
/// assert_eq!(body["value"]["results"][0]["value"], "srv-1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[must_use = "an answer that is not returned is never seen"]
pub struct SearchResponse {
    results: Vec<(String, String)>,
}

impl SearchResponse {
    /// Adds a choice: what the person sees, and what the card gets.
    pub fn choice(mut self, title: impl Into<String>, value: impl Into<String>) -> Self {
        self.results.push((title.into(), value.into()));
        self
    }
}

impl<T: Into<String>, V: Into<String>> FromIterator<(T, V)> for SearchResponse {
    fn from_iter<I: IntoIterator<Item = (T, V)>>(choices: I) -> Self {
        choices.into_iter().fold(Self::default(), |all, (title, value)| all.choice(title, value))
    }
}

impl Response for SearchResponse {
    fn into_invoke_reply(self) -> InvokeReply {
        let choice = |(title, value)| json!({ "title": title, "value": value });
        InvokeReply::json(&json!({
            "statusCode": 200,
            "type": "application/vnd.microsoft.search.searchResponse",
            "value": { "results": self.results.into_iter().map(choice).collect::<Vec<Value>>() },
        }))
    }

    /// The body says what went wrong, like that of a button.
    fn told(status: u16, code: &str, text: &str) -> InvokeReply {
        CardReply::told(status, code, text)
    }
}

impl fmt::Debug for SearchResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchResponse").field("results", &self.results.len()).finish()
    }
}
