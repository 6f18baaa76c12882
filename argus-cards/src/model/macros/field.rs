//! Fields: their types, setters and how they are written.

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

pub(crate) use {constructor, field_type, key, named, nothing, open, place, put, setter, switch};
