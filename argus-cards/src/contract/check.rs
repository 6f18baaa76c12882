//! One path of a template against the contract.

use serde_json::Value;

use super::shape::Shape;
use crate::lint::Reported;
use crate::model::catalog::{self, PropertyInfo, TypeInfo, ValueKind, WordInfo};
use crate::near::nearest;
use crate::template::{Base, Read, Step, Usage};

/// Says what is wrong with a path.
pub(super) fn read(root: &Value, read: &Read, found: &mut Reported) {
    if read.base != Base::Root {
        return;
    }
    let mut shape = Shape::of(root, root);
    // The first step that may be missing although nothing asks about it.
    let mut missing = None;
    let mut may_miss = |index: usize| {
        if index >= read.covered {
            missing = missing.or(Some(index));
        }
    };
    for (index, step) in read.steps.iter().enumerate() {
        if shape.is_nullable() && index > 0 {
            may_miss(index - 1);
        }
        shape = match step {
            Step::Computed => return,
            Step::Key(key) => match shape.property(root, key) {
                Some(property) => {
                    if property.optional {
                        may_miss(index);
                    }
                    property.shape
                }
                None => return unknown(&shape, read, index, key, found),
            },
            Step::Index(_) => {
                // Nobody knows how long a list is.
                may_miss(index);
                match shape.items(root) {
                    Some(items) => items,
                    None => return no_list(&shape, read, index, found),
                }
            }
            Step::Each => match shape.items(root) {
                Some(items) => items,
                None => return no_list(&shape, read, index, found),
            },
            Step::EachOrSelf => shape.each_or_self(root),
        };
    }
    // A list that is null shows nothing, like one that is empty.
    let last_is_null = shape.is_nullable() && !matches!(read.usage, Usage::Repeat);
    if last_is_null && let Some(last) = read.steps.len().checked_sub(1) {
        may_miss(last);
    }
    if let Some(index) = missing {
        let path = shown(read, index + 1);
        let message = format!("`{path}` may be missing or null, and nothing asks for it");
        found.at("bind.optional", read, message);
    }
    if let Some(message) = misfit(&shape, read) {
        found.at("bind.type", read, message);
    }
}

/// The first steps of a path.
fn shown(read: &Read, steps: usize) -> String {
    let mut path = String::new();
    for step in read.steps.iter().take(steps) {
        match step {
            Step::Key(key) if path.is_empty() => path.push_str(key),
            Step::Key(key) => {
                path.push('.');
                path.push_str(key);
            }
            Step::Index(index) => path.extend(["[", &index.to_string(), "]"]),
            Step::Each | Step::EachOrSelf => path.push_str("[]"),
            Step::Computed => path.push_str("[?]"),
        }
    }
    path
}

fn unknown(shape: &Shape<'_>, read: &Read, index: usize, key: &str, found: &mut Reported) {
    let before = shown(read, index);
    let types = shape.types();
    let names = shape.names();
    let message = if names.is_empty() && !types.is_empty() && !types.contains(&"object") {
        format!("`{before}` is {}, so it has no `{key}`", article(&types))
    } else {
        let owner = if before.is_empty() { "the data".to_owned() } else { format!("`{before}`") };
        let meant = nearest(key, names.iter().copied());
        let hint = match meant {
            Some(meant) => format!("; did you mean `{meant}`?"),
            None if names.len() <= 12 && !names.is_empty() => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("; it has {}", names.join(", "))
            }
            None => String::new(),
        };
        format!("{owner} has no `{key}`{hint}")
    };
    found.at("bind.path", read, message);
}

fn no_list(shape: &Shape<'_>, read: &Read, index: usize, found: &mut Reported) {
    let types = shape.types();
    let before = shown(read, index);
    found.at("bind.type", read, format!("`{before}` is {}, not an array", article(&types)));
}

fn article(types: &[&str]) -> String {
    let words = types.iter().map(|name| match *name {
        "string" => "a text",
        "number" | "integer" => "a number",
        "boolean" => "true or false",
        "array" => "an array",
        _ => "an object",
    });
    words.collect::<Vec<_>>().join(" or ")
}

