//! The Connector REST interface over HTTP.

mod seen;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Method, Request, Uri};
use http_body_util::Full;
use tokio::time::Instant;

use super::{
    Call, Connector, ConversationRef, CreatedConversation, Governor, Guarantee, Metered,
    NewConversation, Reply, SendError, SendErrorKind, Sent,
    exchange::{prepare, understand},
    governor::Pass,
    retry::{Budget, MAX_WAIT, wait_before_repeat},
    transport::Transport,
    wire,
};
use crate::activity::{Addressed, Placed};
use crate::metrics::Sink;
use crate::{
    Activity, Error, ErrorKind,
    auth::{SecretToken, ServiceUrlPolicy, TokenSource},
};

const TOTAL: Duration = Duration::from_secs(15);

/// A [`Connector`] that speaks to Teams.
///
/// It shows the bot's token only to service URLs that its [`ServiceUrlPolicy`] allows, follows no
/// redirect, uses no proxy and waits for nothing without an end. A 401 is answered with one fresh
/// token. Updates, deletions and reads are repeated a few times when that is harmless (412, 429,
/// 502, 503, 504, lost connections). A message is repeated when it was certainly not delivered (412,
/// 429, no connection); it is sent twice on a guess only under [`Guarantee::AtLeastOnce`].
///
/// Its [`Governor`] holds calls back that Teams would answer with 429.
pub struct HttpConnector {
    transport: Transport,
    tokens: Option<Arc<dyn TokenSource>>,
    policy: ServiceUrlPolicy,
    total: Duration,
    patience: Duration,
    governor: Option<Governor>,
    budget: Budget,
    metrics: Sink,
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

    /// Sets how long one call may wait before it is repeated, instead of 10 s. With zero, 412 and
    /// 429 go to the caller at once.
    #[must_use]
    pub fn patience(mut self, longest_wait: Duration) -> Self {
        self.patience = longest_wait;
        self
    }

    /// Sends as fast as it is told to, for far sides without limits, such as the Agents Playground,
    /// and for callers with a [`Governor`] of their own.
    #[must_use]
    pub fn ungoverned(mut self) -> Self {
        self.governor = None;
        self
    }

    fn build(
        tokens: Option<Arc<dyn TokenSource>>,
        policy: ServiceUrlPolicy,
    ) -> Result<Self, Error> {
        let transport = Transport::new()?;
        Ok(Self {
            transport,
            tokens,
            policy,
            total: TOTAL,
            patience: MAX_WAIT,
            governor: Some(Governor::new()),
            budget: Budget::default(),
            metrics: None,
        })
    }

    /// The address of a call about conversations, if the service may be called at all.
    fn address(&self, service_url: &str, segments: &[&str]) -> Result<Uri, SendError> {
        self.place(service_url, |address| {
            address.push_str("/v3/conversations");
            for segment in segments {
                wire::push_segment(address, segment);
            }
        })
    }

