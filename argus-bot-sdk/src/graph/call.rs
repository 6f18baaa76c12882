//! One call, repeated when that is harmless, and lists of many pages.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;
use url::Url;

use super::failure::{GraphError, GraphErrorKind};
use super::request::GraphRequest;
use crate::auth::{Cloud, SecretToken, TokenSource, fetch, is_loopback};
use crate::error::{Error, ErrorKind};

/// One try. Large lists take Graph a while.
const TRY: Duration = Duration::from_secs(30);

/// Tries of one call, and how long it waits between them altogether unless told.
const TRIES: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(30);
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// A page of 999 users has some 500 KiB.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// No list has more pages; a server that says so makes the caller go in circles.
const MAX_PAGES: usize = 1_000;

/// A client of Microsoft Graph; see [the module](crate::graph).
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::SystemClock;
/// use argus_bot_sdk::auth::{ClientSecret, Cloud, GivenToken, Secret, SecretToken};
/// use argus_bot_sdk::graph::Graph;
///
/// let cloud = Cloud::Public;
/// let app = ClientSecret::new(
///     &cloud.token_url("11111111-2222-4333-8444-555555555555"),
///     "0f0e0d0c-1111-4222-8333-444455556666",
///     Secret::new("x"),
///     cloud.constants().graph_scope,
///     Arc::new(SystemClock),
/// )?;
/// let graph = Graph::new(cloud, Arc::new(app))?;
/// let alice = SecretToken::new("what signing in gave");
/// let as_alice = graph.as_person(Arc::new(GivenToken::new(alice)));
/// # drop(as_alice);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
#[derive(Clone)]
pub struct Graph {
    base: Url,
    tokens: Arc<dyn TokenSource>,
    client: reqwest::Client,
    patience: Duration,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("base", &self.base.as_str())
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

/// A 2xx, and what it was answered to a call that is no error.
pub(super) struct Answer {
    pub(super) body: Value,
}

impl Graph {
    /// Version 1.0 of the cloud's Graph, with tokens for [`CloudConstants::graph_scope`].
    ///
    /// [`CloudConstants::graph_scope`]: crate::auth::CloudConstants::graph_scope
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if no HTTP client can be set up.
    pub fn new(cloud: Cloud, tokens: Arc<dyn TokenSource>) -> Result<Self, Error> {
        let base = base(&format!("https://{}/v1.0/", cloud.constants().graph_host))?;
        Ok(Self { base, tokens, client: fetch::client()?, patience: PATIENCE })
    }

    /// Another address with its version, such as `https://graph.microsoft.com/beta`; `http` on
    /// loopback only. The token is shown to it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if it is not such an address.
    pub fn at(self, address: &str) -> Result<Self, Error> {
        Ok(Self { base: base(address)?, ..self })
    }

    /// Sets how long one call waits altogether when Graph says "later", instead of 30 s.
    ///
    /// ```
    /// use std::time::Duration;
    /// use argus_bot_sdk::graph::{Graph, GraphError};
    ///
    /// /// Asks once, for somebody who waits; tells what Microsoft's support needs to find the call.
    /// async fn name(graph: Graph) -> Result<String, String> {
    ///     let told = |error: GraphError| format!("{error} ({:?})", error.request_id());
    ///     let me = graph.patience(Duration::ZERO).get("/me").await.map_err(told)?;
    ///     Ok(me["displayName"].as_str().unwrap_or_default().to_owned())
    /// }
    /// ```
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The same client with the tokens of a person.
    #[must_use]
    pub fn as_person(&self, tokens: Arc<dyn TokenSource>) -> Self {
        Self { tokens, ..self.clone() }
    }

    /// Makes one call; `null` if the answer has no body.
    ///
    /// # Errors
    ///
    /// [`GraphError`]; its kind says whether the call may have had an effect.
    pub async fn call(&self, request: &GraphRequest) -> Result<Value, GraphError> {
        let url = self.url(&request.path)?;
        let answer = self.repeat(request, request.is_repeatable(), &url).await?;
        Ok(answer.body)
    }

    /// Reads; the path is that of [`GraphRequest::get`].
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn get(&self, path: impl Into<String>) -> Result<Value, GraphError> {
        self.call(&GraphRequest::get(path)).await
    }

    /// Reads a list to its end, or until it has `most` entries. A next page counts only if it is at
    /// the same host and version.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call); [`GraphErrorKind::Elsewhere`] if a page leads away or in circles.
    pub async fn all(&self, request: &GraphRequest, most: usize) -> Result<Vec<Value>, GraphError> {
        let mut url = self.url(&request.path)?;
        let (mut entries, mut seen) = (Vec::new(), HashSet::new());
        let circles = || GraphError::new(GraphErrorKind::Elsewhere, "a list of Graph has no end");
        loop {
            if seen.len() >= MAX_PAGES || !seen.insert(url.clone()) {
                return Err(circles());
            }
            let page = self.repeat(request, request.is_repeatable(), &url).await?.body;
            let next = page.get("@odata.nextLink").and_then(Value::as_str).map(str::to_owned);
            if let Value::Object(mut page) = page
                && let Some(Value::Array(more)) = page.remove("value")
            {
                entries.extend(more.into_iter().take(most - entries.len()));
            }
            match next {
                Some(next) if entries.len() < most => url = self.next(&next)?,
                _ => return Ok(entries),
            }
        }
    }

