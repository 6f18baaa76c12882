//! Azure Resource Manager: Sentinel's incidents and the runs of Logic Apps.
//!
//! Source: `azure-rest-api-specs`, `SecurityInsights` 2025-09-01 and `Logic` 2019-05-01. Every incident
//! that somebody asks for is there: what matters is what is done to it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answer::{Answer, Ask};

/// The state of Sentinel and of Logic Apps.
#[derive(Debug, Default)]
pub struct Azure {
    incidents: BTreeMap<String, Incident>,
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Incident {
    version: u32,
    properties: Map<String, Value>,
    children: BTreeMap<String, Value>,
}

#[derive(Debug)]
struct Run {
    name: String,
    workflow: String,
    tracking: String,
    /// The incident that its trigger was given, if Sentinel began it.
    incident: Option<String>,
    started: Timestamp,
}

/// The name of the operation that a request asks for, for fault scripts.
pub(crate) fn operation(ask: &Ask) -> Option<&'static str> {
    let (method, path) = ask.route();
    let ["subscriptions", _, "resourceGroups", _, "providers", rest @ ..] = path.as_slice() else {
        return None;
    };
    let incidents = match rest {
        [
            "Microsoft.OperationalInsights",
            "workspaces",
            _,
            "providers",
            provider,
            "incidents",
            rest @ ..,
        ] if *provider == "Microsoft.SecurityInsights" => rest,
        ["Microsoft.Logic", "workflows", _, rest @ ..] => {
            return match (method, rest) {
                ("GET", []) => Some("get_workflow"),
                ("POST", ["triggers", _, "run"]) => Some("run_workflow"),
                ("GET", ["runs"]) => Some("list_runs"),
                ("GET", ["runs", _]) => Some("get_run"),
                ("GET", ["runs", _, "contents", "TriggerOutputs"]) => Some("get_outputs"),
                _ => None,
            };
        }
        _ => return None,
    };
    match (method, incidents) {
        ("GET", []) => Some("list_incidents"),
        ("GET", [_]) => Some("get_incident"),
        ("PUT", [_]) => Some("update_incident"),
        ("PUT", [_, "comments", _]) => Some("comment"),
        ("PUT", [_, "tasks", _]) => Some("task"),
        ("POST", [_, "runPlaybook"]) => Some("run_playbook"),
        _ => None,
    }
}

/// Resource Manager's error body.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, json!({ "error": { "code": code, "message": message } }))
}

impl Azure {
    /// The comments and tasks of an incident, by their ids.
    pub fn children(&self, incident: &str) -> Vec<(String, Value)> {
        let children = self.incidents.get(incident).map(|it| &it.children);
        children.into_iter().flatten().map(|(id, it)| (id.clone(), it.clone())).collect()
    }

    /// A field of an incident.
    pub fn field(&self, incident: &str, name: &str) -> Option<Value> {
        self.incidents.get(incident)?.properties.get(name).cloned()
    }

    /// Somebody changes an incident in the portal.
    pub fn edit(&mut self, incident: &str, name: &str, value: &str) {
        let incident = self.incident(incident);
        incident.version += 1;
        incident.properties.insert(name.to_owned(), value.into());
    }

    fn incident(&mut self, id: &str) -> &mut Incident {
        let new = || {
            let properties = json!({
                "title": "A user signed in from two countries", "severity": "High", "status": "New",
                "owner": {"objectId": null}, "labels": [], "incidentNumber": 4_711,
            });
            let properties = properties.as_object().cloned().unwrap_or_default();
            Incident { version: 1, properties, children: BTreeMap::new() }
        };
        self.incidents.entry(id.to_owned()).or_insert_with(new)
    }

