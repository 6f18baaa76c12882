//! Whether a playbook that was started without an answer runs: its workflow is asked for its runs.
//!
//! Source: Azure REST documentation, Logic 2019-05-01; facts/external-apis.md 2.1 and 2.2. A run says where
//! what its trigger was given can be read; that address carries its own key, so it is neither kept nor
//! shown.

use argus_soc::effect::Probe;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::super::web::{Credential, Far};

const VERSION: &str = "2019-05-01";
/// Runs that are looked at.
const RUNS: usize = 20;
/// Largest description of what a trigger was given, in bytes.
const LARGEST: usize = 1 << 20;
/// How far our clock and Azure's may be apart.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// Where Azure keeps what triggers were given.
const KEPT: [&str; 3] = [".logic.azure.com", ".logic.azure.us", ".logic.azure.cn"];

/// Looks among the runs of a workflow since a moment for one about this incident. That none is listed
/// proves nothing: a run is listed when it has begun.
pub(super) async fn look(
    far: &Far,
    workflow: &[String],
    since: Timestamp,
    incident: &str,
) -> Probe {
    let unknown = |why: &str| Probe::Unknown { why: format!("Logic Apps: {why}") };
    let mut segments: Vec<&str> = workflow.iter().map(String::as_str).collect();
    segments.push("runs");
    let mut url = far.url(&segments);
    let since = since.checked_sub(SKEW).unwrap_or(since);
    url.query_pairs_mut()
        .append_pair("api-version", VERSION)
        .append_pair("$filter", &format!("startTime ge {since}"));
    let back = match far.call(Method::GET, url, None).await {
        Ok(back) if back.status == StatusCode::OK => back,
        Ok(back) => return unknown(&format!("HTTP {}", back.status.as_u16())),
        Err(lost) => return unknown(&lost.why()),
    };
    let Some(runs) = back.json.as_ref().and_then(|it| it.get("value")?.as_array()) else {
        return unknown("it answered something else");
    };
    let mut unread = runs.len() > RUNS;
    for run in runs.iter().take(RUNS).filter(|run| began(run).is_none_or(|at| at >= since)) {
        let link = run.pointer("/properties/trigger/outputsLink/uri").and_then(Value::as_str);
        match read(far, link).await {
            Some(given) if names(&given, incident) => {
                let remote = run.get("name").and_then(Value::as_str).unwrap_or_default();
                return Probe::Found { remote: remote.into(), detail: None };
            }
            Some(_) => {}
            None => unread = true,
        }
    }
    if unread {
        return unknown("not all of its runs say for which incident they are");
    }
    unknown("no run for this incident is listed")
}

fn began(run: &Value) -> Option<Timestamp> {
    run.pointer("/properties/startTime")?.as_str()?.parse().ok()
}

/// What a trigger was given; from Azure, and from nowhere else.
async fn read(far: &Far, link: Option<&str>) -> Option<Value> {
    let url = Url::parse(link?).ok()?;
    let host = url.host_str()?.to_lowercase();
    let back = if url.origin() == far.base().origin() {
        far.get(url, "application/json", LARGEST).await
    } else if url.scheme() == "https" && KEPT.iter().any(|it| host.ends_with(it)) {
        let kept = Far::public(url.as_str(), Credential::None).ok()?;
        kept.get(url, "application/json", LARGEST).await
    } else {
        return None;
    };
    back.ok().filter(|it| it.status == StatusCode::OK)?.json
}

/// Whether one of the texts is this incident's id, alone or at the end of a resource id.
fn names(given: &Value, incident: &str) -> bool {
    match given {
        Value::String(text) => {
            text.rsplit('/').next().is_some_and(|it| it.eq_ignore_ascii_case(incident))
        }
        Value::Array(items) => items.iter().any(|it| names(it, incident)),
        Value::Object(fields) => fields.values().any(|it| names(it, incident)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_incident_is_known_by_its_whole_id() {
        const ID: &str = "9f4c1c2e-6f0a-4f0e-9d3b-3a1f5f1a2b3c";
        let given = |id: &str| json!({"body": {"object": {"id": id, "etag": "1"}}});
        assert!(names(&given(&format!("/subscriptions/s/incidents/{ID}")), ID));
        assert!(names(&given(&ID.to_uppercase()), ID));
        assert!(!names(&given(&format!("{ID}0")), ID));
        assert!(!names(&given("about 9f4c1c2e"), ID));
    }
}
