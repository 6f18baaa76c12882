//! What people are asked, for how long, and who is asked next.

use serde::Deserialize;

/// Approvals.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Approvals {
    /// Seconds after which nobody can decide any more.
    pub expires_secs: u32,
    /// How many different people must agree.
    pub quorum: u32,
    /// Seconds after which those who are asked are reminded once; 0 is never. Half of the time where
    /// nothing is said.
    pub remind_secs: Option<u32>,
    /// The role, or the group by its object id, that is asked when nobody has decided in time and the
    /// playbook says `on_expire: escalate`. Without one the answer is no then.
    pub escalate_to: Option<String>,
    /// Seconds that these have; as many as `expires_secs` where nothing is said.
    pub escalate_secs: Option<u32>,
    /// The conversation in which they are asked; the incident's own where nothing is said.
    pub escalate_conversation: Option<String>,
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            expires_secs: 900,
            quorum: 1,
            remind_secs: None,
            escalate_to: None,
            escalate_secs: None,
            escalate_conversation: None,
        }
    }
}
