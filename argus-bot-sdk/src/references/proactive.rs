//! A connector that knows where it may speak.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::{GCC_URL, Reference, References, Standing};
use crate::connector::{
    Call, Connector, CreatedConversation, Governor, NewConversation, Reply, SendError,
    SendErrorKind, Sent,
};
use crate::{Activity, ConversationRef, Error};

/// A connector that asks a [`References`] store before each call, and tells it what came of it.
///
/// Where the bot is not welcome it does not call at all ([`SendErrorKind::Dormant`]). When Teams
/// says that a conversation is at another host (403 `InvalidBotApiHost`), it calls there, once, and
/// remembers it. The other host has to be one that the inner connector may call: its service URL
/// policy is that of [`Cloud::Gcc`](crate::auth::Cloud::Gcc). A conversation that the store does not
/// know is called as it is.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::references::{MemoryReferences, Proactive, Standing};
/// use argus_bot_sdk::{Activity, Connector};
///
/// # async fn speak_first(connector: Arc<dyn Connector>, installed: Activity) -> Result<(), Box<dyn std::error::Error>> {
/// let bot = Proactive::new(connector, Arc::new(MemoryReferences::new()));
/// // In the handler of installations:
/// let soc = bot.observe(&installed).await?.ok_or("no conversation")?;
/// // In a year:
/// bot.send(&soc.to, &Activity::message("Good morning")).await?;
/// # Ok(()) }
/// ```
pub struct Proactive {
    connector: Arc<dyn Connector>,
    references: Arc<dyn References>,
    gcc_url: String,
}

impl Proactive {
    /// Speaks through `connector` where `references` allow it.
    pub fn new(connector: Arc<dyn Connector>, references: Arc<dyn References>) -> Self {
        Self { connector, references, gcc_url: GCC_URL.to_owned() }
    }

    /// Where conversations of government tenants are, if that is not Microsoft's host.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use argus_bot_sdk::Connector;
    /// use argus_bot_sdk::references::{MemoryReferences, Proactive};
    ///
    /// /// A bot of a cloud whose government tenants speak through a host of their own.
    /// fn speaks(connector: Arc<dyn Connector>) -> Proactive {
    ///     let references = Arc::new(MemoryReferences::new());
    ///     Proactive::new(connector, references).gcc_url("https://smba.infra.gcc.teams.example/")
    /// }
    /// ```
    #[must_use]
    pub fn gcc_url(mut self, url: impl Into<String>) -> Self {
        self.gcc_url = url.into();
        self
    }

    /// Takes over what a verified activity says about its conversation, and gives its reference;
    /// `None` if it names no conversation.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn observe(&self, activity: &Activity) -> Result<Option<Reference>, Error> {
        let Some(fresh) = Reference::of(activity) else { return Ok(None) };
        let Some(mut known) = self.references.get(fresh.key()).await? else {
            self.references.put(&fresh).await?;
            return Ok(Some(fresh));
        };
        if known.observe(activity) {
            self.references.put(&known).await?;
        }
        Ok(Some(known))
    }

    /// The reference of a conversation, if the bot may speak there or nothing is known.
    async fn welcome(&self, key: &str) -> Result<Option<Reference>, SendError> {
        let known = match self.references.get(key).await {
            Ok(known) => known,
            Err(error) => {
                // Teams knows too; better to ask it than to be silent.
                tracing::warn!(%error, "the store of references does not answer");
                None
            }
        };
        match known {
            Some(known) if known.standing != Standing::Installed => {
                Err(SendError::new(SendErrorKind::Dormant).with_code(known.standing.code()))
            }
            known => Ok(known),
        }
    }

    /// Remembers what an error says. Gives the host to try next, if it says that.
    async fn learn(
        &self,
        known: Option<Reference>,
        at: &ConversationRef,
        error: &SendError,
    ) -> Option<String> {
        let mut reference = known.unwrap_or_else(|| Reference::new(at.clone()));
        if !reference.learn_at(error, &self.gcc_url) {
            return None;
        }
        if let Err(error) = self.references.put(&reference).await {
            tracing::warn!(%error, "the store of references does not answer");
        }
        let is_moved = error.code() == Some("InvalidBotApiHost");
        is_moved.then_some(reference.to.service_url)
    }

    /// Calls where the conversation is, and there where Teams says it is.
    async fn call<T, F>(
        &self,
        to: &ConversationRef,
        call: impl Fn(ConversationRef) -> F,
    ) -> Result<T, SendError>
    where
        F: Future<Output = Result<T, SendError>>,
    {
        let known = self.welcome(to.root_id()).await?;
        let moved = known.as_ref().filter(|known| known.moved_from.is_some());
        let at = |url: &str| ConversationRef { service_url: url.to_owned(), ..to.clone() };
        let first = moved.map_or_else(|| to.clone(), |known| at(&known.to.service_url));
        let error = match call(first).await {
            Err(error) => error,
            done => return done,
        };
        match self.learn(known, to, &error).await {
            Some(url) => {
                tracing::info!("a conversation is at the host of government tenants");
                call(at(&url)).await
            }
            None => Err(error),
        }
    }
}

#[async_trait]
impl Connector for Proactive {
    async fn send(&self, to: &ConversationRef, activity: &Activity) -> Result<Sent, SendError> {
        self.call(to, |to| async move { self.connector.send(&to, activity).await }).await
    }

    async fn reply(
        &self,
        to: &ConversationRef,
        reply_to_id: &str,
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        self.call(to, |to| async move { self.connector.reply(&to, reply_to_id, activity).await })
            .await
    }

    async fn update(
        &self,
        to: &ConversationRef,
        activity_id: &str,
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        self.call(to, |to| async move { self.connector.update(&to, activity_id, activity).await })
            .await
    }

    async fn delete(&self, to: &ConversationRef, activity_id: &str) -> Result<Sent, SendError> {
        self.call(to, |to| async move { self.connector.delete(&to, activity_id).await }).await
    }

    async fn create_conversation(
        &self,
        service_url: &str,
        new: &NewConversation,
    ) -> Result<CreatedConversation, SendError> {
        self.connector.create_conversation(service_url, new).await
    }

    async fn perform(&self, call: Call) -> Result<Reply, SendError> {
        if call.conversation().is_empty() {
            return self.connector.perform(call).await;
        }
        let to = ConversationRef::new(call.service_url(), call.conversation());
        let again =
            |to: ConversationRef| self.connector.perform(call.clone().behind(to.service_url));
        self.call(&to, again).await
    }

    fn governor(&self) -> Option<&Governor> {
        self.connector.governor()
    }
}

impl fmt::Debug for Proactive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proactive").finish_non_exhaustive()
    }
}
