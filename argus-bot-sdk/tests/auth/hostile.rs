//! Tokens that must not be believed, each with the rule that it breaks.

use argus_bot_sdk::auth::Verdict;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256};
use serde_json::{Value, json};

use super::issuer::{base64url, jwk, key, sign, signature, token};
use super::{APP, NOW, SERVICE, Scene, activity, body, but, claims, header};

async fn check(scene: &Scene, name: &str, token: &str, rule: &str) {
    assert_eq!(scene.token(token).await, (401, rule), "{name}");
}

/// The explanation names the rule by which the door refused, and the door refused the first of them.
async fn check_explained(scene: &Scene, token: &str, rule: &str) {
    let findings = scene.door.explain(token).await;
    let broken: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Broken)
        .map(|finding| finding.rule)
        .collect();
    assert!(broken.contains(&rule), "{rule} is not among {findings:#?}");
}

async fn check_header(scene: &Scene, member: &str, value: Option<Value>, rule: &str) {
    let header = but(&header("a"), member, value).to_string();
    let token = sign("a", &header, &claims().to_string());
    check(scene, &header, &token, rule).await;
    check_explained(scene, &token, rule).await;
}

async fn check_claim(scene: &Scene, member: &str, value: Option<Value>, rule: &str) {
    let claims = but(&claims(), member, value).to_string();
    let token = sign("a", &header("a").to_string(), &claims);
    check(scene, &claims, &token, rule).await;
    check_explained(scene, &token, rule).await;
}

#[tokio::test]
async fn the_good_token_is_good() {
    let scene = Scene::new().await;
    assert_eq!(scene.token(&token("a")).await, (200, "ok"));
    let findings = scene.door.explain(&format!("Bearer {}\n", token("a"))).await;
    assert_eq!(findings.len(), 16, "{findings:#?}");
    assert!(findings.iter().all(|finding| finding.verdict == Verdict::Holds), "{findings:#?}");
    for (member, value) in [("typ", None), ("x5t", None), ("x5t", Some(json!("other")))] {
        let header = but(&header("a"), member, value).to_string();
        assert_eq!(
            scene.token(&sign("a", &header, &claims().to_string())).await,
            (200, "ok"),
            "{header}"
        );
    }
    for (member, value) in [
        ("iat", json!(NOW)),
        ("nbf", json!(NOW + 300)),
        ("exp", json!(1_800_000_000.5)),
        ("serviceurl", json!("https://SMBA.trafficmanager.net/emea")),
        ("unknown", json!({ "deep": [null] })),
    ] {
        let claims = but(&claims(), member, Some(value)).to_string();
        assert_eq!(
            scene.token(&sign("a", &header("a").to_string(), &claims)).await,
            (200, "ok"),
            "{claims}"
        );
    }
    // Both ends of five minutes of skew.
    let claims = but(&but(&claims(), "nbf", Some(json!(0))), "exp", Some(json!(NOW - 299)));
    let late = sign("a", &header("a").to_string(), &claims.to_string());
    assert_eq!(scene.token(&late).await, (200, "ok"));
}

