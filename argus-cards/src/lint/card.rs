//! A card as rules see it: every object with what it is and where it stands.

use super::marks::Marks;
use super::{Linter, Reading, walk};
use crate::host::{self, Host};
use crate::json::{Kind, Member, Node};
use crate::model::Version;
use crate::model::catalog::{PropertyInfo, TypeInfo};

/// An object of a card.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'t> {
    pub(super) at: usize,
    pub(super) members: &'t [Member<'t>],
    /// Its `type`, or what it must be at this place; empty if nobody knows.
    pub(super) kind: &'t str,
    /// What the schema says about it, if it knows it.
    pub(super) info: Option<&'static TypeInfo>,
    /// What the schema says about the property in which it stands.
    pub(super) place: Option<&'static PropertyInfo>,
    /// Where in the card's properties its own begin.
    pub(super) properties: usize,
    /// The property in which it stands.
    pub(super) key: &'t str,
    /// The object around it.
    pub(super) up: Option<usize>,
}

impl<'t> Object<'t> {
    pub(super) fn member(&self, key: &str) -> Option<&'t Member<'t>> {
        self.members.iter().find(|member| member.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&'t Node<'t>> {
        self.member(key).map(|member| &member.value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.member(key).is_some()
    }

    /// The number of a property that is written out.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        match &self.get(key)?.kind {
            Kind::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// The flag of a property that is written out.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)?.kind {
            Kind::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    /// The items of a property that is an array.
    pub(super) fn list(&self, key: &str) -> &'t [Node<'t>] {
        match self.get(key).map(|node| &node.kind) {
            Some(Kind::Array(items)) => items,
            _ => &[],
        }
    }
}

/// A text of a card.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'t> {
    pub(super) at: usize,
    pub(super) text: &'t str,
    pub(super) marks: Marks,
    /// The property.
    pub(super) key: &'t str,
    /// The object that has the property, or in which the array is.
    pub(super) object: usize,
}

/// A card, or a template of one.
#[derive(Debug)]
pub(super) struct Card<'t> {
    pub(super) source: &'t str,
    pub(super) root: &'t Node<'t>,
    /// Every object that is part of the card, the card first.
    pub(super) objects: Vec<Object<'t>>,
    /// What the schema says about the properties of all objects, one after the other.
    pub(super) properties: Vec<Option<&'static PropertyInfo>>,
    /// Every text in them.
    pub(super) words: Vec<Words<'t>>,
    pub(super) linter: &'t Linter,
    pub(super) host: &'t Host,
    /// Whether expressions may be in it.
    pub(super) template: bool,
    /// Whether it is a part that templates include, and no card of its own.
    pub(super) part: bool,
    /// The declared version, if it is one.
    pub(super) version: Option<Version>,
    /// How deep elements nest, and where.
    pub(super) deepest: (usize, usize),
}

impl<'t> Card<'t> {
    pub(super) fn new(file: &str, source: &'t str, root: &'t Node<'t>, linter: &'t Linter) -> Self {
        let template = match linter.reading {
            Reading::Card => false,
            Reading::Template => true,
            Reading::Auto => is_template(root),
        };
        let mut card = Self {
            source,
            root,
            objects: Vec::new(),
            properties: Vec::new(),
            words: Vec::new(),
            linter,
            host: &linter.host,
            template,
            part: false,
            version: None,
            deepest: (0, 0),
        };
        walk::walk(&mut card, root);
        let tagged = card.objects.first().and_then(|root| root.info.and_then(TypeInfo::tag));
        card.part = tagged.is_some_and(|tag| tag != "AdaptiveCard") && is_partial(file);
        card.version = card
            .objects
            .first()
            .and_then(|root| text(root.get("version")?))
            .and_then(host::read_version);
        card
    }

    /// Whether a text will only be known when the template is rendered.
    pub(super) fn is_open_text(&self, text: &str) -> bool {
        self.template && has_expression(text)
    }

    /// The text of a property that is written out.
    pub(super) fn text(&self, object: &Object<'t>, key: &str) -> Option<&'t str> {
        text(object.get(key)?).filter(|text| !self.is_open_text(text))
    }

    /// The properties of an object, and what the schema says about each.
    pub(super) fn properties<'a>(
        &'a self,
        object: &Object<'t>,
    ) -> impl Iterator<Item = (&'t Member<'t>, Option<&'static PropertyInfo>)> + 'a {
        let known = self.properties.get(object.properties..).unwrap_or_default();
        object.members.iter().zip(known.iter().copied())
    }

    /// The texts that have one of some characters, which [`Marks`] must know.
    pub(super) fn words_with<'a>(
        &'a self,
        characters: &str,
    ) -> impl Iterator<Item = &'a Words<'t>> + 'a {
        let marks = Marks::of(characters);
        self.words.iter().filter(move |words| words.marks.has(marks))
    }

    /// The object around this one.
    pub(super) fn up(&self, object: &Object<'t>) -> Option<&Object<'t>> {
        self.objects.get(object.up?)
    }

    /// All objects around this one, the nearest first.
    pub(super) fn around<'a>(
        &'a self,
        object: &'a Object<'t>,
    ) -> impl Iterator<Item = &'a Object<'t>> + 'a {
        std::iter::successors(self.up(object), |object| self.up(object))
    }

    /// All objects of a kind.
    pub(super) fn of_kind<'a>(
        &'a self,
        kind: &'a str,
    ) -> impl Iterator<Item = &'a Object<'t>> + 'a {
        self.objects.iter().filter(move |object| fits(kind, object.kind))
    }
}

/// Whether a file is one of those that templates include.
fn is_partial(file: &str) -> bool {
    file.split(['/', '\\']).any(|folder| folder == "partials")
}

/// Whether a kind fits a pattern: itself, all that begin like `Input.`, or any for `*`.
pub(super) fn fits(pattern: &str, kind: &str) -> bool {
    match pattern {
        "*" => true,
        pattern if pattern.ends_with('.') => kind.starts_with(pattern),
        pattern => kind == pattern,
    }
}

/// The text of a node.
pub(super) fn text<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    match &node.kind {
        Kind::String(text) => Some(text),
        _ => None,
    }
}

/// A property of a node that is an object.
pub(super) fn inner<'t>(node: &'t Node<'t>, key: &str) -> Option<&'t Node<'t>> {
    match &node.kind {
        Kind::Object(members) => {
            members.iter().find(|member| member.key == key).map(|member| &member.value)
        }
        _ => None,
    }
}

/// Whether there is an expression in a text; `${rs:name}` is none, Teams replaces it.
pub(super) fn has_expression(text: &str) -> bool {
    text.match_indices("${")
        .any(|(at, _)| !text.get(at + 2..).is_some_and(|rest| rest.trim_start().starts_with("rs:")))
}

fn is_template(node: &Node<'_>) -> bool {
    match &node.kind {
        Kind::String(text) => has_expression(text),
        Kind::Array(items) => items.iter().any(is_template),
        Kind::Object(members) => members
            .iter()
            .any(|member| ["$data", "$when"].contains(&&*member.key) || is_template(&member.value)),
        _ => false,
    }
}
