//! The bot's own token, for the way back: asked for once, kept, renewed in time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::auth::{EntraApp, Secret, SecretToken};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};

/// A token is renewed this long before it expires.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// After a failure nobody asks again for this long; an answer of yesterday is better than a storm.
const PAUSE: Duration = Duration::from_secs(1);

/// Entra gives tokens for an hour, at most for a day; longer promises are not believed.
const MAX_LIFETIME: Duration = Duration::from_hours(24);

/// Where the bot's own token comes from.
#[async_trait]
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// A token that is good for some minutes at least.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] if the credential is refused, [`ErrorKind::Unavailable`] if
    /// nobody answers.
    async fn token(&self) -> Result<SecretToken, Error>;

    /// The token in hand, if [`token`](Self::token) would give it without asking anybody. For
    /// sources that know it; the others are asked each time.
    fn held(&self) -> Option<SecretToken> {
        None
    }

    /// Another token than `stale`, which the other side did not accept.
    ///
    /// Callers that come at once with the same stale token cause one request.
    ///
    /// # Errors
    ///
    /// Those of [`token`](Self::token).
    async fn refresh(&self, stale: &SecretToken) -> Result<SecretToken, Error>;
}

/// How the bot proves who it is: a secret, a certificate, an identity of the platform, or what you
/// write yourself. It is asked once per token; a [`TokenCache`] keeps what it gives.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use argus_bot_sdk::auth::{Credential, FreshToken, SecretToken, TokenCache, TokenSource};
/// use argus_bot_sdk::{Error, SystemClock};
///
/// /// Asks a broker beside the bot.
/// #[derive(Debug)]
/// struct Broker;
///
/// #[async_trait::async_trait]
/// impl Credential for Broker {
///     async fn obtain(&self, scope: &str) -> Result<FreshToken, Error> {
///         Ok(FreshToken::new(SecretToken::new(format!("for {scope}")), Duration::from_secs(3600)))
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let tokens = TokenCache::new(Arc::new(Broker), "api://x/.default", Arc::new(SystemClock));
/// assert_eq!(tokens.token().await?.expose(), "for api://x/.default");
/// # Ok::<(), Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait Credential: Send + Sync + fmt::Debug {
    /// A new token for `scope`, which ends in `/.default`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] if the credential is refused, [`ErrorKind::Unavailable`] if
    /// nobody answers.
    async fn obtain(&self, scope: &str) -> Result<FreshToken, Error>;
}

/// A token as a [`Credential`] gives it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FreshToken {
    /// The token.
    pub token: SecretToken,
    /// How long it is good.
    pub lasts: Duration,
}

impl FreshToken {
    /// A token that is good for so long.
    pub fn new(token: SecretToken, lasts: Duration) -> Self {
        Self { token, lasts }
    }
}

/// Keeps the token of one scope: one request for any number of callers, renewed five minutes before
/// it ends while the old one goes on being used, and a pause of a second after a failure.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::SystemClock;
/// use argus_bot_sdk::auth::{Cloud, EntraApp, Secret, TokenCache};
///
/// let cloud = Cloud::Public;
/// let url = cloud.token_url("11111111-2222-4333-8444-555555555555");
/// let app = EntraApp::with_secret(&url, "0f0e0d0c-1111-4222-8333-444455556666", Secret::new("x"))?;
/// let app = Arc::new(app);
/// let constants = cloud.constants();
/// let bot = TokenCache::new(app.clone(), constants.bot_scope, Arc::new(SystemClock));
/// let graph = TokenCache::new(app, constants.graph_scope, Arc::new(SystemClock));
/// # drop((bot, graph));
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
pub struct TokenCache {
    credential: Arc<dyn Credential>,
    scope: String,
    clock: Arc<dyn Clock>,
    current: ArcSwapOption<Current>,
    // Whoever holds it asks; `failed` remembers when that last went wrong.
    asking: Mutex<Option<Failure>>,
}

struct Current {
    token: SecretToken,
    expires: Timestamp,
}

