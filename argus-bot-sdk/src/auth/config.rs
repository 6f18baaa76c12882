//! What the door has to know.

use url::Url;

use crate::auth::callers::{EntraTenant, checked_tenant};
use crate::auth::service_url::is_loopback;
use crate::auth::{Cloud, ServiceUrlPolicy};
use crate::error::{Error, ErrorKind};

/// Who may speak to the bot.
///
/// # Examples
///
/// ```
/// use argus_bot_sdk::auth::{Cloud, InboundConfig};
///
/// let config = InboundConfig::new("0f0e0d0c-1111-4222-8333-444455556666", Cloud::Public)
///     .tenant("11111111-2222-4333-8444-555555555555");
/// assert!(config.service_url_policy().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct InboundConfig {
    pub(crate) app_id: String,
    pub(crate) cloud: Cloud,
    pub(crate) tenants: Vec<String>,
    pub(crate) channels: Vec<String>,
    /// Tenant and app of each caller with tokens of Entra.
    callers: Vec<(String, String)>,
    openid_metadata_url: Option<String>,
    entra_metadata_url: Option<String>,
    allowed_service_urls: Vec<String>,
}

impl InboundConfig {
    /// The bot with this app id, in this cloud: any tenant, Teams only, tokens of the Bot
    /// Framework only.
    pub fn new(app_id: impl Into<String>, cloud: Cloud) -> Self {
        Self {
            app_id: app_id.into(),
            cloud,
            tenants: Vec::new(),
            channels: vec!["msteams".to_owned()],
            callers: Vec::new(),
            openid_metadata_url: None,
            entra_metadata_url: None,
            allowed_service_urls: Vec::new(),
        }
    }

