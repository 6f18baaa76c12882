//! How requests get to Graph: the caller's HTTP client and token.

use std::fmt;

use async_trait::async_trait;

use crate::error::Error;

/// Sends requests, and knows the token for Graph.
///
/// Everything that matters for safety is decided before: an implementation sends what it is given,
/// with no header of its own that says who the caller is.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends one request and reads the answer, whatever its status. It must not follow redirects, and
    /// must stop reading, with an error, after [`Request::limit`] bytes of body.
    ///
    /// # Errors
    ///
    /// [`Error::unavailable`] if there is no answer, or it is too long.
    async fn send(&self, request: Request) -> Result<Response, Error>;

    /// A token for Graph. `stale` is one that Graph did not accept; another one is needed then.
    ///
    /// # Errors
    ///
    /// [`Error::unavailable`] if there is none to be had.
    async fn token(&self, stale: Option<&str>) -> Result<String, Error>;
}

/// The methods that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Reads.
    Get,
    /// Makes a subscription.
    Post,
    /// Renews a subscription.
    Patch,
}

impl Method {
    /// The method's name in HTTP.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// A request to be sent as it is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// What goes into `Authorization: Bearer …`; nothing, if nobody must be told who asks.
    pub bearer: Option<String>,
    /// What goes into `If-None-Match`.
    pub if_none_match: Option<String>,
    /// A body in JSON.
    pub json: Option<String>,
    /// Most bytes of the answer's body.
    pub limit: usize,
}

impl Request {
    pub(super) fn new(method: Method, url: impl Into<String>, limit: usize) -> Self {
        let url = url.into();
        Self { method, url, bearer: None, if_none_match: None, json: None, limit }
    }
}

impl fmt::Debug for Request {
    /// Neither the token nor the query, in which an address may carry a permission.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split('?').next().unwrap_or_default();
        write!(f, "{} {path}", self.method.as_str())
    }
}

/// What came back.
///
/// ```
/// use argus_cards::source::sharepoint::Response;
///
/// let answer = Response::new(429).header("Retry-After", "7").body("slowly");
/// assert_eq!(answer.get("retry-after"), Some("7"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Response {
    /// An answer without headers and body.
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// A header's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}
