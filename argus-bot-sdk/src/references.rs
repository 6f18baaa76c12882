//! Where the bot may speak first, and whether it still may.
//!
//! A [`Reference`] is a [`ConversationRef`] with its [`Standing`]: installed, blocked, removed, or
//! moved to another host. It changes by what people do ([`Reference::observe`]) and by what Teams
//! answers ([`Reference::learn`]). A [`References`] store keeps them, and [`Proactive`] is a
//! connector that asks it before each call and tells it what came of it.
//!
//! ```
//! use argus_bot_sdk::references::{Reference, Standing};
//! use argus_bot_sdk::Activity;
//!
//! let installed: Activity = serde_json::from_str(
//!     r#"{"type":"installationUpdate","action":"add","serviceUrl":"https://smba.trafficmanager.net/emea/",
//!         "conversation":{"id":"19:soc@thread.tacv2;messageid=1"},"recipient":{"id":"28:bot"}}"#,
//! )?;
//! let mut soc = Reference::of(&installed).ok_or("no conversation")?;
//! assert_eq!((soc.key(), soc.standing), ("19:soc@thread.tacv2", Standing::Installed));
//!
//! let kept = serde_json::to_string(&soc)?;
//! let removed: Activity = serde_json::from_str(r#"{"type":"installationUpdate","action":"remove"}"#)?;
//! assert!(soc.observe(&removed));
//! assert_eq!(soc.standing, Standing::Removed);
//! assert_eq!(serde_json::from_str::<Reference>(&kept)?.standing, Standing::Installed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod memory;
mod proactive;
#[cfg(any(test, feature = "testing"))]
pub mod suite;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use self::memory::MemoryReferences;
pub use self::proactive::Proactive;
use crate::connector::SendError;
use crate::{Activity, ActivityKind, ConversationRef, Error};

/// The form in which references are kept; a later one is not read by an older bot.
const VERSION: u32 = 1;

/// The host of the public cloud's government tenants.
const GCC_URL: &str = "https://smba.infra.gcc.teams.microsoft.com/teams";

/// What the bot may do in a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Standing {
    /// Speak.
    #[default]
    Installed,
    /// Nothing, until the person lets it.
    Blocked,
    /// Nothing, until somebody adds it again.
    Removed,
    /// Nothing, until an administrator allows it.
    Disabled,
    /// Nothing of this sort: it lacks a permission.
    NotAllowed,
    /// Nothing: there is no such conversation any more.
    Gone,
}

impl Standing {
    /// What an error code of Teams says about it.
    ///
    /// ```
    /// use argus_bot_sdk::references::Standing;
    ///
    /// assert_eq!(Standing::by_code("ConversationBlockedByUser"), Some(Standing::Blocked));
    /// assert_eq!(Standing::by_code("Throttled"), None);
    /// ```
    pub fn by_code(code: &str) -> Option<Self> {
        Some(match code {
            "ConversationBlockedByUser" => Self::Blocked,
            "BotNotInConversationRoster" => Self::Removed,
            "BotDisabledByAdmin" => Self::Disabled,
            "NotEnoughPermissions" | "ForbiddenOperationException" => Self::NotAllowed,
            "ConversationNotFound" => Self::Gone,
            _ => return None,
        })
    }

    /// The code by which a call is refused without asking Teams.
    fn code(self) -> &'static str {
        match self {
            Self::Installed => "",
            Self::Blocked => "ConversationBlockedByUser",
            Self::Removed => "BotNotInConversationRoster",
            Self::Disabled => "BotDisabledByAdmin",
            Self::NotAllowed => "NotEnoughPermissions",
            Self::Gone => "ConversationNotFound",
        }
    }
}

/// A conversation in which the bot may speak first, and whether it still may.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Stored", into = "Stored")]
#[non_exhaustive]
pub struct Reference {
    /// The conversation, without a thread.
    pub to: ConversationRef,
    /// What the bot may do in it.
    pub standing: Standing,
    /// The service URL before the conversation was found to be at another host.
    pub moved_from: Option<String>,
}

/// A reference as it is kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    v: u32,
    to: ConversationRef,
    #[serde(default)]
    standing: Standing,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moved_from: Option<String>,
}

impl From<Reference> for Stored {
    fn from(it: Reference) -> Self {
        Self { v: VERSION, to: it.to, standing: it.standing, moved_from: it.moved_from }
    }
}

impl TryFrom<Stored> for Reference {
    type Error = String;

    fn try_from(it: Stored) -> Result<Self, String> {
        if it.v > VERSION {
            return Err(format!("a reference of version {} is newer than this bot", it.v));
        }
        Ok(Self { to: it.to, standing: it.standing, moved_from: it.moved_from })
    }
}

impl Reference {
    /// A conversation in which the bot is installed.
    pub fn new(mut to: ConversationRef) -> Self {
        let root = to.root_id().to_owned();
        to.conversation_id = root;
        Self { to, standing: Standing::Installed, moved_from: None }
    }

