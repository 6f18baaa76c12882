//! What Teams remembers: conversations, who is in them and what was said. Pure state.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::person::Person;
use super::put;
use super::stream::Streams;

/// What kind of conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// One person and the bot.
    Personal,
    /// Several people and the bot.
    GroupChat,
    /// A channel of a team, with threads.
    Channel,
}

impl Kind {
    /// Its name on the wire, as `conversationType`.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::GroupChat => "groupChat",
            Self::Channel => "channel",
        }
    }
}

/// What the bot may still do in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Life {
    /// Everything.
    Active,
    /// 403 `BotDisabledByAdmin`.
    BotDisabledByAdmin,
    /// 403 `ConversationBlockedByUser`.
    BlockedByUser,
    /// 403 `BotNotInConversationRoster`.
    BotRemoved,
    /// 403 `NotEnoughPermissions`.
    NotEnoughPermissions,
    /// 404 `ConversationNotFound`.
    Gone,
    /// 403 `InvalidBotApiHost`, unless it is called at [`FakeTeams::gcc_url`].
    ///
    /// [`FakeTeams::gcc_url`]: super::FakeTeams::gcc_url
    OnGccHost,
}

/// One activity that somebody can see.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Shown {
    /// The activity's id.
    pub id: String,
    /// In a channel, the id of the thread's first activity.
    pub thread: Option<String>,
    /// Whether the bot said it.
    pub from_bot: bool,
    /// Whether it was changed after it was posted.
    pub edited: bool,
    /// The activity with its id, sender and time.
    pub activity: Value,
}

/// A conversation at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The id, without `;messageid=`.
    pub id: String,
    /// The name, if it has one.
    pub name: Option<String>,
    /// What kind of conversation.
    pub kind: Kind,
    /// The tenant that it belongs to.
    pub tenant_id: String,
    /// Who is in it, beside the bot.
    pub members: Vec<Person>,
    /// What can be seen, oldest first.
    pub activities: Vec<Shown>,
}

#[derive(Debug)]
pub(super) struct Room {
    pub(super) shown: Snapshot,
    pub(super) life: Life,
    pub(super) editing: bool,
    pub(super) streams: Streams,
}

#[derive(Debug, Default)]
pub(super) struct World {
    rooms: BTreeMap<String, Room>,
    last_id: i64,
}

impl World {
    /// The room of a conversation id with or without `;messageid=`, in the order of being made.
    pub(super) fn room(&mut self, conversation: &str) -> Option<&mut Room> {
        self.rooms.get_mut(root(conversation))
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.rooms.keys().cloned().collect()
    }

    pub(super) fn open(
        &mut self,
        id: &str,
        kind: Kind,
        tenant: &str,
        name: Option<String>,
        members: Vec<Person>,
    ) {
        let shown = Snapshot {
            id: id.to_owned(),
            name,
            kind,
            tenant_id: tenant.to_owned(),
            members,
            activities: Vec::new(),
        };
        let (life, streams) = (Life::Active, Streams::default());
        let room = Room { shown, life, editing: false, streams };
        self.rooms.entry(id.to_owned()).or_insert(room);
    }

    /// Teams' ids are the time in milliseconds; here they never repeat.
    pub(super) fn next_id(&mut self, now_ms: i64) -> String {
        self.last_id = now_ms.max(self.last_id + 1);
        self.last_id.to_string()
    }

    /// Everybody of this `29:` id, in whatever room.
    pub(super) fn person(&self, id: &str) -> Option<Person> {
        let mut members = self.rooms.values().flat_map(|room| &room.shown.members);
        members.find(|person| person.id == id).cloned()
    }
}

impl Room {
    /// The error code that the room's life has for everything the bot does.
    pub(super) fn refusal(&self) -> Option<(u16, &'static str)> {
        match self.life {
            Life::Active | Life::OnGccHost => None,
            Life::BotDisabledByAdmin => Some((403, "BotDisabledByAdmin")),
            Life::BlockedByUser => Some((403, "ConversationBlockedByUser")),
            Life::BotRemoved => Some((403, "BotNotInConversationRoster")),
            Life::NotEnoughPermissions => Some((403, "NotEnoughPermissions")),
            Life::Gone => Some((404, "ConversationNotFound")),
        }
    }

    pub(super) fn find(&mut self, id: &str) -> Option<&mut Shown> {
        self.shown.activities.iter_mut().find(|shown| shown.id == id)
    }

    /// The thread that an answer to this activity belongs to.
    pub(super) fn thread_of(&mut self, id: &str) -> Option<String> {
        self.find(id).and_then(|shown| shown.thread.clone())
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Shown> {
        let index = self.shown.activities.iter().position(|shown| shown.id == id)?;
        Some(self.shown.activities.remove(index))
    }

    /// The id that a bot sees: a channel's has the thread in it.
    pub(super) fn address(&self, thread: Option<&str>) -> String {
        match thread {
            Some(thread) => format!("{};messageid={thread}", self.shown.id),
            None => self.shown.id.clone(),
        }
    }

    /// `conversation` of an activity.
    pub(super) fn conversation(&self, thread: Option<&str>) -> Value {
        let mut conversation = Map::new();
        conversation.insert("conversationType".into(), self.shown.kind.wire().into());
        conversation.insert("tenantId".into(), json!(self.shown.tenant_id));
        conversation.insert("id".into(), json!(self.address(thread)));
        if self.shown.kind != Kind::Personal {
            conversation.insert("isGroup".into(), json!(true));
        }
        if let (Kind::GroupChat, Some(name)) = (self.shown.kind, &self.shown.name) {
            conversation.insert("name".into(), json!(name));
        }
        Value::Object(conversation)
    }

    /// `channelData` of an activity.
    pub(super) fn channel_data(&self) -> Value {
        let mut data = json!({"tenant": {"id": self.shown.tenant_id}});
        if self.shown.kind == Kind::Channel {
            // The fake's teams have one channel each, and Teams gives the first one the team's id.
            let id = &self.shown.id;
            put(&mut data, "channel", json!({"id": id}));
            put(&mut data, "team", json!({"id": id}));
            put(&mut data, "teamsChannelId", json!(id));
            put(&mut data, "teamsTeamId", json!(id));
        }
        data
    }
}

/// The conversation itself, without the thread.
pub(super) fn root(conversation: &str) -> &str {
    conversation.split_once(";messageid=").map_or(conversation, |(root, _)| root)
}

/// The thread in a conversation id.
pub(super) fn thread(conversation: &str) -> Option<&str> {
    conversation.split_once(";messageid=").map(|(_, thread)| thread)
}

/// The conversation id that a person and the bot always get.
pub(super) fn personal_id(bot: &str, person: &str) -> String {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{bot} {person}").as_bytes());
    format!("a:1{}", id.simple())
}

/// A channel's id, the same for the same name.
pub(super) fn channel_id(name: &str) -> String {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("channel {name}").as_bytes());
    format!("19:{}@thread.tacv2", id.simple())
}

/// A group chat's id, the same for the same name.
pub(super) fn group_id(name: &str) -> String {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("group {name}").as_bytes());
    format!("19:{}@thread.v2", id.simple())
}
