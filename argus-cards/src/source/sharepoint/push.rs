//! A subscription to changes: made, kept alive, and listened to.
//!
//! Source: Microsoft Graph v1.0 reference, "Create subscription" (a drive's root only, `updated` only,
//! at most 42,300 minutes), "Receive change notifications through webhooks" (the token is echoed as
//! plain text), "Reduce missing subscriptions and change notifications" (lifecycle).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::SharePoint;
use super::call::{Graph, body, text};
use super::port::Method;
use crate::error::{Error, ErrorKind};

/// The longest life that Graph gives a subscription to a drive is 42,300 minutes. Some less, so that a
/// clock that is a little fast does not make every request a wrong one.
const LIFE: SignedDuration = SignedDuration::from_mins(42_000);
/// A subscription is renewed when less than this is left of it: time enough for an outage of days.
const MARGIN: SignedDuration = SignedDuration::from_hours(24 * 10);
/// After a failure, and at the latest, a look is taken again after this.
const LOOK: Duration = Duration::from_hours(1);
/// Graph's limit for `clientState`.
const MAX_CLIENT_STATE: usize = 128;
/// Graph's tokens are far shorter; whoever sends more is not Graph.
const MAX_VALIDATION_TOKEN: usize = 1_024;

/// Where notifications come in, and the secret that they must carry.
///
/// ```
/// use argus_cards::source::sharepoint::Subscriber;
///
/// let door = "https://bot.contoso.example/callbacks/sharepoint";
/// assert!(Subscriber::new(door, "a secret of this bot").is_ok());
/// assert!(Subscriber::new("http://bot.contoso.example/", "a secret of this bot").is_err());
/// ```
#[derive(Clone)]
pub struct Subscriber {
    url: String,
    client_state: String,
}

impl Subscriber {
    /// Notifications come to `url` with the secret `client_state`. The same secret after a restart
    /// lets a subscription be taken over.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SourceUnavailable`] if the address is not `https` (or on this computer), or the
    /// secret is not one of 16 to 128 characters.
    pub fn new(url: impl Into<String>, client_state: impl Into<String>) -> Result<Self, Error> {
        let (url, client_state) = (url.into(), client_state.into());
        let wrong = |why: &str| {
            Error::new(ErrorKind::SourceUnavailable, format!("notifications to {url}: {why}"))
        };
        let here = ["http://127.0.0.1:", "http://localhost:"];
        if !url.starts_with("https://") && !here.iter().any(|it| url.starts_with(it)) {
            return Err(wrong("Graph sends them to https only"));
        }
        if !(16..=MAX_CLIENT_STATE).contains(&client_state.len()) {
            return Err(wrong("the secret must have 16 to 128 characters"));
        }
        Ok(Self { url, client_state })
    }
}

/// Keeps a subscription alive and hears what it brings.
///
/// Call [`Push::keep`] from time to time, and [`Push::receive`] with every request to the address of
/// the [`Subscriber`]. A change rings the watches of the [`SharePoint`].
pub struct Push {
    source: SharePoint,
    subscriber: Subscriber,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    subscription: Option<(String, Timestamp)>,
    /// Graph wants it renewed now.
    renew: bool,
}

/// What came of a request to the address for notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Graph checks the address: answer 200 and this, as `text/plain`.
    Validate(String),
    /// Heard: answer 202. So many of the notifications were ours; those with another secret are not
    /// believed.
    Heard {
        /// Those that are believed.
        ours: usize,
        /// Those that are not.
        foreign: usize,
    },
    /// No request of Graph: answer 400.
    Nonsense,
}

impl Push {
    /// Changes of `source` are told to `subscriber`.
    pub fn new(source: SharePoint, subscriber: Subscriber) -> Self {
        Self { source, subscriber, state: Mutex::default() }
    }

