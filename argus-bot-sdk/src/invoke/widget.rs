//! Tools that a widget in a message calls.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::record::record;

record! {
    /// A widget calls a tool of the bot.
    pub struct ToolCall {
        @must {
            /// The tool.
            name: String = "name",
        }
        /// What the tool gets. It is a stranger's input.
        arguments: Value = "arguments",
    }
}

/// What a tool gives back to a widget.
///
/// ```
/// use argus_bot_sdk::invoke::{Response, WidgetResponse};
///
/// let reply = WidgetResponse::message("Refreshed.").structured(serde_json::json!({ "n": 1 }));
/// assert_eq!(
///     reply.into_invoke_reply().body(),
///     concat!(
///         r#"{"responseType":"htmlwidget/calltoolresult","callToolResult":"#,
///         r#"{"content":[{"type":"text","text":"Refreshed."}],"structuredContent":{"n":1}}}"#
///     ),
/// );
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "an answer that is not returned is never seen"]
pub struct WidgetResponse {
    text: String,
    structured: Option<Value>,
    failed: bool,
}

impl WidgetResponse {
    /// A text.
    pub fn message(text: impl Into<String>) -> Self {
        Self { text: text.into(), structured: None, failed: false }
    }

    /// A text that says what went wrong.
    pub fn error(text: impl Into<String>) -> Self {
        Self { failed: true, ..Self::message(text) }
    }

    /// Adds data from which the widget draws.
    pub fn structured(mut self, data: Value) -> Self {
        self.structured = Some(data);
        self
    }

    fn body(&self) -> Value {
        let mut result = Map::new();
        let content = json!([{ "type": "text", "text": self.text }]);
        result.insert("content".to_owned(), content);
        if let Some(data) = &self.structured {
            result.insert("structuredContent".to_owned(), data.clone());
        }
        if self.failed {
            result.insert("isError".to_owned(), Value::Bool(true));
        }
        json!({ "responseType": "htmlwidget/calltoolresult", "callToolResult": result })
    }
}

impl fmt::Debug for WidgetResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WidgetResponse").field("failed", &self.failed).finish_non_exhaustive()
    }
}

impl crate::invoke::Response for WidgetResponse {
    fn into_invoke_reply(self) -> crate::reply::InvokeReply {
        crate::reply::InvokeReply::json(&self.body())
    }

    fn told(_: u16, _: &str, text: &str) -> crate::reply::InvokeReply {
        Self::error(text).into_invoke_reply()
    }
}
