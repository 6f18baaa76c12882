//! Each rule speaks where it must and nowhere else.

use std::collections::BTreeSet;

use argus_cards::lint::{self, Linter, Reading, Report, Severity};
use argus_cards::{Contract, Host, Options, Position, Template};

use crate::corpus;
use crate::marked::{grown, unmarked};

/// A card of `lint/cases.txt`.
struct Case {
    rule: String,
    host: String,
    reading: Reading,
    contract: Option<Contract>,
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

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let (mut rule, mut host, mut reading) = (String::new(), String::new(), Reading::Auto);
    let mut contract = None;
    for line in include_str!("lint/cases.txt").lines() {
        if let Some(head) = line.strip_prefix("= ") {
            let mut words = head.split(' ');
            words.next().unwrap().clone_into(&mut rule);
            words.next().unwrap_or("teams").clone_into(&mut host);
            contract = None;
            reading = if words.next() == Some("card") { Reading::Card } else { Reading::Auto };
        } else if let Some(schema) = line.strip_prefix("contract ") {
            contract = Some(Contract::parse("contract", schema).unwrap());
        } else if let Some((kind, text)) = line.split_once(' ').filter(|_| !line.starts_with('#')) {
            let text = if kind.ends_with('!') { text.to_owned() } else { wrapped(text) };
            let (source, places) = unmarked(&grown(&text));
            let good = kind.starts_with("good");
            assert_eq!(good, places.is_empty(), "{rule}: {line}");
            cases.push(Case {
                rule: rule.clone(),
                host: host.clone(),
                reading,
                contract: contract.clone(),
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
    match &case.contract {
        None => linter.check("case.json", &case.source),
        Some(contract) => {
            let template = Template::parse("case.json", &case.source, &Options::default());
            contract.check(&template.unwrap()).remove(0)
        }
    }
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

/// Errors in public cards that are deserved, with the reason. Whatever is not here is a false error.
const DESERVED: [(&str, &str, &str); 16] = [
    ("version.max", "", "Teams documents 1.5 as the newest version that it shows"),
    ("carousel.forbidden", "Carousel", "the official renderer drops these children"),
    ("rs.missing", "StringResources", "the samples show what a missing or misspelled key does"),
    ("bind.syntax", "StringResources", "the same samples: `${RS:hello}` is no string resource"),
    ("dup.id", "DuplicateIds", "a deliberate negative"),
    ("dup.id", "ForbiddenElements", "a deliberate negative, copied inside itself"),
    ("toggle.target", "Image.Stretch", "the toggle names ids that no element has"),
    ("toggle.target", "Icon", "the toggle names ids that no element has"),
    ("element.type", "TypeIsRequired", "a deliberate negative"),
    ("type.place", "StandaloneTableRow", "a deliberate negative"),
    ("version.missing", "MissingVersion", "a deliberate negative"),
    ("execute.version", "Refresh", "the card says 1.0 and refreshes itself"),
    ("progress.range", "ProgressBar", "the sample shows what a value above `max` does"),
    ("property.required", "ChoiceSet", "a picture without an address"),
    ("url.form", "ms-templates", "`{url}` was the language before `${url}`, so it stays as it is"),
    ("url.form", "faq-accordion", "the address of the button is the text `Learn more`"),
];

#[test]
fn public_cards_have_no_false_errors() {
    let Some(folder) = corpus::cards("public_cards_have_no_false_errors") else { return };
    let linter = Linter::new(Host::TEAMS);
    let mut undeserved = Vec::new();
    let mut checked = 0;
    for file in corpus::json_files(&folder) {
        // Cases of the template language and of the engines' own tests are no cards.
        let name = file.strip_prefix(&folder).unwrap().display().to_string();
        let case = corpus::read(&file);
        let Some(card) = case.get("card").or(case.get("template")) else { continue };
        if name.contains("/micro/") || name.contains("-unit/") {
            continue;
        }
        let report = linter.check(&name, &serde_json::to_string_pretty(card).unwrap());
        checked += 1;
        for finding in &report.findings {
            let id = finding.rule.id;
            let deserved =
                |(rule, part, _): &(&str, &str, &str)| *rule == id && name.contains(part);
            if finding.rule.severity == Severity::Error && !DESERVED.iter().any(deserved) {
                let (pointer, message) = (&finding.pointer, &finding.message);
                undeserved.push(format!("{id} {name} {pointer} {message}"));
            }
        }
    }
    assert!(undeserved.is_empty(), "{}", undeserved.join("\n"));
    assert!(checked > 400, "only {checked} cards");
}

#[test]
fn the_manual_lists_the_rules_as_they_are() {
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/card-rules.md");
    let manual = std::fs::read_to_string(manual).unwrap_or_default();
    let fresh = manual == lint::to_markdown();
    assert!(fresh, "run `argus cards rules --format markdown > docs/card-rules.md`");
}

#[test]
fn a_part_is_no_card_and_need_not_be_one() {
    let part = r#"{"type":"TextBlock","text":"${title}","wrap":true,"color":"red"}"#;
    let check = |file: &str| {
        let report = Linter::new(Host::TEAMS).check(file, part);
        report.findings.iter().map(|found| found.rule.id).collect::<Vec<_>>()
    };
    assert_eq!(check("card-templates/partials/head.card.json"), ["property.word"]);
    assert!(check("card-templates/head.card.json").contains(&"type.missing"));
}
