//! Arrays, and what arrays and texts have in common.

use crate::ael::coerce;
use crate::ael::eval::{Cx, Fault, Outcome, Severity, arg, integer, made, text};
use crate::ael::expr::Expr;
use crate::ael::number::{from_usize, to_usize};
use crate::ael::sort;
use crate::ael::table::{Function, Run, Takes, Types, at_least, exactly, optionally, row};
use crate::ael::value::{List, Val, compare_text};

use super::string::{slice, units};

const ANY: Types = Types::ANY;
const ARRAY: Types = Types::ARRAY;
const NUMBER: Types = Types::NUMBER;
const TEXT: Types = Types::TEXT;
const LISTS: Types = Types::ARRAY.or(Types::TEXT);
const ARRAYS: Takes = at_least(&[ARRAY], ARRAY);
const SORT: Takes = optionally(&[ARRAY], &[TEXT]);
const FLATTEN: Takes = optionally(&[ARRAY], &[NUMBER]);
const JOIN: Takes = optionally(&[ARRAY, TEXT], &[TEXT]);
const PART: Takes = optionally(&[ARRAY, NUMBER], &[NUMBER]);

pub(super) const TABLE: &[Function] = &[
    row("createArray", at_least(&[], ANY), ARRAY, Run::Plain(create_array)),
    row("count", exactly(&[LISTS]), NUMBER, Run::Plain(|_, args| count(args))),
    row("contains", exactly(&[ANY, ANY]), Types::BOOL, Run::Lazy(contains)),
    row("first", exactly(&[ANY]), ANY, Run::Plain(|_, args| Ok(end(args, |_| 0)))),
    row("last", exactly(&[ANY]), ANY, Run::Plain(|_, args| Ok(end(args, |size| size - 1)))),
    row("reverse", exactly(&[LISTS]), LISTS, Run::Plain(reverse)),
    row("join", JOIN, TEXT, Run::Plain(join)),
    row("union", ARRAYS, ARRAY, Run::Plain(union)),
    row("intersection", ARRAYS, ARRAY, Run::Plain(intersection)),
    row("unique", exactly(&[ARRAY]), ARRAY, Run::Plain(union)),
    row("skip", exactly(&[ARRAY, NUMBER]), ARRAY, Run::Plain(skip)),
    row("take", exactly(&[LISTS, NUMBER]), LISTS, Run::Plain(take)),
    row("subArray", PART, ARRAY, Run::Plain(sub_array)),
    row("flatten", FLATTEN, ARRAY, Run::Plain(flatten)),
    row("sortBy", SORT, ARRAY, Run::Plain(sort_by)),
    row("sortByDescending", SORT, ARRAY, Run::Plain(sort_by_descending)),
    row("indicesAndValues", exactly(&[ANY]), ARRAY, Run::Plain(indices_and_values)),
];

fn list<'a>(args: &[Val<'a>], index: usize) -> Outcome<List<'a>> {
    arg(args, index)
        .list()
        .ok_or_else(|| Fault::new(format!("argument {} is not an array", index + 1)))
}

/// Makes an array, paid for.
fn array<'a>(cx: &mut Cx<'a, '_>, items: impl IntoIterator<Item = Val<'a>>) -> Outcome<Val<'a>> {
    let mut collected = Vec::new();
    for item in items {
        cx.spend(size_of::<Val<'_>>())?;
        collected.push(item);
    }
    Ok(Val::array(collected))
}

fn create_array<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    array(cx, args.iter().cloned())
}

fn count<'a>(args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let value = arg(args, 0);
    let size = match (value.list(), value.fields(), value) {
        (Some(list), ..) => list.len(),
        (_, Some(fields), _) => fields.len(),
        (.., Val::Text(text)) => units(text),
        (.., Val::Bytes(bytes)) => bytes.len(),
        _ => return Err(Fault::new("argument 1 is no text, array or object")),
    };
    Ok(Val::Number(from_usize(size)))
}

