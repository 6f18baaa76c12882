//! What people do, as the activities that Teams sends to the bot.

mod deeds;

use serde_json::{Value, json};
use uuid::Uuid;

pub use self::deeds::{Amend, Toggle};
use super::world::{self, Kind, Room, Shown};
use super::{Change, FakeTeams, Person, put};

impl FakeTeams {
    /// A person says something: it appears in the conversation, and the activity for the bot comes
    /// back, with the mention of the bot that channels and group chats need. A conversation id with
    /// `;messageid=` says it in that thread.
    ///
    /// `None` if there is no such conversation.
    pub fn say(&self, conversation: &str, person: &Person, text: &str) -> Option<Value> {
        let id = self.fresh_id();
        self.with_room(conversation, |room| {
            let thread = match room.shown.kind {
                Kind::Channel => Some(world::thread(conversation).unwrap_or(&id).to_owned()),
                _ => None,
            };
            let mut activity = self.activity(room, thread.as_deref(), person, "message", &id);
            self.write_text(&mut activity, room.shown.kind, text);
            let shown = Shown { id, thread, from_bot: false, edited: false, activity };
            room.shown.activities.push(shown.clone());
            self.core.announce(conversation, Change::Posted, &shown);
            shown.activity
        })
    }

    /// A person presses an `Action.Execute` of the bot's card: the invoke for the bot. `action` has
    /// `verb`, `data` with the inputs and, if you like, `title`.
    ///
    /// `None` if there is no such conversation.
    pub fn click(
        &self,
        conversation: &str,
        person: &Person,
        card: &str,
        action: &Value,
    ) -> Option<Value> {
        self.with_room(conversation, |room| {
            let id = format!("f:{}", Uuid::new_v4());
            let mut activity = self.on_card(room, person, card, "invoke", &id);
            let mut action = action.clone();
            if let Some(action) = action.as_object_mut() {
                action.insert("type".into(), json!("Action.Execute"));
            }
            put(&mut activity, "name", json!("adaptiveCard/action"));
            put(&mut activity, "value", json!({"action": action, "trigger": "manual"}));
            put(&mut activity, "channelData/source", json!({"name": "message"}));
            put(&mut activity, "channelData/legacy", json!({"replyToId": format!("1:{card}")}));
            activity
        })
    }

    /// A person presses an `Action.Submit` of the bot's card: a message without text for the bot.
    ///
    /// `None` if there is no such conversation.
    pub fn submit(
        &self,
        conversation: &str,
        person: &Person,
        card: &str,
        data: &Value,
    ) -> Option<Value> {
        self.with_room(conversation, |room| {
            let id = format!("f:{}", Uuid::new_v4());
            let mut activity = self.on_card(room, person, card, "message", &id);
            put(&mut activity, "value", data.clone());
            put(&mut activity, "channelData/source", json!({"name": "message"}));
            activity
        })
    }

    /// A person's client asks the bot something else than a button, such as `task/fetch`: the
    /// invoke for the bot.
    ///
    /// `None` if there is no such conversation.
    pub fn invoke(
        &self,
        conversation: &str,
        person: &Person,
        name: &str,
        value: &Value,
    ) -> Option<Value> {
        self.with_room(conversation, |room| {
            let id = format!("f:{}", Uuid::new_v4());
            let mut activity = self.activity(room, None, person, "invoke", &id);
            put(&mut activity, "name", json!(name));
            put(&mut activity, "value", value.clone());
            activity
        })
    }

    /// A person adds the bot: both activities that Teams sends then, in an order it does not
    /// promise.
    ///
    /// `None` if there is no such conversation.
    ///
    /// ```
    /// use argus_bot_sdk::testing::{FakeEntra, FakeTeams, Person, Toggle};
    /// use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let teams = FakeTeams::start(&FakeEntra::start().await?).await?;
    /// let alice = Person::new("Alice");
    /// let mut seen = teams.subscribe();
    /// let chat = teams.group_chat("Incident 7", [alice.clone()]);
    /// let added = teams.install(&chat, &alice).ok_or("no chat")?;
    /// assert!(added.iter().any(|it| it["recipient"]["id"] == teams.bot_id().as_str()));
    ///
    /// let joined = teams.membership(&chat, &Person::new("Bob"), Toggle::Add).ok_or("no chat")?;
    /// assert_eq!(joined["membersAdded"][0]["id"], Person::new("Bob").id.as_str());
    /// let said = teams.say(&chat, &alice, "hello").ok_or("no chat")?;
    /// assert_eq!(seen.try_recv()?.shown.id, said["id"].as_str().unwrap_or_default());
    /// let id = said["id"].as_str().unwrap_or_default();
    /// let liked = teams.react(&chat, &alice, id, "like", Toggle::Add).ok_or("no message")?;
    /// assert_eq!(liked["type"], "messageReaction");
    /// let filled = teams.submit(&chat, &alice, id, &json!({"why": "noise"})).ok_or("no chat")?;
    /// assert_eq!(filled["value"]["why"], "noise");
    ///
    /// let gone = teams.uninstall(&chat, &alice).ok_or("no chat")?;
    /// assert_eq!((&gone["type"], &gone["action"]), (&json!("installationUpdate"), &json!("remove")));
    /// # Ok(()) }
    /// ```
    pub fn install(&self, conversation: &str, person: &Person) -> Option<[Value; 2]> {
        self.with_room(conversation, |room| {
            room.life = world::Life::Active;
            let mut install = self.meta(room, person, "installationUpdate");
            put(&mut install, "action", json!("add"));
            let mut update = self.meta(room, person, "conversationUpdate");
            put(&mut update, "membersAdded", json!([{"id": self.bot_id()}]));
            if room.shown.kind == Kind::Channel {
                put(&mut update, "channelData/eventType", json!("teamMemberAdded"));
            }
            [install, update]
        })
    }

