//! What Graph is asked.

use std::fmt;

use http::Method;
use serde_json::Value;

use crate::connector::wire;

/// One call of Graph.
///
/// ```
/// use argus_bot_sdk::graph::{GraphRequest, path};
/// use serde_json::json;
///
/// let disable = GraphRequest::patch(path(&["users", "alice@contoso.example"]))
///     .body(json!({ "accountEnabled": false }));
/// let count = GraphRequest::get("users/$count").header("ConsistencyLevel", "eventual");
/// # drop((disable, count));
/// ```
#[derive(Clone)]
#[must_use = "a request does nothing until a `Graph` sends it"]
pub struct GraphRequest {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Value>,
}

impl GraphRequest {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None }
    }

    /// Reads. The path is relative to the version, such as `users?$top=10`; build the part that
    /// names something with [`path`].
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Creates, or does something. It is never repeated unless Graph says that it did nothing.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// Changes some members.
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// Replaces.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    /// Takes away.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// Sets the body.
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Adds a header, such as `If-Match` or `ConsistencyLevel`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Whether doing it twice is doing it once.
    pub(super) fn is_repeatable(&self) -> bool {
        self.method != Method::POST
    }
}

impl fmt::Debug for GraphRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Path and body name people.
        f.debug_struct("GraphRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// A path of these segments. What stands in a segment stays in it, whoever wrote it: a slash, a
/// question mark or two dots cannot lead elsewhere.
///
/// ```
/// use argus_bot_sdk::graph::path;
///
/// assert_eq!(path(&["users", "a/../b?c"]), "users/a%2F..%2Fb%3Fc");
/// assert_eq!(path(&["users", ".."]), "users/_..");
/// ```
pub fn path(segments: &[&str]) -> String {
    let mut path = String::new();
    for segment in segments {
        wire::push_segment(&mut path, segment);
    }
    path.split_off(1.min(path.len()))
}
