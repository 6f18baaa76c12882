//! A message, read as its mapping says.

use jiff::Timestamp;

use super::{
    Condition, EntityRule, Grading, Mapping, PartPicks, Path, Pick, Scope, Stated, Wanted,
};
use crate::event::draft::Draft;
use crate::event::entity::{self, Parts};
use crate::event::json::Json;
use crate::event::severity::{self, ReadSeverity};
use crate::event::{Entity, EntityKind, Phase, Severity, look, time};

/// How many items of one list become entities.
const MOST_ITEMS: usize = 64;

impl Condition {
    pub(super) fn holds(&self, scope: Scope<'_, '_>) -> bool {
        let wanted = |value: &Json<'_>| match &self.wanted {
            Wanted::Present | Wanted::Absent => true,
            Wanted::OneOf(words) => {
                value.as_text().is_some_and(|text| words.iter().any(|word| matches(word, &text)))
            }
        };
        let mut found = false;
        visit_ends(&self.path, scope, &mut |value| {
            found = wanted(value);
            found
        });
        found != self.is_absence()
    }

    /// Whether this asks for a key not to be there.
    pub(super) const fn is_absence(&self) -> bool {
        matches!(self.wanted, Wanted::Absent)
    }

    pub(super) const fn path(&self) -> &Path {
        &self.path
    }
}

/// As [`Path::visit`], but an empty list or object is something too: the key is there.
fn visit_ends<'m, 'a>(
    path: &Path,
    scope: Scope<'m, 'a>,
    enough: &mut dyn FnMut(&'m Json<'a>) -> bool,
) {
    let empty_list = path.first_key().filter(|_| path.is_one_key()).and_then(|key| {
        scope.here.get(key).filter(|value| matches!(value, Json::List(items) if items.is_empty()))
    });
    match empty_list {
        Some(list) => {
            enough(list);
        }
        None => {
            path.visit(scope, enough);
        }
    }
}

/// Whether a text is what a word asks for, in any case; `*` stands for anything.
fn matches(word: &str, text: &str) -> bool {
    let Some((start, rest)) = word.split_once('*') else { return text.eq_ignore_ascii_case(word) };
    let Some(tail) = after(start, text) else { return false };
    // The parts between stars are found one behind the other, each as early as it can be.
    let mut left = tail;
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            let at = left.len().checked_sub(part.len());
            let end = at.and_then(|at| left.get(at..));
            return end.is_some_and(|end| end.eq_ignore_ascii_case(part));
        }
        let starts = (0..=left.len()).filter_map(|at| left.get(at..));
        let Some(next) = starts.into_iter().find_map(|from| after(part, from)) else {
            return false;
        };
        left = next;
    }
    true
}

/// What follows a beginning, in any case.
fn after<'t>(start: &str, text: &'t str) -> Option<&'t str> {
    let head = text.get(..start.len())?;
    head.eq_ignore_ascii_case(start).then(|| text.get(start.len()..)).flatten()
}

impl Mapping {
    /// The part of a message that this mapping reads, if it is one of its messages.
    pub(crate) fn scope<'m, 'a>(&self, message: &'m Json<'a>) -> Option<Scope<'m, 'a>> {
        let whole = Scope { here: message, root: message };
        let here = match &self.within {
            Some(within) => within.json(whole).unwrap_or(message),
            None => message,
        };
        self.conditions(whole).map(|_| Scope { here, root: message })
    }

    /// How many conditions of a message hold: the more, the surer. Nothing when a line has one
    /// that does not.
    pub(super) fn conditions(&self, scope: Scope<'_, '_>) -> Option<usize> {
        let lines = self.when.iter().filter(|line| line.iter().all(|one| one.holds(scope)));
        lines.map(Vec::len).max()
    }