struct Failure {
    at: Timestamp,
    kind: ErrorKind,
    context: String,
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("credential", &self.credential)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl TokenCache {
    /// Tokens of `credential` for `scope`; nothing is asked yet.
    pub fn new(
        credential: Arc<dyn Credential>,
        scope: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (current, asking) = (ArcSwapOption::empty(), Mutex::default());
        Self { credential, scope: scope.into(), clock, current, asking }
    }

    /// The token in hand, if it lives longer than `margin`.
    fn longer_than(&self, margin: Duration) -> Option<SecretToken> {
        let current = self.current.load();
        let current = current.as_ref()?;
        let ends = current.expires.checked_sub(margin).ok()?;
        (self.clock.now() < ends).then(|| current.token.clone())
    }

    /// Asks, or repeats what was said a moment ago.
    async fn ask(&self, failed: &mut Option<Failure>) -> Result<SecretToken, Error> {
        let asked = self.clock.now();
        if let Some(failure) = failed.as_ref() {
            let passed = Duration::try_from(asked.duration_since(failure.at));
            if passed.is_ok_and(|passed| passed < PAUSE) {
                return Err(Error::new(failure.kind, failure.context.clone()));
            }
        }
        match self.credential.obtain(&self.scope).await {
            Ok(FreshToken { token, lasts }) => {
                *failed = None;
                let expires = asked.checked_add(lasts.min(MAX_LIFETIME)).unwrap_or(Timestamp::MAX);
                self.current.store(Some(Arc::new(Current { token: token.clone(), expires })));
                Ok(token)
            }
            Err(error) => {
                let context = error.to_string();
                *failed = Some(Failure { at: self.clock.now(), kind: error.kind(), context });
                Err(error)
            }
        }
    }
}

#[async_trait]
impl TokenSource for TokenCache {
    fn held(&self) -> Option<SecretToken> {
        self.longer_than(RENEW_BEFORE)
    }

    async fn token(&self) -> Result<SecretToken, Error> {
        if let Some(token) = self.longer_than(RENEW_BEFORE) {
            return Ok(token);
        }
        let Some(old) = self.longer_than(Duration::ZERO) else {
            let mut failed = self.asking.lock().await;
            // Somebody else may have got one while this caller waited for its turn.
            return match self.longer_than(Duration::ZERO) {
                Some(token) => Ok(token),
                None => self.ask(&mut failed).await,
            };
        };
        // The old one is still good: one caller renews it, all others go on with it.
        match self.asking.try_lock() {
            Ok(mut failed) => Ok(self.ask(&mut failed).await.unwrap_or(old)),
            Err(_) => Ok(old),
        }
    }

    async fn refresh(&self, stale: &SecretToken) -> Result<SecretToken, Error> {
        let mut failed = self.asking.lock().await;
        match self.longer_than(Duration::ZERO) {
            Some(token) if token != *stale => Ok(token),
            _ => self.ask(&mut failed).await,
        }
    }
}

/// Gets tokens with a client secret: an [`EntraApp`] with a [`TokenCache`] of its own.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::SystemClock;
/// use argus_bot_sdk::auth::{ClientSecret, Cloud, Secret};
///
/// let cloud = Cloud::Public;
/// let source = ClientSecret::new(
///     &cloud.token_url("11111111-2222-4333-8444-555555555555"),
///     "0f0e0d0c-1111-4222-8333-444455556666",
///     Secret::new("correct horse"),
///     cloud.constants().bot_scope,
///     Arc::new(SystemClock),
/// )?;
/// assert!(!format!("{source:?}").contains("horse"));
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
#[derive(Debug)]
pub struct ClientSecret(TokenCache);

impl ClientSecret {
    /// A source that asks `token_url` for tokens of `scope`; nothing is asked yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if `token_url` is not an `https` URL (loopback may be `http`).
    pub fn new(
        token_url: &str,
        client_id: impl Into<String>,
        secret: Secret,
        scope: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let app = EntraApp::with_secret(token_url, client_id, secret)?;
        Ok(Self(TokenCache::new(Arc::new(app), scope, clock)))
    }
}

#[async_trait]
impl TokenSource for ClientSecret {
    async fn token(&self) -> Result<SecretToken, Error> {
        self.0.token().await
    }

    async fn refresh(&self, stale: &SecretToken) -> Result<SecretToken, Error> {
        self.0.refresh(stale).await
    }
}

/// A token that somebody else got and nobody here can renew, such as that of a person who signed in.
///
/// ```
/// use argus_bot_sdk::ErrorKind;
/// use argus_bot_sdk::auth::{GivenToken, SecretToken, TokenSource};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let given = GivenToken::new(SecretToken::new("t"));
/// let token = given.token().await?;
/// assert_eq!(given.refresh(&token).await.unwrap_err().kind(), ErrorKind::Interaction);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct GivenToken(SecretToken);

impl GivenToken {
    /// This token.
    pub fn new(token: SecretToken) -> Self {
        Self(token)
    }
}

#[async_trait]
impl TokenSource for GivenToken {
    async fn token(&self) -> Result<SecretToken, Error> {
        Ok(self.0.clone())
    }

    async fn refresh(&self, _: &SecretToken) -> Result<SecretToken, Error> {
        Err(Error::new(ErrorKind::Interaction, "the person's token is over: sign in again"))
    }
}
