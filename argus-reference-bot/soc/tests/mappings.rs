//! Mappings of people's own: the worked example of the documentation, and what wins over what.

use std::fs;
use std::path::Path;

use argus_soc::event::{Mapping, Mappings, Severity, Shape, Source, lint};

use crate::{now, read};

/// The first block of a language in the documentation.
fn block(language: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/normalisers.md");
    let text = fs::read_to_string(path).unwrap();
    let start = format!("```{language}\n");
    text.split_once(&start).unwrap().1.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_worked_example_works() {
    let yaml = block("yaml");
    let mappings = Mappings::with(&[("acme.yaml".to_owned(), yaml)]).unwrap();
    let acme = mappings.named("acme_firewall").unwrap();
    assert_eq!(lint(acme, &mappings), []);
    for shape in ["auto", "mapping:acme_firewall"] {
        let shape: Shape = shape.parse().unwrap();
        let source = Source { name: "test", shape, tenant: None };
        let event = mappings.normalise(block("json").as_bytes(), &source, now()).unwrap();
        assert_eq!((event.mapper.as_str(), event.severity), ("acme_firewall/1", Severity::High));
    }
}

#[test]
fn a_sample_that_does_not_come_out_is_found_with_its_place() {
    let yaml = "mapper: acme/1\nwhen: [{acme_id: any}]\nseverity: grade\nsamples:\n\
                \x20 - message: {acme_id: 1, grade: low}\n    expect: {severity: high}\n\
                \x20 - message: {other: 1}\n    expect: {}\n";
    let mappings = Mappings::with(&[("acme.yaml".to_owned(), yaml.to_owned())]).unwrap();
    let failures = lint(mappings.named("acme").unwrap(), &mappings);
    let failures: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert_eq!(
        failures,
        [
            "6:14: severity is [low], not [high]",
            "7:5: the message is read by generic/1, not by acme/1",
        ]
    );
}

#[test]
fn a_mapping_without_samples_is_not_well() {
    let yaml = "mapper: acme/1\nwhen: [{acme_id: any}]\n";
    let mappings = Mappings::with(&[("acme.yaml".to_owned(), yaml.to_owned())]).unwrap();
    let failures = lint(mappings.named("acme").unwrap(), &mappings);
    assert!(
        failures[0].to_string().starts_with("1:1: the mapping has no `samples`"),
        "{failures:?}"
    );
}

#[test]
fn of_several_severities_the_worst_counts_and_nothing_overrules_what_is_unread() {
    let yaml = "mapper: acme/1\nwhen: [{gone: none, acme_id: any}]\nseverity: [all.grade, vague]\n";
    let mappings = Mappings::with(&[("acme.yaml".to_owned(), yaml.to_owned())]).unwrap();
    let source = Source { name: "test", shape: Shape::Auto, tenant: None };
    let check = |rest: &str, severity: Severity, raw: Option<&str>| {
        let message = format!(r#"{{"acme_id":1,{rest}}}"#);
        let event = mappings.normalise(message.as_bytes(), &source, now()).unwrap();
        assert_eq!(event.mapper, "acme/1", "a line may begin with a key that must be absent");
        assert_eq!((event.severity, event.severity_raw.as_deref()), (severity, raw), "{message}");
        event.notes.iter().any(|note| note.contains("several severities"))
    };
    let all = |grades: &[&str]| {
        let all: Vec<_> = grades.iter().map(|it| serde_json::json!({"grade": it})).collect();
        format!(r#""all":{},"vague":"low""#, serde_json::json!(all))
    };
    assert!(check(&all(&["info", "critical", "low"]), Severity::Critical, Some("critical")));
    assert!(check(&all(&["info", "sev-9"]), Severity::Unknown, Some("sev-9")));
    assert!(check(&all(&["high", "sev-9"]), Severity::High, Some("high")));
    assert!(!check(&all(&["sev-9"]), Severity::Unknown, Some("sev-9")), "not the vague one");
    assert!(!check(r#""vague":"low""#, Severity::Low, Some("low")));
}

#[test]
fn what_people_add_goes_before_what_is_there() {
    let okta = r#"{"uuid": "u", "eventType": "a.b", "actor": {"alternateId": "ann@corp.example"}}"#;
    assert_eq!(read(Shape::Auto, okta).mapper, "okta/1");
    let mine = "mapper: okta/7\nwhen: [{uuid: any, eventType: any, actor: any}]\n";
    let mappings = Mappings::with(&[("okta.yaml".to_owned(), mine.to_owned())]).unwrap();
    let source = Source { name: "test", shape: Shape::Auto, tenant: None };
    let event = mappings.normalise(okta.as_bytes(), &source, now()).unwrap();
    assert_eq!(event.mapper, "okta/7");
}

#[test]
fn mistakes_are_reported_together_with_their_places() {
    let yaml = "mapper: Acme\nwhen: [{a..b: any}]\nseverity: {from: x, scale: {1..0: low}, words: {a: hgih}}\n\
                entities: [{hots: a}]\n";
    let text = Mapping::parse("acme.yaml", yaml).unwrap_err().to_string();
    assert!(text.contains("acme.yaml:1:9"), "{text}");
    let yaml = yaml.replace("Acme", "acme/1");
    let text = Mapping::parse("acme.yaml", &yaml).unwrap_err().to_string();
    for part in [
        "acme.yaml:2:11",
        "a band goes from the smaller number",
        "did you mean `high`?",
        "did you mean `host`?",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let twice = [
        ("a.yaml", "mapper: a/1\nwhen: [{a: any}]\n"),
        ("b.yaml", "mapper: a/2\nwhen: [{a: any}]\n"),
    ];
    let twice = twice.map(|(file, text)| (file.to_owned(), text.to_owned()));
    assert!(
        Mappings::with(&twice).unwrap_err().to_string().contains("another file has the mapper")
    );
}

#[test]
fn a_bound_source_whose_product_changes_loses_nothing() {
    let event = read("okta".parse().unwrap(), r#"{"something": "else", "severity": "high"}"#);
    assert_eq!((event.mapper.as_str(), event.severity), ("generic/1", Severity::High));
}
