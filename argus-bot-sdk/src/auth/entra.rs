//! An app registration at Entra's token endpoint: as itself, and on behalf of a person.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use crate::activity::strict;
use crate::auth::service_url::is_loopback;
use crate::auth::{Credential, FreshToken, Secret, SecretToken, fetch, refusal};
use crate::error::{Error, ErrorKind};

/// RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// RFC 7523 section 2.1, which Entra uses for "on behalf of".
const ON_BEHALF_OF: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A signed statement that stands in for a client secret: made with a
/// [`Certificate`](super::Certificate), given by the platform ([`WorkloadIdentity`], [`Federated`]),
/// or by what you write yourself.
///
/// [`WorkloadIdentity`]: super::WorkloadIdentity
/// [`Federated`]: super::Federated
#[async_trait]
pub trait Assertion: Send + Sync + fmt::Debug {
    /// The statement of the app `client_id` for the token endpoint `audience`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] if there is none to be had, [`ErrorKind::Unavailable`] if whoever
    /// gives it does not answer.
    async fn assertion(&self, client_id: &str, audience: &str) -> Result<SecretToken, Error>;
}

/// An app registration that gets tokens from a tenant's token endpoint.
///
/// The endpoint is that of the bot's own tenant, [`Cloud::token_url`](super::Cloud::token_url);
/// bots of the old multi-tenant kind name
/// [`Cloud::multi_tenant_token_url`](super::Cloud::multi_tenant_token_url) instead.
///
/// ```
/// use argus_bot_sdk::auth::{Cloud, EntraApp, Secret};
///
/// let url = Cloud::Public.token_url("11111111-2222-4333-8444-555555555555");
/// let app = EntraApp::with_secret(&url, "0f0e0d0c-1111-4222-8333-444455556666", Secret::new("x"))?;
/// assert!(EntraApp::with_secret("http://login.example/token", "app", Secret::new("x")).is_err());
/// # drop(app);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
pub struct EntraApp {
    token_url: Url,
    client_id: String,
    proof: Proof,
    client: reqwest::Client,
}

enum Proof {
    Secret(Secret),
    Assertion(Arc<dyn Assertion>),
}

impl fmt::Debug for EntraApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proof: &dyn fmt::Debug = match &self.proof {
            Proof::Secret(secret) => secret,
            Proof::Assertion(assertion) => assertion,
        };
        f.debug_struct("EntraApp").field("proof", proof).finish_non_exhaustive()
    }
}

impl EntraApp {
    /// An app that shows a client secret.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if `token_url` is not an `https` URL (loopback may be `http`).
    pub fn with_secret(
        token_url: &str,
        client_id: impl Into<String>,
        secret: Secret,
    ) -> Result<Self, Error> {
        Self::new(token_url, client_id.into(), Proof::Secret(secret))
    }

    /// An app that shows an assertion instead of a secret.
    ///
    /// # Errors
    ///
    /// As for [`with_secret`](Self::with_secret).
    pub fn with_assertion(
        token_url: &str,
        client_id: impl Into<String>,
        assertion: Arc<dyn Assertion>,
    ) -> Result<Self, Error> {
        Self::new(token_url, client_id.into(), Proof::Assertion(assertion))
    }

    fn new(token_url: &str, client_id: String, proof: Proof) -> Result<Self, Error> {
        let token_url = Url::parse(token_url).map_err(|source| {
            Error::new(ErrorKind::Config, "the token URL is not a URL").with_source(source)
        })?;
        let is_safe = token_url.scheme() == "https"
            || (token_url.scheme() == "http" && is_loopback(&token_url));
        if !is_safe {
            return Err(Error::new(ErrorKind::Config, "the token URL is not https"));
        }
        Ok(Self { token_url, client_id, proof, client: fetch::client()? })
    }

