//! Settings: `argus.toml`, overridden by `ARGUS__SECTION__KEY`, with secrets by reference.

mod approvals;
mod audit;
mod canary;
mod correlation;
pub mod credential;
pub mod enrichment;
pub mod ingest;
mod key_vault;
mod load;
pub mod mappings;
mod playbooks;
mod rbac;
mod roles;
mod score;
mod secret;
mod secrets;
mod store;
mod storm;
mod tls;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Deserialize;

pub use self::approvals::Approvals;
pub use self::audit::{Anchor, Audit};
pub use self::canary::Canary;
pub use self::correlation::{Correlation, Distinct};
pub use self::credential::Credential;
pub use self::enrichment::Enrichment;
pub use self::ingest::{ClientCertificate, EntraSource, Ingest, Secrets, Source, SourceAuth};
pub use self::key_vault::KeyVault;
pub use self::load::{ConfigError, load, parse};
pub use self::playbooks::{Git, Playbooks, Review};
pub use self::rbac::{Rbac, Role, Sight, Trust};
pub use self::roles::{Part, Roles};
pub use self::score::Score;
pub use self::secret::{SecretError, SecretRef, VaultSecret};
pub use self::store::{Retention, Store};
pub use self::storm::{Notify, Storm};
pub use self::tls::ServerTls;

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The HTTP server.
    pub server: Server,
    /// The store.
    pub store: Store,
    /// The bot's identity.
    pub bot: Bot,
    /// Where the card templates are.
    pub templates: Templates,
    /// Where playbooks come from.
    #[serde(default)]
    pub playbooks: Playbooks,
    /// The doors for events.
    #[serde(default)]
    pub ingest: Ingest,
    /// Which incident's card stands where; the first match wins.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Who may do what.
    #[serde(default)]
    pub rbac: Rbac,
    /// Approvals.
    #[serde(default)]
    pub approvals: Approvals,
    /// The audit trail.
    #[serde(default)]
    pub audit: Audit,
    /// Ticket systems, by name.
    #[serde(default)]
    pub itsm: BTreeMap<String, Itsm>,
    /// The vaults that `keyvault:` references name.
    #[serde(default)]
    pub key_vault: KeyVault,
    /// Connectors to security products, by name.
    #[serde(default)]
    pub connectors: BTreeMap<String, Connector>,
    /// What is known about assets and indicators.
    #[serde(default)]
    pub enrichment: Enrichment,
    /// How repeated events become one.
    #[serde(default)]
    pub triage: Triage,
    /// When too much happens at once.
    #[serde(default)]
    pub storm: Storm,
    /// What happens to cards that Teams does not take.
    #[serde(default)]
    pub notify: Notify,
    /// When events about different things are one incident.
    #[serde(default)]
    pub correlation: Vec<Correlation>,
    /// How events are scored.
    #[serde(default)]
    pub score: Score,
    /// Whether alerts reach people.
    #[serde(default)]
    pub canary: Canary,
}

/// The HTTP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Key that reads (`GET /events/…`, `/incidents/…`, `/playbooks`, `/metrics`) and
    /// `POST /playbooks` need in `X-Api-Key`. Without it they are answered on a loopback listener
    /// only, and not through a proxy.
    #[serde(default)]
    pub admin_key: Option<SecretRef>,
    /// TLS in the process itself; without it, put a reverse proxy in front.
    #[serde(default)]
    pub tls: Option<ServerTls>,
    /// Largest event body, in bytes.
    #[serde(default = "mebibyte")]
    pub max_event_bytes: usize,
}

/// The bot's identity towards Teams and Entra.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bot {
    /// The app (client) id.
    pub app_id: String,
    /// The home tenant.
    pub tenant_id: String,
    /// How the bot proves who it is.
    pub credential: Credential,
    /// `public`, `gcc`, `gcc_high`, `dod` or `china`.
    #[serde(default = "public")]
    pub cloud: String,
    /// Overrides where the keys of inbound tokens are found.
    #[serde(default)]
    pub openid_metadata_url: Option<String>,
    /// Overrides where outbound tokens come from.
    #[serde(default)]
    pub token_url: Option<String>,
    /// Where cards go before Teams has told the bot its service URL.
    #[serde(default)]
    pub default_service_url: Option<String>,
    /// Further service URLs the bot may answer to.
    #[serde(default)]
    pub allowed_service_urls: Vec<String>,
    /// Overrides the address of Microsoft Graph.
    #[serde(default)]
    pub graph_url: Option<String>,
    /// Also accept Entra-issued tokens of this very app and tenant (the Agents Playground).
    #[serde(default)]
    pub emulator: bool,
    /// Other bots and agents that may call with tokens of Entra; nobody unless named here.
    #[serde(default)]
    pub entra_callers: Vec<EntraCaller>,
    /// The app registration is of the old multi-tenant kind, and its tokens for Teams come from the
    /// Bot Framework's tenant.
    #[serde(default)]
    pub multi_tenant: bool,
    /// The secret that buttons are signed with, the same in every replica; needed with a credential
    /// that has no secret.
    #[serde(default)]
    pub button_key: Option<SecretRef>,
    /// Accept activities without a token; only in a build with the feature `danger-anonymous`, on a
    /// loopback listener.
    #[serde(default)]
    pub anonymous: bool,
}

