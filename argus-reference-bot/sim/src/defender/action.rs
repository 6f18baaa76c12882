//! One order to one machine, and how far it has got.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Order;

/// What a machine is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// Cut it off from the network.
    Isolate,
    /// Let it back on.
    Unisolate,
    /// Look for malware.
    Scan,
    /// Collect evidence.
    Collect,
    /// Lock a file away.
    Quarantine,
}

impl ActionKind {
    /// The name of the operation, for effect counters.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Isolate => "isolate",
            Self::Unisolate => "unisolate",
            Self::Scan => "scan",
            Self::Collect => "collect",
            Self::Quarantine => "quarantine",
        }
    }

    fn wire(self) -> &'static str {
        match self {
            Self::Isolate => "Isolate",
            Self::Unisolate => "Unisolate",
            Self::Scan => "RunAntiVirusScan",
            Self::Collect => "CollectInvestigationPackage",
            Self::Quarantine => "StopAndQuarantineFile",
        }
    }
}

/// An action; its status is a function of time, so nothing has to tick.
#[derive(Clone, Debug)]
pub(crate) struct MachineAction {
    pub(crate) id: String,
    pub(crate) kind: ActionKind,
    pub(crate) machine: String,
    name: String,
    comment: String,
    isolation_type: Option<String>,
    external_id: Option<String>,
    requestor: String,
    source: &'static str,
    created: Timestamp,
    /// When the machine heard of it; an offline machine has not.
    heard: Option<Timestamp>,
    cancelled: Option<Timestamp>,
}

impl MachineAction {
    pub(crate) fn new(id: String, kind: ActionKind, machine: &str, created: Timestamp) -> Self {
        Self {
            id,
            kind,
            machine: machine.to_owned(),
            name: String::new(),
            comment: String::new(),
            isolation_type: None,
            external_id: None,
            requestor: "Argus".to_owned(),
            source: "PublicApi",
            created,
            heard: None,
            cancelled: None,
        }
    }

    pub(crate) fn on(mut self, name: &str, online: bool) -> Self {
        name.clone_into(&mut self.name);
        self.heard = online.then_some(self.created);
        self
    }

    pub(crate) fn by(mut self, requestor: &str, source: &'static str) -> Self {
        requestor.clone_into(&mut self.requestor);
        self.source = source;
        self
    }

    pub(super) fn ordered(mut self, order: Order) -> Self {
        self.comment = order.comment;
        self.isolation_type = order.isolation_type;
        self.external_id = order.external_id;
        self
    }

    pub(crate) fn machine_came_online(&mut self, now: Timestamp) {
        self.heard.get_or_insert(now);
    }

    pub(crate) fn cancel(&mut self, now: Timestamp) {
        self.cancelled = Some(now);
    }

    pub(crate) fn is_active(&self, settle: Duration, now: Timestamp) -> bool {
        matches!(self.status(settle, now), "Pending" | "InProgress")
    }

    /// A third of the time to settle an action waits, then the machine works on it.
    pub(crate) fn status(&self, settle: Duration, now: Timestamp) -> &'static str {
        if self.cancelled.is_some() {
            return "Cancelled";
        }
        let Some(heard) = self.heard else {
            return "Pending";
        };
        let elapsed = now.duration_since(heard).unsigned_abs();
        match elapsed {
            elapsed if elapsed >= settle => "Succeeded",
            elapsed if elapsed * 3 >= settle => "InProgress",
            _ => "Pending",
        }
    }

    pub(crate) fn json(&self, status: &str) -> Value {
        let updated = self.cancelled.or(self.heard).unwrap_or(self.created);
        json!({
            "id": self.id,
            "type": self.kind.wire(),
            "title": null,
            "requestor": self.requestor,
            "requestorComment": self.comment,
            "status": status,
            "machineId": self.machine,
            "computerDnsName": self.name,
            "creationDateTimeUtc": self.created.to_string(),
            "lastUpdateDateTimeUtc": updated.to_string(),
            "cancellationRequestor": null,
            "cancellationComment": null,
            "externalID": self.external_id,
            "requestSource": self.source,
            "scope": self.isolation_type,
            "relatedFileInfo": null,
            "errorHResult": 0,
        })
    }
}
