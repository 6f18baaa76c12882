//! Where a client goes, where it does not, and what it says about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argus_bot_sdk::auth::Secret;
use argus_bot_sdk::testing::wire::{FakeResponse, FakeServer};
use serde_json::json;

use super::*;

/// Worth nothing anywhere; it shall stand in nothing that people or logs see.
const CANARY: &str = "c4n4ry-7f3e";
const PACE: Pace = Pace { burst: 100, every: Duration::from_secs(1) };

/// A server with one answer, and how often it was asked.
async fn server(answer: fn() -> FakeResponse) -> (FakeServer, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let server = FakeServer::start(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move { answer() }
    })
    .await
    .expect("starts");
    (server, asked)
}

fn said(far: Result<Far, String>) -> String {
    match far {
        Ok(far) => format!("{far:?}"),
        Err(why) => why,
    }
}

#[test]
fn no_disguise_of_a_private_address_is_public() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "169.254.169.254",
        "2852039166",
        "10.20.30.40",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "metadata.localhost",
        "１２７.0.0.1",
    ] {
        let far = Far::public(&format!("https://{host}/x"), Credential::None);
        assert!(far.is_err_and(|why| why.contains("private network")), "{host}");
    }
    assert!(Far::public("https://ti.example/x", Credential::None).is_ok());
}

#[tokio::test]
async fn a_name_that_leads_into_the_house_is_not_followed() {
    // The name is no private one by itself; only looking it up tells. It never resolves elsewhere.
    let far = Far::public("https://argus-nowhere.invalid/", Credential::None).expect("an address");
    let lost = far.call(Method::GET, far.base().clone(), None).await;
    assert!(matches!(lost, Err(Lost::NotSent(_))));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let (target, reached) = server(|| FakeResponse::json(200, &json!({}))).await;
    let elsewhere = target.url();
    let pointing = FakeServer::start(move |_| {
        let to = elsewhere.clone();
        async move { FakeResponse::status(307).header("location", to) }
    })
    .await
    .expect("starts");
    let credential = Credential::Bearer(Secret::new(CANARY).into());
    let far = Far::new(&pointing.url(), credential).expect("an address");
    let back = far.call(Method::POST, far.base().clone(), Some(&json!({}))).await;
    let Ok(back) = back else { panic!("no answer") };
    assert_eq!(back.status.as_u16(), 307);
    assert!(matches!(back.refusal("it"), Outcome::Failed { .. }));
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[test]
fn no_secret_of_an_address_is_said() {
    for address in [
        format!("https://user:{CANARY}@it.example/x"),
        format!("http://{CANARY}@it.example/x"),
        format!("http://it.example/x?sig={CANARY}"),
        format!("https://it.example/x?sig={CANARY}#{CANARY}"),
        format!("https://127.0.0.1/x?sig={CANARY}"),
        format!("https://[{CANARY}/"),
        format!("{CANARY}:{CANARY}"),
        format!("//{CANARY}"),
    ] {
        for make in [Far::new, Far::public] {
            let said = said(make(&address, Credential::None));
            // The scheme of an address is no secret.
            let said = said.trim_start_matches(&format!("{CANARY}:…"));
            assert!(!said.contains(CANARY), "{address}: {said}");
        }
    }
    let in_address = Far::new("https://user:pass@it.example/", Credential::None);
    assert!(in_address.is_err_and(|why| why.contains("settings of their own")));
}

#[tokio::test]
async fn no_credential_is_said_whatever_comes_back() {
    // A server that says what it was sent, as some gateways do in their errors.
    let echo = FakeServer::start(|request| async move {
        let sent = ["authorization", "x-key"].map(|it| request.header(it).unwrap_or_default());
        FakeResponse::json(400, &json!({ "error": { "detail": sent.concat() } }))
    })
    .await
    .expect("starts");
    let secret = || Secret::new(CANARY);
    for credential in [
        Credential::Bearer(secret().into()),
        Credential::Basic("argus".into(), secret().into()),
        Credential::Header(HeaderName::from_static("x-key"), secret().into()),
    ] {
        let debug = format!("{credential:?}");
        let far = Far::new(&echo.url(), credential).expect("an address");
        let back = far.call(Method::POST, far.base().clone(), Some(&json!({}))).await;
        let Ok(back) = back else { panic!("no answer") };
        let outcome = back.refusal("it");
        let all = format!("{debug} {far:?} {outcome:?} {:?}", back.silent());
        assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
        assert!(!all.contains(CANARY), "{all}");
    }
}

#[tokio::test]
async fn over_the_budget_nothing_is_sent_and_it_says_when() {
    let (it, asked) = server(|| FakeResponse::json(200, &json!({}))).await;
    let two = Pace { burst: 2, every: Duration::from_mins(1) };
    let far = Far::new(&it.url(), Credential::None).expect("an address");
    let far = far.paced(Budget::new(two, PACE));
    for _ in 0..2 {
        assert!(far.call(Method::POST, far.base().clone(), None).await.is_ok());
    }
    let Err(lost) = far.call(Method::POST, far.base().clone(), None).await else {
        panic!("it was sent")
    };
    let Outcome::NotYet { retry_after_ms, .. } = Outcome::from(lost) else { panic!("not later") };
    assert!((50_000..=60_000).contains(&retry_after_ms), "{retry_after_ms}");
    assert!(far.call(Method::GET, far.base().clone(), None).await.is_ok(), "looking goes on");
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_system_that_does_not_answer_is_left_alone() {
    let (it, asked) = server(|| FakeResponse::json(502, &json!({}))).await;
    let far = Far::new(&it.url(), Credential::None).expect("an address");
    let far = far.paced(Budget::new(PACE, PACE));
    for _ in 0..20 {
        drop(far.call(Method::POST, far.base().clone(), None).await);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 5);
    let Err(lost) = far.call(Method::POST, far.base().clone(), None).await else {
        panic!("it was sent")
    };
    assert!(matches!(Outcome::from(lost), Outcome::NotYet { .. }), "it certainly was not sent");
}
