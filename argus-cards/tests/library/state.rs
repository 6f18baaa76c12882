//! What survives a restart, and what can be pinned.

use std::fs;
use std::path::Path;

use argus_cards::lint::Linter;
use argus_cards::source::{Folder, Memory};
use argus_cards::{ErrorKind, History, Host, Library, Options, Origin};
use serde_json::json;

use super::{GOOD, lines, saying, shown};

fn open(source: &Memory, state: &Path) -> (Library, Vec<String>) {
    let (library, trouble) = Library::builder(source.clone()).state(state).open_now().unwrap();
    (library, lines(&trouble))
}

#[test]
fn a_cold_start_without_its_source_serves_the_last_good_bundle_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let (folder, state) = (place.path().join("cards"), place.path().join("state"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.card.json"), GOOD).unwrap();
    let start = || {
        let builder = Library::builder(Folder::new(&folder)).state(&state);
        let (library, trouble) = builder.open_now().unwrap();
        (library, lines(&trouble))
    };
    let (library, trouble) = start();
    assert_eq!((trouble.len(), library.status().origin), (0, Origin::Source));
    let before = library.render("a", &json!({}), None).unwrap();
    drop(library);

    // Unchanged, broken, gone.
    let (library, trouble) = start();
    assert_eq!((trouble.len(), library.status().origin), (0, Origin::Source));
    drop(library);
    fs::write(folder.join("a.card.json"), "{").unwrap();
    let (library, trouble) = start();
    assert_eq!((trouble.len(), library.status().origin), (2, Origin::State));
    assert!(trouble[0].ends_with("the last good version stays in use"), "{trouble:?}");
    assert!(trouble[1].contains("is in use until the source is good"), "{trouble:?}");
    drop(library);
    fs::remove_dir_all(&folder).unwrap();
    let (library, trouble) = start();
    assert_eq!((trouble.len(), library.status().origin), (2, Origin::State), "{trouble:?}");
    assert_eq!(library.render("a", &json!({}), None).unwrap(), before);

    // And when it is good again, it is used.
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.card.json"), saying("two")).unwrap();
    assert_eq!(library.reload(), []);
    assert_eq!(
        (shown(&library, "a").as_str(), library.status().origin),
        ("two fine", Origin::Source)
    );
}

#[test]
fn a_rule_that_comes_later_takes_nothing_out_of_use() {
    let state = tempfile::tempdir().unwrap();
    let odd = r#"{"type":"AdaptiveCard","version":"9.9","body":[{"type":"TextBlock","text":"kept ${x}"}]}"#;
    let source = Memory::new([("a.card.json", odd)]);
    drop(open(&source, state.path()));
    // The next release of the bot has rules.
    let rules = Options::default().lint(Linter::new(Host::TEAMS));
    let builder = Library::builder(source.clone()).options(rules).state(state.path());
    let (library, trouble) = builder.open_now().unwrap();
    assert_eq!((lines(&trouble), shown(&library, "a")), (Vec::new(), "kept fine".to_owned()));
    source.put("a.card.json", odd.replace("kept", "new"));
    let refused = lines(&library.reload());
    assert!(refused[0].contains("version"), "{refused:?}");
    assert_eq!(shown(&library, "a"), "kept fine");
}

#[test]
fn a_damaged_state_is_not_trusted() {
    let state = tempfile::tempdir().unwrap();
    let source = Memory::new([("a.card.json", GOOD)]);
    drop(open(&source, state.path()));
    source.put("a.card.json", saying("two"));
    drop(open(&source, state.path()));
    for entry in fs::read_dir(state.path().join("bundles")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("00000002") {
            fs::write(path, "{\"number\":").unwrap();
        }
    }
    let (library, trouble) = open(&Memory::new([("a.card.json", "{")]), state.path());
    assert!(trouble[0].contains("is damaged; the bundle before it is used"), "{trouble:?}");
    assert_eq!(shown(&library, "a"), "one fine");
}

#[test]
fn one_bot_has_the_state() {
    let state = tempfile::tempdir().unwrap();
    let source = Memory::new([("a.card.json", GOOD)]);
    let _first = open(&source, state.path());
    let error = Library::builder(source).state(state.path()).open_now().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StateUnusable);
    assert!(error.to_string().starts_with("another program has the state directory"), "{error}");
    let file = state.path().join("lock");
    let error = Library::builder(Memory::default()).state(file).open_now().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StateUnusable);
}

