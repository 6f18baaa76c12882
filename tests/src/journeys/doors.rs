//! Every door against whoever comes: strangers, broken clients, slow ones.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::world::{API_KEY, Left, World, alert, answer};

/// The automation runner's example as it stands in its text: without indentation.
fn playbook() -> String {
    let meant = include_str!("../../../argus-reference-bot/soc/tests/s2.yaml");
    meant.lines().flat_map(|line| [line.trim_start(), "\n"]).collect()
}
/// Longer than any door waits.
pub(super) const HANG: Duration = Duration::from_secs(20);

/// Sends bytes, and says that nothing follows if asked to; gives the status, or `None` if the
/// connection was closed without an answer.
pub(super) async fn raw(world: &World, bytes: &[u8], ends: bool) -> Option<u16> {
    let address = world.url("");
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
    // A door that refuses early may close before all is sent.
    let sent = stream.write_all(bytes).await;
    if ends && sent.is_ok() {
        drop(stream.shutdown().await);
    }
    let mut answer = Vec::new();
    let mut part = [0; 4_096];
    loop {
        match timeout(HANG, stream.read(&mut part)).await.expect("the door hangs") {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&part[..count]),
        }
        if answer.windows(4).any(|it| it == b"\r\n\r\n") {
            break;
        }
    }
    let text = String::from_utf8_lossy(&answer);
    text.split(' ').nth(1).and_then(|status| status.parse().ok())
}

pub(super) fn head(method: &str, path: &str, headers: &[&str]) -> String {
    let lines = headers.iter().fold(String::new(), |all, line| format!("{all}{line}\r\n"));
    format!("{method} {path} HTTP/1.1\r\nhost: argus\r\n{lines}")
}

