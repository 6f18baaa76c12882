//! A small Entra: published keys, a token endpoint, and tokens as hostile as you like.

mod app;
mod assertion;
mod certificate;
mod check;
mod identity;
pub(super) mod keys;
mod serve;
mod spec;
mod token;
mod trouble;

use std::collections::HashSet;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

pub use self::app::AppRegistration;
use self::assertion::EXCHANGE;
pub use self::certificate::TestCertificate;
pub use self::check::{Claims, Denied};
pub use self::keys::Alg;
use self::keys::SigningKey;
pub use self::spec::{Signer, TokenSpec};
use super::fault::Faults;
use super::wire::FakeServer;
use crate::clock::{Clock, SystemClock};

/// The tenant that fakes live in unless told otherwise.
pub const TENANT: &str = "11111111-2222-4333-8444-555555555555";
/// The bot's app id unless told otherwise.
pub const APP_ID: &str = "0f0e0d0c-1111-4222-8333-444455556666";
/// The bot's client secret unless told otherwise. Worth nothing anywhere else.
pub const APP_SECRET: &str = "only-the-fake-entra-takes-this";

/// The client id of the identity that the platform gives to every resource.
pub const IDENTITY: &str = "33333333-4444-4555-8666-777777777777";
/// What App Service's endpoint wants to see. Worth nothing anywhere else.
pub const IDENTITY_HEADER: &str = "only-the-fake-app-service-takes-this";

/// The audience of tokens for the Bot Connector.
pub const CONNECTOR: &str = "https://api.botframework.com";
/// The audience of tokens for Microsoft Graph.
pub const GRAPH: &str = "https://graph.microsoft.com";
/// The audience of tokens for Defender for Endpoint.
pub const DEFENDER: &str = "https://api.securitycenter.microsoft.com";

/// Key numbers in the pool: the first two sign, the third never gets published.
const BOT_KEY: usize = 0;
const ENTRA_KEY: usize = 1;
const STRANGER: usize = 2;
const FIRST_SPARE: usize = 3;

/// What [`FakeEntra::requests`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntraEndpoint {
    /// Both OpenID documents.
    Metadata,
    /// Both key sets.
    Keys,
    /// The token endpoint.
    Token,
    /// Both endpoints of the platform's identities.
    Identity,
}

impl EntraEndpoint {
    fn operation(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Keys => "keys",
            Self::Token => "token",
            Self::Identity => "identity",
        }
    }
}

/// A fake of Entra and of the Bot Framework's login service, on loopback.
///
/// A clone is the same fake; it stops when the last clone is dropped. In a fault script it is the
/// system `entra` with the operations `metadata`, `keys`, `token` and `identity`.
///
/// ```
/// use argus_bot_sdk::testing::{APP_ID, CONNECTOR, FakeEntra, TENANT, TokenSpec};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let entra = FakeEntra::start().await?;
/// let token = entra.mint(&TokenSpec::app(APP_ID, TENANT, CONNECTOR));
/// assert_eq!(entra.check(Some(&token), CONNECTOR).unwrap().app_id, APP_ID);
///
/// let expired = entra.mint(&TokenSpec::app(APP_ID, TENANT, CONNECTOR).expires_in(-1));
/// assert_eq!(entra.check(Some(&expired), CONNECTOR).unwrap_err().reason(), "exp");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct FakeEntra {
    core: Arc<Core>,
    server: Arc<FakeServer>,
}

/// Chooses what a [`FakeEntra`] knows.
#[derive(Debug)]
#[must_use = "call start"]
pub struct FakeEntraBuilder {
    core: Core,
}

/// What the server task and the handles share.
#[derive(Debug)]
pub(super) struct Core {
    clock: Arc<dyn Clock>,
    faults: Faults,
    tenants: Vec<String>,
    apps: Vec<AppRegistration>,
    resources: Vec<String>,
    identities: Vec<String>,
    asks_consent: bool,
    lifetime: i64,
    down: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Numbers in the pool: a key that nobody asks for is not made. The last one signs.
    bot: Vec<usize>,
    retired: Option<usize>,
    next: usize,
    endorsements: Vec<String>,
    key_document: Option<String>,
    issued: Vec<String>,
    revoked: HashSet<String>,
    /// The ids of assertions that were shown; none is good twice.
    assertions: HashSet<String>,
    /// Object ids of people who consented.
    consented: HashSet<String>,
}

impl FakeEntra {
    /// Starts with one tenant ([`TENANT`]) and one bot ([`APP_ID`], [`APP_SECRET`]).
    ///
    /// # Errors
    ///
    /// The socket error if no loopback port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Chooses tenants, apps and the clock first.
    pub fn builder() -> FakeEntraBuilder {
        let core = Core {
            clock: Arc::new(SystemClock),
            faults: Faults::new(),
            tenants: Vec::new(),
            apps: Vec::new(),
            resources: [CONNECTOR, GRAPH, DEFENDER].map(str::to_owned).to_vec(),
            identities: vec![IDENTITY.to_owned()],
            asks_consent: false,
            lifetime: 3600,
            down: AtomicBool::new(false),
            state: Mutex::new(State {
                bot: vec![BOT_KEY],
                retired: None,
                next: FIRST_SPARE,
                endorsements: ["msteams", "skype"].map(str::to_owned).to_vec(),
                key_document: None,
                issued: Vec::new(),
                revoked: HashSet::new(),
                assertions: HashSet::new(),
                consented: HashSet::new(),
            }),
        };
        FakeEntraBuilder { core }
    }

    /// Where it listens, without a slash at the end.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The Bot Framework's OpenID document, for `InboundConfig::openid_metadata_url`.
    pub fn metadata_url(&self) -> String {
        format!("{}/v1/.well-known/openidconfiguration", self.url())
    }

