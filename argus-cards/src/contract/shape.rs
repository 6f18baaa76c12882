//! What a schema allows at one place: some alternatives, each of them schemas that hold together.

use serde_json::{Map, Value};

/// A schema may lead to itself; no honest one leads further.
const MAX_DEPTH: usize = 24;
/// More alternatives than anybody writes; a schema that multiplies them says nothing.
const MAX_ALTERNATIVES: usize = 256;
/// Schemas that are looked at for one place; those that branch into themselves have no end.
const MAX_STEPS: usize = 1_000;

/// Schemas that all hold for one value.
pub(super) type Together<'s> = Vec<&'s Map<String, Value>>;

/// The alternatives that a schema allows. No alternative means that nothing is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape<'s> {
    pub(super) alternatives: Vec<Together<'s>>,
}

/// What a property is, in a shape.
pub(super) struct Found<'s> {
    pub(super) shape: Shape<'s>,
    /// Whether it may be missing.
    pub(super) optional: bool,
}

impl<'s> Shape<'s> {
    /// What a schema allows.
    pub(super) fn of(root: &'s Value, schema: &'s Value) -> Self {
        let mut shape = Self { alternatives: resolve(root, schema, 0, &mut 0) };
        shape.alternatives.truncate(MAX_ALTERNATIVES);
        shape
    }

    /// Whether nothing is known about the value.
    pub(super) fn is_open(&self) -> bool {
        self.alternatives.iter().any(|together| types(together).is_empty())
            || self.alternatives.is_empty()
    }

    /// The types that the value may have, without null.
    pub(super) fn types(&self) -> Vec<&'s str> {
        let mut all: Vec<&str> =
            self.alternatives.iter().flat_map(|together| types(together)).collect();
        all.retain(|name| *name != "null");
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether the value may be null.
    pub(super) fn is_nullable(&self) -> bool {
        self.alternatives.iter().any(|together| types(together).contains(&"null"))
    }

    /// The texts that the value may be, if they are counted out.
    pub(super) fn words(&self) -> Option<Vec<&'s str>> {
        let mut all = Vec::new();
        for together in self.alternatives.iter().filter(|it| types(it) != ["null"]) {
            let one = together.iter().find_map(|schema| {
                let counted = schema.get("enum").and_then(Value::as_array);
                let counted = counted.map(|words| words.iter().filter_map(Value::as_str).collect());
                counted.or_else(|| Some(vec![schema.get("const")?.as_str()?]))
            });
            let words: Vec<&str> = one?;
            all.extend(words);
        }
        Some(all)
    }

    /// The property of a name, as the engine finds it: large and small letters do not count if
    /// there is none of exactly that name.
    pub(super) fn property(&self, root: &'s Value, key: &str) -> Option<Found<'s>> {
        let mut found: Option<Found<'s>> = None;
        let mut missing = false;
        // Whether the value itself may be null has been asked before.
        for together in self.alternatives.iter().filter(|it| types(it) != ["null"]) {
            match property(root, together, key) {
                Some((schemas, optional)) => {
                    let so_far = found
                        .get_or_insert_with(|| Found { shape: Self::default(), optional: false });
                    so_far.optional |= optional;
                    so_far.shape.alternatives.extend(schemas);
                }
                None => missing = true,
            }
        }
        if let Some(found) = &mut found {
            found.optional |= missing;
        }
        found
    }

    /// What the items of an array are; nothing if it is no array.
    pub(super) fn items(&self, root: &'s Value) -> Option<Self> {
        let arrays = self.alternatives.iter().filter(|together| {
            let types = types(together);
            types.contains(&"array") || types.is_empty()
        });
        let mut shape = Self::default();
        let mut any = false;
        for together in arrays {
            any = true;
            let items = together.iter().find_map(|schema| schema.get("items"));
            let listed = together.iter().find_map(|schema| schema.get("prefixItems"));
            for schema in [items, listed].into_iter().flatten() {
                match schema {
                    Value::Array(each) => {
                        let each = each.iter().flat_map(|schema| resolve(root, schema, 0, &mut 0));
                        shape.alternatives.extend(each);
                    }
                    schema => shape.alternatives.extend(resolve(root, schema, 0, &mut 0)),
                }
            }
        }
        any.then_some(shape)
    }

    /// What is repeated over: the items of an array, or the value itself.
    pub(super) fn each_or_self(&self, root: &'s Value) -> Self {
        let mut shape = self.items(root).unwrap_or_default();
        let selves = self.alternatives.iter().filter(|together| {
            let types = types(together);
            types.iter().any(|name| !["array", "null"].contains(name))
        });
        shape.alternatives.extend(selves.cloned());
        shape
    }

    /// The names of all properties.
    pub(super) fn names(&self) -> Vec<&'s str> {
        let schemas = self.alternatives.iter().flatten();
        let properties = schemas.filter_map(|schema| schema.get("properties")?.as_object());
        properties.flat_map(|properties| properties.keys().map(String::as_str)).collect()
    }
}

