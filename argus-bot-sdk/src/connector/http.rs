//! The Connector REST interface over HTTP.

use std::{
    fmt,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::Full;
use tokio::time::Instant;

use super::{
    Connector, ConversationRef, CreatedConversation, NewConversation, SendError, SendErrorKind,
    Sent, failure::kind_of, transport::Transport, wire,
};
use crate::{
    Activity, Error, ErrorKind,
    activity::Addressed,
    auth::{SecretToken, ServiceUrlPolicy, TokenSource},
};

const TOTAL: Duration = Duration::from_secs(15);
const MS_CV: HeaderName = HeaderName::from_static("ms-cv");
const USER_AGENT: &str = concat!("argus-bot-sdk/", env!("CARGO_PKG_VERSION"));
/// Repeats of one call, and the longest wait before one; what needs longer is the caller's to plan.
const MAX_RETRIES: u32 = 3;
const MAX_WAIT: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// A [`Connector`] that speaks to Teams.
///
/// It shows the bot's token only to service URLs that its [`ServiceUrlPolicy`] allows, follows no
/// redirect, uses no proxy and waits for nothing without an end. A 401 is answered with one fresh
/// token. Updates and deletions are repeated a few times when that is harmless (412, 429, 502, 503,
/// 504, lost connections); a message is never sent twice on a guess.
pub struct HttpConnector {
    transport: Transport,
    tokens: Option<Arc<dyn TokenSource>>,
    policy: ServiceUrlPolicy,
    total: Duration,
    budget: Budget,
}

impl HttpConnector {
    /// A connector that shows tokens of `tokens` to the service URLs that `policy` allows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if TLS cannot be set up, for example on an image without root
    /// certificates.
    pub fn new(tokens: Arc<dyn TokenSource>, policy: ServiceUrlPolicy) -> Result<Self, Error> {
        Self::build(Some(tokens), policy)
    }

    /// A connector without tokens, for the Agents Playground and for tests.
    ///
    /// # Errors
    ///
    /// As for [`HttpConnector::new`].
    #[cfg(any(test, feature = "danger-anonymous", feature = "testing"))]
    pub fn without_tokens(policy: ServiceUrlPolicy) -> Result<Self, Error> {
        Self::build(None, policy)
    }

    /// Sets how long one call may take altogether, instead of 15 s.
    #[must_use]
    pub fn deadline(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    fn build(
        tokens: Option<Arc<dyn TokenSource>>,
        policy: ServiceUrlPolicy,
    ) -> Result<Self, Error> {
        let transport = Transport::new()?;
        Ok(Self { transport, tokens, policy, total: TOTAL, budget: Budget::default() })
    }

    /// The address of a call, if the service may be called at all.
    fn address<'a>(
        &self,
        service_url: &str,
        segments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Uri, SendError> {
        let proven = self
            .policy
            .check(service_url)
            .map_err(|e| SendError::new(SendErrorKind::Forbidden).with_source(e))?;
        let base = proven.as_str().trim_end_matches('/');
        let mut address = String::with_capacity(base.len() + 160);
        address.push_str(base);
        address.push_str("/v3/conversations");
        for segment in segments {
            wire::push_segment(&mut address, segment);
        }
        // Too long an id is all that can be wrong with it, and stays wrong.
        Uri::try_from(address).map_err(|e| SendError::new(SendErrorKind::Refused).with_source(e))
    }

    async fn token(&self) -> Result<Option<SecretToken>, SendError> {
        match &self.tokens {
            Some(tokens) => match tokens.held() {
                Some(token) => Ok(Some(token)),
                None => tokens.token().await.map(Some).map_err(no_token),
            },
            None => Ok(None),
        }
    }

    async fn call(
        &self,
        method: Method,
        address: &Uri,
        body: Option<Bytes>,
    ) -> Result<Answer, SendError> {
        let started = Instant::now();
        self.budget.deposit();
        let mut token = self.token().await?;
        let mut refreshed = false;
        let mut retries = 0;
        loop {
            let error = match self.attempt(&method, address, body.clone(), token.as_ref()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if let (Some(401), Some(tokens), Some(stale), false) =
                (error.status(), &self.tokens, &token, refreshed)
            {
                token = Some(tokens.refresh(stale).await.map_err(no_token)?);
                refreshed = true;
                continue;
            }
            let Some(wait) = wait_before_repeat(&method, &error, retries) else {
                return Err(error);
            };
            if started.elapsed() + wait > self.total || !self.budget.withdraw() {
                return Err(error);
            }
            retries += 1;
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        method: &Method,
        address: &Uri,
        body: Option<Bytes>,
        token: Option<&SecretToken>,
    ) -> Result<Answer, SendError> {
        let request = prepare(method, address, body, token)?;
        let answer = self.transport.exchange(request, self.total).await.and_then(understand);
        answer.inspect_err(|error| {
            tracing::warn!(
                %method, kind = ?error.kind(), status = error.status(), code = error.code(),
                "a call of the Connector failed"
            );
        })
    }

    async fn put_activity(
        &self,
        method: Method,
        to: &ConversationRef,
        segments: &[&str],
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        let address = self.address(&to.service_url, segments.iter().copied())?;
        self.put(method, address, json(activity)?).await
    }

    async fn put(&self, method: Method, address: Uri, body: Bytes) -> Result<Sent, SendError> {
        let answer = self.call(method, &address, Some(body)).await?;
        Ok(Sent::new(wire::resource_id(&answer.body), answer.status))
    }
}

#[async_trait]
impl Connector for HttpConnector {
    async fn send(&self, to: &ConversationRef, activity: &Activity) -> Result<Sent, SendError> {
        let segments = [to.conversation_id.as_str(), "activities"];
        self.put_activity(Method::POST, to, &segments, activity).await
    }

    async fn reply(
        &self,
        to: &ConversationRef,
        reply_to_id: &str,
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        let segments = [to.conversation_id.as_str(), "activities", reply_to_id];
        self.put_activity(Method::POST, to, &segments, activity).await
    }

    // Most of what a bot says is an answer, so it is written without copies of what was asked.
    async fn answer(&self, asked: &Activity, answer: &Activity) -> Result<Sent, SendError> {
        let conversation = asked.conversation.as_ref().and_then(|it| it.id.as_deref());
        let segments = [conversation.unwrap_or_default(), "activities"];
        let segments = segments.into_iter().chain(asked.id.as_deref());
        let address = self.address(asked.service_url.as_deref().unwrap_or_default(), segments)?;
        self.put(Method::POST, address, json(&Addressed { asked, answer })?).await
    }

    async fn update(
        &self,
        to: &ConversationRef,
        activity_id: &str,
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        let segments = [to.conversation_id.as_str(), "activities", activity_id];
        self.put_activity(Method::PUT, to, &segments, activity).await
    }

    async fn delete(&self, to: &ConversationRef, activity_id: &str) -> Result<Sent, SendError> {
        let segments = [to.conversation_id.as_str(), "activities", activity_id];
        let address = self.address(&to.service_url, segments)?;
        let answer = self.call(Method::DELETE, &address, None).await?;
        Ok(Sent::new(None, answer.status))
    }

    async fn create_conversation(
        &self,
        service_url: &str,
        new: &NewConversation,
    ) -> Result<CreatedConversation, SendError> {
        let address = self.address(service_url, [])?;
        let answer = self.call(Method::POST, &address, Some(json(new)?)).await?;
        // It was created, but nobody can say under which id: as good as a lost answer.
        serde_json::from_slice(&answer.body).map_err(|e| {
            SendError::new(SendErrorKind::Ambiguous).with_status(answer.status).with_source(e)
        })
    }
}

impl fmt::Debug for HttpConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnector")
            .field("tokens", &self.tokens.is_some())
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

/// A 2xx with what came in it.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Bytes,
}

fn prepare(
    method: &Method,
    address: &Uri,
    body: Option<Bytes>,
    token: Option<&SecretToken>,
) -> Result<Request<Full<Bytes>>, SendError> {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    // The client would add the same, by way of two strings.
    if let Some(host) = address.authority().and_then(|it| HeaderValue::from_str(it.as_str()).ok()) {
        headers.insert(header::HOST, host);
    }
    if body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(token) = token {
        let bearer = token.header().ok_or_else(|| SendError::new(SendErrorKind::Refused))?;
        headers.insert(header::AUTHORIZATION, bearer);
    }
    let mut request = Request::new(Full::new(body.unwrap_or_default()));
    *request.method_mut() = method.clone();
    *request.uri_mut() = address.clone();
    *request.headers_mut() = headers;
    Ok(request)
}

fn json(body: &impl serde::Serialize) -> Result<Bytes, SendError> {
    // Room for a short message at once.
    let mut bytes = Vec::with_capacity(768);
    serde_json::to_writer(&mut bytes, body)
        .map_err(|e| SendError::new(SendErrorKind::Refused).with_source(e))?;
    Ok(Bytes::from(bytes))
}

fn no_token(error: Error) -> SendError {
    let kind = match error.kind() {
        ErrorKind::Credentials | ErrorKind::Config => SendErrorKind::Auth,
        _ => SendErrorKind::NotSent,
    };
    SendError::new(kind).with_source(error)
}

fn understand(response: Response<Bytes>) -> Result<Answer, SendError> {
    let (head, body) = response.into_parts();
    let status = head.status.as_u16();
    // The correlation vector by which Microsoft's support finds a call; for the log only.
    let ms_cv = || text(&head.headers, &MS_CV);
    if head.status.is_success() {
        tracing::debug!(status, ms_cv = ms_cv(), "the Connector took a call");
        let is_json =
            text(&head.headers, &header::CONTENT_TYPE).is_some_and(|t| t.contains("json"));
        if !is_json && !body.is_empty() {
            // A sign-in page or a proxy's apology with status 200 is not Teams' word.
            tracing::warn!(status, answer = wire::excerpt(&body), "a 2xx that is not JSON");
            return Err(SendError::new(SendErrorKind::Ambiguous).with_status(status));
        }
        return Ok(Answer { status, body });
    }
    let code = wire::error_code(&body);
    if code.is_none() {
        tracing::debug!(
            status,
            ms_cv = ms_cv(),
            answer = wire::excerpt(&body),
            "an error without a code"
        );
    }
    let mut error = SendError::new(kind_of(status, code.as_deref())).with_status(status);
    if let Some(code) = code {
        error = error.with_code(code);
    }
    if let Some(wait) = wire::retry_after(&head.headers) {
        error = error.after(wait);
    }
    tracing::debug!(status, ms_cv = ms_cv(), "the Connector refused a call");
    Err(error)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// How long to wait before doing the same again, or `None` if it must not or need not be done.
fn wait_before_repeat(method: &Method, error: &SendError, retries: u32) -> Option<Duration> {
    let harmless = *method != Method::POST;
    let hopeful = match error.status() {
        Some(412 | 429 | 502 | 503 | 504) => true,
        Some(_) => false,
        None => matches!(error.kind(), SendErrorKind::NotSent | SendErrorKind::Ambiguous),
    };
    if !harmless || !hopeful || retries >= MAX_RETRIES {
        return None;
    }
    let wait = error.retry_after().unwrap_or_else(|| jittered(FIRST_WAIT * 2_u32.pow(retries)));
    (wait <= MAX_WAIT).then_some(wait)
}

/// Between half and all of `wait`, so that clients that failed together do not return together.
fn jittered(wait: Duration) -> Duration {
    // Each RandomState has keys of its own, which is all the randomness that jitter needs.
    let random = RandomState::new().build_hasher().finish() % 1_000;
    wait / 2 + (wait / 2_000) * u32::try_from(random).unwrap_or(0)
}

/// Repeats are at most a tenth of the calls, so that a Connector in trouble is not drowned in them.
#[derive(Debug)]
struct Budget(AtomicI32);

impl Budget {
    const FULL: i32 = 100;
    const PRICE: i32 = 10;

    fn deposit(&self) {
        self.change(|saved| (saved < Self::FULL).then_some(saved + 1));
    }

    fn withdraw(&self) -> bool {
        self.change(|saved| (saved >= Self::PRICE).then_some(saved - Self::PRICE))
    }

    fn change(&self, step: impl FnMut(i32) -> Option<i32>) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).is_ok()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicI32::new(Self::FULL))
    }
}

#[cfg(test)]
mod tests {
    use super::{SendErrorKind::*, *};

    #[test]
    fn only_what_is_harmless_is_repeated() {
        let error = |kind, status: Option<u16>| {
            let error = SendError::new(kind);
            status.map_or(SendError::new(kind), |status| error.with_status(status))
        };
        let check = |method: Method, kind, status, repeats: bool| {
            let wait = wait_before_repeat(&method, &error(kind, status), 0);
            assert_eq!(wait.is_some(), repeats, "{method} {kind:?} {status:?}");
        };
        for method in [Method::PUT, Method::DELETE, Method::GET] {
            check(method.clone(), Conflict, Some(412), true);
            check(method.clone(), Throttled, Some(429), true);
            check(method.clone(), Ambiguous, Some(502), true);
            check(method.clone(), Ambiguous, Some(500), false);
            check(method.clone(), Ambiguous, None, true);
            check(method.clone(), NotSent, None, true);
            check(method.clone(), Refused, Some(400), false);
            check(method, Auth, Some(401), false);
        }
        for (kind, status) in [(Conflict, Some(412)), (Throttled, Some(429)), (Ambiguous, None)] {
            check(Method::POST, kind, status, false);
        }
        let throttled = error(Throttled, Some(429));
        let wait = |error: SendError, n| wait_before_repeat(&Method::PUT, &error, n);
        assert_eq!(wait(throttled.after(Duration::from_secs(7)), 2), Some(Duration::from_secs(7)));
        assert_eq!(wait(error(Throttled, Some(429)).after(Duration::from_secs(11)), 0), None);
        assert_eq!(wait(error(Conflict, Some(412)), MAX_RETRIES), None);
    }

    #[test]
    fn waits_grow_and_differ() {
        let waits: Vec<_> = (0..50).map(|_| jittered(Duration::from_secs(1))).collect();
        assert!(waits.iter().all(|w| (500..=1_000).contains(&w.as_millis())), "{waits:?}");
        assert!(waits.iter().any(|w| w != &waits[0]), "no jitter");
    }

    #[test]
    fn repeats_are_a_tenth_of_the_calls() {
        let budget = Budget::default();
        let mut repeats = 0;
        for _ in 0..1_000 {
            budget.deposit();
            repeats += i32::from(budget.withdraw());
        }
        assert!((100..=110).contains(&repeats), "{repeats}");
    }
}
