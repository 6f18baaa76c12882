//! Texts. Lengths and positions count UTF-16 units, because JavaScript and the Designer do.

use crate::ael::eval::{Cx, Fault, Outcome, arg, integer, made, text};
use crate::ael::expr::Expr;
use crate::ael::locale;
use crate::ael::number::{from_usize, js_number, to_usize};
use crate::ael::pattern::{Dialect, Flags, compile, expand};
use crate::ael::table::{Function, Run, Takes, Types, alias, at_least, exactly, optionally, row};
use crate::ael::value::Val;

const ANY: Types = Types::ANY;
const TEXT: Types = Types::TEXT;
const NUMBER: Types = Types::NUMBER;
const BOOL: Types = Types::BOOL;
const LISTS: Types = Types::TEXT.or(Types::ARRAY);
const ONE: Takes = exactly(&[TEXT]);
const TWO: Takes = exactly(&[TEXT, TEXT]);
const LOCALE: Takes = optionally(&[TEXT], &[TEXT]);
const CONCAT: Takes = at_least(&[ANY], ANY);
const FIND: Takes = exactly(&[LISTS, ANY]);

pub(super) const TABLE: &[Function] = &[
    row("concat", CONCAT, LISTS, Run::Plain(concat)),
    alias("&", "concat", CONCAT, LISTS, Run::Plain(concat)),
    row("length", ONE, NUMBER, Run::Plain(length)),
    row("replace", exactly(&[TEXT, TEXT, TEXT]), TEXT, Run::Plain(replace)),
    row("replaceIgnoreCase", exactly(&[TEXT, TEXT, TEXT]), TEXT, Run::Plain(replace_any_case)),
    row("split", LOCALE, Types::ARRAY, Run::Plain(split)),
    row("substring", optionally(&[TEXT, NUMBER], &[NUMBER]), TEXT, Run::Lazy(substring)),
    row("toLower", LOCALE, TEXT, Run::Plain(|cx, args| change(cx, args, str::to_lowercase))),
    row("toUpper", LOCALE, TEXT, Run::Plain(|cx, args| change(cx, args, str::to_uppercase))),
    row("trim", ONE, TEXT, Run::Plain(|cx, args| change(cx, args, |t| t.trim().to_owned()))),
    row("sentenceCase", LOCALE, TEXT, Run::Plain(|cx, args| change(cx, args, sentence_case))),
    row("titleCase", LOCALE, TEXT, Run::Plain(|cx, args| change(cx, args, title_case))),
    row("startsWith", TWO, BOOL, Run::Plain(|cx, args| test(cx, args, |a, b| a.starts_with(b)))),
    row("endsWith", TWO, BOOL, Run::Plain(|cx, args| test(cx, args, |a, b| a.ends_with(b)))),
    row("countWord", ONE, NUMBER, Run::Plain(count_word)),
    row("addOrdinal", exactly(&[NUMBER]), TEXT, Run::Plain(add_ordinal)),
    row("newGuid", exactly(&[]), TEXT, Run::Plain(|cx, _| new_guid(cx))),
    row("EOL", exactly(&[]), TEXT, Run::Plain(|_, _| Ok(Val::Text("\n".into())))),
    row("indexOf", FIND, NUMBER, Run::Plain(|cx, args| find(cx, args, true))),
    row("lastIndexOf", FIND, NUMBER, Run::Plain(|cx, args| find(cx, args, false))),
];

fn concat<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let mut joined = arg(args, 0).clone();
    for next in args.iter().skip(1) {
        joined = match (joined.list(), next.list()) {
            (None, None) if joined.is_nothing() && next.is_nothing() => Val::Undefined,
            (None, Some(_)) if joined.is_nothing() => next.clone(),
            (Some(_), None) if next.is_nothing() => joined,
            (Some(a), Some(b)) => {
                cx.spend((a.len() + b.len()) * size_of::<Val<'_>>())?;
                Val::array(a.iter().chain(b.iter()).collect())
            }
            _ => {
                let text = stringify(&joined) + &stringify(next);
                made(cx, text)?
            }
        };
    }
    Ok(joined)
}

