//! What a playbook may say, and what is said about one that may not.

use argus_soc::event::Shape;
use argus_soc::playbook::{
    ActionKind, Approval, EffectClass, OnError, PlanError, Playbook, parse, plan,
};
use proptest::prelude::*;

use crate::{host_event, read};

const HEAD: &str = "playbook: {id: p, name: P, version: \"1.0.0\"}\n";

fn steps(yaml: &str) -> String {
    format!("{HEAD}actions:\n{yaml}\n")
}

fn load(yaml: &str) -> Playbook {
    parse("p.yaml", yaml).unwrap_or_else(|error| panic!("{error}"))
}

const ISOLATE: &str = "  - {id: iso, type: isolate_host, target: \"{{ entity.host }}\", rollback: {id: rel, type: release_host}}";

/// `§` marks the place; it is taken out before the text is read.
fn check(marked: &str, message: &str, help: &str) {
    let at = marked.find('§').unwrap_or_else(|| panic!("no mark in {marked}"));
    let line = marked[..at].matches('\n').count() + 1;
    let column = marked[..at].chars().rev().take_while(|c| *c != '\n').count() + 1;
    let yaml = marked.replace('§', "");
    let error = parse("p.yaml", &yaml).expect_err(&yaml);
    let found = error.0.iter().find(|finding| finding.message == message);
    let found = found.unwrap_or_else(|| panic!("no {message:?} in\n{error}"));
    assert_eq!((found.line, found.column), (line, column), "{found}");
    assert_eq!(found.help.as_deref().unwrap_or_default(), help, "{found}");
}

#[test]
fn conditions_joins_and_waits_are_checked_when_they_are_read() {
    check(
        &steps("  - {id: a, type: notify, when: §\"severty == 'high'\"}"),
        "`severty` is not known in a condition",
        "did you mean `severity`?",
    );
    check(
        &format!("{HEAD}triggers: [{{where: §\"severity ==\"}}]\nactions:\n{ISOLATE}"),
        "this is not CEL: mismatched input '<EOF>'",
        "write something like severity == 'high' && source == 'edr'",
    );
    check(
        &format!("{HEAD}triggers: [{{where: §\"steps.a.done\"}}]\nactions:\n{ISOLATE}"),
        "`steps` is not known in a condition",
        "there are severity, source, family, event_type, title, product, rule, tenant, entity_type, entity, entities, techniques",
    );
    check(
        &steps("  - {id: a, type: notify}\n  - {id: b, type: notify, needs: [a], join: §2}"),
        "`join` must be all, any, or a number from 1 to 1",
        "it says how many of the step's `needs` have to be done",
    );
    check(
        &steps("  - {id: a, type: wait, parameters: §{for: soon}}"),
        "a `wait` says for how long",
        "write parameters: {for: 10m}; there are ms, s, m, h and d",
    );
}

#[test]
fn findings_have_a_place_and_advice() {
    check(
        &format!("{HEAD}§trigers: []\nactions:\n{ISOLATE}"),
        "unknown key `trigers` in the document",
        "did you mean `triggers`?",
    );
    check("§{}", "there is no `playbook` block", "");
    check("playbook: §{id: p, name: P, version: \"1.0.0\"}", "the playbook has no `actions`", "");
    check(
        &format!("playbook: {{id: p, name: P, version: §1.3}}\nactions:\n{ISOLATE}"),
        "the version must be MAJOR.MINOR.PATCH",
        "write it in quotes, as in \"1.0.0\"",
    );
    check(
        &steps("  - {id: a, type: §isolate_hots, target: \"{{ entity.host }}\"}"),
        "`isolate_hots` is not a value of `type`",
        "did you mean `isolate_host`?",
    );
    check(
        &steps("  - §{id: a, type: isolate_host, target: \"{{ entity.host }}\"}"),
        "isolate_host can be undone, but the step has no `rollback`",
        "add one, or write `rollback: none # why`",
    );
    check(
        &steps("  - {id: a, type: revoke_token, target: \"x{{ §entity.valeu }}\"}"),
        "there is no `entity.valeu`",
        "did you mean `entity.value`?",
    );
    check(
        &steps("  - {id: a, type: revoke_token, target: §\"users/{{ entity.value }}\"}"),
        "a target must be exactly one entity of the event",
        "write \"{{ entity.value }}\" or \"{{ entity.host }}\"",
    );
    check(
        &steps("  - {id: a, type: revoke_token, target: §\"{{ entity.host }}\"}"),
        "revoke_token acts on a user, not on a host",
        "write \"{{ entity.value }}\" or \"{{ entity.host }}\"",
    );
    check(
        &steps("  - §{id: a, type: block_ip, rollback: {id: b, type: unblock_ip}}"),
        "block_ip needs a `target`",
        "add target: \"{{ entity.value }}\"",
    );
    check(
        &format!("{HEAD}triggers: [{{severity: [high, §hihg]}}]\nactions:\n{ISOLATE}"),
        "`hihg` is not a value of `severity`",
        "did you mean `high`?",
    );
    check(
        &format!("{HEAD}conditions: {{asset_criticality: §\"about 7\"}}\nactions:\n{ISOLATE}"),
        "this is not a comparison",
        "write an operator and a number from 0 to 10, as in \"<= 7\"",
    );
    check(
        &format!("{HEAD}conditions: {{risk_threshold: §101}}\nactions:\n{ISOLATE}"),
        "the threshold must be a number from 0 to 100",
        "",
    );
    check(
        &format!("{HEAD}gates: {{human_approval: §no}}\nactions:\n{ISOLATE}"),
        "this is not a kind of approval",
        "write true, false, auto, always or never",
    );
    check(
        &format!("{HEAD}gates: {{expires: §15}}\nactions:\n{ISOLATE}"),
        "`expires` is not a duration",
        "write a number and a unit: 500ms, 30s, 15m, 4h, 7d",
    );
    check(
        &format!("{HEAD}execution: {{retry_policy: {{max_attempts: §0}}}}\nactions:\n{ISOLATE}"),
        "`max_attempts` must be a number from 1 to 10",
        "",
    );
}

