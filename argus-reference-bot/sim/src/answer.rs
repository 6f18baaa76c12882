//! What a simulated system is asked and what it answers, before HTTP and after.
//!
//! The systems are functions from an [`Ask`] to an [`Answer`], so that their rules can be tested
//! without a socket and a fault can be put before, after or instead of an answer.

use argus_bot_sdk::testing::wire::FakeRequest;
use serde_json::{Value, json};

/// The query parameters that the systems understand.
const PARAMETERS: [&str; 9] = [
    "api-version",
    "jql",
    "token",
    "$filter",
    "$top",
    "sysparm_query",
    "sysparm_fields",
    "sysparm_limit",
    "sysparm_offset",
];

/// One request, taken apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    /// The method.
    pub(crate) method: String,
    /// Percent-decoded path segments.
    pub(crate) path: Vec<String>,
    /// Decoded query parameters in order.
    pub(crate) query: Vec<(String, String)>,
    /// The `Host` header, for absolute links in answers.
    pub(crate) host: String,
    /// The `If-None-Match` header.
    pub(crate) if_none_match: Option<String>,
    /// The `x-ms-client-tracking-id` header.
    pub(crate) tracking: Option<String>,
    /// The bytes of the body.
    pub(crate) body: Vec<u8>,
}

impl Ask {
    /// Takes a request of the fakes' server apart.
    pub(crate) fn of(request: &FakeRequest) -> Self {
        let given = |name: &&str| Some(((*name).to_owned(), request.query(name)?.to_owned()));
        Self {
            method: request.method.as_str().to_owned(),
            path: request.segments(),
            query: PARAMETERS.iter().filter_map(given).collect(),
            host: request.header("host").unwrap_or_default().to_owned(),
            if_none_match: request.header("if-none-match").map(str::to_owned),
            tracking: request.header("x-ms-client-tracking-id").map(str::to_owned),
            body: request.body.to_vec(),
        }
    }

    /// A request that no socket has seen.
    #[cfg(test)]
    pub(crate) fn new(method: &str, path: &str, query: &str, body: Vec<u8>) -> Self {
        Self {
            method: method.to_owned(),
            path: path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            host: "127.0.0.1:9300".to_owned(),
            if_none_match: None,
            tracking: None,
            body,
        }
    }

    /// The first value of a query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Method and path as a slice pattern.
    pub(crate) fn route(&self) -> (&str, Vec<&str>) {
        (&self.method, self.path.iter().map(String::as_str).collect())
    }

    /// The body as JSON, if it is.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Something that really happened in the simulated world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Which operation caused it.
    pub(crate) operation: &'static str,
    /// On what.
    pub(crate) key: String,
}

/// What a system answers, and what it did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers besides the content type.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// JSON body; none for 204.
    pub(crate) body: Option<Value>,
    /// Effects on the simulated world, counted by whoever mounts the system.
    pub(crate) effects: Vec<Effect>,
}

impl Answer {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body), effects: Vec::new() }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None, effects: Vec::new() }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Says what happened.
    pub(crate) fn effect(mut self, operation: &'static str, key: impl Into<String>) -> Self {
        self.effects.push(Effect { operation, key: key.into() });
        self
    }
}

/// An error body in the `OData` form that Graph and Defender share.
pub(crate) fn odata_error(status: u16, code: &str, message: &str, trace: &str) -> Answer {
    let error = json!({ "code": code, "message": message, "target": trace });
    Answer::json(status, json!({ "error": error }))
}
