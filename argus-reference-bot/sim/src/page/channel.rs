//! The channel as the page shows it: activities in the order in which they came.

use serde_json::{Value, json};

/// How many activities the page keeps; a demo does not scroll further back.
const KEPT: usize = 500;
const ADAPTIVE_CARD: &str = "application/vnd.microsoft.card.adaptive";

/// What is in the channel.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    shown: Vec<Value>,
    roots: Vec<(String, String)>,
}

impl Channel {
    /// Adds an activity or replaces the one with its id; says whether it was there.
    ///
    /// The second value is what the page gets to see.
    pub(crate) fn put(&mut self, conversation: &str, mut activity: Value) -> (bool, Value) {
        let id = text(&activity, "id").to_owned();
        let at = self.shown.iter().position(|shown| text(shown, "id") == id);
        if let Some(place) = at.and_then(|at| self.shown.get_mut(at)) {
            // An edit keeps its place and the time of the first writing, as in Teams.
            activity["edited"] = json!(true);
            activity["at"] = place.get("at").cloned().unwrap_or_default();
            place.clone_from(&activity);
            return (true, activity);
        }
        let root = conversation.split_once(";messageid=").map_or(id.as_str(), |(_, root)| root);
        self.roots.push((id, root.to_owned()));
        self.shown.push(activity.clone());
        if self.shown.len() > KEPT {
            self.shown.remove(0);
            self.roots.remove(0);
        }
        (false, activity)
    }

    /// Takes an activity out; says whether it was there.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let before = self.shown.len();
        self.shown.retain(|shown| text(shown, "id") != id);
        self.roots.retain(|(known, _)| known != id);
        self.shown.len() < before
    }

    /// The first message of the thread that an activity is in.
    pub(crate) fn root_of(&self, id: &str) -> Option<&str> {
        self.roots.iter().find(|(known, _)| known == id).map(|(_, root)| root.as_str())
    }

    /// Everything, oldest first.
    pub(crate) fn all(&self) -> &[Value] {
        &self.shown
    }
}

/// An activity on the wire to Teams, as the page reads it.
pub(crate) fn seen(activity: &Value, kind: &str, at: &str) -> Value {
    let cards: Vec<&Value> = activity
        .get("attachments")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|attachment| text(attachment, "contentType") == ADAPTIVE_CARD)
        .filter_map(|attachment| attachment.get("content"))
        .collect();
    let from = activity.get("from");
    let of = |field: &str| from.and_then(|from| from.get(field)).and_then(Value::as_str);
    json!({
        "id": activity.get("id"),
        "from": { "id": of("id").unwrap_or("bot"), "name": of("name").unwrap_or("Argus"), "kind": kind },
        "at": at,
        "text": activity.get("text"),
        "text_format": activity.get("textFormat").and_then(Value::as_str).unwrap_or("markdown"),
        "cards": cards,
        "reply_to": activity.get("replyToId"),
        "edited": false,
    })
}

/// Whether the page shows an activity of this type.
pub(crate) fn is_shown(activity: &Value) -> bool {
    text(activity, "type") == "message"
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
        channel.put("19:c", json!({ "id": "1", "at": "10:00", "text": "queued" }));
        channel.put("19:c;messageid=1", json!({ "id": "2", "at": "10:01" }));
        let (updated, shown) = channel.put("19:c", json!({ "id": "1", "at": "10:02" }));
        assert!(updated);
        assert_eq!(shown, json!({ "id": "1", "at": "10:00", "edited": true }));
        assert_eq!(channel.all().len(), 2);
        assert_eq!(channel.root_of("1"), Some("1"));
        assert_eq!(channel.root_of("2"), Some("1"));
        assert!(channel.remove("1") && !channel.remove("1"));
    }

    #[test]
    fn the_page_gets_cards_and_no_other_attachments() {
        let card = json!({ "type": "AdaptiveCard" });
        let shown = seen(
            &json!({
                "id": "1",
                "from": { "id": "28:x", "name": "Argus" },
                "attachments": [
                    { "contentType": "text/html", "content": "<b>no</b>" },
                    { "contentType": ADAPTIVE_CARD, "content": card },
                ],
            }),
            "bot",
            "2026-11-20T10:00:00Z",
        );
        assert_eq!(shown["cards"], json!([card]));
        assert_eq!(shown["from"]["kind"], "bot");
    }
}
