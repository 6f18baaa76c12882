//! What the schema has: every type, property and word, as tables that the types' declarations fill.
//!
//! ```
//! use argus_cards::model::catalog::{self, ValueKind};
//!
//! let table = catalog::type_named("Table").unwrap();
//! assert_eq!(table.since().unwrap().to_string(), "1.5");
//! let border = table.property("showBorder").unwrap();
//! assert!(border.is_teams_only() && matches!(border.value(), ValueKind::Bool));
//! ```

use std::fmt;
use std::ops::Deref;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::object::Object;
use super::{AdaptiveCard, Version};

/// A type of the schema.
#[derive(Clone, Copy)]
pub struct TypeInfo {
    pub(crate) name: &'static str,
    pub(crate) tag: Option<&'static str>,
    pub(crate) component: Option<&'static str>,
    pub(crate) since: Option<Version>,
    pub(crate) about: &'static str,
    pub(crate) own: &'static [PropertyInfo],
    pub(crate) shared: &'static [&'static [PropertyInfo]],
}

impl TypeInfo {
    /// What it is called: its `type`, or the name of its Rust type if it has none in JSON.
    pub const fn name(&self) -> &'static str {
        match (self.component, self.tag) {
            (Some(component), _) => component,
            (None, Some(tag)) => tag,
            (None, None) => self.name,
        }
    }

    /// The name of the type in [`model`](crate::model).
    pub const fn rust_name(&self) -> &'static str {
        self.name
    }

    /// The `type` that tells it apart, if it has one.
    pub const fn tag(&self) -> Option<&'static str> {
        self.tag
    }

    /// The `name` that tells apart what has the `type` `Component`.
    pub const fn component(&self) -> Option<&'static str> {
        self.component
    }

    /// The version of the schema that has it first; none has what only Teams knows.
    pub const fn since(&self) -> Option<Version> {
        self.since
    }

    /// Whether only Teams knows it.
    pub const fn is_teams_only(&self) -> bool {
        self.since.is_none()
    }

    /// What it is, in one sentence.
    pub fn about(&self) -> &'static str {
        self.about.trim()
    }

    /// Its properties, without `type`.
    pub fn properties(&self) -> impl Iterator<Item = &'static PropertyInfo> + use<> {
        self.own.iter().chain(self.shared.iter().copied().flatten())
    }

    /// The property of this key.
    pub fn property(&self, key: &str) -> Option<&'static PropertyInfo> {
        self.properties().find(|property| property.key == key)
    }
}

impl fmt::Debug for TypeInfo {
    /// Types hold each other, so only the name is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypeInfo").field(&self.name()).finish()
    }
}

/// Leads to a [`TypeInfo`]; types may hold each other.
#[derive(Clone, Copy)]
pub struct TypeRef(pub(crate) fn() -> &'static TypeInfo);

impl TypeRef {
    /// The type.
    pub fn get(self) -> &'static TypeInfo {
        (self.0)()
    }
}

impl Deref for TypeRef {
    type Target = TypeInfo;

    fn deref(&self) -> &TypeInfo {
        self.get()
    }
}

impl fmt::Debug for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// A property of a type.
#[derive(Clone, Copy, Debug)]
pub struct PropertyInfo {
    key: &'static str,
    about: &'static str,
    value: ValueKind,
    required: bool,
    since: Option<Version>,
    scope: Scope,
    alias: Option<&'static str>,
    always: bool,
}

/// Who knows a property of a type that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Everybody,
    OnlyTeams,
    NotTeams,
}

impl PropertyInfo {
    pub(crate) const fn new(key: &'static str, about: &'static str, value: ValueKind) -> Self {
        Self {
            key,
            about,
            value,
            required: false,
            since: None,
            scope: Scope::Everybody,
            alias: None,
            always: false,
        }
    }

    pub(crate) const fn required(self) -> Self {
        Self { required: true, always: true, ..self }
    }

    pub(crate) const fn must(self) -> Self {
        Self { always: true, ..self }
    }

    /// Whether its type writes it even when it was not set.
    pub(crate) const fn is_always_written(&self) -> bool {
        self.always
    }

    pub(crate) const fn since_version(self, version: &str) -> Self {
        Self { since: Version::literal(version), ..self }
    }

    pub(crate) const fn teams(self) -> Self {
        Self { scope: Scope::OnlyTeams, ..self }
    }

    pub(crate) const fn elsewhere(self) -> Self {
        Self { scope: Scope::NotTeams, ..self }
    }

    pub(crate) const fn also(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    /// What it is called in JSON.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// What it is, in one sentence.
    pub fn about(&self) -> &'static str {
        self.about.trim()
    }

    /// What it may hold.
    pub const fn value(&self) -> ValueKind {
        self.value
    }

    /// Whether its object is of no use without it.
    pub const fn is_required(&self) -> bool {
        self.required
    }

    /// The version of the schema that has it first, if it is younger than its type.
    pub const fn since(&self) -> Option<Version> {
        self.since
    }

    /// Whether only Teams knows it, though others know its type.
    pub const fn is_teams_only(&self) -> bool {
        matches!(self.scope, Scope::OnlyTeams)
    }

