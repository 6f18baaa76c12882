//! Playbooks that somebody wrote to hurt: each is refused, at its place, in bounded time.

use std::time::{Duration, Instant};

use argus_soc::playbook::{Diagnostics, parse, schema};

/// What no key takes: the wrong shape, no number, too large a number, a bomb's parts, code.
const VALUES: [&str; 9] = [
    "[[1]]",
    ".nan",
    "99999999999999999999999999",
    "1e999",
    "&a x",
    "*a",
    "!!python/object:os.system x",
    "!custom {}",
    "{<<: {zz: 1}}",
];

/// Each block of a playbook: its name in the schema, the keys that it must have, and a document
/// around it.
type Block = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const BLOCKS: [Block; 11] = [
    (
        "playbook",
        &[
            ("id", "p"),
            ("name", "P"),
            ("version", "\"1.0.0\""),
            ("actions", "[{id: n, type: notify}]"),
        ],
        "playbook: §\n",
    ),
    (
        "review",
        &[],
        "playbook: {id: p, name: P, version: \"1.0.0\", review: §\n}\nactions: [{id: n, type: notify}]",
    ),
    ("trigger", &[], "triggers: [§\n]\n"),
    ("conditions", &[], "conditions: §\n"),
    ("blast", &[], "blast: §\n"),
    ("gates", &[], "gates: §\n"),
    ("execution", &[], "execution: §\n"),
    ("retry_policy", &[], "execution: {retry_policy: §\n}\n"),
    ("concurrency", &[("key", "k")], "execution: {concurrency: §\n}\n"),
    (
        "step",
        &[
            ("id", "a"),
            ("type", "isolate_host"),
            ("target", "\"{{ entity.host }}\""),
            ("rollback", "{id: b, type: release_host}"),
        ],
        "actions: [§\n]\n",
    ),
    (
        "rollback",
        &[("id", "b"), ("type", "release_host")],
        "actions: [{id: a, type: isolate_host, target: \"{{ entity.host }}\", rollback: §\n}]\n",
    ),
];

const HEAD: &str = "playbook: {id: p, name: P, version: \"1.0.0\"}\n";
const ACTIONS: &str = "actions: [{id: n, type: notify}]\n";

/// The document with one key of one block set, and the line on which it stands.
fn document(block: &Block, key: &str, value: &str) -> (String, usize) {
    let (_, needed, around) = block;
    let mut fields: Vec<String> = needed
        .iter()
        .filter(|(name, _)| *name != key)
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    fields.push(format!("{key}: {value}"));
    let mut text = around.replace('§', &format!("{{{}}}", fields.join(", ")));
    if !text.starts_with("playbook") {
        text.insert_str(0, HEAD);
    }
    if !text.contains("actions:") {
        text.push_str(ACTIONS);
    }
    let line = usize::from(!around.starts_with("playbook")) + 1;
    (text, line)
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).flat_map(|n| [line(n), "\n".to_owned()]).collect()
}

/// Reads what must not load. A file has no say in how long that takes.
#[expect(clippy::disallowed_methods, reason = "that it ends soon is what is tested")]
fn refused(what: &str, yaml: &str) -> Diagnostics {
    let begun = Instant::now();
    let read = parse("evil.yaml", yaml);
    // A release build needs a hundredth of it; a quadratic reader would need minutes.
    assert!(begun.elapsed() < Duration::from_secs(5), "{what} took {:?}", begun.elapsed());
    let Err(error) = read else { panic!("{what} loads") };
    assert!(!error.0.is_empty(), "{what}: no finding");
    for finding in &error.0 {
        let lines = yaml.lines().count() + 1;
        assert!((1..=lines).contains(&finding.line), "{what}: line {}", finding.line);
        assert!(finding.column >= 1 && !finding.message.is_empty(), "{what}: {finding:?}");
    }
    error
}

