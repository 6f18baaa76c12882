//! What went between Teams and the bot, as text that is the same in every run.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::wire::{FakeRequest, FakeResponse};

/// A test that is longer than this keeps its end.
const MOST: usize = 10_000;

/// One exchange.
#[derive(Clone, Debug)]
enum Exchange {
    /// Teams delivered an activity, and the bot answered.
    Heard { activity: Value, status: u16, answer: Value },
    /// The bot called the Connector, and Teams answered.
    Said { call: String, body: Value, status: u16, answer: Value },
}

/// Everything that was exchanged, oldest first.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    all: VecDeque<Exchange>,
    /// How many were dropped at the front.
    dropped: usize,
}

impl Traffic {
    /// Notes a delivery; its answer comes later. Gives its place.
    pub(super) fn heard(&self, activity: &Value) -> usize {
        let activity = activity.clone();
        self.push(Exchange::Heard { activity, status: 0, answer: Value::Null })
    }

    /// Notes the answer to a delivery. The delivery keeps its place, so that a bot that speaks
    /// before its answer is read gives the same transcript.
    pub(super) fn answered(&self, at: usize, now: u16, said: &Value) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = at.checked_sub(kept.dropped);
        let exchange = at.and_then(|at| kept.all.get_mut(at));
        if let Some(Exchange::Heard { status, answer, .. }) = exchange {
            (*status, *answer) = (now, said.clone());
        }
    }

    /// Notes a call of the bot's.
    pub(super) fn said(&self, request: &FakeRequest, path: &[&str], answer: &FakeResponse) {
        let call = format!("{} /{}", request.method, path.join("/"));
        let body = request.json().unwrap_or_default();
        let (status, answer) = (answer.code(), answer.seen());
        self.push(Exchange::Said { call, body, status, answer });
    }

    fn push(&self, exchange: Exchange) -> usize {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.all.len() == MOST {
            kept.all.pop_front();
            kept.dropped += 1;
        }
        kept.all.push_back(exchange);
        kept.dropped + kept.all.len() - 1
    }

    /// As text; `names` says what ids that are known are called.
    pub(super) fn transcript(&self, names: &BTreeMap<String, String>) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut plain = Plain { names, seen: BTreeMap::new() };
        let mut text = String::new();
        for exchange in &kept.all {
            let (head, body, status, answer) = match exchange {
                Exchange::Heard { activity, status, answer } => {
                    (plain.heard(activity), Value::Null, status, answer)
                }
                Exchange::Said { call, body, status, answer } => {
                    (format!("bot: {}", plain.text(call)), plain.value(body), status, answer)
                }
            };
            let answer = plain.value(answer);
            // Writing into a text does not fail.
            writeln!(text, "{head}").unwrap_or_default();
            indented(&mut text, "    ", &body);
            writeln!(text, "  -> {status}").unwrap_or_default();
            indented(&mut text, "     ", &answer);
        }
        text
    }
}

fn indented(text: &mut String, margin: &str, value: &Value) {
    if value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty) {
        return;
    }
    for line in serde_json::to_string_pretty(value).unwrap_or_default().lines() {
        writeln!(text, "{margin}{line}").unwrap_or_default();
    }
}

/// Replaces what differs from run to run.
struct Plain<'a> {
    names: &'a BTreeMap<String, String>,
    /// Ids without a name, numbered as they come.
    seen: BTreeMap<String, usize>,
}

