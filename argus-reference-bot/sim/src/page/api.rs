//! What the page can ask for and do.

use std::fmt;
use std::sync::Arc;

use argus_bot_sdk::testing::fault::FaultOrder;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::bot::{BotClient, Delivery};
use super::hub::Hub;
use super::{AlertError, Feed};
use crate::people::Person;
use crate::sim::{BOT_NAME, Sim};

/// Longest message that the composer sends.
const MAX_TEXT: usize = 4_000;
/// Most deliveries of one click at once.
const MAX_REPEAT: usize = 20;

/// Status and body, or status and what is wrong.
pub(crate) type Told = Result<(u16, Value), (u16, String)>;

/// The calls under `/api/`.
pub(crate) struct Api {
    pub(crate) sim: Sim,
    pub(crate) hub: Arc<Hub>,
    pub(crate) bot: BotClient,
    pub(crate) feed: Arc<dyn Feed>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("bot", &self.bot).finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
struct Saying {
    who: String,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Click {
    who: String,
    activity_id: String,
    action: Value,
    #[serde(default)]
    repeat: Option<usize>,
}

impl Api {
    pub(crate) fn people(&self) -> Value {
        let shown = |person: &Person| {
            json!({
                "id": person.key,
                "name": person.name,
                "title": person.title,
                "tenant": person.tenant,
                "description": person.description,
            })
        };
        self.sim.people().all().iter().map(shown).collect()
    }

    pub(crate) fn state(&self) -> Value {
        self.hub.snapshot()
    }

    pub(crate) fn alerts(&self) -> Value {
        json!(self.feed.alerts())
    }

    pub(crate) fn events(&self) -> mpsc::Receiver<Bytes> {
        self.hub.subscribe()
    }

    pub(crate) fn activities(&self) -> Vec<Value> {
        self.hub.activities()
    }

    pub(crate) fn channel_name(&self) -> &str {
        self.sim.channel_name()
    }

    /// Somebody writes in the channel.
    pub(crate) async fn say(&self, body: &[u8]) -> Told {
        let saying: Saying = read(body)?;
        let who = self.person(&saying.who)?;
        let text = without_mention(&saying.text);
        if text.is_empty() || text.len() > MAX_TEXT {
            return Err((400, format!("a message has between 1 and {MAX_TEXT} bytes")));
        }
        let activity = self.sim.teams().say(self.sim.channel_id(), &who.in_teams(), text);
        let activity = activity.ok_or_else(no_channel)?;
        self.deliver_message(&activity).await?;
        Ok((202, json!({ "id": activity.get("id") })))
    }

    /// Somebody presses a button of a card.
    pub(crate) async fn click(&self, body: &[u8]) -> Told {
        let click: Click = read(body)?;
        let who = self.person(&click.who)?.in_teams();
        let (teams, channel) = (self.sim.teams(), self.sim.channel_id());
        let card = click.activity_id.as_str();
        if !self.hub.has(card) {
            return Err((404, "no such message in the channel".to_owned()));
        }
        if click.action.get("type").and_then(Value::as_str) == Some("Action.Submit") {
            let data = click.action.get("data").unwrap_or(&Value::Null);
            let activity = teams.submit(channel, &who, card, data).ok_or_else(no_channel)?;
            self.deliver_message(&activity).await?;
            let kind = "application/vnd.microsoft.activity.message";
            return Ok((200, json!({ "statusCode": 200, "type": kind, "value": "" })));
        }
        let activity = teams.click(channel, &who, card, &click.action).ok_or_else(no_channel)?;
        let times = click.repeat.unwrap_or(1).clamp(1, MAX_REPEAT);
        let deliveries = self.bot.deliver_times(&activity, times).await;
        let replies: Vec<Value> = deliveries.into_iter().map(Delivery::reply).collect();
        let mut answer = replies.first().cloned().unwrap_or_default();
        if let (Some(_), Some(fields)) = (click.repeat, answer.as_object_mut()) {
            fields.insert("replies".to_owned(), json!(replies));
        }
        Ok((200, answer))
    }

    /// A sample alert goes to the bot's front door.
    pub(crate) async fn send_alert(&self, name: &str) -> Told {
        match self.feed.send_alert(name).await {
            Ok(answer) => Ok((202, answer)),
            Err(AlertError::Unknown) => Err((404, "no such alert".to_owned())),
            Err(AlertError::NotSent(why)) => Err((502, why)),
        }
    }

    /// Something goes wrong from now on.
    pub(crate) fn fault(&self, body: &[u8]) -> Told {
        let order: FaultOrder = read(body)?;
        self.hub.say(&format!("Fault set for {} ({}).", order.system, order.operation));
        self.sim.faults().order(order);
        Ok((200, json!({ "set": true })))
    }

    /// Everything works again.
    pub(crate) fn clear_faults(&self) -> Value {
        self.sim.faults().clear();
        self.hub.say("All faults are cleared.");
        json!({ "set": false })
    }

    async fn deliver_message(&self, activity: &Value) -> Result<(), (u16, String)> {
        let delivery = self.bot.deliver(activity).await;
        if delivery.is_taken() {
            return Ok(());
        }
        let why = match delivery.status {
            Some(status) => format!("the bot answered HTTP {status}"),
            None => "the bot does not answer".to_owned(),
        };
        self.hub.say(&why);
        Err((502, why))
    }

    fn person(&self, key: &str) -> Result<Person, (u16, String)> {
        let people = self.sim.people();
        people.named(key).cloned().ok_or_else(|| (404, "nobody has this name".to_owned()))
    }
}

/// What was typed without the mention of the bot, which Teams adds by itself.
fn without_mention(text: &str) -> &str {
    let text = text.trim();
    let said = text.strip_prefix('@').and_then(|rest| {
        let (name, said) = rest.split_at_checked(BOT_NAME.len())?;
        let ends = said.is_empty() || said.starts_with(char::is_whitespace);
        (name.eq_ignore_ascii_case(BOT_NAME) && ends).then_some(said)
    });
    said.unwrap_or(text).trim()
}

fn no_channel() -> (u16, String) {
    (500, "the channel is gone".to_owned())
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, (u16, String)> {
    serde_json::from_slice(body).map_err(|error| (400, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_mention_is_taken_off() {
        let check = |typed: &str, said: &str| assert_eq!(without_mention(typed), said, "{typed}");
        check("list", "list");
        check(" @argus  list ", "list");
        check("@Argus", "");
        check("@Argusson list", "@Argusson list");
        check("@Argu\u{e5} list", "@Argu\u{e5} list");
    }
}
