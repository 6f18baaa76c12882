//! A bot as the environment describes it, for `main` functions of a few lines.

mod credential;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use self::credential::Credential;
use super::{Bot, BotBuilder};
use crate::auth::{Authenticator, Cloud, InboundConfig, TokenSource};
use crate::server::Limits;
use crate::{Error, ErrorKind, HttpConnector, Router, SystemClock};

/// Where the Agents Playground calls bots by default.
const PORT: u16 = 3978;

/// What [`Bot::from_env`] reads, one variable each.
///
/// | variable | meaning | without it |
/// | --- | --- | --- |
/// | `APP_ID` (or `CLIENT_ID`, `AZURE_CLIENT_ID`) | the bot's app id | see below |
/// | `TENANT_ID` (or `AZURE_TENANT_ID`) | the one tenant it works in | an error |
/// | `CLOUD` | `public`, `gcc`, `gcc_high`, `dod` or `china` | `public` |
/// | `HOST`, `PORT` | where [`Bot::run`] listens | `127.0.0.1`, `3978` |
/// | `METADATA_URL` | the OpenID document of inbound tokens | the cloud's |
/// | `TOKEN_URL` | where the bot gets its own token | the tenant's |
/// | `SERVICE_URL` | one more service URL that answers may go to | the cloud's only |
///
/// One of these proves that the bot is that app. Those of the first three rows exclude each other;
/// the last two are set by the platform and count only where none of the others is:
///
/// | variable | the proof |
/// | --- | --- |
/// | `APP_SECRET` (or `CLIENT_SECRET`, `AZURE_CLIENT_SECRET`) | a client secret |
/// | `AZURE_CLIENT_CERTIFICATE_PATH` | a PEM file with a [certificate](crate::auth::Certificate) and its key, not encrypted; with `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN` = `true` the chain is sent along |
/// | `MANAGED_IDENTITY_CLIENT_ID` | a [managed identity](crate::auth::ManagedIdentity): the bot itself, if the value is its app id; otherwise one that the app registration trusts as a [federated credential](crate::auth::Federated), where `system` is the resource's own |
/// | `AZURE_FEDERATED_TOKEN_FILE` | [workload identity](crate::auth::WorkloadIdentity): a token that Kubernetes puts into this file |
/// | `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` | App Service, Functions and Container Apps give out identities here: the one with the app id. Elsewhere a virtual machine's metadata service is asked, or what `AZURE_POD_IDENTITY_AUTHORITY_HOST` puts in its place, but only if `MANAGED_IDENTITY_CLIENT_ID` says so |
///
/// The names are those of Microsoft's Teams SDK and of the Azure SDKs, so that what a platform or
/// a pipeline sets already need not be set again.
///
/// TLS trusts the certificates of the system; where `SSL_CERT_FILE` names a PEM file, on Linux,
/// those in it instead.
///
/// Without `APP_ID`, a build with the feature `danger-anonymous` gives a bot for the Agents
/// Playground: everybody on this computer may speak to it, and [`Bot::run`] listens on loopback
/// only. Any other build gives an error that says so.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Env {
    app_id: Option<String>,
    credential: Option<Credential>,
    tenant_id: Option<String>,
    cloud: Cloud,
    metadata_url: Option<String>,
    token_url: Option<String>,
    service_url: Option<String>,
    address: SocketAddr,
}

impl Env {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] names the variable that cannot be what it says.
    #[expect(clippy::disallowed_methods, reason = "this is the configuration that reads it")]
    pub fn read() -> Result<Self, Error> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// The same from any place where names have values.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    ///
    /// ```
    /// use argus_bot_sdk::bot::Env;
    ///
    /// let error = Env::from_lookup(|name| (name == "PORT").then(|| "http".into())).unwrap_err();
    /// assert_eq!(error.to_string(), "PORT is not a port: http");
    /// ```
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let given = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let host = match given("HOST") {
            None => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(host) if host.eq_ignore_ascii_case("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(host) => {
                host.parse().map_err(|_| config(format!("HOST is no IP address: {host}")))?
            }
        };
        let port = match given("PORT") {
            None => PORT,
            Some(port) => {
                port.parse().map_err(|_| config(format!("PORT is not a port: {port}")))?
            }
        };
        let cloud = match given("CLOUD") {
            None => Cloud::Public,
            Some(name) => name.parse()?,
        };
        let app_id = first(&given, ["APP_ID", "CLIENT_ID", "AZURE_CLIENT_ID"]);
        Ok(Self {
            credential: Credential::read(&given, app_id.as_deref())?,
            app_id,
            tenant_id: first(&given, ["TENANT_ID", "AZURE_TENANT_ID"]),
            cloud,
            metadata_url: given("METADATA_URL"),
            token_url: given("TOKEN_URL"),
            service_url: given("SERVICE_URL"),
            address: SocketAddr::new(host, port),
        })
    }

    /// Where to listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The cloud.
    pub fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// The bot's app id; empty if it has none.
    pub fn app_id(&self) -> &str {
        self.app_id.as_deref().unwrap_or_default()
    }

    /// The bot's own tokens for the Connector and the token service.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] names what is missing or cannot work, and what to do.
    pub fn tokens(&self) -> Result<Arc<dyn TokenSource>, Error> {
        let app_id = self.app_id.as_deref().ok_or_else(no_app)?;
        let tenant = self.tenant_id.as_deref().ok_or_else(|| missing("TENANT_ID"))?;
        let credential = self.credential.as_ref().ok_or_else(credential::missing)?;
        let token_url = self.token_url.clone().unwrap_or_else(|| self.cloud.token_url(tenant));
        credential.tokens(app_id, &token_url, self.cloud)
    }

    /// Who may speak to the bot, and its way back to Teams.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] names what is missing or cannot work, and what to do.
    pub fn connect(&self) -> Result<(Authenticator, HttpConnector), Error> {
        let Some(app_id) = &self.app_id else { return self.anonymous() };
        let tenant = self.tenant_id.as_deref().ok_or_else(|| missing("TENANT_ID"))?;
        let mut inbound = InboundConfig::new(app_id, self.cloud).tenant(tenant);
        inbound = inbound.allowed_service_urls(&self.service_url);
        if let Some(url) = &self.metadata_url {
            inbound = inbound.openid_metadata_url(url);
        }
        let policy = inbound.service_url_policy()?;
        let connector = HttpConnector::new(self.tokens()?, policy)?;
        Ok((Authenticator::new(inbound, Arc::new(SystemClock))?, connector))
    }

    #[cfg(feature = "danger-anonymous")]
    #[expect(clippy::unused_self, reason = "as in a build that checks tokens")]
    fn anonymous(&self) -> Result<(Authenticator, HttpConnector), Error> {
        let policy = crate::auth::ServiceUrlPolicy::loopback();
        let connector = HttpConnector::without_tokens(policy.clone())?;
        Ok((Authenticator::anonymous(policy), connector))
    }

    #[cfg(not(feature = "danger-anonymous"))]
    #[expect(clippy::unused_self, reason = "as in a build without tokens")]
    fn anonymous(&self) -> Result<(Authenticator, HttpConnector), Error> {
        Err(no_app())
    }
}

