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

mod field;
mod group;
mod info;
mod union;
mod words;

pub(crate) use field::{
    constructor, field_type, key, named, nothing, open, place, put, setter, switch,
};
pub(crate) use group::{group, group_of, group_setters, group_type};
pub(crate) use info::{availability, flagged, kind, maybe, property, version};
pub(crate) use union::{either, serde_by_part, union, union_kind};
pub(crate) use words::{extent, number_kind, words};

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
            /// The area of an `AreaGridLayout` in which it stands.
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

pub(crate) use {object, object_of, with};
