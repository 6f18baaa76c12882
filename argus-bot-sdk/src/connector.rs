//! The way back to Teams: send, reply, update, delete, start a conversation.
//!
//! [`Connector`] is the port, [`HttpConnector`] speaks the Bot Framework's Connector REST
//! interface, [`Pace`] knows how often Teams lets a bot speak and [`Governor`] waits for it. The
//! wire is that of Microsoft's `botframework-channel.json`.
//!
//! Beside the five calls of the port, each subject has a type that is made of a connector:
//! [`Talk`] (threads, quotes, messages for one person), [`Reactions`], [`Roster`] (members),
//! [`Teams`], [`Meetings`], [`Batch`], [`Files`], and [`StreamReply`] for answers that grow.

mod batch;
mod call;
mod conversations;
mod exchange;
mod failure;
mod files;
mod governor;
mod http;
mod meetings;
mod members;
mod pace;
mod pool;
mod reactions;
mod rendered;
mod retry;
mod stream;
mod suggest;
mod teams;
mod transport;
pub(crate) mod wire;

pub use ::http::Method;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::batch::{Batch, BatchState, FailedEntry, Operation};
pub use self::call::{Call, Guarantee, Metered, Reply};
pub use self::conversations::{Talk, quote};
pub use self::failure::{SendError, SendErrorKind, StreamRefusal};
pub use self::files::{AttachmentInfo, FileConsent, FileUpload, Files, UploadInfo};
pub use self::governor::{Governor, Pass};
pub use self::http::HttpConnector;
pub use self::meetings::{
    Meeting, MeetingDetails, MeetingNotification, MeetingParticipant, Meetings, NotificationFailure,
};
pub use self::members::{Member, MemberPage, Roster};
pub use self::pace::Pace;
pub use self::reactions::Reactions;
pub use self::stream::{Finished, Growth, StreamReply};
pub use self::suggest::SuggestedActions;
pub use self::teams::{ChannelInfo, TeamDetails, Teams};
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

    /// The conversation without a thread: a channel as a whole.
    pub fn root_id(&self) -> &str {
        http::root_of(&self.conversation_id)
    }

    /// The tenant whose limit a call counts against: the one in the service URL, where Teams writes
    /// it, or the one that is known otherwise.
    pub(crate) fn tenant_key(&self) -> &str {
        http::tenant_of(&self.service_url, self.tenant_id.as_deref())
    }

    /// One thread of this channel: that of the message `root`, which is its first.
    ///
    /// ```
    /// use argus_bot_sdk::ConversationRef;
    ///
    /// let channel = ConversationRef::new("https://smba.trafficmanager.net/emea/", "19:a@thread.tacv2");
    /// let thread = channel.thread("1700000000000");
    /// assert_eq!(thread.conversation_id, "19:a@thread.tacv2;messageid=1700000000000");
    /// assert_eq!(thread.thread("17").conversation_id, "19:a@thread.tacv2;messageid=17");
    /// assert_eq!(thread.root_id(), "19:a@thread.tacv2");
    /// ```
    #[must_use]
    pub fn thread(&self, root: &str) -> Self {
        let conversation_id = format!("{};messageid={root}", self.root_id());
        Self { conversation_id, ..self.clone() }
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
    /// The `MS-CV` header, by which Microsoft's support finds the call.
    pub correlation: Option<Box<str>>,
    /// An earlier try may have been shown too; only under [`Guarantee::AtLeastOnce`].
    pub maybe_twice: bool,
}

impl Sent {
    /// A send that worked.
    pub fn new(activity_id: Option<String>, status: u16) -> Self {
        Self { activity_id, status, ..Self::default() }
    }

    /// What an answer says.
    fn of(reply: &Reply) -> Self {
        Self {
            activity_id: wire::resource_id(&reply.body),
            status: reply.status,
            correlation: reply.correlation.clone(),
            maybe_twice: reply.maybe_twice,
        }
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

    /// Whether Teams takes this shape. Every other one gets the same 400 from it, which says nothing
    /// about why.
    ///
    /// # Errors
    ///
    /// [`SendErrorKind::Refused`], with the reason as its source, for a group chat, a thread
    /// without a first message, and a chat with no or with several people, without an organisation
    /// or with somebody who is not named by a `29:…` id. [`HttpConnector`] asks before it calls.
    ///
    /// ```
    /// use std::error::Error as _;
    /// use argus_bot_sdk::{Account, connector::NewConversation};
    ///
    /// let mut chat = NewConversation::personal(Account::new("29:ana"), "tenant");
    /// assert!(chat.check().is_ok());
    /// chat.members.push(Account::new("29:ben"));
    /// let refused = chat.check().unwrap_err();
    /// let why = refused.source().unwrap().to_string();
    /// assert_eq!(why, "a bot cannot start a group chat: name one person, or a channel");
    /// ```
    pub fn check(&self) -> Result<(), SendError> {
        let channel = self.channel_data.as_ref().and_then(|data| data.pointer("/channel/id"));
        let is_person = |it: &Account| it.id.as_deref().is_some_and(|id| id.starts_with("29:"));
        let why = match (self.is_group, channel, self.members.as_slice()) {
            (true, Some(_), _) if self.activity.is_none() => "a thread needs a first message",
            (true, None, _) | (false, _, [_, _, ..]) => {
                "a bot cannot start a group chat: name one person, or a channel"
            }
            (false, _, []) => "a chat needs the one person it is with",
            (false, _, [one]) if !is_person(one) => "a person is named by the id that begins 29:",
            (false, ..) if self.tenant_id.is_none() => "a chat needs the person's tenant",
            (true, Some(_), _) | (false, ..) => return Ok(()),
        };
        Err(SendError::new(SendErrorKind::Refused).with_code("BadConversation").with_source(why))
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
/// None of the methods repeats a call that may have had an effect, unless it is told to by
/// [`Guarantee::AtLeastOnce`]; see [`SendErrorKind`] for what is true after an error.
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

    /// Answers `asked` where it was said, as a reply if it has an id.
    /// [`Activity::addressed`] says who answers whom.
    async fn answer(&self, asked: &Activity, answer: &Activity) -> Result<Sent, SendError> {
        let (to, answer) = (ConversationRef::of(asked), answer.addressed(asked));
        match &asked.id {
            Some(id) => self.reply(&to, id, &answer).await,
            None => self.send(&to, &answer).await,
        }
    }

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

    /// Performs any other call; [`Roster`], [`Talk`] and their like need it.
    async fn perform(&self, call: Call) -> Result<Reply, SendError> {
        tracing::warn!(method = %call.method, "this connector does not perform other calls");
        Err(SendError::new(SendErrorKind::Refused))
    }

    /// What holds calls back that Teams would refuse as too many, if there is such a thing.
    fn governor(&self) -> Option<&Governor> {
        None
    }
}
