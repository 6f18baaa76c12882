//! The designers' folder: every sample gives the expected card.

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