pub(super) fn with_body(method: &str, path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let head = head(method, path, headers);
    let mut bytes = format!("{head}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// What stands between a client and a 2xx: nothing but the body.
fn doors(world: &World) -> [(&'static str, String); 3] {
    let token = world.sim.teams().token();
    [
        ("/ingest/keyed", format!("x-api-key: {API_KEY}")),
        ("/api/messages", format!("authorization: Bearer {token}")),
        ("/playbooks", "accept: */*".to_owned()),
    ]
}

fn bad_bodies() -> Vec<Vec<u8>> {
    let deep = |open: &str, close: &str| {
        format!("{}{}", open.repeat(20_000), close.repeat(20_000)).into_bytes()
    };
    let mut all: Vec<Vec<u8>> = [
        "",
        " ",
        "null",
        "true",
        "0",
        "1e999999",
        "\"",
        "\"x\"",
        "[",
        "]",
        "{",
        "}",
        "{]",
        "[}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "[1,]",
        "\u{feff}",
        "nul",
        "NaN",
        "-",
        "+1",
        "01",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\0",
        "{\"type\":\"message\",\"type\":\"invoke\"}",
        "{\"id\":1,\"id\":2,\"id\":{\"id\":3}}",
        "{\"type\":[]}",
        "{\"type\":\"invoke\"}",
        "{\"type\":\"invoke\",\"name\":{}}",
        "{\"type\":\"message\",\"from\":7,\"conversation\":\"x\"}",
        "<xml/>",
        "a=b&c=d",
        "playbook: [",
        "playbook: &a [*a, *a]",
        "- - - -",
        "%YAML 9.9\n---\n",
        "playbook:\n\t- x",
        "? !!binary x",
        "{severity: {severity: {severity: high}}}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    all.extend([
        deep("[", "]"),
        deep("{\"a\":", "}"),
        deep("[", ""),
        vec![0xff; 100],
        b"{\"title\":\"\xc3\x28\"}".to_vec(),
        b"\x1f\x8b\x08\x00\x00\x00".to_vec(),
        vec![b'9'; 100_000],
        [b"\"".as_slice(), &vec![b'a'; 500_000], b"\""].concat(),
        vec![b' '; 2_000_000],
        [b"{\"title\":\"".as_slice(), &vec![b'x'; 3_000_000], b"\"}"].concat(),
    ]);
    all
}

/// A good request of each kind is still answered.
async fn still_well(world: &World, id: &str) {
    let (status, receipt) = answer(world.keyed(alert(id, "ws-114").to_string())).await;
    assert_eq!(status, 202, "{receipt}");
    assert_eq!(world.get("/readyz").await.0, 200);
    world.say("alice", "help").await;
}

#[tokio::test]
async fn bad_bodies_get_an_answer_that_blames_the_client() {
    let world = World::new().await;
    for (path, proof) in doors(&world) {
        for body in bad_bodies() {
            let json = ["content-type: application/json", &proof];
            let shown = || String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let status = raw(&world, &with_body("POST", path, &json, &body), false).await;
            let status = status.unwrap_or_else(|| panic!("{path}: no answer to {}", shown()));
            // A body with no meaning for an events door may still be an event that says nothing.
            let fine = matches!(status, 200..=299 | 400..=499 | 501);
            assert!(fine, "{path}: {status} to {}", shown());
        }
    }
    still_well(&world, "good").await;
    let waits = world.soc().ledger.counts().await.unwrap();
    assert!(waits.events >= 1, "{waits:?}");
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn truncated_bodies_and_odd_framing_are_refused() {
    let world = World::new().await;
    let body = alert("a-1", "ws-114").to_string();
    for (path, proof) in doors(&world) {
        let json = ["content-type: application/json", proof.as_str()];
        for cut in [0, 1, body.len() / 2, body.len() - 1] {
            let mut bytes = with_body("POST", path, &json, body.as_bytes());
            bytes.truncate(bytes.len() - body.len() + cut);
            let status = raw(&world, &bytes, true).await;
            assert!(status.is_none_or(|it| (400..500).contains(&it)), "{path} {cut}: {status:?}");
        }
        for framing in [
            "content-length: -1\r\n\r\n",
            "content-length: 99999999999999999999\r\n\r\n",
            "content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
            "transfer-encoding: chunked\r\n\r\nZZ\r\nabc\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n5\r\nab",
            "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
            "transfer-encoding: gzip\r\n\r\nabc",
            "content-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
            "bad header\r\n\r\n",
        ] {
            let bytes = format!("{}{framing}", head("POST", path, &json)).into_bytes();
            let status = raw(&world, &bytes, true).await;
            let fine = status.is_none_or(|it| (400..=501).contains(&it) && it != 500);
            assert!(fine, "{path} {framing:?}: {status:?}");
        }
    }
    for bytes in [&b"GET"[..], b"\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n"] {
        let status = raw(&world, bytes, true).await;
        assert!(status.is_none_or(|it| (400..=505).contains(&it)), "{bytes:?}: {status:?}");
    }
    assert_eq!(world.soc().ledger.counts().await.unwrap().events, 0, "nothing was taken");
    still_well(&world, "good").await;
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn slow_bodies_are_given_up() {
    let world = World::new().await;
    let slow = async |path: &str, proof: &str| {
        let json = ["content-type: application/json", proof, "content-length: 500"];
        let bytes = format!("{}\r\n{{\"title\"", head("POST", path, &json)).into_bytes();
        let status = raw(&world, &bytes, false).await;
        assert!(matches!(status, None | Some(400 | 408)), "{path}: {status:?}");
    };
    let [ingest, messages, playbooks] = doors(&world);
    tokio::join!(
        slow(ingest.0, &ingest.1),
        slow(messages.0, &messages.1),
        slow(playbooks.0, &playbooks.1),
        async {
            let status = raw(&world, b"POST /ingest/keyed HTTP/1.1\r\nhost: a", false).await;
            assert!(matches!(status, None | Some(408)), "headers: {status:?}");
        },
        still_well(&world, "meanwhile"),
    );
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn strangers_learn_nothing_and_change_nothing() {
    let world = World::new().await;
    let body = alert("a-1", "ws-114").to_string();
    let good = format!("x-api-key: {API_KEY}");
    let token = world.sim.teams().token();
    let bearer = format!("authorization: Bearer {token}");
    let garbage = format!("authorization: Bearer {}", "x".repeat(5_000));
    let kind = "content-type: application/json";
    let of = |path: &'static str, headers: &[&str], wanted: u16| {
        (with_body("POST", path, headers, body.as_bytes()), path, headers.join(" | "), wanted)
    };
    let zeros = format!("x-hub-signature-256: sha256={}", "0".repeat(64));
    for (bytes, path, headers, wanted) in [
        of("/ingest/keyed", &[kind], 401),
        of("/ingest/keyed", &[kind, "x-api-key: wrong"], 401),
        of("/ingest/keyed", &[kind, "x-api-key:"], 401),
        of("/ingest/keyed", &[kind, &good, &good], 401),
        of("/ingest/keyed", &[kind, &zeros], 401),
        of("/ingest/signed", &[kind, &good], 401),
        of("/ingest/signed", &[kind, &zeros], 401),
        of("/ingest/signed", &[kind, "x-hub-signature-256: sha256=zz"], 401),
        of("/ingest/signed", &[kind, "x-hub-signature-256: sha1=00"], 401),
        of("/ingest/nobody", &[kind, &good], 401),
        of("/ingest/keyed", &["content-type: text/xml", &good], 415),
        of("/ingest/keyed", &[kind, &good, "content-encoding: br"], 415),
        of("/ingest/keyed", &[kind, &good, "content-encoding: gzip"], 400),
        of("/ingest/keyed", &[kind, &good, "idempotency-key:"], 400),
        of("/api/messages", &[kind], 401),
        of("/api/messages", &[kind, "authorization: Bearer"], 401),
        of("/api/messages", &[kind, "authorization: Basic eDp5"], 401),
        of("/api/messages", &[kind, &garbage], 401),
        of("/api/messages", &[kind, &bearer, &bearer], 401),
        of("/api/messages", &["content-type: text/plain", &bearer], 415),
        of("/playbooks", &[kind, "x-forwarded-for: 198.51.100.7"], 401),
        of("/playbooks", &[kind, "forwarded: for=198.51.100.7"], 401),
        of("/nothing", &[kind], 404),
        of("/ingest/keyed/more", &[kind, &good], 404),
    ] {
        let status = raw(&world, &bytes, false).await;
        assert_eq!(status, Some(wanted), "{path} {headers}");
    }
    let counts = world.soc().ledger.counts().await.unwrap();
    assert_eq!((counts.events, counts.incidents), (0, 0));
    still_well(&world, "good").await;
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn every_door_knows_its_methods_and_its_readers() {
    let world = World::new().await;
    let receipt = world.ingest(&alert("a-1", "ws-114")).await;
    world.card("INC-1", |_| true).await;
    let event = format!("/events/{}", receipt["event_id"].as_str().unwrap());
    let guarded = [event.as_str(), "/incidents/INC-1", "/playbooks", "/metrics"];
    for path in guarded.iter().chain(&["/healthz", "/readyz"]) {
        assert_eq!(world.get(path).await.0, 200, "{path}");
        let deleted = answer(world.http.delete(world.url(path))).await.0;
        assert_eq!(deleted, 405, "{path}");
    }
    for path in ["/ingest", "/ingest/keyed", "/api/messages"] {
        for method in [reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::OPTIONS] {
            let status = answer(world.http.request(method.clone(), world.url(path))).await.0;
            assert_eq!(status, 405, "{method} {path}");
        }
    }
    for path in guarded {
        let proxied = world.http.get(world.url(path)).header("x-forwarded-for", "198.51.100.7");
        let (status, problem) = answer(proxied).await;
        assert_eq!((status, &problem["status"]), (401, &json!(401)), "{path}: {problem}");
    }
    let missing = ["/events/x", "/events/00000000-0000-4000-8000-000000000000", "/incidents/INC-9"];
    for path in missing.iter().chain(&["/incidents/%00", "/incidents/..%2f", "/", "/INGEST"]) {
        let (status, problem) = world.get(path).await;
        assert_eq!((status, problem["status"].as_u64()), (404, Some(404)), "{path}: {problem}");
        assert!(problem["type"].as_str().unwrap().contains("not-found"), "{path}: {problem}");
    }
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn the_runners_playbook_is_taken_as_a_draft() {
    let world = World::new().await;
    let shifted = playbook().replace("revoke_token", "format_disk");
    let post = async |text: &str| {
        answer(world.http.post(world.url("/playbooks")).body(text.to_owned())).await
    };
    let (status, taken) = post(&playbook()).await;
    assert_eq!((status, &taken["state"]), (201, &json!("draft")), "{taken}");
    assert_eq!(taken["id"], "IR-AUTO-042", "{taken}");
    let (_, all) = world.get("/playbooks").await;
    let drafts: Vec<&Value> =
        all["playbooks"].as_array().unwrap().iter().filter(|it| it["state"] == "draft").collect();
    assert_eq!(drafts.len(), 1, "{all}");
    assert_eq!((&drafts[0]["id"], &drafts[0]["sha256"]), (&taken["id"], &taken["sha256"]));
    let (status, again) = post(&playbook()).await;
    assert_eq!((status, &again["state"]), (200, &json!("draft")), "the same text again: {again}");
    for bad in ["", "playbook: 7", &shifted] {
        let (status, problem) = post(bad).await;
        assert_eq!(status, 422, "{bad:?}: {problem}");
        assert!(problem["report"].as_str().is_some_and(|it| !it.is_empty()), "{problem}");
        assert!(problem["diagnostics"][0]["line"].is_number(), "{problem}");
    }
    world.finish(Left::default()).await;
}

#[tokio::test]
async fn a_key_is_for_one_body() {
    let world = World::new().await;
    let send = async |event: &Value| {
        answer(world.keyed(event.to_string()).header("idempotency-key", "k-1")).await
    };
    let first = send(&alert("a-1", "ws-114")).await;
    assert_eq!(first.0, 202, "{}", first.1);
    let again = send(&alert("a-1", "ws-114")).await;
    assert_eq!((again.0, &again.1["seq"]), (200, &first.1["seq"]), "{}", again.1);
    let other = send(&alert("a-2", "ws-114")).await;
    assert_eq!(other.0, 409, "{}", other.1);
    world.finish(Left::default()).await;
}