    /// The app registration's id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// A token for `scope` with which the app acts for the person whose token `user` is. That token
    /// must be for this very app; single sign-on and the token service give such tokens.
    ///
    /// [`OnBehalfOf`] keeps the result.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Interaction`] if the person has to consent or to sign in again; otherwise as for
    /// [`Credential::obtain`].
    ///
    /// ```
    /// use argus_bot_sdk::Error;
    /// use argus_bot_sdk::auth::{EntraApp, SecretToken};
    ///
    /// async fn calendar(app: &EntraApp, alice: &SecretToken) -> Result<SecretToken, Error> {
    ///     let fresh = app.on_behalf_of(alice, "https://graph.microsoft.com/Calendars.Read").await?;
    ///     Ok(fresh.token)
    /// }
    /// ```
    pub async fn on_behalf_of(&self, user: &SecretToken, scope: &str) -> Result<FreshToken, Error> {
        let grant = [
            ("grant_type", ON_BEHALF_OF),
            ("assertion", user.expose()),
            ("requested_token_use", "on_behalf_of"),
        ];
        self.request(&grant, scope).await
    }

    async fn request(&self, grant: &[(&str, &str)], scope: &str) -> Result<FreshToken, Error> {
        let assertion;
        let mut form = grant.to_vec();
        form.push(("client_id", &self.client_id));
        match &self.proof {
            Proof::Secret(secret) => form.push(("client_secret", secret.expose())),
            Proof::Assertion(source) => {
                assertion = source.assertion(&self.client_id, self.token_url.as_str()).await?;
                form.push(("client_assertion_type", JWT_BEARER));
                form.push(("client_assertion", assertion.expose()));
            }
        }
        form.push(("scope", scope));
        let request = self.client.post(self.token_url.clone()).form(&form);
        let answer = request.send().await.map_err(fetch::unreachable)?;
        let status = answer.status().as_u16();
        let body = fetch::body(answer).await?;
        let body = strict::parse(&body).unwrap_or(Value::Null);
        if status != 200 {
            return Err(refusal::of(status, &body));
        }
        fresh(&body, None)
    }
}

#[async_trait]
impl Credential for EntraApp {
    async fn obtain(&self, scope: &str) -> Result<FreshToken, Error> {
        self.request(&[("grant_type", "client_credentials")], scope).await
    }
}

/// The tokens with which an app acts for one person; a [`TokenCache`](super::TokenCache) keeps them.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::SystemClock;
/// use argus_bot_sdk::auth::{Cloud, EntraApp, OnBehalfOf, Secret, SecretToken, TokenCache};
///
/// let url = Cloud::Public.token_url("11111111-2222-4333-8444-555555555555");
/// let app = EntraApp::with_secret(&url, "0f0e0d0c-1111-4222-8333-444455556666", Secret::new("x"))?;
/// let alice = OnBehalfOf::new(Arc::new(app), SecretToken::new("what single sign-on gave"));
/// let scope = "https://graph.microsoft.com/User.Read";
/// let tokens = TokenCache::new(Arc::new(alice), scope, Arc::new(SystemClock));
/// # drop(tokens);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
#[derive(Debug)]
pub struct OnBehalfOf {
    app: Arc<EntraApp>,
    user: SecretToken,
}

impl OnBehalfOf {
    /// `app` acts for the person whose token `user` is.
    pub fn new(app: Arc<EntraApp>, user: SecretToken) -> Self {
        Self { app, user }
    }
}

#[async_trait]
impl Credential for OnBehalfOf {
    async fn obtain(&self, scope: &str) -> Result<FreshToken, Error> {
        self.app.on_behalf_of(&self.user, scope).await
    }
}

/// The token in an answer with status 200. Identities of the platform may say when it ends instead
/// of how long it lasts, so they tell what time it is.
pub(super) fn fresh(body: &Value, now: Option<Timestamp>) -> Result<FreshToken, Error> {
    let token = body.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let until = || {
        let ends = i64::try_from(body.get("expires_on").and_then(seconds)?).ok()?;
        u64::try_from(ends.checked_sub(now?.as_second())?).ok()
    };
    let lasts = body.get("expires_in").and_then(seconds).or_else(until);
    let is_bearer = body
        .get("token_type")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    match (token, lasts.filter(|&seconds| seconds > 0), is_bearer) {
        (Some(token), Some(lasts), true) => {
            Ok(FreshToken::new(SecretToken::new(token), Duration::from_secs(lasts)))
        }
        _ => Err(Error::new(ErrorKind::Unavailable, "the token service's answer has no token")),
    }
}

/// A number in version 2, text in version 1 and in the platform's answers.
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
