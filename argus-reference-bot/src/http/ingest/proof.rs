//! How a source proves who it is.
//!
//! Whoever fails gets one answer for every reason and for every source, also for one that does not
//! exist. What is compared is digests, in constant time.

use argus_bot_sdk::auth::{Authenticator, EntraApi, Secret};
use argus_bot_sdk::server::PeerCertificate;
use argus_soc::event::Shape;
use aws_lc_rs::{constant_time, digest, hmac};
use http::{Extensions, HeaderMap, HeaderValue};
use jiff::Timestamp;
use tokio::time::Instant;

/// How far the clocks of a source and of Argus may differ, in seconds.
const SKEW: i64 = 300;

/// One source's door.
#[derive(Debug)]
pub struct SourceDoor {
    /// The source's name.
    pub name: String,
    /// What its events look like.
    pub shape: Shape,
    /// How it proves who it is; any one of them is enough, so that secrets can be changed.
    pub keys: Vec<SourceKey>,
    /// Events and bytes that it may send in a minute.
    pub quota: (Option<u32>, Option<u64>),
}

/// How a source proves who it is.
#[derive(Debug)]
pub enum SourceKey {
    /// `X-Api-Key`, kept as its SHA-256.
    ApiKey([u8; 32]),
    /// `X-Hub-Signature-256: sha256=HEX` over the raw body.
    Hmac(Box<hmac::Key>),
    /// `X-Argus-Signature: sha256=HEX` over `X-Argus-Timestamp`, a full stop and the raw body.
    HmacTimestamp(Box<hmac::Key>),
    /// A token of Entra in `Authorization`.
    Entra(Box<EntraApi>),
    /// A client certificate, by its SHA-256.
    Certificate([u8; 32]),
    /// A client certificate, by a name in it.
    CertificateName(String),
}

impl SourceKey {
    /// A key that is sent as it is.
    pub fn api_key(secret: &Secret) -> Self {
        Self::ApiKey(sha256(secret.expose().as_bytes()))
    }

    /// A key that signs the raw body.
    pub fn hmac(secret: &Secret) -> Self {
        Self::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())))
    }

    /// Fetches what is needed to check it, if anything is.
    pub(in super::super) async fn prefetch(&self) -> Result<(), argus_bot_sdk::Error> {
        match self {
            Self::Entra(api) => api.prefetch().await,
            _ => Ok(()),
        }
    }

    /// Keys of both kinds of signatures that nobody has.
    pub(in super::super) fn decoys() -> [Self; 2] {
        let secret = Secret::new(uuid::Uuid::new_v4().to_string());
        [Self::hmac(&secret), Self::hmac_timestamp(&secret)]
    }

    /// A key that signs the time and the raw body.
    pub fn hmac_timestamp(secret: &Secret) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Self::HmacTimestamp(Box::new(key))
    }
}

/// What a caller has proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Proof {
    /// Nothing.
    None,
    /// Nothing yet: Entra's keys cannot be had now.
    Unknown,
    /// It depends on the body.
    NeedsBody,
    /// Who it is.
    Whole,
}

/// What the caller shows.
pub(super) struct Shown {
    api_key: Option<[u8; 32]>,
    signature: Option<Vec<u8>>,
    /// The time as it was signed, and the signature over it and the body.
    timed: Option<(String, Vec<u8>)>,
    authorization: Option<String>,
    certificate: Option<PeerCertificate>,
}

impl Shown {
    pub(super) fn read(headers: &HeaderMap, extensions: &Extensions, now: Timestamp) -> Self {
        let api_key = only(headers, "x-api-key").map(|value| sha256(value.as_bytes()));
        let signature = signature(headers, "x-hub-signature-256");
        let timed = signature_time(headers, now).zip(signature_of(headers));
        let authorization = Authenticator::authorization(headers).ok().flatten();
        let authorization = authorization.map(str::to_owned);
        let certificate = PeerCertificate::of(extensions).cloned();
        Self { api_key, signature, timed, authorization, certificate }
    }

    /// What can be told of the caller before the body is there, and by then.
    pub(super) async fn before_body(&self, keys: &[SourceKey], until: Instant) -> Proof {
        let mut proof = Proof::None;
        for key in keys {
            proof = proof.max(self.of(key, until).await);
        }
        proof
    }

    /// Whether something is shown that such keys sign.
    pub(super) fn claims(&self, keys: &[SourceKey]) -> bool {
        keys.iter().any(|key| match key {
            SourceKey::Hmac(_) => self.signature.is_some(),
            SourceKey::HmacTimestamp(_) => self.timed.is_some(),
            _ => false,
        })
    }

    async fn of(&self, key: &SourceKey, until: Instant) -> Proof {
        let proven = |is: bool| if is { Proof::Whole } else { Proof::None };
        match key {
            SourceKey::ApiKey(wanted) => proven(self.api_key.as_ref().is_some_and(|shown| {
                constant_time::verify_slices_are_equal(wanted, shown).is_ok()
            })),
            SourceKey::Hmac(_) | SourceKey::HmacTimestamp(_) => {
                let claims = self.claims(std::slice::from_ref(key));
                if claims { Proof::NeedsBody } else { Proof::None }
            }
            SourceKey::Certificate(wanted) => {
                proven(self.certificate.as_ref().is_some_and(|shown| {
                    constant_time::verify_slices_are_equal(wanted, &sha256(shown.der())).is_ok()
                }))
            }
            SourceKey::CertificateName(name) => {
                proven(self.certificate.as_ref().is_some_and(|shown| shown.is_for(name)))
            }
            SourceKey::Entra(api) => {
                let check = api.check(self.authorization.as_deref());
                match tokio::time::timeout_at(until, check).await {
                    Ok(Ok(())) => Proof::Whole,
                    Ok(Err(rejection)) if rejection.status() != 503 => Proof::None,
                    Ok(Err(_)) | Err(_) => Proof::Unknown,
                }
            }
        }
    }