#[test]
fn a_template_is_pinned_rolled_back_and_released() {
    let state = tempfile::tempdir().unwrap();
    let source = Memory::new([("a.card.json", GOOD), ("b.card.json", GOOD)]);
    let (library, _) = open(&source, state.path());
    for word in ["two", "three"] {
        source.put("a.card.json", saying(word));
        source.put("b.card.json", saying(word));
        assert_eq!(library.reload(), []);
    }
    let history = History::open(state.path()).unwrap();
    assert_eq!(history.names().unwrap(), ["a", "b"]);
    let versions = history.versions("a").unwrap();
    assert_eq!(versions.iter().map(|it| it.bundle).collect::<Vec<_>>(), [3, 2, 1]);
    assert!(versions[0].newest && !versions[0].pinned);

    // Back, and back again; only that template.
    for expected in ["two fine", "one fine"] {
        history.roll_back("a", None).unwrap();
        assert_eq!(library.reload(), []);
        assert_eq!(
            [shown(&library, "a").as_str(), &shown(&library, "b")],
            [expected, "three fine"]
        );
    }
    let error = history.roll_back("a", None).unwrap_err();
    assert!(error.to_string().starts_with("there is no version before"), "{error}");
    assert_eq!(library.status().pinned, ["a"]);

    // What comes meanwhile is checked and kept, but not used; and a restart keeps the pin.
    source.put("a.card.json", saying("four"));
    assert_eq!(library.reload(), []);
    assert_eq!(shown(&library, "a"), "one fine");
    drop(library);
    let (library, trouble) = open(&source, state.path());
    assert_eq!(trouble, [""; 0]);
    assert_eq!(shown(&library, "a"), "one fine");
    history.pin("a", &versions[1].version).unwrap();
    assert_eq!(library.reload(), []);
    assert_eq!(shown(&library, "a"), "two fine");
    let rendered = library.render("a", &json!({}), None).unwrap();
    assert_eq!((&rendered.version, &rendered.sha256), (&versions[1].version, &versions[1].sha256));
    history.unpin("a").unwrap();
    assert_eq!(library.reload(), []);
    assert_eq!(shown(&library, "a"), "four fine");

    // The whole bundle.
    history.pin_bundle("1").unwrap();
    assert_eq!(library.reload(), []);
    assert_eq!([shown(&library, "a"), shown(&library, "b")], ["one fine", "one fine"]);
    assert_eq!(library.status().pinned, ["a", "b"]);
    history.unpin_bundle().unwrap();
    history.roll_back_bundle(None).unwrap();
    assert_eq!(library.reload(), []);
    assert_eq!([shown(&library, "a"), shown(&library, "b")], ["three fine", "three fine"]);
}

#[test]
fn a_wrong_version_is_named() {
    let state = tempfile::tempdir().unwrap();
    let (library, _) = open(&Memory::new([("a.card.json", GOOD)]), state.path());
    let history = History::open(state.path()).unwrap();
    let newest = history.versions("a").unwrap().remove(0);
    let check = |done: Result<String, argus_cards::Error>, expected: &str| {
        let error = done.unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::TemplateNotFound, expected)
        );
    };
    let there = &newest.version;
    check(history.pin("a", "ffff"), &format!("no version begins with `ffff`; there are: {there}"));
    check(history.pin("b", "ffff"), "no template `b` was ever in use; there are: a");
    check(history.roll_back_bundle(Some("7")), &{
        let bundle = &history.bundles().unwrap()[0].version;
        format!("no version begins with `7`; there are: {bundle}")
    });
    let missing = History::open(state.path().join("none")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::StateUnusable);

    // A pin that somebody wrote by hand, and one that is no pin at all.
    let pins = state.path().join("pins/pins.json");
    fs::write(&pins, format!(r#"{{"templates":{{"a":"{}"}}}}"#, "0".repeat(64))).unwrap();
    let said = lines(&library.reload());
    assert!(said[0].contains("`a` is not pinned to 000000000000"), "{said:?}");
    fs::write(&pins, "{\"tempaltes\":{}}").unwrap();
    let said = lines(&library.reload());
    assert!(said[0].contains("unknown field `tempaltes`"), "{said:?}");
    assert_eq!(shown(&library, "a"), "one fine");
}

#[test]
fn a_full_disk_is_said_and_the_change_is_used() {
    let state = tempfile::tempdir().unwrap();
    let source = Memory::new([("a.card.json", GOOD)]);
    let (library, _) = open(&source, state.path());
    // A file where a folder must be stands for a disk that takes nothing.
    fs::remove_dir_all(state.path().join("files")).unwrap();
    fs::write(state.path().join("files"), "").unwrap();
    source.put("a.card.json", saying("two"));
    let said = lines(&library.reload());
    assert!(said[0].contains("could not be kept for the next start"), "{said:?}");
    assert_eq!(shown(&library, "a"), "two fine");
}