    /// Makes a call until it works, as long as that is harmless and the patience lasts.
    pub(super) async fn repeat(
        &self,
        request: &GraphRequest,
        is_repeatable: bool,
        url: &Url,
    ) -> Result<Answer, GraphError> {
        let mut left = self.patience;
        let mut tries = 1;
        loop {
            let error = match self.once(request, url).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(wait) = pause(&error, is_repeatable, tries, left) else { return Err(error) };
            left = left.saturating_sub(wait);
            tries += 1;
            tokio::time::sleep(wait).await;
        }
    }

    /// One try; a 401 is answered with one fresh token.
    async fn once(&self, request: &GraphRequest, url: &Url) -> Result<Answer, GraphError> {
        let token = self.tokens.token().await?;
        match self.send(request, url, &token).await {
            Err(error) if error.kind() == GraphErrorKind::Auth => {
                let fresh = self.tokens.refresh(&token).await?;
                self.send(request, url, &fresh).await
            }
            answered => answered,
        }
    }

    async fn send(
        &self,
        request: &GraphRequest,
        url: &Url,
        token: &SecretToken,
    ) -> Result<Answer, GraphError> {
        let mut sending = self.client.request(request.method.clone(), url.clone());
        sending = sending.timeout(TRY).bearer_auth(token.expose());
        for (name, value) in &request.headers {
            sending = sending.header(name, value);
        }
        if let Some(body) = &request.body {
            sending = sending.json(body);
        }
        let answer = sending.send().await.map_err(|error| {
            let kind = match () {
                () if error.is_builder() => GraphErrorKind::Refused,
                () if error.is_connect() => GraphErrorKind::NotSent,
                () => GraphErrorKind::Ambiguous,
            };
            // The address names people.
            GraphError::new(kind, "Graph does not answer").with_source(error.without_url())
        })?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = fetch::body_up_to(answer, MAX_ANSWER).await;
        if !status.is_success() {
            let body = body.ok().and_then(|body| serde_json::from_slice(&body).ok());
            let error = GraphError::answered(status.as_u16(), &headers, &body.unwrap_or_default());
            tracing::debug!(
                status = status.as_u16(),
                code = error.code(),
                request_id = error.request_id(),
                "Graph refused a call"
            );
            return Err(error);
        }
        let unread = |why: &'static str| GraphError::new(GraphErrorKind::Ambiguous, why);
        let body =
            body.map_err(|error| unread("Graph's answer cannot be read").with_source(error))?;
        understood(&body, &headers)
            .map(|body| Answer { body })
            .ok_or_else(|| unread("Graph's answer is not JSON"))
    }

    /// The address of a path, if it leads to Graph.
    pub(super) fn url(&self, path: &str) -> Result<Url, GraphError> {
        let relative = path.strip_prefix('/').unwrap_or(path);
        // A colon or a slash at the beginning would make it another address.
        let head = relative.split(['/', '?']).next().unwrap_or_default();
        let url = Some(relative)
            .filter(|it| !it.starts_with('/') && !head.contains(':') && !it.contains('\\'))
            .and_then(|it| Url::parse(&format!("{}{it}", self.base)).ok());
        url.filter(|url| self.leads_here(url)).ok_or_else(|| {
            GraphError::new(GraphErrorKind::Elsewhere, "the path does not lead to Graph")
        })
    }

    fn next(&self, link: &str) -> Result<Url, GraphError> {
        let url = Url::parse(link).ok().filter(|url| self.leads_here(url));
        url.ok_or_else(|| {
            GraphError::new(GraphErrorKind::Elsewhere, "the next page is not at Graph")
        })
    }

    fn leads_here(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path().starts_with(self.base.path())
    }

    pub(super) fn tries_and_patience(&self) -> (u32, Duration) {
        (TRIES, self.patience)
    }
}

/// How long to wait before the next try; `None` if there is none.
pub(super) fn pause(
    error: &GraphError,
    is_repeatable: bool,
    tries: u32,
    left: Duration,
) -> Option<Duration> {
    if tries >= TRIES || !error.may_repeat(is_repeatable) {
        return None;
    }
    let wait = error.retry_after.unwrap_or_else(|| jittered(FIRST_WAIT * 2_u32.pow(tries - 1)));
    (wait <= left).then_some(wait)
}

/// Between half and all of `wait`, so that clients that failed together do not return together.
pub(super) fn jittered(wait: Duration) -> Duration {
    // Each RandomState has keys of its own, which is all the randomness that jitter needs.
    let random = RandomState::new().build_hasher().finish() % 1_000;
    wait / 2 + (wait / 2_000) * u32::try_from(random).unwrap_or(0)
}

/// JSON, text as Graph counts with (`users/$count`), or nothing.
fn understood(body: &[u8], headers: &HeaderMap) -> Option<Value> {
    if body.is_empty() {
        return Some(Value::Null);
    }
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim() {
        "text/plain" => Some(Value::String(String::from_utf8(body.to_vec()).ok()?)),
        _ => serde_json::from_slice(body).ok(),
    }
}

fn base(address: &str) -> Result<Url, Error> {
    let wrong = || Error::new(ErrorKind::Config, "Graph's address is not an https URL");
    let address = format!("{}/", address.trim_end_matches('/'));
    let url = Url::parse(&address).map_err(|source| wrong().with_source(source))?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if is_safe && is_plain { Ok(url) } else { Err(wrong()) }
}
