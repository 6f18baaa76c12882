//! Why the answer is what it is, rule by rule.

use serde::Serialize;

use super::{Action, Circumstances, Policy, Principal, Refusal, Rule, Standing};

/// What one rule says about a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The rule.
    pub rule: Rule,
    /// Whether it says yes.
    pub yes: bool,
    /// Why, in words.
    pub why: String,
}

/// The answer to a question, and every rule's part in it.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The role that decides, if the answer is yes.
    pub role: Option<String>,
    /// The answer, if it is no.
    pub refusal: Option<Refusal>,
    /// Each rule, in the order in which they are looked at.
    pub rules: Vec<Reason>,
    /// The roles that may do it, somewhere and at some time.
    pub who_can: Vec<String>,
}

impl Policy {
    /// What [`permit_in`](Policy::permit_in) answers, and why, rule by rule. No permit comes of it.
    ///
    /// ```
    /// use argus_soc::policy::{Action, Circumstances, Policy, Principal, Standing};
    ///
    /// let ann = Principal {
    ///     tenant: "home".into(),
    ///     object_id: "ann".into(),
    ///     roles: vec!["viewer".into()],
    ///     standing: Standing::Home,
    /// };
    /// let said = Policy::default().explain(&ann, &Action::Suppress, &Circumstances::default());
    /// assert_eq!(said.refusal.map(|it| it.code), Some("no_role"));
    /// assert_eq!(said.who_can, ["argus_admin", "soc_engineer"]);
    /// ```
    pub fn explain(
        &self,
        who: &Principal,
        action: &Action,
        circumstances: &Circumstances,
    ) -> Explanation {
        let roles = match &who.standing {
            Standing::Partner(trusted) => trusted,
            _ => &who.roles,
        };
        let reasons = self.lines.iter().map(|line| {
            let (yes, why) = if !line.actions.contains(action.name()) {
                (false, format!("it does not grant {}", action.name()))
            } else if !roles.contains(&line.rule.role) {
                (false, format!("the person does not have the role {}", line.rule.role))
            } else if let Some(limit) = line.limit(who, action, circumstances) {
                (false, format!("it holds {limit}"))
            } else {
                (true, "the person has the role, and it holds here and now".to_owned())
            };
            Reason { rule: line.rule.clone(), yes, why }
        });
        let answer = self.permit_in(who, action.clone(), circumstances);
        Explanation {
            role: answer.as_ref().ok().map(|it| it.evidence().role.clone()),
            refusal: answer.err(),
            rules: reasons.collect(),
            who_can: self.who_can(action.name()),
        }
    }
}
