//! Many sources, one picture: what counts when they differ, and when some are silent.

use argus_soc::decide::{Decision, decide};
use argus_soc::enrich::assets::{Criticality, names};
use argus_soc::enrich::{Answer, Answers, Asset, Enrichment, History, Intel, Known};
use argus_soc::score::{Confidence, seed_v1};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::decisions::playbook;
use crate::{host_event, known};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time")
}

fn answer<T>(source: &str, as_of: i64, said: Known<T>) -> Answer<T> {
    Answer {
        source: source.into(),
        about: "host ws-1".into(),
        said,
        as_of: Some(at(as_of)),
        asked_at: at(1_000),
        cached: false,
        optional: false,
        note: None,
    }
}

fn down<T>(source: &str) -> Known<T> {
    Known::Unavailable { source: source.into(), why: "timed out".into() }
}

fn intel(malicious: bool, confidence: u8) -> Known<Intel> {
    Known::Known(Intel { malicious, confidence })
}

#[test]
fn malicious_beats_everything_and_silence_is_never_benign() {
    fn check(said: &[Known<Intel>], expected: &Known<Intel>) {
        let named = said.iter().zip(["a", "b", "c", "d"]);
        let intel = named.map(|(said, name)| answer(name, 0, said.clone())).collect();
        assert_eq!(Answers { intel, asset: vec![] }.merged_intel(), *expected, "{said:?}");
    }
    check(&[], &Known::Unknown);
    check(&[Known::Unknown, Known::Unknown], &Known::Unknown);
    check(&[intel(false, 90), intel(true, 20)], &intel(true, 20));
    check(&[intel(true, 40), intel(true, 70), intel(false, 99)], &intel(true, 70));
    check(&[intel(false, 30), Known::Unknown, intel(false, 60)], &intel(false, 60));
    check(&[intel(true, 40), down("b")], &intel(true, 40));
    check(&[intel(false, 90), down("b")], &down("b"));
    check(&[Known::Unknown, down("b")], &down("b"));
    check(&[down("a"), down("b")], &down("a, b"));
}

#[test]
fn the_most_careful_word_about_an_asset_counts() {
    let cmdb = Asset {
        name: "WS-1".into(),
        criticality: 4,
        environment: Some("Production".into()),
        owner: Some("payments".into()),
        tags: vec!["pci".into()],
        ..Asset::default()
    };
    let entra = Asset {
        name: "ws-1".into(),
        criticality: 9,
        environment: Some("staging".into()),
        production_critical: true,
        tags: vec!["tier0".into(), "pci".into()],
        ..Asset::default()
    };
    let asset = vec![
        answer("cmdb", 10, Known::Known(cmdb)),
        answer("entra", 500, Known::Known(entra)),
        answer("files", 0, down("files")),
    ];
    let enrichment = Enrichment::from_answers(
        Answers { intel: vec![], asset },
        Known::Known(History::default()),
    );
    insta::assert_json_snapshot!(enrichment.asset, @r#"
    {
      "known": {
        "name": "ws-1",
        "criticality": 9,
        "environment": "Production",
        "production_critical": true,
        "tags": [
          "pci",
          "tier0"
        ],
        "owner": "payments"
      }
    }
    "#);
    assert_eq!(
        enrichment.conflicts(),
        [
            "criticality: cmdb says 4, entra says 9; 9 counts",
            "environment: cmdb says Production, entra says staging; Production counts",
            "production-critical: cmdb says no, entra says yes; yes counts",
        ]
    );
    assert_eq!(enrichment.missing(), ["asset inventory (files): timed out"]);
}

#[test]
fn a_silent_source_sends_even_a_certain_case_to_a_person() {
    let mut enrichment = known(true, 100, 3, 0);
    let event = host_event("critical");
    let decided = |enrichment: &Enrichment| {
        let score = seed_v1(&event, enrichment);
        (decide(&event, enrichment, &score, &[playbook("")], false), score)
    };
    let (decision, _) = decided(&enrichment);
    assert!(matches!(decision, Decision::Run { .. }), "{decision:?}");

    enrichment.answers.intel =
        vec![answer("misp", 0, intel(true, 100)), answer("taxii", 0, down("taxii"))];
    let (decision, score) = decided(&enrichment);
    assert!(matches!(score.confidence, Confidence::Degraded { .. }));
    let Decision::AskHuman { reasons, .. } = decision else { panic!("{decision:?}") };
    assert!(reasons.iter().any(|it| it.contains("taxii")), "{reasons:?}");

    // The settings can say that it does not matter.
    enrichment.answers.intel[1].optional = true;
    let (decision, score) = decided(&enrichment);
    assert!(matches!(decision, Decision::Run { .. }), "{decision:?}");
    assert_eq!(score.confidence, Confidence::Full);
}

#[test]
fn an_old_record_without_answers_is_read() {
    let text = r#"{"intel": {"known": {"malicious": true, "confidence": 90}},
        "asset": "unknown", "history": {"known": {"previous_incidents": 2}}}"#;
    let read: Enrichment = serde_json::from_str(text).expect("reads");
    assert!(read.answers.is_empty());
    let again = serde_json::to_value(&read).expect("writes");
    assert_eq!(again.get("answers"), None);
}