#[test]
fn no_key_takes_what_is_no_value_of_it() {
    let schema = schema();
    let mut tried = 0;
    for block in &BLOCKS {
        let (good, _) = document(block, "zz", "1");
        let found = refused("an unknown key", &good);
        assert!(found.0.iter().all(|it| it.message.contains("unknown key `zz`")), "{found}");
        let keys = schema["$defs"][block.0]["properties"].as_object().unwrap();
        for key in keys.keys() {
            for value in VALUES {
                let (text, line) = document(block, key, value);
                let error = refused(&format!("{}.{key}: {value}", block.0), &text);
                let here = error.0.iter().any(|it| it.line == line);
                assert!(
                    here,
                    "{}.{key}: {value} is not reported in line {line}:\n{error}",
                    block.0
                );
                tried += 1;
            }
            let (twice, _) = document(block, key, &format!("x, {key}: y"));
            let error = refused(&format!("{}.{key} twice", block.0), &twice);
            assert!(error.to_string().contains("uplicate"), "{}.{key}: {error}", block.0);
        }
    }
    assert!(tried >= 200, "only {tried} files");
}

#[test]
fn what_is_no_document_is_refused_where_it_ends_to_be_one() {
    let bomb = lines(29, |n| {
        let refers = vec![format!("*l{n}"); 9].join(", ");
        format!("l{}: &l{} [{refers}]", n + 1, n + 1)
    });
    let steps = lines(2_000, |n| format!("  - {{id: s{n}, type: notify}}"));
    let chain =
        lines(100, |n| format!("  - {{id: s{n}, type: notify, needs: [s{}]}}", (n + 1) % 100));
    let files = [
        ("nothing", String::new()),
        ("a comment", "# nothing\n".to_owned()),
        ("a text", "run everything".to_owned()),
        ("a bomb", format!("l0: &l0 [x]\n{bomb}{HEAD}{ACTIONS}")),
        ("deep lists", "[".repeat(100_000)),
        ("deep blocks", "{a: ".repeat(100_000)),
        ("deep indentation", lines(3_000, |n| format!("{}a:", " ".repeat(n)))),
        ("deep dashes", "- ".repeat(100_000)),
        ("many documents", "---\na: 1\n".repeat(1_000)),
        ("two playbooks", format!("{HEAD}{ACTIONS}---\n{HEAD}{ACTIONS}")),
        ("a tab", format!("{HEAD}actions:\n\t- {{id: n, type: notify}}\n")),
        ("an open quote", format!("{HEAD}{ACTIONS}gates: {{approvers: \"soc}}\n")),
        ("an open bracket", format!("{HEAD}actions: [{{id: n, type: notify}}\n")),
        ("a control character", format!("{HEAD}{ACTIONS}gates: {{approvers: a\u{0}b}}\n")),
        ("a long text", format!("{HEAD}{ACTIONS}x: {}\n", "a".repeat(2_000_000))),
        ("a long key", format!("{HEAD}{ACTIONS}{}: 1\n", "k".repeat(100_000))),
        ("many steps", format!("{HEAD}actions:\n{steps}")),
        ("a ring of steps", format!("{HEAD}actions:\n{chain}")),
        ("many unknown keys", lines(20_000, |n| format!("k{n}: 1"))),
        ("a key that is a list", format!("{HEAD}{ACTIONS}? [a, b]\n: 1\n")),
        ("a hidden letter", HEAD.replace("id: p", "id: p\u{200b}") + ACTIONS),
        ("a turned text", HEAD.replace("id: p", "id: \u{202e}p") + ACTIONS),
        ("a path", HEAD.replace("id: p", "id: ../../p") + ACTIONS),
    ];
    for (what, yaml) in &files {
        refused(what, yaml);
    }
}

#[test]
fn a_file_that_breaks_off_is_refused_or_loses_its_end_only() {
    let whole = include_str!("s2.yaml");
    let intended = parse("s2.yaml", whole).unwrap();
    let mut refusals = 0;
    for (end, _) in whole.char_indices() {
        let part = &whole[..end];
        if let Ok(playbook) = parse("cut.yaml", part) {
            // YAML has no end mark: a file may end after any step. What is left does what it did.
            for (left, step) in playbook.actions.iter().zip(&intended.actions) {
                assert_eq!((&left.id, left.action), (&step.id, step.action), "{part}");
                assert!(left.effect >= step.effect, "{part}");
            }
        } else {
            refused("a part", part);
            refusals += 1;
        }
    }
    assert!(refusals > 500, "only {refusals} of {} parts are refused", whole.len());
}
