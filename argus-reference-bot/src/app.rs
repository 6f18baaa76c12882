//! Puts Argus together: the only file that names both a port and its adapter.
//!
//! Long because it is the one list of what is wired to what; each function wires one thing.

mod anchor;
mod connectors;
mod knowledge;
pub(crate) mod playbooks;
pub(crate) mod secrets;
mod store;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::auth::{Authenticator, Cloud, Secret, ServiceUrlPolicy};
use argus_bot_sdk::server::{Limits, Tls, serve, serve_tls};
use argus_bot_sdk::{Bot, Clock, HttpConnector, SystemClock};
use argus_soc::correlate::Window;
use argus_soc::ledger::fact::{Actor, What};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use self::anchor::anchor_of;
use self::connectors::Doing;
use self::knowledge::Sources;
pub use self::store::{Place, retention_of};
use crate::adapters::graph::Graph;
use crate::buttons::Buttons;
use crate::chain::chain;
use crate::config::{Config, ConfigError, Part, Roles, ServerTls};
use crate::correlations::Correlations;
use crate::flows::access::Access;
use crate::flows::anchor::anchor;
use crate::flows::automation::automation;
use crate::flows::canary::canaries;
use crate::flows::connectors::Connectors;
use crate::flows::enrich::{copies, late};
use crate::flows::execute::execute;
use crate::flows::measures::measure;
use crate::flows::notify::notify;
use crate::flows::place::place;
use crate::flows::retention::{self, Retention};
use crate::flows::sources::watch_sources;
use crate::flows::{Needs, Soc, scores};
use crate::http::{Door, DoorConfig, Doors};
use crate::identity::{self, Identity};
use crate::ports::knowledge::Copied;
use crate::ports::ledger::{Batch, Ledger, LedgerError};
use crate::routes::Routes;
use crate::templates::Templates;

/// How long a shutdown may take: Kubernetes kills after 30 s.
const SHUTDOWN: Duration = Duration::from_secs(20);

