//! Keys come, go and fail to arrive.

use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::ErrorKind;
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use super::issuer::{jwk, sign, token};
use super::{NOW, Scene, but, claims, header};

const DAY: u64 = 24 * 60 * 60;

impl Scene {
    /// How often the metadata and the keys were asked for.
    fn asked(&self) -> (usize, usize) {
        self.issuer.world(|world| (world.asked_metadata, world.asked_keys))
    }

    /// A token that lives for a week, so that only its key decides.
    fn long_token(kid: &str) -> String {
        let claims = but(&claims(), "exp", Some(json!(NOW + 700_000))).to_string();
        sign(kid, &header(kid).to_string(), &claims)
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn asked_at_least(&self, keys: usize) {
        let enough = async {
            while self.asked().1 < keys {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), enough).await.unwrap();
    }
}

#[tokio::test]
async fn keys_are_fetched_once() {
    let scene = Scene::new().await;
    assert_eq!(scene.asked(), (0, 0), "nothing is fetched before it is needed");
    assert_eq!(scene.door.keys_age(), None);
    scene.door.prefetch().await.unwrap();
    scene.pass(7);
    assert_eq!(scene.door.keys_age(), Some(Duration::from_secs(7)));
    for n in 0..20 {
        let claims = but(&claims(), "n", Some(json!(n))).to_string();
        let token = sign("a", &header("a").to_string(), &claims);
        assert_eq!(scene.token(&token).await, (200, "ok"));
    }
    assert_eq!(scene.asked(), (1, 1));
}

#[tokio::test]
async fn a_cold_start_of_many_is_one_fetch() {
    let scene = Arc::new(Scene::new().await);
    let good = token("a");
    let many = (0..50).map(|_| scene.token(&good));
    for seen in futures_util::future::join_all(many).await {
        assert_eq!(seen, (200, "ok"));
    }
    assert_eq!(scene.asked(), (1, 1));
}

#[tokio::test]
async fn two_hundred_unknown_ids_are_two_fetches() {
    let scene = Scene::new().await;
    for n in 0..200 {
        let kid = format!("unknown-{n}");
        let invented = sign("a", &header(&kid).to_string(), &claims().to_string());
        assert_eq!(scene.token(&invented).await, (401, "kid"), "{n}");
        assert_eq!(scene.token(&token("a")).await, (200, "ok"), "a known key has to wait");
    }
    assert_eq!(scene.asked(), (2, 2));
    scene.pass(60);
    assert_eq!(
        scene.token(&sign("a", &header("x").to_string(), &claims().to_string())).await,
        (401, "kid")
    );
    assert_eq!(scene.asked(), (3, 3));
}

#[tokio::test]
async fn a_new_key_works_at_its_first_use() {
    let scene = Scene::new().await;
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
    scene.issuer.publish(&["a", "b"]);
    assert_eq!(scene.token(&token("b")).await, (200, "ok"));
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
}

#[tokio::test]
async fn a_new_key_works_within_a_minute_of_a_flood() {
    let scene = Scene::new().await;
    let invented = sign("a", &header("invented").to_string(), &claims().to_string());
    // The first fetch is that of a cold start, the second one is the budget of unknown ids.
    assert_eq!(scene.token(&invented).await, (401, "kid"));
    assert_eq!(scene.token(&invented).await, (401, "kid"));
    scene.issuer.publish(&["a", "b"]);
    assert_eq!(scene.token(&token("b")).await, (401, "kid"), "the budget is spent");
    for _ in 0..60 {
        scene.pass(1);
        assert_eq!(scene.token(&invented).await, (401, "kid"));
    }
    assert_eq!(scene.token(&token("b")).await, (200, "ok"));
}

#[tokio::test]
async fn a_removed_key_is_refused_even_for_a_token_seen_before() {
    let scene = Scene::new().await;
    scene.issuer.publish(&["a", "b"]);
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
    scene.issuer.publish(&["b"]);
    // Any refresh will do; an unknown id causes one at once.
    let invented = sign("a", &header("invented").to_string(), &claims().to_string());
    assert_eq!(scene.token(&invented).await, (401, "kid"));
    assert_eq!(scene.token(&token("a")).await, (401, "kid"));
    assert_eq!(scene.token(&token("b")).await, (200, "ok"));
}

#[tokio::test]
async fn a_key_that_changed_under_its_id_is_another_key() {
    let scene = Scene::new().await;
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
    let changed = but(&jwk("b"), "kid", Some(json!("a")));
    scene.issuer.publish_text(json!({ "keys": [changed] }).to_string());
    let invented = sign("a", &header("invented").to_string(), &claims().to_string());
    assert_eq!(scene.token(&invented).await, (401, "kid"));
    assert_eq!(scene.token(&token("a")).await, (401, "signature"));
}

#[tokio::test]
async fn keys_survive_an_outage_of_five_days_and_no_more() {
    let scene = Scene::new().await;
    let long = Scene::long_token("a");
    assert_eq!(scene.token(&long).await, (200, "ok"));
    scene.issuer.world(|world| world.outage = true);
    for _ in 0..4 {
        scene.pass(DAY);
        assert_eq!(scene.token(&long).await, (200, "ok"), "{:?}", scene.door.keys_age());
    }
    scene.pass(DAY + 1);
    assert_eq!(scene.token(&long).await, (503, "keys"));
    scene.issuer.world(|world| world.outage = false);
    scene.pass(60);
    assert_eq!(scene.token(&long).await, (200, "ok"));
}

#[tokio::test]
async fn old_keys_are_renewed_without_making_anybody_wait() {
    let scene = Scene::new().await;
    let long = Scene::long_token("a");
    assert_eq!(scene.token(&long).await, (200, "ok"));
    scene.pass(DAY);
    assert_eq!(scene.token(&long).await, (200, "ok"));
    scene.asked_at_least(2).await;
    // The answer is in only a moment after the question.
    let fresh = async {
        while scene.door.keys_age() != Some(Duration::ZERO) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), fresh).await.unwrap();
    assert_eq!(scene.token(&long).await, (200, "ok"));
    assert_eq!(scene.asked(), (2, 2));
}

