//! Playbooks may name who decides: a role, or a group of the directory. Membership is asked for
//! afresh at each click, and again before each effect.

use argus_soc::ledger::fact::{Actor, What};
use argus_soc::policy::{Refusal, Standing};
use argus_soc::run::Run;

use super::{AUTOMATION, Access, AccessError, Person};
use crate::flows::Soc;
use crate::ports::ledger::{Batch, LedgerError};

impl Access {
    /// Who decides about a run, in words for its card.
    pub fn who_decides(&self, run: &Run) -> String {
        let Some(only) = run.deciders() else {
            let roles = self.policy.who_can("approve").into_iter();
            let held = |role: &String| {
                role != AUTOMATION && self.groups.get(role).is_some_and(|it| !it.is_empty())
            };
            let labels: Vec<String> = roles.filter(held).map(|role| self.label(&role)).collect();
            return match labels.as_slice() {
                [] => "Nobody has a role that may approve".into(),
                labels => labels.join(", "),
            };
        };
        if self.groups.contains_key(only) {
            return self.label(only);
        }
        format!("Members of the group {only}")
    }

    /// Why `person` is none of `approvers`, if they are none.
    async fn not_of(&self, person: &Person, approvers: &str) -> Option<Refusal> {
        let refuse = |code, why: String, who_can| Some(Refusal { code, why, who_can });
        let principal = self.principal(person, true).await;
        let is_role = self.groups.contains_key(approvers);
        let unknown = |why: &str| {
            let why = format!("Nobody can tell now whether you may decide this: {why}.");
            refuse("standing_unknown", why, Vec::new())
        };
        let (roles, at_home) = match &principal.standing {
            Standing::Home => (&principal.roles, true),
            Standing::Partner(roles) => (roles, false),
            Standing::Unknown { why } => return unknown(why),
            Standing::Stranger => (&principal.roles, false),
        };
        if roles.iter().any(|role| role == approvers) {
            return None;
        }
        if is_role {
            let why = "The playbook lets only one role decide this, and you do not have it.".into();
            return refuse("not_approver", why, vec![approvers.into()]);
        }
        // A group of our directory has only people of our directory.
        if at_home {
            let group = [approvers.to_owned()];
            match self.directory.groups_of(&person.object_id, &group).await {
                Ok(groups) if groups.iter().any(|it| it == approvers) => return None,
                Ok(_) => {}
                Err(error) => return unknown(&error.to_string()),
            }
        }
        let why = format!("The playbook lets only members of the group {approvers} decide this.");
        refuse("not_approver", why, Vec::new())
    }
}

impl Soc {
    /// Refuses whoever is not among those who decide, if not everybody does who may approve, and
    /// records it.
    ///
    /// # Errors
    ///
    /// As for [`Soc::authorise`].
    pub(in crate::flows) async fn must_be_approver(
        &self,
        actor: &Actor,
        approvers: Option<&str>,
        incident: &str,
        correlation: &str,
    ) -> Result<(), AccessError> {
        let Some(approvers) = approvers else { return Ok(()) };
        let Actor::Person { tenant, object_id, shown_as } = actor else { return Ok(()) };
        let person =
            Person { tenant: tenant.clone(), object_id: object_id.clone(), name: shown_as.clone() };
        let Some(refusal) = self.access.not_of(&person, approvers).await else { return Ok(()) };
        Err(self.refused(actor.clone(), incident, "approve", refusal, correlation).await?)
    }

    /// Records a refusal, which is what it gives.
    pub(in crate::flows) async fn refused(
        &self,
        actor: Actor,
        incident: &str,
        action: &str,
        refusal: Refusal,
        correlation: &str,
    ) -> Result<AccessError, LedgerError> {
        let what = What::Refused {
            incident: Some(incident.into()),
            action: action.into(),
            code: refusal.code.into(),
            why: refusal.why.clone(),
        };
        self.ledger.append(Batch::one(self.fact(actor, correlation, what))).await?;
        Ok(refusal.into())
    }
}
