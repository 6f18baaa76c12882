//! Which tokens are believed.
//!
//! Each rule is a function of its own, so that [`explain`](super::explain) says what the door does.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::aws_lc;
use moka::sync::Cache;

use crate::auth::callers::EntraTenant;
use crate::auth::claims::{self, Claims, Unproven};
use crate::auth::jwks::Key;
use crate::auth::keys::{Found, Keys, NoKey};
use crate::auth::vouched::Grant;
use crate::auth::{InboundConfig, Rejection, fetch, service_url};
use crate::clock::Clock;
use crate::error::Error;

/// Clocks may differ by five minutes (rule R5 of Microsoft's article).
pub(crate) const SKEW: f64 = 300.0;

/// One token per tenant and service URL lives an hour, so this is room for thousands of tenants.
const MAX_CACHED: u64 = 10_000;

/// Entra's longest token lifetime; the expiry itself is checked at every use.
const MAX_CACHED_FOR: Duration = Duration::from_hours(24);

/// Knows whom to believe, and whom it believed before.
pub(crate) struct Tokens {
    pub(crate) app_id: String,
    clock: Arc<dyn Clock>,
    bot_framework: Issuer,
    /// Callers with tokens of Entra; none unless configured.
    entra: Vec<(EntraTenant, Issuer)>,
    seen: Cache<[u8; 32], Arc<Seen>>,
    /// The one that came last: Teams shows a bot the same token for an hour, and to find it here
    /// costs a tenth of finding it there.
    last: ArcSwapOption<Seen>,
}

/// Whose tokens are believed.
pub(crate) struct Issuer {
    pub(crate) names: Vec<String>,
    pub(crate) keys: Keys,
}

/// Which rules a token has to keep, by what it says about its issuer.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    /// From Teams, through the Bot Framework.
    BotFramework(&'a Issuer),
    /// From an app that was named, through Entra: the tenant's place in the list.
    Entra(usize, &'a EntraTenant, &'a Issuer),
}

/// A token whose signature was checked with keys of this generation.
struct Seen {
    fingerprint: [u8; 32],
    /// The place of the tenant of Entra; none for the Bot Framework.
    entra: Option<usize>,
    generation: u64,
    not_before: f64,
    expires: f64,
    grant: Arc<Grant>,
}

impl Tokens {
    pub(crate) fn new(config: &InboundConfig, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let client = fetch::client()?;
        let issuer =
            |names, url| Issuer { names, keys: Keys::new(url, client.clone(), Arc::clone(&clock)) };
        let name = config.cloud.constants().issuer.to_owned();
        let bot_framework = issuer(vec![name], config.metadata_url()?);
        let entra = config.entra_tenants()?.into_iter().map(|tenant| {
            let issuer = issuer(tenant.issuers.to_vec(), tenant.metadata_url.clone());
            (tenant, issuer)
        });
        let entra = entra.collect();
        let seen = Cache::builder().max_capacity(MAX_CACHED).time_to_live(MAX_CACHED_FOR).build();
        Ok(Self {
            app_id: config.app_id.clone(),
            clock,
            bot_framework,
            entra,
            seen,
            last: ArcSwapOption::empty(),
        })
    }

    /// The same, but that tokens of the Bot Framework are nobody's.
    pub(crate) fn of_entra(config: &InboundConfig, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let mut tokens = Self::new(config, clock)?;
        tokens.bot_framework.names.clear();
        Ok(tokens)
    }

    /// Fetches the keys of all issuers that are believed, also when the first one does not answer.
    pub(crate) async fn prefetch(&self) -> Result<(), Error> {
        let mut fetched = Ok(());
        if !self.bot_framework.names.is_empty() {
            fetched = self.bot_framework.keys.prefetch().await;
        }
        for (_, issuer) in &self.entra {
            fetched = issuer.keys.prefetch().await.and(fetched);
        }
        fetched
    }

    pub(crate) fn keys_age(&self) -> Option<Duration> {
        self.bot_framework.keys.age()
    }