/// Why a value cannot be used where it is bound.
fn misfit(shape: &Shape<'_>, read: &Read) -> Option<String> {
    if shape.is_open() {
        return None;
    }
    let types = shape.types();
    let path = shown(read, read.steps.len());
    let is = |what: &str| Some(format!("`{path}` is {}, {what}", article(&types)));
    let nested = types.iter().any(|name| ["object", "array"].contains(name));
    // A function that runs over a list makes another list, or takes one of it; who knows.
    let of_list = read.steps.contains(&Step::Each);
    match read.usage {
        Usage::Value | Usage::Text if of_list && nested => is("which has no place in a text"),
        _ if of_list => None,
        Usage::Value if read.whole => {
            let (owner, property) = target(read)?;
            value(shape, &types, property).map(|what| {
                format!(
                    "`{path}` is {}, and `{}` of {owner} {what}",
                    article(&types),
                    property.key()
                )
            })
        }
        Usage::Value | Usage::Text if nested => is("which has no place in a text"),
        Usage::Condition if !types.contains(&"boolean") && read.property == "$when" => {
            is("and `$when` shows only what is true; ask with exists() or empty()")
        }
        Usage::Argument(argument) if !types.iter().any(|name| argument.accepts(name)) => {
            is(&format!("and `{}` takes something else", argument.function))
        }
        _ => None,
    }
}

/// The property of the schema that a value is bound to, and whose it is.
fn target(read: &Read) -> Option<(&'static str, &'static PropertyInfo)> {
    let tagged = catalog::types().iter().find(|info| info.tag() == Some(read.element.as_str()));
    let info: &TypeInfo = match tagged {
        Some(info) => info,
        None => holding(&read.under)?,
    };
    Some((info.name(), info.property(&read.property)?))
}

/// The type of objects that have no `type`, by the property in which they stand.
fn holding(under: &str) -> Option<&'static TypeInfo> {
    let mut found =
        catalog::types().iter().filter_map(|info| match info.property(under)?.value() {
            ValueKind::Object(info) => Some(info.get()),
            ValueKind::List(ValueKind::Object(info)) => Some(info.get()),
            _ => None,
        });
    let first = found.next()?;
    // `columns` is of two types, and nobody knows which is meant.
    found.all(|other| other.rust_name() == first.rust_name()).then_some(first)
}

/// Why a value does not fit a property.
fn value(shape: &Shape<'_>, types: &[&str], property: &PropertyInfo) -> Option<String> {
    let wrong = |what: &str| Some(format!("takes {what}"));
    let only = |allowed: &[&str]| types.iter().all(|name| allowed.contains(name));
    match property.value() {
        ValueKind::Number if !only(&["number", "integer"]) => wrong("a number; convert it"),
        ValueKind::Bool if !only(&["boolean"]) => wrong("true or false"),
        ValueKind::Word(_) if !only(&["string"]) => wrong("one of some words"),
        ValueKind::Word(words) => {
            let unknown = shape.words()?.into_iter().find(|word| words.word(word).is_none())?;
            let known: Vec<&str> = words.words().iter().map(WordInfo::text).collect();
            wrong(&format!("no `{unknown}`, but {}", known.join(", ")))
        }
        ValueKind::Object(_) | ValueKind::Union(_) if !only(&["object"]) => wrong("an object"),
        ValueKind::List(_) if !only(&["array"]) => wrong("an array"),
        ValueKind::Any
        | ValueKind::OneOf(_)
        | ValueKind::Map(_)
        | ValueKind::Number
        | ValueKind::Bool
        | ValueKind::Object(_)
        | ValueKind::Union(_)
        | ValueKind::List(_) => None,
        // Texts: numbers and flags become one, arrays and objects do not.
        _ if !only(&["string", "number", "integer", "boolean"]) => wrong("a text"),
        _ => None,
    }
}
