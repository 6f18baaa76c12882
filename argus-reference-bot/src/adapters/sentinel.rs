//! Microsoft Sentinel's incidents through Azure Resource Manager.
//!
//! Source: `azure-rest-api-specs`, `SecurityInsights` 2025-09-01 (playbooks: 2025-07-01-preview);
//! facts/external-apis.md 2.1. Comments and tasks have ids that the caller chooses: the effect's key
//! gives them, so the same order makes one. A playbook is started without an answer that names its run;
//! a lost one is looked for among the runs of its workflow, if the settings name that.

mod runs;

use std::collections::BTreeMap;

use argus_bot_sdk::auth::TokenSource;
use argus_soc::effect::{Outcome, Probe};
use argus_soc::playbook::ActionKind;
use argus_soc::policy::Permit;
use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::web::{Budget, Credential, Far, Lost};
use crate::ports::connector::{Connector, Order, Preview};
use crate::view::clip;

/// What a token for it is asked for.
pub const SCOPE: &str = "https://management.azure.com/.default";
const VERSION: &str = "2025-09-01";
const PLAYBOOKS: &str = "2025-07-01-preview";
/// Longest comment: Sentinel takes 30,000 characters.
const TEXT: usize = 30_000;
/// How often an update is merged again with what somebody else wrote meanwhile.
const MERGES: usize = 4;
/// What `update_incident` may set.
const FIELDS: [&str; 5] =
    ["status", "severity", "classification", "classificationReason", "classificationComment"];

/// Sentinel in one workspace.
#[derive(Debug)]
pub struct Sentinel {
    name: String,
    workspace: Vec<String>,
    tenant: String,
    /// Workflows whose runs may be looked at, by their names for playbooks.
    workflows: BTreeMap<String, Vec<String>>,
    far: Far,
}

impl Sentinel {
    /// The workspace `/subscriptions/…/workspaces/NAME` behind Resource Manager at `url`.
    ///
    /// # Errors
    ///
    /// Why the address or the workspace cannot be used.
    pub fn new(
        name: &str,
        url: &str,
        workspace: &str,
        tenant: &str,
        tokens: std::sync::Arc<dyn TokenSource>,
    ) -> Result<Self, String> {
        Ok(Self {
            name: name.into(),
            workspace: resource(workspace, "Microsoft.OperationalInsights/workspaces")?,
            tenant: tenant.into(),
            workflows: BTreeMap::new(),
            far: Far::new(url, Credential::Token(tokens))?.paced(Budget::usual()),
        })
    }

    /// The same, looking at the runs of these workflows, by a name for playbooks.
    ///
    /// # Errors
    ///
    /// Why a workflow cannot be used.
    pub fn workflows<'a>(
        mut self,
        workflows: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, String> {
        for (name, id) in workflows {
            self.workflows.insert(name.to_owned(), resource(id, "Microsoft.Logic/workflows")?);
        }
        Ok(self)
    }

    /// The workflow that a step names: by its resource id, or by its name in the settings.
    fn workflow(&self, order: &Order) -> Result<Vec<String>, String> {
        let app = order.text("playbook").ok_or("the step has no parameter `playbook`")?;
        match self.workflows.get(app) {
            Some(known) => Ok(known.clone()),
            None => resource(app, "Microsoft.Logic/workflows"),
        }
    }

    /// Whether a playbook was started although nobody heard so.
    async fn started(&self, order: &Order) -> Probe {
        let unknown = |why: String| Probe::Unknown { why };
        let (workflow, incident) = match (self.workflow(order), incident_id(order)) {
            (Ok(workflow), Ok(incident)) => (workflow, incident),
            (Err(why), _) | (_, Err(why)) => return unknown(why),
        };
        let same = |known: &&Vec<String>| {
            known.iter().zip(&workflow).all(|(a, b)| a.eq_ignore_ascii_case(b))
        };
        let Some(known) = self.workflows.values().find(same) else {
            return unknown(
                "Sentinel does not say which playbooks it has started, and the settings do not name the workflow"
                    .into(),
            );
        };
        runs::look(&self.far, known, order.since, &incident).await
    }

