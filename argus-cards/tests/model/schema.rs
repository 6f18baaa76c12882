//! The JSON Schema of a card.

use argus_cards::model::{TextBlock, catalog};
use serde_json::Value;

/// Calls `visit` with every object and array of a value.
fn each(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| each(item, visit)),
        Value::Object(map) => map.values().for_each(|item| each(item, visit)),
        _ => {}
    }
}

#[test]
fn every_type_is_defined_and_every_reference_leads_somewhere() {
    let schema = argus_cards::schema::card().to_value();
    for info in catalog::types() {
        let defined = &schema["$defs"][info.rust_name()];
        for property in info.properties() {
            let described = &defined["properties"][property.key()]["description"];
            assert!(described.is_string(), "{}.{}", info.name(), property.key());
        }
    }
    let mut references = 0;
    each(&schema, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(schema.pointer(pointer).is_some_and(Value::is_object), "{reference}");
            references += 1;
        }
    });
    assert!(references > 500, "{references}");
}

#[test]
fn a_type_that_holds_a_part_of_a_card_has_a_schema() {
    let generator = schemars::generate::SchemaSettings::draft07().into_generator();
    let schema = generator.into_root_schema_for::<Vec<TextBlock>>().to_value();
    assert_eq!(schema["items"]["$ref"], "#/definitions/TextBlock");
    assert_eq!(schema["definitions"]["TextBlock"]["required"][0], "text");
    let word = &schema["definitions"]["TextSize"]["anyOf"];
    assert_eq!(word[0]["enum"][0], "Small");
    assert!(word[1]["pattern"].as_str().unwrap().contains("[lL][aA][rR][gG][eE]"));
}
