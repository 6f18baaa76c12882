//! Designers edit while the bot runs, and values from outside stay values.

use std::fs;
use std::time::Duration;

use argus_reference_bot::ports::ledger::Recorded;
use argus_soc::ledger::fact::What;
use serde_json::{Value, json};

use super::world::{Left, Plan, World, alert, texts};

/// What was refused at the newest change of the templates, once there was one.
async fn refused_after(world: &World, changes: usize) -> Vec<String> {
    world
        .until("a change of the templates", async || {
            let records = world.audit().await;
            let mut seen = records.iter().filter_map(|record| match &record.fact.what {
                What::TemplatesActivated { refused, .. } => Some(refused.clone()),
                _ => None,
            });
            seen.nth(changes)
        })
        .await
}

#[tokio::test]
async fn a_broken_edit_changes_nothing_and_a_good_one_shows_at_once() {
    let world = World::with(Plan { own_templates: true, ..Plan::default() }).await;
    let file = world.data("card-templates/alert/alert.card.json");
    let good = fs::read_to_string(&file).unwrap();
    // The watcher begins with the bot; a change before it would not be seen as one.
    world.ingest(&alert("a-1", "ws-114")).await;
    world.card("INC-1", |card| card.says("1 from edr")).await;

    let line = 1 + good.lines().position(|line| line.contains("\"body\"")).unwrap();
    fs::write(&file, good.replacen("\"body\": [", "\"body\": [,", 1)).unwrap();
    let refused = refused_after(&world, 1).await.join("\n");
    assert!(refused.contains(&format!("alert.card.json:{line}:")), "{refused}");
    world.ingest(&alert("a-2", "ws-114")).await;
    world.card("INC-1", |card| card.says("2 from edr")).await;

    let seen = world.audit().await.iter().filter(|it| is_change(&it.fact.what)).count();
    fs::write(&file, good.replace("Events\"", "Occurrences\"")).unwrap();
    let refused = refused_after(&world, seen).await.join("\n");
    assert!(!refused.contains("stays in use"), "{refused}");
    world.ingest(&alert("a-3", "ws-114")).await;
    world.card("INC-1", |card| card.says("3 from edr") && card.says("Occurrences")).await;
    // The card is there a moment before the record that says so.
    world
        .until("two versions of the template in the trail", async || {
            let records = world.audit().await;
            let mut used: Vec<&str> = records.iter().filter_map(used_template).collect();
            used.dedup();
            (used.len() == 2).then_some(())
        })
        .await;
    world.finish(Left::default()).await;
}

fn used_template(record: &Recorded) -> Option<&str> {
    match &record.fact.what {
        What::NoticeDelivered { template, .. } => Some(template),
        _ => None,
    }
}

fn is_change(what: &What) -> bool {
    matches!(what, What::TemplatesActivated { .. })
}

/// A card without its texts: what it is made of.
fn bones(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("type" | "style" | "color" | "verb", value) => (name.clone(), value.clone()),
                (_, value) => (name.clone(), bones(value)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(bones).collect(),
        Value::String(_) => json!("…"),
        other => other.clone(),
    }
}

const HOSTILE: [&str; 10] = [
    r#""}],"actions":[{"type":"Action.OpenUrl","title":"x","url":"https://evil.example"}],"x":[{"y":""#,
    "${incident.key} ${json('{\"type\":\"Image\"}')}",
    "{{ incident.key }} {% raw %}",
    "[Sign in](https://evil.example/login) ![x](https://evil.example/p.png)",
    "<at>Alice Berg</at> <a href=\"https://evil.example\">x</a><script>alert(1)</script>",
    "**bold** _it_ `code` # title\n- item\n1. item",
    "a\u{202e}gnp.exe \u{0}\u{7}\u{feff} \u{2066}x",
    "{{DATE(2026-11-20T08:00:00Z,SHORT)}} {{TIME(2026-11-20T08:00:00Z)}}",
    "\\u0022},{\\\"type\\\":\\\"Input.Text\\\"}",
    "https://evil.example/click-me",
];

#[tokio::test]
async fn hostile_values_stay_text() {
    let world = World::new().await;
    let with = |at: usize, text: &str| {
        let mut one = alert(&format!("a-{at}"), "ws-114");
        one["event_type"] = json!(format!("kind {at} {text}"));
        for field in ["title", "description", "product", "link", "rule"] {
            one[field] = json!(format!("{text} {field}"));
        }
        one["techniques"] = json!([text, "T1486"]);
        one
    };
    // An address in a text is found and listed, so there is a plain card with each number of them.
    let harmless =
        ["Plain", "Plain https://a.example/1", "Plain https://a.example/1 https://a.example/2"];
    for (at, text) in harmless.iter().chain(&HOSTILE).enumerate() {
        world.ingest(&with(at, text)).await;
    }
    let mut plain = Vec::new();
    for at in 1..=harmless.len() {
        plain.push(bones(&world.card(&format!("INC-{at}"), |_| true).await.card));
    }
    for (at, text) in HOSTILE.iter().enumerate() {
        let shown = world.card(&format!("INC-{}", at + 1 + harmless.len()), |_| true).await;
        assert!(plain.contains(&bones(&shown.card)), "{text}: {:#}", shown.card);
        let all = texts(&shown.card).join("\n");
        for live in
            ["](https://evil", "<at>", "{{DATE", "{{TIME", "INC-1 {", "\u{202e}", "\u{2066}"]
        {
            assert!(!all.contains(live), "{text}: {live:?} in {all}");
        }
        assert!(!all.contains("<script>") || all.contains("\\<script"), "{text}: {all}");
        assert_eq!(mentions(&world, &shown.id), 0, "{text}");
    }
    world.finish(Left::default()).await;
}

/// How many people the card's message mentions.
fn mentions(world: &World, id: &str) -> usize {
    let messages = world.sim.teams().bot_messages(world.sim.channel_id());
    let message = messages.into_iter().find(|it| it["id"] == id).unwrap();
    let outside = message["entities"].as_array().map_or(0, Vec::len);
    let card = &message["attachments"][0]["content"];
    outside + card["msteams"]["entities"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn very_long_values_still_fit_into_a_message() {
    let world = World::new().await;
    let mut huge = alert("a-1", "ws-114");
    for field in ["title", "description", "product", "rule"] {
        huge[field] = json!("ü🦀 ".repeat(20_000));
    }
    huge["techniques"] = json!(vec!["T1486 ".repeat(50); 500]);
    let (status, receipt) =
        super::world::answer(world.keyed(huge.to_string()).timeout(Duration::from_secs(5))).await;
    assert_eq!(status, 202, "{receipt}");
    world.card("INC-1", |card| card.button("isolate").is_some()).await;
    world.finish(Left::default()).await;
}
