//! The sort of an activity: an open enum, because Microsoft adds to it.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::activity::fast::Cursor;
use crate::activity::wire::{Read, Wire};

macro_rules! kinds {
    ($( $(#[$meta:meta])* $Kind:ident = $wire:literal, )*) => {
        /// What sort of activity it is.
        ///
        /// # Examples
        ///
        /// ```
        /// use argus_bot_sdk::ActivityKind;
        ///
        /// assert_eq!(ActivityKind::from("invoke"), ActivityKind::Invoke);
        /// assert_eq!(ActivityKind::from("hologram").as_str(), "hologram");
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ActivityKind {
            $( $(#[$meta])* $Kind, )*
            /// A sort that this crate does not know; empty if the activity names none.
            Other(String),
        }

        impl ActivityKind {
            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$Kind => $wire, )*
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for ActivityKind {
            fn from(name: &str) -> Self {
                match name {
                    $( $wire => Self::$Kind, )*
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

kinds! {
    /// Somebody said something, or pressed an `Action.Submit`.
    Message = "message",
    /// A request that waits for an answer in the same HTTP exchange.
    Invoke = "invoke",
    /// Members, names or settings of a conversation changed.
    ConversationUpdate = "conversationUpdate",
    /// The app was installed or removed.
    InstallationUpdate = "installationUpdate",
    /// Somebody reacted to a message.
    MessageReaction = "messageReaction",
    /// A message was edited.
    MessageUpdate = "messageUpdate",
    /// A message was deleted.
    MessageDelete = "messageDelete",
    /// Somebody is writing.
    Typing = "typing",
    /// Something happened, such as a meeting that began.
    Event = "event",
    /// The conversation is over.
    EndOfConversation = "endOfConversation",
    /// A note for developers.
    Trace = "trace",
    /// A command that is answered by a [`CommandResult`](Self::CommandResult).
    Command = "command",
    /// The result of a [`Command`](Self::Command).
    CommandResult = "commandResult",
    /// Another bot or a person takes over.
    Handoff = "handoff",
    /// Somebody added the bot to their contacts or took it away.
    ContactRelationUpdate = "contactRelationUpdate",
    /// What the bot knows about somebody is to be deleted.
    DeleteUserData = "deleteUserData",
    /// A private suggestion to one person about another activity.
    Suggestion = "suggestion",
    /// The answer to an invoke, where it is an activity of its own.
    InvokeResponse = "invokeResponse",
}

impl Default for ActivityKind {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl Serialize for ActivityKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Wire for ActivityKind {
    fn string(text: String) -> Read<Self> {
        // An empty name means "none" in Rust, so an empty name on the wire is kept aside.
        if text.is_empty() {
            Read::Other(Value::String(text))
        } else {
            Read::Typed(Self::from(text.as_str()))
        }
    }

    fn fast(cursor: &mut Cursor<'_>) -> Option<Self> {
        let name = cursor.string()?.plain()?;
        (!name.is_empty()).then(|| Self::from(name))
    }
}
