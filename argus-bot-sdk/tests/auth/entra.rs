//! Other bots and agents: only those who were named, and only for themselves.

use std::sync::Arc;

use argus_bot_sdk::auth::{Authenticator, Cloud, EntraApi, InboundConfig, Verdict};
use argus_bot_sdk::clock::ManualClock;
use argus_bot_sdk::{ErrorKind, SystemClock};
use serde_json::{Value, json};

use super::issuer::{sign, token};
use super::request::{OTHER, entra};
use super::{APP, Scene, TENANT, activity, body, but, header};

const AGENT: &str = "77777777-8888-4999-8aaa-bbbbbbbbbbbb";
const STRANGER: &str = "99999999-8888-4999-8aaa-bbbbbbbbbbbb";

/// Claims of the agent for this bot.
fn agent(version: u8) -> Value {
    let caller = if version == 1 { "appid" } else { "azp" };
    but(&entra(version), caller, Some(json!(AGENT)))
}

fn signed(claims: &Value) -> String {
    sign("a", &header("a").to_string(), &claims.to_string())
}

async fn scene() -> Scene {
    Scene::with(|config| config.entra_caller(TENANT, AGENT)).await
}

#[tokio::test]
async fn only_the_named_app_of_the_named_tenant() {
    let scene = scene().await;
    let but = |member: &str, value: Value| but(&agent(2), member, Some(value));
    let issuer = |host: &str, tenant: &str, end: &str| {
        but("iss", json!(format!("https://{host}/{tenant}{end}")))
    };
    let login = "login.microsoftonline.com";
    for (name, claims, expected) in [
        ("version 1", agent(1), (200, "ok")),
        ("version 2", agent(2), (200, "ok")),
        ("upper case", but("azp", json!(AGENT.to_uppercase())), (200, "ok")),
        ("a stranger", but("azp", json!(STRANGER)), (401, "appid")),
        ("the bot itself is not named", but("azp", json!(APP)), (401, "appid")),
        ("nobody", super::but(&agent(2), "azp", None), (401, "appid")),
        ("empty", but("azp", json!("")), (401, "appid")),
        ("null", but("azp", json!(null)), (401, "appid")),
        ("a list", but("azp", json!([AGENT])), (401, "appid")),
        ("an object", but("azp", json!({ "id": AGENT })), (401, "appid")),
        ("two callers", but("appid", json!(STRANGER)), (401, "appid")),
        ("part of the id", but("azp", json!(AGENT.trim_end_matches('b'))), (401, "appid")),
        ("more than the id", but("azp", json!(format!("{AGENT} "))), (401, "appid")),
        ("only sub", super::but(&but("sub", json!(AGENT)), "azp", None), (401, "appid")),
        ("other tid", but("tid", json!(OTHER)), (401, "tid")),
        ("no tid", super::but(&agent(2), "tid", None), (401, "tid")),
        ("tid null", but("tid", json!(null)), (401, "tid")),
        ("tid with a space", but("tid", json!(format!(" {TENANT}"))), (401, "tid")),
        ("tenant not named", issuer(login, OTHER, "/v2.0"), (401, "iss")),
        ("common", issuer(login, "common", "/v2.0"), (401, "iss")),
        ("organizations", issuer(login, "organizations", "/v2.0"), (401, "iss")),
        ("a slash more", issuer(login, TENANT, "/v2.0/"), (401, "iss")),
        ("without version", issuer(login, TENANT, "/"), (401, "iss")),
        ("v1 without its slash", issuer("sts.windows.net", TENANT, ""), (401, "iss")),
        ("another cloud", issuer("login.microsoftonline.us", TENANT, "/v2.0"), (401, "iss")),
        (
            "look-alike",
            issuer("login.microsoftonline.com.evil.example", TENANT, "/v2.0"),
            (401, "iss"),
        ),
        (
            "Bot Framework's name",
            but("iss", json!("https://api.botframework.com")),
            (401, "serviceurl"),
        ),
        ("for another app", but("aud", json!(AGENT)), (401, "aud")),
        ("for the Connector", but("aud", json!("https://api.botframework.com")), (401, "aud")),
        ("a person's token", but("scp", json!("access_as_user")), (401, "app_only")),
        ("scope null", but("scp", json!(null)), (401, "app_only")),
        ("idtyp user", but("idtyp", json!("user")), (401, "app_only")),
        ("idtyp app", but("idtyp", json!("app")), (200, "ok")),
        ("a public client", but("azpacr", json!("0")), (401, "app_only")),
        ("a public client, v1", but("appidacr", json!(0)), (401, "app_only")),
        ("with a secret", but("azpacr", json!("1")), (200, "ok")),
        ("with a certificate", but("azpacr", json!("2")), (200, "ok")),
        ("version of another issuer", but("ver", json!("1.0")), (401, "ver")),
        ("version number", but("ver", json!(2)), (401, "ver")),
        ("over", but("exp", json!(1)), (401, "exp")),
    ] {
        assert_eq!(scene.token(&signed(&claims)).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_key_of_entra_does_not_make_a_bot_framework_token() {
    // Issuers have keys of their own: "b" is published by the Bot Framework's list only.
    let scene = scene().await;
    let forged = sign("b", &header("b").to_string(), &agent(2).to_string());
    assert_eq!(scene.token(&forged).await.0, 401);
    let unsigned = format!("{}.", signed(&agent(2)).rsplit_once('.').unwrap().0);
    assert_eq!(scene.token(&unsigned).await, (401, "format"));
}

#[tokio::test]
async fn callers_of_one_tenant_are_not_callers_of_another() {
    let scene =
        Scene::with(|config| config.entra_caller(TENANT, AGENT).entra_caller(OTHER, STRANGER))
            .await;
    let of = |tenant: &str, caller: &str| {
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let claims = but(&but(&agent(2), "iss", Some(json!(issuer))), "tid", Some(json!(tenant)));
        signed(&but(&claims, "azp", Some(json!(caller))))
    };
    assert_eq!(scene.token(&of(TENANT, AGENT)).await, (200, "ok"));
    assert_eq!(scene.token(&of(TENANT, STRANGER)).await, (401, "appid"));
    assert_eq!(scene.token(&of(OTHER, AGENT)).await, (401, "appid"));
    // The other tenant's caller is let in, but may not speak for this tenant.
    assert_eq!(scene.token(&of(OTHER, STRANGER)).await, (403, "tenant"));
    // Also from the cache.
    assert_eq!(scene.token(&of(OTHER, STRANGER)).await, (403, "tenant"));
    assert_eq!(scene.token(&of(TENANT, AGENT)).await, (200, "ok"));
}

#[tokio::test]
async fn a_caller_is_answered_at_allowed_addresses_only() {
    let scene = scene().await;
    let bearer = format!("Bearer {}", signed(&agent(2)));
    for url in [
        "https://agent.example/api/",
        "https://smba.trafficmanager.net.evil.example/",
        "http://127.0.0.1:9/",
        "https://169.254.169.254/",
    ] {
        let activity = but(&activity(), "serviceUrl", Some(json!(url)));
        let seen = scene.verdict(Some(&bearer), &body(&activity)).await;
        assert_eq!(seen, (403, "service_host"), "{url}");
    }
    let without = but(&activity(), "serviceUrl", None);
    assert_eq!(scene.verdict(Some(&bearer), &body(&without)).await, (403, "serviceurl"));
    let elsewhere = but(&activity(), "channelId", Some(json!("agents")));
    assert_eq!(scene.verdict(Some(&bearer), &body(&elsewhere)).await, (403, "channel"));
    // Teams is believed as before.
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
}

#[tokio::test]
async fn what_is_wrong_with_a_caller_is_explained() {
    let scene = scene().await;
    let person = but(&but(&agent(2), "scp", Some(json!("x"))), "azp", Some(json!(STRANGER)));
    let findings = scene.door.explain(&signed(&person)).await;
    let broken: Vec<_> = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Broken)
        .map(|finding| finding.rule)
        .collect();
    assert_eq!(broken, ["appid", "app_only"]);
    assert!(findings.iter().any(|finding| finding.detail.contains(AGENT)));
}

#[test]
fn callers_are_named_exactly_or_not_at_all() {
    for (tenant, caller) in [
        ("common", AGENT),
        ("organizations", AGENT),
        ("", AGENT),
        ("*", AGENT),
        ("contoso.example", AGENT),
        ("{11111111-2222-4333-8444-555555555555}", AGENT),
        (TENANT, ""),
        (TENANT, " "),
    ] {
        let config = InboundConfig::new(APP, Cloud::Public).entra_caller(tenant, caller);
        let refused = Authenticator::new(config, Arc::new(SystemClock)).err();
        assert_eq!(refused.map(|error| error.kind()), Some(ErrorKind::Config), "{tenant} {caller}");
    }
}

#[tokio::test]
async fn an_api_of_ones_own_believes_its_callers_and_nobody_else() {
    const AUDIENCE: &str = "api://events.contoso.example";
    let issuer = super::issuer::Issuer::start().await;
    let api = |roles: &[&str]| {
        let config = InboundConfig::new(AUDIENCE, Cloud::Public)
            .openid_metadata_url(issuer.metadata_url())
            .entra_caller(TENANT, AGENT);
        let clock = Arc::new(ManualClock::at(super::NOW));
        EntraApi::new(&config, roles.iter().copied(), clock).unwrap()
    };
    let (open, with_role) = (api(&[]), api(&["Events.Send", "Events.Admin"]));
    let base = but(&agent(2), "aud", Some(json!(AUDIENCE)));
    let but = |member: &str, value: Value| but(&base, member, Some(value));
    let check = async |api: &EntraApi, name: &str, claims: &Value, expected: Result<(), &str>| {
        let checked = api.check(Some(&format!("Bearer {}", signed(claims)))).await;
        assert_eq!(checked.map_err(|it| it.rule()), expected, "{name}");
    };
    check(&open, "good", &base, Ok(())).await;
    check(&open, "for the bot", &agent(2), Err("aud")).await;
    check(&open, "a stranger", &but("azp", json!(STRANGER)), Err("appid")).await;
    check(&open, "for a person", &but("scp", json!("Events.Send")), Err("app_only")).await;
    let bot_framework = but("iss", json!("https://api.botframework.com"));
    let bot_framework = super::but(&bot_framework, "serviceurl", Some(json!(super::SERVICE)));
    check(&open, "of the Bot Framework", &bot_framework, Err("iss")).await;
    for (roles, expected) in [
        (json!(["Other", "Events.Admin"]), Ok(())),
        (json!(["events.send"]), Err("roles")),
        (json!("Events.Send"), Err("roles")),
        (json!([["Events.Send"]]), Err("roles")),
        (json!([]), Err("roles")),
    ] {
        check(&with_role, "roles", &but("roles", roles), expected).await;
    }
    check(&with_role, "no roles", &base, Err("roles")).await;
    let fetched = api(&[]);
    fetched.prefetch().await.unwrap();
    issuer.world(|world| world.outage = true);
    check(&fetched, "with keys from before", &base, Ok(())).await;
    assert_eq!(api(&[]).prefetch().await.unwrap_err().kind(), ErrorKind::Unavailable);
    let nobody = InboundConfig::new(AUDIENCE, Cloud::Public);
    let clock = Arc::new(SystemClock);
    let refused = EntraApi::new(&nobody, ["Events.Send"], clock).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
}
