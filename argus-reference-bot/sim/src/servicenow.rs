//! ServiceNow's Table API: incidents, and the journal of what was noted on them.
//!
//! Source: ServiceNow REST API reference, "Table API". Values are strings, as ServiceNow gives
//! them. A condition of `sysparm_query` that ServiceNow cannot read is left out, so that a careless
//! caller sees every record: whoever probes has to look at what came back.

mod query;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answer::{Answer, Ask};
use query::Query;

/// The number before that of the first incident.
const FIRST_NUMBER: usize = 10_001;
/// Fields that a caller cannot write.
const SYSTEM_FIELDS: [&str; 6] =
    ["sys_id", "number", "sys_created_on", "sys_updated_on", "sys_mod_count", "opened_at"];
/// Fields that only take entries; they read back empty.
const JOURNAL_FIELDS: [&str; 2] = ["work_notes", "comments"];
/// State "Resolved", which wants to know how.
const RESOLVED: &str = "6";

type Record = Map<String, Value>;

/// The state of the simulated ServiceNow.
#[derive(Debug, Default)]
pub struct ServiceNow {
    incidents: BTreeMap<String, Record>,
    journal: Vec<Record>,
    created: usize,
}

/// The name of the operation that a request asks for, for fault scripts.
pub(crate) fn operation(ask: &Ask) -> Option<&'static str> {
    let (method, path) = ask.route();
    let path = match path.as_slice() {
        ["api", "now", version, rest @ ..] if *version != "table" => rest,
        ["api", "now", rest @ ..] => rest,
        _ => return None,
    };
    match (method, path) {
        ("POST", ["table", _]) => Some("create"),
        ("GET", ["table", _]) => Some("list"),
        ("GET", ["table", _, _]) => Some("get"),
        ("PATCH" | "PUT", ["table", _, _]) => Some("update"),
        ("DELETE", ["table", _, _]) => Some("delete"),
        _ => None,
    }
}

/// ServiceNow's error body.
pub(crate) fn error(status: u16, message: &str, detail: &str) -> Answer {
    Answer::json(
        status,
        json!({ "error": { "message": message, "detail": detail }, "status": "failure" }),
    )
}

impl ServiceNow {
    /// All incidents in order of their numbers.
    pub fn incidents(&self) -> Vec<Value> {
        let mut all: Vec<&Record> = self.incidents.values().collect();
        all.sort_by_key(|record| text(record, "number"));
        all.into_iter().cloned().map(Value::Object).collect()
    }

    /// Answers a request of a known user.
    pub(crate) fn answer(&mut self, ask: &Ask, now: Timestamp) -> Answer {
        let at = ask.path.iter().position(|part| part == "table").unwrap_or_default();
        let table = ask.path.get(at + 1).map_or("", String::as_str);
        let id = ask.path.get(at + 2).map_or("", String::as_str);
        match (operation(ask), table) {
            (Some("create"), "incident") => self.create(ask, now),
            (Some("list"), "incident") => list(self.incidents.values(), ask),
            (Some("list"), "sys_journal_field") => list(self.journal.iter(), ask),
            (Some(_), "incident") if !self.incidents.contains_key(id) => error(
                404,
                "No Record found",
                "Record doesn't exist or ACL restricts the record retrieval",
            ),
            (Some("get"), "incident") => self.shown(id, 200),
            (Some("update"), "incident") => self.update(id, ask, now),
            (Some("delete"), "incident") => {
                self.incidents.remove(id);
                Answer::empty(204).effect("delete", id)
            }
            _ => error(400, "Invalid table or method", table),
        }
    }

