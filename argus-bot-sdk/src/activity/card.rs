//! Cards and files other than Adaptive Cards, typed enough to send and to read.
//!
//! Each of them turns into an [`Attachment`] of its content type.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::activity::{Activity, Attachment};
use crate::record::{open_enum, record};

/// The content type of a [`FileDownloadInfo`].
pub const FILE_DOWNLOAD: &str = "application/vnd.microsoft.teams.file.download.info";

open_enum! {
    /// What a button does.
    pub enum ButtonKind {
        /// Opens a page.
        OpenUrl = "openUrl",
        /// Says something as if the person had typed it.
        ImBack = "imBack",
        /// Sends something to the bot that nobody sees.
        PostBack = "postBack",
        /// Sends a text and a value to the bot, and may show another text.
        MessageBack = "messageBack",
        /// Sends an invoke.
        Invoke = "invoke",
        /// Opens a sign-in page.
        SignIn = "signin",
        /// Plays a sound.
        PlayAudio = "playAudio",
        /// Plays a video.
        PlayVideo = "playVideo",
        /// Shows a picture.
        ShowImage = "showImage",
        /// Loads a file.
        DownloadFile = "downloadFile",
        /// Calls somebody.
        Call = "call",
        /// Sends `suggestedActions/submit`.
        Submit = "Action.Submit",
    }
}

record! {
    /// A button of a card, or under a message.
    ///
    /// ```
    /// use argus_bot_sdk::activity::card::Button;
    ///
    /// let button = Button::im_back("List", "list open");
    /// assert_eq!(
    ///     serde_json::to_string(&button)?,
    ///     r#"{"type":"imBack","title":"List","value":"list open"}"#,
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct Button {
        @must {
            /// What it does.
            kind: ButtonKind = "type",
        }
        /// What it says.
        title: String = "title",
        /// A picture on it.
        image: String = "image",
        /// What the picture shows.
        image_alt_text: String = "imageAltText",
        /// What the bot gets as text.
        text: String = "text",
        /// What the chat shows when it is pressed.
        display_text: String = "displayText",
        /// What it opens, says or sends.
        value: Value = "value",
        /// What only this channel understands.
        channel_data: Value = "channelData",
    }
}

impl Button {
    /// A button that opens a page.
    pub fn open_url(title: impl Into<String>, url: impl Into<String>) -> Self {
        Self::new(ButtonKind::OpenUrl).title(title).value(url.into())
    }

    /// A button that says something as if the person had typed it.
    pub fn im_back(title: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(ButtonKind::ImBack).title(title).value(says.into())
    }

    /// A button that sends `value` to the bot as `suggestedActions/submit`.
    pub fn submit(title: impl Into<String>, value: Value) -> Self {
        Self::new(ButtonKind::Submit).title(title).value(value)
    }
}

record! {
    /// Buttons under a message, in a personal chat.
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    /// use argus_bot_sdk::activity::card::{Button, SuggestedActions};
    ///
    /// let buttons = SuggestedActions::new([Button::im_back("List", "list")]);
    /// let asks = Activity::message("What now?").suggest(&buttons);
    /// assert_eq!(asks.suggested(), Some(buttons));
    /// ```
    pub struct SuggestedActions {
        @must {
            /// The buttons.
            actions: Vec<Button> = "actions",
        }
        /// For whom they are; for all if it names nobody.
        to: Vec<String> = "to",
    }
}

record! {
    /// A picture of a card.
    pub struct Picture {
        @must {
            /// Where it is.
            url: String = "url",
        }
        /// What it shows.
        alt: String = "alt",
        /// What a press on it does.
        tap: Button = "tap",
    }
}

record! {
    /// A card with a large picture.
    ///
    /// ```
    /// use argus_bot_sdk::activity::card::{Button, HeroCard};
    /// use argus_bot_sdk::{Activity, Attachment};
    ///
    /// let card = HeroCard::default()
    ///     .title("Incident 42")
    ///     .buttons([Button::open_url("Open", "https://contoso.example/42")]);
    /// let attachment = Attachment::from(card);
    /// let kind = attachment.content_type.as_deref();
    /// assert_eq!(kind, Some("application/vnd.microsoft.card.hero"));
    /// let message = Activity::message("").attach(attachment);
    /// # assert_eq!(message.attachments.unwrap().len(), 1);
    /// ```
    pub struct HeroCard {
        /// The title.
        title: String = "title",
        /// The line below it.
        subtitle: String = "subtitle",
        /// The text.
        text: String = "text",
        /// Pictures.
        images: Vec<Picture> = "images",
        /// Buttons.
        buttons: Vec<Button> = "buttons",
        /// What a press on the card does.
        tap: Button = "tap",
    }
}

record! {
    /// A card with a small picture.
    pub struct ThumbnailCard {
        /// The title.
        title: String = "title",
        /// The line below it.
        subtitle: String = "subtitle",
        /// The text.
        text: String = "text",
        /// Pictures.
        images: Vec<Picture> = "images",
        /// Buttons.
        buttons: Vec<Button> = "buttons",
        /// What a press on the card does.
        tap: Button = "tap",
    }
}