#[test]
fn findings_about_how_steps_hang_together() {
    fn check(yaml: &str, message: &str) {
        let error = parse("p.yaml", &steps(yaml)).expect_err(yaml);
        let found: Vec<&str> = error.0.iter().map(|finding| finding.message.as_str()).collect();
        assert!(found.contains(&message), "no {message:?} in {found:?}");
    }
    check(
        "  - {id: a, type: notify}\n  - {id: a, type: notify}",
        "the step `a` exists already in line 3",
    );
    check(
        "  - {id: tell, type: notify}\n  - {id: b, type: notify, needs: [tel]}",
        "`b` needs `tel`, which is not a step",
    );
    check(
        "  - {id: a, type: notify, needs: [b]}\n  - {id: b, type: notify, needs: [a]}",
        "`a` waits for itself: a circle among `a`, `b`",
    );
    check("  - {id: a, type: notify, needs: [a]}", "`a` waits for itself: a circle among `a`");
    check(
        "  - {id: a, type: block_ip, target: \"{{ entity.ip }}\", rollback: {id: a, type: unblock_ip}}",
        "`a` is also the id of a rollback",
    );
    check(
        "  - {id: a, type: block_ip, target: \"{{ entity.ip }}\", rollback: {id: b, type: block_ip}}",
        "block_ip does not undo block_ip",
    );
    check(
        "  - {id: a, type: block_ip, target: \"{{ entity.ip }}\", rollback: {id: b, type: create_ticket}}",
        "create_ticket does not undo block_ip",
    );
    check(
        "  - {id: a, type: notify, rollback: {id: b, type: release_host}}",
        "release_host does not undo notify",
    );
    check(
        "  - {id: a, type: block_ip, target: \"{{ entity.value }}\", rollback: {id: b, type: unblock_ip, target: \"{{ entity.ip }}\"}}",
        "a rollback acts on what its step acted on",
    );
    check(
        "  - {id: a, type: block_ip, target: \"{{ entity.ip }}\", rollback: {id: b, type: unblock_ip, rollback: {id: c, type: block_ip}}}",
        "unknown key `rollback` in a rollback",
    );
    check(
        "  - {id: a, type: block_ip, target: \"{{ entity.ip }}\", rollback: none}",
        "`rollback: none` needs its reason",
    );
    check(
        "  - {id: a, type: revoke_token, target: \"{{ entity.user }}\", effect: reversible}",
        "revoke_token is irreversible; it cannot be called reversible",
    );
    check("  []", "a playbook needs at least one step");
    check(
        "  - {id: ../a, type: notify}",
        "`id` may have up to 64 letters, digits, `-`, `_` and `.`",
    );
    let many: Vec<String> = (0..101).map(|i| format!("  - {{id: s{i}, type: notify}}")).collect();
    check(&many.join("\n"), "a playbook may have 100 steps, not 101");
}

