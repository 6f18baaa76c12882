//! From a description to the request: places filled, parts encoded, signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Algorithm, Forgery, Vector, Vectors};
use crate::testing::entra::Alg;
use crate::testing::entra::keys::{self, SigningKey};

/// The pairs of a run are made in this part of the pool, apart from those of the fakes.
const FIRST_PAIR: usize = 100;
/// A number of repetitions that no vector has.
const MOST_REPEATED: usize = 100_000;

/// What the places of a text stand for.
pub(super) struct Places<'a> {
    pub(super) vectors: &'a Vectors,
    pub(super) app: &'a str,
    pub(super) tenant: &'a str,
    pub(super) service_url: &'a str,
    pub(super) now: i64,
}

/// The headers and the body of one request.
pub(super) fn request(vector: &Vector, places: &Places<'_>) -> (Vec<String>, String) {
    let (base, change) = (&places.vectors.base, &vector.change);
    let key = key(places.vectors, change.key.as_ref().unwrap_or(&base.key));
    let algorithm = change.algorithm.unwrap_or_default();
    let header = filled(change.header.as_ref().unwrap_or(&base.header), places);
    let claims = filled(change.claims.as_ref().unwrap_or(&base.claims), places);
    let (header, encoded) = (URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(&claims));
    let signed = match change.signature {
        Some(Forgery::OfOtherClaims) => URL_SAFE_NO_PAD.encode(format!("{claims} ")),
        _ => encoded.clone(),
    };
    let signature = signature(&key, algorithm, format!("{header}.{signed}").as_bytes());
    let signature = forged(signature, change.signature);
    let signature = URL_SAFE_NO_PAD.encode(signature);
    let token = change.token.as_ref().unwrap_or(&base.token);
    let token = token
        .replace("{{header}}", &header)
        .replace("{{claims}}", &encoded)
        .replace("{{signature}}", &signature)
        .replace("{{signature not canonical}}", &not_canonical(&signature));
    let token = filled(&token, places);
    let values = change.authorization.as_ref().unwrap_or(&base.authorization);
    let values = values.iter().map(|value| value.replace("{{token}}", &token)).collect();
    (values, filled(change.activity.as_ref().unwrap_or(&base.activity), places))
}

/// The key list that a run publishes.
pub(super) fn published(vectors: &Vectors) -> Value {
    let entries = vectors.keys.iter().filter_map(|(name, spec)| {
        let mut entry = jwk(vectors, name);
        entry.as_object_mut()?.extend(spec.published.clone()?);
        Some(entry)
    });
    json!({ "keys": entries.collect::<Vec<_>>() })
}

fn key(vectors: &Vectors, name: &str) -> std::sync::Arc<SigningKey> {
    keys::key(FIRST_PAIR + vectors.keys.get(name).map_or(0, |spec| spec.pair))
}

/// The public half under the name of the key.
fn jwk(vectors: &Vectors, name: &str) -> Value {
    let mut jwk = key(vectors, name).jwk();
    if let Some(members) = jwk.as_object_mut() {
        members.insert("kid".to_owned(), json!(name));
        members.insert("x5t".to_owned(), json!(name));
    }
    jwk
}

fn signature(key: &SigningKey, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    let rsa = |alg| key.sign(alg, message);
    match algorithm {
        Algorithm::Rs256 => rsa(Alg::Rs256),
        Algorithm::Rs384 => rsa(Alg::Rs384),
        Algorithm::Rs512 => rsa(Alg::Rs512),
        Algorithm::Ps256 => rsa(Alg::Ps256),
        Algorithm::PublicKeyAsSecret => key.sign_with_public_half(message),
        Algorithm::Unsigned => Vec::new(),
    }
}

fn forged(mut signature: Vec<u8>, how: Option<Forgery>) -> Vec<u8> {
    let flip = |byte: Option<&mut u8>| {
        if let Some(byte) = byte {
            *byte ^= 1;
        }
    };
    match how {
        None | Some(Forgery::OfOtherClaims) => {}
        Some(Forgery::FirstBitFlipped) => flip(signature.first_mut()),
        Some(Forgery::LastBitFlipped) => flip(signature.last_mut()),
        Some(Forgery::LastByteCut) => drop(signature.pop()),
        Some(Forgery::ZeroAppended) => signature.push(0),
        Some(Forgery::ZeroPrepended) => signature.insert(0, 0),
        Some(Forgery::AllZeros) => signature.fill(0),
        Some(Forgery::AllOnes) => signature.fill(0xff),
        Some(Forgery::Twice) => signature.extend_from_within(..),
    }
    signature
}

/// 256 bytes leave bits over in their last letter; here one of them is set.
fn not_canonical(signature: &str) -> String {
    let mut letters: Vec<char> = signature.chars().collect();
    if let Some(last) = letters.last_mut() {
        *last = char::from_u32(u32::from(*last) + 1).unwrap_or('_');
    }
    letters.into_iter().collect()
}

/// Fills `{{…}}`; a place that is not known stays as it is.
fn filled(text: &str, places: &Places<'_>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{{") {
        filled.push_str(before);
        let place = tail.split_once("}}");
        let known = place.and_then(|(name, after)| Some((value(name, places)?, after)));
        if let Some((value, after)) = known {
            filled.push_str(&value);
            rest = after;
        } else {
            filled.push_str("{{");
            rest = tail;
        }
    }
    filled + rest
}

fn value(name: &str, places: &Places<'_>) -> Option<String> {
    match name {
        "app" => return Some(places.app.to_owned()),
        "APP" => return Some(places.app.to_uppercase()),
        "tenant" => return Some(places.tenant.to_owned()),
        "service_url" => return Some(places.service_url.to_owned()),
        "now" => return Some(places.now.to_string()),
        _ => {}
    }
    if let Some(seconds) = name.strip_prefix("now") {
        return Some((places.now + seconds.parse::<i64>().ok()?).to_string());
    }
    if let Some(key) = name.strip_prefix("jwk ") {
        return Some(jwk(places.vectors, key).to_string());
    }
    let (what, times) = name.rsplit_once(" times ")?;
    let times = times.parse().ok().filter(|times| *times <= MOST_REPEATED)?;
    Some(what.repeat(times))
}
