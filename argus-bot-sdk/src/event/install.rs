//! The app is installed, removed or upgraded.

use crate::activity::teams::{Channel, Team};
use crate::event::Event;
use crate::record::open_enum;
use crate::{Activity, ActivityKind};

open_enum! {
    /// What became of the app.
    pub enum InstallationAction {
        /// It was installed.
        Add = "add",
        /// It was removed.
        Remove = "remove",
        /// A newer version was installed.
        AddUpgrade = "add-upgrade",
        /// An older version was removed for a newer one.
        RemoveUpgrade = "remove-upgrade",
    }
}

/// The app was installed, removed or upgraded.
///
/// ```
/// use argus_bot_sdk::Activity;
/// use argus_bot_sdk::event::{Event as _, InstallationAction, InstallationUpdate};
///
/// let activity: Activity =
///     serde_json::from_str(r#"{ "type": "installationUpdate", "action": "add-upgrade" }"#)?;
/// let update = InstallationUpdate::of(&activity).unwrap();
/// assert_eq!(update.action, InstallationAction::AddUpgrade);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InstallationUpdate {
    /// What became of it; `Other` with an empty name if that is not said.
    pub action: InstallationAction,
    /// The team, if it was a team's.
    pub team: Option<Team>,
    /// The channel that was chosen for it.
    pub selected_channel: Option<Channel>,
}

impl Event for InstallationUpdate {
    fn of(activity: &Activity) -> Option<Self> {
        if activity.kind != ActivityKind::InstallationUpdate {
            return None;
        }
        let data = activity.teams_data();
        Some(Self {
            action: InstallationAction::from(activity.action.as_deref().unwrap_or_default()),
            team: data.team,
            selected_channel: data.settings.and_then(|settings| settings.selected_channel),
        })
    }
}
