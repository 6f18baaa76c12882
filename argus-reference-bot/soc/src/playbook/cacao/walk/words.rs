//! What CACAO says in words, its commands and conditions, as ours.

use serde_json::{Map, Value, json};

use super::Walk;

/// The words of ours that a condition may ask by the name of a variable.
const WORDS: [&str; 6] = ["severity", "source", "event_type", "title", "entity_type", "entity"];

impl Walk<'_> {
    /// What a command becomes, if it may.
    pub(super) fn command(
        &mut self,
        name: &str,
        step: &Map<String, Value>,
        command: &Value,
    ) -> Option<(&'static str, Value)> {
        let text = |field: &str| command.get(field).and_then(Value::as_str).unwrap_or_default();
        let kind = text("type").to_owned();
        match kind.as_str() {
            "manual" => {
                let said = self.filled(name, text("command"))?;
                Some(("notify", json!({"message": said})))
            }
            "http-api" | "openc2-http" | "openc2" => {
                let line = self.filled(name, text("command"))?;
                let mut words = line.split_whitespace();
                let method = words.next().unwrap_or("POST").to_ascii_uppercase();
                let path = words.next().unwrap_or("/").to_owned();
                let body = self.filled(name, text("content")).unwrap_or_default();
                let body = serde_json::from_str::<Value>(&body).unwrap_or(Value::String(body));
                let what = "headers, agent and target are left out: the connector that the settings \
                            name says where it goes and as whom";
                self.note(name, what.into(), true);
                let agent = step.get("agent").and_then(Value::as_str).unwrap_or_default();
                let parameters =
                    json!({"method": method, "path": path, "body": body, "agent": agent});
                Some(("http_request", parameters))
            }
            "" => {
                self.note(name, "a command without a type is left out".into(), true);
                None
            }
            code => {
                let what = format!("`{code}` would run code here, and Argus runs none");
                self.note(name, what, true);
                None
            }
        }
    }

    /// A text with the values of its variables; none if one has no value before the run.
    fn filled(&mut self, name: &str, text: &str) -> Option<String> {
        let mut filled = text.to_owned();
        while let Some(begin) = filled.find("__") {
            let rest = filled.get(begin..)?;
            let Some(end) = rest.find(":value") else { break };
            let variable = rest.get(..end)?.to_owned();
            let value = self.variables.get(&variable).and_then(|it| it.get("value"));
            let Some(value) =
                value.map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
            else {
                let what =
                    format!("`{variable}` has no value before the run; the command is left out");
                self.note(name, what, true);
                return None;
            };
            if value.contains("__") {
                self.note(
                    name,
                    format!("`{variable}` names another variable; the command is left out"),
                    true,
                );
                return None;
            }
            filled.replace_range(begin..begin + end + ":value".len(), &value);
        }
        Some(filled.replace("{{", "{ {").replace("}}", "} }"))
    }

    /// A condition in CEL, if it compares a variable that has a value, or a word of ours.
    pub(super) fn condition(&mut self, name: &str, step: &Map<String, Value>) -> Option<String> {
        let text = step.get("condition").and_then(Value::as_str).unwrap_or_default();
        let Some(filled) = self.compared(text) else {
            let what =
                format!("the condition {text:?} cannot be asked here; its branches are left out");
            self.note(name, what, true);
            return None;
        };
        Some(filled)
    }

    /// `__severity__:value = 'high'` as CEL: a word of ours, or a variable with a value, and a literal.
    pub(super) fn compared(&self, text: &str) -> Option<String> {
        let text = text.trim().trim_start_matches('[').trim_end_matches(']').trim();
        let (left, operator, right) = ["!=", ">=", "<=", "==", "=", ">", "<"]
            .into_iter()
            .find_map(|sign| text.split_once(sign).map(|(a, b)| (a.trim(), sign, b.trim())))?;
        let variable = left.strip_suffix(":value")?;
        let word = variable.trim_matches('_');
        let left = if WORDS.contains(&word) && !self.variables.contains_key(variable) {
            word.to_owned()
        } else {
            literal(self.variables.get(variable)?.get("value")?)?
        };
        let inner = right.trim_matches(['\'', '"']);
        let right = literal(&serde_json::from_str(right).unwrap_or_else(|_| json!(inner)))?;
        let operator = if operator == "=" { "==" } else { operator };
        Some(format!("{left} {operator} {right}"))
    }
}

/// A value as CEL writes it.
fn literal(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let plain = text.chars().all(|it| !it.is_control() && it != '\'' && it != '\\');
            plain.then(|| format!("'{text}'"))
        }
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
