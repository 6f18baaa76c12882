//! Teams and their channels.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Call, Connector, Metered, SendError};

/// Asks about teams that the bot is in.
///
/// ```
/// use argus_bot_sdk::connector::Teams;
/// use argus_bot_sdk::testing::{Person, TestTeams};
/// use argus_bot_sdk::Router;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let world = TestTeams::start(Router::new()).await?;
/// let team = world.teams().channel("SOC alerts", [Person::new("Alice Berg")]);
///
/// let url = world.teams().service_url();
/// let teams = Teams::new(world.connector(), &url);
/// assert_eq!(teams.details(&team).await?.member_count, Some(1));
/// assert_eq!(teams.channels(&team).await?[0].id, team);
/// # Ok(()) }
/// ```
#[must_use]
pub struct Teams<'a, C: ?Sized> {
    connector: &'a C,
    service_url: &'a str,
}

impl<'a, C: Connector + ?Sized> Teams<'a, C> {
    /// Asks the Connector at this service URL.
    pub fn new(connector: &'a C, service_url: &'a str) -> Self {
        Self { connector, service_url }
    }

    /// What a team is called and how large it is.
    ///
    /// # Errors
    ///
    /// [`SendError::kind`] says why nothing was told.
    pub async fn details(&self, team_id: &str) -> Result<TeamDetails, SendError> {
        self.connector.perform(self.get(team_id)).await?.json()
    }

    /// The channels of a team. The first one that every team has comes without a name.
    ///
    /// # Errors
    ///
    /// As for [`details`](Self::details).
    pub async fn channels(&self, team_id: &str) -> Result<Vec<ChannelInfo>, SendError> {
        #[derive(Deserialize)]
        struct Channels {
            conversations: Vec<ChannelInfo>,
        }
        let call = self.get(team_id).at(["conversations"]);
        Ok(self.connector.perform(call).await?.json::<Channels>()?.conversations)
    }

    fn get(&self, team_id: &str) -> Call {
        let mut call = Call::new(Method::GET, self.service_url).at(["v3", "teams", team_id]);
        team_id.clone_into(&mut call.conversation);
        call.metered(Metered::Read)
    }
}

impl<C: ?Sized> std::fmt::Debug for Teams<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Teams").finish_non_exhaustive()
    }
}

/// A team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TeamDetails {
    /// The id, which is that of its first channel.
    pub id: String,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The Entra group behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aad_group_id: Option<String>,
    /// How many channels it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_count: Option<u64>,
    /// How many people are in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_count: Option<u64>,
    /// What else Teams says.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A channel of a team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChannelInfo {
    /// The conversation id.
    pub id: String,
    /// The name; none for the first channel, which clients name in their language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `standard`, `private` or `shared`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What else Teams says.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
