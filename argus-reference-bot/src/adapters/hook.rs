//! Any service that takes JSON over HTTP: one address that the settings name, signed.
//!
//! The key travels as `Idempotency-Key`. Where the settings name an address to look at, an order whose
//! answer was lost is looked for there; otherwise nobody can tell, and a person is asked.

use argus_bot_sdk::auth::Secret;
use argus_soc::effect::{Outcome, Probe};
use argus_soc::playbook::ActionKind;
use argus_soc::policy::Permit;
use async_trait::async_trait;
use aws_lc_rs::hmac;
use http::{HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::web::{Back, Budget, Credential, Far, Lost};
use crate::ports::connector::{Connector, Order, Preview};
use crate::secrets::Held;

const IDEMPOTENCY: HeaderName = HeaderName::from_static("idempotency-key");
const SIGNATURE: HeaderName = HeaderName::from_static("x-argus-signature-256");

/// A service.
#[derive(Debug)]
pub struct Hook {
    name: String,
    far: Far,
    /// What orders are signed with.
    secret: Option<Held>,
    /// Whether `GET {url}/{key}` tells whether an order is there.
    can_look: bool,
}

/// How a service is called.
#[derive(Debug, Default)]
pub struct HookOptions {
    /// What requests are signed with: `X-Argus-Signature-256: sha256=HEX` over the body.
    pub secret: Option<Held>,
    /// A bearer token.
    pub token: Option<Held>,
    /// Whether it may be in a private network.
    pub allow_private: bool,
    /// Whether `GET {url}/{key}` answers 200 for an order that is there, and 404 for one that is not.
    pub can_look: bool,
}

impl Hook {
    /// The service at `url`.
    ///
    /// # Errors
    ///
    /// Why the address cannot be used: it is not https, or in a private network without leave.
    pub fn new(name: &str, url: &str, options: HookOptions) -> Result<Self, String> {
        let credential = options.token.map_or(Credential::None, Credential::Bearer);
        let far = if options.allow_private {
            Far::new(url, credential)?
        } else {
            Far::public(url, credential)?
        };
        let (far, secret) = (far.paced(Budget::usual()), options.secret);
        Ok(Self { name: name.into(), far, secret, can_look: options.can_look })
    }
}

/// What is sent: values of the event are values of the JSON, whatever is in them.
fn body(order: &Order) -> Value {
    json!({
        "action": order.action,
        "key": order.key,
        "incident": {
            "key": order.about.incident,
            "title": order.about.title,
            "severity": order.about.severity,
        },
        "target": {"kind": order.target.kind, "value": order.target.value},
        "parameters": order.parameters,
    })
}

impl Hook {
    /// Sends an order; a signature that is not taken is made anew once, if there is another secret.
    async fn order(&self, order: &Order) -> Result<Back, Lost> {
        let Some(held) = &self.secret else { return self.post(order, None).await };
        let secret = held.current().await;
        let back = self.post(order, Some(&secret)).await?;
        if back.status != StatusCode::UNAUTHORIZED {
            return Ok(back);
        }
        match held.instead_of(&secret).await {
            Some(other) => self.post(order, Some(&other)).await,
            None => Ok(back),
        }
    }

    async fn post(&self, order: &Order, secret: Option<&Secret>) -> Result<Back, Lost> {
        let body = body(order);
        let mut headers = Vec::new();
        if let Ok(key) = HeaderValue::from_str(&order.key) {
            headers.push((IDEMPOTENCY, key));
        }
        if let Some(secret) = secret {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
            // reqwest writes the same bytes: both are serde_json's.
            let bytes = serde_json::to_vec(&body).unwrap_or_default();
            let tag = hmac::sign(&key, &bytes);
            let text = format!("sha256={}", crate::hex::hex(tag.as_ref()));
            if let Ok(text) = HeaderValue::from_str(&text) {
                headers.push((SIGNATURE, text));
            }
        }
        let url = self.far.base().clone();
        self.far.call_with(Method::POST, url, Some(&body), &headers).await
    }
}

#[async_trait]
impl Connector for Hook {
    fn name(&self) -> &str {
        &self.name
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[ActionKind::HttpRequest]
    }

    fn preview(&self, order: &Order) -> Result<Preview, String> {
        let url = self.far.base().clone().into();
        Ok(Preview { method: "POST".into(), url, body: Some(body(order)) })
    }

    async fn send(&self, _permit: Permit, order: &Order) -> Outcome {
        match self.order(order).await {
            Ok(back) if back.status.is_success() => {
                let remote = back.text("/id").unwrap_or(&order.key).to_owned();
                Outcome::Accepted { remote, detail: None }
            }
            Ok(back) if back.status.is_redirection() => Outcome::Failed {
                why: format!("{} points elsewhere, and nobody follows", self.name),
            },
            Ok(back) => back.refusal(&self.name),
            Err(lost) => lost.into(),
        }
    }

    async fn probe(&self, order: &Order) -> Probe {
        if !self.can_look {
            let why = format!("{} does not say what it has been asked", self.name);
            return Probe::Unknown { why };
        }
        let url = self.far.url(&[&order.key]);
        match self.far.call(Method::GET, url, None).await {
            Ok(back) if back.status == StatusCode::OK => {
                Probe::Found { remote: order.key.clone(), detail: None }
            }
            Ok(back) if back.status == StatusCode::NOT_FOUND => Probe::NotFound,
            Ok(back) => Probe::Unknown { why: format!("HTTP {}", back.status.as_u16()) },
            Err(lost) => Probe::Unknown { why: lost.why() },
        }
    }

    async fn ping(&self) -> Result<(), String> {
        // Any answer says that it is there; a request of its own might do something.
        match self.far.call(Method::HEAD, self.far.base().clone(), None).await {
            Ok(_) => Ok(()),
            Err(lost) => Err(lost.why()),
        }
    }
}
