//! The subscription: made, renewed, taken over, and whom it believes.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const DOOR: &str = "https://bot.example/callbacks/sharepoint";
const SECRET: &str = "a secret of this bot";
/// 2026-01-01.
const NOW: i64 = 1_767_225_600_000;
const DAY: i64 = 86_400_000;

fn push(script: &Arc<Script>) -> (Push, SharePoint) {
    let source = source(script, "contoso.sharepoint.com/b!1");
    (Push::new(source.clone(), Subscriber::new(DOOR, SECRET).unwrap()), source)
}

fn subscription(until: &str) -> Response {
    ok(&json!({ "id": "s1", "expirationDateTime": until }))
}

fn call(method: &str, path: &str) -> String {
    format!("{method} /v1.0/subscriptions{path} as token")
}

#[test]
fn a_subscription_is_made_and_renewed_before_it_ends() {
    let script = Arc::new(Script::default());
    let (push, _) = push(&script);
    script.expect([
        (call("GET", ""), ok(&json!({ "value": [] }))),
        (call("POST", ""), subscription("2026-01-30T04:00:00Z")),
    ]);
    now(push.keep(NOW)).unwrap();
    let order: serde_json::Value =
        serde_json::from_str(&script.bodies.lock().unwrap().remove(0)).unwrap();
    assert_eq!(
        order,
        json!({
            "changeType": "updated",
            "resource": "/drives/b!1/root",
            "notificationUrl": DOOR,
            "lifecycleNotificationUrl": DOOR,
            "clientState": SECRET,
            // 42,000 of the 42,300 minutes that are allowed.
            "expirationDateTime": "2026-01-30T04:00:00Z",
        })
    );
    now(push.keep(NOW + 18 * DAY)).unwrap();
    script.is_done();
    script.expect([(call("PATCH", "/s1"), subscription("2026-02-18T04:00:00Z"))]);
    now(push.keep(NOW + 20 * DAY)).unwrap();
    now(push.keep(NOW + 21 * DAY)).unwrap();
    script.is_done();

    // Graph has lost it.
    script.expect([
        (call("PATCH", "/s1"), Response::new(404)),
        (call("POST", ""), subscription("2026-03-30T04:00:00Z")),
    ]);
    now(push.keep(NOW + 60 * DAY)).unwrap();
    // Graph does not let us; that is an error, and the next call tries again.
    script.expect([(call("PATCH", "/s1"), Response::new(403))]);
    assert!(now(push.keep(NOW + 90 * DAY)).is_err());
    script.expect([(call("PATCH", "/s1"), subscription("2026-05-01T04:00:00Z"))]);
    now(push.keep(NOW + 90 * DAY)).unwrap();
    script.is_done();
}

#[test]
fn a_subscription_of_an_earlier_run_is_taken_over() {
    let script = Arc::new(Script::default());
    let (push, _) = push(&script);
    let there = json!({ "value": [
        { "id": "s0", "resource": "/drives/b!1/root", "notificationUrl": "https://other.example/" },
        { "id": "s1", "resource": "drives/b!1/root", "notificationUrl": DOOR },
    ]});
    script.expect([
        (call("GET", ""), ok(&there)),
        (call("PATCH", "/s1"), subscription("2026-01-30T04:00:00Z")),
    ]);
    now(push.keep(NOW)).unwrap();
    script.is_done();
}

#[test]
fn a_notification_is_believed_by_its_secret() {
    let script = Arc::new(Script::default());
    let (push, source) = push(&script);
    let rung = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&rung);
    let count = move || counter.store(counter.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    let watch = source.watch(Box::new(count)).unwrap();
    let notice = |state: &str| json!({ "subscriptionId": "s1", "clientState": state });
    let send = |notices: serde_json::Value| {
        push.receive(None, json!({ "value": notices }).to_string().as_bytes())
    };
    assert_eq!(send(json!([notice("guessed"), {}])), Notice::Heard { ours: 0, foreign: 2 });
    assert_eq!(rung.load(Ordering::SeqCst), 0);
    let both = json!([notice(SECRET), notice(SECRET), notice("a secret of this boT")]);
    assert_eq!(send(both), Notice::Heard { ours: 2, foreign: 1 });
    assert_eq!(rung.load(Ordering::SeqCst), 1, "once for all");
    for body in ["", "[]", "{\"value\":1}", "\u{0}"] {
        assert_eq!(push.receive(None, body.as_bytes()), Notice::Nonsense, "{body:?}");
    }
    assert!(!format!("{push:?}").contains(SECRET));
    drop(watch);
    send(json!([notice(SECRET)]));
    assert_eq!(rung.load(Ordering::SeqCst), 1, "nobody listens");
}

#[test]
fn the_validation_token_is_echoed_as_plain_text() {
    let (push, _) = push(&Arc::new(Script::default()));
    let echo = |token: &str| push.receive(Some(token), b"");
    let token = "Validation: Testing client application reachability <b>&";
    assert_eq!(echo(token), Notice::Validate(token.to_owned()));
    assert_eq!(echo("a\r\nb"), Notice::Nonsense);
    assert_eq!(echo(&"x".repeat(2_000)), Notice::Nonsense);
}

#[test]
fn lifecycle_notifications_are_acted_on() {
    let script = Arc::new(Script::default());
    let (push, _) = push(&script);
    script.expect([
        (call("GET", ""), ok(&json!({ "value": [] }))),
        (call("POST", ""), subscription("2026-01-30T04:00:00Z")),
    ]);
    now(push.keep(NOW)).unwrap();
    let life = |event: &str| {
        let notice = json!({ "lifecycleEvent": event, "clientState": SECRET });
        push.receive(None, json!({ "value": [notice] }).to_string().as_bytes())
    };
    life("missed");
    now(push.keep(NOW)).unwrap();
    script.is_done();
    life("reauthorizationRequired");
    script.expect([(call("PATCH", "/s1"), subscription("2026-01-30T04:00:00Z"))]);
    now(push.keep(NOW)).unwrap();
    now(push.keep(NOW)).unwrap();
    script.is_done();
    life("subscriptionRemoved");
    script.expect([
        (call("GET", ""), ok(&json!({ "value": [] }))),
        (call("POST", ""), subscription("2026-01-30T04:00:00Z")),
    ]);
    now(push.keep(NOW)).unwrap();
    script.is_done();
}

#[test]
fn a_subscriber_is_checked() {
    let check = |url: &str, secret: &str, why: &str| {
        let error = Subscriber::new(url, secret).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    };
    check("http://bot.example/", SECRET, "https only");
    check("http://127.0.0.1.evil.example/", SECRET, "https only");
    check(DOOR, "short", "16 to 128 characters");
    check(DOOR, &"x".repeat(129), "16 to 128 characters");
}
