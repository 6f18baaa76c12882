//! The score's reference values and the whole decision table.

use argus_soc::decide::{Decision, decide};
use argus_soc::enrich::{Asset, Enrichment, Known};
use argus_soc::event::{Severity, Shape};
use argus_soc::playbook::{Playbook, parse};
use argus_soc::score::{Confidence, SEED_V1, seed_v1};
use proptest::prelude::*;

use crate::{host_event, known, read};

/// Isolation with a rollback: as harmless as containment gets.
pub(crate) fn playbook(more: &str) -> Playbook {
    let yaml = format!(
        "playbook: {{id: contain, name: Contain, version: \"1.0.0\"}}\n\
         triggers: [{{source: edr, event_type: ransomware}}]\n\
         {more}\n\
         actions:\n  - {{id: isolate, type: isolate_host, target: \"{{{{ entity.value }}}}\", \
         rollback: {{id: release, type: release_host}}}}\n"
    );
    parse("contain.yaml", &yaml).unwrap()
}

#[test]
fn a_playbook_changes_no_more_things_by_itself_than_it_may() {
    let event = read(
        Shape::Generic,
        r#"{"source": "edr", "event_type": "ransomware", "severity": "critical", "entities": [
            {"type": "host", "value": "ws-1"}, {"type": "user", "value": "ann@example.org"}]}"#,
    );
    let enrichment = known(true, 100, 5, 5);
    let score = seed_v1(&event, &enrichment);
    let decided = |blast: &str, steps: &str| {
        let yaml = format!(
            "playbook: {{id: contain, name: Contain, version: \"1.0.0\"}}\n\
             triggers: [{{source: edr, event_type: ransomware}}]\n{blast}\nactions:\n\
             \x20 - {{id: a, type: isolate_host, target: \"{{{{ entity.host }}}}\", \
             rollback: {{id: ua, type: release_host}}}}\n{steps}"
        );
        decide(&event, &enrichment, &score, &[parse("p.yaml", &yaml).unwrap()], false)
    };
    let user = "  - {id: b, type: disable_user, target: \"{{ entity.user }}\", \
                rollback: {id: ub, type: enable_user}}\n";
    let scan =
        "  - {id: b, type: scan_host, target: \"{{ entity.host }}\"}\n  - {id: c, type: notify}\n";
    let runs = |decision: &Decision| matches!(decision, Decision::Run { .. });
    assert!(runs(&decided("", "")), "{:?}", decided("", ""));
    // The same thing twice is one thing, and looking and telling change nothing.
    assert!(runs(&decided("", scan)), "{:?}", decided("", scan));
    assert!(runs(&decided("blast: {max_targets: 2}", user)));
    let wide = decided("", user);
    assert!(matches!(wide, Decision::AskHuman { playbook: Some(_), .. }), "{wide:?}");
    assert_eq!(wide.reasons(), ["it would change 2 things, and may change 1 by itself"]);
}

#[test]
fn defect_c_the_seed_model_in_fixed_point() {
    fn check(
        severity: &str,
        malicious: bool,
        confidence: u8,
        criticality: u8,
        before: u32,
        points: &str,
    ) {
        let enrichment = known(malicious, confidence, criticality, before);
        let score = seed_v1(&host_event(severity), &enrichment);
        assert_eq!(score.points(), points, "{severity} {enrichment:?}");
        assert_eq!(score.model, SEED_V1);
        assert_eq!(score.confidence, Confidence::Full);
        let sum: i64 = score.terms.iter().map(|term| term.milli).sum();
        assert_eq!(sum.clamp(0, 100_000), score.milli);
    }
    check("critical", true, 100, 5, 5, "90");
    check("critical", true, 100, 9, 5, "75");
    check("critical", true, 90, 5, 0, "75");
    check("critical", true, 89, 5, 0, "74.5");
    check("high", true, 100, 5, 4, "80");
    check("high", true, 100, 5, 0, "70");
    check("critical", false, 100, 5, 9, "40");
    check("low", true, 100, 5, 9, "60");
    check("high", true, 0, 9, 0, "5");
    // The edges of the terms, and of the clamp.
    check("low", false, 0, 9, 0, "0");
    check("low", true, 100, 8, 3, "50");
    check("high", true, 255, 5, 4, "80");
    // 74.5 points are not 75: the threshold is not reached by rounding.
    let enrichment = known(true, 89, 5, 0);
    let event = host_event("critical");
    let decision =
        decide(&event, &enrichment, &seed_v1(&event, &enrichment), &[playbook("")], false);
    assert!(matches!(decision, Decision::AskHuman { .. }), "{decision:?}");
    // And a low severity can be automated, by a playbook that says so.
    let low = host_event("low");
    let sure = known(true, 100, 5, 9);
    let lowered = playbook("conditions: {risk_threshold: 59.5}");
    let decision = decide(&low, &sure, &seed_v1(&low, &sure), &[lowered], false);
    assert!(matches!(decision, Decision::Run { .. }), "{decision:?}");
}