/// A value inside a text: arrays and objects as JSON without quotes at either end.
pub(super) fn stringify(value: &Val<'_>) -> String {
    if value.is_array() || value.is_object() || matches!(value, Val::Bytes(_)) {
        let json = value.to_json().unwrap_or_default().to_string();
        return json.trim_matches(['"', '\'']).to_owned();
    }
    value.to_text().unwrap_or_default().into_owned()
}

fn length<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    Ok(Val::Number(from_usize(units(cx.text_or_empty(args, 0)?))))
}

/// The length of a text in UTF-16 units.
pub(super) fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// A part of a text, counted in UTF-16 units.
pub(super) fn slice(text: &str, start: usize, count: usize) -> String {
    if text.is_ascii() {
        return text.chars().skip(start).take(count).collect();
    }
    let part: Vec<u16> = text.encode_utf16().skip(start).take(count).collect();
    String::from_utf16_lossy(&part)
}

fn change<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>], how: fn(&str) -> String) -> Outcome<Val<'a>> {
    if args.len() > 1
        && !locale::is_tag(cx.text_or_empty(args, 1)?)
        && args.get(1).is_some_and(|l| !l.is_nothing())
    {
        return Err(Fault::new("argument 2 is not a locale, like en-US"));
    }
    let changed = how(cx.text_or_empty(args, 0)?);
    made(cx, changed)
}

fn test<'a>(
    cx: &mut Cx<'a, '_>,
    args: &[Val<'a>],
    how: fn(&str, &str) -> bool,
) -> Outcome<Val<'a>> {
    Ok(Val::Bool(how(cx.text_or_empty(args, 0)?, cx.text_or_empty(args, 1)?)))
}

fn sentence_case(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().collect::<String>() + &chars.as_str().to_lowercase(),
        None => String::new(),
    }
}

/// Starts every word with a capital; a word starts at a letter or digit and ends at a space.
fn title_case(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.to_lowercase().chars() {
        if inside {
            inside = !c.is_whitespace();
            result.push(c);
        } else if c.is_ascii_alphanumeric() || c == '_' {
            inside = true;
            result.extend(c.to_uppercase());
        } else {
            result.push(c);
        }
    }
    result
}

fn replace<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (text, old) = (cx.text_or_empty(args, 0)?, cx.text_or_empty(args, 1)?);
    let new = cx.text_or_empty(args, 2)?;
    if old.is_empty() {
        return Err(Fault::new("the text to replace must not be empty"));
    }
    let growth = text.matches(old).count().saturating_mul(new.len());
    cx.spend(growth)?;
    made(cx, text.replace(old, new))
}

fn replace_any_case<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (text, old) = (cx.text_or_empty(args, 0)?, cx.text_or_empty(args, 1)?);
    let new = cx.text_or_empty(args, 2)?;
    if old.is_empty() {
        return Err(Fault::new("the text to replace must not be empty"));
    }
    let flags = Flags { ignore_case: true, ..Flags::default() };
    if !cx.is_compat() {
        // A designer who replaces "1.5" does not mean "any character".
        let regex = cx.pattern(old, |old| compile(&regex::escape(old), flags, Dialect::Full))?;
        let growth = regex.find_iter(text).count().saturating_mul(new.len());
        cx.spend(growth)?;
        let replaced = regex.replace_all(text, regex::NoExpand(new)).into_owned();
        return made(cx, replaced);
    }
    let regex = cx.pattern(old, |old| compile(old, flags, Dialect::Script))?;
    let mut replaced = String::new();
    let mut end = 0;
    for found in regex.captures_iter(text) {
        let whole = found.get(0).map_or(0..0, |whole| whole.range());
        replaced.push_str(text.get(end..whole.start).unwrap_or_default());
        replaced.push_str(&expand(new, &found, text));
        cx.spend(whole.len() + new.len())?;
        end = whole.end;
    }
    replaced.push_str(text.get(end..).unwrap_or_default());
    made(cx, replaced)
}

