//! Cards for hosts that do not show all of them.

use argus_cards::Host;
use argus_cards::model::{AdaptiveCard, Version};
use serde_json::{Value, json};

use crate::corpus;

/// Checks the body that a host is given, and what is said about it.
fn check(host: &Host, body: &Value, shown: &Value, said: &[&str]) {
    let card = json!({"type": "AdaptiveCard", "version": "1.0", "body": body});
    let card: AdaptiveCard = serde_json::from_value(card).unwrap();
    let downgraded = card.for_host(host);
    let written = serde_json::to_value(&downgraded.card).unwrap();
    assert_eq!(written.get("body"), Some(shown));
    let changes: Vec<String> = downgraded.changes.iter().map(ToString::to_string).collect();
    assert_eq!(changes, said);
}

fn old() -> Host {
    Host::new("old", Version::new(1, 2))
}

#[test]
fn what_is_shown_stays() {
    let body = json!([
        {"type": "TextBlock", "text": "a", "x-unknown": {"type": "Badge"}},
        {"type": "ColumnSet", "columns": [{"items": [{"type": "Image", "url": "https://a.example"}]}]},
        {"type": "ActionSet", "actions": [{"type": "Action.Submit", "data": {"msteams": {"type": "signin"}}}]},
    ]);
    check(&old(), &body, &body, &[]);
}

#[test]
fn properties_and_words_that_are_too_new_go() {
    check(
        &old(),
        &json!([
            {"type": "TextBlock", "text": "a", "style": "heading", "labelFor": "x", "wrap": true},
            {"type": "Input.Text", "id": "x", "style": "password", "label": "L"},
        ]),
        &json!([
            {"type": "TextBlock", "text": "a", "wrap": true},
            {"type": "Input.Text", "id": "x"},
        ]),
        &[
            "/body/0/style: old does not know TextBlock.style: dropped",
            "/body/0/labelFor: old does not know TextBlock.labelFor: dropped",
            "/body/1/style: old does not know the word Password: dropped",
            "/body/1/label: old does not know Input.Text.label: dropped",
        ],
    );
}

#[test]
fn a_fallback_takes_the_place_as_often_as_it_must() {
    check(
        &old(),
        &json!([
            {"type": "Badge", "text": "x", "fallback": {
                "type": "Table", "fallback": {"type": "TextBlock", "text": "x"},
            }},
            {"type": "Table", "fallback": "drop"},
            {"type": "TextBlock", "text": "later"},
        ]),
        &json!([{"type": "TextBlock", "text": "x"}, {"type": "TextBlock", "text": "later"}]),
        &[
            "/body/0: old does not show Badge: replaced by its fallback",
            "/body/0/fallback: old does not show Table: replaced by its fallback",
            "/body/1: old does not show Table: dropped",
        ],
    );
}

#[test]
fn without_a_fallback_that_of_what_holds_it_is_used() {
    let inside = json!([{"type": "TextBlock", "text": "a"}, {"type": "Sparkle"}]);
    check(
        &Host::TEAMS,
        &json!([{"type": "Container", "items": [{"type": "Container", "items": inside}],
            "fallback": {"type": "TextBlock", "text": "instead"}}]),
        &json!([{"type": "TextBlock", "text": "instead"}]),
        &["/body/0: Teams does not show what is in it: replaced by its fallback"],
    );
    check(
        &Host::TEAMS,
        &json!([{"type": "Container", "items": inside}]),
        &json!([{"type": "Container", "items": [{"type": "TextBlock", "text": "a"}]}]),
        &["/body/0/items/1: Teams does not show Sparkle: dropped"],
    );
}

#[test]
fn what_is_required_must_be_there() {
    const MAPS: &[(&str, Version)] = &[("maps", Version::new(2, 0))];
    let needs = |what: &str, version: &str| json!([{"type": "TextBlock", "text": "a", "requires": {what: version}}]);
    check(&old(), &needs("adaptiveCards", "1.2"), &needs("adaptiveCards", "1.2"), &[]);
    check(&old().can(MAPS), &needs("maps", "*"), &needs("maps", "*"), &[]);
    let said = ["/body/0: old does not have maps \"*\": dropped"];
    check(&old(), &needs("maps", "*"), &json!([]), &said);
    let said = ["/body/0: old does not have adaptiveCards \"1.3\": dropped"];
    check(&old(), &needs("adaptiveCards", "1.3"), &json!([]), &said);
}

#[test]
fn the_version_is_lowered_and_actions_give_way() {
    let card = json!({"type": "AdaptiveCard", "version": "1.6", "body": [], "actions": [
        {"type": "Action.Execute", "verb": "go", "fallback": {"type": "Action.Submit", "data": {}}},
    ], "selectAction": {"type": "Action.Execute", "verb": "go"}});
    let card: AdaptiveCard = serde_json::from_value(card).unwrap();
    let old = card.for_host(&Host::new("old", Version::new(1, 3)));
    assert_eq!(
        serde_json::to_value(&old.card).unwrap(),
        json!({"type": "AdaptiveCard", "version": "1.3", "body": [], "actions": [
            {"type": "Action.Submit", "data": {}},
        ]})
    );
    assert_eq!(old.changes.len(), 3);
    assert!(
        card.for_host(&Host::OUTLOOK).changes.iter().all(|change| change.pointer != "/actions/0")
    );
}

#[test]
fn twice_is_once() {
    let Some(folder) = corpus::cards("twice_is_once") else { return };
    for file in corpus::json_files(&folder.join("payloads")) {
        let case = corpus::read(&file);
        if case["card"].is_null() {
            continue;
        }
        let card: AdaptiveCard = serde_json::from_value(case["card"].clone()).unwrap();
        for host in [Host::TEAMS, Host::WEB_CHAT, Host::OUTLOOK, Host::WEBEX] {
            let once = card.for_host(&host);
            let twice = once.card.for_host(&host);
            assert_eq!(twice.changes, [], "{} {}", host.title, file.display());
            assert_eq!(twice.card, once.card);
        }
    }
}
