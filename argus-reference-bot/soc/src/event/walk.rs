//! The net under every mapping: what an alert of any product is about, found by what keys mean and
//! what values look like.
//!
//! Nothing is invented: a value counts when its key says what it is and its looks do not
//! contradict, or when its looks alone leave no doubt (an address, a mailbox, a web address).
//! Analysts who own an alert, and the machine that reports it, are left out: they must never
//! become a target. The work is bounded, and a message that is cut short says so.
//!
//! Long because each kind of value has its own short function here, and all of them one walk.

mod group;
mod keys;
mod severity;
mod text;

use jiff::Timestamp;

use super::json::Json;
use super::severity::ReadSeverity;
use super::{Entity, EntityKind, entity, look, time};
use crate::attack;
use group::Groups;
use keys::{About, Key, Meaning, Part};

/// How many values of a message are looked at. The largest alert of the corpus has 1,200.
const MOST_VALUES: usize = 20_000;
/// How many entities a walk finds at most.
const MOST_ENTITIES: usize = 96;
/// How many letters of a value are looked at.
const LONGEST: usize = 8192;

/// One entity and where it stood.
#[derive(Debug)]
pub(super) struct Find {
    pub(super) entity: Entity,
    pub(super) at: String,
}

/// A value with how much it is worth; less is better.
type Ranked<T> = Option<((u8, usize), T)>;

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Finds {
    pub(super) entities: Vec<Find>,
    /// Somebody or something of whom the message has nothing but an id.
    pub(super) by_id: Vec<Find>,
    time: Ranked<Timestamp>,
    unread_time: Option<String>,
    severities: severity::Candidates,
    title: Ranked<String>,
    id: Ranked<String>,
    link: Ranked<String>,
    pub(super) techniques: Vec<String>,
    pub(super) unknown_techniques: Vec<String>,
    /// Why the walk ended early.
    pub(super) cut: Option<&'static str>,
}

impl Finds {
    pub(super) fn time(&self) -> Option<Timestamp> {
        self.time.as_ref().map(|(_, time)| *time)
    }

    /// A text that stood where a time was expected and is none, when no time was found.
    pub(super) fn unread_time(&self) -> Option<&str> {
        self.unread_time.as_deref().filter(|_| self.time.is_none())
    }

    pub(super) fn severity(&self) -> (ReadSeverity, Option<String>) {
        self.severities.decide()
    }

    pub(super) fn title(&mut self) -> Option<String> {
        self.title.take().map(|(_, title)| title)
    }

    pub(super) fn id(&mut self) -> Option<String> {
        self.id.take().map(|(_, id)| id)
    }

    pub(super) fn link(&mut self) -> Option<String> {
        self.link.take().map(|(_, link)| link)
    }
}

/// Walks a whole message, but for what stands under the ignored keys.
pub(super) fn walk(message: &Json<'_>, near: Timestamp, ignored: &[String]) -> Finds {
    let mut walk =
        Walk { finds: Finds::default(), path: Vec::new(), left: MOST_VALUES, near, ignored };
    let mut spare = Groups::default();
    walk.tree(message, Key::of(""), About::Anything, &mut spare);
    walk.close(spare);
    walk.finds.entities.truncate(MOST_ENTITIES);
    walk.finds
}

struct Walk<'w> {
    finds: Finds,
    path: Vec<&'w str>,
    left: usize,
    near: Timestamp,
    ignored: &'w [String],
}

impl<'w> Walk<'w> {
    /// Walks a value under a key, in the object that `groups` belongs to.
    fn tree(&mut self, value: &'w Json<'_>, key: Key, about: About, groups: &mut Groups<'w>) {
        if self.left == 0 {
            self.finds.cut = Some("it has too many values");
            return;
        }
        self.left -= 1;
        match value {
            Json::Object(fields) => self.object(fields, about),
            Json::List(items) => {
                for item in items {
                    let about = match item {
                        Json::Object(fields) => self.about_item(fields, about),
                        _ => about,
                    };
                    self.tree(item, key, about, groups);
                }
            }
            Json::Text(text) => self.text(text.trim(), key, about, groups),
            Json::Number(digits) => self.number(digits, key, about, groups),
            Json::Bool(_) | Json::Null => {}
        }
    }

