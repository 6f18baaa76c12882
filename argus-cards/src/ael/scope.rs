//! What names mean: the data, and in a template its roots `$data`, `$root`, `$index`, `$host`.

use serde_json::Value;

use super::coerce::is_truthy;
use super::expr::Key;
use super::value::{Val, map_property, same_key};

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
    pub(crate) fn find(&self, path: &[Key], exact_first: bool) -> Option<Val<'a>> {
        let roots = match self {
            Self::Plain(value) => return self.walk(value.clone(), path, exact_first),
            Self::Template(roots) => roots,
        };
        let (first, rest) = path.split_first()?;
        if !first.name.starts_with('$') {
            return self.walk(roots.data.clone(), path, exact_first);
        }
        let named = |name: &str| same_key(&first.name, name);
        let start = if named("$data") {
            Some(roots.data.clone())
        } else if named("$root") {
            roots.root.map(Val::from_data)
        } else if named("$index") {
            roots.index.map(|index| Val::Number(super::number::from_usize(index)))
        } else if named("$host") {
            roots.host.map(Val::from_data)
        } else if named("$_acTemplateVersion") {
            Some(language_version())
        } else {
            None
        };
        self.walk(start?, rest, exact_first)
    }

    /// Follows keys from a value; `None` if they lead nowhere.
    #[expect(clippy::unused_self, reason = "reads as one of the ways a scope finds things")]
    pub(crate) fn walk(&self, start: Val<'a>, path: &[Key], exact_first: bool) -> Option<Val<'a>> {
        let mut value = start;
        let mut keys = path.iter();
        // The common case: data all the way down, without a copy on the way.
        if let Val::Data(mut data) = value {
            loop {
                let Some(key) = keys.next() else { return Some(Val::from_data(data)) };
                let next = match (data, key.index) {
                    (Value::Object(map), _) => map_property(map, &key.name, exact_first),
                    (Value::Array(items), Some(index)) => items.get(index),
                    _ => None,
                };
                match next {
                    Some(next @ (Value::Object(_) | Value::Array(_))) => data = next,
                    Some(next) => {
                        value = Val::from_data(next);
                        break;
                    }
                    None => return None,
                }
            }
        }
        for key in keys {
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

/// The version of the template language, which templates may ask for.
fn language_version() -> Val<'static> {
    let number = |n| Val::Number(f64::from(n));
    Val::object(vec![
        ("major".into(), number(2)),
        ("minor".into(), number(3)),
        ("patch".into(), number(1)),
        ("suffix".into(), Val::text("")),
    ])
}
