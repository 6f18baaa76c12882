//! `POST /ingest` and `POST /ingest/{source}`: who is it, what is it, and 202 once it is on disk.

use argus_bot_sdk::auth::Secret;
use argus_bot_sdk::server::{BodyError, body_timeout, read_body};
use argus_soc::event::{NormaliseErrorKind, Shape};
use aws_lc_rs::{constant_time, digest, hmac};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use hyper::body::Incoming;

use super::reply::{self, Problem};
use super::{Answer, Inner};
use crate::flows::correlation_id;
use crate::flows::ingest::IngestError;

/// Longest idempotency key.
const LONGEST_KEY: usize = 255;
const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// One source's door.
#[derive(Debug)]
pub struct SourceDoor {
    /// The source's name.
    pub name: String,
    /// What its events look like.
    pub shape: Shape,
    /// How it proves who it is; any one of them is enough, so that secrets can be changed.
    pub keys: Vec<SourceKey>,
}

/// How a source proves who it is.
#[derive(Debug)]
pub enum SourceKey {
    /// `X-Api-Key`, kept as its SHA-256.
    ApiKey([u8; 32]),
    /// `X-Hub-Signature-256: sha256=HEX` over the raw body.
    Hmac(Box<hmac::Key>),
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
}

/// What the caller shows.
struct Shown {
    api_key: Option<[u8; 32]>,
    signature: Option<Vec<u8>>,
}

impl Shown {
    fn read(headers: &HeaderMap) -> Self {
        let api_key = only(headers, "x-api-key").map(|value| sha256(value.as_bytes()));
        let signature = only(headers, "x-hub-signature-256")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("sha256="))
            .and_then(unhex);
        Self { api_key, signature }
    }

    /// Whether it could be the caller's, as far as can be told without the body.
    fn may_be(&self, key: &SourceKey) -> bool {
        match (key, &self.api_key) {
            (SourceKey::ApiKey(wanted), Some(shown)) => {
                constant_time::verify_slices_are_equal(wanted, shown).is_ok()
            }
            (SourceKey::ApiKey(_), None) => false,
            (SourceKey::Hmac(_), _) => self.signature.is_some(),
        }
    }

    fn is(&self, key: &SourceKey, body: &[u8]) -> bool {
        match (key, &self.signature) {
            (SourceKey::ApiKey(_), _) => self.may_be(key),
            (SourceKey::Hmac(key), Some(tag)) => hmac::verify(key, body, tag).is_ok(),
            (SourceKey::Hmac(_), None) => false,
        }
    }
}

impl Inner {
    pub(super) async fn ingest(&self, name: Option<&str>, request: Request<Incoming>) -> Answer {
        let correlation = correlation_id();
        let mut answer = self.take(name, request, &correlation).await;
        if !answer.status().is_success() {
            self.soc.metrics.refused();
        }
        if let Ok(value) = HeaderValue::from_str(&correlation) {
            answer.headers_mut().insert(CORRELATION, value);
        }
        answer
    }

    async fn take(
        &self,
        name: Option<&str>,
        request: Request<Incoming>,
        correlation: &str,
    ) -> Answer {
        // Whoever may not speak learns nothing, not even whether a source of that name exists.
        let shown = Shown::read(request.headers());
        let candidates: Vec<&SourceDoor> = self
            .sources
            .iter()
            .filter(|source| name.is_none_or(|name| source.name == name))
            .filter(|source| source.keys.iter().any(|key| shown.may_be(key)))
            .collect();
        if candidates.is_empty() {
            return stranger();
        }
        let (parts, body) = request.into_parts();
        let key = match checked(&parts.headers) {
            Ok(key) => key,
            Err(problem) => return *problem,
        };
        let limit = body_timeout(&parts.extensions);
        let raw = match read_body(body, self.max_event_bytes, limit).await {
            Ok(raw) => raw,
            Err(error) => return self.unread(error),
        };
        let speaks = |source: &&&SourceDoor| source.keys.iter().any(|key| shown.is(key, &raw));
        let Some(source) = candidates.iter().find(speaks) else { return stranger() };
        self.received(source, key, raw, correlation).await
    }

