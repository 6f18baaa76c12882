//! Who asks, and what that is worth.

use serde::{Deserialize, Serialize};

/// A person as tokens name them: names can be chosen, this cannot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// The tenant that vouches for the object id.
    pub tenant: String,
    /// The directory object id.
    pub object_id: String,
}

impl Identity {
    /// Whether two identities are the same person. Ids are GUIDs, so case does not count.
    pub fn same_as(&self, other: &Self) -> bool {
        self.tenant.eq_ignore_ascii_case(&other.tenant)
            && self.object_id.eq_ignore_ascii_case(&other.object_id)
    }
}

/// Where a person comes from, and what that is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Of our own tenant: the roles come from our groups.
    Home,
    /// Of a tenant in the trust map, which grants these roles and no others.
    Partner(Vec<String>),
    /// Of a tenant that nobody trusts.
    Stranger,
    /// Nobody could say, for example because the directory did not answer.
    Unknown {
        /// Why, in words for the person.
        why: String,
    },
}

/// Who asks, with the roles that are true now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The person's home tenant.
    pub tenant: String,
    /// The person's object id there.
    pub object_id: String,
    /// Roles from our own groups.
    pub roles: Vec<String>,
    /// Where the person comes from.
    pub standing: Standing,
}

impl Principal {
    /// The person without roles.
    pub fn identity(&self) -> Identity {
        Identity { tenant: self.tenant.clone(), object_id: self.object_id.clone() }
    }
}
