//! What all adapters over HTTP share: one client with limits, and tokens that are renewed once.

mod budget;
mod guard;
mod proof;
mod scrub;

use std::time::Duration;

use argus_bot_sdk::Error;
use argus_soc::effect::Outcome;
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{ClientBuilder, Method, Response, StatusCode, redirect};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use self::budget::Wait;
pub(super) use self::budget::{Budget, Pace};
use self::guard::PublicOnly;
pub(super) use self::guard::{is_private, is_private_host};
pub use self::proof::Credential;
use self::proof::Proof;
use self::scrub::scrub;
use crate::ports::connector::By;
use crate::ports::knowledge::Silent;

/// Largest answer that is read, in bytes.
const LARGEST: usize = 1 << 20;
/// When to try again what could not be sent.
const AGAIN: Duration = Duration::from_secs(2);

/// A system's address, a client with limits, and how to prove who we are.
pub(super) struct Far {
    client: reqwest::Client,
    base: Url,
    credential: Credential,
    budget: Option<Budget>,
}

/// What came back.
pub(super) struct Back {
    pub(super) status: StatusCode,
    pub(super) json: Option<Value>,
    pub(super) retry_after: Option<Duration>,
    pub(super) is_json: bool,
    pub(super) headers: HeaderMap,
}

/// Why nothing came back.
pub(super) enum Lost {
    /// It certainly did not arrive.
    NotSent(String),
    /// It was not sent, and shall not be for so long.
    Later(String, Duration),
    /// It may have arrived.
    Unsettled(String),
}

impl std::fmt::Debug for Far {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Far").field("base", &shown(&self.base)).finish_non_exhaustive()
    }
}

impl Far {
    /// # Errors
    ///
    /// Why the address or the client cannot be used.
    pub(super) fn new(base: &str, credential: Credential) -> Result<Self, String> {
        Self::through(base, credential, |client| client)
    }

    /// As [`new`](Self::new), and only to addresses of the public internet: nobody who can change a
    /// name's address leads us into a private network.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new), and if the address itself is a private one.
    pub(super) fn public(base: &str, credential: Credential) -> Result<Self, String> {
        let far = Self::through(base, credential, |client| client.dns_resolver(PublicOnly))?;
        if is_private_host(&far.base) {
            return Err(format!(
                "{}: it is in a private network; set allow_private if it may be",
                shown(&far.base)
            ));
        }
        Ok(far)
    }

