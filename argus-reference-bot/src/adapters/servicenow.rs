//! ServiceNow's Table API.
//!
//! Source: ServiceNow's REST documentation; facts/external-apis.md 2.6. There is no idempotency
//! key: the incident's key is the `correlation_id`, and it is looked for before any repeat.

use argus_soc::effect::{Outcome, Probe};
use argus_soc::event::Severity;
use argus_soc::playbook::ActionKind;
use argus_soc::policy::Permit;
use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::web::{Back, Budget, Credential, Far};
use crate::ports::connector::{Connector, Order, Preview};
use crate::ports::itsm::{Itsm, ItsmError, TicketView};
use crate::secrets::Held;
use crate::view::clip;

/// Longest summary of a ticket in characters: `short_description` has 160.
const SUMMARY: usize = 155;
/// Longest description of a ticket in characters: `description` has 4,000.
const DESCRIPTION: usize = 3_800;
const FIELDS: &str = "sys_id,number,state,short_description,assigned_to,correlation_id";

/// ServiceNow behind its REST API.
#[derive(Debug)]
pub struct ServiceNow {
    name: String,
    far: Far,
}

impl ServiceNow {
    /// ServiceNow at `url`, with user and password.
    ///
    /// # Errors
    ///
    /// Why the address cannot be used.
    pub fn new(name: &str, url: &str, login: Option<(String, Held)>) -> Result<Self, String> {
        let credential = login.map_or(Credential::None, |(user, it)| Credential::Basic(user, it));
        Ok(Self { name: name.into(), far: Far::new(url, credential)?.paced(Budget::usual()) })
    }

    /// The rows that match, or why nobody knows.
    async fn rows(&self, field: &str, value: &str) -> Result<Vec<Value>, String> {
        // `^` would begin another condition; ids of ours and of ServiceNow have none.
        if !value.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_') {
            return Ok(Vec::new());
        }
        let mut url = self.table(&[]);
        url.query_pairs_mut()
            .append_pair("sysparm_query", &format!("{field}={value}"))
            .append_pair("sysparm_fields", FIELDS)
            .append_pair("sysparm_limit", "5");
        let back = self.far.call(Method::GET, url, None).await.map_err(super::web::Lost::why)?;
        if back.status != StatusCode::OK || !back.is_json {
            return Err(format!("HTTP {}{}", back.status.as_u16(), asleep(&back)));
        }
        let rows = back.json.as_ref().and_then(|it| it.get("result")).and_then(Value::as_array);
        rows.cloned().ok_or_else(|| "it answered something else".into())
    }

    fn table(&self, more: &[&str]) -> url::Url {
        let mut segments = vec!["api", "now", "v1", "table", "incident"];
        segments.extend(more);
        self.far.url(&segments)
    }
}

/// What ServiceNow is asked to make.
fn ticket(order: &Order) -> Value {
    let about = &order.about;
    let urgency = match about.severity {
        Severity::Critical | Severity::High => "1",
        Severity::Medium | Severity::Unknown => "2",
        Severity::Low | Severity::Informational => "3",
    };
    let summary = format!("[{}] {}", about.incident, about.title);
    json!({
        "short_description": clip(&summary, SUMMARY),
        "description": format!("{}\n\n[argus:{}]", clip(&about.description, DESCRIPTION), order.key),
        "urgency": urgency,
        "impact": urgency,
        "correlation_id": about.incident,
        "correlation_display": "Argus",
    })
}

