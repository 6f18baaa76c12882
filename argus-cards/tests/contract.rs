//! Templates fit the contracts beside them, or are refused.

use std::path::{Path, PathBuf};

use argus_cards::source::Memory;
use argus_cards::{Contract, Level, Library, Options, Template};
use serde_json::{Value, json};

fn shipped() -> Vec<(PathBuf, Contract, Template)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-templates");
    let read = |name: &str| {
        let folder = folder.join(name);
        let text = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
        let contract = Contract::parse("contract", &text("contract.schema.json")).unwrap();
        let file = format!("{name}.card.json");
        let template = Template::parse(&file, &text(&file), &Options::default()).unwrap();
        (folder, contract, template)
    };
    ["alert", "approval", "query-list"].map(read).into()
}

#[test]
fn the_shipped_templates_fit_their_contracts() {
    for (_, contract, template) in shipped() {
        assert!(template.reads().len() > 10, "{} reads little", template.file());
        for report in contract.check(&template) {
            assert!(report.findings.is_empty(), "{:?}", report.findings);
        }
    }
}

#[test]
fn a_template_that_reads_what_is_not_there_is_refused() {
    const GOOD: &str =
        r#"{"type":"AdaptiveCard","body":[{"type":"TextBlock","text":"one ${title}"}]}"#;
    let schema =
        r#"{"type":"object","properties":{"title":{"type":"string"}},"required":["title"]}"#;
    let folder =
        Memory::new([("alert/alert.card.json", GOOD), ("alert/contract.schema.json", schema)]);
    let (library, trouble) = Library::builder(folder.clone()).open_now().unwrap();
    assert_eq!(trouble, []);

    folder.put("alert/alert.card.json", GOOD.replace("${title}", "${titel}"));
    let trouble = library.reload();
    assert_eq!(trouble[0].level, Level::Refused);
    assert_eq!(
        trouble[0].to_string(),
        "alert/alert.card.json:1:66: the data has no `titel`; did you mean `title`? (bind.path); \
         the last good version stays in use"
    );
    let card = library.render("alert", &json!({"title": "x"}), None).unwrap();
    assert!(String::from_utf8(card.json).unwrap().contains("one x"));

    // A field that code renamed is found in every template that reads it.
    folder.put("alert/alert.card.json", GOOD);
    folder.put("alert/contract.schema.json", schema.replace("title", "headline"));
    let said = library.reload().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(said[0].contains("the data has no `title`; it has `headline`"), "{said:?}");

    folder.put("alert/contract.schema.json", "{\n \"type\": }");
    let said = library.reload().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(
        said[0].starts_with("alert/contract.schema.json:2:10: the contract is not JSON"),
        "{said:?}"
    );
}

#[test]
fn schemas_that_lead_to_themselves_end() {
    let schemas = [
        r##"{"$ref":"#"}"##,
        r##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##,
        r##"{"type":"object","properties":{"x":{"$ref":"#"},"y":{"allOf":[{"$ref":"#"},{"$ref":"#"}]}}}"##,
        r##"{"anyOf":[{"$ref":"#"},{"$ref":"#"},{"$ref":"#"}]}"##,
    ];
    let source = r#"{"type":"TextBlock","text":"${x.x.x.x} ${x.y.x.y} ${z}"}"#;
    let template = Template::parse("t", source, &Options::default()).unwrap();
    for schema in schemas {
        let contract = Contract::parse("schema", schema).unwrap();
        assert!(contract.check(&template)[0].findings.len() < 10);
        assert!(contract.editor_schema().is_object());
    }
}

/// Every `$ref` of a schema, and every example that an editor offers.
fn collect(value: &Value, references: &mut Vec<String>, examples: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match (key.as_str(), inner) {
                    ("$ref", Value::String(target)) => references.push(target.clone()),
                    ("examples", Value::Array(all)) => {
                        examples.extend(all.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    _ => collect(inner, references, examples),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references, examples)),
        _ => {}
    }
}

#[test]
fn editors_are_offered_paths_that_the_contract_has() {
    for (_, contract, _) in shipped() {
        let schema = contract.editor_schema();
        let (mut references, mut examples) = (Vec::new(), Vec::new());
        collect(&schema, &mut references, &mut examples);
        assert!(references.len() > 500, "only {} references", references.len());
        for reference in references {
            let target = schema.pointer(reference.strip_prefix('#').unwrap());
            assert!(target.is_some(), "{reference} leads nowhere");
        }
        let bindings = examples.iter().filter(|example| example.starts_with("${")).count();
        assert!(bindings > 10, "only {bindings} paths");
        let text = schema["$defs"]["TextBlock"]["properties"].as_object().unwrap();
        assert!(text.contains_key("$data") && text.contains_key("$when"));
    }
}