#[test]
fn defect_d_an_outage_is_not_benign() {
    let event = host_event("critical");
    let benign = known(false, 100, 3, 9);
    let mut down = benign.clone();
    down.intel = Known::Unavailable { source: "feed".into(), why: "timed out".into() };
    let (benign, down) = (seed_v1(&event, &benign), (seed_v1(&event, &down), down));
    assert_eq!(benign.milli, down.0.milli, "the same points");
    assert_eq!(benign.confidence, Confidence::Full);
    let missing = vec!["threat intelligence (feed): timed out".to_owned()];
    assert_eq!(down.0.confidence, Confidence::Degraded { missing });
    let anything = playbook("conditions: {risk_threshold: 0}");
    let decision = decide(&event, &down.1, &down.0, &[anything], false);
    let Decision::AskHuman { playbook: Some(_), reasons } = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(reasons, ["not everything is known: threat intelligence (feed): timed out"]);
}

/// What the table says, written a second time and differently: as one word per cell.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the cells of a truth table are truth values")]
struct Cell {
    severity: &'static str,
    phase: &'static str,
    canary: bool,
    asset: &'static str,
    degraded: bool,
    malicious: bool,
    gate: &'static str,
    matching: bool,
    breaker_open: bool,
}

fn expected(cell: &Cell) -> &'static str {
    if cell.canary || cell.phase == "resolved" || cell.severity == "informational" {
        return "ignore";
    }
    if !cell.matching {
        return if cell.severity == "odd" { "ask" } else { "notify" };
    }
    let unsafe_to_run = cell.severity == "odd" || cell.degraded || cell.asset != "plain";
    // Malicious with certainty is 50 points, a high severity 20, a critical one 30, history 10.
    let reached = cell.malicious && matches!(cell.severity, "high" | "critical");
    match (unsafe_to_run, reached) {
        (false, false) if matches!(cell.severity, "low" | "medium") => "notify",
        (true, _) | (_, false) => "ask",
        _ if cell.gate == "always" || cell.breaker_open => "ask",
        _ => "run",
    }
}

fn actual(cell: &Cell, playbooks: &[Playbook]) -> &'static str {
    let event = read(
        Shape::Generic,
        &format!(
            r#"{{"source": "edr", "event_type": "{}", "severity": "{}", "status": "{}",
                 "context": {{"canary": {}}}, "entity_type": "host", "entity_value": "ws-1"}}"#,
            if cell.matching { "ransomware" } else { "other" },
            cell.severity,
            cell.phase,
            cell.canary,
        ),
    );
    let asset = |criticality: u8, production_critical: bool, tag: &str| {
        let tags = vec![tag.to_owned()];
        Known::Known(Asset { criticality, production_critical, tags, ..Asset::default() })
    };
    let mut enrichment: Enrichment = known(cell.malicious, 100, 5, 4);
    enrichment.asset = match cell.asset {
        "plain" => asset(5, false, "laptop"),
        "critical" => asset(8, false, "laptop"),
        "production" => asset(5, true, "laptop"),
        "tier0" => asset(5, false, "TIER0"),
        "unknown" => Known::Unknown,
        _ => Known::Unavailable { source: "cmdb".into(), why: "down".into() },
    };
    if cell.degraded {
        enrichment.history = Known::Unavailable { source: "db".into(), why: "down".into() };
        // Enough points without the history, so that only the doubt stops it.
        enrichment.intel = known(cell.malicious, 100, 5, 4).intel;
    }
    let score = seed_v1(&event, &enrichment);
    match decide(&event, &enrichment, &score, playbooks, cell.breaker_open) {
        Decision::Ignore { .. } => "ignore",
        Decision::Notify { .. } => "notify",
        Decision::AskHuman { .. } => "ask",
        Decision::Run { .. } => "run",
    }
}

#[test]
fn the_whole_table() {
    let mut counts = std::collections::BTreeMap::new();
    for gate in ["auto", "always", "never"] {
        let conditions = "conditions: {asset_criticality: \"<= 7\"}";
        let playbooks = [playbook(&format!("{conditions}\ngates: {{human_approval: {gate}}}"))];
        for severity in ["odd", "informational", "low", "medium", "high", "critical"] {
            for phase in ["new", "in_progress", "resolved"] {
                for asset in ["plain", "critical", "production", "tier0", "unknown", "down"] {
                    for bits in 0..32_u8 {
                        let bit = |index: u8| bits & (1 << index) != 0;
                        let cell = Cell {
                            severity,
                            phase,
                            asset,
                            gate,
                            canary: bit(0),
                            degraded: bit(1),
                            malicious: bit(2),
                            matching: bit(3),
                            breaker_open: bit(4),
                        };
                        let decided = actual(&cell, &playbooks);
                        assert_eq!(decided, expected(&cell), "{cell:?}");
                        *counts.entry(decided).or_insert(0) += 1;
                    }
                }
            }
        }
    }
    // Every outcome occurs, and running is the rare one.
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), ["ask", "ignore", "notify", "run"]);
    assert_eq!(counts["run"], 8);
}

