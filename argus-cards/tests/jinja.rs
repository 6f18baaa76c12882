//! The second dialect: `{{ … }}` in strings, and whole files.

use argus_cards::{Base, ErrorKind, Limits, Options, Step, Template};
use serde_json::{Value, json};

fn options() -> Options {
    Options::default().allow_host("good.example")
}

/// What a template in strings gives, and what its author hears.
fn leaf(template: &Value, data: &Value) -> (Value, Vec<String>) {
    let template = Template::parse("t.card.json", &template.to_string(), &options()).unwrap();
    let out = template.expand(data, None, &options()).unwrap();
    let said = out.diagnostics.iter().map(ToString::to_string).collect();
    (serde_json::from_slice(&out.json).unwrap(), said)
}

fn file(source: &str, data: &Value) -> Result<Value, argus_cards::Error> {
    let template = Template::parse("t.card.json.j2", source, &options())?;
    let out = template.render(data, None, &options())?;
    Ok(serde_json::from_slice(&out).unwrap())
}

#[test]
fn a_whole_string_keeps_its_type() {
    let template = json!({
        "a": "{{ n }}", "b": "{{ n > 1 }}", "c": "{{ list }}", "d": "{{ n }} of {{ list | length }}",
        "type": "TextBlock", "text": "{{ n }}", "e": "${n + 1} and {{ n + 1 }}",
    });
    let (card, said) = leaf(&template, &json!({"n": 2, "list": [1, "x"]}));
    assert_eq!(said, Vec::<String>::new());
    let expected = json!({
        "a": 2, "b": true, "c": [1, "x"], "d": "2 of 2",
        "type": "TextBlock", "text": "2", "e": "3 and 3",
    });
    assert_eq!(card, expected);
}

#[test]
fn data_and_when_take_both_dialects() {
    let template = json!({"body": [
        {"$data": "{{ hosts | selectattr('up') | list }}", "$when": "{{ risk > 1 }}", "text": "{{ name }}${$index}{{ _index }}{{ _root.x }}"},
    ]});
    let data = json!({"x": "!", "hosts": [
        {"name": "a", "up": true, "risk": 2}, {"name": "b", "up": false, "risk": 2}, {"name": "c", "up": true, "risk": 0},
    ]});
    assert_eq!(leaf(&template, &data).0, json!({"body": [{"text": "a00!"}]}));
}

#[test]
fn values_are_data_in_both_dialects() {
    let hostile = json!({"t": "[x](https://evil.example) **b** <at>a</at> {{DATE(2020)}} \"}],"});
    let jinja = json!({"type": "TextBlock", "text": "**{{ t }}**"});
    let ael = json!({"type": "TextBlock", "text": "**${t}**"});
    assert_eq!(leaf(&jinja, &hostile), leaf(&ael, &hostile));
    let whole = r#"{"type": "TextBlock", "text": {{ t }} }"#;
    let ael = json!({"type": "TextBlock", "text": "${t}"});
    assert_eq!(file(whole, &hostile).unwrap(), leaf(&ael, &hostile).0);
    let link = json!({"a": [{"type": "Action.OpenUrl", "title": "x", "url": "{{ u }}"}]});
    let evil = json!({"u": "https://evil.example/"});
    assert_eq!(leaf(&link, &evil).0, json!({"a": []}));
    let good = json!({"u": "https://good.example/"});
    assert_eq!(leaf(&link, &good).0["a"][0]["url"], "https://good.example/");
}

