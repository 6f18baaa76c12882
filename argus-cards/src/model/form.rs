//! Properties that may be written in several forms.

use serde_json::Value;

use super::catalog::ValueKind;
use super::json;
use super::macros::{either, extent};
use super::object::{Node, Object, Part, Property, Read};
use super::rest::Sink;
use super::{
    Action, AdaptiveCard, BackgroundImage, Element, ElementId, Execute, InputId, Number, Pixels,
    StringResource, SubmitData, TargetElement, Url,
};

/// What stands in the place of an element.
pub type ElementFallback = Fallback<Element>;
/// What stands in the place of a button.
pub type ActionFallback = Fallback<Action>;
/// Texts by their names.
pub type Strings = Named<String>;
/// Texts in several languages, by their names.
pub type StringResources = Named<StringResource>;
/// What a client must be able to do, with the least version or `*`.
pub type Capabilities = Named<String>;

extent! {
    /// How wide a column is.
    ColumnWidth {
        /// As wide as its content.
        Auto = "auto",
        /// As wide as there is room.
        Stretch = "stretch",
    } Weight
}

extent! {
    /// How wide or high a picture is.
    ImageExtent {
        /// As large as the picture.
        Auto = "auto",
        /// As large as there is room.
        Stretch = "stretch",
    }
}

extent! {
    /// How wide something is at least.
    MinWidth {
        /// As wide as its content.
        Auto = "auto",
    }
}

extent! {
    /// How wide or high a dialog is.
    DialogSize {
        /// Small.
        Small = "small",
        /// Medium.
        Medium = "medium",
        /// Large.
        Large = "large",
    }
}

extent! {
    /// How wide a column of a grid is; a number is so many percent.
    GridColumn {} Percent
}

extent! {
    /// How wide the label of an input is; a number is so many percent.
    LabelWidth {} Percent
}

either! {
    /// A picture behind something: its address alone or with how it is laid.
    Background {
        /// The address.
        Url(Url),
        /// The picture and how it is laid.
        Image(BackgroundImage),
    }
}

either! {
    /// An element that is shown or hidden.
    Target {
        /// It becomes the other of shown and hidden.
        Toggle(ElementId),
        /// It becomes what is said.
        Set(TargetElement),
    }
}

impl From<ElementId> for Target {
    fn from(id: ElementId) -> Self {
        Self::Toggle(id)
    }
}

impl From<&ElementId> for Target {
    fn from(id: &ElementId) -> Self {
        Self::Toggle(id.clone())
    }
}

impl From<&InputId> for Target {
    fn from(id: &InputId) -> Self {
        Self::Toggle(id.into())
    }
}

impl From<&str> for Background {
    fn from(url: &str) -> Self {
        Self::Url(url.to_owned())
    }
}

impl From<String> for Background {
    fn from(url: String) -> Self {
        Self::Url(url)
    }
}

/// What comes back with a button.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ActionData {
    /// Properties.
    Object(Box<SubmitData>),
    /// Anything else, which is a text as a rule.
    Value(Value),
}

impl From<SubmitData> for ActionData {
    fn from(data: SubmitData) -> Self {
        Self::Object(Box::new(data))
    }
}

impl From<Value> for ActionData {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(map) => Self::Object(Box::new(SubmitData::from_map(map))),
            other => Self::Value(other),
        }
    }
}

impl Property for ActionData {
    const KIND: ValueKind = ValueKind::OneOf(&[ValueKind::Text, SubmitData::KIND]);

    fn read(value: Value) -> Read<Self> {
        Read::fits(value.into())
    }

    fn part(&self) -> Part<'_> {
        match self {
            Self::Object(data) => Part::Object(&**data),
            Self::Value(value) => Part::Value(value),
        }
    }
}

/// Objects that would hold themselves without a box.
macro_rules! boxed {
    ($($name:ident)*) => {
        $(impl Property for Box<$name> {
            const KIND: ValueKind = $name::KIND;

            fn read(value: Value) -> Read<Self> {
                $name::read(value).map(Self::new)
            }

            fn part(&self) -> Part<'_> {
                Part::Object(&**self)
            }
        })*
    };
}

