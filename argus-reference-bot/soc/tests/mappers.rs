//! Each product's shape, on messages that we wrote ourselves.

use argus_soc::event::{EntityKind, Phase, SecurityEvent, Severity, Shape};
use serde_json::{Value, json};

use crate::read;

/// Entities as `kind=value` in their order.
fn entities(event: &SecurityEvent) -> Vec<String> {
    event.entities.iter().map(|entity| format!("{}={}", entity.kind, entity.value)).collect()
}

fn trigger(event: &str, status: &str, etag: &str) -> Value {
    json!({
        "eventUniqueId": "delivery-1",
        "objectSchemaType": "Incident",
        "objectEventType": event,
        "workspaceInfo": {"SubscriptionId": "s", "ResourceGroupName": "rg", "WorkspaceName": "ws"},
        "workspaceId": "w-1",
        "object": {
            "id": "/subscriptions/s/providers/Microsoft.SecurityInsights/Incidents/inc-1",
            "name": "inc-1",
            "etag": etag,
            "type": "Microsoft.SecurityInsights/Incidents",
            "properties": {
                "title": "Suspicious sign-in", "severity": "High", "status": status,
                "owner": {"userPrincipalName": "analyst@example.com"},
                "createdTimeUtc": "2026-01-01T10:00:00.5Z",
                "lastModifiedTimeUtc": "2026-01-01T11:00:00Z",
                "incidentNumber": 42,
                "incidentUrl": "https://portal.example/42",
                "additionalData": {
                    "alertProductNames": ["Microsoft Defender XDR"],
                    "techniques": ["T1078"], "tactics": ["InitialAccess"]
                },
                "relatedAnalyticRuleIds": ["rule-9"],
                "relatedEntities": [
                    {"kind": "Ip", "properties": {"address": "203.0.113.7"}},
                    {"kind": "Account", "properties":
                        {"accountName": "Ann", "upnSuffix": "Example.com", "aadUserId": "u-1"}},
                    {"kind": "Host", "properties":
                        {"hostName": "WS-7", "dnsDomain": "corp.example",
                         "additionalData": {"MdatpDeviceId": "dev-1"}}},
                    {"kind": "Url", "properties": {"url": "HTTPS://Evil.example/A"}},
                    {"kind": "Host", "properties": {}}
                ]
            }
        }
    })
}

#[test]
fn sentinel_trigger() {
    let event = read(Shape::Auto, &trigger("Create", "New", "\"e1\"").to_string());
    assert_eq!(event.mapper, "sentinel_trigger/1");
    assert_eq!((event.family.as_str(), event.source.as_str()), ("sentinel", "test"));
    assert_eq!(event.incident_key.as_deref(), Some("inc-1"));
    assert_eq!((event.phase, event.severity), (Phase::Open, Severity::High));
    assert_eq!(event.rule.as_deref(), Some("rule-9"));
    assert_eq!(event.techniques, ["T1078"]);
    assert_eq!(event.observed_at, Some("2026-01-01T10:00:00.5Z".parse().unwrap()));
    assert_eq!(
        entities(&event),
        [
            "host=ws-7.corp.example",
            "ip=203.0.113.7",
            "user=ann@example.com",
            "url=https://evil.example/A",
        ]
    );
    assert_eq!(event.host().unwrap().ids["mde_device_id"], "dev-1");
    assert_eq!(event.first_of(&EntityKind::User).unwrap().ids["aad_user_id"], "u-1");
    assert_eq!(event.notes.len(), 1, "the host without a name: {:?}", event.notes);
    // The analyst who owns the incident must never become a target.
    assert!(!entities(&event).iter().any(|entity| entity.contains("analyst")));
    assert_eq!(event.context["owner"]["userPrincipalName"], "analyst@example.com");
}

#[test]
fn sentinel_updates_are_new_events_about_the_same_thing() {
    let at = |event: &str, status: &str, etag: &str| {
        read(Shape::SentinelTrigger, &trigger(event, status, etag).to_string())
    };
    let created = at("Create", "New", "\"e1\"");
    let updated = at("Update", "Active", "\"e2\"");
    let closed = at("Update", "Closed", "\"e3\"");
    let phases = [created.phase, updated.phase, closed.phase];
    assert_eq!(phases, [Phase::Open, Phase::Update, Phase::Resolved]);
    assert_ne!(created.event_id, updated.event_id);
    assert_eq!(created.fingerprint, closed.fingerprint);
    assert_eq!(created.incident_key, closed.incident_key);
    // A redelivery differs only in its delivery id.
    let mut again = trigger("Create", "New", "\"e1\"");
    again["eventUniqueId"] = "delivery-2".into();
    let again = read(Shape::SentinelTrigger, &again.to_string());
    assert_eq!(again.event_id, created.event_id);
}