#[test]
fn an_element_out_of_the_data_is_guarded_too() {
    let element =
        json!({"e": {"type": "TextBlock", "text": "[x](https://evil.example)", "$when": false}});
    let card = file(r#"{"body": [{{ e }}]}"#, &element).unwrap();
    let shown = r"\[x\](hxxps://evil\[.\]example)";
    assert_eq!(card, json!({"body": [{"type": "TextBlock", "text": shown}]}));
    let link = json!({"e": {"type": "Action.OpenUrl", "url": "https://evil.example/"}});
    assert_eq!(file(r#"{"actions": [{{ e }}]}"#, &link).unwrap(), json!({"actions": []}));
}

#[test]
fn tokens_of_the_host_stay() {
    let text = "{{DATE(2026-01-15T00:00:00Z, SHORT)}} {{TIME(2026-01-15T00:00:00Z)}}";
    let template = json!({"type": "TextBlock", "text": text});
    assert_eq!(leaf(&template, &json!({})).0, template);
}

#[test]
fn what_is_missing_is_said() {
    let (card, said) =
        leaf(&json!({"a": "x {{ host.nmae }}", "b": "{{ nobody }}"}), &json!({"host": {}}));
    assert_eq!(card, json!({"a": "x "}));
    assert_eq!(
        said,
        [
            "t.card.json:1:12: `host.nmae` is not in the data",
            "t.card.json:1:34: `nobody` is not in the data",
        ]
    );
    let error = file(r#"{"a": {{ nobody }} }"#, &json!({})).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EvaluationFailed);
    assert_eq!(error.position().map(|at| at.to_string()).as_deref(), Some("1:10"));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let refused = |file: &str, source: &str| {
        Template::parse(file, source, &options()).unwrap_err().to_string()
    };
    assert!(refused("t.card.json", r#"{"a": "x {{ 1 + }}"}"#).starts_with("t.card.json:1:"));
    assert!(refused("t.card.json.j2", "{\n\"a\": {{ 1 + }} }").starts_with("t.card.json.j2:2:"));
}

#[test]
fn bombs_are_defused() {
    for bomb in [
        "{{ 'x' * 100000000 }}",
        "{{ range(100000000) | list }}",
        "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "{% macro m(x, n) %}{% if n %}{{ m(x ~ x, n - 1) }}{% endif %}{% endmacro %}{{ m('xxxxxxxx', 1000) }}",
        "[{% for i in range(100000) %}{% for j in range(100000) %}1,{% endfor %}{% endfor %}]",
    ] {
        assert!(file(bomb, &json!({})).is_err(), "{bomb}");
    }
    let (card, said) = (json!({"a": "{{ 'x' * 100000000 }}"}), json!({}));
    let template = Template::parse("t", &card.to_string(), &options()).unwrap();
    assert!(template.render(&said, None, &options()).is_err());
    let mut limits = Limits::default();
    limits.output_bytes = 100;
    let small = options().limits(limits);
    let template = Template::parse("t.j2", "{{ 'x' * 200 }}", &small).unwrap();
    assert_eq!(template.render(&said, None, &small).unwrap_err().kind(), ErrorKind::LimitExceeded);
}

#[test]
fn nothing_in_a_file_escapes_its_quotes() {
    let hostile = json!({"t": "\"}],\"x\":\"", "n": null, "m": "\u{f5a1}x\u{f5a2}"});
    for source in [
        "{\"a\": {{ t }} }",
        "{\"a\": {{ t | upper }} }",
        "{% autoescape false %}{\"a\": {{ t }} }{% endautoescape %}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{\"a\": {{ m(t) }} }",
        "{% set x %}{{ t }}{% endset %}{\"a\": {{ x }} }",
        "{\"a\": {{ [t] }}, \"b\": {{ m }} }",
        "{\"a\": {{ {'k': t} | tojson }} }",
    ] {
        let card = file(source, &hostile).unwrap();
        assert!(card.as_object().is_some_and(|card| !card.contains_key("x")), "{source}: {card}");
    }
    assert!(file("{\"a\": {{ t | safe }} }", &hostile).is_err(), "there is no filter `safe`");
    assert!(file("{\"a\": \"{{ t }}\" }", &hostile).is_err(), "a value brings its own quotes");
}

#[test]
fn files_include_and_extend_files() {
    let read = |path: &str| match path {
        "base.j2" => Some("{\"body\": [{% block body %}{% endblock %}]}".to_owned()),
        "row.j2" => Some("{\"text\": {{ name }} }".to_owned()),
        _ => None,
    };
    let source = "{% extends 'base.j2' %}{% block body %}{% include \"row.j2\" %}{% endblock %}";
    let template = Template::parse_with("t.card.json.j2", source, &options(), &read).unwrap();
    let card = template.render(&json!({"name": "web1"}), None, &options()).unwrap();
    assert_eq!(card, br#"{"body":[{"text":"web1"}]}"#);
    let missing = Template::parse_with("t.j2", "{% include 'x.j2' %}", &options(), &|_| None);
    assert_eq!(missing.unwrap_err().to_string(), "t.j2:1:1: there is no file `x.j2`");
}

#[test]
fn reads_are_known() {
    let source = r#"{"$data":"${hosts}","text":"{{ name }} {{ _root.a.b | upper }}"}"#;
    let template = Template::parse("t.card.json", source, &options()).unwrap();
    let key = |key: &str| Step::Key(key.to_owned());
    let reads: Vec<(Base, Vec<Step>)> =
        template.reads().into_iter().skip(1).map(|read| (read.base, read.steps)).collect();
    assert_eq!(reads[0], (Base::Root, vec![key("hosts"), Step::EachOrSelf, key("name")]));
    assert_eq!(reads[1], (Base::Root, vec![key("a"), key("b")]));
    let whole = Template::parse("t.j2", "{{ a.b }}", &options()).unwrap();
    assert_eq!(whole.reads()[0].steps, [key("a"), key("b")]);
}
