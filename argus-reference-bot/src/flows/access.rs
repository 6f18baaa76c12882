//! Who may do this, now: the directory is asked, the policy decides, the answer is recorded.

mod approvers;
mod remembered;

use std::collections::BTreeMap;
use std::sync::Arc;

use argus_soc::enrich::Asset;
use argus_soc::ledger::fact::{Actor, What};
use argus_soc::playbook::ActionKind;
use argus_soc::policy::sight::Sees;
use argus_soc::policy::{
    Action, Circumstances, Explanation, Permit, Policy, Principal, Refusal, Rule, Standing,
    UnknownAction,
};
use jiff::Timestamp;

use self::remembered::Remembered;
use super::Soc;
use crate::config::{ConfigError, Rbac};
use crate::ports::directory::{Directory, DirectoryError};
use crate::ports::ledger::{Batch, LedgerError};

/// The role that Argus has when a playbook acts without a person.
const AUTOMATION: &str = "automation";
/// What automation may do: what steps of playbooks do. Playbooks cannot go beyond it.
fn automation_may() -> impl Iterator<Item = &'static str> {
    ActionKind::ALL.iter().map(|it| it.name()).chain(["run_playbook"])
}

/// A person as the validated activity names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their tenant.
    pub tenant: String,
    /// Their Entra object id.
    pub object_id: String,
    /// Their name, for cards only.
    pub name: Option<String>,
}

impl Person {
    /// The person as a record names them.
    pub fn actor(&self) -> Actor {
        Actor::Person {
            tenant: self.tenant.clone(),
            object_id: self.object_id.clone(),
            shown_as: self.name.clone(),
        }
    }
}

