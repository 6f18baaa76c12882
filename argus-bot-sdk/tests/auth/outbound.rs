//! The bot's own token.

use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::ErrorKind;
use argus_bot_sdk::auth::{ClientSecret, Secret, TokenSource as _};
use argus_bot_sdk::clock::ManualClock;
use serde_json::json;

use super::issuer::Issuer;
use super::{APP, NOW};

const CANARY: &str = "canary+secret&x=y";

struct Bank {
    issuer: Issuer,
    clock: Arc<ManualClock>,
    source: ClientSecret,
}

impl Bank {
    async fn new() -> Self {
        let issuer = Issuer::start().await;
        let clock = Arc::new(ManualClock::at(NOW));
        let source = ClientSecret::new(
            &issuer.token_url(),
            APP,
            Secret::new(CANARY),
            "https://api.botframework.com/.default",
            Arc::<ManualClock>::clone(&clock),
        );
        Self { issuer, clock, source: source.unwrap() }
    }

    fn gives(&self, token: &str) {
        let body = json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": token });
        self.answers(200, &body.to_string());
    }

    fn answers(&self, status: u16, body: &str) {
        self.issuer.world(|world| world.token = Some((status, body.to_owned())));
    }

    fn asked(&self) -> usize {
        self.issuer.world(|world| world.forms.len())
    }

    async fn token(&self) -> String {
        self.source.token().await.unwrap().expose().to_owned()
    }
}

#[tokio::test]
async fn a_token_is_kept_until_five_minutes_before_its_end() {
    let bank = Bank::new().await;
    bank.gives("one");
    assert_eq!(bank.token().await, "one");
    let form = bank.issuer.world(|world| world.forms[0].clone());
    assert_eq!(
        form,
        format!(
            "grant_type=client_credentials&client_id={APP}&client_secret=canary%2Bsecret%26x%3Dy\
             &scope=https%3A%2F%2Fapi.botframework.com%2F.default"
        )
    );
    bank.gives("two");
    bank.clock.advance(Duration::from_secs(3298));
    assert_eq!((bank.token().await.as_str(), bank.asked()), ("one", 1));
    bank.clock.advance(Duration::from_secs(2));
    assert_eq!((bank.token().await.as_str(), bank.asked()), ("two", 2));
}

#[tokio::test]
async fn many_callers_are_one_request() {
    let bank = Bank::new().await;
    bank.gives("one");
    let tokens = futures_util::future::join_all((0..50).map(|_| bank.token())).await;
    assert!(tokens.iter().all(|token| token == "one"));
    assert_eq!(bank.asked(), 1);
    // Fifty sends were refused with the same token: one forced refresh.
    let stale = bank.source.token().await.unwrap();
    bank.gives("two");
    let fresh = futures_util::future::join_all((0..50).map(|_| bank.source.refresh(&stale))).await;
    assert!(fresh.into_iter().all(|token| token.unwrap().expose() == "two"));
    assert_eq!(bank.asked(), 2);
}

#[tokio::test]
async fn the_old_token_serves_while_nobody_gives_a_new_one() {
    let bank = Bank::new().await;
    bank.gives("one");
    assert_eq!(bank.token().await, "one");
    bank.answers(503, "");
    bank.clock.advance(Duration::from_secs(3400));
    for _ in 0..10 {
        assert_eq!(bank.token().await, "one");
    }
    assert_eq!(bank.asked(), 2, "a failure is not repeated at once");
    bank.clock.advance(Duration::from_secs(200));
    let error = bank.source.token().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true));
    bank.gives("two");
    bank.clock.advance(Duration::from_secs(2));
    assert_eq!(bank.token().await, "two");
}

#[tokio::test]
async fn refusals_say_what_to_do_and_nothing_else() {
    for (code, advice) in [
        (7_000_215, "secret's value"),
        (7_000_222, "expired"),
        (7_000_229, "service principal"),
        (700_016, "check app id"),
        (500_011, "cloud and scope"),
        (90_002, "tenant does not exist"),
        (1_234_567, "refused"),
    ] {
        for listed in [true, false] {
            let bank = Bank::new().await;
            let text = format!("AADSTS{code}: {CANARY} in tenant {CANARY}. Trace ID: 7");
            let body = if listed {
                json!({ "error": "x", "error_codes": [code], "error_description": CANARY })
            } else {
                json!({ "error": "x", "error_description": text })
            };
            bank.answers(401, &body.to_string());
            let error = bank.source.token().await.unwrap_err();
            let shown = format!("{error} {error:?}");
            assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Credentials, false));
            assert!(shown.contains(advice) && shown.contains(&format!("AADSTS{code}")), "{shown}");
            assert!(!shown.contains(CANARY), "{shown}");
        }
    }
}

#[tokio::test]
async fn answers_that_are_no_token() {
    let huge = format!("{{\"access_token\":\"{}\"}}", "a".repeat(300_000));
    for (status, body, kind) in [
        (200, "", ErrorKind::Unavailable),
        (200, "<html></html>", ErrorKind::Unavailable),
        (200, "{}", ErrorKind::Unavailable),
        (
            200,
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":""}"#,
            ErrorKind::Unavailable,
        ),
        (
            200,
            r#"{"token_type":"Bearer","expires_in":0,"access_token":"a"}"#,
            ErrorKind::Unavailable,
        ),
        (
            200,
            r#"{"token_type":"Bearer","expires_in":-5,"access_token":"a"}"#,
            ErrorKind::Unavailable,
        ),
        (
            200,
            r#"{"token_type":"mac","expires_in":3599,"access_token":"a"}"#,
            ErrorKind::Unavailable,
        ),
        (200, r#"{"token_type":"Bearer","access_token":"a"}"#, ErrorKind::Unavailable),
        (200, huge.as_str(), ErrorKind::Unavailable),
        (302, "", ErrorKind::Credentials),
        (400, "<html></html>", ErrorKind::Credentials),
        (429, "{}", ErrorKind::Unavailable),
        (500, "{}", ErrorKind::Unavailable),
    ] {
        let bank = Bank::new().await;
        bank.answers(status, body);
        let error = bank.source.token().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {body:.60}");
    }
    let bank = Bank::new().await;
    bank.answers(200, r#"{"token_type":"bearer","expires_in":"3599","access_token":"old style"}"#);
    assert_eq!(bank.token().await, "old style");
}

#[tokio::test]
async fn nothing_shows_the_secret() {
    let bank = Bank::new().await;
    bank.gives(CANARY);
    let token = bank.source.token().await.unwrap();
    let shown = format!("{:?} {:?} {:?}", bank.source, token, Secret::new(CANARY));
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_secret_is_not_sent_in_the_open() {
    for url in ["http://login.microsoftonline.com/x/token", "ftp://127.0.0.1/token", "token", ""] {
        let clock = Arc::new(ManualClock::at(NOW));
        let refused = ClientSecret::new(url, APP, Secret::new(CANARY), "x", clock);
        assert_eq!(refused.err().map(|error| error.kind()), Some(ErrorKind::Config), "{url}");
    }
}