#[test]
fn sentinel_incident_in_both_spellings() {
    let object = trigger("Create", "New", "\"e1\"")["object"].clone();
    let camel = read(Shape::Auto, &object.to_string());
    assert_eq!(camel.mapper, "sentinel_arm/1");
    let snake = json!({
        "name": "inc-1", "etag": "e1", "type": "Microsoft.SecurityInsights/Incidents",
        "title": "Suspicious sign-in", "severity": "High", "status": "New",
        "created_time_utc": "2026-01-01T10:00:00.500000+00:00", "incident_number": 42,
        "incident_url": "https://portal.example/42",
        "additional_data": {"alert_product_names": ["Microsoft Defender XDR"],
                            "techniques": ["T1078"]},
        "related_analytic_rule_ids": ["rule-9"]
    });
    let snake = read(Shape::Auto, &snake.to_string());
    for (one, other) in [
        (&camel.title, &snake.title),
        (camel.rule.as_ref().unwrap(), snake.rule.as_ref().unwrap()),
        (camel.link.as_ref().unwrap(), snake.link.as_ref().unwrap()),
        (camel.product.as_ref().unwrap(), snake.product.as_ref().unwrap()),
    ] {
        assert_eq!(one, other);
    }
    assert_eq!(camel.event_id, snake.event_id);
    assert_eq!(camel.observed_at, snake.observed_at);
    assert_eq!(camel.techniques, snake.techniques);
    assert!(read(Shape::SentinelTrigger, &object.to_string()).severity == Severity::High);
}

fn alert(type_key: &str) -> Value {
    let typed = |kind: &str, mut rest: Value| {
        rest[type_key] = format!("#microsoft.graph.security.{kind}").into();
        rest
    };
    typed(
        "alert",
        json!({
            "id": "al-1", "incidentId": "7", "status": "new", "severity": "medium",
            "serviceSource": "microsoftDefenderForEndpoint", "detectorId": "det-1",
            "tenantId": "t-1", "title": "Hidden file", "category": "DefenseEvasion",
            "mitreTechniques": ["T1564.001"], "createdDateTime": "2026-01-01T00:00:00.1234567Z",
            "evidence": [
                typed("ipEvidence", json!({"ipAddress": "::ffff:203.0.113.7"})),
                typed("processEvidence", json!({
                    "processId": 4780, "processCommandLine": "\"a.exe\" -x",
                    "imageFile": {"sha256": "ABCD", "fileName": "a.exe"},
                    "userAccount": {"accountName": "SYSTEM", "domainName": "NT AUTHORITY"}})),
                typed("deviceEvidence", json!({
                    "mdeDeviceId": "dev-9", "deviceDnsName": "WS-9.corp.example"})),
                typed("userEvidence", json!({"userAccount": {
                    "userPrincipalName": "Bo@Example.com", "azureAdUserId": "u-2"}})),
                typed("cloudLogonSessionEvidence", json!({"sessionId": "s"})),
            ]
        }),
    )
}

#[test]
fn graph_alert() {
    for (type_key, wrap) in
        [("@odata.type", false), ("at_sign_odata_type", false), ("@odata.type", true)]
    {
        let alert = alert(type_key);
        let raw = if wrap { json!({"value": [alert]}) } else { alert };
        let event = read(Shape::Auto, &raw.to_string());
        assert_eq!(event.mapper, "graph_alerts_v2/1", "{type_key}");
        assert_eq!(
            entities(&event),
            [
                "host=ws-9.corp.example",
                "ip=203.0.113.7",
                "process=\"a.exe\" -x",
                "file_hash=abcd",
                "user=nt authority\\system",
                "user=bo@example.com",
            ]
        );
        assert_eq!(event.host().unwrap().ids["mde_device_id"], "dev-9");
        assert_eq!(event.severity, Severity::Medium);
        assert_eq!(event.incident_key.as_deref(), Some("7"));
        assert_eq!(event.tenant.as_deref(), Some("t-1"));
        assert_eq!(event.observed_at, Some("2026-01-01T00:00:00.1234567Z".parse().unwrap()));
        assert!(event.notes[0].contains("cloudLogonSessionEvidence"), "{:?}", event.notes);
    }
}

