//! The bot's own token, for the way back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use crate::activity::strict;
use crate::auth::service_url::is_loopback;
use crate::auth::{Secret, SecretToken, fetch};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};

/// A token is renewed this long before it expires.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// After a failure nobody asks again for this long; an answer of yesterday is better than a storm.
const PAUSE: Duration = Duration::from_secs(1);

/// Entra gives tokens for an hour, at most for a day; longer promises are not believed.
const MAX_LIFETIME: u64 = 24 * 60 * 60;

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

/// Gets tokens with a client secret.
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
pub struct ClientSecret {
    token_url: Url,
    client_id: String,
    secret: Secret,
    scope: String,
    clock: Arc<dyn Clock>,
    client: reqwest::Client,
    current: ArcSwapOption<Current>,
    // Whoever holds it asks Entra; `failed` remembers when that last went wrong.
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

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret").field("scope", &self.scope).finish_non_exhaustive()
    }
}

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
        let token_url = Url::parse(token_url).map_err(|source| {
            Error::new(ErrorKind::Config, "the token URL is not a URL").with_source(source)
        })?;
        if token_url.scheme() != "https"
            && !(token_url.scheme() == "http" && is_loopback(&token_url))
        {
            return Err(Error::new(ErrorKind::Config, "the token URL is not https"));
        }
        Ok(Self {
            token_url,
            client_id: client_id.into(),
            secret,
            scope: scope.into(),
            clock,
            client: fetch::client()?,
            current: ArcSwapOption::empty(),
            asking: Mutex::default(),
        })
    }

    /// The token in hand, if it lives longer than `margin`.
    fn longer_than(&self, margin: Duration) -> Option<SecretToken> {
        let current = self.current.load();
        let current = current.as_ref()?;
        let ends = current.expires.checked_sub(margin).ok()?;
        (self.clock.now() < ends).then(|| current.token.clone())
    }

    /// Asks Entra, or repeats what it said a moment ago.
    async fn ask(&self, failed: &mut Option<Failure>) -> Result<SecretToken, Error> {
        let now = self.clock.now();
        if let Some(failure) = failed.as_ref() {
            let passed = Duration::try_from(now.duration_since(failure.at));
            if passed.is_ok_and(|passed| passed < PAUSE) {
                return Err(Error::new(failure.kind, failure.context.clone()));
            }
        }
        match self.request().await {
            Ok(current) => {
                *failed = None;
                let token = current.token.clone();
                self.current.store(Some(Arc::new(current)));
                Ok(token)
            }
            Err(error) => {
                let context = error.to_string();
                *failed = Some(Failure { at: self.clock.now(), kind: error.kind(), context });
                Err(error)
            }
        }
    }

    async fn request(&self) -> Result<Current, Error> {
        let asked = self.clock.now();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.secret.expose()),
            ("scope", self.scope.as_str()),
        ];
        let request = self.client.post(self.token_url.clone()).form(&form);
        let answer = request.send().await.map_err(fetch::unreachable)?;
        let status = answer.status().as_u16();
        let body = fetch::body(answer).await?;
        let body = strict::parse(&body).unwrap_or(Value::Null);
        if status != 200 {
            return Err(refusal(status, &body));
        }
        let token =
            body.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
        let lifetime = body.get("expires_in").and_then(seconds).filter(|&seconds| seconds > 0);
        let is_bearer = body
            .get("token_type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
        let (Some(token), Some(lifetime), true) = (token, lifetime, is_bearer) else {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "the token service's answer has no token",
            ));
        };
        let lifetime = Duration::from_secs(lifetime.min(MAX_LIFETIME));
        let expires = asked.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        Ok(Current { token: SecretToken::new(token), expires })
    }
}

#[async_trait]
impl TokenSource for ClientSecret {
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

/// `expires_in` is a number in version 2 and text in version 1.
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// What Entra's refusals mean, and what to do about them. Its own text is not repeated: it names
/// tenants and apps.
const REFUSALS: [(u64, &str); 10] = [
    (7_000_215, "the client secret is wrong: use the secret's value, not its id"),
    (7_000_222, "the client secret has expired: make a new one in the app registration"),
    (
        7_000_229,
        "the app has no service principal in this tenant: create one (az ad sp create --id APP_ID) or grant admin consent",
    ),
    (700_016, "the app is not known in this tenant: check app id, tenant id and cloud"),
    (700_024, "the client assertion is not valid now: check this computer's clock"),
    (
        700_027,
        "the client assertion is signed with a certificate that the app registration does not have",
    ),
    (
        500_011,
        "the scope's resource is not known in this tenant: check that cloud and scope belong together",
    ),
    (90_002, "the tenant does not exist: check tenant id and cloud"),
    (53_003, "a conditional access policy refuses the app: exclude its service principal"),
    (7_000_112, "the app is disabled in this tenant: enable it in enterprise applications"),
];

fn refusal(status: u16, body: &Value) -> Error {
    if status >= 500 || status == 429 || status == 408 {
        return Error::new(ErrorKind::Unavailable, format!("the token service answered {status}"));
    }
    let code = code(body);
    let known = REFUSALS.iter().find(|(known, _)| Some(*known) == code);
    let context = match (known, code) {
        (Some((code, advice)), _) => format!("{advice} (AADSTS{code})"),
        (None, Some(code)) => {
            format!("the token service refused the bot's credential (AADSTS{code})")
        }
        (None, None) => format!("the token service answered {status}"),
    };
    Error::new(ErrorKind::Credentials, context)
}

/// The number behind `AADSTS`.
fn code(body: &Value) -> Option<u64> {
    let listed = body.pointer("/error_codes/0").and_then(Value::as_u64);
    listed.or_else(|| {
        let text = body.get("error_description")?.as_str()?;
        let (_, after) = text.split_once("AADSTS")?;
        after.split(|digit: char| !digit.is_ascii_digit()).next()?.parse().ok()
    })
}
