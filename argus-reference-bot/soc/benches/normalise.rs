//! What reading one alert costs, since it stands before every 202; and what writing a record costs.
//!
//! `cargo bench -p argus-soc` prints the best of several rounds, in nanoseconds for each call.
#![expect(clippy::print_stdout, reason = "a bench reports")]
#![expect(clippy::expect_used, reason = "a bench that cannot read its own input has to stop")]
#![expect(clippy::disallowed_methods, reason = "a bench measures the real time")]

use std::hint::black_box;
use std::time::Instant;

use argus_soc::correlate::{
    Group, Key, Member, Occurrence, Rule, Window, WindowKind, belonging, place,
};
use argus_soc::decide::{Decision, decide};
use argus_soc::enrich::{Enrichment, Intel, Known};
use argus_soc::event::{SecurityEvent, Shape, Source, normalise};
use argus_soc::ledger::canonical;
use argus_soc::score::{Model, built_in};
use jiff::Timestamp;
use serde_json::json;

/// Rounds of each measurement; the best one has the least noise of other programs.
const ROUNDS: usize = 30;
/// Calls in a round.
const CALLS: u32 = 2_000;

fn main() {
    // `cargo test --benches` runs this too; one call is enough to see that it works.
    let (rounds, calls) =
        if std::env::args().any(|arg| arg == "--bench") { (ROUNDS, CALLS) } else { (1, 1) };
    let measure = |name: &str, size: usize, deed: &mut dyn FnMut()| {
        let mut best = u128::MAX;
        for _ in 0..rounds {
            let start = Instant::now();
            (0..calls).for_each(|_| deed());
            best = best.min(start.elapsed().as_nanos() / u128::from(calls));
        }
        println!("{name:28} {size:5} bytes {best:7} ns");
    };
    for (name, raw) in [("generic", generic()), ("graph", graph()), ("sentinel", sentinel())] {
        let source = Source { name: "edr", shape: Shape::Auto, tenant: Some("home") };
        let read = || -> SecurityEvent {
            normalise(black_box(raw.as_bytes()), &source, Timestamp::UNIX_EPOCH).expect("an event")
        };
        let event = read();
        let value = serde_json::to_value(&event).expect("an event serialises");
        let as_value = || serde_json::from_str::<serde_json::Value>(black_box(&raw)).is_ok();
        measure(&format!("normalise {name}"), raw.len(), &mut || drop(black_box(read())));
        measure("  serde_json::Value alone", raw.len(), &mut || {
            black_box(as_value());
        });
        measure("  canonical, of the event", raw.len(), &mut || {
            drop(black_box(canonical(black_box(&event))));
        });
        measure("  canonical, of its Value", raw.len(), &mut || {
            drop(black_box(canonical(black_box(&value))));
        });
        let mut stations = Road::new();
        measure("  and correlated and scored", raw.len(), &mut || {
            black_box(stations.travel(&read()));
        });
    }
}

/// Everything between the bytes and the decision: a new event each time, which moves on in time, so
/// that a window always holds some hundred others.
struct Road {
    rule: Rule,
    model: &'static Model,
    enrichment: Enrichment,
    group: Group,
    open: Option<Occurrence>,
    seen: i64,
}

impl Road {
    fn new() -> Self {
        let rule = Rule {
            name: "spray".into(),
            within_ms: 100_000,
            min: 200,
            distinct: vec![(Key::from("user".to_owned()), 5)],
            group_by: vec![Key::from("source".to_owned())],
            lateness_ms: 0,
        };
        let models = built_in().expect("models");
        let model = models.iter().find(|model| model.name == "argus-v1").expect("built in");
        let intel = Known::Known(Intel { malicious: true, confidence: 89 });
        let enrichment = Enrichment::of(intel, Known::Unknown, Known::Unknown);
        Self { rule, model, enrichment, group: Group::default(), open: None, seen: 0 }
    }

    fn travel(&mut self, event: &SecurityEvent) -> Decision {
        self.seen += 1;
        let at_ms = self.seen * 1_000;
        let window = Window { kind: WindowKind::Sliding, ..Window::default() };
        black_box(place(&window, self.open.as_ref(), at_ms));
        self.open = Some(match self.open.take() {
            Some(open) => open.repeat(at_ms),
            None => Occurrence::start(at_ms),
        });
        if black_box(self.rule.group(event)).is_some() {
            let counted = self.rule.counted(event);
            let (event_id, incident) = (event.event_id, belonging(event));
            self.group.take([Member { at_ms, event_id, incident, counted }]);
            black_box(self.group.clusters(&self.rule));
            self.group.forget(self.rule.horizon_ms());
        }
        let score = self.model.score(event, &self.enrichment);
        decide(event, &self.enrichment, &score, &[], false)
    }
}

