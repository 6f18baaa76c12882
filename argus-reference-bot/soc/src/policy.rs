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

mod action;
mod explain;
mod people;
mod rule;
pub mod sight;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::action::{ACTION_NAMES, Action};
pub use self::explain::{Explanation, Reason};
pub use self::people::{Identity, Principal, Standing};
use self::rule::{Bound, Line};
pub use self::rule::{Circumstances, Hours, Rule, UnknownAction};

/// Why a person may not do something, written for that person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{why}")]
pub struct Refusal {
    /// A stable word for programs: `stranger`, `standing_unknown`, `own_request`, `no_role`, `limit`.
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
    lines: Vec<Line>,
    /// What bounds all people of a trusted tenant, whatever their roles; by its id in small letters.
    bounds: BTreeMap<String, Bound>,
}

impl Default for Policy {
    /// The three roles of the reference bot: `viewer`, `soc_engineer`, `argus_admin`.
    fn default() -> Self {
        let line = |role: &str, actions: &mut dyn Iterator<Item = &'static str>| {
            let actions = actions.collect::<BTreeSet<_>>();
            let named = actions.iter().map(|it| (*it).to_owned()).collect();
            Line { rule: Rule { role: role.into(), actions: named, ..Rule::default() }, actions }
        };
        let all = || ACTION_NAMES.into_iter();
        Self {
            bounds: BTreeMap::new(),
            lines: vec![
                line("viewer", &mut ["view"].into_iter()),
                line("soc_engineer", &mut all().filter(|name| *name != "manage_playbooks")),
                line("argus_admin", &mut all()),
            ],
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
        let lines = rules.into_iter().map(Line::of).collect::<Result<_, _>>()?;
        Ok(Self { lines, bounds: BTreeMap::new() })
    }

    /// Bounds what the people of a trusted tenant may do, and when, beyond what rules say.
    ///
    /// # Errors
    ///
    /// [`UnknownAction`], as for [`from_rules`](Self::from_rules).
    pub fn bounded(
        mut self,
        tenant: &str,
        actions: Option<&[String]>,
        hours: Option<Hours>,
    ) -> Result<Self, UnknownAction> {
        let role = format!("trust {tenant}");
        let line = |actions: &[String]| {
            Line::of(Rule { role, actions: actions.to_vec(), ..Rule::default() })
        };
        let actions = actions.map(line).transpose()?.map(|it| it.actions);
        self.bounds.insert(tenant.to_lowercase(), Bound { actions, hours });
        Ok(self)
    }

    /// The roles that may do what is named, somewhere and at some time, in alphabetical order.
    pub fn who_can(&self, action: &str) -> Vec<String> {
        let may = self.lines.iter().filter(|line| line.actions.contains(action));
        let mut roles: Vec<String> = may.map(|line| line.rule.role.clone()).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// Whether any rule asks what an action is done to.
    pub fn asks_for_assets(&self) -> bool {
        let asks =
            |line: &Line| line.rule.max_criticality.is_some() || !line.rule.environments.is_empty();
        self.lines.iter().any(asks)
    }

    /// [`permit_in`](Self::permit_in) where nothing is known of the circumstances.
    ///
    /// # Errors
    ///
    /// As for [`permit_in`](Self::permit_in).
    pub fn permit(&self, who: &Principal, action: Action) -> Result<Permit, Refusal> {
        self.permit_in(who, action, &Circumstances::default())
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
    /// - `no_role`: none of the person's roles grants it;
    /// - `limit`: one does, but not for this asset, this tenant or at this hour.
    pub fn permit_in(
        &self,
        who: &Principal,
        action: Action,
        circumstances: &Circumstances,
    ) -> Result<Permit, Refusal> {
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
        if basis == "partner"
            && let Some(bound) = self.bounds.get(&who.tenant.to_lowercase())
            && let Some(limit) = bound.limit(name, circumstances)
        {
            return refuse("limit", format!("People of your organisation may {words} {limit}."));
        }
        let (mut granting, mut limit) = (None, None);
        // In the order of the person's roles, so that the same role decides whatever the rules' order.
        let lines = roles
            .iter()
            .flat_map(|role| self.lines.iter().filter(move |line| line.rule.role == *role))
            .filter(|line| line.actions.contains(name));
        for line in lines {
            match line.limit(who, &action, circumstances) {
                None => {
                    granting = Some(&line.rule.role);
                    break;
                }
                why => limit = limit.or(why),
            }
        }
        let Some(role) = granting else {
            return match limit {
                Some(limit) => refuse("limit", format!("You may {words} {limit}.")),
                None => refuse("no_role", format!("You do not have a role that may {words}.")),
            };
        };
        let evidence =
            Evidence { who: who.identity(), role: role.clone(), basis: basis.to_owned() };
        Ok(Permit { action, evidence })
    }
}
