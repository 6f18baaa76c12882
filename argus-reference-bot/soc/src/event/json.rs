//! A strict JSON reader that borrows from its input.
//!
//! It exists because the usual reader keeps the last of two equal keys (two parsers then see two
//! different alerts), and because building maps costs more than everything else on the way to
//! the 202. Objects are lists; a caller finds a key by walking it.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::{NormaliseError, NormaliseErrorKind};

/// How deep arrays and objects may nest.
pub(crate) const MAX_DEPTH: usize = 64;

/// A JSON value that borrows its texts where they have no escapes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    /// The digits as written, so that nothing is lost before somebody asks for a number.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// The same value as the rest of the program holds it.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(digits) => number(digits),
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::List(items) => Value::Array(items.iter().map(Json::to_value).collect()),
            Self::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(k, v)| (k.clone().into_owned(), v.to_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

fn number(digits: &str) -> Value {
    if let Ok(count) = digits.parse::<u64>() {
        return count.into();
    }
    // A number that no machine type holds is kept as its digits.
    serde_json::from_str::<Number>(digits)
        .map_or_else(|_| Value::String(digits.to_owned()), Value::Number)
}

/// Reads one JSON document.
///
/// # Errors
///
/// `NotJson` with the place, `TooDeep` above [`MAX_DEPTH`], `DuplicateKey` at any depth.
pub(crate) fn read(text: &str) -> Result<Json<'_>, NormaliseError> {
    read_noting(text).map(|(value, _)| value)
}

/// What a document has that is worth a second look, seen on the way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traits {
    /// A text in it may be JSON.
    pub(crate) embeds: bool,
    /// A key in it has a dot, so it may be a path.
    pub(crate) dotted: bool,
}

