//! Templates, data, and what comes of them: the card and what its author is told, or the error.
//! `NAME.card.json` + `NAME.data.json` -> `NAME.expected.txt`.

use std::path::Path;

use argus_cards::{Options, Template};
use serde_json::Value;

use crate::corpus;

fn report(name: &str, source: &str, data: &Value) -> String {
    let options = Options::default().allow_host("good.example");
    let file = format!("{name}.card.json");
    let expansion = Template::parse(&file, source, &options)
        .and_then(|template| Ok((template.expand(data, None, &options)?, template)));
    let (expansion, template) = match expansion {
        Ok(done) => done,
        Err(error) => return format!("error: {error}\n"),
    };
    let card: Value = serde_json::from_slice(&expansion.json).unwrap();
    let mut report = serde_json::to_string_pretty(&card).unwrap();
    for diagnostic in template.diagnostics().iter().chain(&expansion.diagnostics) {
        report.push('\n');
        report.push_str(&diagnostic.to_string());
    }
    report.push('\n');
    report
}

#[test]
fn fixtures_come_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut checked = 0;
    for file in corpus::json_files(&folder) {
        let file_name = file.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) = file_name.strip_suffix(".card.json") else { continue };
        let source = std::fs::read_to_string(&file).unwrap();
        let data = corpus::read(&folder.join(format!("{name}.data.json")));
        let expected = folder.join(format!("{name}.expected.txt"));
        let expected = std::fs::read_to_string(expected).unwrap_or_default();
        let report = report(name, &source, &data);
        assert!(report == expected, "=== {name}.expected.txt\n{report}===");
        checked += 1;
    }
    assert!(checked >= 8, "only {checked} fixtures");
}