/// Follows references and combinations to schemas that have none.
fn resolve<'s>(
    root: &'s Value,
    schema: &'s Value,
    depth: usize,
    steps: &mut usize,
) -> Vec<Together<'s>> {
    *steps += 1;
    let Value::Object(map) = schema else { return vec![Vec::new()] };
    if depth > MAX_DEPTH || *steps > MAX_STEPS {
        return vec![Vec::new()];
    }
    let mut all: Vec<Together<'s>> = vec![vec![map]];
    if let Some(target) = map.get("$ref").and_then(Value::as_str).and_then(|it| find(root, it)) {
        all = product(&all, &resolve(root, target, depth + 1, steps));
    }
    for part in map.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        all = product(&all, &resolve(root, part, depth + 1, steps));
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(parts) = map.get(key).and_then(Value::as_array) {
            let parts = parts.iter().flat_map(|part| resolve(root, part, depth + 1, steps));
            let either: Vec<Together<'s>> = parts.take(MAX_ALTERNATIVES).collect();
            all = product(&all, &either);
        }
    }
    all
}

/// Each on the left together with each on the right.
fn product<'s>(left: &[Together<'s>], right: &[Together<'s>]) -> Vec<Together<'s>> {
    let pairs = left.iter().flat_map(|a| right.iter().map(move |b| [a.as_slice(), b].concat()));
    pairs.take(MAX_ALTERNATIVES).collect()
}

/// The schema that a reference within the same file names.
fn find<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    let pointer = reference.strip_prefix('#')?;
    if let Some(anchor) = pointer.strip_prefix('/') {
        return root.pointer(&format!("/{}", anchor.replace("%24", "$")));
    }
    pointer.is_empty().then_some(root)
}

/// The types that schemas allow together; none means any.
fn types<'s>(together: &Together<'s>) -> Vec<&'s str> {
    let mut allowed: Option<Vec<&str>> = None;
    for schema in together {
        let here: Option<Vec<&str>> = match schema.get("type") {
            Some(Value::String(name)) => Some(vec![name]),
            Some(Value::Array(names)) => Some(names.iter().filter_map(Value::as_str).collect()),
            _ => by_values(schema).or_else(|| {
                let object = schema.contains_key("properties");
                object.then(|| vec!["object"])
            }),
        };
        allowed = match (allowed, here) {
            (Some(before), Some(here)) => {
                Some(before.into_iter().filter(|name| here.contains(name)).collect())
            }
            (before, here) => before.or(here),
        };
    }
    allowed.unwrap_or_default()
}

/// The types of the values that are counted out.
fn by_values(schema: &Map<String, Value>) -> Option<Vec<&'static str>> {
    let name = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if let Some(value) = schema.get("const") {
        return Some(vec![name(value)]);
    }
    Some(schema.get("enum")?.as_array()?.iter().map(name).collect())
}

/// A property of one alternative, and whether it may be missing.
fn property<'s>(
    root: &'s Value,
    together: &Together<'s>,
    key: &str,
) -> Option<(Vec<Together<'s>>, bool)> {
    let types = types(together);
    if !types.is_empty() && !types.contains(&"object") {
        return None;
    }
    let mut found: Option<Vec<Together<'s>>> = None;
    let mut required = false;
    let mut declares = false;
    for schema in together {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            declares = true;
            let exact = properties.get_key_value(key);
            let exact = exact
                .or_else(|| properties.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)));
            if let Some((name, property)) = exact {
                let here = resolve(root, property, 0, &mut 0);
                found = Some(found.map_or_else(|| here.clone(), |before| product(&before, &here)));
                let names = together.iter().filter_map(|it| it.get("required")?.as_array());
                required |= names.flatten().any(|it| it.as_str() == Some(name));
            }
        }
    }
    if let Some(found) = found {
        return Some((found, !required));
    }
    // A map has properties of any name, each of which may be missing.
    for schema in together {
        match schema.get("additionalProperties") {
            Some(Value::Bool(true)) => return Some((vec![Vec::new()], true)),
            Some(other @ Value::Object(_)) => return Some((resolve(root, other, 0, &mut 0), true)),
            _ => {}
        }
    }
    let closed =
        together.iter().any(|it| it.get("additionalProperties") == Some(&Value::Bool(false)));
    (!declares && !closed).then(|| (vec![Vec::new()], true))
}
