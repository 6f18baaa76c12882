//! The OpenID document and the list of keys that it names.
//!
//! One bad entry must not cost the other keys, and a bad document must not cost the keys that are
//! already known, so an entry is skipped and a document is an error.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};
use url::Url;

use crate::activity::strict;
use crate::auth::service_url::is_loopback;

/// Microsoft publishes fewer than ten.
const MAX_KEYS: usize = 256;

/// Several keys of one id are all tried, but a list cannot make us try forever.
const MAX_SAME_KID: usize = 4;

/// RFC 7518 section 3.3: a key of 2048 bits or larger must be used with RS256.
const MIN_MODULUS_BITS: usize = 2048;

/// Larger keys make checking a signature expensive; nobody uses them.
const MAX_MODULUS_BITS: usize = 8192;

/// Hosts that may name keys of each other: the document and the list may live on neighbours.
const FAMILIES: [&str; 6] = [
    ".botframework.com",
    ".botframework.azure.us",
    ".botframework.azure.cn",
    ".microsoftonline.com",
    ".microsoftonline.us",
    ".partner.microsoftonline.cn",
];

/// What an OpenID document says that matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// Where the keys are.
    pub(crate) jwks_uri: Url,
    /// Whether RS256 is among the algorithms that the issuer uses.
    pub(crate) rs256: bool,
}

/// A public key that may sign tokens.
#[derive(Clone)]
pub(crate) struct Key {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    /// The channels for which the key may vouch.
    pub(crate) endorsements: Vec<String>,
    /// The key as the library wants it.
    pub(crate) decoding: DecodingKey,
}

/// The keys by their ids.
pub(crate) type KeysById = HashMap<String, Vec<Key>>;

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.modulus == other.modulus
            && self.exponent == other.exponent
            && self.endorsements == other.endorsements
    }
}

/// Reads an OpenID document that was fetched from `from`.
pub(crate) fn metadata(document: &[u8], from: &Url) -> Result<Metadata, &'static str> {
    let document = strict::parse(document).map_err(|_| "the OpenID document is not JSON")?;
    let uri = document.get("jwks_uri").and_then(Value::as_str);
    let jwks_uri = uri
        .and_then(|uri| Url::parse(uri).ok())
        .filter(|uri| may_name(from, uri))
        .ok_or("the OpenID document does not say where the keys are")?;
    // A document without the list says nothing against RS256; one with the list decides.
    let rs256 = match document.get("id_token_signing_alg_values_supported") {
        None => true,
        Some(Value::Array(names)) => names.iter().any(|name| name == "RS256"),
        Some(_) => return Err("the OpenID document names its algorithms in no list"),
    };
    Ok(Metadata { jwks_uri, rs256 })
}

/// Reads a list of keys; what is no key to check signatures with is left out.
pub(crate) fn keys(document: &[u8]) -> Result<KeysById, &'static str> {
    let document = strict::parse_poisoning(document).map_err(|_| "the key list is not JSON")?;
    let entries = document.get("keys").and_then(Value::as_array).ok_or("there is no key list")?;
    let mut keys = KeysById::new();
    for (kid, key) in entries.iter().take(MAX_KEYS).filter_map(entry) {
        let same = keys.entry(kid).or_default();
        if same.len() < MAX_SAME_KID && !same.contains(&key) {
            same.push(key);
        }
    }
    if keys.is_empty() { Err("the key list has no usable key") } else { Ok(keys) }
}

/// Whether a document of one place may name keys in the other.
fn may_name(document: &Url, keys: &Url) -> bool {
    if !keys.username().is_empty() || keys.password().is_some() {
        return false;
    }
    if is_loopback(document) {
        return is_loopback(keys) && matches!(keys.scheme(), "http" | "https");
    }
    let (Some(a), Some(b)) = (document.host_str(), keys.host_str()) else { return false };
    let related = FAMILIES.iter().any(|family| a.ends_with(family) && b.ends_with(family));
    keys.scheme() == "https" && keys.port() == document.port() && (a == b || related)
}

/// The id and the key of one entry; `None` if it is not a public RSA key for signatures.
fn entry(entry: &Value) -> Option<(String, Key)> {
    let entry = entry.as_object()?;
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let absent_or =
        |name: &str, value: &str| !entry.contains_key(name) || text(name) == Some(value);
    let may_verify = match entry.get("key_ops") {
        None => true,
        Some(ops) => ops.as_array()?.iter().any(|op| op == "verify"),
    };
    // A published private key is one that everybody can sign with.
    let private = entry.contains_key("d");
    if text("kty") != Some("RSA")
        || !absent_or("use", "sig")
        || !absent_or("alg", "RS256")
        || !may_verify
        || private
    {
        return None;
    }
    let kid = text("kid").filter(|kid| !kid.is_empty())?;
    let modulus = number(text("n")?)?;
    let exponent = number(text("e")?)?;
    if !is_sound(&modulus, &exponent) {
        return None;
    }
    let decoding = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
    Some((kid.to_owned(), Key { modulus, exponent, endorsements: endorsements(entry)?, decoding }))
}

fn endorsements(entry: &Map<String, Value>) -> Option<Vec<String>> {
    match entry.get("endorsements") {
        None => Some(Vec::new()),
        Some(Value::Array(names)) => {
            names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
        }
        Some(_) => None,
    }
}

/// A big number in base64url, without leading zeros.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    bytes.get(zeros..).map(<[u8]>::to_vec)
}

fn is_sound(modulus: &[u8], exponent: &[u8]) -> bool {
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = (modulus.len() * 8).saturating_sub(leading);
    let odd = |bytes: &[u8]| bytes.last().is_some_and(|byte| byte % 2 == 1);
    (MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&bits)
        && odd(modulus)
        && odd(exponent)
        && exponent.len() <= 4
        && exponent != [1]
}
