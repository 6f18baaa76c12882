//! A small Teams: the Connector's REST interface, and people who talk to the bot.

mod inbound;
mod limits;
mod more;
mod person;
mod rest;
mod roster;
mod size;
mod stream;
mod targeted;
mod world;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::broadcast;

pub use self::inbound::{Amend, Toggle};
use self::limits::Meter;
pub use self::limits::TeamsLimits;
use self::more::Kept;
pub use self::person::Person;
use self::world::World;
pub use self::world::{Kind as ConversationKind, Life, Shown, Snapshot};
use super::entra::{APP_ID, FakeEntra, TENANT, TokenSpec};
use super::fault::Faults;
use super::traffic::Traffic;
use super::wire::FakeServer;
use crate::clock::Clock;

/// Teams refuses messages of more than 100 KB, counted in UTF-16
/// (learn.microsoft.com, "Limits and specifications for Microsoft Teams").
const MAX_MESSAGE: usize = 100 * 1024;

/// What happened to something that people can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It is new.
    Posted,
    /// The bot changed it.
    Updated,
    /// The bot took it back.
    Deleted,
}

/// One change in one conversation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TeamsChange {
    /// The conversation, without `;messageid=`.
    pub conversation: String,
    /// What happened.
    pub change: Change,
    /// The activity as it is now, or as it was before it was deleted.
    pub shown: Shown,
}

/// A fake of Teams on loopback.
///
/// It checks the bot's tokens against a [`FakeEntra`], keeps Teams' published limits unless told
/// otherwise, and makes the activities and tokens that Teams would send to the bot. A clone is the
/// same fake; it stops when the last clone is dropped. In a fault script it is the system `teams`
/// with the operations `send`, `reply`, `update`, `delete`, `create_conversation`, `members`,
/// `teams`, `meetings`, `notification`, `reactions`, `attachments` and `batch`; its effects carry the
/// same names, and `typing`, by conversation or, for `update` and `delete`, by activity.
///
/// ```
/// use argus_bot_sdk::testing::{APP_ID, CONNECTOR, FakeEntra, FakeTeams, Person, TENANT, TokenSpec};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let entra = FakeEntra::start().await?;
/// let teams = FakeTeams::start(&entra).await?;
/// let channel = teams.channel("SOC alerts", [Person::new("Alice Berg")]);
///
/// let url = format!("{}v3/conversations/{channel}/activities", teams.service_url());
/// let answer = reqwest::Client::new()
///     .post(url)
///     .bearer_auth(entra.mint(&TokenSpec::app(APP_ID, TENANT, CONNECTOR)))
///     .body(r#"{"type": "message", "text": "Good morning"}"#)
///     .send()
///     .await?;
/// assert_eq!(answer.status(), 201);
/// assert_eq!(teams.messages(&channel)[0]["text"], "Good morning");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct FakeTeams {
    core: Arc<Core>,
    server: Arc<FakeServer>,
}

/// Chooses what a [`FakeTeams`] is like.
#[derive(Debug)]
#[must_use = "call start"]
pub struct FakeTeamsBuilder {
    core: Core,
}

/// What the server task and the handles share.
#[derive(Debug)]
struct Core {
    entra: FakeEntra,
    faults: Faults,
    clock: Arc<dyn Clock>,
    app_id: String,
    bot_name: String,
    tenant: String,
    edit_time: Duration,
    max_message: usize,
    state: Mutex<State>,
    changes: broadcast::Sender<TeamsChange>,
    /// Whether the Connector's calls are noted too; a load test would fill the memory with them.
    is_noted: bool,
    traffic: Traffic,
}

#[derive(Debug)]
struct State {
    world: World,
    limits: TeamsLimits,
    meter: Meter,
    more: Kept,
}

impl FakeTeams {
    /// Starts with the bot [`APP_ID`] in the tenant [`TENANT`] and with the published limits.
    ///
    /// # Errors
    ///
    /// The socket error if no loopback port can be bound.
    pub async fn start(entra: &FakeEntra) -> io::Result<Self> {
        Self::builder(entra).start().await
    }

