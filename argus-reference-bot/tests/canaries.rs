//! Secrets that are worth nothing, planted wherever one can stand: whatever goes wrong, none of them is
//! in a log line, an answer, a card, a record, or in what a command prints.

mod scene;

use argus_bot_sdk::testing::fault::Fault;
use serde_json::json;

use self::scene::{CANARIES, Planted, Scene, canary, found};

#[test]
fn a_canary_that_is_there_is_found_in_each_of_its_forms() {
    let secret = canary("wall-token");
    for text in [
        format!("… {secret} …"),
        format!("Basic {}", scene::base64(&format!("argus:{secret}"))),
        scene::base64(&secret),
        secret.to_uppercase(),
    ] {
        assert_eq!(found(&text), ["wall-token"], "{text}");
    }
    assert_eq!(found("nothing to see"), [""; 0]);
    assert!(CANARIES.len() >= 20, "{}", CANARIES.len());
}

/// The whole bot with a helper that gives one canary away: the search that the other test trusts sees it.
#[tokio::test]
async fn a_deliberate_leak_is_seen_where_it_happens() {
    let scene = Scene::start().await;
    // A source that writes a secret of ours into a title; nobody can know that it is one.
    let title = format!("leaked {}", canary("wall-token"));
    scene
        .ingest(&json!({
            "id": "leak", "source": "edr", "event_type": "leak", "severity": "high", "title": title,
            "entity_type": "ip", "entity_value": "203.0.113.9",
        }))
        .await;
    scene.until_card("INC-1").await;
    let outputs = scene.stop().await;
    let places: Vec<&str> = outputs
        .iter()
        .filter(|(_, text)| !found(text).is_empty())
        .map(|(it, _)| it.as_str())
        .collect();
    assert!(places.contains(&"cards") && places.contains(&"records"), "{places:?}");
}

#[tokio::test]
async fn no_canary_is_seen_whatever_goes_wrong() {
    let scene = Scene::start().await;
    // Strangers, with secrets of theirs and of ours in the wrong places.
    scene.knock().await;
    // Everything that is asked refuses, breaks, is late, or says back what it got.
    for fault in [
        Fault::Status { code: 401, retry_after: None },
        Fault::FailBefore(500),
        Fault::Html200,
        Fault::Reset,
        Fault::Body(
            json!({"newPassword": canary("new-password"), "error":
            {"code": "x", "innererror": canary("vault-old")}})
            .to_string(),
        ),
    ] {
        for system in ["servicenow", "jira", "firewall", "defender", "azure"] {
            scene.sim.faults().push(system, "*", fault.clone());
        }
    }
    for n in 0..4 {
        scene.ingest(&scene::attack(n)).await;
    }
    scene.until_card("INC-1").await;
    for words in
        ["health", "status", "run canaries on INC-1", "ticket INC-1", "show INC-1", "outbox"]
    {
        scene.say(words).await;
    }
    scene.agree().await;
    scene.until_asked().await;
    scene.sim.faults().push("graph", "*", Fault::Body(canary("new-password")));
    // The vault changes its secrets, and then it is away.
    scene.rotate();
    scene.say("health").await;
    scene.sim.faults().always("vault", "*", Fault::Body(canary("vault-old")));
    scene.say("health").await;
    // The commands can read their secrets again, so that there is something to give away.
    scene.sim.faults().clear_system("vault");
    let outputs = scene.stop().await;
    let Planted { asked } = scene.planted();
    assert!(asked > 0, "the hook was called, so its secrets left the house");
    let of = |place: &str| {
        let mut them = outputs.iter().filter(|(it, _)| it.starts_with(place));
        them.next().map_or("", |(_, text)| text.as_str())
    };
    assert!(of("records").contains("effect.outcome"), "a run went wrong on record");
    assert!(of("log").contains("TRACE"), "the log says all that it can");
    assert!(of("argus doctor").contains("keyvault:argus-kv/wall"), "{}", of("argus doctor"));
    for (place, text) in &outputs {
        let text = text.trim();
        assert_eq!(found(text), [""; 0], "in {place}");
        assert!(!text.is_empty(), "{place} has something to search");
    }
}

#[tokio::test]
async fn settings_with_a_secret_in_the_wrong_place_are_refused_without_repeating_it() {
    let scene = Scene::start().await;
    for (wrong, place) in [
        (
            scene.settings_with(
                "token = \"keyvault:argus-kv/wall\"",
                &format!("token = {:?}", canary("pasted")),
            ),
            "pasted",
        ),
        (
            scene.settings_with(
                "[connectors.wall]",
                &format!("[connectors.wall]\npassword = {:?}", canary("pasted")),
            ),
            "an unknown key",
        ),
        (
            scene.settings_with(
                "@WALL@",
                &format!("https://argus:{}@wall.example/", canary("url-password")),
            ),
            "in a URL",
        ),
        (
            scene
                .settings_with("keyvault:argus-kv/wall", &format!("keyvault:{}", canary("pasted"))),
            "behind keyvault:",
        ),
    ] {
        let said = scene.doctor_with(&wrong).await;
        assert_eq!(found(&said), [""; 0], "{place}: {said}");
        assert!(said.contains("argus.toml") || said.contains("connectors.wall"), "{place}: {said}");
    }
    scene.stop().await;
}