/// Reads one document and notes what it has.
///
/// # Errors
///
/// As [`read`].
pub(crate) fn read_noting(text: &str) -> Result<(Json<'_>, Traits), NormaliseError> {
    // Some exporters write a byte order mark; RFC 8259 lets a reader skip it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, traits: Traits::default() };
    reader.space();
    let value = reader.value(0)?;
    reader.space();
    if reader.at < reader.bytes.len() {
        return Err(reader.not_json("something follows the end of the document"));
    }
    Ok((value, reader.traits))
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    traits: Traits,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn slice(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, NormaliseError> {
        match self.peek() {
            Some(b'"') => {
                let text = self.string()?;
                self.traits.embeds |= text.trim_start().starts_with(['{', '[']);
                Ok(Json::Text(text))
            }
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(self.not_json("a value was expected")),
            None => Err(self.not_json("the document ends where a value was expected")),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, NormaliseError> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return Err(self.not_json("a value was expected"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Json<'a>, NormaliseError> {
        let from = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.not_json("a digit was expected")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Json::Number(self.slice(from)))
    }

    fn digits(&mut self) -> Result<(), NormaliseError> {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == from { Err(self.not_json("a digit was expected")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, NormaliseError> {
        self.at += 1;
        let from = self.at;
        self.plain();
        match self.peek() {
            Some(b'"') => {
                let text = self.slice(from);
                self.at += 1;
                Ok(Cow::Borrowed(text))
            }
            Some(b'\\') => self.escaped(from).map(Cow::Owned),
            Some(_) => Err(self.not_json("a control character in a string")),
            None => Err(self.not_json("the string does not end")),
        }
    }

    /// Goes to the next byte that is not plain text: a quote, a backslash or a control character.
    fn plain(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        self.at += rest.iter().position(special).unwrap_or(rest.len());
    }

    /// Reads on from the first escape of a string that began at `from`.
    fn escaped(&mut self, from: usize) -> Result<String, NormaliseError> {
        let mut text = self.slice(from).to_owned();
        loop {
            let run = self.at;
            self.plain();
            text.push_str(self.slice(run));
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                Some(_) => return Err(self.not_json("a control character in a string")),
                None => return Err(self.not_json("the string does not end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, NormaliseError> {
        let escaped = match self.peek() {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'u') => return self.unicode(),
            _ => return Err(self.not_json("an escape that JSON does not have")),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode(&mut self) -> Result<char, NormaliseError> {
        let first = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if self.peek() != Some(b'\\') || self.bytes.get(self.at + 1) != Some(&b'u') {
                return Err(self.not_json("half a surrogate pair"));
            }
            self.at += 1;
            let second = self.hex()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(self.not_json("half a surrogate pair"));
            }
            0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.not_json("half a surrogate pair"))
    }

    /// Reads `uXXXX`.
    fn hex(&mut self) -> Result<u32, NormaliseError> {
        let mut code = 0;
        for _ in 0..4 {
            self.at += 1;
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.not_json("four hex digits expected"))?;
        }
        self.at += 1;
        Ok(code)
    }

    fn list(&mut self, depth: usize) -> Result<Json<'a>, NormaliseError> {
        self.check_depth(depth)?;
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::List(items));
                }
                _ => return Err(self.not_json("`,` or `]` was expected")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, NormaliseError> {
        self.check_depth(depth)?;
        self.at += 1;
        let mut fields = Vec::with_capacity(8);
        let mut places = Vec::with_capacity(8);
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(fields));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.not_json("a key was expected"));
            }
            places.push(self.at);
            let key = self.string()?;
            self.traits.dotted |= key.as_bytes().contains(&b'.');
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.not_json("`:` was expected"));
            }
            self.at += 1;
            self.space();
            let value = self.value(depth)?;
            fields.push((key, value));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    self.check_keys(&fields, &places)?;
                    return Ok(Json::Object(fields));
                }
                _ => return Err(self.not_json("`,` or `}` was expected")),
            }
        }
    }

    fn check_depth(&self, depth: usize) -> Result<(), NormaliseError> {
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        let message = format!("nested more than {MAX_DEPTH} deep");
        Err(self.error(NormaliseErrorKind::TooDeep, self.at, &message))
    }

    /// Refuses an object in which a key occurs twice.
    fn check_keys(
        &self,
        fields: &[(Cow<'a, str>, Json<'a>)],
        places: &[usize],
    ) -> Result<(), NormaliseError> {
        let duplicate = if fields.len() <= 24 {
            // Comparing each with those before it beats sorting for the sizes that alerts have.
            fields.iter().enumerate().find_map(|(later, (key, _))| {
                fields.iter().take(later).any(|(earlier, _)| earlier == key).then_some(later)
            })
        } else {
            let mut keys: Vec<(&str, usize)> =
                fields.iter().enumerate().map(|(index, (key, _))| (key.as_ref(), index)).collect();
            keys.sort_unstable();
            keys.windows(2).find_map(|pair| match pair {
                [(a, _), (b, later)] if a == b => Some(*later),
                _ => None,
            })
        };
        let Some(later) = duplicate else { return Ok(()) };
        let key = fields.get(later).map_or("", |(key, _)| key.as_ref());
        let at = places.get(later).copied().unwrap_or(self.at);
        let message = format!("the key {key:?} occurs twice in one object");
        Err(self.error(NormaliseErrorKind::DuplicateKey, at, &message))
    }

    fn not_json(&self, what: &str) -> NormaliseError {
        let (line, column) = self.position(self.at);
        self.error(NormaliseErrorKind::NotJson { line, column }, self.at, what)
    }

    fn error(&self, kind: NormaliseErrorKind, at: usize, what: &str) -> NormaliseError {
        let (line, column) = self.position(at);
        NormaliseError { kind, message: format!("{what} (line {line}, column {column})") }
    }

    /// The place of a byte, both counted from one; columns count characters.
    fn position(&self, at: usize) -> (usize, usize) {
        let before = self.bytes.get(..at).unwrap_or(self.bytes);
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |i| i + 1);
        let line = before.split(|byte| *byte == b'\n').count();
        let in_line = before.get(line_start..).unwrap_or_default();
        // A continuation byte does not begin a character.
        (line, in_line.iter().filter(|byte| *byte & 0xc0 != 0x80).count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_json_has_and_refuses_the_rest() {
        fn check(text: &str, expected: &str) {
            let got = match read(text) {
                Ok(value) => value.to_value().to_string(),
                Err(error) => error.message,
            };
            assert_eq!(got, expected, "{text}");
        }
        check(r#" {"a":[1,-0.5e3,true,null,"x"]} "#, r#"{"a":[1,-500.0,true,null,"x"]}"#);
        check("\u{feff}[]", "[]");
        check(r#""\u00e9\ud83d\ude00\n\/""#, "\"é😀\\n/\"");
        check("1e999", "\"1e999\"");
        check("", "the document ends where a value was expected (line 1, column 1)");
        check("{} {}", "something follows the end of the document (line 1, column 4)");
        check("[1,]", "a value was expected (line 1, column 4)");
        check("01", "something follows the end of the document (line 1, column 2)");
        check("{\"é\":\n  tru}", "a value was expected (line 2, column 3)");
        check(r#""\ud83d""#, "half a surrogate pair (line 1, column 8)");
        check("\"a\tb\"", "a control character in a string (line 1, column 3)");
        check(
            "{\"a\":1,\n \"a\":2}",
            "the key \"a\" occurs twice in one object (line 2, column 2)",
        );
        check(
            r#"{"b":{"a":1,"\u0061":2}}"#,
            "the key \"a\" occurs twice in one object (line 1, column 13)",
        );
    }

    #[test]
    fn depth_64_is_read_and_65_is_not() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(64)).is_ok());
        assert_eq!(read(&nested(65)).unwrap_err().kind, NormaliseErrorKind::TooDeep);
        assert_eq!(read(&nested(100_000)).unwrap_err().kind, NormaliseErrorKind::TooDeep);
    }

    #[test]
    fn finds_a_duplicate_in_a_large_object() {
        let fields: Vec<String> = (0..100).map(|i| format!("\"k{i}\":{i}")).collect();
        assert!(read(&format!("{{{}}}", fields.join(","))).is_ok());
        let error = read(&format!("{{{},\"k7\":0}}", fields.join(","))).unwrap_err();
        assert_eq!(error.kind, NormaliseErrorKind::DuplicateKey);
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}",:0-9.eE+\-tfn ulaers\\\n]{0,24}"#) {
            let ours = read(&text).map(|value| value.to_value());
            match serde_json::from_str::<Value>(&text) {
                Ok(theirs) => match ours {
                    Ok(ours) => prop_assert_eq!(ours, theirs),
                    Err(error) => prop_assert_eq!(error.kind, NormaliseErrorKind::DuplicateKey),
                },
                // A number too large for a float is JSON, though serde_json has no place for it.
                Err(error) => prop_assert!(
                    ours.is_err() || error.to_string().contains("out of range"), "{}", text),
            }
        }
    }
}
