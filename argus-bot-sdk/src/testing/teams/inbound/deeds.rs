//! What people do beside talking: they come and go, react, and change what they said.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::world::{Kind, Room};
use super::super::{Change, FakeTeams, Person, put};

/// How a person's message changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Amend<'a> {
    /// It says this from now on.
    Edit(&'a str),
    /// It is gone.
    Delete,
}

/// A person comes or goes, a reaction is given or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Toggle {
    /// It is there from now on.
    Add,
    /// It is not there any more.
    Remove,
}

impl FakeTeams {
    /// A person changes or deletes a message of their own: the activity for the bot.
    ///
    /// `None` if there is no such conversation or message, or if somebody else said it.
    ///
    /// ```
    /// use argus_bot_sdk::testing::{Amend, FakeEntra, FakeTeams, Person};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
    /// let teams = FakeTeams::start(&FakeEntra::start().await?).await?;
    /// let alice = Person::new("Alice");
    /// let chat = teams.personal(&alice);
    /// let said = teams.say(&chat, &alice, "helo").unwrap();
    /// let id = said["id"].as_str().unwrap();
    /// let edit = teams.amend(&chat, &alice, id, Amend::Edit("hello")).unwrap();
    /// assert_eq!((&edit["type"], &edit["text"]), (&"messageUpdate".into(), &"hello".into()));
    /// assert_eq!(teams.messages(&chat)[0]["text"], "hello");
    /// # Ok(()) }
    /// ```
    pub fn amend(
        &self,
        conversation: &str,
        person: &Person,
        message: &str,
        how: Amend<'_>,
    ) -> Option<Value> {
        // Two edits have two times, also while the clock stands still.
        let at = self.fresh_id().parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        self.with_room(conversation, |room| {
            let thread = room.thread_of(message);
            let shown = room.find(message).filter(|shown| {
                !shown.from_bot && shown.activity.pointer("/from/id") == Some(&json!(person.id))
            })?;
            shown.edited = true;
            let (kind, event) = match how {
                Amend::Edit(_) => ("messageUpdate", "editMessage"),
                Amend::Delete => ("messageDelete", "softDeleteMessage"),
            };
            let mut activity = self.activity(room, thread.as_deref(), person, kind, message);
            put(&mut activity, "channelData/eventType", json!(event));
            if let Some(at) = at {
                put(&mut activity, "timestamp", json!(at.to_string()));
            }
            match how {
                Amend::Edit(text) => {
                    self.write_text(&mut activity, room.shown.kind, text);
                    let shown = room.find(message)?;
                    put(&mut shown.activity, "text", activity.get("text").cloned()?);
                    let shown = shown.clone();
                    self.core.announce(conversation, Change::Updated, &shown);
                }
                Amend::Delete => {
                    let shown = room.remove(message)?;
                    self.core.announce(conversation, Change::Deleted, &shown);
                }
            }
            Some(activity)
        })?
    }

    /// A person reacts to a message of the bot's, or takes the reaction back: the activity for the
    /// bot.
    ///
    /// `None` if there is no such conversation or message.
    pub fn react(
        &self,
        conversation: &str,
        person: &Person,
        message: &str,
        reaction: &str,
        how: Toggle,
    ) -> Option<Value> {
        self.with_room(conversation, |room| {
            room.find(message)?;
            let id = format!("f:{}", Uuid::new_v4());
            let mut activity = self.on_card(room, person, message, "messageReaction", &id);
            let field = match how {
                Toggle::Add => "reactionsAdded",
                Toggle::Remove => "reactionsRemoved",
            };
            put(&mut activity, field, json!([{ "type": reaction }]));
            Some(activity)
        })?
    }

    /// A person joins a conversation or leaves it: the activity for the bot.
    ///
    /// `None` if there is no such conversation.
    pub fn membership(&self, conversation: &str, person: &Person, how: Toggle) -> Option<Value> {
        self.with_room(conversation, |room| {
            let (field, event) = match how {
                Toggle::Add => ("membersAdded", "teamMemberAdded"),
                Toggle::Remove => ("membersRemoved", "teamMemberRemoved"),
            };
            enrol(room, person, how);
            let mut activity = self.meta(room, person, "conversationUpdate");
            let who = json!({ "id": person.id, "aadObjectId": person.object_id });
            put(&mut activity, field, json!([who]));
            if room.shown.kind == Kind::Channel {
                put(&mut activity, "channelData/eventType", json!(event));
            }
            activity
        })
    }

    /// Puts a person into a conversation without a word to the bot.
    pub(in crate::testing) fn enrol(&self, conversation: &str, person: &Person) {
        self.with_room(conversation, |room| enrol(room, person, Toggle::Add));
    }
}

fn enrol(room: &mut Room, person: &Person, how: Toggle) {
    let members = &mut room.shown.members;
    members.retain(|member| member.id != person.id);
    if how == Toggle::Add {
        members.push(person.clone());
    }
}
