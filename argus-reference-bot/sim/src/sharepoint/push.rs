//! Subscriptions: the handshake, renewing, and telling.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::SharePoint;
use crate::answer::{Answer, Ask};
use crate::graph::error;

/// The longest life of a subscription to a drive ("subscription resource type").
const LONGEST: SignedDuration = SignedDuration::from_mins(42_300);
/// How long Graph waits for the answer to its handshake.
const PATIENCE: Duration = Duration::from_secs(10);
const TOKEN: &str =
    "Validation: Testing client application reachability for subscription <sim> & more";

/// Somebody who wants to be told of changes.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    id: String,
    pub(super) url: String,
    client_state: String,
    resource: String,
    until: Timestamp,
}

impl SharePoint {
    pub(super) fn subscriptions(&mut self, ask: &Ask, now: Timestamp) -> Answer {
        self.subscriptions.retain(|it| it.until > now);
        let body = ask.json().unwrap_or_default();
        let text =
            |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let invalid = |message: &str| error(400, "ValidationError", message);
        if ask.method == "GET" {
            let all: Vec<Value> = self.subscriptions.iter().map(shown).collect();
            return Answer::json(200, json!({ "value": all }));
        }
        let Ok(until) = text("expirationDateTime").parse::<Timestamp>() else {
            return invalid("expirationDateTime is missing.");
        };
        if until.duration_since(now) > LONGEST || until <= now {
            return invalid("Subscription expiration can only be 42300 minutes in the future.");
        }
        if ask.method == "PATCH" {
            let id = ask.path.last().cloned().unwrap_or_default();
            let Some(found) = self.subscriptions.iter_mut().find(|it| it.id == id) else {
                return error(404, "ResourceNotFound", "The object was not found.");
            };
            found.until = until;
            return Answer::json(200, shown(found)).effect("renew", id);
        }
        let resource = text("resource");
        if !resource.ends_with("/root") || text("changeType") != "updated" {
            return invalid("Only the root of a drive, and only updated, can be subscribed to.");
        }
        let id = format!("sub-{}", self.subscriptions.len() + 1);
        let made = Subscription {
            id: id.clone(),
            url: text("notificationUrl"),
            client_state: text("clientState"),
            resource,
            until,
        };
        self.subscriptions.push(made.clone());
        Answer::json(201, shown(&made)).effect("subscribe", id)
    }

    /// What to send to whom.
    pub(crate) fn notices(&self, lifecycle: Option<&str>) -> Vec<(String, Value)> {
        let notice = |it: &Subscription| {
            let mut notice = json!({
                "subscriptionId": it.id,
                "clientState": it.client_state,
                "resource": it.resource,
                "changeType": "updated",
            });
            if let (Some(event), Some(fields)) = (lifecycle, notice.as_object_mut()) {
                fields.insert("lifecycleEvent".to_owned(), json!(event));
            }
            (it.url.clone(), json!({ "value": [notice] }))
        };
        self.subscriptions.iter().map(notice).collect()
    }

    /// A subscription ends although nobody asked for it.
    pub fn lose_subscriptions(&mut self) {
        self.subscriptions.clear();
    }
}

/// A subscription without its secret, as Graph shows it.
fn shown(subscription: &Subscription) -> Value {
    json!({
        "id": subscription.id,
        "resource": subscription.resource,
        "notificationUrl": subscription.url,
        "clientState": null,
        "expirationDateTime": subscription.until.to_string(),
    })
}

/// Asks the addresses of a new subscription to echo a token; the refusal if one does not.
pub(crate) async fn handshake(ask: &Ask) -> Option<Answer> {
    let body = ask.json()?;
    for name in ["notificationUrl", "lifecycleNotificationUrl"] {
        let Some(url) = body.get(name).and_then(Value::as_str) else { continue };
        if echoes(url).await != Some(true) {
            let message =
                "Subscription validation request failed. The address must echo the token.";
            return Some(error(400, "ValidationError", message));
        }
    }
    None
}

/// Whether an address answers the handshake as Graph wants it; nothing if it does not answer.
async fn echoes(url: &str) -> Option<bool> {
    let mut url = reqwest::Url::parse(url).ok()?;
    url.query_pairs_mut().append_pair("validationToken", TOKEN);
    let answer = client().ok()?.post(url).timeout(PATIENCE).send().await.ok()?;
    let kind = answer.headers().get("content-type")?.as_bytes().starts_with(b"text/plain");
    let good = kind && answer.status().as_u16() == 200;
    Some(good && answer.bytes().await.ok()? == TOKEN.as_bytes())
}

/// Sends notices; says how many were taken.
pub(crate) async fn tell(notices: Vec<(String, Value)>) -> usize {
    let mut taken = 0;
    for (url, notice) in notices {
        let Ok(client) = client() else { continue };
        let sent = client.post(url).json(&notice).timeout(PATIENCE).send().await;
        taken += usize::from(sent.is_ok_and(|answer| answer.status().is_success()));
    }
    taken
}

fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()
}
