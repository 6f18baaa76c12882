//! Objects. A function that changes one returns a changed copy.

use std::borrow::Cow;

use crate::ael::eval::{Cx, Fault, Outcome, arg, text};
use crate::ael::expr::{Expr, Fixed, keys};
use crate::ael::jpath;
use crate::ael::table::{Function, Run, Types, at_least, exactly, optionally, row};
use crate::ael::value::{Fields, List, Val};
use crate::ael::{xml, xpath};

use super::string::{stringify, units};

const ANY: Types = Types::ANY;
const TEXT: Types = Types::TEXT;

pub(super) const TABLE: &[Function] = &[
    row("json", exactly(&[TEXT]), ANY, Run::Plain(json)),
    row("jsonStringify", exactly(&[ANY]), TEXT, Run::Plain(json_stringify)),
    row("getProperty", optionally(&[ANY], &[TEXT]), ANY, Run::Lazy(get_property)),
    row("setProperty", exactly(&[ANY, TEXT, ANY]), ANY, Run::Plain(set_property)),
    row("addProperty", exactly(&[ANY, TEXT, ANY]), ANY, Run::Plain(add_property)),
    row("removeProperty", exactly(&[ANY, TEXT]), ANY, Run::Plain(remove_property)),
    row("merge", at_least(&[ANY], ANY), ANY, Run::Plain(merge)),
    row("jPath", exactly(&[ANY, TEXT]), ANY, Run::Plain(j_path)),
    row("xml", exactly(&[ANY]), TEXT, Run::Plain(to_xml)),
    row("xPath", exactly(&[ANY, TEXT]), ANY, Run::Plain(x_path)),
    row("setPathToValue", exactly(&[ANY, ANY]), ANY, Run::Lazy(set_path)),
    row("stringOrValue", exactly(&[TEXT]), ANY, Run::Plain(string_or_value)),
];

fn json<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let source = text(args, 0)?.trim();
    if source == "{}" {
        return Ok(Val::object(Vec::new()));
    }
    // A parsed value takes several times the room of its text.
    cx.spend(source.len().saturating_mul(8))?;
    serde_json::from_str(source)
        .map(Val::from_json)
        .map_err(|error| Fault::new(format!("the text is not JSON: {error}")))
}

/// Finds values in an object, or in a text that is JSON.
fn j_path<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let Some(path) = arg(args, 1).to_text() else {
        return Err(Fault::new("argument 2 is nothing"));
    };
    let of = match arg(args, 0) {
        Val::Text(_) => json(cx, args)?,
        Val::Undefined => return Err(Fault::new("argument 1 is nothing")),
        value if value.is_nothing() || value.list().is_some() || value.fields().is_some() => {
            value.clone()
        }
        _ => return Err(Fault::new("argument 1 is no object and no text")),
    };
    jpath::query(cx, of, &path)
}

fn to_xml<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let value = match arg(args, 0) {
        Val::Text(_) => json(cx, args)?,
        value => value.clone(),
    };
    xml::write::document(cx, &value).map(Val::text)
}

fn x_path<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (xml, path) = (text(args, 0)?, text(args, 1)?);
    xpath::select(cx, xml, path)
}

/// Lets a path have another value for the rest of the expression. The data stays as it is.
fn set_path<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    let [path, value] = args else { return Ok(Val::Undefined) };
    let Some(path) = cx.path_of(path)? else {
        return Err(Fault::new(format!("`{path}` is not a path")));
    };
    let value = cx.eval(value)?;
    cx.spend(size_of::<Val<'_>>() * path.len())?;
    cx.set(&path, value.clone())?;
    Ok(value)
}

fn json_stringify<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let Some(json) = arg(args, 0).to_json() else { return Ok(Val::Undefined) };
    let text = json.to_string();
    cx.spend(text.len())?;
    Ok(Val::text(text))
}

fn get_property<'a>(cx: &mut Cx<'a, '_>, args: &'a [Expr]) -> Outcome<Val<'a>> {
    let Some((first, rest)) = args.split_first() else { return Ok(Val::Undefined) };
    let of = cx.eval(first)?;
    let (path, found) = match rest.first() {
        None => {
            let Some(path) = of.as_text() else {
                return Err(Fault::new("argument 1 is not a text"));
            };
            let fixed = Fixed::new(path.to_owned());
            let found = if fixed.keys.is_empty() { None } else { cx.find(&fixed) };
            (fixed.text, found)
        }
        Some(property) => {
            let property = cx.eval(property)?;
            let Some(path) = property.to_text().map(Cow::into_owned) else {
                return Err(Fault::thrown("argument 2 is nothing"));
            };
            let keys = keys(&path);
            // An empty path leads nowhere, not to where it starts.
            let found =
                if keys.is_empty() { None } else { cx.scope.walk(of, &keys, !cx.is_compat()) };
            (path, found)
        }
    };
    Ok(found.unwrap_or_else(|| cx.lost(&path, first.at())))
}

