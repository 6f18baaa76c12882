//! The designers' folder: every sample gives the expected card, and nothing in the data can change
//! what a card is made of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use argus_cards::{Library, Options, Template};
use serde_json::Value;

use crate::corpus;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-templates")
}

fn options() -> Options {
    Options::default().allow_host("security.example.com").allow_host("tickets.example.com")
}

/// Each template with its samples.
fn templates() -> Vec<(String, Template, Vec<PathBuf>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = path.join(format!("{name}.card.json"));
        if let Ok(source) = std::fs::read_to_string(&file) {
            let template = Template::parse(&file.display().to_string(), &source, &options());
            found.push((name, template.unwrap(), corpus::json_files(&path.join("samples"))));
        }
    }
    assert!(found.len() >= 3, "only {} templates", found.len());
    found
}

fn render(template: &Template, data: &Value) -> Value {
    let expansion = template.expand(data, None, &options()).unwrap();
    serde_json::from_slice(&expansion.json).unwrap()
}

#[test]
fn samples_give_the_expected_cards() {
    for (name, template, samples) in templates() {
        assert!(!samples.is_empty(), "{name} has no samples");
        for sample in samples {
            let card = render(&template, &corpus::read(&sample));
            let expected = folder().join(&name).join("expected").join(sample.file_name().unwrap());
            assert_eq!(card, corpus::read(&expected), "{}", sample.display());
        }
    }
}

#[test]
fn the_folder_loads_without_a_word() {
    let (library, trouble) = Library::open_with(folder(), options());
    // The hostile sample has links that must be dropped, which is said.
    let other: Vec<_> = trouble.iter().filter(|d| !d.message.contains("hostile.json")).collect();
    assert!(other.is_empty(), "{other:?}");
    assert!(library.names().len() >= 3);
}

/// What a card is made of: types, keys and everything that is not a shown text.
fn skeleton(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                skeleton(inner, &format!("{path}.{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                skeleton(inner, &format!("{path}[{index}]"), found);
            }
        }
        Value::String(text) if [Some("type"), Some("url")].contains(&path.rsplit('.').next()) => {
            found.insert(format!("{path}={text}"));
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// Replaces every text of the data, except what decides about layout and what only code writes.
fn poison(value: &mut Value, key: &str, hostile: &str) {
    const CODE: [&str; 16] = [
        "severity",
        "state",
        "style",
        "status",
        "decision",
        "confidence",
        "opened_at",
        "updated_at",
        "expires_at",
        "at",
        "link",
        "url",
        "verb",
        "ref",
        "reason",
        "detail",
    ];
    match value {
        Value::String(text) if !CODE.contains(&key) && !text.is_empty() => {
            hostile.clone_into(text);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, key, hostile)),
        Value::Object(map) => map.iter_mut().for_each(|(key, item)| poison(item, key, hostile)),
        _ => {}
    }
}

fn hostile() -> Vec<String> {
    let seeds = [
        "[click](https://evil.example)",
        "![x](https://evil.example/i.png)",
        "**bold** _it_ ~~gone~~ `code`",
        "# heading\n## two\n- a\n* b\n1. c\n> q",
        "\"}],\"actions\":[{\"type\":\"Action.OpenUrl\",\"url\":\"https://evil.example\"}],\"x\":\"",
        "<at>everyone</at>",
        "< AT >x</ at>",
        "{{DATE(2020-01-01T00:00:00Z, SHORT)}}",
        "${1+1} ${incident.key} \\${x}",
        "\u{202e}gnp.exe\u{202c}\u{200b}\u{0}\u{7f}\u{85}",
        "https://evil.example http://evil.example www.evil.example HTTPS://EVIL.EXAMPLE",
        "javascript:alert(1) data:text/html,x mailto:a@evil.example",
        "<script>alert(1)</script><img src=x onerror=y>",
        "\\[x\\](y) \\\\[x](https://evil.example)",
        "</TextBlock>]]>",
        "&lt;at&gt;x&lt;/at&gt; &#91;x&#93;(y)",
        "\r\r\r\r\n\n\n\n\tx",
    ];
    let mut all: Vec<String> = seeds.iter().map(|seed| (*seed).to_owned()).collect();
    for (a, b) in seeds.iter().zip(seeds.iter().cycle().skip(5)) {
        all.push(format!("{a}{b}"));
        all.push(format!("x{}", a.repeat(400)));
    }
    all
}

/// What must be nowhere in a card, whatever the data says.
const TRACES: [&str; 12] = [
    "<at>",
    "{{",
    "](https:",
    "\u{202e}",
    "\u{200b}",
    "http://evil",
    "https://evil",
    "www.evil",
    "javascript:a",
    "data:text",
    "mailto:a",
    "${",
];

#[test]
fn hostile_data_changes_no_card() {
    let mut checked = 0;
    for (name, template, samples) in templates() {
        for sample in samples.iter().filter(|path| !path.ends_with("hostile.json")) {
            let mut data = corpus::read(sample);
            let mut plain = BTreeSet::new();
            poison(&mut data, "", "plain");
            skeleton(&render(&template, &data), "", &mut plain);
            for text in hostile() {
                let mut data = corpus::read(sample);
                poison(&mut data, "", &text);
                let card = render(&template, &data);
                let mut made_of = BTreeSet::new();
                skeleton(&card, "", &mut made_of);
                assert_eq!(made_of, plain, "{name} with {text:?}");
                let json = card.to_string().to_lowercase();
                for trace in TRACES {
                    assert!(!json.contains(trace), "{name}: {trace:?} from {text:?}\n{json}");
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 200, "only {checked} cards checked");
}