#[test]
fn each_doubt_is_named() {
    fn check(more: &str, asset: Asset, reason: &str) {
        let event = host_event("critical");
        let mut enrichment = known(true, 100, 5, 9);
        enrichment.asset = Known::Known(asset);
        let score = seed_v1(&event, &enrichment);
        let decision = decide(&event, &enrichment, &score, &[playbook(more)], false);
        assert!(matches!(decision, Decision::AskHuman { .. }), "{decision:?}");
        assert_eq!(decision.reasons(), [reason]);
    }
    let asset = Asset { criticality: 5, environment: Some("staging".into()), ..Asset::default() };
    let production = Asset { production_critical: true, ..asset.clone() };
    check("", production, "production depends on the asset");
    check("", Asset { criticality: 9, ..asset.clone() }, "criticality 9 is above 8");
    let limit = "conditions: {asset_criticality: \"<= 7\"}";
    check(limit, Asset { criticality: 8, ..asset.clone() }, "criticality 8 is not <= 7");
    let places = "conditions: {environment: [Dev]}";
    check(places, asset.clone(), "the playbook is not for staging");
    let nowhere = Asset { environment: None, ..asset.clone() };
    check(places, nowhere, "the asset's environment is unknown");
    let tagged = Asset { tags: vec!["Domain-Controller".into()], ..asset.clone() };
    check("", tagged, "the asset is labelled Domain-Controller");
    check("gates: {human_approval: true}", asset, "the playbook wants approval");
}

#[test]
fn the_first_playbook_that_would_run_wins() {
    let named = |id: &str, more: &str| {
        let mut playbook = playbook(more);
        playbook.id = id.to_owned();
        playbook
    };
    let event = host_event("critical");
    let enrichment = known(true, 100, 5, 9);
    let score = seed_v1(&event, &enrichment);
    let playbooks = [named("c", ""), named("b", ""), named("a", "gates: {human_approval: always}")];
    let decision = decide(&event, &enrichment, &score, &playbooks, false);
    assert!(matches!(decision, Decision::Run { ref playbook, .. } if playbook == "b"));
    let decision = decide(&event, &enrichment, &score, &playbooks, true);
    assert!(
        matches!(decision, Decision::AskHuman { playbook: Some(ref id), .. } if id == "a"),
        "{decision:?}"
    );
}

#[test]
fn a_playbook_that_does_not_fit_is_offered_not_run() {
    let event = read(
        Shape::Generic,
        r#"{"source": "edr", "event_type": "ransomware", "severity": "critical",
            "entity_type": "user", "entity_value": "ann@example.com"}"#,
    );
    let enrichment = known(true, 100, 5, 9);
    let score = seed_v1(&event, &enrichment);
    let decision = decide(&event, &enrichment, &score, &[playbook("")], false);
    let reason = "step isolate acts on a host, but the entity is a user";
    assert_eq!(decision.reasons(), [reason]);
    assert!(matches!(decision, Decision::AskHuman { .. }));
}

proptest! {
    /// Whatever the numbers: doubt never runs, and the limit is never passed.
    #[test]
    fn doubt_never_runs(
        severity in prop::sample::select(vec!["?", "low", "medium", "high", "critical"]),
        confidence in any::<u8>(),
        criticality in any::<u8>(),
        before in any::<u32>(),
        threshold in 0_u8..=100,
        which in 0..5,
    ) {
        let event = host_event(severity);
        let mut enrichment = known(true, confidence, criticality, before);
        let down = || ("feed".to_owned(), "down".to_owned());
        match which {
            0 => enrichment.asset = Known::Unknown,
            1 => enrichment.asset = Known::Unavailable { source: down().0, why: down().1 },
            2 => enrichment.intel = Known::Unavailable { source: down().0, why: down().1 },
            3 => enrichment.history = Known::Unavailable { source: down().0, why: down().1 },
            _ => {}
        }
        let conditions =
            format!("conditions: {{risk_threshold: {threshold}, asset_criticality: \"<= 7\"}}");
        let playbooks = [playbook(&conditions)];
        let score = seed_v1(&event, &enrichment);
        prop_assert!((0..=100_000).contains(&score.milli));
        if let Decision::Run { .. } = decide(&event, &enrichment, &score, &playbooks, false) {
            prop_assert_eq!(which, 4);
            prop_assert_ne!(event.severity, Severity::Unknown);
            prop_assert!(criticality <= 7);
            prop_assert!(score.milli >= i64::from(threshold) * 1000);
        }
    }
}
