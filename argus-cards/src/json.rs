//! JSON that remembers where everything was, so that a designer sees line and column.

use std::borrow::Cow;

use serde_json::Number;

/// How deep a document may nest. A card of 30 levels is already unreadable.
const MAX_DEPTH: usize = 128;

/// A value and the byte at which it starts.
#[derive(Debug)]
pub(crate) struct Node<'t> {
    pub(crate) at: usize,
    pub(crate) kind: Kind<'t>,
}

/// What a [`Node`] is.
#[derive(Debug)]
pub(crate) enum Kind<'t> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'t, str>),
    Array(Vec<Node<'t>>),
    Object(Vec<Member<'t>>),
}

/// A key, where it is, and its value.
#[derive(Debug)]
pub(crate) struct Member<'t> {
    pub(crate) key: Cow<'t, str>,
    pub(crate) key_at: usize,
    pub(crate) value: Node<'t>,
}

/// Why the text is not JSON.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) message: String,
}

/// Reads one JSON document; the text may start with a byte order mark.
pub(crate) fn parse(text: &str) -> Result<Node<'_>, Fault> {
    read(text).map(|(node, _)| node)
}

/// Reads one JSON document, and says at which bytes a property is written once more.
pub(crate) fn read(text: &str) -> Result<(Node<'_>, Vec<usize>), Fault> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, at: start, depth: 0, again: Vec::new() };
    let node = reader.value()?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.fault("there is something after the end of the JSON"));
    }
    Ok((node, reader.again))
}

/// Finds the byte of the source that stands for byte `decoded` of the string starting at `at`.
///
/// Escapes make a string's source longer than its text, and an expression error must point into
/// the source.
pub(crate) fn source_offset(text: &str, at: usize, decoded: usize) -> usize {
    let Some(body) = text.get(at + 1..) else { return at };
    let mut seen = 0;
    let mut chars = body.char_indices();
    while let Some((index, c)) = chars.next() {
        if seen >= decoded || c == '"' {
            return at + 1 + index;
        }
        seen += match c {
            '\\' => match chars.next() {
                Some((_, 'u')) => {
                    let hex: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    let unit = u32::from_str_radix(&hex, 16).unwrap_or(0);
                    // Either half of a surrogate pair counts for two of its four UTF-8 bytes.
                    char::from_u32(unit).map_or(2, char::len_utf8)
                }
                _ => 1,
            },
            c => c.len_utf8(),
        };
    }
    text.len()
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    again: Vec<usize>,
}

impl<'t> Reader<'t> {
    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault { at: self.at, message: message.into() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Result<Node<'t>, Fault> {
        self.space();
        let at = self.at;
        let kind = match self.peek() {
            None => return Err(self.fault("the JSON ends too early")),
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Kind::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => self.word()?,
        };
        Ok(Node { at, kind })
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Kind<'t>, Fault>,
    ) -> Result<Kind<'t>, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault(format!("the JSON nests deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        self.at += 1;
        let kind = read(self);
        self.depth -= 1;
        kind
    }

    fn object(&mut self) -> Result<Kind<'t>, Fault> {
        let mut members: Vec<Member<'t>> = Vec::new();
        self.space();
        if self.eat(b'}') {
            return Ok(Kind::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.fault("expected a property name in double quotes"));
            }
            let key_at = self.at;
            let key = self.string()?;
            self.space();
            if !self.eat(b':') {
                return Err(self.fault("expected `:` after the property name"));
            }
            let value = self.value()?;
            if let Some(twice) = members.iter_mut().find(|member| member.key == key) {
                // The last one wins, as it does in every JSON reader of a card.
                self.again.push(key_at);
                twice.value = value;
            } else {
                members.push(Member { key, key_at, value });
            }
            self.space();
            if self.eat(b'}') {
                return Ok(Kind::Object(members));
            }
            if !self.eat(b',') {
                return Err(self.fault("expected `,` or `}`"));
            }
        }
    }

    fn array(&mut self) -> Result<Kind<'t>, Fault> {
        let mut items = Vec::new();
        self.space();
        if self.eat(b']') {
            return Ok(Kind::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.space();
            if self.eat(b']') {
                return Ok(Kind::Array(items));
            }
            if !self.eat(b',') {
                return Err(self.fault("expected `,` or `]`"));
            }
        }
    }

    fn word(&mut self) -> Result<Kind<'t>, Fault> {
        for (word, kind) in
            [("null", Kind::Null), ("true", Kind::Bool(true)), ("false", Kind::Bool(false))]
        {
            if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
                self.at += word.len();
                return Ok(kind);
            }
        }
        Err(self.fault("expected a JSON value"))
    }

    fn number(&mut self) -> Result<Kind<'t>, Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let digits = self.text.get(start..self.at).unwrap_or_default();
        // Sizes and counts, which most numbers of a card are.
        if let (1..=9, Ok(number)) = (digits.len(), digits.parse::<u32>())
            && (digits.len() == 1 || !digits.starts_with(['0', '+']))
        {
            return Ok(Kind::Number(number.into()));
        }
        serde_json::from_str(digits)
            .map(Kind::Number)
            .map_err(|_| Fault { at: start, message: format!("`{digits}` is not a JSON number") })
    }

    fn string(&mut self) -> Result<Cow<'t, str>, Fault> {
        let start = self.at;
        self.at += 1;
        let mut escapes = false;
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes = true;
                    self.at += 2;
                }
                Some(0..=0x1f) => {
                    return Err(self.fault("a string may not contain a raw line break or control"));
                }
                Some(_) => self.at += 1,
                None => {
                    self.at = start;
                    return Err(self.fault("this string is not closed"));
                }
            }
        }
        self.at += 1;
        if !escapes {
            return Ok(self.text.get(start + 1..self.at - 1).unwrap_or_default().into());
        }
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str::<String>(quoted)
            .map(Cow::Owned)
            .map_err(|_| Fault { at: start, message: "this string has a bad escape".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let fault = parse(text).unwrap_err();
        format!("{} {}", fault.at, fault.message)
    }

    #[test]
    fn errors_have_a_place() {
        assert_eq!(fault("{\"a\":1,}"), "7 expected a property name in double quotes");
        assert_eq!(fault("[1 2]"), "3 expected `,` or `]`");
        assert_eq!(fault("{\"a\":\"x"), "5 this string is not closed");
        assert_eq!(fault("01"), "0 `01` is not a JSON number");
        assert_eq!(fault(""), "0 the JSON ends too early");
        assert_eq!(fault("{} x"), "3 there is something after the end of the JSON");
        assert_eq!(fault(&"[".repeat(200)), "128 the JSON nests deeper than 128 levels");
    }

    #[test]
    fn offsets_see_through_escapes() {
        let text = r#"["a\n\u00e9\ud83d\udc34${x}"]"#;
        let decoded: Vec<String> = serde_json::from_str(text).unwrap();
        let inside = decoded[0].find("${").unwrap();
        assert_eq!(source_offset(text, 1, inside), text.find("${").unwrap());
    }
}