/// Why Argus does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The settings cannot be used.
    #[error("the settings cannot be used")]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error("the store cannot be used")]
    Store(#[from] LedgerError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The disk failed while running; what was acknowledged is on it.
    #[error("stopped, since {0}; look at the disk, then start again")]
    Disk(String),
    /// The server failed.
    #[error("the server stopped")]
    Server(#[from] argus_bot_sdk::Error),
}

/// Argus, ready to run.
#[derive(Debug)]
pub struct App {
    soc: Arc<Soc>,
    bot: Bot,
    door: Door,
    auth: Arc<Authenticator>,
    listener: TcpListener,
    tls: Option<Tls>,
    templates: Templates,
    copies: Vec<Arc<dyn Copied>>,
    roles: Roles,
    retention: Option<Retention>,
    texts: Vec<playbooks::Polled>,
}

impl App {
    /// Reads what the settings name, opens the store and the listener. Nothing is served yet.
    ///
    /// # Errors
    ///
    /// [`AppError`] says what cannot be used, and what to do.
    pub async fn build(config: &Config) -> Result<Self, AppError> {
        Self::build_as(config, Roles::default()).await
    }

    /// As [`build`](Self::build), for a process that runs only these parts.
    ///
    /// # Errors
    ///
    /// [`AppError`], also if the store is a file and somebody else would have to run the rest.
    pub async fn build_as(config: &Config, roles: Roles) -> Result<Self, AppError> {
        config.canary.check()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        secrets::open(config, &clock).await?;
        let store = Place::of(&config.store)?;
        if !roles.is_all() && matches!(store, Place::Sqlite(_)) {
            let why = format!(
                "a store in a file is one process's, so nobody could run what `--roles {roles}` \
                 leaves out; leave --roles out, or use postgres://user@host/db"
            );
            return Err(ConfigError::value("store.url", why).into());
        }
        let cloud = identity::cloud(&config.bot)?;
        let identity = Identity::of(&config.bot, cloud, &clock)?;
        let teams = Teams::new(config, cloud, &identity, &clock)?;
        let connector: Arc<dyn argus_bot_sdk::Connector> = Arc::new(teams.connector);
        let templates = Templates::open(config, cloud, &identity).await?;
        let (playbooks, texts) = playbooks::of(config)?;
        let ledger: Arc<dyn Ledger> = store.open().await?;
        let Sources { knowledge, copies } = knowledge::sources(config, cloud, &identity, &clock)?;
        let Doing { connectors, itsm } =
            connectors::doing(config, cloud, &identity, &connector, &clock)?;
        let anchoring = anchor::anchoring(config, &identity, &clock)?;
        let Doors { doors, sources } = Doors::read(config, &clock)?;
        let needs = Needs {
            ledger,
            clock,
            connector,
            access: access(config, cloud, &identity)?,
            knowledge: Arc::new(knowledge),
            templates: templates.library(),
            playbooks,
            buttons: Buttons::new(identity.button_key().expose()),
        };
        let soc = Arc::new(Soc {
            connectors,
            itsm,
            anchoring,
            model: model(config)?,
            correlations: Correlations::compile(&config.correlation)?,
            routes: Routes::compile(&config.routes)?,
            default_service_url: default_service_url(config, cloud),
            window: Window {
                length_ms: i64::from(config.triage.dedup_window_secs) * 1_000,
                ..Window::default()
            },
            approvals: config.approvals.clone(),
            storm: config.storm,
            notify: config.notify.clone(),
            canary: config.canary,
            secrets: owned(config),
            sources,
            ..Soc::new(needs)
        });
        if !soc.routes.has_last_resort() {
            tracing::warn!(
                "no route takes every incident: one that no route matches has no card; let the last \
                 route have no `when`"
            );
        }
        if let Some(at) = soc.routes.hides_others() {
            tracing::warn!(
                "routes[{at}] has no `when` and is not the last: those behind it have cards only while \
                 the conversations before them take none; put it last"
            );
        }
        let address = config.server.listen;
        let listen = |source| AppError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let local = listener.local_addr().map_err(listen)?;
        argus_bot_sdk::server::check_loopback(local, teams.auth.is_anonymous())?;
        let bot = Bot::builder(
            crate::handlers::router(Arc::clone(&soc)),
            Arc::clone(&teams.auth),
            Arc::clone(&soc.connector),
        )
        .build();
        let admin_key = config.server.admin_key.as_ref();
        let door = DoorConfig {
            soc: Arc::clone(&soc),
            sources: doors,
            roles,
            max_event_bytes: config.server.max_event_bytes,
            ingest: config.ingest.clone(),
            admin_key: admin_key.map(|key| resolve("server.admin_key", key)).transpose()?,
            loopback: local.ip().is_loopback(),
            auth: Arc::clone(&teams.auth),
            push: templates.push(),
        };
        let door = Door::new(door, bot.clone());
        let tls = config.server.tls.as_ref().map(ServerTls::read).transpose()?;
        let auth = teams.auth;
        let retention = config.store.retention.as_ref().map(retention_of).transpose()?;
        Ok(Self { soc, bot, door, auth, listener, tls, templates, copies, roles, retention, texts })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// If the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The world that it acts on, for a demo that looks at the audit trail.
    pub fn soc(&self) -> Arc<Soc> {
        Arc::clone(&self.soc)
    }

    /// Serves until `stop` is ready, then finishes what was begun: no new requests, running ones
    /// and effects to their end, the store closed.
    ///
    /// # Errors
    ///
    /// [`AppError::Disk`] if the disk failed, [`AppError::Server`] if the listener did.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), AppError> {
        let Self { soc, bot, door, auth, listener, tls, templates, copies, roles, .. } = self;
        started(&soc, &templates).await?;
        let (halt, halted) = watch::channel(false);
        let mut work = JoinSet::new();
        if roles.has(Part::Work) {
            work.spawn(place(Arc::clone(&soc), halted.clone()));
            work.spawn(notify(Arc::clone(&soc), halted.clone()));
            work.spawn(execute(Arc::clone(&soc), halted.clone()));
            work.spawn(automation(Arc::clone(&soc), halted.clone()));
            work.spawn(copies::follow(copies, halted.clone()));
            work.spawn(canaries(Arc::clone(&soc), halted.clone()));
            work.spawn(anchor(Arc::clone(&soc), halted.clone()));
            work.spawn(late::follow(Arc::clone(&soc), halted.clone()));
            if let Some(retention) = self.retention {
                work.spawn(retention::follow(Arc::clone(&soc), retention, halted.clone()));
            }
        }
        let texts = if roles.has(Part::Work) { self.texts } else { Vec::new() };
        playbooks::follow(&soc, texts, &mut work, &halted);
        let mut hearing = JoinSet::new();
        let hears = Arc::clone(&soc);
        hearing.spawn(async move { hears.hear_others().await });
        work.spawn(measure(Arc::clone(&soc), halted.clone()));
        work.spawn(watch_sources(Arc::clone(&soc), halted.clone()));
        work.spawn(templates.follow(Arc::clone(&soc), halted.clone()));
        work.spawn(prefetch(Arc::clone(&auth)));
        if roles.has(Part::Ingest) {
            let (keys, mut halted) = (door.clone(), halted.clone());
            work.spawn(async move {
                tokio::select! {
                    () = keys.prefetch() => {}
                    _ = halted.changed() => {}
                }
            });
        }
        let broken = soc.ledger.broken();
        let mut disk = None;
        let ended = async {
            tokio::select! {
                () = stop => {}
                why = broken => disk = Some(why),
            }
        };
        let limits = Limits::default().drain(SHUTDOWN / 2);
        let doors = door.clone();
        let served = match tls {
            Some(tls) => serve_tls(listener, tls, door, limits, ended).await,
            None => serve(listener, door, limits, ended).await,
        };
        tracing::info!("stopping: finishing what was begun");
        halt.send_replace(true);
        let finishing = async {
            bot.drain().await;
            doors.drain().await;
            while work.join_next().await.is_some() {}
        };
        if tokio::time::timeout(SHUTDOWN / 2, finishing).await.is_err() {
            tracing::warn!(
                "gave up on work that did not end in time; it goes on at the next start"
            );
        }
        work.shutdown().await;
        hearing.shutdown().await;
        soc.give_shares_back().await;
        if let Err(error) = soc.ledger.settle().await {
            tracing::warn!(why = chain(&error), "the store's log stays beside its file");
        }
        match disk {
            Some(why) => Err(AppError::Disk(why)),
            None => Ok(served?),
        }
    }
}

/// The sources of enrichment that the settings name, for a command that asks them.
///
/// # Errors
///
/// [`ConfigError`] names the setting, and what to do.
pub(crate) fn sources_of(config: &Config, clock: &Arc<dyn Clock>) -> Result<Sources, ConfigError> {
    let cloud = identity::cloud(&config.bot)?;
    let identity = Identity::of(&config.bot, cloud, clock)?;
    knowledge::sources(config, cloud, &identity, clock)
}

/// Who may do what by the settings, for a command that explains it.
///
/// # Errors
///
/// [`AppError`] names the setting, and what to do.
pub(crate) fn access_of(config: &Config, clock: &Arc<dyn Clock>) -> Result<Access, AppError> {
    let cloud = identity::cloud(&config.bot)?;
    access(config, cloud, &Identity::of(&config.bot, cloud, clock)?)
}

/// The systems in which Argus does something, for a command that looks whether they are there.
///
/// # Errors
///
/// [`AppError`] names the setting, and what to do.
pub(crate) fn connectors_of(
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<Connectors, AppError> {
    let cloud = identity::cloud(&config.bot)?;
    let identity = Identity::of(&config.bot, cloud, clock)?;
    let teams = Teams::new(config, cloud, &identity, clock)?;
    let teams: Arc<dyn argus_bot_sdk::Connector> = Arc::new(teams.connector);
    Ok(connectors::doing(config, cloud, &identity, &teams, clock)?.connectors)
}

/// Teams, both ways.
struct Teams {
    auth: Arc<Authenticator>,
    connector: HttpConnector,
}

impl Teams {
    fn new(
        config: &Config,
        cloud: Cloud,
        identity: &Identity,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, AppError> {
        let inbound = identity::inbound(&config.bot, cloud);
        let policy = inbound.service_url_policy()?;
        if config.bot.anonymous {
            return Self::anonymous(policy);
        }
        let auth = Arc::new(Authenticator::new(inbound, Arc::clone(clock))?);
        let connector = HttpConnector::new(identity.bot_tokens(), policy)?;
        Ok(Self { auth, connector })
    }

    #[cfg(feature = "danger-anonymous")]
    fn anonymous(policy: ServiceUrlPolicy) -> Result<Self, AppError> {
        tracing::warn!("anybody on this computer may speak to the bot as anybody");
        let auth = Arc::new(Authenticator::anonymous(policy.clone()));
        Ok(Self { auth, connector: HttpConnector::without_tokens(policy)?.ungoverned() })
    }

    #[cfg(not(feature = "danger-anonymous"))]
    fn anonymous(_: ServiceUrlPolicy) -> Result<Self, AppError> {
        Err(ConfigError::value(
            "bot.anonymous",
            "this build checks tokens; for the Agents Playground without credentials build with \
             `--features danger-anonymous`",
        )
        .into())
    }
}

/// The references to secrets, for the answer to `health`.
fn owned(config: &Config) -> Vec<(String, crate::config::SecretRef)> {
    config.secrets().into_iter().map(|(key, reference)| (key, reference.clone())).collect()
}

/// Fetches Teams' keys, so that the first message need not wait for them. A failure is logged; the
/// first message tries again.
async fn prefetch(auth: Arc<Authenticator>) {
    if let Err(error) = auth.prefetch().await {
        tracing::warn!(why = chain(&error), "the keys of Teams' tokens are not there yet");
    }
}

async fn started(soc: &Soc, templates: &Templates) -> Result<(), AppError> {
    let service = || Actor::service("argus");
    let version = env!("CARGO_PKG_VERSION").into();
    let start = soc.fact(service(), "start", What::Started { version });
    let active = soc.fact(service(), "start", templates.active());
    let scores = soc.fact(service(), "start", scores::activated(&soc.model));
    soc.ledger.append(Batch { facts: vec![start, active, scores], ..Batch::default() }).await?;
    soc.renew_playbooks().await?;
    soc.adopt_drafts().await?;
    Ok(())
}

/// The score model that the settings name.
pub(crate) fn model(config: &Config) -> Result<argus_soc::score::Model, ConfigError> {
    let models = config.score.models.as_deref();
    let models = models.map(|it| folder("score.models", it)).transpose()?;
    scores::in_use(&config.score, models.as_deref())
}

fn access(config: &Config, cloud: Cloud, identity: &Identity) -> Result<Access, AppError> {
    let host = format!("https://{}", cloud.constants().graph_host);
    let url = config.bot.graph_url.clone().unwrap_or_else(|| host.clone());
    let graph = Graph::new(&url, identity.tokens(cloud.constants().graph_scope))
        .map_err(|why| ConfigError::value("bot.graph_url", why))?;
    Ok(Access::new(&config.bot.tenant_id, &config.rbac, Arc::new(graph))?)
}

fn default_service_url(config: &Config, cloud: Cloud) -> String {
    let configured = config.bot.default_service_url.clone();
    let known = || cloud.constants().default_service_url.unwrap_or_default().to_owned();
    configured.unwrap_or_else(known)
}

/// The folder of a `folder:PATH`.
pub(crate) fn folder(key: &str, source: &str) -> Result<PathBuf, ConfigError> {
    match source.split_once(':') {
        Some(("folder", path)) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err(ConfigError::value(key, format!("`{source}` is not `folder:PATH`"))),
    }
}

fn resolve(key: &str, reference: &crate::config::SecretRef) -> Result<Secret, ConfigError> {
    reference.resolve().map_err(|error| ConfigError::value(key, error.to_string()))
}