    /// Whether one of the keys signed the body.
    pub(super) fn signed(&self, keys: &[SourceKey], body: &[u8]) -> bool {
        keys.iter().any(|key| match key {
            SourceKey::ApiKey(_)
            | SourceKey::Entra(_)
            | SourceKey::Certificate(_)
            | SourceKey::CertificateName(_) => false,
            SourceKey::Hmac(key) => {
                self.signature.as_ref().is_some_and(|tag| hmac::verify(key, body, tag).is_ok())
            }
            SourceKey::HmacTimestamp(key) => self.timed.as_ref().is_some_and(|(time, tag)| {
                let signed = [time.as_bytes(), b".", body].concat();
                hmac::verify(key, &signed, tag).is_ok()
            }),
        })
    }
}

fn signature(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let value = only(headers, name)?.to_str().ok()?;
    unhex(value.strip_prefix("sha256=")?)
}

fn signature_of(headers: &HeaderMap) -> Option<Vec<u8>> {
    signature(headers, "x-argus-signature")
}

/// The time that was signed, as it was written, if it is now: whole seconds since 1970.
fn signature_time(headers: &HeaderMap, now: Timestamp) -> Option<String> {
    let text = only(headers, "x-argus-timestamp")?.to_str().ok()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse::<i64>().ok().filter(|_| digits)?;
    let apart = seconds.checked_sub(now.as_second())?.checked_abs()?;
    (apart <= SKEW).then(|| text.to_owned())
}

/// Whether the header is there once and has this value; the time taken does not tell how much of it.
pub(in super::super) fn header_is(headers: &HeaderMap, name: &str, wanted: &str) -> bool {
    only(headers, name).is_some_and(|value| {
        let (shown, wanted) = (sha256(value.as_bytes()), sha256(wanted.as_bytes()));
        constant_time::verify_slices_are_equal(&shown, &wanted).is_ok()
    })
}

/// The header's value if it is there exactly once; twice is nobody's.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap_or_default()
}

/// The SHA-256 that settings have as 64 hex digits; colons between them are passed over.
pub(super) fn digest_of_settings(hex: &str) -> Option<[u8; 32]> {
    unhex(&hex.replace(':', ""))?.try_into().ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a-signing-key";

    fn shown(headers: &[(&'static str, String)], now: i64) -> Shown {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a header value"));
        }
        Shown::read(&map, &Extensions::new(), Timestamp::from_second(now).expect("a time"))
    }

    #[test]
    fn a_signature_is_good_for_its_time_and_its_body() {
        let secret = Secret::new(SECRET);
        let key = [SourceKey::hmac_timestamp(&secret)];
        let tag = |signed: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
            let tag = hmac::sign(&key, signed.as_bytes());
            format!("sha256={}", crate::hex::hex(tag.as_ref()))
        };
        let check = |time: &str, signed: &str, now: i64, good: bool| {
            let headers =
                [("x-argus-timestamp", time.to_owned()), ("x-argus-signature", tag(signed))];
            let shown = shown(&headers, now);
            assert_eq!(shown.signed(&key, b"{}"), good, "{time:?} signed {signed:?} at {now}");
        };
        check("1000", "1000.{}", 1_000, true);
        check("1000", "1000.{}", 1_300, true);
        check("1000", "1000.{}", 700, true);
        check("1000", "1000.{}", 1_301, false);
        check("1000", "1000.{}", 699, false);
        check("1000", "1000.[]", 1_000, false);
        check("1000", "{}", 1_000, false);
        check("1001", "1000.{}", 1_000, false);
        check("+1000", "+1000.{}", 1_000, false);
        check("", ".{}", 0, false);
        check("9223372036854775807", "9223372036854775807.{}", 0, false);
        let plain = [("x-hub-signature-256", tag("{}"))];
        assert!(
            !shown(&plain, 1_000).signed(&key, b"{}"),
            "a signature without a time is another kind"
        );
        let time = ("x-argus-timestamp", "1000".to_owned());
        let twice = [time.clone(), time, ("x-argus-signature", tag("1000.{}"))];
        assert!(!shown(&twice, 1_000).signed(&key, b"{}"), "two times are nobody's");
    }

    #[test]
    fn a_digest_in_the_settings_is_64_digits() {
        let plain = "ab".repeat(32);
        assert_eq!(digest_of_settings(&plain), Some([0xab; 32]));
        let colons = vec!["AB"; 32].join(":");
        assert_eq!(digest_of_settings(&colons), Some([0xab; 32]));
        for bad in ["", "ab", &"ab".repeat(31), &format!("{plain}ab"), &"xy".repeat(32)] {
            assert_eq!(digest_of_settings(bad), None, "{bad:?}");
        }
    }
}
