//! Messages that change, and reactions to them.

use crate::event::Event;
use crate::record::record;
use crate::{Account, Activity, ActivityKind};

/// A message changed; which one is the activity's `id`, and what it says now its `text`.
///
/// ```
/// use argus_bot_sdk::Activity;
/// use argus_bot_sdk::event::{Event as _, MessageChange};
///
/// let activity: Activity = serde_json::from_str(
///     r#"{ "type": "messageDelete", "channelData": { "eventType": "softDeleteMessage" } }"#,
/// )?;
/// assert_eq!(MessageChange::of(&activity), Some(MessageChange::SoftDeleted));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageChange {
    /// It was edited.
    Edited,
    /// It was brought back.
    Undeleted,
    /// It was deleted and may be brought back.
    SoftDeleted,
    /// It was changed, and Teams does not say how.
    Updated,
    /// It was deleted, and Teams does not say how.
    Deleted,
    /// Something that this crate does not know.
    Unknown {
        /// What `channelData.eventType` says.
        event_type: String,
    },
}

impl Event for MessageChange {
    fn of(activity: &Activity) -> Option<Self> {
        let otherwise = match activity.kind {
            ActivityKind::MessageUpdate => Self::Updated,
            ActivityKind::MessageDelete => Self::Deleted,
            _ => return None,
        };
        Some(match activity.channel().event_type() {
            None => otherwise,
            // Teams is not of one mind about upper and lower case.
            Some(name) if name.eq_ignore_ascii_case("editMessage") => Self::Edited,
            Some(name) if name.eq_ignore_ascii_case("undeleteMessage") => Self::Undeleted,
            Some(name) if name.eq_ignore_ascii_case("softDeleteMessage") => Self::SoftDeleted,
            Some(name) => Self::Unknown { event_type: name.to_owned() },
        })
    }
}

record! {
    /// One reaction.
    pub struct Reaction {
        /// `like`, `heart`, `laugh`, `surprised`, `sad`, `angry`, or any other emoji's name.
        kind: String = "type",
        /// Who reacted, if that is said.
        user: Account = "user",
        /// When, as RFC 3339 text.
        created_date_time: String = "createdDateTime",
    }
}

/// Somebody reacted to a message, which is the activity's `replyToId`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Reactions {
    /// Reactions that are new.
    pub added: Vec<Reaction>,
    /// Reactions that were taken back.
    pub removed: Vec<Reaction>,
}

impl Event for Reactions {
    fn of(activity: &Activity) -> Option<Self> {
        if activity.kind != ActivityKind::MessageReaction {
            return None;
        }
        let read = |all: &Option<Vec<serde_json::Value>>| {
            let typed = |one| <Reaction as serde::Deserialize>::deserialize(one).ok();
            all.iter().flatten().filter_map(typed).collect()
        };
        Some(Self {
            added: read(&activity.reactions_added),
            removed: read(&activity.reactions_removed),
        })
    }
}
