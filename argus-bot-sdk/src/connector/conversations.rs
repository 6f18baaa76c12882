//! Speaking in a conversation, with a say in how.

use http::Method;
use serde_json::{Value, json};

use super::{Call, Connector, ConversationRef, Guarantee, Metered, SendError, Sent};
use crate::check::{Check, apart};
use crate::{Account, Activity, ActivityKind};

/// Speaks in one conversation: like [`Connector::send`] and its like, with a say in how often a
/// message may be shown and who sees it.
///
/// ```
/// use argus_bot_sdk::connector::{Guarantee, Talk};
/// use argus_bot_sdk::testing::{Person, TestTeams};
/// use argus_bot_sdk::{Activity, ConversationRef, Router};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let teams = TestTeams::start(Router::new()).await?;
/// let channel = teams.teams().channel("SOC alerts", [Person::new("Alice Berg")]);
/// let to = ConversationRef::new(teams.teams().service_url(), channel);
///
/// let alert = Talk::new(teams.connector(), &to)
///     .guarantee(Guarantee::AtLeastOnce)
///     .send(&Activity::message("disk full"))
///     .await?;
/// let thread = to.thread(alert.activity_id.as_deref().unwrap_or_default());
/// Talk::new(teams.connector(), &thread).send(&Activity::message("cleaned up")).await?;
/// assert_eq!(teams.teams().bot_messages(&thread.conversation_id).len(), 2);
/// # Ok(()) }
/// ```
#[must_use]
pub struct Talk<'a, C: ?Sized> {
    connector: &'a C,
    to: &'a ConversationRef,
    guarantee: Guarantee,
    is_targeted: bool,
    check: Option<Check>,
}

impl<'a, C: Connector + ?Sized> Talk<'a, C> {
    /// Speaks in this conversation, or this thread of it.
    pub fn new(connector: &'a C, to: &'a ConversationRef) -> Self {
        Self { connector, to, guarantee: Guarantee::default(), is_targeted: false, check: None }
    }

    /// Sets what may happen to a message of which nobody knows whether it arrived.
    pub fn guarantee(mut self, guarantee: Guarantee) -> Self {
        self.guarantee = guarantee;
        self
    }

