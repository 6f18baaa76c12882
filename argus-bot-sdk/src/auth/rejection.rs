//! Why a request was not let in.

use std::fmt;

/// Why a request was not let in.
///
/// `Display` is the same for all reasons that a stranger could learn from; [`rule`](Self::rule) is
/// for logs and metrics.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// # use argus_bot_sdk::SystemClock;
/// # use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let config = InboundConfig::new("0f0e0d0c-1111-4222-8333-444455556666", Cloud::Public);
/// let door = Authenticator::new(config, Arc::new(SystemClock))?;
/// let rejection = door.authenticate(None).await.unwrap_err();
/// assert_eq!((rejection.status(), rejection.rule()), (401, "bearer"));
/// # Ok::<(), argus_bot_sdk::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rejection {
    status: u16,
    rule: &'static str,
}

impl Rejection {
    /// The token is missing or bad.
    pub(crate) const fn token(rule: &'static str) -> Self {
        Self { status: 401, rule }
    }

    /// The token is good, but not for this activity.
    pub(crate) const fn mismatch(rule: &'static str) -> Self {
        Self { status: 403, rule }
    }

    /// The body is not an activity.
    pub(crate) const fn body() -> Self {
        Self { status: 400, rule: "body" }
    }

    /// The keys to check the token with cannot be had now.
    pub(crate) const fn keys() -> Self {
        Self { status: 503, rule: "keys" }
    }

    /// The HTTP status to answer with: 400, 401, 403 or 503.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The rule that was broken, by a name that stays the same between releases.
    ///
    /// 401: `bearer`, `size`, `format`, `header`, `typ`, `alg`, `crit`, `kid`, `claims`, `iss`,
    /// `aud`, `exp`, `nbf`, `iat`, `serviceurl`, `tid`, `appid`, `ver`, `app_only`, `signature`.
    /// 403: `channel`, `endorsement`, `serviceurl`, `service_host`, `tenant`. 400: `body`.
    /// 503: `keys`.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.status {
            400 => "the body is not an activity",
            403 => "the token is not for this activity",
            503 => "the request cannot be checked now",
            _ => "the request carries no valid token",
        })
    }
}

impl std::error::Error for Rejection {}
