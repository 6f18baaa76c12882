//! Consent to store a file in somebody's drive.

use serde_json::Value;

use crate::record::{open_enum, record};

open_enum! {
    /// What somebody said to a file.
    pub enum FileConsentAction {
        /// The bot may store it.
        Accept = "accept",
        /// It may not.
        Decline = "decline",
    }
}

record! {
    /// Somebody allowed or declined that the bot stores a file in their drive.
    ///
    /// ```
    /// use argus_bot_sdk::invoke::{FileConsentAction, FileConsentRequest};
    ///
    /// let said: FileConsentRequest =
    ///     serde_json::from_str(r#"{ "type": "fileUpload", "action": "decline" }"#)?;
    /// assert_eq!(said.action, FileConsentAction::Decline);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct FileConsentRequest {
        @must {
            /// Which of the two.
            action: FileConsentAction = "action",
        }
        /// `fileUpload`.
        kind: String = "type",
        /// What the consent card said should come back.
        context: Value = "context",
        /// Where the file goes, if it was allowed.
        upload_info: FileUploadInfo = "uploadInfo",
    }
}

record! {
    /// Where a file goes.
    pub struct FileUploadInfo {
        /// The file's name.
        name: String = "name",
        /// Where its content is sent with `PUT`. Whoever has it may write the file.
        upload_url: String = "uploadUrl",
        /// Where it can be seen later.
        content_url: String = "contentUrl",
        /// The drive's id for it.
        unique_id: String = "uniqueId",
        /// Its ending, such as `pdf`.
        file_type: String = "fileType",
    }
}
