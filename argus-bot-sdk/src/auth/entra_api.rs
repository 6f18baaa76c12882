//! An API of one's own beside the bot, for apps that come with tokens of Entra.

use std::fmt;
use std::sync::Arc;

use crate::auth::tokens::Tokens;
use crate::auth::{InboundConfig, Rejection};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};

/// Checks tokens that Entra gave to apps for an API that stands beside the bot: a webhook behind
/// Event Grid, API Management or Logic Apps.
///
/// The rules are those of [`Authenticator`](crate::auth::Authenticator) for
/// [`entra_caller`](InboundConfig::entra_caller)s: signature, dates, audience, tenant, app, and that
/// the app speaks for itself. A token of the Bot Framework is not believed here.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::SystemClock;
/// use argus_bot_sdk::auth::{Cloud, EntraApi, InboundConfig};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let config = InboundConfig::new("api://events.contoso.example", Cloud::Public).entra_caller(
///     "11111111-2222-4333-8444-555555555555",
///     "77777777-8888-4999-8aaa-bbbbbbbbbbbb",
/// );
/// let api = EntraApi::new(&config, ["Events.Send"], Arc::new(SystemClock))?;
/// assert_eq!(api.check(None).await.unwrap_err().status(), 401);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct EntraApi {
    tokens: Tokens,
    roles: Vec<String>,
}

impl fmt::Debug for EntraApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraApi").field("roles", &self.roles).finish_non_exhaustive()
    }
}

impl EntraApi {
    /// An API for the callers of `config`, whose app id is the audience of their tokens. If roles
    /// are named, a token must have one of them. Keys are fetched when first needed; see [`prefetch`](Self::prefetch).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the audience is empty, no caller is named, a tenant is none, or a
    /// URL is not `https` (loopback may be `http`).
    pub fn new<R: Into<String>>(
        config: &InboundConfig,
        roles: impl IntoIterator<Item = R>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let config_error = |why| Err(Error::new(ErrorKind::Config, why));
        if config.app_id.trim().is_empty() {
            return config_error("the audience is empty");
        }
        if config.entra_tenants()?.is_empty() {
            return config_error("no app is named that may call");
        }
        let tokens = Tokens::of_entra(config, clock)?;
        Ok(Self { tokens, roles: roles.into_iter().map(Into::into).collect() })
    }

    /// Fetches Entra's keys, so that the first caller need not wait for them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if they cannot be had now; the first caller tries again.
    pub async fn prefetch(&self) -> Result<(), Error> {
        self.tokens.prefetch().await
    }

    /// Checks the token of an `Authorization` header. With keys that were fetched before this takes
    /// no time; the first caller, and one with a new key, may have to wait for them some seconds.
    ///    ///
    /// # Errors
    ///
    /// Status 401 if the header is missing or the token breaks a rule; status 503 if the issuer's
    /// keys were never fetched and cannot be fetched now.
    pub async fn check(&self, authorization: Option<&str>) -> Result<(), Rejection> {
        let grant = self.tokens.check(authorization).await?;
        let has_role =
            self.roles.is_empty() || grant.roles.iter().any(|it| self.roles.contains(it));
        if has_role { Ok(()) } else { Err(Rejection::token("roles")) }
    }
}
