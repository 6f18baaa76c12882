//! CACAO in and out.

use argus_soc::playbook::{Playbook, cacao, parse, write_yaml};
use serde_json::{Value, json};

fn file(workflow: &Value) -> Vec<u8> {
    json!({
        "type": "playbook", "spec_version": "cacao-2.0", "id": "playbook--1", "name": "Contain it",
        "workflow_start": "start--1", "workflow": workflow,
        "playbook_variables": {
            "__owner__": {"type": "string", "value": "the owner"},
            "__tier__": {"type": "integer", "value": 3},
        },
    })
    .to_string()
    .into_bytes()
}

fn manual(command: &str, next: &str) -> Value {
    json!({"type": "action", "name": command, "on_completion": next,
           "commands": [{"type": "manual", "command": command}]})
}

fn imported(workflow: &Value) -> (Playbook, Vec<cacao::Note>) {
    let imported = cacao::import(&file(workflow)).unwrap();
    let playbook = parse("imported.yaml", &imported.yaml)
        .unwrap_or_else(|error| panic!("{error}\n{}", imported.yaml));
    (playbook, imported.report)
}

#[test]
fn ways_become_needs_and_conditions() {
    let (playbook, report) = imported(&json!({
        "start--1": {"type": "start", "on_completion": "parallel--1"},
        "parallel--1": {"type": "parallel", "next_steps": ["action--a", "action--b"],
                        "on_completion": "if--1"},
        "action--a": manual("call __owner__:value", "end--1"),
        "action--b": manual("look", "end--1"),
        "if--1": {"type": "if-condition", "condition": "__severity__:value = 'critical'",
                  "on_true": "action--c", "on_completion": "action--d"},
        "action--c": manual("wake them", "end--1"),
        "action--d": manual("write it down", "end--1"),
        "end--1": {"type": "end"},
    }));
    let steps: Vec<_> = playbook
        .actions
        .iter()
        .map(|it| {
            let when = it.when.as_ref().map_or("", |it| it.text());
            (it.id.as_str(), it.needs.join(","), when.to_owned())
        })
        .collect();
    let at = |id: &str| steps.iter().find(|it| it.0 == id).unwrap().clone();
    assert_eq!(at("call-owner-value").1, "");
    assert_eq!(at("look").1, "");
    let wake = at("wake-them");
    assert_eq!(wake.1, "call-owner-value,look");
    assert_eq!(wake.2, "(severity == 'critical')");
    assert_eq!(at("otherwise").2, "(!(severity == 'critical'))");
    assert_eq!(at("write-it-down").1, "wake-them,otherwise");
    assert!(report.iter().all(|it| !it.refused), "{report:?}");
    let message = &playbook.actions[0].parameters["message"];
    assert_eq!(message, "call the owner");
}

#[test]
fn what_would_run_code_or_never_end_is_left_out_and_said() {
    let code = |kind: &str| json!({"type": kind, "command": "rm -rf /"});
    let workflow = json!({
        "start--1": {"type": "start", "on_completion": "action--a"},
        "action--a": {"type": "action", "name": "a", "on_completion": "while--1",
            "commands": [code("bash"), code("ssh"), code("powershell"), code("caldera-cmd"),
                         {"type": "manual", "command": "look"}, {"type": "manual", "command": "ask __who__:value"}]},
        "while--1": {"type": "while-condition", "condition": "__tier__:value > 2",
                     "on_true": "action--b", "on_completion": "switch--1"},
        "action--b": manual("again", "end--1"),
        "switch--1": {"type": "switch-condition", "switch": "__tier__:value",
            "cases": {"3": "action--c", "default": "end--1"}, "on_completion": "end--1"},
        "action--c": manual("tier 3", "end--1"),
        "end--1": {"type": "end"},
    });
    let (playbook, report) = imported(&workflow);
    let ids: Vec<&str> = playbook.actions.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["a", "tier-3", "otherwise"]);
    let said = format!("{report:?}");
    for word in ["bash", "ssh", "powershell", "caldera-cmd", "__who__", "max_iterations"] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
}

#[test]
fn a_loop_that_ends_is_unrolled() {
    let (playbook, _) = imported(&json!({
        "start--1": {"type": "start", "on_completion": "while--1"},
        "while--1": {"type": "while-condition", "condition": "__tier__:value > 2", "on_true": "action--b",
            "step_extensions": {"extension-definition--x": {"max_iterations": 3}},
            "on_completion": "end--1"},
        "action--b": manual("again", "end--1"),
        "end--1": {"type": "end"},
    }));
    let ids: Vec<&str> = playbook.actions.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["again", "again-2", "again-3"]);
    assert_eq!(playbook.actions[2].needs, ["again-2"]);
}

