//! Templates that include others, in a library.

use argus_cards::lint::Linter;
use argus_cards::source::Memory;
use argus_cards::{History, Host, Library, Options};
use serde_json::json;

use super::{lines, shown};

const CARD: &str = r#"{"type":"AdaptiveCard","version":"1.5","body":[
 {"$ref":"partials/head.json","$data":"${x}"}]}"#;
const HEAD: &str = r#"{"type":"TextBlock","wrap":true,"text":"one ${$data}"}"#;

fn source() -> Memory {
    Memory::new([("a/a.card.json", CARD), ("partials/head.json", HEAD)])
}

#[test]
fn a_partial_is_part_of_the_version_and_of_a_roll_back() {
    let state = tempfile::tempdir().unwrap();
    let source = source();
    let open = Library::builder(source.clone()).state(state.path()).open_now();
    let (library, trouble) = open.unwrap();
    assert_eq!((lines(&trouble), shown(&library, "a")), (Vec::new(), "one fine".to_owned()));
    let before = library.render("a", &json!({"x": "fine"}), None).unwrap();
    source.put("partials/head.json", HEAD.replace("one", "two"));
    assert_eq!(library.reload(), []);
    assert_eq!(shown(&library, "a"), "two fine");
    let after = library.render("a", &json!({"x": "fine"}), None).unwrap();
    assert_ne!(before.sha256, after.sha256);

    // The version before has its own partial.
    let history = History::open(state.path()).unwrap();
    assert_eq!(history.roll_back("a", None).unwrap(), before.sha256);
    assert_eq!(library.reload(), []);
    assert_eq!(library.render("a", &json!({"x": "fine"}), None).unwrap(), before);
}

#[test]
fn a_broken_partial_is_refused_with_its_place() {
    let source = source();
    let (library, _) = Library::of(source.clone());
    source.put("partials/head.json", "{\n \"text\": \"${1 +}\"}");
    let ending = "the expression ends too early; the last good version stays in use";
    assert_eq!(lines(&library.reload()), [format!("partials/head.json:2:16: {ending}")]);
    source.remove("partials/head.json");
    let refused = lines(&library.reload());
    assert!(refused[0].starts_with("a/a.card.json:2:"), "{refused:?}");
    assert!(refused[0].contains("partials/head.json"), "{refused:?}");
    assert_eq!(shown(&library, "a"), "one fine");
}

#[test]
fn the_rules_look_into_partials() {
    let source = source();
    let rules = Options::default().lint(Linter::new(Host::TEAMS));
    let open = || Library::builder(source.clone()).options(rules.clone()).open_now().unwrap();
    let (library, trouble) = open();
    assert_eq!((lines(&trouble), shown(&library, "a")), (Vec::new(), "one fine".to_owned()));
    source.put("partials/head.json", r#"{"type":"TextBlok","text":"one"}"#);
    let refused = lines(&library.reload());
    assert!(refused[0].starts_with("a/a.card.json (flattened):7:15"), "{refused:?}");
    assert!(refused[0].contains("`TextBlok` should be `TextBlock`"), "{refused:?}");
}