/// Another bot or agent that may call with a token of Entra.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntraCaller {
    /// Its tenant.
    pub tenant_id: String,
    /// Its app id.
    pub app_id: String,
}

/// Where the card templates are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Templates {
    /// `folder:PATH` or `sharepoint:SITE/DRIVE/PATH`.
    pub source: String,
    /// The directory of the last good templates and their history; by default `templates` beside the
    /// store.
    #[serde(default)]
    pub state: Option<String>,
    /// Seconds after which the source is looked at although nobody said that it has changed.
    #[serde(default = "five_minutes")]
    pub poll_secs: u32,
    /// Where Graph reaches `/callbacks/sharepoint`, so that a change is seen at once.
    #[serde(default)]
    pub notification_url: Option<String>,
    /// Hosts, beside those of SharePoint, from which the content of templates may come.
    #[serde(default)]
    pub content_hosts: Vec<String>,
    /// Hosts that links from alerts may lead to; other links are not shown as links.
    #[serde(default = "portals")]
    pub allowed_hosts: Vec<String>,
}

/// Which incident's card stands where.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// A condition in CEL over `severity`, `source`, `family`, `event_type`, `title`, `score`,
    /// `decision`, `entity_type`, `entity`; without one, every incident.
    #[serde(default)]
    pub when: Option<String>,
    /// Where.
    pub to: RouteTo,
}

/// Where a card stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteTo {
    /// The Teams conversation id.
    pub conversation: String,
    /// The service URL of that conversation, if it is not the default one.
    #[serde(default)]
    pub service_url: Option<String>,
}

/// A ticket system.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Itsm {
    /// `servicenow` or `jira`.
    pub kind: String,
    /// Its address.
    pub url: String,
    /// User for Basic authentication.
    #[serde(default)]
    pub user: Option<String>,
    /// Password for Basic authentication; for Jira the API token.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// Jira's project, by its key.
    #[serde(default)]
    pub project: Option<String>,
    /// The type of Jira's issues; `Task` where nothing is said.
    #[serde(default)]
    pub issue_type: Option<String>,
}

/// A connector to a security product.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// `defender`, `entra`, `sentinel`, `logic_apps`, `http` or `firewall`.
    pub kind: String,
    /// Its address.
    pub url: String,
    /// The resource id of Sentinel's workspace.
    #[serde(default)]
    pub workspace: Option<String>,
    /// The workflows of Logic Apps that playbooks may run, or whose runs are looked at after a lost
    /// answer of `sentinel`: a name for playbooks, and the resource id.
    #[serde(default)]
    pub workflows: BTreeMap<String, String>,
    /// A bearer token for `http` and `firewall`.
    #[serde(default)]
    pub token: Option<SecretRef>,
    /// What requests of `http` are signed with.
    #[serde(default)]
    pub secret: Option<SecretRef>,
    /// Whether an `http` service may be in a private network.
    #[serde(default)]
    pub allow_private: bool,
    /// Whether an `http` service tells at `GET url/KEY` what it was asked.
    #[serde(default)]
    pub can_look: bool,
}

/// How repeated events become one.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Triage {
    /// Seconds during which the same event is one event.
    pub dedup_window_secs: u32,
}

impl Default for Triage {
    fn default() -> Self {
        Self { dedup_window_secs: 300 }
    }
}

fn mebibyte() -> usize {
    1 << 20
}

fn five_minutes() -> u32 {
    300
}

/// Where the products of the five normalisers show their alerts.
fn portals() -> Vec<String> {
    ["security.microsoft.com", "portal.azure.com", "console.aws.amazon.com"].map(Into::into).into()
}

fn public() -> String {
    "public".into()
}