    /// A person removes the bot: the activity that Teams sends, and 403
    /// `BotNotInConversationRoster` for whatever the bot tries after it.
    ///
    /// `None` if there is no such conversation.
    pub fn uninstall(&self, conversation: &str, person: &Person) -> Option<Value> {
        self.with_room(conversation, |room| {
            room.life = world::Life::BotRemoved;
            let mut activity = self.meta(room, person, "installationUpdate");
            put(&mut activity, "action", json!("remove"));
            activity
        })
    }

    fn fresh_id(&self) -> String {
        let now = self.core.now_ms();
        self.core.state().world.next_id(now)
    }

    fn with_room<T>(&self, conversation: &str, act: impl FnOnce(&mut Room) -> T) -> Option<T> {
        self.core.state().world.room(conversation).map(act)
    }

    /// An activity about one of the bot's cards, in the card's thread.
    fn on_card(&self, room: &mut Room, person: &Person, card: &str, kind: &str, id: &str) -> Value {
        let thread = room.thread_of(card);
        let mut activity = self.activity(room, thread.as_deref(), person, kind, id);
        put(&mut activity, "replyToId", json!(card));
        activity
    }

    /// An activity about the conversation itself; Teams leaves the person's name out.
    fn meta(&self, room: &Room, person: &Person, kind: &str) -> Value {
        let id = format!("f:{}", Uuid::new_v4());
        let mut activity = self.activity(room, None, person, kind, &id);
        if let Some(from) = activity.get_mut("from").and_then(Value::as_object_mut) {
            from.remove("name");
        }
        activity
    }

    fn activity(
        &self,
        room: &Room,
        thread: Option<&str>,
        person: &Person,
        kind: &str,
        id: &str,
    ) -> Value {
        let now = self.core.clock.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        json!({
            "type": kind,
            "id": id,
            "timestamp": now,
            "localTimestamp": now,
            "localTimezone": "Etc/UTC",
            "channelId": "msteams",
            "serviceUrl": self.service_url(),
            "from": person.account(&room.shown.tenant_id),
            "recipient": {"id": self.bot_id(), "name": self.core.bot_name},
            "conversation": room.conversation(thread),
            "channelData": room.channel_data(),
            "entities": [{
                "type": "clientInfo",
                "locale": "en-US",
                "country": "US",
                "platform": "Web",
                "timezone": "Etc/UTC",
            }],
            "locale": "en-US",
        })
    }

    /// Text, its HTML twin and the mention, as a Teams client composes them.
    fn write_text(&self, activity: &mut Value, kind: Kind, text: &str) {
        let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let name = &self.core.bot_name;
        put(activity, "textFormat", json!("plain"));
        if kind == Kind::Personal {
            put(activity, "text", json!(text));
            put(
                activity,
                "attachments",
                json!([{"contentType": "text/html", "content": format!("<p>{html}</p>")}]),
            );
            return;
        }
        let mention = format!("<at>{name}</at>");
        let span = format!(
            "<span itemscope=\"\" itemtype=\"http://schema.skype.com/Mention\" itemid=\"0\">{name}</span>"
        );
        put(activity, "text", json!(format!("{mention} {text}\n")));
        put(
            activity,
            "attachments",
            json!([
                {"contentType": "text/html", "content": format!("<p>{span}&nbsp;{html}</p>")}
            ]),
        );
        if let Some(entities) = activity.get_mut("entities").and_then(Value::as_array_mut) {
            let mentioned = json!({"id": self.bot_id(), "name": name});
            entities.push(json!({"type": "mention", "text": mention, "mentioned": mentioned}));
        }
    }
}