impl Plain<'_> {
    /// A delivery in one line: who, where, and what.
    fn heard(&mut self, activity: &Value) -> String {
        let text = |at: &str| activity.pointer(at).and_then(Value::as_str).unwrap_or_default();
        let (who, place) = (self.text(text("/from/id")), self.text(text("/conversation/id")));
        let mut line = format!("{who} in {place}: {}", text("/type"));
        for at in ["/name", "/action", "/channelData/eventType"] {
            if !text(at).is_empty() {
                line = format!("{line} {}", text(at));
            }
        }
        if !text("/text").is_empty() {
            line = format!("{line} {:?}", text("/text"));
        }
        for at in
            ["/value", "/reactionsAdded", "/reactionsRemoved", "/membersAdded", "/membersRemoved"]
        {
            if let Some(value) = activity.pointer(at).filter(|value| !value.is_null()) {
                line = format!("{line} {}", self.value(value));
            }
        }
        line
    }

    fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(all) => all.iter().map(|one| self.value(one)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.value(value))).collect()
            }
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        // Longer ids first: one may begin with another.
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
        for (id, name) in names {
            text = text.replace(id, name);
        }
        let mut plain = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(start) = rest.chars().next() {
            let length = time(rest).or_else(|| uuid(rest)).or_else(|| number(rest));
            let starts_word = !plain.ends_with(|it: char| it.is_ascii_alphanumeric());
            if let Some((id, after)) = length.filter(|_| starts_word).map(|at| rest.split_at(at)) {
                plain.push_str(&self.named(id));
                rest = after;
            } else {
                plain.push(start);
                rest = rest.get(start.len_utf8()..).unwrap_or_default();
            }
        }
        plain
    }

    fn named(&mut self, id: &str) -> String {
        if time(id).is_some() {
            return "<time>".to_owned();
        }
        let next = self.seen.len() + 1;
        let number = *self.seen.entry(id.to_owned()).or_insert(next);
        format!("<{number}>")
    }
}

/// `2027-01-15T08:00:00.000Z`, with any fraction.
fn time(text: &str) -> Option<usize> {
    if !shaped(text, "dddd-dd-ddTdd:dd:dd") {
        return None;
    }
    let rest = text.get(19..)?;
    let fraction = rest.bytes().take_while(|byte| *byte == b'.' || byte.is_ascii_digit()).count();
    rest.get(fraction..)?.starts_with('Z').then_some(19 + fraction + 1)
}

fn uuid(text: &str) -> Option<usize> {
    shaped(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx").then_some(36)
}

/// An id of Teams' activities: milliseconds since 1970, or what a clock near 1970 makes of it.
fn number(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let ends = text.as_bytes().get(digits).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (digits == 13 && ends).then_some(digits)
}

/// Whether the text begins like the pattern: `d` is a digit, `x` a hexadecimal one.
fn shaped(text: &str, pattern: &str) -> bool {
    text.len() >= pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, like)| match like {
            b'd' => byte.is_ascii_digit(),
            b'x' => byte.is_ascii_hexdigit(),
            other => byte == other,
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_and_times_become_names_and_numbers() {
        let names = BTreeMap::from([
            ("29:abc".to_owned(), "<Alice>".to_owned()),
            ("29:abcdef".to_owned(), "<Dana>".to_owned()),
        ]);
        let mut plain = Plain { names: &names, seen: BTreeMap::new() };
        let mut check = |text: &str, expected: &str| assert_eq!(plain.text(text), expected);
        check("29:abcdef and 29:abc", "<Dana> and <Alice>");
        check("1800000000123;messageid=1800000000123", "<1>;messageid=<1>");
        check("f:01234567-89ab-4def-8123-456789abcdef", "f:<2>");
        check("at 2027-01-15T08:00:00.123Z.", "at <time>.");
        check("1:1800000000123", "1:<1>");
        check(
            "180000000012 18000000001234 a1800000000123",
            "180000000012 18000000001234 a1800000000123",
        );
        check("ünïcode", "ünïcode");
    }

    #[test]
    fn an_answer_stands_at_its_delivery() {
        let traffic = Traffic::default();
        let at = traffic.heard(&json!({"type": "message", "text": "hi", "from": {"id": "a"}}));
        let (call, body) = ("POST x".into(), json!({"n": 1}));
        traffic.push(Exchange::Said { call, body, status: 201, answer: json!({"id": "b"}) });
        traffic.answered(at, 202, &Value::Null);
        let text = traffic.transcript(&BTreeMap::new());
        let expected = "a in : message \"hi\"\n  -> 202\nbot: POST x\n    {\n      \"n\": 1\n    }\n  \
                        -> 201\n     {\n       \"id\": \"b\"\n     }\n";
        assert_eq!(text, expected);
    }
}
