//! What an object had in JSON and its type does not hold.

use serde_json::Value;

use super::json::{self, Key};
use super::object::{Object, Part, Property, tags};

/// Everything that an object had beside its properties: keys that this model does not know, and
/// values that do not fit their property.
///
/// It also remembers how words were spelled and what was left out, so that an object that was read
/// is written as it came.
///
/// ```
/// use argus_cards::model::TextBlock;
/// use serde_json::json;
///
/// let mut text: TextBlock = serde_json::from_value(json!({"type": "TextBlock", "text": 7}))?;
/// assert_eq!(text.rest.get("text"), Some(&json!(7)), "a number is no text");
/// text.rest.insert("x-note", "mine");
/// let json = serde_json::to_value(&text)?;
/// assert_eq!(json, json!({"type": "TextBlock", "text": 7, "x-note": "mine"}));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Rest(Option<Box<Entries>>);

/// Behind a pointer, because most objects have none.
#[derive(Clone, Debug, Default)]
struct Entries(Vec<Entry>);

impl PartialEq for Rest {
    /// The order of keys says nothing.
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.entries(), other.entries());
        ours.len() == theirs.len() && ours.iter().all(|entry| theirs.contains(entry))
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    key: Box<str>,
    kept: Kept,
}

/// What is remembered of a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kept {
    /// The value itself.
    Value(Value),
    /// How the word in the property was spelled.
    Spelling(Box<str>),
    /// The property came under another key.
    Alias(&'static str),
    /// The property must be there and was not.
    Absent,
}

impl Rest {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The value of this key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.iter().find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries().iter().filter_map(|entry| match &entry.kept {
            Kept::Value(value) => Some((&*entry.key, value)),
            _ => None,
        })
    }

    /// Adds a key that the type does not have. A property of the type wins over it when both are set.
    pub fn insert(&mut self, key: &str, value: impl Into<Value>) {
        self.remove(key);
        self.keep(key.into(), Kept::Value(value.into()));
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let Entries(entries) = &mut **self.0.as_mut()?;
        let at = entries.iter().position(|entry| &*entry.key == key)?;
        match entries.remove(at).kept {
            Kept::Value(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn keep(&mut self, key: Box<str>, kept: Kept) {
        self.0.get_or_insert_default().0.push(Entry { key, kept });
    }

    fn entries(&self) -> &[Entry] {
        self.0.as_deref().map_or(&[], |entries| &entries.0)
    }
}

/// Where the properties of an object go, each under the key and in the form in which it was read.
pub(crate) struct Out<'s, 'r> {
    sink: Sink<'s>,
    kept: &'r [Entry],
    /// Which keys of `kept` a property has taken the place of.
    replaced: Vec<&'static str>,
}

/// Who writes.
pub(crate) enum Sink<'a> {
    /// Any serializer.
    Any(&'a mut dyn FnMut(&str, Part<'_>)),
    /// JSON, directly.
    Json(&'a mut String),
}

impl Sink<'_> {
    pub(crate) fn put(&mut self, key: &str, part: Part<'_>) {
        match self {
            Self::Any(sink) => sink(key, part),
            Self::Json(json) => json::property(json, key, part),
        }
    }
}

impl<'s, 'r> Out<'s, 'r> {
    pub(crate) fn new(sink: Sink<'s>, rest: &'r Rest) -> Self {
        Self { sink, kept: rest.entries(), replaced: Vec::new() }
    }

    /// Writes what tells the type apart, unless it was read without or with another one.
    pub(crate) fn open<T: Object>(&mut self) {
        match &mut self.sink {
            Sink::Json(json) if self.kept.is_empty() => return json.push_str(T::OPEN),
            Sink::Json(json) => json.push('{'),
            Sink::Any(_) => {}
        }
        for (key, tag) in tags::<T>() {
            if self.kept(key).is_none() {
                self.sink.put(key, Part::Word(tag));
            }
        }
    }

    /// Writes a property that is set. Inlined, so that copying the key is a few instructions.
    #[expect(clippy::inline_always, reason = "measured: writing takes a seventh less")]
    #[inline(always)]
    pub(crate) fn put<T: Property>(&mut self, key: Key, value: &T) {
        match &mut self.sink {
            Sink::Json(json) if self.kept.is_empty() => {
                json.push_str(key.0);
                value.json(json);
            }
            _ => self.put_part(key.name(), value.part()),
        }
    }

    /// Writes several values.
    pub(crate) fn put_list<T: Property>(&mut self, key: Key, values: &Vec<T>) {
        match &mut self.sink {
            Sink::Json(json) if self.kept.is_empty() => {
                json.push_str(key.0);
                json::list(json, values);
            }
            _ => self.put_part(key.name(), Part::List(values)),
        }
    }

    fn put_part(&mut self, key: &'static str, part: Part<'_>) {
        if self.kept.is_empty() {
            return self.sink.put(key, part);
        }
        match (self.kept(key), &part) {
            (Some(Kept::Absent | Kept::Value(_)), part) if part.is_empty() => return,
            (Some(Kept::Spelling(spelling)), Part::Word(word))
                if word.eq_ignore_ascii_case(spelling) =>
            {
                self.sink.put(key, Part::Text(spelling));
            }
            (Some(Kept::Alias(alias)), _) => self.sink.put(alias, part),
            _ => self.sink.put(key, part),
        }
        self.replaced.push(key);
    }

    /// Writes what no property has taken the place of.
    pub(crate) fn finish(mut self) {
        for Entry { key, kept } in self.kept {
            if let Kept::Value(value) = kept
                && !self.replaced.contains(&&**key)
            {
                self.sink.put(key, Part::Value(value));
            }
        }
    }

    fn kept(&self, key: &str) -> Option<&'r Kept> {
        self.kept.iter().find(|entry| &*entry.key == key).map(|entry| &entry.kept)
    }
}