    /// What the token in this header grants.
    pub(crate) async fn check(&self, authorization: Option<&str>) -> Result<Arc<Grant>, Rejection> {
        let token = claims::bearer(authorization)?;
        let fingerprint = fingerprint(token);
        if let Some(grant) = self.remembered(&fingerprint) {
            return Ok(grant);
        }
        // Once per token; boxed, so that the other requests do not make room for it.
        Box::pin(self.examine(token, fingerprint)).await
    }

    /// Checks a token that was not checked before.
    async fn examine(&self, token: &str, fingerprint: [u8; 32]) -> Result<Arc<Grant>, Rejection> {
        let unproven = Unproven::read(token)?;
        let path = self.path(&unproven.claims)?;
        self.audience(&unproven.claims)?;
        let expires = self.expiry(&unproven.claims)?;
        let not_before = self.beginning(&unproven.claims)?;
        self.issued(&unproven.claims)?;
        let mut grant = Self::claimed(path, &unproven.claims)?;
        let found = path.keys().find(&unproven.kid).await.map_err(Rejection::from)?;
        let key = signer(&found, &unproven)?;
        if matches!(path, Path::BotFramework(_)) {
            grant.endorsements = Some(key.endorsements.clone());
        }
        let grant = Arc::new(grant);
        let seen = Seen {
            fingerprint,
            entra: path.entra(),
            generation: found.generation,
            not_before,
            expires,
            grant: Arc::clone(&grant),
        };
        self.seen.insert(fingerprint, Arc::new(seen));
        Ok(grant)
    }

    /// A token that was checked before, if its key and its dates still hold.
    fn remembered(&self, fingerprint: &[u8; 32]) -> Option<Arc<Grant>> {
        let seen = self.seen(fingerprint)?;
        let issuer = match seen.entra {
            Some(place) => &self.entra.get(place)?.1,
            None => &self.bot_framework,
        };
        let same_keys = issuer.keys.generation() == Some(seen.generation);
        let now = self.now();
        if same_keys && !is_over(seen.expires, now) && !is_early(seen.not_before, now) {
            return Some(Arc::clone(&seen.grant));
        }
        self.last.store(None);
        self.seen.invalidate(fingerprint);
        None
    }

    fn seen(&self, fingerprint: &[u8; 32]) -> Option<Arc<Seen>> {
        let last = self.last.load_full().filter(|last| last.fingerprint == *fingerprint);
        last.or_else(|| {
            let found = self.seen.get(fingerprint)?;
            self.last.store(Some(Arc::clone(&found)));
            Some(found)
        })
    }

