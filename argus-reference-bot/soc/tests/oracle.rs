//! How much of what others read out of real events Argus reads too.
//!
//! The oracle is an independent parse (ECS fields) of the same events. Run with `--no-capture` to
//! see the table and every value that is missed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use argus_soc::event::SecurityEvent;
use jiff::Timestamp;
use serde_json::Value;

use crate::corpus;

/// Values of the oracle that are no such thing for us, with the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("microsoft-sentinel--test-alert-1", "joe.doe@test.com", OWNER),
    ("microsoft-sentinel--test-alert-2", "joe.doe@test.com", OWNER),
    (
        "azure-activity--security",
        "informational, not high",
        "the oracle takes the log's level; the alert in it says High",
    ),
];
const OWNER: &str = "an incident's owner is an analyst, who must never become a target: context";

/// What a value of the oracle is, by its ECS field; nothing for fields that are not compared.
fn kind_of(path: &str) -> Option<&'static str> {
    let last = path.rsplit('.').next().unwrap_or_default();
    match path {
        "@timestamp" => return Some("time"),
        "related.ip" => return Some("ip"),
        "related.user" => return Some("user"),
        "related.hosts" | "log.hostname" | "host.hostname" | "host.name" => return Some("host"),
        "related.hash" => return Some("hash"),
        "url.full" | "url.original" | "event.url" | "threat.enrichments.indicator.url.original" => {
            return Some("url");
        }
        "destination.domain" | "source.domain" | "url.domain" | "host.domain" => {
            return Some("domain");
        }
        _ => {}
    }
    let in_user = path.starts_with("user.") || path.contains(".user.");
    match last {
        "ip" if !path.contains("geo") => Some("ip"),
        "name" | "email" if in_user && !path.contains("group") && !path.contains("agent") => {
            Some("user")
        }
        "md5" | "sha1" | "sha256" | "sha512" => Some("hash"),
        _ => None,
    }
}

fn leaves(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(&path, value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(path, item, found)),
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        _ => {}
    }
}

/// Whether the event has the value: an entity's value, another name of one, or the link.
fn has(event: &SecurityEvent, kind: &str, value: &str) -> bool {
    let value = value.trim();
    if kind == "time" {
        let wanted: Timestamp = value.parse().unwrap();
        let near = |time: Timestamp| (time.as_millisecond() - wanted.as_millisecond()).abs() <= 1;
        return event.observed_at.is_some_and(near);
    }
    let same = |text: &str| text.eq_ignore_ascii_case(value);
    let by_entity = event.entities.iter().any(|entity| {
        let parts: Vec<&str> = entity.value.split(['\\', '@']).collect();
        same(&entity.value)
            || entity.ids.values().any(|id| same(id))
            || (kind == "user" && parts.iter().any(|part| same(part)))
            || (kind == "domain" && entity.value.contains(&value.to_lowercase()))
    });
    by_entity || (kind == "url" && event.link.as_deref().is_some_and(same))
}

/// The severity that the oracle's source states, where its own word or scale is kept.
fn severity_of(oracle: &Value) -> Option<&'static str> {
    let text = |pointer: &str| oracle.pointer(pointer).and_then(Value::as_str);
    let word = [
        "/log/level",
        "/microsoft/defender/alert/severity",
        "/crowdstrike/severity_name",
        "/lacework/cloud_security/alert/severity",
        "/withsecure/severity",
        "/okta/system/severity",
    ]
    .iter()
    .find_map(|pointer| text(pointer))?;
    Some(match word.to_lowercase().as_str() {
        "informational" | "info" | "information" => "informational",
        "low" => "low",
        "medium" | "warn" | "warning" => "medium",
        "high" | "error" => "high",
        "critical" => "critical",
        _ => return None,
    })
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is what the test is for")]
fn nearly_everything_the_oracle_has_is_found() {
    let Some(folder) = corpus::folder("events", "nearly_everything_the_oracle_has_is_found") else {
        return;
    };
    let mut table: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut products: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut misses = String::new();
    for (name, raw) in corpus::files(&folder) {
        let Ok(oracle) = fs::read(folder.join(format!("oracle/{name}.expected.json"))) else {
            continue;
        };
        let oracle: Value = serde_json::from_slice(&oracle).unwrap();
        let event = corpus::read(&name, &raw);
        let mut all = Vec::new();
        leaves("", &oracle, &mut all);
        let mut wanted: Vec<(&str, String)> =
            all.into_iter().filter_map(|(path, value)| Some((kind_of(&path)?, value))).collect();
        wanted.sort();
        wanted.dedup();
        let mut count = |kind, found: bool, value: &str| {
            if EXCEPTIONS.iter().any(|(file, excepted, _)| *file == name && *excepted == value) {
                return;
            }
            let row = table.entry(kind).or_default();
            let product = products.entry(name.split("--").next().unwrap().to_owned()).or_default();
            row.1 += 1;
            product.1 += 1;
            if found {
                row.0 += 1;
                product.0 += 1;
            } else {
                writeln!(misses, "  {name}: {kind} {value}").unwrap();
            }
        };
        for (kind, value) in &wanted {
            count(kind, has(&event, kind, value), value);
        }
        if let Some(severity) = severity_of(&oracle) {
            let got = event.severity.as_str();
            count("severity", got == severity, &format!("{severity}, not {got}"));
        }
    }
    let share = |(found, all): (usize, usize)| found * 1000 / all.max(1);
    let mut total = (0, 0);
    for (product, row) in &products {
        println!("{product:28} {:4} of {:4}  {:4} ‰", row.0, row.1, share(*row));
    }
    for (kind, row) in &table {
        println!("{kind:28} {:4} of {:4}  {:4} ‰", row.0, row.1, share(*row));
        total = (total.0 + row.0, total.1 + row.1);
    }
    println!(
        "{:28} {:4} of {:4}  {:4} ‰\nmissed:\n{misses}",
        "all",
        total.0,
        total.1,
        share(total)
    );
    assert!(total.1 >= 200, "only {} values were compared", total.1);
    assert!(share(total) >= 990, "{} of {} values:\n{misses}", total.0, total.1);
}