#[tokio::test]
async fn headers() {
    let scene = Scene::new().await;
    for alg in [
        json!(null),
        json!(7),
        json!(["RS256"]),
        json!({}),
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!("nOnE"),
        json!(""),
        json!("HS256"),
        json!("HS384"),
        json!("HS512"),
        json!("RS384"),
        json!("RS512"),
        json!("PS256"),
        json!("PS384"),
        json!("PS512"),
        json!("ES256"),
        json!("ES384"),
        json!("EdDSA"),
        json!("rs256"),
        json!("RS256 "),
        json!("RS256\u{0}"),
        json!("dir"),
        json!("RSA-OAEP"),
    ] {
        check_header(&scene, "alg", Some(alg), "alg").await;
    }
    check_header(&scene, "alg", None, "alg").await;
    for typ in [
        json!(null),
        json!(7),
        json!(["JWT"]),
        json!(""),
        json!("JWS"),
        json!("at+jwt"),
        json!("jwt"),
    ] {
        check_header(&scene, "typ", Some(typ), "typ").await;
    }
    check_header(&scene, "cty", Some(json!("JWT")), "typ").await;
    for kid in [
        json!(null),
        json!(7),
        json!(["a"]),
        json!({"kid": "a"}),
        json!(true),
        json!(""),
        json!("z"),
        json!(" a"),
        json!("a "),
        json!("A"),
        json!("a\u{0}"),
        json!("../../etc/passwd"),
        json!("' OR '1'='1"),
        json!("a".repeat(300)),
    ] {
        check_header(&scene, "kid", Some(kid), "kid").await;
    }
    check_header(&scene, "kid", None, "kid").await;
    for (member, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("jku", json!("https://evil.example/keys")),
        ("jwk", jwk("a")),
        ("jwk", jwk("b")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIB"])),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("epk", json!({})),
    ] {
        check_header(&scene, member, Some(value), "crit").await;
    }
}

#[tokio::test]
async fn text_claims() {
    let scene = Scene::new().await;
    for (member, rule, good) in [
        ("iss", "iss", "https://api.botframework.com"),
        ("aud", "aud", APP),
        ("serviceurl", "serviceurl", ""),
    ] {
        check_claim(&scene, member, None, rule).await;
        for wrong in [
            json!(null),
            json!(true),
            json!(7),
            json!(1.5),
            json!([]),
            json!({}),
            json!([good]),
            json!([[good]]),
            json!({ good: good }),
            json!([good, "https://evil.example"]),
            json!(""),
            json!(" "),
            json!(format!(" {good}")),
            json!(format!("{good}\n")),
            json!(format!("{good}\u{0}")),
        ] {
            check_claim(&scene, member, Some(wrong), rule).await;
        }
    }
    for issuer in [
        "https://api.botframework.com/",
        "https://API.botframework.com",
        "http://api.botframework.com",
        "https://api.botframework.us",
        "https://api.botframework.com.evil.example",
        "api.botframework.com",
        "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/",
        "https://login.microsoftonline.com/common/v2.0",
        "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0",
    ] {
        check_claim(&scene, "iss", Some(json!(issuer)), "iss").await;
    }
    for audience in [
        "00000000-0000-0000-0000-000000000000",
        "https://api.botframework.com",
        "api://0f0e0d0c-1111-4222-8333-444455556666",
        "28:0f0e0d0c-1111-4222-8333-444455556666",
        "0F0E0D0C-1111-4222-8333-444455556666",
        "0f0e0d0c-1111-4222-8333-44445555666",
        "{0f0e0d0c-1111-4222-8333-444455556666}",
        "*",
    ] {
        check_claim(&scene, "aud", Some(json!(audience)), "aud").await;
    }
    for url in [
        "smba.trafficmanager.net",
        "http://smba.trafficmanager.net/emea/",
        "https://a@b.example/",
        "*",
    ] {
        check_claim(&scene, "serviceurl", Some(json!(url)), "serviceurl").await;
    }
}

#[tokio::test]
async fn dates() {
    let scene = Scene::new().await;
    for member in ["exp", "nbf", "iat"] {
        if member != "iat" {
            check_claim(&scene, member, None, member).await;
        }
        for wrong in [
            json!(null),
            json!(true),
            json!("1800000000"),
            json!(""),
            json!([]),
            json!([NOW]),
            json!({}),
            json!({ "n": NOW }),
            json!(-1),
            json!(-1.5e300),
            json!(1e300),
            json!(253_402_300_800_i64),
            json!(u64::MAX),
            json!(i64::MIN),
        ] {
            check_claim(&scene, member, Some(wrong), member).await;
        }
    }
    for (member, value) in [
        ("exp", 0),
        ("exp", NOW - 86_400),
        ("exp", NOW - 301),
        ("exp", NOW - 300),
        ("nbf", NOW + 301),
        ("iat", NOW + 301),
    ] {
        let early = but(&claims(), "nbf", Some(json!(0)));
        let claims = but(&early, member, Some(json!(value))).to_string();
        check(&scene, &claims, &sign("a", &header("a").to_string(), &claims), member).await;
    }
    // Ends before it begins.
    let claims = but(&but(&claims(), "nbf", Some(json!(NOW + 200))), "exp", Some(json!(NOW + 100)));
    check(&scene, "exp < nbf", &sign("a", &header("a").to_string(), &claims.to_string()), "exp")
        .await;
    for overflow in ["1e400", "-1e400"] {
        let claims = super::claims().to_string().replace(&format!("{}", NOW + 3600), overflow);
        check(&scene, overflow, &sign("a", &header("a").to_string(), &claims), "claims").await;
    }
}

#[tokio::test]
async fn shapes() {
    let scene = Scene::new().await;
    let (h, c) = (header("a").to_string(), claims().to_string());
    for (name, text) in [
        ("empty", String::new()),
        ("null", "null".to_owned()),
        ("list", format!("[{h}]")),
        ("text", "\"a\"".to_owned()),
        ("number", "7".to_owned()),
        ("trailing", format!("{h} x")),
        ("two", format!("{h}{h}")),
        ("cut", h.trim_end_matches('}').to_owned()),
        ("twice", h.replace("\"alg\"", "\"alg\":\"none\",\"alg\"")),
        ("twice escaped", h.replace("\"alg\"", "\"\\u0061lg\":\"none\",\"alg\"")),
        ("bom", format!("\u{feff}{h}")),
        ("comment", format!("/**/{h}")),
        ("single quotes", h.replace('"', "'")),
        ("deep", format!("{{\"a\":{}", "[".repeat(2_000))),
    ] {
        check(&scene, &format!("header {name}"), &sign("a", &text, &c), "header").await;
    }
    for (name, text) in [
        ("empty", String::new()),
        ("null", "null".to_owned()),
        ("list", format!("[{c}]")),
        ("text", "\"a\"".to_owned()),
        ("trailing", format!("{c},")),
        ("two", format!("{c}{c}")),
        ("cut", c.trim_end_matches('}').to_owned()),
        ("twice", c.replace("\"aud\"", "\"aud\":\"x\",\"aud\"")),
        ("same twice", c.replace("\"aud\"", &format!("\"aud\":\"{APP}\",\"aud\""))),
        ("twice below", c.replace("\"aud\"", "\"x\":{\"y\":1,\"y\":2},\"aud\"")),
        ("nan", c.replace("1800", "NaN")),
        ("deep", format!("{{\"a\":{}", "[".repeat(2_000))),
    ] {
        check(&scene, &format!("claims {name}"), &sign("a", &h, &text), "claims").await;
    }
    // Bytes that are not UTF-8, in a member that nobody looks at.
    let mut odd = c.replace("\"aud\"", "\"x\":\"?\",\"aud\"").into_bytes();
    let at = odd.iter().position(|&byte| byte == b'?').unwrap();
    odd[at] = 0xe9;
    let signed = format!("{}.{}", base64url(&h), base64url(odd));
    let odd = base64url(signature("a", signed.as_bytes(), &aws_lc_rs::signature::RSA_PKCS1_SHA256));
    check(&scene, "not UTF-8", &format!("{signed}.{odd}"), "claims").await;
}

#[tokio::test]
async fn encodings() {
    let scene = Scene::new().await;
    let good = token("a");
    let parts: Vec<&str> = good.split('.').collect();
    let (h, c, s) = (parts[0], parts[1], parts[2]);
    let (cut, last) = s.split_at(s.len() - 1);
    for (name, token) in [
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        ("one part", h.to_owned()),
        ("two parts", format!("{h}.{c}")),
        ("four parts", format!("{good}.{s}")),
        ("five parts", format!("{good}.{s}.{s}")),
        ("no signature", format!("{h}.{c}.")),
        ("leading dot", format!(".{good}")),
        ("padding", format!("{good}==")),
        ("padded header", format!("{h}=.{c}.{s}")),
        ("padded claims", format!("{h}.{c}=.{s}")),
        ("plus", format!("{h}.{c}.{cut}+")),
        ("slash", format!("{h}.{c}.{cut}/")),
        ("space", format!("{h}.{c}. {s}")),
        ("trailing space", format!("{good} ")),
        ("newline", format!("{good}\n")),
        ("comma", format!("{good},Bearer {good}")),
        ("second space", format!(" {good}")),
        ("percent", format!("{h}.{c}.%41{s}")),
        ("impossible length", format!("{h}.{c}.{s}AAA")),
        ("not text", format!("{h}.{c}.\u{e9}")),
        ("semicolon", format!("{good};")),
        ("quotes", format!("\"{good}\"")),
        ("JSON form", json!({"payload": c, "protected": h, "signature": s}).to_string()),
    ] {
        check(&scene, name, &token, "format").await;
    }
    // 256 bytes leave four bits over, which must be zero.
    let sloppy = char::from(last.as_bytes()[0] + 1);
    check(&scene, "non-canonical", &format!("{h}.{c}.{cut}{sloppy}"), "format").await;
    check(&scene, "no header", &format!(".{c}.{s}"), "header").await;
    check(&scene, "no claims", &format!("{h}..{s}"), "claims").await;
    check(&scene, "too long", &"a".repeat(16 * 1024), "size").await;
}

#[tokio::test]
async fn bearers() {
    let scene = Scene::new().await;
    let good = token("a");
    let body = body(&activity());
    assert_eq!(scene.verdict(None, &body).await, (401, "bearer"), "nothing");
    for value in [
        String::new(),
        "Bearer".to_owned(),
        good.clone(),
        format!("bearer {good}"),
        format!("BEARER {good}"),
        format!(" Bearer {good}"),
        format!("Bearer\t{good}"),
        format!("Bearer:{good}"),
        format!("Bearer{good}"),
        format!("Basic {good}"),
        format!("Negotiate, Bearer {good}"),
        format!("JWT {good}"),
        format!("Digest {good}"),
    ] {
        assert_eq!(scene.verdict(Some(&value), &body).await, (401, "bearer"), "{value}");
    }
    assert_eq!(scene.verdict(Some("Bearer "), &body).await, (401, "format"));
    assert_eq!(scene.verdict(Some(&format!("Bearer  {good}")), &body).await, (401, "format"));
}

#[tokio::test]
async fn signatures() {
    let scene = Scene::new().await;
    scene.issuer.publish(&["a", "b"]);
    let good = token("a");
    let (signed, s) = good.rsplit_once('.').unwrap();
    let raw = signature("a", signed.as_bytes(), &aws_lc_rs::signature::RSA_PKCS1_SHA256);
    let mut forged: Vec<(String, Vec<u8>)> = (0..256)
        .step_by(17)
        .map(|at| {
            let mut flipped = raw.clone();
            flipped[at] ^= 1 << (at % 8);
            (format!("flipped at {at}"), flipped)
        })
        .collect();
    forged.push(("cut".to_owned(), raw[..255].to_vec()));
    forged.push(("longer".to_owned(), [raw.as_slice(), &[0]].concat()));
    forged.push(("leading zero".to_owned(), [&[0], raw.as_slice()].concat()));
    forged.push(("zeros".to_owned(), vec![0; 256]));
    forged.push(("ones".to_owned(), vec![0xff; 256]));
    forged.push(("one".to_owned(), [vec![0; 255], vec![1]].concat()));
    forged.push(("one byte".to_owned(), vec![0]));
    forged.push(("twice".to_owned(), [raw.clone(), raw.clone()].concat()));
    forged.push((
        "other key".to_owned(),
        signature("b", signed.as_bytes(), &aws_lc_rs::signature::RSA_PKCS1_SHA256),
    ));
    forged.push(("SHA-384".to_owned(), signature("a", signed.as_bytes(), &RSA_PKCS1_SHA384)));
    forged.push(("SHA-512".to_owned(), signature("a", signed.as_bytes(), &RSA_PKCS1_SHA512)));
    forged.push(("PSS".to_owned(), signature("a", signed.as_bytes(), &RSA_PSS_SHA256)));
    let other =
        sign("a", &header("a").to_string(), &but(&claims(), "x", Some(json!(1))).to_string());
    forged.push(("of another token".to_owned(), {
        let (signed, _) = other.rsplit_once('.').unwrap();
        signature("a", signed.as_bytes(), &aws_lc_rs::signature::RSA_PKCS1_SHA256)
    }));
    let public = jwk("a")["n"].as_str().unwrap().to_owned();
    for secret in [public.as_bytes(), b"", b"secret"] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        forged.push(("HMAC".to_owned(), tag.as_ref().to_vec()));
    }
    for (name, signature) in forged {
        check(&scene, &name, &format!("{signed}.{}", base64url(signature)), "signature").await;
    }
    // A good signature over another header or other claims.
    let (h, c) = signed.split_once('.').unwrap();
    let admin = base64url(but(&claims(), "x", Some(json!("admin"))).to_string());
    check(&scene, "other claims", &format!("{h}.{admin}.{s}"), "signature").await;
    let header_b = base64url(header("b").to_string());
    check(&scene, "other kid", &format!("{header_b}.{c}.{s}"), "signature").await;
    // The second key's own token is good: the first one's forgery was not refused for its shape.
    assert_eq!(scene.token(&token("b")).await, (200, "ok"));
    assert_eq!(key("a").public_modulus_len(), 256);
}

