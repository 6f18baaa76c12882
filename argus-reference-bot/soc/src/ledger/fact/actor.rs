//! Who did something.

use serde::{Deserialize, Serialize};

/// Who did it: a person in a tenant, or Argus itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    /// A person, by Entra object id and tenant; never by a display name.
    Person {
        /// The tenant that the object id belongs to.
        tenant: String,
        /// The Entra object id.
        object_id: String,
        /// The name shown when it happened; decoration, never used to decide.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown_as: Option<String>,
    },
    /// Argus, in one of its roles (`triage`, `notifier`, `run`, …).
    Service {
        /// The role.
        name: String,
    },
}

impl Actor {
    /// Argus in the role `name`.
    pub fn service(name: &str) -> Self {
        Self::Service { name: name.into() }
    }

    /// Whether both are the same person or the same service, whatever they are shown as.
    ///
    /// Entra ids are UUIDs, and products write them in both cases: a capital letter must not make
    /// somebody two people who then approve each other.
    ///
    /// ```
    /// # use argus_soc::ledger::fact::Actor;
    /// let person = |id: &str| Actor::Person {
    ///     tenant: "t".into(),
    ///     object_id: id.into(),
    ///     shown_as: None,
    /// };
    /// assert!(person("00AB").is(&person("00ab")));
    /// assert!(!person("00ab").is(&person("00ac")));
    /// ```
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Person { tenant: a, object_id: x, .. },
                Self::Person { tenant: b, object_id: y, .. },
            ) => a.eq_ignore_ascii_case(b) && x.eq_ignore_ascii_case(y),
            (Self::Service { name: a }, Self::Service { name: b }) => a == b,
            _ => false,
        }
    }

    /// How a card or a list names them.
    pub fn shown(&self) -> &str {
        match self {
            Self::Person { shown_as: Some(name), .. } | Self::Service { name } => name,
            Self::Person { object_id, .. } => object_id,
        }
    }
}