    async fn received(
        &self,
        source: &SourceDoor,
        key: Option<String>,
        raw: Bytes,
        correlation: &str,
    ) -> Answer {
        let taken =
            self.soc.receive(&source.name, source.shape, key, raw, correlation.to_owned()).await;
        match taken {
            Ok(receipt) => {
                self.soc.metrics.ingested(receipt.duplicate);
                tracing::debug!(
                    correlation_id = correlation,
                    event.source = source.name,
                    event.seq = receipt.seq,
                    event.duplicate = receipt.duplicate,
                    "an event was accepted"
                );
                let body = format!(
                    "{{\"seq\":{},\"event_id\":\"{}\",\"duplicate\":{},\"correlation_id\":\"{correlation}\"}}",
                    receipt.seq, receipt.event_id, receipt.duplicate
                );
                let status = if receipt.duplicate { 200 } else { 202 };
                reply::raw(status, "application/json", body.into())
            }
            Err(IngestError::Unreadable(error)) => {
                let (status, name) = match error.kind {
                    NormaliseErrorKind::NotAnObject | NormaliseErrorKind::WrongShape { .. } => {
                        (422, "not-an-event")
                    }
                    _ => (400, "bad-json"),
                };
                Problem::new(status, name, error.to_string()).answer()
            }
            Err(IngestError::KeyReused) => {
                let detail = "This id or Idempotency-Key came before with another body. \
                              Send a changed event under a new key.";
                Problem::new(409, "key-reused", detail).answer()
            }
            Err(IngestError::TryAgain(error)) => {
                tracing::error!(correlation_id = correlation, error = %error, "an event was not stored");
                Problem::new(503, "store-unavailable", "It could not be stored. Send it again.")
                    .retry_after(2)
                    .answer()
            }
        }
    }

    pub(super) fn unread(&self, error: BodyError) -> Answer {
        let max = self.max_event_bytes;
        let (name, detail) = match error {
            BodyError::TooBig => ("too-big", format!("A body has at most {max} bytes.")),
            BodyError::Slow => ("too-slow", "The body did not arrive in time.".to_owned()),
            _ => ("bad-body", "The body ended early or was not framed properly.".to_owned()),
        };
        Problem::new(error.status(), name, detail).answer()
    }
}

fn stranger() -> Answer {
    Problem::unauthorised(
        "X-Api-Key, X-Hub-Signature-256",
        "Show the source's key in `X-Api-Key`, or its signature over the raw body in \
         `X-Hub-Signature-256: sha256=HEX`.",
    )
}

/// Checks what the headers say about the body, and gives the idempotency key.
fn checked(headers: &HeaderMap) -> Result<Option<String>, Box<Answer>> {
    let problem =
        |status, name, detail: &str| Box::new(Problem::new(status, name, detail).answer());
    if let Some(kind) = headers.get(http::header::CONTENT_TYPE) {
        let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let json = kind.eq_ignore_ascii_case("application/json")
            || kind.to_ascii_lowercase().ends_with("+json");
        if !json {
            return Err(problem(415, "not-json", "Send `Content-Type: application/json`."));
        }
    }
    let encoding = headers.get(http::header::CONTENT_ENCODING);
    if encoding.is_some_and(|it| !it.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(problem(415, "encoded", "Send the body without Content-Encoding."));
    }
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let one = headers.get_all("idempotency-key").iter().nth(1).is_none();
    match key.to_str() {
        Ok(key) if one && !key.is_empty() && key.len() <= LONGEST_KEY => Ok(Some(key.to_owned())),
        _ => Err(problem(400, "bad-key", "One Idempotency-Key of 1 to 255 visible characters.")),
    }
}

/// Whether the header is there once and has this value; the time taken does not tell how much of it.
pub(super) fn header_is(headers: &HeaderMap, name: &str, wanted: &str) -> bool {
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