    /// Answers a request that carries a good token.
    pub(crate) fn answer(&mut self, ask: &Ask, now: Timestamp) -> Answer {
        let at = |name: &str| ask.path.iter().position(|it| it == name).map(|at| at + 1);
        let after =
            |name: &str| at(name).and_then(|at| ask.path.get(at)).map_or("", String::as_str);
        let (incident, body) = (after("incidents").to_owned(), ask.json().unwrap_or_default());
        match operation(ask) {
            Some("list_incidents") => Answer::json(200, json!({ "value": [] })),
            Some("get_incident") => Answer::json(200, shown(&incident, self.incident(&incident))),
            Some("update_incident") => self.update(&incident, &body),
            Some(kind @ ("comment" | "task")) => {
                let id = ask.path.last().cloned().unwrap_or_default();
                let known = self.incident(&incident).children.insert(id.clone(), body.clone());
                let json =
                    json!({ "name": id, "etag": "\"1\"", "properties": body.get("properties") });
                let answer = Answer::json(if known.is_some() { 200 } else { 201 }, json);
                // The same id again makes nothing new.
                if known.is_some() { answer } else { answer.effect(kind, id) }
            }
            Some("run_playbook") => {
                let app = body.get("logicAppsResourceId").and_then(Value::as_str);
                let app = app.unwrap_or_default().to_owned();
                if app.is_empty() {
                    return error(400, "BadRequest", "logicAppsResourceId is missing.");
                }
                self.begin(&app, "", Some(&incident), now);
                Answer::empty(204).effect("run_playbook", incident)
            }
            Some("run_workflow") => {
                let workflow = after("workflows").to_owned();
                let tracking = ask.tracking.clone().unwrap_or_default();
                let run = self.begin(&workflow, &tracking, None, now);
                let key = ask.tracking.clone().unwrap_or_else(|| run.clone());
                Answer::empty(202).header("x-ms-workflow-run-id", run).effect("run_workflow", key)
            }
            Some("list_runs") => {
                let workflow = after("workflows");
                let runs = self.runs.iter().rev().filter(|it| it.workflow == workflow);
                let base = format!("http://{}/{}", ask.host, ask.path.join("/"));
                let runs = runs.map(|run| run.json(&base)).collect::<Vec<_>>();
                Answer::json(200, json!({ "value": runs }))
            }
            Some("get_run") => match self.runs.iter().find(|it| it.name == after("runs")) {
                Some(run) => Answer::json(200, run.json("")),
                None => error(404, "WorkflowRunNotFound", "The run is not there."),
            },
            Some("get_outputs") => match self.runs.iter().find(|it| it.name == after("runs")) {
                Some(run) => Answer::json(200, run.outputs()),
                None => error(404, "WorkflowRunNotFound", "The run is not there."),
            },
            Some(_) => Answer::json(200, json!({ "name": after("workflows"), "properties": {} })),
            None => error(404, "NotFound", "Nothing is here."),
        }
    }

    fn update(&mut self, id: &str, body: &Value) -> Answer {
        let incident = self.incident(id);
        let given = body.get("etag").and_then(Value::as_str);
        if given.is_some_and(|it| it != etag(incident.version)) {
            return error(412, "PreconditionFailed", "The incident was changed meanwhile.");
        }
        let Some(properties) = body.get("properties").and_then(Value::as_object) else {
            return error(400, "BadRequest", "properties is missing.");
        };
        if !["title", "severity", "status"].iter().all(|it| properties.contains_key(*it)) {
            return error(400, "BadRequest", "title, severity and status are required.");
        }
        incident.properties.clone_from(properties);
        incident.version += 1;
        Answer::json(200, shown(id, incident)).effect("update_incident", id)
    }

    fn begin(
        &mut self,
        workflow: &str,
        tracking: &str,
        incident: Option<&str>,
        now: Timestamp,
    ) -> String {
        let serial = format!("run/{}", self.runs.len());
        let name = Uuid::new_v5(&Uuid::NAMESPACE_OID, serial.as_bytes()).simple().to_string();
        self.runs.push(Run {
            name: name.clone(),
            workflow: workflow.rsplit('/').next().unwrap_or_default().to_owned(),
            tracking: tracking.to_owned(),
            incident: incident.map(str::to_owned),
            started: now,
        });
        name
    }
}

fn etag(version: u32) -> String {
    format!("\"{version}\"")
}

fn shown(id: &str, incident: &Incident) -> Value {
    json!({ "name": id, "etag": etag(incident.version), "properties": incident.properties })
}

impl Run {
    /// The run as a list under `base` shows it. What its trigger was given stands at an address that
    /// carries its own key.
    fn json(&self, base: &str) -> Value {
        let outputs = format!("{base}/{}/contents/TriggerOutputs?sig=c2VjcmV0", self.name);
        json!({ "name": self.name, "properties": {
            "status": "Succeeded",
            "startTime": self.started.to_string(),
            "correlation": { "clientTrackingId": self.tracking },
            "trigger": { "name": "manual", "outputsLink": { "uri": outputs } },
        }})
    }

    /// What its trigger was given.
    fn outputs(&self) -> Value {
        let object = self.incident.as_ref().map(|incident| {
            json!({
                "id": format!("/subscriptions/s/providers/Microsoft.SecurityInsights/Incidents/{incident}"),
                "name": incident, "type": "Microsoft.SecurityInsights/Incidents",
            })
        });
        json!({ "headers": {}, "body": { "objectSchemaType": "Incident", "object": object } })
    }
}
