//! What a mapper found, and what becomes of it.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::json::Json;
use super::walk::{Find, Finds};
use super::{Entity, EntityKind, Phase, SecurityEvent, Severity, Source, event_id, field, hex};
use crate::attack;

/// How many of the entities that only the walk found are named in the note about them.
const NAMED: usize = 6;

/// How many notes an event has; a person reads a few.
const MOST_NOTES: usize = 64;

/// What a mapper found; [`Draft::finish`] adds what is the same for all of them.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) mapper: Cow<'static, str>,
    pub(super) family: String,
    pub(super) source: Option<String>,
    pub(super) source_id: Option<String>,
    /// Makes two messages about one alert two events: an etag, the time of the last change.
    /// Without it their bytes do.
    pub(super) revision: Option<String>,
    /// Whether the id is the message's own, so that the same id with other bytes is a mistake.
    pub(super) id_of_message: bool,
    pub(super) incident_key: Option<String>,
    pub(super) phase: Phase,
    pub(super) event_type: Option<String>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) rule: Option<String>,
    pub(super) severity: Severity,
    pub(super) severity_raw: Option<String>,
    pub(super) observed_at: Option<Timestamp>,
    pub(super) entities: Vec<Entity>,
    /// Ids or names as the product wrote them; checked when the event is made.
    pub(super) techniques: Vec<String>,
    pub(super) unknown_techniques: Vec<String>,
    pub(super) product: Option<String>,
    pub(super) link: Option<String>,
    pub(super) tenant: Option<String>,
    pub(super) notes: Vec<String>,
    pub(super) context: Map<String, Value>,
}

