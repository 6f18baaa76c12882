//! Defender for Endpoint: machines, and the actions that take them off the network.
//!
//! Source: Defender for Endpoint API reference, "Isolate machine", "Release device from
//! isolation", "Get machineAction", "List machineActions", "Common REST API error codes". That a
//! second action on a busy machine is refused with `ActiveRequestAlreadyExists` is known from its
//! callers.

mod action;
mod machine;

pub use action::ActionKind;
pub use machine::Machine;

use std::collections::BTreeMap;
use std::time::Duration;

use action::MachineAction;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::{Answer, Ask, odata_error};
use crate::odata::Filter;
use crate::window::CallWindow;

/// Longest comment that is kept.
const MAX_COMMENT: usize = 4_000;
const CONTEXT: &str = "https://api.securitycenter.microsoft.com/api/$metadata";

/// The state of the simulated Defender.
#[derive(Debug)]
pub struct Defender {
    machines: BTreeMap<String, Machine>,
    actions: Vec<MachineAction>,
    windows: BTreeMap<&'static str, CallWindow>,
    settle: Duration,
    traces: u64,
}

/// The name of the operation that a request asks for, for fault scripts.
pub(crate) fn operation(ask: &Ask) -> Option<&'static str> {
    let (method, path) = ask.route();
    match (method, path.as_slice()) {
        ("POST", ["api", "machines", _, "isolate"]) => Some("isolate"),
        ("POST", ["api", "machines", _, "unisolate"]) => Some("unisolate"),
        ("POST", ["api", "machines", _, "runAntiVirusScan"]) => Some("scan"),
        ("POST", ["api", "machines", _, "collectInvestigationPackage"]) => Some("collect"),
        ("POST", ["api", "machines", _, "StopAndQuarantineFile"]) => Some("quarantine"),
        ("GET", ["api", "machines", _]) => Some("get_machine"),
        ("GET", ["api", "machineactions"]) => Some("list_actions"),
        ("GET", ["api", "machineactions", _]) => Some("get_action"),
        ("POST", ["api", "machineactions", _, "cancel"]) => Some("cancel_action"),
        _ => None,
    }
}

impl Defender {
    /// A Defender that knows these machines and needs this long to carry an action out.
    pub(crate) fn new(machines: impl IntoIterator<Item = Machine>, settle: Duration) -> Self {
        Self {
            machines: machines.into_iter().map(|machine| (machine.id.clone(), machine)).collect(),
            actions: Vec::new(),
            windows: BTreeMap::new(),
            settle,
            traces: 0,
        }
    }

    /// Adds a machine, or replaces the one with its id.
    pub fn put_machine(&mut self, machine: Machine) {
        self.machines.insert(machine.id.clone(), machine);
    }

    /// The DNS name of a machine.
    pub fn name_of(&self, machine: &str) -> Option<&str> {
        self.machines.get(machine).map(|machine| machine.name.as_str())
    }

    /// Lets somebody act in the portal, behind the bot's back.
    ///
    /// Says whether the machine is known and free. It counts as no effect of the bot's.
    pub fn act_in_portal(
        &mut self,
        kind: ActionKind,
        machine: &str,
        requestor: &str,
        now: Timestamp,
    ) -> bool {
        let free = self.machines.contains_key(machine) && !self.busy(machine, now);
        if free {
            let action = self.draft(kind, machine, now).by(requestor, "Portal");
            self.actions.push(action);
        }
        free
    }

    /// Lets an offline machine come online; what was pending starts now.
    pub fn bring_online(&mut self, machine: &str, now: Timestamp) {
        if let Some(machine) = self.machines.get_mut(machine) {
            machine.online = true;
        }
        for action in self.actions.iter_mut().filter(|action| action.machine == machine) {
            action.machine_came_online(now);
        }
    }

