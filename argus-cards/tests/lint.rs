//! Each rule speaks where it must and nowhere else.

use std::collections::BTreeSet;

use argus_cards::lint::{self, Linter, Reading, Report, Severity};
use argus_cards::{Host, Position};

use crate::corpus;

/// A card of `lint/cases.txt`.
struct Case {
    rule: String,
    host: String,
    reading: Reading,
    good: bool,
    source: String,
    /// Where the rule must speak.
    places: Vec<Position>,
}

/// Puts an element or an action into a card.
fn wrapped(snippet: &str) -> String {
    let begin = r#"{"type":"AdaptiveCard","version":"1.5","fallbackText":"x","#;
    if snippet.trim_start_matches('«').starts_with(r#"{"type":"Action."#) {
        format!(
            r#"{begin}"body":[{{"type":"TextBlock","text":"x","wrap":true}}],"actions":[{snippet}]}}"#
        )
    } else {
        format!(r#"{begin}"body":[{snippet}]}}"#)
    }
}

/// Replaces `<<N>>`, `<<open N>>` and `<<close N>>`.
fn grown(text: &str) -> String {
    let mut parts = text.split("<<");
    let mut result = parts.next().unwrap().to_owned();
    for part in parts {
        let (what, rest) = part.split_once(">>").unwrap();
        let count = |number: &str| number.trim().parse::<usize>().unwrap();
        if let Some(number) = what.strip_prefix("open") {
            result.push_str(&r#"{"type":"Container","items":["#.repeat(count(number)));
        } else if let Some(number) = what.strip_prefix("close") {
            result.push_str(&"]}".repeat(count(number)));
        } else {
            result.push_str(&"x".repeat(count(what)));
        }
        result.push_str(rest);
    }
    result
}

/// Takes the marks out of a text; each stands before the thing that is found.
fn unmarked(text: &str) -> (String, Vec<Position>) {
    let mut parts = text.split('«');
    let mut source = parts.next().unwrap().to_owned();
    let mut places = Vec::new();
    for part in parts {
        places.push(Position::of(&source, source.len()));
        source.push_str(part);
    }
    (source, places)
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let (mut rule, mut host, mut reading) = (String::new(), String::new(), Reading::Auto);
    for line in include_str!("lint/cases.txt").lines() {
        if let Some(head) = line.strip_prefix("= ") {
            let mut words = head.split(' ');
            words.next().unwrap().clone_into(&mut rule);
            words.next().unwrap_or("teams").clone_into(&mut host);
            reading = if words.next() == Some("card") { Reading::Card } else { Reading::Auto };
        } else if let Some((kind, text)) = line.split_once(' ').filter(|_| !line.starts_with('#')) {
            let text = if kind.ends_with('!') { text.to_owned() } else { wrapped(text) };
            let (source, places) = unmarked(&grown(&text));
            let good = kind.starts_with("good");
            assert_eq!(good, places.is_empty(), "{rule}: {line}");
            cases.push(Case {
                rule: rule.clone(),
                host: host.clone(),
                reading,
                good,
                source,
                places,
            });
        }
    }
    cases
}

fn check(case: &Case) -> Report {
    let host = Host::named(&case.host).unwrap().clone();
    let mut linter = Linter::new(host).reading(case.reading);
    if case.rule == "verb.unknown" {
        linter = linter.verbs(["known"]);
    }
    linter.check("case.json", &case.source)
}

#[test]
fn every_rule_speaks_where_it_must() {
    let mut wrong = Vec::new();
    for case in cases() {
        let report = check(&case);
        let of_rule = report.findings.iter().filter(|finding| finding.rule.id == case.rule);
        let places: Vec<Position> = of_rule.map(|finding| finding.at).collect();
        let errors: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| case.good && finding.rule.severity == Severity::Error)
            .map(|finding| format!("{} {}", finding.rule.id, finding.message))
            .collect();
        if places != case.places || !errors.is_empty() {
            let source: String = case.source.chars().take(300).collect();
            wrong.push(format!(
                "{}: {places:?}, not {:?}; {errors:?}\n  {source}",
                case.rule, case.places
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_cards_for_and_against_it() {
    let cases = cases();
    let with = |good: bool| -> BTreeSet<&str> {
        cases.iter().filter(|case| case.good == good).map(|case| case.rule.as_str()).collect()
    };
    let rules: BTreeSet<&str> = lint::rules().map(|rule| rule.id).collect();
    assert_eq!(rules.len(), lint::rules().count(), "two rules have one name");
    assert!(rules.len() >= 60, "only {} rules", rules.len());
    assert_eq!(with(true), rules);
    assert_eq!(with(false), rules);
}

#[test]
fn public_cards_have_no_false_errors() {
    let Some(folder) = corpus::cards("public_cards_have_no_false_errors") else { return };
    let mut all = Vec::new();
    for file in corpus::json_files(&folder) {
        let case = corpus::read(&file);
        let card = case.get("card").or(case.get("template"));
        let Some(card) = card else { continue };
        if file.display().to_string().contains("micro")
            || file.display().to_string().contains("unit")
        {
            continue;
        }
        let source = serde_json::to_string_pretty(card).unwrap();
        let report = Linter::new(Host::teams()).check(&file.display().to_string(), &source);
        for f in &report.findings {
            all.push(format!(
                "{} {} {} | {} | {}",
                f.rule.severity,
                f.rule.id,
                file.strip_prefix(&folder).unwrap().display(),
                f.pointer,
                f.message
            ));
        }
    }
    std::fs::write("/tmp/lint-survey.txt", all.join("\n")).unwrap();
}