    /// Shows what is sent to its `recipient` only, though others are in the conversation too.
    ///
    /// ```
    /// use argus_bot_sdk::check::{Check, Scope};
    /// use argus_bot_sdk::connector::{SendError, Talk};
    /// use argus_bot_sdk::{Account, Activity, Connector, ConversationRef};
    ///
    /// /// Only Alice sees it, though others are in the channel; and only if Teams would take it.
    /// async fn whisper(teams: &dyn Connector, to: &ConversationRef) -> Result<(), SendError> {
    ///     let mut hint = Activity::message("You may approve this.");
    ///     hint.recipient = Some(Account::new("29:alice"));
    ///     let talk = Talk::new(teams, to).targeted().checked(Check::teams(Scope::Channel));
    ///     talk.typing().await?;
    ///     let sent = talk.send(&hint).await?;
    ///     talk.delete(sent.activity_id.as_deref().unwrap_or_default()).await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn targeted(mut self) -> Self {
        self.is_targeted = true;
        self
    }

    /// Looks at what is sent first, and sends nothing that Teams would refuse.
    pub fn checked(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }

    /// Says something in as many messages as Teams would make of it, each with an id of its own.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send); what came before the message that failed was sent.
    ///
    /// ```
    /// use argus_bot_sdk::connector::{SendError, Talk};
    /// use argus_bot_sdk::{Activity, Connector, ConversationRef};
    ///
    /// async fn report(teams: &dyn Connector, to: &ConversationRef, both: Activity) -> Result<usize, SendError> {
    ///     Ok(Talk::new(teams, to).send_apart(both).await?.len()) // the text, then its attachments
    /// }
    /// ```
    pub async fn send_apart(&self, activity: Activity) -> Result<Vec<Sent>, SendError> {
        let mut sent = Vec::new();
        for part in apart(activity) {
            sent.push(self.send(&part).await?);
        }
        Ok(sent)
    }

    /// Says something.
    ///
    /// # Errors
    ///
    /// [`SendError::kind`] says what is true after it.
    pub async fn send(&self, activity: &Activity) -> Result<Sent, SendError> {
        self.call(Method::POST, None, Some(activity)).await
    }

    /// Says something in answer to an activity, in its thread.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub async fn reply(&self, to_id: &str, activity: &Activity) -> Result<Sent, SendError> {
        self.call(Method::POST, Some(to_id), Some(activity)).await
    }

    /// Replaces what the bot said.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub async fn update(&self, id: &str, activity: &Activity) -> Result<Sent, SendError> {
        self.call(Method::PUT, Some(id), Some(activity)).await
    }

    /// Takes back what the bot said.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub async fn delete(&self, id: &str) -> Result<Sent, SendError> {
        self.call(Method::DELETE, Some(id), None).await
    }

    /// Shows that the bot is writing.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub async fn typing(&self) -> Result<Sent, SendError> {
        self.send(&Activity { kind: ActivityKind::Typing, ..Activity::default() }).await
    }

    async fn call(
        &self,
        method: Method,
        id: Option<&str>,
        activity: Option<&Activity>,
    ) -> Result<Sent, SendError> {
        if let (Some(check), Some(activity)) = (&self.check, activity) {
            check.refuse(activity)?;
        }
        let is_send = method == Method::POST;
        let parts = std::iter::once("activities").chain(id);
        let mut call = Call::about(method, self.to, parts)
            .metered(if is_send { Metered::Send } else { Metered::Other })
            .guarantee(self.guarantee);
        if self.is_targeted {
            call = call.query("isTargetedActivity", "true");
        }
        if let Some(activity) = activity {
            call = call.json(activity)?;
        }
        let sent = Sent::of(&self.connector.perform(call).await?);
        Ok(if activity.is_some() { sent } else { Sent { activity_id: None, ..sent } })
    }
}

impl<C: ?Sized> std::fmt::Debug for Talk<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Talk")
            .field("guarantee", &self.guarantee)
            .field("is_targeted", &self.is_targeted)
            .finish_non_exhaustive()
    }
}

/// Lets a message quote another one of the same conversation, above its text.
///
/// ```
/// use argus_bot_sdk::{Activity, connector::quote};
///
/// let answer = quote(Activity::message("done"), "1700000000000");
/// assert_eq!(answer.text.as_deref(), Some(r#"<quoted messageId="1700000000000"/> done"#));
/// assert_eq!(answer.entities.unwrap()[0]["type"], "quotedReply");
/// ```
#[must_use]
pub fn quote(mut activity: Activity, message_id: &str) -> Activity {
    let mut text = String::from("<quoted messageId=\"");
    for letter in message_id.chars() {
        match letter {
            '"' => text.push_str("&quot;"),
            '<' => text.push_str("&lt;"),
            '&' => text.push_str("&amp;"),
            other => text.push(other),
        }
    }
    text.push_str("\"/>");
    if let Some(said) = activity.text.as_deref().filter(|said| !said.is_empty()) {
        text.push(' ');
        text.push_str(said);
    }
    activity.text = Some(text);
    let entity: Value = json!({"type": "quotedReply", "quotedReply": {"messageId": message_id}});
    activity.entities.get_or_insert_default().push(entity);
    activity
}

impl Activity {
    /// The same for one person; see [`Talk::targeted`].
    ///
    /// ```
    /// use argus_bot_sdk::{Account, Activity};
    ///
    /// let note = Activity::message("only you see this").to_one(Account::new("29:ana"));
    /// assert_eq!(note.recipient.unwrap().id.as_deref(), Some("29:ana"));
    /// ```
    #[must_use]
    pub fn to_one(mut self, person: Account) -> Self {
        self.recipient = Some(person);
        self
    }
}
