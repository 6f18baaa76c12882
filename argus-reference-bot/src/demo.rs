//! The whole product on loopback: the bot, a small simulated Microsoft, and a channel page.
//!
//! Nothing is short-cut: alerts go through `/ingest` with real signatures, clicks through
//! `/api/messages` with real tokens, effects through the connectors to the simulator.

mod feed;
mod samples;
mod web;

use std::path::{Path, PathBuf};
use std::time::Duration;

use argus_sim::{
    ARGUS_ADMINISTRATORS, FIREWALL_TOKEN, PARTNER_TENANT, SERVICENOW_PASSWORD, SERVICENOW_USER,
};
use argus_sim::{Page, PageConfig, SOC_ENGINEERS, Sim, SimConfig};
use tokio::sync::watch;

use self::feed::DemoFeed;
use crate::app::{App, AppError};
use crate::config::{self, Config, ConfigError};
use crate::flows::correlation_id;

pub use self::web::{NoPage, Progress, page_folder};

/// Between two alerts that the demo sends by itself.
const PAUSE: Duration = Duration::from_millis(1_500);

/// What the demo needs.
#[derive(Debug)]
pub struct DemoConfig {
    /// The page's port; 0 is any free one.
    pub port: u16,
    /// Where the store, keys and settings are.
    pub data_dir: PathBuf,
    /// The built page; without one, the channel is shown as text.
    pub web_root: Option<PathBuf>,
    /// The folder of card templates; by default the one of the repository.
    pub templates: Option<PathBuf>,
}

