//! The bot's own reactions.

use http::Method;

use super::{Call, Connector, ConversationRef, SendError};

/// Adds and takes back reactions of the bot to messages of one conversation.
///
/// ```
/// use argus_bot_sdk::connector::Reactions;
/// use argus_bot_sdk::testing::{Person, TestTeams};
/// use argus_bot_sdk::{Activity, ConversationRef, Router};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let teams = TestTeams::start(Router::new()).await?;
/// let channel = teams.teams().channel("SOC alerts", [Person::new("Alice Berg")]);
/// let to = ConversationRef::new(teams.teams().service_url(), &channel);
/// let sent = teams.connector().send(&to, &Activity::message("who takes it?")).await?;
/// let id = sent.activity_id.unwrap_or_default();
///
/// Reactions::new(teams.connector(), &to).add(&id, "like").await?;
/// assert_eq!(teams.teams().reactions(&channel, &id), ["like"]);
/// Reactions::new(teams.connector(), &to).remove(&id, "like").await?;
/// assert!(teams.teams().reactions(&channel, &id).is_empty());
/// # Ok(()) }
/// ```
#[must_use]
pub struct Reactions<'a, C: ?Sized> {
    connector: &'a C,
    to: &'a ConversationRef,
}

impl<'a, C: Connector + ?Sized> Reactions<'a, C> {
    /// Reacts in this conversation.
    pub fn new(connector: &'a C, to: &'a ConversationRef) -> Self {
        Self { connector, to }
    }

    /// Reacts to an activity: `like`, `heart`, `laugh`, `surprised`, `sad`, `angry` or another
    /// name that Teams knows. Adding it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`SendError::kind`] says what is true after it.
    pub async fn add(&self, activity_id: &str, reaction: &str) -> Result<(), SendError> {
        self.call(Method::PUT, activity_id, reaction).await
    }

    /// Takes a reaction back.
    ///
    /// # Errors
    ///
    /// As for [`add`](Self::add).
    pub async fn remove(&self, activity_id: &str, reaction: &str) -> Result<(), SendError> {
        self.call(Method::DELETE, activity_id, reaction).await
    }

    async fn call(&self, method: Method, id: &str, reaction: &str) -> Result<(), SendError> {
        let call = Call::about(method, self.to, ["activities", id, "reactions", reaction]);
        self.connector.perform(call).await.map(drop)
    }
}

impl<C: ?Sized> std::fmt::Debug for Reactions<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reactions").finish_non_exhaustive()
    }
}
