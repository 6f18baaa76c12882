//! The catalogue beside what others have written down: every difference has a name here.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use argus_cards::model::catalog::{self, PropertyInfo, TypeInfo, ValueKind};
use serde_json::Value;

use crate::corpus;

/// The catalogue as lines of text, one a property, so that a change of the model is seen.
#[test]
fn catalogue() {
    let mut text = String::new();
    for info in catalog::types() {
        let since = info.since().map_or("Teams".to_owned(), |version| version.to_string());
        writeln!(text, "{} ({since})", info.name()).unwrap();
        for property in info.properties() {
            let required = if property.is_required() { "!" } else { "" };
            let since = match (property.since(), property.is_teams_only()) {
                (Some(version), _) => format!(" since {version}"),
                (None, true) => " Teams".to_owned(),
                (None, false) => String::new(),
            };
            let value = shape(property.value());
            writeln!(text, "  {}{required}: {value}{since}", property.key()).unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

fn shape(kind: ValueKind) -> String {
    match kind {
        ValueKind::Word(words) => words.name().to_owned(),
        ValueKind::Object(info) => info.name().to_owned(),
        ValueKind::Union(union) => union.name().to_owned(),
        ValueKind::List(item) => format!("[{}]", shape(*item)),
        ValueKind::Map(item) => format!("{{{}}}", shape(*item)),
        ValueKind::OneOf(kinds) => {
            kinds.iter().map(|kind| shape(*kind)).collect::<Vec<_>>().join(" | ")
        }
        plain => format!("{plain:?}"),
    }
}

#[test]
fn sizes() {
    let types = catalog::types();
    let tagged = types.iter().filter(|info| info.tag().is_some()).count();
    // The pinned model has 108: the capabilities of a host are a map here.
    let properties: usize = types.iter().map(|info| info.properties().count()).sum();
    assert_eq!((tagged, types.len()), (66, 107));
    // The pinned model counts each `type` as a property.
    assert!(properties + tagged >= 1295, "{properties} properties");
}

/// Names of the pinned model that are others here.
const NAMES: [(&str, &str); 24] = [
    ("IColumnDefinition", "TableColumn"),
    ("ITeamsImageProperties", "TeamsImage"),
    ("IPersonaProperties", "Persona"),
    ("IPersonaSetProperties", "PersonaSet"),
    ("ICalendarEventProperties", "CalendarEvent"),
    ("ICalendarEventAttendee", "EventAttendee"),
    ("ISubmitActionData", "SubmitData"),
    ("ITeamsSubmitActionProperties", "TeamsSubmit"),
    ("ITeamsSubmitActionFeedback", "SubmitFeedback"),
    ("IRefreshDefinition", "Refresh"),
    ("ITeamsCardProperties", "TeamsCard"),
    ("ICardMetadata", "Metadata"),
    ("BackgroundImage", "BackgroundImage"),
    ("Refresh", "Refresh"),
    ("Authentication", "Authentication"),
    ("AuthCardButton", "AuthCardButton"),
    ("TokenExchangeResource", "TokenExchangeResource"),
    ("Metadata", "Metadata"),
    ("Fact", "Fact"),
    ("MediaSource", "MediaSource"),
    ("CaptionSource", "CaptionSource"),
    ("TableColumnDefinition", "TableColumn"),
    ("TargetElement", "TargetElement"),
    ("Input.Choice", "Choice"),
];

/// Words that the pinned model has beside any text, as `'auto' | string`.
const EXTENTS: [&str; 6] =
    ["ColumnWidth", "DialogSize", "GridColumn", "ImageExtent", "LabelWidth", "MinWidth"];

#[test]
fn teams_model() {
    let Some(folder) = corpus::cards("teams_model") else { return };
    let model = corpus::read(&folder.join("../cards-schema/teams.cards-2.1.0-model.json"));
    let pinned = model["interfaces"].as_object().unwrap();
    let mut differences = Vec::new();
    for (name, theirs) in pinned {
        if name == "IHostCapabilities" {
            continue; // Here a map of names and versions.
        }
        let Some(ours) = ours(name, theirs) else {
            differences.push(format!("{name}: not here"));
            continue;
        };
        let properties = theirs["props"].as_object().unwrap();
        for (key, theirs) in properties {
            if key == "type" && ours.tag().is_some() || key == "name" && ours.component().is_some()
            {
                continue;
            }
            let Some(property) = ours.property(key) else {
                differences.push(format!("{}.{key}: not here", ours.name()));
                continue;
            };
            let (here, there) = (alternatives(property.value()), pinned_type(theirs, &model));
            if here != there {
                differences.push(format!("{}.{key}: {here:?} here, {there:?} there", ours.name()));
            }
            let required = theirs["required"].as_bool().unwrap();
            if required != property.is_required() {
                differences.push(format!("{}.{key}: required there: {required}", ours.name()));
            }
        }
        for property in ours.properties().filter(|ours| !properties.contains_key(ours.key())) {
            differences.push(format!("{}.{}: only here", ours.name(), property.key()));
        }
    }
    for (name, words) in model["enums"].as_object().unwrap() {
        let Some(here) = words_named(name) else {
            differences.push(format!("{name}: no words of this name here"));
            continue;
        };
        let here: Vec<&str> = here.words().iter().map(catalog::WordInfo::text).collect();
        let there: Vec<&str> = words.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        if here != there {
            differences.push(format!("{name}: {here:?} here, {there:?} there"));
        }
    }
    insta::assert_snapshot!(differences.join("\n"));
}

#[test]
fn official_schema() {
    let Some(folder) = corpus::cards("official_schema") else { return };
    let folder = folder.join("../cards-schema/typed-src");
    let mut differences = Vec::new();
    for file in corpus::json_files(&folder) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let theirs = corpus::read(&file);
        if theirs["isAbstract"] == true {
            continue;
        }
        if theirs["classType"] == "Enum" {
            differences.extend(other_words(&name, &theirs));
            continue;
        }
        let Some(ours) = ours(&name, &Value::Null) else {
            differences.push(format!("{name}: not here"));
            continue;
        };
        if ours.since().map(|since| since.to_string()).as_deref()
            != Some(theirs["version"].as_str().unwrap_or("1.0"))
        {
            differences.push(format!("{name}: since {:?} here", ours.since()));
        }
        let properties = inherited(&folder, &theirs);
        for property in ours.properties().filter(|property| !property.is_teams_only()) {
            if !properties.iter().any(|(key, _)| key == property.key()) {
                differences.push(format!("{name}.{}: only here", property.key()));
            }
        }
        for (key, theirs) in properties {
            let Some(property) = ours.property(&key) else {
                let alias = ours.properties().find(|property| property.alias() == Some(&key));
                let alias = alias.map_or("not here", PropertyInfo::key);
                differences.push(format!("{name}.{key}: {alias}"));
                continue;
            };
            let since = property.since().or(ours.since()).unwrap().max(ours.since().unwrap());
            let there = theirs["version"].as_str().unwrap_or("1.0").to_owned();
            let there = there.max(ours.since().unwrap().to_string());
            if since.to_string() != there || property.is_teams_only() {
                differences.push(format!("{name}.{key}: since {since} here, {there} there"));
            }
            if theirs["required"] == true && !property.is_required() {
                differences.push(format!("{name}.{key}: required there"));
            }
        }
    }
    insta::assert_snapshot!(differences.join("\n"));
}

/// The type here that the pinned model or the official schema calls so.
fn ours(name: &str, theirs: &Value) -> Option<&'static TypeInfo> {
    if let Some(tag) = theirs.get("type").and_then(Value::as_str) {
        let component = theirs.pointer("/props/name/type").and_then(Value::as_str);
        let name = component.filter(|_| tag == "Component");
        return catalog::type_named(name.unwrap_or(tag).trim_matches('\''));
    }
    let known = NAMES.iter().find_map(|(theirs, ours)| (*theirs == name).then_some(*ours));
    let stripped = name.strip_prefix('I').filter(|rest| rest.starts_with(char::is_uppercase));
    known
        .and_then(catalog::type_named)
        .or_else(|| catalog::type_named(name))
        .or_else(|| catalog::type_named(stripped?))
}

/// Names of words in the official schema that are others here.
const WORDS: [(&str, &str); 9] = [
    ("BlockElementHeight", "ElementHeight"),
    ("ChoiceInputStyle", "ChoiceSetInputStyle"),
    ("Colors", "TextColor"),
    ("FontSize", "TextSize"),
    ("FontWeight", "TextWeight"),
    ("ImageFillMode", "FillMode"),
    ("ImageSize", "Size"),
    ("TextInputStyle", "InputTextStyle"),
    ("VerticalContentAlignment", "VerticalAlignment"),
];

/// How words of the official schema and those here differ; here are more, which Teams knows.
fn other_words(name: &str, theirs: &Value) -> Vec<String> {
    let ours = WORDS.iter().find_map(|(theirs, ours)| (*theirs == name).then_some(*ours));
    let Some(ours) = words_named(ours.unwrap_or(name)) else {
        return vec![format!("{name}: no words of this name here")];
    };
    let mut differences = Vec::new();
    let mut there = Vec::new();
    for word in theirs["values"].as_array().unwrap() {
        let text = word.as_str().or(word["value"].as_str()).unwrap();
        there.push(text.to_lowercase());
        let Some(here) = ours.word(text) else {
            differences.push(format!("{name}.{text}: not here"));
            continue;
        };
        let since = here.since().map(|since| since.to_string());
        if since.as_deref() != word["version"].as_str() || here.is_teams_only() {
            differences.push(format!("{name}.{text}: since {since:?} here"));
        }
    }
    for word in ours.words() {
        if !word.is_teams_only() && !there.contains(&word.text().to_lowercase()) {
            differences.push(format!("{name}.{}: only here", word.text()));
        }
    }
    differences
}

/// The properties of a file of the official schema and of what it extends.
fn inherited(folder: &Path, class: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for parent in class["extends"].as_str().unwrap_or_default().split(',').map(str::trim) {
        let files = corpus::json_files(folder);
        let parent = files.iter().find(|file| file.file_stem().unwrap() == parent);
        if let Some(parent) = parent {
            found.extend(inherited(folder, &corpus::read(parent)));
        }
    }
    for (key, property) in class["properties"].as_object().into_iter().flatten() {
        let key = key.trim_end_matches('?').to_owned();
        found.retain(|(known, _)| *known != key);
        if property.is_object() {
            found.push((key, property.clone()));
        }
    }
    found
}

/// What a property may hold, in the words of the pinned model.
fn alternatives(kind: ValueKind) -> BTreeSet<String> {
    let list = |item: &ValueKind, wrap: &dyn Fn(String) -> String| {
        alternatives(*item).into_iter().map(wrap).collect()
    };
    match kind {
        ValueKind::Number => ["number".to_owned()].into(),
        ValueKind::Bool => ["boolean".to_owned()].into(),
        ValueKind::Any => ["any".to_owned()].into(),
        ValueKind::Version => ["Version".to_owned()].into(),
        ValueKind::Word(words) if !EXTENTS.contains(&words.name()) => {
            [words.name().to_owned()].into()
        }
        ValueKind::Object(info) => [info.name().to_owned()].into(),
        ValueKind::Union(union) => {
            union.types().iter().map(|info| info.name().to_owned()).collect()
        }
        ValueKind::List(item) => list(item, &|item| format!("{item}[]")),
        ValueKind::Map(item) => list(item, &|item| format!("{{{item}}}")),
        ValueKind::OneOf(kinds) => kinds.iter().flat_map(|kind| alternatives(*kind)).collect(),
        _ => ["string".to_owned()].into(),
    }
}

/// The type of a property of the pinned model, in the same words.
fn pinned_type(property: &Value, model: &Value) -> BTreeSet<String> {
    resolve(property["type"].as_str().unwrap(), model)
}

fn resolve(text: &str, model: &Value) -> BTreeSet<String> {
    let text = text.trim();
    if let Some(union) = model.pointer(&format!("/unions/{text}")).and_then(Value::as_str) {
        return resolve(union, model);
    }
    if let Some(item) = text.strip_prefix("Record<string, ").and_then(|rest| rest.strip_suffix('>'))
    {
        return resolve(item, model).into_iter().map(|item| format!("{{{item}}}")).collect();
    }
    if let Some(items) = text.strip_suffix("[]") {
        let items = items.trim_start_matches('(').trim_end_matches(')');
        return resolve(items, model).into_iter().map(|item| format!("{item}[]")).collect();
    }
    if text.contains(" | ") {
        return text.split(" | ").flat_map(|part| resolve(part, model)).collect();
    }
    let theirs = model.pointer(&format!("/interfaces/{text}")).unwrap_or(&Value::Null);
    let name = match ours(text, theirs) {
        Some(info) if theirs.is_object() => info.name(),
        _ if text == "IHostCapabilities" => "{string}",
        _ if text.starts_with('\'') => "string",
        _ => text,
    };
    [name.to_owned()].into()
}

/// The words that some property here may hold.
fn words_named(name: &str) -> Option<&'static catalog::WordsInfo> {
    fn find(kind: ValueKind, name: &str) -> Option<&'static catalog::WordsInfo> {
        match kind {
            ValueKind::Word(words) => (words.name() == name).then_some(words),
            ValueKind::List(item) | ValueKind::Map(item) => find(*item, name),
            ValueKind::OneOf(kinds) => kinds.iter().find_map(|kind| find(*kind, name)),
            _ => None,
        }
    }
    let properties = catalog::types().iter().flat_map(|info| info.properties());
    properties.map(PropertyInfo::value).find_map(|kind| find(kind, name))
}
