//! The door: which tokens are believed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::aws_lc;
use moka::sync::Cache;

use crate::activity::Activity;
use crate::auth::claims::{self, Claims, Unproven};
use crate::auth::config::Emulator;
use crate::auth::jwks::Key;
use crate::auth::keys::{Found, Keys, NoKey};
use crate::auth::vouched::{Grant, Rules, Voucher};
use crate::auth::{InboundConfig, Rejection, Verified, Vouched, fetch, service_url};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};

/// Clocks may differ by five minutes (rule R5 of Microsoft's article).
const SKEW: f64 = 300.0;

/// One token per tenant and service URL lives an hour, so this is room for thousands of tenants.
const MAX_CACHED: u64 = 10_000;

/// Entra's longest token lifetime; the expiry itself is checked at every use.
const MAX_CACHED_FOR: Duration = Duration::from_hours(24);

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

struct Tokens {
    app_id: String,
    clock: Arc<dyn Clock>,
    bot_framework: Issuer,
    emulator: Option<(Emulator, Issuer)>,
    seen: Cache<[u8; 32], Arc<Seen>>,
}

struct Issuer {
    names: Vec<String>,
    keys: Keys,
}

/// A token whose signature was checked with keys of this generation.
struct Seen {
    from_emulator: bool,
    generation: u64,
    not_before: f64,
    expires: f64,
    grant: Arc<Grant>,
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
        let client = fetch::client()?;
        let keys = |url| Keys::new(url, client.clone(), Arc::clone(&clock));
        let bot_framework = Issuer {
            names: vec![config.cloud.constants().issuer.to_owned()],
            keys: keys(config.metadata_url()?),
        };
        let emulator = config.emulator_side()?.map(|emulator| {
            let names = emulator.issuers.to_vec();
            let keys = keys(emulator.metadata_url.clone());
            (emulator, Issuer { names, keys })
        });
        let seen = Cache::builder().max_capacity(MAX_CACHED).time_to_live(MAX_CACHED_FOR).build();
        let InboundConfig { app_id, tenants, channels, .. } = config;
        let tokens = Tokens { app_id, clock, bot_framework, emulator, seen };
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
    pub async fn prefetch(&self) -> Result<(), Error> {
        match &self.mode {
            Mode::Tokens(tokens) => {
                tokens.bot_framework.keys.prefetch().await?;
                match &tokens.emulator {
                    Some((_, issuer)) => issuer.keys.prefetch().await,
                    None => Ok(()),
                }
            }
            #[cfg(feature = "danger-anonymous")]
            Mode::Anonymous => Ok(()),
        }
    }

    /// How long ago the Bot Framework last confirmed its keys; `None` if it never did.
    pub fn keys_age(&self) -> Option<Duration> {
        match &self.mode {
            Mode::Tokens(tokens) => tokens.bot_framework.keys.age(),
            #[cfg(feature = "danger-anonymous")]
            Mode::Anonymous => None,
        }
    }
}

impl Tokens {
    async fn check(&self, authorization: Option<&str>) -> Result<Arc<Grant>, Rejection> {
        let token = claims::bearer(authorization)?;
        let fingerprint = fingerprint(token);
        if let Some(grant) = self.remembered(&fingerprint) {
            return Ok(grant);
        }
        let unproven = Unproven::read(token)?;
        let issuer = unproven.claims.text("iss", "iss")?;
        let from_emulator = !self.bot_framework.is(issuer);
        let mut seen = if from_emulator {
            self.emulator_claims(issuer, &unproven.claims)?
        } else {
            self.bot_framework_claims(&unproven.claims)?
        };
        let keys = self.keys(from_emulator).ok_or(Rejection::token("iss"))?;
        let found = keys.find(&unproven.kid).await.map_err(|why| match why {
            NoKey::Unknown => Rejection::token("kid"),
            NoKey::Unavailable => Rejection::keys(),
        })?;
        seen.generation = found.generation;
        let key = signer(&found, &unproven)?;
        if !from_emulator {
            let endorsements = Some(key.endorsements.clone());
            seen.grant = Arc::new(Grant {
                service_url: seen.grant.service_url.clone(),
                endorsements,
                tenant: None,
            });
        }
        let grant = Arc::clone(&seen.grant);
        self.seen.insert(fingerprint, Arc::new(seen));
        Ok(grant)
    }

