//! Header and claims of a token, read strictly and by us.
//!
//! General JWT libraries read leniently: an `aud` of the wrong type passes as absent, an `iss` may
//! be a list, `crit` is parsed and ignored. Each of these is a way to be believed without saying
//! anything true, so the shapes are checked here and a library only checks the signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::activity::strict;
use crate::auth::Rejection;

/// A token of the Bot Framework has about 1 KiB, one of Entra about 2 KiB.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// The last second of the year 9999; later dates are nonsense or overflow something.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// A key id of Microsoft has 27 to 43 characters.
const MAX_KID: usize = 256;

/// Header members that let a token choose its own rules or its own key.
const SELF_SERVING: [&str; 9] = ["crit", "b64", "jku", "jwk", "x5u", "x5c", "zip", "enc", "epk"];

/// A token whose header was read and whose signature was not.
pub(crate) struct Unproven<'a> {
    /// Header and claims as they were signed.
    pub(crate) signed: &'a str,
    /// The signature, in base64url.
    pub(crate) signature: &'a str,
    /// Which key is said to have signed.
    pub(crate) kid: String,
    /// What the token says.
    pub(crate) claims: Claims,
}

/// What a token says.
pub(crate) struct Claims(Map<String, Value>);

/// The token in an `Authorization` header.
pub(crate) fn bearer(authorization: Option<&str>) -> Result<&str, Rejection> {
    let value = authorization.ok_or(Rejection::token("bearer"))?;
    if value.len() > MAX_TOKEN {
        return Err(Rejection::token("size"));
    }
    value.strip_prefix("Bearer ").ok_or(Rejection::token("bearer"))
}

impl<'a> Unproven<'a> {
    /// Reads the three parts of a token.
    pub(crate) fn read(token: &'a str) -> Result<Self, Rejection> {
        let format = Rejection::token("format");
        let (signed, signature) = token.rsplit_once('.').ok_or(format)?;
        let (header, claims) = signed.split_once('.').ok_or(format)?;
        if claims.contains('.')
            || signature.is_empty()
            || URL_SAFE_NO_PAD.decode(signature).is_err()
        {
            return Err(format);
        }
        let kid = kid_of(&object(header, "header")?)?;
        let claims = Claims(object(claims, "claims")?);
        Ok(Self { signed, signature, kid, claims })
    }
}

impl Claims {
    /// A claim that must be exactly one string that is not empty.
    pub(crate) fn text(&self, name: &str, rule: &'static str) -> Result<&str, Rejection> {
        match self.0.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            _ => Err(Rejection::token(rule)),
        }
    }

    /// A claim that may be absent, but must be one string if it is there.
    pub(crate) fn optional_text(
        &self,
        name: &str,
        rule: &'static str,
    ) -> Result<Option<&str>, Rejection> {
        if self.0.contains_key(name) { self.text(name, rule).map(Some) } else { Ok(None) }
    }

    /// A claim that must be a date, in seconds since 1970.
    pub(crate) fn date(&self, name: &'static str) -> Result<f64, Rejection> {
        let seconds = self.0.get(name).and_then(Value::as_f64);
        seconds
            .filter(|seconds| seconds.is_finite() && (0.0..=LAST_SECOND).contains(seconds))
            .ok_or(Rejection::token(name))
    }

    /// A claim that may be absent, but must be a date if it is there.
    pub(crate) fn optional_date(&self, name: &'static str) -> Result<Option<f64>, Rejection> {
        if self.0.contains_key(name) { self.date(name).map(Some) } else { Ok(None) }
    }
}

/// Checks the header and finds the key id in it.
fn kid_of(header: &Map<String, Value>) -> Result<String, Rejection> {
    if SELF_SERVING.iter().any(|name| header.contains_key(*name)) {
        return Err(Rejection::token("crit"));
    }
    match header.get("typ") {
        None => {}
        Some(Value::String(typ)) if typ == "JWT" => {}
        Some(_) => return Err(Rejection::token("typ")),
    }
    if header.get("cty").is_some() {
        return Err(Rejection::token("typ"));
    }
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(Rejection::token("alg"));
    }
    match header.get("kid") {
        Some(Value::String(kid)) if !kid.is_empty() && kid.len() <= MAX_KID => Ok(kid.clone()),
        _ => Err(Rejection::token("kid")),
    }
}

/// One base64url part without padding that is one JSON object without duplicates.
fn object(part: &str, rule: &'static str) -> Result<Map<String, Value>, Rejection> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Rejection::token("format"))?;
    match strict::parse(&bytes) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Rejection::token(rule)),
    }
}

/// The bytes behind base64url without padding.
pub(crate) fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}
