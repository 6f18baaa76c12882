//! Values of several types.

/// Declares objects that may stand in the same place, told apart by their `type`.
macro_rules! union {
    (
        $(#[doc = $about:literal])* $name:ident $(or $text:ident)? {
            $($(#[doc = $doc:literal])* $variant:ident,)*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = "A plain text."]
                $text(String),
            )?
            $($(#[doc = $doc])* $variant(Box<$variant>),)*
            /// Something that this model does not know, as it came.
            Unknown(Box<serde_json::Value>),
        }

        impl $name {
            const INFO: &'static $crate::model::catalog::UnionInfo = {
                static INFO: $crate::model::catalog::UnionInfo = $crate::model::catalog::UnionInfo {
                    name: stringify!($name),
                    types: &[$($crate::model::catalog::TypeRef(
                        <$variant as $crate::model::object::Object>::info,
                    )),*],
                };
                &INFO
            };

            /// The `type` of the object, empty if it has none.
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$text(_) => "",)?
                    $(Self::$variant(_) => {
                        let info = <$variant as $crate::model::object::Object>::info();
                        info.tag().unwrap_or_default()
                    })*
                    Self::Unknown(value) => value["type"].as_str().unwrap_or_default(),
                }
            }
        }

        $(
            impl From<$variant> for $name {
                fn from(object: $variant) -> Self {
                    Self::$variant(Box::new(object))
                }
            }

            impl From<$variant> for $crate::model::Fallback<$name> {
                fn from(object: $variant) -> Self {
                    Self::Use(object.into())
                }
            }
        )*

        impl $crate::model::object::Property for $name {
            const KIND: $crate::model::catalog::ValueKind =
                $crate::model::macros::union_kind!((Self::INFO) $($text)?);

            fn read(value: serde_json::Value) -> $crate::model::object::Read<Self> {
                use $crate::model::object::{Object, Read, is_type};
                Read::fits(match value {
                    $(serde_json::Value::String(text) => Self::$text(text),)?
                    $(serde_json::Value::Object(map) if is_type(&map, $variant::info()) => {
                        Self::$variant(Box::new($variant::from_map(map)))
                    })*
                    other => Self::Unknown(Box::new(other)),
                })
            }

            fn part(&self) -> $crate::model::object::Part<'_> {
                use $crate::model::object::Part;
                match self {
                    $(Self::$text(text) => Part::Text(text),)?
                    $(Self::$variant(object) => Part::Object(&**object),)*
                    Self::Unknown(value) => Part::Value(value),
                }
            }

            fn json(&self, json: &mut String) {
                use $crate::model::json;
                match self {
                    $(Self::$text(text) => json::string(json, text),)?
                    $(Self::$variant(object) => {
                        json::object(json, &**object);
                    })*
                    Self::Unknown(value) => json::value(json, $crate::model::object::Part::Value(value)),
                }
            }

            fn accepts(_: &serde_json::Value) -> bool {
                true
            }
        }

        $(
            impl From<&str> for $name {
                fn from(text: &str) -> Self {
                    Self::$text(text.to_owned())
                }
            }

            impl From<String> for $name {
                fn from(text: String) -> Self {
                    Self::$text(text)
                }
            }
        )?

        $crate::model::macros::serde_by_part! { $name }
    };
}

macro_rules! union_kind {
    (($($info:tt)*)) => { $crate::model::catalog::ValueKind::Union($($info)*) };
    (($($info:tt)*) $text:ident) => {
        $crate::model::catalog::ValueKind::OneOf(&[
            $crate::model::catalog::ValueKind::Text,
            $crate::model::catalog::ValueKind::Union($($info)*),
        ])
    };
}

/// Declares what is either a text or an object.
macro_rules! either {
    (
        $(#[doc = $about:literal])* $name:ident {
            $(#[doc = $text_doc:literal])* $text:ident($text_type:ident),
            $(#[doc = $object_doc:literal])* $object:ident($object_type:ident),
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = $text_doc])*
            $text($text_type),
            $(#[doc = $object_doc])*
            $object(Box<$object_type>),
        }

        impl From<$object_type> for $name {
            fn from(object: $object_type) -> Self {
                Self::$object(Box::new(object))
            }
        }

        impl Property for $name {
            const KIND: ValueKind = ValueKind::OneOf(&[
                $crate::model::macros::kind!($text_type),
                <$object_type as Property>::KIND,
            ]);

            fn read(value: Value) -> Read<Self> {
                match value {
                    Value::Object(map) => {
                        let object = $crate::model::object::Object::from_map(map);
                        Read::fits(Self::$object(Box::new(object)))
                    }
                    other => <$text_type as Property>::read(other).map(Self::$text),
                }
            }

            fn part(&self) -> Part<'_> {
                match self {
                    Self::$text(text) => Property::part(text),
                    Self::$object(object) => Part::Object(&**object),
                }
            }

            fn accepts(value: &Value) -> bool {
                value.is_object() || value.is_string()
            }
        }
    };
}

/// Writes and reads a value that is no object of its own the way a property is.
macro_rules! serde_by_part {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::model::object::Property::part(self).serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::model::object::read_value(deserializer, stringify!($name))
            }
        }
    };
}

pub(crate) use {either, serde_by_part, union, union_kind};