impl ServiceNow {
    /// What is sent.
    fn request(&self, order: &Order) -> Result<(Method, url::Url, Value), String> {
        match order.action {
            ActionKind::CreateTicket => Ok((Method::POST, self.table(&[]), ticket(order))),
            ActionKind::CommentTicket => {
                let text = order.text("text").ok_or("the step has no parameter `text`")?;
                let text = format!("{} {}", clip(text, DESCRIPTION), marker(&order.key));
                let url = self.table(&[self.ticket_of(order)?]);
                Ok((Method::PATCH, url, json!({"work_notes": text})))
            }
            ActionKind::TransitionTicket => {
                let url = self.table(&[self.ticket_of(order)?]);
                let number = state_number(order)?;
                let mut body = json!({"state": number});
                // Resolving and closing want to know how.
                if let (true, Some(body)) = (matches!(number, "6" | "7"), body.as_object_mut()) {
                    let code = order.text("close_code").unwrap_or("Solution provided");
                    let notes = order.text("close_notes").unwrap_or("Resolved through Argus");
                    body.insert("close_code".into(), code.into());
                    body.insert("close_notes".into(), notes.into());
                }
                Ok((Method::PATCH, url, body))
            }
            other => Err(format!("ServiceNow does no {other}")),
        }
    }

    fn ticket_of<'a>(&self, order: &'a Order) -> Result<&'a str, String> {
        let ticket = order.about.ticket.as_ref().filter(|it| it.system == self.name);
        let ticket = ticket.ok_or("the incident has no ticket in this system yet")?;
        let id = ticket.remote_id.as_str();
        let plain = |it: u8| it.is_ascii_alphanumeric();
        if !id.is_empty() && id.bytes().all(plain) {
            return Ok(id);
        }
        Err(format!("{id:?} is no id of a ticket"))
    }

    async fn note(&self, order: &Order) -> Result<Probe, String> {
        let id = self.ticket_of(order)?;
        let mut url = self.far.url(&["api", "now", "v1", "table", "sys_journal_field"]);
        let query = format!("element_id={id}^valueLIKE{}", short(&order.key));
        url.query_pairs_mut()
            .append_pair("sysparm_query", &query)
            .append_pair("sysparm_limit", "50");
        let back = self.far.call(Method::GET, url, None).await.map_err(super::web::Lost::why)?;
        if back.status != StatusCode::OK || !back.is_json {
            return Err(format!("HTTP {}{}", back.status.as_u16(), asleep(&back)));
        }
        // ServiceNow leaves out conditions that it cannot read, so each row is looked at.
        let rows = back.json.as_ref().and_then(|it| it.get("result")?.as_array());
        let ours = |row: &&Value| {
            field(row, "element_id") == id && field(row, "value").contains(&marker(&order.key))
        };
        Ok(match rows.and_then(|rows| rows.iter().find(ours)) {
            Some(_) => Probe::Found { remote: id.into(), detail: None },
            None => Probe::NotFound,
        })
    }

    async fn state(&self, order: &Order) -> Result<Probe, String> {
        let id = self.ticket_of(order)?;
        let back = self.far.call(Method::GET, self.table(&[id]), None).await;
        let back = back.map_err(super::web::Lost::why)?;
        if back.status != StatusCode::OK || !back.is_json {
            return Err(format!("HTTP {}{}", back.status.as_u16(), asleep(&back)));
        }
        let row = back.json.as_ref().and_then(|it| it.get("result"));
        let there = row.map(|row| field(row, "state")).as_deref() == Some(state_number(order)?);
        let found = || Probe::Found { remote: id.into(), detail: None };
        Ok(if there { found() } else { Probe::NotFound })
    }
}

#[async_trait]
impl Connector for ServiceNow {
    fn name(&self) -> &str {
        &self.name
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[ActionKind::CreateTicket, ActionKind::CommentTicket, ActionKind::TransitionTicket]
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
        match self.far.call(method, url, Some(&body)).await {
            Ok(back) if back.status == StatusCode::CREATED && back.is_json => {
                match (back.text("/result/sys_id"), back.text("/result/number")) {
                    (Some(id), Some(number)) => {
                        Outcome::Accepted { remote: id.into(), detail: Some(number.into()) }
                    }
                    _ => Outcome::Unsettled { why: "ServiceNow answered without a number".into() },
                }
            }
            Ok(back)
                if order.action != ActionKind::CreateTicket
                    && back.status.is_success()
                    && back.is_json =>
            {
                let remote = self.ticket_of(order).unwrap_or_default().to_owned();
                Outcome::Accepted { remote, detail: None }
            }
            // A sleeping instance answers 200 with a page: that is not "created".
            Ok(back) if back.status.is_success() => Outcome::Unsettled {
                why: format!("ServiceNow answered something else{}", asleep(&back)),
            },
            Ok(back) => back.refusal("ServiceNow"),
            Err(lost) => lost.into(),
        }
    }

