//! What a source may say. A stolen key of a small source must not speak for the whole company.

use super::{Entity, EntityKind, Phase, SecurityEvent, Severity, field, fingerprint};

/// What one source may claim. Whatever it claims beyond that is taken out of the event and noted;
/// the event itself stays, since a lie is a reason to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// The worst severity it may report.
    pub max_severity: Option<Severity>,
    /// The kinds of entities it may speak of.
    pub entities: Option<Vec<EntityKind>>,
    /// The ids of other systems that it may give to them: `mde_device_id`.
    pub ids: Option<Vec<String>>,
    /// The types of events it may report.
    pub event_types: Option<Vec<String>>,
    /// Whether it may not say that something is over.
    pub never_resolves: bool,
}

impl Claims {
    /// Takes out of an event what its source may not claim, and notes it.
    ///
    /// ```
    /// use argus_soc::event::{Claims, Severity, Shape, Source, normalise};
    ///
    /// let source = Source { name: "printer", shape: Shape::Generic, tenant: None };
    /// let now = "2026-01-01T00:00:00Z".parse()?;
    /// let mut event = normalise(br#"{"severity": "critical", "host": "dc-1"}"#, &source, now)?;
    /// let mut claims = Claims::default();
    /// claims.max_severity = Some(Severity::Low);
    /// claims.hold(&mut event);
    /// assert_eq!(event.severity, Severity::Low);
    /// assert!(event.notes.iter().any(|note| note.contains("may not say critical")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hold(&self, event: &mut SecurityEvent) {
        if *self == Self::default() {
            return;
        }
        self.hold_severity(event);
        if self.never_resolves && event.phase == Phase::Resolved {
            event.phase = Phase::Update;
            event.notes.push("the source says that it is over, which it may not say".to_owned());
        }
        let renamed = self.hold_type(event);
        let changed = self.hold_entities(event);
        if renamed || changed {
            // Events are one by what is left of them, not by what was claimed.
            event.fingerprint = fingerprint(
                event.tenant.as_deref(),
                &event.family,
                event.rule.as_deref().unwrap_or(&event.event_type),
                event.entities.first(),
                Some(event.title.as_str()),
            );
        }
    }

    fn hold_severity(&self, event: &mut SecurityEvent) {
        let Some(max) = self.max_severity.filter(|max| event.severity > *max) else { return };
        let note = format!("the source may not say {}, only up to {max}", event.severity);
        event.notes.push(note);
        event.severity = max;
    }

    fn hold_type(&self, event: &mut SecurityEvent) -> bool {
        let allowed = self.event_types.as_ref();
        let known = allowed.is_none_or(|it| it.contains(&event.event_type));
        if !known {
            let claimed = field::shown(&event.event_type);
            event.notes.push(format!("the source may not report events of type {claimed:?}"));
            "unknown".clone_into(&mut event.event_type);
        }
        !known
    }

    fn hold_entities(&self, event: &mut SecurityEvent) -> bool {
        let SecurityEvent { entities, notes, .. } = event;
        let before = entities.len();
        if let Some(allowed) = &self.entities {
            entities.retain(|entity| {
                let kept = allowed.contains(&entity.kind);
                if !kept {
                    notes.push(format!("the source may not speak of a {}", entity.kind));
                }
                kept
            });
        }
        for entity in entities.iter_mut() {
            self.hold_ids(entity, notes);
        }
        entities.len() != before
    }

    fn hold_ids(&self, entity: &mut Entity, notes: &mut Vec<String>) {
        let Some(allowed) = &self.ids else { return };
        entity.ids.retain(|name, _| {
            let kept = allowed.contains(name);
            if !kept {
                notes.push(format!("the source may not say what the {name} of anything is"));
            }
            kept
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Shape, Source, normalise};
    use super::*;

    fn event() -> SecurityEvent {
        let raw = br#"{"id":"1","source":"edr","event_type":"malware","severity":"critical",
            "status":"resolved","entity_type":"host","entity_value":"dc-1","user":"m.holm",
            "metadata":{"mde_device_id":"d-1"}}"#;
        let source = Source { name: "printer", shape: Shape::Generic, tenant: None };
        let now = "2026-11-20T08:00:00Z".parse().expect("a time");
        normalise(raw, &source, now).expect("an event")
    }

    #[test]
    fn what_a_source_may_not_claim_is_taken_out_and_noted() {
        let before = event();
        let check = |claims: &Claims, notes: usize| {
            let mut after = event();
            claims.hold(&mut after);
            assert_eq!(after.notes.len() - before.notes.len(), notes, "{:?}", after.notes);
            assert_eq!(after.event_id, before.event_id);
            after
        };
        assert_eq!(check(&Claims::default(), 0), before);
        let wide = Claims {
            max_severity: Some(Severity::Critical),
            entities: Some(vec![EntityKind::Host, EntityKind::User]),
            ids: Some(vec!["mde_device_id".into()]),
            event_types: Some(vec!["malware".into()]),
            never_resolves: false,
        };
        assert_eq!(check(&wide, 0), before);

        let low = Claims { max_severity: Some(Severity::Low), ..Claims::default() };
        assert_eq!(check(&low, 1).severity, Severity::Low);
        let silent = Claims { never_resolves: true, ..Claims::default() };
        assert_eq!(check(&silent, 1).phase, Phase::Update);
        let users = Claims { entities: Some(vec![EntityKind::User]), ..Claims::default() };
        let after = check(&users, 1);
        assert_eq!(after.principal().map(|it| it.value.as_str()), Some("m.holm"));
        assert_ne!(after.fingerprint, before.fingerprint, "it is about somebody else now");
        let no_ids = Claims { ids: Some(vec![]), ..Claims::default() };
        assert_eq!(check(&no_ids, 1).host().map(|it| it.ids.len()), Some(0));
        let scans = Claims { event_types: Some(vec!["scan".into()]), ..Claims::default() };
        let after = check(&scans, 1);
        assert_eq!(after.event_type, "unknown");
        assert_ne!(after.fingerprint, before.fingerprint);
    }
}
