//! Dates and times that may be incomplete, in TIMEX.

use crate::ael::eval::{Cx, Fault, Outcome, arg, made, text};
use crate::ael::number::{from_i64, js_number, to_i64};
use crate::ael::table::{Function, Leaves, Run, Takes, Types, exactly, optionally, row};
use crate::ael::time::Civil;
use crate::ael::timex::{Timex, of_time};
use crate::ael::value::Val;

use super::date::local_now;

const BOOL: Types = Types::BOOL;
const TEXT: Types = Types::TEXT;
const ONE: Takes = exactly(&[Types::ANY]);
const NO: Leaves = Leaves::Bool(false);
const DATE: Leaves = Leaves::Text("1899-11-30");
const TIME: Leaves = Leaves::Text("T00");
const NEAR: Takes = optionally(&[TEXT], &[TEXT]);

pub(super) const TABLE: &[Function] = &[
    row("isDefinite", ONE, BOOL, Run::Plain(|_, args| test(args, Timex::is_definite))).leaving(NO),
    row("isTime", ONE, BOOL, Run::Plain(|_, args| test(args, Timex::is_time))).leaving(NO),
    row("isDuration", ONE, BOOL, Run::Plain(|_, args| test(args, |t| t.duration.is_some())))
        .leaving(NO),
    row("isDate", ONE, BOOL, Run::Plain(|_, args| test(args, Timex::is_date))).leaving(NO),
    row("isTimeRange", ONE, BOOL, Run::Plain(|_, args| test(args, |t| t.part_of_day))).leaving(NO),
    row("isDateRange", ONE, BOOL, Run::Plain(|_, args| test(args, Timex::is_date_range)))
        .leaving(NO),
    row("isPresent", ONE, BOOL, Run::Plain(|_, args| test(args, |t| t.now))).leaving(NO),
    row("resolve", ONE, TEXT, Run::Plain(resolve)).leaving(NO),
    row("getNextViableDate", NEAR, TEXT, Run::Plain(|cx, args| near_date(cx, args, true)))
        .leaving(DATE),
    row("getPreviousViableDate", NEAR, TEXT, Run::Plain(|cx, args| near_date(cx, args, false)))
        .leaving(DATE),
    row("getNextViableTime", NEAR, TEXT, Run::Plain(|cx, args| near_time(cx, args, true)))
        .leaving(TIME),
    row("getPreviousViableTime", NEAR, TEXT, Run::Plain(|cx, args| near_time(cx, args, false)))
        .leaving(TIME),
];

fn timex(args: &[Val<'_>]) -> Outcome<Timex> {
    match arg(args, 0) {
        Val::Text(text) => Ok(Timex::parse(text)),
        value => Timex::of(value).ok_or_else(|| Fault::new("argument 1 is no TIMEX")),
    }
}

fn test<'a>(args: &[Val<'a>], question: fn(&Timex) -> bool) -> Outcome<Val<'a>> {
    Ok(Val::Bool(question(&timex(args)?)))
}

/// The date, time or number of seconds that a TIMEX stands for.
fn resolve<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let timex = timex(args)?;
    let (dated, ranged) = (timex.is_date(), timex.is_date_range());
    let open = || Fault::new("the TIMEX does not stand for one date or time");
    // A span has a start and an end, but no one value.
    let span = if cx.is_compat() { Ok(Val::Undefined) } else { Err(open()) };
    if timex.now {
        // npm writes the word for a date that is not there.
        return if cx.is_compat() { made(cx, "undefined ") } else { Err(open()) };
    }
    let spans_time = timex.part_of_day || (timex.is_time() && timex.duration.is_some());
    if spans_time && (dated || !ranged) {
        return span;
    }
    match (timex.is_definite(), timex.duration) {
        (true, _) if timex.is_time() => {
            made(cx, format!("{} {}", timex.date_text(), timex.time_text()))
        }
        (true, Some(_)) => span,
        (true, None) => made(cx, timex.date_text()),
        _ if timex.season => made(cx, "not resolved"),
        _ if ranged || (dated && timex.duration.is_some()) => {
            if timex.year.is_some() {
                span
            } else {
                Err(open())
            }
        }
        _ if dated => Err(open()),
        (false, Some((amount, unit))) => made(cx, js_number(amount * unit)),
        _ if timex.is_time() => made(cx, timex.time_text()),
        _ => Err(open()),
    }
}

/// The nearest day with this month and day, before today or from today on.
fn near_date<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>], next: bool) -> Outcome<Val<'a>> {
    let timex = timex(args)?;
    let (None | Some(0.0), Some(month), Some(day)) = (timex.year, timex.month, timex.day_of_month)
    else {
        return Err(Fault::new("argument 1 is no month and day, like XXXX-10-31"));
    };
    let (month, day) = (to_i64(month), to_i64(day));
    if month == 0 || day == 0 {
        return Err(Fault::new("argument 1 is no month and day, like XXXX-10-31"));
    }
    let today = local_now(cx, args)?;
    let from_today = (month, day) >= (today.month, today.day);
    let mut year = match (next, from_today) {
        (true, true) | (false, false) => today.year,
        (true, false) => today.year + 1,
        (false, true) => today.year - 1,
    };
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    while (month, day) == (2, 29) && !is_leap(year) {
        year += if next { 1 } else { -1 };
    }
    let midnight = Civil { year, month, day, hour: 0, minute: 0, second: 0, milli: 0 };
    let beyond = || Fault::new("the date is beyond what can be written");
    let found = Civil::of(midnight.millis().ok_or_else(beyond)?);
    made(cx, format!("{:04}-{:02}-{:02}", found.year, found.month, found.day))
}

/// The nearest time with this minute and second, before now or from now on.
fn near_time<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>], next: bool) -> Outcome<Val<'a>> {
    let given = text(args, 0)?;
    if !has_open_hour(given) {
        return Err(Fault::new("argument 1 is no minute and second, like TXX:15:28"));
    }
    let now = local_now(cx, args)?;
    let timex = Timex::parse(&given.replacen("XX", "00", 1));
    let (Some(minute), Some(second)) = (timex.minute, timex.second) else {
        return Err(Fault::thrown("argument 1 is no minute and second, like TXX:15:28"));
    };
    let from_now = (to_i64(minute), to_i64(second)) >= (now.minute, now.second);
    let hour = match (next, from_now) {
        (true, true) | (false, false) => now.hour,
        (true, false) => now.hour + 1,
        (false, true) => now.hour - 1,
    };
    made(cx, of_time(from_i64(hour.rem_euclid(24)), minute, second))
}

fn has_open_hour(text: &str) -> bool {
    let two = |bytes: &[u8]| matches!(bytes, [b'0'..=b'5', b'0'..=b'9']);
    text.match_indices("TXX:").any(|(at, mark)| {
        let rest = text.as_bytes().get(at + mark.len()..).unwrap_or_default();
        matches!(rest.get(..5), Some([a, b, b':', c, d]) if two(&[*a, *b]) && two(&[*c, *d]))
    })
}
