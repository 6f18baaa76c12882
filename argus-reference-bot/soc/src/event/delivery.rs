//! What one request brings: an event, a list of events, an envelope with several, or one event a line.
//!
//! A delivery is only taken apart here. Each part is judged by itself afterwards, so that a broken
//! event costs itself and not its neighbours.

use super::Mappings;
use super::split::split;

/// The events of a request, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery<'a> {
    /// One document.
    One(&'a [u8]),
    /// The elements of a JSON array, the lines of NDJSON, or the alerts in an envelope, in order.
    Many(Vec<&'a [u8]>),
}

/// Why a list cannot be taken apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The array does not end where it should.
    #[error("the list is not closed properly (byte {at} of it)")]
    NotClosed {
        /// Where that was noticed, counted from one at its bracket.
        at: usize,
    },
    /// Something stands behind the array.
    #[error("something follows the end of the list (byte {at} of it)")]
    Trailing {
        /// Where, counted from one at its bracket.
        at: usize,
    },
    /// There are more events than the reader wants.
    #[error("there are more than {most} events in one request")]
    TooMany {
        /// How many it wants.
        most: usize,
    },
}

/// How the sender labels what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// JSON, or nothing said: the bytes tell one event from many.
    Json,
    /// One event a line.
    Lines,
}

impl Mappings {
    /// Takes a request's body apart, at most `most` events.
    ///
    /// Two objects on lines of their own are never one JSON document, so they are told apart from an
    /// object that is written over several lines without a label. A message that one of the mappings
    /// knows as a whole is one event, whatever lists are in it.
    ///
    /// ```
    /// use argus_soc::event::{Delivery, Label, Mappings};
    ///
    /// let mappings = Mappings::embedded();
    /// let many = |body: &'static [u8]| match mappings.delivery(body, Label::Json, 10) {
    ///     Ok(Delivery::Many(parts)) => parts.len(),
    ///     _ => 0,
    /// };
    /// assert_eq!(many(br#"[{"id": 1}, {"id": 2}]"#), 2);
    /// assert_eq!(many(b"{\"id\": 1}\n{\"id\": 2}\n"), 2);
    /// assert_eq!(many(br#"{"records": [{"id": 1}, {"id": 2}]}"#), 2, "an envelope");
    /// assert_eq!(many(b"{\n\"id\": 1\n}\n"), 0, "one object");
    /// ```
    ///
    /// # Errors
    ///
    /// [`DeliveryError`] if the frame of the list is broken; nothing can be said of its events then.
    pub fn delivery<'b>(
        &self,
        body: &'b [u8],
        label: Label,
        most: usize,
    ) -> Result<Delivery<'b>, DeliveryError> {
        let content = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
        let parts = match content.first() {
            _ if label == Label::Lines => lines(content, most),
            Some(b'[') => elements(content, most)?,
            Some(b'{') if is_lines(content) => lines(content, most),
            Some(b'{') => match split(content, self) {
                parts if parts.is_empty() => return Ok(Delivery::One(body)),
                parts => parts,
            },
            _ => return Ok(Delivery::One(body)),
        };
        if parts.len() > most {
            return Err(DeliveryError::TooMany { most });
        }
        Ok(Delivery::Many(parts))
    }
}

fn lines(content: &[u8], most: usize) -> Vec<&[u8]> {
    let lines = content.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty()).take(most.saturating_add(1)).collect()
}

/// Whether the first line is closed like an object, and another one begins behind it.
fn is_lines(content: &[u8]) -> bool {
    let Some(end) = content.iter().position(|byte| *byte == b'\n') else { return false };
    let (first, rest) = content.split_at(end);
    first.trim_ascii_end().ends_with(b"}") && rest.trim_ascii_start().starts_with(b"{")
}

/// The elements of the array that `list` begins with.
fn elements(list: &[u8], most: usize) -> Result<Vec<&[u8]>, DeliveryError> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 1, 0_usize);
    let (mut in_text, mut escaped) = (false, false);
    for (at, byte) in list.iter().enumerate().skip(1) {
        if in_text {
            (escaped, in_text) = match byte {
                b'\\' => (!escaped, true),
                b'"' => (false, escaped),
                _ => (false, true),
            };
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            b']' if depth == 0 => {
                let part = part(list, begin, at);
                if !(part.is_empty() && parts.is_empty()) {
                    parts.push(part);
                }
                return nothing_behind(list, at).map(|()| parts);
            }
            b'}' if depth == 0 => return Err(DeliveryError::NotClosed { at: at + 1 }),
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(part(list, begin, at));
                begin = at + 1;
                if parts.len() > most {
                    return Ok(parts);
                }
            }
            _ => {}
        }
    }
    Err(DeliveryError::NotClosed { at: list.len() })
}

