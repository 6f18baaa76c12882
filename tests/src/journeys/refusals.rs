//! What whoever is turned away learns: that it was, whatever it sent, and no more.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::doors::{HANG, head, raw, with_body};
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

#[tokio::test]
async fn a_refusal_before_a_long_body_was_read_arrives_and_closes() {
    let world = World::new().await;
    let address = world.url("").trim_start_matches("http://").to_owned();
    let kind = "content-type: application/json";
    let wrong = "x-hub-signature-256: sha256=zz";
    for (path, header, wanted) in [
        ("/ingest/keyed", "x-api-key: wrong", 401),
        ("/ingest/signed", wrong, 401),
        ("/playbooks", "via: a proxy", 401),
        ("/playbooks", "accept: */*", 413),
        ("/callbacks/sharepoint", "accept: */*", 404),
        ("/nothing", "accept: */*", 404),
    ] {
        // Long enough that it is not all on its way when the answer is.
        let bytes = with_body("POST", path, &[kind, header], &vec![b' '; 1 << 20]);
        let mut stream = TcpStream::connect(&address).await.unwrap();
        for part in bytes.chunks(64 << 10) {
            stream.write_all(part).await.unwrap_or_else(|it| panic!("{path} {header}: {it}"));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let mut answer = Vec::new();
        let read = timeout(HANG, stream.read_to_end(&mut answer)).await.expect("it is closed");
        let text = String::from_utf8_lossy(&answer);
        assert!(read.is_ok(), "{path} {header}: {read:?} after {text}");
        assert!(text.starts_with(&format!("HTTP/1.1 {wanted} ")), "{path} {header}: {text}");
        assert!(text.contains("connection: close\r\n"), "{path} {header}: {text}");
    }
    // What is small and came at once costs nobody a new connection.
    let mut stream = TcpStream::connect(&address).await.unwrap();
    for _ in 0..2 {
        let bytes = with_body("POST", "/ingest/keyed", &[kind, "x-api-key: wrong"], b"{}");
        stream.write_all(&bytes).await.unwrap();
        let mut part = vec![0; 8_192];
        let count = timeout(HANG, stream.read(&mut part)).await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&part[..count]);
        assert!(text.starts_with("HTTP/1.1 401 ") && !text.contains("connection: close"), "{text}");
    }
    world.finish(Left::default()).await;
}