boxed! { AdaptiveCard Execute }

/// Where something stands on an axis: by number or by name.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Coordinate {
    /// By name, or a day like `2026-01-31`.
    Text(String),
    /// By number.
    Number(Number),
}

impl Default for Coordinate {
    fn default() -> Self {
        Self::Number(Number::default())
    }
}

impl From<&str> for Coordinate {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Coordinate {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for Coordinate {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<f64> for Coordinate {
    fn from(number: f64) -> Self {
        Self::Number(number.into())
    }
}

impl Property for Coordinate {
    const KIND: ValueKind = ValueKind::OneOf(&[ValueKind::Text, ValueKind::Number]);

    fn read(value: Value) -> Read<Self> {
        match value {
            Value::String(text) => Read::fits(Self::Text(text)),
            other => Number::read(other).map(Self::Number),
        }
    }

    fn part(&self) -> Part<'_> {
        match self {
            Self::Text(text) => Part::Text(text),
            Self::Number(number) => Part::Number(*number),
        }
    }
}

/// What a client shows that does not know a type or lacks what it requires.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fallback<T> {
    /// Nothing.
    Drop,
    /// This instead.
    Use(T),
}

impl<T> From<T> for Fallback<T> {
    fn from(instead: T) -> Self {
        Self::Use(instead)
    }
}

impl<T: Property> Property for Fallback<T> {
    const KIND: ValueKind = ValueKind::OneOf(&[ValueKind::Text, T::KIND]);

    fn read(value: Value) -> Read<Self> {
        match value {
            Value::String(word) if word.eq_ignore_ascii_case("drop") => {
                super::object::read_word(Value::String(word), &[()], |()| "drop")
                    .map(|()| Self::Drop)
            }
            Value::Object(_) => T::read(value).map(Self::Use),
            odd => Read::odd(odd),
        }
    }

    fn part(&self) -> Part<'_> {
        match self {
            Self::Drop => Part::Word("drop"),
            Self::Use(instead) => instead.part(),
        }
    }
}

/// Values by name, in their order.
///
/// ```
/// use argus_cards::model::{Capabilities, Table};
///
/// let table = Table::new().requires([("adaptiveCards", "1.5")]);
/// assert_eq!(table.element.requires.as_ref().unwrap().get("adaptiveCards").unwrap(), "1.5");
/// # let _: Capabilities = [("a", "*")].into();
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Named<T>(Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Named<T> {
    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    /// Adds a value; one of the same name gives way.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<T>) {
        let name = name.into();
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.into()));
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<T, N: Into<String>, V: Into<T>, const COUNT: usize> From<[(N, V); COUNT]> for Named<T> {
    fn from(values: [(N, V); COUNT]) -> Self {
        values.into_iter().collect()
    }
}

impl<T, N: Into<String>, V: Into<T>> FromIterator<(N, V)> for Named<T> {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        let mut named = Self::default();
        values.into_iter().for_each(|(name, value)| named.insert(name, value));
        named
    }
}

impl<T: Property> Node for Named<T> {
    fn each(&self, mut sink: Sink<'_>) {
        self.iter().for_each(|(name, value)| sink.put(name, value.part()));
    }

    fn json(&self, json: &mut String) {
        json::node(json, self);
    }
}

impl<T: Property> Property for Named<T> {
    const KIND: ValueKind = ValueKind::Map(&T::KIND);

    fn read(value: Value) -> Read<Self> {
        match value {
            Value::Object(map) if map.values().all(T::accepts) => Read::fits(Self(
                map.into_iter()
                    .filter_map(|(name, value)| Some((name, T::read(value).typed?)))
                    .collect(),
            )),
            odd => Read::odd(odd),
        }
    }

    fn part(&self) -> Part<'_> {
        Part::Object(self)
    }
}
