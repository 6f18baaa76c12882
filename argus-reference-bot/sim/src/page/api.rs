//! What the page can ask for and do.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use argus_bot_sdk::testing::fault::FaultOrder;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::bot::BotClient;
use super::hub::Hub;
use super::speech::{Place, Press};
use super::{AlertError, Feed};
use crate::people::Person;
use crate::sim::Sim;

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
    pub(crate) place: Place,
    pub(crate) feed: Arc<dyn Feed>,
    pub(crate) last_id: AtomicI64,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("place", &self.place).finish_non_exhaustive()
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
        let text = saying.text.trim();
        if text.is_empty() || text.len() > MAX_TEXT {
            return Err((400, format!("a message has between 1 and {MAX_TEXT} bytes")));
        }
        let now = self.sim.now();
        let id = self.fresh_id(now);
        let activity = self.place.message(&who, &id, text, now);
        self.hub.put(
            self.sim.channel_id(),
            json!({
                "id": id,
                "from": { "id": who.key, "name": who.name, "kind": "user" },
                "at": now.to_string(),
                "text": self.place.shown_text(text),
                "text_format": "plain",
                "cards": [],
                "reply_to": null,
                "edited": false,
            }),
        );
        self.deliver_message(&activity).await?;
        Ok((202, json!({ "id": id })))
    }

    /// Somebody presses a button of a card.
    pub(crate) async fn click(&self, body: &[u8]) -> Told {
        let click: Click = read(body)?;
        let who = self.person(&click.who)?;
        let root = self
            .hub
            .root_of(&click.activity_id)
            .ok_or_else(|| (404, "no such message in the channel".to_owned()))?;
        let now = self.sim.now();
        let press =
            Press { activity_id: &click.activity_id, root: &root, action: &click.action };
        if click.action.get("type").and_then(Value::as_str) == Some("Action.Submit") {
            let activity = self.place.submit(&who, &self.fresh_id(now), &press, now);
            self.deliver_message(&activity).await?;
            let kind = "application/vnd.microsoft.activity.message";
            return Ok((200, json!({ "statusCode": 200, "type": kind, "value": "" })));
        }
        let id = format!("f:{}", Uuid::new_v4());
        let activity = self.place.invoke(&who, &id, &press, now);
        let times = click.repeat.unwrap_or(1).clamp(1, MAX_REPEAT);
        let deliveries = self.bot.deliver_times(&activity, times).await;
        let replies: Vec<Value> = deliveries.into_iter().map(super::bot::Delivery::reply).collect();
        let mut answer = replies.first().cloned().unwrap_or_default();
        if click.repeat.is_some() && answer.is_object() {
            answer["replies"] = json!(replies);
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

    /// An id as Teams gives it: the milliseconds of the moment, and never the same twice.
    fn fresh_id(&self, now: Timestamp) -> String {
        let now = now.as_millisecond();
        let after = |last: i64| Some(now.max(last.saturating_add(1)));
        let last = self.last_id.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after);
        let last = last.unwrap_or_else(|last| last);
        now.max(last.saturating_add(1)).to_string()
    }
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, (u16, String)> {
    serde_json::from_slice(body).map_err(|error| (400, error.to_string()))
}
