//! Who may know whom. Between packages Cargo enforces it; this enforces what Cargo does not.

use std::collections::BTreeSet;

use crate::files::{File, read, under};

const BOT: &str = "argus-reference-bot/src";

/// A part of the bot, and the parts that it must not name.
const FORBIDDEN: [(&str, &[&str]); 5] = [
    ("http", &["adapters", "app", "cli", "demo", "handlers"]),
    ("handlers", &["adapters", "app", "cli", "demo", "http"]),
    ("flows", &["adapters", "app", "cli", "demo", "http", "handlers"]),
    ("ports", &["adapters", "app", "cli", "demo", "http", "handlers", "flows"]),
    ("adapters", &["app", "cli", "demo", "http", "handlers", "flows"]),
];

/// What would make a decision depend on something else than its input.
const IMPURE: [&str; 11] = [
    "async fn",
    "std::fs",
    "TcpStream",
    "UdpSocket",
    "ToSocketAddrs",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
];

/// The source without comments and without its unit tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The bot's files, but for those that are unit tests, or their world, as a whole.
fn bot() -> Vec<File> {
    let mut files = under(BOT);
    let tests: BTreeSet<String> = files.iter().flat_map(tests_of).collect();
    files.retain(|file| !tests.contains(&file.path));
    files
}

/// The files that a file takes in for tests only.
fn tests_of(file: &File) -> Vec<String> {
    let folder = file.path.trim_end_matches(".rs");
    let module = |rest: &str| {
        let (_, name) = rest.lines().next()?.split_once("mod ")?;
        Some(format!("{folder}/{}.rs", name.strip_suffix(';')?))
    };
    file.text.split("#[cfg(test)]\n").skip(1).filter_map(module).collect()
}

/// The top modules of its crate that a source file names.
fn named(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, found) in source.match_indices("crate::") {
        let before = source[..at].chars().next_back();
        if before.is_some_and(|it| it.is_alphanumeric() || it == '_') {
            continue;
        }
        let rest = &source[at + found.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(top_names(group)),
            None => names.extend(word(rest)),
        }
    }
    names
}

/// The first words of a group of imports: `a::b, c::{d, e}}` gives `a` and `c`.
fn top_names(group: &str) -> Vec<String> {
    let (mut depth, mut first, mut names) = (0_u32, true, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => first = true,
            _ if first && !letter.is_whitespace() => {
                first = false;
                names.extend(word(&group[at..]));
            }
            _ => {}
        }
    }
    names
}

fn word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
    (!word.is_empty()).then_some(word)
}

/// The part of the bot that a file belongs to: `http` for `src/http.rs` and `src/http/reply.rs`.
fn part(path: &str) -> &str {
    let rest = path.strip_prefix(BOT).unwrap_or(path).trim_start_matches('/');
    rest.split(['/', '.']).next().unwrap_or_default()
}

/// The names in a table of a manifest such as `dependencies`.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut table = "";
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            table = line;
        } else if table == "[dependencies]" {
            names.extend(
                line.split(['.', '=', ' ']).next().filter(|it| !it.is_empty()).map(str::to_owned),
            );
        }
    }
    names.retain(|name| !name.starts_with('#'));
    names
}

