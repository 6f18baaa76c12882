//! Small promises about the repository that nobody should have to remember.

use std::collections::BTreeSet;
use std::path::Path;

use crate::files::{File, read, root, under};

/// Most lines of a file without its tests. A longer one says why in its head, with `LONG`.
const MOST_LINES: usize = 420;
const LONG: &str = "Long because";
/// Endings of files that people write as code.
const CODE: [&str; 9] =
    [".rs", ".ts", ".mjs", ".css", ".html", ".toml", ".yaml", "check", ".ci/run"];

/// The marks of unfinished work, written so that this file does not contain them.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("unimple", "mented!("),
    concat!("to", "do!("),
];

/// Places of somebody's computer.
const MACHINE: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp/", "wt"), concat!("/ho", "me/")];

/// Hosts that packages come from; a lock file that names one works only where it is reached.
const REGISTRIES: [&str; 6] = [
    concat!("registry.", "npmjs"),
    concat!("npm", "mirror"),
    concat!("arti", "factory"),
    concat!("jfr", "og.io"),
    concat!("pkgs.", "dev.azure"),
    concat!("static.", "crates.io"),
];

fn is_code(path: &str) -> bool {
    CODE.iter().any(|end| path.ends_with(end))
}

/// Whether `text` has `mark` as a word of its own.
fn has_word(text: &str, mark: &str) -> bool {
    text.match_indices(mark).any(|(at, _)| {
        let part = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
        let after = text[at + mark.len()..].chars().next();
        !part(text[..at].chars().next_back()) && (mark.ends_with('(') || !part(after))
    })
}

/// The lines of a file without its unit tests.
fn length(text: &str) -> usize {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().lines().count()
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.contains("/test/") || path.ends_with("/tests.rs")
}

/// The targets of the links in a Markdown text, without code blocks.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            let target = line[at + 2..].split(')').next().unwrap_or_default();
            found.push(target.split_whitespace().next().unwrap_or_default().to_owned());
        }
    }
    found
}

/// Whether a link of `file` leads to something that is there; other places are not looked up.
fn leads_somewhere(file: &File, target: &str) -> bool {
    let elsewhere = ["http://", "https://", "mailto:", "#"];
    if elsewhere.iter().any(|it| target.starts_with(it)) || target.contains("::") {
        return true;
    }
    let path = target.split('#').next().unwrap_or_default();
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    root().join(folder).join(path).exists()
}

/// Every finding, one per line, so that one run shows them all.
fn none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn nothing_is_left_unfinished() {
    let files = under("");
    let mut found = Vec::new();
    for file in files.iter().filter(|file| is_code(&file.path)) {
        for (at, line) in file.text.lines().enumerate() {
            let marks = UNFINISHED.iter().filter(|mark| has_word(line, mark));
            found.extend(marks.map(|mark| format!("{}:{}: {mark}", file.path, at + 1)));
        }
    }
    none(&found);
}

#[test]
fn no_place_of_one_machine_and_no_registry_is_named() {
    let mut found = Vec::new();
    for file in under("").iter().filter(|file| file.path != "Cargo.lock") {
        for needle in MACHINE.iter().chain(&REGISTRIES) {
            if let Some(line) = file.text.lines().position(|line| line.contains(needle)) {
                found.push(format!("{}:{}: {needle}", file.path, line + 1));
            }
        }
    }
    none(&found);
}

#[test]
fn modules_are_files_of_their_name() {
    let files = under("");
    let is_mod = |file: &&File| file.path.ends_with("/mod.rs");
    none(&files.iter().filter(is_mod).map(|file| file.path.clone()).collect::<Vec<_>>());
}

#[test]
fn files_are_short_or_say_why_not() {
    let mut found = Vec::new();
    for file in under("").iter().filter(|file| file.path.ends_with(".rs") && !is_test(&file.path)) {
        let lines = length(&file.text);
        let explained = file.text.lines().take(20).any(|line| line.contains(LONG));
        if lines > MOST_LINES && !explained {
            found.push(format!(
                "{}: {lines} lines without tests; the limit is {MOST_LINES}",
                file.path
            ));
        }
    }
    none(&found);
}

