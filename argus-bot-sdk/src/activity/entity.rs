//! Entities: what an activity says about its text and its sender.
//!
//! [`Activity::typed_entities`] reads them; [`Activity::mention`], [`Activity::cite`] and their
//! like add them to what the bot says.

use serde::{Deserialize as _, Serialize, Serializer};
use serde_json::Value;

use crate::activity::{Account, Activity};
use crate::record::record;

pub(super) const MESSAGE: &str = "https://schema.org/Message";

record! {
    /// A person or bot that the text names; `text` is the part of the activity's text.
    pub struct Mention {
        @must {
            /// `mention`.
            kind: String = "type",
            /// Who.
            mentioned: Account = "mentioned",
        }
        /// How the text names them, as `<at>name</at>`.
        text: String = "text",
    }
}

record! {
    /// The sender's client.
    pub struct ClientInfo {
        @must {
            /// `clientInfo`.
            kind: String = "type",
        }
        /// The language.
        locale: String = "locale",
        /// The country.
        country: String = "country",
        /// `Windows`, `Mac`, `Web`, `iOS`, `Android`.
        platform: String = "platform",
        /// The IANA time zone.
        timezone: String = "timezone",
    }
}

record! {
    /// A part of a message that is written bit by bit.
    pub struct StreamInfo {
        @must {
            /// `streaminfo`.
            kind: String = "type",
        }
        /// The stream.
        stream_id: String = "streamId",
        /// `informative`, `streaming` or `final`.
        stream_type: String = "streamType",
        /// The number in the stream, from 1; the final message has none.
        stream_sequence: u64 = "streamSequence",
        /// How the stream ended: `success`, `timeout` or `error`.
        stream_result: String = "streamResult",
    }
}

record! {
    /// Labels and sources of a message, in the words of schema.org.
    pub struct MessageLabels {
        @must {
            /// `https://schema.org/Message`.
            kind: String = "type",
        }
        /// `Message`.
        schema_type: String = "@type",
        /// `https://schema.org`.
        context: String = "@context",
        /// Empty.
        id: String = "@id",
        /// `AIGeneratedContent` for the label that a machine wrote it.
        additional_type: Vec<String> = "additionalType",
        /// The sources.
        citation: Vec<Claim> = "citation",
        /// How confidential it is.
        usage_info: Sensitivity = "usageInfo",
    }
}

record! {
    /// A source of a message; `[1]` in the text is the one at position 1.
    pub struct Claim {
        @must {
            /// The number in the text.
            position: u64 = "position",
            /// The source.
            appearance: Citation = "appearance",
        }
        /// `Claim`.
        schema_type: String = "@type",
    }
}

record! {
    /// The source itself.
    pub struct Citation {
        @must {
            /// Its title, at most 80 characters.
            name: String = "name",
            /// What it says, at most 160 characters.
            extract: String = "abstract",
        }
        /// `DigitalDocument`.
        schema_type: String = "@type",
        /// Where it is.
        url: String = "url",
        /// An Adaptive Card with more, as JSON in a string.
        text: String = "text",
        /// The content type of `text`.
        encoding_format: String = "encodingFormat",
        /// The picture, by name.
        image: CitationIcon = "image",
        /// At most three words, of at most 28 characters each.
        keywords: Vec<String> = "keywords",
        /// How confidential it is.
        usage_info: Sensitivity = "usageInfo",
    }
}

record! {
    /// The picture of a source.
    pub struct CitationIcon {
        @must {
            /// Such as `Microsoft Word`, `PDF` or `Source Code`.
            name: String = "name",
        }
        /// `ImageObject`.
        schema_type: String = "@type",
    }
}

record! {
    /// How confidential something is.
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    /// use argus_bot_sdk::activity::entity::{Entity, Sensitivity};
    ///
    /// let label = Sensitivity::new("Confidential").description("For the SOC only.");
    /// let message = Activity::message("srv-1 was encrypted.").sensitive(label);
    /// match &message.typed_entities()[..] {
    ///     [Entity::Message(labels)] => {
    ///         assert_eq!(labels.usage_info.as_ref().unwrap().name, "Confidential");
    ///     }
    ///     other => panic!("{other:?}"),
    /// }
    /// ```
    pub struct Sensitivity {
        @must {
            /// The label.
            name: String = "name",
        }
        /// `CreativeWork`.
        schema_type: String = "@type",
        /// The label's id.
        id: String = "@id",
        /// What the label means.
        description: String = "description",
        /// The citation to which it belongs.
        position: u64 = "position",
        /// The term of a vocabulary.
        pattern: Value = "pattern",
    }
}

record! {
    /// Another message that this one quotes.
    pub struct QuotedReply {
        @must {
            /// `quotedReply`.
            kind: String = "type",
            /// The message.
            quoted_reply: Quoted = "quotedReply",
        }
    }
}

