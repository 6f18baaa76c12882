//! Batches: one message to many.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::testing::teams::rest::{Answer, error, object, post};
use crate::testing::teams::world::{self, Kind};
use crate::testing::teams::{Core, put};
use crate::testing::wire::{FakeRequest, FakeResponse};

/// How many failed entries are told at once.
const PAGE: usize = 100;

#[derive(Debug, Default)]
pub(super) struct Batches {
    pub(super) is_held: bool,
    all: BTreeMap<String, Batch>,
}

#[derive(Clone, Debug)]
struct Batch {
    activity: Value,
    entries: Vec<String>,
    state: &'static str,
    sent: u64,
    failed: Vec<(String, u16, String)>,
}

pub(super) fn start(core: &Core, request: &FakeRequest, kind: &str) -> Answer {
    let body = object(core, request)?;
    let bad = || error(400, "BadArgument", "The batch is not complete.");
    let activity = body.get("activity").filter(|it| it.is_object()).ok_or_else(bad)?;
    let tenant = body.get("tenantId").and_then(Value::as_str).ok_or_else(bad)?;
    let named = || -> Option<Vec<String>> {
        let members = body.get("members")?.as_array()?;
        members.iter().map(|it| it.get("id")?.as_str().map(str::to_owned)).collect()
    };
    let entries = match kind {
        "users" | "channels" => named().ok_or_else(bad)?,
        "tenant" => people(core, |_, of| of == tenant),
        "team" => {
            let team = body.get("teamId").and_then(Value::as_str).ok_or_else(bad)?.to_owned();
            people(core, |room, _| room == team)
        }
        _ => return Err(error(404, "NotFound", "There is no such batch.")),
    };
    let id = Uuid::new_v4().to_string();
    let batch = Batch {
        activity: activity.clone(),
        entries,
        state: "Ongoing",
        sent: 0,
        failed: Vec::new(),
    };
    let is_held = {
        let batches = &mut core.state().more.batches;
        batches.all.insert(id.clone(), batch);
        batches.is_held
    };
    core.faults.record("teams", "batch", kind);
    if !is_held {
        run(core, &id);
    }
    Ok(FakeResponse::json(201, &json!({"operationId": id})))
}

/// The `29:` ids of everybody in the rooms that are meant, each once.
fn people(core: &Core, is_meant: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let world = &mut core.state().world;
    let mut all = Vec::new();
    for id in world.ids() {
        let Some(room) = world.room(&id) else { continue };
        let meant = room.shown.members.iter().filter(|it| is_meant(&id, &it.tenant_id));
        all.extend(meant.map(|person| person.id.clone()));
    }
    all.sort();
    all.dedup();
    all
}

fn run(core: &Core, id: &str) {
    let batch = core.state().more.batches.all.get(id).cloned();
    let Some(mut batch) = batch.filter(|batch| batch.state == "Ongoing") else { return };
    for entry in &batch.entries {
        match deliver(core, entry, &batch.activity) {
            Ok(()) => batch.sent += 1,
            Err(why) => batch.failed.push((entry.clone(), 404, why)),
        }
    }
    batch.state = "Completed";
    core.state().more.batches.all.insert(id.to_owned(), batch);
}

fn deliver(core: &Core, entry: &str, activity: &Value) -> Result<(), String> {
    let room = if entry.starts_with("19:") {
        entry.to_owned()
    } else {
        let person = core.state().world.person(entry).ok_or("MemberNotFound")?;
        let chat = world::personal_id(&core.bot_id(), &person.id);
        let (members, tenant) = (vec![person.clone()], person.tenant_id);
        core.state().world.open(&chat, Kind::Personal, &tenant, None, members);
        chat
    };
    post(core, &room, None, activity, "batch").map(drop).map_err(|_| "NotDelivered".to_owned())
}

pub(super) fn release(core: &Core) {
    let waiting: Vec<String> = {
        let batches = &mut core.state().more.batches;
        batches.is_held = false;
        batches.all.keys().cloned().collect()
    };
    for id in &waiting {
        run(core, id);
    }
}

fn found(core: &Core, id: &str) -> Result<Batch, FakeResponse> {
    let batch = core.state().more.batches.all.get(id).cloned();
    batch.ok_or_else(|| error(404, "OperationNotFound", "There is no such operation."))
}

pub(super) fn state(core: &Core, id: &str) -> Answer {
    let batch = found(core, id)?;
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    if batch.sent > 0 {
        statuses.insert("201".to_owned(), batch.sent);
    }
    for (_, status, _) in &batch.failed {
        *statuses.entry(status.to_string()).or_default() += 1;
    }
    let total = batch.entries.len();
    let answer = json!({"state": batch.state, "statusMap": statuses, "totalEntriesCount": total});
    Ok(FakeResponse::json(200, &answer))
}

pub(super) fn failed(core: &Core, request: &FakeRequest, id: &str) -> Answer {
    let batch = found(core, id)?;
    let start = request.query("continuationToken").and_then(|it| it.parse().ok()).unwrap_or(0);
    let page: Vec<Value> = batch
        .failed
        .iter()
        .skip(start)
        .take(PAGE)
        .map(|(entry, _, error)| json!({"id": entry, "error": error}))
        .collect();
    let mut answer = json!({"failedEntryResponses": page});
    if start + PAGE < batch.failed.len() {
        put(&mut answer, "continuationToken", json!((start + PAGE).to_string()));
    }
    Ok(FakeResponse::json(200, &answer))
}

pub(super) fn cancel(core: &Core, id: &str) -> Answer {
    found(core, id)?;
    if let Some(batch) = core.state().more.batches.all.get_mut(id)
        && batch.state == "Ongoing"
    {
        batch.state = "Canceled";
    }
    core.faults.record("teams", "batch", id);
    Ok(FakeResponse::status(200))
}
