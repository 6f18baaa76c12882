//! Which records somebody looks for in an audit trail.
//!
//! It reads the payload as it stands, not as this version understands it, so that records of a newer
//! Argus are found as well.

use jiff::Timestamp;
use serde_json::Value;

/// What is looked for; all that is set must hold.
///
/// ```
/// use argus_soc::ledger::search::Search;
/// use serde_json::json;
///
/// let record = json!({
///     "at": "2026-11-20T08:00:00Z",
///     "actor": {"type": "person", "tenant": "t", "object_id": "00ab", "shown_as": "Ann"},
///     "kind": "access.refused", "incident": "INC-7", "action": "isolate_host",
/// });
/// let search = Search { kind: Some("access".into()), who: Some("ann".into()), ..Search::default() };
/// assert!(search.finds(&record));
/// assert!(!Search { incident: Some("INC-70".into()), ..search }.finds(&record));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Part of the name that is shown, the object id, the tenant, or the service.
    pub who: Option<String>,
    /// The incident that it is about.
    pub incident: Option<String>,
    /// The run that it is about.
    pub run: Option<String>,
    /// A kind, `access.refused`, or the kinds of a family, `access`.
    pub kind: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Part of any value.
    pub text: Option<String>,
}

impl Search {
    /// Whether the payload of a record is looked for.
    pub fn finds(&self, payload: &Value) -> bool {
        let text = |name: &str| payload.get(name).and_then(Value::as_str);
        // Decided by what does not need to look at everything first.
        holds(self.kind.as_ref(), |kind| is_of(text("kind").unwrap_or_default(), kind))
            && self.in_time(text("at"))
            && holds(self.incident.as_ref(), |it| is_about(payload, it))
            && holds(self.run.as_ref(), |it| named(payload, "run", it))
            && holds(self.who.as_ref(), |who| is_by(payload, &who.to_lowercase()))
            && holds(self.text.as_ref(), |text| contains(payload, &text.to_lowercase()))
    }

    fn in_time(&self, at: Option<&str>) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let Some(at) = at.and_then(|at| at.parse::<Timestamp>().ok()) else { return false };
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}

fn holds<T>(wanted: Option<&T>, is: impl FnOnce(&T) -> bool) -> bool {
    wanted.is_none_or(is)
}

fn is_of(kind: &str, wanted: &str) -> bool {
    let wanted = wanted.trim_end_matches('*').trim_end_matches('.');
    kind.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The incident is the one that the record changes, or one that it names, alone or among others.
fn is_about(payload: &Value, incident: &str) -> bool {
    ["stream", "incident", "into", "from"].into_iter().any(|name| named(payload, name, incident))
}

fn named(payload: &Value, name: &str, wanted: &str) -> bool {
    let is = |it: &Value| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case(wanted));
    match payload.get(name) {
        Some(Value::Array(several)) => several.iter().any(is),
        Some(one) => is(one),
        None => false,
    }
}

/// By this person or service, or about what this person said: an approver stands in a field.
fn is_by(payload: &Value, who: &str) -> bool {
    let people = ["actor", "requester", "by", "approver"];
    people.into_iter().filter_map(|name| payload.get(name)).any(|it| contains(it, who))
}

/// Whether any text or number in it contains `wanted`, whatever its case.
fn contains(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text.to_lowercase().contains(wanted),
        Value::Array(items) => items.iter().any(|it| contains(it, wanted)),
        Value::Object(fields) => fields.values().any(|it| contains(it, wanted)),
        Value::Number(number) => number.to_string().as_str() == wanted,
        Value::Null | Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_filter_lets_through_what_it_names_and_nothing_else() {
        let record = json!({
            "v": 1, "at": "2026-11-20T08:00:00Z", "kind": "run.created", "stream": "INC-7",
            "actor": {"type": "person", "tenant": "t", "object_id": "00AB", "shown_as": "Änne"},
            "run": "R-3", "steps": [{"target": "ws-1", "n": 12}],
        });
        let set = |name: &str, value: &str| {
            let mut search = Search::default();
            let text = Some(value.to_owned());
            match name {
                "who" => search.who = text,
                "incident" => search.incident = text,
                "run" => search.run = text,
                "kind" => search.kind = text,
                "since" => search.since = value.parse().ok(),
                "until" => search.until = value.parse().ok(),
                _ => search.text = text,
            }
            search
        };
        for (name, yes, no) in [
            ("who", "änn", "bob"),
            ("who", "00ab", "R-3"),
            ("incident", "inc-7", "INC-70"),
            ("run", "R-3", "R-31"),
            ("kind", "run", "ru"),
            ("kind", "run.created", "run.create"),
            ("kind", "run.*", "approval"),
            ("since", "2026-11-20T08:00:00Z", "2026-11-20T08:00:01Z"),
            ("until", "2026-11-20T08:00:01Z", "2026-11-20T08:00:00Z"),
            ("text", "WS-", "ws-2"),
            ("text", "12", "34"),
        ] {
            assert!(set(name, yes).finds(&record), "{name} {yes}");
            assert!(!set(name, no).finds(&record), "{name} {no}");
        }
        assert!(Search::default().finds(&record));
    }
}