    /// The conversation of an activity, by what the activity says about it; `None` if it names no
    /// conversation.
    pub fn of(activity: &Activity) -> Option<Self> {
        let mut reference = Self::new(ConversationRef::of(activity));
        if reference.key().is_empty() || reference.to.service_url.is_empty() {
            return None;
        }
        reference.observe(activity);
        Some(reference)
    }

    /// What names it in a store: the conversation without a thread.
    pub fn key(&self) -> &str {
        self.to.root_id()
    }

    /// Takes over what an activity of this conversation says. Gives whether that changed anything.
    ///
    /// Only verified activities may be observed: they carry the service URL.
    pub fn observe(&mut self, activity: &Activity) -> bool {
        let before = self.clone();
        self.standing = standing_after(activity).unwrap_or(self.standing);
        // The host that was left is where old activities come from; it is not gone back to.
        let url =
            activity.service_url.as_ref().filter(|url| Some(*url) != self.moved_from.as_ref());
        if let Some(url) = url.filter(|url| **url != self.to.service_url) {
            self.to.service_url.clone_from(url);
            self.moved_from = None;
        }
        if let Some(bot) = activity.recipient.as_ref().filter(|_| self.to.bot.is_none()) {
            self.to.bot = Some(bot.clone());
        }
        *self != before
    }

    /// Takes over what an answer of Teams says. Gives whether that changed anything.
    ///
    /// ```
    /// use argus_bot_sdk::ConversationRef;
    /// use argus_bot_sdk::connector::{SendError, SendErrorKind};
    /// use argus_bot_sdk::references::{Reference, Standing};
    ///
    /// let mut soc = Reference::new(ConversationRef::new("https://smba.trafficmanager.net/amer/", "a:1"));
    /// let gone = SendError::new(SendErrorKind::Dormant).with_code("ConversationBlockedByUser");
    /// assert!(soc.learn(&gone));
    /// assert_eq!(soc.standing, Standing::Blocked);
    ///
    /// let elsewhere = SendError::new(SendErrorKind::Refused).with_code("InvalidBotApiHost");
    /// assert!(soc.learn(&elsewhere));
    /// assert_eq!(soc.to.service_url, "https://smba.infra.gcc.teams.microsoft.com/teams");
    /// assert!(!soc.learn(&elsewhere), "it moves once");
    /// ```
    pub fn learn(&mut self, error: &SendError) -> bool {
        self.learn_at(error, GCC_URL)
    }

    fn learn_at(&mut self, error: &SendError, gcc_url: &str) -> bool {
        let Some(code) = error.code() else { return false };
        if code == "InvalidBotApiHost" {
            if self.moved_from.is_some() || self.to.service_url == gcc_url {
                return false;
            }
            let from = std::mem::replace(&mut self.to.service_url, gcc_url.to_owned());
            self.moved_from = Some(from);
            return true;
        }
        match Standing::by_code(code) {
            Some(standing) if standing != self.standing => {
                self.standing = standing;
                true
            }
            _ => false,
        }
    }
}

/// What an activity says about the bot's standing.
fn standing_after(activity: &Activity) -> Option<Standing> {
    let bot = activity.recipient.as_ref().and_then(|bot| bot.id.as_deref());
    let is_bot = |accounts: &Option<Vec<crate::Account>>| {
        let mut accounts = accounts.iter().flatten();
        bot.is_some() && accounts.any(|it| it.id.as_deref() == bot)
    };
    match &activity.kind {
        ActivityKind::InstallationUpdate => match activity.action.as_deref() {
            Some("add" | "add-upgrade") => Some(Standing::Installed),
            Some("remove") => Some(Standing::Removed),
            // An upgrade takes the old version away and adds the new one.
            _ => None,
        },
        ActivityKind::ConversationUpdate => match activity.channel().event_type() {
            Some("teamDeleted" | "teamHardDeleted" | "channelDeleted") => Some(Standing::Gone),
            Some("teamRestored" | "channelRestored") => Some(Standing::Installed),
            _ if is_bot(&activity.members_removed) => Some(Standing::Removed),
            _ if is_bot(&activity.members_added) => Some(Standing::Installed),
            _ => None,
        },
        // Whoever speaks to the bot has it.
        ActivityKind::Message | ActivityKind::Invoke => Some(Standing::Installed),
        _ => None,
    }
}

/// Keeps references, by their [keys](Reference::key). [`suite::store`] checks one.
#[async_trait]
pub trait References: Send + Sync {
    /// The reference of this key.
    async fn get(&self, key: &str) -> Result<Option<Reference>, Error>;

    /// Writes a reference over the one of the same key.
    async fn put(&self, reference: &Reference) -> Result<(), Error>;

    /// Forgets a reference; that there is none is no error.
    async fn remove(&self, key: &str) -> Result<(), Error>;

    /// At most `limit` references in the order of their keys, those after `after` only.
    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<Reference>, Error>;
}