#[test]
fn never_cannot_go_with_what_cannot_be_undone() {
    let yaml = |gate: &str| {
        format!(
            "{HEAD}gates: {{human_approval: {gate}}}\nactions:\n  - {{id: a, type: revoke_token, target: \"{{{{ entity.user }}}}\"}}"
        )
    };
    let error = parse("p.yaml", &yaml("never")).unwrap_err();
    let message = "revoke_token cannot be undone, so approval cannot be `never`";
    assert_eq!(error.0[0].message, message);
    for (gate, approval) in [
        ("true", Approval::Always),
        ("false", Approval::Auto),
        ("auto", Approval::Auto),
        ("always", Approval::Always),
    ] {
        assert_eq!(load(&yaml(gate)).gates.human_approval, approval, "{gate}");
    }
}

#[test]
fn hostile_yaml_is_refused() {
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    let deep = format!("playbook: {}{}", "[".repeat(500), "]".repeat(500));
    let long = format!("{HEAD}actions: [{}]", "x, ".repeat(60_000));
    for (name, yaml) in [
        ("anchors", bomb),
        ("merge keys", "base: {x: 1}\nplaybook: {<<: {id: p}}\n"),
        ("tags", "playbook: !!python/object:os.system {id: p}\n"),
        ("duplicate keys", "playbook: {id: p, id: q}\n"),
        ("two documents", "playbook: {id: p}\n---\nplaybook: {id: q}\n"),
        ("depth", &deep),
        ("length", &long),
        ("a tab", "playbook:\n\tid: p\n"),
        ("an open bracket", "playbook: {id: p\n"),
        ("nothing", ""),
        ("a word", "word"),
        ("a list", "- playbook"),
        ("a number as key", "1: {}"),
    ] {
        let error = parse("p.yaml", yaml).expect_err(name);
        assert!(!error.0.is_empty(), "{name}");
        assert!(error.0.iter().all(|finding| finding.line >= 1 && finding.column >= 1), "{name}");
    }
}

