//! The values an expression works with. They borrow from the data wherever they can and never
//! change it.

mod compare;
mod property;

use std::borrow::Cow;
use std::rc::Rc;

use serde_json::{Map, Number, Value};

pub(crate) use compare::compare_text;
pub(crate) use property::{keyed_property, map_property, same_key};

use super::expr::{Const, Key};
use super::number::{MAX_SAFE, from_i128, is_integer, js_number, to_i64};

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Val<'a> {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    /// An integer of the data that a float would round. Boxed, because values are many and these few.
    Big(Box<i128>),
    /// Hundreds of nanoseconds since the year 1, as `ticks()` counts them.
    Ticks(Box<i128>),
    Text(Cow<'a, str>),
    /// An array or object of the data.
    Data(&'a Value),
    Array(Rc<[Val<'a>]>),
    Object(Rc<Fields<'a>>),
    Bytes(Rc<[u8]>),
}

/// The properties of an object made by an expression, in order.
pub(crate) type Fields<'a> = Vec<(Cow<'a, str>, Val<'a>)>;

/// An array, wherever it lives.
#[derive(Clone, Debug)]
pub(crate) enum List<'a> {
    Data(&'a [Value]),
    Made(Rc<[Val<'a>]>),
}

impl<'a> List<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Data(items) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<Val<'a>> {
        match self {
            Self::Data(items) => items.get(index).map(Val::from_data),
            Self::Made(items) => items.get(index).cloned(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Val<'a>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl<'a> Val<'a> {
    /// Borrows a value of the data.
    pub(crate) fn from_data(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::from_number(number),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(_) | Value::Object(_) => Self::Data(value),
        }
    }

    fn from_number(number: &Number) -> Self {
        match number.as_i128() {
            Some(integer) if from_i128(integer).abs() >= MAX_SAFE => Self::Big(Box::new(integer)),
            _ => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    /// Takes over a value that nobody else holds.
    pub(crate) fn from_json(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::from_number(&number),
            Value::String(text) => Self::text(text),
            Value::Array(items) => Self::array(items.into_iter().map(Self::from_json).collect()),
            Value::Object(fields) => Self::object(
                fields.into_iter().map(|(k, v)| (Cow::Owned(k), Self::from_json(v))).collect(),
            ),
        }
    }

    pub(crate) fn constant(value: &'a Const) -> Self {
        match value {
            Const::Undefined => Self::Undefined,
            Const::Null => Self::Null,
            Const::Bool(value) => Self::Bool(*value),
            Const::Number(value) => Self::Number(*value),
            Const::Text(text) => Self::Text(Cow::Borrowed(text)),
        }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(Cow::Owned(text.into()))
    }

    pub(crate) fn array(items: Vec<Val<'a>>) -> Self {
        Self::Array(items.into())
    }

    pub(crate) fn object(fields: Fields<'a>) -> Self {
        Self::Object(Rc::new(fields))
    }

    /// Cuts the ties to the data and the expression.
    pub(crate) fn into_owned(self) -> Val<'static> {
        match self {
            Self::Undefined => Val::Undefined,
            Self::Null => Val::Null,
            Self::Bool(value) => Val::Bool(value),
            Self::Number(value) => Val::Number(value),
            Self::Big(value) => Val::Big(value),
            Self::Ticks(value) => Val::Ticks(value),
            Self::Text(text) => Val::text(text.into_owned()),
            Self::Data(value) => Val::from_json(value.clone()),
            Self::Array(items) => Val::array(items.iter().cloned().map(Val::into_owned).collect()),
            Self::Object(fields) => Val::object(
                fields
                    .iter()
                    .map(|(key, value)| (key.to_string().into(), value.clone().into_owned()))
                    .collect(),
            ),
            Self::Bytes(bytes) => Val::Bytes(bytes),
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    /// Whether a condition with this value holds: only false, null and undefined do not.
    pub(crate) fn is_true(&self) -> bool {
        !matches!(self, Self::Undefined | Self::Null | Self::Bool(false))
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(n) if !n.is_nan() => Some(*n),
            Self::Big(n) => Some(from_i128(**n)),
            _ => None,
        }
    }

    pub(crate) fn as_integer(&self) -> Option<f64> {
        self.as_number().filter(|n| is_integer(*n))
    }

    /// The items, if this is an array.
    pub(crate) fn list(&self) -> Option<List<'a>> {
        match self {
            Self::Data(Value::Array(items)) => Some(List::Data(items)),
            Self::Array(items) => Some(List::Made(Rc::clone(items))),
            _ => None,
        }
    }

    /// The properties, if this is an object.
    pub(crate) fn fields(&self) -> Option<Fields<'a>> {
        match self {
            Self::Data(Value::Object(map)) => {
                Some(map.iter().map(|(k, v)| (k.as_str().into(), Val::from_data(v))).collect())
            }
            Self::Object(fields) => Some(fields.as_ref().clone()),
            Self::Bytes(bytes) => {
                let number = |byte: &u8| Val::Number(f64::from(*byte));
                let numbered = bytes.iter().enumerate();
                Some(numbered.map(|(at, byte)| (at.to_string().into(), number(byte))).collect())
            }
            _ => None,
        }
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self, Self::Data(Value::Array(_)) | Self::Array(_))
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Data(Value::Object(_)) | Self::Object(_))
    }

    /// Finds a property, also if only its case differs.
    ///
    /// npm takes the first key that matches without regard to case; with `exact_first` a key that
    /// matches exactly is preferred.
    pub(crate) fn property(&self, key: &str, exact_first: bool) -> Option<Val<'a>> {
        match self {
            Self::Data(Value::Object(map)) => {
                let map: &'a Map<String, Value> = map;
                map_property(map, key, exact_first).map(Val::from_data)
            }
            Self::Object(fields) => {
                let exact = || fields.iter().find(|(k, _)| exact_first && k == key);
                let found = exact().or_else(|| fields.iter().find(|(k, _)| same_key(k, key)));
                found.map(|(_, value)| value.clone())
            }
            Self::Data(Value::Array(_)) | Self::Array(_) => self.list()?.get(plain_index(key)?),
            Self::Bytes(bytes) => {
                bytes.get(plain_index(key)?).map(|byte| Val::Number(f64::from(*byte)))
            }
            Self::Text(text) => {
                let unit = text.encode_utf16().nth(plain_index(key)?)?;
                Some(Val::text(String::from_utf16_lossy(&[unit])))
            }
            _ => None,
        }
    }

    /// A copy in which a path has another value; the same if there is nothing to hold it.
    pub(crate) fn with(&self, path: &[Key], value: Val<'a>) -> Val<'a> {
        let Some((key, rest)) = path.split_first() else { return value };
        if let (Some(list), Some(index)) = (self.list(), key.index) {
            let mut items: Vec<Val<'a>> = list.iter().collect();
            if let Some(item) = items.get_mut(index) {
                *item = item.with(rest, value);
            } else if rest.is_empty() && index == items.len() {
                items.push(value);
            }
            return Val::array(items);
        }
        let Some(mut fields) = self.fields() else { return self.clone() };
        if rest.is_empty() && key.index.is_none() {
            match fields.iter_mut().find(|(name, _)| *name == key.name) {
                Some((_, old)) => *old = value,
                None => fields.push((Cow::Owned(key.name.clone()), value)),
            }
        } else if let Some((_, inner)) =
            fields.iter_mut().find(|(name, _)| !rest.is_empty() && same_key(name, &key.name))
        {
            *inner = inner.with(rest, value);
        }
        Val::object(fields)
    }

    /// What JavaScript's `toString()` makes of it; nothing has no text.
    pub(crate) fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Undefined | Self::Null => return None,
            Self::Bool(true) => "true".into(),
            Self::Bool(false) => "false".into(),
            Self::Number(n) => js_number(*n).into(),
            Self::Big(n) | Self::Ticks(n) => n.to_string().into(),
            Self::Text(text) => text.as_ref().into(),
            Self::Data(Value::Array(_)) | Self::Array(_) => self.joined(",").into(),
            Self::Data(_) | Self::Object(_) => "[object Object]".into(),
            Self::Bytes(bytes) => {
                let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
                numbers.join(",").into()
            }
        })
    }

    /// Adds what [`Val::to_text`] says to a text; says whether it is anything.
    pub(crate) fn push_text(&self, out: &mut String) -> bool {
        match self {
            Self::Text(text) => out.push_str(text),
            value => match value.to_text() {
                Some(text) => out.push_str(&text),
                None => return false,
            },
        }
        true
    }

    /// The items of an array as one text.
    pub(crate) fn joined(&self, separator: &str) -> String {
        let Some(list) = self.list() else { return String::new() };
        let items: Vec<String> =
            list.iter().map(|item| item.to_text().unwrap_or_default().into_owned()).collect();
        items.join(separator)
    }

    /// As JSON; undefined has none.
    pub(crate) fn to_json(&self) -> Option<Value> {
        Some(match self {
            Self::Undefined => return None,
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(n) => json_number(*n),
            Self::Big(n) | Self::Ticks(n) => {
                Number::from_i128(**n).map_or_else(|| json_number(from_i128(**n)), Value::Number)
            }
            Self::Text(text) => Value::String(text.to_string()),
            Self::Data(value) => (*value).clone(),
            Self::Array(items) => {
                items.iter().map(|item| item.to_json().unwrap_or(Value::Null)).collect()
            }
            Self::Object(fields) => fields
                .iter()
                .filter_map(|(key, value)| Some((key.to_string(), value.to_json()?)))
                .collect::<Map<_, _>>()
                .into(),
            Self::Bytes(bytes) => bytes
                .iter()
                .enumerate()
                .map(|(index, byte)| (index.to_string(), Value::from(*byte)))
                .collect::<Map<_, _>>()
                .into(),
        })
    }
}

fn plain_index(key: &str) -> Option<usize> {
    key.parse().ok().filter(|index: &usize| index.to_string() == key)
}

fn json_number(n: f64) -> Value {
    if is_integer(n) && n.abs() < MAX_SAFE {
        return Value::from(to_i64(n));
    }
    Number::from_f64(n).map_or(Value::Null, Value::Number)
}