    fn create(&mut self, ask: &Ask, now: Timestamp) -> Answer {
        let Some(Value::Object(body)) = ask.json() else {
            return error(400, "Exception while reading request", "The payload is not valid JSON");
        };
        let id =
            Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("incident/{}", self.created).as_bytes())
                .simple()
                .to_string();
        let moment = display_time(now);
        let number = format!("INC{:07}", FIRST_NUMBER + self.created);
        self.created += 1;
        let mut record = Record::new();
        for (key, value) in [
            ("sys_id", id.as_str()),
            ("number", number.as_str()),
            ("state", "1"),
            ("impact", "3"),
            ("urgency", "3"),
            ("correlation_id", ""),
            ("correlation_display", ""),
            ("work_notes", ""),
            ("comments", ""),
            ("opened_at", moment.as_str()),
            ("sys_created_on", moment.as_str()),
            ("sys_updated_on", moment.as_str()),
            ("sys_mod_count", "0"),
        ] {
            record.insert(key.to_owned(), json!(value));
        }
        self.incidents.insert(id.clone(), record);
        let effects = self.write(&id, &body, now);
        let correlation = self
            .incidents
            .get(&id)
            .map(|record| text(record, "correlation_id"))
            .unwrap_or_default();
        let location = format!("http://{}/api/now/v1/table/incident/{id}", ask.host);
        let mut answer =
            self.shown(&id, 201).header("location", location).effect("create", correlation);
        answer.effects.extend(effects.effects);
        answer
    }

    fn update(&mut self, id: &str, ask: &Ask, now: Timestamp) -> Answer {
        let Some(Value::Object(body)) = ask.json() else {
            return error(400, "Exception while reading request", "The payload is not valid JSON");
        };
        let current = self.incidents.get(id).cloned().unwrap_or_default();
        let will_be = |field: &str| body.get(field).map_or_else(|| text(&current, field), plain);
        if will_be("state") == RESOLVED
            && (will_be("close_code").is_empty() || will_be("close_notes").is_empty())
        {
            let detail = "Data Policy Exception: The following fields are mandatory: \
                          Resolution code, Resolution notes";
            return error(403, "Operation Failed", detail);
        }
        let effects = self.write(id, &body, now).effects;
        if effects.is_empty() && !self.changed(id, &current) {
            return self.shown(id, 200);
        }
        if let Some(record) = self.incidents.get_mut(id) {
            let count: u64 = text(record, "sys_mod_count").parse().unwrap_or_default();
            record.insert("sys_mod_count".to_owned(), json!((count + 1).to_string()));
            record.insert("sys_updated_on".to_owned(), json!(display_time(now)));
        }
        let mut answer = self.shown(id, 200).effect("update", id);
        answer.effects.extend(effects);
        answer
    }

    /// Writes fields and journal entries; the answer carries the entries as effects.
    fn write(&mut self, id: &str, body: &Record, now: Timestamp) -> Answer {
        let mut notes = Answer::empty(200);
        for (field, value) in body {
            let value = plain(value);
            if JOURNAL_FIELDS.contains(&field.as_str()) {
                if !value.is_empty() {
                    self.note(id, field, &value, now);
                    notes = notes.effect("note", id);
                }
            } else if !SYSTEM_FIELDS.contains(&field.as_str())
                && let Some(record) = self.incidents.get_mut(id)
            {
                record.insert(field.clone(), json!(value));
            }
        }
        notes
    }

    fn note(&mut self, id: &str, field: &str, value: &str, now: Timestamp) {
        let serial = format!("journal/{}", self.journal.len());
        let entry = json!({
            "sys_id": Uuid::new_v5(&Uuid::NAMESPACE_OID, serial.as_bytes()).simple().to_string(),
            "name": "incident",
            "element": field,
            "element_id": id,
            "value": value,
            "sys_created_on": display_time(now),
        });
        if let Value::Object(entry) = entry {
            self.journal.push(entry);
        }
    }

    fn changed(&self, id: &str, before: &Record) -> bool {
        self.incidents.get(id).is_some_and(|record| record != before)
    }

    fn shown(&self, id: &str, status: u16) -> Answer {
        Answer::json(status, json!({ "result": self.incidents.get(id) }))
    }
}

fn list<'a>(records: impl Iterator<Item = &'a Record>, ask: &Ask) -> Answer {
    let number = |name: &str| ask.param(name).and_then(|value| value.parse::<usize>().ok());
    let query = Query::parse(ask.param("sysparm_query").unwrap_or_default());
    let found = query.select(records);
    let offset = number("sysparm_offset").unwrap_or(0);
    let limit = number("sysparm_limit").unwrap_or(10_000);
    let fields: Option<Vec<&str>> =
        ask.param("sysparm_fields").map(|fields| fields.split(',').collect());
    let page: Vec<Record> = found
        .iter()
        .skip(offset)
        .take(limit)
        .map(|record| match &fields {
            Some(fields) => (*record)
                .iter()
                .filter(|(key, _)| fields.contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            None => (*record).clone(),
        })
        .collect();
    let answer = Answer::json(200, json!({ "result": page }))
        .header("x-total-count", found.len().to_string());
    if offset + limit < found.len() {
        let path = ask.path.join("/");
        let next = format!(
            "<http://{}/{path}?sysparm_limit={limit}&sysparm_offset={}>;rel=\"next\"",
            ask.host,
            offset + limit
        );
        return answer.header("link", next);
    }
    answer
}

/// A field's text; absent is empty, as in ServiceNow.
fn text(record: &Record, field: &str) -> String {
    record.get(field).map(plain).unwrap_or_default()
}

/// The text of a value, whichever JSON type the caller chose.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// ServiceNow's form of a moment: UTC without saying so.
fn display_time(now: Timestamp) -> String {
    now.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests;