#[test]
fn graph_status_moves_the_phase_and_the_event() {
    let with = |status: &str, updated: &str| {
        let mut alert = alert("@odata.type");
        alert["status"] = status.into();
        alert["lastUpdateDateTime"] = updated.into();
        read(Shape::GraphAlert, &alert.to_string())
    };
    let new = with("new", "2026-01-01T00:00:01Z");
    let resolved = with("resolved", "2026-01-01T00:00:02Z");
    assert_eq!(resolved.phase, Phase::Resolved);
    assert_ne!(new.event_id, resolved.event_id, "or closing an alert would be a repetition");
    let future = with("unknownFutureValue", "2026-01-01T00:00:03Z");
    assert_eq!(future.phase, Phase::Open);
    assert!(future.notes.iter().any(|note| note.contains("unknownFutureValue")));
}

fn finding(severity: &Value) -> Value {
    json!({
        "schemaVersion": "2.0", "accountId": "123456789012", "region": "eu-west-1",
        "id": "f-1", "arn": "arn:aws:guardduty:eu-west-1:123456789012:detector/d/finding/f-1",
        "type": "UnauthorizedAccess:IAMUser/MaliciousIPCaller", "severity": severity,
        "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-02T00:00:00.000Z",
        "title": "API was invoked",
        "resource": {"resourceType": "AccessKey",
            "accessKeyDetails": {"userName": "Ann", "principalId": "p", "accessKeyId": "AK"},
            "instanceDetails": {"instanceId": "i-1"}},
        "service": {"serviceName": "guardduty", "count": 3, "archived": false,
            "action": {"actionType": "AWS_API_CALL", "awsApiCallAction": {
                "remoteIpDetails": {"ipAddressV4": "198.51.100.1"}}}}
    })
}

/// The same finding as the API spells it.
fn pascal(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| {
                let mut letters = key.chars();
                let first = letters.next().unwrap_or_default().to_ascii_uppercase();
                (format!("{first}{}", letters.as_str()), pascal(value))
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(pascal).collect(),
        other => other.clone(),
    }
}

#[test]
fn guardduty_in_every_wrapping() {
    let bare = finding(&json!(8));
    let envelope = json!({"version": "0", "id": "env", "detail-type": "GuardDuty Finding",
                          "source": "aws.guardduty", "time": "2026-01-02T00:05:00Z",
                          "detail": bare});
    for raw in
        [bare.clone(), envelope, json!({"Findings": [pascal(&bare)]}), pascal(&bare), json!([bare])]
    {
        let event = read(Shape::Auto, &raw.to_string());
        assert_eq!(event.mapper, "guardduty/1", "{raw}");
        assert_eq!(entities(&event), ["user=ann", "cloud_resource=i-1", "ip=198.51.100.1"]);
        assert_eq!(event.source_id.as_deref(), Some("f-1"));
        assert_eq!(event.severity, Severity::High);
        assert_eq!(event.phase, Phase::Update);
        assert_eq!(event.observed_at, Some("2026-01-02T00:00:00Z".parse().unwrap()));
        assert_eq!(event.principal().unwrap().ids["principal_id"], "p");
    }
}

#[test]
fn guardduty_severity_bands() {
    fn check(raw: &Value, expected: Severity) {
        let event = read(Shape::GuardDuty, &finding(raw).to_string());
        assert_eq!(event.severity, expected, "{raw}");
    }
    check(&json!(1), Severity::Low);
    check(&json!(3.9), Severity::Low);
    check(&json!(4.0), Severity::Medium);
    check(&json!(6.9), Severity::Medium);
    check(&json!("7.0"), Severity::High);
    check(&json!(8.9), Severity::High);
    check(&json!(9), Severity::Critical);
    check(&json!(10.0), Severity::Critical);
    check(&json!("HIGH"), Severity::High);
    check(&json!(0), Severity::Unknown);
    check(&json!(11), Severity::Unknown);
    check(&json!(null), Severity::Unknown);
}

#[test]
fn guardduty_resource_type_names_the_principal() {
    fn check(kind: &str, expected: &str) {
        let mut raw = finding(&json!(5));
        raw["resource"]["resourceType"] = kind.into();
        raw["resource"]["s3BucketDetails"] = json!([{"arn": "arn:aws:s3:::b", "name": "b"}]);
        let event = read(Shape::Auto, &raw.to_string());
        assert_eq!(entities(&event)[0], expected, "{kind}");
    }
    check("AccessKey", "user=ann");
    check("Instance", "cloud_resource=i-1");
    check("S3Bucket", "cloud_resource=arn:aws:s3:::b");
}
