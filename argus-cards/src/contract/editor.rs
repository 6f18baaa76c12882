//! A JSON Schema for editors: the card's, with the template language in it and the contract's paths.

use serde_json::{Map, Value, json};

use super::shape::Shape;
use crate::model::catalog::{self, PropertyInfo, TypeInfo, ValueKind, WordInfo};

/// Deeper paths are longer than what anybody completes.
const MAX_STEPS: usize = 4;
/// An editor shows no longer list.
const MAX_PATHS: usize = 400;

/// The schema for a contract.
pub(super) fn schema(contract: &Value) -> Value {
    let mut definitions = Map::new();
    for info in catalog::types() {
        definitions.insert(info.rust_name().to_owned(), object(info));
    }
    let paths = paths(contract);
    let bindings: Vec<String> = paths.iter().map(|path| format!("${{{path}}}")).collect();
    let questions: Vec<String> = paths
        .iter()
        .flat_map(|path| [format!("${{exists({path})}}"), format!("${{!empty({path})}}")])
        .collect();
    let text = |about: &str, examples: &[String]| json!({"type": "string", "description": about, "examples": examples});
    definitions.insert(
        "expression".to_owned(),
        json!({
            "type": "string",
            "pattern": "\\$\\{",
            "description": "A value out of the data.",
            "examples": bindings,
        }),
    );
    definitions.insert(
        "data".to_owned(),
        json!({
            "description": "What the element is repeated over or moved to; inside, paths start here.",
            "anyOf": [text("A path.", &bindings), {"type": ["array", "object"]}],
        }),
    );
    definitions.insert(
        "when".to_owned(),
        json!({
            "description": "The element is left out unless this is true.",
            "anyOf": [text("A question.", &questions), {"type": "boolean"}],
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Card template",
        "description": "An Adaptive Card with expressions in it. Written by `argus cards contract --editor-schema`.",
        "$ref": "#/$defs/AdaptiveCard",
        "$defs": definitions,
    })
}

/// A type with its properties and those of the template language.
fn object(info: &TypeInfo) -> Value {
    let mut properties = Map::new();
    if let Some(tag) = info.tag() {
        properties.insert("type".to_owned(), json!({"const": tag, "description": info.about()}));
    }
    if let Some(component) = info.component() {
        properties.insert("name".to_owned(), json!({"const": component}));
    }
    for property in info.properties() {
        properties.entry(property.key()).or_insert_with(|| described(property));
    }
    for (key, definition) in [("$data", "data"), ("$when", "when")] {
        properties.insert(key.to_owned(), reference(definition));
    }
    let mut object =
        json!({"type": "object", "description": info.about(), "properties": properties});
    if info.tag().is_some()
        && let Value::Object(object) = &mut object
    {
        object.insert("required".to_owned(), json!(["type"]));
    }
    object
}

fn reference(definition: &str) -> Value {
    json!({"$ref": format!("#/$defs/{definition}")})
}

/// A property: what it takes, or an expression.
fn described(property: &PropertyInfo) -> Value {
    json!({
        "description": property.about(),
        "anyOf": [kind(property.value()), reference("expression")],
    })
}

fn kind(value: ValueKind) -> Value {
    match value {
        ValueKind::Number => json!({"type": "number"}),
        ValueKind::Bool => json!({"type": "boolean"}),
        // Large and small letters do not count, so the words are offered and others not refused.
        ValueKind::Word(words) => {
            let words: Vec<&str> = words.words().iter().map(WordInfo::text).collect();
            json!({"type": "string", "examples": words})
        }
        ValueKind::Object(info) => reference(info.rust_name()),
        ValueKind::Union(union) => {
            let types: Vec<Value> =
                union.types().iter().map(|info| reference(info.rust_name())).collect();
            json!({"anyOf": types})
        }
        ValueKind::List(item) => {
            json!({"type": "array", "items": {"anyOf": [kind(*item), reference("expression")]}})
        }
        ValueKind::Map(item) => json!({"type": "object", "additionalProperties": kind(*item)}),
        ValueKind::OneOf(kinds) => {
            json!({"anyOf": kinds.iter().map(|one| kind(*one)).collect::<Vec<_>>()})
        }
        ValueKind::Any => json!({}),
        _ => json!({"type": "string"}),
    }
}

/// Every path that a template may write: from the root, and from the items of each list, as they
/// are inside `$data`.
fn paths(contract: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut starts = vec![Shape::of(contract, contract)];
    let mut next = 0;
    while let Some(start) = starts.get(next).cloned() {
        walk(contract, &start, "", 0, &mut found, &mut starts);
        next += 1;
        if found.len() > MAX_PATHS || next > MAX_PATHS {
            break;
        }
    }
    let mut unique: Vec<String> = Vec::new();
    for path in found {
        if !unique.contains(&path) && unique.len() < MAX_PATHS {
            unique.push(path);
        }
    }
    unique
}

fn walk<'s>(
    contract: &'s Value,
    shape: &Shape<'s>,
    before: &str,
    steps: usize,
    found: &mut Vec<String>,
    starts: &mut Vec<Shape<'s>>,
) {
    if steps >= MAX_STEPS {
        return;
    }
    for name in shape.names() {
        let Some(property) = shape.property(contract, name) else { continue };
        // What is no plain name must be written in brackets.
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let path = match (before, plain) {
            ("", true) => name.to_owned(),
            (before, true) => format!("{before}.{name}"),
            ("", false) => format!("$data['{name}']"),
            (before, false) => format!("{before}['{name}']"),
        };
        found.push(path.clone());
        if let Some(items) = property.shape.items(contract).filter(|_| !property.shape.is_open()) {
            if !items.names().is_empty() && starts.len() < MAX_PATHS {
                starts.push(items);
            }
        } else {
            walk(contract, &property.shape, &path, steps + 1, found, starts);
        }
    }
}
