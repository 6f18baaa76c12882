//! Activities: the messages, clicks and events that Teams and a bot exchange.
//!
//! Reading is tolerant and lossless: unknown types, names and fields are kept and written back as
//! they came. Names follow the Bot Framework activity schema 3.4 and what Teams adds to it.

use std::fmt;

use serde_json::Value;

mod action;
mod annotate;
mod answer;
pub mod card;
mod channel;
pub mod entity;
mod extra;
mod fast;
mod kind;
mod lazy;
mod mention;
pub(crate) mod strict;
pub mod teams;
mod wire;

pub use crate::activity::action::CardAction;
pub(crate) use crate::activity::answer::{Addressed, Placed};
pub use crate::activity::channel::ChannelData;
pub use crate::activity::extra::Extra;
use crate::activity::fast::Cursor;
pub use crate::activity::kind::ActivityKind;
pub(crate) use crate::activity::lazy::Found;
pub use crate::activity::lazy::Lazy;
use crate::activity::wire::wire_type;

/// The content type of an attachment that is an Adaptive Card.
pub const ADAPTIVE_CARD: &str = "application/vnd.microsoft.card.adaptive";

wire_type! {
    /// One thing that was said, pressed or changed.
    ///
    /// # Examples
    ///
    /// What the crate does not know survives:
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    ///
    /// let wire = r#"{"type":"message","text":null,"mood":["calm"]}"#;
    /// let activity: Activity = serde_json::from_str(wire)?;
    /// assert_eq!(activity.text, None);
    /// assert_eq!(serde_json::to_string(&activity)?, wire);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// Two members of one name are refused, because two readers would believe different things:
    ///
    /// ```
    /// # use argus_bot_sdk::Activity;
    /// assert!(serde_json::from_str::<Activity>(r#"{"type":"message","type":"invoke"}"#).is_err());
    /// ```
    pub struct Activity {
        @always {
            /// What sort of activity it is (wire name `type`).
            kind: ActivityKind = "type"
        }
        /// The channel's id for this activity.
        id: String = "id",
        /// When the channel received it, as RFC 3339 text.
        timestamp: String = "timestamp",
        /// When the sender's device says it was sent.
        local_timestamp: String = "localTimestamp",
        /// The sender's IANA time zone.
        local_timezone: String = "localTimezone",
        /// Where answers go; a stranger's claim until the token vouches for it.
        service_url: String = "serviceUrl",
        /// The channel, `msteams` for Teams.
        channel_id: String = "channelId",
        /// Who sent it.
        from: Account = "from",
        /// To whom it was sent.
        recipient: Account = "recipient",
        /// Where it was sent.
        conversation: Conversation = "conversation",
        /// What was said.
        text: String = "text",
        /// `plain`, `markdown` or `xml`.
        text_format: String = "textFormat",
        /// The sender's language.
        locale: String = "locale",
        /// The name of an invoke or event.
        name: String = "name",
        /// What an invoke, event or trace carries.
        value: Value = "value",
        /// What sort of thing `value` is.
        value_type: String = "valueType",
        /// What only this channel says; see [`Activity::channel`].
        channel_data: Lazy<Value> = "channelData",
        /// The activity that this one answers.
        reply_to_id: String = "replyToId",
        /// Cards, files and pictures.
        attachments: Lazy<Vec<Attachment>> = "attachments",
        /// `list` or `carousel`.
        attachment_layout: String = "attachmentLayout",
        /// Mentions, client information and other facts about the text.
        entities: Lazy<Vec<Value>> = "entities",
        /// Who joined.
        members_added: Vec<Account> = "membersAdded",
        /// Who left.
        members_removed: Vec<Account> = "membersRemoved",
        /// Which reactions were added.
        reactions_added: Vec<Value> = "reactionsAdded",
        /// Which reactions were taken back.
        reactions_removed: Vec<Value> = "reactionsRemoved",
        /// What an installation update did: `add`, `remove`, `add-upgrade`, `remove-upgrade`.
        action: String = "action",
        /// What to show where cards cannot be shown.
        summary: String = "summary",
        /// What to say aloud.
        speak: String = "speak",
        /// Whether the bot waits for an answer.
        input_hint: String = "inputHint",
        /// Buttons under the message.
        suggested_actions: Lazy<Value> = "suggestedActions",
        /// Another conversation that this is about.
        relates_to: Lazy<Value> = "relatesTo",
        /// How the answer is wanted: `normal`, `notification`, `expectReplies`, `ephemeral`.
        delivery_mode: String = "deliveryMode",
        /// A name for a trace.
        label: String = "label",
        /// `low`, `normal` or `high`.
        importance: String = "importance",
        /// The new name of the conversation.
        topic_name: String = "topicName",
        /// Who called the bot, when another bot did.
        caller_id: String = "callerId",
        /// Why a conversation ended.
        code: String = "code",
    }
}

wire_type! {
    /// A person, a bot or a channel.
    pub struct Account {
        /// The channel's id, `29:…` for people and `28:…` for bots in Teams.
        id: String = "id",
        /// What others call it; anyone can choose any name, so never decide by it.
        name: String = "name",
        /// The Entra object id, which is what decides who somebody is.
        aad_object_id: String = "aadObjectId",
        /// `user`, `bot`, `skill` and others.
        role: String = "role",
        /// The Entra tenant.
        tenant_id: String = "tenantId",
    }
}

