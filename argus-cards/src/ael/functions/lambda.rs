//! Functions that evaluate an expression for each item of a collection.

use crate::ael::eval::{Cx, Fault, Outcome, Severity};
use crate::ael::expr::Expr;
use crate::ael::table::{Function, LAMBDA, Leaves, Run, Types, row};
use crate::ael::value::Val;

pub(super) const TABLE: &[Function] = &[
    row("foreach", LAMBDA, Types::ARRAY, Run::Lazy(foreach)),
    row("select", LAMBDA, Types::ARRAY, Run::Lazy(foreach)),
    row("where", LAMBDA, Types::ARRAY, Run::Lazy(where_)),
    row("any", LAMBDA, Types::BOOL, Run::Lazy(any)).leaving(Leaves::Bool(false)),
    row("all", LAMBDA, Types::BOOL, Run::Lazy(all)).leaving(Leaves::Bool(true)),
];

/// A call such as `where(items, item, item.x)`.
struct Lambda<'a> {
    collection: Val<'a>,
    items: Vec<Val<'a>>,
    variable: &'a str,
    body: &'a Expr,
}

impl<'a> Lambda<'a> {
    fn read(cx: &mut Cx<'a, '_>, args: &'a [Expr], nulls_throw: bool) -> Outcome<Self> {
        let [collection, variable, body] = args else {
            return Err(Fault::new("takes a collection, a variable and an expression"));
        };
        let variable = variable.variable().unwrap_or_default();
        let source = collection;
        let collection = cx.eval(collection)?;
        let items = match (collection.list(), collection.fields()) {
            (Some(list), _) => list.iter().collect(),
            (_, Some(fields)) => fields
                .into_iter()
                .map(|(k, v)| Val::object(vec![("key".into(), Val::Text(k)), ("value".into(), v)]))
                .collect(),
            _ => {
                let why = format!("`{source}` is no array and no object");
                // JavaScript calls null an object, and fails when it looks inside.
                let null = matches!(collection, Val::Null) && nulls_throw;
                return Err(if null { Fault::thrown(why) } else { Fault::new(why) });
            }
        };
        Ok(Self { collection, items, variable, body })
    }

    /// Evaluates the body for an item; a failure that conditions may take for "no" is nothing.
    fn try_on(&self, cx: &mut Cx<'a, '_>, item: &Val<'a>) -> Outcome<Option<Val<'a>>> {
        match cx.with_local(self.variable, item.clone(), self.body) {
            Ok(value) => Ok(Some(value)),
            Err(fault) if fault.severity == Severity::Plain => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn holds(&self, cx: &mut Cx<'a, '_>, item: &Val<'a>) -> Outcome<bool> {
        Ok(self.try_on(cx, item)?.is_some_and(|value| value.is_true()))
    }
}

fn foreach<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    let lambda = Lambda::read(cx, args, false)?;
    let mut results = Vec::with_capacity(lambda.items.len());
    for item in &lambda.items {
        cx.spend(size_of::<Val<'_>>())?;
        results.push(cx.with_local(lambda.variable, item.clone(), lambda.body)?);
    }
    Ok(Val::array(results))
}

fn where_<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    let lambda = Lambda::read(cx, args, true)?;
    let mut kept = Vec::new();
    for item in &lambda.items {
        if lambda.holds(cx, item)? {
            cx.spend(size_of::<Val<'_>>())?;
            kept.push(item.clone());
        }
    }
    if lambda.collection.is_array() {
        return Ok(Val::array(kept));
    }
    let field = |item: Val<'a>| {
        let key = item.property("key", true)?.to_text()?.into_owned();
        Some((key.into(), item.property("value", true)?))
    };
    Ok(Val::object(kept.into_iter().filter_map(field).collect()))
}

fn any<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    let lambda = Lambda::read(cx, args, true)?;
    for item in &lambda.items {
        if lambda.holds(cx, item)? {
            return Ok(Val::Bool(true));
        }
    }
    Ok(Val::Bool(false))
}

fn all<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    let lambda = Lambda::read(cx, args, true)?;
    for item in &lambda.items {
        if !lambda.holds(cx, item)? {
            return Ok(Val::Bool(false));
        }
    }
    Ok(Val::Bool(true))
}
