//! AWS `GuardDuty`: a finding, bare, in an `EventBridge` envelope, or in a list export.
//!
//! The keys are camel case in events and Pascal case from the API. The severity is a number in
//! bands: 1.0-3.9 low, 4.0-6.9 medium, 7.0-8.9 high, 9.0-10.0 critical.
//! Source: AWS documentation, "GuardDuty findings severity levels" and "finding format".

use super::json::Json;
use super::severity::ReadSeverity;
use super::{Draft, EntityKind, Phase, Severity, entity, severity};

/// Whether this is a finding in one of its wrappings.
pub(super) fn is_finding(object: &Json<'_>) -> bool {
    let finding = unwrapped(object);
    let service = finding.at(&["service", "serviceName"]).and_then(Json::str);
    let by_envelope = object.get("source").and_then(Json::str) == Some("aws.guardduty");
    let by_arn = finding.get("arn").and_then(Json::str).is_some_and(|a| a.contains(":guardduty:"));
    (by_envelope && finding.get("type").is_some())
        || service == Some("guardduty")
        || (by_arn && finding.get("type").is_some())
}

/// Reads a finding.
pub(super) fn finding(object: &Json<'_>) -> Option<Draft> {
    is_finding(object).then(|| read(unwrapped(object)))
}

/// The finding without its envelope (`detail`) or its list (`findings` with one entry).
fn unwrapped<'a, 'b>(object: &'a Json<'b>) -> &'a Json<'b> {
    if let Some(detail @ Json::Object(_)) = object.get("detail") {
        return detail;
    }
    match object.get("findings").map(Json::items) {
        Some([only]) => only,
        _ => object,
    }
}

fn read(finding: &Json<'_>) -> Draft {
    let (severity, severity_raw) = severity(finding.get("severity"));
    let source_id = finding.text("id");
    let mut draft = Draft {
        mapper: "guardduty/1".into(),
        family: "guardduty".to_owned(),
        incident_key: source_id.clone(),
        source_id,
        revision: finding.text("updatedAt"),
        event_type: finding.text("type"),
        title: finding.text("title"),
        description: finding.text("description"),
        rule: finding.text("type"),
        severity,
        severity_raw,
        // Every update is a new sighting, so the last change is when it happened.
        observed_at: finding.time(&["updatedAt", "createdAt"]),
        product: Some("Amazon GuardDuty".to_owned()),
        tenant: finding.text("accountId"),
        ..Draft::default()
    };
    let service = finding.get("service");
    let archived = service.and_then(|s| s.text("archived")).is_some_and(|word| word == "true");
    let count = service.and_then(|s| s.text("count")).and_then(|count| count.parse::<u64>().ok());
    draft.phase = match (archived, count) {
        (true, _) => Phase::Resolved,
        (false, Some(2..)) => Phase::Update,
        (false, _) => Phase::Open,
    };
    if let Some(resource) = finding.get("resource") {
        resource_entities(resource, &mut draft);
    }
    if let Some(action) = service.and_then(|service| service.get("action")) {
        action_entities(action, &mut draft);
    }
    draft.keep("account", finding.get("accountId"));
    draft.keep("region", finding.get("region"));
    draft.keep("arn", finding.get("arn"));
    if let Some(service) = service {
        for (name, key) in [
            ("first_activity", "eventFirstSeen"),
            ("last_activity", "eventLastSeen"),
            ("count", "count"),
            ("resource_role", "resourceRole"),
        ] {
            draft.keep(name, service.get(key));
        }
        draft.keep("sample", service.at(&["additionalInfo", "sample"]));
    }
    draft
}

/// Reads the bands. A word is accepted too, since exporters translate; zero and less are not in
/// any band.
fn severity(value: Option<&Json<'_>>) -> ReadSeverity {
    let Some(raw) = value.and_then(Json::as_text) else { return (Severity::Unknown, None) };
    let read = match raw.parse::<f64>() {
        Ok(number) if (9.0..=10.0).contains(&number) => Severity::Critical,
        Ok(number) if (7.0..9.0).contains(&number) => Severity::High,
        Ok(number) if (4.0..7.0).contains(&number) => Severity::Medium,
        Ok(number) if (1.0..4.0).contains(&number) => Severity::Low,
        Ok(_) => Severity::Unknown,
        Err(_) => severity::word(&raw),
    };
    (read, Some(raw))
}

/// What was attacked or misused. The resource type says which of the details is the principal;
/// sample findings carry details of several.
fn resource_entities(resource: &Json<'_>, draft: &mut Draft) {
    let key = resource.get("accessKeyDetails");
    let user = key.and_then(|key| {
        Some(
            entity::first(EntityKind::User, &[key.get("userName")])?
                .id("principal_id", key.get("principalId"))
                .id("access_key_id", key.get("accessKeyId"))
                .id("user_type", key.get("userType")),
        )
    });
    let kubernetes = resource.at(&["kubernetesDetails", "kubernetesUserDetails", "username"]);
    let instance = resource.get("instanceDetails");
    let instance_entity = instance.and_then(|instance| {
        let profile = instance.at(&["iamInstanceProfile", "arn"]);
        let id = [instance.get("instanceId")];
        Some(entity::first(EntityKind::CloudResource, &id)?.id("profile_arn", profile))
    });
    let other = other_resource(resource);
    let kind = resource.text("resourceType").unwrap_or_default();
    let users = [user, entity::first(EntityKind::User, &[kubernetes])];
    if kind.eq_ignore_ascii_case("Instance") {
        draft.entity(instance_entity);
        for user in users {
            draft.entity(user);
        }
        draft.entity(other);
    } else {
        if !kind.eq_ignore_ascii_case("AccessKey") {
            draft.entity(other.clone());
        }
        for user in users {
            draft.entity(user);
        }
        draft.entity(other);
        draft.entity(instance_entity);
    }
}

fn other_resource(resource: &Json<'_>) -> Option<super::Entity> {
    let bucket = resource.get("s3BucketDetails").and_then(|buckets| buckets.items().first());
    for details in [
        bucket,
        resource.get("eksClusterDetails"),
        resource.get("lambdaDetails"),
        resource.get("rdsDbInstanceDetails"),
        resource.get("ecsClusterDetails"),
    ]
    .into_iter()
    .flatten()
    {
        let arn = details.any(&["arn", "functionArn", "dbInstanceArn"]);
        let name = details.any(&["name", "functionName", "dbInstanceIdentifier"]);
        if let Some(made) = entity::first(EntityKind::CloudResource, &[arn, name]) {
            return Some(made.id("arn", arn).id("name", name));
        }
    }
    None
}

/// Who did it from where. Source: the `Action` object of the finding format.
fn action_entities(action: &Json<'_>, draft: &mut Draft) {
    let Json::Object(kinds) = action else { return };
    for (_, details) in kinds {
        let mut remotes = vec![details.get("remoteIpDetails")];
        let probes = details.get("portProbeDetails").map(Json::items).unwrap_or_default();
        remotes.extend(probes.iter().map(|probe| probe.get("remoteIpDetails")));
        for remote in remotes.into_iter().flatten() {
            let address = [remote.get("ipAddressV4"), remote.get("ipAddressV6")];
            draft.entity(entity::first(EntityKind::Ip, &address));
        }
        if let Some(domain) =
            details.get("domain").or_else(|| details.at(&["domainDetails", "domain"]))
        {
            draft.entity(entity::first(EntityKind::Domain, &[Some(domain)]));
        }
    }
}
