//! Answers: JSON, and RFC 9457 problems with a stable `type`.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Map, Value};

use super::Answer;

/// A problem as RFC 9457 writes it; `type` is `urn:argus:problem:NAME`.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: u16,
    body: Map<String, Value>,
    retry_after: Option<u32>,
    schemes: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(status: u16, name: &str, detail: impl Into<String>) -> Self {
        let status_text = StatusCode::from_u16(status).ok().and_then(|it| it.canonical_reason());
        let mut body = Map::new();
        body.insert("type".into(), format!("urn:argus:problem:{name}").into());
        body.insert("title".into(), status_text.unwrap_or("Problem").into());
        body.insert("status".into(), status.into());
        body.insert("detail".into(), detail.into().into());
        Self { status, body, retry_after: None, schemes: None }
    }

    /// Adds a member of its own.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body.insert(name.into(), value.into());
        self
    }

    /// Says when to try again.
    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The HTTP status.
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// The problem as it stands in an answer about many things.
    pub(super) fn body(self) -> Value {
        Value::Object(self.body)
    }

    /// Names the ways to prove who one is.
    fn schemes(mut self, schemes: &'static str) -> Self {
        self.schemes = Some(schemes);
        self
    }

    pub(super) fn answer(self) -> Answer {
        let mut answer = json_with(self.status, &Value::Object(self.body));
        let kind = HeaderValue::from_static("application/problem+json");
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(schemes) = self.schemes {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(schemes));
        }
        answer
    }

    pub(super) fn method(allowed: &'static str) -> Answer {
        let mut answer =
            Self::new(405, "method-not-allowed", format!("Allowed here: {allowed}.")).answer();
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        answer
    }

    pub(super) fn unauthorised(schemes: &'static str, detail: &str) -> Self {
        Self::new(401, "unauthorized", detail).schemes(schemes)
    }
}

pub(super) fn json_with(status: u16, body: &Value) -> Answer {
    raw(status, "application/json", body.to_string().into())
}

pub(super) fn text(body: impl Into<Bytes>) -> Answer {
    raw(200, "text/plain; charset=utf-8", body.into())
}

pub(super) fn raw(status: u16, kind: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Reads and uploads are not for strangers.
pub(super) fn admins_only() -> Answer {
    let detail = "This needs the admin key in `X-Api-Key`.";
    Problem::unauthorised("X-Api-Key", detail).answer()
}

/// The store did not answer.
pub(super) fn unavailable(error: &crate::ports::ledger::LedgerError) -> Answer {
    tracing::error!(error = %error, "a request could not be answered");
    Problem::new(503, "store-unavailable", "The store does not answer. Please try again.")
        .retry_after(2)
        .answer()
}
