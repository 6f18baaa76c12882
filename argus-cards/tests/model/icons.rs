//! The names of Teams' icons.

use argus_cards::model::icons;
use serde_json::Value;

use crate::corpus;

#[test]
fn names_are_sorted_and_found() {
    assert_eq!(icons::names().len(), 2560);
    assert!(icons::names().is_sorted());
    assert!(icons::names().iter().all(|name| icons::is_known(name)));
}

#[test]
fn names_are_those_of_the_pinned_model() {
    let Some(folder) = corpus::cards("names_are_those_of_the_pinned_model") else { return };
    let model = corpus::read(&folder.join("../cards-schema/teams.cards-2.1.0-model.json"));
    let pinned = model["enums"]["IconName"].as_array().unwrap();
    let mut pinned: Vec<&str> = pinned.iter().filter_map(Value::as_str).collect();
    pinned.sort_unstable();
    pinned.dedup();
    assert_eq!(icons::names(), pinned);
}