/// Why something was not permitted.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The policy says no.
    #[error("refused")]
    Refused(#[from] Refusal),
    /// The answer could not be recorded, so it is no.
    #[error("the decision could not be recorded")]
    Unrecorded(#[from] LedgerError),
}

/// Roles, where they come from, and what they may do.
#[derive(Debug)]
pub struct Access {
    home: String,
    directory: Arc<dyn Directory>,
    policy: Policy,
    groups: BTreeMap<String, Vec<String>>,
    labels: BTreeMap<String, String>,
    trust: BTreeMap<String, Vec<String>>,
    /// What people of trusted tenants see, by the tenant's id in small letters.
    pub(super) sees: BTreeMap<String, Sees>,
    /// Who else is in a conversation, by its id.
    pub(super) shared: BTreeMap<String, Vec<String>>,
    remembered: Remembered,
}

impl Access {
    /// Reads the roles.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a role is neither built in nor says what it may do, or names an action
    /// that does not exist.
    pub fn new(
        home: &str,
        rbac: &Rbac,
        directory: Arc<dyn Directory>,
    ) -> Result<Self, ConfigError> {
        let labels =
            rbac.roles.iter().filter_map(|(role, it)| Some((role.clone(), it.label.clone()?)));
        let trust = rbac.trust.iter().map(|(tenant, it)| (tenant.to_lowercase(), it.roles.clone()));
        let groups = rbac.roles.iter().map(|(role, it)| (role.clone(), it.groups.clone()));
        Ok(Self {
            home: home.into(),
            directory,
            policy: policy(rbac)?,
            groups: groups.collect(),
            labels: labels.collect(),
            trust: trust.collect(),
            sees: rbac
                .trust
                .iter()
                .map(|(it, trust)| (it.to_lowercase(), trust.sees(it)))
                .collect(),
            shared: rbac.shared.clone(),
            remembered: Remembered::default(),
        })
    }

    /// Who `person` is here, and with which roles.
    pub async fn principal(&self, person: &Person, fresh: bool) -> Principal {
        let (roles, standing) = if person.tenant.eq_ignore_ascii_case(&self.home) {
            match self.roles_of(&person.object_id, fresh).await {
                Ok(roles) => (roles, Standing::Home),
                Err(error) => (Vec::new(), Standing::Unknown { why: error.to_string() }),
            }
        } else {
            let trusted = self.trust.get(&person.tenant.to_lowercase());
            (Vec::new(), trusted.map_or(Standing::Stranger, |it| Standing::Partner(it.clone())))
        };
        Principal {
            tenant: person.tenant.clone(),
            object_id: person.object_id.clone(),
            roles,
            standing,
        }
    }

    /// What the policy answers to a question, and why. Nothing is permitted and nothing recorded.
    pub fn explain_rules(
        &self,
        who: &Principal,
        action: &Action,
        circumstances: &Circumstances,
    ) -> Explanation {
        let mut said = self.policy.explain(who, action, circumstances);
        // It is no role that a person can have.
        said.who_can.retain(|role| role != AUTOMATION);
        said.rules.retain(|it| it.rule.role != AUTOMATION);
        said
    }

    /// The tenant whose groups make roles.
    pub fn home(&self) -> &str {
        &self.home
    }

    /// What to call a role.
    pub fn label(&self, role: &str) -> String {
        self.labels.get(role).cloned().unwrap_or_else(|| role.replace('_', " "))
    }

    async fn roles_of(&self, object_id: &str, fresh: bool) -> Result<Vec<String>, DirectoryError> {
        if !fresh && let Some(roles) = self.remembered.roles_of(object_id) {
            return Ok(roles);
        }
        let mut groups: Vec<String> = self.groups.values().flatten().cloned().collect();
        groups.sort_unstable();
        groups.dedup();
        let member_of = self.directory.groups_of(object_id, &groups).await?;
        let has = |groups: &Vec<String>| groups.iter().any(|group| member_of.contains(group));
        let roles: Vec<String> = self
            .groups
            .iter()
            .filter(|(_, groups)| has(groups))
            .map(|(role, _)| role.clone())
            .collect();
        self.remembered.keep(object_id, &roles);
        Ok(roles)
    }

    /// The sentence for a person who was refused: why, and who can.
    pub fn explain(&self, refusal: &Refusal) -> String {
        let who: Vec<String> = refusal
            .who_can
            .iter()
            .filter(|role| self.groups.get(*role).is_some_and(|groups| !groups.is_empty()))
            .map(|role| self.label(role))
            .collect();
        match who.split_last() {
            None => refusal.why.clone(),
            Some((only, [])) => format!("{} Members of {only} can; ask one of them.", refusal.why),
            Some((last, others)) => {
                let others = others.join(", ");
                format!("{} Members of {others} or {last} can; ask one of them.", refusal.why)
            }
        }
    }
}

impl Soc {
    /// Permits `action` for `person`, now, and records the answer either way.
    ///
    /// # Errors
    ///
    /// [`AccessError::Refused`] with the reason for the person; [`AccessError::Unrecorded`] if the
    /// answer could not be written down, in which case nothing is permitted.
    pub async fn authorise(
        &self,
        person: &Person,
        action: Action,
        incident: Option<&str>,
        correlation: &str,
    ) -> Result<Permit, AccessError> {
        let principal = self.access.principal(person, action.high_impact()).await;
        self.decide(&principal, person.actor(), action, incident, correlation).await
    }

    /// Permits what an actor of a record asked for, again and now: people are looked up afresh,
    /// and Argus itself has the rights of its automation role.
    ///
    /// # Errors
    ///
    /// As for [`Soc::authorise`].
    pub async fn authorise_actor(
        &self,
        actor: &Actor,
        action: Action,
        incident: Option<&str>,
        correlation: &str,
    ) -> Result<Permit, AccessError> {
        let principal = match actor {
            Actor::Person { tenant, object_id, shown_as } => {
                let person = Person {
                    tenant: tenant.clone(),
                    object_id: object_id.clone(),
                    name: shown_as.clone(),
                };
                self.access.principal(&person, true).await
            }
            Actor::Service { name } => Principal {
                tenant: self.access.home.clone(),
                object_id: name.clone(),
                roles: vec![AUTOMATION.into()],
                standing: Standing::Home,
            },
        };
        self.decide(&principal, actor.clone(), action, incident, correlation).await
    }

    async fn decide(
        &self,
        principal: &Principal,
        actor: Actor,
        action: Action,
        incident: Option<&str>,
        correlation: &str,
    ) -> Result<Permit, AccessError> {
        let circumstances = self.circumstances(&action, incident).await?;
        let (name, incident) = (action.name().to_owned(), incident.map(str::to_owned));
        let answer = self.access.policy.permit_in(principal, action, &circumstances);
        let what = match &answer {
            Ok(permit) => What::Allowed { incident, action: name, evidence: evidence(permit) },
            Err(refusal) => What::Refused {
                incident,
                action: name,
                code: refusal.code.into(),
                why: refusal.why.clone(),
            },
        };
        self.ledger.append(Batch::one(self.fact(actor, correlation, what))).await?;
        Ok(answer?)
    }
}

impl Soc {
    /// What the policy may ask about. An incident is looked up only for rules that ask what it is about.
    async fn circumstances(
        &self,
        action: &Action,
        incident: Option<&str>,
    ) -> Result<Circumstances, LedgerError> {
        let at = Some(self.clock.now());
        let incident =
            incident.filter(|_| action.has_asset() && self.access.policy.asks_for_assets());
        let Some(incident) = incident else {
            return Ok(Circumstances { at, ..Circumstances::default() });
        };
        let incident = self.ledger.incident(incident).await?;
        let asset = incident.as_ref().and_then(|it| it.enrichment.asset.known());
        Ok(about(asset, at))
    }
}

/// The circumstances of something that is done to an asset.
pub fn about(asset: Option<&Asset>, at: Option<Timestamp>) -> Circumstances {
    Circumstances {
        criticality: asset.map(|it| it.criticality),
        environment: asset.and_then(|it| it.environment.clone()),
        at,
    }
}

/// Why a permit was given, in one line.
pub fn evidence(permit: &Permit) -> String {
    let evidence = permit.evidence();
    format!("role {} ({})", evidence.role, evidence.basis)
}

/// The policy that the settings make.
fn policy(rbac: &Rbac) -> Result<Policy, ConfigError> {
    let wrong = |key: String, why: &str| Err(ConfigError::value(key, why));
    let plain =
        |role: &str, actions: Vec<String>| Rule { role: role.into(), actions, ..Rule::default() };
    let limited = rbac.all_rules()?;
    let mut rules = vec![plain(AUTOMATION, automation_may().map(str::to_owned).collect())];
    if limited.iter().any(|rule| rule.role == AUTOMATION) || rbac.roles.contains_key(AUTOMATION) {
        let key = format!("rbac.roles.{AUTOMATION}");
        return wrong(key, "this name is taken by Argus itself");
    }
    let built_in = Policy::default();
    let granted = |role: &str| -> Vec<String> {
        let may = |action: &&&str| built_in.who_can(action).iter().any(|it| it == role);
        argus_soc::policy::ACTION_NAMES.iter().filter(may).map(|it| (*it).into()).collect()
    };
    let has_rules = |role: &str| limited.iter().any(|rule| rule.role == role);
    for (role, it) in &rbac.roles {
        if has_rules(role) {
            if it.may.is_some() {
                let key = format!("rbac.roles.{role}.may");
                return wrong(key, "this role has rules as well; say what it may do in one place");
            }
            continue;
        }
        let actions = it.may.clone().unwrap_or_else(|| granted(role));
        if actions.is_empty() {
            let why = "this is no built-in role (viewer, soc_engineer, argus_admin); say what it may \
                       do with `may = [...]`, or in `rbac.rules`";
            return wrong(format!("rbac.roles.{role}"), why);
        }
        rules.push(plain(role, actions));
    }
    // A partner tenant may be given a built-in role that no group of ours has.
    for role in rbac.trust.values().flat_map(|it| &it.roles) {
        if !has_rules(role) && !rules.iter().any(|rule| rule.role == *role) {
            rules.push(plain(role, granted(role)));
        }
    }
    let trusted = |role: &String| rbac.trust.values().any(|it| it.roles.contains(role));
    for rule in &limited {
        if !rbac.roles.contains_key(&rule.role) && !trusted(&rule.role) {
            let why =
                format!("nobody can have the role `{}`: no group and no trust names it", rule.role);
            return wrong("rbac.rules".into(), &why);
        }
    }
    rules.extend(limited);
    let unknown = |key: &str, error: UnknownAction| ConfigError::value(key, error.to_string());
    let mut policy = Policy::from_rules(rules).map_err(|error| unknown("rbac.roles", error))?;
    for (tenant, it) in &rbac.trust {
        if it.actions.is_some() || it.hours.is_some() {
            let bounded = policy.bounded(tenant, it.actions.as_deref(), it.hours.clone());
            policy = bounded.map_err(|error| unknown("rbac.trust", error))?;
        }
    }
    Ok(policy)
}

#[cfg(test)]
mod tests;
