//! Envelopes: what carries an alert and is none itself.
//!
//! Event grids, queues, log shippers and webhooks put a message into another one. The message is
//! looked for under the names that envelopes use; the walk sees the envelope as well, so nothing in
//! it is lost.

use std::collections::VecDeque;

use super::json::Json;

/// The names under which envelopes keep what they carry. Sources: Event Hub and Azure diagnostics
/// (`records`, `properties`), `EventBridge` (`detail`), SNS (`Records`, `Sns`, `Message`), `CloudEvents`
/// and Event Grid (`data`), Kinesis and Elastic (`_source`, `event`), Splunk (`result`, `_raw`), and
/// webhooks (`payload`, `body`, `alert`, `value`).
const NAMES: [&str; 22] = [
    "detail",
    "data",
    "result",
    "record",
    "records",
    "event",
    "payload",
    "body",
    "message",
    "sns",
    "alert",
    "alerts",
    "value",
    "findings",
    "_source",
    "properties",
    "_raw",
    "content",
    "log",
    "original",
    "hit",
    "resource",
];
/// How many parts of a message are looked at, the message itself included.
const MOST: usize = 16;
/// How many envelopes stand around a message at most.
const DEEPEST: usize = 4;

/// The message, then what it may carry, from the outside in.
pub(super) fn layers<'m, 'a>(message: &'m Json<'a>) -> Vec<&'m Json<'a>> {
    let mut layers = Vec::with_capacity(4);
    let mut open = VecDeque::from([(message, 0)]);
    while let Some((layer, depth)) = open.pop_front() {
        layers.push(layer);
        let Json::Object(fields) = layer else { continue };
        if depth == DEEPEST {
            continue;
        }
        for (name, value) in fields {
            if layers.len() + open.len() >= MOST {
                break;
            }
            let inner = match value {
                Json::List(items) => match items.as_slice() {
                    [only] => only,
                    _ => continue,
                },
                value => value,
            };
            if matches!(inner, Json::Object(_)) && is_envelope(name) {
                open.push_back((inner, depth + 1));
            }
        }
    }
    layers
}

fn is_envelope(name: &str) -> bool {
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The lists in which envelopes keep several messages.
const LISTS: [&str; 8] =
    ["records", "alerts", "findings", "value", "events", "results", "items", "entries"];

/// What says that a message is an alert itself: words in keys, without the marks between them.
const TELLING: [&str; 22] = [
    "title",
    "severity",
    "description",
    "rule",
    "alertname",
    "evidence",
    "priority",
    "host",
    "hostname",
    "device",
    "user",
    "username",
    "actor",
    "ip",
    "sourceip",
    "alertid",
    "incidentid",
    "signature",
    "threat",
    "category",
    "eventtype",
    "phase",
];

/// The list in which an envelope keeps several messages, and its key.
///
/// The rest of an envelope is plain: an alert that lists what it is about has a title, a severity or
/// somebody beside the list.
pub(super) fn list<'m, 'a>(message: &'m Json<'a>) -> Option<(&'m str, &'m [Json<'a>])> {
    let Json::Object(fields) = message else { return None };
    let tells = |name: &str| {
        let letters = name.bytes().filter(|byte| !matches!(byte, b'_' | b'-'));
        let letters: Vec<u8> = letters.map(|byte| byte.to_ascii_lowercase()).collect();
        TELLING.iter().any(|known| known.as_bytes() == letters)
    };
    if fields.iter().any(|(name, _)| tells(name)) {
        return None;
    }
    fields.iter().find_map(|(name, value)| {
        let known = LISTS.iter().any(|list| name.eq_ignore_ascii_case(list));
        let Json::List(items) = value else { return None };
        let objects = items.iter().all(|item| matches!(item, Json::Object(_)));
        (known && objects && items.len() > 1).then_some((name.as_ref(), items.as_slice()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::json;

    #[test]
    fn envelopes_are_opened_from_the_outside() {
        let text = r#"{"Records":[{"Sns":{"Message":{"id":1}}}],"other":{"id":2}}"#;
        let message = json::read(text).unwrap();
        let layers = layers(&message);
        assert_eq!(layers.len(), 4);
        assert_eq!(layers[3].text("id").as_deref(), Some("1"));
    }

    #[test]
    fn an_alert_with_a_list_is_one_alert() {
        let several = |text| list(&json::read(text).unwrap()).map(|(_, items)| items.len());
        assert_eq!(several(r#"{"records":[{"a":1},{"a":2}]}"#), Some(2));
        assert_eq!(several(r#"{"records":[{"a":1}]}"#), None);
        assert_eq!(several(r#"{"records":[1,2]}"#), None);
        assert_eq!(several(r#"{"title":"x","events":[{"a":1},{"a":2}]}"#), None);
        assert_eq!(several(r#"{"alert_name":"x","events":[{"a":1},{"a":2}]}"#), None);
        assert_eq!(several(r#"{"Host":"x","events":[{"a":1},{"a":2}]}"#), None);
    }
}