#[tokio::test]
async fn a_token_of_one_service_url_is_not_for_another() {
    let scene = Scene::new().await;
    for (url, rule) in [
        (json!("https://smba.trafficmanager.net/amer/"), "serviceurl"),
        (json!("https://smba.trafficmanager.net/emea/x"), "serviceurl"),
        (json!("https://smba.trafficmanager.net/EMEA/"), "serviceurl"),
        (json!("https://smba.trafficmanager.net"), "serviceurl"),
        (json!("https://evil.example/emea/"), "serviceurl"),
        (json!("http://smba.trafficmanager.net/emea/"), "serviceurl"),
        (json!("https://smba.trafficmanager.net@evil.example/emea/"), "serviceurl"),
        (json!("https://smba.trafficmanager.net/emea/?x"), "serviceurl"),
        (json!("https://smba.trafficmanager.net/emea/#x"), "serviceurl"),
        (json!("https://smba.trafficmanager.net:443/emea/"), "serviceurl"),
        (json!("https://smba.trafficmanager.net./emea/"), "serviceurl"),
        (json!([SERVICE]), "serviceurl"),
        (json!(null), "serviceurl"),
        (json!(""), "serviceurl"),
    ] {
        let seen = scene.activity(&but(&activity(), "serviceUrl", Some(url.clone()))).await;
        assert_eq!(seen, (403, rule), "{url}");
    }
    assert_eq!(scene.activity(&but(&activity(), "serviceUrl", None)).await, (403, "serviceurl"));
    let same = but(&activity(), "serviceUrl", Some(json!("https://SMBA.trafficmanager.net/emea")));
    assert_eq!(scene.activity(&same).await, (200, "ok"));
    // A signed claim does not make a host allowed.
    let evil = "https://evil.trafficmanager.net/emea/";
    let claims = but(&claims(), "serviceurl", Some(json!(evil))).to_string();
    let token = format!("Bearer {}", sign("a", &header("a").to_string(), &claims));
    let activity = but(&activity(), "serviceUrl", Some(json!(evil)));
    assert_eq!(scene.verdict(Some(&token), &body(&activity)).await, (403, "service_host"));
}
