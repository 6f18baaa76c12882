//! Models as files: what they compute, what they refuse, and what would change a decision.

use argus_soc::decide::Decision;
use argus_soc::enrich::{Asset, Enrichment, History, Intel, Known};
use argus_soc::event::{SecurityEvent, Severity};
use argus_soc::playbook::parse;
use argus_soc::score::{Model, built_in, read, what_if};
use proptest::prelude::*;

use crate::{host_event, known};

fn model(name: &str) -> &'static Model {
    built_in().unwrap().iter().find(|model| model.name == name).unwrap()
}

fn answer<T: std::fmt::Debug + Clone + 'static>(
    known: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Known<T>> {
    let down = Known::Unavailable { source: "s".into(), why: "down".into() };
    prop_oneof![
        4 => known.prop_map(Known::Known),
        1 => Just(Known::Unknown),
        1 => Just(down),
    ]
}

fn enrichment() -> impl Strategy<Value = Enrichment> {
    let intel = (any::<bool>(), any::<u8>())
        .prop_map(|(malicious, confidence)| Intel { malicious, confidence });
    let asset = (0_u8..=10).prop_map(|criticality| Asset { criticality, ..Asset::default() });
    let history = (0_u32..12)
        .prop_map(|previous_incidents| History { previous_incidents, ..History::default() });
    (answer(intel), answer(asset), answer(history))
        .prop_map(|(intel, asset, history)| Enrichment::of(intel, asset, history))
}

fn event() -> impl Strategy<Value = SecurityEvent> {
    let severities = ["odd", "informational", "low", "medium", "high", "critical"];
    (prop::sample::select(severities.to_vec()), 0_usize..3).prop_map(|(severity, techniques)| {
        let techniques = vec!["T1078".to_owned(); techniques];
        SecurityEvent { techniques, ..host_event(severity) }
    })
}

proptest! {
    #[test]
    fn a_score_lies_in_the_range_that_its_model_says(event in event(), enrichment in enrichment()) {
        for model in built_in().unwrap() {
            let (least, most) = model.range(event.severity);
            let milli = model.score(&event, &enrichment).milli;
            prop_assert!((least..=most).contains(&milli), "{} {milli} {least} {most}", model.name);
        }
    }

    /// An opinion alone never reaches the usual threshold.
    #[test]
    fn argus_v1_does_not_act_without_intelligence(event in event(), enrichment in enrichment()) {
        let intel = Known::Known(Intel { malicious: false, confidence: 100 });
        let enrichment = enrichment.supposing_intel(intel);
        prop_assert!(model("argus-v1").score(&event, &enrichment).milli <= 60_000);
    }

    #[test]
    fn any_text_is_a_model_or_has_a_place(text in "\\PC{0,200}") {
        if let Err(wrong) = read("m.toml", &text) {
            prop_assert!(!wrong.0.is_empty());
            prop_assert!(wrong.0.iter().all(|it| it.line >= 1 && it.column >= 1));
        }
    }
}

/// The model that is there without any file is the one in the file. Its numbers are those of
/// `defect_c_the_seed_model_in_fixed_point`.
#[test]
fn the_model_in_code_is_seed_v1() {
    assert_eq!(*model("seed-v1"), Model::default());
}

#[test]
fn argus_v1_in_numbers() {
    fn check(severity: &str, enrichment: &Enrichment, techniques: usize, points: &str) {
        let techniques = vec!["T1078".to_owned(); techniques];
        let event = SecurityEvent { techniques, ..host_event(severity) };
        let score = model("argus-v1").score(&event, enrichment);
        assert_eq!(score.points(), points, "{severity} {enrichment:?}");
    }
    check("critical", &known(true, 100, 5, 0), 0, "90");
    check("critical", &known(true, 100, 5, 9), 2, "100");
    check("critical", &known(true, 89, 9, 0), 0, "69.5");
    check("critical", &known(false, 100, 3, 9), 1, "60");
    check("high", &known(true, 100, 5, 0), 0, "80");
    check("medium", &known(true, 100, 5, 1), 0, "75");
    check("low", &known(true, 100, 3, 4), 1, "80");
    check("odd", &known(true, 100, 5, 0), 0, "50");
}

#[test]
fn every_stated_severity_can_reach_the_usual_threshold_with_argus_v1() {
    let stated = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    assert_eq!(model("argus-v1").reaches(75_000), stated);
    assert_eq!(model("seed-v1").reaches(75_000), [Severity::High, Severity::Critical]);
    assert_eq!(model("seed-v1").range(Severity::Low), (0, 60_000));
}

fn text(terms: &str) -> String {
    format!("name = \"mine\"\nversion = \"1.0.0\"\nabout = \"x\"\n{terms}")
}