/// Arguments without a value contain nothing and are contained in nothing.
fn contains<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    let mut values = Vec::with_capacity(args.len());
    for arg in args {
        match cx.eval(arg) {
            Ok(value) => values.push(value),
            Err(fault) if fault.severity == Severity::Plain => return Ok(Val::Bool(false)),
            Err(fault) => return Err(fault),
        }
    }
    let (whole, part) = (arg(&values, 0), arg(&values, 1));
    Ok(Val::Bool(match (whole.list(), whole.as_text(), part.as_text()) {
        (None, Some(whole), Some(part)) => whole.contains(part),
        (Some(list), ..) => list.iter().any(|item| item.equals(part)),
        (_, _, Some(key)) => whole.property(key, !cx.is_compat()).is_some(),
        _ => false,
    }))
}

fn end<'a>(args: &[Val<'a>], position: fn(usize) -> usize) -> Val<'a> {
    let value = arg(args, 0);
    if let Some(list) = value.list().filter(|list| list.len() > 0) {
        return list.get(position(list.len())).unwrap_or(Val::Undefined);
    }
    match value.as_text() {
        Some(text) if !text.is_empty() => Val::text(slice(text, position(units(text)), 1)),
        _ => Val::Undefined,
    }
}

fn reverse<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let value = arg(args, 0);
    if let Some(text) = value.as_text() {
        if cx.is_compat() {
            // JavaScript turns the halves of a character around too.
            let units: Vec<u16> = text.encode_utf16().collect();
            let reversed: Vec<u16> = units.into_iter().rev().collect();
            return made(cx, String::from_utf16_lossy(&reversed));
        }
        let reversed: String = text.chars().rev().collect();
        return made(cx, reversed);
    }
    let mut items: Vec<Val<'a>> = match value.list() {
        Some(list) => list.iter().collect(),
        None => return Err(Fault::new("argument 1 is no text and no array")),
    };
    items.reverse();
    array(cx, items)
}

/// Joins items; with a third argument, that one stands before the last.
fn join<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let items = list(args, 0)?;
    let between = |index: usize| match arg(args, index) {
        Val::Undefined => ",".to_owned(),
        Val::Null => "null".to_owned(),
        value => value.to_text().unwrap_or_default().into_owned(),
    };
    let (separator, last) = match (args.len(), items.len()) {
        (..3, _) => (between(1), None),
        (_, ..3) => (between(2), None),
        _ if matches!(arg(args, 2), Val::Undefined) => (between(1), Some("undefined".to_owned())),
        _ => (between(1), Some(between(2))),
    };
    let size = items.len();
    let mut joined = String::new();
    for (index, item) in items.iter().enumerate() {
        let final_gap = last.as_ref().filter(|_| index + 1 == size);
        if index > 0 {
            joined.push_str(final_gap.unwrap_or(&separator));
        }
        let shown = item.to_text();
        joined.push_str(match (&shown, final_gap, &item) {
            // The last one is put behind the others by itself, and is a word then.
            (None, Some(_), Val::Null) => "null",
            (None, Some(_), _) => "undefined",
            (shown, ..) => shown.as_deref().unwrap_or_default(),
        });
        cx.spend(separator.len() + 1)?;
    }
    made(cx, joined)
}

/// All items, each once. Objects only equal themselves.
fn union<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let mut found: Vec<Val<'a>> = Vec::new();
    for index in 0..args.len() {
        for item in list(args, index)?.iter() {
            cx.step(1 + found.len() as u64 / 8)?;
            if !found.iter().any(|known| known.is_same(&item)) {
                found.push(item);
            }
        }
    }
    array(cx, found)
}

fn intersection<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let mut found: Vec<Val<'a>> = Vec::new();
    let lists: Vec<List<'a>> = (0..args.len()).map(|i| list(args, i)).collect::<Outcome<_>>()?;
    let Some((first, others)) = lists.split_first() else { return Ok(Val::array(found)) };
    for item in first.iter() {
        cx.step(1 + others.iter().map(|list| list.len() as u64).sum::<u64>() / 8)?;
        let everywhere = others.iter().all(|list| list.iter().any(|other| other.is_same(&item)));
        if everywhere && !found.iter().any(|known| known.is_same(&item)) {
            found.push(item);
        }
    }
    array(cx, found)
}

fn skip<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let items = list(args, 0)?;
    array(cx, items.iter().skip(to_usize(integer(args, 1)?)))
}

