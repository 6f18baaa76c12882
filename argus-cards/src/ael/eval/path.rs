//! Paths, and where they lead.

use serde_json::Value;

use super::{Cx, Fault, Missing, Outcome};
use crate::ael::expr::{Expr, Fixed, Path, Segment, Start, keys, push_index, push_key, push_name};
use crate::ael::number::{js_number, to_usize};
use crate::ael::scope::{Scope, language_version};
use crate::ael::value::{Val, same_key};

impl<'a> Cx<'a, '_> {
    pub(super) fn path(&mut self, path: &'a Path) -> Outcome<Val<'a>> {
        self.step(1)?;
        if let (None, Some(fixed)) = (&path.base, &path.fixed) {
            if self.locals.is_empty()
                && let Some(data) = self.scope.datum(fixed, !self.is_compat())
            {
                return Ok(Val::from_data(data));
            }
            return Ok(match self.find(fixed) {
                Some(value) => value,
                None => self.lost(&fixed.text, path.at),
            });
        }
        let base = match &path.base {
            Some(base) => Some(self.eval(base)?),
            None => None,
        };
        let computed;
        let fixed = if let Some(fixed) = &path.fixed {
            fixed
        } else {
            computed = self.compute(path)?;
            &computed
        };
        let found = match &base {
            Some(base) => self.scope.walk(base.clone(), &fixed.keys, !self.is_compat()),
            None => self.find(fixed),
        };
        Ok(found.unwrap_or_else(|| self.lost(&fixed.text, path.at)))
    }

    /// Puts computed indices into a path.
    fn compute(&mut self, path: &'a Path) -> Outcome<Fixed> {
        let mut text = String::new();
        for segment in &path.segments {
            match segment {
                Segment::Name(name) => push_name(&mut text, name),
                Segment::Index(index) => self.push_computed(&mut text, index)?,
            }
        }
        Ok(Fixed::new(text))
    }

    fn push_computed(&mut self, path: &mut String, index: &'a Expr) -> Outcome<()> {
        match self.eval(index)? {
            Val::Text(key) => push_key(path, &key),
            value => {
                let refused =
                    || Fault::new(format!("the index `{index}` is no number and no text"));
                push_index(path, value.as_number().ok_or_else(refused)?);
            }
        }
        Ok(())
    }

    /// The path that an expression names, if it is nothing but one.
    pub(crate) fn path_of(&mut self, expr: &'a Expr) -> Outcome<Option<String>> {
        match expr {
            Expr::Path(path) if path.base.is_none() => match &path.fixed {
                Some(fixed) => Ok(Some(fixed.text.clone())),
                None => Ok(Some(self.compute(path)?.text)),
            },
            Expr::Element { of, index } => {
                let Some(mut text) = self.path_of(of)? else { return Ok(None) };
                self.push_computed(&mut text, index)?;
                Ok(Some(text))
            }
            _ => Ok(None),
        }
    }

    /// Lets a path have another value for the rest of an expression that stands by itself. In a
    /// template data never changes.
    pub(crate) fn set(&mut self, path: &str, value: Val<'a>) -> Outcome<()> {
        if !self.locals.is_empty() {
            return Err(Fault::thrown("a path cannot be set while a function goes through items"));
        }
        if let Scope::Plain(data) = &self.scope {
            let changed = data.with(&keys(path), value);
            self.scope = Scope::Plain(changed);
        }
        Ok(())
    }

    /// What stands in for a path that leads nowhere.
    pub(crate) fn lost(&mut self, path: &str, at: usize) -> Val<'a> {
        if self.missing == Missing::Quiet {
            return Val::Undefined;
        }
        if self.is_compat() {
            return Val::text(format!("${{{path}}}"));
        }
        self.reports.push((path.to_owned(), at));
        Val::Undefined
    }

    /// Finds a path in the variables of lambdas, innermost first, then in the data.
    pub(crate) fn find(&self, path: &Fixed) -> Option<Val<'a>> {
        let exact_first = !self.is_compat();
        if let (false, Some((first, rest))) = (self.locals.is_empty(), path.keys.split_first()) {
            for (name, value) in self.locals.iter().rev() {
                if same_key(name, &first.name)
                    && let Some(found) = self.scope.walk(value.clone(), rest, exact_first)
                {
                    return Some(found);
                }
            }
        }
        if path.start == Start::Version && matches!(self.scope, Scope::Template(_)) {
            let version = self.version.get_or_init(language_version).clone();
            return self.scope.walk(version, path.keys.get(1..)?, exact_first);
        }
        self.scope.find(path, exact_first)
    }

    /// The data that an expression names, if it is nothing but a path and leads to some.
    pub(crate) fn datum(&self, expr: &Expr) -> Option<&'a Value> {
        match expr {
            Expr::Path(Path { base: None, fixed: Some(fixed), .. }) if self.locals.is_empty() => {
                self.scope.datum(fixed, !self.is_compat())
            }
            _ => None,
        }
    }

    pub(super) fn element(&mut self, of: &'a Expr, index: &'a Expr) -> Outcome<Val<'a>> {
        let value = self.eval(of).map_err(Fault::lost)?;
        let position = self.eval_quietly(index).map_err(Fault::lost)?;
        if let Some(number) = position.as_integer() {
            if value.is_nothing() {
                return Ok(Val::Undefined);
            }
            let Some(list) = value.list() else {
                return Err(Fault::new(format!("`{of}` is not an array")));
            };
            let found = if number < 0.0 { None } else { list.get(to_usize(number)) };
            return found.ok_or_else(|| {
                let number = js_number(number);
                Fault::new(format!("`{of}` has {} items, none at {number}", list.len()))
            });
        }
        match position.as_text() {
            Some(key) => Ok(value.property(key, !self.is_compat()).unwrap_or(Val::Undefined)),
            None => Err(Fault::new(format!("the index `{index}` is no integer and no text"))),
        }
    }
}
