//! The automation runner's own example playbook, as it was meant and as it circulates.

use argus_soc::decide::{Decision, decide};
use argus_soc::event::{Severity, Shape};
use argus_soc::playbook::{ActionKind, Approval, EffectClass, Playbook, parse, plan};
use argus_soc::score::seed_v1;

use crate::{known, read};

/// The configuration template with the indentation that its grammar implies.
pub(crate) const INDENTED: &str = include_str!("s2.yaml");

/// The same lines as they stand in the source text: every one in the first column.
pub(crate) fn flattened() -> String {
    INDENTED.lines().flat_map(|line| [line.trim_start(), "\n"]).collect()
}

fn without_source(mut playbook: Playbook) -> Playbook {
    playbook.sha256.clear();
    playbook.warnings.clear();
    playbook
}

#[test]
fn it_loads() {
    let playbook = parse("s2.yaml", INDENTED).unwrap();
    assert_eq!((playbook.id.as_str(), playbook.version.as_str()), ("IR-AUTO-042", "1.3.0"));
    assert_eq!(playbook.name, "Credential Compromise Containment");
    assert_eq!(playbook.triggers.len(), 1);
    assert_eq!(playbook.triggers[0].severity, [Severity::High, Severity::Critical]);
    assert_eq!(playbook.conditions.asset_criticality.unwrap().to_string(), "<= 7");
    assert_eq!(playbook.conditions.environment, ["staging", "dev", "sandbox"]);
    assert_eq!(playbook.conditions.risk_threshold_milli, 75_000);
    assert_eq!(playbook.gates.human_approval, Approval::Auto);
    assert!(!playbook.gates.dry_run);
    assert_eq!(playbook.execution.timeout_ms, 30_000);
    assert_eq!(playbook.execution.retry.max_attempts, 2);
    assert_eq!(playbook.execution.retry.backoff_ms, 1000);
    let kinds: Vec<_> = playbook.actions.iter().map(|step| step.action).collect();
    assert_eq!(kinds, [ActionKind::RevokeToken, ActionKind::CreateTicket]);
    // In this form order means order.
    assert_eq!(playbook.actions[1].needs, ["revoke-session"]);
}

#[test]
fn it_loads_without_its_indentation() {
    let restored = parse("s2.yaml", &flattened()).unwrap();
    assert!(restored.warnings[0].message.contains("no indentation"));
    let intended = parse("s2.yaml", INDENTED).unwrap();
    assert_ne!(restored.sha256, intended.sha256, "the hash is of the text that was given");
    assert_eq!(without_source(restored), without_source(intended));
}

#[test]
fn a_flattened_file_is_refused_when_its_structure_is_not_certain() {
    fn check(from: &str, to: &str) {
        let text = flattened();
        assert!(text.contains(from), "{from}");
        assert!(parse("s2.yaml", &text.replacen(from, to, 1)).is_err(), "{to}");
    }
    // A parameter that is called like a key of the step.
    check("scope: \"active_sessions\"\n", "target: \"x\"\n");
    // A nested parameter.
    check("scope: \"active_sessions\"\n", "nested:\nscope: x\n");
    // One line that is indented: somebody meant something by it.
    check("name:", "  name:");
    // A key that nobody knows.
    check("name:", "naem:");
    // A list where none belongs.
    check("asset_criticality:", "- asset_criticality:");
}

#[test]
fn places_in_a_flattened_file_are_those_of_the_file() {
    let text = flattened().replace("{{ severity }}", "{{ severty }}");
    let error = parse("s2.yaml", &text).unwrap_err();
    let line = text.lines().position(|line| line.contains("severty")).unwrap() + 1;
    assert_eq!((error.0[0].line, error.0[0].column), (line, 15), "{error}");
}

#[test]
fn defect_h_restore_session_is_irreversible() {
    let playbook = parse("s2.yaml", INDENTED).unwrap();
    let warning = &playbook.warnings[0];
    assert!(warning.message.contains("`restore-session` will not run"), "{warning}");
    assert_eq!((warning.line, warning.column), (21, 9));
    let revoke = &playbook.actions[0];
    assert_eq!(revoke.effect, EffectClass::Irreversible);
    assert_eq!(revoke.rollback, None);
    let event = credential_theft();
    let planned = plan(&playbook, &event).unwrap();
    assert_eq!((planned[0].effect, &planned[0].rollback), (EffectClass::Irreversible, &None));
    // So a person decides, although the file wants none.
    let enrichment = known(true, 100, 5, 5);
    let score = seed_v1(&event, &enrichment);
    let decision = decide(&event, &enrichment, &score, &[playbook], false);
    assert_eq!(decision.reasons(), ["a step of the playbook cannot be undone"]);
    assert!(matches!(decision, Decision::AskHuman { playbook: Some(_), .. }));
}

#[test]
fn its_plan_has_values_for_its_places() {
    let planned = plan(&parse("s2.yaml", INDENTED).unwrap(), &credential_theft()).unwrap();
    insta::assert_json_snapshot!(planned);
}

fn credential_theft() -> argus_soc::event::SecurityEvent {
    read(
        Shape::Auto,
        r#"{"source": "edr", "event_type": "credential_theft", "severity": "critical",
            "entity_type": "user", "entity_value": "Ann@Example.com",
            "metadata": {"aad_user_id": "u-1"}}"#,
    )
}
