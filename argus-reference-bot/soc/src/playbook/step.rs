//! What a step does, and what can be done about it afterwards.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::template::Template;
use crate::event::EntityKind;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Cuts a host off the network.
    IsolateHost,
    /// Lets it back.
    ReleaseHost,
    /// Ends a user's sessions.
    RevokeToken,
    /// Blocks an account.
    DisableUser,
    /// Unblocks it.
    EnableUser,
    /// Blocks an address.
    BlockIp,
    /// Unblocks it.
    UnblockIp,
    /// Opens a ticket.
    CreateTicket,
    /// Tells people.
    Notify,
}

impl ActionKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::IsolateHost,
        Self::ReleaseHost,
        Self::RevokeToken,
        Self::DisableUser,
        Self::EnableUser,
        Self::BlockIp,
        Self::UnblockIp,
        Self::CreateTicket,
        Self::Notify,
    ];

    /// The word in playbooks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IsolateHost => "isolate_host",
            Self::ReleaseHost => "release_host",
            Self::RevokeToken => "revoke_token",
            Self::DisableUser => "disable_user",
            Self::EnableUser => "enable_user",
            Self::BlockIp => "block_ip",
            Self::UnblockIp => "unblock_ip",
            Self::CreateTicket => "create_ticket",
            Self::Notify => "notify",
        }
    }

    /// What its effect is by nature. A playbook can call it worse, never better.
    ///
    /// Ending sessions sets a time in the directory that nothing sets back, so it cannot be
    /// undone, whatever a rollback promises.
    pub const fn effect(self) -> EffectClass {
        match self {
            Self::IsolateHost
            | Self::ReleaseHost
            | Self::DisableUser
            | Self::EnableUser
            | Self::BlockIp
            | Self::UnblockIp => EffectClass::Reversible,
            Self::CreateTicket | Self::Notify => EffectClass::Compensable,
            Self::RevokeToken => EffectClass::Irreversible,
        }
    }

    /// What undoes it.
    pub const fn inverse(self) -> Option<Self> {
        match self {
            Self::IsolateHost => Some(Self::ReleaseHost),
            Self::ReleaseHost => Some(Self::IsolateHost),
            Self::DisableUser => Some(Self::EnableUser),
            Self::EnableUser => Some(Self::DisableUser),
            Self::BlockIp => Some(Self::UnblockIp),
            Self::UnblockIp => Some(Self::BlockIp),
            Self::RevokeToken | Self::CreateTicket | Self::Notify => None,
        }
    }

    /// Which kind of entity it acts on; nothing when any will do.
    pub const fn target_kind(self) -> Option<EntityKind> {
        match self {
            Self::IsolateHost | Self::ReleaseHost => Some(EntityKind::Host),
            Self::RevokeToken | Self::DisableUser | Self::EnableUser => Some(EntityKind::User),
            Self::BlockIp | Self::UnblockIp => Some(EntityKind::Ip),
            Self::CreateTicket | Self::Notify => None,
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What can be done about an effect afterwards, from harmless to final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectClass {
    /// It changes nothing.
    Read,
    /// It can be undone.
    Reversible,
    /// It can be made good.
    Compensable,
    /// It is final.
    Irreversible,
}

impl EffectClass {
    /// The word in playbooks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Reversible => "reversible",
            Self::Compensable => "compensable",
            Self::Irreversible => "irreversible",
        }
    }
}

/// What a failing step means for the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The run stops and what was done is undone.
    #[default]
    Compensate,
    /// The run stops; what was done stays.
    Fail,
    /// The run goes on.
    Continue,
}

/// One step of a playbook.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// Its name within the playbook.
    pub id: String,
    /// What it does.
    pub action: ActionKind,
    /// On what. A rollback has the target of the step that it undoes.
    pub target: Template,
    /// With what; texts in it may hold templates, which were checked.
    pub parameters: Value,
    /// The steps that must be done before.
    pub needs: Vec<String>,
    /// What its failure means.
    pub on_error: OnError,
    /// What can be done about it afterwards.
    pub effect: EffectClass,
    /// How it is undone.
    pub rollback: Option<Box<Step>>,
}
