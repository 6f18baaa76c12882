//! Callers with tokens of Entra: other bots and agents, and the emulator. None, unless named.

use url::Url;

use crate::auth::claims::Claims;
use crate::auth::{Cloud, Rejection};
use crate::error::{Error, ErrorKind};

/// A tenant whose tokens are believed, and of which apps.
#[derive(Clone, Debug)]
pub(crate) struct EntraTenant {
    pub(crate) tenant: String,
    pub(crate) metadata_url: Url,
    /// Version 2, then version 1.
    pub(crate) issuers: [String; 2],
    /// The apps that may call, in lower case.
    pub(crate) callers: Vec<String>,
}

impl EntraTenant {
    pub(crate) fn new(tenant: &str, cloud: Cloud, metadata_url: Url) -> Self {
        let tenant = tenant.to_ascii_lowercase();
        let issuers = cloud.entra_issuers(&tenant);
        Self { tenant, metadata_url, issuers, callers: Vec::new() }
    }

    /// Rule `tid`: the token says which tenant made it, and it is that of its issuer.
    pub(crate) fn tenant_claim(&self, claims: &Claims) -> Result<(), Rejection> {
        let is_ours = claims.text("tid", "tid")?.eq_ignore_ascii_case(&self.tenant);
        if is_ours { Ok(()) } else { Err(Rejection::token("tid")) }
    }

    /// Rule `appid`: an app that may call asked for the token. Version 1 tokens say `appid`, version
    /// 2 tokens `azp`; a token with both must not disagree.
    pub(crate) fn caller(&self, claims: &Claims) -> Result<(), Rejection> {
        let refused = Rejection::token("appid");
        let said = [claims.optional_text("appid", "appid")?, claims.optional_text("azp", "appid")?];
        let caller = match said {
            [Some(v1), Some(v2)] if !v1.eq_ignore_ascii_case(v2) => return Err(refused),
            [Some(caller), _] | [None, Some(caller)] => caller,
            [None, None] => return Err(refused),
        };
        let is_known = self.callers.iter().any(|known| known.eq_ignore_ascii_case(caller));
        if is_known { Ok(()) } else { Err(refused) }
    }

    /// Rule `app_only`: the app speaks for itself and has proven who it is. What a person gets for
    /// an app (`scp`), or an app without a credential (`azpacr`, `appidacr` of 0), is in the hands of
    /// whoever signed in.
    pub(crate) fn app_only(claims: &Claims) -> Result<(), Rejection> {
        let is_delegated =
            claims.has("scp") || (claims.has("idtyp") && !claims.says("idtyp", "app"));
        let is_public = claims.says("azpacr", "0") || claims.says("appidacr", "0");
        if is_delegated || is_public { Err(Rejection::token("app_only")) } else { Ok(()) }
    }

    /// Rule `ver`: if the token says its version, it is that of its issuer.
    pub(crate) fn version(&self, claims: &Claims) -> Result<(), Rejection> {
        let issuer = claims.text("iss", "iss")?;
        let [v2, _] = &self.issuers;
        let expected = if issuer == v2 { "2.0" } else { "1.0" };
        match claims.optional_text("ver", "ver")? {
            Some(said) if said != expected => Err(Rejection::token("ver")),
            _ => Ok(()),
        }
    }
}

/// A tenant becomes part of a URL and of an issuer: `common` would let in everybody.
pub(crate) fn checked_tenant(tenant: &str) -> Result<&str, Error> {
    let is_guid = tenant.parse::<uuid::Uuid>().is_ok() && tenant.len() == 36;
    let why = "the tenant of a caller with tokens of Entra is not a tenant id";
    if is_guid { Ok(tenant) } else { Err(Error::new(ErrorKind::Config, why)) }
}
