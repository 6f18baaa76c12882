//! Microsoft Sentinel: the incident trigger's envelope and the incident itself.
//!
//! The incident comes in two spellings: the management API's (`properties` with camel case) and
//! the Python SDK's export (flat, snake case). The owner is an analyst, not a suspect, so it goes
//! into the context and never among the entities.
//! Source: azure-rest-api-specs, `Microsoft.SecurityInsights`, stable/2025-09-01.

use super::json::Json;
use super::{Draft, Entity, EntityKind, Phase, entity, severity};

/// Whether this is the incident trigger's envelope.
pub(super) fn is_trigger(object: &Json<'_>) -> bool {
    object.get("object").is_some_and(is_incident)
        || (object.text("objectSchemaType").as_deref() == Some("Incident")
            && object.get("object").is_some())
}

/// Whether this is an incident in either spelling.
pub(super) fn is_incident(object: &Json<'_>) -> bool {
    let typed = object.get("type").and_then(Json::str).is_some_and(|kind| {
        kind.to_ascii_lowercase().starts_with("microsoft.securityinsights/incidents")
    });
    let properties = object.get("properties").unwrap_or(object);
    typed || (properties.get("incidentNumber").is_some() && properties.get("severity").is_some())
}

/// Reads the envelope, or a bare incident.
pub(super) fn trigger(object: &Json<'_>) -> Option<Draft> {
    if !is_trigger(object) {
        return incident(object);
    }
    let mut draft = read(object.get("object")?);
    draft.mapper = "sentinel_trigger/1".into();
    if draft.phase != Phase::Resolved {
        draft.phase = match object.text("objectEventType").as_deref() {
            Some("Update") => Phase::Update,
            _ => Phase::Open,
        };
    }
    draft.keep("delivery_id", object.get("eventUniqueId"));
    draft.keep("workspace", object.get("workspaceInfo"));
    draft.keep("workspace_id", object.get("workspaceId"));
    Some(draft)
}

/// Reads an incident.
pub(super) fn incident(object: &Json<'_>) -> Option<Draft> {
    is_incident(object).then(|| read(object))
}

fn read(incident: &Json<'_>) -> Draft {
    let properties = incident.get("properties").unwrap_or(incident);
    let more = properties.get("additionalData");
    let name = incident
        .text("name")
        .or_else(|| incident.text("id").and_then(|id| id.rsplit('/').next().map(str::to_owned)));
    let (read_severity, severity_raw) = severity::read(properties.get("severity"));
    let mut draft = Draft {
        mapper: "sentinel_arm/1".into(),
        family: "sentinel".to_owned(),
        source_id: name.clone(),
        revision: incident
            .text("etag")
            .map(|etag| etag.trim_matches('"').to_owned())
            .or_else(|| properties.text("lastModifiedTimeUtc")),
        incident_key: name,
        event_type: Some("sentinel_incident".to_owned()),
        title: properties.text("title"),
        description: properties.text("description"),
        rule: properties.texts("relatedAnalyticRuleIds").into_iter().next(),
        severity: read_severity,
        severity_raw,
        observed_at: properties.time(&["createdTimeUtc", "firstActivityTimeUtc"]),
        techniques: more.map(|more| more.texts("techniques")).unwrap_or_default(),
        product: more.and_then(|more| more.texts("alertProductNames").into_iter().next()),
        link: properties.text("incidentUrl"),
        ..Draft::default()
    };
    let status = properties.text("status").unwrap_or_default();
    draft.phase = match status.to_ascii_lowercase().as_str() {
        "closed" => Phase::Resolved,
        "active" => Phase::Update,
        _ => Phase::Open,
    };
    for related in properties.get("relatedEntities").map(Json::items).unwrap_or_default() {
        let made = related_entity(related);
        if made.is_none() {
            let kind = related.text("kind").unwrap_or_else(|| "without a kind".to_owned());
            draft.note(format!("a related entity ({kind}) has no name that we can read"));
        }
        draft.entity(made);
    }
    if !draft.lead_with(&EntityKind::Host) {
        draft.lead_with(&EntityKind::User);
    }
    for (name, key) in [
        ("incident_number", "incidentNumber"),
        ("status", "status"),
        ("owner", "owner"),
        ("labels", "labels"),
        ("classification", "classification"),
        ("classification_reason", "classificationReason"),
        ("classification_comment", "classificationComment"),
        ("provider", "providerName"),
        ("provider_incident_id", "providerIncidentId"),
        ("first_activity", "firstActivityTimeUtc"),
        ("last_activity", "lastActivityTimeUtc"),
        ("last_modified", "lastModifiedTimeUtc"),
        ("rules", "relatedAnalyticRuleIds"),
    ] {
        draft.keep(name, properties.get(key));
    }
    draft.keep("resource_id", incident.get("id"));
    draft.keep("etag", incident.get("etag"));
    draft.keep("tactics", more.and_then(|more| more.get("tactics")));
    draft
}

/// An entity of the incident. Source: the `EntityKind` list of the same specification.
fn related_entity(related: &Json<'_>) -> Option<Entity> {
    let kind = related.text("kind")?.to_ascii_lowercase();
    let properties = related.get("properties").unwrap_or(related);
    let text = |key: &str| properties.get(key).and_then(Json::str);
    let made = match kind.as_str() {
        "host" => {
            let name = text("hostName").or_else(|| text("netBiosName"));
            let full = match (name, text("dnsDomain")) {
                (Some(name), Some(domain)) if !name.contains('.') => format!("{name}.{domain}"),
                (name, _) => name?.to_owned(),
            };
            entity::entity(EntityKind::Host, &full)
                .map(|host| host.id("mde_device_id", device_id(properties)))
                .map(|host| host.id("azure_id", properties.get("azureID")))
                .map(|host| host.id("aad_device_id", properties.get("aadDeviceId")))
        }
        "account" => entity::user(
            text("userPrincipalName"),
            text("accountName").or_else(|| text("displayName")),
            text("upnSuffix").or_else(|| text("ntDomain")),
        )
        .map(|user| user.id("aad_user_id", properties.get("aadUserId")))
        .map(|user| user.id("sid", properties.get("sid"))),
        "ip" => entity::entity(EntityKind::Ip, text("address")?),
        "url" => entity::entity(EntityKind::Url, text("url")?),
        "dnsresolution" => entity::entity(EntityKind::Domain, text("domainName")?),
        "filehash" => entity::entity(EntityKind::FileHash, text("hashValue")?),
        "process" => entity::first(
            EntityKind::Process,
            &[properties.get("commandLine"), properties.get("processId")],
        ),
        "mailbox" => entity::entity(EntityKind::Mailbox, text("mailboxPrimaryAddress")?),
        "azureresource" => entity::entity(EntityKind::CloudResource, text("resourceId")?),
        _ => {
            let name = text("friendlyName").or_else(|| related.get("name").and_then(Json::str))?;
            entity::entity(EntityKind::Other(kind.clone()), name)
        }
    };
    made.map(|made| made.id("sentinel_entity", related.get("name")))
}

/// The Defender device id, which connectors need to isolate; it hides in `additionalData`.
fn device_id<'a>(properties: &'a Json<'a>) -> Option<&'a Json<'a>> {
    let more = properties.get("additionalData")?;
    more.any(&["MdatpDeviceId", "mdeDeviceId"])
}