#[test]
fn doors_call_flows_and_flows_call_ports() {
    let mut wrong = Vec::new();
    for file in bot() {
        let Some((_, forbidden)) = FORBIDDEN.iter().find(|(name, _)| *name == part(&file.path))
        else {
            continue;
        };
        for name in
            named(&code(&file.text)).iter().filter(|name| forbidden.contains(&name.as_str()))
        {
            wrong.push(format!("{} names {name}", file.path));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_app_names_a_port_and_an_adapter() {
    let both = |text: &str| {
        let names = named(&code(text));
        names.contains("ports") && names.contains("adapters")
    };
    let files = bot();
    let found: Vec<&str> = files
        .iter()
        .filter(|file| part(&file.path) != "adapters" && both(&file.text))
        .map(|file| file.path.as_str())
        .collect();
    let app = ["", "/connectors", "/knowledge", "/playbooks", "/secrets", "/store"];
    assert_eq!(found, app.map(|it| format!("argus-reference-bot/src/app{it}.rs")));
}

#[test]
fn decisions_depend_on_their_input_only() {
    let allowed = [
        "cel",
        "jiff",
        "minijinja",
        "regex",
        "serde",
        "serde-saphyr",
        "serde_json",
        "sha2",
        "thiserror",
        "toml",
        "uuid",
    ];
    let used = dependencies(&read("argus-reference-bot/soc/Cargo.toml"));
    let others: Vec<&String> = used.iter().filter(|it| !allowed.contains(&it.as_str())).collect();
    assert!(others.is_empty(), "argus-soc depends on {others:?}");
    assert!(used.contains("serde"), "the manifest was not understood: {used:?}");

    let mut wrong = Vec::new();
    for file in under("argus-reference-bot/soc/src") {
        let code = code(&file.text);
        wrong.extend(
            IMPURE.iter().filter(|it| code.contains(**it)).map(|it| format!("{}: {it}", file.path)),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn packages_know_only_what_is_below_them() {
    let check = |package: &str, ours: &[&str], never: &[&str]| {
        let used = dependencies(&read(&format!("{package}/Cargo.toml")));
        let known: Vec<&str> =
            used.iter().map(String::as_str).filter(|it| it.starts_with("argus-")).collect();
        for name in &known {
            assert!(ours.contains(name), "{package} depends on {name}");
        }
        for name in never {
            assert!(!used.contains(*name), "{package} depends on {name}");
        }
    };
    check("argus-cards", &[], &["tokio", "hyper", "reqwest", "rusqlite"]);
    check("argus-bot-sdk/derive", &[], &["tokio", "serde", "serde_json"]);
    check("argus-bot-sdk", &["argus-cards", "argus-bot-sdk-derive"], &["notify", "clap", "cel"]);
    check("argus-reference-bot/soc", &[], &[]);
    check("argus-reference-bot/sim", &["argus-bot-sdk"], &["rusqlite"]);
}

/// The outbox has a store on SQLite for those who ask for it, and nobody else builds it.
#[test]
fn the_sdk_has_sqlite_on_request_only() {
    let manifest = read("argus-bot-sdk/Cargo.toml");
    let line = |start: &str| manifest.lines().find(|line| line.starts_with(start));
    let rusqlite = line("rusqlite").expect("the SDK names rusqlite");
    assert!(rusqlite.contains("optional = true"), "{rusqlite}");
    let default = line("default = ").expect("the SDK has default features");
    assert!(!default.contains("sqlite"), "{default}");
}

/// The checks above prove something only if they see what they look for.
#[test]
fn the_reader_of_imports_sees_them() {
    let check = |source: &str, expected: &[&str]| {
        let names = named(&code(source));
        assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{source}");
    };
    check("use crate::adapters::sqlite::Sqlite;", &["adapters"]);
    check("use crate::{flows::{Soc, ask}, ports::edr};", &["flows", "ports"]);
    check("let x = crate::view::stage(1);", &["view"]);
    check("// use crate::adapters;\nuse my_crate::adapters;", &[]);
    check("use crate::a;\n#[cfg(test)]\nmod tests {\nuse crate::b;\n}", &["a"]);
    assert_eq!(part("argus-reference-bot/src/http/reply.rs"), "http");
    assert_eq!(part("argus-reference-bot/src/app.rs"), "app");
    let manifest = "[dependencies]\n# why\ntokio.workspace = true\nserde = \"1\"\n[dev-dependencies]\nx = \"1\"\n";
    assert_eq!(dependencies(manifest).into_iter().collect::<Vec<_>>(), ["serde", "tokio"]);
}
