//! The catalogue's lines, and the same in the documentation.

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

pub(crate) use {availability, flagged, kind, maybe, property, version};
