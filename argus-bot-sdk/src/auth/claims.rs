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

/// A token whose header and claims were read and whose signature was not.
pub(crate) struct Unproven<'a> {
    /// Header and claims as they were signed.
    pub(crate) signed: &'a str,
    pub(crate) signature: Vec<u8>,
    /// Which key is said to have signed.
    pub(crate) kid: String,
    pub(crate) claims: Claims,
}

/// The three parts of a token, before any rule about what they say.
pub(crate) struct Parts<'a> {
    pub(crate) signed: &'a str,
    pub(crate) signature: Vec<u8>,
    header: &'a str,
    claims: &'a str,
}

/// The header of a token.
pub(crate) struct Header(Map<String, Value>);

/// A rule about the header alone.
pub(crate) type HeaderRule = fn(&Header) -> Result<(), Rejection>;

/// All rules about the header but the one that gives the key's id.
pub(crate) const HEADER_RULES: [(&str, HeaderRule); 3] =
    [("crit", Header::is_modest), ("typ", Header::is_jwt), ("alg", Header::is_rs256)];

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
    /// Reads a token and checks its header.
    pub(crate) fn read(token: &'a str) -> Result<Self, Rejection> {
        let parts = Parts::of(token)?;
        let header = parts.header()?;
        for (_, rule) in HEADER_RULES {
            rule(&header)?;
        }
        let kid = header.kid()?.to_owned();
        let claims = parts.claims()?;
        Ok(Self { signed: parts.signed, signature: parts.signature, kid, claims })
    }
}

impl<'a> Parts<'a> {
    /// Rule `format`: three parts, and the last one is bytes.
    pub(crate) fn of(token: &'a str) -> Result<Self, Rejection> {
        let format = Rejection::token("format");
        let (signed, signature) = token.rsplit_once('.').ok_or(format)?;
        let (header, claims) = signed.split_once('.').ok_or(format)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| format)?;
        if claims.contains('.') || signature.is_empty() {
            return Err(format);
        }
        Ok(Self { signed, signature, header, claims })
    }

    /// Rule `header`: the first part is one object.
    pub(crate) fn header(&self) -> Result<Header, Rejection> {
        object(self.header, "header").map(Header)
    }

    /// Rule `claims`: the second part is one object.
    pub(crate) fn claims(&self) -> Result<Claims, Rejection> {
        object(self.claims, "claims").map(Claims)
    }
}

impl Header {
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// Rule `crit`: the token does not bring its own rules or keys.
    fn is_modest(&self) -> Result<(), Rejection> {
        let selfish = SELF_SERVING.iter().any(|name| self.0.contains_key(*name));
        if selfish { Err(Rejection::token("crit")) } else { Ok(()) }
    }

    /// Rule `typ`: it is a JWT and nothing in a JWT.
    fn is_jwt(&self) -> Result<(), Rejection> {
        let is_jwt = self.0.get("typ").is_none_or(|typ| typ == "JWT");
        if is_jwt && !self.0.contains_key("cty") { Ok(()) } else { Err(Rejection::token("typ")) }
    }

    /// Rule `alg`: the one algorithm that Microsoft uses.
    fn is_rs256(&self) -> Result<(), Rejection> {
        let is_rs256 = self.0.get("alg").is_some_and(|alg| alg == "RS256");
        if is_rs256 { Ok(()) } else { Err(Rejection::token("alg")) }
    }

    /// Rule `kid`: the token says which key signed it.
    pub(crate) fn kid(&self) -> Result<&str, Rejection> {
        match self.0.get("kid") {
            Some(Value::String(kid)) if !kid.is_empty() && kid.len() <= MAX_KID => Ok(kid),
            _ => Err(Rejection::token("kid")),
        }
    }

    /// What the header says under this name, for people.
    pub(crate) fn quote(&self, name: &str) -> String {
        quote(&self.0, name)
    }
}

impl Claims {
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// What the token says under this name, for people.
    pub(crate) fn quote(&self, name: &str) -> String {
        quote(&self.0, name)
    }

    /// Whether the token says anything under this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether the token says exactly this, as text or as a number.
    pub(crate) fn says(&self, name: &str, what: &str) -> bool {
        match self.0.get(name) {
            Some(Value::String(text)) => text == what,
            Some(Value::Number(number)) => number.to_string() == what,
            _ => false,
        }
    }

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

    /// The strings of a claim that is a list of them; none if it is anything else.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let items = self.0.get(name).and_then(Value::as_array);
        let texts = items.map(|items| items.iter().map(|it| it.as_str().map(str::to_owned)));
        texts.and_then(Iterator::collect).unwrap_or_default()
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

/// Whom a token is about, if it is a token and says so. Nothing is proven by it.
pub(crate) fn subject(token: &str) -> Option<String> {
    let claims = Parts::of(token).ok()?.claims().ok()?;
    claims.optional_text("oid", "oid").ok()?.map(str::to_owned)
}

/// A member as the token has it, cut to a length that a person reads.
fn quote(members: &Map<String, Value>, name: &str) -> String {
    match members.get(name) {
        Some(value) => format!("{name} is {:.200}", value.to_string()),
        None => format!("{name} is missing"),
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