impl Bot {
    /// A bot that answers by `router`, with everything else from the environment: see [`Env`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] names the variable that is missing or cannot work, and what to do.
    ///
    /// ```no_run
    /// use argus_bot_sdk::extract::Text;
    /// use argus_bot_sdk::{Bot, Error, Router};
    ///
    /// async fn echo(Text(text): Text) -> String {
    ///     format!("You said: {text}")
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Error> {
    ///     Bot::from_env(Router::new().message(echo))?.run().await
    /// }
    /// ```
    pub fn from_env(router: Router) -> Result<Self, Error> {
        let (auth, connector) = Env::read()?.connect()?;
        Ok(BotBuilder::new(router, Arc::new(auth), Arc::new(connector)).build())
    }

    /// Serves the bot at `HOST` and `PORT` of the environment until Ctrl-C or SIGTERM, then
    /// finishes what was accepted.
    ///
    /// # Errors
    ///
    /// As for [`serve`](Self::serve), and [`ErrorKind::Io`] if the port is taken.
    pub async fn run(self) -> Result<(), Error> {
        let address = Env::read()?.address();
        let listener = tokio::net::TcpListener::bind(address).await.map_err(|source| {
            Error::new(ErrorKind::Io, format!("cannot listen on {address}")).with_source(source)
        })?;
        let shown = listener.local_addr().unwrap_or(address);
        let path = &self.inner.settings.path;
        if tracing::dispatcher::has_been_set() {
            tracing::info!(address = %shown, path, "the bot listens");
        } else {
            say(&format!("The bot listens on http://{shown}{path}; Ctrl-C ends it."));
        }
        self.serve(listener, Limits::default(), asked_to_stop()).await
    }
}

/// Tells the person at the terminal, where no log would.
#[expect(clippy::print_stderr, reason = "it is called only where nobody set up a log")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// Resolves at Ctrl-C, and at SIGTERM where there is such a thing.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                () = interrupted() => {}
            }
            return;
        }
    }
    interrupted().await;
}

/// Resolves at Ctrl-C; never, if the system cannot tell.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The first of these names that has a value.
fn first<const N: usize>(
    given: &impl Fn(&str) -> Option<String>,
    names: [&str; N],
) -> Option<String> {
    names.into_iter().find_map(given)
}

fn missing(name: &str) -> Error {
    config(format!("APP_ID is set, but {name} is not"))
}

fn no_app() -> Error {
    config(
        "APP_ID is not set. Set APP_ID, TENANT_ID and APP_SECRET or another credential; for the \
         Agents Playground without credentials build with the feature danger-anonymous of argus-bot-sdk",
    )
}

fn config(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Result<Env, Error> {
        Env::from_lookup(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_cannot_be_says_which_variable() {
        let error = |pairs| env(pairs).and_then(|env| env.connect()).unwrap_err().to_string();
        assert_eq!(error(&[("HOST", "here")]), "HOST is no IP address: here");
        assert_eq!(error(&[("PORT", "70000")]), "PORT is not a port: 70000");
        assert_eq!(error(&[("APP_ID", "a")]), "APP_ID is set, but TENANT_ID is not");
        let error_without = error(&[("APP_ID", "a"), ("TENANT_ID", "t")]);
        assert!(error_without.contains("nothing proves"), "{error_without}");
        assert!(error(&[("CLOUD", "heaven")]).contains("heaven"));
    }

    #[test]
    fn an_empty_variable_is_one_that_is_not_set() {
        let env = env(&[("PORT", ""), ("HOST", " ")]).unwrap();
        assert_eq!(env.address().to_string(), "127.0.0.1:3978");
    }

    #[cfg(not(feature = "danger-anonymous"))]
    #[test]
    fn nobody_is_anonymous_by_accident() {
        let error = env(&[]).and_then(|env| env.connect()).unwrap_err().to_string();
        assert!(error.starts_with("APP_ID is not set"), "{error}");
    }
}