    fn object(&mut self, fields: &'w [(std::borrow::Cow<'_, str>, Json<'_>)], about: About) {
        let mut groups = Groups::default();
        let labelled = labelled(fields);
        for (name, value) in fields {
            let mut key = Key::of(name);
            let mut inner = match value {
                Json::Object(inner) => self.about_object(inner, key, about),
                Json::List(_) => key.about().unwrap_or(carried(key, about)),
                _ => about,
            };
            let ignored = || self.ignored.iter().any(|ignored| ignored.eq_ignore_ascii_case(name));
            // The label of a named value names a field, nobody and nothing.
            let is_label = labelled.is_some() && key.is_label();
            if inner == About::Aside || is_label || ignored() {
                continue;
            }
            if let Some((label, at)) = &labelled
                && key.is_labelled()
            {
                key = *label;
                inner = match (label.about(), value) {
                    (Some(about), Json::Object(_) | Json::List(_)) => about,
                    _ => inner,
                };
                self.path.push(at);
            } else {
                self.path.push(name);
            }
            self.tree(value, key, inner, &mut groups);
            self.path.pop();
        }
        if about != About::Observer {
            self.close(groups);
        }
    }

    /// What an object is about: by its key, else by the word for its type, else as its parent.
    fn about_object(
        &self,
        fields: &[(std::borrow::Cow<'_, str>, Json<'_>)],
        key: Key,
        around: About,
    ) -> About {
        if around == About::Observer {
            return around;
        }
        match key.about() {
            Some(about) => about,
            None => self.about_item(fields, carried(key, around)),
        }
    }

    fn about_item(
        &self,
        fields: &[(std::borrow::Cow<'_, str>, Json<'_>)],
        otherwise: About,
    ) -> About {
        // The type of the whole message says what is reported, not what its fields name.
        if self.path.is_empty() || otherwise != About::Anything {
            return otherwise;
        }
        let mut types = fields.iter().filter_map(|(name, value)| {
            let is_type = matches!(
                Key::of(name).letters(),
                b"type" | b"kind" | b"entitytype" | b"objecttype" | b"odatatype" | b"class"
            );
            let Json::Text(word) = value else { return None };
            is_type.then(|| Key::of(word.rsplit('.').next().unwrap_or_default()).about()).flatten()
        });
        types.find(|about| matches!(about, About::Person | About::Machine)).unwrap_or(otherwise)
    }

    fn number(&mut self, digits: &'w str, key: Key, about: About, groups: &mut Groups<'w>) {
        match key.within(about).map(|meaning| (meaning, 0)).or_else(|| key.meaning()) {
            Some((Meaning::User(Part::Id), before)) => {
                groups.add(EntityKind::User, key, before, Part::Id, digits, &self.path);
            }
            Some((Meaning::Host(Part::Id), before)) => {
                groups.add(EntityKind::Host, key, before, Part::Id, digits, &self.path);
            }
            Some((Meaning::Time(rank), _)) => {
                self.time(&Json::Number(digits), rank);
            }
            Some((Meaning::Severity(rank), _)) => {
                self.finds.severities.add(rank, self.path.len(), digits);
            }
            Some((Meaning::Id(rank), _)) => self.id(rank, key, digits),
            _ => {}
        }
    }

    fn text(&mut self, text: &'w str, key: Key, about: About, groups: &mut Groups<'w>) {
        let (text, rest) = text.split_at(text.floor_char_boundary(LONGEST));
        if text.is_empty() {
            return;
        }
        if !rest.is_empty() {
            self.finds.cut = self.finds.cut.or(Some("a text is longer than 8 KiB"));
        }
        let meaning = key.within(about).map(|meaning| (meaning, 0)).or_else(|| key.meaning());
        let Some((meaning, before)) = meaning else {
            self.hashed(text, about);
            return self.by_looks(text);
        };
        match meaning {
            Meaning::Nothing => {}
            Meaning::Time(rank) => self.time(&Json::Text(text.into()), rank),
            Meaning::Severity(rank) => {
                self.finds.severities.add(rank, self.path.len(), text);
            }
            Meaning::Id(rank) => self.id(rank, key, text),
            Meaning::Title(rank) => self.title(rank, text, about),
            Meaning::Technique => self.technique(text),
            Meaning::Text => self.prose(text),
            Meaning::User(part) => self.name(EntityKind::User, text, key, before, part, groups),
            Meaning::Host(part) => self.name(EntityKind::Host, text, key, before, part, groups),
            _ => self.place(meaning, text, about),
        }
    }