    /// A token that was checked before, if its key and its dates still hold.
    fn remembered(&self, fingerprint: &[u8; 32]) -> Option<Arc<Grant>> {
        let seen = self.seen.get(fingerprint)?;
        let same_keys = self.keys(seen.from_emulator)?.generation() == Some(seen.generation);
        if same_keys && self.in_time(seen.not_before, seen.expires).is_ok() {
            return Some(Arc::clone(&seen.grant));
        }
        self.seen.invalidate(fingerprint);
        None
    }

    fn keys(&self, of_emulator: bool) -> Option<&Keys> {
        if of_emulator {
            self.emulator.as_ref().map(|(_, issuer)| &issuer.keys)
        } else {
            Some(&self.bot_framework.keys)
        }
    }

    /// Rules R4, R5 and the presence of R7's claim.
    fn bot_framework_claims(&self, claims: &Claims) -> Result<Seen, Rejection> {
        let (not_before, expires) = self.common_claims(claims)?;
        let claimed = claims.text("serviceurl", "serviceurl")?;
        let service_url = service_url::normalised(claimed).ok_or(Rejection::token("serviceurl"))?;
        let grant = Grant { service_url: Some(service_url), endorsements: None, tenant: None };
        Ok(Seen {
            from_emulator: false,
            generation: 0,
            not_before,
            expires,
            grant: Arc::new(grant),
        })
    }

    /// The emulator's rules: this very app, in this very tenant.
    fn emulator_claims(&self, issuer: &str, claims: &Claims) -> Result<Seen, Rejection> {
        let Some((emulator, _)) = self.emulator.as_ref().filter(|(_, known)| known.is(issuer))
        else {
            return Err(Rejection::token("iss"));
        };
        let (not_before, expires) = self.common_claims(claims)?;
        // Version 1 tokens say `appid`, version 2 tokens `azp`; a token with both must not disagree.
        let callers =
            [claims.optional_text("appid", "appid")?, claims.optional_text("azp", "appid")?];
        let named = callers.iter().flatten().count() > 0;
        if !named || callers.iter().flatten().any(|caller| *caller != self.app_id) {
            return Err(Rejection::token("appid"));
        }
        if claims
            .optional_text("tid", "tid")?
            .is_some_and(|tid| !tid.eq_ignore_ascii_case(&emulator.tenant))
        {
            return Err(Rejection::token("tid"));
        }
        let tenant = Some(emulator.tenant.clone());
        let grant = Grant { service_url: None, endorsements: None, tenant };
        Ok(Seen { from_emulator: true, generation: 0, not_before, expires, grant: Arc::new(grant) })
    }

    fn common_claims(&self, claims: &Claims) -> Result<(f64, f64), Rejection> {
        if claims.text("aud", "aud")? != self.app_id {
            return Err(Rejection::token("aud"));
        }
        let expires = claims.date("exp")?;
        let not_before = claims.date("nbf")?;
        if claims.optional_date("iat")?.is_some_and(|issued| issued > self.now() + SKEW) {
            return Err(Rejection::token("iat"));
        }
        if expires < not_before {
            return Err(Rejection::token("exp"));
        }
        self.in_time(not_before, expires)?;
        Ok((not_before, expires))
    }

    fn in_time(&self, not_before: f64, expires: f64) -> Result<(), Rejection> {
        let now = self.now();
        if now >= expires + SKEW {
            Err(Rejection::token("exp"))
        } else if now < not_before - SKEW {
            Err(Rejection::token("nbf"))
        } else {
            Ok(())
        }
    }

    fn now(&self) -> f64 {
        self.clock.now().as_duration().as_secs_f64()
    }
}

impl Issuer {
    fn is(&self, issuer: &str) -> bool {
        self.names.iter().any(|name| name == issuer)
    }
}

/// The key that signed, if one of those with this id did.
fn signer<'a>(found: &'a Found, unproven: &Unproven<'_>) -> Result<&'a Key, Rejection> {
    if !found.rs256 {
        return Err(Rejection::token("alg"));
    }
    found.keys.iter().find(|key| signed_by(key, unproven)).ok_or(Rejection::token("signature"))
}

fn signed_by(key: &Key, unproven: &Unproven<'_>) -> bool {
    // The provider is named, not looked up: which one is the process's default depends on the
    // features of every crate in the program.
    let verifier = (aws_lc::DEFAULT_PROVIDER.verifier_factory)(&Algorithm::RS256, &key.decoding);
    let signature = claims::decoded(unproven.signature);
    match (verifier, signature) {
        (Ok(verifier), Some(signature)) => {
            verifier.verify(unproven.signed.as_bytes(), &signature).is_ok()
        }
        _ => false,
    }
}

fn fingerprint(token: &str) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    let mut fingerprint = [0; 32];
    for (to, from) in fingerprint.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    fingerprint
}
