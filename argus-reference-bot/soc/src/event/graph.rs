//! Microsoft Graph `alerts_v2`: one alert with evidence of many kinds.
//!
//! Evidence is told apart by `@odata.type`, which one exporter renames to `at_sign_odata_type`;
//! another one turns the list into one key per kind. The id that isolation needs is
//! `mdeDeviceId`; the host name is only for people.
//! Source: learn.microsoft.com, graph/api/resources/security-alert.

use super::json::Json;
use super::{Draft, Entity, EntityKind, Phase, Severity, entity, severity};

/// Whether this is an alert, or the answer to a query that found exactly one.
pub(super) fn is_alert(object: &Json<'_>) -> bool {
    let alert = single(object);
    if kind_of(alert).is_some_and(|kind| kind == "alert") {
        return true;
    }
    let evidence = alert.get("evidence").map(Json::items).unwrap_or_default();
    evidence.iter().any(|item| kind_of(item).is_some())
        || (alert.get("serviceSource").is_some() && alert.get("createdDateTime").is_some())
        || (alert.get("providerAlertId").is_some() && alert.get("detectorId").is_some())
}

/// Reads an alert.
pub(super) fn alert(object: &Json<'_>) -> Option<Draft> {
    is_alert(object).then(|| read(single(object)))
}

/// The alert in a query's answer with one entry, or the object itself.
fn single<'a, 'b>(object: &'a Json<'b>) -> &'a Json<'b> {
    match object.get("value").map(Json::items) {
        Some([only]) => only,
        _ => object,
    }
}

/// The last word of an object's type: `alert`, `deviceEvidence`.
fn kind_of<'a>(object: &'a Json<'_>) -> Option<&'a str> {
    let name = object.any(&["@odata.type", "at_sign_odata_type", "odata.type"])?.str()?;
    let name = name.strip_prefix('#').unwrap_or(name);
    let kind = name.strip_prefix("microsoft.graph.security.")?;
    Some(kind)
}

fn read(alert: &Json<'_>) -> Draft {
    let (read_severity, severity_raw) = severity::read(alert.get("severity"));
    let source_id = alert.any_text(&["id", "providerAlertId"]);
    let mut draft = Draft {
        mapper: "graph_alerts_v2/1".into(),
        family: "graph".to_owned(),
        incident_key: alert.text("incidentId").or_else(|| source_id.clone()),
        source_id,
        revision: alert.text("lastUpdateDateTime"),
        event_type: alert.text("category"),
        title: alert.text("title"),
        description: alert.text("description"),
        rule: alert.text("detectorId").or_else(|| alert.text("title")),
        severity: read_severity,
        severity_raw,
        observed_at: alert.time(&["createdDateTime", "firstActivityDateTime"]),
        techniques: alert.texts("mitreTechniques"),
        product: alert.any_text(&["productName", "serviceSource"]),
        link: alert.any_text(&["alertWebUrl", "incidentWebUrl"]),
        tenant: alert.text("tenantId"),
        ..Draft::default()
    };
    if draft.severity == Severity::Unknown && draft.severity_raw.as_deref() == Some("unknown") {
        draft.note("the product itself does not know how severe it is");
    }
    draft.phase = match alert.text("status").as_deref() {
        Some("resolved") => Phase::Resolved,
        Some("inProgress") => Phase::Update,
        Some("new") | None => Phase::Open,
        Some(other) => {
            draft.note(format!("status {other:?} is not one we know; read as open"));
            Phase::Open
        }
    };
    for item in evidence(alert) {
        read_evidence(item, &mut draft);
    }
    if !draft.lead_with(&EntityKind::Host) {
        draft.lead_with(&EntityKind::User);
    }
    for (name, key) in [
        ("status", "status"),
        ("classification", "classification"),
        ("determination", "determination"),
        ("detection_source", "detectionSource"),
        ("recommended_actions", "recommendedActions"),
        ("assigned_to", "assignedTo"),
        ("threat", "threatDisplayName"),
        ("first_activity", "firstActivityDateTime"),
        ("last_activity", "lastActivityDateTime"),
        ("incident_link", "incidentWebUrl"),
    ] {
        draft.keep(name, alert.get(key));
    }
    draft
}

