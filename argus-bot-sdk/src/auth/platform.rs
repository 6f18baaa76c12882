//! Identities that the platform gives: no secret lies anywhere.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use url::{Host, Url};

use crate::activity::strict;
use crate::auth::entra::fresh;
use crate::auth::service_url::is_loopback;
use crate::auth::{
    Assertion, Cloud, Credential, FreshToken, Secret, SecretToken, TokenCache, TokenSource, fetch,
};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};

/// The instance metadata service of Azure's virtual machines.
const IMDS: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
const IMDS_VERSION: &str = "2018-02-01";
const APP_SERVICE_VERSION: &str = "2019-08-01";

/// A projected token has some 2 KiB.
const MAX_TOKEN_FILE: u64 = 64 * 1024;

/// The managed identity of an Azure resource: of a virtual machine or a node of a cluster
/// ([`imds`](Self::imds)), or of App Service, Functions and Container Apps
/// ([`app_service`](Self::app_service)).
///
/// As a [`Credential`] it gets tokens for the bot, if the bot's app id is that of a user-assigned
/// identity; in [`Federated`] it proves another app registration.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::SystemClock;
/// use argus_bot_sdk::auth::{Cloud, ManagedIdentity, TokenCache};
///
/// let clock = Arc::new(SystemClock);
/// let identity = ManagedIdentity::imds(clock.clone())?
///     .client_id("0f0e0d0c-1111-4222-8333-444455556666");
/// let scope = Cloud::Public.constants().bot_scope;
/// let tokens = TokenCache::new(Arc::new(identity), scope, clock);
/// # drop(tokens);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
pub struct ManagedIdentity {
    endpoint: Url,
    version: &'static str,
    header: (&'static str, Secret),
    client_id: Option<String>,
    clock: Arc<dyn Clock>,
    client: reqwest::Client,
}

impl fmt::Debug for ManagedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedIdentity")
            .field("version", &self.version)
            .field("user_assigned", &self.client_id.is_some())
            .finish_non_exhaustive()
    }
}

impl ManagedIdentity {
    /// The identity of this virtual machine or node.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if no HTTP client can be set up.
    pub fn imds(clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Self::new(IMDS, IMDS_VERSION, ("metadata", Secret::new("true")), clock)
    }

    /// The identity of this app, as the variables `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` tell.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the endpoint is not on this computer or its link.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use argus_bot_sdk::SystemClock;
    /// use argus_bot_sdk::auth::{ManagedIdentity, Secret};
    ///
    /// let clock = Arc::new(SystemClock);
    /// let identity = ManagedIdentity::app_service("http://127.0.0.1:41741/msi/token", Secret::new("x"), clock.clone())?;
    /// let proxied = ManagedIdentity::imds(clock)?.endpoint("http://127.0.0.1:8080/token")?;
    /// # drop((identity, proxied));
    /// # Ok::<(), argus_bot_sdk::Error>(())
    /// ```
    pub fn app_service(
        endpoint: &str,
        header: Secret,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        Self::new(endpoint, APP_SERVICE_VERSION, ("x-identity-header", header), clock)
    }

    fn new(
        endpoint: &str,
        version: &'static str,
        header: (&'static str, Secret),
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let endpoint = local(endpoint)?;
        Ok(Self { endpoint, version, header, client_id: None, clock, client: fetch::client()? })
    }

    /// The user-assigned identity with this client id instead of the resource's own.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Asks here instead, for tests and for proxies of the metadata service on this computer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the endpoint is not on this computer or its link.
    pub fn endpoint(self, endpoint: &str) -> Result<Self, Error> {
        Ok(Self { endpoint: local(endpoint)?, ..self })
    }

    fn refusal(&self, status: u16) -> Error {
        // 404 and 410: the service is about to start or is being updated ("How to use managed
        // identities for Azure resources on an Azure VM to acquire an access token", retry guidance).
        if matches!(status, 404 | 408 | 410 | 429) || status >= 500 {
            let context = format!("the managed identity's endpoint answered {status}");
            return Error::new(ErrorKind::Unavailable, context);
        }
        let what = match &self.client_id {
            Some(_) => "this resource has no user-assigned identity with the configured client id",
            None => "this resource has no system-assigned identity",
        };
        let context = format!("{what}: assign it, or check the client id (status {status})");
        Error::new(ErrorKind::Credentials, context)
    }
}

#[async_trait]
impl Credential for ManagedIdentity {
    async fn obtain(&self, scope: &str) -> Result<FreshToken, Error> {
        let resource = scope.strip_suffix("/.default").unwrap_or(scope);
        let mut url = self.endpoint.clone();
        url.query_pairs_mut()
            .append_pair("api-version", self.version)
            .append_pair("resource", resource)
            .extend_pairs(self.client_id.iter().map(|id| ("client_id", id)));
        let (name, value) = &self.header;
        let request = self.client.get(url).header(*name, value.expose());
        let answer = request.send().await.map_err(|source| {
            let why = "there is no managed identity here: its endpoint does not answer";
            Error::new(ErrorKind::Unavailable, why).with_source(source.without_url())
        })?;
        let status = answer.status().as_u16();
        let body = fetch::body(answer).await?;
        if status != 200 {
            return Err(self.refusal(status));
        }
        fresh(&strict::parse(&body).unwrap_or(Value::Null), Some(self.clock.now()))
    }
}

/// The platform's endpoints speak `http`, and are on this computer or one hop away.
fn local(endpoint: &str) -> Result<Url, Error> {
    let url = Url::parse(endpoint).ok();
    let is_near = |url: &Url| {
        is_loopback(url) || matches!(url.host(), Some(Host::Ipv4(at)) if is_link_local(at))
    };
    url.filter(|url| is_near(url) && url.scheme() == "http").ok_or_else(|| {
        let why = "the managed identity's endpoint is not http on this computer or its link";
        Error::new(ErrorKind::Config, why)
    })
}

fn is_link_local(address: Ipv4Addr) -> bool {
    address.is_link_local()
}

/// A token that the platform projects into a file, as Kubernetes does for a service account
/// (`AZURE_FEDERATED_TOKEN_FILE`). The file is read each time, because the platform replaces it.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::auth::{Cloud, EntraApp, WorkloadIdentity};
///
/// let file = WorkloadIdentity::new("/var/run/secrets/azure/tokens/azure-identity-token");
/// let url = Cloud::Public.token_url("11111111-2222-4333-8444-555555555555");
/// let app =
///     EntraApp::with_assertion(&url, "0f0e0d0c-1111-4222-8333-444455556666", Arc::new(file))?;
/// # drop(app);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct WorkloadIdentity {
    file: PathBuf,
}

