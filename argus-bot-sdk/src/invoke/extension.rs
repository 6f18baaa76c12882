//! Message extensions: searches, links and actions from where a message is written.

use serde_json::{Value, json};

use crate::invoke::task::said;
use crate::invoke::{ClientContext, IntoResponse, Link, Response, TaskResponse, json_response};
use crate::record::{open_enum, record};
use crate::reply::InvokeReply;
use crate::{Activity, Attachment};

record! {
    /// What somebody searches for in a message extension.
    ///
    /// ```
    /// use argus_bot_sdk::invoke::ExtensionQuery;
    ///
    /// let query: ExtensionQuery = serde_json::from_str(
    ///     r#"{ "commandId": "hosts", "parameters": [{ "name": "name", "value": "srv" }] }"#,
    /// )?;
    /// assert_eq!(query.parameter("name"), Some("srv"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct ExtensionQuery {
        /// The command of the app's manifest.
        command_id: String = "commandId",
        /// What was typed, by the parameters of the manifest.
        parameters: Vec<Parameter> = "parameters",
        /// Which part of the results is wanted.
        query_options: QueryOptions = "queryOptions",
        /// What a sign-in or settings page gave back.
        state: String = "state",
    }
}

record! {
    /// One parameter of a search.
    pub struct Parameter {
        /// Its name in the manifest; `initialRun` for a search that nobody typed yet.
        name: String = "name",
        /// What was typed.
        value: Value = "value",
    }
}

record! {
    /// Which part of the results is wanted.
    pub struct QueryOptions {
        /// How many were shown already.
        skip: u64 = "skip",
        /// How many more.
        count: u64 = "count",
    }
}

impl ExtensionQuery {
    /// What was typed for the parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut all = self.parameters.iter().flatten();
        all.find(|it| it.name.as_deref() == Some(name))?.value.as_ref()?.as_str()
    }

    /// What was typed, for commands of one parameter, whatever its name; nothing for a search that
    /// nobody typed yet. The Agents Playground leaves the name out.
    pub fn text(&self) -> &str {
        let mut all = self.parameters.iter().flatten();
        let typed = all.find(|it| it.name.as_deref() != Some("initialRun"));
        typed.and_then(|it| it.value.as_ref()?.as_str()).unwrap_or_default()
    }
}

record! {
    /// A link that somebody pasted.
    pub struct LinkQuery {
        @must {
            /// The link.
            url: String = "url",
        }
        /// What a sign-in page gave back.
        state: String = "state",
    }
}

open_enum! {
    /// From where an action extension was called.
    pub enum ExtensionContext {
        /// From a message, which is in the payload.
        Message = "message",
        /// From where a message is written.
        Compose = "compose",
        /// From the command box.
        CommandBox = "commandbox",
    }
}

open_enum! {
    /// What somebody did with the preview of a message that the bot made for them.
    pub enum PreviewAction {
        /// They want to change it.
        Edit = "edit",
        /// It is to be sent.
        Send = "send",
    }
}

record! {
    /// An action extension was called, or its dialog was filled in.
    ///
    /// ```
    /// use argus_bot_sdk::invoke::{ExtensionActionRequest, PreviewAction};
    ///
    /// let sent: ExtensionActionRequest = serde_json::from_str(
    ///     r#"{ "commandId": "report", "botMessagePreviewAction": "send",
    ///          "botActivityPreview": [{ "type": "message", "text": "Report" }] }"#,
    /// )?;
    /// assert_eq!(sent.bot_message_preview_action, Some(PreviewAction::Send));
    /// assert_eq!(sent.bot_activity_preview.unwrap()[0].text.as_deref(), Some("Report"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct ExtensionActionRequest {
        /// The command of the app's manifest.
        command_id: String = "commandId",
        /// From where it was called.
        command_context: ExtensionContext = "commandContext",
        /// What the dialog was filled with.
        data: Value = "data",
        /// How the client looks.
        context: ClientContext = "context",
        /// The message from which it was called.
        message_payload: MessagePayload = "messagePayload",
        /// What was done with the preview; nothing if there was none.
        bot_message_preview_action: PreviewAction = "botMessagePreviewAction",
        /// The preview itself.
        bot_activity_preview: Vec<Activity> = "botActivityPreview",
        /// The client's id for this request.
        request_id: String = "requestId",
        /// What a sign-in page gave back.
        state: String = "state",
    }
}

