//! A playbook as the document that gives it: for exports, and for people who want to read one that a
//! program has made.

use serde_json::{Map, Value, json};

use super::Playbook;
use super::model::{Approval, ConcurrencyPolicy, Excluded, OnCancel, OnExpire, Trigger};
use super::step::{EffectClass, Join, OnError, Step};

impl Playbook {
    /// The document that reads as this playbook; what it leaves out is as it is by default.
    ///
    /// ```
    /// use argus_soc::playbook::parse;
    ///
    /// let playbook = parse("p.yaml", r#"
    /// playbook: {id: tell, name: Tell, version: "1.0.0"}
    /// actions:
    ///   - {id: tell, type: notify, parameters: {message: "look"}}
    /// "#)?;
    /// let again = parse("p.yaml", &playbook.document().to_string())?;
    /// assert_eq!(again.actions, playbook.actions);
    /// # Ok::<(), argus_soc::playbook::Diagnostics>(())
    /// ```
    pub fn document(&self) -> Value {
        let mut header = json!({"id": self.id, "name": self.name, "version": self.version});
        put(&mut header, "owner", self.owner.as_ref().map(|it| json!(it)));
        put(
            &mut header,
            "review",
            self.review.as_ref().map(|it| {
                let mut review = json!({"approved_by": it.approved_by});
                put(&mut review, "sha256", it.sha256.as_ref().map(|it| json!(it)));
                review
            }),
        );
        let mut document = json!({"playbook": header});
        let triggers: Vec<Value> = self.triggers.iter().map(trigger).collect();
        put(&mut document, "triggers", (!triggers.is_empty()).then(|| json!(triggers)));
        put(&mut document, "conditions", Some(self.written_conditions()));
        put(&mut document, "blast", Some(json!(self.blast)));
        put(&mut document, "gates", Some(self.written_gates()));
        put(&mut document, "execution", Some(self.written_execution()));
        // Without any `needs` a document is a sequence; so every step says what it needs.
        let actions: Vec<Value> = self.actions.iter().map(step).collect();
        put(&mut document, "actions", Some(json!(actions)));
        document
    }

    fn written_conditions(&self) -> Value {
        let it = &self.conditions;
        let milli = it.risk_threshold_milli;
        let threshold =
            if milli % 1_000 == 0 { json!(milli / 1_000) } else { json!(as_points(milli)) };
        let mut conditions = json!({"risk_threshold": threshold});
        let criticality = it.asset_criticality.map(|it| json!(it.to_string()));
        put(&mut conditions, "asset_criticality", criticality);
        let environment = (!it.environment.is_empty()).then(|| json!(it.environment));
        put(&mut conditions, "environment", environment);
        conditions
    }

    fn written_gates(&self) -> Value {
        let it = &self.gates;
        let exclude: Vec<&str> = it
            .exclude
            .iter()
            .map(|it| match it {
                Excluded::Requester => "requester",
                Excluded::Subject => "subject",
            })
            .collect();
        let mut gates = json!({
            "human_approval": match it.human_approval {
                Approval::Auto => "auto",
                Approval::Always => "always",
                Approval::Never => "never",
            },
            "quorum": it.quorum,
            "exclude": exclude,
            "on_expire": match it.on_expire {
                OnExpire::Deny => "deny",
                OnExpire::Escalate => "escalate",
            },
            "dry_run": it.dry_run,
        });
        put(&mut gates, "approvers", it.approvers.as_ref().map(|it| json!(it)));
        put(&mut gates, "expires", it.expires_ms.map(|ms| json!(duration(ms))));
        put(&mut gates, "undo_until", it.undo_ms.map(|ms| json!(duration(ms))));
        gates
    }

    fn written_execution(&self) -> Value {
        let (it, retry) = (&self.execution, &self.execution.retry);
        let mut execution = json!({
            "timeout_seconds": it.timeout_ms / 1_000,
            "max_duration": duration(it.max_duration_ms),
            "max_parallel": it.max_parallel,
            "on_cancel": match it.on_cancel {
                OnCancel::Compensate => "compensate",
                OnCancel::Keep => "keep",
            },
            "retry_policy": {
                "max_attempts": retry.max_attempts,
                "backoff_ms": retry.backoff_ms,
                "factor": retry.factor,
                "jitter": if retry.full_jitter { "full" } else { "none" },
                "retry_on": retry.retry_on,
            },
        });
        put(
            &mut execution,
            "concurrency",
            it.concurrency.as_ref().map(|it| {
                let policy = match it.policy {
                    ConcurrencyPolicy::Queue => "queue",
                    ConcurrencyPolicy::Reject => "reject",
                    ConcurrencyPolicy::Replace => "replace",
                };
                json!({"key": it.key.source(), "policy": policy})
            }),
        );
        execution
    }
}

