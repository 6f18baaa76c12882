//! All simulated systems together, with one fault script.

use std::io;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use argus_bot_sdk::Clock;
use argus_bot_sdk::testing::wire::FakeServer;
use argus_bot_sdk::testing::{APP_ID, APP_SECRET, AppRegistration, FakeEntra, FakeTeams, Faults};
use jiff::Timestamp;

use crate::azure::Azure;
use crate::cloud::{self, AZURE, Cloud, MACHINE_ISOLATE, VAULT, World};
use crate::defender::{Defender, Machine};
use crate::firewall::Firewall;
use crate::jira::Jira;
use crate::people::{HOME_TENANT, People, Person};
use crate::servicenow::ServiceNow;
use crate::sharepoint::{self, LIBRARY, SITE, SITES_SELECTED, SharePoint};
use crate::vault::Vault;

/// The channel into which the bot writes unless told otherwise.
const CHANNEL: &str = "19:soc-alerts@thread.tacv2";
const CHANNEL_NAME: &str = "SOC alerts";
/// The bot's name in Teams.
pub(crate) const BOT_NAME: &str = "Argus";
/// Long enough to be seen, short enough to be waited for.
const DEMO_SETTLE: Duration = Duration::from_secs(3);

/// What is simulated.
///
/// ```
/// use std::time::Duration;
/// use argus_sim::{Machine, SimConfig};
///
/// let config = SimConfig::default()
///     .settle(Duration::from_millis(300))
///     .machine(Machine::new("5e…", "lab-7.fjordbank.example").offline());
/// ```
#[derive(Clone, Debug)]
#[must_use = "Sim::start takes it"]
pub struct SimConfig {
    clock: Option<Arc<dyn Clock>>,
    settle: Duration,
    machines: Vec<Machine>,
    people: People,
    port: u16,
    channel: String,
    channel_name: String,
}

impl Default for SimConfig {
    /// The invented organisation, with actions that are done at once: for tests.
    fn default() -> Self {
        Self {
            clock: None,
            settle: Duration::ZERO,
            machines: Machine::samples(),
            people: People::default(),
            port: 0,
            channel: CHANNEL.to_owned(),
            channel_name: CHANNEL_NAME.to_owned(),
        }
    }
}

impl SimConfig {
    /// The same, with actions that take three seconds: for people who watch.
    pub fn demo() -> Self {
        Self::default().settle(DEMO_SETTLE)
    }

    /// All systems follow this clock instead of the computer's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// How long Defender needs to carry an action out.
    pub fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// Defender knows this machine too.
    pub fn machine(mut self, machine: Machine) -> Self {
        self.machines.push(machine);
        self
    }

    /// Other people, or other groups.
    pub fn people(mut self, people: People) -> Self {
        self.people = people;
        self
    }

    /// The port for Graph, Defender, ServiceNow and `/_sim`; any free one unless said.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Another channel than [`Sim::channel_id`] gives by default.
    pub fn channel(mut self, id: impl Into<String>, name: impl Into<String>) -> Self {
        self.channel = id.into();
        self.channel_name = name.into();
        self
    }
}

/// A small Microsoft on loopback. A clone is the same one; it stops with the last clone.
///
/// ```
/// use argus_sim::{Sim, SimConfig};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let sim = Sim::start(SimConfig::default()).await?;
/// assert!(sim.defender_url().starts_with("http://127.0.0.1:"));
/// assert_eq!(sim.faults().totals().len(), 0);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Sim {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    entra: FakeEntra,
    teams: FakeTeams,
    cloud: Arc<Cloud>,
    server: FakeServer,
    _content: FakeServer,
    channel: String,
    channel_name: String,
}

/// The state of the systems while somebody looks at it or changes it. Keep it short: the systems
/// wait.
#[derive(Debug)]
pub struct Hold<'a>(MutexGuard<'a, World>);

