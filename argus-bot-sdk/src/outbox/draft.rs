//! What is to be said.

use serde::{Deserialize, Serialize};

use super::Ticket;
use crate::connector::Guarantee;
use crate::{Activity, ConversationRef};

/// How urgent a draft or a turn is. In its own conversation nothing overtakes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Priority {
    /// What can wait until the rest is done.
    Low,
    /// Most drafts, and commands.
    #[default]
    Normal,
    /// What somebody is waiting for.
    High,
}

/// What an update or a deletion acts on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Target {
    /// An activity whose id is known.
    Activity(String),
    /// What another draft will have shown.
    Ticket(Ticket),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Deed {
    /// Say it.
    Send,
    /// Say it in answer to an activity.
    Reply {
        /// The activity that is answered.
        to: String,
    },
    /// Replace something that was said.
    Update(Target),
    /// Take something back.
    Delete(Target),
}

/// Something to be said, and how.
///
/// ```
/// use argus_bot_sdk::connector::Guarantee;
/// use argus_bot_sdk::outbox::{Draft, Priority};
/// use argus_bot_sdk::{Activity, ConversationRef};
///
/// let to = ConversationRef::new("https://smba.trafficmanager.net/emea/", "19:soc@thread.tacv2");
/// let alert = Draft::send(to, Activity::message("dc-01 is encrypting files"))
///     .priority(Priority::High)
///     .guarantee(Guarantee::AtLeastOnce)
///     .key("alert 4711");
/// assert_eq!(alert.key.as_deref(), Some("alert 4711"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Draft {
    /// Where it is said.
    pub to: ConversationRef,
    /// What is done.
    pub deed: Deed,
    /// What is said; nothing for a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
    /// What happens when nobody knows whether it arrived.
    #[serde(default)]
    pub guarantee: Guarantee,
    /// What it replaces while that waits, and what may replace it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersede_key: Option<String>,
    /// Its name, under which it is accepted once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Draft {
    /// Says something in a conversation.
    pub fn send(to: ConversationRef, activity: Activity) -> Self {
        Self::new(to, Deed::Send, Some(activity))
    }

    /// Says something in answer to an activity.
    pub fn reply(to: ConversationRef, to_id: impl Into<String>, activity: Activity) -> Self {
        Self::new(to, Deed::Reply { to: to_id.into() }, Some(activity))
    }

    /// Replaces what was said under a known id.
    pub fn update(to: ConversationRef, id: impl Into<String>, activity: Activity) -> Self {
        Self::new(to, Deed::Update(Target::Activity(id.into())), Some(activity))
    }

    /// Replaces what another draft says, whether it was sent yet or not.
    pub fn update_of(to: ConversationRef, earlier: Ticket, activity: Activity) -> Self {
        Self::new(to, Deed::Update(Target::Ticket(earlier)), Some(activity))
    }

    /// Takes back what was said under a known id.
    ///
    /// ```
    /// use argus_bot_sdk::ConversationRef;
    /// use argus_bot_sdk::outbox::{Draft, Ticket};
    ///
    /// /// Takes back an alert that was put before, whether it is out yet or not, and an older one.
    /// fn take_back(soc: ConversationRef, alert: Ticket) -> [Draft; 2] {
    ///     [Draft::delete_of(soc.clone(), alert), Draft::delete(soc, "1700000000000")]
    /// }
    /// ```
    pub fn delete(to: ConversationRef, id: impl Into<String>) -> Self {
        Self::new(to, Deed::Delete(Target::Activity(id.into())), None)
    }

    /// Takes back what another draft says.
    pub fn delete_of(to: ConversationRef, earlier: Ticket) -> Self {
        Self::new(to, Deed::Delete(Target::Ticket(earlier)), None)
    }

    /// Sets how urgent it is.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Sets what happens when nobody knows whether it arrived.
    #[must_use]
    pub fn guarantee(mut self, guarantee: Guarantee) -> Self {
        self.guarantee = guarantee;
        self
    }

    /// Lets it take the place of the draft that waits in the same conversation under this key.
    /// When that one was to be a new message and this one updates it, this one is the new message.
    #[must_use]
    pub fn supersedes(mut self, key: impl Into<String>) -> Self {
        self.supersede_key = Some(key.into());
        self
    }

    /// Names it, so that it is accepted once however often it is put.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    fn new(to: ConversationRef, deed: Deed, activity: Option<Activity>) -> Self {
        Self {
            to,
            deed,
            activity,
            priority: Priority::default(),
            guarantee: Guarantee::default(),
            supersede_key: None,
            key: None,
        }
    }

    /// What names its queue: the conversation with its thread.
    pub(super) fn queue(&self) -> &str {
        &self.to.conversation_id
    }
}
