//! Cards that a template rendered, sent as the bytes that they are.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::{Call, ConversationRef, Metered, SendError, SendErrorKind, wire};
use crate::activity::{ADAPTIVE_CARD, strict};

impl Call {
    /// A message that is one Adaptive Card, as a template rendered it: nobody takes it apart and
    /// puts it together again. [`Reply::sent`](super::Reply::sent) has the new message's id.
    ///
    /// # Errors
    ///
    /// [`SendErrorKind::Refused`] if the card is not a JSON object, or says something twice.
    ///
    /// ```
    /// use argus_bot_sdk::connector::{Call, SendError};
    /// use argus_bot_sdk::{Connector, ConversationRef};
    ///
    /// async fn alert(teams: &dyn Connector, soc: &ConversationRef) -> Result<(), SendError> {
    ///     let card = br#"{"type":"AdaptiveCard","version":"1.5","body":[]}"#; // of a template
    ///     let sent = teams.perform(Call::send_rendered(soc, &card[..])?).await?.sent();
    ///     println!("it can be updated as {:?}", sent.activity_id);
    ///     Ok(())
    /// }
    /// # let soc = ConversationRef::new("https://smba.trafficmanager.net/emea/", "19:soc@thread.tacv2");
    /// # assert!(Call::send_rendered(&soc, &b"[]"[..]).is_err());
    /// ```
    pub fn send_rendered(to: &ConversationRef, card: impl Into<Bytes>) -> Result<Self, SendError> {
        Ok(Self::about(Method::POST, to, ["activities"])
            .with_rendered(to, &card.into())?
            .metered(Metered::Send))
    }

    /// The same card instead of the message `activity_id`.
    ///
    /// # Errors
    ///
    /// As for [`send_rendered`](Self::send_rendered).
    ///
    /// ```
    /// use argus_bot_sdk::ConversationRef;
    /// use argus_bot_sdk::connector::Call;
    ///
    /// let soc = ConversationRef::new("https://smba.trafficmanager.net/emea/", "19:soc@thread.tacv2");
    /// let call = Call::update_rendered(&soc, "1700000000000", &br#"{"type":"AdaptiveCard"}"#[..])?;
    /// assert!(call.path().ends_with("/activities/1700000000000"));
    /// # Ok::<(), argus_bot_sdk::connector::SendError>(())
    /// ```
    pub fn update_rendered(
        to: &ConversationRef,
        activity_id: &str,
        card: impl Into<Bytes>,
    ) -> Result<Self, SendError> {
        Self::about(Method::PUT, to, ["activities", activity_id]).with_rendered(to, &card.into())
    }

    fn with_rendered(mut self, to: &ConversationRef, card: &[u8]) -> Result<Self, SendError> {
        let refused = |e| SendError::new(SendErrorKind::Refused).with_source(e);
        strict::check_object(card).map_err(refused)?;
        let conversation = Value::from(to.conversation_id.as_str()).to_string();
        let card = strict::text(card).map_err(refused)?;
        let body = format!(
            r#"{{"type":"message","conversation":{{"id":{conversation}}},"attachments":[{{"contentType":"{ADAPTIVE_CARD}","content":{card}}}]}}"#
        );
        self.body = Some(wire::without_nulls(body).map_err(refused)?);
        Ok(self)
    }
}
