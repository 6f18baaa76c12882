//! A library keeps the last good template, whatever happens to its folder.

use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use argus_cards::{ErrorKind, Library};
use serde_json::json;

const GOOD: &str = r#"{"type":"AdaptiveCard","body":[{"type":"TextBlock","text":"one ${x}"}]}"#;

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn shown(library: &Library, name: &str) -> String {
    let rendered = library.render(name, &json!({"x": "fine"}), None).unwrap();
    String::from_utf8(rendered.json).unwrap()
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
    let trouble: Vec<String> = library.reload().iter().map(ToString::to_string).collect();
    let ending = "the expression ends too early; the last good version stays in use";
    assert_eq!(trouble, [format!("alert/alert.card.json:2:16: {ending}")]);
    assert!(shown(&library, "alert").contains("one fine"));

    write(folder.path(), "alert/alert.card.json", &GOOD.replace("one", "two"));
    fs::remove_file(folder.path().join("plain.card.json")).unwrap();
    assert_eq!(library.reload(), []);
    assert!(shown(&library, "alert").contains("two fine"));
    let error = library.render("plain", &json!({}), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TemplateNotFound);

    fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(library.reload().len(), 1, "the folder is gone and somebody must hear of it");
    assert!(shown(&library, "alert").contains("two fine"));
}

#[test]
fn samples_are_rendered_before_a_template_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "alert/alert.card.json", GOOD);
    write(folder.path(), "alert/samples/odd.json", r#"{"y":1}"#);
    write(folder.path(), "bad/bad.card.json", r#"["${x}"]"#);
    write(folder.path(), "bad/samples/one.json", r#"{"x":1}"#);
    write(folder.path(), "worse/worse.card.json", GOOD);
    write(folder.path(), "worse/samples/one.json", "{");
    let (library, trouble) = Library::open(folder.path());
    let trouble: Vec<String> = trouble.iter().map(ToString::to_string).collect();
    assert_eq!(
        trouble,
        [
            "alert/alert.card.json:1:66: `x` is not in the data (sample odd.json)",
            "bad/bad.card.json:1:1: the sample one.json does not give a card",
            "worse/worse.card.json:1:1: the sample one.json is not JSON",
        ]
    );
    assert_eq!(library.names(), ["alert"]);
}

#[test]
fn a_watched_folder_is_reloaded() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "alert.card.json", GOOD);
    let (library, _) = Library::open(folder.path());
    let (tell, told) = channel();
    let watch = library.watch(move |trouble| tell.send(trouble.len()).unwrap()).unwrap();
    write(folder.path(), "alert.card.json", &GOOD.replace("one", "two"));
    // Not a measurement: it only bounds how long a failing test hangs.
    while told.recv_timeout(Duration::from_secs(20)).expect("a change is seen") > 0 {}
    assert!(shown(&library, "alert").contains("two fine"));
    drop(watch);
}