    /// Adds a part of a name to what the object says about somebody or something.
    fn name(
        &mut self,
        kind: EntityKind,
        text: &'w str,
        key: Key,
        before: usize,
        part: Part,
        groups: &mut Groups<'w>,
    ) {
        if look::is_nothing(text) || text.len() > 256 || text.contains('\n') {
            return;
        }
        if look::ip(text).is_some() {
            return self.found(entity::entity(EntityKind::Ip, text));
        }
        if look::is_url(text) {
            return self.by_looks(text);
        }
        let part = match part {
            Part::Name if kind == EntityKind::User && look::is_mail(text) => Part::Whole,
            Part::Name | Part::Id if kind == EntityKind::User && look::is_sid(text) => Part::Sid,
            other => other,
        };
        groups.add(kind, key, before, part, text, &self.path);
    }

    /// Addresses of machines, mailboxes and pages; hashes, commands and resources.
    fn place(&mut self, meaning: Meaning, text: &'w str, about: About) {
        match meaning {
            Meaning::Address => self.addresses(text),
            Meaning::Mailbox => {
                let mut any = false;
                for part in text.split([';', ',']).filter(|part| part.contains('@')) {
                    any = true;
                    self.found(entity::entity(EntityKind::Mailbox, part));
                }
                if !any {
                    self.by_looks(text);
                }
            }
            Meaning::Domain if look::is_domain(text) => {
                self.found(entity::entity(EntityKind::Domain, text));
            }
            Meaning::Url => self.url(text),
            Meaning::Link if look::is_url(text) => self.link(text),
            Meaning::Hash => self.hashed(text, About::Hashes),
            Meaning::Command => {
                let line = text.get(..text.len().min(1024)).unwrap_or(text);
                self.found(entity::entity(EntityKind::Process, line));
            }
            Meaning::Resource if text.len() <= 512 && text.contains(['-', '/', ':']) => {
                self.found(entity::entity(EntityKind::CloudResource, text));
            }
            _ => {
                self.hashed(text, about);
                self.by_looks(text);
            }
        }
    }

    /// One or more addresses; a name where an address was expected is a name.
    fn addresses(&mut self, text: &'w str) {
        if look::is_domain(text) {
            return self.found(entity::entity(EntityKind::Domain, text));
        }
        if look::is_url(text) {
            return self.by_looks(text);
        }
        for part in text.split([',', ';', ' ', '|']) {
            let part = part.trim_matches(['"', '[', ']']);
            if let Some(ip) = look::ip(part) {
                self.found(entity::entity(EntityKind::Ip, &ip.to_string()));
            } else if look::is_domain(part) {
                self.found(entity::entity(EntityKind::Domain, part));
            }
        }
    }

    fn url(&mut self, text: &'w str) {
        let bare = text.split(['/', '?']).next().unwrap_or_default();
        if look::is_url(text) {
            if !text::is_documentation(text) {
                self.found(entity::entity(EntityKind::Url, text));
                self.rank_link(6, text);
            }
        } else if bare.len() < text.len() && look::is_domain(bare) {
            self.found(entity::entity(EntityKind::Url, text));
        } else if look::is_domain(text) {
            self.found(entity::entity(EntityKind::Domain, text));
        } else {
            self.by_looks(text);
        }
    }

    /// What leaves no doubt whatever its key.
    fn by_looks(&mut self, text: &'w str) {
        if let Some(ip) = look::ip(text) {
            self.found(entity::entity(EntityKind::Ip, &ip.to_string()));
        } else if look::is_mail(text) {
            self.found(entity::entity(EntityKind::User, text));
        } else if look::is_url(text) {
            if !text::is_documentation(text) {
                self.found(entity::entity(EntityKind::Url, text));
            }
        } else if look::is_resource(text) {
            if !text::is_own_resource(text) {
                self.found(entity::entity(EntityKind::CloudResource, text));
            }
        } else if text.contains([' ', '\n', '\t']) {
            self.prose(text);
        }
    }

    fn hashed(&mut self, text: &str, about: About) {
        if about != About::Hashes || text.len() < 32 {
            return;
        }
        for part in text.split([',', ';', ' ', '|']) {
            let digits = part.rsplit(['=', ':']).next().unwrap_or_default();
            let known = part.len() == digits.len() || text::names_file_hash(part);
            if known && look::is_hash(digits) {
                self.found(entity::entity(EntityKind::FileHash, digits));
            }
        }
    }

