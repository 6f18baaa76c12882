//! Where a value stands in a message, as a mapping writes it.
//!
//! `a.b` is the key `b` in `a`, in any case and with or without underscores; a list on the way is
//! gone through item by item. `a[0]` is the first item, `a[type=User]` the items whose `type` is
//! `User`, `a.*` everything in `a`, and `"a.b"` a key that has a dot. `$` is the whole message when
//! the mapping reads only a part of it.

use crate::event::json::Json;

/// A path through a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    from_root: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    Where(String, String),
    Any,
}

/// What is wrong with a path, and at which letter of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadPath {
    pub(super) at: usize,
    pub(super) message: String,
}

/// The part of a message that a mapping reads, and the whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'m, 'a> {
    pub(crate) here: &'m Json<'a>,
    pub(crate) root: &'m Json<'a>,
}

impl Path {
    /// Reads a path.
    pub(super) fn parse(text: &str) -> Result<Self, BadPath> {
        let mut path = Self { from_root: false, steps: Vec::new() };
        let mut rest = text;
        if let Some(after) = text.strip_prefix('$')
            && (after.is_empty() || after.starts_with('.'))
        {
            path.from_root = true;
            rest = after.strip_prefix('.').unwrap_or(after);
            if rest.is_empty() {
                return Ok(path);
            }
        }
        loop {
            let at = text.len() - rest.len();
            let bad = |message: &str| BadPath { at, message: message.to_owned() };
            let (key, after) = if let Some(quoted) = rest.strip_prefix('"') {
                quoted.split_once('"').ok_or_else(|| bad("a `\"` is missing"))?
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                rest.split_at_checked(end).unwrap_or((rest, ""))
            };
            if key.is_empty() {
                return Err(bad("a key was expected"));
            }
            if key.contains(char::is_whitespace) && !rest.starts_with('"') {
                return Err(bad("a key with a blank stands in \"…\""));
            }
            path.steps.push(if key == "*" { Step::Any } else { Step::Key(key.to_owned()) });
            rest = path.brackets(text, after)?;
            match rest.strip_prefix('.') {
                Some(next) => rest = next,
                None if rest.is_empty() => return Ok(path),
                None => {
                    let at = text.len() - rest.len();
                    return Err(BadPath { at, message: "`.` or `[` was expected".to_owned() });
                }
            }
        }
    }

    /// Reads `[0]`, `[]` and `[type=User]` behind a key; gives what follows.
    fn brackets<'t>(&mut self, text: &str, mut rest: &'t str) -> Result<&'t str, BadPath> {
        while let Some(after) = rest.strip_prefix('[') {
            let at = text.len() - rest.len();
            let bad = |message: &str| BadPath { at, message: message.to_owned() };
            let (inner, next) = after.split_once(']').ok_or_else(|| bad("a `]` is missing"))?;
            if let Some((key, value)) = inner.split_once('=') {
                self.steps.push(Step::Where(key.trim().to_owned(), value.trim().to_owned()));
            } else if !inner.is_empty() {
                let index = inner.parse().map_err(|_| bad("a number or key=value was expected"))?;
                self.steps.push(Step::Index(index));
            }
            rest = next;
        }
        Ok(rest)
    }

    /// The key that a message must have for this path to lead anywhere.
    pub(super) fn first_key(&self) -> Option<&str> {
        match self.steps.first() {
            Some(Step::Key(key)) if !self.from_root => Some(key),
            _ => None,
        }
    }

    /// Whether it is one key and nothing else.
    pub(super) const fn is_one_key(&self) -> bool {
        matches!(self.steps.as_slice(), [Step::Key(_)])
    }

    /// Shows every value at the end of the path until one is enough.
    pub(super) fn visit<'m, 'a>(
        &self,
        scope: Scope<'m, 'a>,
        enough: &mut dyn FnMut(&'m Json<'a>) -> bool,
    ) -> bool {
        visit(if self.from_root { scope.root } else { scope.here }, &self.steps, enough)
    }

    /// The first value there is.
    pub(super) fn first<'m, 'a>(&self, scope: Scope<'m, 'a>) -> Option<&'m Json<'a>> {
        let mut found = None;
        self.visit(scope, &mut |value| {
            found = Some(value);
            true
        });
        found
    }
}

fn visit<'m, 'a>(
    value: &'m Json<'a>,
    steps: &[Step],
    enough: &mut dyn FnMut(&'m Json<'a>) -> bool,
) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return match value {
            Json::Null => false,
            Json::List(items) => items.iter().any(|item| visit(item, steps, enough)),
            value => enough(value),
        };
    };
    match (step, value) {
        (Step::Index(index), Json::List(items)) => {
            items.get(*index).is_some_and(|item| visit(item, rest, enough))
        }
        (_, Json::List(items)) => items.iter().any(|item| visit(item, steps, enough)),
        (Step::Key(key), Json::Object(_)) => {
            value.get(key).is_some_and(|inner| visit(inner, rest, enough))
        }
        (Step::Any, Json::Object(fields)) => {
            fields.iter().any(|(_, inner)| visit(inner, rest, enough))
        }
        // One object where a list was expected is a list of one.
        (Step::Index(0), Json::Object(_)) => visit(value, rest, enough),
        (Step::Where(key, wanted), Json::Object(_)) => {
            let is = value.get(key).and_then(Json::as_text);
            is.is_some_and(|is| is.eq_ignore_ascii_case(wanted)) && visit(value, rest, enough)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::json;

    #[test]
    fn paths_lead_to_values() {
        let message = json::read(
            r#"{"a":{"b_c":[{"t":"x","v":1},{"t":"y","v":2}]},"d.e":3,"n":null,"l":[[4]]}"#,
        )
        .unwrap();
        let check = |path: &str, expected: &[&str]| {
            let path = Path::parse(path).unwrap();
            let mut found = Vec::new();
            let here = message.get("a").unwrap();
            path.visit(Scope { here, root: &message }, &mut |value| {
                found.push(value.as_text().unwrap_or_default());
                false
            });
            assert_eq!(found, expected, "{path:?}");
        };
        check("bC.v", &["1", "2"]);
        check("bC[1].v", &["2"]);
        check("bC[].v", &["1", "2"]);
        check("bC[t=Y].v", &["2"]);
        check("*.t", &["x", "y"]);
        check("$.\"d.e\"", &["3"]);
        check("$.n", &[]);
        check("$.l", &["4"]);
        check("nothing.here", &[]);
    }

    #[test]
    fn bad_paths_say_where() {
        fn check(path: &str, at: usize, message: &str) {
            let error = Path::parse(path).unwrap_err();
            assert_eq!((error.at, error.message.as_str()), (at, message), "{path}");
        }
        check("", 0, "a key was expected");
        check("a..b", 2, "a key was expected");
        check("a.", 2, "a key was expected");
        check("a[x]", 1, "a number or key=value was expected");
        check("a[0", 1, "a `]` is missing");
        check("a b", 0, "a key with a blank stands in \"…\"");
        check("\"a", 0, "a `\"` is missing");
        check("a[0]b", 4, "`.` or `[` was expected");
    }
}
