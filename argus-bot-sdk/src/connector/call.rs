//! One call of the Connector, written down before it is made.

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ConversationRef, SendError, SendErrorKind, Sent, wire};

/// What may happen to a message of which nobody knows whether it arrived.
///
/// A message that is certainly not delivered (no connection, 412, 429) is sent again under both.
/// Updates, deletions and reads are harmless and are always repeated.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Guarantee {
    /// It is not sent again: people may miss it, they never see it twice. For chatty answers.
    #[default]
    AtMostOnce,
    /// It is sent again: people may see it twice, they do not miss it. For alerts.
    AtLeastOnce,
}

/// What a call counts against in Teams' limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Metered {
    /// A message or a new conversation.
    Send,
    /// A look at who is there.
    Read,
    /// Anything else; it counts against the tenant's limit only.
    #[default]
    Other,
}

/// A call of the interface: method, address and body, for [`Connector::perform`].
///
/// The types of [`connector`](crate::connector) make them; make one yourself for what they do not
/// know. Each part of the path is percent-encoded as one segment.
///
/// ```
/// use argus_bot_sdk::connector::{Call, Method};
///
/// let call = Call::new(Method::GET, "https://smba.trafficmanager.net/emea/")
///     .at(["v3", "teams", "19:a@thread.tacv2"])
///     .query("q", "a b");
/// assert_eq!(call.path(), "/v3/teams/19%3Aa%40thread.tacv2?q=a%20b");
/// ```
///
/// [`Connector::perform`]: super::Connector::perform
#[derive(Clone)]
#[must_use = "a call does nothing until it is performed"]
pub struct Call {
    pub(super) method: Method,
    pub(super) service_url: String,
    pub(super) path: String,
    pub(super) body: Option<Bytes>,
    pub(super) guarantee: Guarantee,
    pub(super) metered: Metered,
    pub(super) conversation: String,
    pub(super) tenant: Option<String>,
    pub(super) is_raw: bool,
    has_query: bool,
}

impl Call {
    /// A call of this service.
    pub fn new(method: Method, service_url: impl Into<String>) -> Self {
        Self {
            method,
            service_url: service_url.into(),
            path: String::with_capacity(160),
            body: None,
            guarantee: Guarantee::default(),
            metered: Metered::default(),
            conversation: String::new(),
            tenant: None,
            is_raw: false,
            has_query: false,
        }
    }

    /// A call about a conversation: what `parts` name in `v3/conversations/ID`.
    pub fn about<'a>(
        method: Method,
        to: &ConversationRef,
        parts: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut call = Self::new(method, &to.service_url)
            .at(["v3", "conversations", to.conversation_id.as_str()])
            .at(parts);
        to.root_id().clone_into(&mut call.conversation);
        call.tenant.clone_from(&to.tenant_id);
        call
    }

    /// Adds segments to the path.
    pub fn at<'a>(mut self, segments: impl IntoIterator<Item = &'a str>) -> Self {
        for segment in segments {
            wire::push_segment(&mut self.path, segment);
        }
        self
    }

    /// Adds a query parameter; all segments are there already.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.path.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        wire::push_encoded(&mut self.path, name);
        self.path.push('=');
        wire::push_encoded(&mut self.path, value);
        self
    }

    /// Sets the body, without members that are `null`: Teams refuses some of them.
    ///
    /// # Errors
    ///
    /// [`SendErrorKind::Refused`] if `body` cannot be written as JSON.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, SendError> {
        self.body = Some(wire::json(body)?);
        Ok(self)
    }

    /// Says what it counts against.
    pub fn metered(mut self, metered: Metered) -> Self {
        self.metered = metered;
        self
    }

    /// Says whether it may be repeated when nobody knows whether it arrived.
    pub fn guarantee(mut self, guarantee: Guarantee) -> Self {
        self.guarantee = guarantee;
        self
    }

    /// Takes an answer of any content type, not JSON only.
    ///
    /// ```
    /// use argus_bot_sdk::connector::{Call, Method, Metered};
    ///
    /// // A picture is no JSON, and to fetch one counts as a look, not as a message.
    /// let call = Call::new(Method::GET, "https://smba.trafficmanager.net/emea/")
    ///     .at(["v3", "attachments", "0-weu-d1", "views", "original"])
    ///     .metered(Metered::Read)
    ///     .raw();
    /// assert_eq!(call.path(), "/v3/attachments/0-weu-d1/views/original");
    /// ```
    pub fn raw(mut self) -> Self {
        self.is_raw = true;
        self
    }

    /// Names the organisation, whose limit it counts against.
    pub fn tenant(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant = Some(tenant_id.into());
        self
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Path and query after the service URL.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The body, if there is one.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// The same call of another service.
    pub(crate) fn behind(mut self, service_url: String) -> Self {
        self.service_url = service_url;
        self
    }

    /// The conversation that it is about, without a thread; empty if it is about none.
    pub fn conversation(&self) -> &str {
        &self.conversation
    }

    /// The service that is called.
    pub fn service_url(&self) -> &str {
        &self.service_url
    }
}

impl std::fmt::Debug for Call {
    /// Without ids and body: they name people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("metered", &self.metered)
            .field("guarantee", &self.guarantee)
            .finish_non_exhaustive()
    }
}

/// The answer to a [`Call`] that worked.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Reply {
    /// The HTTP status, 2xx.
    pub status: u16,
    /// What came in it.
    pub body: Bytes,
    /// The `MS-CV` header, by which Microsoft's support finds the call.
    pub correlation: Option<Box<str>>,
    /// An earlier try of the same call may have had its effect too.
    pub maybe_twice: bool,
}

impl Reply {
    /// An answer; for connectors of your own.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, body: body.into(), ..Self::default() }
    }

    /// What it says of a message that was sent.
    ///
    /// ```
    /// use argus_bot_sdk::connector::Reply;
    ///
    /// let reply = Reply::new(201, r#"{"id":"1700000000000"}"#);
    /// assert_eq!(reply.sent().activity_id.as_deref(), Some("1700000000000"));
    /// ```
    pub fn sent(&self) -> Sent {
        Sent::of(self)
    }

    /// Reads the body.
    ///
    /// # Errors
    ///
    /// [`SendErrorKind::Ambiguous`] if it is not what it has to be: something was done, and nobody
    /// can say what.
    ///
    /// ```
    /// use argus_bot_sdk::connector::{Reply, SendErrorKind};
    ///
    /// assert_eq!(Reply::new(200, "[1,2]").json::<Vec<u8>>().unwrap(), [1, 2]);
    /// let error = Reply::new(200, "<html>").json::<Vec<u8>>().unwrap_err();
    /// assert_eq!(error.kind(), SendErrorKind::Ambiguous);
    /// ```
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, SendError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            SendError::new(SendErrorKind::Ambiguous)
                .with_status(self.status)
                .with_correlation(self.correlation.clone())
                .with_source(error)
        })
    }
}

impl std::fmt::Debug for Reply {
    /// Without the body: it names people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .field("correlation", &self.correlation)
            .finish_non_exhaustive()
    }
}