fn part(list: &[u8], begin: usize, end: usize) -> &[u8] {
    list.get(begin..end).unwrap_or_default().trim_ascii()
}

fn nothing_behind(list: &[u8], end: usize) -> Result<(), DeliveryError> {
    let rest = list.get(end + 1..).unwrap_or_default();
    match rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
        Some(at) => Err(DeliveryError::Trailing { at: end + at + 2 }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str, label: Label) -> Result<Vec<&str>, DeliveryError> {
        match Mappings::embedded().delivery(body.as_bytes(), label, 3)? {
            Delivery::One(_) => Ok(vec!["one"]),
            Delivery::Many(parts) => {
                let text = |part| std::str::from_utf8(part).expect("UTF-8");
                Ok(parts.into_iter().map(text).collect())
            }
        }
    }

    #[test]
    fn bodies_are_taken_apart() {
        let json = |body, parts: &[&str]| {
            assert_eq!(read(body, Label::Json).as_deref(), Ok(parts), "{body:?}");
        };
        json("{}", &["one"]);
        json("", &["one"]);
        json("7", &["one"]);
        json("{\n}\n", &["one"]);
        json("{\"a\":[{}\n,{}]}", &["one"]);
        json("{}\n{}", &["{}", "{}"]);
        json("\u{feff}{}\r\n\r\n{\"a\":1}\r\n", &["{}", "{\"a\":1}"]);
        json("{}\n{broken\n{}", &["{}", "{broken", "{}"]);
        json("[]", &[]);
        json(" [ ] ", &[]);
        json("\u{feff}\n[1]", &["1"]);
        json("[{\"a\":\"],}\\\"\\\\\"},\n2 ]\n", &["{\"a\":\"],}\\\"\\\\\"}", "2"]);
        json("[1,,2]", &["1", "", "2"]);
        json("[1,]", &["1", ""]);
        json("[[1,2],{}]", &["[1,2]", "{}"]);
        assert_eq!(read("{}", Label::Lines).as_deref(), Ok(&["{}"][..]));
        assert_eq!(read("[1,2]\n{}", Label::Lines).as_deref(), Ok(&["[1,2]", "{}"][..]));
        assert_eq!(read("", Label::Lines).as_deref(), Ok(&[][..]));
    }

    #[test]
    fn broken_frames_and_too_much_are_refused() {
        let check = |body, error| assert_eq!(read(body, Label::Json), Err(error), "{body:?}");
        check("[", DeliveryError::NotClosed { at: 1 });
        check("[{]", DeliveryError::NotClosed { at: 3 });
        check("[}", DeliveryError::NotClosed { at: 2 });
        check("[\"]", DeliveryError::NotClosed { at: 3 });
        check("[1] 2", DeliveryError::Trailing { at: 5 });
        check("[1,2,3,4]", DeliveryError::TooMany { most: 3 });
        check("{}\n{}\n{}\n{}", DeliveryError::TooMany { most: 3 });
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_apart_without_end_or_harm(body in prop::collection::vec(
            prop::sample::select(b"[]{},\"\\ \n1\xff".to_vec()), 0..64))
        {
            if let Ok(Delivery::Many(parts)) = Mappings::embedded().delivery(&body, Label::Json, 8) {
                prop_assert!(parts.iter().map(|part| part.len()).sum::<usize>() <= body.len());
            }
        }

        #[test]
        fn a_list_gives_back_what_was_put_in(texts in prop::collection::vec(".{0,12}", 1..8)) {
            let items: Vec<String> = texts
                .iter()
                .map(|text| serde_json::json!({ "a": [text, {}] }).to_string())
                .collect();
            let list = format!(" [{}]", items.join(" ,\n"));
            let parts: Vec<&[u8]> = items.iter().map(String::as_bytes).collect();
            let read = Mappings::embedded().delivery(list.as_bytes(), Label::Json, 8);
            prop_assert_eq!(read, Ok(Delivery::Many(parts)));
        }
    }
}
