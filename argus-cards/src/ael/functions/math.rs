//! Arithmetic. Two whole numbers divide to a whole number.

use crate::ael::coerce::to_number;
use crate::ael::eval::{Cx, Fault, Outcome, arg, integer, made, number};
use crate::ael::number::{from_usize, is_integer, round_to, to_i64, to_usize};
use crate::ael::table::{Function, Run, Takes, Types, alias, at_least, exactly, optionally, row};
use crate::ael::value::Val;

const ANY: Types = Types::ANY;
const NUMBER: Types = Types::NUMBER;
const ONE: Takes = exactly(&[NUMBER]);
const TWO: Takes = exactly(&[NUMBER, NUMBER]);
const MANY: Takes = at_least(&[NUMBER, NUMBER], NUMBER);
const ADDABLE: Types = Types::NUMBER.or(Types::TEXT);
const ADDED: Takes = at_least(&[ADDABLE, ADDABLE], ADDABLE);
const SOME: Takes = at_least(&[ANY], ANY);

pub(super) const TABLE: &[Function] = &[
    row("+", ADDED, ADDABLE, Run::Plain(add)),
    alias("add", "+", ADDED, ADDABLE, Run::Plain(add)),
    row("-", MANY, NUMBER, Run::Plain(|_, args| fold(args, |a, b| Ok(a - b)))),
    alias("sub", "-", MANY, NUMBER, Run::Plain(|_, args| fold(args, |a, b| Ok(a - b)))),
    row("*", MANY, NUMBER, Run::Plain(|_, args| fold(args, |a, b| Ok(a * b)))),
    alias("mul", "*", MANY, NUMBER, Run::Plain(|_, args| fold(args, |a, b| Ok(a * b)))),
    row("/", MANY, NUMBER, Run::Plain(|_, args| fold(args, divide))),
    alias("div", "/", MANY, NUMBER, Run::Plain(|_, args| fold(args, divide))),
    row("^", MANY, NUMBER, Run::Plain(power)),
    alias("exp", "^", MANY, NUMBER, Run::Plain(power)),
    row("%", TWO, NUMBER, Run::Plain(|_, args| modulo(args))),
    alias("mod", "%", TWO, NUMBER, Run::Plain(|_, args| modulo(args))),
    row("abs", ONE, NUMBER, Run::Plain(|_, args| Ok(Val::Number(number(args, 0)?.abs())))),
    row("floor", ONE, NUMBER, Run::Plain(|_, args| Ok(Val::Number(number(args, 0)?.floor())))),
    row("ceiling", ONE, NUMBER, Run::Plain(|_, args| Ok(Val::Number(number(args, 0)?.ceil())))),
    row("sqrt", ONE, NUMBER, Run::Plain(|_, args| sqrt(args))),
    row("round", optionally(&[NUMBER], &[NUMBER]), NUMBER, Run::Plain(|_, args| round(args))),
    row("min", SOME, NUMBER, Run::Plain(|_, args| extreme(args, f64::INFINITY, f64::min))),
    row("max", SOME, NUMBER, Run::Plain(|_, args| extreme(args, f64::NEG_INFINITY, f64::max))),
    row("sum", exactly(&[Types::ARRAY]), NUMBER, Run::Plain(|_, args| sum(args).map(Val::Number))),
    row("average", exactly(&[ANY]), NUMBER, Run::Plain(|_, args| average(args))),
    row("range", TWO, Types::ARRAY, Run::Plain(range)),
    row("rand", TWO, NUMBER, Run::Plain(rand)),
];

/// Adds numbers; as soon as a text is among them, joins texts.
fn add<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    for (index, value) in args.iter().enumerate() {
        let nothing = matches!(value, Val::Undefined) || (!cx.is_compat() && value.is_nothing());
        if !nothing && value.as_number().is_none() && value.as_text().is_none() {
            return Err(Fault::new(format!("argument {} is no number and no text", index + 1)));
        }
    }
    let mut sum = arg(args, 0).clone();
    for value in args.iter().skip(1) {
        sum = match (sum.as_number(), value.as_number()) {
            (Some(a), Some(b)) => Val::Number(a + b),
            (None, Some(_)) if sum.is_nothing() => return Err(nothing_added()),
            (Some(_), None) if value.is_nothing() => return Err(nothing_added()),
            _ => {
                let mut text = sum.to_text().unwrap_or_default().into_owned();
                text.push_str(&value.to_text().unwrap_or_default());
                made(cx, text)?
            }
        };
    }
    Ok(sum)
}

