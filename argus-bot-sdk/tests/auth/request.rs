//! A good token is not enough: channel, endorsement, tenant, body, and the emulator's own rules.

use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
use argus_bot_sdk::{ErrorKind, SystemClock};
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::issuer::{jwk, sign, token};
use super::{APP, SERVICE, Scene, TENANT, activity, body, but, claims, header};

pub(super) const OTHER: &str = "99999999-2222-4333-8444-555555555555";

#[tokio::test]
async fn channels() {
    let scene = Scene::new().await;
    for channel in [
        json!("webchat"),
        json!("directline"),
        json!("MSTEAMS"),
        json!("msteams "),
        json!(""),
        json!(null),
        json!(["msteams"]),
    ] {
        let seen = scene.activity(&but(&activity(), "channelId", Some(channel.clone()))).await;
        assert_eq!(seen, (403, "channel"), "{channel}");
    }
    assert_eq!(scene.activity(&but(&activity(), "channelId", None)).await, (403, "channel"));
}

#[tokio::test]
async fn endorsements() {
    for (endorsements, channel, expected) in [
        (Some(json!(["msteams"])), "msteams", (200, "ok")),
        (Some(json!(["skype", "msteams"])), "msteams", (200, "ok")),
        (Some(json!(["skype"])), "msteams", (403, "endorsement")),
        (Some(json!(["MSTEAMS", "msteams2", ""])), "msteams", (403, "endorsement")),
        (Some(json!([])), "msteams", (403, "endorsement")),
        (None, "msteams", (403, "endorsement")),
        (None, "webchat", (200, "ok")),
        (Some(json!(["webchat"])), "webchat", (200, "ok")),
        (Some(json!(["msteams"])), "webchat", (403, "endorsement")),
    ] {
        let scene = Scene::with(|config| config.channels(["msteams", "webchat"])).await;
        let key = but(&jwk("a"), "endorsements", endorsements.clone());
        scene.issuer.publish_text(json!({ "keys": [key] }).to_string());
        let activity = but(&activity(), "channelId", Some(json!(channel)));
        assert_eq!(scene.activity(&activity).await, expected, "{endorsements:?} {channel}");
    }
}

/// An activity whose two tenants are these.
fn in_tenants(channel_data: Option<Value>, conversation: Option<Value>) -> Value {
    let place = but(&json!({ "id": "a:1" }), "tenantId", conversation);
    let data = json!({ "tenant": but(&json!({}), "id", channel_data) });
    but(&but(&activity(), "conversation", Some(place)), "channelData", Some(data))
}

#[tokio::test]
async fn tenants() {
    let closed = Scene::with(|config| config.tenant(TENANT)).await;
    let open = Scene::new().await;
    let (t, o) = (Some(json!(TENANT)), Some(json!(OTHER)));
    let upper = Some(json!(TENANT.to_uppercase()));
    let (ok, refused) = ((200, "ok"), (403, "tenant"));
    for (data, place, in_closed, in_open) in [
        (&t, &t, ok, ok),
        (&t, &None, ok, ok),
        (&None, &t, ok, ok),
        (&upper, &t, ok, ok),
        (&t, &Some(json!(null)), ok, ok),
        (&None, &None, refused, ok),
        (&o, &o, refused, ok),
        (&o, &t, refused, refused),
        (&t, &o, refused, refused),
        (&o, &None, refused, ok),
        (&Some(json!("")), &t, refused, refused),
        (&t, &Some(json!("")), refused, refused),
        (&Some(json!([TENANT])), &t, refused, refused),
        (&t, &Some(json!({ "id": TENANT })), refused, refused),
        (&Some(json!(7)), &None, refused, refused),
        (&Some(json!(format!("{TENANT} "))), &None, refused, ok),
    ] {
        let activity = in_tenants(data.clone(), place.clone());
        assert_eq!(closed.activity(&activity).await, in_closed, "closed: {activity}");
        assert_eq!(open.activity(&activity).await, in_open, "open: {activity}");
    }
    let two = Scene::with(|config| config.tenant(OTHER).tenant(TENANT)).await;
    assert_eq!(two.activity(&in_tenants(o.clone(), o)).await, ok);
    let bare = but(&but(&activity(), "channelData", None), "conversation", None);
    assert_eq!(closed.activity(&bare).await, refused);
    assert_eq!(open.activity(&bare).await, ok);
}

