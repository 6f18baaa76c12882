//! Renders a card from a template that a designer may change, without any bot.
//!
//! ```text
//! cargo: cargo run -p argus-examples --example cards-only
//! prints: 3 of 40 hosts do not answer
//! ```
#![expect(clippy::print_stdout, reason = "its card is what it is for")]

use argus_cards::{Error, Library};
use serde::Serialize;

/// What the template reads.
#[derive(Serialize)]
struct Health {
    hosts: u32,
    silent: Vec<&'static str>,
}

const TEMPLATE: &str = r#"{
  "type": "AdaptiveCard", "version": "1.5",
  "body": [
    {"type": "TextBlock", "wrap": true, "text": "${count(silent)} of ${hosts} hosts do not answer"},
    {"type": "FactSet", "$when": "${count(silent) > 0}", "facts": [
      {"$data": "${silent}", "title": "silent", "value": "${$data}"}
    ]}
  ]
}"#;

fn card(health: &Health) -> Result<String, Error> {
    // `Library::folder` takes the templates of a folder and follows its changes.
    let (library, mistakes) = Library::from_memory([("health", TEMPLATE)]);
    assert!(mistakes.is_empty(), "the template compiles: {mistakes:?}");
    let card = library.render("health", &serde_json::json!(health), None)?;
    Ok(String::from_utf8_lossy(&card.json).into_owned())
}

fn main() -> Result<(), Error> {
    println!("{}", card(&Health { hosts: 40, silent: vec!["srv-1", "srv-7", "db-2"] })?);
    Ok(())
}

#[test]
fn the_card_says_what_is_silent() -> Result<(), Box<dyn std::error::Error>> {
    let read = |silent| -> Result<serde_json::Value, Box<dyn std::error::Error>> {
        Ok(serde_json::from_str(&card(&Health { hosts: 40, silent })?)?)
    };
    let troubled = read(vec!["srv-1", "srv-7", "db-2"])?;
    assert_eq!(troubled["body"][0]["text"], "3 of 40 hosts do not answer");
    assert_eq!(troubled["body"][1]["facts"][2]["value"], "db-2");
    let well = read(vec![])?;
    assert_eq!(well["body"].as_array().map(Vec::len), Some(1), "no facts where nothing is silent");
    Ok(())
}
