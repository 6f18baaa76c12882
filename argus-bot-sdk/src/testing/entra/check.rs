//! What a resource does with an access token: check it, or say why not.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::Core;
use super::token::text;
use crate::testing::wire::FakeResponse;

/// What a valid access token says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Claims {
    /// For whom the token is.
    pub audience: String,
    /// Which app may use it.
    pub app_id: String,
    /// The tenant that issued it.
    pub tenant: String,
    /// The app's roles at the audience.
    pub roles: Vec<String>,
    /// Every claim.
    pub all: Value,
}

/// Why a resource does not take a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    reason: &'static str,
}

impl Denied {
    /// The rule that the token broke: `missing`, `format`, `alg`, `kid`, `signature`, `iss`,
    /// `aud`, `nbf`, `exp`, `appid` or `revoked`.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The 401 that goes with it, in the shape of the Connector and of Graph.
    pub fn response(&self) -> FakeResponse {
        let error = serde_json::json!({
            "error": {"code": "Unauthorized", "message": "Authorization has been denied for this request."}
        });
        let challenge =
            format!("Bearer error=\"invalid_token\", error_description=\"{}\"", self.reason);
        FakeResponse::json(401, &error).header("www-authenticate", challenge)
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the access token fails the rule {}", self.reason)
    }
}

impl std::error::Error for Denied {}

/// Signature, times and audience: what a token proves whoever issued it.
pub(super) fn signed(core: &Core, token: Option<&str>, audience: &str) -> Result<Value, Denied> {
    let deny = |reason| Denied { reason };
    let token = token.ok_or(deny("missing"))?;
    let (message, signature) = token.rsplit_once('.').ok_or(deny("format"))?;
    let (header, claims) = message.split_once('.').ok_or(deny("format"))?;
    let (header, claims) = (json(header)?, json(claims)?);
    if text(&header, "alg") != Some("RS256") {
        return Err(deny("alg"));
    }
    let key = text(&header, "kid").and_then(Core::entra_key).ok_or(deny("kid"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| deny("signature"))?;
    if !key.verifies(message.as_bytes(), &signature) {
        return Err(deny("signature"));
    }
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let now = core.now().as_second();
    if number("exp").is_none_or(|exp| exp <= now) {
        return Err(deny("exp"));
    }
    if number("nbf").is_none_or(|nbf| nbf > now) {
        return Err(deny("nbf"));
    }
    if text(&claims, "aud") != Some(audience) {
        return Err(deny("aud"));
    }
    if core.is_revoked(token) {
        return Err(deny("revoked"));
    }
    Ok(claims)
}

pub(super) fn check(core: &Core, token: Option<&str>, audience: &str) -> Result<Claims, Denied> {
    let deny = |reason| Denied { reason };
    let claims = signed(core, token, audience)?;
    let tenant = text(&claims, "tid").unwrap_or_default();
    let issuers = [
        format!("https://sts.windows.net/{tenant}/"),
        format!("https://login.microsoftonline.com/{tenant}/v2.0"),
    ];
    if !core.knows(tenant) || !issuers.iter().any(|issuer| text(&claims, "iss") == Some(issuer)) {
        return Err(deny("iss"));
    }
    let app_id = text(&claims, "appid").or(text(&claims, "azp")).ok_or(deny("appid"))?;
    let roles = claims.get("roles").and_then(Value::as_array).into_iter().flatten();
    Ok(Claims {
        audience: audience.to_owned(),
        app_id: app_id.to_owned(),
        tenant: tenant.to_owned(),
        roles: roles.filter_map(Value::as_str).map(str::to_owned).collect(),
        all: claims.clone(),
    })
}

fn json(part: &str) -> Result<Value, Denied> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok();
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(Denied { reason: "format" })
}