    fn through(
        base: &str,
        credential: Credential,
        guarded: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, String> {
        // What cannot be read is not repeated either: a password may stand in it.
        let base = Url::parse(base).map_err(|error| format!("this is no address: {error}"))?;
        if !base.username().is_empty() || base.password().is_some() {
            return Err(format!(
                "{}: no user and password in an address; give them as settings of their own",
                shown(&base)
            ));
        }
        let loopback = matches!(base.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if base.scheme() != "https" && !(base.scheme() == "http" && loopback) {
            return Err(format!("{}: only https, or http on this computer", shown(&base)));
        }
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(15))
            .user_agent(concat!("argus/", env!("CARGO_PKG_VERSION")));
        let client = guarded(client).build().map_err(|error| error.to_string())?;
        Ok(Self { client, base, credential, budget: None })
    }

    /// The same, called no more often than this, and not at all while it does not answer.
    pub(super) fn paced(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// The address that all others start with.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// The address with these path segments, each encoded.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Sends a request; after a 401 the token is renewed, or the secret read again, and it is sent once
    /// more if that brought another one. A request is never repeated after it may have
    /// arrived.
    pub(super) async fn call(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Back, Lost> {
        self.send(Call { method, url, body, accept: None, most: LARGEST, headers: &[] }).await
    }

    /// As [`call`](Self::call), with headers of its own.
    pub(super) async fn call_with(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Result<Back, Lost> {
        self.send(Call { method, url, body, accept: None, most: LARGEST, headers }).await
    }

    /// Reads something in this media type, of at most so many bytes.
    pub(super) async fn get(&self, url: Url, accept: &str, most: usize) -> Result<Back, Lost> {
        let accept = Some(accept);
        self.send(Call { method: Method::GET, url, body: None, accept, most, headers: &[] }).await
    }

    async fn send(&self, call: Call<'_>) -> Result<Back, Lost> {
        let Some(budget) = &self.budget else { return self.exchange(call).await };
        budget.take(&call.method, By::now(), Instant::now())?;
        let back = self.exchange(call).await;
        match &back {
            Ok(back) => budget.note(!back.status.is_server_error(), Instant::now()),
            // Without a token nobody was asked.
            Err(Lost::Later(..)) => {}
            Err(Lost::NotSent(_) | Lost::Unsettled(_)) => budget.note(false, Instant::now()),
        }
        back
    }

    async fn exchange(&self, call: Call<'_>) -> Result<Back, Lost> {
        let proof = self.proof().await?;
        let back = self.once(&call, &proof).await?;
        if back.status != StatusCode::UNAUTHORIZED {
            return Ok(back);
        }
        match self.instead_of(&proof).await? {
            Some(other) => self.once(&call, &other).await,
            None => Ok(back),
        }
    }

    async fn proof(&self) -> Result<Proof, Lost> {
        Ok(match &self.credential {
            Credential::Token(source) => Proof::Token(source.token().await.map_err(no_token)?),
            Credential::Basic(_, held) | Credential::Bearer(held) | Credential::Header(_, held) => {
                Proof::Secret(held.current().await)
            }
            Credential::None => Proof::None,
        })
    }

    async fn instead_of(&self, refused: &Proof) -> Result<Option<Proof>, Lost> {
        Ok(match (&self.credential, refused) {
            (Credential::Token(source), Proof::Token(stale)) => {
                Some(Proof::Token(source.refresh(stale).await.map_err(no_token)?))
            }
            (
                Credential::Basic(_, held) | Credential::Bearer(held) | Credential::Header(_, held),
                Proof::Secret(refused),
            ) => held.instead_of(refused).await.map(Proof::Secret),
            _ => None,
        })
    }

    async fn once(&self, call: &Call<'_>, proof: &Proof) -> Result<Back, Lost> {
        let mut request = self.client.request(call.method.clone(), call.url.clone());
        if let Some(body) = call.body {
            request = request.json(body);
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        if let Some(accept) = call.accept {
            request = request.header("accept", accept);
        }
        request = match (&self.credential, proof) {
            (Credential::Basic(user, _), Proof::Secret(it)) => {
                request.basic_auth(user, Some(it.expose()))
            }
            (Credential::Header(name, _), Proof::Secret(it)) => {
                let mut value = HeaderValue::from_str(it.expose()).map_err(|_| unfit())?;
                value.set_sensitive(true);
                request.header(name, value)
            }
            (_, Proof::Secret(it)) => request.bearer_auth(it.expose()),
            (_, Proof::Token(it)) => request.bearer_auth(it.expose()),
            (_, Proof::None) => request,
        };
        match request.send().await {
            Ok(response) => read(response, call.most, &proof.traces(&self.credential)).await,
            Err(error) if error.is_connect() || error.is_builder() => {
                Err(Lost::NotSent("cannot connect".into()))
            }
            Err(error) if error.is_timeout() => Err(Lost::Unsettled("no answer in time".into())),
            Err(_) => Err(Lost::Unsettled("the connection broke".into())),
        }
    }
}

/// A request that can be sent once more with another proof.
struct Call<'a> {
    method: Method,
    url: Url,
    body: Option<&'a Value>,
    accept: Option<&'a str>,
    most: usize,
    headers: &'a [(HeaderName, HeaderValue)],
}

/// Reads an answer; what we proved ourselves with stands nowhere in it, even if the far side says it back.
async fn read(mut response: Response, most: usize, traces: &[String]) -> Result<Back, Lost> {
    let broke = |_| Lost::Unsettled("the answer broke off".into());
    let status = response.status();
    let header = |name: &str| response.headers().get(name).and_then(|it| it.to_str().ok());
    let is_json = header("content-type").is_some_and(|kind| kind.contains("json"));
    let retry_after = header("retry-after").and_then(|it| it.parse().ok()).map(Duration::from_secs);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broke)? {
        if body.len() + chunk.len() > most {
            return Err(Lost::Unsettled("the answer is too large".into()));
        }
        body.extend_from_slice(&chunk);
    }
    // What is larger is a feed or an inventory, of which nothing is shown as it is.
    let body = if body.len() > LARGEST { body } else { scrub(body, traces) };
    let json = if is_json { serde_json::from_slice(&body).ok() } else { None };
    let headers = std::mem::take(response.headers_mut());
    Ok(Back { status, json, retry_after, is_json, headers })
}

/// A secret that cannot stand in a header.
fn unfit() -> Lost {
    Lost::NotSent("the secret has signs that no header can have".into())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn no_token(error: Error) -> Lost {
    Lost::Later(crate::chain::chain(&error), AGAIN)
}

impl Back {
    /// A text in the answer, by JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.json.as_ref()?.pointer(pointer)?.as_str()
    }

    /// What a refusal means for an effect: 429 and 503 with `Retry-After` did nothing, other 5xx and
    /// 408 may have, the rest is final.
    pub(super) fn refusal(&self, system: &str) -> Outcome {
        let status = self.status.as_u16();
        let code = self.text("/error/code").or_else(|| self.text("/error/message")).map(words);
        let what =
            code.map_or_else(|| format!("{system}: HTTP {status}"), |it| format!("{system}: {it}"));
        match status {
            429 => {
                let wait = self.retry_after.unwrap_or(Duration::from_secs(20));
                Outcome::NotYet { why: format!("{what} (limit)"), retry_after_ms: millis(wait) }
            }
            408 | 425 | 500..=599 => Outcome::Unsettled { why: what },
            _ => Outcome::Failed { why: what },
        }
    }
}

impl Back {
    /// What any other status than those that the caller knows means for a question.
    pub(super) fn silent(&self) -> Silent {
        let status = self.status.as_u16();
        let why = match status {
            300..=399 => format!("HTTP {status}: it points elsewhere, and nobody follows"),
            401 | 403 => format!("HTTP {status}: it does not let us in"),
            429 => "HTTP 429: too many questions".to_owned(),
            _ => format!("HTTP {status}"),
        };
        Silent { why, retry_after: self.retry_after.filter(|_| matches!(status, 429 | 503)) }
    }
}

impl From<Lost> for Silent {
    fn from(lost: Lost) -> Self {
        Self::because(lost.why())
    }
}

impl From<Wait> for Lost {
    fn from(wait: Wait) -> Self {
        match wait {
            Wait::Budget(left) => Self::Later("our own limit of calls".into(), left),
            Wait::Breaker(left) => {
                Self::Later("it did not answer several times; we ask again soon".into(), left)
            }
        }
    }
}

impl From<Lost> for Outcome {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::NotSent(why) => Self::NotYet { why, retry_after_ms: millis(AGAIN) },
            Lost::Later(why, left) => Self::NotYet { why, retry_after_ms: millis(left) },
            Lost::Unsettled(why) => Self::Unsettled { why },
        }
    }
}

/// Whole milliseconds, at least one: "again in no time" would be at once and for ever.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// An address for people and logs: without a query, in which a signature may stand, and without a
/// user.
fn shown(url: &Url) -> String {
    let origin = url.origin();
    if origin.is_tuple() {
        format!("{}{}", origin.ascii_serialization(), url.path())
    } else {
        format!("{}:…", url.scheme())
    }
}

/// A stranger's words for a person: short, and without signs that steer a terminal or a line.
pub(super) fn words(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(200).collect()
}

impl Lost {
    /// Why, in words.
    pub(super) fn why(self) -> String {
        match self {
            Self::NotSent(why) | Self::Later(why, _) | Self::Unsettled(why) => why,
        }
    }
}

#[cfg(test)]
mod tests;
