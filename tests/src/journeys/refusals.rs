//! What whoever is turned away learns: that it was, whatever it sent, and no more.

use super::doors::{head, raw};
use super::world::{Left, Plan, World, alert, answer};

#[tokio::test]
async fn a_wrong_signature_tells_no_name_from_another() {
    let settings = "[ingest.sources.signed.quota]\nevents_per_minute = 1\n".to_owned();
    let world = World::with(Plan { settings, ..Plan::default() }).await;
    let body = alert("a-1", "ws-114").to_string();
    assert_eq!(answer(world.signed(&body)).await.0, 202);
    assert_eq!(answer(world.signed(&alert("a-2", "ws-114").to_string())).await.0, 429);

    let zeros = format!("sha256={}", "0".repeat(64));
    let wrong = async |path: &str, header: (&str, &str)| {
        let request = world.http.post(world.url(path)).header("x-hub-signature-256", &zeros);
        answer(request.header(header.0, header.1).body(body.clone())).await
    };
    let (_, refused) = answer(world.http.post(world.url("/ingest/nobody"))).await;
    for path in ["/ingest/signed", "/ingest/keyed", "/ingest/nobody", "/ingest"] {
        for header in [
            ("content-type", "application/json"),
            ("content-type", "text/xml"),
            ("content-encoding", "br"),
            ("content-encoding", "gzip"),
            ("idempotency-key", ""),
            ("aeg-event-type", "SubscriptionValidation"),
        ] {
            let found = wrong(path, header).await;
            assert_eq!(found, (401, refused.clone()), "{path} {header:?}");
        }
        let shown = format!("x-hub-signature-256: {zeros}");
        let large = format!("{}content-length: 99999999\r\n\r\n", head("POST", path, &[&shown]));
        assert_eq!(raw(&world, large.as_bytes(), false).await, Some(401), "{path}: too large");
    }
    let page = world.http.get(world.url("/metrics")).send().await.unwrap().text().await.unwrap();
    for row in ["reason=\"unreadable\"} 0", "reason=\"too_big\"} 0", "reason=\"quota\"} 1"] {
        let row = format!("argus_source_events_refused_total{{source=\"signed\",{row}");
        assert!(page.contains(&row), "{row} in {page}");
    }
    world.finish(Left::default()).await;
}