    /// Lets in people of this tenant; once one is named, all others stay out.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenants.push(tenant.into());
        self
    }

    /// The channels to listen to; `msteams` alone unless told.
    #[must_use]
    pub fn channels<I, C>(mut self, channels: I) -> Self
    where
        I: IntoIterator<Item = C>,
        C: Into<String>,
    {
        self.channels = channels.into_iter().map(Into::into).collect();
        self
    }

    /// Takes the keys from another OpenID document than the cloud's; `http` on loopback only.
    #[must_use]
    pub fn openid_metadata_url(mut self, url: impl Into<String>) -> Self {
        self.openid_metadata_url = Some(url.into());
        self
    }

    /// Lets further service URLs pass; see [`ServiceUrlPolicy::allowing`].
    ///
    /// ```
    /// use argus_bot_sdk::auth::{Cloud, InboundConfig};
    ///
    /// let config = InboundConfig::new("0f0e0d0c-1111-4222-8333-444455556666", Cloud::China)
    ///     .allowed_service_urls(["https://teams.proxy.example/"])
    ///     .emulator("11111111-2222-4333-8444-555555555555")
    ///     .entra_metadata_url("https://login.example/{tenant}/v2.0/.well-known/openid-configuration");
    /// assert!(config.service_url_policy()?.check("https://teams.proxy.example/cn/").is_ok());
    /// # Ok::<(), argus_bot_sdk::Error>(())
    /// ```
    #[must_use]
    pub fn allowed_service_urls<I, U>(mut self, urls: I) -> Self
    where
        I: IntoIterator<Item = U>,
        U: Into<String>,
    {
        self.allowed_service_urls.extend(urls.into_iter().map(Into::into));
        self
    }

    /// Also accepts tokens that Entra gave to this very app in `tenant`, as the Agents Playground
    /// with credentials sends them: the app itself as an [`entra_caller`](Self::entra_caller).
    #[must_use]
    pub fn emulator(self, tenant: impl Into<String>) -> Self {
        let app_id = self.app_id.clone();
        self.entra_caller(tenant, app_id)
    }

    /// Also accepts tokens for this bot that Entra's `tenant` gave to the app `caller_app_id`:
    /// another bot, an agent. Nobody comes in this way unless both are named here.
    ///
    /// Only tokens of the app itself count, not those of people who use it. No claim covers the
    /// service URL then, so it must be in the allowlist.
    ///
    /// ```
    /// use argus_bot_sdk::auth::{Cloud, InboundConfig};
    ///
    /// let config = InboundConfig::new("0f0e0d0c-1111-4222-8333-444455556666", Cloud::Public)
    ///     .entra_caller(
    ///         "11111111-2222-4333-8444-555555555555",
    ///         "77777777-8888-4999-8aaa-bbbbbbbbbbbb",
    ///     );
    /// # drop(config);
    /// ```
    #[must_use]
    pub fn entra_caller(
        mut self,
        tenant: impl Into<String>,
        caller_app_id: impl Into<String>,
    ) -> Self {
        self.callers.push((tenant.into(), caller_app_id.into()));
        self
    }

    /// Where the keys of Entra's tokens are named, with `{tenant}` for the tenant. Unless told, each
    /// tenant's own document, on the host of [`openid_metadata_url`](Self::openid_metadata_url) if
    /// that is set.
    #[must_use]
    pub fn entra_metadata_url(mut self, url: impl Into<String>) -> Self {
        self.entra_metadata_url = Some(url.into());
        self
    }

    /// The addresses to which answers may go.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if an allowed service URL is none, or if no address at all could pass.
    pub fn service_url_policy(&self) -> Result<ServiceUrlPolicy, Error> {
        let policy = ServiceUrlPolicy::new(self.cloud).allowing(&self.allowed_service_urls)?;
        if policy.is_empty() {
            let why = "this cloud has no published service host; name one in allowed_service_urls";
            return Err(Error::new(ErrorKind::Config, why));
        }
        Ok(policy)
    }

    pub(crate) fn metadata_url(&self) -> Result<Url, Error> {
        let default = self.cloud.constants().openid_metadata_url;
        metadata_url(self.openid_metadata_url.as_deref().unwrap_or(default))
    }

    /// The tenants whose tokens are believed, each once, with its callers.
    pub(crate) fn entra_tenants(&self) -> Result<Vec<EntraTenant>, Error> {
        let mut tenants: Vec<EntraTenant> = Vec::new();
        for (tenant, caller) in &self.callers {
            let tenant = checked_tenant(tenant)?;
            if caller.trim().is_empty() {
                let why = "a caller with tokens of Entra has no app id";
                return Err(Error::new(ErrorKind::Config, why));
            }
            let known = tenants.iter_mut().find(|it| it.tenant.eq_ignore_ascii_case(tenant));
            if let Some(known) = known {
                known.callers.push(caller.clone());
                continue;
            }
            let mut fresh = EntraTenant::new(tenant, self.cloud, self.entra_metadata(tenant)?);
            fresh.callers.push(caller.clone());
            tenants.push(fresh);
        }
        Ok(tenants)
    }

    fn entra_metadata(&self, tenant: &str) -> Result<Url, Error> {
        let tenant = tenant.to_ascii_lowercase();
        let path = format!("/{tenant}/v2.0/.well-known/openid-configuration");
        match (&self.entra_metadata_url, &self.openid_metadata_url) {
            (Some(url), _) => metadata_url(&url.replace("{tenant}", &tenant)),
            (None, Some(_)) => self.metadata_url()?.join(&path).map_err(|source| {
                Error::new(ErrorKind::Config, "the OpenID metadata URL has no host")
                    .with_source(source)
            }),
            (None, None) => {
                metadata_url(&format!("https://{}{path}", self.cloud.constants().login_host))
            }
        }
    }
}

fn metadata_url(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|source| {
        Error::new(ErrorKind::Config, "the OpenID metadata URL is not a URL").with_source(source)
    })?;
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) {
        Ok(url)
    } else {
        Err(Error::new(ErrorKind::Config, "the OpenID metadata URL is not https"))
    }
}
