//! JSON in which every member has one meaning.
//!
//! `serde_json::Value` keeps the last of two members with the same name, while other readers keep
//! the first. Two readers that disagree about a document are how a check is passed with one
//! value and the deed done with another, so duplicates are refused at every depth.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::activity::fast::{Cursor, Sort};

/// A JSON value read without duplicate member names.
pub(crate) struct Strict(pub(crate) Value);

/// A JSON value in which an object with duplicate member names is read as `null`, for lists of
/// which the other entries are still wanted.
pub(crate) struct Poisoned(pub(crate) Value);

/// Reads a whole document; bytes that are not UTF-8 are refused even where nobody looks at them.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_str::<Strict>(text(bytes)?).map(|strict| strict.0)
}

/// Like [`parse`], but a duplicate spoils only the object that has it.
pub(crate) fn parse_poisoning(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_str::<Poisoned>(text(bytes)?).map(|poisoned| poisoned.0)
}

/// Checks that the text is one object, by the same rules.
pub(crate) fn check_object(bytes: &[u8]) -> Result<(), serde_json::Error> {
    let mut cursor = Cursor::new(text(bytes)?);
    if let Some((Sort::Object, _)) = cursor.skip()
        && cursor.end().is_some()
    {
        return Ok(());
    }
    match parse(bytes)? {
        Value::Object(_) => Ok(()),
        _ => Err(Error::custom("it is not an object")),
    }
}

/// Checks the encoding first, because `serde_json` skips ignored strings without looking.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, serde_json::Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::custom("the document is not UTF-8"))
}

/// The rest of an object whose opening brace was read.
pub(crate) fn object<'de, A: MapAccess<'de>>(map: A) -> Result<Value, A::Error> {
    Reader::<true>.visit_map(map)
}

/// The rest of a list whose opening bracket was read.
pub(crate) fn list<'de, A: SeqAccess<'de>>(seq: A) -> Result<Value, A::Error> {
    Reader::<true>.visit_seq(seq)
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader::<true>).map(Self)
    }
}

impl<'de> Deserialize<'de> for Poisoned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader::<false>).map(Self)
    }
}

struct Reader<const REFUSE: bool>;

impl<'de, const REFUSE: bool> serde::de::DeserializeSeed<'de> for Reader<REFUSE> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, const REFUSE: bool> Visitor<'de> for Reader<REFUSE> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate member names")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let mut twice = false;
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Self)?;
            twice |= object.insert(key, value).is_some();
        }
        match (twice, REFUSE) {
            (true, true) => Err(A::Error::custom("an object has two members of the same name")),
            (true, false) => Ok(Value::Null),
            (false, _) => Ok(Value::Object(object)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_refused_at_every_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"[[{"a":1,"\u0061":2}]]"#,
            r#"{"a":null,"b":[],"a":null}"#,
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text} was read");
        }
    }

    #[test]
    fn a_duplicate_spoils_only_its_own_object() {
        let read = parse_poisoning(br#"{"keys":[{"a":1,"a":2},{"a":3}]}"#).unwrap();
        assert_eq!(read, serde_json::json!({"keys": [null, {"a": 3}]}));
    }

    #[test]
    fn bytes_that_are_not_text_are_refused() {
        assert!(parse(b"{\"a\":\"\xe9\"}").is_err());
        assert!(parse(b"{} {}").is_err());
        assert!(parse(&b"[".repeat(100_000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn reads_what_serde_json_reads(text in "[\\[\\]{}\",:a0-9.e-]{0,40}") {
            if let Ok(strict) = parse(text.as_bytes()) {
                proptest::prop_assert_eq!(Some(strict), serde_json::from_str::<Value>(&text).ok());
            }
        }
    }
}
