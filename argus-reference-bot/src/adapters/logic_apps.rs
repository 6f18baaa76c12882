//! Azure Logic Apps: starts a workflow and follows its run.
//!
//! Source: Azure REST documentation, Logic 2019-05-01; facts/external-apis.md 2.2. The effect's key
//! travels as the client tracking id, by which a run is found again.

use argus_bot_sdk::auth::TokenSource;
use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::playbook::ActionKind;
use argus_soc::policy::Permit;
use async_trait::async_trait;
use http::{HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::sentinel::resource;
use super::web::{Budget, Credential, Far, Lost};
use crate::ports::connector::{Connector, Order, Preview};

const VERSION: &str = "2019-05-01";
const TRACKING: HeaderName = HeaderName::from_static("x-ms-client-tracking-id");

/// Logic Apps behind Resource Manager.
#[derive(Debug)]
pub struct LogicApps {
    name: String,
    /// The workflows that playbooks may run, by their names there.
    workflows: std::collections::BTreeMap<String, Vec<String>>,
    far: Far,
}

impl LogicApps {
    /// These workflows, by a name for playbooks, behind Resource Manager at `url`.
    ///
    /// # Errors
    ///
    /// Why the address or a workflow cannot be used.
    pub fn new<'a>(
        name: &str,
        url: &str,
        workflows: impl IntoIterator<Item = (&'a str, &'a str)>,
        tokens: std::sync::Arc<dyn TokenSource>,
    ) -> Result<Self, String> {
        let workflows = workflows
            .into_iter()
            .map(|(name, id)| Ok((name.to_owned(), resource(id, "Microsoft.Logic/workflows")?)));
        Ok(Self {
            name: name.into(),
            workflows: workflows.collect::<Result<_, String>>()?,
            far: Far::new(url, Credential::Token(tokens))?.paced(Budget::usual()),
        })
    }

    fn url(&self, order: &Order, more: &[&str]) -> Result<url::Url, String> {
        let name = order.text("workflow").ok_or("the step has no parameter `workflow`")?;
        let Some(workflow) = self.workflows.get(name) else {
            let known: Vec<&str> = self.workflows.keys().map(String::as_str).collect();
            return Err(format!("no workflow {name:?} is allowed; there are {}", known.join(", ")));
        };
        let mut segments: Vec<&str> = workflow.iter().map(String::as_str).collect();
        segments.extend(more);
        let mut url = self.far.url(&segments);
        url.query_pairs_mut().append_pair("api-version", VERSION);
        Ok(url)
    }

    fn request(&self, order: &Order) -> Result<(url::Url, Value), String> {
        let trigger = order.text("trigger").unwrap_or("manual");
        let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'-';
        if !trigger.bytes().all(plain) {
            return Err(format!("{trigger:?} is no name of a trigger"));
        }
        let url = self.url(order, &["triggers", trigger, "run"])?;
        let body = json!({
            "incident": order.about.incident,
            "target": {"kind": order.target.kind, "value": order.target.value},
            "parameters": order.parameters.get("body").cloned().unwrap_or_default(),
            "key": order.key,
        });
        Ok((url, body))
    }
}

#[async_trait]
impl Connector for LogicApps {
    fn name(&self) -> &str {
        &self.name
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[ActionKind::RunLogicApp]
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
        let Ok(key) = HeaderValue::from_str(&order.key) else {
            return Outcome::Failed { why: "the effect's key is no header".into() };
        };
        match self.far.call_with(Method::POST, url, Some(&body), &[(TRACKING, key)]).await {
            Ok(back) if back.status.is_success() => {
                let run = back.headers.get("x-ms-workflow-run-id").and_then(|it| it.to_str().ok());
                match run {
                    Some(run) => Outcome::Accepted { remote: run.into(), detail: None },
                    None => Outcome::Unsettled { why: "Logic Apps named no run".into() },
                }
            }
            Ok(back) => back.refusal("Logic Apps"),
            Err(lost) => lost.into(),
        }
    }

    async fn probe(&self, order: &Order) -> Probe {
        let unknown = |why: String| Probe::Unknown { why: format!("Logic Apps: {why}") };
        let url = match self.url(order, &["runs"]) {
            Ok(url) => url,
            Err(why) => return unknown(why),
        };
        let back = match self.far.call(Method::GET, url, None).await {
            Ok(back) if back.status == StatusCode::OK => back,
            Ok(back) => return unknown(format!("HTTP {}", back.status.as_u16())),
            Err(lost) => return unknown(lost.why()),
        };
        let Some(runs) = back.json.as_ref().and_then(|it| it.get("value")?.as_array()) else {
            return unknown("it answered something else".into());
        };
        let ours = |run: &&Value| {
            let id = run.pointer("/properties/correlation/clientTrackingId");
            id.and_then(Value::as_str) == Some(&order.key)
        };
        match runs.iter().find(ours).and_then(|run| run.get("name")?.as_str()) {
            Some(run) => Probe::Found { remote: run.into(), detail: None },
            None => Probe::NotFound,
        }
    }

    async fn progress(&self, order: &Order, remote: &str) -> Progress {
        let Ok(url) = self.url(order, &["runs", remote]) else { return Progress::Pending };
        let Ok(back) = self.far.call(Method::GET, url, None).await else {
            return Progress::Pending;
        };
        match back.text("/properties/status") {
            Some("Succeeded") => Progress::Done,
            Some(status @ ("Failed" | "Cancelled" | "TimedOut" | "Aborted" | "Skipped")) => {
                Progress::Failed { why: format!("Logic Apps: {status}") }
            }
            _ => Progress::Pending,
        }
    }

    async fn ping(&self) -> Result<(), String> {
        let Some(workflow) = self.workflows.values().next() else { return Ok(()) };
        let segments: Vec<&str> = workflow.iter().map(String::as_str).collect();
        let mut url = self.far.url(&segments);
        url.query_pairs_mut().append_pair("api-version", VERSION);
        match self.far.call(Method::GET, url, None).await {
            Ok(back) if back.status.is_success() => Ok(()),
            Ok(back) => Err(format!("HTTP {}", back.status.as_u16())),
            Err(lost) => Err(Lost::why(lost)),
        }
    }
}
