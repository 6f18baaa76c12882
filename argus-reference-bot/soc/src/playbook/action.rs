//! What a step can do: one table, and everything that follows from a row of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::step::EffectClass;
use crate::effect::Guarantee;
use crate::event::EntityKind;

/// What two runs may not do at the same time, and need not do twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// This action on this target: a host is cut off once, whoever asks.
    Target,
    /// This action for this incident: an incident has one ticket.
    Incident,
    /// Nothing: two comments are two comments.
    Nothing,
}

/// A row of the table.
#[derive(Debug)]
struct Row {
    name: &'static str,
    label: &'static str,
    done: &'static str,
    effect: EffectClass,
    guarantee: Guarantee,
    shared: Shared,
    target: Option<EntityKind>,
    inverse: Option<ActionKind>,
    contains: bool,
}

macro_rules! actions {
    ($(
        $(#[$doc:meta])*
        $kind:ident $name:literal $label:literal $done:literal:
            $effect:ident, $guarantee:ident, per $shared:ident
            $(, on $target:ident)? $(, undone by $inverse:ident)? $(=> $contains:ident)?;
    )*) => {
        /// What a step does.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum ActionKind {
            $($(#[$doc])* $kind,)*
        }

        impl ActionKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            const fn row(self) -> &'static Row {
                match self {
                    $(Self::$kind => &Row {
                        name: $name,
                        label: $label,
                        done: $done,
                        effect: EffectClass::$effect,
                        guarantee: Guarantee::$guarantee,
                        shared: Shared::$shared,
                        target: actions!(@kind $($target)?),
                        inverse: actions!(@inverse $($inverse)?),
                        contains: actions!(@contains $($contains)?),
                    },)*
                }
            }
        }
    };
    (@kind) => { None };
    (@kind $target:ident) => { Some(EntityKind::$target) };
    (@inverse) => { None };
    (@inverse $inverse:ident) => { Some(Self::$inverse) };
    (@contains) => { false };
    (@contains contains) => { true };
}

