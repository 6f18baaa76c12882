//! Dates and times. Now is what the caller says it is.

use jiff::Timestamp;

use crate::ael::coerce::to_number;
use crate::ael::eval::{Cx, Fault, Outcome, arg, integer, made, number, text};
use crate::ael::number::{MAX_SAFE, from_i64, from_i128, is_integer, to_i64, to_i128};
use crate::ael::table::{Function, Run, Takes, Types, exactly, optionally, row};
use crate::ael::time::{
    Civil, DAY, DEFAULT_FORMAT, HOUR, MINUTE, SECOND, Shown, dayjs_date, dayjs_pattern, format,
    from_number, in_range, iso_millis, js_date, month_name,
};
use crate::ael::value::Val;
use crate::ael::zones::zone;

const TEXT: Types = Types::TEXT;
const NUMBER: Types = Types::NUMBER;
const ONE: Takes = exactly(&[TEXT]);
const STYLE: &[Types] = &[TEXT, TEXT];
const SHIFT: Takes = optionally(&[TEXT, NUMBER], STYLE);
const MOVE: Takes = optionally(&[TEXT, NUMBER, TEXT], STYLE);
const SHOW: Takes = optionally(&[TEXT], STYLE);
const SHOW_NUMBER: Takes = optionally(&[NUMBER], STYLE);
const FROM_NOW: Takes = optionally(&[NUMBER, TEXT], STYLE);
const ZONE: Takes = optionally(&[TEXT, TEXT], STYLE);

/// How npm writes a local time, which has no zone.
const LOCAL_FORMAT: &str = "YYYY-MM-DDTHH:mm:ss.SSS0000";
/// From the year 1, where .NET starts to count, to 1970, in hundreds of nanoseconds.
const EPOCH_TICKS: i128 = 621_355_968_000_000_000;

pub(super) const TABLE: &[Function] = &[
    row("addDays", SHIFT, TEXT, Run::Plain(|cx, args| shift(cx, args, DAY))),
    row("addHours", SHIFT, TEXT, Run::Plain(|cx, args| shift(cx, args, HOUR))),
    row("addMinutes", SHIFT, TEXT, Run::Plain(|cx, args| shift(cx, args, MINUTE))),
    row("addSeconds", SHIFT, TEXT, Run::Plain(|cx, args| shift(cx, args, SECOND))),
    row("addToTime", MOVE, TEXT, Run::Plain(|cx, args| move_time(cx, args, 1))),
    row("subtractFromTime", MOVE, TEXT, Run::Plain(|cx, args| move_time(cx, args, -1))),
    row("getFutureTime", FROM_NOW, TEXT, Run::Plain(|cx, args| from_now(cx, args, 1))),
    row("getPastTime", FROM_NOW, TEXT, Run::Plain(|cx, args| from_now(cx, args, -1))),
    row("utcNow", optionally(&[], STYLE), TEXT, Run::Plain(utc_now)),
    row("formatDateTime", SHOW, TEXT, Run::Plain(format_date_time)),
    row("formatEpoch", SHOW_NUMBER, TEXT, Run::Plain(format_epoch)),
    row("formatTicks", SHOW_NUMBER, TEXT, Run::Plain(format_ticks)),
    row("startOfDay", SHOW, TEXT, Run::Plain(|cx, args| start(cx, args, Civil::midnight))),
    row("startOfHour", SHOW, TEXT, Run::Plain(|cx, args| start(cx, args, Civil::on_the_hour))),
    row("startOfMonth", SHOW, TEXT, Run::Plain(|cx, args| start(cx, args, first_of_month))),
    row("date", ONE, TEXT, Run::Plain(date)),
    row("year", ONE, NUMBER, Run::Plain(|_, args| part(args, |c| c.year))),
    row("month", ONE, NUMBER, Run::Plain(|_, args| part(args, |c| c.month))),
    row("dayOfMonth", ONE, NUMBER, Run::Plain(|_, args| part(args, |c| c.day))),
    row("dayOfWeek", ONE, NUMBER, Run::Plain(|_, args| part(args, Civil::weekday))),
    row("dayOfYear", ONE, NUMBER, Run::Plain(|_, args| part(args, Civil::day_of_year))),
    row("ticks", ONE, NUMBER, Run::Plain(|_, args| ticks(args))),
    row("ticksToDays", exactly(&[NUMBER]), NUMBER, Run::Plain(|_, args| ticks_to(args, DAY))),
    row("ticksToHours", exactly(&[NUMBER]), NUMBER, Run::Plain(|_, args| ticks_to(args, HOUR))),
    row("ticksToMinutes", exactly(&[NUMBER]), NUMBER, Run::Plain(|_, args| ticks_to(args, MINUTE))),
    row("dateTimeDiff", exactly(&[TEXT, TEXT]), NUMBER, Run::Plain(|_, args| difference(args))),
    row("dateReadBack", exactly(&[TEXT, TEXT]), TEXT, Run::Plain(read_back)),
    row("getTimeOfDay", ONE, TEXT, Run::Plain(time_of_day)),
    row("convertFromUTC", ZONE, TEXT, Run::Plain(convert_from_utc)),
    row("convertToUTC", ZONE, TEXT, Run::Plain(convert_to_utc)),
];

