//! The public interface: every change of it is seen, nothing foreign is in it by accident, and
//! what does something is shown at work.

mod source;
mod surface;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use self::source::Source;
use self::surface::Surface;

/// The crates whose names are in the interface on purpose.
const DELIBERATE: [(&str, &str); 15] = [
    ("argus_bot_sdk_derive", "our own two derives"),
    ("argus_cards", "our own typed buttons, behind the feature `cards`"),
    ("bytes", "bodies, as http's own types carry them"),
    ("futures_util", "the trait Stream of a roster's pages, in an `impl`"),
    ("http", "requests, responses, methods, headers"),
    ("http_body", "bodies that come in pieces"),
    ("http_body_util", "the body of the bot's answers"),
    ("hyper", "the body of requests that our own server reads"),
    ("jiff", "what a Clock gives, exported as clock::Timestamp"),
    ("sealed", "a module of ours inside a macro"),
    ("serde", "the traits of what is read and written"),
    ("serde_json", "values of which only the bot's author knows the type"),
    ("tokio", "the listener that a bot is served on"),
    ("tower_layer", "layers"),
    ("tower_service", "the bot is a Service"),
];

static ROOT: LazyLock<PathBuf> = LazyLock::new(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));

static SURFACE: LazyLock<Surface> =
    LazyLock::new(|| surface::surface(&Source::read(&ROOT.join("src"))));

/// Compares with a committed file; `ARGUS_ACCEPT=1` writes it instead.
fn assert_committed(name: &str, lines: &BTreeSet<String>, what_to_do: &str) {
    let file = ROOT.join("tests/api").join(name);
    if std::env::var_os("ARGUS_ACCEPT").is_some_and(|it| it == "1") {
        let text = lines.iter().flat_map(|line| [line, "\n"]).collect::<String>();
        return fs::write(&file, text).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let committed: BTreeSet<String> = committed.lines().map(str::to_owned).collect();
    let gone: Vec<_> = committed.difference(lines).map(|line| format!("- {line}")).collect();
    let new: Vec<_> = lines.difference(&committed).map(|line| format!("+ {line}")).collect();
    let changes = [gone, new].concat();
    assert!(
        changes.is_empty(),
        "tests/api/{name} is out of date:\n{}\n{what_to_do}\n\
         ARGUS_ACCEPT=1 cargo nextest run -p argus-bot-sdk api:: writes it",
        changes.join("\n")
    );
}

#[test]
fn a_change_of_the_interface_is_seen() {
    let what_to_do =
        "A line that is gone or changed breaks somebody's bot: say so in CHANGELOG.md.";
    assert_committed("surface.txt", &SURFACE.lines, what_to_do);
}

#[test]
fn nothing_foreign_is_in_the_interface_by_accident() {
    let names: BTreeSet<&str> = DELIBERATE.iter().map(|(name, _)| *name).collect();
    for (other, places) in &SURFACE.foreign {
        assert!(names.contains(other.as_str()), "{other} shows in {places:?}");
    }
    for name in names {
        assert!(SURFACE.foreign.contains_key(name), "{name} no longer shows: take it off the list");
    }
}

/// A function is shown where a running example calls it: in documentation, or in `examples/`.
#[test]
fn what_does_something_is_shown_at_work() {
    let shown = examples();
    let without = SURFACE.functions.iter().filter(|path| {
        let name = path.rsplit("::").next().unwrap_or_default();
        !shown.match_indices(name).any(|(at, _)| {
            let (before, rest) = shown.split_at(at);
            is_call(before, rest.split_at(name.len()).1)
        })
    });
    let without: BTreeSet<String> = without.cloned().collect();
    let what_to_do = "A new function needs an example; the list may only get shorter.";
    assert_committed("without_example.txt", &without, what_to_do);
}

/// Whether a name between these two is used, not defined, and is not a part of a longer one.
fn is_call(before: &str, after: &str) -> bool {
    let is_whole = !before.ends_with(|it: char| it.is_alphanumeric() || it == '_');
    let is_used = after.starts_with(['(', ')', ',']) || after.starts_with("::<");
    is_whole && is_used && !before.ends_with("fn ")
}

/// The code of all examples, one after the other.
fn examples() -> String {
    let mut all = String::new();
    let mut folders = vec![ROOT.join("src"), ROOT.join("../examples")];
    let mut files = vec![ROOT.join("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                files.push(path);
            }
        }
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let is_example = !file.starts_with(ROOT.join("src")) && !is_markdown(&file);
        all += &if is_example { text } else { code_in_docs(&text, is_markdown(&file)) };
    }
    all
}

fn is_markdown(file: &Path) -> bool {
    file.extension().is_some_and(|it| it == "md")
}

/// The code between fences of a file's documentation.
fn code_in_docs(text: &str, is_markdown: bool) -> String {
    let (mut code, mut fence) = (String::new(), None);
    for line in text.lines() {
        let docs = line.trim_start();
        let docs = docs.strip_prefix("///").or(docs.strip_prefix("//!"));
        let Some(line) = docs.or(is_markdown.then_some(line)) else {
            fence = None;
            continue;
        };
        match (line.trim_start().strip_prefix("```"), fence) {
            (Some(words), None) => {
                fence = Some(!words.contains("text") && !words.contains("compile_fail"));
            }
            (Some(_), Some(_)) => fence = None,
            (None, Some(true)) => code.extend([line, "\n"]),
            (None, _) => {}
        }
    }
    code
}
