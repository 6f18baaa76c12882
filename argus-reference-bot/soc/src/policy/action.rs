//! What people ask to do, and what it is called.

use serde::{Deserialize, Serialize};

use super::Identity;
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
    /// Say of a playbook's text whether it is good.
    ReviewPlaybook {
        /// The playbook.
        playbook: String,
    },
    /// Have a playbook's text go on to dry run, or to live.
    PromotePlaybook {
        /// The playbook.
        playbook: String,
    },
    /// Have a playbook's text used no more.
    RetirePlaybook {
        /// The playbook.
        playbook: String,
    },
    /// Stop what Argus does by itself, or let it go on.
    ManageAutomation,
}

/// What people do here, beside what steps of playbooks do.
const OWN: [&str; 13] = [
    "view",
    "acknowledge",
    "run_playbook",
    "approve",
    "deny",
    "regroup",
    "snooze",
    "suppress",
    "manage_playbooks",
    "review_playbook",
    "promote_playbook",
    "retire_playbook",
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
            Self::ReviewPlaybook { .. } => "review_playbook",
            Self::PromotePlaybook { .. } => "promote_playbook",
            Self::RetirePlaybook { .. } => "retire_playbook",
            Self::ManageAutomation => "manage_automation",
        }
    }

    /// The action of this name, about an incident and a target, as somebody writes it who asks a
    /// question; a run and a playbook are named like the incident.
    ///
    /// ```
    /// use argus_soc::policy::Action;
    /// assert_eq!(Action::named("view", "INC-1", "ws-1"), Some(Action::View));
    /// assert_eq!(Action::named("fly", "INC-1", "ws-1"), None);
    /// ```
    pub fn named(name: &str, incident: &str, target: &str) -> Option<Self> {
        let incident = incident.to_owned();
        Some(match name {
            "view" => Self::View,
            "acknowledge" => Self::Acknowledge { incident },
            "run_playbook" => Self::RunPlaybook { playbook: incident.clone(), incident },
            "approve" => Self::Approve { run: incident, requester: None },
            "deny" => Self::Deny { run: incident },
            "regroup" => Self::Regroup { incident },
            "snooze" => Self::Snooze { incident },
            "suppress" => Self::Suppress,
            "manage_playbooks" => Self::ManagePlaybooks,
            "review_playbook" => Self::ReviewPlaybook { playbook: incident },
            "promote_playbook" => Self::PromotePlaybook { playbook: incident },
            "retire_playbook" => Self::RetirePlaybook { playbook: incident },
            "manage_automation" => Self::ManageAutomation,
            _ => {
                let action = *ActionKind::ALL.iter().find(|kind| kind.name() == name)?;
                Self::Act { incident, action, target: target.to_owned() }
            }
        })
    }

    /// Whether something is done to an asset, so that rules may ask what depends on it.
    pub const fn has_asset(&self) -> bool {
        matches!(self, Self::Act { .. } | Self::RunPlaybook { .. } | Self::Approve { .. })
    }

    /// Whether the caller must look the person's groups up again instead of using a cache.
    pub const fn high_impact(&self) -> bool {
        match self {
            Self::Act { action, .. } => action.high_impact(),
            Self::RunPlaybook { .. }
            | Self::Approve { .. }
            | Self::Deny { .. }
            | Self::Suppress
            | Self::ManagePlaybooks
            | Self::ReviewPlaybook { .. }
            | Self::PromotePlaybook { .. }
            | Self::RetirePlaybook { .. }
            | Self::ManageAutomation => true,
            _ => false,
        }
    }
}