    /// Whether Teams knows it, which knows most of version 1.6 though it says 1.5.
    pub const fn is_known_to_teams(&self) -> bool {
        !matches!(self.scope, Scope::NotTeams)
    }

    /// Another key under which it is read.
    pub const fn alias(&self) -> Option<&'static str> {
        self.alias
    }
}

/// What a property may hold.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ValueKind {
    /// A text.
    Text,
    /// A text whose Markdown is shown.
    Markdown,
    /// An address.
    Url,
    /// A length like `40px`.
    Pixels,
    /// A day like `2026-01-31`.
    Date,
    /// A time of day like `14:30`.
    Time,
    /// A regular expression.
    Regex,
    /// A version of the schema like `1.5`.
    Version,
    /// The name of an element: its own under `id`, another's elsewhere.
    Id,
    /// A number.
    Number,
    /// True or false.
    Bool,
    /// One of some words.
    Word(&'static WordsInfo),
    /// An object of this type.
    Object(TypeRef),
    /// An object of one of these types.
    Union(&'static UnionInfo),
    /// An array.
    List(&'static ValueKind),
    /// An object with any keys.
    Map(&'static ValueKind),
    /// One of these.
    OneOf(&'static [ValueKind]),
    /// Anything.
    Any,
}

/// Some words, of which a property holds one; case makes no difference.
#[derive(Clone, Copy, Debug)]
pub struct WordsInfo {
    pub(crate) name: &'static str,
    pub(crate) words: &'static [WordInfo],
}

impl WordsInfo {
    /// The name of the type in [`model`](crate::model).
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The words.
    pub const fn words(&self) -> &'static [WordInfo] {
        self.words
    }

    /// The word that is spelled so, whatever its case.
    pub fn word(&self, text: &str) -> Option<&'static WordInfo> {
        self.words.iter().find(|word| word.text.eq_ignore_ascii_case(text))
    }
}

/// A word.
#[derive(Clone, Copy, Debug)]
pub struct WordInfo {
    text: &'static str,
    about: &'static str,
    since: Option<Version>,
    teams_only: bool,
}

impl WordInfo {
    pub(crate) const fn new(text: &'static str, about: &'static str) -> Self {
        Self { text, about, since: None, teams_only: false }
    }

    pub(crate) const fn since_version(self, version: &str) -> Self {
        Self { since: Version::literal(version), ..self }
    }

    pub(crate) const fn teams(self) -> Self {
        Self { teams_only: true, ..self }
    }

    /// As it is written.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// What it means, in one sentence.
    pub fn about(&self) -> &'static str {
        self.about.trim()
    }

    /// The version of the schema that has it first, if it is younger than its property.
    pub const fn since(&self) -> Option<Version> {
        self.since
    }

    /// Whether only Teams knows it, though others know its property.
    pub const fn is_teams_only(&self) -> bool {
        self.teams_only
    }
}

/// Types that may stand in the same place, told apart by their `type`.
#[derive(Clone, Copy)]
pub struct UnionInfo {
    pub(crate) name: &'static str,
    pub(crate) types: &'static [TypeRef],
}

impl UnionInfo {
    /// The name of the type in [`model`](crate::model): `Element`, `Action`, `SelectAction` ...
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The types.
    pub const fn types(&self) -> &'static [TypeRef] {
        self.types
    }
}

impl fmt::Debug for UnionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UnionInfo").field(&self.name).finish()
    }
}

/// All types that a card can hold, the card first.
pub fn types() -> &'static [&'static TypeInfo] {
    static TYPES: LazyLock<Vec<&'static TypeInfo>> = LazyLock::new(|| {
        let mut found = vec![AdaptiveCard::info()];
        let mut next = 0;
        while let Some(info) = found.get(next).copied() {
            info.properties().for_each(|property| reach(property.value, &mut found));
            next += 1;
        }
        found
    });
    &TYPES
}

fn reach(value: ValueKind, found: &mut Vec<&'static TypeInfo>) {
    let mut add = |info: &'static TypeInfo| {
        if !found.iter().any(|known| known.name == info.name) {
            found.push(info);
        }
    };
    match value {
        ValueKind::Object(info) => add(info.get()),
        ValueKind::Union(union) => union.types.iter().for_each(|info| add(info.get())),
        ValueKind::List(item) | ValueKind::Map(item) => reach(*item, found),
        ValueKind::OneOf(kinds) => kinds.iter().for_each(|kind| reach(*kind, found)),
        _ => {}
    }
}

/// The type of this name: its `type`, or the name of its Rust type if it has none in JSON.
///
/// What has the `type` `Component` goes by the `name` that follows, like `graph.microsoft.com/user`.
pub fn type_named(name: &str) -> Option<&'static TypeInfo> {
    types().iter().copied().find(|info| info.name() == name)
}

/// The type that an object says it has.
pub fn type_of(object: &Map<String, Value>) -> Option<&'static TypeInfo> {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    match (text("type")?, text("name")) {
        ("Component", Some(name)) => type_named(name),
        (tag, _) => types().iter().copied().find(|info| info.tag == Some(tag)),
    }
}