    fn url(&self, incident: &str, more: &[&str], version: &str) -> url::Url {
        let mut segments: Vec<&str> = self.workspace.iter().map(String::as_str).collect();
        segments.extend(["providers", "Microsoft.SecurityInsights", "incidents", incident]);
        segments.extend(more);
        let mut url = self.far.url(&segments);
        url.query_pairs_mut().append_pair("api-version", version);
        url
    }

    fn request(&self, order: &Order) -> Result<(Method, url::Url, Value), String> {
        let incident = incident_id(order)?;
        let own = Uuid::new_v5(&Uuid::NAMESPACE_OID, order.key.as_bytes()).to_string();
        let text = |name: &str| {
            let missing = || format!("the step has no parameter `{name}`");
            order.text(name).map(|it| clip(it, TEXT)).ok_or_else(missing)
        };
        Ok(match order.action {
            ActionKind::CommentIncident => (
                Method::PUT,
                self.url(&incident, &["comments", &own], VERSION),
                json!({"properties": {"message": text("text")?}}),
            ),
            ActionKind::AddIncidentTask => (
                Method::PUT,
                self.url(&incident, &["tasks", &own], VERSION),
                json!({"properties": {"title": text("title")?, "description": order.text("text").unwrap_or_default(), "status": "New"}}),
            ),
            ActionKind::UpdateIncident => (
                Method::PUT,
                self.url(&incident, &[], VERSION),
                json!({"properties": changes(order)?}),
            ),
            ActionKind::RunSentinelPlaybook => {
                let app = format!("/{}", self.workflow(order)?.join("/"));
                (
                    Method::POST,
                    self.url(&incident, &["runPlaybook"], PLAYBOOKS),
                    json!({"tenantId": self.tenant, "logicAppsResourceId": app}),
                )
            }
            other => return Err(format!("Sentinel does no {other}")),
        })
    }

    async fn incident(&self, id: &str) -> Result<Value, String> {
        let url = self.url(id, &[], VERSION);
        let back = self.far.call(Method::GET, url, None).await.map_err(Lost::why)?;
        match back.json {
            Some(json) if back.status == StatusCode::OK => Ok(json),
            _ => Err(format!("HTTP {}", back.status.as_u16())),
        }
    }

    /// An update replaces everything, so what others wrote is read and kept; who was faster is read
    /// again.
    async fn update(&self, id: &str, changes: &Map<String, Value>) -> Outcome {
        for _ in 0..MERGES {
            let mut whole = match self.incident(id).await {
                Ok(whole) => whole,
                Err(why) => {
                    let why = format!("Sentinel: {why}");
                    return Outcome::NotYet { why, retry_after_ms: 2_000 };
                }
            };
            let etag = whole.get("etag").cloned();
            let Some(Value::Object(properties)) = whole.get_mut("properties").map(Value::take)
            else {
                return Outcome::Failed {
                    why: "Sentinel gave an incident without properties".into(),
                };
            };
            let mut merged = writable(properties);
            merged.extend(changes.clone());
            let body = json!({"etag": etag, "properties": merged});
            let url = self.url(id, &[], VERSION);
            match self.far.call(Method::PUT, url, Some(&body)).await {
                Ok(back) if back.status.is_success() => {
                    return Outcome::Accepted { remote: id.into(), detail: None };
                }
                Ok(back) if matches!(back.status.as_u16(), 409 | 412) => {}
                Ok(back) => return back.refusal("Sentinel"),
                Err(lost) => return lost.into(),
            }
        }
        let why = "Sentinel: somebody changes the incident all the time".to_owned();
        Outcome::NotYet { why, retry_after_ms: 5_000 }
    }
}

#[async_trait]
impl Connector for Sentinel {
    fn name(&self) -> &str {
        &self.name
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[
            ActionKind::CommentIncident,
            ActionKind::AddIncidentTask,
            ActionKind::UpdateIncident,
            ActionKind::RunSentinelPlaybook,
        ]
    }

    fn preview(&self, order: &Order) -> Result<Preview, String> {
        let (method, url, body) = self.request(order)?;
        Ok(Preview { method: method.to_string(), url: url.into(), body: Some(body) })
    }