#[tokio::test]
async fn without_keys_the_answer_is_503_and_attempts_back_off() {
    let scene = Scene::new().await;
    scene.issuer.world(|world| world.outage = true);
    let error = scene.door.prefetch().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true));
    for _ in 0..100 {
        assert_eq!(scene.token(&token("a")).await, (503, "keys"));
    }
    assert_eq!(scene.asked(), (1, 0), "no attempt before the first second is over");
    for (attempts, pause) in [1, 2, 4, 8, 16, 30, 30].into_iter().enumerate() {
        scene.pass(pause - 1);
        assert_eq!(scene.token(&token("a")).await, (503, "keys"));
        assert_eq!(scene.asked(), (attempts + 1, 0), "asked before {pause} seconds were over");
        scene.pass(1);
        assert_eq!(scene.token(&token("a")).await, (503, "keys"));
        assert_eq!(scene.asked(), (attempts + 2, 0), "not asked after {pause} seconds");
    }
    scene.issuer.world(|world| world.outage = false);
    scene.pass(30);
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
}

#[tokio::test]
async fn garbage_does_not_replace_keys() {
    let scene = Scene::new().await;
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
    let huge = json!({ "keys": [jwk("b")], "x": "x".repeat(300_000) }).to_string();
    let without_n = but(&jwk("b"), "n", None);
    for (n, text) in [
        "",
        "null",
        "7",
        "[]",
        "{}",
        "<html></html>",
        "{\"keys\":null}",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[7,null,{}]}",
        "{\"keys\":[",
        huge.as_str(),
        &json!({ "keys": [without_n] }).to_string(),
        &format!("{{\"keys\":[],\"keys\":[{}]}}", jwk("b")),
    ]
    .into_iter()
    .enumerate()
    {
        scene.issuer.publish_text(text);
        scene.pass(60);
        let before = scene.asked().1;
        let invented = sign("a", &header("invented").to_string(), &claims().to_string());
        assert_eq!(scene.token(&invented).await, (401, "kid"));
        assert_eq!(scene.asked().1, before + 1, "{n}: the list was not asked for");
        assert_eq!(scene.token(&token("a")).await, (200, "ok"), "{n}: {text:.60}");
        assert_eq!(scene.token(&token("b")).await, (401, "kid"), "{n}: {text:.60}");
    }
}

