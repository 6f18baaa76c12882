//! The channel as the page shows it: activities in the order in which they came.

use argus_bot_sdk::activity::ADAPTIVE_CARD;
use argus_bot_sdk::testing::Shown;
use serde_json::{Value, json};

use crate::people::People;

/// How many activities the page keeps; a demo does not scroll further back.
const KEPT: usize = 500;

/// What is in the channel.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    shown: Vec<Value>,
}

impl Channel {
    /// Adds an activity or replaces the one with its id; says whether it was there.
    ///
    /// The second value is what the page gets to see.
    pub(crate) fn put(&mut self, mut activity: Value) -> (bool, Value) {
        let id = text(&activity, "id").to_owned();
        if let Some(place) = self.shown.iter_mut().find(|shown| text(shown, "id") == id) {
            // An edit keeps its place and the time of the first writing, as in Teams.
            if let (Some(fields), Some(at)) = (activity.as_object_mut(), place.get("at")) {
                fields.insert("at".to_owned(), at.clone());
            }
            place.clone_from(&activity);
            return (true, activity);
        }
        self.shown.push(activity.clone());
        if self.shown.len() > KEPT {
            self.shown.remove(0);
        }
        (false, activity)
    }

    /// Takes an activity out; says whether it was there.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let before = self.shown.len();
        self.shown.retain(|shown| text(shown, "id") != id);
        self.shown.len() < before
    }

    /// Everything, oldest first.
    pub(crate) fn all(&self) -> &[Value] {
        &self.shown
    }
}

/// An activity of Teams, as the page reads it. People go by their short names.
pub(crate) fn seen(shown: &Shown, people: &People) -> Value {
    let activity = &shown.activity;
    let cards: Vec<&Value> = activity
        .get("attachments")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|attachment| text(attachment, "contentType") == ADAPTIVE_CARD)
        .filter_map(|attachment| attachment.get("content"))
        .collect();
    let from = activity.get("from").unwrap_or(&Value::Null);
    let person = people.with_object_id(text(from, "aadObjectId"));
    let format = activity.get("textFormat").and_then(Value::as_str).unwrap_or("markdown");
    json!({
        "id": shown.id,
        "from": {
            "id": person.map_or(text(from, "id"), |person| &person.key),
            "name": text(from, "name"),
            "kind": if shown.from_bot { "bot" } else { "user" },
        },
        "at": activity.get("timestamp"),
        "text": activity.get("text").and_then(Value::as_str).map(readable),
        "text_format": format,
        "cards": cards,
        "reply_to": activity.get("replyToId"),
        "edited": shown.edited,
    })
}

/// Mentions as people read them.
fn readable(text: &str) -> String {
    text.replace("<at>", "@").replace("</at>", "").trim().to_owned()
}

/// A string field, or nothing.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_keeps_its_place_and_time() {
        let mut channel = Channel::default();
        channel.put(json!({ "id": "1", "at": "10:00", "text": "queued" }));
        channel.put(json!({ "id": "2", "at": "10:01" }));
        let (updated, shown) = channel.put(json!({ "id": "1", "at": "10:02", "edited": true }));
        assert!(updated);
        assert_eq!(shown, json!({ "id": "1", "at": "10:00", "edited": true }));
        assert_eq!(channel.all().len(), 2);
        assert!(channel.remove("1") && !channel.remove("1"));
    }

    #[test]
    fn old_messages_make_room() {
        let mut channel = Channel::default();
        for n in 0..=KEPT {
            channel.put(json!({ "id": n.to_string() }));
        }
        assert_eq!(channel.all().len(), KEPT);
        assert_eq!(channel.all()[0]["id"], "1");
    }

    #[test]
    fn mentions_are_readable() {
        assert_eq!(readable("<at>Argus</at> list\n"), "@Argus list");
    }
}