    /// Reads a message.
    pub(in crate::event) fn read(&self, scope: Scope<'_, '_>, near: Timestamp) -> Draft {
        let facts = &self.facts;
        let text = |pick: &Pick| pick.text(scope);
        let mut draft = Draft {
            mapper: self.id.clone().into(),
            family: self.family.clone(),
            source_id: text(&facts.id),
            revision: text(&facts.revision),
            incident_key: text(&facts.incident),
            event_type: text(&facts.kind),
            title: text(&facts.title),
            description: text(&facts.description),
            rule: text(&facts.rule),
            link: text(&facts.link),
            tenant: text(&facts.tenant),
            product: self.product.as_ref().and_then(text),
            techniques: facts.techniques.texts(scope),
            ..Draft::default()
        };
        self.read_time(scope, near, &mut draft);
        self.read_phase(scope, &mut draft);
        for rule in &self.entities {
            rule.read(scope, &mut draft);
        }
        for (name, pick) in &self.context {
            draft.keep(name, pick.json(scope));
        }
        draft
    }

    fn read_time(&self, scope: Scope<'_, '_>, near: Timestamp, draft: &mut Draft) {
        let values = || self.facts.time.paths().filter_map(|path| path.first(scope));
        draft.observed_at = values().find_map(|value| time::read(value, Some(near)));
        if draft.observed_at.is_none()
            && let Some(text) = values().find_map(Json::as_text)
            && !look::is_nothing(&text)
        {
            draft.note(format!("the time {text:?} is not one we can read"));
        }
    }

    fn read_phase(&self, scope: Scope<'_, '_>, draft: &mut Draft) {
        let Some(rule) = &self.phase else { return };
        let Some(word) = rule.from.text(scope) else { return };
        let is = |words: &[String]| words.iter().any(|known| matches(known, &word));
        draft.phase = if is(&rule.resolved) {
            Phase::Resolved
        } else if is(&rule.update) {
            Phase::Update
        } else {
            if !is(&rule.open) {
                draft.note(format!("status {word:?} is not one we know; read as open"));
            }
            Phase::Open
        };
    }

    /// How bad the product says it is, and a note when it says several things. `None` when the
    /// mapping leaves it to the usual keys.
    ///
    /// The first place that says anything decides. What cannot be read there is not overruled by a
    /// vaguer place: then nobody knows.
    pub(crate) fn severity(&self, scope: Scope<'_, '_>) -> Option<(ReadSeverity, Option<String>)> {
        match &self.severity {
            Grading::Usual => None,
            Grading::Never => Some(((Severity::Unknown, None), None)),
            Grading::Stated(stated) => {
                let said = stated.iter().find_map(|one| one.read(scope));
                Some(said.unwrap_or(((Severity::Unknown, None), None)))
            }
        }
    }

    /// The keys that the walk leaves out.
    pub(crate) fn ignored(&self) -> &[String] {
        &self.ignore
    }
}

impl Stated {
    /// What stands there. Of several, as in a list of alerts, the worst; one that cannot be read is
    /// worse than all but a high one, so that a person looks.
    fn read(&self, scope: Scope<'_, '_>) -> Option<(ReadSeverity, Option<String>)> {
        if !self.when.iter().all(|condition| condition.holds(scope)) {
            return None;
        }
        let texts = self.from.texts(scope);
        let weight = |severity| match severity {
            Severity::Unknown => (Severity::High, false),
            known => (known, true),
        };
        let said = texts.iter().map(|raw| (self.grade(raw), raw));
        let (severity, raw) = said.max_by_key(|(severity, _)| weight(*severity))?;
        let note = texts.iter().any(|other| self.grade(other) != severity).then(|| {
            format!("it states several severities; {:?} counts", crate::event::field::shown(raw))
        });
        Some(((severity, Some(raw.clone())), note))
    }

    fn grade(&self, raw: &str) -> Severity {
        let own = self.words.iter().find(|(word, _)| matches(word, raw));
        own.map(|(_, severity)| *severity)
            .or_else(|| self.scale.read(raw))
            .unwrap_or_else(|| severity::word(raw))
    }
}

