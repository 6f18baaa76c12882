//! May this person do this now?
//!
//! Denied unless a rule says otherwise. The answer "yes" is a [`Permit`], and nothing but
//! [`Policy::permit`] makes one, so code that forgets to ask does not compile:
//!
//! ```compile_fail
//! use argus_soc::policy::{Action, Permit};
//! let forged = Permit { action: Action::View };
//! ```
//!
//! ```compile_fail
//! # use argus_soc::policy::Permit;
//! fn use_twice(permit: &Permit) -> Permit {
//!     permit.clone()
//! }
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::playbook::ActionKind;

/// What a person asks to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Read incidents, events, runs and cards.
    View,
    /// Take an incident.
    Acknowledge {
        /// The incident.
        incident: String,
    },
    /// Do what a step of a playbook does.
    Act {
        /// The incident it is done for.
        incident: String,
        /// What is done.
        action: ActionKind,
        /// To what.
        target: String,
    },
    /// Start a playbook by hand.
    RunPlaybook {
        /// The incident it is run for.
        incident: String,
        /// The playbook.
        playbook: String,
    },
    /// Say yes to a run that waits.
    Approve {
        /// The run.
        run: String,
        /// Who asked for the run; that person may not approve it.
        requester: Option<Identity>,
    },
    /// Say no to a run that waits.
    Deny {
        /// The run.
        run: String,
    },
    /// Make one incident of several, or several of one.
    Regroup {
        /// The incident that goes on.
        incident: String,
    },
    /// Say for a while that an incident need not show its repeats.
    Snooze {
        /// The incident.
        incident: String,
    },
    /// Say for a while that events are not shown, or that they are again.
    Suppress,
    /// Load, replace or retire playbooks.
    ManagePlaybooks,
    /// Stop what Argus does by itself, or let it go on.
    ManageAutomation,
}

/// What people do here, beside what steps of playbooks do.
const OWN: [&str; 10] = [
    "view",
    "acknowledge",
    "run_playbook",
    "approve",
    "deny",
    "regroup",
    "snooze",
    "suppress",
    "manage_playbooks",
    "manage_automation",
];

/// The names of all actions, as rules and the audit trail write them: those of the bot itself, then
/// every [`ActionKind`].
pub const ACTION_NAMES: [&str; OWN.len() + ActionKind::ALL.len()] = names();

#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which checks it")]
const fn names() -> [&'static str; OWN.len() + ActionKind::ALL.len()] {
    let mut names = [""; OWN.len() + ActionKind::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = if at < OWN.len() { OWN[at] } else { ActionKind::ALL[at - OWN.len()].name() };
        at += 1;
    }
    names
}

impl Action {
    /// The name that rules and the audit trail use.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Acknowledge { .. } => "acknowledge",
            Self::Act { action, .. } => action.name(),
            Self::RunPlaybook { .. } => "run_playbook",
            Self::Approve { .. } => "approve",
            Self::Deny { .. } => "deny",
            Self::Regroup { .. } => "regroup",
            Self::Snooze { .. } => "snooze",
            Self::Suppress => "suppress",
            Self::ManagePlaybooks => "manage_playbooks",
            Self::ManageAutomation => "manage_automation",
        }
    }

    /// Whether the caller must look the person's groups up again instead of using a cache.
    pub const fn high_impact(&self) -> bool {
        match self {
            Self::Act { action, .. } => action.high_impact(),
            Self::RunPlaybook { .. }
            | Self::Approve { .. }
            | Self::Suppress
            | Self::ManagePlaybooks
            | Self::ManageAutomation => true,
            _ => false,
        }
    }
}

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

/// One line of a policy: this role may do these things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The role.
    pub role: String,
    /// Names from [`ACTION_NAMES`], or `*` for all of them.
    pub actions: Vec<String>,
}

/// A rule that names something that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("role {role:?} grants {action:?}, which is not an action")]
pub struct UnknownAction {
    /// The role whose rule it is.
    pub role: String,
    /// What it names.
    pub action: String,
}

/// Why a person may not do something, written for that person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{why}")]
pub struct Refusal {
    /// A stable word for programs: `stranger`, `standing_unknown`, `own_request`, `no_role`.
    pub code: &'static str,
    /// A sentence for the person.
    pub why: String,
    /// The roles that could do it.
    pub who_can: Vec<String>,
}

/// Why a permit was given, for the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who asked.
    pub who: Identity,
    /// The role that decided it.
    pub role: String,
    /// Whether the role comes from our groups (`home`), the trust map (`partner`), or what was
    /// last known while the directory is silent (`last_known`).
    pub basis: String,
}

/// Permission to perform one [`Action`] once.
///
/// Only [`Policy::permit`] makes one and it cannot be copied; every destructive port takes one by
/// value.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a permit that is not used was not needed"]
pub struct Permit {
    action: Action,
    evidence: Evidence,
}