    /// Chooses the bot, limits and faults first. Clock and faults are those of `entra`.
    pub fn builder(entra: &FakeEntra) -> FakeTeamsBuilder {
        let (changes, _) = broadcast::channel(1024);
        let state = State {
            world: World::default(),
            limits: TeamsLimits::published(),
            meter: Meter::default(),
            more: Kept::default(),
        };
        let core = Core {
            faults: entra.faults().clone(),
            clock: entra.clock(),
            entra: entra.clone(),
            app_id: APP_ID.to_owned(),
            bot_name: "Argus".to_owned(),
            tenant: TENANT.to_owned(),
            edit_time: Duration::ZERO,
            max_message: MAX_MESSAGE,
            state: Mutex::new(state),
            changes,
            is_noted: false,
            traffic: Traffic::default(),
        };
        FakeTeamsBuilder { core }
    }

    /// Where it listens, without a slash at the end: what a service URL allowlist has to name.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The service URL in activities, which carries region and tenant as Teams' does.
    pub fn service_url(&self) -> String {
        format!("{}/amer/{}/", self.url(), self.core.tenant)
    }

    /// A fresh token as Teams sends it with an activity.
    #[must_use]
    pub fn token(&self) -> String {
        self.core.entra.mint(&TokenSpec::bot(&self.core.app_id, &self.service_url()))
    }

    /// The bot's app id.
    pub fn app_id(&self) -> &str {
        &self.core.app_id
    }

    /// The bot's account id, `28:` and the app id.
    pub fn bot_id(&self) -> String {
        self.core.bot_id()
    }

    /// The fake that checks tokens.
    pub fn entra(&self) -> &FakeEntra {
        &self.core.entra
    }

    /// The fault script that it obeys.
    pub fn faults(&self) -> &Faults {
        &self.core.faults
    }

    /// Opens a channel and gives its id; the same name is the same channel.
    pub fn channel(&self, name: &str, members: impl IntoIterator<Item = Person>) -> String {
        let id = world::channel_id(name);
        self.open_channel(&id, name, members);
        id
    }

    /// Opens a channel under an id of your choice, which should look like `19:…@thread.tacv2`.
    pub fn open_channel(&self, id: &str, name: &str, members: impl IntoIterator<Item = Person>) {
        self.open(id, ConversationKind::Channel, Some(name.to_owned()), members);
    }

    /// Opens a group chat and gives its id; the same name is the same chat.
    pub fn group_chat(&self, name: &str, members: impl IntoIterator<Item = Person>) -> String {
        let id = world::group_id(name);
        self.open(&id, ConversationKind::GroupChat, Some(name.to_owned()), members);
        id
    }

    /// Opens the chat of this person with the bot and gives its id.
    pub fn personal(&self, person: &Person) -> String {
        let id = world::personal_id(&self.core.bot_id(), &person.id);
        let tenant = person.tenant_id.clone();
        let members = vec![person.clone()];
        self.core.state().world.open(&id, ConversationKind::Personal, &tenant, None, members);
        id
    }

    /// The ids of all conversations.
    pub fn conversations(&self) -> Vec<String> {
        self.core.state().world.ids()
    }

    /// What can be seen in a conversation now, oldest first, without what was deleted.
    pub fn messages(&self, conversation: &str) -> Vec<Value> {
        let shown = self.snapshot(conversation).map(|snapshot| snapshot.activities);
        shown.into_iter().flatten().map(|shown| shown.activity).collect()
    }

    /// What the bot has said in a conversation, and not taken back, oldest first.
    pub fn bot_messages(&self, conversation: &str) -> Vec<Value> {
        let shown = self.snapshot(conversation).map(|snapshot| snapshot.activities);
        let from_bot = shown.into_iter().flatten().filter(|shown| shown.from_bot);
        from_bot.map(|shown| shown.activity).collect()
    }

    /// A conversation as it is now; `None` if there is none of this id.
    pub fn snapshot(&self, conversation: &str) -> Option<Snapshot> {
        self.core.state().world.room(conversation).map(|room| room.shown.clone())
    }

    /// Changes from now on, in all conversations, the people's own messages included.
    pub fn subscribe(&self) -> broadcast::Receiver<TeamsChange> {
        self.core.changes.subscribe()
    }

    /// What the bot may do in a conversation from now on.
    pub fn set_life(&self, conversation: &str, life: Life) {
        if let Some(room) = self.core.state().world.room(conversation) {
            room.life = life;
        }
    }