    /// Rule `iss`: the issuer is one of ours; which one decides about the other rules.
    pub(crate) fn path(&self, claims: &Claims) -> Result<Path<'_>, Rejection> {
        let name = claims.text("iss", "iss")?;
        if self.bot_framework.is(name) {
            return Ok(Path::BotFramework(&self.bot_framework));
        }
        let mut entra = self.entra.iter().enumerate();
        let (place, (tenant, issuer)) =
            entra.find(|(_, (_, issuer))| issuer.is(name)).ok_or(Rejection::token("iss"))?;
        Ok(Path::Entra(place, tenant, issuer))
    }

    /// The issuers whose tokens are believed.
    pub(crate) fn issuers(&self) -> Vec<&str> {
        let entra = self.entra.iter().flat_map(|(_, issuer)| &issuer.names);
        self.bot_framework.names.iter().chain(entra).map(String::as_str).collect()
    }

    /// Rule `aud`: the token is for this very app.
    pub(crate) fn audience(&self, claims: &Claims) -> Result<(), Rejection> {
        let is_ours = claims.text("aud", "aud")? == self.app_id;
        if is_ours { Ok(()) } else { Err(Rejection::token("aud")) }
    }

    /// Rule `exp`: the token is not over, and ends after it began.
    pub(crate) fn expiry(&self, claims: &Claims) -> Result<f64, Rejection> {
        let expires = claims.date("exp")?;
        let backwards = claims.date("nbf").is_ok_and(|not_before| expires < not_before);
        if backwards || is_over(expires, self.now()) {
            Err(Rejection::token("exp"))
        } else {
            Ok(expires)
        }
    }

    /// Rule `nbf`: the token has begun.
    pub(crate) fn beginning(&self, claims: &Claims) -> Result<f64, Rejection> {
        let not_before = claims.date("nbf")?;
        if is_early(not_before, self.now()) { Err(Rejection::token("nbf")) } else { Ok(not_before) }
    }

    /// Rule `iat`: if the token says when it was made, that was not in the future.
    pub(crate) fn issued(&self, claims: &Claims) -> Result<(), Rejection> {
        match claims.optional_date("iat")? {
            Some(issued) if is_early(issued, self.now()) => Err(Rejection::token("iat")),
            _ => Ok(()),
        }
    }

    /// The rules of one path: `serviceurl` for Teams, those about the caller for Entra.
    fn claimed(path: Path<'_>, claims: &Claims) -> Result<Grant, Rejection> {
        match path {
            Path::BotFramework(_) => {
                let service_url = Some(service_url_claim(claims)?);
                Ok(Grant { service_url, endorsements: None, tenant: None, roles: Vec::new() })
            }
            Path::Entra(_, entra, _) => {
                entra.caller(claims)?;
                entra.tenant_claim(claims)?;
                entra.version(claims)?;
                EntraTenant::app_only(claims)?;
                let tenant = Some(entra.tenant.clone());
                let roles = claims.texts("roles");
                Ok(Grant { service_url: None, endorsements: None, tenant, roles })
            }
        }
    }

    pub(crate) fn now(&self) -> f64 {
        self.clock.now().as_duration().as_secs_f64()
    }
}

fn is_over(expires: f64, now: f64) -> bool {
    now >= expires + SKEW
}

fn is_early(not_before: f64, now: f64) -> bool {
    now < not_before - SKEW
}

impl Path<'_> {
    pub(crate) fn keys(&self) -> &Keys {
        match self {
            Self::BotFramework(issuer) | Self::Entra(_, _, issuer) => &issuer.keys,
        }
    }

    fn entra(&self) -> Option<usize> {
        match self {
            Self::BotFramework(_) => None,
            Self::Entra(place, ..) => Some(*place),
        }
    }
}

impl Issuer {
    fn is(&self, issuer: &str) -> bool {
        self.names.iter().any(|name| name == issuer)
    }
}

impl From<NoKey> for Rejection {
    fn from(why: NoKey) -> Self {
        match why {
            NoKey::Unknown => Self::token("kid"),
            NoKey::Unavailable => Self::keys(),
        }
    }
}

/// Rule `serviceurl`: the token says where answers go.
pub(crate) fn service_url_claim(claims: &Claims) -> Result<String, Rejection> {
    let claimed = claims.text("serviceurl", "serviceurl")?;
    service_url::normalised(claimed).ok_or(Rejection::token("serviceurl"))
}

/// Rules `alg` and `signature`: the key that signed, if one of those with this id did.
pub(crate) fn signer<'a>(found: &'a Found, unproven: &Unproven<'_>) -> Result<&'a Key, Rejection> {
    if !found.rs256 {
        return Err(Rejection::token("alg"));
    }
    found.keys.iter().find(|key| signed_by(key, unproven)).ok_or(Rejection::token("signature"))
}

fn signed_by(key: &Key, unproven: &Unproven<'_>) -> bool {
    // The provider is named, not looked up: which one is the process's default depends on the
    // features of every crate in the program.
    let verifier = (aws_lc::DEFAULT_PROVIDER.verifier_factory)(&Algorithm::RS256, &key.decoding);
    verifier.is_ok_and(|verifier| {
        verifier.verify(unproven.signed.as_bytes(), &unproven.signature).is_ok()
    })
}

fn fingerprint(token: &str) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    let mut fingerprint = [0; 32];
    for (to, from) in fingerprint.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    fingerprint
}