/// Writes a document as YAML, in blocks, with every text in quotes: what it says can be read, and reads
/// as what it says.
pub fn yaml(document: &Value) -> String {
    let mut text = String::new();
    block(document, 0, &mut text);
    text
}

fn block(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                text.extend([indent.as_str(), &key(name), ":"]);
                under(value, depth, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                text.extend([indent.as_str(), "-"]);
                under(item, depth, text);
            }
        }
        other => {
            text.extend([indent.as_str(), &other.to_string(), "\n"]);
        }
    }
}

/// What stands behind a key or a dash: on the same line if it is short.
fn under(value: &Value, depth: usize, text: &mut String) {
    let small = |it: &Value| match it {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.iter().all(|it| !it.is_object() && !it.is_array()),
        _ => true,
    };
    if *value == "none" {
        // A rollback that there is none of has to say why.
        text.push_str(" none # as in the playbook that this was made of\n");
    } else if small(value) {
        // JSON is YAML, and a text in its quotes is nothing else.
        text.extend([" ", &value.to_string(), "\n"]);
    } else {
        text.push('\n');
        block(value, depth + 1, text);
    }
}

fn key(name: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    let bare = !name.is_empty() && name.chars().all(plain) && name.starts_with(char::is_alphabetic);
    if bare { name.to_owned() } else { Value::from(name).to_string() }
}

fn put(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Value::Object(fields), Some(value)) = (object, value) {
        fields.insert(name.to_owned(), value);
    }
}

fn trigger(trigger: &Trigger) -> Value {
    let mut fields = Map::new();
    let text = |text: &Option<String>| text.as_ref().map(|it| json!(it));
    let severity: Vec<&str> = trigger.severity.iter().map(|it| it.as_str()).collect();
    let all = [
        ("source", text(&trigger.source)),
        ("event_type", text(&trigger.event_type)),
        ("severity", (!severity.is_empty()).then(|| json!(severity))),
        ("mitre", (!trigger.mitre.is_empty()).then(|| json!(trigger.mitre))),
        ("where", trigger.condition.as_ref().map(|it| json!(it.text()))),
    ];
    fields.extend(all.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?))));
    Value::Object(fields)
}

fn step(step: &Step) -> Value {
    let mut written = json!({
        "id": step.id,
        "type": step.action.name(),
        "target": step.target.source(),
        "needs": step.needs,
        "on_error": match step.on_error {
            OnError::Compensate => "compensate",
            OnError::Fail => "fail",
            OnError::Continue => "continue",
        },
        "effect": step.effect.name(),
    });
    let parameters = step.parameters.as_object().filter(|it| !it.is_empty());
    put(&mut written, "parameters", parameters.map(|it| json!(it)));
    put(&mut written, "when", step.when.as_ref().map(|it| json!(it.text())));
    put(
        &mut written,
        "join",
        match step.join {
            Join::All => None,
            Join::Any => Some(json!("any")),
            Join::AtLeast(count) => Some(json!(count)),
        },
    );
    put(&mut written, "rollback", rollback(step));
    written
}

fn rollback(step: &Step) -> Option<Value> {
    if let Some(undo) = &step.rollback {
        let mut written = json!({"id": undo.id, "type": undo.action.name()});
        let parameters = undo.parameters.as_object().filter(|it| !it.is_empty());
        put(&mut written, "parameters", parameters.map(|it| json!(it)));
        return Some(written);
    }
    let wants_one = step.action.inverse().is_some() && step.effect != EffectClass::Irreversible;
    wants_one.then(|| json!("none"))
}

fn duration(ms: i64) -> String {
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if ms % size == 0 && ms >= size {
            return format!("{}{unit}", ms / size);
        }
    }
    format!("{ms}ms")
}

#[expect(clippy::cast_precision_loss, reason = "a threshold has at most six digits")]
fn as_points(milli: i64) -> f64 {
    milli as f64 / 1_000.0
}
