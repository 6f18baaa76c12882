//! The generic shape, and whatever can be found in a shape that nobody knows.
//!
//! The shape is the automation runner's: `source`, `event_type`, `severity`, `entity_type`,
//! `entity_value`, `metadata`, `context`; its normalised form (`entity: {type, value, metadata}`)
//! is read as well. Two of its habits are not copied: a severity it does not know stays unknown
//! instead of low, and an entity without a type is not declared a host.

use serde_json::{Map, Value};

use super::json::Json;
use super::{Draft, EntityKind, Phase, Severity, entity, look, severity};

const MAPPER: &str = "generic/1";

/// Reads any object.
pub(super) fn event(object: &Json<'_>) -> Draft {
    let claimed = object.any(&["source", "provider"]).and_then(Json::str);
    let mut draft = Draft {
        mapper: MAPPER.into(),
        family: claimed.map_or_else(|| "generic".to_owned(), str::to_lowercase),
        source: claimed.map(str::to_owned),
        source_id: id(object),
        id_of_message: is_shaped(object),
        incident_key: object.any_text(&["incident_key", "incident_id", "dedup_key"]),
        event_type: object.any_text(&["event_type", "type", "event_name", "category", "action"]),
        title: object.any_text(&["title", "name", "alert_name", "summary", "message"]),
        description: object.any_text(&["description", "details"]),
        rule: object.any_text(&["rule", "rule_id", "rule_name", "detector_id"]),
        observed_at: object.time(&[
            "timestamp",
            "@timestamp",
            "observed_at",
            "time",
            "event_time",
            "created_at",
            "created",
            "creation_time",
        ]),
        techniques: object.texts("techniques"),
        product: object.any_text(&["product", "product_name"]),
        link: object.any_text(&["link", "url", "html_url", "alert_url"]),
        ..Draft::default()
    };
    (draft.severity, draft.severity_raw) = severity::read(object.get("severity"));
    phase(object, &mut draft);
    entities(object, &mut draft);
    draft.context = context(object);
    for (field, found) in
        [("source", draft.source.is_some()), ("event type", draft.event_type.is_some())]
    {
        if !found {
            draft.note(format!("no {field} was found"));
        }
    }
    draft
}

/// Reads a list of several alerts as one event that says so.
///
/// Its severity stays unknown, so that a person looks: picking one of the alerts would hide the
/// others. It has no id of its own, so its bytes are its id.
pub(super) fn several(first: &Json<'_>, count: usize) -> Draft {
    let mut draft = event(first);
    draft.title = Some(format!("A list of {count} alerts in one message"));
    draft.severity_raw = None;
    draft.severity = Severity::Unknown;
    (draft.source_id, draft.incident_key) = (None, None);
    draft.phase = Phase::Open;
    draft.context.insert("alerts".to_owned(), count.into());
    draft.note("one message is one event, so only the first alert of the list was read");
    draft
}

/// Whether the sender wrote the generic shape itself, and so means what it says by these names.
fn is_shaped(object: &Json<'_>) -> bool {
    let entity = ["entity_value", "entity", "entities"];
    object.get("event_type").is_some() && entity.iter().any(|key| object.get(key).is_some())
}

/// The message's own id. The `EventID` of Windows is the number of a kind of event.
fn id(object: &Json<'_>) -> Option<String> {
    let event_id = || object.text("event_id").filter(|id| !look::is_event_number(id));
    let id = object.text("id").or_else(event_id);
    id.or_else(|| object.any_text(&["alert_id", "uuid", "guid"]))
}

/// Reads the status. `closed` may be that of a port or a ticket: what nobody knows to be an alert's
/// state is kept as a note and read as open, since an alert that is over is not shown.
fn phase(object: &Json<'_>, draft: &mut Draft) {
    let Some(word) = object.any_text(&["phase", "status", "state"]) else { return };
    let known = draft.id_of_message || draft.incident_key.is_some();
    draft.phase = match word.to_lowercase().as_str() {
        "resolved" | "closed" | "recovered" if known => Phase::Resolved,
        "update" | "updated" | "in_progress" | "inprogress" | "active" if known => Phase::Update,
        "open" | "new" | "firing" | "triggered" | "active" | "alerting" => Phase::Open,
        _ => {
            let word = super::field::shown(&word);
            draft.note(format!("status {word:?} is not one we know; read as open"));
            Phase::Open
        }
    };
}

fn entities(object: &Json<'_>, draft: &mut Draft) {
    let nested = object.get("entity");
    let value = object
        .get("entity_value")
        .or_else(|| nested.and_then(|entity| entity.get("value")))
        .and_then(Json::as_text);
    let kind = object
        .get("entity_type")
        .or_else(|| nested.and_then(|entity| entity.get("type")))
        .and_then(Json::as_text);
    if let Some(value) = value {
        let kind = kind.unwrap_or_else(|| {
            draft.note("the entity has no type, so nothing is done to it");
            "unknown".to_owned()
        });
        let made = entity::entity(EntityKind::from(kind), &value);
        draft.entity(made.map(|made| with_ids(made, object, nested)));
    }
    for listed in object.get("entities").map(Json::items).unwrap_or_default() {
        let kind = listed.any_text(&["type", "kind"]);
        if let (Some(kind), Some(value)) = (kind, listed.any_text(&["value", "name"])) {
            let made = entity::entity(EntityKind::from(kind), &value);
            draft.entity(made.map(|made| with_ids(made, listed, None)));
        }
    }
    for (kind, keys) in [
        (EntityKind::Host, ["hostname", "host", "host_name", "device_name", "computer_name"]),
        (EntityKind::User, ["user", "username", "user_name", "user_principal_name", "account_upn"]),
        (EntityKind::Ip, ["ip", "ip_address", "src_ip", "source_ip", "source_ip_address"]),
    ] {
        let found: Vec<_> = keys.iter().map(|key| object.get(key)).collect();
        draft.entity(entity::first(kind, &found));
    }
}

/// Takes the ids that connectors need from an entity's metadata.
fn with_ids(
    mut entity: super::Entity,
    object: &Json<'_>,
    nested: Option<&Json<'_>>,
) -> super::Entity {
    let metadata =
        nested.and_then(|nested| nested.get("metadata")).or_else(|| object.get("metadata"));
    let Some(metadata) = metadata.or_else(|| object.get("ids")) else { return entity };
    for name in ["mde_device_id", "aad_user_id", "aad_device_id", "arn"] {
        entity = entity.id(name, metadata.get(name));
    }
    entity
}

/// `context` as it is, and `metadata` beside it.
fn context(object: &Json<'_>) -> Map<String, Value> {
    let mut context = match object.get("context").map(Json::to_value) {
        Some(Value::Object(context)) => context,
        Some(other) => Map::from_iter([("context".to_owned(), other)]),
        None => Map::new(),
    };
    let metadata = object.get("metadata").or_else(|| object.at(&["entity", "metadata"]));
    if let Some(metadata) = metadata {
        context.insert("metadata".to_owned(), metadata.to_value());
    }
    context
}