record! {
    /// A message as Microsoft Graph writes it.
    pub struct MessagePayload {
        /// Its id.
        id: String = "id",
        /// The message that it answers.
        reply_to_id: String = "replyToId",
        /// When it was written.
        created_date_time: String = "createdDateTime",
        /// When it was changed.
        last_modified_date_time: String = "lastModifiedDateTime",
        /// Whether it is gone.
        deleted: bool = "deleted",
        /// `message` or a system event.
        message_type: String = "messageType",
        /// Its subject.
        subject: String = "subject",
        /// Its summary.
        summary: String = "summary",
        /// `normal`, `high` or `urgent`.
        importance: String = "importance",
        /// Its language.
        locale: String = "locale",
        /// A link to it.
        link_to_message: String = "linkToMessage",
        /// Who wrote it: a `user`, an `application` or a `device`.
        from: Value = "from",
        /// What it says.
        body: MessageBody = "body",
        /// `list` or `carousel`.
        attachment_layout: String = "attachmentLayout",
        /// Its attachments, by Graph's names.
        attachments: Vec<Value> = "attachments",
        /// Its mentions, by Graph's names.
        mentions: Vec<Value> = "mentions",
        /// Its reactions, by Graph's names.
        reactions: Vec<Value> = "reactions",
    }
}

record! {
    /// What a message says.
    pub struct MessageBody {
        /// `html` or `text`.
        content_type: String = "contentType",
        /// The text.
        content: String = "content",
        /// The text without marks.
        text_content: String = "textContent",
    }
}

/// One result of a search: a card, and what stands for it in the list.
///
/// ```
/// use argus_bot_sdk::activity::card::ThumbnailCard;
/// use argus_bot_sdk::invoke::{ExtensionItem, ExtensionResponse};
///
/// let card = serde_json::json!({ "type": "AdaptiveCard", "version": "1.5" });
/// let item = ExtensionItem::card(card).preview(ThumbnailCard::default().title("srv-1"));
/// let reply = ExtensionResponse::results([item]);
/// # assert_ne!(reply, ExtensionResponse::results([]));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a result that is not returned is never seen"]
pub struct ExtensionItem {
    attachment: Attachment,
    preview: Option<Attachment>,
}

impl ExtensionItem {
    /// A card of any sort.
    pub fn new(attachment: impl Into<Attachment>) -> Self {
        Self { attachment: attachment.into(), preview: None }
    }

    /// An Adaptive Card. It needs a [`preview`](Self::preview) to be seen in a list.
    pub fn card(card: Value) -> Self {
        Self::new(Attachment::card(card))
    }

    /// Sets what stands for it in the list.
    pub fn preview(mut self, preview: impl Into<Attachment>) -> Self {
        self.preview = Some(preview.into());
        self
    }

    fn body(&self) -> Value {
        let mut body = json!(self.attachment);
        if let (Value::Object(members), Some(preview)) = (&mut body, &self.preview) {
            members.insert("preview".to_owned(), json!(preview));
        }
        body
    }
}

/// What a message extension answers to a search or a link.
///
/// ```
/// use argus_bot_sdk::invoke::{ExtensionResponse, Response};
///
/// let reply = ExtensionResponse::message("Nothing was found.").into_invoke_reply();
/// assert_eq!(
///     reply.body(),
///     r#"{"composeExtension":{"type":"message","text":"Nothing was found."}}"#,
/// );
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "an answer that is not returned is never seen"]
pub struct ExtensionResponse(Answer);

#[derive(Clone, PartialEq)]
enum Answer {
    Results { layout: &'static str, items: Vec<ExtensionItem> },
    Auth(Link),
    SilentAuth(Link),
    Config(Link),
    Message(String),
}

impl ExtensionResponse {
    /// Results, one below the other.
    pub fn results(items: impl IntoIterator<Item = ExtensionItem>) -> Self {
        Self(Answer::Results { layout: "list", items: items.into_iter().collect() })
    }

    /// Results in a grid.
    pub fn grid(items: impl IntoIterator<Item = ExtensionItem>) -> Self {
        Self(Answer::Results { layout: "grid", items: items.into_iter().collect() })
    }

    /// A text instead of results.
    pub fn message(text: impl Into<String>) -> Self {
        Self(Answer::Message(text.into()))
    }

    /// The person has to sign in first.
    pub fn auth(page: Link) -> Self {
        Self(Answer::Auth(page))
    }