impl EntityRule {
    fn read(&self, scope: Scope<'_, '_>, draft: &mut Draft) {
        let Some(each) = &self.each else { return self.read_one(scope, draft) };
        let mut left = MOST_ITEMS;
        each.visit(scope, &mut |item| {
            self.read_one(Scope { here: item, root: scope.root }, draft);
            left -= 1;
            left == 0
        });
    }

    fn read_one(&self, scope: Scope<'_, '_>, draft: &mut Draft) {
        if !self.when.iter().all(|condition| condition.holds(scope)) {
            return;
        }
        if let Some(parts) = &self.parts {
            let made = parts.entity(&self.kind, scope);
            return draft.entity(made.map(|made| self.with_ids(made, scope)));
        }
        for text in self.value.texts(scope).into_iter().take(MOST_ITEMS) {
            for made in made(&self.kind, &text) {
                draft.entity(Some(self.with_ids(made, scope)));
            }
        }
    }

    fn with_ids(&self, mut entity: Entity, scope: Scope<'_, '_>) -> Entity {
        for (name, pick) in &self.ids {
            entity.alias(name, pick.text(scope).as_deref());
        }
        entity
    }
}

/// What a text makes under the kind that the mapping gives it. A name where an address was
/// expected is a name; several addresses in one text are several.
fn made(kind: &EntityKind, text: &str) -> Vec<Entity> {
    let one = |kind: EntityKind, text: &str| entity::entity(kind, text).into_iter().collect();
    match kind {
        EntityKind::Ip => {
            let parts = text.split([',', ';', ' ']).filter(|part| !part.is_empty());
            parts
                .filter_map(|part| match look::ip(part) {
                    Some(ip) => entity::entity(EntityKind::Ip, &ip.to_string()),
                    None if look::is_domain(part) => entity::entity(EntityKind::Domain, part),
                    None => None,
                })
                .collect()
        }
        EntityKind::Host if look::ip(without_port(text)).is_some() => {
            one(EntityKind::Ip, without_port(text))
        }
        EntityKind::Host => {
            let text = without_port(text);
            let parts = Parts { name: Some(text), ..Parts::default() };
            entity::machine(&parts).into_iter().collect()
        }
        EntityKind::User => {
            let parts = Parts { name: Some(text), ..Parts::default() };
            entity::account(&parts).into_iter().collect()
        }
        EntityKind::FileHash => {
            let digits = text.rsplit(['=', ':']).next().unwrap_or(text).trim();
            if look::is_hash(digits) { one(EntityKind::FileHash, digits) } else { Vec::new() }
        }
        EntityKind::Url if !text.contains("://") && look::is_domain(text) => {
            one(EntityKind::Domain, text)
        }
        other => one(other.clone(), text),
    }
}

/// The machine in `ws-7:9100`, as scrapers write it.
fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.parse::<u16>().is_ok() => name,
        _ => text,
    }
}

impl PartPicks {
    fn entity(&self, kind: &EntityKind, scope: Scope<'_, '_>) -> Option<Entity> {
        let [whole, name, domain, sid, id, shown] =
            [&self.whole, &self.name, &self.domain, &self.sid, &self.id, &self.shown]
                .map(|pick| pick.text(scope));
        let parts = Parts {
            whole: whole.as_deref(),
            name: name.as_deref(),
            domain: domain.as_deref(),
            sid: sid.as_deref(),
            id: id.as_deref(),
            shown: shown.as_deref(),
        };
        if *kind == EntityKind::Host { entity::machine(&parts) } else { entity::account(&parts) }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_anything() {
        for (word, text) in [
            ("High", "HIGH"),
            ("event_*summary", "Event_EppSummary"),
            ("*.*", "a.b"),
            ("*", ""),
            ("a*", "a"),
            ("*b", "ab"),
            ("a*b*c", "aXXbYYc"),
            ("*é*", "caféx"),
        ] {
            assert!(matches(word, text), "{word} {text}");
        }
        for (word, text) in
            [("High", "Highest"), ("a*", "b"), ("*b", "ba"), ("a*b*c", "acb"), ("ab*ba", "aba")]
        {
            assert!(!matches(word, text), "{word} {text}");
        }
    }
}