wire_type! {
    /// A chat, a group chat or a thread of a channel.
    pub struct Conversation {
        /// The channel's id for it.
        id: String = "id",
        /// Its name, for groups.
        name: String = "name",
        /// `personal`, `groupChat` or `channel`.
        conversation_type: String = "conversationType",
        /// The Entra tenant.
        tenant_id: String = "tenantId",
        /// Whether there are more than two.
        is_group: bool = "isGroup",
    }
}

wire_type! {
    /// A card, a file or a picture.
    pub struct Attachment {
        /// What it is, [`ADAPTIVE_CARD`] for example.
        content_type: String = "contentType",
        /// The thing itself.
        content: Value = "content",
        /// Where the thing is.
        content_url: String = "contentUrl",
        /// The file name.
        name: String = "name",
        /// A small picture of it.
        thumbnail_url: String = "thumbnailUrl",
    }
}

impl Activity {
    /// An activity that says `text`.
    ///
    /// ```
    /// let hello = argus_bot_sdk::Activity::message("hello");
    /// assert_eq!(serde_json::to_string(&hello)?, r#"{"type":"message","text":"hello"}"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn message(text: impl Into<String>) -> Self {
        Self { kind: ActivityKind::Message, text: Some(text.into()), ..Self::default() }
    }

    /// Reads an activity out of its text into one that is still empty. It is the same as by
    /// `Deserialize`, but what can wait is not read yet.
    pub(crate) fn read(&mut self, text: &str) -> Result<(), serde_json::Error> {
        if self.ordinary(text).is_none() {
            *self = serde_json::from_str(text)?;
        }
        Ok(())
    }

    fn ordinary(&mut self, text: &str) -> Option<()> {
        let mut cursor = Cursor::new(text);
        self.fill(&mut cursor)?;
        cursor.end()
    }

    /// An activity that shows an Adaptive Card.
    ///
    /// ```
    /// use serde_json::json;
    ///
    /// let shown = argus_bot_sdk::Activity::card(json!({ "type": "AdaptiveCard", "version": "1.5" }));
    /// let kind = shown.attachments.unwrap().remove(0).content_type;
    /// assert_eq!(kind.as_deref(), Some(argus_bot_sdk::activity::ADAPTIVE_CARD));
    /// ```
    pub fn card(card: Value) -> Self {
        Self {
            kind: ActivityKind::Message,
            attachments: Some(vec![Attachment::card(card)].into()),
            ..Self::default()
        }
    }

    /// The tenant in which it happened: `channelData.tenant.id`, else `conversation.tenantId`.
    ///
    /// An authenticated activity was refused if the two disagree.
    pub fn tenant_id(&self) -> Option<&str> {
        self.channel()
            .tenant_id()
            .or_else(|| self.conversation.as_ref().and_then(|where_| where_.tenant_id.as_deref()))
    }

    /// What `channelData` says, by the names that Teams uses.
    ///
    /// ```
    /// let joined: argus_bot_sdk::Activity = serde_json::from_str(
    ///     r#"{ "type": "conversationUpdate", "channelData": { "eventType": "teamMemberAdded" } }"#,
    /// )?;
    /// assert_eq!(joined.channel().event_type(), Some("teamMemberAdded"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn channel(&self) -> ChannelData<'_> {
        ChannelData::new(self.channel_data.as_deref())
    }

    /// The name of an invoke, such as `adaptiveCard/action`; nothing for other activities.
    pub fn invoke_name(&self) -> Option<&str> {
        self.name.as_deref().filter(|_| self.kind == ActivityKind::Invoke)
    }

    /// The button that was pressed, if this is an `adaptiveCard/action` invoke.
    ///
    /// ```
    /// let click: argus_bot_sdk::Activity = serde_json::from_str(
    ///     r#"{ "type": "invoke", "name": "adaptiveCard/action",
    ///          "value": { "action": { "verb": "isolate", "data": { "ref": "x1" } } } }"#,
    /// )?;
    /// assert_eq!(click.card_action().unwrap().verb.as_deref(), Some("isolate"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn card_action(&self) -> Option<CardAction> {
        CardAction::of(self)
    }

    /// What was said, without the `<at>…</at>` by which the bot was called.
    ///
    /// `bot_id` is the bot's channel id or app id (`28:` in front or not). Mentions of others stay.
    pub fn text_without_mentions(&self, bot_id: &str) -> String {
        mention::strip(self, bot_id)
    }
}

impl Account {
    /// An account of this channel id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }
}

impl Conversation {
    /// A conversation of this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }
}

impl Attachment {
    /// Something of this content type.
    pub fn new(content_type: impl Into<String>, content: Value) -> Self {
        Self { content_type: Some(content_type.into()), content: Some(content), ..Self::default() }
    }

    /// An Adaptive Card.
    pub fn card(card: Value) -> Self {
        Self::new(ADAPTIVE_CARD, card)
    }
}

// What people say, and who they are, must not get into a log by a `{:?}`: these show which fields
// are there, not what is in them.
impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activity")
            .field("kind", &self.kind)
            .field("invoke", &self.invoke_name())
            .field("fields", &self.present())
            .field("unknown", &self.extra.len())
            .finish_non_exhaustive()
    }
}

macro_rules! redacted_debug {
    ($($Name:ident)*) => { $(
        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Name))
                    .field("fields", &self.present())
                    .field("unknown", &self.extra.len())
                    .finish_non_exhaustive()
            }
        }
    )* };
}
redacted_debug! { Account Conversation Attachment }

#[cfg(test)]
mod tests;
