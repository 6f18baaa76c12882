//! What is true after a call of Graph that did not work.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use crate::connector::wire;
use crate::error::{Error, ErrorKind};

/// Why a call of Graph failed, named by what the caller may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GraphErrorKind {
    /// There is no token, or Graph does not take even a fresh one; nothing was done.
    Auth,
    /// The person has to sign in or to consent first; nothing was done.
    Interaction,
    /// The app or the person may not do it: a permission is missing.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// It was changed meanwhile (409, 412): read it again.
    Conflict,
    /// Graph says "later" for longer than the client waits; nothing was done.
    Throttled,
    /// No connection came about; nothing was done.
    NotSent,
    /// No usable answer came: it may have been done.
    Ambiguous,
    /// Any other refusal; the same request will be refused again.
    Refused,
    /// The path, or the next page, leads away from Graph; nothing was sent there.
    Elsewhere,
}

/// A call of Graph that failed; [`kind`](Self::kind) says what is true now.
#[derive(Debug)]
pub struct GraphError {
    kind: GraphErrorKind,
    status: Option<u16>,
    code: Option<String>,
    request_id: Option<String>,
    pub(super) retry_after: Option<Duration>,
    why: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl GraphError {
    pub(super) fn new(kind: GraphErrorKind, why: impl Into<Cow<'static, str>>) -> Self {
        let why = why.into();
        Self {
            kind,
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            why,
            source: None,
        }
    }

    pub(super) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// An answer that is not 2xx.
    pub(super) fn answered(status: u16, headers: &HeaderMap, body: &Value) -> Self {
        let kind = match status {
            401 => GraphErrorKind::Auth,
            403 => GraphErrorKind::Forbidden,
            404 => GraphErrorKind::NotFound,
            409 | 412 => GraphErrorKind::Conflict,
            429 => GraphErrorKind::Throttled,
            501 => GraphErrorKind::Refused,
            408 | 500.. => GraphErrorKind::Ambiguous,
            _ => GraphErrorKind::Refused,
        };
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let plain = |text: &&str| {
            text.len() <= 100
                && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"._-".contains(&it))
        };
        let code = body.pointer("/error/code").and_then(Value::as_str).filter(plain);
        let mut error = Self::new(kind, "Graph refused the call");
        error.status = Some(status);
        error.code = code.map(str::to_owned);
        error.request_id = header("request-id").filter(plain).map(str::to_owned);
        error.retry_after = wire::retry_after(headers);
        error
    }

    /// What is true now and what may be done.
    pub fn kind(&self) -> GraphErrorKind {
        self.kind
    }

    /// The HTTP status, if Graph answered.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Graph's code, such as `Request_ResourceNotFound`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// By what Microsoft's support finds the call.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// How long Graph wants the caller to wait, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether the same call may work later.
    pub fn is_transient(&self) -> bool {
        use GraphErrorKind::{Ambiguous, NotSent, Throttled};
        matches!(self.kind, Throttled | NotSent | Ambiguous)
    }

    /// Whether the same call may be made again now: Graph did nothing, or doing it twice is doing it
    /// once.
    pub(super) fn may_repeat(&self, is_repeatable: bool) -> bool {
        match self.kind {
            GraphErrorKind::Throttled | GraphErrorKind::NotSent => true,
            GraphErrorKind::Ambiguous => {
                is_repeatable && matches!(self.status, None | Some(408 | 502 | 503 | 504))
            }
            _ => false,
        }
    }
}

impl From<Error> for GraphError {
    /// There is no token.
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Interaction => GraphErrorKind::Interaction,
            ErrorKind::Unavailable => GraphErrorKind::NotSent,
            _ => GraphErrorKind::Auth,
        };
        Self::new(kind, "there is no token for Graph").with_source(error)
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        match (&self.code, self.status) {
            (Some(code), Some(status)) => write!(f, " ({status}, {code})"),
            (None, Some(status)) => write!(f, " (status {status})"),
            _ => Ok(()),
        }
    }
}

impl StdError for GraphError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