#[test]
fn links_in_documents_lead_somewhere() {
    let files = under("");
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        let dead = links(&file.text).into_iter().filter(|target| !leads_somewhere(file, target));
        found.extend(dead.map(|target| format!("{}: {target}", file.path)));
    }
    none(&found);
}

#[test]
fn lock_files_of_npm_work_everywhere() {
    let folders = [
        "argus-reference-bot/web",
        "argus-reference-bot/manifest-npm",
        "argus-reference-bot/azurite-npm",
        "argus-cards/fuzz-npm",
    ];
    for folder in folders {
        let lock = read(&format!("{folder}/package-lock.json"));
        assert!(lock.contains("\"integrity\""), "{folder}: what is installed is not pinned");
        assert!(!lock.contains("\"resolved\""), "{folder} names the registry that somebody used");
    }
}

#[test]
fn every_example_is_in_the_index() {
    let index = read("examples/README.md");
    let files = under("examples");
    let names: Vec<&str> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix("examples/")?.strip_suffix(".rs"))
        .filter(|name| !name.contains('/'))
        .collect();
    assert!(!names.is_empty(), "there are no examples");
    for name in names {
        assert!(index.contains(&format!("({name}.rs)")), "examples/README.md does not list {name}");
    }
}

#[test]
fn every_template_has_a_sample_with_its_expected_card() {
    let files = under("card-templates");
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let templates: Vec<&&str> = paths.iter().filter(|path| path.ends_with(".card.json")).collect();
    assert!(templates.len() >= 3, "there are only {templates:?}");
    for template in templates {
        let folder = Path::new(template).parent().and_then(Path::to_str).unwrap_or_default();
        let prefix = format!("{folder}/samples/");
        let samples: Vec<&str> =
            paths.iter().filter_map(|it| it.strip_prefix(prefix.as_str())).collect();
        assert!(!samples.is_empty(), "{template} has no sample");
        for sample in samples {
            let expected = format!("{folder}/expected/{sample}");
            assert!(paths.contains(expected.as_str()), "{expected} is missing");
        }
    }
}

#[test]
fn the_licences_are_there() {
    assert!(read("LICENSE-MIT").contains("Permission is hereby granted, free of charge"));
    assert!(read("LICENSE-APACHE").contains("Version 2.0, January 2004"));
    assert!(read("Cargo.toml").contains("license = \"MIT OR Apache-2.0\""));
}

#[test]
fn a_fresh_machine_needs_two_commands() {
    let readme = read("README.md");
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next());
    let commands: Vec<&str> = block.expect("README.md shows commands").lines().collect();
    assert_eq!(commands, ["cargo run --release -p argus-reference-bot -- demo", "./check"]);
    let line = readme.lines().position(|line| line.starts_with("```sh")).unwrap_or_default();
    assert!(line < 40, "the commands are not on the first screen but in line {line}");
}

/// The checks above prove something only if they see what they look for.
#[test]
fn the_checks_see() {
    assert!(has_word(concat!("// TO", "DO: later"), UNFINISHED[0]));
    assert!(!has_word(concat!("MASTO", "DON"), UNFINISHED[0]));
    assert!(has_word(concat!("x => to", "do!()"), UNFINISHED[4]));
    assert_eq!(length("a\nb\n#[cfg(test)]\nmod tests {\nc\n"), 2);
    let text = "[a](b.md) and [c](d.md#e \"t\")\n```\n[x](y)\n```\n";
    assert_eq!(links(text), ["b.md", "d.md#e"]);
    let file = File { path: "docs/x.md".into(), text: String::new() };
    assert!(leads_somewhere(&file, "../Cargo.toml#l1") && !leads_somewhere(&file, "no.md"));
}
