//! Values to XML, indented by two: a property is an element, an array repeats it, `#text` is text.

use crate::ael::eval::{Cx, Fault, Outcome};
use crate::ael::value::{Fields, Val};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// Writes a document.
pub(in crate::ael) fn document<'a>(cx: &mut Cx<'a, '_>, value: &Val<'a>) -> Outcome<String> {
    let mut out = HEAD.to_owned();
    out.push_str(&members(cx, &named(value), 0)?);
    out.truncate(out.trim_end().len());
    Ok(out)
}

/// The properties of a value; those of arrays and texts are named by their positions.
fn named<'a>(value: &Val<'a>) -> Fields<'a> {
    if let Some(fields) = value.fields() {
        return fields;
    }
    let numbered = |(index, item): (usize, Val<'a>)| (index.to_string().into(), item);
    if let Some(list) = value.list() {
        return list.iter().enumerate().map(numbered).collect();
    }
    match value {
        Val::Text(text) => {
            text.chars().map(|c| Val::text(c.to_string())).enumerate().map(numbered).collect()
        }
        _ => Fields::new(),
    }
}

fn members<'a>(cx: &mut Cx<'a, '_>, fields: &Fields<'a>, level: usize) -> Outcome<String> {
    let mut out = String::new();
    for (name, value) in fields {
        cx.step(1)?;
        if name == "#text" && value.list().is_none() && value.fields().is_none() {
            out.push_str(&escaped(&value.to_text().unwrap_or_default()));
            continue;
        }
        if !cx.is_compat() && !is_name(name) {
            return Err(Fault::new(format!("`{name}` is no name for an XML element")));
        }
        match value.list() {
            Some(list) => {
                for item in list.iter() {
                    out.push_str(&element(cx, name, &item, level)?);
                }
            }
            None => out.push_str(&element(cx, name, value, level)?),
        }
        cx.spend(out.len())?;
    }
    Ok(out)
}

fn element<'a>(cx: &mut Cx<'a, '_>, name: &str, value: &Val<'a>, level: usize) -> Outcome<String> {
    let indent = "  ".repeat(level);
    // A name that starts with a question mark is an instruction, whose text npm leaves out.
    if name.starts_with('?') {
        let nested = value.is_array() || value.is_object();
        let inside = if nested { members(cx, &named(value), level + 1)? } else { String::new() };
        return Ok(format!("{indent}<{name}?>\n{inside}"));
    }
    let inside = match value {
        Val::Undefined => return Ok(String::new()),
        Val::Null => return Ok(format!("{indent}<{name}/>\n")),
        value if value.is_array() || value.is_object() => {
            let fields = named(value);
            match fields.as_slice() {
                [(only, text)] if only == "#text" && !text.is_nothing() => {
                    escaped(&text.to_text().unwrap_or_default())
                }
                _ => members(cx, &fields, level + 1)?,
            }
        }
        value => escaped(&value.to_text().unwrap_or_default()),
    };
    // Text stands on the line of its element, elements on lines of their own.
    if inside.contains('<') {
        return Ok(format!("{indent}<{name}>\n{inside}{indent}</{name}>\n"));
    }
    Ok(format!("{indent}<{name}>{inside}</{name}>\n"))
}

fn is_name(name: &str) -> bool {
    let first = |c: char| c.is_alphabetic() || c == '_' || c == ':';
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_numeric() || "-.".contains(c))
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
