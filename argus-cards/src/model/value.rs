//! Values that are more than a text: numbers, lengths, versions, and what has several forms.

use std::fmt;

use serde::ser::{Serialize, Serializer};
use serde_json::Value;

use super::catalog::ValueKind;
use super::object::{Part, Property, Read};

/// A text whose Markdown is shown.
pub type Markdown = String;
/// An address.
pub type Url = String;
/// A day like `2026-01-31`.
pub type Date = String;
/// A time of day like `14:30`.
pub type Time = String;
/// A regular expression.
pub type Regex = String;

/// A number as JSON has it: whole or not.
///
/// ```
/// use argus_cards::model::Number;
///
/// assert_eq!(Number::from(3).as_f64(), 3.0);
/// assert_eq!(serde_json::to_string(&Number::from(0.5))?, "0.5");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Number(Form);

#[derive(Clone, Copy, Debug)]
enum Form {
    Whole(i64),
    /// Written as null if it is not finite: JSON has no word for that.
    Broken(f64),
}

impl Number {
    /// As a floating-point number, which may round it.
    #[expect(clippy::cast_precision_loss, reason = "that is what it says")]
    pub const fn as_f64(self) -> f64 {
        match self.0 {
            Form::Whole(whole) => whole as f64,
            Form::Broken(broken) => broken,
        }
    }

    /// As a whole number, if it is one.
    pub const fn as_i64(self) -> Option<i64> {
        match self.0 {
            Form::Whole(whole) => Some(whole),
            Form::Broken(_) => None,
        }
    }
}

impl Default for Number {
    fn default() -> Self {
        Self(Form::Whole(0))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Form::Whole(a), Form::Whole(b)) => a == b,
            _ => self.as_f64() == other.as_f64(),
        }
    }
}

impl From<i32> for Number {
    fn from(number: i32) -> Self {
        Self(Form::Whole(number.into()))
    }
}

impl From<u32> for Number {
    fn from(number: u32) -> Self {
        Self(Form::Whole(number.into()))
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(Form::Whole(number))
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self(Form::Broken(number))
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Form::Whole(whole) => serializer.serialize_i64(whole),
            Form::Broken(broken) => serializer.serialize_f64(broken),
        }
    }
}

impl Property for Number {
    const KIND: ValueKind = ValueKind::Number;

    fn read(value: Value) -> Read<Self> {
        match (value.as_i64(), value.as_f64()) {
            (Some(whole), _) => Read::fits(Self(Form::Whole(whole))),
            (None, Some(broken)) if !value.is_u64() => Read::fits(Self(Form::Broken(broken))),
            _ => Read::odd(value),
        }
    }

    fn part(&self) -> Part<'_> {
        Part::Number(*self)
    }
}

impl Property for String {
    const KIND: ValueKind = ValueKind::Text;

    fn read(value: Value) -> Read<Self> {
        match value {
            Value::String(text) => Read::fits(text),
            odd => Read::odd(odd),
        }
    }

    fn part(&self) -> Part<'_> {
        Part::Text(self)
    }

    fn accepts(value: &Value) -> bool {
        value.is_string()
    }
}

impl Property for bool {
    const KIND: ValueKind = ValueKind::Bool;

    fn read(value: Value) -> Read<Self> {
        value.as_bool().map_or_else(|| Read::odd(value), Read::fits)
    }

    fn part(&self) -> Part<'_> {
        Part::Bool(*self)
    }
}

impl Property for Value {
    const KIND: ValueKind = ValueKind::Any;

    fn read(value: Value) -> Read<Self> {
        if value.is_null() { Read::odd(value) } else { Read::fits(value) }
    }

    fn part(&self) -> Part<'_> {
        Part::Value(self)
    }
}

/// A length in pixels, `40px` in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pixels(u32);

impl Pixels {
    /// So many pixels.
    pub const fn new(pixels: u32) -> Self {
        Self(pixels)
    }

    /// How many.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Reads what would be written the same way.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let pixels = Self(text.strip_suffix("px")?.parse().ok()?);
        (pixels.to_string() == text).then_some(pixels)
    }
}

impl From<u32> for Pixels {
    fn from(pixels: u32) -> Self {
        Self(pixels)
    }
}

impl fmt::Display for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}px", self.0)
    }
}

impl Property for Pixels {
    const KIND: ValueKind = ValueKind::Pixels;

    fn read(value: Value) -> Read<Self> {
        value.as_str().and_then(Self::parse).map_or_else(|| Read::odd(value), Read::fits)
    }

    fn part(&self) -> Part<'_> {
        Part::Shown(self)
    }
}

/// A version of the schema, like `1.5`.
///
/// ```
/// use argus_cards::model::Version;
///
/// assert!(Version::new(1, 4) < Version::TEAMS);
/// assert_eq!(Version::parse("1.6"), Some(Version::new(1, 6)));
/// assert_eq!(Version::parse("newest"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    major: u8,
    minor: u8,
}

impl Version {
    /// The newest version that Teams shows.
    pub const TEAMS: Self = Self::new(1, 5);
    /// The newest version of the official schema.
    pub const NEWEST: Self = Self::new(1, 6);

    /// A version by its two parts.
    pub const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    /// Reads a version that would be written the same way.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let version = Self::new(major.parse().ok()?, minor.parse().ok()?);
        (version.to_string() == text).then_some(version)
    }

    /// Reads a version of two digits in a declaration.
    pub(crate) const fn literal(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [major, b'.', minor] => Some(Self::new(*major - b'0', *minor - b'0')),
            _ => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Property for Version {
    const KIND: ValueKind = ValueKind::Version;

    fn read(value: Value) -> Read<Self> {
        value.as_str().and_then(Self::parse).map_or_else(|| Read::odd(value), Read::fits)
    }

    fn part(&self) -> Part<'_> {
        Part::Shown(self)
    }
}
