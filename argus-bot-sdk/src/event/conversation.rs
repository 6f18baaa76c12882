//! What becomes of conversations: members, channels and teams.

use crate::activity::teams::{Channel, MembershipSource, Team};
use crate::event::Event;
use crate::{Account, Activity, ActivityKind};

/// Writes the events of one shape: which `eventType` they have and what they say.
macro_rules! changes {
    ($(
        $(#[$meta:meta])*
        $Change:ident = $wire:literal { $( $(#[$field_meta:meta])* $field:ident: $Type:ty, )* }
    )*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq)]
            #[non_exhaustive]
            pub struct $Change { $( $(#[$field_meta])* pub $field: $Type, )* }

            impl $Change {
                fn read(activity: &Activity) -> Self {
                    let said = Said::of(activity, $wire);
                    Self { $( $field: said.$field, )* }
                }
            }

            impl Event for $Change {
                fn of(activity: &Activity) -> Option<Self> {
                    is(activity, $wire).then(|| Self::read(activity))
                }
            }
        )*

        /// Members, names or settings of a conversation changed.
        ///
        /// ```
        /// use argus_bot_sdk::Activity;
        /// use argus_bot_sdk::event::{ConversationUpdate, Event as _};
        ///
        /// let activity: Activity = serde_json::from_str(
        ///     r#"{ "type": "conversationUpdate",
        ///          "channelData": { "eventType": "teamRenamed", "team": { "name": "SOC" } } }"#,
        /// )?;
        /// match ConversationUpdate::of(&activity) {
        ///     Some(ConversationUpdate::TeamRenamed(change)) => {
        ///         assert_eq!(change.team.unwrap().name.as_deref(), Some("SOC"));
        ///     }
        ///     other => panic!("{other:?}"),
        /// }
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum ConversationUpdate {
            $(
                $(#[$meta])*
                $Change($Change),
            )*
            /// Somebody joined, and Teams says no more.
            MembersAdded(MembersAdded),
            /// Somebody left, and Teams says no more.
            MembersRemoved(MembersRemoved),
            /// Something that this crate does not know.
            Unknown {
                /// What `channelData.eventType` says; nothing if it is not there.
                event_type: Option<String>,
            },
        }

        impl ConversationUpdate {
            /// All values of `channelData.eventType` that this crate knows.
            pub const EVENT_TYPES: &'static [&'static str] = &[$( $wire ),*];
        }

        impl Event for ConversationUpdate {
            fn of(activity: &Activity) -> Option<Self> {
                if activity.kind != ActivityKind::ConversationUpdate {
                    return None;
                }
                let event_type = activity.channel().event_type();
                $(
                    if event_type.is_some_and(|name| name.eq_ignore_ascii_case($wire)) {
                        return Some(Self::$Change($Change::read(activity)));
                    }
                )*
                let event_type = event_type.map(str::to_owned);
                if event_type.is_some() {
                    return Some(Self::Unknown { event_type });
                }
                let added = MembersAdded::of(activity).map(Self::MembersAdded);
                let removed = || MembersRemoved::of(activity).map(Self::MembersRemoved);
                Some(added.or_else(removed).unwrap_or(Self::Unknown { event_type }))
            }
        }
    };
}

changes! {
    /// A channel was made.
    ChannelCreated = "channelCreated" {
        /// The channel.
        channel: Option<Channel>,
        /// Its team.
        team: Option<Team>,
    }
    /// A channel was deleted.
    ChannelDeleted = "channelDeleted" {
        /// The channel.
        channel: Option<Channel>,
        /// Its team.
        team: Option<Team>,
    }
    /// A channel has another name.
    ChannelRenamed = "channelRenamed" {
        /// The channel, with the new name.
        channel: Option<Channel>,
        /// Its team.
        team: Option<Team>,
    }
    /// A deleted channel was brought back.
    ChannelRestored = "channelRestored" {
        /// The channel.
        channel: Option<Channel>,
        /// Its team.
        team: Option<Team>,
    }
    /// A channel is shared with more teams.
    ChannelShared = "channelShared" {
        /// The channel.
        channel: Option<Channel>,
        /// The team to which it belongs.
        team: Option<Team>,
        /// The teams with which it is shared now.
        shared_with: Vec<Team>,
    }
    /// A channel is shared with fewer teams.
    ChannelUnshared = "channelUnshared" {
        /// The channel.
        channel: Option<Channel>,
        /// The team to which it belongs.
        team: Option<Team>,
        /// The teams with which it is shared no more.
        unshared_from: Vec<Team>,
    }
    /// Somebody joined a shared or private channel.
    ChannelMemberAdded = "channelMemberAdded" {
        /// Who.
        members: Vec<Account>,
        /// The channel.
        channel: Option<Channel>,
        /// Its team.
        team: Option<Team>,
        /// By which team or chat they are members.
        source: Option<MembershipSource>,
    }
    /// Somebody left a shared or private channel.
    ChannelMemberRemoved = "channelMemberRemoved" {
        /// Who.
        members: Vec<Account>,
        /// The channel.
        channel: Option<Channel>,
        /// Its team.
        team: Option<Team>,
        /// By which team or chat they were members.
        source: Option<MembershipSource>,
    }
    /// A team can only be read now.
    TeamArchived = "teamArchived" {
        /// The team.
        team: Option<Team>,
    }
    /// A team can be written to again.
    TeamUnarchived = "teamUnarchived" {
        /// The team.
        team: Option<Team>,
    }
    /// A team was deleted and may be brought back.
    TeamDeleted = "teamDeleted" {
        /// The team.
        team: Option<Team>,
    }
    /// A team was deleted for good.
    TeamHardDeleted = "teamHardDeleted" {
        /// The team.
        team: Option<Team>,
    }
    /// A team has another name.
    TeamRenamed = "teamRenamed" {
        /// The team, with the new name.
        team: Option<Team>,
    }
    /// A deleted team was brought back.
    TeamRestored = "teamRestored" {
        /// The team.
        team: Option<Team>,
    }
    /// Somebody joined a team.
    TeamMemberAdded = "teamMemberAdded" {
        /// Who.
        members: Vec<Account>,
        /// The team.
        team: Option<Team>,
    }
    /// Somebody left a team.
    TeamMemberRemoved = "teamMemberRemoved" {
        /// Who.
        members: Vec<Account>,
        /// The team.
        team: Option<Team>,
    }
}

/// Somebody joined, in whatever sort of conversation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MembersAdded {
    /// Who; the bot itself is [`Activity::recipient`].
    pub members: Vec<Account>,
}

/// Somebody left, in whatever sort of conversation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MembersRemoved {
    /// Who; the bot itself is [`Activity::recipient`].
    pub members: Vec<Account>,
}

impl Event for MembersAdded {
    fn of(activity: &Activity) -> Option<Self> {
        let members = members(activity, activity.members_added.as_ref())?;
        Some(Self { members })
    }
}

impl Event for MembersRemoved {
    fn of(activity: &Activity) -> Option<Self> {
        let members = members(activity, activity.members_removed.as_ref())?;
        Some(Self { members })
    }
}

/// The members that a conversation update names; nothing if it names none.
fn members(activity: &Activity, named: Option<&Vec<Account>>) -> Option<Vec<Account>> {
    let is_update = activity.kind == ActivityKind::ConversationUpdate;
    named.filter(|members| is_update && !members.is_empty()).cloned()
}

fn is(activity: &Activity, event_type: &str) -> bool {
    // Teams is not of one mind about upper and lower case.
    activity.kind == ActivityKind::ConversationUpdate
        && activity.channel().event_type().is_some_and(|it| it.eq_ignore_ascii_case(event_type))
}

/// All that a conversation update may say.
struct Said {
    members: Vec<Account>,
    channel: Option<Channel>,
    team: Option<Team>,
    source: Option<MembershipSource>,
    shared_with: Vec<Team>,
    unshared_from: Vec<Team>,
}

impl Said {
    fn of(activity: &Activity, event_type: &str) -> Self {
        let data = activity.teams_data();
        let members = if event_type.ends_with("Removed") {
            &activity.members_removed
        } else {
            &activity.members_added
        };
        Self {
            members: members.clone().unwrap_or_default(),
            channel: data.channel,
            team: data.team,
            source: data.membership_source,
            shared_with: data.shared_with_teams.unwrap_or_default(),
            unshared_from: data.unshared_from_teams.unwrap_or_default(),
        }
    }
}