    /// A tenant's OpenID document, for tokens as the Agents Playground sends them.
    pub fn tenant_metadata_url(&self, tenant: &str) -> String {
        format!("{}/{tenant}/v2.0/.well-known/openid-configuration", self.url())
    }

    /// A tenant's token endpoint.
    pub fn token_url(&self, tenant: &str) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.url())
    }

    /// The metadata service of a virtual machine, for `ManagedIdentity::endpoint`.
    pub fn imds_url(&self) -> String {
        format!("{}/metadata/identity/oauth2/token", self.url())
    }

    /// App Service's endpoint, for `ManagedIdentity::app_service` with [`IDENTITY_HEADER`].
    ///
    /// ```
    /// use argus_bot_sdk::testing::{FakeEntra, TENANT};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let entra = FakeEntra::start().await?;
    /// assert_eq!(entra.app_service_url(), format!("{}/msi/token", entra.url()));
    /// assert!(entra.imds_url().ends_with("/metadata/identity/oauth2/token"));
    /// let document = reqwest::get(entra.tenant_metadata_url(TENANT)).await?.text().await?;
    /// assert!(document.contains(TENANT));
    /// # Ok(()) }
    /// ```
    pub fn app_service_url(&self) -> String {
        format!("{}/msi/token", self.url())
    }

    /// The issuer in a tenant's tokens, for [`AppRegistration::federated`].
    pub fn issuer(tenant: &str) -> String {
        serve::issuer(tenant)
    }

    /// A person consents to what the app does on their behalf.
    pub fn consent(&self, object_id: impl Into<String>) {
        self.core.state().consented.insert(object_id.into());
    }

    /// Makes the token that `spec` describes, however wrong.
    #[must_use]
    pub fn mint(&self, spec: &TokenSpec) -> String {
        self.core.mint(spec)
    }

    /// Checks an access token as a resource does: signature, times, issuer and audience.
    ///
    /// # Errors
    ///
    /// [`Denied`], which says what is wrong and has the 401 to answer.
    pub fn check(&self, token: Option<&str>, audience: &str) -> Result<Claims, Denied> {
        check::check(&self.core, token, audience)
    }

    /// The fault script that it obeys.
    pub fn faults(&self) -> &Faults {
        &self.core.faults
    }

    /// The clock that its tokens follow.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.core.clock)
    }
}

impl FakeEntraBuilder {
    /// Tokens follow this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.core.clock = clock;
        self
    }

    /// Obeys this fault script.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.core.faults = faults;
        self
    }

    /// Knows this tenant; [`TENANT`] if none is named.
    pub fn tenant(mut self, id: impl Into<String>) -> Self {
        self.core.tenants.push(id.into());
        self
    }

    /// Knows this app; the bot if none is named.
    pub fn app(mut self, app: AppRegistration) -> Self {
        self.core.apps.push(app);
        self
    }

    /// Issues tokens for this resource too, beside [`CONNECTOR`], [`GRAPH`] and [`DEFENDER`].
    pub fn resource(mut self, audience: impl Into<String>) -> Self {
        self.core.resources.push(audience.into());
        self
    }

    /// The platform has a user-assigned identity too, beside [`IDENTITY`].
    pub fn identity(mut self, client_id: impl Into<String>) -> Self {
        self.core.identities.push(client_id.into());
        self
    }

    /// People have to [`consent`](FakeEntra::consent) before an app acts on their behalf.
    pub fn ask_consent(mut self) -> Self {
        self.core.asks_consent = true;
        self
    }

    /// How many seconds an access token lasts; 3600 unless said.
    pub fn token_lifetime(mut self, seconds: u32) -> Self {
        self.core.lifetime = i64::from(seconds);
        self
    }

    /// Starts.
    ///
    /// # Errors
    ///
    /// The socket error if no loopback port can be bound.
    pub async fn start(mut self) -> io::Result<FakeEntra> {
        if self.core.tenants.is_empty() {
            self.core.tenants.push(TENANT.to_owned());
        }
        if self.core.apps.is_empty() {
            self.core.apps.push(AppRegistration::new(APP_ID, APP_SECRET));
        }
        let core = Arc::new(self.core);
        let shared = Arc::clone(&core);
        let server = FakeServer::start(move |request| {
            let core = Arc::clone(&shared);
            async move { core.answer(&request).await }
        })
        .await?;
        Ok(FakeEntra { core, server: Arc::new(server) })
    }
}

impl Core {
    fn mint(&self, spec: &TokenSpec) -> String {
        let (current, retired) = {
            let state = self.state();
            (state.bot.last().copied().unwrap_or(BOT_KEY), state.retired)
        };
        let number = match spec.signer() {
            Signer::Entra => ENTRA_KEY,
            Signer::Retired => retired.unwrap_or(STRANGER),
            Signer::Stranger => STRANGER,
            _ => current,
        };
        let key = keys::key(number);
        let shown = if spec.signer() == Signer::Stranger { current } else { number };
        spec.sign(self.now().as_second(), &key, keys::key(shown).kid())
    }

    fn entra_key(kid: &str) -> Option<Arc<SigningKey>> {
        Some(keys::key(ENTRA_KEY)).filter(|key| key.kid() == kid)
    }

    fn knows(&self, tenant: &str) -> bool {
        tenant == token::BOT_FRAMEWORK_TENANT || self.tenants.iter().any(|known| known == tenant)
    }

    /// Whether there are tokens for this resource.
    fn gives(&self, resource: &str) -> bool {
        resource == EXCHANGE || self.resources.iter().any(|known| known == resource)
    }

    fn is_revoked(&self, token: &str) -> bool {
        self.state().revoked.contains(token)
    }

    fn issued(&self, token: String) {
        self.state().issued.push(token);
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
