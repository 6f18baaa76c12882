//! Who answers whom.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::activity::{Activity, Conversation};

impl Activity {
    /// This activity as an answer to `asked`: who answers whom is filled in where it says nothing,
    /// as the Bot Framework's own clients do.
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    ///
    /// let asked: Activity = serde_json::from_str(
    ///     r#"{"type":"message","id":"1","from":{"id":"29:ana"},"recipient":{"id":"28:argus"}}"#,
    /// )?;
    /// let answer = Activity::message("hello").addressed(&asked);
    /// assert_eq!(answer.recipient, asked.from);
    /// assert_eq!(answer.reply_to_id.as_deref(), Some("1"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn addressed(&self, asked: &Self) -> Self {
        let mut answer = self.clone();
        fill(&mut answer.from, asked.recipient.as_ref());
        fill(&mut answer.recipient, asked.from.as_ref());
        fill(&mut answer.reply_to_id, asked.id.as_ref());
        if answer.conversation.is_none() {
            answer.conversation = id_of(asked).map(Conversation::new);
        }
        answer
    }
}

fn fill<T: Clone>(field: &mut Option<T>, value: Option<&T>) {
    if field.is_none() {
        *field = value.cloned();
    }
}

fn id_of(asked: &Activity) -> Option<&str> {
    asked.conversation.as_ref()?.id.as_deref()
}

/// Writes [`Activity::addressed`] without making it.
pub(crate) struct Addressed<'a> {
    pub(crate) asked: &'a Activity,
    pub(crate) answer: &'a Activity,
}

/// Writes an activity with the conversation in which it is put, where it names none (A2080).
pub(crate) struct Placed<'a> {
    pub(crate) activity: &'a Activity,
    pub(crate) conversation: &'a str,
}

impl Serialize for Placed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.activity.write(&mut map)?;
        let is_said = self.activity.conversation.is_some();
        entry(&mut map, "conversation", is_said, Some(Place(self.conversation)))?;
        map.end()
    }
}

/// A conversation of which nothing but the id is said.
struct Place<'a>(&'a str);

impl Serialize for Addressed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { asked, answer } = self;
        // An answer that says something odd here would say it twice.
        if !answer.extra.is_empty() {
            return answer.addressed(asked).serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        answer.write(&mut map)?;
        entry(&mut map, "from", answer.from.is_some(), asked.recipient.as_ref())?;
        entry(&mut map, "recipient", answer.recipient.is_some(), asked.from.as_ref())?;
        entry(&mut map, "conversation", answer.conversation.is_some(), id_of(asked).map(Place))?;
        entry(&mut map, "replyToId", answer.reply_to_id.is_some(), asked.id.as_ref())?;
        map.end()
    }
}

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("id", self.0)?;
        map.end()
    }
}

fn entry<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    is_said: bool,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    match value {
        Some(value) if !is_said => map.serialize_entry(name, &value),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(asked: serde_json::Value, answer: serde_json::Value) {
        let asked: Activity = serde_json::from_value(asked).unwrap();
        let answer: Activity = serde_json::from_value(answer).unwrap();
        let written = serde_json::to_value(Addressed { asked: &asked, answer: &answer }).unwrap();
        assert_eq!(written, serde_json::to_value(answer.addressed(&asked)).unwrap(), "{answer:?}");
        let text = serde_json::to_string(&Addressed { asked: &asked, answer: &answer }).unwrap();
        assert!(serde_json::from_str::<Activity>(&text).is_ok(), "{text}");
    }

    #[test]
    fn both_ways_to_address_say_the_same() {
        let asked = json!({
            "type": "message", "id": "1", "from": {"id": "29:ana", "name": "Ana"},
            "recipient": {"id": "28:argus", "x": 1},
            "conversation": {"id": "a:1", "tenantId": "t"}
        });
        let answers = [
            json!({"type": "message", "text": "hello"}),
            json!({"type": "message", "from": {"id": "28:other"}, "replyToId": "0"}),
            json!({"type": "message", "recipient": {}, "conversation": {"id": "a:2"}}),
            json!({"type": "message", "from": 7, "mood": 1}),
        ];
        for answer in answers {
            check(asked.clone(), answer.clone());
            check(json!({"type": "message", "conversation": {}}), answer);
        }
    }
}