impl Draft {
    /// Says something of the reading. A message that gives cause for endless notes is cut short.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        match self.notes.len() {
            0..MOST_NOTES => self.notes.push(note.into()),
            MOST_NOTES => self.notes.push("there would be more notes".to_owned()),
            _ => {}
        }
    }

    /// Adds an entity unless the same one is there, whose ids it then completes.
    pub(super) fn entity(&mut self, entity: Option<Entity>) {
        let Some(entity) = entity else { return };
        let same = |known: &&mut Entity| known.kind == entity.kind && known.value == entity.value;
        match self.entities.iter_mut().find(same) {
            Some(known) => {
                for (name, id) in entity.ids {
                    known.ids.entry(name).or_insert(id);
                }
            }
            None => self.entities.push(entity),
        }
    }

    /// Puts the first entity of a kind in front.
    pub(super) fn lead_with(&mut self, kind: &EntityKind) -> bool {
        let Some(at) = self.entities.iter().position(|entity| entity.kind == *kind) else {
            return false;
        };
        if let Some(front) = self.entities.get_mut(..=at) {
            front.rotate_right(1);
        }
        true
    }

    pub(super) fn keep(&mut self, name: &str, value: Option<&Json<'_>>) {
        if let Some(value) = value
            && *value != Json::Null
        {
            self.context.insert(name.to_owned(), value.to_value());
        }
    }

    /// Adds what only the walk found, after what the mapper named, so that the principal stays the
    /// mapper's; says so for whoever has to judge it.
    pub(super) fn complete(&mut self, mut finds: Finds) {
        let before = self.entities.len();
        let mut places = Vec::new();
        let by_id = std::mem::take(&mut finds.by_id);
        let found = std::mem::take(&mut finds.entities);
        for find in found {
            if !self.entities.iter().any(|known| known.covers(&find.entity)) {
                places.push(place(&find));
                self.entities.push(find.entity);
            }
        }
        for find in by_id {
            // An id names somebody only where nothing better does.
            if !self.entities.iter().any(|known| known.kind == find.entity.kind) {
                places.push(place(&find));
                self.entities.push(find.entity);
            }
        }
        if before == 0 && !self.lead_with(&EntityKind::Host) {
            self.lead_with(&EntityKind::User);
        }
        self.note_places(&places);
        if let Some(why) = finds.cut {
            self.note(format!("not all of the message was searched: {why}"));
        }
        self.observed_at = self.observed_at.or_else(|| finds.time());
        if self.observed_at.is_none()
            && let Some(text) = finds.unread_time()
        {
            self.note(format!("the time {:?} is not one we can read", field::shown(text)));
        }
        self.title = self.title.take().or_else(|| finds.title());
        self.source_id = self.source_id.take().or_else(|| finds.id());
        self.link = self.link.take().or_else(|| finds.link());
        self.techniques.append(&mut finds.techniques);
        self.unknown_techniques.append(&mut finds.unknown_techniques);
    }

    /// Takes the severity that stands under the usual keys.
    pub(super) fn grade(&mut self, finds: &Finds) {
        let ((severity, raw), note) = finds.severity();
        self.severity = severity;
        self.severity_raw = raw.or(self.severity_raw.take());
        self.notes.extend(note);
    }

    /// One line about what was found by its looks alone.
    fn note_places(&mut self, places: &[String]) {
        if places.is_empty() {
            return;
        }
        let named: Vec<&str> = places.iter().take(NAMED).map(String::as_str).collect();
        let more = match places.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        self.note(field::shown(&format!("found by key and look: {}{more}", named.join(", "))));
    }

    /// Keeps the techniques that the catalogue has, and says which ones it has not.
    fn check_techniques(&mut self) {
        let mut known: Vec<String> = Vec::new();
        let named = std::mem::take(&mut self.techniques);
        let mut unknown = std::mem::take(&mut self.unknown_techniques);
        for text in named {
            let mut any = false;
            for found in attack::find(&text) {
                any = true;
                match found {
                    attack::Found::Known(id) if !known.contains(&id) => known.push(id),
                    attack::Found::Known(_) => {}
                    attack::Found::Unknown(id) => unknown.push(id),
                }
            }
            if !any {
                unknown.push(text);
            }
        }
        unknown.sort();
        unknown.dedup();
        for text in unknown {
            let text = field::shown(&text);
            let version = attack::VERSION;
            self.note(format!("{text:?} is no technique of ATT&CK Enterprise {version}"));
        }
        self.techniques = known;
    }

    pub(super) fn finish(
        mut self,
        raw: &[u8],
        source: &Source<'_>,
        received_at: Timestamp,
    ) -> SecurityEvent {
        self.check_techniques();
        if self.entities.is_empty() {
            self.note("no entity was found");
        }
        if self.severity == Severity::Unknown {
            let note = match &self.severity_raw {
                Some(raw) => format!("severity {raw:?} is not one we know"),
                None => "the source gives no severity".to_owned(),
            };
            self.notes.push(note);
        }
        let digest = || hex(&Sha256::digest(raw));
        // A product's id without a revision may come again with other content, or be that of a rule;
        // the content then tells, so that a change is an event and only a redelivery a repetition.
        let native = match (&self.source_id, &self.revision) {
            (Some(id), Some(revision)) => format!("{id}@{revision}"),
            (Some(id), None) if self.id_of_message => id.clone(),
            (Some(id), None) => format!("{id}@sha256:{}", digest()),
            (None, _) => format!("sha256:{}", digest()),
        };
        let name = if source.name.is_empty() { self.family.as_str() } else { source.name };
        // The id hangs on who delivered it, never on who the message says it is: one source cannot
        // make another one's events look like repetitions.
        let event_id = event_id(name, &native);
        let event_type = self.event_type.unwrap_or_else(|| "unknown".to_owned());
        let title = self.title.as_deref().map(field::shown).filter(|title| !title.is_empty());
        let tenant = source.tenant.map(str::to_owned).or(self.tenant);
        let fingerprint = fingerprint(
            tenant.as_deref(),
            &self.family,
            self.rule.as_deref().unwrap_or(&event_type),
            self.entities.first(),
            title.as_deref(),
        );
        SecurityEvent {
            event_id,
            source: self.source.unwrap_or_else(|| name.to_owned()),
            family: self.family,
            source_id: self.source_id,
            incident_key: self.incident_key,
            phase: self.phase,
            title: title.unwrap_or_else(|| event_type.clone()),
            event_type,
            description: self.description,
            rule: self.rule,
            severity: self.severity,
            severity_raw: self.severity_raw,
            observed_at: self.observed_at,
            received_at,
            entities: self.entities,
            techniques: self.techniques,
            product: self.product,
            link: self.link,
            tenant,
            notes: self.notes,
            fingerprint,
            context: self.context,
            mapper: self.mapper.into_owned(),
        }
    }
}

/// What was found and where, short enough for a note.
fn place(find: &Find) -> String {
    let cut = find.entity.value.char_indices().nth(60).map(|(at, _)| at);
    let value = cut.and_then(|at| find.entity.value.get(..at));
    let value = value.map_or_else(|| find.entity.value.clone(), |start| format!("{start}…"));
    format!("{} {value} at {}", find.entity.kind, find.at)
}

/// What two alerts about the same thing share: tenant, family, rule and principal entity.
///
/// Times, counters and etags stay out. Without an entity the title stands in, so that two
/// unrelated alerts of one rule do not become one.
pub(super) fn fingerprint(
    tenant: Option<&str>,
    family: &str,
    rule: &str,
    principal: Option<&Entity>,
    title: Option<&str>,
) -> String {
    let (kind, value) = match principal {
        Some(entity) => (entity.kind.as_str(), entity.value.as_str()),
        None => ("", title.unwrap_or_default()),
    };
    let mut hash = Sha256::new();
    for part in [tenant.unwrap_or_default(), family, rule, kind, value] {
        // Lengths keep ("a", "bc") apart from ("ab", "c").
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    let mut text = hex(&hash.finalize());
    text.truncate(32);
    text
}