#[tokio::test]
async fn bodies() {
    let scene = Scene::new().await;
    let bearer = format!("Bearer {}", token("a"));
    let good = activity().to_string();
    for (name, body) in [
        ("empty", Vec::new()),
        ("null", b"null".to_vec()),
        ("list", format!("[{good}]").into_bytes()),
        ("cut", good.trim_end_matches('}').as_bytes().to_vec()),
        ("trailing", format!("{good}x").into_bytes()),
        ("two", format!("{good}{good}").into_bytes()),
        ("twice", good.replace("\"text\"", "\"text\":\"a\",\"text\"").into_bytes()),
        (
            "serviceUrl twice",
            good.replace("\"text\"", "\"serviceUrl\":\"https://evil.example\",\"text\"")
                .into_bytes(),
        ),
        ("tenant twice", good.replace("{\"tenant\"", "{\"tenant\":{},\"tenant\"").into_bytes()),
        ("no type", but(&activity(), "type", None).to_string().into_bytes()),
        ("type null", but(&activity(), "type", Some(json!(null))).to_string().into_bytes()),
        ("type list", but(&activity(), "type", Some(json!(["message"]))).to_string().into_bytes()),
        ("type empty", but(&activity(), "type", Some(json!(""))).to_string().into_bytes()),
        ("not UTF-8", [&good.as_bytes()[..good.len() - 1], b",\"x\":\"\xe9\"}"].concat()),
        ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("bom", format!("\u{feff}{good}").into_bytes()),
        ("deep", format!("{{\"type\":\"message\",\"value\":{}", "[".repeat(100_000)).into_bytes()),
        ("nan", good.replace("\"hello\"", "NaN").into_bytes()),
    ] {
        assert_eq!(scene.verdict(Some(&bearer), &body).await, (400, "body"), "{name}");
        assert_eq!(
            scene.verdict(None, &body).await,
            (401, "bearer"),
            "{name}: read for a stranger"
        );
    }
    for kind in ["message", "hologram", "invoke"] {
        let activity = but(&activity(), "type", Some(json!(kind)));
        assert_eq!(scene.activity(&activity).await, (200, "ok"), "{kind}");
    }
    let verified = scene.door.verify(Some(&bearer), good.as_bytes()).await.unwrap();
    assert_eq!((verified.tenant_id(), verified.text.as_deref()), (Some(TENANT), Some("hello")));
}

#[tokio::test]
async fn a_remembered_token_expires_all_the_same() {
    let scene = Scene::new().await;
    let good = token("a");
    assert_eq!(scene.token(&good).await, (200, "ok"));
    assert_eq!(scene.token(&good).await, (200, "ok"));
    scene.clock.advance(std::time::Duration::from_secs(3600 + 299));
    assert_eq!(scene.token(&good).await, (200, "ok"));
    scene.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(scene.token(&good).await, (401, "exp"));
    scene.clock.set(jiff::Timestamp::from_second(super::NOW - 400).unwrap());
    assert_eq!(scene.token(&good).await, (401, "nbf"));
}

#[test]
fn one_header() {
    let with = |values: &[&'static [u8]]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        Authenticator::authorization(&headers).map(|found| found.map(str::to_owned))
    };
    assert_eq!(with(&[]), Ok(None));
    assert_eq!(with(&[b"Bearer a"]), Ok(Some("Bearer a".to_owned())));
    for values in [
        &[b"Bearer a".as_slice(), b"Bearer a"] as &[&[u8]],
        &[b"Bearer a", b"Basic b"],
        &[b"Bearer \xff"],
    ] {
        assert_eq!(with(values).map_err(|why| (why.status(), why.rule())), Err((401, "bearer")));
    }
}

pub(super) fn entra(version: u8) -> Value {
    let (issuer, caller) = match version {
        1 => (format!("https://sts.windows.net/{TENANT}/"), "appid"),
        _ => (format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "azp"),
    };
    let base = but(&but(&claims(), "serviceurl", None), "iss", Some(json!(issuer)));
    but(&but(&base, caller, Some(json!(APP))), "tid", Some(json!(TENANT)))
}

#[tokio::test]
async fn the_emulator_is_off_by_default() {
    let scene = Scene::new().await;
    for version in [1, 2] {
        let token = sign("a", &header("a").to_string(), &entra(version).to_string());
        assert_eq!(scene.token(&token).await, (401, "iss"));
    }
}

