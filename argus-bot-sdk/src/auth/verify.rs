//! The door: who may come in, and what is read only after that.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::activity::Activity;
use crate::auth::explain::{self, Finding};
use crate::auth::tokens::Tokens;
use crate::auth::vouched::{Rules, Voucher};
use crate::auth::{InboundConfig, Rejection, Verified, Vouched};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};

/// Checks who speaks to the bot.
///
/// Two steps, so that no body is read for a stranger: [`authenticate`](Self::authenticate) the
/// header, then [`Vouched::read`] the body. There is no switch that turns a rule off.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::SystemClock;
/// use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let config = InboundConfig::new("0f0e0d0c-1111-4222-8333-444455556666", Cloud::Public)
///     .tenant("11111111-2222-4333-8444-555555555555");
/// let door = Authenticator::new(config, Arc::new(SystemClock))?;
///
/// let unsigned = "Bearer eyJhbGciOiJub25lIn0.e30.";
/// let rejection = door.verify(Some(unsigned), b"{}").await.unwrap_err();
/// assert_eq!(rejection.status(), 401);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg_attr(
    not(feature = "danger-anonymous"),
    doc = "```compile_fail,E0599",
    doc = "// Without the feature `danger-anonymous` there is no such thing.",
    doc = "let _ = argus_bot_sdk::auth::Authenticator::anonymous;",
    doc = "```"
)]
pub struct Authenticator {
    rules: Arc<Rules>,
    mode: Mode,
}

enum Mode {
    Tokens(Box<Tokens>),
    #[cfg(feature = "danger-anonymous")]
    Anonymous,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("anonymous", &self.is_anonymous())
            .field("keys_age", &self.keys_age())
            .finish_non_exhaustive()
    }
}

impl Authenticator {
    /// A door for the bot that `config` describes; keys are fetched when first needed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the app id is empty, no channel or no service URL could ever be
    /// accepted, or a URL is not `https` (loopback may be `http`).
    pub fn new(config: InboundConfig, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let config_error = |why| Err(Error::new(ErrorKind::Config, why));
        if config.app_id.trim().is_empty() {
            return config_error("the app id is empty");
        }
        if config.channels.iter().all(String::is_empty) {
            return config_error("there is no channel to listen to");
        }
        if config.tenants.iter().any(String::is_empty) {
            return config_error("an allowed tenant is empty");
        }
        let policy = config.service_url_policy()?;
        let tokens = Tokens::new(&config, clock)?;
        let InboundConfig { tenants, channels, .. } = config;
        Ok(Self {
            rules: Arc::new(Rules { policy, tenants, channels }),
            mode: Mode::Tokens(Box::new(tokens)),
        })
    }

    /// A door that lets in everybody, for the Agents Playground without credentials.
    ///
    /// `policy` still decides where answers may go. The server refuses to listen anywhere but on
    /// loopback with such a door.
    #[cfg(feature = "danger-anonymous")]
    pub fn anonymous(policy: crate::auth::ServiceUrlPolicy) -> Self {
        let rules = Rules { policy, tenants: Vec::new(), channels: Vec::new() };
        Self { rules: Arc::new(rules), mode: Mode::Anonymous }
    }

    /// Whether this door lets in everybody, so that a server can insist on a loopback address.
    pub fn is_anonymous(&self) -> bool {
        match self.mode {
            Mode::Tokens(_) => false,
            #[cfg(feature = "danger-anonymous")]
            Mode::Anonymous => true,
        }
    }

    /// The one `Authorization` header of a request.
    ///
    /// # Errors
    ///
    /// Status 401 if there are several, because two readers could believe two different ones, or
    /// if it is not text.
    pub fn authorization(headers: &http::HeaderMap) -> Result<Option<&str>, Rejection> {
        let mut values = headers.get_all(http::header::AUTHORIZATION).iter();
        let bad = Rejection::token("bearer");
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| bad),
            (Some(_), Some(_)) => Err(bad),
        }
    }

    /// Checks a token before anything else of the request is read.
    ///
    /// # Errors
    ///
    /// Status 401 if the header is missing or the token breaks a rule; status 503 if the issuer's
    /// keys were never fetched and cannot be fetched now.
    pub async fn authenticate(&self, authorization: Option<&str>) -> Result<Vouched, Rejection> {
        let grant = match &self.mode {
            Mode::Tokens(tokens) => Voucher::Token(tokens.check(authorization).await?),
            #[cfg(feature = "danger-anonymous")]
            Mode::Anonymous => Voucher::Nobody,
        };
        Ok(Vouched { rules: Arc::clone(&self.rules), grant })
    }

    /// Checks a token and reads the activity for which it vouches.
    ///
    /// # Errors
    ///
    /// Those of [`authenticate`](Self::authenticate) and of [`Vouched::read`], in this order.
    pub async fn verify(
        &self,
        authorization: Option<&str>,
        body: &[u8],
    ) -> Result<Verified<Activity>, Rejection> {
        self.authenticate(authorization).await?.read(body)
    }

    /// Fetches the keys before the first request needs them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if an issuer does not answer; requests will try again.
    ///
    /// ```
    /// use argus_bot_sdk::auth::Authenticator;
    ///
    /// /// For a page about the bot's health.
    /// async fn is_ready(door: &Authenticator) -> bool {
    ///     let has_keys = door.prefetch().await.is_ok();
    ///     has_keys && door.keys_age().is_some() && !door.is_anonymous()
    /// }
    /// ```
    pub async fn prefetch(&self) -> Result<(), Error> {
        match &self.mode {
            Mode::Tokens(tokens) => tokens.prefetch().await,
            #[cfg(feature = "danger-anonymous")]
            Mode::Anonymous => Ok(()),
        }
    }

    /// Says of each rule whether a token keeps it, for the person who has to find out why a bot is
    /// deaf. The findings quote the token's claims, so they are not for strangers.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use argus_bot_sdk::SystemClock;
    /// # use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig, Verdict};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let config = InboundConfig::new("0f0e0d0c-1111-4222-8333-444455556666", Cloud::Public);
    /// let door = Authenticator::new(config, Arc::new(SystemClock))?;
    /// let findings = door.explain("not a token").await;
    /// let last = findings.last().unwrap();
    /// assert_eq!((last.rule, last.verdict), ("format", Verdict::Broken));
    /// # Ok::<(), argus_bot_sdk::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn explain(&self, token: &str) -> Vec<Finding> {
        match &self.mode {
            Mode::Tokens(tokens) => explain::findings(tokens, token).await,
            #[cfg(feature = "danger-anonymous")]
            Mode::Anonymous => Vec::new(),
        }
    }

    /// How long ago the Bot Framework last confirmed its keys; `None` if it never did.
    pub fn keys_age(&self) -> Option<Duration> {
        match &self.mode {
            Mode::Tokens(tokens) => tokens.keys_age(),
            #[cfg(feature = "danger-anonymous")]
            Mode::Anonymous => None,
        }
    }
}