fn split<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (text, separator) = (cx.text_or_empty(args, 0)?, cx.text_or_empty(args, 1)?);
    let parts: Vec<Val<'a>> = if separator.is_empty() && cx.is_compat() {
        // JavaScript takes characters beyond the basic plane apart.
        let unit = |unit| Val::text(String::from_utf16_lossy(&[unit]));
        text.encode_utf16().map(unit).collect()
    } else if separator.is_empty() {
        text.chars().map(|c| Val::text(c.to_string())).collect()
    } else {
        text.split(separator).map(Val::text).collect()
    };
    cx.spend(text.len() + parts.len() * size_of::<Val<'_>>())?;
    Ok(Val::array(parts))
}

/// Of nothing there is no part, whatever the positions are.
fn substring<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    let mut values = Vec::with_capacity(args.len());
    for arg in args {
        let value = cx.eval(arg)?;
        let nothing = matches!(value, Val::Undefined) || (!cx.is_compat() && value.is_nothing());
        if values.is_empty() && nothing {
            return Ok(Val::Text("".into()));
        }
        values.push(value);
    }
    let args = values.as_slice();
    let whole = text(args, 0)?;
    let size = from_usize(units(whole));
    let start = integer(args, 1)?;
    let count = if args.len() > 2 { integer(args, 2)? } else { size - start };
    if start < 0.0 || start > size || count < 0.0 || start + count > size {
        let part = format!("{} characters from {}", js_number(count), js_number(start));
        return Err(Fault::new(format!("the text has no {part}")));
    }
    let part = slice(whole, to_usize(start), to_usize(count));
    made(cx, part)
}

fn count_word<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let words = cx.text_or_empty(args, 0)?.split_whitespace().count();
    Ok(Val::Number(from_usize(words.max(1))))
}

fn add_ordinal<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let n = integer(args, 0)?;
    let ending = match (n > 0.0, to_usize(n) % 100, to_usize(n) % 10) {
        (false, ..) => "",
        (true, 11..=13, _) => "th",
        (true, _, 1) => "st",
        (true, _, 2) => "nd",
        (true, _, 3) => "rd",
        _ => "th",
    };
    made(cx, js_number(n) + ending)
}

/// A version 4 UUID out of the injected random source.
fn new_guid<'a>(cx: &mut Cx<'a, '_>) -> Outcome<Val<'a>> {
    let bits = (u128::from(cx.draw()?) << 64) | u128::from(cx.draw()?);
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let parts: Vec<String> = [(0, 8), (8, 4), (12, 4), (16, 4), (20, 12)]
        .into_iter()
        .map(|(start, count)| slice(&hex, start, count))
        .collect();
    made(cx, parts.join("-"))
}

fn find<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>], first: bool) -> Outcome<Val<'a>> {
    let wanted = arg(args, 1);
    let found = if let Some(list) = arg(args, 0).list() {
        let mut positions = list.iter().enumerate().filter(|(_, item)| item.is_same(wanted));
        let found = if first { positions.next() } else { positions.last() };
        found.map(|(position, _)| position)
    } else if arg(args, 0).is_nothing() || arg(args, 0).as_text().is_some() {
        let whole = arg(args, 0).as_text().unwrap_or_default();
        let part = match wanted {
            Val::Undefined => "",
            _ => text(args, 1)?,
        };
        // JavaScript looks for the last one from the last character on.
        let found = match (first, part) {
            (true, _) => whole.find(part),
            (false, "") => whole.char_indices().last().map_or(Some(0), |(index, _)| Some(index)),
            (false, _) => whole.rfind(part),
        };
        found.map(|byte| units(whole.get(..byte).unwrap_or_default()))
    } else {
        return Err(Fault::new("argument 1 is no text and no array"));
    };
    cx.step(1)?;
    Ok(Val::Number(found.map_or(-1.0, from_usize)))
}
