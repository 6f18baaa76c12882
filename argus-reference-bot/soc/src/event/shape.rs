//! The shapes that messages come in, by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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
}

impl Shape {
    /// All shapes.
    pub const ALL: [Self; 6] = [
        Self::Auto,
        Self::Generic,
        Self::SentinelTrigger,
        Self::SentinelArm,
        Self::GraphAlert,
        Self::GuardDuty,
    ];

    /// The name in configuration files and commands.
    pub const fn name(self) -> &'static str {
        match self {
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
    "{0:?} is not a shape; there are auto, generic, sentinel_trigger, sentinel_arm, graph_alerts_v2 and guardduty"
)]
pub struct UnknownShape(pub String);

impl FromStr for Shape {
    type Err = UnknownShape;

    /// Reads a name. Hyphens are as good as underscores; `sentinel`, `graph` and `defender` are
    /// accepted. The trigger's mapper also reads the management API's form, so a plain `sentinel`
    /// means whichever of the two it is.
    fn from_str(name: &str) -> Result<Self, UnknownShape> {
        match name.trim().to_ascii_lowercase().replace('-', "_").as_str() {
            "auto" => Ok(Self::Auto),
            "generic" => Ok(Self::Generic),
            "sentinel_trigger" | "sentinel" => Ok(Self::SentinelTrigger),
            "sentinel_arm" => Ok(Self::SentinelArm),
            "graph_alerts_v2" | "graph_alert" | "graph" | "defender" => Ok(Self::GraphAlert),
            "guardduty" | "guard_duty" | "aws_guardduty" => Ok(Self::GuardDuty),
            _ => Err(UnknownShape(name.to_owned())),
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
