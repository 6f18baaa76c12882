//! A block list of a firewall or WAF behind a small HTTP shape of ours, which docs/playbooks.md has.
//!
//! `PUT {url}/blocklist/{address}` with `{"key", "comment"}` blocks, `DELETE` unblocks, `GET` gives
//! 200 with what was put, or 404. Setting a state twice is setting it once, so every effect is natural.

use std::net::IpAddr;

use argus_soc::effect::{Outcome, Probe};
use argus_soc::playbook::ActionKind;
use argus_soc::policy::Permit;
use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::web::{Budget, Credential, Far, Lost};
use crate::ports::connector::{Connector, Order, Preview};
use crate::secrets::Held;

/// A block list.
#[derive(Debug)]
pub struct Firewall {
    name: String,
    far: Far,
}

/// What stands for an address.
enum Entry {
    /// Nothing.
    Free,
    /// A block that was put with this key.
    Blocked(String),
}

impl Firewall {
    /// A block list at `url`, with a bearer token if it wants one.
    ///
    /// # Errors
    ///
    /// Why the address cannot be used.
    pub fn new(name: &str, url: &str, token: Option<Held>) -> Result<Self, String> {
        let credential = token.map_or(Credential::None, Credential::Bearer);
        Ok(Self { name: name.into(), far: Far::new(url, credential)?.paced(Budget::usual()) })
    }

    fn entry(&self, address: IpAddr) -> url::Url {
        self.far.url(&["blocklist", &address.to_string()])
    }

    async fn look(&self, address: IpAddr) -> Result<Entry, String> {
        let back =
            self.far.call(Method::GET, self.entry(address), None).await.map_err(Lost::why)?;
        match back.status {
            StatusCode::NOT_FOUND => Ok(Entry::Free),
            StatusCode::OK => Ok(Entry::Blocked(back.text("/key").unwrap_or_default().into())),
            status => Err(format!("HTTP {}", status.as_u16())),
        }
    }
}

#[async_trait]
impl Connector for Firewall {
    fn name(&self) -> &str {
        &self.name
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[ActionKind::BlockIp, ActionKind::UnblockIp]
    }

    fn preview(&self, order: &Order) -> Result<Preview, String> {
        let url = self.entry(address(order)?).into();
        let blocks = order.action == ActionKind::BlockIp;
        let body = blocks.then(|| json!({"key": order.key, "comment": order.comment}));
        Ok(Preview { method: if blocks { "PUT" } else { "DELETE" }.into(), url, body })
    }

    async fn send(&self, _permit: Permit, order: &Order) -> Outcome {
        let address = match address(order) {
            Ok(address) => address,
            Err(why) => return Outcome::Failed { why },
        };
        let blocks = order.action == ActionKind::BlockIp;
        match self.look(address).await {
            Ok(Entry::Blocked(key)) if blocks && key != order.key => {
                let by = "somebody before: the address was blocked already".into();
                return Outcome::AlreadyThere { remote: address.to_string(), by };
            }
            Ok(Entry::Free) if !blocks => {
                let by = "somebody before: the address was not blocked".into();
                return Outcome::AlreadyThere { remote: address.to_string(), by };
            }
            Ok(_) => {}
            Err(why) => {
                let why = format!("the firewall: {why}");
                return Outcome::NotYet { why, retry_after_ms: 2_000 };
            }
        }
        let body = json!({"key": order.key, "comment": order.comment});
        let (method, body) =
            if blocks { (Method::PUT, Some(&body)) } else { (Method::DELETE, None) };
        match self.far.call(method, self.entry(address), body).await {
            Ok(back) if back.status.is_success() => {
                Outcome::Accepted { remote: address.to_string(), detail: None }
            }
            Ok(back) => back.refusal("the firewall"),
            Err(lost) => lost.into(),
        }
    }

    async fn probe(&self, order: &Order) -> Probe {
        let Ok(address) = address(order) else { return Probe::NotFound };
        let found = || Probe::Found { remote: address.to_string(), detail: None };
        match (self.look(address).await, order.action) {
            (Ok(Entry::Blocked(key)), ActionKind::BlockIp) if key == order.key => found(),
            (Ok(Entry::Blocked(_)), ActionKind::BlockIp) => {
                Probe::FoundForeign { remote: address.to_string(), by: "somebody else".into() }
            }
            (Ok(Entry::Free), ActionKind::UnblockIp) => found(),
            (Ok(_), _) => Probe::NotFound,
            (Err(why), _) => Probe::Unknown { why: format!("the firewall: {why}") },
        }
    }

    async fn stands(&self, order: &Order) -> Option<bool> {
        let entry = self.look(address(order).ok()?).await.ok()?;
        let blocked = matches!(entry, Entry::Blocked(_));
        Some(blocked == (order.action == ActionKind::BlockIp))
    }

    async fn ping(&self) -> Result<(), String> {
        // An address of TEST-NET-1 (RFC 5737) stands for nobody.
        self.look(IpAddr::from([192, 0, 2, 1])).await.map(|_| ())
    }
}

fn address(order: &Order) -> Result<IpAddr, String> {
    let value = &order.target.value;
    value.parse().map_err(|_| format!("{value} is no address"))
}
