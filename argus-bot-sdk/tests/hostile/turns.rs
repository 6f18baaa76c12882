//! The same again and again, and handlers that are slow or broken.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Scene, TAKEN};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_at_once_are_one() {
    let scene = Scene::new().await;
    let message = scene.activity("same", json!({}));
    let all = (0..50).map(|_| scene.post(&message));
    for (status, _) in futures_util::future::join_all(all).await {
        assert_eq!(status, TAKEN);
    }
    scene.teams.settle().await;
    assert_eq!((scene.runs.load(Ordering::SeqCst), scene.teams.sent().len()), (1, 1));

    let press = scene.press("same button", &json!({}));
    let all = (0..50).map(|_| scene.post(&press));
    for (status, body) in futures_util::future::join_all(all).await {
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["value"]), (200, &json!("pressed")));
    }
    assert_eq!(scene.runs.load(Ordering::SeqCst), 2, "once for all fifty");
    // The same id in another conversation is another activity.
    let mut elsewhere = message.clone();
    elsewhere["conversation"]["id"] = json!(scene.teams.user("Ben").place());
    assert_eq!(scene.post(&elsewhere).await.0, TAKEN);
    scene.teams.settle().await;
    assert_eq!(scene.runs.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn slow_handlers_keep_nobody_waiting() {
    let scene = Scene::with(|bot| bot.action_deadline(Duration::from_millis(200))).await;
    let began = Instant::now();
    let (status, _) = scene.post(&scene.activity("slow", json!({ "text": "sleep" }))).await;
    assert_eq!(status, TAKEN, "a message is acknowledged at once");
    let (status, body) = scene.post(&scene.press("slow press", &json!({ "do": "sleep" }))).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["statusCode"]), (200, &json!(500)), "{body}");
    assert_eq!(body["type"], "application/vnd.microsoft.error");
    let (status, again) = scene.post(&scene.press("slow press", &json!({ "do": "sleep" }))).await;
    assert_eq!((status, serde_json::from_str::<Value>(&again).unwrap()), (200, body));
    assert_eq!(scene.runs.load(Ordering::SeqCst), 2, "a repeated press waits for the first");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_panic_is_one_handler_s_own() {
    let scene = Scene::new().await;
    let (status, _) = scene.post(&scene.activity("bad", json!({ "text": "panic" }))).await;
    assert_eq!(status, TAKEN);
    let (status, body) = scene.post(&scene.press("bad press", &json!({ "do": "panic" }))).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["statusCode"]), (200, &json!(500)));
    assert!(!body.to_string().contains("on purpose"), "what went wrong is for the log");
    scene.is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_turned_away_and_passes() {
    let scene = Scene::with(|bot| bot.queues(4, 16).workers(1)).await;
    let storm: Vec<Value> =
        (0..200).map(|n| scene.activity(&format!("storm {n}"), json!({}))).collect();
    let all = storm.iter().map(|activity| scene.post(activity));
    let statuses: Vec<u16> =
        futures_util::future::join_all(all).await.into_iter().map(|(status, _)| status).collect();
    assert!(statuses.iter().all(|status| matches!(*status, TAKEN | 429)), "{statuses:?}");
    scene.teams.settle().await;
    let taken = statuses.iter().filter(|status| **status == TAKEN).count();
    assert_eq!(scene.runs.load(Ordering::SeqCst), taken, "what was taken was done, once");
    scene.is_well().await;
}
