//! Cards that look different for one person: their client asks for that view by itself.

use serde_json::{Value, json};

use super::{User, invalid};
use crate::error::Error;
use crate::testing::Answer;

impl User<'_> {
    /// Their client refreshes the newest card there that has a view of its own for them, as it does
    /// when the card comes into sight: one whose `refresh` names them in `userIds`, or names nobody.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::reply::{Card, CardReply};
    /// use argus_bot_sdk::testing::TestTeams;
    /// use serde_json::json;
    ///
    /// async fn ask() -> Card {
    ///     let action = json!({"type": "Action.Execute", "verb": "mine"});
    ///     Card(json!({"type": "AdaptiveCard", "body": [], "refresh": {"action": action}}))
    /// }
    /// async fn mine() -> CardReply {
    ///     CardReply::card(json!({"type": "AdaptiveCard", "body": [], "speak": "yours"}))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
    /// let teams = TestTeams::start(Router::new().message(ask).action("mine", mine)).await?;
    /// let alice = teams.user("Alice");
    /// alice.says("ask").await;
    /// assert_eq!(alice.refreshes().await?.card().unwrap()["speak"], "yours");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if no card there refreshes for them.
    pub async fn refreshes(&self) -> Result<Answer, Error> {
        let said = self.stage.said_in(&self.place);
        let found = said.into_iter().rev().find_map(|(id, activity)| {
            let activity = self.stage.seen_by(&self.person.id, &id, activity);
            Some((id, self.refresh_in(&activity)?))
        });
        let (id, action) = found.ok_or_else(|| invalid("no card here refreshes for them"))?;
        let click = self.stage.teams().click(&self.place, &self.person, &id, &action);
        let mut click = click.ok_or_else(|| invalid("there is no such conversation"))?;
        if let Some(trigger) = click.pointer_mut("/value/trigger") {
            *trigger = json!("automatic");
        }
        let answer = self.tell(&click).await;
        if let Some(card) = answer.card() {
            self.stage.show(&self.person.id, &id, card);
        }
        Ok(answer)
    }

    /// What a card of this message wants to be asked for this person's view.
    fn refresh_in(&self, activity: &Value) -> Option<Value> {
        let attachments = activity.get("attachments")?.as_array()?;
        attachments.iter().find_map(|attachment| {
            let refresh = attachment.pointer("/content/refresh")?;
            let people = refresh.get("userIds").and_then(Value::as_array);
            let is_meant =
                people.is_none_or(|people| people.iter().any(|id| *id == self.person.id));
            refresh.get("action").filter(|_| is_meant).cloned()
        })
    }
}