    /// The reader of a message that still grows presses "Stop": the bot's next part is refused.
    pub fn stop_stream(&self, conversation: &str, id: &str) {
        if let Some(room) = self.core.state().world.room(conversation) {
            room.streams.stop(id);
        }
    }

    /// Changes the limits; what was counted so far still counts.
    pub fn set_limits(&self, limits: TeamsLimits) {
        self.core.state().limits = limits;
    }

    pub(super) fn traffic(&self) -> &Traffic {
        &self.core.traffic
    }

    /// What was exchanged, with names for ids.
    pub(super) fn transcript(&self) -> String {
        let mut names = BTreeMap::from([
            (self.service_url(), "<teams>/".to_owned()),
            (self.url(), "<teams>".to_owned()),
            (self.core.tenant.clone(), "<tenant>".to_owned()),
            (self.bot_id(), "<bot>".to_owned()),
            (self.core.app_id.clone(), "<app>".to_owned()),
        ]);
        for id in self.conversations() {
            let Some(room) = self.snapshot(&id) else { continue };
            let whose = room.members.first().map_or("nobody", |person| &person.name);
            let name = match (room.kind, &room.name) {
                (ConversationKind::Personal, _) => format!("<chat of {whose}>"),
                (_, Some(name)) => format!("<{name}>"),
                (_, None) => continue,
            };
            names.insert(id, name);
            for person in room.members {
                names.insert(person.object_id, format!("<object id of {}>", person.name));
                names.insert(person.id, format!("<{}>", person.name));
            }
        }
        self.core.traffic.transcript(&names)
    }

    fn open(
        &self,
        id: &str,
        kind: ConversationKind,
        name: Option<String>,
        members: impl IntoIterator<Item = Person>,
    ) {
        let members = members.into_iter().collect();
        self.core.state().world.open(id, kind, &self.core.tenant, name, members);
    }
}

impl FakeTeamsBuilder {
    /// The app id and the name of the bot.
    pub fn bot(mut self, app_id: impl Into<String>, name: impl Into<String>) -> Self {
        self.core.app_id = app_id.into();
        self.core.bot_name = name.into();
        self
    }

    /// The tenant of channels and group chats.
    pub fn tenant(mut self, id: impl Into<String>) -> Self {
        self.core.tenant = id.into();
        self
    }

    /// Keeps these limits instead of the published ones.
    pub fn limits(self, limits: TeamsLimits) -> Self {
        self.core.state().limits = limits;
        self
    }

    /// Obeys this fault script.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.core.faults = faults;
        self
    }

    /// Ids, times and limits follow this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.core.clock = clock;
        self
    }

    /// An edit takes this long, and another one in the same conversation meanwhile gets 412.
    pub fn edit_time(mut self, time: Duration) -> Self {
        self.core.edit_time = time;
        self
    }

    /// Notes what is exchanged, for a transcript.
    pub(super) fn noted(mut self) -> Self {
        self.core.is_noted = true;
        self
    }

    /// The largest message, in bytes of UTF-16.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.core.max_message = bytes;
        self
    }

    /// Starts.
    ///
    /// # Errors
    ///
    /// The socket error if no loopback port can be bound.
    pub async fn start(self) -> io::Result<FakeTeams> {
        let core = Arc::new(self.core);
        let shared = Arc::clone(&core);
        let server = FakeServer::start(move |request| {
            let core = Arc::clone(&shared);
            async move { rest::answer(&core, &request).await }
        })
        .await?;
        Ok(FakeTeams { core, server: Arc::new(server) })
    }
}

impl Core {
    fn bot_id(&self) -> String {
        format!("28:{}", self.app_id)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// Called with the state locked, so that everybody sees the changes in the same order.
    fn announce(&self, conversation: &str, change: Change, shown: &Shown) {
        let conversation = world::root(conversation).to_owned();
        // Nobody watching is the usual case.
        drop(self.changes.send(TeamsChange { conversation, change, shown: shown.clone() }));
    }
}

/// Sets a field of a JSON object that was written as one; the path's parts are parted by `/`.
fn put(object: &mut Value, path: &str, value: Value) {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let pointer = if parent.is_empty() { String::new() } else { format!("/{parent}") };
    if let Some(fields) = object.pointer_mut(&pointer).and_then(Value::as_object_mut) {
        fields.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