    async fn probe(&self, order: &Order) -> Probe {
        let unknown = |why| Probe::Unknown { why: format!("ServiceNow: {why}") };
        match order.action {
            ActionKind::CommentTicket => return self.note(order).await.unwrap_or_else(unknown),
            ActionKind::TransitionTicket => return self.state(order).await.unwrap_or_else(unknown),
            _ => {}
        }
        match self.rows("correlation_id", &order.about.incident).await {
            Ok(rows) => match rows.first() {
                Some(row) => Probe::Found {
                    remote: field(row, "sys_id"),
                    detail: Some(field(row, "number")),
                },
                None => Probe::NotFound,
            },
            Err(why) => unknown(why),
        }
    }

    fn link(&self, remote_id: &str) -> Option<String> {
        let mut url = self.far.url(&["nav_to.do"]);
        url.query_pairs_mut().append_pair("uri", &format!("incident.do?sys_id={remote_id}"));
        Some(url.into())
    }

    async fn ping(&self) -> Result<(), String> {
        self.rows("number", "INC0000000").await.map(|_| ())
    }
}

#[async_trait]
impl Itsm for ServiceNow {
    fn system(&self) -> &str {
        &self.name
    }

    async fn find(&self, number: &str) -> Result<Option<TicketView>, ItsmError> {
        let rows = self
            .rows("number", number)
            .await
            .map_err(|why| ItsmError { system: self.name.clone(), why })?;
        Ok(rows.first().map(|row| {
            let remote_id = field(row, "sys_id");
            TicketView {
                number: field(row, "number"),
                state: state(&field(row, "state")).into(),
                summary: field(row, "short_description"),
                assigned_to: Some(field(row, "assigned_to")).filter(|it| !it.is_empty()),
                url: self.link(&remote_id),
                remote_id,
            }
        }))
    }
}

fn asleep(back: &Back) -> &'static str {
    if back.is_json { "" } else { " (a page instead of data; is the instance asleep?)" }
}

/// A field, also in the form with a display value.
fn field(row: &Value, name: &str) -> String {
    let value = row.get(name);
    let shown = value.and_then(|it| it.get("display_value").or(Some(it)));
    shown.and_then(Value::as_str).unwrap_or_default().into()
}

fn short(key: &str) -> &str {
    key.get(..8).unwrap_or(key)
}

fn marker(key: &str) -> String {
    format!("[argus:{}]", short(key))
}

/// The number of the state that a step names.
fn state_number(order: &Order) -> Result<&'static str, String> {
    const STATES: [&str; 6] = ["1", "2", "3", "6", "7", "8"];
    let wanted = order.text("state").ok_or("the step has no parameter `state`")?;
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], " ");
    let found = STATES.into_iter().find(|it| *it == wanted || plain(state(it)) == plain(wanted));
    found.ok_or_else(|| {
        let names: Vec<&str> = STATES.iter().map(|it| state(it)).collect();
        format!("{wanted:?} is no state of a ticket; there are {}", names.join(", "))
    })
}

/// ServiceNow's numbers for the states of an incident.
fn state(number: &str) -> &str {
    match number {
        "1" => "New",
        "2" => "In progress",
        "3" => "On hold",
        "6" => "Resolved",
        "7" => "Closed",
        "8" => "Cancelled",
        other => other,
    }
}
