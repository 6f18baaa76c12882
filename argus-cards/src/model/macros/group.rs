//! Properties that many types share.

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

pub(crate) use {group, group_of, group_setters, group_type};
