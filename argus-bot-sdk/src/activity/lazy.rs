//! What is read when somebody looks at it.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use serde::de::{DeserializeOwned, MapAccess, SeqAccess};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::activity::Attachment;
use crate::activity::fast::{Cursor, Sort};
use crate::activity::wire::{Read, Wire};

/// A part of an activity that most bots never look at. It was checked when the activity was read,
/// and becomes a `T` when somebody first looks; it is used like one.
///
/// ```
/// use argus_bot_sdk::Activity;
/// use argus_bot_sdk::activity::Lazy;
///
/// let read: Activity =
///     serde_json::from_str(r#"{"type":"message","entities":[{"type":"clientInfo"}]}"#)?;
/// let entities = read.entities.unwrap();
/// assert_eq!(entities[0]["type"], "clientInfo");
/// assert_eq!(Lazy::into_inner(entities).len(), 1);
///
/// let mut said = Activity::message("hello");
/// said.entities = Some(vec![serde_json::json!({ "type": "streaminfo" })].into());
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct Lazy<T> {
    /// Checked JSON that gives a `T`; empty if the value never was text or may have changed.
    text: Box<str>,
    value: OnceLock<Box<T>>,
}

impl<T: DeserializeOwned + Default> Lazy<T> {
    /// The value itself.
    pub fn into_inner(lazy: Self) -> T {
        let Self { text, value } = lazy;
        value.into_inner().map_or_else(|| parse(&text), |value| *value)
    }
}

impl Lazy<Value> {
    /// What is found under `path`, if that is text or something else, without reading the rest.
    pub(crate) fn find(&self, path: &[&str]) -> Found<'_> {
        if self.value.get().is_none()
            && let Some(found) = find(Cursor::new(&self.text), path)
        {
            return found;
        }
        match path.iter().try_fold(&**self, |value, name| value.get(name)) {
            None | Some(Value::Null) => Found::Nothing,
            Some(Value::String(text)) => Found::Text(text.into()),
            Some(_) => Found::Other,
        }
    }
}

/// What [`Lazy::find`] finds.
pub(crate) enum Found<'a> {
    /// No such member, or `null`.
    Nothing,
    Text(Cow<'a, str>),
    Other,
}

/// Looks through text that was passed as a whole before, so it can stop where it likes.
fn find<'a>(mut place: Cursor<'a>, path: &[&str]) -> Option<Found<'a>> {
    let next = place.peek()?;
    let Some((first, rest)) = path.split_first() else {
        return Some(match next {
            b'n' => Found::Nothing,
            b'"' => match place.string()? {
                text if text.plain().is_some() => Found::Text(text.plain()?.into()),
                text => Found::Text(text.text()?.into()),
            },
            _ => Found::Other,
        });
    };
    if next != b'{' {
        return Some(Found::Nothing);
    }
    let mut member = None;
    let looked_at_all = place.members(|cursor, name| {
        if name == *first {
            member = Some(*cursor);
            return None;
        }
        cursor.skip().map(|_| ())
    });
    match member {
        Some(member) => find(member, rest),
        None => looked_at_all.map(|()| Found::Nothing),
    }
}

/// Types whose JSON can wait.
pub(crate) trait Waits: Wire + DeserializeOwned + Default {
    /// Whether JSON of this sort gives a `Self` for certain.
    fn fits(sort: Sort) -> bool;
}

impl Waits for Value {
    fn fits(sort: Sort) -> bool {
        sort != Sort::Null
    }
}

impl Waits for Vec<Value> {
    fn fits(sort: Sort) -> bool {
        matches!(sort, Sort::List { any_null: false, .. })
    }
}

impl Waits for Vec<Attachment> {
    fn fits(sort: Sort) -> bool {
        matches!(sort, Sort::List { all_objects: true, .. })
    }
}

/// Text that was checked has a value; if it had none after all, it would be the empty one.
fn parse<T: DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

impl<T: Waits> Wire for Lazy<T> {
    fn string(text: String) -> Read<Self> {
        T::string(text).map(Self::from)
    }

    fn scalar(value: Value) -> Read<Self> {
        T::scalar(value).map(Self::from)
    }

    fn object<'de, A: MapAccess<'de>>(map: A) -> Result<Read<Self>, A::Error> {
        Ok(T::object(map)?.map(Self::from))
    }

    fn list<'de, A: SeqAccess<'de>>(seq: A) -> Result<Read<Self>, A::Error> {
        Ok(T::list(seq)?.map(Self::from))
    }