/// The generic shape with a kilobyte of what sources add.
fn generic() -> String {
    json!({
        "id": "a-20260102-000042", "source": "edr", "event_type": "credential_theft",
        "severity": "high", "title": "Credentials read from memory",
        "description": "A process that is not signed opened the memory of the local security authority.",
        "timestamp": "2026-01-02T03:04:05.678Z", "entity_type": "host",
        "entity_value": "WS-042.corp.example",
        "metadata": {
            "mde_device_id": "5f2b6c0d9e8a4b7f8c1d2e3f4a5b6c7d8e9f0a1b",
            "os": "Windows 11", "agent_version": "7.4.1128.0", "site": "Geneva, building 3",
            "tags": ["finance", "laptop", "vip"],
        },
        "context": {
            "process": {
                "name": "rundll64.exe", "pid": 4242, "parent": "winword.exe",
                "command_line": "rundll64.exe C:\\Users\\ann\\AppData\\Local\\Temp\\x.dll,Start",
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            },
            "user": {"name": "ann.lee", "domain": "CORP", "privileged": false},
            "network": {"remote": "203.0.113.77", "port": 443, "bytes_out": 18_304},
            "score": 87.5,
        },
        "techniques": ["T1003.001", "T1055"],
        "link": "https://edr.example/alerts/a-20260102-000042",
    })
    .to_string()
}

/// A Graph alert with a device and a user.
fn graph() -> String {
    json!({
        "@odata.type": "#microsoft.graph.security.alert", "id": "da637551227677560813_-961444813",
        "providerAlertId": "da637551227677560813_-961444813", "incidentId": "28282",
        "status": "new", "severity": "high", "classification": "unknown",
        "determination": "unknown", "serviceSource": "microsoftDefenderForEndpoint",
        "detectionSource": "antivirus", "detectorId": "e0da400f-affd-43ef-b1d5-afc2eb6f2756",
        "tenantId": "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c", "title": "Suspicious execution of hidden file",
        "description": "A hidden file has been launched.", "category": "DefenseEvasion",
        "alertWebUrl": "https://security.example/alerts/da637551227677560813_-961444813",
        "mitreTechniques": ["T1564.001"], "createdDateTime": "2026-04-27T12:19:27.7211305Z",
        "lastUpdateDateTime": "2026-05-02T14:19:01.3266667Z",
        "evidence": [
            {"@odata.type": "#microsoft.graph.security.deviceEvidence",
             "mdeDeviceId": "73e7e2de709dff64ef64b1d0c30e67fab63279db",
             "azureAdDeviceId": null, "deviceDnsName": "yonif-lap3.corp.example",
             "riskScore": "medium", "osPlatform": "Windows10"},
            {"@odata.type": "#microsoft.graph.security.userEvidence",
             "userAccount": {"accountName": "ann", "domainName": "corp",
                             "userPrincipalName": "ann@corp.example"}},
        ],
    })
    .to_string()
}

/// What the incident trigger of Sentinel sends.
fn sentinel() -> String {
    json!({
        "eventUniqueId": "508f3c50-f6d6-45b3-8321-fb674afe3478", "objectSchemaType": "Incident",
        "objectEventType": "Create", "workspaceInfo": {"ResourceGroupName": "soc"},
        "workspaceId": "b1d7c2a0-4f1f-43d2-9c6a-0d8f6c6f2f11",
        "object": {
            "id": "/subscriptions/1/providers/Microsoft.SecurityInsights/Incidents/9b2c2a64",
            "name": "9b2c2a64", "etag": "\"2c00a5-0000\"",
            "type": "Microsoft.SecurityInsights/Incidents",
            "properties": {
                "title": "Impossible travel", "severity": "Medium", "status": "New",
                "incidentNumber": 4711, "createdTimeUtc": "2026-01-02T03:04:05Z",
                "lastModifiedTimeUtc": "2026-01-02T03:04:06Z",
                "incidentUrl": "https://portal.example/#incident/9b2c2a64",
                "additionalData": {"alertsCount": 1, "tactics": ["InitialAccess"],
                                   "techniques": ["T1078"]},
                "relatedAnalyticRuleIds": ["/rules/77"],
                "relatedEntities": [
                    {"name": "e1", "kind": "Account",
                     "properties": {"accountName": "ann", "upnSuffix": "corp.example",
                                    "aadUserId": "0b6d2a5a-9b5e-4c44-9f4f-1f8a1c9d7f10"}},
                    {"name": "e2", "kind": "Ip", "properties": {"address": "203.0.113.9"}},
                ],
                "owner": {"assignedTo": null}, "labels": [],
            },
        },
    })
    .to_string()
}