    /// Makes the subscription, or renews it in time. Says how long until it should be called again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SourceUnavailable`] if Graph does not let it; the source still answers when asked.
    pub async fn keep(&self, now_unix_ms: i64) -> Result<Duration, Error> {
        let now = Timestamp::from_millisecond(now_unix_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let (subscription, renew) = {
            let state = self.lock();
            (state.subscription.clone(), state.renew)
        };
        let subscription = match subscription {
            Some((id, until)) if !renew && until.duration_since(now) > MARGIN => Some((id, until)),
            Some((id, _)) => self.renew(&id, now).await?,
            None => self.adopt(now).await?,
        };
        let subscription = match subscription {
            Some(subscription) => subscription,
            None => self.subscribe(now).await?,
        };
        let mut state = self.lock();
        state.subscription = Some(subscription);
        state.renew = false;
        Ok(LOOK)
    }

    /// Takes in a request to the address: the `validationToken` of its query, if there is one, and
    /// its body.
    pub fn receive(&self, validation_token: Option<&str>, body: &[u8]) -> Notice {
        if let Some(token) = validation_token {
            // It is sent back as it is, so nothing may come back that a browser would take for more.
            let plain = token.len() <= MAX_VALIDATION_TOKEN && !token.chars().any(char::is_control);
            return if plain { Notice::Validate(token.to_owned()) } else { Notice::Nonsense };
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(notices) = body.get("value").and_then(Value::as_array) else {
            return Notice::Nonsense;
        };
        let is_ours = |notice: &&Value| {
            let said = notice.get("clientState").and_then(Value::as_str).unwrap_or_default();
            same(said.as_bytes(), self.subscriber.client_state.as_bytes())
        };
        let ours: Vec<&Value> = notices.iter().filter(is_ours).collect();
        for notice in &ours {
            self.hear(notice.get("lifecycleEvent").and_then(Value::as_str));
        }
        // Once is enough, however many changes there are: the source looks for all of them.
        if !ours.is_empty() {
            self.source.bells.ring();
        }
        Notice::Heard { ours: ours.len(), foreign: notices.len() - ours.len() }
    }

    fn hear(&self, lifecycle: Option<&str>) {
        let mut state = self.lock();
        match lifecycle {
            Some("reauthorizationRequired") => state.renew = true,
            Some("subscriptionRemoved") => state.subscription = None,
            // A change; or `missed`, and then only looking helps.
            _ => {}
        }
    }

    fn graph(&self) -> &Graph {
        &self.source.graph
    }

    /// A subscription of an earlier run, if there still is one.
    async fn adopt(&self, now: Timestamp) -> Result<Option<(String, Timestamp)>, Error> {
        let resource = self.resource().await?;
        let there = self.graph().json(&self.graph().url(&["v1.0", "subscriptions"])).await?;
        let there = there.get("value").and_then(Value::as_array).cloned().unwrap_or_default();
        let is = |subscription: &Value, name: &str, wanted: &str| {
            let said = subscription.get(name).and_then(Value::as_str).unwrap_or_default();
            said.trim_start_matches('/') == wanted.trim_start_matches('/')
        };
        let mut ours = there.iter().filter(|it| {
            is(it, "resource", &resource) && is(it, "notificationUrl", &self.subscriber.url)
        });
        match ours.next() {
            Some(found) => self.renew(&text(found, "id")?, now).await,
            None => Ok(None),
        }
    }

    async fn subscribe(&self, now: Timestamp) -> Result<(String, Timestamp), Error> {
        let url = self.graph().url(&["v1.0", "subscriptions"]);
        let order = json!({
            "changeType": "updated",
            "resource": self.resource().await?,
            "notificationUrl": self.subscriber.url,
            "lifecycleNotificationUrl": self.subscriber.url,
            "clientState": self.subscriber.client_state,
            "expirationDateTime": until(now).to_string(),
        });
        let response = self.graph().write(Method::Post, &url, &order).await?;
        made(&body(&url, &Graph::accepted(&url, response)?)?)
    }

    /// Renews a subscription; nothing if there is none any more.
    async fn renew(&self, id: &str, now: Timestamp) -> Result<Option<(String, Timestamp)>, Error> {
        let url = self.graph().url(&["v1.0", "subscriptions", id]);
        let order = json!({ "expirationDateTime": until(now).to_string() });
        let response = self.graph().write(Method::Patch, &url, &order).await?;
        if response.status == 404 {
            return Ok(None);
        }
        made(&body(&url, &Graph::accepted(&url, response)?)?).map(Some)
    }

    async fn resource(&self) -> Result<String, Error> {
        let drive = self.graph().drive(&self.source.place).await?;
        Ok(format!("/drives/{drive}/root"))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a subscription made now ends.
fn until(now: Timestamp) -> Timestamp {
    now.checked_add(LIFE).unwrap_or(Timestamp::MAX)
}

fn made(subscription: &Value) -> Result<(String, Timestamp), Error> {
    let until = text(subscription, "expirationDateTime")?;
    let until = until.parse().map_err(|error: jiff::Error| {
        Error::unavailable("Graph: a subscription ends at no time").because(error)
    })?;
    Ok((text(subscription, "id")?, until))
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differing == 0
}

impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Push").field("source", &self.source).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscriber").field("url", &self.url).finish_non_exhaustive()
    }
}