record! {
    /// A quoted message.
    pub struct Quoted {
        @must {
            /// Its id.
            message_id: String = "messageId",
        }
        /// Who wrote it.
        sender_id: String = "senderId",
        /// Their name.
        sender_name: String = "senderName",
        /// How it begins.
        preview: String = "preview",
        /// When it was written.
        time: String = "time",
        /// Whether it is gone.
        is_reply_deleted: bool = "isReplyDeleted",
        /// Whether Teams found it.
        validated_message_reference: bool = "validatedMessageReference",
    }
}

record! {
    /// The message that one person alone sees and that this activity is about.
    pub struct TargetedMessageInfo {
        @must {
            /// `targetedMessageInfo`.
            kind: String = "type",
        }
        /// Its id.
        message_id: String = "messageId",
    }
}

record! {
    /// The product in which the bot is used.
    pub struct ProductInfo {
        @must {
            /// `ProductInfo`.
            kind: String = "type",
        }
        /// Such as `COPILOT`.
        id: String = "id",
    }
}

/// One entity.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Entity {
    /// A person or bot that the text names.
    Mention(Mention),
    /// The sender's client.
    ClientInfo(ClientInfo),
    /// A part of a message that is written bit by bit.
    StreamInfo(StreamInfo),
    /// Labels and sources of a message.
    Message(Box<MessageLabels>),
    /// Another message that this one quotes.
    QuotedReply(QuotedReply),
    /// The message that one person alone sees.
    TargetedMessageInfo(TargetedMessageInfo),
    /// The product in which the bot is used.
    ProductInfo(ProductInfo),
    /// An entity that this crate does not know, such as a place, as it came.
    Unknown(Unknown),
}

/// An entity that this crate does not know.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Unknown {
    /// All of it.
    pub value: Value,
}

impl Entity {
    /// The entity in `value`. What does not have the shape of its type is [`Entity::Unknown`].
    pub fn of(value: &Value) -> Self {
        let typed = match value.get("type").and_then(Value::as_str) {
            Some("mention") => Mention::deserialize(value).map(Self::Mention),
            Some("clientInfo") => ClientInfo::deserialize(value).map(Self::ClientInfo),
            Some("streaminfo") => StreamInfo::deserialize(value).map(Self::StreamInfo),
            Some(MESSAGE) => MessageLabels::deserialize(value).map(Box::new).map(Self::Message),
            Some("quotedReply") => QuotedReply::deserialize(value).map(Self::QuotedReply),
            Some("targetedMessageInfo") => {
                TargetedMessageInfo::deserialize(value).map(Self::TargetedMessageInfo)
            }
            Some("ProductInfo") => ProductInfo::deserialize(value).map(Self::ProductInfo),
            _ => return Self::Unknown(Unknown { value: value.clone() }),
        };
        typed.unwrap_or_else(|_| Self::Unknown(Unknown { value: value.clone() }))
    }
}

impl Serialize for Entity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Mention(it) => it.serialize(serializer),
            Self::ClientInfo(it) => it.serialize(serializer),
            Self::StreamInfo(it) => it.serialize(serializer),
            Self::Message(it) => it.serialize(serializer),
            Self::QuotedReply(it) => it.serialize(serializer),
            Self::TargetedMessageInfo(it) => it.serialize(serializer),
            Self::ProductInfo(it) => it.serialize(serializer),
            Self::Unknown(it) => it.value.serialize(serializer),
        }
    }
}

impl std::fmt::Debug for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unknown").field("type", &self.value.get("type")).finish_non_exhaustive()
    }
}

impl Activity {
    /// The entities, typed. Several `streaminfo` contradict each other and are all
    /// [`Entity::Unknown`].
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    /// use argus_bot_sdk::activity::entity::Entity;
    ///
    /// let said: Activity = serde_json::from_str(
    ///     r#"{ "type": "message", "entities": [
    ///          { "type": "clientInfo", "platform": "Web" }, { "type": "Place", "name": "Oslo" } ] }"#,
    /// )?;
    /// assert!(matches!(said.typed_entities()[..], [Entity::ClientInfo(_), Entity::Unknown(_)]));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn typed_entities(&self) -> Vec<Entity> {
        let mut all: Vec<Entity> = self.entities.iter().flatten().map(Entity::of).collect();
        let is_stream = |entity: &Entity| matches!(entity, Entity::StreamInfo(_));
        if all.iter().filter(|entity| is_stream(entity)).count() > 1 {
            for entity in all.iter_mut().filter(|entity| is_stream(entity)) {
                let value = serde_json::to_value(&*entity).unwrap_or_default();
                *entity = Entity::Unknown(Unknown { value });
            }
        }
        all
    }
}
