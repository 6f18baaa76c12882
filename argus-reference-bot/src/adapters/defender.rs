//! Microsoft Defender for Endpoint.
//!
//! Source: defender-docs, `isolate-machine`, `machineaction`; facts/external-apis.md 2.3. The
//! effect's key travels in `externalID` and in the comment, so that a probe finds it.

use std::time::Duration;

use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::playbook::ActionKind;
use argus_soc::policy::Permit;
use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::web::{Budget, Credential, Far, Lost, Pace};
use crate::ports::connector::{Connector, Order, Preview};

/// What a token for Defender is asked for.
pub const SCOPE: &str = "https://api.securitycenter.microsoft.com/.default";
/// Actions that a probe looks through: newest first, so ours is among the first.
const PROBED: &str = "50";

/// Below Defender's 100 in a minute and 1,500 in an hour (facts/external-apis.md 2.3): at most 75 + 20
/// in a minute and 75 + 1,200 in an hour.
const DEEDS: Pace = Pace { burst: 75, every: Duration::from_secs(3) };
/// For what only reads, likewise: at most 60 + 24 and 60 + 1,440.
const LOOKS: Pace = Pace { burst: 60, every: Duration::from_millis(2_500) };

/// Defender for Endpoint behind its REST API.
#[derive(Debug)]
pub struct Defender {
    name: String,
    far: Far,
}

impl Defender {
    /// Defender at `url`.
    ///
    /// # Errors
    ///
    /// Why the address cannot be used.
    pub fn new(
        name: &str,
        url: &str,
        tokens: std::sync::Arc<dyn argus_bot_sdk::auth::TokenSource>,
    ) -> Result<Self, String> {
        let far = Far::new(url, Credential::Token(tokens))?.paced(Budget::new(DEEDS, LOOKS));
        Ok(Self { name: name.into(), far })
    }

    /// The machine actions that match, newest first, or why nobody knows.
    async fn actions(&self, filter: &str) -> Result<Vec<Value>, String> {
        let mut url = self.far.url(&["api", "machineactions"]);
        url.query_pairs_mut().append_pair("$filter", filter).append_pair("$top", PROBED);
        let mut back = self.far.call(Method::GET, url, None).await.map_err(Lost::why)?;
        if back.status != StatusCode::OK {
            return Err(format!("Defender: HTTP {}", back.status.as_u16()));
        }
        match back.json.as_mut().and_then(|it| it.get_mut("value")).map(Value::take) {
            Some(Value::Array(actions)) => Ok(actions),
            _ => Err("Defender answered something else".into()),
        }
    }

    /// Where an order goes, and with what.
    fn request(&self, order: &Order) -> Result<(url::Url, Value), String> {
        let machine = machine_id(order).ok_or_else(|| no_machine(order))?;
        let (verb, mut body) = match order.action {
            ActionKind::IsolateHost => (
                "isolate",
                json!({"IsolationType": order.text("isolation_type").unwrap_or("Full")}),
            ),
            ActionKind::ReleaseHost => ("unisolate", json!({})),
            ActionKind::ScanHost => (
                "runAntiVirusScan",
                json!({"ScanType": order.text("scan_type").unwrap_or("Quick")}),
            ),
            ActionKind::CollectPackage => ("collectInvestigationPackage", json!({})),
            ActionKind::QuarantineFile => ("StopAndQuarantineFile", json!({"Sha1": sha1(order)?})),
            other => return Err(format!("Defender does no {other}")),
        };
        if let Some(body) = body.as_object_mut() {
            body.insert("Comment".into(), comment(order).into());
            body.insert("ExternalId".into(), order.key.clone().into());
        }
        Ok((self.far.url(&["api", "machines", machine, verb]), body))
    }
}

#[async_trait]
impl Connector for Defender {
    fn name(&self) -> &str {
        &self.name
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[
            ActionKind::IsolateHost,
            ActionKind::ReleaseHost,
            ActionKind::ScanHost,
            ActionKind::CollectPackage,
            ActionKind::QuarantineFile,
        ]
    }

    fn preview(&self, order: &Order) -> Result<Preview, String> {
        let (url, body) = self.request(order)?;
        Ok(Preview { method: "POST".into(), url: url.into(), body: Some(body) })
    }