#[test]
fn a_finding_shows_the_line() {
    let yaml = format!("{HEAD}gates:\n  human_aproval: true\nactions:\n{ISOLATE}\n");
    insta::assert_snapshot!(parse("night.yaml", &yaml).unwrap_err(), @r"
    error: unknown key `human_aproval` in `gates`
     --> night.yaml:3:3
      |
    3 |   human_aproval: true
      |   ^^^^^^^^^^^^^
      = help: did you mean `human_approval`?
    ");
}

#[test]
fn a_full_document_loads() {
    let mut playbook = load(
        r#"
playbook: {id: full, name: Full, version: "2.0.1", schema: argus/v1, owner: soc,
           review: {approved_by: [ann, bo], sha256: "00"}}
triggers: [{source: EDR, event_type: ransomware, severity: critical, mitre: [T1486]}]
conditions: {asset_criticality: "< 9", environment: staging, risk_threshold: 62.5}
blast: {max_targets: 3, per_hour: 7, percent_of_class: 1, deny_tags: [vip], require_known_asset: true}
gates: {human_approval: always, approvers: soc-leads, quorum: 2, exclude: [subject],
        expires: 20m, on_expire: escalate, dry_run: true, audit_log: true}
execution: {idempotency: true, timeout_seconds: 5, max_duration: 2h,
            retry_policy: {max_attempts: 3, backoff_ms: 10, factor: 3, jitter: none, retry_on: [429, timeout]},
            concurrency: {key: "{{ entity.value }}", policy: reject}}
actions:
  - id: isolate
    type: isolate_host
    target: "{{ entity.host }}"
    rollback: {id: release, type: release_host}
  - id: tell
    type: notify
    needs: [isolate]
    on_error: continue
    parameters: {message: "isolated {{ entity.host }} ({{ severity }})", conversation: 3}
  - id: block
    type: block_ip
    target: "{{ entity.ip }}"
    rollback: none # the address is the attacker's
"#,
    );
    playbook.sha256.clear();
    insta::assert_json_snapshot!(playbook);
}

#[test]
fn the_hash_is_of_the_text() {
    let one = load(&steps(ISOLATE));
    assert_eq!(one.sha256.len(), 64);
    assert_eq!(one.sha256, load(&steps(ISOLATE)).sha256);
    assert_ne!(one.sha256, load(&format!("# a comment\n{}", steps(ISOLATE))).sha256);
}

#[test]
fn defect_i_a_rollback_has_the_target_of_its_step() {
    let planned = plan(&load(&steps(ISOLATE)), &host_event("high")).unwrap();
    let rollback = planned[0].rollback.as_ref().unwrap();
    assert_eq!(rollback.action, ActionKind::ReleaseHost);
    assert_eq!(rollback.target, planned[0].target);
    assert_eq!((rollback.effect, rollback.on_error), (EffectClass::Reversible, OnError::Continue));
    // The runner's way of writing it means the same.
    let seed = "  - {id: iso, type: isolate_host, target: \"{{ entity.host }}\", rollback: {id: rel, type: isolate_host, parameters: {action: release}}}";
    let planned = plan(&load(&steps(seed)), &host_event("high")).unwrap();
    assert_eq!(planned[0].rollback.as_ref().unwrap().action, ActionKind::ReleaseHost);
}

#[test]
fn defect_j_hostile_values_never_become_targets() {
    fn check(kind: &str, value: &str, action: &str, undo: &str) {
        let rollback = if undo.is_empty() {
            String::new()
        } else {
            format!(", rollback: {{id: b, type: {undo}}}")
        };
        let yaml = steps(&format!(
            "  - {{id: a, type: {action}, target: \"{{{{ entity.value }}}}\"{rollback}}}"
        ));
        let raw = serde_json::json!({"entity_type": kind, "entity_value": value}).to_string();
        let error = plan(&load(&yaml), &read(Shape::Generic, &raw));
        assert!(matches!(error, Err(PlanError::BadTarget { .. })), "{value:?}: {error:?}");
    }
    let long = "a".repeat(254);
    for host in [
        "../../machines",
        "a/b",
        "a?b=c",
        "a b",
        "a'b",
        "a%2fb",
        "a..b",
        "-rf",
        ".a",
        "a\u{202e}b",
        "ä",
        "a;b",
        "${jndi}",
        "{{x}}",
        &long,
    ] {
        check("host", host, "isolate_host", "release_host");
    }
    for user in ["../me", "a/b", "a b", "a?$filter=x", "a\"b", "a\nb", "a%00"] {
        check("user", user, "revoke_token", "");
    }
    for ip in
        ["0.0.0.0", "127.0.0.1", "::", "::1", "224.0.0.1", "255.255.255.255", "10.0.0.0/8", "x"]
    {
        check("ip", ip, "block_ip", "unblock_ip");
    }
}

#[test]
fn values_are_data_in_parameters() {
    let yaml = steps(
        "  - {id: a, type: http_request, parameters: {\"{{ severity }}\": \"[{{ entity.value }}]\"}}",
    );
    let raw = r#"{"entity_type": "x", "entity_value": "\"}, {{ severity }}", "severity": "low"}"#;
    let planned = plan(&load(&yaml), &read(Shape::Generic, raw)).unwrap();
    let expected = serde_json::json!({"{{ severity }}": "[\"}, {{ severity }}]"});
    assert_eq!(planned[0].parameters, expected);
}

#[test]
fn a_plan_needs_its_values() {
    let no_entity = read(Shape::Generic, r#"{"severity": "high"}"#);
    let error = plan(&load(&steps(ISOLATE)), &no_entity).unwrap_err();
    assert_eq!(
        error.to_string(),
        "step iso needs {{ entity.host }}, which the event does not have"
    );
    let yaml = steps("  - {id: a, type: http_request, parameters: {id: \"{{ entity.ids.arn }}\"}}");
    let error = plan(&load(&yaml), &host_event("high")).unwrap_err();
    assert_eq!(error.to_string(), "step a needs entity.ids.arn, which the event does not have");
}

#[test]
fn needs_come_first() {
    let yaml = steps(
        "  - {id: c, type: notify, needs: [a, b]}\n  - {id: b, type: notify, needs: [a]}\n  - {id: a, type: notify}\n  - {id: d, type: notify}",
    );
    let planned = plan(&load(&yaml), &host_event("high")).unwrap();
    let order: Vec<&str> = planned.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(order, ["a", "b", "c", "d"]);
}

#[test]
fn triggers_match_sources_and_families() {
    fn check(trigger: &str, expected: bool) {
        let playbook = load(&format!("{HEAD}triggers: [{trigger}]\nactions:\n{ISOLATE}"));
        let raw = r#"{"source": "EDR", "event_type": "Ransomware", "severity": "high",
                      "techniques": ["T1078.004"], "entity_type": "host", "entity_value": "h"}"#;
        assert_eq!(playbook.triggered_by(&read(Shape::Auto, raw)), expected, "{trigger}");
    }
    check("{}", true);
    check("{source: edr}", true);
    check("{source: siem}", false);
    check("{event_type: ransomware}", true);
    check("{event_type: ransom}", false);
    check("{severity: [low, HIGH]}", true);
    check("{severity: [low]}", false);
    check("{mitre: [T1078]}", true);
    check("{mitre: [t1078.004]}", true);
    check("{mitre: [T107]}", false);
    check("{mitre: [T1486]}", false);
    let by_hand = load(&steps(ISOLATE));
    assert!(!by_hand.triggered_by(&host_event("high")), "without triggers only people start it");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in r#"[a-z:{}\[\]"'\-#&*!|>%@ \n\t0-9é]{0,80}"#) {
        if let Err(error) = parse("p.yaml", &text) {
            prop_assert!(!error.0.is_empty());
            prop_assert!(error.to_string().contains("p.yaml:"));
        }
    }

    /// Cutting or changing the example anywhere gives findings or a playbook, never a panic.
    #[test]
    fn a_damaged_example_is_read_or_refused(at in 0..1400_usize, with in "[ -~\n]{0,3}") {
        for text in [crate::s2::INDENTED.to_owned(), crate::s2::flattened()] {
            let at = at.min(text.len());
            let damaged = format!("{}{with}{}", &text[..at], &text[(at + with.len()).min(text.len())..]);
            if let Err(error) = parse("p.yaml", &damaged) {
                prop_assert!(!error.0.is_empty());
            }
        }
    }
}