fn take<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    if let Some(text) = arg(args, 0).as_text() {
        let part = slice(text, 0, to_usize(integer(args, 1)?));
        return made(cx, part);
    }
    let items = list(args, 0)?;
    array(cx, items.iter().take(to_usize(integer(args, 1)?)))
}

fn sub_array<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let items = list(args, 0)?;
    let size = from_usize(items.len());
    let start = integer(args, 1)?;
    let end = if args.len() > 2 { integer(args, 2)? } else { size };
    if !(0.0..=size).contains(&start) || !(0.0..=size).contains(&end) {
        return Err(Fault::new(format!("the array has {size} items, not these")));
    }
    let (start, end) = (to_usize(start), to_usize(end));
    array(cx, items.iter().skip(start).take(end.saturating_sub(start)))
}

fn flatten<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let mut items: Vec<Val<'a>> = list(args, 0)?.iter().collect();
    let depth = arg(args, 1).as_number().unwrap_or(if args.len() > 1 { 1.0 } else { 100.0 });
    for _ in 0..to_usize(depth.max(1.0).ceil()).min(100) {
        if !items.iter().any(Val::is_array) {
            break;
        }
        let mut flat = Vec::new();
        for item in items {
            cx.step(1)?;
            match item.list() {
                Some(list) => flat.extend(list.iter()),
                None => flat.push(item),
            }
        }
        items = flat;
    }
    // npm copies the array through JSON, which has no undefined.
    for item in items.iter_mut().filter(|item| matches!(item, Val::Undefined)) {
        *item = Val::Null;
    }
    array(cx, items)
}

fn sort_by<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let sorted = sorted(cx, args)?;
    array(cx, sorted)
}

fn sort_by_descending<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let sorted = sorted(cx, args)?;
    array(cx, sorted.into_iter().rev())
}

/// Sorts by the text of the items, or by what a property of theirs is.
fn sorted<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Vec<Val<'a>>> {
    let mut items: Vec<Val<'a>> = list(args, 0)?.iter().collect();
    cx.step(items.len() as u64)?;
    if args.len() == 1 {
        items.sort_by_cached_key(|item| {
            let null = matches!(item, Val::Null).then(|| "null".to_owned());
            SortText(item.to_text().map(String::from).or(null))
        });
        return Ok(items);
    }
    let key = text(args, 1).unwrap_or_default();
    if cx.is_compat() && items.len() > 1 && items.iter().any(|item| matches!(item, Val::Null)) {
        return Err(Fault::thrown(format!("null has no `{key}`")));
    }
    let of = |item: &Val<'a>| match item.fields() {
        Some(fields) => fields.into_iter().find(|(k, _)| k == key).map(|(_, value)| value),
        None => None,
    };
    // What is undefined comes last, whatever it is compared with.
    let (mut keyed, last): (Vec<_>, Vec<_>) = items
        .into_iter()
        .map(|item| (of(&item).unwrap_or(Val::Undefined), item))
        .partition(|(_, item)| !matches!(item, Val::Undefined));
    let compat = cx.is_compat();
    sort::by(&mut keyed, &|(a, _): &(Val<'a>, Val<'a>), (b, _): &(Val<'a>, Val<'a>)| {
        let order = if compat { coerce::order(a, b) } else { a.order(b) };
        order.unwrap_or(std::cmp::Ordering::Equal)
    });
    Ok(keyed.into_iter().chain(last).map(|(_, item)| item).collect())
}

/// A text in JavaScript's order; nothing comes last.
#[derive(PartialEq, Eq)]
struct SortText(Option<String>);

impl Ord for SortText {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => compare_text(a, b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    }
}

impl PartialOrd for SortText {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

fn indices_and_values<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let value = arg(args, 0);
    let pairs: Vec<(Val<'a>, Val<'a>)> = match (value.list(), value.fields()) {
        (Some(list), _) => {
            list.iter().enumerate().map(|(i, v)| (Val::Number(from_usize(i)), v)).collect()
        }
        (_, Some(fields)) => fields.into_iter().map(|(k, v)| (Val::Text(k), v)).collect(),
        _ => return Err(Fault::new("argument 1 is no array and no object")),
    };
    let pair = |(i, v)| Val::object(vec![("index".into(), i), ("value".into(), v)]);
    array(cx, pairs.into_iter().map(pair))
}
