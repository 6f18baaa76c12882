//! Who gets in.

mod clouds;
mod credentials;
mod entra;
mod environment;
mod hostile;
mod issuer;
mod keys;
mod outbound;
mod request;

use std::sync::Arc;

use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
use argus_bot_sdk::clock::ManualClock;
use serde_json::{Value, json};

use issuer::Issuer;

const APP: &str = "0f0e0d0c-1111-4222-8333-444455556666";
const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const SERVICE: &str = "https://smba.trafficmanager.net/emea/";
const NOW: i64 = 1_800_000_000;

/// A door, the issuer whom it trusts, and the time.
struct Scene {
    door: Authenticator,
    issuer: Issuer,
    clock: Arc<ManualClock>,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|config| config).await
    }

    async fn with(configure: impl FnOnce(InboundConfig) -> InboundConfig) -> Self {
        let issuer = Issuer::start().await;
        let clock = Arc::new(ManualClock::at(NOW));
        let config =
            InboundConfig::new(APP, Cloud::Public).openid_metadata_url(issuer.metadata_url());
        let door = Authenticator::new(configure(config), Arc::<ManualClock>::clone(&clock));
        Self { door: door.unwrap(), issuer, clock }
    }

    /// What happens to a request: `"ok"` or the rule that it broke.
    async fn verdict(&self, authorization: Option<&str>, body: &[u8]) -> (u16, &'static str) {
        match self.door.verify(authorization, body).await {
            Ok(_) => (200, "ok"),
            Err(rejection) => (rejection.status(), rejection.rule()),
        }
    }

    /// The same for a token and a good body.
    async fn token(&self, token: &str) -> (u16, &'static str) {
        self.verdict(Some(&format!("Bearer {token}")), &body(&activity())).await
    }

    /// The same for a good token and this activity.
    async fn activity(&self, activity: &Value) -> (u16, &'static str) {
        let token = format!("Bearer {}", issuer::token("a"));
        self.verdict(Some(&token), &body(activity)).await
    }
}

/// A header that is good for the key of this id.
fn header(kid: &str) -> Value {
    json!({ "alg": "RS256", "typ": "JWT", "kid": kid, "x5t": kid })
}

/// Claims that are good.
fn claims() -> Value {
    json!({
        "iss": "https://api.botframework.com", "aud": APP, "serviceurl": SERVICE,
        "nbf": NOW - 60, "exp": NOW + 3600
    })
}

/// An activity for which good claims are good.
fn activity() -> Value {
    json!({
        "type": "message", "id": "1", "text": "hello", "channelId": "msteams", "serviceUrl": SERVICE,
        "from": { "id": "29:1ana" }, "conversation": { "id": "a:1", "tenantId": TENANT },
        "channelData": { "tenant": { "id": TENANT } }
    })
}

fn body(activity: &Value) -> Vec<u8> {
    activity.to_string().into_bytes()
}

/// `base` with one member set, or taken away.
fn but(base: &Value, name: &str, value: Option<Value>) -> Value {
    let mut changed = base.clone();
    let members = changed.as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
    changed
}