#[test]
fn a_mistake_has_its_place_and_what_to_write() {
    fn check(terms: &str, place: &str, part: &str) {
        let error = read("m.toml", &text(terms)).unwrap_err().to_string();
        assert!(error.contains(&format!("m.toml:{place}")), "{place}\n{error}");
        assert!(error.contains(part), "{part}\n{error}");
    }
    let term = |of: &str, case: &str| {
        format!("[[terms]]\nname = \"t\"\nof = \"{of}\"\ncases = [\n{case}\n]\n")
    };
    check("terms = 7", "4:9", "invalid type");
    check("[[terms]]\nname = \"t\"\nof = \"intell\"", "6:6", "did you mean `intel`?");
    check("[[terms]]\nnaem = \"t\"\nof = \"intel\"", "5:1", "unknown field `naem`");
    check("terms = []", "4:9", "1 to 64 terms");
    check(&term("severity", "{ is = \"hihg\", points = 1 }"), "8:8", "did you mean `high`?");
    check(&term("severity", "{ above = 3, points = 1 }"), "8:11", "this has no number");
    check(&term("intel", "{ is = \"malicious\" }"), "8:1", "counts nothing");
    check(&term("intel", "{ per = 0.0005 }"), "8:9", "more than three decimals");
    check(&term("intel", "{ points = 1001 }"), "8:12", "between -1000 and 1000");
    check(&term("intel", "{ points = nan }"), "8:12", "between -1000 and 1000");
    check(&term("asset", "{ points = 1 },\n{ above = 3, points = 2 }"), "9:1", "never reached");
    check(&term("asset", "{ is = [], points = 1 }"), "8:8", "no words");
    check(
        "[[terms]]\nname = \"t\"\nof = \"intel\"\n[[terms]]\nname = \"t\"\nof = \"asset\"\n",
        "8:8",
        "two terms `t`",
    );
    let upper = text("[[terms]]\nname = \"t\"\nof = \"asset\"").replace("mine", "My model");
    assert!(read("m.toml", &upper).unwrap_err().to_string().contains("m.toml:1:8"));
}

#[test]
fn a_model_of_ones_own() {
    let text = text(
        "[[terms]]\nname = \"where\"\nof = \"environment\"\ncases = [\n\
         { is = [\"staging\", \"dev\"], points = 12.5, because = \"{word} may break\" },\n]\n\
         [[terms]]\nname = \"silence\"\nof = \"intel\"\ncases = [\n\
         { is = \"unavailable\", points = 1 },\n{ at_least = 90, points = 3 },\n\
         { below = 10, points = 4 },\n{ at_most = 20, per = 0.5, points = 1 },\n]\n",
    );
    let mine = read("m.toml", &text).unwrap();
    let event = host_event("low");
    let score = mine.score(&event, &known(true, 15, 5, 0));
    assert_eq!(score.points(), "21", "12.5 + 1 + 15 * 0.5");
    assert_eq!(score.terms[0].because, "staging may break");
    assert_eq!(mine.score(&event, &known(true, 90, 5, 0)).points(), "15.5");
    assert_eq!(mine.score(&event, &known(true, 50, 5, 0)).points(), "12.5");
    assert_eq!(mine.range(Severity::Low), (0, 23_500));
}

#[test]
fn what_would_change_a_decision() {
    let yaml = "playbook: {id: contain, name: Contain, version: \"1.0.0\"}\n\
                triggers: [{source: edr, event_type: ransomware}]\n\
                actions:\n  - {id: isolate, type: isolate_host, target: \"{{ entity.value }}\", \
                rollback: {id: release, type: release_host}}\n";
    let playbooks = [parse("contain.yaml", yaml).unwrap()];
    let mut enrichment = known(true, 100, 5, 0);
    enrichment.asset = Known::Unknown;
    let changes = what_if(model("seed-v1"), &host_event("critical"), &enrichment, &playbooks);
    let shown: Vec<(&str, String)> =
        changes.iter().map(|it| (it.r#if.as_str(), it.score.points())).collect();
    let runs = [
        ("the asset were known, with criticality 1", "80".to_owned()),
        ("the asset were known, with criticality 5", "80".to_owned()),
    ];
    assert_eq!(shown, runs);
    assert!(changes.iter().all(|it| matches!(it.decision, Decision::Run { .. })));
    // What runs by itself stops when a source is silent.
    let changes =
        what_if(model("seed-v1"), &host_event("critical"), &known(true, 100, 5, 0), &playbooks);
    let stops = |what: &str| changes.iter().any(|it| it.r#if.contains(what));
    assert!(stops("the inventory did not answer") && stops("production depended"), "{changes:?}");
}