/// The pattern among the arguments; `most` is how many the function takes at most.
fn pattern(args: &[Val<'_>], most: usize, default: &str) -> String {
    let given = |index: usize| args.get(index).and_then(Val::as_text);
    if args.len() == most {
        return match (given(most - 2), given(most - 1)) {
            (Some(""), Some(_)) => DEFAULT_FORMAT.to_owned(),
            (Some(pattern), Some(_)) => dayjs_pattern(pattern),
            _ => default.to_owned(),
        };
    }
    match given(most - 2) {
        Some(pattern) if args.len() == most - 1 => dayjs_pattern(pattern),
        _ => default.to_owned(),
    }
}

/// Whether the locale is the empty text, with which Day.js cannot work.
fn has_nameless_locale(args: &[Val<'_>], most: usize) -> bool {
    let text = |index: usize| args.get(index).and_then(Val::as_text);
    args.len() == most && text(most - 2).is_some() && text(most - 1) == Some("")
}

fn show<'a>(
    cx: &mut Cx<'a, '_>,
    millis: Option<i64>,
    args: &[Val<'a>],
    most: usize,
) -> Outcome<Val<'a>> {
    if cx.is_compat() && has_nameless_locale(args, most) {
        // Most functions of npm do not expect that Day.js fails.
        let thrown = most > 3;
        let why = "the last argument is no locale";
        return Err(if thrown { Fault::thrown(why) } else { Fault::new(why) });
    }
    let Some(millis) = millis else {
        // Day.js writes these words.
        if cx.is_compat() {
            return made(cx, "Invalid Date");
        }
        return Err(beyond());
    };
    made(cx, format(millis, &pattern(args, most, DEFAULT_FORMAT), Shown::UTC))
}

fn beyond() -> Fault {
    Fault::new("the date is beyond what can be written")
}

fn shift<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>], unit: i64) -> Outcome<Val<'a>> {
    let amount = number(args, 1)?;
    let start = iso_millis(text(args, 0)?)?;
    let civil = Civil::of(start);
    let field = match unit {
        DAY => civil.day,
        HOUR => civil.hour,
        MINUTE => civil.minute,
        _ => civil.second,
    };
    // JavaScript adds to the day, hour, minute or second and cuts the fraction off the sum.
    let count = to_i64((from_i64(field) + amount).trunc()).saturating_sub(field);
    let moved = count.checked_mul(unit).and_then(|delta| start.checked_add(delta));
    show(cx, moved.and_then(in_range), args, 4)
}

/// Moves a moment by calendar units.
fn moved(start: i64, count: i64, unit: &str) -> Outcome<Option<i64>> {
    let by = |size: i64| count.checked_mul(size).and_then(|d| start.checked_add(d));
    let months = |count: Option<i64>| Civil::of(start).plus_months(count?)?.millis();
    Ok(match unit {
        "Second" => by(SECOND),
        "Minute" => by(MINUTE),
        "Hour" => by(HOUR),
        "Day" => by(DAY),
        "Week" => by(7 * DAY),
        "Month" => months(Some(count)),
        "Year" => months(count.checked_mul(12)),
        _ => return Err(Fault::new(format!("`{unit}` is not a unit of time"))),
    }
    .and_then(in_range))
}