/// The properties of the object to change, as a copy.
fn copied<'a>(args: &[Val<'a>]) -> Outcome<Fields<'a>> {
    arg(args, 0).fields().ok_or_else(|| Fault::new("argument 1 is not an object"))
}

/// The name of a property; whatever it is, JavaScript makes a text of it.
fn key(args: &[Val<'_>]) -> String {
    match arg(args, 1) {
        Val::Undefined => "undefined".to_owned(),
        Val::Null => "null".to_owned(),
        value => value.to_text().unwrap_or_default().into_owned(),
    }
}

fn put<'a>(fields: &mut Fields<'a>, key: Cow<'a, str>, value: Val<'a>) {
    match fields.iter_mut().find(|(k, _)| *k == key) {
        Some((_, old)) => *old = value,
        None => fields.push((key, value)),
    }
}

/// A copy of an array with another item; JavaScript's arrays may have holes and other names too.
fn with_item<'a>(cx: &mut Cx<'a, '_>, list: &List<'a>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let mut items: Vec<Val<'a>> = list.iter().collect();
    if let Ok(index) = key(args).parse::<usize>() {
        cx.spend(items.len().max(index.saturating_add(1)).saturating_mul(size_of::<Val<'_>>()))?;
        if index >= items.len() {
            items.resize(index.saturating_add(1), Val::Undefined);
        }
        if let Some(item) = items.get_mut(index) {
            *item = arg(args, 2).clone();
        }
    }
    Ok(Val::array(items))
}

fn set_property<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    if let Some(list) = arg(args, 0).list().filter(|_| cx.is_compat()) {
        return with_item(cx, &list, args);
    }
    let mut fields = copied(args)?;
    cx.spend((fields.len() + 1) * size_of::<Val<'_>>())?;
    put(&mut fields, key(args).into(), arg(args, 2).clone());
    Ok(Val::object(fields))
}

fn add_property<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let key = key(args);
    let list = arg(args, 0).list().filter(|_| cx.is_compat());
    let known = match &list {
        Some(list) => key.parse().is_ok_and(|index: usize| index < list.len()),
        None => copied(args)?.iter().any(|(k, _)| *k == key),
    };
    if known {
        return Err(Fault::new(format!("the object already has `{key}`")));
    }
    set_property(cx, args)
}

fn remove_property<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let key = key(args);
    let from = arg(args, 0);
    if cx.is_compat() && !from.is_nothing() && !from.is_object() {
        let within = |size: usize| key.parse().is_ok_and(|index: usize| index < size);
        return match (from.list(), from) {
            (Some(list), _) if within(list.len()) => {
                with_item(cx, &list, &[Val::Undefined, Val::text(key)])
            }
            (_, Val::Text(text)) if within(units(text)) => Err(fixed(&key)),
            (_, Val::Bytes(bytes)) if within(bytes.len()) => Err(fixed(&key)),
            _ => Ok(from.clone()),
        };
    }
    let mut fields = copied(args)?;
    cx.spend(fields.len() * size_of::<Val<'_>>())?;
    fields.retain(|(k, _)| *k != key);
    Ok(Val::object(fields))
}

fn fixed(key: &str) -> Fault {
    Fault::new(format!("`{key}` cannot be taken out of a text"))
}

fn merge<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let mut merged = Fields::new();
    for value in args {
        let objects: Vec<Val<'a>> = match value.list() {
            Some(list) => list.iter().collect(),
            None => vec![value.clone()],
        };
        for object in objects {
            let Some(fields) = object.fields() else {
                return Err(Fault::new("only objects can be merged"));
            };
            cx.spend(fields.len() * size_of::<Val<'_>>())?;
            for (key, value) in fields {
                put(&mut merged, key, value);
            }
        }
    }
    Ok(Val::object(merged))
}

/// Evaluates a text that comes out of the data. What it can see is what the template can see.
fn string_or_value<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    use crate::ael::text::{Piece, Text, template_text};

    let source = text(args, 0)?;
    let read = template_text(source, cx.options.profile)
        .map_err(|syntax| Fault::thrown(syntax.message))?;
    match read {
        Text::Plain(text) => Ok(Val::text(text)),
        Text::Single(expr) => cx.eval_apart(&expr),
        Text::Mixed(pieces) => {
            let mut joined = String::new();
            for piece in &pieces {
                match piece {
                    Piece::Text(text) => joined.push_str(text),
                    Piece::Expr(expr) => joined.push_str(&stringify(&cx.eval_apart(expr)?)),
                }
                cx.spend(joined.len())?;
            }
            Ok(Val::text(joined))
        }
    }
}