/// Why the demo does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A folder or a port cannot be used.
    #[error("{what} cannot be used")]
    Io {
        /// Which.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The page cannot be served.
    #[error("the page cannot be served")]
    Page(#[from] argus_sim::PageError),
    /// The bot does not start.
    #[error("the bot does not start")]
    App(#[from] AppError),
}

impl From<ConfigError> for DemoError {
    fn from(error: ConfigError) -> Self {
        Self::App(error.into())
    }
}

/// A running demo.
#[derive(Debug)]
pub struct Demo {
    app: App,
    page: Page,
    sim: Sim,
    bot_url: String,
    feed: std::sync::Arc<DemoFeed>,
}

impl Demo {
    /// Starts the simulator, the bot and the page.
    ///
    /// # Errors
    ///
    /// [`DemoError`] says what cannot be used.
    pub async fn start(demo: DemoConfig) -> Result<Self, DemoError> {
        let io = |what: &Path| {
            let what = what.display().to_string();
            move |source| DemoError::Io { what, source }
        };
        std::fs::create_dir_all(&demo.data_dir).map_err(io(&demo.data_dir))?;
        let sim = Sim::start(SimConfig::demo())
            .await
            .map_err(|source| DemoError::Io { what: "a port for the simulator".into(), source })?;
        let samples = samples::write(&demo.data_dir).map_err(io(&demo.data_dir))?;
        let templates = demo.templates.unwrap_or_else(|| web::repository().join("card-templates"));
        let key = correlation_id();
        let settings = settings(&sim, &demo.data_dir, &templates, &samples, &key)
            .map_err(io(&demo.data_dir))?;
        let app = App::build(&settings).await?;
        let address = app
            .address()
            .map_err(|source| DemoError::Io { what: "the bot's address".into(), source })?;
        let bot_url = format!("http://{address}");
        let feed = std::sync::Arc::new(DemoFeed::new(app.soc(), &bot_url, &key)?);
        let page = Page::start(PageConfig {
            sim: sim.clone(),
            bot_url: bot_url.clone(),
            web_root: demo.web_root,
            port: demo.port,
            feed: std::sync::Arc::<DemoFeed>::clone(&feed),
        })
        .await?;
        Ok(Self { app, page, sim, bot_url, feed })
    }

    /// Where the page is.
    pub fn page_url(&self) -> String {
        self.page.url()
    }

    /// Where the bot is.
    pub fn bot_url(&self) -> &str {
        &self.bot_url
    }

    /// Where faults can be scripted and effects be counted.
    pub fn control_url(&self) -> String {
        self.sim.control_url()
    }

    /// Runs until `stop` is ready, sending alerts of several products at the start.
    ///
    /// # Errors
    ///
    /// Why the bot stopped.
    pub async fn run(
        self,
        stop: impl Future<Output = ()>,
        mut told: impl FnMut(&str),
    ) -> Result<(), DemoError> {
        let Self { app, page, sim, feed, .. } = self;
        let (halt, mut halted) = watch::channel(false);
        let stopping = async move {
            stop.await;
            halt.send_replace(true);
        };
        let mut serving = std::pin::pin!(app.run(stopping));
        let feeding = async {
            for (at, alert) in samples::ALERTS.iter().enumerate() {
                if at > 0 {
                    tokio::select! {
                        () = tokio::time::sleep(PAUSE) => {}
                        _ = halted.changed() => return,
                    }
                }
                told(&feed.send(alert).await);
            }
        };
        let mut feeding = std::pin::pin!(feeding);
        let ended = tokio::select! {
            ended = &mut serving => ended,
            () = &mut feeding => serving.await,
        };
        drop((page, sim));
        Ok(ended?)
    }
}

/// The settings of the demo's bot: those of a real one, pointed at the simulator. They are written
/// beside the store, so that `argus audit verify --config` and curious people find them.
fn settings(
    sim: &Sim,
    data: &Path,
    templates: &Path,
    samples: &samples::Written,
    key: &str,
) -> std::io::Result<Config> {
    let secret = |name: &str, value: &str| {
        let path = data.join(name);
        private(&path, value).map(|()| quoted(&format!("file:{}", path.display())))
    };
    let bot_secret = secret("bot.secret", sim.app_secret())?;
    let hmac = secret("ingest.secret", key)?;
    let password = secret("servicenow.secret", SERVICENOW_PASSWORD)?;
    let wall = secret("firewall.secret", FIREWALL_TOKEN)?;
    let text = format!(
        r#"# Written by `argus demo`; every address is the simulator's.
[server]
listen = "127.0.0.1:0"
[store]
url = {store}
[bot]
app_id = {app_id}
tenant_id = {tenant}
credential = {{ secret = {bot_secret} }}
openid_metadata_url = {metadata}
token_url = {token}
graph_url = {graph}
default_service_url = {service}
allowed_service_urls = [{service}]
[templates]
source = {templates}
[playbooks]
source = {playbooks}
[ingest.sources.demo]
kind = "auto"
auth = {{ hmac = {hmac} }}
[[routes]]
to = {{ conversation = {channel} }}
[rbac.roles.soc_engineer]
groups = [{engineers}]
label = "SOC Engineers"
[rbac.roles.argus_admin]
groups = [{admins}]
label = "Argus Administrators"
[rbac.trust.{partner}]
roles = ["viewer"]
[itsm.servicenow]
kind = "servicenow"
url = {servicenow}
user = {user}
password = {password}
[connectors.defender]
kind = "defender"
url = {defender}
[connectors.entra]
kind = "entra"
url = {graph}
[connectors.firewall]
kind = "firewall"
url = {defender}
token = {wall}
[enrichment]
assets = {assets}
intel = {intel}
"#,
        store = quoted(&format!("sqlite:{}", data.join("argus.db").display())),
        app_id = quoted(sim.app_id()),
        tenant = quoted(sim.tenant_id()),
        metadata = quoted(&sim.metadata_url()),
        token = quoted(&sim.token_url()),
        graph = quoted(&sim.graph_url()),
        service = quoted(&sim.service_url()),
        templates = quoted(&format!("folder:{}", templates.display())),
        playbooks = quoted(&format!("folder:{}", samples.playbooks.display())),
        channel = quoted(sim.channel_id()),
        engineers = quoted(SOC_ENGINEERS),
        admins = quoted(ARGUS_ADMINISTRATORS),
        partner = quoted(PARTNER_TENANT),
        servicenow = quoted(&sim.servicenow_url()),
        user = quoted(SERVICENOW_USER),
        defender = quoted(&sim.defender_url()),
        assets = quoted(&format!("file:{}", samples.assets.display())),
        intel = quoted(&format!("file:{}", samples.intel.display())),
    );
    std::fs::write(data.join("argus.toml"), &text)?;
    config::parse("argus.toml", &text, []).map_err(std::io::Error::other)
}

/// Writes a file that only its owner can read.
fn private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file =
        std::fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// Text as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
