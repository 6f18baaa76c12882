//! Jira Cloud's REST API, version 3.
//!
//! Source: Atlassian's REST documentation; facts/external-apis.md 2.7. There is no idempotency key: an
//! issue carries its incident as a label and the effect's key as a property, and is looked for before
//! any repeat. The search lags behind what was created.

use argus_soc::effect::{Outcome, Probe};
use argus_soc::playbook::ActionKind;
use argus_soc::policy::Permit;
use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::web::{Back, Budget, Credential, Far, Lost, words};
use crate::ports::connector::{Connector, Order, Preview};
use crate::ports::itsm::{Itsm, ItsmError, TicketView};
use crate::secrets::Held;
use crate::view::clip;

/// Longest summary: Jira takes 255 characters.
const SUMMARY: usize = 250;
/// Longest text; Jira takes 32,767 characters.
const TEXT: usize = 8_000;
/// How far the search lags behind, in milliseconds. Source: facts/external-apis.md 2.7.
const INDEX_LAG_MS: u64 = 30_000;

/// A Jira site and the project in which incidents become issues.
#[derive(Debug)]
pub struct Jira {
    name: String,
    project: String,
    issue_type: String,
    far: Far,
}

impl Jira {
    /// Jira at `url`, with the user's mail address and API token.
    ///
    /// # Errors
    ///
    /// Why the address cannot be used.
    pub fn new(
        name: &str,
        url: &str,
        project: &str,
        issue_type: Option<&str>,
        login: Option<(String, Held)>,
    ) -> Result<Self, String> {
        let plain = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_';
        if project.is_empty() || !project.bytes().all(plain) {
            return Err(format!(
                "{project:?} is no key of a project; write it as Jira shows it: SEC"
            ));
        }
        let credential = login.map_or(Credential::None, |(user, it)| Credential::Basic(user, it));
        Ok(Self {
            name: name.into(),
            project: project.into(),
            issue_type: issue_type.unwrap_or("Task").into(),
            far: Far::new(url, credential)?.paced(Budget::usual()),
        })
    }

    fn url(&self, more: &[&str]) -> url::Url {
        let mut segments = vec!["rest", "api", "3"];
        segments.extend(more);
        self.far.url(&segments)
    }

    async fn get(&self, more: &[&str], query: &[(&str, &str)]) -> Result<Value, String> {
        let mut url = self.url(more);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let back = self.far.call(Method::GET, url, None).await.map_err(Lost::why)?;
        match back.json {
            Some(json) if back.status == StatusCode::OK => Ok(json),
            _ => Err(format!("HTTP {}", back.status.as_u16())),
        }
    }