actions! {
    /// Cuts a host off the network.
    IsolateHost "isolate_host" "Isolate host" "Isolated":
        Reversible, Probeable, per Target, on Host, undone by ReleaseHost => contains;
    /// Lets it back.
    ReleaseHost "release_host" "Release host" "Released":
        Reversible, Probeable, per Target, on Host, undone by IsolateHost;
    /// Lets the EDR look for malware on a host.
    ScanHost "scan_host" "Scan host" "Scanned":
        Read, Rerunnable, per Target, on Host;
    /// Collects what an investigation of a host needs.
    CollectPackage "collect_package" "Collect evidence of host" "Collected":
        Read, Probeable, per Target, on Host;
    /// Stops a file on a host and locks it away; no API of ours brings it back.
    QuarantineFile "quarantine_file" "Quarantine a file on host" "Quarantined":
        Irreversible, Probeable, per Nothing, on Host => contains;
    /// Ends a user's sessions. It sets a time in the directory that nothing sets back, so it cannot
    /// be undone, whatever a rollback promises.
    RevokeToken "revoke_token" "Revoke sessions of" "Revoked":
        Irreversible, Rerunnable, per Target, on User => contains;
    /// Blocks an account.
    DisableUser "disable_user" "Disable user" "Disabled":
        Reversible, Natural, per Target, on User, undone by EnableUser => contains;
    /// Unblocks it.
    EnableUser "enable_user" "Enable user" "Enabled":
        Reversible, Natural, per Target, on User, undone by DisableUser;
    /// Lets a user choose a new password at the next sign-in.
    ForcePasswordChange "force_password_change" "Ask for a new password of" "Asked":
        Irreversible, Natural, per Target, on User;
    /// Blocks an address.
    BlockIp "block_ip" "Block address" "Blocked":
        Reversible, Natural, per Target, on Ip, undone by UnblockIp => contains;
    /// Unblocks it.
    UnblockIp "unblock_ip" "Unblock address" "Unblocked":
        Reversible, Natural, per Target, on Ip, undone by BlockIp;
    /// Opens a ticket.
    CreateTicket "create_ticket" "Create a ticket for" "Created":
        Compensable, Probeable, per Incident;
    /// Adds a note to the incident's ticket.
    CommentTicket "comment_ticket" "Comment the ticket of" "Commented":
        Compensable, Probeable, per Nothing;
    /// Moves the incident's ticket on.
    TransitionTicket "transition_ticket" "Move the ticket of" "Moved":
        Compensable, Probeable, per Nothing;
    /// Adds a comment to the incident in the SIEM.
    CommentIncident "comment_incident" "Comment the incident of" "Commented":
        Compensable, Natural, per Nothing;
    /// Adds a task to the incident in the SIEM.
    AddIncidentTask "add_incident_task" "Add a task for" "Added":
        Compensable, Natural, per Nothing;
    /// Changes status, owner, severity or classification of the incident in the SIEM.
    UpdateIncident "update_incident" "Update the incident of" "Updated":
        Compensable, Natural, per Nothing;
    /// Runs a playbook of the SIEM on its incident; nobody here knows what it does.
    RunSentinelPlaybook "run_sentinel_playbook" "Run a Sentinel playbook for" "Run":
        Irreversible, Unprobeable, per Nothing;
    /// Runs a workflow of Logic Apps; nobody here knows what it does.
    RunLogicApp "run_logic_app" "Run a workflow for" "Run":
        Irreversible, Probeable, per Nothing;
    /// Calls an address that the settings allow; nobody here knows what that does.
    HttpRequest "http_request" "Call a service for" "Called":
        Irreversible, Unprobeable, per Nothing;
    /// Tells people.
    Notify "notify" "Notify about" "Told":
        Compensable, Unprobeable, per Nothing;
    /// Asks a user whether it was they.
    AskUser "ask_user" "Ask" "Asked":
        Compensable, Unprobeable, per Nothing, on User;
    /// Lets time pass.
    Wait "wait" "Wait for" "Waited":
        Read, Natural, per Nothing;
}

impl ActionKind {
    /// The word in playbooks, rules of the policy and records.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// What a card says before the target: `Isolate host`.
    pub const fn label(self) -> &'static str {
        self.row().label
    }

    /// What a card says once it is done: `Isolated`.
    pub const fn done(self) -> &'static str {
        self.row().done
    }

    /// What its effect is by nature. A playbook can call it worse, never better.
    pub const fn effect(self) -> EffectClass {
        self.row().effect
    }

    /// What is known of an effect whose answer was lost.
    pub const fn guarantee(self) -> Guarantee {
        self.row().guarantee
    }

    /// What two runs do not do twice.
    pub const fn shared(self) -> Shared {
        self.row().shared
    }

    /// What undoes it.
    pub const fn inverse(self) -> Option<Self> {
        self.row().inverse
    }

    /// Which kind of entity it acts on; nothing when any will do.
    pub const fn target_kind(self) -> Option<&'static EntityKind> {
        self.row().target.as_ref()
    }

    /// Whether it takes the ground from under an attacker.
    pub const fn contains_threat(self) -> bool {
        self.row().contains
    }

    /// Whether it touches what people work with, so that the caller's groups are looked up again.
    pub const fn high_impact(self) -> bool {
        matches!(self.effect(), EffectClass::Reversible | EffectClass::Irreversible)
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_table_are_those_that_records_carry() {
        for kind in ActionKind::ALL {
            let written = serde_json::to_value(kind).expect("a word");
            assert_eq!(written, kind.name());
        }
    }

    #[test]
    fn what_undoes_is_undone_by_what_it_undoes() {
        for kind in ActionKind::ALL {
            let Some(inverse) = kind.inverse() else { continue };
            assert_eq!(inverse.inverse(), Some(*kind));
            assert_eq!(inverse.target_kind(), kind.target_kind());
            assert_eq!(kind.effect(), EffectClass::Reversible, "{kind}");
        }
    }
}