#[tokio::test]
async fn an_unchanged_document_is_not_sent_again() {
    let scene = Scene::new().await;
    scene.issuer.world(|world| world.etags = true);
    let long = Scene::long_token("a");
    assert_eq!(scene.token(&long).await, (200, "ok"));
    scene.pass(60);
    let invented = sign("a", &header("invented").to_string(), &claims().to_string());
    assert_eq!(scene.token(&invented).await, (401, "kid"));
    assert_eq!(scene.issuer.world(|world| world.not_modified), 2);
    assert_eq!(scene.door.keys_age(), Some(Duration::ZERO), "304 confirms the keys");
    assert_eq!(scene.token(&long).await, (200, "ok"));
    scene.issuer.publish(&["a", "b"]);
    scene.pass(60);
    assert_eq!(scene.token(&token("b")).await, (200, "ok"));
}

#[tokio::test]
async fn bad_metadata_is_no_metadata() {
    let scene = Scene::new().await;
    let own = scene.issuer.metadata_url().replace("openidconfiguration", "keys");
    for metadata in [
        json!(null),
        json!({}),
        json!({ "jwks_uri": 7 }),
        json!({ "jwks_uri": "keys" }),
        json!({ "jwks_uri": "https://evil.example/keys" }),
        json!({ "jwks_uri": "http://169.254.169.254/keys" }),
        json!({ "jwks_uri": own.replace("http://", "http://user:pass@") }),
        json!({ "jwks_uri": own.replace("http://", "ftp://") }),
        json!({ "jwks_uri": "file:///etc/passwd" }),
        json!({ "jwks_uri": own, "id_token_signing_alg_values_supported": "RS256" }),
    ] {
        scene.issuer.world(|world| world.metadata = Some(metadata.to_string().into_bytes()));
        scene.pass(60);
        assert_eq!(scene.token(&token("a")).await, (503, "keys"), "{metadata}");
    }
    assert_eq!(scene.asked().1, 0, "keys were asked for");
    for (algorithms, expected) in [
        (json!(["RS256", "RS512"]), (200, "ok")),
        (json!(["RS512"]), (401, "alg")),
        (json!([]), (401, "alg")),
    ] {
        let metadata =
            json!({ "jwks_uri": own, "id_token_signing_alg_values_supported": algorithms });
        scene.issuer.world(|world| world.metadata = Some(metadata.to_string().into_bytes()));
        scene.pass(60);
        let invented = sign("a", &header("invented").to_string(), &claims().to_string());
        let _refreshed = scene.token(&invented).await;
        assert_eq!(scene.token(&token("a")).await, expected, "{metadata}");
    }
}

