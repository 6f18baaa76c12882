//! How objects of the schema are read and written: a few functions for all types, so that a
//! type's declaration is a table and its code is small.
//!
//! Writing goes over [`Part`], which borrows; nothing is copied and no map is built.

use std::fmt::Display;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use super::Number;
use super::catalog::{PropertyInfo, TypeInfo, TypeRef, ValueKind};
use super::json::{self, Key};
use super::rest::{Kept, Out, Rest, Sink};

/// What was read, and what of the JSON it does not hold.
pub(crate) struct Read<T> {
    pub(crate) typed: Option<T>,
    pub(crate) left: Option<Kept>,
}

impl<T> Read<T> {
    pub(crate) const fn fits(typed: T) -> Self {
        Self { typed: Some(typed), left: None }
    }

    pub(crate) const fn odd(value: Value) -> Self {
        Self { typed: None, left: Some(Kept::Value(value)) }
    }

    pub(crate) fn map<U>(self, to: impl FnOnce(T) -> U) -> Read<U> {
        Read { typed: self.typed.map(to), left: self.left }
    }
}

/// A value that a property can have.
pub(crate) trait Property: Sized {
    const KIND: ValueKind;
    fn read(value: Value) -> Read<Self>;
    fn part(&self) -> Part<'_>;

    fn json(&self, json: &mut String) {
        json::value(json, self.part());
    }

    /// Whether reading leaves nothing over.
    fn accepts(value: &Value) -> bool {
        matches!(Self::read(value.clone()), Read { typed: Some(_), left: None })
    }
}

/// Where a property keeps its value: required, optional or several.
pub(crate) trait Field {
    /// Reads; gives back what must be kept beside.
    fn fill(&mut self, value: Value) -> Option<Kept>;
    /// Writes, if there is anything.
    fn put(&self, key: Key, out: &mut Out<'_, '_>);
}

impl<T: Property> Field for T {
    fn fill(&mut self, value: Value) -> Option<Kept> {
        let Read { typed, left } = T::read(value);
        if let Some(typed) = typed {
            *self = typed;
        }
        left
    }

    #[inline]
    fn put(&self, key: Key, out: &mut Out<'_, '_>) {
        out.put(key, self);
    }
}

impl<T: Property> Field for Option<T> {
    fn fill(&mut self, value: Value) -> Option<Kept> {
        let Read { typed, left } = T::read(value);
        *self = typed;
        left
    }

    #[inline]
    fn put(&self, key: Key, out: &mut Out<'_, '_>) {
        if let Some(value) = self {
            out.put(key, value);
        }
    }
}

impl<T: Property> Field for Vec<T> {
    fn fill(&mut self, value: Value) -> Option<Kept> {
        let items = match value {
            Value::Array(items) if !items.is_empty() => items,
            odd => return Some(Kept::Value(odd)),
        };
        if !items.iter().all(T::accepts) {
            // An item that would not be written as it came: the array stays as it was.
            return Some(Kept::Value(Value::Array(items)));
        }
        *self = items.into_iter().filter_map(|item| T::read(item).typed).collect();
        None
    }

    #[inline]
    fn put(&self, key: Key, out: &mut Out<'_, '_>) {
        if !self.is_empty() {
            out.put_list(key, self);
        }
    }
}

/// The properties of an object, or a group of them that several types share.
pub(crate) trait Properties {
    /// Reads a property; gives the value back if it has none of this key.
    fn set(&mut self, key: &str, value: Value) -> Result<Option<Kept>, Value>;
    fn write(&self, out: &mut Out<'_, '_>);
}

/// An object of the schema.
pub(crate) trait Object: Properties + Default {
    /// How its JSON begins.
    const OPEN: &'static str;
    fn info() -> &'static TypeInfo;
    fn rest(&self) -> &Rest;
    fn rest_mut(&mut self) -> &mut Rest;

    fn from_map(map: Map<String, Value>) -> Self {
        let mut object = Self::default();
        for key in tags::<Self>().map(|(key, _)| key).chain(always(Self::info())) {
            if !map.contains_key(key) {
                object.rest_mut().keep(key.into(), Kept::Absent);
            }
        }
        for (key, value) in map {
            if tags::<Self>().any(|(known, tag)| key == known && value == tag) {
                continue;
            }
            match object.set(&key, value) {
                Ok(None) => {}
                Ok(Some(kept)) => object.rest_mut().keep(key.into(), kept),
                Err(value) => object.read_alias(key, value),
            }
        }
        object
    }

    /// Reads what came under another key than it should, or keeps it.
    fn read_alias(&mut self, key: String, value: Value) {
        let named = |property: &&PropertyInfo| property.alias() == Some(key.as_str());
        if let Some(property) = Self::info().properties().find(named)
            && let Some(alias) = property.alias()
            && matches!(self.set(property.key(), value.clone()), Ok(None))
        {
            return self.rest_mut().keep(property.key().into(), Kept::Alias(alias));
        }
        self.rest_mut().keep(key.into(), Kept::Value(value));
    }
}

/// What tells the type apart in JSON.
pub(crate) fn tags<T: Object>() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tag = T::info().tag.map(|tag| ("type", tag));
    tag.into_iter().chain(T::info().component.map(|name| ("name", name)))
}