    fn time(&mut self, value: &Json<'_>, rank: u8) {
        match time::read(value, Some(self.near)) {
            Some(time) => better(&mut self.finds.time, (rank, self.path.len()), || time),
            None if rank <= 4 && self.finds.unread_time.is_none() => {
                self.finds.unread_time =
                    value.as_text().filter(|text| !look::is_nothing(text) && text != "0");
            }
            None => {}
        }
    }

    fn title(&mut self, rank: u8, text: &'w str, about: About) {
        let depth = self.path.len();
        // A name deep inside names a part of the alert, not the alert.
        if depth <= 3 && (rank != 1 || about == About::Anything) && !look::is_nothing(text) {
            better(&mut self.finds.title, (rank, depth), || text.to_owned());
        }
        if rank > 1 || text.len() > 24 {
            self.prose(text);
        }
    }

    fn id(&mut self, rank: u8, key: Key, text: &str) {
        let depth = self.path.len();
        // The `EventID` of Windows is the number of a kind of event.
        if key.letters() == b"eventid" && look::is_event_number(text) {
            return;
        }
        if depth <= 3 && (rank == 0 || depth == 1) && !look::is_nothing(text) {
            better(&mut self.finds.id, (rank, depth), || text.to_owned());
        }
    }

    fn link(&mut self, text: &'w str) {
        self.rank_link(0, text);
    }

    fn rank_link(&mut self, rank: u8, text: &'w str) {
        let depth = self.path.len();
        if depth <= 3 && text.starts_with("http") {
            better(&mut self.finds.link, (rank, depth), || text.to_owned());
        }
    }

    fn technique(&mut self, text: &'w str) {
        for found in attack::find(text) {
            let list = match found {
                attack::Found::Known(_) => &mut self.finds.techniques,
                attack::Found::Unknown(_) => &mut self.finds.unknown_techniques,
            };
            let id = found.into_id();
            if !list.contains(&id) {
                list.push(id);
            }
        }
        self.by_looks(text);
    }

    /// Adds an entity unless it has been found before.
    fn found(&mut self, entity: Option<Entity>) {
        let Some(entity) = entity else { return };
        if self.finds.entities.iter().any(|known| known.entity.covers(&entity)) {
            return;
        }
        if self.finds.entities.len() >= MOST_ENTITIES {
            self.finds.cut = Some("it names too many things");
            return;
        }
        let at = self.path.join(".");
        self.finds.entities.push(Find { entity, at });
    }

    /// Makes entities of the names that one object has collected.
    fn close(&mut self, groups: Groups<'w>) {
        for named in groups.named() {
            self.path.push(named.at);
            if named.only_id {
                let at = self.path.join(".");
                self.finds.by_id.push(Find { entity: named.entity, at });
            } else {
                self.found(Some(named.entity));
            }
            self.path.pop();
        }
    }
}

/// What a child without a meaning of its own is about.
fn carried(key: Key, around: About) -> About {
    match around {
        About::Observer | About::Hashes | About::Aside => around,
        About::Person | About::Machine | About::Letter
            if matches!(
                key.letters(),
                b"profile"
                    | b"properties"
                    | b"attributes"
                    | b"identity"
                    | b"data"
                    | b"address"
                    | b"emailaddress"
                    | b"item"
                    | b"items"
                    | b"details"
            ) =>
        {
            around
        }
        _ => About::Anything,
    }
}

/// The name in an object that is a named value: `{"key": "src_ip", "value": "…"}`.
fn labelled<'w>(fields: &'w [(std::borrow::Cow<'_, str>, Json<'_>)]) -> Option<(Key, &'w str)> {
    if fields.len() > 8 || !fields.iter().any(|(name, _)| Key::of(name).is_labelled()) {
        return None;
    }
    let mut labels = fields.iter().filter_map(|(name, value)| match value {
        Json::Text(label) if Key::of(name).is_label() => Some((Key::of(label), label.as_ref())),
        _ => None,
    });
    let first = labels.next()?;
    let known = |(key, _): &(Key, &str)| key.meaning().is_some() || key.about().is_some();
    if known(&first) {
        return Some(first);
    }
    Some(labels.find(known).unwrap_or(first))
}

/// Keeps the better one of two values; of equals the first.
fn better<T>(best: &mut Ranked<T>, rank: (u8, usize), value: impl FnOnce() -> T) {
    if best.as_ref().is_none_or(|(known, _)| rank < *known) {
        *best = Some((rank, value()));
    }
}
