//! A Connector that has a bad day: whatever it says, the bot's turn ends, nothing is said twice,
//! and the next message is answered.

use std::time::Duration;

use argus_bot_sdk::testing::fault::Fault;
use serde_json::json;
use tokio::time::Instant;

use super::{Scene, TAKEN};

/// How often the text was shown, after `fault` met the send.
async fn shown_after(fault: Fault, times: u32) -> usize {
    let scene = Scene::new().await;
    scene.teams.faults().push_times("teams", "*", fault.clone(), times);
    let began = Instant::now();
    let (status, _) = scene.post(&scene.activity("hello", json!({}))).await;
    assert_eq!(status, TAKEN, "{fault:?}");
    scene.teams.settle().await;
    assert!(began.elapsed() < Duration::from_secs(9), "{fault:?} took {:?}", began.elapsed());
    let shown = scene.teams.user("Alice").sees();
    let count = shown.iter().filter(|it| it.text.as_deref() == Some("echo: hello")).count();
    scene.teams.faults().clear();
    scene.is_well().await;
    count
}

fn status(code: u16) -> Fault {
    Fault::Status { code, retry_after: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_ends_and_nothing_is_said_twice() {
    let cases = [
        ("429 with a wait", Fault::Status { code: 429, retry_after: Some(1) }, 1, 1),
        ("429 without", status(429), 1, 1),
        ("429 for an hour", Fault::Status { code: 429, retry_after: Some(3600) }, 1, 0),
        ("412", status(412), 1, 1),
        ("401 once", status(401), 1, 1),
        ("401 for ever", status(401), 9, 0),
        ("400", status(400), 1, 0),
        ("403", status(403), 1, 0),
        ("404", status(404), 1, 0),
        ("413", status(413), 1, 0),
        ("500", status(500), 1, 0),
        ("502, nothing done", Fault::FailBefore(502), 1, 0),
        ("502, done", Fault::FailAfter(502), 1, 1),
        ("503, done", Fault::FailAfter(503), 1, 1),
        ("a lost answer", Fault::LoseResponse, 1, 1),
        ("a reset", Fault::Reset, 1, 0),
        ("a page with 200", Fault::Html200, 1, 0),
        ("garbage with 201", Fault::Body("<<<".into()), 1, 1),
        ("an empty body with 201", Fault::Body(String::new()), 1, 1),
    ];
    let all = cases.into_iter().map(|(name, fault, times, expected)| async move {
        let shown = shown_after(fault, times).await;
        (name, shown, expected)
    });
    for (name, shown, expected) in futures_util::future::join_all(all).await {
        assert_eq!(shown, expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_connector_holds_up_one_conversation_only() {
    let scene = Scene::new().await;
    let ben = scene.teams.user("Ben").place().to_owned();
    scene.teams.faults().push("teams", "*", Fault::Delay(Duration::from_mins(1)));
    assert_eq!(scene.post(&scene.activity("hangs", json!({}))).await.0, TAKEN);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut other = scene.activity("meanwhile", json!({}));
    other["conversation"]["id"] = json!(ben);
    assert_eq!(scene.post(&other).await.0, TAKEN);
    for _ in 0..300 {
        let seen = scene.teams.user("Ben").sees();
        if seen.iter().any(|it| it.text.as_deref() == Some("echo: meanwhile")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("Ben waits for Alice's Connector");
}
