//! Real alerts of some sixty products, when the corpus is there.

use std::fs;
use std::path::{Path, PathBuf};

use argus_soc::event::{EntityKind, SecurityEvent, Severity, Shape, Source, normalise};
use jiff::Timestamp;
use serde_json::Value;

use crate::now;

/// A folder of the corpus; `None`, after saying so, when the corpus is not there.
#[expect(clippy::print_stderr, reason = "a skipped test must say so")]
#[expect(clippy::disallowed_methods, reason = "a test is told by ARGUS_CORPUS where the corpus is")]
pub(crate) fn folder(part: &str, test: &str) -> Option<PathBuf> {
    let named = std::env::var("ARGUS_CORPUS").ok().map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("../shared/corpus"))
        .find(|folder| folder.is_dir());
    let found = named.or(beside).map(|corpus| corpus.join(part)).filter(|e| e.is_dir());
    if found.is_none() {
        eprintln!("skipped: {test} (no corpus; set ARGUS_CORPUS)");
    }
    found
}

pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

pub(crate) fn read(name: &str, raw: &[u8]) -> SecurityEvent {
    let source = Source { name: "corpus", shape: Shape::Auto, tenant: None };
    normalise(raw, &source, now()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_event_is_read() {
    let Some(folder) = folder("events", "every_event_is_read") else { return };
    let files = files(&folder);
    assert!(files.len() >= 100, "{} files", files.len());
    for (name, raw) in files {
        let event = read(&name, &raw);
        assert_eq!(event, read(&name, &raw), "{name}");
        assert_eq!(event.fingerprint.len(), 32, "{name}");
        assert!(!event.title.chars().any(|c| c.is_control() || c == '\u{fffd}'), "{name}");
        // What is unknown says so.
        if event.severity == Severity::Unknown || event.entities.is_empty() {
            assert!(!event.notes.is_empty(), "{name}");
        }
        let mut upper = event.entities.iter().filter(|e| e.kind == EntityKind::Host);
        assert!(upper.all(|host| host.value == host.value.to_lowercase()), "{name}");
    }
}

/// Which mapper reads which files, by the start of their names. What is not here is read by the
/// walk alone: samples that are no alert, and shapes of unknown origin.
const MAPPERS: &[(&str, &[&str])] = &[
    ("aws-cloudtrail--", &["aws_cloudtrail/1"]),
    ("aws-guardduty--", &["guardduty/1"]),
    ("azure-activity--", &["azure_activity/1"]),
    ("cloudflare-waf--", &["cloudflare_firewall/1"]),
    (
        "crowdstrike-falcon--",
        &[
            "crowdstrike_detection/1",
            "crowdstrike_epp/1",
            "crowdstrike_incident/1",
            "crowdstrike_audit/1",
        ],
    ),
    ("cybereason-malop--", &["cybereason/1"]),
    ("darktrace--", &["darktrace/1"]),
    ("github--", &["github_alert/1", "github_webhook/1", "github_advisory/1"]),
    ("github-audit--", &["github_audit/1"]),
    ("harfanglab-edr--", &["harfanglab/1"]),
    ("k8s-audit--", &["k8s_audit/1"]),
    ("keepmock--grafana", &["grafana_rule/1"]),
    ("lacework--", &["lacework/1"]),
    ("microsoft-defender-xdr--", &["defender_hunting/1"]),
    ("microsoft-entra--", &["entra_log/1"]),
    ("microsoft-entra-graph--", &["entra_graph/1"]),
    ("microsoft-o365--", &["o365_audit/1"]),
    ("microsoft-sentinel--", &["sentinel_arm/1"]),
    ("ocsf--", &["ocsf/1"]),
    ("ocsfx--v1", &["ocsf/1"]),
    ("okta-system-log--", &["okta/1"]),
    ("pagerduty--", &["pagerduty/1"]),
    ("panther--aws-guardduty", &["guardduty/1"]),
    ("panther--crowdstrike", &["crowdstrike_epp/1"]),
    ("panther--decoy", &["aws_securityhub/1"]),
    ("panther--defender", &["defender_hunting/1"]),
    ("panther--microsoft-graph", &["graph_alerts_v2/1"]),
    ("panther--netskope", &["netskope/1"]),
    ("panther--okta", &["okta/1"]),
    ("panther--push", &["push_security/1"]),
    ("panther--sentinelone", &["sentinelone_activity/1"]),
    ("panther--socradar", &["socradar/1"]),
    ("panther--tracebit", &["tracebit/1"]),
    ("panther--upwind", &["upwind/1"]),
    ("panther--wiz-defend", &["wiz_detection/1"]),
    ("panther--wiz", &["wiz_issue/1"]),
    ("proofpoint-tap--", &["proofpoint_tap/1"]),
    ("salesforce--", &["salesforce/1"]),
    ("sentinelone--", &["sentinelone_activity/1"]),
    ("sigma--", &["windows_event/1"]),
    ("sophos-tac--", &["sophos_xdr/1"]),
    ("splunk--", &["splunk_webhook/1"]),
    ("stixshifter--alert", &["graph_alerts_v2/1"]),
    ("stixshifter--ocsf", &["ocsf/1"]),
    ("stratus--aws-defense-evasion-cloudtrail", &["aws_cloudtrail/1"]),
    ("streamalert--binaryalert", &["binaryalert/1"]),
    ("streamalert--box", &["box/1"]),
    ("streamalert--cloudtrail", &["aws_cloudtrail/1"]),
    ("streamalert--okta", &["okta/1"]),
    ("streamalert--onelogin", &["onelogin/1"]),
    ("streamalert--trendmicro", &["trend_deep_security/1"]),
    ("thinkst-canary--", &["thinkst_canary/1"]),
    ("trellix-edr--", &["trellix_edr/1"]),
    ("vectra-detect--", &["vectra/1"]),
    ("withsecure-elements--", &["withsecure/1"]),
    ("wiz-issues--", &["wiz_issue/1"]),
];

#[test]
fn every_product_has_its_mapper() {
    let Some(folder) = folder("events", "every_product_has_its_mapper") else { return };
    let mut recognised = 0;
    for (name, raw) in files(&folder) {
        let Some((_, mappers)) = MAPPERS.iter().find(|(start, _)| name.starts_with(start)) else {
            continue;
        };
        let event = read(&name, &raw);
        assert!(mappers.contains(&event.mapper.as_str()), "{name} is read by {}", event.mapper);
        recognised += 1;
    }
    assert!(recognised >= 90, "alerts of known products: {recognised}");
}

#[test]
fn graph_evidence_gives_the_id_that_isolation_needs() {
    let Some(folder) = folder("events", "graph_evidence_gives_the_id_that_isolation_needs") else {
        return;
    };
    for (name, raw) in
        files(&folder).iter().filter(|(name, _)| name.starts_with("stixshifter--alert"))
    {
        let event = read(name, raw);
        let host = event.principal().unwrap();
        assert_eq!((&host.kind, host.value.as_str()), (&EntityKind::Host, "tempdns"), "{name}");
        let id = "73e7e2de709dff64ef64b1d0c30e67fab63279db";
        assert_eq!(host.ids["mde_device_id"], id, "{name}");
        assert_eq!(event.techniques, ["T1564.001"], "{name}");
        assert_eq!(event.severity, Severity::Low, "{name}");
    }
}

/// What others read out of the same events, field by field.
#[test]
fn the_oracle_agrees() {
    let Some(folder) = folder("events", "the_oracle_agrees") else { return };
    let ours = ["microsoft-sentinel--", "aws-guardduty--"];
    let mut compared = 0;
    for (name, raw) in files(&folder) {
        if !ours.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let oracle = fs::read(folder.join(format!("oracle/{name}.expected.json"))).unwrap();
        let oracle: Value = serde_json::from_slice(&oracle).unwrap();
        compared += compare(&name, &read(&name, &raw), &oracle);
    }
    assert!(compared >= 20, "only {compared} fields were compared");
}

/// Compares every field that both have; returns how many there were.
fn compare(name: &str, event: &SecurityEvent, oracle: &Value) -> usize {
    let text = |pointer: &str| oracle.pointer(pointer).and_then(Value::as_str);
    let mut compared = 0;
    let mut check = |what: &str, wanted: Option<String>, got: Vec<String>| {
        if let Some(wanted) = wanted {
            assert!(got.contains(&wanted), "{name}: {what} is {got:?}, the oracle has {wanted:?}");
            compared += 1;
        }
    };
    let named = |kind: EntityKind| -> Vec<String> {
        event.entities.iter().filter(|e| e.kind == kind).map(|e| e.value.clone()).collect()
    };
    let time = text("/@timestamp").map(|time| time.parse::<Timestamp>().unwrap().to_string());
    check("time", time, event.observed_at.iter().map(Timestamp::to_string).collect());
    let severity = match oracle.pointer("/event/severity").and_then(Value::as_i64) {
        Some(9..) => Some("critical"),
        Some(7..) => Some("high"),
        Some(4..) => Some("medium"),
        Some(_) => Some("low"),
        None => None,
    };
    let level = text("/log/level").map(str::to_lowercase);
    check("severity", severity.map(str::to_owned).or(level), vec![event.severity.to_string()]);
    check("user", text("/user/name").map(str::to_lowercase), named(EntityKind::User));
    check("host", text("/host/name").map(str::to_lowercase), named(EntityKind::Host));
    check("address", text("/source/ip").map(str::to_owned), named(EntityKind::Ip));
    for pointer in ["/related/user/0", "/related/ip/0"] {
        let all = [named(EntityKind::User), named(EntityKind::Ip)].concat();
        check(pointer, text(pointer).map(str::to_lowercase), all);
    }
    let title = text("/microsoft/sentinel/title").map(str::to_owned);
    check("title", title, vec![event.title.clone()]);
    check("link", text("/event/url").map(str::to_owned), event.link.iter().cloned().collect());
    let finding = text("/aws/guardduty/finding/id").map(str::to_owned);
    check("id", finding, event.source_id.iter().cloned().collect());
    let kind = text("/aws/guardduty/finding/type").map(str::to_owned);
    check("type", kind, vec![event.event_type.clone()]);
    // The oracle calls an incident's owner its user; for us the owner is context.
    if let Some(owner) = text("/user/email") {
        assert_eq!(event.context["owner"]["email"], owner, "{name}");
        compared += 1;
    }
    compared
}
