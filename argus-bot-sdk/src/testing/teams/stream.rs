//! Messages that grow while people watch, by Teams' rules for streaming
//! (learn.microsoft.com, "Stream bot messages").

use std::collections::BTreeMap;

use serde_json::Value;

use super::world::Kind;

/// Teams ends a stream after two minutes.
const LONGEST_MS: i64 = 120_000;

/// The streams of one conversation, by the id of the activity that grows.
#[derive(Debug, Default)]
pub(super) struct Streams(BTreeMap<String, Stream>);

#[derive(Debug)]
struct Stream {
    started_ms: i64,
    sequence: i64,
    last_ms: i64,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Final,
    Stopped,
}

/// What an activity with `streaminfo` asks for, once the rules allow it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// Show it and call this from then on: [`Streams::begin`].
    Begin,
    /// Let this activity grow.
    Grow(&'a str),
    /// Replace this activity by the whole message.
    Finish(&'a str),
}

/// A refusal: status, code and text, of which Teams' bots have to read the text.
pub(super) type Refusal = (u16, &'static str, &'static str);

const NOT_ALLOWED: &str = "ContentStreamNotAllowed";

/// The activity's `streaminfo`, if it has one.
pub(super) fn info(activity: &Value) -> Option<&Value> {
    let entities = activity.get("entities")?.as_array()?;
    entities.iter().find(|entity| text(entity, "type") == Some("streaminfo"))
}

impl Streams {
    /// Checks the next activity of a stream and notes its place in it.
    pub(super) fn step<'a>(
        &mut self,
        kind: Kind,
        activity: &Value,
        info: &'a Value,
        now_ms: i64,
    ) -> Result<Step<'a>, Refusal> {
        if kind == Kind::Channel {
            // As bots in channels have seen it (microsoft/teams-sdk#2316).
            return Err((405, "MethodNotAllowed", "Streaming is not allowed in this conversation"));
        }
        if kind != Kind::Personal {
            return Err((403, NOT_ALLOWED, "Content stream is not allowed in this conversation"));
        }
        let is_final = text(info, "streamType") == Some("final");
        let expected = if is_final { "message" } else { "typing" };
        if text(activity, "type") != Some(expected) {
            return Err((400, "BadArgument", "The activity's type does not fit its stream type"));
        }
        let sequence = info.get("streamSequence").and_then(Value::as_i64);
        match (text(info, "streamId"), sequence) {
            (None, Some(1)) if !is_final => Ok(Step::Begin),
            (None, _) => Err((400, "BadArgument", "A stream starts with streamSequence 1")),
            (Some(id), sequence) => {
                let stream = self.open(id, now_ms)?;
                match (is_final, sequence) {
                    (true, None) => {
                        stream.end = Some(End::Final);
                        Ok(Step::Finish(id))
                    }
                    (true, Some(_)) => {
                        Err((400, "BadArgument", "The final message has no streamSequence"))
                    }
                    (false, Some(sequence)) if sequence > stream.sequence => {
                        stream.sequence = sequence;
                        Ok(Step::Grow(id))
                    }
                    (false, _) => Err((
                        202,
                        "ContentStreamSequenceOrderPreConditionFailed",
                        "PreCondition failed exception when processing streaming activity.",
                    )),
                }
            }
        }
    }

    /// How long the next part of this stream is too soon.
    pub(super) fn too_soon(&mut self, id: Option<&str>, gap_ms: i64, now_ms: i64) -> Option<i64> {
        let stream = self.0.get_mut(id?)?;
        let wait = stream.last_ms + gap_ms - now_ms;
        if wait > 0 {
            return Some(wait);
        }
        stream.last_ms = now_ms;
        None
    }

    /// Notes that a stream begins with this activity.
    pub(super) fn begin(&mut self, id: &str, now_ms: i64) {
        let stream = Stream { started_ms: now_ms, sequence: 1, last_ms: now_ms, end: None };
        self.0.insert(id.to_owned(), stream);
    }

    /// The reader has seen enough.
    pub(super) fn stop(&mut self, id: &str) {
        if let Some(stream) = self.0.get_mut(id) {
            stream.end.get_or_insert(End::Stopped);
        }
    }

    fn open(&mut self, id: &str, now_ms: i64) -> Result<&mut Stream, Refusal> {
        let unknown = (403, NOT_ALLOWED, "Content stream is not allowed");
        let stream = self.0.get_mut(id).ok_or(unknown)?;
        match stream.end {
            Some(End::Final) => {
                let why = "Content stream is not allowed on an already completed streamed message";
                Err((403, NOT_ALLOWED, why))
            }
            Some(End::Stopped) => Err((403, NOT_ALLOWED, "Content stream was canceled by user")),
            None if now_ms - stream.started_ms > LONGEST_MS => {
                let why = "Content stream finished due to exceeded streaming time";
                Err((403, NOT_ALLOWED, why))
            }
            None => Ok(stream),
        }
    }
}

fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(kind: &str, stream: &str, id: Option<&str>, sequence: Option<i64>) -> Value {
        let mut entity = json!({"type": "streaminfo", "streamType": stream});
        if let Some(id) = id {
            entity["streamId"] = json!(id);
        }
        if let Some(sequence) = sequence {
            entity["streamSequence"] = json!(sequence);
        }
        json!({"type": kind, "text": "x", "entities": [entity]})
    }

    #[test]
    fn a_stream_keeps_the_rules_to_its_end() {
        let mut streams = Streams::default();
        let check =
            |streams: &mut Streams, activity: Value, now, expected: Result<&str, (u16, &str)>| {
                let info = info(&activity).unwrap();
                let step = streams.step(Kind::Personal, &activity, info, now);
                let step = step
                    .map(|step| format!("{step:?}"))
                    .map_err(|(status, code, _)| (status, code));
                assert_eq!(step.as_deref().map_err(|error| *error), expected, "{activity}");
            };
        let typing = |sequence| part("typing", "streaming", Some("a"), Some(sequence));
        let finish = || part("message", "final", Some("a"), None);

        check(&mut streams, typing(1), 0, Err((403, NOT_ALLOWED)));
        check(
            &mut streams,
            part("typing", "streaming", None, Some(2)),
            0,
            Err((400, "BadArgument")),
        );
        check(
            &mut streams,
            part("message", "streaming", None, Some(1)),
            0,
            Err((400, "BadArgument")),
        );
        check(&mut streams, part("typing", "informative", None, Some(1)), 0, Ok("Begin"));
        streams.begin("a", 0);
        check(&mut streams, typing(2), 10, Ok(r#"Grow("a")"#));
        let order = Err((202, "ContentStreamSequenceOrderPreConditionFailed"));
        check(&mut streams, typing(2), 20, order);
        check(&mut streams, typing(9), LONGEST_MS, Ok(r#"Grow("a")"#));
        check(&mut streams, typing(10), LONGEST_MS + 1, Err((403, NOT_ALLOWED)));
        let numbered = part("message", "final", Some("a"), Some(11));
        check(&mut streams, numbered, 30, Err((400, "BadArgument")));
        check(&mut streams, finish(), 30, Ok(r#"Finish("a")"#));
        check(&mut streams, finish(), 40, Err((403, NOT_ALLOWED)));
    }

    #[test]
    fn the_reasons_differ_in_their_text_only() {
        let activity = part("typing", "streaming", Some("a"), Some(2));
        let info = info(&activity).unwrap();
        let why = |streams: &mut Streams, kind, now| {
            streams.step(kind, &activity, info, now).unwrap_err().2
        };
        let mut streams = Streams::default();
        assert!(why(&mut streams, Kind::Channel, 0).contains("this conversation"));
        streams.begin("a", 0);
        assert!(why(&mut streams, Kind::Personal, LONGEST_MS + 1).contains("time"));
        streams.stop("a");
        assert!(why(&mut streams, Kind::Personal, 0).contains("canceled by user"));
    }
}