    /// Whether the last finished action left the machine isolated.
    pub fn is_isolated(&self, machine: &str, now: Timestamp) -> bool {
        let last = self.actions.iter().rev().find(|action| {
            let moves = matches!(action.kind, ActionKind::Isolate | ActionKind::Unisolate);
            moves && action.machine == machine && action.status(self.settle, now) == "Succeeded"
        });
        last.is_some_and(|action| action.kind == ActionKind::Isolate)
    }

    /// Answers a request that carries a good token.
    pub(crate) fn answer(&mut self, ask: &Ask, now: Timestamp) -> Answer {
        self.traces += 1;
        let Some(operation) = operation(ask) else {
            return self.error(404, "NotFound", "No such resource.");
        };
        let window = self.windows.entry(operation).or_default();
        if let Err(seconds) = window.admit(now.as_millisecond()) {
            let message = "API rate limit exceeded.";
            return self
                .error(429, "TooManyRequests", message)
                .header("retry-after", seconds.to_string());
        }
        let id = ask.path.get(2).map_or("", String::as_str);
        match operation {
            "isolate" => self.act(ActionKind::Isolate, id, ask, now),
            "unisolate" => self.act(ActionKind::Unisolate, id, ask, now),
            "scan" => self.act(ActionKind::Scan, id, ask, now),
            "collect" => self.act(ActionKind::Collect, id, ask, now),
            "quarantine" => self.act(ActionKind::Quarantine, id, ask, now),
            "get_machine" => self.machine(id, now),
            "list_actions" => self.list(ask, now),
            "cancel_action" => self.cancel(id, ask, now),
            _ => self.action(id, now),
        }
    }

    /// Defender's error body; `target` carries the trace id to quote to its support.
    pub(crate) fn error(&self, status: u16, code: &str, message: &str) -> Answer {
        let trace = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("trace/{}", self.traces).as_bytes());
        odata_error(status, code, message, &trace.to_string())
    }

    fn act(&mut self, kind: ActionKind, id: &str, ask: &Ask, now: Timestamp) -> Answer {
        let order = match Order::read(kind, ask) {
            Ok(order) => order,
            Err((code, message)) => return self.error(400, code, message),
        };
        let Some(machine) = self.machines.get(id) else {
            return self.no_machine(id);
        };
        if !machine.can_be_isolated {
            let message = format!("Action is not supported on {}.", machine.os_platform);
            return self.error(400, "OsPlatformNotSupported", &message);
        }
        if self.busy(id, now) {
            let message = "Action is already in progress";
            return self.error(400, "ActiveRequestAlreadyExists", message);
        }
        let action = self.draft(kind, id, now).ordered(order);
        // The answer to the order says Pending even when nothing has to be waited for.
        let body = entity("MachineActions", action.json("Pending"));
        self.actions.push(action);
        Answer::json(201, body).effect(kind.operation(), id)
    }

    fn machine(&self, id: &str, now: Timestamp) -> Answer {
        match self.machines.get(id) {
            Some(machine) => {
                let json = machine.json(self.is_isolated(id, now));
                Answer::json(200, entity("Machines", json))
            }
            None => self.no_machine(id),
        }
    }

    fn action(&self, id: &str, now: Timestamp) -> Answer {
        match self.actions.iter().find(|action| action.id == id) {
            Some(action) => {
                let json = action.json(action.status(self.settle, now));
                Answer::json(200, entity("MachineActions", json))
            }
            None => self.error(404, "ResourceNotFound", &format!("Machine action {id} not found.")),
        }
    }

    fn list(&self, ask: &Ask, now: Timestamp) -> Answer {
        let filter = match ask.param("$filter").map(Filter::parse).transpose() {
            Ok(filter) => filter.unwrap_or_default(),
            Err(message) => return self.error(400, "BadRequest", &message),
        };
        let top = ask.param("$top").and_then(|top| top.parse().ok()).unwrap_or(10_000);
        let newest_first =
            self.actions.iter().rev().map(|action| action.json(action.status(self.settle, now)));
        let value: Vec<Value> =
            newest_first.filter(|action| filter.matches(action)).take(top).collect();
        Answer::json(
            200,
            json!({ "@odata.context": format!("{CONTEXT}#MachineActions"), "value": value }),
        )
    }

    fn cancel(&mut self, id: &str, ask: &Ask, now: Timestamp) -> Answer {
        if let Err((code, message)) = comment(ask) {
            return self.error(400, code, message);
        }
        let settle = self.settle;
        let Some(action) = self.actions.iter_mut().find(|action| action.id == id) else {
            return self.action(id, now);
        };
        if !action.is_active(settle, now) {
            return self.error(400, "BadRequest", "The machine action is over.");
        }
        action.cancel(now);
        let machine = action.machine.clone();
        let answer = self.action(id, now);
        answer.effect("cancel_action", machine)
    }

    fn busy(&self, machine: &str, now: Timestamp) -> bool {
        self.actions
            .iter()
            .any(|action| action.machine == machine && action.is_active(self.settle, now))
    }

    fn draft(&self, kind: ActionKind, machine: &str, now: Timestamp) -> MachineAction {
        let serial = format!("machineaction/{}", self.actions.len());
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, serial.as_bytes()).to_string();
        let known = self.machines.get(machine);
        MachineAction::new(id, kind, machine, now)
            .on(known.map_or("", |known| &known.name), known.is_some_and(|known| known.online))
    }

    fn no_machine(&self, id: &str) -> Answer {
        self.error(404, "ResourceNotFound", &format!("Machine {id} was not found."))
    }
}