    /// The client may sign in on its own, else the person has to.
    ///
    /// ```
    /// use argus_bot_sdk::invoke::{ExtensionItem, ExtensionResponse, Link};
    /// use serde_json::json;
    ///
    /// fn answer(cards: Option<Vec<serde_json::Value>>) -> ExtensionResponse {
    ///     match cards {
    ///         Some(cards) => ExtensionResponse::grid(cards.into_iter().map(ExtensionItem::card)),
    ///         None => {
    ///             let page = Link::new("Sign in", "https://contoso.example/signin");
    ///             ExtensionResponse::silent_auth(page)
    ///         }
    ///     }
    /// }
    /// assert_ne!(answer(Some(vec![json!({"type": "AdaptiveCard"})])), answer(None));
    /// ```
    pub fn silent_auth(page: Link) -> Self {
        Self(Answer::SilentAuth(page))
    }

    /// The person has to choose settings first; also the answer to
    /// [`QuerySettingUrl`](crate::invoke::QuerySettingUrl).
    pub fn config(page: Link) -> Self {
        Self(Answer::Config(page))
    }

    fn body(&self) -> Value {
        let linked =
            |kind, page: &Link| json!({ "type": kind, "suggestedActions": page.actions() });
        json!({ "composeExtension": match &self.0 {
            Answer::Results { layout, items } => json!({
                "type": "result",
                "attachmentLayout": layout,
                "attachments": items.iter().map(ExtensionItem::body).collect::<Vec<_>>(),
            }),
            Answer::Auth(page) => linked("auth", page),
            Answer::SilentAuth(page) => linked("silentAuth", page),
            Answer::Config(page) => linked("config", page),
            Answer::Message(text) => json!({ "type": "message", "text": text }),
        }})
    }
}

/// What a message extension answers to an action: a dialog, what a search is answered with, or a
/// preview of the message that the bot is going to send.
///
/// ```
/// use argus_bot_sdk::Activity;
/// use argus_bot_sdk::invoke::{ExtensionActionResponse, Response};
///
/// let reply = ExtensionActionResponse::preview(Activity::message("Report")).into_invoke_reply();
/// let preview = r#"{"type":"message","text":"Report"}"#;
/// assert_eq!(
///     reply.body(),
///     &format!(r#"{{"composeExtension":{{"type":"botMessagePreview","activityPreview":{preview}}}}}"#),
/// );
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "an answer that is not returned is never seen"]
pub struct ExtensionActionResponse(Act);

#[derive(Clone, PartialEq)]
enum Act {
    Dialog(TaskResponse),
    Extension(ExtensionResponse),
    Preview(Box<Activity>),
}

impl ExtensionActionResponse {
    /// What a dialog does next.
    pub fn dialog(next: TaskResponse) -> Self {
        Self(Act::Dialog(next))
    }

    /// Puts a card where the message is written, asks to sign in, or says something.
    pub fn extension(answer: ExtensionResponse) -> Self {
        Self(Act::Extension(answer))
    }

    /// Shows the message that the bot is going to send; the person edits or sends it, which comes
    /// back as [`PreviewAction`].
    pub fn preview(message: Activity) -> Self {
        Self(Act::Preview(Box::new(message)))
    }
}

json_response! { ExtensionResponse }

impl Response for ExtensionActionResponse {
    fn into_invoke_reply(self) -> InvokeReply {
        match self.0 {
            Act::Dialog(next) => next.into_invoke_reply(),
            Act::Extension(answer) => answer.into_invoke_reply(),
            Act::Preview(message) => InvokeReply::json(&json!({
                "composeExtension": { "type": "botMessagePreview", "activityPreview": message },
            })),
        }
    }

    fn told(_: u16, _: &str, text: &str) -> InvokeReply {
        InvokeReply::json(&json!({ "task": said(text) }))
    }
}

impl IntoResponse<ExtensionActionResponse> for TaskResponse {
    fn into_response(self) -> ExtensionActionResponse {
        ExtensionActionResponse::dialog(self)
    }
}

impl IntoResponse<ExtensionActionResponse> for ExtensionResponse {
    fn into_response(self) -> ExtensionActionResponse {
        ExtensionActionResponse::extension(self)
    }
}

impl std::fmt::Debug for ExtensionResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match &self.0 {
            Answer::Results { .. } => "result",
            Answer::Auth(_) => "auth",
            Answer::SilentAuth(_) => "silentAuth",
            Answer::Config(_) => "config",
            Answer::Message(_) => "message",
        };
        f.debug_tuple("ExtensionResponse").field(&kind).finish()
    }
}

impl std::fmt::Debug for ExtensionActionResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Act::Dialog(next) => next.fmt(f),
            Act::Extension(answer) => answer.fmt(f),
            Act::Preview(_) => f.write_str("ExtensionActionResponse(\"botMessagePreview\")"),
        }
    }
}
