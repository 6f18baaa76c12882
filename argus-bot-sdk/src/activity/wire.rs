//! The tolerant reader: a field of an unexpected JSON type is kept, not an error.
//!
//! Each known field goes straight from the parser into its Rust type. What does not fit goes into
//! `extra` under its own name, so that writing gives back what was read. Teams adds fields and
//! changes types without notice; a reader that refuses them makes Teams back off for hours.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::Serialize;
use serde_json::{Number, Value};

use crate::activity::fast::Cursor;
use crate::activity::strict;

/// A field as it was found.
pub(crate) enum Read<T> {
    /// It has the type that the protocol gives it.
    Typed(T),
    /// It is something else, `null` included.
    Other(Value),
}

impl<T> Read<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Read<U> {
        match self {
            Self::Typed(value) => Read::Typed(change(value)),
            Self::Other(value) => Read::Other(value),
        }
    }
}

/// A type that takes the JSON shapes it knows and hands back all others.
pub(crate) trait Wire: Sized + Serialize {
    /// A string was found.
    fn string(text: String) -> Read<Self> {
        Read::Other(Value::String(text))
    }

    /// A boolean or a number was found.
    fn scalar(value: Value) -> Read<Self> {
        Read::Other(value)
    }

    /// An object was found.
    fn object<'de, A: MapAccess<'de>>(map: A) -> Result<Read<Self>, A::Error> {
        strict::object(map).map(Read::Other)
    }

    /// A list was found.
    fn list<'de, A: SeqAccess<'de>>(seq: A) -> Result<Read<Self>, A::Error> {
        strict::list(seq).map(Read::Other)
    }

    /// The next value, if it is of this type and ordinary.
    fn fast(cursor: &mut Cursor<'_>) -> Option<Self> {
        match serde_json::from_str(cursor.skip()?.1) {
            Ok(Read::Typed(value)) => Some(value),
            Ok(Read::Other(_)) | Err(_) => None,
        }
    }
}

impl Wire for String {
    fn string(text: String) -> Read<Self> {
        Read::Typed(text)
    }

    fn fast(cursor: &mut Cursor<'_>) -> Option<Self> {
        cursor.string()?.text()
    }
}

impl Wire for bool {
    fn scalar(value: Value) -> Read<Self> {
        match value {
            Value::Bool(value) => Read::Typed(value),
            other => Read::Other(other),
        }
    }
}

impl Wire for Value {
    fn string(text: String) -> Read<Self> {
        Read::Typed(Value::String(text))
    }

    fn scalar(value: Value) -> Read<Self> {
        Read::Typed(value)
    }

    fn object<'de, A: MapAccess<'de>>(map: A) -> Result<Read<Self>, A::Error> {
        strict::object(map).map(Read::Typed)
    }

    fn list<'de, A: SeqAccess<'de>>(seq: A) -> Result<Read<Self>, A::Error> {
        strict::list(seq).map(Read::Typed)
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn list<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Read<Self>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Read<T>>()? {
            match item {
                Read::Typed(item) => items.push(item),
                Read::Other(odd) => return mixed(items, odd, seq).map(Read::Other),
            }
        }
        Ok(Read::Typed(items))
    }
}

/// The whole list as JSON, because one of its entries did not fit.
fn mixed<'de, T: Serialize, A: SeqAccess<'de>>(
    fitting: Vec<T>,
    odd: Value,
    mut seq: A,
) -> Result<Value, A::Error> {
    let mut items = Vec::with_capacity(fitting.len() + 1);
    for item in fitting {
        items.push(serde_json::to_value(item).map_err(serde::de::Error::custom)?);
    }
    items.push(odd);
    while let Some(strict::Strict(item)) = seq.next_element()? {
        items.push(item);
    }
    Ok(Value::Array(items))
}

impl<'de, T: Wire> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

struct Reader<T>(PhantomData<fn() -> T>);