impl Permit {
    /// What is permitted.
    pub const fn action(&self) -> &Action {
        &self.action
    }

    /// Why it is permitted.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

/// Who may do what.
///
/// ```
/// use argus_soc::playbook::ActionKind;
/// use argus_soc::policy::{Action, Policy, Principal, Standing};
///
/// let policy = Policy::default();
/// let viewer = Principal {
///     tenant: "home".into(),
///     object_id: "ann".into(),
///     roles: vec!["viewer".into()],
///     standing: Standing::Home,
/// };
/// assert!(policy.permit(&viewer, Action::View).is_ok());
/// let refusal = policy
///     .permit(
///         &viewer,
///         Action::Act {
///             incident: "1".into(),
///             action: ActionKind::IsolateHost,
///             target: "ws-1".into(),
///         },
///     )
///     .unwrap_err();
/// assert_eq!(refusal.code, "no_role");
/// assert_eq!(refusal.who_can, ["argus_admin", "soc_engineer"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    grants: BTreeMap<String, BTreeSet<&'static str>>,
}

impl Default for Policy {
    /// The three roles of the reference bot: `viewer`, `soc_engineer`, `argus_admin`.
    fn default() -> Self {
        let engineer = ACTION_NAMES.into_iter().filter(|name| *name != "manage_playbooks");
        Self {
            grants: BTreeMap::from([
                ("viewer".to_owned(), BTreeSet::from(["view"])),
                ("soc_engineer".to_owned(), engineer.collect()),
                ("argus_admin".to_owned(), ACTION_NAMES.into_iter().collect()),
            ]),
        }
    }
}

impl Policy {
    /// A policy of these rules and nothing else.
    ///
    /// # Errors
    ///
    /// [`UnknownAction`] if a rule names an action that does not exist: a typing mistake must not
    /// become a quiet refusal in the night.
    pub fn from_rules(rules: impl IntoIterator<Item = Rule>) -> Result<Self, UnknownAction> {
        let mut grants: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        for rule in rules {
            let granted = grants.entry(rule.role.clone()).or_default();
            for action in rule.actions {
                if action == "*" {
                    granted.extend(ACTION_NAMES);
                    continue;
                }
                let known = ACTION_NAMES.into_iter().find(|name| **name == action);
                granted.insert(known.ok_or(UnknownAction { role: rule.role.clone(), action })?);
            }
        }
        Ok(Self { grants })
    }

    /// The roles that may do what is named, in alphabetical order.
    pub fn who_can(&self, action: &str) -> Vec<String> {
        let may = |granted: &BTreeSet<&'static str>| granted.contains(action);
        self.grants.iter().filter(|(_, g)| may(g)).map(|(role, _)| role.clone()).collect()
    }

    /// Permits an action, or says why not and who could.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] with one of the codes
    ///
    /// - `stranger`: the tenant is not ours and not in the trust map;
    /// - `standing_unknown`: the person's groups could not be looked up. Reading goes on with the
    ///   roles last known; nothing else does;
    /// - `own_request`: nobody approves what they asked for;
    /// - `no_role`: none of the person's roles grants it.
    pub fn permit(&self, who: &Principal, action: Action) -> Result<Permit, Refusal> {
        let name = action.name();
        let refuse = |code, why: String| Err(Refusal { code, why, who_can: self.who_can(name) });
        let words = name.replace('_', " ");
        if who.tenant.trim().is_empty() || who.object_id.trim().is_empty() {
            // Two people without an identity would be the same person.
            let why = "Nobody vouches for who you are, so the answer is no.";
            return refuse("stranger", why.to_owned());
        }
        let (roles, basis) = match &who.standing {
            Standing::Home => (&who.roles, "home"),
            Standing::Partner(trusted) => (trusted, "partner"),
            Standing::Unknown { .. } if action == Action::View && !who.roles.is_empty() => {
                (&who.roles, "last_known")
            }
            Standing::Unknown { why } => {
                let why = format!("Your groups could not be checked ({why}), so the answer is no.");
                return refuse("standing_unknown", why);
            }
            Standing::Stranger => {
                let why = "Your organisation is not trusted here. Ask an administrator to add it.";
                return refuse("stranger", why.to_owned());
            }
        };
        if let Action::Approve { requester: Some(requester), .. } = &action
            && requester.same_as(&who.identity())
        {
            let why = "You asked for this yourself; somebody else has to approve it.";
            return refuse("own_request", why.to_owned());
        }
        let granting =
            roles.iter().find(|role| self.grants.get(*role).is_some_and(|g| g.contains(name)));
        let Some(role) = granting else {
            return refuse("no_role", format!("You do not have a role that may {words}."));
        };
        let evidence =
            Evidence { who: who.identity(), role: role.clone(), basis: basis.to_owned() };
        Ok(Permit { action, evidence })
    }
}
