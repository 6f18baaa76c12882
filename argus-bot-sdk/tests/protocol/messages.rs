//! What the compiler says to people who get it wrong.
//!
//! Each program in `messages` does not compile, and the compiler's own words are in the file of
//! the same name that ends in `.txt`; `UPDATE_EXPECT=1` writes them anew.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// What `rustc` writes with `--error-format=json`.
#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    spans: Vec<Span>,
    children: Vec<Diagnostic>,
}

#[derive(Deserialize)]
struct Span {
    label: Option<String>,
    text: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    text: String,
}

/// The library in the folder of this test that was built last.
fn library(folder: &Path) -> PathBuf {
    let built = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let ours = built.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libargus_bot_sdk-") && name.ends_with(".rlib")
    });
    ours.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap()
}

/// What the compiler says first about a program.
fn first_error(program: &Path) -> Diagnostic {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().unwrap();
    let output = Command::new(option_env!("RUSTC").unwrap_or("rustc"))
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--error-format=json"])
        // What it may write goes where nobody looks.
        .args(["-o", concat!(env!("CARGO_TARGET_TMPDIR"), "/unused.rmeta")])
        .arg(format!("-Ldependency={}", folder.display()))
        .arg(format!("--extern=argus_bot_sdk={}", library(folder).display()))
        .arg(program)
        .output()
        .unwrap();
    assert!(!output.status.success(), "{} compiles", program.display());
    let said = String::from_utf8(output.stderr).unwrap();
    let read = |line| serde_json::from_str::<Diagnostic>(line).ok();
    let mut errors = said.lines().filter_map(read).filter(|it| it.level == "error");
    errors.next().unwrap_or_else(|| panic!("no error but: {said}"))
}

/// The error, what stands at the place, and the notes that are ours.
fn shown(error: &Diagnostic) -> String {
    let mut lines = vec![format!("error: {}", error.message)];
    for span in &error.spans {
        if let (Some(label), Some(line)) = (&span.label, span.text.first()) {
            lines.push(format!("at: {}: {label}", line.text.trim()));
        }
    }
    // How the compiler got there is its own business and changes with it.
    let is_ours = |note: &&Diagnostic| {
        let says = |start: &str| note.message.starts_with(start);
        note.level == "note"
            && note.spans.is_empty()
            && !(says("required for") || says("the full name") || says("consider using"))
    };
    let notes = error.children.iter().filter(is_ours);
    lines.extend(notes.map(|note| format!("note: {}", note.message)));
    // Whether the compiler names the crate with a type depends on what else it has seen.
    lines.join("\n").replace("argus_bot_sdk::", "") + "\n"
}

#[test]
fn mistakes_are_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocol/messages");
    let mut programs = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let program = entry.unwrap().path();
        if program.extension().is_none_or(|end| end != "rs") {
            continue;
        }
        programs += 1;
        let expected = program.with_extension("txt");
        let says = shown(&first_error(&program));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&expected, &says).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(says, expected, "{}", program.display());
    }
    assert_eq!(programs, 7);
}