fn move_time<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>], sign: i64) -> Outcome<Val<'a>> {
    let count = to_i64(integer(args, 1)?).saturating_mul(sign);
    let (start, unit) = (iso_millis(text(args, 0)?)?, text(args, 2)?);
    let end = match moved(start, count, unit) {
        // npm adds milliseconds if it does not know the unit, but does not take them away.
        Err(_) if cx.is_compat() && sign > 0 => start.checked_add(count).and_then(in_range),
        end => end?,
    };
    show(cx, end, args, 5)
}

fn now(cx: &Cx<'_, '_>) -> Outcome<i64> {
    cx.options.now_unix_ms.ok_or_else(|| Fault::new("no clock given"))
}

/// The wall clock, in the time zone that the second argument names, or in UTC.
pub(super) fn local_now(cx: &Cx<'_, '_>, args: &[Val<'_>]) -> Outcome<Civil> {
    let now = now(cx)?;
    let Some(Val::Text(name)) = args.get(1) else { return Ok(Civil::of(now)) };
    Ok(Civil::of(now + offset_minutes(now, name)? * MINUTE))
}

/// How far a time zone is ahead of UTC at a moment.
fn offset_minutes(moment: i64, name: &str) -> Outcome<i64> {
    let zone = zone(name).ok_or_else(|| Fault::new(format!("`{name}` is not a time zone")))?;
    let timestamp = Timestamp::from_millisecond(moment)
        .map_err(|_| Fault::new("the date is beyond what a time zone has rules for"))?;
    Ok(i64::from(zone.to_offset(timestamp).seconds()) / 60)
}

fn from_now<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>], sign: i64) -> Outcome<Val<'a>> {
    let count = to_i64(integer(args, 0)?).saturating_mul(sign);
    let end = moved(now(cx)?, count, text(args, 1)?)?;
    show(cx, end, args, 4)
}

fn utc_now<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let now = now(cx)?;
    show(cx, Some(now), args, 2)
}

fn format_date_time<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let given = text(args, 0)?;
    let read = js_date(given).ok_or_else(|| Fault::new(format!("`{given}` is not a date")))?;
    show(cx, Some(read), args, 3)
}

fn format_epoch<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let millis = from_number(number(args, 0)? * 1000.0);
    show(cx, Some(millis.ok_or_else(beyond)?), args, 3)
}

fn format_ticks<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let ticks = match arg(args, 0) {
        Val::Text(digits) => match to_number(arg(args, 0)) {
            n if n.abs() < MAX_SAFE => is_integer(n).then(|| i128::from(to_i64(n))),
            _ => digits.parse().ok(),
        },
        Val::Ticks(ticks) | Val::Big(ticks) => Some(**ticks),
        _ => Some(to_i128(integer(args, 0)?)),
    };
    let ticks = ticks.ok_or_else(|| Fault::new("argument 1 is not a number of ticks"))?;
    let millis = i64::try_from((ticks - EPOCH_TICKS) / 10_000).ok().and_then(in_range);
    show(cx, Some(millis.ok_or_else(beyond)?), args, 3)
}

fn start<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>], of: fn(Civil) -> Civil) -> Outcome<Val<'a>> {
    let moment = iso_millis(text(args, 0)?)?;
    show(cx, of(Civil::of(moment)).millis(), args, 3)
}

fn first_of_month(civil: Civil) -> Civil {
    Civil { day: 1, ..civil.midnight() }
}

fn date<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let moment = iso_millis(text(args, 0)?)?;
    made(cx, format(moment, "M/DD/YYYY", Shown::UTC))
}

fn part<'a>(args: &[Val<'a>], of: fn(Civil) -> i64) -> Outcome<Val<'a>> {
    Ok(Val::Number(from_i64(of(Civil::of(iso_millis(text(args, 0)?)?)))))
}

fn ticks<'a>(args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let millis = iso_millis(text(args, 0)?)?;
    Ok(Val::Ticks(Box::new(EPOCH_TICKS + i128::from(millis) * 10_000)))
}

