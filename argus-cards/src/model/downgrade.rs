//! A card for a host that does not show all of it.

use std::fmt;

use serde_json::{Map, Value};

use crate::host::Host;
use crate::model::catalog::{self, PropertyInfo, TypeInfo, ValueKind};
use crate::model::object::Object;
use crate::model::{AdaptiveCard, Version};

/// A card for a host, and what was changed for it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Downgraded {
    /// The card.
    pub card: AdaptiveCard,
    /// What is different from the card as it was.
    pub changes: Vec<Change>,
}

/// Something that a host does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Where it was: a JSON pointer into the card as it was.
    pub pointer: String,
    /// What was done.
    pub deed: Deed,
    /// Why.
    pub reason: String,
}

/// What was done about something that a host does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deed {
    /// Its fallback stands there.
    Replaced,
    /// It is gone.
    Dropped,
    /// The card says the version of the host.
    Lowered,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deed = match self.deed {
            Deed::Replaced => "replaced by its fallback",
            Deed::Dropped => "dropped",
            Deed::Lowered => "lowered",
        };
        write!(f, "{}: {}: {deed}", self.pointer, self.reason)
    }
}

impl AdaptiveCard {
    /// The card as this host can show it: what it does not know, and what it cannot do that
    /// `requires` asks for, gives way to its fallback, or to that of what holds it, or is dropped.
    ///
    /// ```
    /// use argus_cards::Host;
    /// use argus_cards::model::{Badge, Card, TextBlock};
    ///
    /// let badge = Badge::new().text("New").fallback(TextBlock::new("New"));
    /// let card = Card::new().push(badge).push(Badge::new().text("Hot"));
    /// let shown = card.for_host(&Host::WEB_CHAT);
    /// assert_eq!(shown.card.body, [TextBlock::new("New").into()]);
    /// assert_eq!(
    ///     shown.changes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    ///     [
    ///         "/body/0: Web Chat does not show Badge: replaced by its fallback",
    ///         "/body/1: Web Chat does not show Badge: dropped",
    ///     ],
    /// );
    /// ```
    pub fn for_host(&self, host: &Host) -> Downgraded {
        let mut visit = Visit { host, changes: Vec::new() };
        let mut card = match serde_json::to_value(self) {
            Ok(Value::Object(card)) => card,
            _ => Map::new(),
        };
        let whole = Place { pointer: String::new(), below_fallback: false };
        // Nothing holds the card, so nothing in it asks for the fallback of what does.
        visit.properties(&mut card, Self::info(), &whole).unwrap_or_default();
        Downgraded { card: Self::from_map(card), changes: visit.changes }
    }
}

/// Where the visit is.
struct Place {
    pointer: String,
    /// Whether something around it has a fallback.
    below_fallback: bool,
}

impl Place {
    fn child(&self, key: &str) -> Self {
        let key = key.replace('~', "~0").replace('/', "~1");
        Self { pointer: format!("{}/{key}", self.pointer), below_fallback: self.below_fallback }
    }
}

/// What the host cannot show and what has no fallback of its own: that of what holds it is wanted.
struct Unshown;

/// Whether what was visited stays.
enum Fate {
    Stays,
    Goes,
}

struct Visit<'a> {
    host: &'a Host,
    changes: Vec<Change>,
}

