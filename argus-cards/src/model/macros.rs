//! The declarations of types read like tables; these macros turn them into code.
//!
//! ```text
//! object! {
//!     /// What it is.
//!     Name = "Its.type" since "1.2" has [element] with [named] (
//!         /// What `new` asks for.
//!         text: Markdown = "text",
//!     ) {
//!         /// Optional.
//!         size: TextSize = "size" since "1.5",
//!         /// Several.
//!         facts: [Fact] = "facts" required,
//!         /// Set by `.hidden()`, and known to Teams only.
//!         is_visible: bool = "isVisible" teams unless hidden,
//!     }
//! }
//! ```
//!
//! `only "Teams"` stands for `since` where the official schema has no such type. `has` names groups
//! that are structs of their own (see `shared`), `with` names properties that `with!` declares.

/// Declares an object of the schema.
macro_rules! object {
    (
        $(#[doc = $about:literal])* $name:ident $(= $tag:literal)? $(named $component:literal)?
        $(since $since:literal)? $(only $host:literal)? $(has [$($group:ident)*])?
        $(with [$($shared:ident)*])? $(($($required:tt)*))? { $($fields:tt)* }
    ) => {
        $crate::model::macros::with! {
            [$($($shared)*)?] object_of
            {
                [$($about)*] $name [$($tag)?] [$($component)?] [$($since)?]
                [$($($group)*)?] [$(($($required)*))?]
            }
            { $($fields)* }
        }
    };
}

/// Properties that several types share one by one.
macro_rules! with {
    ([] $build:ident $head:tt { $($fields:tt)* }) => {
        $crate::model::macros::$build! { $head { $($fields)* } }
    };
    ([keyed $($more:ident)*] $build:ident $head:tt { $($fields:tt)* }) => {
        $crate::model::macros::with! { [$($more)*] $build $head { $($fields)*
            /// Lets a client recognise it when the card is updated.
            key: String = "key" teams,
        } }
    };
    ([named $($more:ident)*] $build:ident $head:tt { $($fields:tt)* }) => {
        $crate::model::macros::with! { [$($more)*] $build $head { $($fields)*
            /// Its name for others.
            id: ElementId = "id",
        } }
    };
    ([item $($more:ident)*] $build:ident $head:tt { $($fields:tt)* }) => {
        $crate::model::macros::with! { [sorted keyed $($more)*] $build $head { $($fields)*
            /// What is shown instead by a client that does not know it.
            fallback: ElementFallback = "fallback" since "1.2",
            /// Its language, like `en`.
            lang: String = "lang" teams,
        } }
    };
    ([sorted $($more:ident)*] $build:ident $head:tt { $($fields:tt)* }) => {
        $crate::model::macros::with! { [$($more)*] $build $head { $($fields)*
            /// Is what its row is sorted by.
            is_sort_key: bool = "isSortKey" teams as sort_key,
            /// The area of an [`AreaGridLayout`](crate::model::AreaGridLayout) in which it stands.
            grid_area: String = "grid.area" teams,
        } }
    };
    ([height $($more:ident)*] $build:ident $head:tt { $($fields:tt)* }) => {
        $crate::model::macros::with! { [$($more)*] $build $head { $($fields)*
            /// Whether it is as high as there is room.
            height: ElementHeight = "height" since "1.1",
        } }
    };
    ([aligned $($more:ident)*] $build:ident $head:tt { $($fields:tt)* }) => {
        $crate::model::macros::with! { [$($more)*] $build $head { $($fields)*
            /// Where it stands from left to right.
            horizontal_alignment: HorizontalAlignment = "horizontalAlignment",
        } }
    };
    ([border $($more:ident)*] $build:ident $head:tt { $($fields:tt)* }) => {
        $crate::model::macros::with! { [$($more)*] $build $head { $($fields)*
            /// Has a border.
            show_border: bool = "showBorder" teams,
            /// Has round corners.
            rounded_corners: bool = "roundedCorners" teams,
        } }
    };
    ([axes $($more:ident)*] $build:ident $head:tt { $($fields:tt)* }) => {
        $crate::model::macros::with! { [$($more)*] $build $head { $($fields)*
            /// What the axis to the right is.
            x_axis_title: String = "xAxisTitle",
            /// What the axis upwards is.
            y_axis_title: String = "yAxisTitle",
        } }
    };
}

macro_rules! object_of {
    ({
        [$($about:literal)*] $name:ident [$($tag:literal)?] [$($component:literal)?]
        [$($since:literal)?] [$($group:ident)*]
        [$((
            $($(#[doc = $must_about:literal])* $must:ident : $must_type:tt = $must_key:literal
                $($must_flag:ident $($must_value:literal)?)*,)*
        ))?]
    } {
        $($(#[doc = $doc:literal])* $field:ident : $type:tt = $key:literal
            $($flag:ident $($value:literal)?)*,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(
                $(#[doc = $must_about])*
                #[doc = $crate::model::macros::availability!($must_key $($must_flag $($must_value)?)*)]
                pub $must: $must_type,
            )*)?
            $(
                $(#[doc = $doc])*
                #[doc = $crate::model::macros::availability!($key $($flag $($value)?)*)]
                pub $field: $crate::model::macros::field_type!($type $($flag)*),
            )*
            $(
                #[doc = concat!("What every ", stringify!($group), " has.")]
                pub $group: $crate::model::Shared<$crate::model::macros::group_type!($group)>,
            )*
            /// What it had in JSON beside its properties.
            pub rest: $crate::model::Rest,
        }

        impl $name {
            $($crate::model::macros::constructor! { $($must : $must_type)* })?
            $($crate::model::macros::setter! { () $field $type [$($flag)*] [$($doc)*] })*
            $($crate::model::macros::group_setters! { $group })*
        }

        impl $crate::model::object::Properties for $name {
            fn set(
                &mut self,
                key: &str,
                value: serde_json::Value,
            ) -> Result<Option<$crate::model::rest::Kept>, serde_json::Value> {
                match key {
                    $($($must_key => return Ok($crate::model::object::Field::fill(&mut self.$must, value)),)*)?
                    $($key => return Ok($crate::model::object::Field::fill(&mut self.$field, value)),)*
                    _ => {}
                }
                $(let value = match self.$group.set(key, value) {
                    Err(value) => value,
                    read => return read,
                };)*
                Err(value)
            }

            fn write(&self, out: &mut $crate::model::rest::Out<'_, '_>) {
                $($($crate::model::macros::put! { out (self.$must) $must_key required })*)?
                $($crate::model::macros::put! { out (self.$field) $key $type $($flag)* })*
                $(self.$group.write(out);)*
            }
        }

        impl $crate::model::object::Object for $name {
            const OPEN: &'static str = $crate::model::macros::open!($($tag)? $($component)?);

            fn info() -> &'static $crate::model::catalog::TypeInfo {
                static INFO: $crate::model::catalog::TypeInfo = $crate::model::catalog::TypeInfo {
                    name: stringify!($name),
                    tag: $crate::model::macros::maybe!($($tag)?),
                    component: $crate::model::macros::maybe!($($component)?),
                    since: $crate::model::macros::version!($($since)?),
                    about: concat!($($about, "\n"),*),
                    own: &[
                        $($($crate::model::macros::property! {
                            $must_key [$($must_about)*] $must_type
                            must $($must_flag $($must_value)?)*
                        },)*)?
                        $($crate::model::macros::property! {
                            $key [$($doc)*] $type $($flag $($value)?)*
                        },)*
                    ],
                    shared: &[$(<$crate::model::macros::group_type!($group)>::PROPERTIES),*],
                };
                &INFO
            }

            fn rest(&self) -> &$crate::model::Rest {
                &self.rest
            }

            fn rest_mut(&mut self) -> &mut $crate::model::Rest {
                &mut self.rest
            }
        }

        #[cfg(feature = "schema")]
        $crate::schema::json_schema! { $name }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::model::object::write_object(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::model::object::read_object(deserializer)
            }
        }
    };
}

/// Declares properties that many types share, as a struct of their own.
macro_rules! group {
    (
        $(#[doc = $about:literal])* $name:ident as $group:ident, $setters:ident
        $(with [$($shared:ident)*])? { $($fields:tt)* }
    ) => {
        $crate::model::macros::with! {
            [$($($shared)*)?] group_of { [$($about)*] $name $group $setters } { $($fields)* }
        }
    };
}

macro_rules! group_of {
    ({ [$($about:literal)*] $name:ident $group:ident $setters:ident } {
        $($(#[doc = $doc:literal])* $field:ident : $type:tt = $key:literal
            $($flag:ident $($value:literal)?)*,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[doc = $doc])*
                #[doc = $crate::model::macros::availability!($key $($flag $($value)?)*)]
                pub $field: $crate::model::macros::field_type!($type $($flag)*),
            )*
        }

        impl $crate::model::shared::Group for $name {
            fn empty() -> &'static Self {
                static EMPTY: $name = $name {
                    $($field: $crate::model::macros::nothing!($type),)*
                };
                &EMPTY
            }
        }

        impl $name {
            pub(crate) const PROPERTIES: &'static [$crate::model::catalog::PropertyInfo] = &[
                $($crate::model::macros::property! {
                    $key [$($doc)*] $type $($flag $($value)?)*
                },)*
            ];
        }

        impl $crate::model::object::Properties for $name {
            fn set(
                &mut self,
                key: &str,
                value: serde_json::Value,
            ) -> Result<Option<$crate::model::rest::Kept>, serde_json::Value> {
                match key {
                    $($key => Ok($crate::model::object::Field::fill(&mut self.$field, value)),)*
                    _ => Err(value),
                }
            }

            fn write(&self, out: &mut $crate::model::rest::Out<'_, '_>) {
                $($crate::model::macros::put! { out (self.$field) $key $type $($flag)* })*
            }
        }

        macro_rules! $setters {
            () => {
                $($crate::model::macros::setter! { ($group) $field $type [$($flag)*] [$($doc)*] })*
            };
        }
        pub(crate) use $setters;
    };
}

/// The struct of a group.
macro_rules! group_type {
    (element) => {
        $crate::model::ElementProperties
    };
    (action) => {
        $crate::model::ActionProperties
    };
    (input) => {
        $crate::model::InputProperties
    };
    (surface) => {
        $crate::model::SurfaceProperties
    };
    (chart) => {
        $crate::model::ChartProperties
    };
}

/// The setters of a group's properties.
macro_rules! group_setters {
    (element) => {
        $crate::model::shared::element_setters! {}
    };
    (action) => {
        $crate::model::shared::action_setters! {}
    };
    (input) => {
        $crate::model::shared::input_setters! {}
    };
    (surface) => {
        $crate::model::shared::surface_setters! {}
    };
    (chart) => {
        $crate::model::shared::chart_setters! {}
    };
}

/// What a field is in Rust: several, required or optional.
macro_rules! field_type {
    ([$type:ident] $($flag:ident)*) => { Vec<$type> };
    (($($type:tt)*) $($flag:ident)*) => { Option<$($type)*> };
    ($type:ident required $($flag:ident)*) => { $type };
    ($type:ident $($flag:ident)*) => { Option<$type> };
}

/// What a field is that was never set.
macro_rules! nothing {
    ([$type:ident]) => {
        Vec::new()
    };
    ($type:ident) => {
        None
    };
}

/// `new`, with all that is required.
macro_rules! constructor {
    () => {
        /// Nothing but its type.
        #[must_use]
        #[inline]
        pub fn new() -> Self {
            Self::default()
        }
    };
    ($($must:ident : $type:tt)+) => {
        /// With what it is of no use without.
        #[must_use]
        pub fn new($($must: impl Into<$type>),+) -> Self {
            Self { $($must: $must.into(),)+ ..Self::default() }
        }
    };
}

/// The method that sets a property.
macro_rules! setter {
    ($group:tt $field:ident [$type:ident] $flags:tt [$($doc:literal)*]) => {
        $(#[doc = $doc])*
        ///
        /// Adds to what is there.
        #[must_use]
        pub fn $field(mut self, items: impl IntoIterator<Item = impl Into<$crate::model::macros::named!($type)>>,
        ) -> Self {
            $crate::model::macros::place!(self $group $field).extend(items.into_iter().map(Into::into));
            self
        }
    };
    ($group:tt $field:ident bool [$(also)? $(since)? $(teams)? as $on:ident $($more:ident)*] $docs:tt) => {
        $crate::model::macros::switch! { $group $field $on true $docs }
        $crate::model::macros::setter! { @more $group $field [$($more)*] $docs }
    };
    ($group:tt $field:ident bool [$(also)? $(since)? $(teams)? unless $off:ident] $docs:tt) => {
        $crate::model::macros::setter! { @more $group $field [unless $off] $docs }
    };
    ($group:tt $field:ident bool [$(since)? $(teams)?] $docs:tt) => {
        $crate::model::macros::switch! { $group $field $field true $docs }
    };
    (@more $group:tt $field:ident [] $docs:tt) => {};
    (@more $group:tt $field:ident [unless $off:ident] [$($doc:literal)*]) => {
        $crate::model::macros::switch! { $group $field $off false ["Not so:" $($doc)*] }
    };
    ($group:tt $field:ident $type:tt [required $($flag:ident)*] $docs:tt) => {};
    ($group:tt $field:ident $type:tt $flags:tt [$($doc:literal)*]) => {
        $(#[doc = $doc])*
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$crate::model::macros::named!($type)>) -> Self {
            $crate::model::macros::place!(self $group $field) = Some($field.into());
            self
        }
    };
}

/// A type of a table, named so that it is found wherever the table's setters are.
macro_rules! named {
    (String) => { String };
    (Value) => { serde_json::Value };
    (($($type:tt)*)) => { $($type)* };
    ($type:ident) => { $crate::model::$type };
}

/// The method that says yes or no.
macro_rules! switch {
    ($group:tt $field:ident $name:ident $value:literal [$($doc:literal)*]) => {
        $(#[doc = $doc])*
        #[must_use]
        #[inline]
        pub fn $name(mut self) -> Self {
            $crate::model::macros::place!(self $group $field) = Some($value);
            self
        }
    };
}

macro_rules! place {
    ($self:ident () $field:ident) => {
        $self.$field
    };
    ($self:ident ($group:ident) $field:ident) => {
        $self.$group.$field
    };
}

/// Writes a property. A list that is required is written even when it is empty.
macro_rules! put {
    ($out:ident ($($place:tt)*) $key:literal [$type:ident] required $($flag:ident)*) => {
        $out.put_list($crate::model::macros::key!($key), &$($place)*);
    };
    ($out:ident ($($place:tt)*) $key:literal $($flag:tt)*) => {
        $crate::model::object::Field::put(&$($place)*, $crate::model::macros::key!($key), $out);
    };
}

macro_rules! key {
    ($key:literal) => {
        $crate::model::json::Key(concat!("\"", $key, "\":"))
    };
}

/// How the JSON of an object begins.
macro_rules! open {
    () => {
        "{"
    };
    ($tag:literal) => {
        concat!("{\"type\":\"", $tag, "\",")
    };
    ($tag:literal $name:literal) => {
        concat!("{\"type\":\"", $tag, "\",\"name\":\"", $name, "\",")
    };
}

/// The catalogue's line for a property.
macro_rules! property {
    ($key:literal [$($doc:literal)*] $type:tt $($flag:ident $($value:literal)?)*) => {
        $crate::model::macros::flagged!(
            ($crate::model::catalog::PropertyInfo::new(
                $key,
                concat!($($doc, "\n"),*),
                $crate::model::macros::kind!($type),
            )) $($flag $($value)?)*
        )
    };
}

macro_rules! flagged {
    (($($info:tt)*)) => { $($info)* };
    (($($info:tt)*) required $($more:tt)*) => {
        $crate::model::macros::flagged!(($($info)*.required()) $($more)*)
    };
    (($($info:tt)*) must $($more:tt)*) => {
        $crate::model::macros::flagged!(($($info)*.must()) $($more)*)
    };
    (($($info:tt)*) since $version:literal $($more:tt)*) => {
        $crate::model::macros::flagged!(($($info)*.since_version($version)) $($more)*)
    };
    (($($info:tt)*) teams $($more:tt)*) => {
        $crate::model::macros::flagged!(($($info)*.teams()) $($more)*)
    };
    (($($info:tt)*) elsewhere $($more:tt)*) => {
        $crate::model::macros::flagged!(($($info)*.elsewhere()) $($more)*)
    };
    (($($info:tt)*) also $alias:literal $($more:tt)*) => {
        $crate::model::macros::flagged!(($($info)*.also($alias)) $($more)*)
    };
    // The name of a setter.
    (($($info:tt)*) $word:ident $name:ident $($more:tt)*) => {
        $crate::model::macros::flagged!(($($info)*) $($more)*)
    };
}

/// What a property may hold. Texts of a special kind are plain strings to Rust.
macro_rules! kind {
    (Markdown) => {
        $crate::model::catalog::ValueKind::Markdown
    };
    (Url) => {
        $crate::model::catalog::ValueKind::Url
    };
    (Date) => {
        $crate::model::catalog::ValueKind::Date
    };
    (Time) => {
        $crate::model::catalog::ValueKind::Time
    };
    (Regex) => {
        $crate::model::catalog::ValueKind::Regex
    };
    ([$type:ident]) => {
        $crate::model::catalog::ValueKind::List(&$crate::model::macros::kind!($type))
    };
    (($($type:tt)*)) => {
        <$($type)* as $crate::model::object::Property>::KIND
    };
    ($type:tt) => {
        <$type as $crate::model::object::Property>::KIND
    };
}

/// What the documentation says about where a property is known.
macro_rules! availability {
    ($key:literal since $version:literal elsewhere) => {
        concat!("\n`", $key, "` in JSON; since version ", $version, " of the schema; not in Teams.")
    };
    ($key:literal since $version:literal $($more:tt)*) => {
        concat!("\n`", $key, "` in JSON; since version ", $version, " of the schema.")
    };
    ($key:literal teams $($more:tt)*) => {
        concat!("\n`", $key, "` in JSON; known to Teams only.")
    };
    ($key:literal required $($more:tt)*) => {
        $crate::model::macros::availability!($key $($more)*)
    };
    ($key:literal $($more:tt)*) => { concat!("\n`", $key, "` in JSON.") };
}

macro_rules! maybe {
    () => {
        None
    };
    ($value:literal) => {
        Some($value)
    };
}

macro_rules! version {
    () => {
        None
    };
    ($version:literal) => {
        $crate::model::Version::literal($version)
    };
}

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

/// Declares some words, compared without regard to case and written as they stand here.
macro_rules! words {
    (
        $(#[doc = $about:literal])* $name:ident {
            $($(#[doc = $doc:literal])* $word:ident = $text:literal $($flag:ident $($value:literal)?)*,)*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[doc = $doc])* $word,)*
        }

        impl $name {
            const ALL: &'static [Self] = &[$(Self::$word),*];
            const INFO: &'static $crate::model::catalog::WordsInfo = {
                static INFO: $crate::model::catalog::WordsInfo = $crate::model::catalog::WordsInfo {
                    name: stringify!($name),
                    words: &[$($crate::model::macros::flagged!(
                        ($crate::model::catalog::WordInfo::new($text, concat!($($doc, "\n"),*)))
                        $($flag $($value)?)*
                    )),*],
                };
                &INFO
            };

            /// The word as it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::model::object::Property for $name {
            const KIND: $crate::model::catalog::ValueKind =
                $crate::model::catalog::ValueKind::Word(Self::INFO);

            fn read(value: serde_json::Value) -> $crate::model::object::Read<Self> {
                $crate::model::object::read_word(value, Self::ALL, Self::as_str)
            }

            fn part(&self) -> $crate::model::object::Part<'_> {
                $crate::model::object::Part::Word(self.as_str())
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

/// Declares a length: some words, pixels, and perhaps a number.
macro_rules! extent {
    (
        $(#[doc = $about:literal])* $name:ident {
            $($(#[doc = $doc:literal])* $word:ident = $text:literal,)*
        } $($number:ident)?
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[doc = $doc])* $word,)*
            $(
                #[doc = concat!("A number: ", stringify!($number), ".")]
                $number(Number),
            )?
            /// So many pixels.
            Pixels(Pixels),
        }

        impl $name {
            const WORDS: &'static $crate::model::catalog::WordsInfo = {
                static INFO: $crate::model::catalog::WordsInfo = $crate::model::catalog::WordsInfo {
                    name: stringify!($name),
                    words: &[$($crate::model::catalog::WordInfo::new($text, concat!($($doc),*))),*],
                };
                &INFO
            };

            /// So many pixels.
            pub const fn pixels(pixels: u32) -> Self {
                Self::Pixels(Pixels::new(pixels))
            }
        }

        impl From<Pixels> for $name {
            fn from(pixels: Pixels) -> Self {
                Self::Pixels(pixels)
            }
        }

        $(
            impl From<u32> for $name {
                fn from(number: u32) -> Self {
                    Self::$number(number.into())
                }
            }
        )?

        impl $crate::model::object::Property for $name {
            const KIND: ValueKind = ValueKind::OneOf(&[
                ValueKind::Word(Self::WORDS),
                $($crate::model::macros::number_kind!($number),)?
                ValueKind::Pixels,
            ]);

            fn read(value: Value) -> Read<Self> {
                if let Some(pixels) = value.as_str().and_then(Pixels::parse) {
                    return Read::fits(Self::Pixels(pixels));
                }
                $(if value.is_number() {
                    return Number::read(value).map(Self::$number);
                })?
                let words: &[(Self, &'static str)] = &[$((Self::$word, $text)),*];
                $crate::model::object::read_word(value, words, |(_, text)| text)
                    .map(|(word, _)| word)
            }

            fn part(&self) -> Part<'_> {
                match self {
                    $(Self::$word => Part::Word($text),)*
                    $(Self::$number(number) => Part::Number(*number),)?
                    Self::Pixels(pixels) => Part::Shown(pixels),
                }
            }
        }
    };
}

macro_rules! number_kind {
    ($number:ident) => {
        ValueKind::Number
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

pub(crate) use {
    availability, constructor, either, extent, field_type, flagged, group, group_of, group_setters,
    group_type, key, kind, maybe, named, nothing, number_kind, object, object_of, open, place,
    property, put, serde_by_part, setter, switch, union, union_kind, version, with, words,
};
