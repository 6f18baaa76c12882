//! Typed records of a protocol that grows: a member of another shape than expected is kept, not an
//! error, and so is a member that nobody knew.
//!
//! `wire_type!` does the same for activities, straight from the parser; these records are made from
//! JSON that was read already, so any type of serde may be a field.

use serde::de::{DeserializeOwned, Deserializer, Error};
use serde::{Deserialize as _, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::activity::strict::Strict;

/// All members of an object.
pub(crate) fn members<'de, D: Deserializer<'de>>(from: D) -> Result<Map<String, Value>, D::Error> {
    match Strict::deserialize(from)?.0 {
        Value::Object(members) => Ok(members),
        _ => Err(D::Error::custom("expected an object")),
    }
}

/// Takes a member out if it has the type `T`; otherwise it stays where it is.
pub(crate) fn take<T: DeserializeOwned>(members: &mut Map<String, Value>, name: &str) -> Option<T> {
    let typed = T::deserialize(members.get(name)?).ok()?;
    members.remove(name);
    Some(typed)
}

/// Takes a member without which the record means nothing.
pub(crate) fn must<T: DeserializeOwned, E: Error>(
    members: &mut Map<String, Value>,
    name: &str,
) -> Result<T, E> {
    match take(members, name) {
        Some(typed) => Ok(typed),
        None if members.contains_key(name) => {
            Err(E::custom(format_args!("`{name}` has another type than the protocol says")))
        }
        None => Err(E::custom(format_args!("`{name}` is missing"))),
    }
}

/// Writes what was kept, unless a field of its name was set later.
pub(crate) fn write_extra<M: SerializeMap>(
    map: &mut M,
    extra: &Map<String, Value>,
    written: &[&str],
) -> Result<(), M::Error> {
    for (name, value) in extra.iter().filter(|(name, _)| !written.contains(&name.as_str())) {
        map.serialize_entry(name, value)?;
    }
    Ok(())
}

/// Writes a record: fields by their wire names, and `extra` for the rest.
///
/// Fields under `@must` have to be there; without such fields the record has a `Default`.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident {
            @must { $( $(#[$must_meta:meta])* $must:ident: $Must:ty = $must_wire:literal, )+ }
            $( $(#[$field_meta:meta])* $field:ident: $Type:ty = $wire:literal, )*
        }
    ) => {
        $crate::record::record! {
            @body
            $(#[$meta])*
            pub struct $Name {
                { $( $(#[$must_meta])* $must: $Must = $must_wire, )+ }
                $( $(#[$field_meta])* $field: $Type = $wire, )*
            }
        }

        impl $Name {
            /// One with what has to be there, and nothing else.
            #[must_use]
            pub fn new($( $must: impl Into<$Must> ),+) -> Self {
                Self {
                    $( $must: $must.into(), )+
                    $( $field: None, )*
                    extra: serde_json::Map::new(),
                }
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub struct $Name:ident {
            $( $(#[$field_meta:meta])* $field:ident: $Type:ty = $wire:literal, )*
        }
    ) => {
        $crate::record::record! {
            @body
            $(#[$meta])*
            #[derive(Default)]
            pub struct $Name {
                {}
                $( $(#[$field_meta])* $field: $Type = $wire, )*
            }
        }
    };
    (
        @body
        $(#[$meta:meta])*
        pub struct $Name:ident {
            { $( $(#[$must_meta:meta])* $must:ident: $Must:ty = $must_wire:literal, )* }
            $( $(#[$field_meta:meta])* $field:ident: $Type:ty = $wire:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $Name {
            $( $(#[$must_meta])* pub $must: $Must, )*
            $( $(#[$field_meta])* pub $field: Option<$Type>, )*
            /// Members that the protocol does not name or whose value has another JSON type; they
            /// are written back as they came.
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        impl $Name {
            $(
                /// Sets the field of this name.
                #[must_use]
                pub fn $field(mut self, $field: impl Into<$Type>) -> Self {
                    self.$field = Some($field.into());
                    self
                }
            )*

            /// The wire names of the fields that have a value.
            fn present(&self) -> Vec<&'static str> {
                #[allow(unused_mut, reason = "a record may have no optional field")]
                let mut names = vec![$( $must_wire ),*];
                $( if self.$field.is_some() { names.push($wire); } )*
                names
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $( map.serialize_entry($must_wire, &self.$must)?; )*
                $( if let Some(value) = &self.$field { map.serialize_entry($wire, value)?; } )*
                $crate::record::write_extra(&mut map, &self.extra, &self.present())?;
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let mut members = $crate::record::members(from)?;
                Ok(Self {
                    $( $must: $crate::record::must(&mut members, $must_wire)?, )*
                    $( $field: $crate::record::take(&mut members, $wire), )*
                    extra: members,
                })
            }
        }

        // What people write must not get into a log by a `{:?}`.
        impl std::fmt::Debug for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($Name))
                    .field("fields", &self.present())
                    .field("unknown", &self.extra.len())
                    .finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use record;

/// Writes an enum of names to which Microsoft adds.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $Name:ident { $( $(#[$variant_meta:meta])* $Variant:ident = $wire:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $Name {
            $( $(#[$variant_meta])* $Variant, )*
            /// A name that this crate does not know.
            Other(String),
        }

        impl $Name {
            /// All names that this crate knows, as they are on the wire.
            pub const KNOWN: &'static [&'static str] = &[$( $wire ),*];

            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$Variant => $wire, )*
                    Self::Other(name) => name,
                }
            }

            /// Finds the name without regard to upper and lower case, for names that Teams
            /// writes in more than one way.
            pub fn from_any_case(name: &str) -> Self {
                let known = Self::KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name));
                Self::from(*known.unwrap_or(&name))
            }
        }

        impl From<&str> for $Name {
            fn from(name: &str) -> Self {
                match name {
                    $( $wire => Self::$Variant, )*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(from).map(|name| Self::from(&*name))
            }
        }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    #![expect(unreachable_pub, dead_code, reason = "the macros write what a crate gives away")]

    use serde_json::json;

    record! {
        /// A link.
        pub struct Link {
            @must {
                /// Where it leads.
                url: String = "url",
            }
            /// How often.
            count: i64 = "count",
            /// Whether.
            open: bool = "open",
        }
    }

    open_enum! {
        /// A colour.
        pub enum Colour {
            /// Red.
            Red = "red",
        }
    }

    #[test]
    fn what_does_not_fit_is_kept() {
        let wire = json!({"url": "u", "count": "7", "open": null, "mood": [1, {"a": null}]});
        let mut link: Link = serde_json::from_value(wire.clone()).unwrap();
        assert_eq!((link.count, link.open), (None, None));
        assert_eq!(serde_json::to_value(&link).unwrap(), wire);
        link = link.count(7);
        assert_eq!(serde_json::to_value(&link).unwrap()["count"], 7);
        assert!(!format!("{link:?}").contains("mood"));
    }

    #[test]
    fn what_has_to_be_there_is_named() {
        let check = |wire: &str, says: &str| {
            let error = serde_json::from_str::<Link>(wire).unwrap_err().to_string();
            assert!(error.contains(says), "{wire}: {error}");
        };
        check("{}", "`url` is missing");
        check(r#"{"url": 7}"#, "`url` has another type");
        check("7", "expected an object");
        check(r#"{"url": "a", "url": "b"}"#, "same name");
        assert_eq!(Link::new("u").url, "u");
    }

    #[test]
    fn unknown_names_are_kept() {
        assert_eq!(Colour::from("red"), Colour::Red);
        assert_eq!(Colour::from_any_case("RED"), Colour::Red);
        assert_eq!(Colour::from("RED").as_str(), "RED");
        assert_eq!(serde_json::from_value::<Colour>(json!("blue")).unwrap().as_str(), "blue");
        assert!(serde_json::from_value::<Colour>(json!(1)).is_err());
    }
}