/// All pieces of evidence: the list, or one key per kind.
fn evidence<'a, 'b>(alert: &'a Json<'b>) -> Vec<&'a Json<'b>> {
    if let Some(list) = alert.get("evidence") {
        return list.items().iter().collect();
    }
    let Json::Object(fields) = alert else { return Vec::new() };
    let is_evidence = |value: &&Json<'_>| kind_of(value).is_some_and(|k| k.ends_with("Evidence"));
    fields.iter().map(|(_, value)| value).filter(is_evidence).collect()
}

fn read_evidence(item: &Json<'_>, draft: &mut Draft) {
    let text = |path: &[&str]| item.at(path).and_then(Json::str);
    match kind_of(item).unwrap_or_default() {
        "deviceEvidence" => draft.entity(device(item)),
        "userEvidence" => draft.entity(account(item.get("userAccount"))),
        "mailboxEvidence" => {
            let address = text(&["primaryAddress"]).unwrap_or_default();
            draft.entity(entity::entity(EntityKind::Mailbox, address));
            draft.entity(account(item.get("userAccount")));
        }
        "ipEvidence" => {
            draft.entity(entity::entity(EntityKind::Ip, text(&["ipAddress"]).unwrap_or_default()));
        }
        "urlEvidence" => {
            draft.entity(entity::entity(EntityKind::Url, text(&["url"]).unwrap_or_default()));
        }
        "fileEvidence" => draft.entity(file(item.get("fileDetails"))),
        "processEvidence" => {
            let id = item.get("processId");
            let line = entity::first(EntityKind::Process, &[item.get("processCommandLine"), id]);
            draft.entity(line.map(|process| process.id("process_id", id)));
            draft.entity(file(item.get("imageFile")));
            draft.entity(account(item.get("userAccount")));
        }
        "azureResourceEvidence" | "amazonResourceEvidence" | "googleCloudResourceEvidence" => {
            let name = item.any(&["resourceId", "amazonResourceId", "fullResourceName"]);
            draft.entity(entity::first(EntityKind::CloudResource, &[name]));
        }
        "" => draft.note("a piece of evidence has no type"),
        other => {
            // A kind that is new to us still names things for people, under its own word.
            let name = item.any(&["displayName", "registryKey", "name", "subject"]);
            let word = other.strip_suffix("Evidence").unwrap_or(other);
            let made = entity::first(EntityKind::Other(word.to_owned()), &[name]);
            if made.is_none() {
                draft.note(format!("evidence of the kind {other} has no name that we can read"));
            }
            draft.entity(made);
        }
    }
}

fn device(item: &Json<'_>) -> Option<Entity> {
    let id = item.get("mdeDeviceId");
    let name = [item.get("deviceDnsName"), item.get("hostName"), id];
    Some(
        entity::first(EntityKind::Host, &name)?
            .id("mde_device_id", id)
            .id("aad_device_id", item.get("azureAdDeviceId")),
    )
}

fn account(account: Option<&Json<'_>>) -> Option<Entity> {
    let account = account?;
    let text = |key: &str| account.get(key).and_then(Json::str);
    let user = entity::user(text("userPrincipalName"), text("accountName"), text("domainName"))?;
    Some(user.id("aad_user_id", account.get("azureAdUserId")).id("sid", account.get("userSid")))
}

fn file(details: Option<&Json<'_>>) -> Option<Entity> {
    let details = details?;
    let hash = [details.get("sha256"), details.get("sha1"), details.get("md5")];
    Some(
        entity::first(EntityKind::FileHash, &hash)?
            .id("file_name", details.get("fileName"))
            .id("file_path", details.get("filePath")),
    )
}
