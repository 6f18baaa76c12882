//! What happened to conversations, meetings and messages, typed.
//!
//! Each event is a type, and a handler asks for it as its argument;
//! [`Router::on_event`](crate::Router::on_event) sees from that which event it hears. Names that
//! this crate does not know are kept.
//!
//! ```
//! use argus_bot_sdk::Router;
//! use argus_bot_sdk::event::{ConversationUpdate, MembersAdded};
//!
//! async fn welcome(joined: MembersAdded) -> Option<String> {
//!     Some(format!("{} joined.", joined.members.len()))
//! }
//! async fn changed(update: ConversationUpdate) {
//!     match update {
//!         ConversationUpdate::ChannelDeleted(gone) => drop(gone.channel),
//!         ConversationUpdate::TeamArchived(_) => {}
//!         _ => {}
//!     }
//! }
//!
//! let router: Router = Router::new().on_event(welcome).on_event(changed);
//! # drop(router);
//! ```

use serde_json::Value;

use crate::extract::{FromTurn, Rejected, Turn};
use crate::{Activity, ActivityKind};

mod agent;
mod conversation;
mod install;
mod meeting;
mod message;

pub use crate::event::agent::{
    AgentLifecycle, AgentLifecycleKind, AgentManager, AgentValue, UpdatedProperty,
};
pub use crate::event::conversation::*;
pub use crate::event::install::{InstallationAction, InstallationUpdate};
pub use crate::event::meeting::{
    MeetingEnd, MeetingEvent, MeetingMember, MeetingParticipantJoin, MeetingParticipantLeave,
    MeetingRole, MeetingStart, ReadReceipt,
};
pub use crate::event::message::{MessageChange, Reaction, Reactions};

/// Something that happened and that a bot may hear of.
///
/// Implement it, and [`FromTurn`], for events of your own:
///
/// ```
/// use argus_bot_sdk::event::Event;
/// use argus_bot_sdk::extract::{FromTurn, Rejected, Turn};
/// use argus_bot_sdk::{Activity, Router};
///
/// struct Shift(String);
/// impl Event for Shift {
///     fn of(activity: &Activity) -> Option<Self> {
///         let name = activity.event_name()?.strip_prefix("shift/")?;
///         Some(Self(name.to_owned()))
///     }
/// }
/// impl<S: Sync> FromTurn<S> for Shift {
///     async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
///         Self::of(turn.activity()).ok_or_else(|| Rejected::silent("OtherEvent"))
///     }
/// }
///
/// async fn changed(Shift(name): Shift) -> String {
///     format!("The {name} shift begins.")
/// }
/// let router: Router = Router::new().on_event(changed);
/// # drop(router);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "the events of Teams are types in `argus_bot_sdk::event`, such as `MeetingStart`; implement `Event` for others"
)]
pub trait Event: Sized + Send + 'static {
    /// The event in `activity`, if this is one.
    fn of(activity: &Activity) -> Option<Self>;
}

macro_rules! from_turn {
    ($($Event:ty),* $(,)?) => { $(
        impl<S: Sync> FromTurn<S> for $Event {
            async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
                <Self as Event>::of(turn.activity())
                    .ok_or_else(|| Rejected::silent("OtherEvent"))
            }
        }
    )* };
}

from_turn! {
    AgentLifecycle, AnyEvent, ConversationUpdate, InstallationUpdate, MeetingEvent, MeetingStart,
    MeetingEnd, MeetingParticipantJoin, MeetingParticipantLeave, ReadReceipt, MessageChange,
    Reactions, MembersAdded, MembersRemoved, ChannelCreated, ChannelDeleted, ChannelRenamed,
    ChannelRestored, ChannelShared, ChannelUnshared, ChannelMemberAdded, ChannelMemberRemoved,
    TeamArchived, TeamUnarchived, TeamDeleted, TeamHardDeleted, TeamRenamed, TeamRestored,
    TeamMemberAdded, TeamMemberRemoved,
}

/// An activity of the type `event`, whatever its name.
///
/// ```
/// use argus_bot_sdk::Activity;
/// use argus_bot_sdk::event::{AnyEvent, Event as _};
///
/// let odd: Activity = serde_json::from_str(r#"{ "type": "event", "name": "tide", "value": 7 }"#)?;
/// match AnyEvent::of(&odd) {
///     Some(AnyEvent::Unknown { name, value }) => assert_eq!((&*name, value), ("tide", 7.into())),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum AnyEvent {
    /// Of a meeting.
    Meeting(MeetingEvent),
    /// Somebody read what the bot wrote.
    ReadReceipt(ReadReceipt),
    /// Of an agent's account.
    AgentLifecycle(Box<AgentLifecycle>),
    /// A name that this crate does not know, or a value that does not fit its name.
    Unknown {
        /// The name; empty if there is none.
        name: String,
        /// What it carries; `null` for nothing.
        value: Value,
    },
}

impl Event for AnyEvent {
    fn of(activity: &Activity) -> Option<Self> {
        if activity.kind != ActivityKind::Event {
            return None;
        }
        let meeting = || MeetingEvent::of(activity).map(Self::Meeting);
        let read = || ReadReceipt::of(activity).map(Self::ReadReceipt);
        let agent = || AgentLifecycle::of(activity).map(Box::new).map(Self::AgentLifecycle);
        Some(meeting().or_else(read).or_else(agent).unwrap_or_else(|| Self::Unknown {
            name: activity.name.clone().unwrap_or_default(),
            value: activity.value.clone().unwrap_or_default(),
        }))
    }
}

impl std::fmt::Debug for AnyEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Meeting(meeting) => meeting.fmt(f),
            Self::ReadReceipt(receipt) => receipt.fmt(f),
            Self::AgentLifecycle(agent) => agent.fmt(f),
            Self::Unknown { name, .. } => f.debug_struct("Unknown").field("name", name).finish(),
        }
    }
}

impl Activity {
    /// The name of an event, such as `application/vnd.microsoft.meetingStart`; nothing for other
    /// activities.
    pub fn event_name(&self) -> Option<&str> {
        self.name.as_deref().filter(|_| self.kind == ActivityKind::Event)
    }
}

/// What an event of this name carries, if it has that shape; nothing is an empty object.
fn carried<T: serde::de::DeserializeOwned>(activity: &Activity, name: &str) -> Option<T> {
    if activity.event_name() != Some(name) {
        return None;
    }
    let empty = Value::Object(serde_json::Map::new());
    let value = activity.value.as_ref().filter(|value| !value.is_null());
    T::deserialize(value.unwrap_or(&empty)).ok()
}
