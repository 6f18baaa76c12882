//! The shapes that messages come in, by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Mappings;

/// Which product's shape a message has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Shape {
    /// Find out from the message.
    #[default]
    Auto,
    /// The generic shape: `source`, `event_type`, `severity`, `entity_type`, `entity_value`.
    Generic,
    /// What Microsoft Sentinel's incident trigger sends.
    SentinelTrigger,
    /// A Microsoft Sentinel incident as its management API returns it.
    SentinelArm,
    /// A Microsoft Graph `alerts_v2` alert.
    GraphAlert,
    /// An AWS `GuardDuty` finding, bare, listed or in an event envelope.
    GuardDuty,
    /// What a mapping of this name reads.
    Mapped(MapperName),
}

/// The name of a mapping, as small as a shape has to be.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MapperName {
    bytes: [u8; MapperName::LONGEST],
    length: usize,
}

impl MapperName {
    const LONGEST: usize = 48;
    /// What stands before the name of a mapping that is not in the binary.
    const PREFIX: &'static str = "mapping:";

    /// A name of small letters, digits and underscores.
    fn new(name: &str) -> Option<Self> {
        let bare = name.strip_prefix(Self::PREFIX).unwrap_or(name);
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let good = !bare.is_empty() && bare.bytes().all(letter);
        let mut bytes = [0; Self::LONGEST];
        bytes.get_mut(..name.len()).filter(|_| good)?.copy_from_slice(name.as_bytes());
        Some(Self { bytes, length: name.len() })
    }

    /// The whole name, as it stands in the configuration.
    fn full(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The name of the mapping.
    pub fn as_str(&self) -> &str {
        self.full().strip_prefix(Self::PREFIX).unwrap_or(self.full())
    }
}

impl fmt::Debug for MapperName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MapperName").field(&self.full()).finish()
    }
}

impl Shape {
    /// All shapes that are read by code.
    pub const ALL: [Self; 6] = [
        Self::Auto,
        Self::Generic,
        Self::SentinelTrigger,
        Self::SentinelArm,
        Self::GraphAlert,
        Self::GuardDuty,
    ];

    /// Whether a message is looked at before it is known what it is.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Auto | Self::Mapped(_))
    }

    /// The name in configuration files and commands.
    pub fn name(&self) -> &str {
        match self {
            Self::Mapped(name) => name.full(),
            Self::Auto => "auto",
            Self::Generic => "generic",
            Self::SentinelTrigger => "sentinel_trigger",
            Self::SentinelArm => "sentinel_arm",
            Self::GraphAlert => "graph_alerts_v2",
            Self::GuardDuty => "guardduty",
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not a shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a shape; there are auto, generic, sentinel_trigger, sentinel_arm, graph_alerts_v2, guardduty, the names that `argus events mappings` lists, and mapping:NAME for a mapping of your own"
)]
pub struct UnknownShape(pub String);

impl FromStr for Shape {
    type Err = UnknownShape;

    /// Reads a name. Hyphens are as good as underscores; `sentinel`, `graph` and `defender` are
    /// accepted. The trigger's mapper also reads the management API's form, so a plain `sentinel`
    /// means whichever of the two it is. A mapping of the binary has its plain name; one that
    /// people have added has `mapping:` in front, since it is not known here.
    fn from_str(name: &str) -> Result<Self, UnknownShape> {
        match name.trim().to_ascii_lowercase().replace('-', "_").as_str() {
            "auto" => Ok(Self::Auto),
            "generic" => Ok(Self::Generic),
            "sentinel_trigger" | "sentinel" => Ok(Self::SentinelTrigger),
            "sentinel_arm" => Ok(Self::SentinelArm),
            "graph_alerts_v2" | "graph_alert" | "graph" | "defender" => Ok(Self::GraphAlert),
            "guardduty" | "guard_duty" | "aws_guardduty" => Ok(Self::GuardDuty),
            other => {
                let known = other.starts_with(MapperName::PREFIX)
                    || Mappings::embedded().named(other).is_some();
                MapperName::new(other)
                    .filter(|_| known)
                    .map(Self::Mapped)
                    .ok_or_else(|| UnknownShape(name.to_owned()))
            }
        }
    }
}

impl TryFrom<String> for Shape {
    type Error = UnknownShape;

    fn try_from(name: String) -> Result<Self, UnknownShape> {
        name.parse()
    }
}

impl From<Shape> for String {
    fn from(shape: Shape) -> Self {
        shape.name().to_owned()
    }
}
