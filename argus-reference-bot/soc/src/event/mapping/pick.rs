//! What a mapping takes: the first of several paths that leads to a value.

use std::borrow::Cow;

use super::path::{BadPath, Path, Scope};
use crate::event::json::Json;
use crate::event::look;

/// `a.b | c | 'fixed' | "{a.b} on {c}"`, left to right; the first one that has a value counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pick(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Path(Path),
    Fixed(String),
    /// Texts with paths between them; it has a value when all of them have.
    Joined(Vec<Term>),
}

impl Pick {
    /// Reads what is written.
    pub(super) fn parse(text: &str) -> Result<Self, BadPath> {
        let mut terms = Vec::new();
        let mut start = 0;
        for part in split(text) {
            let lead = part.len() - part.trim_start().len();
            let term = term(part.trim())
                .map_err(|bad| BadPath { at: start + lead + bad.at, message: bad.message })?;
            terms.push(term);
            start += part.len() + 1;
        }
        Ok(Self(terms))
    }

    /// The paths in it, in their order.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().filter_map(|term| match term {
            Term::Path(path) => Some(path),
            _ => None,
        })
    }

    /// The first value as a text.
    pub(super) fn text(&self, scope: Scope<'_, '_>) -> Option<String> {
        self.0.iter().find_map(|term| term.text(scope)).map(Cow::into_owned)
    }

    /// The first value as it stands; a fixed text stands nowhere.
    pub(super) fn json<'m, 'a>(&self, scope: Scope<'m, 'a>) -> Option<&'m Json<'a>> {
        self.paths().find_map(|path| {
            let mut found = None;
            path.visit(scope, &mut |value| {
                let empty = value.as_text().is_none_or(|text| look::is_nothing(&text));
                if !empty || matches!(value, Json::Object(_)) {
                    found = Some(value);
                }
                found.is_some()
            });
            found
        })
    }

    /// All texts of the first alternative that has any.
    pub(super) fn texts(&self, scope: Scope<'_, '_>) -> Vec<String> {
        for term in &self.0 {
            let mut texts = Vec::new();
            match term {
                Term::Path(path) => {
                    path.visit(scope, &mut |value| {
                        texts.extend(value.as_text().filter(|text| !look::is_nothing(text)));
                        texts.len() >= 256
                    });
                }
                other => texts.extend(other.text(scope).map(Cow::into_owned)),
            }
            if !texts.is_empty() {
                return texts;
            }
        }
        Vec::new()
    }
}

impl Term {
    fn text(&self, scope: Scope<'_, '_>) -> Option<Cow<'_, str>> {
        match self {
            Self::Fixed(text) => Some(Cow::Borrowed(text)),
            Self::Path(path) => {
                let mut found = None;
                path.visit(scope, &mut |value| {
                    found = value.as_text().filter(|text| !look::is_nothing(text));
                    found.is_some()
                });
                found.map(Cow::Owned)
            }
            Self::Joined(terms) => {
                let mut all = String::new();
                for term in terms {
                    all.push_str(&term.text(scope)?);
                }
                Some(Cow::Owned(all))
            }
        }
    }
}

/// The alternatives; a bar in quotes or braces is part of one.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quote, mut depth) = (0, None, 0_u32);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (None, '|') if depth == 0 => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn term(text: &str) -> Result<Term, BadPath> {
    if let Some(inner) = text.strip_prefix('\'') {
        return match inner.strip_suffix('\'') {
            Some(fixed) => Ok(Term::Fixed(fixed.to_owned())),
            None => Err(BadPath { at: 0, message: "a `'` is missing".to_owned() }),
        };
    }
    if text.contains('{') {
        if text.starts_with('"') {
            let message = "the quotes stand around the whole value, not around a part".to_owned();
            return Err(BadPath { at: 0, message });
        }
        return joined(text);
    }
    Path::parse(text).map(Term::Path)
}

fn joined(text: &str) -> Result<Term, BadPath> {
    let mut terms = Vec::new();
    let mut rest = text;
    while let Some((fixed, after)) = rest.split_once('{') {
        let at = text.len() - after.len();
        let Some((path, next)) = after.split_once('}') else {
            return Err(BadPath { at: at - 1, message: "a `}` is missing".to_owned() });
        };
        if !fixed.is_empty() {
            terms.push(Term::Fixed(fixed.to_owned()));
        }
        let path = Path::parse(path.trim())
            .map_err(|bad| BadPath { at: at + bad.at, message: bad.message })?;
        terms.push(Term::Path(path));
        rest = next;
    }
    if !rest.is_empty() {
        terms.push(Term::Fixed(rest.to_owned()));
    }
    Ok(Term::Joined(terms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::json;

    #[test]
    fn the_first_value_counts() {
        let message = json::read(r#"{"a":"-","b":7,"c":["x","N/A","y"]}"#).unwrap();
        let scope = Scope { here: &message, root: &message };
        let check = |pick: &str, expected: Option<&str>| {
            assert_eq!(Pick::parse(pick).unwrap().text(scope).as_deref(), expected, "{pick}");
        };
        check("a | b", Some("7"));
        check("nothing", None);
        check("nothing | 'a | b'", Some("a | b"));
        check("{b} of {c[1]} | {b} of {c[0]}!", Some("7 of x!"));
        assert_eq!(Pick::parse("a | c").unwrap().texts(scope), ["x", "y"]);
        assert_eq!(Pick::parse("a | b..c").unwrap_err().at, 6);
        assert_eq!(Pick::parse("{a").unwrap_err().message, "a `}` is missing");
        assert_eq!(Pick::parse("a | \"{b}\"").unwrap_err().at, 4);
        assert_eq!(Pick::parse("'a").unwrap_err().message, "a `'` is missing");
    }
}