impl Visit<'_> {
    fn properties(
        &mut self,
        map: &mut Map<String, Value>,
        info: &TypeInfo,
        place: &Place,
    ) -> Result<(), Unshown> {
        for property in info.properties() {
            let Some(value) = map.get_mut(property.key()) else { continue };
            let at = place.child(property.key());
            if !self.host.shows_property(property) {
                self.drop(&at, &format!("{}.{}", info.name(), property.key()));
                map.shift_remove(property.key());
            } else if property.key() == "fallback" {
                // It is looked at when it is used.
            } else if let Fate::Goes = self.value(value, property, property.value(), &at)? {
                map.shift_remove(property.key());
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        value: &mut Value,
        property: &PropertyInfo,
        kind: ValueKind,
        place: &Place,
    ) -> Result<Fate, Unshown> {
        match (kind, value) {
            (ValueKind::OneOf(kinds), value) => {
                let fits = |kind: &&ValueKind| match kind {
                    ValueKind::Object(_) | ValueKind::Union(_) => value.is_object(),
                    ValueKind::Word(_) => value.is_string(),
                    _ => false,
                };
                match kinds.iter().find(fits) {
                    Some(kind) => self.value(value, property, *kind, place),
                    None => Ok(Fate::Stays),
                }
            }
            (ValueKind::List(item), Value::Array(items)) => {
                self.list(items, property, *item, place)?;
                Ok(Fate::Stays)
            }
            (ValueKind::Word(words), Value::String(text)) => match words.word(text) {
                Some(word) if !self.host.knows_word(word) => {
                    self.drop(place, &format!("the word {}", word.text()));
                    Ok(Fate::Goes)
                }
                _ => Ok(Fate::Stays),
            },
            (ValueKind::Version, Value::String(text)) => {
                self.version(text, place);
                Ok(Fate::Stays)
            }
            // What comes back to the bot is not shown.
            (ValueKind::Object(info), _) if info.rust_name() == "SubmitData" => Ok(Fate::Stays),
            (ValueKind::Object(info), value @ Value::Object(_)) => {
                self.object(value, Some(info.get()), place)
            }
            (ValueKind::Union(_), value @ Value::Object(_)) => self.object(value, None, place),
            _ => Ok(Fate::Stays),
        }
    }

    fn list(
        &mut self,
        items: &mut Vec<Value>,
        property: &PropertyInfo,
        kind: ValueKind,
        place: &Place,
    ) -> Result<(), Unshown> {
        let mut kept = Vec::with_capacity(items.len());
        for (index, mut item) in std::mem::take(items).into_iter().enumerate() {
            let at = place.child(&index.to_string());
            if let Fate::Stays = self.value(&mut item, property, kind, &at)? {
                kept.push(item);
            }
        }
        *items = kept;
        Ok(())
    }

    /// Visits an object whose type is given, or says itself what it is.
    fn object(
        &mut self,
        value: &mut Value,
        expected: Option<&'static TypeInfo>,
        place: &Place,
    ) -> Result<Fate, Unshown> {
        let Value::Object(map) = value else { return Ok(Fate::Stays) };
        let typed = map.contains_key("type") && expected.is_none_or(|info| info.tag().is_some());
        let info = if typed { catalog::type_of(map) } else { expected };
        let reason = match self.refusal(map, info) {
            None => {
                let Some(info) = info else { return Ok(Fate::Stays) };
                let has = map.contains_key("fallback");
                let inside = Place {
                    pointer: place.pointer.clone(),
                    below_fallback: place.below_fallback || has,
                };
                let before = self.changes.len();
                match self.properties(map, info, &inside) {
                    Ok(()) => return Ok(Fate::Stays),
                    Err(Unshown) if has => {
                        self.changes.truncate(before);
                        format!("{} does not show what is in it", self.host.title)
                    }
                    Err(Unshown) => return Err(Unshown),
                }
            }
            Some(reason) => reason,
        };
        self.give_way(value, expected, place, reason)
    }

    /// Puts the fallback in the place of an object, if there is one.
    fn give_way(
        &mut self,
        value: &mut Value,
        expected: Option<&'static TypeInfo>,
        place: &Place,
        reason: String,
    ) -> Result<Fate, Unshown> {
        let pointer = place.pointer.clone();
        match value.get_mut("fallback").map(Value::take) {
            Some(fallback @ Value::Object(_)) => {
                self.changes.push(Change { pointer, deed: Deed::Replaced, reason });
                *value = fallback;
                self.object(value, expected, &place.child("fallback"))
            }
            None if place.below_fallback => Err(Unshown),
            _ => {
                self.changes.push(Change { pointer, deed: Deed::Dropped, reason });
                Ok(Fate::Goes)
            }
        }
    }

    /// Why the host does not show an object.
    fn refusal(&self, map: &Map<String, Value>, info: Option<&TypeInfo>) -> Option<String> {
        let tag = map.get("type").and_then(Value::as_str).unwrap_or_default();
        let shown = match info {
            Some(info) => self.host.shows(info),
            None => self.host.own_types.contains(&tag),
        };
        if !shown {
            let name = info.map_or(tag, |info| info.name());
            return Some(format!("{} does not show {name}", self.host.title));
        }
        let requires = map.get("requires").and_then(Value::as_object)?;
        let unmet = requires.iter().find(|(capability, version)| {
            !version.as_str().is_some_and(|version| self.host.meets(capability, version))
        });
        let (capability, version) = unmet?;
        Some(format!("{} does not have {capability} {version}", self.host.title))
    }

    fn version(&mut self, text: &mut String, place: &Place) {
        if Version::parse(text).is_some_and(|version| version > self.host.version) {
            let reason = format!("{} shows version {} at most", self.host.title, self.host.version);
            let pointer = place.pointer.clone();
            self.changes.push(Change { pointer, deed: Deed::Lowered, reason });
            *text = self.host.version.to_string();
        }
    }

    fn drop(&mut self, place: &Place, what: &str) {
        let reason = format!("{} does not know {what}", self.host.title);
        self.changes.push(Change { pointer: place.pointer.clone(), deed: Deed::Dropped, reason });
    }
}
