//! Questions about what a value is.

use regex::Regex;

use crate::ael::eval::{Cx, Outcome, arg};
use crate::ael::expr::{Const, Expr};
use crate::ael::pattern::{Dialect, Flags, compile};
use crate::ael::table::{Function, Run, Takes, Types, exactly, row};
use crate::ael::time::iso_millis;
use crate::ael::value::Val;
use crate::options::Profile;

const BOOL: Types = Types::BOOL;
const ONE: Takes = exactly(&[Types::ANY]);

pub(super) const TABLE: &[Function] = &[
    row("isString", ONE, BOOL, Run::Plain(|_, args| yes(arg(args, 0).as_text().is_some()))),
    row("isInteger", ONE, BOOL, Run::Plain(|_, args| yes(arg(args, 0).as_integer().is_some()))),
    row("isFloat", ONE, BOOL, Run::Plain(|_, args| yes(is_float(arg(args, 0))))),
    row("isArray", ONE, BOOL, Run::Plain(|_, args| yes(arg(args, 0).is_array()))),
    row("isObject", ONE, BOOL, Run::Plain(|_, args| yes(is_object(arg(args, 0))))),
    row("isBoolean", ONE, BOOL, Run::Plain(|_, args| yes(matches!(arg(args, 0), Val::Bool(_))))),
    row("isDateTime", ONE, BOOL, Run::Plain(|_, args| yes(is_date_time(arg(args, 0))))),
    row("isMatch", exactly(&[Types::TEXT, Types::TEXT]), BOOL, Run::Plain(is_match))
        .checked(is_pattern),
];

#[expect(clippy::unnecessary_wraps, reason = "has the shape of a function's outcome")]
fn yes<'a>(answer: bool) -> Outcome<Val<'a>> {
    Ok(Val::Bool(answer))
}

fn is_float(value: &Val<'_>) -> bool {
    value.as_number().is_some() && value.as_integer().is_none()
}

/// JavaScript calls arrays and null objects too.
fn is_object(value: &Val<'_>) -> bool {
    let object = matches!(value, Val::Null | Val::Bytes(_) | Val::Ticks(_));
    value.is_object() || value.is_array() || object
}

fn is_date_time(value: &Val<'_>) -> bool {
    value.as_text().is_some_and(|text| iso_millis(text).is_ok())
}

/// Matches in linear time; look-around and back references do not exist.
fn is_match<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (input, pattern) = (cx.text_or_empty(args, 0)?, cx.text_or_empty(args, 1)?);
    let dialect = dialect(cx.options.profile);
    let regex = cx.pattern(pattern, |pattern| pattern_of(pattern, dialect))?;
    yes(regex.is_match(input))
}

/// A pattern that is written in the template is checked when the template is read.
fn is_pattern(args: &[Expr], profile: Profile) -> Result<(), String> {
    match args.get(1) {
        Some(Expr::Const(Const::Text(pattern)))
            if pattern_of(pattern, dialect(profile)).is_none() =>
        {
            Err(format!("`{pattern}` is not a pattern"))
        }
        _ => Ok(()),
    }
}

fn dialect(profile: Profile) -> Dialect {
    if profile == Profile::Compat { Dialect::Common } else { Dialect::Full }
}

fn pattern_of(pattern: &str, dialect: Dialect) -> Option<Regex> {
    if pattern.is_empty() {
        return None;
    }
    let mut bare = String::from(pattern);
    let mut flag = |mark: &str| {
        let found = bare.contains(mark);
        bare = bare.replacen(mark, "", 1);
        found
    };
    let flags = Flags { ignore_case: flag("(?i)"), lines: flag("(?m)"), dots: flag("(?s)") };
    compile(&bare, flags, dialect)
}
