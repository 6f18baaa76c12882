//! Jira Cloud: issues, comments, transitions, and a search that lags behind.
//!
//! Source: Atlassian's REST documentation, version 3.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::{Answer, Ask};

/// Which transition leads where, from anywhere.
const TRANSITIONS: [(&str, &str, &str); 3] = [
    ("11", "Back to the list", "To Do"),
    ("21", "Start work", "In Progress"),
    ("31", "Resolve", "Done"),
];

/// The state of the simulated Jira.
#[derive(Debug, Default)]
pub struct Jira {
    issues: Vec<Issue>,
    lag: Duration,
}

#[derive(Debug)]
struct Issue {
    key: String,
    fields: Value,
    status: String,
    comments: Vec<Value>,
    created: Timestamp,
}

/// The name of the operation that a request asks for, for fault scripts.
pub(crate) fn operation(ask: &Ask) -> Option<&'static str> {
    let (method, path) = ask.route();
    let ["rest", "api", "3", rest @ ..] = path.as_slice() else { return None };
    match (method, rest) {
        ("GET", ["myself"]) => Some("myself"),
        ("POST", ["issue"]) => Some("create"),
        ("GET", ["issue", _]) => Some("get"),
        ("GET", ["issue", _, "comment"]) => Some("list_comments"),
        ("POST", ["issue", _, "comment"]) => Some("comment"),
        ("GET", ["issue", _, "transitions"]) => Some("list_transitions"),
        ("POST", ["issue", _, "transitions"]) => Some("transition"),
        ("GET", ["search", "jql"]) => Some("search"),
        _ => None,
    }
}

/// Jira's error body.
pub(crate) fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, json!({ "errorMessages": [message], "errors": {} }))
}

impl Jira {
    /// From now on the search finds an issue only after this time.
    pub fn lag(&mut self, lag: Duration) {
        self.lag = lag;
    }

    /// Each issue with its status.
    pub fn issues(&self) -> Vec<(String, String)> {
        self.issues.iter().map(|it| (it.key.clone(), it.status.clone())).collect()
    }

    /// Answers a request of a known user.
    pub(crate) fn answer(&mut self, ask: &Ask, now: Timestamp) -> Answer {
        let body = ask.json().unwrap_or_default();
        match operation(ask) {
            Some("myself") => return Answer::json(200, json!({ "displayName": "Argus" })),
            Some("create") => return self.create(&body, now),
            Some("search") => return self.search(ask.param("jql").unwrap_or_default(), now),
            _ => {}
        }
        let key = ask.path.get(4).map_or("", String::as_str);
        let found = self.issues.iter_mut().find(|it| it.key == key || it.id() == key);
        let Some(issue) = found else {
            return error(404, "Issue does not exist or you do not have permission to see it.");
        };
        match operation(ask) {
            Some("comment") => {
                let id = format!("{}{}", issue.id(), issue.comments.len());
                let comment = json!({ "id": id, "body": body.get("body") });
                issue.comments.push(comment.clone());
                Answer::json(201, comment).effect("comment", issue.key.clone())
            }
            Some("list_comments") => Answer::json(200, json!({ "comments": issue.comments })),
            Some("list_transitions") => {
                let all = TRANSITIONS
                    .map(|(id, name, to)| json!({ "id": id, "name": name, "to": { "name": to } }));
                Answer::json(200, json!({ "transitions": all }))
            }
            Some("transition") => {
                let id = body.pointer("/transition/id").and_then(Value::as_str);
                match TRANSITIONS.iter().find(|it| Some(it.0) == id) {
                    Some((_, _, to)) => {
                        (*to).clone_into(&mut issue.status);
                        Answer::empty(204).effect("transition", issue.key.clone())
                    }
                    None => error(
                        400,
                        "It seems that you have tried to perform an illegal workflow operation.",
                    ),
                }
            }
            _ => Answer::json(200, issue.json()),
        }
    }

    fn create(&mut self, body: &Value, now: Timestamp) -> Answer {
        let fields = body.get("fields").cloned().unwrap_or_default();
        let Some(project) = fields.pointer("/project/key").and_then(Value::as_str) else {
            let errors = json!({ "project": "Specify a valid project ID or key" });
            return Answer::json(400, json!({ "errorMessages": [], "errors": errors }));
        };
        let summary = fields.get("summary").and_then(Value::as_str).unwrap_or_default();
        if summary.is_empty() || summary.contains('\n') || summary.len() > 255 {
            let errors = json!({ "summary": "The summary is invalid." });
            return Answer::json(400, json!({ "errorMessages": [], "errors": errors }));
        }
        let issue = Issue {
            key: format!("{project}-{}", self.issues.len() + 1),
            fields: fields.clone(),
            status: "To Do".to_owned(),
            comments: Vec::new(),
            created: now,
        };
        let made = json!({ "id": issue.id(), "key": issue.key, "self": "" });
        let label =
            fields.pointer("/labels/0").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.issues.push(issue);
        Answer::json(201, made).effect("create", label)
    }

    fn search(&self, jql: &str, now: Timestamp) -> Answer {
        let label = jql.strip_prefix("labels = \"").and_then(|it| it.strip_suffix('"'));
        let Some(label) = label.filter(|it| !it.contains('"')) else {
            return error(400, "Error in the JQL Query.");
        };
        let listed = |it: &&Issue| {
            let age = Duration::try_from(now.duration_since(it.created)).unwrap_or_default();
            age >= self.lag && it.labels().contains(&json!(label))
        };
        let issues: Vec<Value> = self.issues.iter().filter(listed).map(Issue::json).collect();
        Answer::json(200, json!({ "issues": issues, "isLast": true }))
    }
}

impl Issue {
    fn labels(&self) -> &[Value] {
        let labels = self.fields.get("labels").and_then(Value::as_array);
        labels.map_or(&[], Vec::as_slice)
    }

    fn id(&self) -> String {
        let number = self.key.rsplit('-').next().unwrap_or_default();
        format!("1000{number}")
    }

    fn json(&self) -> Value {
        let mut fields = self.fields.clone();
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("status".to_owned(), json!({ "name": self.status }));
        }
        json!({ "id": self.id(), "key": self.key, "fields": fields })
    }
}