/// Says of which set an entity is.
fn entity(set: &str, mut entity: Value) -> Value {
    if let Some(fields) = entity.as_object_mut() {
        fields.insert("@odata.context".to_owned(), json!(format!("{CONTEXT}#{set}/$entity")));
    }
    entity
}

/// The body of an isolate or unisolate call. Its keys are case-sensitive.
#[derive(Debug)]
struct Order {
    comment: String,
    isolation_type: Option<String>,
    external_id: Option<String>,
}

impl Order {
    fn read(kind: ActionKind, ask: &Ask) -> Result<Self, (&'static str, &'static str)> {
        let comment = comment(ask)?;
        let body = ask.json().unwrap_or_default();
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let isolation_type = text("IsolationType");
        match (kind, isolation_type.as_deref()) {
            (ActionKind::Scan, _)
                if !matches!(text("ScanType").as_deref(), Some("Quick" | "Full")) =>
            {
                return Err(("MissingRequiredParameter", "Parameter ScanType is missing."));
            }
            (ActionKind::Quarantine, _) if text("Sha1").is_none_or(|it| it.len() != 40) => {
                return Err(("MissingRequiredParameter", "Parameter Sha1 is missing."));
            }
            (
                ActionKind::Unisolate
                | ActionKind::Scan
                | ActionKind::Collect
                | ActionKind::Quarantine,
                _,
            )
            | (_, Some("Full" | "Selective" | "UnManagedDevice")) => {}
            (_, None) => {
                return Err(("MissingRequiredParameter", "Parameter IsolationType is missing."));
            }
            _ => return Err(("InvalidRequestBody", "IsolationType is not one of its values.")),
        }
        // The reference names the field of the answer only, so both likely spellings are taken.
        let external_id = text("ExternalId").or_else(|| text("ExternalID"));
        Ok(Self { comment, isolation_type, external_id })
    }
}

fn comment(ask: &Ask) -> Result<String, (&'static str, &'static str)> {
    let Some(Value::Object(body)) = ask.json() else {
        return Err(("InvalidRequestBody", "The request body is not a JSON object."));
    };
    match body.get("Comment").and_then(Value::as_str) {
        None | Some("") => Err(("MissingRequiredParameter", "Parameter Comment is missing.")),
        Some(comment) if comment.len() > MAX_COMMENT => {
            Err(("InvalidRequestBody", "Comment is too long."))
        }
        Some(comment) => Ok(comment.to_owned()),
    }
}

#[cfg(test)]
mod tests;
