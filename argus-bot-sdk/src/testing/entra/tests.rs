use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::serve::issuer;
use super::*;
use crate::clock::ManualClock;

const NOW: i64 = 1_800_000_000;

async fn entra() -> FakeEntra {
    let app = AppRegistration::new(APP_ID, APP_SECRET).role("Machine.Isolate");
    let elsewhere = AppRegistration::new("partner", "s").absent_from(TENANT);
    let clock = Arc::new(ManualClock::at(NOW));
    let builder = FakeEntra::builder().clock(clock).app(app).app(elsewhere).resource("api://vault");
    builder.start().await.unwrap()
}

async fn get(url: String) -> Value {
    let body = reqwest::Client::new().get(url).send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&body).unwrap()
}

async fn ask(url: String, form: &[(&str, &str)]) -> (u16, Value) {
    let answer = reqwest::Client::new().post(url).form(form).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn documents_lead_from_metadata_to_keys() {
    let entra = entra().await;
    let metadata = get(entra.metadata_url()).await;
    assert_eq!(metadata["issuer"], CONNECTOR);
    let keys = get(metadata["jwks_uri"].as_str().unwrap().to_owned()).await;
    assert_eq!(keys["keys"][0]["endorsements"], json!(["msteams", "skype"]));

    let metadata = get(entra.tenant_metadata_url(TENANT)).await;
    assert_eq!(metadata["issuer"], issuer(TENANT));
    assert_eq!(metadata["token_endpoint"], entra.token_url(TENANT));
    let tenant_keys = get(metadata["jwks_uri"].as_str().unwrap().to_owned()).await;
    assert_ne!(tenant_keys["keys"][0]["kid"], keys["keys"][0]["kid"]);
    assert_eq!(entra.requests(EntraEndpoint::Metadata), 2);
    assert_eq!(entra.requests(EntraEndpoint::Keys), 2);
}

#[tokio::test]
async fn an_etag_saves_the_second_download_until_rotation() {
    let entra = entra().await;
    let url = format!("{}/v1/.well-known/keys", entra.url());
    let client = reqwest::Client::new();
    let first = client.get(&url).send().await.unwrap();
    let etag = first.headers()["etag"].clone();
    let again = || client.get(&url).header("if-none-match", &etag).send();
    assert_eq!(again().await.unwrap().status(), 304);
    entra.rotate();
    assert_eq!(again().await.unwrap().status(), 200);
}

#[tokio::test]
async fn rotation_changes_the_kid_and_retirement_removes_the_old_one() {
    let entra = entra().await;
    let url = format!("{}/v1/.well-known/keys", entra.url());
    let kids = |keys: Value| -> Vec<String> {
        let keys = keys["keys"].as_array().unwrap().clone();
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let kid_of = |token: String| {
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        header["kid"].as_str().unwrap().to_owned()
    };
    let spec = TokenSpec::bot(APP_ID, "https://smba.trafficmanager.net/teams/");

    let old = kid_of(entra.mint(&spec));
    let new = entra.rotate();
    assert_ne!(old, new);
    assert_eq!(kid_of(entra.mint(&spec)), new);
    assert_eq!(kids(get(url.clone()).await), [old.clone(), new.clone()]);
    entra.retire_old_keys();
    assert_eq!(kids(get(url.clone()).await), [new.as_str()]);
    assert_eq!(kid_of(entra.mint(&spec.clone().signed_by(Signer::Retired))), old);
    assert_eq!(kid_of(entra.mint(&spec.signed_by(Signer::Stranger))), new);

    entra.publish_instead(Some("[]".to_owned()));
    assert_eq!(get(url).await, json!([]));
}

#[tokio::test]
async fn the_endpoint_gives_tokens_that_pass_the_check_until_revoked() {
    let entra = entra().await;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", APP_ID),
        ("client_secret", APP_SECRET),
        ("scope", "https://api.botframework.com/.default"),
    ];
    for tenant in [TENANT, "botframework.com"] {
        let (status, answer) = ask(entra.token_url(tenant), &form).await;
        assert_eq!((status, &answer["expires_in"]), (200, &json!(3599)));
        let token = answer["access_token"].as_str().unwrap();
        let claims = entra.check(Some(token), CONNECTOR).unwrap();
        assert_eq!(claims.app_id, APP_ID);
        assert_eq!(claims.roles, ["Machine.Isolate"]);
        assert_eq!(entra.check(Some(token), GRAPH).unwrap_err().reason(), "aud");
        entra.revoke_issued();
        assert_eq!(entra.check(Some(token), CONNECTOR).unwrap_err().reason(), "revoked");
    }
    let (_, answer) = ask(entra.token_url(TENANT), &form).await;
    assert!(entra.check(answer["access_token"].as_str(), CONNECTOR).is_ok());
}

#[tokio::test]
async fn the_endpoint_refuses_as_entra_does() {
    let entra = entra().await;
    let check =
        async |tenant: &str, changed: (&'static str, &'static str), expected: (u16, &str, u32)| {
            let good = [
                ("grant_type", "client_credentials"),
                ("client_id", APP_ID),
                ("client_secret", APP_SECRET),
                ("scope", "https://api.botframework.com/.default"),
            ];
            let form = good.map(|field| if field.0 == changed.0 { changed } else { field });
            let (status, body) = ask(entra.token_url(tenant), &form).await;
            let (expected_status, error, code) = expected;
            assert_eq!(status, expected_status, "{changed:?}: {body}");
            assert_eq!(body["error"], error, "{changed:?}");
            assert_eq!(body["error_codes"], json!([code]), "{changed:?}");
            let start = format!("AADSTS{code}: ");
            assert!(body["error_description"].as_str().unwrap().starts_with(&start), "{body}");
        };
    check("nowhere", ("", ""), (400, "invalid_request", 90002)).await;
    check(TENANT, ("grant_type", "password"), (400, "unsupported_grant_type", 70003)).await;
    check(TENANT, ("client_id", "stranger"), (400, "unauthorized_client", 700_016)).await;
    check(TENANT, ("client_id", ""), (400, "invalid_request", 900_144)).await;
    check(TENANT, ("client_secret", "guess"), (401, "invalid_client", 7_000_215)).await;
    check(TENANT, ("client_id", "partner"), (401, "invalid_client", 7_000_229)).await;
    check(TENANT, ("scope", "openid"), (400, "invalid_scope", 1_002_012)).await;
    check(TENANT, ("scope", "https://other/.default"), (400, "invalid_resource", 500_011)).await;
    let error = ask(entra.token_url(TENANT), &[("grant_type", "client_credentials")]).await;
    assert_eq!(error.1["error_codes"], json!([900_144]));
}

#[tokio::test]
async fn hostile_access_tokens_are_denied_by_the_rule_they_break() {
    let entra = entra().await;
    let good = || TokenSpec::app(APP_ID, TENANT, CONNECTOR);
    let check = |spec: TokenSpec, rule: &str| {
        let denied = entra.check(Some(&entra.mint(&spec)), CONNECTOR).unwrap_err();
        assert_eq!(denied.reason(), rule, "{spec:?}");
    };
    assert!(entra.check(Some(&entra.mint(&good())), CONNECTOR).is_ok());
    assert_eq!(entra.check(None, CONNECTOR).unwrap_err().reason(), "missing");
    assert_eq!(entra.check(Some("a.b"), CONNECTOR).unwrap_err().reason(), "format");
    check(good().expires_in(0), "exp");
    check(good().without("exp"), "exp");
    check(good().claim("exp", "tomorrow"), "exp");
    check(good().not_before(1), "nbf");
    check(good().claim("aud", GRAPH), "aud");
    check(good().claim("iss", "https://evil.example/"), "iss");
    check(TokenSpec::app(APP_ID, "99999999-2222-4333-8444-555555555555", CONNECTOR), "iss");
    check(good().without("appid"), "appid");
    check(good().signed_by(Signer::Unsigned), "alg");
    check(good().signed_by(Signer::PublicKeyAsSecret), "alg");
    check(good().signed_by(Signer::PublicKeyAsSecret).header("alg", "RS256"), "kid");
    check(good().alg(Alg::Ps256), "alg");
    check(good().alg(Alg::Ps256).header("alg", "RS256"), "signature");
    check(good().signed_by(Signer::Bot), "kid");
    check(good().signed_by(Signer::Tampered), "kid");
    check(good().without_header("kid"), "kid");
    check(good().raw_claims("{"), "format");
    check(good().raw_header("[]"), "alg");
}

#[tokio::test]
async fn an_outage_resets_connections_until_it_ends() {
    let entra = entra().await;
    let get = || reqwest::Client::new().get(entra.metadata_url()).send();
    entra.outage(true);
    assert!(get().await.is_err());
    entra.outage(false);
    assert_eq!(get().await.unwrap().status(), 200);
    entra.faults().push("entra", "metadata", super::super::fault::Fault::FailBefore(503));
    assert_eq!(get().await.unwrap().status(), 503);
}