impl Sim {
    /// Starts everything.
    ///
    /// # Errors
    ///
    /// The socket error if a loopback port cannot be bound.
    pub async fn start(config: SimConfig) -> io::Result<Self> {
        let app = AppRegistration::new(APP_ID, APP_SECRET)
            .role(MACHINE_ISOLATE)
            .role("User.Read.All")
            .role("GroupMember.Read.All")
            .role(SITES_SELECTED);
        let mut entra =
            FakeEntra::builder().faults(Faults::new()).tenant(HOME_TENANT).app(app).resource(AZURE);
        entra = entra.resource(VAULT);
        if let Some(clock) = config.clock {
            entra = entra.clock(clock);
        }
        let entra = entra.start().await?;
        let teams =
            FakeTeams::builder(&entra).bot(APP_ID, BOT_NAME).tenant(HOME_TENANT).start().await?;
        let members = config.people.all().iter().map(Person::in_teams);
        teams.open_channel(&config.channel, &config.channel_name, members);
        let world = World {
            defender: Defender::new(config.machines, config.settle),
            servicenow: ServiceNow::default(),
            sharepoint: SharePoint::default(),
            azure: Azure::default(),
            jira: Jira::default(),
            firewall: Firewall::default(),
            vault: Vault::default(),
            people: config.people,
        };
        let (cloud, server) = Cloud::start(config.port, entra.clone(), world).await?;
        let contents = Arc::clone(&cloud);
        let content = FakeServer::start(move |request| {
            let cloud = Arc::clone(&contents);
            async move { cloud.content(&request).await }
        })
        .await?;
        cloud.world().sharepoint.content_at(content.url());
        let (channel, channel_name) = (config.channel, config.channel_name);
        let parts = Parts { entra, teams, cloud, server, _content: content, channel, channel_name };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// The simulated Entra.
    pub fn entra(&self) -> &FakeEntra {
        &self.parts.entra
    }

    /// The simulated Teams.
    pub fn teams(&self) -> &FakeTeams {
        &self.parts.teams
    }

    /// The fault script and the effect counters of all systems.
    pub fn faults(&self) -> &Faults {
        self.parts.entra.faults()
    }

    /// Base of Graph, in place of `https://graph.microsoft.com`.
    pub fn graph_url(&self) -> String {
        self.parts.server.url()
    }

    /// Base of Defender, in place of `https://api.securitycenter.microsoft.com`.
    pub fn defender_url(&self) -> String {
        self.parts.server.url()
    }

    /// Base of ServiceNow, in place of `https://INSTANCE.service-now.com`.
    pub fn servicenow_url(&self) -> String {
        self.parts.server.url()
    }

    /// Base of Key Vault, in place of `https://VAULT.vault.azure.net`.
    pub fn vault_url(&self) -> String {
        self.parts.server.url()
    }

    /// A folder of the SharePoint library, as the setting `templates.source` names it.
    pub fn sharepoint_place(&self, folder: &str) -> String {
        format!("{SITE}/{LIBRARY}/{folder}")
    }

    /// Tells everybody who has subscribed to the SharePoint library that something has changed, or
    /// of an event in the life of the subscription. Says how many took it.
    pub async fn tell_subscribers(&self, lifecycle: Option<&str>) -> usize {
        let notices = self.hold().sharepoint().notices(lifecycle);
        sharepoint::tell(notices).await
    }

    /// The control endpoints, `…/_sim`.
    pub fn control_url(&self) -> String {
        format!("{}/_sim", self.parts.server.url())
    }

    /// Where the bot gets its tokens.
    pub fn token_url(&self) -> String {
        self.parts.entra.token_url(HOME_TENANT)
    }

    /// Where the bot finds the keys of Teams' tokens.
    pub fn metadata_url(&self) -> String {
        self.parts.entra.metadata_url()
    }

    /// The Connector's address, as activities name it.
    pub fn service_url(&self) -> String {
        self.parts.teams.service_url()
    }

    /// The bot's app id.
    pub fn app_id(&self) -> &'static str {
        APP_ID
    }

    /// The bot's client secret.
    pub fn app_secret(&self) -> &'static str {
        APP_SECRET
    }

    /// The organisation's tenant.
    pub fn tenant_id(&self) -> &'static str {
        HOME_TENANT
    }

    /// The channel in which the people and the bot meet.
    pub fn channel_id(&self) -> &str {
        &self.parts.channel
    }

    /// That channel's name.
    pub fn channel_name(&self) -> &str {
        &self.parts.channel_name
    }

    /// Everybody, as they are now.
    pub fn people(&self) -> People {
        self.parts.cloud.world().people.clone()
    }

    /// Holds the systems still, to look at them or to change them.
    pub fn hold(&self) -> Hold<'_> {
        Hold(self.parts.cloud.world())
    }

    /// What time it is in the simulated world.
    pub fn now(&self) -> Timestamp {
        self.parts.cloud.now()
    }

    /// What really happened, by `system.operation/key`.
    pub fn effects(&self) -> std::collections::BTreeMap<String, u64> {
        cloud::effects(self.faults())
    }
}

impl Hold<'_> {
    /// The people and their groups.
    pub fn people(&mut self) -> &mut People {
        &mut self.0.people
    }

    /// The machines and what was done to them.
    pub fn defender(&mut self) -> &mut Defender {
        &mut self.0.defender
    }

    /// The SharePoint library.
    pub fn sharepoint(&mut self) -> &mut SharePoint {
        &mut self.0.sharepoint
    }

    /// Sentinel and Logic Apps.
    pub fn azure(&mut self) -> &mut Azure {
        &mut self.0.azure
    }

    /// Jira.
    pub fn jira(&mut self) -> &mut Jira {
        &mut self.0.jira
    }

    /// The firewall.
    pub fn firewall(&mut self) -> &mut Firewall {
        &mut self.0.firewall
    }

    /// The vault.
    pub fn vault(&mut self) -> &mut Vault {
        &mut self.0.vault
    }

    /// The tickets.
    pub fn servicenow(&mut self) -> &mut ServiceNow {
        &mut self.0.servicenow
    }
}
