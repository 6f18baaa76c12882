//! What names mean: the data, and in a template its roots `$data`, `$root`, `$index`, `$host`.

use serde_json::Value;

use super::coerce::is_truthy;
use super::expr::{Fixed, Key, Start};
use super::value::{Val, keyed_property};

/// Where names are looked up.
#[derive(Clone, Debug)]
pub(crate) enum Scope<'a> {
    /// An expression by itself.
    Plain(Val<'a>),
    /// A template.
    Template(Roots<'a>),
}

/// The roots of a template. `None` means that the caller gave nothing, which is not null.
#[derive(Clone, Debug)]
pub(crate) struct Roots<'a> {
    pub(crate) root: Option<&'a Value>,
    pub(crate) host: Option<&'a Value>,
    pub(crate) data: Val<'a>,
    pub(crate) index: Option<usize>,
}

impl<'a> Scope<'a> {
    /// Finds a path; `None` is JavaScript's undefined.
    pub(crate) fn find(&self, path: &Fixed, exact_first: bool) -> Option<Val<'a>> {
        let roots = match self {
            Self::Plain(value) => return self.walk(value.clone(), &path.keys, exact_first),
            Self::Template(roots) => roots,
        };
        let start = match path.start {
            Start::Name => return self.walk(roots.data.clone(), &path.keys, exact_first),
            Start::Data => roots.data.clone(),
            Start::Root => Val::from_data(roots.root?),
            Start::Index => Val::Number(super::number::from_usize(roots.index?)),
            Start::Host => Val::from_data(roots.host?),
            Start::Version | Start::Nowhere => return None,
        };
        self.walk(start, path.keys.get(1..)?, exact_first)
    }

    /// Finds a path that is data all the way, which most are; `None` says nothing.
    pub(crate) fn datum(&self, path: &Fixed, exact_first: bool) -> Option<&'a Value> {
        let Self::Template(roots) = self else { return None };
        let data = || match &roots.data {
            Val::Data(data) => Some(*data),
            _ => None,
        };
        let (start, keys) = match path.start {
            Start::Name => (data()?, path.keys.as_slice()),
            Start::Data => (data()?, path.keys.get(1..)?),
            Start::Root => (roots.root?, path.keys.get(1..)?),
            _ => return None,
        };
        follow(start, keys, exact_first)
    }

    /// Follows keys from a value; `None` if they lead nowhere.
    #[expect(clippy::unused_self, reason = "reads as one of the ways a scope finds things")]
    pub(crate) fn walk(&self, start: Val<'a>, path: &[Key], exact_first: bool) -> Option<Val<'a>> {
        let mut value = start;
        if let Val::Data(data) = value
            && let Some(found) = follow(data, path, exact_first)
        {
            return Some(Val::from_data(found));
        }
        for key in path {
            value = match (key.index, value.list()) {
                (Some(index), Some(list)) => list.get(index)?,
                _ if !is_truthy(&value) => return None,
                _ => value.property(&key.name, exact_first)?,
            };
        }
        match value {
            Val::Undefined => None,
            value => Some(value),
        }
    }
}

/// Follows keys through data.
fn follow<'a>(start: &'a Value, path: &[Key], exact_first: bool) -> Option<&'a Value> {
    let mut data = start;
    for key in path {
        data = match (data, key.index) {
            (Value::Object(map), _) => keyed_property(map, key, exact_first)?,
            (Value::Array(items), Some(index)) => items.get(index)?,
            _ => return None,
        };
    }
    Some(data)
}

/// The version of the template language, which templates may ask for.
pub(crate) fn language_version() -> Val<'static> {
    let number = |n| Val::Number(f64::from(n));
    Val::object(vec![
        ("major".into(), number(2)),
        ("minor".into(), number(3)),
        ("patch".into(), number(1)),
        ("suffix".into(), Val::text("")),
    ])
}
