//! Dialogs (task modules).

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::Attachment;
use crate::record::record;

record! {
    /// A dialog is to be opened, or was filled in.
    ///
    /// ```
    /// use argus_bot_sdk::invoke::TaskRequest;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Form {
    ///     host: String,
    /// }
    ///
    /// let submitted: TaskRequest =
    ///     serde_json::from_str(r#"{ "data": { "dialog": "isolate", "host": "srv-1" } }"#)?;
    /// assert_eq!(submitted.dialog(), Some("isolate"));
    /// assert_eq!(submitted.input::<Form>()?.host, "srv-1");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct TaskRequest {
        /// What the button carries, with the card's inputs merged in.
        data: Value = "data",
        /// How the client looks.
        context: ClientContext = "context",
        /// The tab from which it was opened.
        tab_context: crate::invoke::TabContext = "tabContext",
    }
}

record! {
    /// How the client looks.
    pub struct ClientContext {
        /// `default`, `dark` or `contrast`.
        theme: String = "theme",
    }
}

/// The member of a button's data that names a dialog; see [`TaskInfo::button_data`].
const DIALOG: &str = "dialog";

impl TaskRequest {
    /// Which dialog it is, by the member `dialog` of the data (or `dialog_id`, which other SDKs
    /// write).
    pub fn dialog(&self) -> Option<&str> {
        dialog_of(self.data.as_ref()?)
    }

    /// The data as a type of yours; no data is empty data.
    ///
    /// # Errors
    ///
    /// [`serde_json::Error`] if it does not fit. It is a stranger's input.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        let empty = Value::Object(Map::new());
        T::deserialize(self.data.as_ref().unwrap_or(&empty))
    }
}

/// Which dialog the data of a button names.
pub(crate) fn dialog_of(data: &Value) -> Option<&str> {
    data.get(DIALOG).or_else(|| data.get("dialog_id"))?.as_str()
}

/// What a dialog shows: a card or a page, never both.
///
/// ```
/// use argus_bot_sdk::invoke::{DialogSize, TaskInfo, TaskResponse};
///
/// let page = TaskInfo::url("Evidence", "https://contoso.example/evidence")
///     .width(DialogSize::Large)
///     .height(400)
///     .fallback_url("https://contoso.example/open");
/// assert_ne!(TaskResponse::show(page), TaskResponse::close());
/// ```
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use = "a dialog that is not returned is never seen"]
pub struct TaskInfo {
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<DialogSize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<DialogSize>,
    #[serde(flatten)]
    shows: Shows,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_bot_id: Option<String>,
}

#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Shows {
    Card(Box<Attachment>),
    Url(String),
}

impl std::fmt::Debug for TaskInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskInfo")
            .field("height", &self.height)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

/// How high or wide a dialog is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DialogSize {
    /// 20 % of the window's height or width.
    Small,
    /// 50 %.
    Medium,
    /// 60 %.
    Large,
    /// So many pixels.
    #[serde(untagged)]
    Pixels(u32),
}

impl From<u32> for DialogSize {
    fn from(pixels: u32) -> Self {
        Self::Pixels(pixels)
    }
}

impl TaskInfo {
    /// A dialog that shows an Adaptive Card.
    pub fn card(title: impl Into<String>, card: Value) -> Self {
        Self::of(title.into(), Shows::Card(Box::new(Attachment::card(card))))
    }

    /// A dialog that shows a page, whose domain the app's manifest has to name.
    pub fn url(title: impl Into<String>, url: impl Into<String>) -> Self {
        Self::of(title.into(), Shows::Url(url.into()))
    }

    fn of(title: String, shows: Shows) -> Self {
        Self {
            title,
            shows,
            height: None,
            width: None,
            fallback_url: None,
            completion_bot_id: None,
        }
    }

    /// Sets the height.
    pub fn height(mut self, height: impl Into<DialogSize>) -> Self {
        self.height = Some(height.into());
        self
    }

    /// Sets the width.
    pub fn width(mut self, width: impl Into<DialogSize>) -> Self {
        self.width = Some(width.into());
        self
    }

    /// Sets the page that clients open which cannot show dialogs.
    pub fn fallback_url(mut self, url: impl Into<String>) -> Self {
        self.fallback_url = Some(url.into());
        self
    }

    /// Sets the bot that gets the result instead of this one.
    ///
    /// ```
    /// use argus_bot_sdk::invoke::TaskInfo;
    ///
    /// let page = TaskInfo::url("Evidence", "https://contoso.example/evidence")
    ///     .completion_bot("0f0e0d0c-1111-4222-8333-444455556666");
    /// let wire = serde_json::to_value(&page)?;
    /// assert_eq!(wire["completionBotId"], "0f0e0d0c-1111-4222-8333-444455556666");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn completion_bot(mut self, app_id: impl Into<String>) -> Self {
        self.completion_bot_id = Some(app_id.into());
        self
    }

    /// The data of an `Action.Submit` that opens the dialog `id`, which
    /// [`Router::dialog`](crate::Router::dialog) answers.
    ///
    /// ```
    /// let data = argus_bot_sdk::invoke::TaskInfo::button_data("incident");
    /// assert_eq!(data["msteams"]["type"], "task/fetch");
    /// assert_eq!(data["dialog"], "incident");
    /// ```
    pub fn button_data(id: &str) -> Value {
        json!({ "msteams": { "type": "task/fetch" }, DIALOG: id })
    }

    /// `{"type":"continue","value":…}`.
    pub(crate) fn step(&self) -> Value {
        json!({ "type": "continue", "value": self })
    }
}

/// What a dialog does next: it shows something, says something, or closes.
///
/// ```
/// use argus_bot_sdk::invoke::{Response, TaskResponse};
///
/// let reply = TaskResponse::message("srv-1 is isolated.").into_invoke_reply();
/// assert_eq!(reply.body(), r#"{"task":{"type":"message","value":"srv-1 is isolated."}}"#);
/// assert!(TaskResponse::close().into_invoke_reply().body().is_empty());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an answer that is not returned is never seen"]
pub struct TaskResponse(Next);

#[derive(Clone, PartialEq)]
enum Next {
    Show(Box<TaskInfo>),
    Say(String),
    Close,
}

impl std::fmt::Debug for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Show(_) => "show",
            Self::Say(_) => "message",
            Self::Close => "close",
        })
    }
}

impl TaskResponse {
    /// Shows a card or a page.
    pub fn show(info: TaskInfo) -> Self {
        Self(Next::Show(Box::new(info)))
    }

    /// Shows a text.
    pub fn message(text: impl Into<String>) -> Self {
        Self(Next::Say(text.into()))
    }

    /// Closes the dialog: status 200 without a body.
    pub fn close() -> Self {
        Self(Next::Close)
    }

    /// What stands in `task`; nothing closes.
    pub(crate) fn step(&self) -> Option<Value> {
        match &self.0 {
            Next::Show(info) => Some(info.step()),
            Next::Say(text) => Some(said(text)),
            Next::Close => None,
        }
    }
}

/// `{"type":"message","value":…}`.
pub(crate) fn said(text: &str) -> Value {
    json!({ "type": "message", "value": text })
}

impl crate::invoke::Response for TaskResponse {
    fn into_invoke_reply(self) -> crate::reply::InvokeReply {
        match self.step() {
            Some(step) => crate::reply::InvokeReply::json(&json!({ "task": step })),
            None => crate::reply::InvokeReply::empty(),
        }
    }

    fn told(_: u16, _: &str, text: &str) -> crate::reply::InvokeReply {
        Self::message(text).into_invoke_reply()
    }
}