fn nothing_added() -> Fault {
    Fault::new("a number and nothing cannot be added")
}

fn fold<'a>(args: &[Val<'a>], step: fn(f64, f64) -> Outcome<f64>) -> Outcome<Val<'a>> {
    let mut result = number(args, 0)?;
    for index in 1..args.len() {
        result = step(result, number(args, index)?)?;
    }
    Ok(Val::Number(result))
}

/// npm takes an array of numbers too, and then makes one number of its text.
fn power<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let is_number = |value: &Val<'_>| value.as_number().is_some();
    let numbers: Outcome<Vec<f64>> = args
        .iter()
        .enumerate()
        .map(|(index, value)| match value.list() {
            Some(list) if cx.is_compat() && list.iter().all(|item| is_number(&item)) => {
                Ok(to_number(value))
            }
            _ => number(args, index),
        })
        .collect();
    let mut numbers = numbers?.into_iter();
    let first = numbers.next().unwrap_or(f64::NAN);
    Ok(Val::Number(numbers.fold(first, f64::powf)))
}

fn divide(a: f64, b: f64) -> Outcome<f64> {
    if b == 0.0 {
        return Err(Fault::new("division by zero"));
    }
    Ok(if is_integer(a) && is_integer(b) { (a / b).floor() } else { a / b })
}

fn modulo<'a>(args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (a, b) = (integer(args, 0)?, integer(args, 1)?);
    if b == 0.0 {
        return Err(Fault::new("division by zero"));
    }
    Ok(Val::Number(a % b))
}

fn sqrt<'a>(args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let n = number(args, 0)?;
    if n < 0.0 {
        return Err(Fault::new("a negative number has no square root"));
    }
    Ok(Val::Number(n.sqrt()))
}

fn round<'a>(args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let digits = if args.len() == 2 { integer(args, 1)? } else { 0.0 };
    if !(0.0..=15.0).contains(&digits) {
        return Err(Fault::new("can round to 0 to 15 decimals"));
    }
    Ok(Val::Number(round_to(number(args, 0)?, digits)))
}

fn extreme<'a>(args: &[Val<'a>], start: f64, pick: fn(f64, f64) -> f64) -> Outcome<Val<'a>> {
    let mut result = start;
    for (index, value) in args.iter().enumerate() {
        match value.list() {
            Some(list) => {
                for item in list.iter() {
                    result = pick(result, item.as_number().ok_or_else(not_a_number)?);
                }
            }
            None => result = pick(result, number(args, index)?),
        }
    }
    Ok(Val::Number(result))
}

fn not_a_number() -> Fault {
    Fault::new("the array has an item that is not a number")
}

fn sum(args: &[Val<'_>]) -> Outcome<f64> {
    let list = arg(args, 0).list().ok_or_else(|| Fault::new("argument 1 is not an array"))?;
    if list.len() == 0 {
        return Err(Fault::new("an empty array has no sum"));
    }
    list.iter().try_fold(0.0, |sum, item| Ok(sum + item.as_number().ok_or_else(not_a_number)?))
}

fn average<'a>(args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let count = arg(args, 0).list().map_or(0, |list| list.len());
    Ok(Val::Number(sum(args)? / from_usize(count)))
}

fn range<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (start, count) = (integer(args, 0)?, integer(args, 1)?);
    if count <= 0.0 {
        return Err(Fault::new("a range needs at least one item"));
    }
    cx.spend(to_usize(count).saturating_mul(size_of::<Val<'_>>()))?;
    let count = to_usize(count);
    Ok(Val::array((0..count).map(|index| Val::Number(start + from_usize(index))).collect()))
}

fn rand<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (min, max) = (to_i64(integer(args, 0)?), to_i64(integer(args, 1)?));
    if min > max {
        return Err(Fault::new(format!("{min} is greater than {max}")));
    }
    let span = max.abs_diff(min).max(1);
    let drawn = min.saturating_add_unsigned(cx.draw()? % span);
    Ok(Val::Number(crate::ael::number::from_i64(drawn)))
}
