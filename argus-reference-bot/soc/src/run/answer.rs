//! What somebody says who was asked whether it was them.

use serde::{Deserialize, Serialize};

/// What somebody says who was asked whether it was them. None of it makes anything less severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserAnswer {
    /// It was them, they say. Whoever has their account says so as well.
    Yes,
    /// It was not them.
    No,
    /// They want to talk to the SOC.
    Contact,
    /// They did not answer in time.
    None,
}

impl UserAnswer {
    /// The word that conditions of steps read.
    ///
    /// ```
    /// assert_eq!(argus_soc::run::UserAnswer::None.word(), "none");
    /// ```
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Contact => "contact",
            Self::None => "none",
        }
    }

    /// What it is, for a line of history.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Yes => "says that it was them; that alone makes nothing less severe",
            Self::No => "says that it was not them",
            Self::Contact => "wants to talk to the SOC",
            Self::None => "no answer in time",
        }
    }
}