    /// The address of a path behind a service URL, if the service may be called at all.
    fn place(&self, service_url: &str, path: impl FnOnce(&mut String)) -> Result<Uri, SendError> {
        let proven = self
            .policy
            .check(service_url)
            .map_err(|e| SendError::new(SendErrorKind::Forbidden).with_source(e))?;
        let base = proven.as_str().trim_end_matches('/');
        let mut address = String::with_capacity(base.len() + 160);
        address.push_str(base);
        path(&mut address);
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

    #[expect(clippy::manual_async_fn, reason = "an async fn has room for its arguments twice")]
    fn repeat<'a>(
        &'a self,
        ask: Ask<'a>,
    ) -> impl Future<Output = Result<Reply, SendError>> + Send + 'a {
        async move {
            let started = Instant::now();
            self.budget.deposit();
            let token = self.token().await?;
            match self.once(&ask, token.as_ref(), started).await {
                Ok(reply) => Ok(reply),
                Err(error) => self.again(ask, token, error, started).await,
            }
        }
    }

    /// In a box: most calls succeed at once and need no room for more.
    fn again<'a>(
        &'a self,
        ask: Ask<'a>,
        token: Option<SecretToken>,
        error: SendError,
        started: Instant,
    ) -> BoxFuture<'a, Result<Reply, SendError>> {
        Box::pin(self.try_again(ask, token, error, started))
    }

    async fn try_again(
        &self,
        ask: Ask<'_>,
        mut token: Option<SecretToken>,
        mut error: SendError,
        started: Instant,
    ) -> Result<Reply, SendError> {
        let mut refreshed = false;
        let mut retries = 0;
        // Whether a try before may have had its effect.
        let mut doubt = false;
        let is_post = ask.method == Method::POST;
        loop {
            if let (Some(governor), Some(wait), SendErrorKind::Throttled, Some(_)) =
                (&self.governor, error.retry_after(), error.kind(), error.status())
            {
                governor.hold(ask.how.conversation, wait);
            }
            doubt |= is_post && error.kind() == SendErrorKind::Ambiguous;
            let failed = if doubt { error.in_doubt() } else { error };
            if let (Some(401), Some(tokens), Some(stale), false) =
                (failed.status(), &self.tokens, &token, refreshed)
            {
                token = Some(tokens.refresh(stale).await.map_err(no_token)?);
                refreshed = true;
            } else {
                let repeat = wait_before_repeat(&ask.method, ask.how.guarantee, &failed, retries);
                let Some(wait) = repeat.filter(|wait| *wait <= self.patience) else {
                    return Err(failed);
                };
                if (is_post && self.patience.is_zero())
                    || started.elapsed() + wait > self.total
                    || !self.budget.withdraw()
                {
                    return Err(failed);
                }
                retries += 1;
                tokio::time::sleep(wait).await;
            }
            match self.once(&ask, token.as_ref(), started).await {
                Ok(reply) => return Ok(Reply { maybe_twice: doubt, ..reply }),
                Err(next) => error = next,
            }
        }
    }

    async fn once(
        &self,
        ask: &Ask<'_>,
        token: Option<&SecretToken>,
        started: Instant,
    ) -> Result<Reply, SendError> {
        // In a box, so that whoever keeps no pace has no room for it either.
        let _pass = match &self.governor {
            Some(governor) => {
                let patience = self.total.saturating_sub(started.elapsed());
                Some(pass(governor, &ask.how, patience).await?)
            }
            None => None,
        };
        let request = prepare(&ask.method, ask.address, ask.body.clone(), token)?;
        self.attempt(ask, request).await
    }

    /// Not an async fn: the request is under way before there is a future that had room for it.
    fn attempt(
        &self,
        ask: &Ask<'_>,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Reply, SendError>> + Send + use<> {
        let (method, is_raw) = (ask.method.clone(), ask.how.is_raw);
        self.transport.exchange(ask.address, request, self.total).map(move |answer| {
            let answer = answer.and_then(|answer| understand(answer, is_raw));
            answer.inspect_err(|error| {
                tracing::warn!(
                    %method, kind = ?error.kind(), status = error.status(), code = error.code(),
                    "a call of the Connector failed"
                );
            })
        })
    }

    async fn put_activity(
        &self,
        method: Method,
        to: &ConversationRef,
        segments: &[&str],
        activity: &Activity,
    ) -> Result<Sent, SendError> {
        let address = self.address(&to.service_url, segments)?;
        let is_send = method == Method::POST;
        let metered = if is_send { Metered::Send } else { Metered::Other };
        let how = How::new(metered, to.root_id(), to.tenant_key());
        let body = wire::json(&Placed { activity, conversation: &to.conversation_id })?;
        let answer = self.call(method, &address, Some(body), how).await?;
        Ok(Sent::of(&answer))
    }
}

/// Waits for a place in Teams' limits.
fn pass<'a>(
    governor: &'a Governor,
    how: &How<'a>,
    patience: Duration,
) -> BoxFuture<'a, Result<Pass<'a>, SendError>> {
    let pass = governor.pass(how.metered, how.conversation, how.tenant, patience);
    // Not even tried; the caller hears what Teams would have said.
    let throttled = |wait| SendError::new(SendErrorKind::Throttled).after(wait);
    Box::pin(pass.map(move |pass| pass.map_err(throttled)))
}

