//! Files: pictures kept by the Connector, and files for a person's `OneDrive`.

mod upload;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::upload::FileUpload;
use super::{Call, Connector, ConversationRef, SendError};
use crate::{Activity, Attachment};

const CONSENT: &str = "application/vnd.microsoft.teams.card.file.consent";
const INFO: &str = "application/vnd.microsoft.teams.card.file.info";

/// Keeps files at the Connector and reads them back.
///
/// Teams itself takes pictures inside of messages and files through [`FileConsent`]; other channels
/// of the Bot Framework take these.
///
/// ```
/// use argus_bot_sdk::connector::Files;
/// use argus_bot_sdk::testing::{Person, TestTeams};
/// use argus_bot_sdk::{ConversationRef, Router};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let teams = TestTeams::start(Router::new()).await?;
/// let chat = teams.teams().personal(&Person::new("Alice Berg"));
/// let to = ConversationRef::new(teams.teams().service_url(), chat);
///
/// let files = Files::new(teams.connector(), &to);
/// let id = files.upload("map.png", "image/png", b"picture").await?;
/// assert_eq!(files.info(&id).await?.name.as_deref(), Some("map.png"));
/// assert_eq!(files.view(&id, "original").await?, "picture");
/// # Ok(()) }
/// ```
#[must_use]
pub struct Files<'a, C: ?Sized> {
    connector: &'a C,
    to: &'a ConversationRef,
}

impl<'a, C: Connector + ?Sized> Files<'a, C> {
    /// Keeps files for this conversation.
    pub fn new(connector: &'a C, to: &'a ConversationRef) -> Self {
        Self { connector, to }
    }

    /// Gives a file to the Connector, and gets the id by which it is found again.
    ///
    /// # Errors
    ///
    /// [`SendError::kind`] says what is true after it.
    pub async fn upload(
        &self,
        name: &str,
        content_type: &str,
        content: &[u8],
    ) -> Result<String, SendError> {
        #[derive(Deserialize)]
        struct Kept {
            id: String,
        }
        let body =
            json!({"type": content_type, "name": name, "originalBase64": STANDARD.encode(content)});
        let call = Call::about(Method::POST, self.to, ["attachments"]).json(&body)?;
        Ok(self.connector.perform(call).await?.json::<Kept>()?.id)
    }

    /// What a file is and which views of it there are.
    ///
    /// # Errors
    ///
    /// As for [`upload`](Self::upload).
    pub async fn info(&self, attachment_id: &str) -> Result<AttachmentInfo, SendError> {
        self.connector.perform(self.get([attachment_id])).await?.json()
    }

    /// A view of a file: `original` or `thumbnail`.
    ///
    /// # Errors
    ///
    /// As for [`upload`](Self::upload).
    pub async fn view(&self, attachment_id: &str, view: &str) -> Result<Bytes, SendError> {
        let call = self.get([attachment_id, "views", view]).raw();
        Ok(self.connector.perform(call).await?.body)
    }

    fn get<const N: usize>(&self, parts: [&str; N]) -> Call {
        Call::new(Method::GET, &self.to.service_url).at(["v3", "attachments"]).at(parts)
    }
}

impl<C: ?Sized> std::fmt::Debug for Files<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

/// What the Connector knows of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AttachmentInfo {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its content type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `viewId` and `size` of each view.
    pub views: Vec<Value>,
}

/// Asks a person, in their own chat, whether the bot may put a file into their `OneDrive`.
///
/// The answer is the invoke `fileConsent/invoke`, with this `context` and, if they agree, with an
/// [`UploadInfo`] for [`FileUpload::put`].
///
/// ```
/// use argus_bot_sdk::connector::FileConsent;
/// use serde_json::json;
///
/// let ask = FileConsent::new("report.pdf", 70_000)
///     .description("What happened to dc-01")
///     .context(json!({"incident": 7}))
///     .message();
/// let wire = serde_json::to_value(&ask)?;
/// assert_eq!(wire["attachments"][0]["content"]["sizeInBytes"], 70_000);
/// assert_eq!(wire["attachments"][0]["content"]["declineContext"]["incident"], 7);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct FileConsent {
    name: String,
    content: Value,
}

impl FileConsent {
    /// Asks for a file of this name and size.
    pub fn new(name: impl Into<String>, size_in_bytes: u64) -> Self {
        Self { name: name.into(), content: json!({"sizeInBytes": size_in_bytes}) }
    }

    /// Says what is in it.
    pub fn description(self, text: &str) -> Self {
        self.with("description", json!(text))
    }

    /// What comes back with the answer, yes or no. Read it as a stranger's input.
    pub fn context(self, context: Value) -> Self {
        self.with("acceptContext", context.clone()).with("declineContext", context)
    }

    /// The message that asks.
    pub fn message(self) -> Activity {
        let mut attachment = Attachment::new(CONSENT, self.content);
        attachment.name = Some(self.name);
        with_attachment(attachment)
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        if let Some(members) = self.content.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
        self
    }
}

/// Where a file may be put, as the person's answer says.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct UploadInfo {
    /// Where the file will be.
    pub content_url: String,
    /// Its name there.
    pub name: String,
    /// Where it is put; who has this can write.
    pub upload_url: String,
    /// Its id there.
    pub unique_id: String,
    /// The ending of its name.
    pub file_type: String,
}

impl UploadInfo {
    /// Reads `value` of a `fileConsent/invoke`, if the person agreed.
    ///
    /// ```
    /// use argus_bot_sdk::connector::UploadInfo;
    /// use serde_json::json;
    ///
    /// let yes = json!({"type": "fileUpload", "action": "accept", "uploadInfo": {"uniqueId": "1"}});
    /// assert_eq!(UploadInfo::accepted(&yes).unwrap().unique_id, "1");
    /// assert!(UploadInfo::accepted(&json!({"action": "decline"})).is_none());
    /// ```
    pub fn accepted(value: &Value) -> Option<Self> {
        let is_yes = value.get("action").and_then(Value::as_str) == Some("accept");
        let info = value.get("uploadInfo").filter(|_| is_yes)?;
        Self::deserialize(info).ok()
    }

    /// The message that shows the file once it is there.
    pub fn message(&self) -> Activity {
        let content = json!({"uniqueId": self.unique_id, "fileType": self.file_type});
        let mut attachment = Attachment::new(INFO, content);
        attachment.name = Some(self.name.clone());
        attachment.content_url = Some(self.content_url.clone());
        with_attachment(attachment)
    }
}

impl std::fmt::Debug for UploadInfo {
    /// Without the addresses: one of them is a permission.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UploadInfo").field("file_type", &self.file_type).finish_non_exhaustive()
    }
}

fn with_attachment(attachment: Attachment) -> Activity {
    let mut activity = Activity::message("");
    activity.text = None;
    activity.attachments = Some(vec![attachment].into());
    activity
}
