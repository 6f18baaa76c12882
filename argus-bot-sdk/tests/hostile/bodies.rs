//! Requests that are no activities.

use serde_json::json;

use super::{Scene, TAKEN};

#[tokio::test]
async fn no_body_makes_a_5xx() {
    let scene = Scene::new().await;
    let good = scene.activity("1", json!({})).to_string();
    let deep = |depth: usize| {
        format!(r#"{{"type":"message","value":{}{}}}"#, "[".repeat(depth), "]".repeat(depth))
    };
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies: Vec<(&str, Vec<u8>, u16)> = vec![
        ("nothing", Vec::new(), 400),
        ("a brace", b"{".to_vec(), 400),
        ("null", b"null".to_vec(), 400),
        ("a list", b"[]".to_vec(), 400),
        ("a list of activities", format!("[{good}]").into_bytes(), 400),
        ("a number", b"1".to_vec(), 400),
        ("a text", b"\"message\"".to_vec(), 400),
        ("no type", b"{}".to_vec(), 400),
        ("two values", format!("{good}{good}").into_bytes(), 400),
        ("not a number", good.replace("\"text\":\"1\"", "\"text\":NaN").into_bytes(), 400),
        ("UTF-16", utf16, 400),
        ("no UTF-8", [good.trim_end_matches('}').as_bytes(), b",\"x\":\"\xff\"}"].concat(), 400),
        ("a lone surrogate", good.replace("\"1\"", "\"\\ud800\"").into_bytes(), 400),
        ("a member twice", good.replace("{\"type\"", "{\"text\":\"a\",\"type\"").into_bytes(), 400),
        ("deep", deep(200).into_bytes(), 400),
        ("very deep", deep(100_000).into_bytes(), 400),
        ("too long", vec![b' '; 1_100_000], 413),
        ("zeros", vec![0; 1000], 400),
    ];
    for (name, body, expected) in bodies {
        let (status, _) = scene.raw("POST", "/api/messages", &[], &body).await;
        assert_eq!(status, expected, "{name}");
    }
    scene.is_well().await;
}

#[tokio::test]
async fn no_head_makes_a_5xx() {
    let scene = Scene::new().await;
    let good = scene.activity("1", json!({})).to_string();
    let good = good.as_bytes();
    for (name, method, path, more, allowed) in [
        ("GET", "GET", "/api/messages", &[][..], &[404, 405][..]),
        ("HEAD", "HEAD", "/api/messages", &[], &[404, 405]),
        ("OPTIONS", "OPTIONS", "/api/messages", &[], &[404, 405]),
        ("DELETE", "DELETE", "/api/messages", &[], &[404, 405]),
        ("a strange method", "FROB", "/api/messages", &[], &[404, 405]),
        ("another path", "POST", "/api/messages/../x", &[], &[404]),
        ("a query", "POST", "/api/messages?x=%00", &[], &[TAKEN]),
        ("an encoded path", "POST", "/api%2Fmessages", &[], &[404]),
        ("two tokens", "POST", "/api/messages", &["authorization: Bearer x"], &[401]),
        (
            "no JSON by name",
            "POST",
            "/api/messages",
            &["content-type: text/plain"],
            &[TAKEN, 400, 415],
        ),
        (
            "gzip that is none",
            "POST",
            "/api/messages",
            &["content-encoding: gzip"],
            &[TAKEN, 400, 415],
        ),
        ("an expectation", "POST", "/api/messages", &["expect: 200-maybe"], &[TAKEN, 400, 417]),
        (
            "two lengths",
            "POST",
            "/api/messages",
            &["content-length: 1", "content-length: 2"],
            &[400],
        ),
        ("no length", "POST", "/api/messages", &["content-length: x"], &[400]),
        ("a huge length", "POST", "/api/messages", &["content-length: 99999999999"], &[413]),
        ("broken chunks", "POST", "/api/messages", &["transfer-encoding: chunked"], &[400]),
        ("a long field", "POST", "/api/messages", &[LONG.as_str()], &[400, 431]),
    ] {
        let (status, _) = scene.raw(method, path, more, good).await;
        assert!(allowed.contains(&status), "{name}: {status}");
    }
    scene.is_well().await;
}

static LONG: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("x-long: {}", "x".repeat(64 * 1024)));
