//! A library keeps the last good templates, whatever happens to their source.

mod partials;
mod state;

use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use argus_cards::source::{MAX_FILE_BYTES, Memory};
use argus_cards::{Diagnostic, ErrorKind, Library, Origin};
use serde_json::json;

pub(crate) const GOOD: &str =
    r#"{"type":"AdaptiveCard","body":[{"type":"TextBlock","text":"one ${x}"}]}"#;

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The good template, saying something else.
pub(crate) fn saying(word: &str) -> String {
    GOOD.replace("one", word)
}

/// What a card of template `name` says.
pub(crate) fn shown(library: &Library, name: &str) -> String {
    let rendered = library.render(name, &json!({"x": "fine"}), None).unwrap();
    let card: serde_json::Value = serde_json::from_slice(&rendered.json).unwrap();
    card.pointer("/body/0/text").unwrap().as_str().unwrap().to_owned()
}

pub(crate) fn lines(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(ToString::to_string).collect()
}

#[test]
fn a_broken_edit_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "alert/alert.card.json", GOOD);
    write(folder.path(), "alert/samples/one.json", r#"{"x":"sample"}"#);
    write(folder.path(), "plain.card.json", GOOD);
    let (library, trouble) = Library::open(folder.path());
    assert_eq!(trouble, []);
    assert_eq!(library.names(), ["alert", "plain"]);
    let version = library.render("alert", &json!({}), None).unwrap().version;
    assert_eq!(version.len(), 12);

    write(folder.path(), "alert/alert.card.json", "{\n \"type\": \"${1 +}\"\n}");
    let ending = "the expression ends too early; the last good version stays in use";
    assert_eq!(lines(&library.reload()), [format!("alert/alert.card.json:2:16: {ending}")]);
    assert_eq!(shown(&library, "alert"), "one fine");

    write(folder.path(), "alert/alert.card.json", &saying("two"));
    fs::remove_file(folder.path().join("plain.card.json")).unwrap();
    assert_eq!(library.reload(), []);
    assert_eq!(shown(&library, "alert"), "two fine");
    let error = library.render("plain", &json!({}), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TemplateNotFound);

    fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(library.reload().len(), 1, "the folder is gone and somebody must hear of it");
    assert_eq!(shown(&library, "alert"), "two fine");
}

#[test]
fn a_change_comes_in_whole_or_not_at_all() {
    let source = Memory::new([("a.card.json", GOOD), ("b.card.json", GOOD)]);
    let (library, trouble) = Library::of(source.clone());
    assert_eq!(trouble, []);
    source.put("a.card.json", saying("two"));
    source.put("b.card.json", "{");
    source.put("c.card.json", "[");
    let waits = "good, but not in use yet, since another template of the same change is refused";
    assert_eq!(
        lines(&library.reload()),
        [
            "b.card.json:1:2: expected a property name in double quotes; the last good version \
             stays in use",
            "c.card.json:1:2: the JSON ends too early",
            &format!("a.card.json: {waits}"),
        ]
    );
    assert_eq!(shown(&library, "a"), "one fine");
    assert_eq!(library.names(), ["a", "b"]);
    assert_eq!(library.reload(), [], "it is said once");

    source.put("b.card.json", saying("two"));
    source.remove("c.card.json");
    assert_eq!(library.reload(), []);
    assert_eq!([shown(&library, "a"), shown(&library, "b")], ["two fine", "two fine"]);
}

#[test]
fn until_there_is_a_good_bundle_each_template_stands_for_itself() {
    let source = Memory::new([("a.card.json", GOOD), ("b.card.json", "{")]);
    let (library, trouble) = Library::of(source.clone());
    assert_eq!((trouble.len(), library.names()), (1, vec!["a".to_owned()]));
    source.put("a.card.json", "{");
    source.put("b.card.json", saying("two"));
    let trouble = lines(&library.reload());
    assert!(trouble[0].ends_with("the last good version stays in use"), "{trouble:?}");
    assert_eq!([shown(&library, "a"), shown(&library, "b")], ["one fine", "two fine"]);
}

#[test]
fn a_template_that_is_too_large_is_not_gone() {
    let source = Memory::new([("a.card.json", GOOD)]);
    let (library, _) = Library::of(source.clone());
    source.put("a.card.json", vec![b' '; MAX_FILE_BYTES + 1]);
    let trouble = lines(&library.reload());
    assert!(trouble[1].contains("1048577 bytes"), "{trouble:?}");
    assert_eq!(shown(&library, "a"), "one fine");
}

#[test]
fn a_needed_template_cannot_be_taken_away() {
    let source = Memory::new([("a.card.json", GOOD), ("b.card.json", GOOD)]);
    let builder = Library::builder(source.clone()).require("a");
    let (library, _) = builder.open_now().unwrap();
    source.remove("a.card.json");
    source.remove("b.card.json");
    let missing = "a/a.card.json: there is no such file, but this template is needed; the last good \
                   version stays in use";
    assert_eq!(lines(&library.reload()), [missing]);
    assert_eq!(library.names(), ["a", "b"]);
}

#[test]
fn samples_are_rendered_before_a_template_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "alert/alert.card.json", GOOD);
    write(folder.path(), "alert/samples/odd.json", r#"{"y":1}"#);
    write(folder.path(), "bad/bad.card.json", r#"["${x}"]"#);
    write(folder.path(), "bad/samples/one.json", r#"{"x":1}"#);
    write(folder.path(), "bytes.card.json", "{\n \"a\": \"\u{fffd}\"}");
    fs::write(folder.path().join("bytes.card.json"), b"{\n \"a\": \"\xff\"}").unwrap();
    write(folder.path(), "worse/worse.card.json", GOOD);
    write(folder.path(), "worse/samples/one.json", "{\n  \"x\": }");
    let (library, trouble) = Library::open(folder.path());
    assert_eq!(
        lines(&trouble),
        [
            "bad/bad.card.json:1:1: the sample one.json does not give a card",
            "bytes.card.json:2:8: it is not UTF-8",
            "worse/samples/one.json:2:8: the sample is not JSON: expected value",
            "alert/alert.card.json:1:66: `x` is not in the data (sample odd.json)",
        ]
    );
    assert_eq!(library.names(), ["alert"]);
    assert_eq!(library.status().origin, Origin::Source);
}

#[test]
fn a_watched_folder_is_reloaded() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "alert.card.json", GOOD);
    let (library, _) = Library::open(folder.path());
    let (tell, told) = channel();
    let watch = library.watch(move |trouble| tell.send(trouble.len()).unwrap()).unwrap();
    write(folder.path(), "alert.card.json", &saying("two"));
    // Not a measurement: it only bounds how long a failing test hangs.
    while told.recv_timeout(Duration::from_secs(20)).expect("a change is seen") > 0 {}
    assert_eq!(shown(&library, "alert"), "two fine");
    drop(watch);
}