    fn fast(cursor: &mut Cursor<'_>) -> Option<Self> {
        let (sort, text) = cursor.skip()?;
        T::fits(sort).then(|| Self { text: text.into(), value: OnceLock::new() })
    }
}

impl<T> From<T> for Lazy<T> {
    fn from(value: T) -> Self {
        Self { text: Box::default(), value: OnceLock::from(Box::new(value)) }
    }
}

impl<T: DeserializeOwned + Default> Deref for Lazy<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.get_or_init(|| Box::new(parse(&self.text)))
    }
}

impl<T: DeserializeOwned + Default> DerefMut for Lazy<T> {
    fn deref_mut(&mut self) -> &mut T {
        let text = std::mem::take(&mut self.text);
        self.value.get_or_init(|| Box::new(parse(&text)));
        match self.value.get_mut() {
            Some(value) => value,
            None => unreachable!("it was set a line above"),
        }
    }
}

impl<T: Clone> Clone for Lazy<T> {
    fn clone(&self) -> Self {
        // As long as the text is there the value can be had again.
        let value = if self.text.is_empty() { self.value.clone() } else { OnceLock::new() };
        Self { text: self.text.clone(), value }
    }
}

impl<T: DeserializeOwned + Default + PartialEq> PartialEq for Lazy<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Default> Default for Lazy<T> {
    fn default() -> Self {
        Self::from(T::default())
    }
}

#[expect(clippy::into_iter_without_iter, reason = "a value that has `iter` shows it by `Deref`")]
impl<'a, T: DeserializeOwned + Default> IntoIterator for &'a Lazy<T>
where
    &'a T: IntoIterator,
{
    type Item = <&'a T as IntoIterator>::Item;
    type IntoIter = <&'a T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&**self).into_iter()
    }
}

impl<T: DeserializeOwned + Default + Serialize> Serialize for Lazy<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lazy<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

// What people say must not get into a log by a `{:?}`.
impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lazy(..)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept<T: Waits>(text: &str) -> Lazy<T> {
        Lazy::fast(&mut Cursor::new(text)).unwrap_or_else(|| panic!("{text} was not kept"))
    }

    #[test]
    fn what_was_kept_is_what_was_said() {
        let lazy = kept::<Value>(r#"{"tenant":{"id":"t"}}"#);
        assert!(lazy.value.get().is_none(), "read before anybody looked");
        let copy = lazy.clone();
        assert_eq!(lazy["tenant"]["id"], "t");
        assert_eq!(lazy, copy);
        assert_eq!(lazy, Lazy::from(json!({"tenant": {"id": "t"}})));
        assert_eq!(serde_json::to_value(&lazy).unwrap(), *lazy);
        assert_eq!(Lazy::into_inner(copy), *lazy);
    }

    #[test]
    fn what_was_changed_stays_changed() {
        let mut lazy = kept::<Vec<Value>>("[1]");
        lazy.push(json!(2));
        assert_eq!(*lazy.clone(), [1, 2]);
        lazy.push(json!(3));
        assert_eq!(Lazy::into_inner(lazy), [1, 2, 3]);
        let mut fresh = Lazy::from(vec![json!(1)]);
        fresh.clear();
        assert!(fresh.clone().is_empty());
    }

    #[test]
    fn a_tenant_is_found_in_text_and_in_a_value() {
        let check = |text: &str, expected: Option<&str>| {
            let lazy = kept::<Value>(text);
            for _ in ["as text", "as a value"] {
                let found = match lazy.find(&["tenant", "id"]) {
                    Found::Nothing => None,
                    Found::Text(text) => Some(text.into_owned()),
                    Found::Other => Some("other".to_owned()),
                };
                assert_eq!(found.as_deref(), expected, "{text}");
                assert!(!lazy.is_null(), "now it is a value");
            }
        };
        check(r#"{"x":[],"tenant":{"id":"t\/1"}}"#, Some("t/1"));
        check(r#"{"x":{"tenant":{"id":"t"}}}"#, None);
        check(r#"{"tenant":{"id":["t"]}}"#, Some("other"));
        check(r#"{"tenant":{"id":null}}"#, None);
        check(r#"{"tenant":"t"}"#, None);
        check(r#""tenant""#, None);
    }

    #[test]
    fn what_does_not_fit_is_not_kept() {
        fn check<T: Waits>(text: &str) {
            assert!(Lazy::<T>::fast(&mut Cursor::new(text)).is_none(), "{text}");
        }
        check::<Value>("null");
        check::<Vec<Value>>("[1,null]");
        check::<Vec<Value>>("{}");
        check::<Vec<Attachment>>("[{},[]]");
        check::<Value>(r#"{"a":1,"a":2}"#);
    }
}
