//! ServiceNow's Table API.
//!
//! Source: ServiceNow's REST documentation; facts/external-apis.md 2.6. There is no idempotency
//! key: the incident's key is the `correlation_id`, and it is looked for before any repeat.

use argus_soc::effect::{Outcome, Probe};
use argus_soc::policy::Permit;
use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::web::{Back, Credential, Far};
use crate::ports::itsm::{Itsm, ItsmError, TicketOrder, TicketView};

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
    pub fn new(
        name: &str,
        url: &str,
        login: Option<(String, argus_bot_sdk::auth::Secret)>,
    ) -> Result<Self, String> {
        let credential = login.map_or(Credential::None, |(user, it)| Credential::Basic(user, it));
        Ok(Self { name: name.into(), far: Far::new(url, credential)? })
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

#[async_trait]
impl Itsm for ServiceNow {
    fn name(&self) -> &str {
        &self.name
    }

    async fn create(&self, _permit: Permit, order: &TicketOrder) -> Outcome {
        let body = json!({
            "short_description": order.summary,
            "description": format!("{}\n\n[argus:{}]", order.description, order.key),
            "urgency": order.urgency.to_string(),
            "impact": order.urgency.to_string(),
            "correlation_id": order.correlation,
            "correlation_display": "Argus",
        });
        match self.far.call(Method::POST, self.table(&[]), Some(&body)).await {
            Ok(back) if back.status == StatusCode::CREATED && back.is_json => {
                match (back.text("/result/sys_id"), back.text("/result/number")) {
                    (Some(id), Some(number)) => {
                        Outcome::Accepted { remote: id.into(), detail: Some(number.into()) }
                    }
                    _ => Outcome::Unsettled { why: "ServiceNow answered without a number".into() },
                }
            }
            // A sleeping instance answers 200 with a page: that is not "created".
            Ok(back) if back.status.is_success() => Outcome::Unsettled {
                why: format!("ServiceNow answered something else{}", asleep(&back)),
            },
            Ok(back) => back.refusal("ServiceNow"),
            Err(lost) => lost.into(),
        }
    }

    async fn probe(&self, correlation: &str) -> Probe {
        match self.rows("correlation_id", correlation).await {
            Ok(rows) => match rows.first() {
                Some(row) => Probe::Found {
                    remote: field(row, "sys_id"),
                    detail: Some(field(row, "number")),
                },
                None => Probe::NotFound,
            },
            Err(why) => Probe::Unknown { why: format!("ServiceNow: {why}") },
        }
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

    fn link(&self, remote_id: &str) -> Option<String> {
        let mut url = self.far.url(&["nav_to.do"]);
        url.query_pairs_mut().append_pair("uri", &format!("incident.do?sys_id={remote_id}"));
        Some(url.into())
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