impl<'de, T: Wire> Visitor<'de> for Reader<T> {
    type Value = Read<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Read<T>, E> {
        Ok(Read::Other(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Read<T>, E> {
        Ok(T::scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Read<T>, E> {
        Ok(T::scalar(Value::Number(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Read<T>, E> {
        Ok(T::scalar(Value::Number(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Read<T>, E> {
        Ok(T::scalar(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Read<T>, E> {
        Ok(T::string(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Read<T>, E> {
        Ok(T::string(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Read<T>, A::Error> {
        T::list(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Read<T>, A::Error> {
        T::object(map)
    }
}

/// Writes a wire type: optional known fields by their wire names, plus `extra` for the rest.
///
/// One list of names makes the struct, its reader and its writer, so that they cannot disagree.
macro_rules! wire_type {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident {
            $( @always { $(#[$kind_meta:meta])* $kind:ident: $Kind:ty = $kind_wire:literal } )?
            $( $(#[$field_meta:meta])* $field:ident: $Type:ty = $wire:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $Name {
            $( $(#[$kind_meta])* pub $kind: $Kind, )?
            $( $(#[$field_meta])* pub $field: Option<$Type>, )*
            /// Fields that the protocol does not name or whose value has another JSON type; they
            /// are written back as they came.
            pub extra: $crate::activity::Extra,
        }

        impl $Name {
            /// Whether the known field of this wire name has a value of its known type.
            fn has(&self, name: &str) -> bool {
                match name {
                    $( $kind_wire => self.$kind != <$Kind>::default(), )?
                    $( $wire => self.$field.is_some(), )*
                    _ => false,
                }
            }

            /// The wire names of all known fields that have a value.
            fn present(&self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $( if self.$field.is_some() { names.push($wire); } )*
                names
            }

            fn write<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                $( if self.has($kind_wire) { map.serialize_entry($kind_wire, &self.$kind)?; } )?
                $( if let Some(value) = &self.$field { map.serialize_entry($wire, value)?; } )*
                for (name, value) in &self.extra {
                    // A field set after reading wins over the odd value that was read.
                    if !self.has(name) {
                        map.serialize_entry(name, value)?;
                    }
                }
                Ok(())
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                self.write(&mut map)?;
                serde::ser::SerializeMap::end(map)
            }
        }

        impl $crate::activity::wire::Wire for $Name {
            fn object<'de, A: serde::de::MapAccess<'de>>(
                mut map: A,
            ) -> Result<$crate::activity::wire::Read<Self>, A::Error> {
                use $crate::activity::wire::Read;
                #[allow(non_camel_case_types, reason = "the variants carry the fields' names")]
                enum Name { $( $kind, )? $( $field, )* Unknown(String) }
                struct Names;
                impl serde::de::Visitor<'_> for Names {
                    type Value = Name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a member name")
                    }
                    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                        Ok(match name {
                            $( $kind_wire => Name::$kind, )?
                            $( $wire => Name::$field, )*
                            other => Name::Unknown(other.to_owned()),
                        })
                    }
                }
                impl<'de> serde::Deserialize<'de> for Name {
                    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                        d.deserialize_identifier(Names)
                    }
                }
                let twice = || <A::Error as serde::de::Error>::custom(
                    "an object has two members of the same name",
                );
                let mut this = Self::default();
                while let Some(member) = map.next_key::<Name>()? {
                    match member {
                        $( Name::$kind => {
                            if this.has($kind_wire) || this.extra.contains_key($kind_wire) {
                                return Err(twice());
                            }
                            match map.next_value::<Read<$Kind>>()? {
                                Read::Typed(value) => this.$kind = value,
                                Read::Other(value) => { this.extra.insert($kind_wire.to_owned(), value); }
                            }
                        } )?
                        $( Name::$field => {
                            if this.$field.is_some() || this.extra.contains_key($wire) {
                                return Err(twice());
                            }
                            match map.next_value::<Read<$Type>>()? {
                                Read::Typed(value) => this.$field = Some(value),
                                Read::Other(value) => { this.extra.insert($wire.to_owned(), value); }
                            }
                        } )*
                        Name::Unknown(member) => {
                            let $crate::activity::strict::Strict(value) = map.next_value()?;
                            if this.extra.insert(member, value).is_some() {
                                return Err(twice());
                            }
                        }
                    }
                }
                Ok(Read::Typed(this))
            }

            fn fast(cursor: &mut $crate::activity::fast::Cursor<'_>) -> Option<Self> {
                let mut this = Self::default();
                this.fill(cursor)?;
                Some(this)
            }
        }

        impl $Name {
            /// Reads an ordinary object into a value that is still empty.
            fn fill(&mut self, cursor: &mut $crate::activity::fast::Cursor<'_>) -> Option<()> {
                cursor.members(|cursor, name| {
                    match name {
                        $( $kind_wire if !self.has($kind_wire) => {
                            self.$kind = $crate::activity::wire::Wire::fast(cursor)?;
                        } )?
                        $( $wire if self.$field.is_none() => {
                            self.$field = Some($crate::activity::wire::Wire::fast(cursor)?);
                        } )*
                        $( $kind_wire => return None, )?
                        $( $wire => return None, )*
                        unknown => {
                            let value = cursor.value()?;
                            if self.extra.insert(unknown.to_owned(), value).is_some() {
                                return None;
                            }
                        }
                    }
                    Some(())
                })
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use $crate::activity::wire::Read;
                match Read::<Self>::deserialize(deserializer)? {
                    Read::Typed(value) => Ok(value),
                    Read::Other(_) => Err(serde::de::Error::custom("expected an object")),
                }
            }
        }
    };
}
pub(crate) use wire_type;