#[test]
fn what_reads_a_result_waits_for_it_and_data_never_does() {
    let yaml = steps(
        "  - {id: a, type: create_ticket, rollback: none # people\n    }\n  - {id: b, type: notify, parameters: {message: \"{{ entity.value | trim }}: {{ steps.a.detail }}\"}}\n  - {id: c, type: notify, parameters: {message: \"{{ entity.value }}\"}}",
    );
    let raw = r#"{"entity_type": "x", "entity_value": "{{ steps.a.detail }}", "severity": "low"}"#;
    let planned = plan(&load(&yaml), &read(Shape::Generic, raw)).unwrap();
    let late: Vec<&str> = planned[1].late.keys().map(String::as_str).collect();
    assert_eq!(late, ["/message"]);
    assert!(planned[1].parameters["message"].is_null());
    assert!(planned[2].late.is_empty(), "what an alert says is data");
    assert_eq!(planned[2].parameters["message"], "{{ steps.a.detail }}");
}

#[test]
fn a_word_that_an_alert_fills_must_be_one_of_the_table() {
    let yaml = steps(
        "  - {id: a, type: update_incident, parameters: {severity: \"{{ severity }}\", status: active}}",
    );
    let planned = plan(&load(&yaml), &host_event("high")).unwrap();
    assert_eq!(planned[0].parameters["severity"], "High");
    assert_eq!(planned[0].parameters["status"], "Active");
    let error = plan(&load(&yaml), &host_event("critical")).unwrap_err();
    let why = "step a: `severity` must be one of High, Medium, Low, Informational";
    assert_eq!(error.to_string(), why);
}

#[test]
fn parameters_are_those_of_the_action() {
    let scan = |parameters: &str| {
        steps(&format!(
            "  - {{id: a, type: scan_host, target: \"{{{{ entity.host }}}}\", parameters: {{{parameters}}}}}"
        ))
    };
    check(
        &scan("§scan_typ: Full"),
        "scan_host has no parameter `scan_typ`",
        "did you mean `scan_type`?",
    );
    check(&scan("§x: 1"), "scan_host has no parameter `x`", "there are scan_type, connector");
    check(
        &scan("scan_type: §Ful"),
        "`scan_type` must be one of Quick, Full",
        "did you mean `Full`?",
    );
    check(&scan("connector: §[a]"), "`connector` must be a text", "");
    check(
        &steps("  - §{id: a, type: comment_ticket}"),
        "comment_ticket needs the parameter `text`",
        "add parameters: {text: …}",
    );
    check(
        &steps("  - {id: a, type: notify, parameters: {message: \"{{ §title | shout }}\"}}")
            .replace("§title | shout", "title | §shout"),
        "unknown filter: filter shout is unknown",
        "templates are those of minijinja, without includes, macros and functions",
    );
    check(
        &steps(
            "  - {id: b, type: notify}\n  - §{id: a, type: notify, needs: [], parameters: {message: \"{{ steps.b.detail }}\"}}",
        ),
        "`a` reads a result of `b`, which it does not need",
        "add it: needs: [b]",
    );
}