/// A call.
struct Ask<'a> {
    method: Method,
    address: &'a Uri,
    body: Option<Bytes>,
    how: How<'a>,
}

/// What a call counts against, and whether it may be repeated.
struct How<'a> {
    guarantee: Guarantee,
    metered: Metered,
    conversation: &'a str,
    tenant: &'a str,
    is_raw: bool,
}

impl<'a> How<'a> {
    fn new(metered: Metered, conversation: &'a str, tenant: &'a str) -> Self {
        Self { guarantee: Guarantee::default(), metered, conversation, tenant, is_raw: false }
    }
}

/// A conversation without a thread: a channel as a whole.
pub(super) fn root_of(conversation: &str) -> &str {
    conversation.split_once(";messageid=").map_or(conversation, |it| it.0)
}

/// The tenant of a call: the one in the service URL, where Teams writes it, or the one that is
/// known otherwise.
pub(super) fn tenant_of<'a>(service_url: &'a str, known: Option<&'a str>) -> &'a str {
    let is_id = |part: &&str| part.len() == 36 && part.matches('-').count() == 4;
    service_url.split('/').find(is_id).or(known).unwrap_or_default()
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
        let conversation = conversation.unwrap_or_default();
        let segments = [conversation, "activities", asked.id.as_deref().unwrap_or_default()];
        let segments = if asked.id.is_some() { &segments[..] } else { &segments[..2] };
        let service_url = asked.service_url.as_deref().unwrap_or_default();
        let address = self.address(service_url, segments)?;
        let tenant = asked.tenant_id();
        let tenant = tenant_of(service_url, tenant);
        let how = How::new(Metered::Send, root_of(conversation), tenant);
        let body = wire::json(&Addressed { asked, answer })?;
        Ok(Sent::of(&self.call(Method::POST, &address, Some(body), how).await?))
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
        let address = self.address(&to.service_url, &segments)?;
        let tenant = to.tenant_key();
        let how = How::new(Metered::Other, to.root_id(), tenant);
        let answer = self.call(Method::DELETE, &address, None, how).await?;
        Ok(Sent { activity_id: None, ..Sent::of(&answer) })
    }

    async fn create_conversation(
        &self,
        service_url: &str,
        new: &NewConversation,
    ) -> Result<CreatedConversation, SendError> {
        new.check()?;
        let address = self.address(service_url, &[])?;
        let tenant = tenant_of(service_url, new.tenant_id.as_deref());
        let mut how = How::new(Metered::Send, "", tenant);
        if new.activity.is_none() {
            // A chat is the same however often it is created, and nothing is said in it.
            how.guarantee = Guarantee::AtLeastOnce;
        }
        // What was created, but nobody can say under which id, is as good as a lost answer.
        self.call(Method::POST, &address, Some(wire::json(new)?), how).await?.json()
    }

    async fn perform(&self, call: Call) -> Result<Reply, SendError> {
        let address = self.place(&call.service_url, |address| address.push_str(&call.path))?;
        let tenant = tenant_of(&call.service_url, call.tenant.as_deref());
        let how = How::new(call.metered, &call.conversation, tenant);
        let how = How { guarantee: call.guarantee, is_raw: call.is_raw, ..how };
        self.call(call.method, &address, call.body, how).await
    }

    fn governor(&self) -> Option<&Governor> {
        self.governor.as_ref()
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

fn no_token(error: Error) -> SendError {
    let kind = match error.kind() {
        ErrorKind::Credentials | ErrorKind::Config => SendErrorKind::Auth,
        _ => SendErrorKind::NotSent,
    };
    SendError::new(kind).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Allocators are several times slower above a kilobyte, and each answer of a bot is one.
    #[test]
    fn an_answer_is_a_small_future() -> Result<(), Error> {
        let connector = HttpConnector::without_tokens(ServiceUrlPolicy::loopback())?;
        let (asked, answer) = (Activity::message("hello"), Activity::message("hello"));
        let size = size_of_val(&*connector.answer(&asked, &answer));
        assert!(size <= 1_024, "{size} bytes");
        Ok(())
    }
}