record! {
    /// A card by which a person signs in through the token service.
    pub struct OAuthCard {
        @must {
            /// The bot's OAuth connection.
            connection_name: String = "connectionName",
        }
        /// What the card says.
        text: String = "text",
        /// The sign-in button.
        buttons: Vec<Button> = "buttons",
        /// What the client needs for single sign-on. Teams refuses `null` here.
        token_exchange_resource: TokenExchangeResource = "tokenExchangeResource",
        /// Where the client may leave its token.
        token_post_resource: Value = "tokenPostResource",
    }
}

record! {
    /// What a client needs for single sign-on.
    pub struct TokenExchangeResource {
        /// The id that the client sends back.
        id: String = "id",
        /// The resource for which the client gets a token.
        uri: String = "uri",
        /// The identity provider.
        provider_id: String = "providerId",
    }
}

record! {
    /// A card with a button to a sign-in page.
    pub struct SigninCard {
        /// What the card says.
        text: String = "text",
        /// The button.
        buttons: Vec<Button> = "buttons",
    }
}

record! {
    /// Asks whether the bot may store a file in the person's drive; the file's name is the
    /// attachment's. The answer is [`FileConsent`](crate::invoke::FileConsent).
    ///
    /// ```
    /// use argus_bot_sdk::activity::card::FileConsentCard;
    ///
    /// let card = FileConsentCard::default().description("The report").size_in_bytes(1024u64);
    /// let attachment = card.named("report.pdf");
    /// assert_eq!(attachment.name.as_deref(), Some("report.pdf"));
    /// ```
    pub struct FileConsentCard {
        /// What the file is.
        description: String = "description",
        /// How large it is.
        size_in_bytes: u64 = "sizeInBytes",
        /// What comes back if it is allowed.
        accept_context: Value = "acceptContext",
        /// What comes back if it is not.
        decline_context: Value = "declineContext",
    }
}

impl FileConsentCard {
    /// The attachment, which carries the file's name.
    pub fn named(self, file: impl Into<String>) -> Attachment {
        Attachment { name: Some(file.into()), ..Attachment::from(self) }
    }
}

record! {
    /// A file that was stored; the attachment has its name and `contentUrl`.
    pub struct FileInfoCard {
        /// The drive's id for it.
        unique_id: String = "uniqueId",
        /// Its ending, such as `pdf`.
        file_type: String = "fileType",
        /// Its version.
        etag: String = "etag",
    }
}

record! {
    /// A file that a person sent to the bot.
    pub struct FileDownloadInfo {
        /// Where it can be loaded, without a token and for a few minutes. Whoever has it may read
        /// the file.
        download_url: String = "downloadUrl",
        /// The drive's id for it.
        unique_id: String = "uniqueId",
        /// Its ending, such as `pdf`.
        file_type: String = "fileType",
        /// Its version.
        etag: String = "etag",
    }
}

macro_rules! content_types {
    ($($Card:ident = $wire:expr;)*) => { $(
        impl $Card {
            /// The content type of such an attachment.
            pub const CONTENT_TYPE: &'static str = $wire;
        }

        impl From<$Card> for Attachment {
            fn from(card: $Card) -> Self {
                Self::new($Card::CONTENT_TYPE, serde_json::to_value(card).unwrap_or_default())
            }
        }
    )* };
}

content_types! {
    HeroCard = "application/vnd.microsoft.card.hero";
    ThumbnailCard = "application/vnd.microsoft.card.thumbnail";
    OAuthCard = "application/vnd.microsoft.card.oauth";
    SigninCard = "application/vnd.microsoft.card.signin";
    FileConsentCard = "application/vnd.microsoft.teams.card.file.consent";
    FileInfoCard = "application/vnd.microsoft.teams.card.file.info";
    FileDownloadInfo = FILE_DOWNLOAD;
}

impl Attachment {
    /// The file that a person sent, if this is one.
    ///
    /// ```
    /// use argus_bot_sdk::activity::card::FILE_DOWNLOAD;
    /// use argus_bot_sdk::Attachment;
    ///
    /// let url = serde_json::json!({ "downloadUrl": "https://contoso.example/f", "fileType": "txt" });
    /// let file = Attachment::new(FILE_DOWNLOAD, url).file_download().unwrap();
    /// assert_eq!(file.file_type.as_deref(), Some("txt"));
    /// ```
    pub fn file_download(&self) -> Option<FileDownloadInfo> {
        self.content_as(FileDownloadInfo::CONTENT_TYPE)
    }

    /// The content as a type, if the content type is this one and the content fits.
    pub fn content_as<T: DeserializeOwned>(&self, content_type: &str) -> Option<T> {
        if self.content_type.as_deref() != Some(content_type) {
            return None;
        }
        T::deserialize(self.content.as_ref()?).ok()
    }
}

impl Activity {
    /// Adds an attachment.
    #[must_use]
    pub fn attach(mut self, attachment: impl Into<Attachment>) -> Self {
        self.attachments.get_or_insert_default().push(attachment.into());
        self
    }

    /// Puts buttons under the message.
    #[must_use]
    pub fn suggest(mut self, buttons: &SuggestedActions) -> Self {
        self.suggested_actions = serde_json::to_value(buttons).ok().map(Into::into);
        self
    }

    /// The buttons under the message.
    pub fn suggested(&self) -> Option<SuggestedActions> {
        serde::Deserialize::deserialize(&**self.suggested_actions.as_ref()?).ok()
    }
}