impl WorkloadIdentity {
    /// The token in this file; nothing is read yet.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }
}

#[async_trait]
impl Assertion for WorkloadIdentity {
    async fn assertion(&self, _: &str, _: &str) -> Result<SecretToken, Error> {
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || projected(&file)).await;
        read.unwrap_or_else(|source| {
            let why = "the projected token file was not read to its end";
            Err(Error::new(ErrorKind::Unavailable, why).with_source(source))
        })
    }
}

fn projected(file: &Path) -> Result<SecretToken, Error> {
    use std::io::Read as _;
    let unusable = |why: &str| Error::new(ErrorKind::Credentials, why);
    let mut text = String::new();
    std::fs::File::open(file)
        .and_then(|file| file.take(MAX_TOKEN_FILE).read_to_string(&mut text))
        .map_err(|source| {
            let why = "the projected token file cannot be read: is the pod labelled for workload identity?";
            unusable(why).with_source(source)
        })?;
    let token = text.trim();
    let is_token =
        token.split('.').count() == 3 && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_token {
        return Err(unusable("the projected token file has no token in it"));
    }
    Ok(SecretToken::new(token))
}

/// A managed identity that proves the bot's app registration by a federated credential: neither a
/// secret nor a certificate is needed.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::SystemClock;
/// use argus_bot_sdk::auth::{Cloud, EntraApp, Federated, ManagedIdentity};
///
/// let clock = Arc::new(SystemClock);
/// let identity = ManagedIdentity::imds(clock.clone())?;
/// let federated = Federated::new(Arc::new(identity), Cloud::Public, clock);
/// let url = Cloud::Public.token_url("11111111-2222-4333-8444-555555555555");
/// let app =
///     EntraApp::with_assertion(&url, "0f0e0d0c-1111-4222-8333-444455556666", Arc::new(federated))?;
/// # drop(app);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
#[derive(Debug)]
pub struct Federated {
    tokens: TokenCache,
}

impl Federated {
    /// Tokens of `identity` for the cloud's token exchange.
    pub fn new(identity: Arc<dyn Credential>, cloud: Cloud, clock: Arc<dyn Clock>) -> Self {
        let scope = format!("{}/.default", cloud.constants().exchange_audience);
        Self { tokens: TokenCache::new(identity, scope, clock) }
    }
}

#[async_trait]
impl Assertion for Federated {
    async fn assertion(&self, _: &str, _: &str) -> Result<SecretToken, Error> {
        self.tokens.token().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_endpoints_see_the_header() {
        for (endpoint, is_near) in [
            ("http://169.254.169.254/metadata/identity/oauth2/token", true),
            ("http://169.254.129.5:8081/msi/token", true),
            ("http://localhost:42356/msi/token", true),
            ("http://127.0.0.1:42356/msi/token", true),
            ("https://169.254.169.254/", false),
            ("http://169.253.169.254/", false),
            ("http://evil.example/", false),
            ("http://169.254.169.254.evil.example/", false),
            ("http://user@evil.example/169.254.169.254", false),
            ("ftp://127.0.0.1/", false),
            ("token", false),
        ] {
            assert_eq!(local(endpoint).is_ok(), is_near, "{endpoint}");
        }
    }
}
