//! Looking over JSON without keeping it.
//!
//! A scan refuses what the strict reader refuses and costs no allocation for ordinary JSON, so that
//! what nobody asks for need not be read.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How deep a member of an activity may be: what the parser allows, less the activity itself.
const DEEPEST: u8 = 126;

/// Names that are compared one by one; an object with more gets a set.
const FEW: usize = 12;

/// What was looked over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen<'de> {
    Null,
    Text(Cow<'de, str>),
    /// A number, `true` or `false`.
    Scalar,
    /// An object, and what it says under the path that was asked for.
    Object(Option<Box<Seen<'de>>>),
    List(Items),
}

/// What sort of entries a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Items {
    pub(crate) all_objects: bool,
    pub(crate) any_null: bool,
}

/// Looks over a whole document.
///
/// # Errors
///
/// It is not JSON, it is nested too deeply, or an object has two members of one name.
pub(crate) fn scan(text: &str) -> Result<Seen<'_>, serde_json::Error> {
    find(text, &[])
}

/// The same, and brings what is found under `path`.
pub(crate) fn find<'de>(text: &'de str, path: &[&str]) -> Result<Seen<'de>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let seen = Scan { path, depth: 0 }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(seen)
}

#[derive(Clone, Copy)]
struct Scan<'p> {
    path: &'p [&'p str],
    depth: u8,
}

impl Scan<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= DEEPEST {
            return Err(E::custom("the document is nested too deeply"));
        }
        Ok(Self { path: &[], depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Scan<'_> {
    type Value = Seen<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Seen<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = Seen<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate member names")
    }

    fn visit_unit<E>(self) -> Result<Seen<'de>, E> {
        Ok(Seen::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Seen<'de>, E> {
        Ok(Seen::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Seen<'de>, E> {
        Ok(Seen::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Seen<'de>, E> {
        Ok(Seen::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Seen<'de>, E> {
        Ok(Seen::Scalar)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Seen<'de>, E> {
        Ok(Seen::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Seen<'de>, E> {
        Ok(Seen::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Seen<'de>, A::Error> {
        let entry = self.deeper()?;
        let mut items = Items { all_objects: true, any_null: false };
        while let Some(seen) = seq.next_element_seed(entry)? {
            items.all_objects &= matches!(seen, Seen::Object(_));
            items.any_null |= seen == Seen::Null;
        }
        Ok(Seen::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Seen<'de>, A::Error> {
        let member = self.deeper()?;
        let mut names = Names::default();
        let mut found = None;
        while let Some(Name(name)) = map.next_key()? {
            let wanted = self.path.split_first().filter(|(first, _)| **first == name);
            if let Some((_, path)) = wanted {
                let seen = map.next_value_seed(Scan { path, ..member })?;
                found = match (path, seen) {
                    ([], seen) => Some(Box::new(seen)),
                    (_, Seen::Object(inner)) => inner,
                    (_, _) => None,
                };
            } else {
                map.next_value_seed(member)?;
            }
            if !names.add(name) {
                return Err(A::Error::custom("an object has two members of the same name"));
            }
        }
        Ok(Seen::Object(found))
    }
}

/// The names of one object so far.
#[derive(Default)]
struct Names<'de> {
    few: [Cow<'de, str>; FEW],
    count: usize,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    /// Whether `name` is new.
    fn add(&mut self, name: Cow<'de, str>) -> bool {
        if self.few.iter().take(self.count).any(|known| *known == name) {
            return false;
        }
        match self.few.get_mut(self.count) {
            Some(free) => {
                *free = name;
                self.count += 1;
                true
            }
            None => self.many.insert(name),
        }
    }
}

/// A member's name, without a copy if it has no escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_identifier(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::strict;

    fn check(text: &str, path: &[&str], expected: &Seen<'_>) {
        assert_eq!(find(text, path).ok().as_ref(), Some(expected), "{text}");
    }

    #[test]
    fn finds_what_was_asked_for() {
        let id = |seen| Seen::Object(Some(Box::new(seen)));
        let path = ["tenant", "id"];
        check(r#"{"a":1,"tenant":{"x":[],"id":"t"}}"#, &path, &id(Seen::Text("t".into())));
        check(r#"{"ten\u0061nt":{"id":"\u0074"}}"#, &path, &id(Seen::Text("t".into())));
        check(r#"{"tenant":{"id":null}}"#, &path, &id(Seen::Null));
        check(r#"{"tenant":{"id":7}}"#, &path, &id(Seen::Scalar));
        check(r#"{"tenant":{"id":{"id":"t"}}}"#, &path, &id(Seen::Object(None)));
        for missing in [r#"{"tenant":"id"}"#, r#"{"x":{"tenant":{"id":"t"}}}"#, r#"{"id":"t"}"#] {
            check(missing, &path, &Seen::Object(None));
        }
        check(r#"[{"tenant":{"id":"t"}}]"#, &path, &list(true, false));
    }

    fn list(all_objects: bool, any_null: bool) -> Seen<'static> {
        Seen::List(Items { all_objects, any_null })
    }

    #[test]
    fn knows_what_lists_hold() {
        check("[]", &[], &list(true, false));
        check("[{},{}]", &[], &list(true, false));
        check("[{},null]", &[], &list(false, true));
        check("[[null]]", &[], &list(false, false));
    }

    #[test]
    fn many_names_are_told_apart() {
        let members = |last: usize| {
            let names = (0..40).chain([last]).map(|n| format!("\"n{n}\":{n}"));
            format!("{{{}}}", names.collect::<Vec<_>>().join(","))
        };
        assert!(scan(&members(40)).is_ok());
        for twice in [0, FEW - 1, FEW, 39] {
            assert!(scan(&members(twice)).is_err(), "n{twice} was there twice");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        // As deep as it may be as a member of an activity, and one more.
        let whole = |depth| strict::parse(format!("{{\"value\":{}}}", nested(depth)).as_bytes());
        for depth in [1, 125, 126, 127, 128, 10_000] {
            assert_eq!(scan(&nested(depth)).is_ok(), whole(depth).is_ok(), "{depth}");
        }
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_the_strict_reader(
            text in "[\\[\\]{}\",:a-c0-1\\\\u.e \\-]{0,30}|(\\{\"[ab]\":(1|\\[\\]|\"\\\\n\")(,\"[ab]\":\\{\\})?\\})",
        ) {
            proptest::prop_assert_eq!(scan(&text).is_ok(), strict::parse(text.as_bytes()).is_ok());
        }
    }
}
