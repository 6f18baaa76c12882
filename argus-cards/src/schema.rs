//! JSON Schemas of the model's types, from the same tables: for editors and for other programs.
//!
//! Words may be written in any case and unknown properties may be there, as hosts allow both. Every
//! object of the model has [`schemars::JsonSchema`] too, so a type of yours that holds a card can
//! derive it.
//!
//! ```
//! let schema = argus_cards::schema::card();
//! assert_eq!(schema.pointer("/properties/type/const").unwrap(), "AdaptiveCard");
//! assert!(schema.pointer("/$defs/TextBlock/properties/text").is_some());
//! ```

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::model::AdaptiveCard;
use crate::model::catalog::{PropertyInfo, TypeInfo, UnionInfo, ValueKind, WordInfo, WordsInfo};

/// The schema of a card, draft 2020-12.
pub fn card() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<AdaptiveCard>()
}

/// The schema of a type, with the types that it holds among the definitions.
pub(crate) fn of(info: &'static TypeInfo, generator: &mut SchemaGenerator) -> Schema {
    let mut writer = Writer { path: definitions_path(generator), definitions: Map::new() };
    writer.define_type(info);
    let own = writer.definitions.get(info.rust_name()).cloned().unwrap_or_default();
    for (name, schema) in writer.definitions {
        generator.definitions_mut().entry(name).or_insert(schema);
    }
    Schema::try_from(own).unwrap_or_default()
}

/// Implements [`JsonSchema`] for an object of the model.
macro_rules! json_schema {
    ($name:ident) => {
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::schema::of(<Self as $crate::model::object::Object>::info(), generator)
            }
        }
    };
}
pub(crate) use json_schema;

fn definitions_path(generator: &SchemaGenerator) -> Cow<'static, str> {
    generator.settings().definitions_path.clone()
}

struct Writer {
    path: Cow<'static, str>,
    definitions: Map<String, Value>,
}

impl Writer {
    fn define_type(&mut self, info: &TypeInfo) {
        self.define(info.rust_name(), |writer| writer.object(info));
    }

    fn object(&mut self, info: &TypeInfo) -> Value {
        let mut properties = Map::new();
        for (key, tag) in [("type", info.tag()), ("name", info.component())] {
            if let Some(tag) = tag {
                properties.insert(key.to_owned(), json!({ "const": tag }));
            }
        }
        for property in info.properties() {
            let schema = self.property(property);
            if let Some(alias) = property.alias() {
                properties.insert(alias.to_owned(), schema.clone());
            }
            properties.insert(property.key().to_owned(), schema);
        }
        let required: Vec<&str> = info
            .properties()
            .filter(|property| property.is_required())
            .map(PropertyInfo::key)
            .collect();
        json!({
            "type": "object",
            "description": info.about(),
            "properties": properties,
            "required": required,
        })
    }

    fn property(&mut self, property: &PropertyInfo) -> Value {
        let schema = self.value(property.value());
        let known = match (property.since(), property.is_teams_only()) {
            (Some(since), _) => format!(" Since version {since}."),
            (None, true) => " Known to Teams only.".to_owned(),
            (None, false) => String::new(),
        };
        let mut described = Map::new();
        described.insert("description".into(), format!("{}{known}", property.about()).into());
        described.extend(schema.as_object().cloned().unwrap_or_default());
        described.into()
    }

    fn value(&mut self, kind: ValueKind) -> Value {
        match kind {
            ValueKind::Text | ValueKind::Markdown | ValueKind::Id => json!({"type": "string"}),
            ValueKind::Url => json!({"type": "string", "format": "uri-reference"}),
            ValueKind::Pixels => json!({"type": "string", "pattern": "^[0-9]+px$"}),
            ValueKind::Date => json!({"type": "string", "format": "date"}),
            ValueKind::Time => json!({"type": "string", "pattern": "^[0-2]?[0-9]:[0-5][0-9]"}),
            ValueKind::Regex => json!({"type": "string", "format": "regex"}),
            ValueKind::Version => json!({"type": "string", "pattern": "^[0-9]+\\.[0-9]+$"}),
            ValueKind::Number => json!({"type": "number"}),
            ValueKind::Bool => json!({"type": "boolean"}),
            ValueKind::Any => json!({}),
            ValueKind::Word(words) => {
                self.define(words.name(), |_| word_schema(words));
                self.reference(words.name())
            }
            ValueKind::Object(info) => {
                self.define_type(&info);
                self.reference(info.rust_name())
            }
            ValueKind::Union(union) => {
                self.define(union.name(), |writer| writer.union(union));
                self.reference(union.name())
            }
            ValueKind::List(item) => json!({"type": "array", "items": self.value(*item)}),
            ValueKind::Map(item) => {
                json!({"type": "object", "additionalProperties": self.value(*item)})
            }
            ValueKind::OneOf(kinds) => {
                let kinds: Vec<Value> = kinds.iter().map(|kind| self.value(*kind)).collect();
                json!({ "anyOf": kinds })
            }
        }
    }

    /// Objects told apart by their `type`. Each is looked at alone, so that an editor can say what
    /// is wrong with it, and not only that it is none of them.
    fn union(&mut self, union: &UnionInfo) -> Value {
        let mut branches = Vec::new();
        let mut tags = Vec::new();
        for info in union.types() {
            self.define_type(info);
            let says = match info.component() {
                Some(name) => json!({"type": {"const": info.tag()}, "name": {"const": name}}),
                None => json!({"type": {"const": info.tag()}}),
            };
            branches.push(json!({
                "if": {"properties": says},
                "then": self.reference(info.rust_name()),
            }));
            tags.extend(info.tag());
        }
        tags.dedup();
        json!({
            "type": "object",
            "properties": {"type": {"anyOf": [{"enum": tags}, {"type": "string"}]}},
            "allOf": branches,
        })
    }

    fn define(&mut self, name: &str, schema: impl FnOnce(&mut Self) -> Value) {
        if self.definitions.contains_key(name) {
            return;
        }
        // The name is taken before its schema is written, which may lead back to it.
        self.definitions.insert(name.to_owned(), Value::Null);
        let schema = schema(self);
        self.definitions.insert(name.to_owned(), schema);
    }

    fn reference(&self, name: &str) -> Value {
        json!({"$ref": format!("#{}/{name}", self.path)})
    }
}

/// The words as they are written, for completion, and in any case.
fn word_schema(words: &WordsInfo) -> Value {
    let texts: Vec<&str> = words.words().iter().map(WordInfo::text).collect();
    let any_case: Vec<String> = texts.iter().map(|text| any_case(text)).collect();
    json!({
        "anyOf": [
            {"enum": texts},
            {"type": "string", "pattern": format!("^({})$", any_case.join("|"))},
        ],
    })
}

fn any_case(word: &str) -> String {
    word.chars()
        .map(|letter| match letter {
            letter if letter.is_ascii_alphabetic() => {
                format!("[{}{}]", letter.to_ascii_lowercase(), letter.to_ascii_uppercase())
            }
            other => other.to_string(),
        })
        .collect()
}