    /// The transition to a state, or a sentence with those that there are.
    async fn transition(
        &self,
        issue: &str,
        wanted: &str,
    ) -> Result<Result<String, String>, String> {
        let json = self.get(&["issue", issue, "transitions"], &[]).await?;
        let all = json.get("transitions").and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |it: &Value, pointer: &str| {
            it.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let fits = |it: &&Value| {
            [text(it, "/name"), text(it, "/to/name")]
                .iter()
                .any(|it| it.eq_ignore_ascii_case(wanted))
        };
        if let Some(found) = all.iter().find(fits) {
            return Ok(Ok(text(found, "/id")));
        }
        let names: Vec<String> = all.iter().map(|it| words(&text(it, "/name"))).collect();
        Ok(Err(format!("{issue} has no transition {wanted:?}; there are {}", names.join(", "))))
    }

    /// What is sent; a transition is looked up first and is not among these.
    fn request(&self, order: &Order) -> Result<(url::Url, Value), String> {
        match order.action {
            ActionKind::CreateTicket => Ok((self.url(&["issue"]), self.issue(order))),
            ActionKind::CommentTicket => {
                let text = order.text("text").ok_or("the step has no parameter `text`")?;
                let text = format!("{} {}", clip(text, TEXT), marker(&order.key));
                let url = self.url(&["issue", self.ticket(order)?, "comment"]);
                Ok((url, json!({"body": document(&text)})))
            }
            ActionKind::TransitionTicket => {
                order.text("state").ok_or("the step has no parameter `state`")?;
                let url = self.url(&["issue", self.ticket(order)?, "transitions"]);
                Ok((url, json!({"transition": {"name": order.text("state")}})))
            }
            other => Err(format!("Jira does no {other}")),
        }
    }

    fn issue(&self, order: &Order) -> Value {
        let about = &order.about;
        json!({
            "fields": {
                "project": {"key": self.project},
                "issuetype": {"name": self.issue_type},
                "summary": clip(&format!("[{}] {}", about.incident, about.title.replace('\n', " ")), SUMMARY),
                "description": document(&clip(&about.description, TEXT)),
                "labels": [label(&about.incident)],
            },
            "properties": [
                {"key": "argus", "value": {"incident": about.incident, "key": order.key}},
            ],
        })
    }

    fn ticket<'a>(&self, order: &'a Order) -> Result<&'a str, String> {
        let ticket = order.about.ticket.as_ref().filter(|it| it.system == self.name);
        let ticket = ticket.ok_or("the incident has no ticket in this system yet")?;
        let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
        let key = ticket.number.as_str();
        if key.bytes().all(plain) { Ok(key) } else { Err(format!("{key:?} is no key of an issue")) }
    }

    async fn probed(&self, order: &Order) -> Result<Probe, String> {
        match order.action {
            ActionKind::CreateTicket => {
                let jql = format!("labels = \"{}\"", label(&order.about.incident));
                let query = [("jql", jql.as_str()), ("fields", "summary"), ("maxResults", "5")];
                let json = self.get(&["search", "jql"], &query).await?;
                let issue = json.pointer("/issues/0");
                let text = |name: &str| {
                    issue.and_then(|it| it.get(name)).and_then(Value::as_str).map(str::to_owned)
                };
                Ok(match (text("id"), text("key")) {
                    (Some(remote), detail @ Some(_)) => Probe::Found { remote, detail },
                    _ => Probe::NotListed { lag_ms: INDEX_LAG_MS },
                })
            }
            ActionKind::CommentTicket => {
                let issue = self.ticket(order)?;
                let json = self.get(&["issue", issue, "comment"], &[("maxResults", "100")]).await?;
                let all =
                    json.get("comments").and_then(Value::as_array).cloned().unwrap_or_default();
                let ours = all.iter().find(|it| it.to_string().contains(&marker(&order.key)));
                Ok(match ours.and_then(|it| it.get("id")).and_then(Value::as_str) {
                    Some(id) => Probe::Found { remote: id.to_owned(), detail: None },
                    None => Probe::NotFound,
                })
            }
            _ => {
                let issue = self.ticket(order)?;
                let json = self.get(&["issue", issue], &[("fields", "status")]).await?;
                let state = json.pointer("/fields/status/name").and_then(Value::as_str);
                let there =
                    state.zip(order.text("state")).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
                let found = || Probe::Found { remote: issue.to_owned(), detail: None };
                Ok(if there { found() } else { Probe::NotFound })
            }
        }
    }
}

#[async_trait]
impl Connector for Jira {
    fn name(&self) -> &str {
        &self.name
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[ActionKind::CreateTicket, ActionKind::CommentTicket, ActionKind::TransitionTicket]
    }

    fn preview(&self, order: &Order) -> Result<Preview, String> {
        let (url, body) = self.request(order)?;
        Ok(Preview { method: "POST".into(), url: url.into(), body: Some(body) })
    }