#[test]
fn a_broken_file_is_refused_with_its_place() {
    fn check(file: &[u8], pointer: &str, part: &str) {
        let error = cacao::import(file).unwrap_err();
        assert_eq!(error.pointer, pointer, "{error}");
        assert!(error.why.contains(part), "{error}");
    }
    check(b"{", "/", "not JSON");
    check(b"{}", "/type", "playbook");
    check(br#"{"type": "playbook", "spec_version": "1.1"}"#, "/spec_version", "cacao-2.0");
    let with = |steps: Value| file(&steps);
    check(&file(&json!([])), "/workflow", "object");
    check(&with(json!({})), "/workflow_start", "no step");
    let start = |next: &str| json!({"type": "start", "on_completion": next});
    check(&with(json!({"start--1": start("gone")})), "/workflow/start--1/on_completion", "no step");
    check(&with(json!({"start--1": start("start--1")})), "/workflow/start--1", "circle");
    check(&with(json!({"start--1": {"type": "dance"}})), "/workflow/start--1/type", "dance");
    let empty = json!({"start--1": start("a"), "a": {"type": "action", "commands": []}});
    check(&with(empty), "/workflow/a/commands", "at least one");
    let code =
        json!({"start--1": start("a"), "a": {"type": "action", "commands": [{"type": "bash"}]}});
    check(&with(code), "/workflow", "bash");
    let odd = json!({"start--1": start("p"), "p": {"type": "parallel", "next_steps": [7]}});
    check(&with(odd), "/workflow/p/next_steps/0", "id of a step");
    // Branches that lie in one another for ever.
    let deep = json!({"start--1": start("p"), "p": {"type": "parallel", "next_steps": ["p"]}});
    check(&with(deep), "/workflow/p/next_steps/0", "too deep");
}

/// Playbooks of every shape that the language has.
const OURS: [&str; 3] = [
    include_str!("../../playbooks/isolate-host.yaml"),
    include_str!("../../playbooks/create-ticket.yaml"),
    r#"
playbook: {id: all, name: "All of it", version: "2.1.0", owner: soc, review: {approved_by: [ann]}}
triggers: [{source: edr, severity: [high], mitre: [T1486], where: "severity == 'high'"}]
conditions: {asset_criticality: "<= 7", environment: [staging], risk_threshold: 74.5}
blast: {max_targets: 2, per_hour: 9, percent_of_class: 3, deny_tags: [tier0]}
gates: {human_approval: always, approvers: soc, quorum: 2, exclude: [requester, subject], expires: 90s, on_expire: escalate, undo_until: 8h}
execution: {max_parallel: 3, max_duration: 90m, on_cancel: keep, concurrency: {key: "{{ entity.value }}", policy: reject}}
actions:
  - {id: a, type: isolate_host, target: "{{ entity.host }}", needs: [], rollback: {id: ra, type: release_host}}
  - {id: b, type: disable_user, target: "{{ entity.user }}", needs: [], on_error: continue, rollback: none # they ask
    }
  - {id: c, type: notify, needs: [a, b], join: any, when: "steps.a.done", parameters: {message: "{{ entity.value }} off"}}
  - {id: d, type: wait, needs: [a, b, c], join: 2, parameters: {for: 5m}}
"#,
];

#[test]
fn what_was_exported_comes_back_as_it_was() {
    for text in OURS {
        let mut playbook = parse("ours.yaml", text).unwrap();
        let exported = cacao::export(&playbook).unwrap();
        assert_eq!(exported, cacao::export(&playbook).unwrap(), "the same bytes each time");
        let imported = cacao::import(exported.as_bytes()).unwrap();
        let mut again = parse("again.yaml", &imported.yaml)
            .unwrap_or_else(|error| panic!("{error}\n{}", imported.yaml));
        again.sha256.clear();
        playbook.sha256.clear();
        (again.warnings, playbook.warnings) = (Vec::new(), Vec::new());
        assert_eq!(again, playbook);
        // Another tool that knows none of our extensions still reads a playbook.
        let mut plain: Value = serde_json::from_str(&exported).unwrap();
        plain.as_object_mut().unwrap().remove("playbook_extensions");
        let read = cacao::import(plain.to_string().as_bytes()).unwrap();
        assert_eq!(
            parse("plain.yaml", &read.yaml).unwrap().actions.len(),
            playbook.actions.len(),
            "{}",
            read.yaml
        );
    }
}

#[test]
fn every_file_of_the_corpus_is_taken_or_refused_with_a_place() {
    let Some(folder) =
        crate::corpus::folder("cacao", "every_file_of_the_corpus_is_taken_or_refused_with_a_place")
    else {
        return;
    };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "json") {
            continue;
        }
        seen += 1;
        match cacao::import(&std::fs::read(&path).unwrap()) {
            Ok(imported) => {
                parse("corpus.yaml", &imported.yaml).unwrap_or_else(|error| {
                    panic!("{}: {error}\n{}", path.display(), imported.yaml)
                });
            }
            Err(error) => assert!(error.pointer.starts_with('/'), "{}: {error}", path.display()),
        }
    }
    assert!(seen > 0, "the corpus is empty");
}

#[test]
fn yaml_reads_as_what_it_says() {
    let tricky = json!({"a b": "no", "c": ["- x", ": y", "#z", "", "\u{2028}"], "d": {}, "e": [{"f": null}]});
    let text = write_yaml(&tricky);
    assert!(text.contains("\"a b\""), "{text}");
}