fn ticks_to<'a>(args: &[Val<'a>], unit: i64) -> Outcome<Val<'a>> {
    let ticks = match arg(args, 0) {
        Val::Ticks(ticks) => from_i128(**ticks),
        _ => integer(args, 0)?,
    };
    Ok(Val::Number(ticks / (from_i64(unit) * 10_000.0)))
}

fn difference<'a>(args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (a, b) = (iso_millis(text(args, 0)?)?, iso_millis(text(args, 1)?)?);
    Ok(Val::Number(from_i64(a - b) * 10_000.0))
}

/// Says how the second date looks from the first.
fn read_back<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (from, to) = (iso_millis(text(args, 0)?)?, iso_millis(text(args, 1)?)?);
    let (today, day) = (from.div_euclid(DAY), to.div_euclid(DAY));
    let civil = Civil::of(to);
    let week = |day: i64| (day + 4).div_euclid(7);
    let weekday = || format(to, "dddd", Shown::UTC);
    let ending = match civil.day % 10 {
        1 => "st",
        2 => "nd",
        3 => "rd",
        _ => "th",
    };
    let words = match (day - today, week(day) - week(today)) {
        (0, _) => "today".to_owned(),
        (1, _) => "tomorrow".to_owned(),
        (-1, _) => "yesterday".to_owned(),
        (_, 0) => format!("this {}", weekday()),
        (_, 1) => format!("next {}", weekday()),
        (_, -1) => format!("last {}", weekday()),
        _ => {
            // npm's list of months has a misprint.
            let month = match civil.month {
                2 if cx.is_compat() => "Februrary",
                month => month_name(month),
            };
            format!("{}{ending} {month} {}", civil.day, civil.year)
        }
    };
    made(cx, words)
}

fn time_of_day<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let given = text(args, 0)?;
    let local = js_date(given).filter(|at| format(*at, LOCAL_FORMAT, Shown::UTC) == given);
    let moment = match local {
        Some(moment) => moment,
        // npm answers a date that is written otherwise with nothing.
        None if cx.is_compat() && js_date(given).is_some() && iso_millis(given).is_err() => {
            return Ok(Val::Undefined);
        }
        None => iso_millis(given)?,
    };
    let civil = Civil::of(moment);
    let words = match civil.hour * 100 + civil.minute {
        0 => "midnight",
        1..1200 => "morning",
        1200 => "noon",
        1201..1800 => "afternoon",
        1800..=2200 => "evening",
        _ => "night",
    };
    made(cx, words)
}

fn convert_from_utc<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let moment = iso_millis(text(args, 0)?)?;
    let offset_minutes = offset_minutes(moment, text(args, 1)?)?;
    if cx.is_compat() && has_nameless_locale(args, 4) {
        return Err(Fault::new("the last argument is no locale"));
    }
    let pattern = pattern(args, 4, LOCAL_FORMAT);
    made(cx, format(moment, &pattern, Shown { offset_minutes }))
}

fn convert_to_utc<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (given, name) = (text(args, 0)?, text(args, 1)?);
    let local = dayjs_date(given).ok_or_else(|| Fault::new(format!("`{given}` is not a date")))?;
    let moment = from_local(local, cx.options.now_unix_ms.unwrap_or(local), name)?;
    if cx.is_compat() && has_nameless_locale(args, 4) {
        return Err(Fault::new("the last argument is no locale"));
    }
    // Seconds are as far as npm carries a converted time.
    show(cx, Some(moment.div_euclid(1000) * 1000), args, 4)
}

/// The moment at which clocks of a zone show a time. Of two such moments it is the one with today's
/// offset; a time that clocks jump over is counted on from before the jump.
fn from_local(local: i64, now: i64, zone: &str) -> Outcome<i64> {
    let today = offset_minutes(now, zone)?;
    let first = offset_minutes(local - today * MINUTE, zone)?;
    if first == today {
        return Ok(local - today * MINUTE);
    }
    let second = offset_minutes(local - first * MINUTE, zone)?;
    Ok(local - first.min(second) * MINUTE)
}