    async fn send(&self, _permit: Permit, order: &Order) -> Outcome {
        let (url, mut body) = match self.request(order) {
            Ok(request) => request,
            Err(why) => return Outcome::Failed { why },
        };
        if order.action == ActionKind::TransitionTicket {
            let issue = self.ticket(order).unwrap_or_default();
            let wanted = order.text("state").unwrap_or_default();
            match self.transition(issue, wanted).await {
                Ok(Ok(id)) => body = json!({"transition": {"id": id}}),
                Ok(Err(why)) => return Outcome::Failed { why },
                Err(why) => {
                    return Outcome::NotYet { why: format!("Jira: {why}"), retry_after_ms: 2_000 };
                }
            }
        }
        match self.far.call(Method::POST, url, Some(&body)).await {
            Ok(back) if back.status == StatusCode::CREATED => accepted(&back),
            Ok(back) if back.status == StatusCode::NO_CONTENT => {
                let remote = self.ticket(order).unwrap_or_default().to_owned();
                Outcome::Accepted { remote, detail: None }
            }
            Ok(back) if back.status.is_success() => {
                Outcome::Unsettled { why: "Jira answered something else".into() }
            }
            Ok(back) => refused(&back),
            Err(lost) => lost.into(),
        }
    }

    async fn probe(&self, order: &Order) -> Probe {
        let unknown = |why| Probe::Unknown { why: format!("Jira: {why}") };
        self.probed(order).await.unwrap_or_else(unknown)
    }

    async fn ping(&self) -> Result<(), String> {
        self.get(&["myself"], &[]).await.map(|_| ())
    }
}

#[async_trait]
impl Itsm for Jira {
    fn system(&self) -> &str {
        &self.name
    }

    async fn find(&self, number: &str) -> Result<Option<TicketView>, ItsmError> {
        let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
        if !number.bytes().all(plain) {
            return Ok(None);
        }
        let url = self.url(&["issue", number]);
        let wrong = |why: String| ItsmError { system: self.name.clone(), why };
        let back = self.far.call(Method::GET, url, None).await.map_err(|it| wrong(it.why()))?;
        match back.status {
            StatusCode::NOT_FOUND => return Ok(None),
            StatusCode::OK => {}
            status => return Err(wrong(format!("HTTP {}", status.as_u16()))),
        }
        let text = |pointer: &str| back.text(pointer).unwrap_or_default().to_owned();
        Ok(Some(TicketView {
            number: text("/key"),
            remote_id: text("/id"),
            state: text("/fields/status/name"),
            summary: text("/fields/summary"),
            assigned_to: Some(text("/fields/assignee/displayName")).filter(|it| !it.is_empty()),
            url: Some(self.far.url(&["browse", number]).into()),
        }))
    }
}

fn accepted(back: &Back) -> Outcome {
    match back.text("/id") {
        Some(id) => {
            Outcome::Accepted { remote: id.into(), detail: back.text("/key").map(str::to_owned) }
        }
        None => Outcome::Unsettled { why: "Jira answered without an id".into() },
    }
}

/// What Jira says is wrong: its messages name the field.
fn refused(back: &Back) -> Outcome {
    let said = back.text("/errorMessages/0").map(str::to_owned).or_else(|| {
        let errors = back.json.as_ref()?.get("errors")?.as_object()?;
        let (field, why) = errors.iter().next()?;
        Some(format!("{field}: {}", why.as_str().unwrap_or_default()))
    });
    match (back.refusal("Jira"), said) {
        (Outcome::Failed { why }, Some(said)) => {
            Outcome::Failed { why: format!("{why}: {}", words(&said)) }
        }
        (outcome, _) => outcome,
    }
}

/// The label by which an incident's issue is found: letters, digits and `-` only.
fn label(incident: &str) -> String {
    let plain = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' };
    format!("argus-{}", incident.chars().map(plain).collect::<String>())
}

fn marker(key: &str) -> String {
    format!("[argus:{}]", key.get(..8).unwrap_or(key))
}

/// Text as Atlassian's document format: nothing in it is markup.
fn document(text: &str) -> Value {
    let paragraph = |line: &str| {
        let content =
            if line.is_empty() { json!([]) } else { json!([{"type": "text", "text": line}]) };
        json!({"type": "paragraph", "content": content})
    };
    let content: Vec<Value> = text.lines().map(paragraph).collect();
    json!({"type": "doc", "version": 1, "content": content})
}