#[test]
fn words_of_an_inventory_mean_what_the_table_says() {
    fn check(word: &str, otherwise: Option<u8>, expected: Option<u8>) {
        let words = [("server".to_owned(), 8), ("3".to_owned(), 9), ("odd".to_owned(), 77)];
        let table = Criticality { by: "class".into(), words: words.into(), otherwise };
        assert_eq!(table.of(word), expected, "{word}");
    }
    check(" Server ", None, Some(8));
    check("3", None, Some(9));
    check("7", None, Some(7));
    check("11", None, None);
    check("odd", None, Some(10));
    check("", None, None);
    check("", Some(5), Some(5));
    check("laptop", Some(200), Some(10));
    assert_eq!(names("WS-1.corp.example").collect::<Vec<_>>(), ["ws-1.corp.example", "ws-1"]);
    assert_eq!(names("10.0.0.7").collect::<Vec<_>>(), ["10.0.0.7"]);
}

fn any_intel() -> impl Strategy<Value = Known<Intel>> {
    prop_oneof![
        (any::<bool>(), 0..=100_u8)
            .prop_map(|(malicious, confidence)| intel(malicious, confidence)),
        Just(Known::Unknown),
        Just(down("x")),
    ]
}

fn any_asset() -> impl Strategy<Value = Known<Asset>> {
    let asset = (0..=10_u8, any::<bool>(), proptest::option::of("prod|dev|lab"), "a|b").prop_map(
        |(criticality, production_critical, environment, name)| {
            let owner = environment.clone();
            let tags = vec![name.clone()];
            Known::Known(Asset { name, criticality, environment, production_critical, tags, owner })
        },
    );
    prop_oneof![3 => asset, 1 => Just(Known::Unknown), 1 => Just(down("x"))]
}

proptest! {
    /// Which source answers first must not matter.
    #[test]
    fn the_order_of_answers_does_not_matter(
        intel in proptest::collection::vec(any_intel(), 0..5),
        asset in proptest::collection::vec((any_asset(), 0..3_i64), 0..5),
        turn in 0..5_usize,
    ) {
        let names = ["a", "b", "c", "d", "e"];
        let mut answers = Answers {
            intel: intel.into_iter().zip(names).map(|(it, name)| answer(name, 0, it)).collect(),
            asset: asset.into_iter().zip(names).map(|((it, at), name)| answer(name, at, it)).collect(),
        };
        let first = Enrichment::from_answers(answers.clone(), Known::Unknown);
        answers.intel.reverse();
        let turn = turn.min(answers.asset.len());
        answers.asset.rotate_left(turn);
        let second = Enrichment::from_answers(answers, Known::Unknown);
        prop_assert_eq!(&first.intel, &second.intel);
        prop_assert_eq!(&first.asset, &second.asset);
        prop_assert_eq!(first.conflicts(), second.conflicts());
    }

    /// One more source can make us more careful, never less.
    #[test]
    fn another_source_never_lowers_a_verdict(
        intel in proptest::collection::vec(any_intel(), 0..4),
        more in any_intel(),
    ) {
        let points = |known: &Known<Intel>| known.known().filter(|it| it.malicious).map(|it| it.confidence);
        let intel = intel.into_iter().map(|it| answer("a", 0, it)).collect();
        let mut answers = Answers { intel, asset: vec![] };
        let before = answers.merged_intel();
        answers.intel.push(answer("b", 0, more));
        let after = answers.merged_intel();
        prop_assert!(points(&after) >= points(&before));
        if before.is_unavailable() {
            prop_assert!(after.is_unavailable() || points(&after).is_some());
        }
    }
}
