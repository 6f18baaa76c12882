//! Objects that are repeated, moved to other data, or conditional.

use std::borrow::Cow;

use super::{Renderer, Stop};
use crate::ael::eval::{Missing, Outcome, Severity};
use crate::ael::scope::{Roots, Scope};
use crate::ael::text::{Piece, Text};
use crate::ael::value::{List, Val};
use crate::template::files::Site;
use crate::template::program::{Leaf, Place, ScopeOp, Source, When};
use crate::template::write;

/// The data of a scope: what it is repeated over.
enum Contexts<'a> {
    /// Where it is.
    Here,
    One(Val<'a>),
    Each(List<'a>),
    Nowhere,
}

impl<'a> Renderer<'a, '_> {
    fn roots(&mut self) -> Option<&mut Roots<'a>> {
        match &mut self.cx.scope {
            Scope::Template(roots) => Some(roots),
            Scope::Plain(_) => None,
        }
    }

    pub(super) fn scope(&mut self, scope: &'a ScopeOp) -> Result<(), Stop> {
        let contexts = self.contexts(scope)?;
        let before = self.roots().map(|roots| (roots.data.clone(), roots.index));
        let start = self.out.len();
        if let Place::Member(key) = &scope.place {
            self.out.extend_from_slice(key);
        }
        let first = self.out.len();
        let mut count = 0;
        match contexts {
            Contexts::Nowhere => {}
            Contexts::Here => count += usize::from(self.once(scope)?),
            Contexts::One(data) => {
                self.enter(data, None);
                count += usize::from(self.once(scope)?);
            }
            Contexts::Each(list) => {
                for (index, data) in list.iter().enumerate() {
                    self.enter(data, Some(index));
                    count += usize::from(self.once(scope)?);
                }
            }
        }
        if let (Some(roots), Some((data, index))) = (self.roots(), before) {
            (roots.data, roots.index) = (data, index);
        }
        if !matches!(scope.place, Place::Item) {
            self.settle(count, start, first);
        }
        Ok(())
    }

    /// A property or the root is one value: none is null or nothing, many are an array.
    fn settle(&mut self, count: usize, start: usize, first: usize) {
        match count {
            0 if self.is_compat() => self.out.extend_from_slice(b"null,"),
            0 => self.out.truncate(start),
            1 => {}
            _ => {
                self.out.insert(first, b'[');
                write::close(&mut self.out, b']');
                self.out.push(b',');
            }
        }
    }

    fn enter(&mut self, data: Val<'a>, index: Option<usize>) {
        if let Some(roots) = self.roots() {
            if !matches!(data, Val::Undefined) {
                roots.data = data;
            }
            if index.is_some() {
                roots.index = index;
            }
        }
    }

    fn contexts(&mut self, scope: &'a ScopeOp) -> Result<Contexts<'a>, Stop> {
        let value = match &scope.data {
            None => return Ok(Contexts::Here),
            Some(Source::Literal(value)) => Val::from_data(value),
            Some(Source::Computed(leaf)) => self.computed(leaf)?,
        };
        Ok(match value.list() {
            Some(list) => Contexts::Each(list),
            None if !self.is_compat() && value.is_nothing() => Contexts::Nowhere,
            None => Contexts::One(value),
        })
    }

    /// The value of `$data`.
    fn computed(&mut self, leaf: &'a Leaf) -> Result<Val<'a>, Stop> {
        match &leaf.text {
            Text::Plain(text) => Ok(Val::Text(Cow::Borrowed(text))),
            Text::Single(expr) => Ok(self.eval(expr, leaf.at)?.unwrap_or(Val::Undefined)),
            Text::Mixed(pieces) if self.is_compat() => Ok(Val::text(self.joined(pieces, leaf.at)?)),
            Text::Mixed(pieces) => self.words(pieces, leaf.at).map(Val::text),
        }
    }

    fn words(&mut self, pieces: &'a [Piece], leaf_at: Site) -> Result<String, Stop> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Expr(expr) => {
                    let value = self.eval(expr, leaf_at)?.unwrap_or(Val::Undefined);
                    text.push_str(&value.to_text().unwrap_or_default());
                }
            }
        }
        Ok(text)
    }

    /// Writes the object once, if its condition holds.
    fn once(&mut self, scope: &'a ScopeOp) -> Result<bool, Stop> {
        let stop = |fault| Stop { fault, leaf_at: scope.at };
        self.cx.step(1).map_err(stop)?;
        self.check_size(scope.at)?;
        for when in &scope.when {
            let holds = match when {
                When::Never => false,
                When::Computed(leaf) => self.condition(leaf)?,
            };
            if !holds {
                return Ok(false);
            }
        }
        let start = self.out.len();
        let outside = std::mem::take(&mut self.lost_url);
        self.run(&scope.body)?;
        let lost = std::mem::replace(&mut self.lost_url, outside);
        if scope.needs_url && lost {
            self.out.truncate(start);
            return Ok(false);
        }
        Ok(true)
    }

    /// Evaluates a text that can only be false; what npm throws on the way is thrown.
    fn pieces_only_fail(&mut self, text: &'a Text, leaf_at: Site) -> Result<(), Stop> {
        let Text::Mixed(pieces) = text else { return Ok(()) };
        for piece in pieces {
            let Piece::Expr(expr) = piece else { continue };
            match self.cx.eval_quietly(expr) {
                Ok(_) => {}
                Err(fault) if fault.severity == Severity::Plain => break,
                Err(fault) => return Err(Stop { fault, leaf_at }),
            }
        }
        Ok(())
    }

    /// Only true itself shows an object; a missing path does not, silently.
    fn condition(&mut self, leaf: &'a Leaf) -> Result<bool, Stop> {
        let Text::Single(expr) = &leaf.text else {
            if self.is_compat() {
                self.pieces_only_fail(&leaf.text, leaf.at)?;
            } else {
                let message = "a text is never true; use one expression".to_owned();
                self.report(leaf.at, 0, message);
            }
            return Ok(false);
        };
        let before = std::mem::replace(&mut self.cx.missing, Missing::Quiet);
        let outcome: Outcome<Val<'a>> = self.cx.eval(expr);
        self.cx.missing = before;
        match outcome {
            Ok(Val::Bool(value)) => Ok(value),
            Ok(value) => {
                if !self.is_compat() && !value.is_nothing() {
                    let message = format!("`{expr}` is not true or false; ask with exists()");
                    self.report(leaf.at, expr.at(), message);
                }
                Ok(false)
            }
            Err(fault) if fault.severity == Severity::Limit => {
                Err(Stop { fault, leaf_at: leaf.at })
            }
            Err(fault) if self.is_compat() && fault.severity != Severity::Plain => {
                Err(Stop { fault, leaf_at: leaf.at })
            }
            Err(fault) => {
                if !self.is_compat() {
                    self.report(leaf.at, fault.at.unwrap_or(0), fault.message);
                }
                Ok(false)
            }
        }
    }
}