/// Whether an object says that it has this type.
pub(crate) fn is_type(map: &Map<String, Value>, info: &TypeInfo) -> bool {
    let says = |key, tag| map.get(key).and_then(Value::as_str) == Some(tag);
    info.tag.is_some_and(|tag| says("type", tag))
        && info.component.is_none_or(|name| says("name", name))
}

fn always(info: &'static TypeInfo) -> impl Iterator<Item = &'static str> {
    info.properties().filter(|property| property.is_always_written()).map(PropertyInfo::key)
}

impl<T: Object> Property for T {
    const KIND: ValueKind = ValueKind::Object(TypeRef(T::info));

    fn read(value: Value) -> Read<Self> {
        match value {
            Value::Object(map) => Read::fits(T::from_map(map)),
            odd => Read::odd(odd),
        }
    }

    fn part(&self) -> Part<'_> {
        Part::Object(self)
    }

    fn json(&self, json: &mut String) {
        json::object(json, self);
    }

    fn accepts(value: &Value) -> bool {
        value.is_object()
    }
}

/// Something that is written as a JSON object.
pub(crate) trait Node {
    /// Hands on keys and values.
    fn each(&self, sink: Sink<'_>);
    /// Writes it all.
    fn json(&self, json: &mut String);
}

impl<T: Object> Node for T {
    fn each(&self, sink: Sink<'_>) {
        let mut out = Out::new(sink, self.rest());
        out.open::<T>();
        self.write(&mut out);
        out.finish();
    }

    fn json(&self, json: &mut String) {
        json::object(json, self);
    }
}

/// Something that is written as a JSON array.
pub(crate) trait List {
    fn len(&self) -> usize;
    fn each(&self, sink: &mut dyn FnMut(Part<'_>));
    /// Writes the items.
    fn json(&self, json: &mut String);
}

impl<T: Property> List for Vec<T> {
    fn len(&self) -> usize {
        self.len()
    }

    fn each(&self, sink: &mut dyn FnMut(Part<'_>)) {
        for item in self {
            sink(item.part());
        }
    }

    fn json(&self, json: &mut String) {
        for item in self {
            item.json(json);
        }
    }
}

/// A value on its way into JSON.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    Text(&'a str),
    /// A word of the schema, which needs no escapes.
    Word(&'static str),
    Bool(bool),
    Number(Number),
    Shown(&'a dyn Display),
    Object(&'a dyn Node),
    List(&'a dyn List),
    Value(&'a Value),
}

impl Part<'_> {
    /// Whether it is what a required property has that was never set.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Part::Text(text) => text.is_empty(),
            Part::List(list) => list.len() == 0,
            Part::Number(number) => *number == Number::from(0),
            _ => false,
        }
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Part::Text(text) | Part::Word(text) => serializer.serialize_str(text),
            Part::Bool(value) => serializer.serialize_bool(*value),
            Part::Number(number) => number.serialize(serializer),
            Part::Shown(value) => serializer.collect_str(value),
            Part::Object(node) => write_object(*node, serializer),
            Part::List(list) => write_list(*list, serializer),
            Part::Value(value) => value.serialize(serializer),
        }
    }
}

/// Writes an object into any serializer.
pub(crate) fn write_object<S: Serializer>(
    node: &dyn Node,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    let mut written = Ok(());
    node.each(Sink::Any(&mut |key, part| {
        if written.is_ok() {
            written = map.serialize_entry(key, &part);
        }
    }));
    written?;
    map.end()
}

fn write_list<S: Serializer>(list: &dyn List, serializer: S) -> Result<S::Ok, S::Error> {
    let mut items = serializer.serialize_seq(Some(list.len()))?;
    let mut written = Ok(());
    list.each(&mut |part| {
        if written.is_ok() {
            written = items.serialize_element(&part);
        }
    });
    written?;
    items.end()
}

/// Reads an object from any deserializer.
pub(crate) fn read_object<'de, T: Object, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Map::deserialize(deserializer).map(T::from_map)
}

/// Reads a value that is no object of its own from any deserializer.
pub(crate) fn read_value<'de, T: Property, D: Deserializer<'de>>(
    deserializer: D,
    name: &str,
) -> Result<T, D::Error> {
    let Read { typed, .. } = T::read(Value::deserialize(deserializer)?);
    typed.ok_or_else(|| serde::de::Error::custom(format_args!("this is no {name}")))
}

/// Reads one of some words, and remembers a spelling that is not the canonical one.
pub(crate) fn read_word<T: Copy>(
    value: Value,
    all: &[T],
    text: impl Fn(T) -> &'static str,
) -> Read<T> {
    let known =
        |word: &str| all.iter().copied().find(|known| text(*known).eq_ignore_ascii_case(word));
    match value {
        Value::String(word) => match known(&word) {
            Some(typed) if text(typed) == word => Read::fits(typed),
            Some(typed) => Read { typed: Some(typed), left: Some(Kept::Spelling(word.into())) },
            None => Read::odd(Value::String(word)),
        },
        odd => Read::odd(odd),
    }
}
