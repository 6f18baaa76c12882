//! What makes the model lossless: a property that cannot be read as its type stays as it was.

use serde_json::{Map, Number, Value};

/// A type that a property of a card can have.
///
/// Reading gives the value back if writing it again would not give the same; absent and default
/// are the same to a reader, so a default that was written out is not read either.
pub(crate) trait Property: Sized + Default {
    fn read(value: Value) -> Result<Self, Value>;
    fn write(&self) -> Option<Value>;
}

impl Property for String {
    fn read(value: Value) -> Result<Self, Value> {
        match value {
            Value::String(text) if !text.is_empty() => Ok(text),
            other => Err(other),
        }
    }

    fn write(&self) -> Option<Value> {
        (!self.is_empty()).then(|| Value::String(self.clone()))
    }
}

/// A value that is read if it is there, whatever it is.
pub(crate) trait Scalar: Sized {
    fn read(value: Value) -> Result<Self, Value>;
    fn write(&self) -> Value;
}

impl Scalar for String {
    fn read(value: Value) -> Result<Self, Value> {
        if let Value::String(text) = value { Ok(text) } else { Err(value) }
    }

    fn write(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Scalar for bool {
    fn read(value: Value) -> Result<Self, Value> {
        value.as_bool().ok_or(value)
    }

    fn write(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Scalar for Number {
    fn read(value: Value) -> Result<Self, Value> {
        if let Value::Number(number) = value { Ok(number) } else { Err(value) }
    }

    fn write(&self) -> Value {
        Value::Number(self.clone())
    }
}

impl Scalar for Value {
    fn read(value: Value) -> Result<Self, Value> {
        if value.is_null() { Err(value) } else { Ok(value) }
    }

    fn write(&self) -> Value {
        self.clone()
    }
}

impl<T: Scalar> Scalar for Box<T> {
    fn read(value: Value) -> Result<Self, Value> {
        T::read(value).map(Self::new)
    }

    fn write(&self) -> Value {
        T::write(self)
    }
}

impl<T: Scalar> Property for Option<T> {
    fn read(value: Value) -> Result<Self, Value> {
        T::read(value).map(Some)
    }

    fn write(&self) -> Option<Value> {
        self.as_ref().map(Scalar::write)
    }
}

impl<T: Scalar> Property for Vec<T> {
    fn read(value: Value) -> Result<Self, Value> {
        let items = match value {
            Value::Array(items) if !items.is_empty() => items,
            other => return Err(other),
        };
        let mut read = Self::with_capacity(items.len());
        let mut rest = items.into_iter();
        while let Some(item) = rest.next() {
            match T::read(item) {
                Ok(item) => read.push(item),
                // One item that does not fit: the array stays as it was.
                Err(odd) => {
                    let before = read.iter().map(Scalar::write);
                    return Err(before.chain([odd]).chain(rest).collect());
                }
            }
        }
        Ok(read)
    }

    fn write(&self) -> Option<Value> {
        (!self.is_empty()).then(|| self.iter().map(Scalar::write).collect())
    }
}

/// Takes a property out of `rest`; leaves it there if it does not fit.
pub(crate) fn take<T: Property>(rest: &mut Map<String, Value>, key: &str) -> T {
    let Some(slot) = rest.get_mut(key) else { return T::default() };
    match T::read(slot.take()) {
        Ok(value) => {
            rest.shift_remove(key);
            value
        }
        Err(odd) => {
            *slot = odd;
            T::default()
        }
    }
}

/// Puts a property into the object being written.
pub(crate) fn put<T: Property>(object: &mut Map<String, Value>, key: &str, value: &T) {
    if let Some(value) = value.write() {
        object.insert(key.to_owned(), value);
    }
}

/// Defines an object of the schema: public typed properties, the rest kept as it came.
macro_rules! object {
    (
        $(#[$about:meta])*
        $name:ident $(= $kind:literal)? {
            $( $(#[$field_about:meta])* $field:ident : $type:ty = $key:literal, )*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$field_about])* pub $field: $type, )*
            /// Everything else the object had: properties that this model does not know, and
            /// values that do not fit their property.
            pub rest: serde_json::Map<String, serde_json::Value>,
            /// Whether the object came without its `type`, which some places allow.
            pub(crate) untyped: bool,
        }

        impl $name {
            pub(crate) fn from_map(mut rest: serde_json::Map<String, serde_json::Value>) -> Self {
                let untyped = $crate::model::object::take_type(&mut rest, &[$($kind)?]);
                Self {
                    $( $field: $crate::model::object::take(&mut rest, $key), )*
                    rest,
                    untyped,
                }
            }

            pub(crate) fn to_map(&self) -> serde_json::Map<String, serde_json::Value> {
                let mut object = serde_json::Map::new();
                $(
                    if !self.untyped {
                        object.insert("type".to_owned(), $kind.into());
                    }
                )?
                $( $crate::model::object::put(&mut object, $key, &self.$field); )*
                for (key, value) in &self.rest {
                    if !object.contains_key(key) {
                        object.insert(key.clone(), value.clone());
                    }
                }
                object
            }
        }

        impl $crate::model::object::Scalar for $name {
            fn read(value: serde_json::Value) -> Result<Self, serde_json::Value> {
                match value {
                    serde_json::Value::Object(map) => Ok(Self::from_map(map)),
                    other => Err(other),
                }
            }

            fn write(&self) -> serde_json::Value {
                serde_json::Value::Object(self.to_map())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.to_map().serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde_json::Map::deserialize(deserializer).map(Self::from_map)
            }
        }
    };
}

/// Takes the `type` out if it is the expected one; says whether it was not there.
pub(crate) fn take_type(rest: &mut Map<String, Value>, expected: &[&str]) -> bool {
    let found = rest.get("type").and_then(Value::as_str);
    if expected.iter().any(|expected| found == Some(*expected)) {
        rest.shift_remove("type");
        return false;
    }
    // An unexpected one stays in the rest and must not be written twice.
    true
}

/// Defines a set of objects told apart by their `type`.
macro_rules! union {
    (
        $(#[$about:meta])*
        $name:ident {
            $( $(#[$variant_about:meta])* $variant:ident = $kind:literal, )*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_about])* $variant($variant), )*
            /// A type that this model does not know.
            Unknown(serde_json::Map<String, serde_json::Value>),
        }

        impl $name {
            /// The `type` of the object, empty if it has none.
            pub fn kind(&self) -> &str {
                match self {
                    $( Self::$variant(_) => $kind, )*
                    Self::Unknown(map) => {
                        map.get("type").and_then(serde_json::Value::as_str).unwrap_or_default()
                    }
                }
            }
        }

        $(
            impl From<$variant> for $name {
                fn from(object: $variant) -> Self {
                    Self::$variant(object)
                }
            }
        )*

        impl $crate::model::object::Scalar for $name {
            fn read(value: serde_json::Value) -> Result<Self, serde_json::Value> {
                let map = match value {
                    serde_json::Value::Object(map) => map,
                    other => return Err(other),
                };
                Ok(match map.get("type").and_then(serde_json::Value::as_str) {
                    $( Some($kind) => Self::$variant($variant::from_map(map)), )*
                    _ => Self::Unknown(map),
                })
            }

            fn write(&self) -> serde_json::Value {
                serde_json::Value::Object(match self {
                    $( Self::$variant(object) => object.to_map(), )*
                    Self::Unknown(map) => map.clone(),
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::model::object::Scalar::write(self).serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let map = serde_json::Map::deserialize(deserializer)?;
                let value = serde_json::Value::Object(map);
                <Self as $crate::model::object::Scalar>::read(value)
                    .map_err(|_| serde::de::Error::custom("not an object"))
            }
        }
    };
}

/// Defines a word of the schema: compared without regard to case, kept as it was written, open to
/// words of later versions.
macro_rules! words {
    (
        $(#[$about:meta])*
        $name:ident { $( $(#[$word_about:meta])* $word:ident = $text:literal, )* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug)]
        pub struct $name(std::borrow::Cow<'static, str>);

        impl $name {
            $( $(#[$word_about])* pub const $word: Self = Self(std::borrow::Cow::Borrowed($text)); )*

            /// A word by its text, which need not be one of the known ones.
            pub fn new(word: impl Into<std::borrow::Cow<'static, str>>) -> Self {
                Self(word.into())
            }

            /// The word as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether this model knows the word.
            pub fn is_known(&self) -> bool {
                [$( $text, )*].iter().any(|known| known.eq_ignore_ascii_case(&self.0))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.eq_ignore_ascii_case(&other.0)
            }
        }

        impl Eq for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $crate::model::object::Scalar for $name {
            fn read(value: serde_json::Value) -> Result<Self, serde_json::Value> {
                match value {
                    serde_json::Value::String(word) => Ok(Self(word.into())),
                    other => Err(other),
                }
            }

            fn write(&self) -> serde_json::Value {
                serde_json::Value::String(self.0.clone().into_owned())
            }
        }
    };
}

pub(crate) use {object, union, words};