    async fn send(&self, _permit: Permit, order: &Order) -> Outcome {
        let (method, url, body) = match self.request(order) {
            Ok(request) => request,
            Err(why) => return Outcome::Failed { why },
        };
        if order.action == ActionKind::UpdateIncident {
            return match (incident_id(order), changes(order)) {
                (Ok(id), Ok(changes)) => self.update(&id, &changes).await,
                (Err(why), _) | (_, Err(why)) => Outcome::Failed { why },
            };
        }
        match self.far.call(method, url, Some(&body)).await {
            Ok(back) if back.status.is_success() => Outcome::Accepted {
                remote: back.text("/name").unwrap_or(&order.key).to_owned(),
                detail: None,
            },
            Ok(back) => back.refusal("Sentinel"),
            Err(lost) => lost.into(),
        }
    }

    async fn probe(&self, order: &Order) -> Probe {
        match order.action {
            // The same request again makes nothing new.
            ActionKind::CommentIncident
            | ActionKind::AddIncidentTask
            | ActionKind::UpdateIncident => Probe::NotFound,
            _ => self.started(order).await,
        }
    }

    async fn ping(&self) -> Result<(), String> {
        let mut segments: Vec<&str> = self.workspace.iter().map(String::as_str).collect();
        segments.extend(["providers", "Microsoft.SecurityInsights", "incidents"]);
        let mut url = self.far.url(&segments);
        url.query_pairs_mut().append_pair("api-version", VERSION).append_pair("$top", "1");
        match self.far.call(Method::GET, url, None).await {
            Ok(back) if back.status.is_success() => Ok(()),
            Ok(back) => Err(format!("HTTP {}", back.status.as_u16())),
            Err(lost) => Err(lost.why()),
        }
    }
}

/// What `update_incident` changes, by the names of Sentinel.
fn changes(order: &Order) -> Result<Map<String, Value>, String> {
    let mut changes = Map::new();
    for name in FIELDS {
        if let Some(text) = order.text(name) {
            changes.insert(name.to_owned(), text.into());
        }
    }
    if changes.is_empty() {
        return Err(format!("the step changes nothing; give it one of {}", FIELDS.join(", ")));
    }
    Ok(changes)
}

/// The properties that an update takes back; the others are Sentinel's own.
fn writable(mut properties: Map<String, Value>) -> Map<String, Value> {
    const OURS: [&str; 10] = [
        "title",
        "description",
        "severity",
        "status",
        "owner",
        "labels",
        "classification",
        "classificationComment",
        "classificationReason",
        "firstActivityTimeUtc",
    ];
    properties.retain(|name, _| OURS.contains(&name.as_str()));
    properties
}

/// The incident's id in Sentinel: a GUID, alone or at the end of a resource id.
fn incident_id(order: &Order) -> Result<String, String> {
    let native = order.about.native_id.as_deref().unwrap_or_default();
    let last = native.rsplit('/').next().unwrap_or_default();
    let last = last.split([':', ';']).next().unwrap_or_default();
    match Uuid::try_parse(last) {
        Ok(id) => Ok(id.to_string()),
        Err(_) => Err(format!("{} is not an incident of Sentinel", order.about.incident)),
    }
}

/// The segments of a resource id of this type.
pub(super) fn resource(id: &str, kind: &str) -> Result<Vec<String>, String> {
    let segments: Vec<String> =
        id.split('/').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    let plain = |it: &String| {
        let fits = |it: char| it.is_ascii_alphanumeric() || "-_.()".contains(it);
        it.chars().all(fits) && !it.contains("..")
    };
    let typed = segments.get(5).zip(segments.get(6)).map(|(a, b)| format!("{a}/{b}"));
    let good = segments.len() == 8
        && segments.iter().all(plain)
        && typed.is_some_and(|it| it.eq_ignore_ascii_case(kind));
    if good {
        return Ok(segments);
    }
    Err(format!("{id:?} is not /subscriptions/ID/resourceGroups/NAME/providers/{kind}/NAME"))
}
