//! Runs a query. Whatever is looked at costs a step.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::{Compare, From, Part, Path, Query, TextTest};
use crate::ael::coerce::{is_truthy, loosely_equal, order, to_number};
use crate::ael::eval::{Cx, Outcome};
use crate::ael::number::{from_usize, to_i64, to_usize};
use crate::ael::value::Val;

/// Runs a query over the value that the whole query is about.
pub(super) fn run<'a>(cx: &mut Cx<'a, '_>, root: &Val<'a>, query: &Query) -> Outcome<Val<'a>> {
    Run { cx, root }.value(query, root)
}

struct Run<'r, 'a, 'o> {
    cx: &'r mut Cx<'a, 'o>,
    root: &'r Val<'a>,
}

impl<'a> Run<'_, 'a, '_> {
    fn value(&mut self, query: &Query, here: &Val<'a>) -> Outcome<Val<'a>> {
        self.cx.step(1)?;
        Ok(match query {
            Query::Path(path) => Val::array(self.path(path, here)?),
            Query::Concat(queries) => Val::array(self.concat(queries, here)?),
            Query::Literal(value) => value.clone(),
            Query::Compare { op, args } => Val::Bool(self.compare(*op, args, here)?),
            Query::Math { op, args } => {
                let [a, b] = args.as_ref();
                let (a, b) = (self.single(a, here)?, self.single(b, here)?);
                math(*op, &a, &b)
            }
            Query::All(queries) => {
                for query in queries {
                    if !self.holds(query, here)? {
                        return Ok(Val::Bool(false));
                    }
                }
                Val::Bool(true)
            }
            Query::Any(queries) => {
                for query in queries {
                    if self.holds(query, here)? {
                        return Ok(Val::Bool(true));
                    }
                }
                Val::Bool(false)
            }
            Query::Not(query) => Val::Bool(!self.holds(query, here)?),
            Query::Minus(query) => Val::Number(-to_number(&self.single(query, here)?)),
        })
    }

    fn concat(&mut self, queries: &[Query], here: &Val<'a>) -> Outcome<Vec<Val<'a>>> {
        let mut found = Vec::new();
        for query in queries {
            let value = self.value(query, here)?;
            append(&mut found, value);
        }
        Ok(found)
    }

    fn path(&mut self, path: &Path, here: &Val<'a>) -> Outcome<Vec<Val<'a>>> {
        let start = match path.from {
            From::Here => here.clone(),
            From::Root => self.root.clone(),
            From::Nothing => Val::Undefined,
        };
        let mut found = match start.list() {
            Some(list) => list.iter().collect(),
            None => vec![start],
        };
        for part in &path.parts {
            self.cx.step(1 + found.len() as u64)?;
            found = self.part(part, found)?;
            self.cx.spend(found.len() * size_of::<Val<'_>>())?;
        }
        Ok(found)
    }

    fn part(&mut self, part: &Part, from: Vec<Val<'a>>) -> Outcome<Vec<Val<'a>>> {
        let mut found = Vec::new();
        match part {
            Part::Property(name) => {
                for value in &from {
                    append(&mut found, property(value, name));
                }
            }
            Part::Values => {
                for value in &from {
                    match value.list() {
                        Some(list) => found.extend(list.iter()),
                        None => values(value).for_each(|value| append(&mut found, value)),
                    }
                }
            }
            Part::Descendants(name) => self.descend(from, &mut found, Some(name), false)?,
            Part::DescendantValues => self.descend(from, &mut found, None, false)?,
            Part::Everything => self.descend(from, &mut found, None, true)?,
            Part::Filter(query) => {
                for value in from {
                    if self.holds(query, &value)? {
                        found.push(value);
                    }
                }
            }
            Part::Position(query) => {
                let here = Val::array(from.clone());
                let index = to_number(&self.single_item(query, &here)?);
                let index = if index < 0.0 { index + from_usize(from.len()) } else { index };
                let whole = index >= 0.0 && index.fract() == 0.0;
                let item = from.into_iter().nth(to_usize(index));
                found.extend(item.filter(|item| whole && !item.is_nothing()));
            }
            Part::Slice { from: start, to } => {
                let here = Val::array(from.clone());
                let mut end = |query: &Option<Query>, default: usize| match query {
                    None => Ok(default),
                    Some(query) => {
                        let at = to_i64(to_number(&self.single_item(query, &here)?));
                        Ok(slice_end(at, from.len()))
                    }
                };
                let (start, to) = (end(start, 0)?, end(to, from.len())?);
                found = from.into_iter().skip(start).take(to.saturating_sub(start)).collect();
            }
            Part::Concat(queries) => return self.concat(queries, &Val::array(from)),
        }
        Ok(found)
    }

    /// Goes through everything below, depth first: finds one property everywhere, all values, or
    /// with `itself` also what it starts from.
    fn descend(
        &mut self,
        from: Vec<Val<'a>>,
        found: &mut Vec<Val<'a>>,
        name: Option<&str>,
        itself: bool,
    ) -> Outcome<()> {
        let mut left = VecDeque::from(from);
        while let Some(value) = left.pop_front() {
            self.cx.step(1)?;
            let nested = value.is_array() || value.is_object();
            if !nested && !itself {
                continue;
            }
            let mut below = Vec::new();
            if let Some(list) = value.list() {
                list.iter().for_each(|item| append(&mut below, item));
            } else {
                if let Some(name) = name {
                    append(found, property(&value, name));
                }
                if itself {
                    append(found, value.clone());
                }
                for inner in values(&value) {
                    if name.is_none() && !itself {
                        append(found, inner.clone());
                    }
                    append(&mut below, inner);
                }
            }
            self.cx.spend(below.len() * size_of::<Val<'_>>())?;
            below.into_iter().rev().for_each(|value| left.push_front(value));
        }
        Ok(())
    }

    fn holds(&mut self, query: &Query, here: &Val<'a>) -> Outcome<bool> {
        let value = self.value(query, here)?;
        Ok(match value.list() {
            Some(list) => list.len() > 0,
            None => is_truthy(&value),
        })
    }

    /// The first of what a query finds, or its value.
    fn single(&mut self, query: &Query, here: &Val<'a>) -> Outcome<Val<'a>> {
        let value = self.value(query, here)?;
        Ok(match value.list() {
            Some(list) => list.get(0).unwrap_or(Val::Undefined),
            None => value,
        })
    }

    /// A position; an array of one counts as that one.
    fn single_item(&mut self, query: &Query, here: &Val<'a>) -> Outcome<Val<'a>> {
        let value = self.value(query, here)?;
        Ok(match value.list() {
            Some(list) if list.len() == 1 => list.get(0).unwrap_or(Val::Undefined),
            Some(_) => Val::Undefined,
            None => value,
        })
    }

    /// Compares each on the left with each on the right until one pair fits.
    fn compare(&mut self, op: Compare, [a, b]: &[Query; 2], here: &Val<'a>) -> Outcome<bool> {
        let (a, b) = (self.value(a, here)?, self.value(b, here)?);
        let each = |value: Val<'a>| match value.list() {
            Some(list) => list.iter().collect(),
            None => vec![value],
        };
        let (a, b) = (each(a), each(b));
        self.cx.step((a.len() as u64).saturating_mul(b.len() as u64))?;
        Ok(a.iter().any(|a| b.iter().any(|b| fits(op, a, b))))
    }
}

fn fits(op: Compare, a: &Val<'_>, b: &Val<'_>) -> bool {
    match op {
        Compare::Same => identical(a, b),
        Compare::NotSame => !identical(a, b),
        Compare::Equal => match (a, b) {
            (Val::Text(a), Val::Text(b)) => a.to_lowercase() == b.to_lowercase(),
            _ => loosely_equal(a, b),
        },
        Compare::NotEqual => !loosely_equal(a, b),
        Compare::Less => order(a, b).is_some_and(Ordering::is_lt),
        Compare::LessOrEqual => order(a, b).is_some_and(Ordering::is_le),
        Compare::Greater => order(a, b).is_some_and(Ordering::is_gt),
        Compare::GreaterOrEqual => order(a, b).is_some_and(Ordering::is_ge),
        Compare::Text { test, exact, swapped } => {
            let (whole, part) = if swapped { (b, a) } else { (a, b) };
            let texts = if exact {
                whole.as_text().zip(part.as_text()).map(|(a, b)| (a.to_owned(), b.to_owned()))
            } else {
                let lower = |value: &Val<'_>| Some(value.to_text()?.to_lowercase());
                lower(whole).zip(lower(part))
            };
            texts.is_some_and(|(whole, part)| match test {
                TextTest::Starts => whole.starts_with(&part),
                TextTest::Ends => whole.ends_with(&part),
                TextTest::Contains => whole.contains(&part),
            })
        }
    }
}

/// JavaScript's `a === b`.
fn identical(a: &Val<'_>, b: &Val<'_>) -> bool {
    match (a, b) {
        (Val::Number(a), Val::Number(b)) => a.partial_cmp(b) == Some(Ordering::Equal),
        (Val::Undefined, Val::Null) | (Val::Null, Val::Undefined) => false,
        (a, b) => a.is_same(b),
    }
}

fn math(op: char, a: &Val<'_>, b: &Val<'_>) -> Val<'static> {
    let as_text =
        |value: &Val<'_>| value.as_text().is_some() || value.is_array() || value.is_object();
    if op == '+' && (as_text(a) || as_text(b)) {
        let shown = |value: &Val<'_>| match value {
            Val::Undefined => "undefined".to_owned(),
            Val::Null => "null".to_owned(),
            value => value.to_text().unwrap_or_default().into_owned(),
        };
        return Val::text(shown(a) + &shown(b));
    }
    let (a, b) = (to_number(a), to_number(b));
    Val::Number(match op {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        '/' => a / b,
        _ => a % b,
    })
}

/// A property by its exact name; texts and arrays have a length.
fn property<'a>(value: &Val<'a>, name: &str) -> Val<'a> {
    if let Some(list) = value.list() {
        if name == "length" {
            return Val::Number(from_usize(list.len()));
        }
        return Val::Undefined;
    }
    if let (Some(text), "length") = (value.as_text(), name) {
        return Val::Number(from_usize(text.encode_utf16().count()));
    }
    let found = value.fields().and_then(|fields| fields.into_iter().find(|(key, _)| key == name));
    found.map_or(Val::Undefined, |(_, value)| value)
}

fn values<'a>(value: &Val<'a>) -> impl Iterator<Item = Val<'a>> {
    value.fields().unwrap_or_default().into_iter().map(|(_, value)| value)
}

/// Adds a value, or all items of one that is an array; undefined is nothing to add.
fn append<'a>(found: &mut Vec<Val<'a>>, value: Val<'a>) {
    match value.list() {
        Some(list) => found.extend(list.iter()),
        None if matches!(value, Val::Undefined) => {}
        None => found.push(value),
    }
}

/// Where JavaScript's `slice` takes a negative position for one from the end.
fn slice_end(at: i64, size: usize) -> usize {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let at = if at < 0 { at.saturating_add(size) } else { at };
    usize::try_from(at.clamp(0, size)).unwrap_or(0)
}