    async fn send(&self, _permit: Permit, order: &Order) -> Outcome {
        let (url, body) = match self.request(order) {
            Ok(request) => request,
            Err(why) => return Outcome::Failed { why },
        };
        match self.far.call(Method::POST, url, Some(&body)).await {
            Ok(back) if back.status == StatusCode::CREATED => match back.text("/id") {
                Some(id) => Outcome::Accepted { remote: id.into(), detail: None },
                None => Outcome::Unsettled { why: "Defender answered without an id".into() },
            },
            // Somebody's order is under way, perhaps ours: only a look can tell.
            Ok(back) if back.text("/error/code") == Some("ActiveRequestAlreadyExists") => {
                Outcome::Unsettled { why: "an order for this machine is under way".into() }
            }
            Ok(back) if back.status.is_success() => {
                Outcome::Unsettled { why: "Defender answered something else".into() }
            }
            Ok(back) if back.text("/error/code") == Some("OsPlatformNotSupported") => {
                let why = format!(
                    "Defender: OsPlatformNotSupported; take {} off the network by hand",
                    order.target.value
                );
                Outcome::Failed { why }
            }
            Ok(back) => back.refusal("Defender"),
            Err(lost) => lost.into(),
        }
    }

    async fn probe(&self, order: &Order) -> Probe {
        let Some(machine) = machine_id(order) else { return Probe::NotFound };
        let filter = format!("machineId eq '{machine}' and type eq '{}'", kind_of(order.action));
        match self.actions(&filter).await {
            Ok(actions) => found(&actions, order),
            Err(why) => Probe::Unknown { why },
        }
    }

    async fn stands(&self, order: &Order) -> Option<bool> {
        if order.action.inverse().is_none() {
            // A scan that was done is not one that goes on.
            return Some(false);
        }
        let filter = format!("machineId eq '{}'", machine_id(order)?);
        let actions = self.actions(&filter).await.ok()?;
        let counts = |it: &&Value| {
            matches!(text(it, "type"), "Isolate" | "Unisolate")
                && matches!(text(it, "status"), "Succeeded" | "Pending" | "InProgress")
        };
        let last = actions.iter().find(counts);
        Some(last.is_some_and(|last| text(last, "type") == kind_of(order.action)))
    }

    async fn progress(&self, _order: &Order, remote: &str) -> Progress {
        let url = self.far.url(&["api", "machineactions", remote]);
        // Not to know is not to have failed: ask again later.
        let Ok(back) = self.far.call(Method::GET, url, None).await else {
            return Progress::Pending;
        };
        match back.text("/status") {
            Some("Succeeded") => Progress::Done,
            Some(status @ ("Failed" | "TimeOut" | "Cancelled")) => {
                Progress::Failed { why: format!("Defender: {status}") }
            }
            _ => Progress::Pending,
        }
    }

    async fn ping(&self) -> Result<(), String> {
        self.actions("status eq 'Pending'").await.map(|_| ())
    }
}

/// Our own order if it is there; else one of somebody else's that is under way.
fn found(actions: &[Value], order: &Order) -> Probe {
    let ours = |action: &&Value| {
        text(action, "externalID") == order.key
            || text(action, "requestorComment").contains(&marker(&order.key))
    };
    if let Some(action) = actions.iter().find(ours) {
        return Probe::Found { remote: text(action, "id").into(), detail: None };
    }
    let under_way = |action: &&Value| matches!(text(action, "status"), "Pending" | "InProgress");
    match actions.iter().find(under_way) {
        Some(action) => Probe::FoundForeign {
            remote: text(action, "id").into(),
            by: text(action, "requestor").into(),
        },
        None => Probe::NotFound,
    }
}

fn text<'a>(action: &'a Value, name: &str) -> &'a str {
    action.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Defender's name for what is done.
fn kind_of(action: ActionKind) -> &'static str {
    match action {
        ActionKind::IsolateHost => "Isolate",
        ActionKind::ScanHost => "RunAntiVirusScan",
        ActionKind::CollectPackage => "CollectInvestigationPackage",
        ActionKind::QuarantineFile => "StopAndQuarantineFile",
        _ => "Unisolate",
    }
}

/// The file that a step names: 40 hex digits.
fn sha1(order: &Order) -> Result<&str, String> {
    let text = order.text("sha1").ok_or("the step has no parameter `sha1`")?;
    let good = text.len() == 40 && text.bytes().all(|it| it.is_ascii_hexdigit());
    if good { Ok(text) } else { Err(format!("{text:?} is no SHA-1: 40 hex digits")) }
}

/// The id that Defender knows the machine by: 40 hex digits. Nothing else goes into a path or a
/// filter.
fn machine_id(order: &Order) -> Option<&str> {
    let id = order.target.ids.get("mde_device_id")?;
    let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
    (!id.is_empty() && id.len() <= 64 && id.bytes().all(plain)).then_some(id.as_str())
}

fn no_machine(order: &Order) -> String {
    format!("the alert does not say which machine in Defender {} is", order.target.value)
}

fn marker(key: &str) -> String {
    format!("[argus:{key}]")
}

fn comment(order: &Order) -> String {
    format!("{} {}", order.comment, marker(&order.key))
}