#[tokio::test]
async fn the_emulator_is_this_app_in_this_tenant() {
    let scene = Scene::with(|config| config.emulator(TENANT)).await;
    let other = |member: &str, value: Value| but(&entra(2), member, Some(value));
    let other_issuer = format!("https://login.microsoftonline.com/{OTHER}/v2.0");
    for (name, claims, expected) in [
        ("version 1", entra(1), (200, "ok")),
        ("version 2", entra(2), (200, "ok")),
        ("no tid", but(&entra(2), "tid", None), (401, "tid")),
        ("both callers", other("appid", json!(APP)), (200, "ok")),
        ("no caller", but(&entra(2), "azp", None), (401, "appid")),
        ("other caller", other("azp", json!(OTHER)), (401, "appid")),
        ("callers disagree", other("appid", json!(OTHER)), (401, "appid")),
        ("caller list", other("azp", json!([APP])), (401, "appid")),
        ("other tid", other("tid", json!(OTHER)), (401, "tid")),
        ("tid list", other("tid", json!([TENANT])), (401, "tid")),
        ("other issuer", other("iss", json!(other_issuer)), (401, "iss")),
        (
            "common",
            other("iss", json!("https://login.microsoftonline.com/common/v2.0")),
            (401, "iss"),
        ),
        (
            "bot tenant",
            other("iss", json!("https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/")),
            (401, "iss"),
        ),
        ("other audience", other("aud", json!("https://api.botframework.com")), (401, "aud")),
        ("expired", other("exp", json!(0)), (401, "exp")),
        ("no nbf", but(&entra(2), "nbf", None), (401, "nbf")),
    ] {
        let token = sign("a", &header("a").to_string(), &claims.to_string());
        assert_eq!(scene.token(&token).await, expected, "{name}");
    }
    // No claim covers the service URL, so the allowlist alone decides.
    let bearer = format!("Bearer {}", sign("a", &header("a").to_string(), &entra(2).to_string()));
    for url in [
        "https://evil.example/",
        "http://127.0.0.1:9000/",
        "https://smba.trafficmanager.net.evil.example/",
    ] {
        let activity = but(&activity(), "serviceUrl", Some(json!(url)));
        assert_eq!(
            scene.verdict(Some(&bearer), &body(&activity)).await,
            (403, "service_host"),
            "{url}"
        );
    }
    let elsewhere = in_tenants(Some(json!(OTHER)), Some(json!(OTHER)));
    assert_eq!(scene.verdict(Some(&bearer), &body(&elsewhere)).await, (403, "tenant"));
    // The Bot Framework's own tokens go on working, and still need their claim.
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
    let bare = but(&claims(), "serviceurl", None).to_string();
    assert_eq!(scene.token(&sign("a", &header("a").to_string(), &bare)).await, (401, "serviceurl"));
}

#[test]
fn configurations_that_cannot_work() {
    let good = || InboundConfig::new(APP, Cloud::Public);
    for (name, config) in [
        ("no app", InboundConfig::new(" ", Cloud::Public)),
        ("no channel", good().channels(Vec::<String>::new())),
        ("empty channel", good().channels([""])),
        ("empty tenant", good().tenant("")),
        ("http metadata", good().openid_metadata_url("http://login.botframework.com/x")),
        ("no metadata", good().openid_metadata_url("x")),
        ("http service", good().allowed_service_urls(["http://smba.trafficmanager.net"])),
        ("China without a host", InboundConfig::new(APP, Cloud::China)),
        ("emulator for all", good().emulator("common")),
        ("emulator path", good().emulator("../x")),
        ("emulator http", good().emulator(TENANT).entra_metadata_url("http://evil.example/")),
    ] {
        let refused = Authenticator::new(config, std::sync::Arc::new(SystemClock));
        assert_eq!(refused.err().map(|error| error.kind()), Some(ErrorKind::Config), "{name}");
    }
}

#[tokio::test]
async fn a_configured_address_passes_when_the_token_says_so() {
    let scene = Scene::with(|config| config.allowed_service_urls(["http://127.0.0.1:9000"])).await;
    for (url, expected) in [
        ("http://127.0.0.1:9000/_connector", (200, "ok")),
        ("http://127.0.0.1:9001/_connector", (403, "service_host")),
        (SERVICE, (200, "ok")),
    ] {
        let claims = but(&claims(), "serviceurl", Some(json!(url))).to_string();
        let bearer = format!("Bearer {}", sign("a", &header("a").to_string(), &claims));
        let activity = but(&activity(), "serviceUrl", Some(json!(url)));
        assert_eq!(scene.verdict(Some(&bearer), &body(&activity)).await, expected, "{url}");
    }
}

#[cfg(feature = "danger-anonymous")]
#[tokio::test]
async fn the_anonymous_door_still_reads_strictly_and_minds_addresses() {
    use argus_bot_sdk::auth::ServiceUrlPolicy;

    let door = Authenticator::anonymous(ServiceUrlPolicy::loopback());
    assert!(door.is_anonymous());
    let local = but(&activity(), "serviceUrl", Some(json!("http://127.0.0.1:35297/_connector")));
    for authorization in [None, Some("Bearer bogus")] {
        assert!(door.verify(authorization, &body(&local)).await.is_ok(), "{authorization:?}");
        let far = door.verify(authorization, &body(&activity())).await.unwrap_err();
        assert_eq!((far.status(), far.rule()), (403, "service_host"));
        let odd = door.verify(authorization, b"{\"type\":1}").await.unwrap_err();
        assert_eq!((odd.status(), odd.rule()), (400, "body"));
    }
}

#[test]
fn a_door_with_tokens_is_not_anonymous() {
    let config = InboundConfig::new(APP, Cloud::Public);
    assert!(!Authenticator::new(config, std::sync::Arc::new(SystemClock)).unwrap().is_anonymous());
}
