//! Templates of somebody who means harm are refused where the harm is, and the old one stays.

mod markdown;
mod strings;

use argus_cards::lint::Linter;
use argus_cards::source::Memory;
use argus_cards::{Host, Level, Library, Options, Position};
use serde_json::json;

use crate::marked::{grown, unmarked};

/// A template of `hostile/templates.txt`.
struct Attempt {
    name: String,
    /// What the refusal must say, one of some.
    says: Vec<String>,
    source: String,
    sample: Option<String>,
    at: Option<Position>,
    in_sample: bool,
}

fn attempts() -> Vec<Attempt> {
    let text = include_str!("hostile/templates.txt");
    let blocks = text.split("\n= ").skip(1).map(|block| {
        let (head, body) = block.split_once('\n').unwrap();
        let (name, says) = head.split_once(" => ").unwrap();
        let (source, sample) = match body.split_once("\n--- data\n") {
            Some((source, sample)) => (source, Some(sample.trim())),
            None => (body.trim_end(), None),
        };
        let (source, places) = unmarked(&grown(source));
        let sample = sample.map(unmarked);
        let in_sample = sample.iter().flat_map(|(_, places)| places).next().copied();
        Attempt {
            name: name.to_owned(),
            says: says.split('|').map(str::to_owned).collect(),
            source,
            sample: sample.map(|(text, _)| text),
            at: places.first().copied().or(in_sample),
            in_sample: in_sample.is_some(),
        }
    });
    blocks.collect()
}

#[test]
fn hostile_templates_are_refused_and_the_old_one_stays() {
    const GOOD: &str = r#"{"type":"AdaptiveCard","version":"1.5","speak":"good","body":[{"type":"TextBlock","text":"x"}]}"#;
    let attempts = attempts();
    assert!(attempts.len() >= 60, "only {} templates", attempts.len());
    let options = Options::default()
        .lint(Linter::new(Host::TEAMS).verbs(["approve", "deny"]))
        .allow_host("soc.example");
    let mut wrong = Vec::new();
    for attempt in attempts {
        let folder = Memory::new([("alert/alert.card.json", GOOD)]);
        let (library, trouble) =
            Library::builder(folder.clone()).options(options.clone()).open_now().unwrap();
        assert_eq!(trouble, [], "the good one is good");
        folder.put("alert/alert.card.json", attempt.source.as_str());
        if let Some(sample) = &attempt.sample {
            folder.put("alert/samples/x.json", sample.as_str());
        }
        let trouble = library.reload();
        let refusal = trouble.iter().find(|found| found.level == Level::Refused);
        let Some(refusal) = refusal else {
            wrong.push(format!("{}: taken; {trouble:?}", attempt.name));
            continue;
        };
        let file = if attempt.in_sample { "alert/samples/x.json" } else { "alert/alert.card.json" };
        let says = attempt.says.iter().any(|part| refusal.message.contains(part));
        // Without a mark, any place will do, but there must be one.
        let there = attempt.at.is_none_or(|at| refusal.at == Some(at)) && refusal.at.is_some();
        if !says || !there || refusal.file != file {
            wrong.push(format!("{}: {refusal} (not at {:?})", attempt.name, attempt.at));
        }
        let card = library.render("alert", &json!({}), None).unwrap();
        assert_eq!(card.json, GOOD.as_bytes(), "{}: the old one is served", attempt.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_shipped_templates_break_no_rule() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-templates");
    let verbs = ["acknowledge", "isolate", "ticket", "approve", "deny"];
    let options = Options::default()
        .lint(Linter::new(Host::TEAMS).verbs(verbs))
        .allow_host("security.example.com")
        .allow_host("tickets.example.com");
    let (library, trouble) = Library::open_with(folder, options);
    let refused: Vec<_> = trouble.iter().filter(|found| found.level == Level::Refused).collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert!(library.names().len() >= 3);
}
