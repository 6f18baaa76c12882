//! Templates that include others.

use argus_cards::{Library, Options, Step, Template};
use serde_json::{Value, json};

/// Compiles `card.card.json` with partials by name.
fn parse(card: &Value, partials: &[(&str, Value)]) -> Result<Template, argus_cards::Error> {
    let read = |path: &str| {
        let found = partials.iter().find(|(name, _)| *name == path);
        found.map(|(_, value)| value.to_string())
    };
    Template::parse_with("card.card.json", &card.to_string(), &Options::default(), &read)
}

fn check(card: Value, partials: &[(&str, Value)], data: Value, expected: Value) {
    let template = parse(&card, partials).unwrap();
    let out = template.expand(&data, None, &Options::default()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&out.json).unwrap(), expected);
    // The flat template says the same, and needs nobody else.
    let flat = template.flatten().to_string();
    let flat = Template::parse("flat.card.json", &flat, &Options::default()).unwrap();
    let out = flat.expand(&data, None, &Options::default()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&out.json).unwrap(), expected);
}

fn refused(card: Value, partials: &[(&str, Value)]) -> String {
    parse(&card, partials).unwrap_err().to_string()
}

#[test]
fn an_object_is_a_file() {
    let row = json!({"type": "TextBlock", "text": "${name}"});
    check(
        json!({"body": [{"$ref": "row.json", "$data": "${hosts}"}, {"$ref": "row.json"}]}),
        &[("row.json", row)],
        json!({"hosts": [{"name": "web1"}, {"name": "web2"}], "name": "me"}),
        json!({"body": [
            {"type": "TextBlock", "text": "web1"},
            {"type": "TextBlock", "text": "web2"},
            {"type": "TextBlock", "text": "me"},
        ]}),
    );
}

#[test]
fn a_list_stands_for_its_items() {
    let list = json!([{"type": "A"}, {"$ref": "./inner.json"}]);
    check(
        json!({"body": [{"type": "0"}, {"$ref": "parts/list.json"}], "x": {"$ref": "parts/list.json"}}),
        &[("parts/list.json", list), ("parts/inner.json", json!({"type": "B"}))],
        json!({}),
        json!({
            "body": [{"type": "0"}, {"type": "A"}, {"type": "B"}],
            "x": [{"type": "A"}, {"type": "B"}],
        }),
    );
}

#[test]
fn both_conditions_have_to_hold() {
    let partial = json!({"$when": "${a > 1}", "text": "shown"});
    let card = json!({"body": [{"$ref": "p.json", "$when": "${b}"}]});
    for (a, b, shown) in [(2, true, true), (2, false, false), (1, true, false)] {
        let body = if shown { json!([{"text": "shown"}]) } else { json!([]) };
        check(
            card.clone(),
            &[("p.json", partial.clone())],
            json!({"a": a, "b": b}),
            json!({"body": body}),
        );
    }
}

#[test]
fn what_cannot_be_included_is_refused_with_its_place() {
    let includes = |path: &str| json!({"body": [{"$ref": path}]});
    assert_eq!(refused(includes("x.json"), &[]), "card.card.json:1:18: there is no file `x.json`");
    assert_eq!(
        refused(
            includes("a.json"),
            &[("a.json", includes("b.json")), ("b.json", includes("a.json"))]
        ),
        "b.json:1:18: `a.json` includes `b.json` includes `a.json`: a circle"
    );
    assert_eq!(
        refused(includes("../x.json"), &[]),
        "card.card.json:1:18: `../x.json` leads out of the folder of templates"
    );
    assert_eq!(
        refused(includes("p.json"), &[("p.json", json!({"text": "${1 +}"}))]),
        "p.json:1:15: the expression ends too early"
    );
    let own = [("p.json", json!({"$data": "${a}", "text": "x"}))];
    assert_eq!(
        refused(json!({"body": [{"$ref": "p.json", "$data": "${b}"}]}), &own),
        "card.card.json:1:18: `p.json` has a `$data` of its own; leave these out here"
    );
}

#[test]
fn nobody_includes_without_end() {
    let names: Vec<String> = (0..12).map(|n| format!("{n}.json")).collect();
    let chain: Vec<(&str, Value)> =
        (0..11).map(|n| (&*names[n], json!([{"$ref": names[n + 1]}]))).collect();
    assert!(refused(json!([{"$ref": "0.json"}]), &chain).contains("8 levels deep"));
    let wide: Vec<(&str, Value)> = (0..5)
        .map(|n| (&*names[n], (0..10).map(|_| json!({"$ref": names[n + 1]})).collect()))
        .chain([(&*names[5], json!([]))])
        .collect();
    assert!(refused(json!([{"$ref": "0.json"}]), &wide).contains("more than 1000 times"));
}

#[test]
fn trouble_and_reads_are_in_the_right_file() {
    let partial = json!({"type": "TextBlock", "text": "${nmae}"});
    let card = json!({"body": [{"$ref": "p.json", "$data": "${host}"}]});
    let template = parse(&card, &[("p.json", partial)]).unwrap();
    let out = template.expand(&json!({"host": {"name": "x"}}), None, &Options::default()).unwrap();
    assert_eq!(out.diagnostics[0].to_string(), "p.json:1:31: `nmae` is not in the data");
    let read = template.reads().pop().unwrap();
    let steps = [Step::Key("host".into()), Step::EachOrSelf, Step::Key("nmae".into())];
    assert_eq!((read.file.as_str(), read.steps.as_slice()), ("p.json", &steps[..]));
    assert_eq!((read.pointer.as_str(), read.at), ("/text", 30));
}

#[test]
fn a_folder_hands_over_its_partials() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: Value| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, value.to_string()).unwrap();
    };
    write("partials/head.card.json", json!({"type": "TextBlock", "text": "${title}"}));
    write("alert.card.json", json!({"body": [{"$ref": "partials/head.card.json"}]}));
    let (library, trouble) = Library::open(folder.path());
    assert!(trouble.is_empty(), "{trouble:?}");
    let before = library.render("alert", &json!({"title": "x"}), None).unwrap();
    assert_eq!(before.json, br#"{"body":[{"type":"TextBlock","text":"x"}]}"#);
    write("partials/head.card.json", json!({"type": "TextBlock", "text": "! ${title}"}));
    library.reload();
    let after = library.render("alert", &json!({"title": "x"}), None).unwrap();
    assert_ne!(before.version, after.version, "a partial is a part of the version");
}
