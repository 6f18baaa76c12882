//! The way back to Teams: send, reply, update, delete, start a conversation.
//!
//! [`Connector`] is the port, [`HttpConnector`] speaks the Bot Framework's Connector REST
//! interface, [`Pace`] knows how often Teams lets a bot speak. The wire is that of Microsoft's
//! `botframework-channel.json`.

mod failure;
mod http;
mod pace;
mod transport;
pub(crate) mod wire;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::failure::{SendError, SendErrorKind};
pub use self::http::HttpConnector;
pub use self::pace::Pace;
use crate::{Account, Activity};

/// Where a conversation is and who the bot is in it: enough to speak first, today or in a year.
///
/// Keep it as JSON; it holds no secret.
///
/// ```
/// use argus_bot_sdk::ConversationRef;
///
/// let to = ConversationRef::new("https://smba.trafficmanager.net/emea/", "19:soc@thread.tacv2")
///     .tenant("11111111-2222-4333-8444-555555555555");
/// let kept = serde_json::to_string(&to)?;
/// assert_eq!(serde_json::from_str::<ConversationRef>(&kept)?, to);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConversationRef {
    /// The Connector that knows the conversation.
    pub service_url: String,
    /// The conversation, with `;messageid=` if it is one thread of a channel.
    pub conversation_id: String,
    /// The organisation in which the conversation is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The channel, `msteams` for Teams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<String>,
    /// The bot as the conversation knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<Account>,
}

impl ConversationRef {
    /// A conversation behind a service URL.
    pub fn new(service_url: impl Into<String>, conversation_id: impl Into<String>) -> Self {
        Self {
            service_url: service_url.into(),
            conversation_id: conversation_id.into(),
            ..Self::default()
        }
    }

    /// The conversation in which `activity` was said to the bot.
    ///
    /// ```
    /// use argus_bot_sdk::{Activity, ConversationRef};
    ///
    /// let activity: Activity = serde_json::from_str(
    ///     r#"{"type":"message","serviceUrl":"https://smba.trafficmanager.net/emea/",
    ///         "conversation":{"id":"a:1"},"recipient":{"id":"28:bot"}}"#,
    /// )?;
    /// assert_eq!(ConversationRef::of(&activity).conversation_id, "a:1");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn of(activity: &Activity) -> Self {
        let conversation = activity.conversation.as_ref();
        Self {
            service_url: activity.service_url.clone().unwrap_or_default(),
            conversation_id: conversation.and_then(|c| c.id.clone()).unwrap_or_default(),
            tenant_id: activity.tenant_id().map(str::to_owned),
            channel_id: activity.channel_id.clone(),
            bot: activity.recipient.clone(),
        }
    }

    /// Names the organisation.
    #[must_use]
    pub fn tenant(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant_id.into());
        self
    }

    /// Names the bot.
    #[must_use]
    pub fn bot(mut self, bot: Account) -> Self {
        self.bot = Some(bot);
        self
    }
}

/// What Teams said to a send that worked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// The new activity's id, with which it can be updated. Teams gives none for typing, and when
    /// it splits a message in two.
    pub activity_id: Option<String>,
    /// The HTTP status: 200, 201 or 202.
    pub status: u16,
}

impl Sent {
    /// A send that worked.
    pub fn new(activity_id: Option<String>, status: u16) -> Self {
        Self { activity_id, status }
    }
}

/// A conversation to be started. Of the shapes that the interface describes, Teams takes two
/// (observed by the maintainers of teams.net, 2026-04): a personal chat and a channel thread.
///
/// ```
/// use argus_bot_sdk::{Activity, connector::NewConversation};
///
/// let thread = NewConversation::channel_thread("19:soc@thread.tacv2", Activity::message("Alert"));
/// let wire = serde_json::to_value(&thread)?;
/// assert_eq!(wire["channelData"]["channel"]["id"], "19:soc@thread.tacv2");
/// assert_eq!(wire["isGroup"], true);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewConversation {
    /// A channel thread, as opposed to a personal chat.
    pub is_group: bool,
    /// The bot; Teams does not need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot: Option<Account>,
    /// Exactly one for a personal chat, with its `29:…` id; empty for a thread.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Account>,
    /// The organisation; needed for a personal chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// `{"channel":{"id":…}}` for a thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_data: Option<Value>,
    /// The first message; a thread cannot be started without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
}

impl NewConversation {
    /// A chat with one person. Starting it again gives the same conversation.
    pub fn personal(member: Account, tenant_id: impl Into<String>) -> Self {
        Self { members: vec![member], tenant_id: Some(tenant_id.into()), ..Self::default() }
    }

    /// A new thread in a channel.
    pub fn channel_thread(channel_id: impl Into<String>, first: Activity) -> Self {
        Self {
            is_group: true,
            channel_data: Some(serde_json::json!({ "channel": { "id": channel_id.into() } })),
            activity: Some(first),
            ..Self::default()
        }
    }

    /// Names the organisation.
    #[must_use]
    pub fn tenant(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant_id.into());
        self
    }
}

/// A conversation that was started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedConversation {
    /// The conversation's id.
    pub id: String,
    /// The id of the first message, if there was one.
    #[serde(default)]
    pub activity_id: Option<String>,
    /// Where to speak to it, if that differs from where it was created.
    #[serde(default)]
    pub service_url: Option<String>,
}

impl CreatedConversation {
    /// A conversation that was started; for connectors of your own.
    pub fn new(id: impl Into<String>, activity_id: Option<String>) -> Self {
        Self { id: id.into(), activity_id, service_url: None }
    }
}

/// Speaks to Teams. [`HttpConnector`] does it for real.
///
/// None of the methods repeats a call that may have had an effect; see [`SendErrorKind`] for what
/// is true after an error.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Says something in a conversation.
    async fn send(&self, to: &ConversationRef, activity: &Activity) -> Result<Sent, SendError>;

    /// Says something in answer to an activity, in its thread.
    async fn reply(
        &self,
        to: &ConversationRef,
        reply_to_id: &str,
        activity: &Activity,
    ) -> Result<Sent, SendError>;

    /// Replaces what the bot said.
    async fn update(
        &self,
        to: &ConversationRef,
        activity_id: &str,
        activity: &Activity,
    ) -> Result<Sent, SendError>;

    /// Takes back what the bot said.
    async fn delete(&self, to: &ConversationRef, activity_id: &str) -> Result<Sent, SendError>;

    /// Starts a conversation.
    async fn create_conversation(
        &self,
        service_url: &str,
        new: &NewConversation,
    ) -> Result<CreatedConversation, SendError>;
}
