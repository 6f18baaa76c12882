//! The account of an agent that works like a person.

use crate::Activity;
use crate::event::{Event, carried};
use crate::record::{open_enum, record};

open_enum! {
    /// What became of an agent's account.
    pub enum AgentLifecycleKind {
        /// It was made.
        IdentityCreated = "AgenticUserIdentityCreated",
        /// One of its properties changed.
        IdentityUpdated = "AgenticUserIdentityUpdated",
        /// It has another manager.
        ManagerUpdated = "AgenticUserManagerUpdated",
        /// It may work.
        Enabled = "AgenticUserEnabled",
        /// It may not work.
        Disabled = "AgenticUserDisabled",
        /// It was deleted.
        Deleted = "AgenticUserDeleted",
        /// It was brought back.
        Undeleted = "AgenticUserUndeleted",
        /// It was set up for a product, or failed to be.
        WorkloadOnboardingUpdated = "AgenticUserWorkloadOnboardingUpdated",
    }
}

record! {
    /// What is said about an agent's account.
    pub struct AgentValue {
        /// The tenant.
        tenant_id: String = "tenantId",
        /// The account's Entra object id.
        agentic_user_id: String = "agenticUserId",
        /// The app's instance that uses it.
        agentic_app_instance_id: String = "agenticAppInstanceId",
        /// The blueprint of which it was made.
        agent_identity_blueprint_id: String = "agentIdentityBlueprintId",
        /// The kind once more, beginning with a small letter.
        event_type: String = "eventType",
        /// Counts the changes; a smaller number is older news.
        version: u64 = "version",
        /// Who answers for the agent.
        manager: AgentManager = "manager",
        /// Until when it may work, as RFC 3339 text.
        expiration_date_time: String = "expirationDateTime",
        /// What changed.
        updated_property: UpdatedProperty = "updatedProperty",
        /// Why it was deleted.
        deletion_reason: String = "deletionReason",
        /// The product for which it was set up.
        workload_name: String = "workloadName",
        /// How far that is.
        workload_onboarding_state: String = "workloadOnboardingState",
    }
}

record! {
    /// Who answers for an agent.
    pub struct AgentManager {
        /// Their Entra object id, when the account was made.
        user_id: String = "userId",
        /// Their Entra object id, when the manager changed.
        manager_id: String = "managerId",
        /// Their address.
        email: String = "email",
        /// Their name.
        display_name: String = "displayName",
    }
}

record! {
    /// A property that changed.
    pub struct UpdatedProperty {
        /// Its name, such as `Mail`.
        property_name: String = "propertyName",
        /// What it is now.
        property_value: String = "propertyValue",
    }
}

/// Something became of an agent's account.
///
/// ```
/// use argus_bot_sdk::Activity;
/// use argus_bot_sdk::event::{AgentLifecycle, AgentLifecycleKind, Event as _};
///
/// let disabled: Activity = serde_json::from_str(
///     r#"{ "type": "event", "name": "agentLifecycle", "valueType": "AgenticUserDisabled",
///          "value": { "version": 7 } }"#,
/// )?;
/// let heard = AgentLifecycle::of(&disabled).unwrap();
/// assert_eq!((heard.kind, heard.value.version), (AgentLifecycleKind::Disabled, Some(7)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AgentLifecycle {
    /// What became of it; `Other` with an empty name if that is not said.
    pub kind: AgentLifecycleKind,
    /// What is said about it.
    pub value: AgentValue,
}

impl Event for AgentLifecycle {
    fn of(activity: &Activity) -> Option<Self> {
        let value: AgentValue = carried(activity, "agentLifecycle")?;
        let kind = activity.value_type.as_deref().or(value.event_type.as_deref());
        // The two names differ in the first letter only.
        Some(Self { kind: AgentLifecycleKind::from_any_case(kind.unwrap_or_default()), value })
    }
}