#[tokio::test]
async fn what_is_no_signing_key_is_left_out_alone() {
    let short = "AQAB".repeat(32);
    let cases: Vec<(&str, Value)> = vec![
        ("kty EC", but(&jwk("b"), "kty", Some(json!("EC")))),
        ("kty oct", but(&jwk("b"), "kty", Some(json!("oct")))),
        ("kty missing", but(&jwk("b"), "kty", None)),
        ("kty case", but(&jwk("b"), "kty", Some(json!("rsa")))),
        ("use enc", but(&jwk("b"), "use", Some(json!("enc")))),
        ("use null", but(&jwk("b"), "use", Some(json!(null)))),
        ("alg RS512", but(&jwk("b"), "alg", Some(json!("RS512")))),
        ("alg none", but(&jwk("b"), "alg", Some(json!("none")))),
        ("alg HS256", but(&jwk("b"), "alg", Some(json!("HS256")))),
        ("key_ops", but(&jwk("b"), "key_ops", Some(json!(["encrypt"])))),
        ("key_ops odd", but(&jwk("b"), "key_ops", Some(json!("verify")))),
        ("kid missing", but(&jwk("b"), "kid", None)),
        ("kid number", but(&jwk("b"), "kid", Some(json!(7)))),
        ("kid empty", but(&jwk("b"), "kid", Some(json!("")))),
        ("n missing", but(&jwk("b"), "n", None)),
        ("n number", but(&jwk("b"), "n", Some(json!(7)))),
        ("n short", but(&jwk("b"), "n", Some(json!(short)))),
        ("n empty", but(&jwk("b"), "n", Some(json!("")))),
        ("n even", but(&jwk("b"), "n", Some(json!("_".repeat(338) + "AAAA")))),
        ("n huge", but(&jwk("b"), "n", Some(json!("_".repeat(2000))))),
        ("n base64", but(&jwk("b"), "n", Some(json!("+/+/".repeat(86))))),
        ("e missing", but(&jwk("b"), "e", None)),
        ("e one", but(&jwk("b"), "e", Some(json!("AQ")))),
        ("e zero", but(&jwk("b"), "e", Some(json!("AA")))),
        ("e even", but(&jwk("b"), "e", Some(json!("AQAC")))),
        ("e padded", but(&jwk("b"), "e", Some(json!("AQAB===")))),
        ("e huge", but(&jwk("b"), "e", Some(json!("AQAAAAAB")))),
        ("private", but(&jwk("b"), "d", Some(json!("AQAB")))),
        ("endorsements text", but(&jwk("b"), "endorsements", Some(json!("msteams")))),
        ("endorsements odd", but(&jwk("b"), "endorsements", Some(json!(["msteams", 7])))),
        ("null", json!(null)),
        ("text", json!("b")),
        ("list", json!([jwk("b")])),
    ];
    let scene = Scene::new().await;
    for (name, entry) in cases {
        scene.issuer.publish_text(json!({ "keys": [entry, jwk("a")] }).to_string());
        scene.pass(60);
        assert_eq!(scene.token(&token("b")).await, (401, "kid"), "{name}");
        assert_eq!(scene.token(&token("a")).await, (200, "ok"), "{name} cost the other key");
    }
    let twice = jwk("b").to_string().replace("\"use\"", "\"use\":\"enc\",\"use\"");
    scene.issuer.publish_text(format!("{{\"keys\":[{twice},{}]}}", jwk("a")));
    scene.pass(60);
    assert_eq!(scene.token(&token("b")).await, (401, "kid"), "a member twice");
    assert_eq!(scene.token(&token("a")).await, (200, "ok"), "a member twice");
}

#[tokio::test]
async fn what_is_a_signing_key_is_taken() {
    let scene = Scene::new().await;
    for (name, entry) in [
        ("no use", but(&jwk("b"), "use", None)),
        ("alg RS256", but(&jwk("b"), "alg", Some(json!("RS256")))),
        ("key_ops verify", but(&jwk("b"), "key_ops", Some(json!(["verify"])))),
        ("unknown member", but(&jwk("b"), "x5c", Some(json!(["MIIC"])))),
        ("as published", jwk("b")),
    ] {
        // The same id twice, the wrong key first: the one that signed decides.
        let wrong = but(&jwk("a"), "kid", Some(json!("b")));
        scene.issuer.publish_text(json!({ "keys": [jwk("a"), wrong, entry] }).to_string());
        scene.pass(60);
        let invented = sign("a", &header("invented").to_string(), &claims().to_string());
        assert_eq!(scene.token(&invented).await, (401, "kid"));
        assert_eq!(scene.token(&token("b")).await, (200, "ok"), "{name}");
    }
    // Of two keys of one id, only the endorsements of the one that signed count.
    let wrong = but(&jwk("a"), "kid", Some(json!("b")));
    let bare = but(&jwk("b"), "endorsements", Some(json!(["skype"])));
    scene.issuer.publish_text(json!({ "keys": [wrong, bare] }).to_string());
    scene.pass(60);
    let invented = sign("a", &header("invented").to_string(), &claims().to_string());
    assert_eq!(scene.token(&invented).await, (401, "kid"));
    assert_eq!(scene.token(&token("b")).await, (403, "endorsement"));
}

#[tokio::test]
async fn a_clock_put_back_does_not_stop_the_refresh() {
    let scene = Scene::new().await;
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
    let invented = sign("a", &header("invented").to_string(), &claims().to_string());
    assert_eq!(scene.token(&invented).await, (401, "kid"));
    scene.issuer.publish(&["a", "b"]);
    scene.clock.set(jiff::Timestamp::from_second(NOW - 200).unwrap());
    assert_eq!(scene.token(&token("b")).await, (200, "ok"));
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_stop_the_fetch() {
    let scene = Scene::new().await;
    let bearer = format!("Bearer {}", token("a"));
    assert!(scene.door.authenticate(Some(&bearer)).now_or_never().is_none());
    scene.asked_at_least(1).await;
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
    assert_eq!(scene.asked(), (1, 1));
}
