//! Conditions and comparisons. What they ask about may be missing without anybody being told.

use std::cmp::Ordering;

use crate::ael::eval::{Cx, Fault, Outcome, Severity, arg};
use crate::ael::expr::Expr;
use crate::ael::table::{Function, Leaves, Run, Takes, Types, alias, at_least, exactly, row};
use crate::ael::value::Val;

const ANY: Types = Types::ANY;
const BOOL: Types = Types::BOOL;
const TWO: Takes = exactly(&[ANY, ANY]);
const SOME: Takes = at_least(&[ANY], ANY);

pub(super) const TABLE: &[Function] = &[
    row("if", exactly(&[ANY, ANY, ANY]), ANY, Run::Lazy(if_)),
    row("&&", SOME, BOOL, Run::Lazy(and)),
    alias("and", "&&", SOME, BOOL, Run::Lazy(and)),
    row("||", SOME, BOOL, Run::Lazy(or)),
    alias("or", "||", SOME, BOOL, Run::Lazy(or)),
    row("!", exactly(&[ANY]), BOOL, Run::Lazy(not)),
    alias("not", "!", exactly(&[ANY]), BOOL, Run::Lazy(not)),
    row("==", TWO, BOOL, Run::Test(|_, args| Ok(arg(args, 0).equals(arg(args, 1))))),
    alias("equals", "==", TWO, BOOL, Run::Test(|_, args| Ok(arg(args, 0).equals(arg(args, 1))))),
    row("!=", TWO, BOOL, Run::Test(|_, args| Ok(!arg(args, 0).equals(arg(args, 1))))),
    row("<", TWO, BOOL, Run::Test(|_, args| compare(args, Ordering::is_lt))).of_values(),
    alias("less", "<", TWO, BOOL, Run::Test(|_, args| compare(args, Ordering::is_lt))).of_values(),
    row("<=", TWO, BOOL, Run::Test(|_, args| compare(args, Ordering::is_le))).of_values(),
    alias("lessOrEquals", "<=", TWO, BOOL, Run::Test(|_, args| compare(args, Ordering::is_le)))
        .of_values(),
    row(">", TWO, BOOL, Run::Test(|_, args| compare(args, Ordering::is_gt))).of_values(),
    alias("greater", ">", TWO, BOOL, Run::Test(|_, args| compare(args, Ordering::is_gt)))
        .of_values(),
    row(">=", TWO, BOOL, Run::Test(|_, args| compare(args, Ordering::is_ge))).of_values(),
    alias("greaterOrEquals", ">=", TWO, BOOL, Run::Test(|_, args| compare(args, Ordering::is_ge)))
        .of_values(),
    row("exists", exactly(&[ANY]), BOOL, Run::Test(|_, args| Ok(!arg(args, 0).is_nothing()))),
    row("empty", exactly(&[ANY]), BOOL, Run::Test(|_, args| Ok(is_empty(arg(args, 0))))),
    row("bool", exactly(&[ANY]), BOOL, Run::Test(|_, args| Ok(to_bool(arg(args, 0))))),
    row("coalesce", SOME, ANY, Run::Lazy(coalesce)),
    alias("??", "coalesce", SOME, ANY, Run::Lazy(coalesce)),
    row("ignore", exactly(&[BOOL]), BOOL, Run::Plain(|_, args| Ok(arg(args, 0).clone()))),
    row("optional", exactly(&[BOOL]), BOOL, Run::Lazy(optional)),
];

/// Whether a condition holds; one without a value does not.
fn holds<'a>(cx: &mut Cx<'a, '_>, condition: &'a Expr) -> Outcome<bool> {
    match cx.eval_quietly(condition) {
        Ok(value) => Ok(value.is_true()),
        Err(fault) if fault.severity == Severity::Plain => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn if_<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    let [condition, then, other] = args else { return Ok(Val::Undefined) };
    if holds(cx, condition)? { cx.eval(then) } else { cx.eval(other) }
}

fn and<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    for condition in args {
        if !holds(cx, condition)? {
            return Ok(Val::Bool(false));
        }
    }
    Ok(Val::Bool(true))
}

/// npm answers with the last of the values that do not hold, which may be nothing.
fn or<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    let mut last = Val::Bool(false);
    for condition in args {
        last = match cx.eval_quietly(condition) {
            Ok(value) if value.is_true() => return Ok(Val::Bool(true)),
            Ok(value) => value,
            Err(fault) if fault.severity != Severity::Plain => return Err(fault),
            Err(_) => left_behind(cx, condition)?,
        };
    }
    Ok(if cx.is_compat() { last } else { Val::Bool(false) })
}

/// What npm's functions have said by the time they fail.
fn left_behind<'a>(cx: &mut Cx<'a, '_>, failed: &'a Expr) -> Outcome<Val<'a>> {
    let Expr::Call { function, args, .. } = failed else { return Ok(Val::Undefined) };
    Ok(match (function.leaves, function.run, args.as_slice()) {
        (Leaves::Bool(value), ..) => Val::Bool(value),
        (Leaves::Text(text), ..) => Val::Text(text.into()),
        (Leaves::Nothing, Run::Test(_), _) => Val::Bool(false),
        (Leaves::Nothing, _, [condition, then, other]) if function.name == "if" => {
            let branch = if holds(cx, condition)? { then } else { other };
            left_behind(cx, branch)?
        }
        _ => Val::Undefined,
    })
}

fn not<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    match args.first() {
        Some(condition) => Ok(Val::Bool(!holds(cx, condition)?)),
        None => Ok(Val::Undefined),
    }
}

/// `compat` gives a missing path its stand-in first, so that it is never missing here.
fn coalesce<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    let compat = cx.is_compat();
    let mut found = Val::Undefined;
    for candidate in args {
        let value = if compat { cx.eval(candidate)? } else { cx.eval_quietly(candidate)? };
        if found.is_nothing() {
            found = value;
        }
        if !compat && !found.is_nothing() {
            break;
        }
    }
    Ok(if found.is_nothing() { Val::Undefined } else { found })
}

/// Named in the public table without an implementation.
fn optional<'a>(_: &mut Cx<'a, '_>, _: &'a [Expr]) -> Outcome<Val<'a>> {
    Err(Fault::thrown("`optional` cannot be evaluated"))
}

fn compare(args: &[Val<'_>], test: fn(Ordering) -> bool) -> Outcome<bool> {
    let (a, b) = (arg(args, 0), arg(args, 1));
    a.order(b).map(test).ok_or_else(|| Fault::new("only two numbers or two texts have an order"))
}

fn is_empty(value: &Val<'_>) -> bool {
    match value {
        Val::Undefined | Val::Null => true,
        Val::Text(text) => text.is_empty(),
        value => match (value.list(), value.fields()) {
            (Some(list), _) => list.len() == 0,
            (_, Some(fields)) => fields.is_empty(),
            _ => false,
        },
    }
}

fn to_bool(value: &Val<'_>) -> bool {
    if let Some(number) = value.as_number() {
        return number != 0.0;
    }
    let text = value.to_text().unwrap_or_default();
    !text.to_ascii_lowercase().contains("false") && value.is_true()
}
