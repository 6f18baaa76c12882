//! What each vector is, in the order of the rules.

use serde_json::{Map, Value, json};

const HEADER: &str = r#"{"alg":"RS256","typ":"JWT","kid":"current","x5t":"current"}"#;
const CLAIMS: &str = concat!(
    r#"{"iss":"https://api.botframework.com","aud":"{{app}}","serviceurl":"{{service_url}}","#,
    r#""nbf":{{now-60}},"exp":{{now+3600}}}"#
);
const ACTIVITY: &str = concat!(
    r#"{"type":"typing","channelId":"msteams","serviceUrl":"{{service_url}}","from":{"id":"29:vector"},"#,
    r#""conversation":{"id":"a:vector","tenantId":"{{tenant}}"},"#,
    r#""channelData":{"tenant":{"id":"{{tenant}}"}}}"#
);
const WHOLE: &str = "{{header}}.{{claims}}.{{signature}}";

/// The file's text.
pub(crate) fn file() -> String {
    let mut all = Vec::new();
    good(&mut all);
    algorithms(&mut all);
    headers(&mut all);
    claims(&mut all);
    dates(&mut all);
    shapes(&mut all);
    encodings(&mut all);
    signatures(&mut all);
    requests(&mut all);
    activities(&mut all);
    let endorsed = |channels: Value| json!({ "endorsements": channels });
    let file = json!({
        "about": "Inbound tokens for Bot Framework endpoints; docs/conformance.md says how to read this.",
        "base": {
            "header": HEADER, "claims": CLAIMS, "token": WHOLE, "authorization": ["Bearer {{token}}"],
            "key": "current", "activity": ACTIVITY,
        },
        "keys": {
            "current": { "pair": 0, "published": endorsed(json!(["msteams", "skype"])) },
            "next": { "pair": 1, "published": endorsed(json!(["msteams"])) },
            "retired": { "pair": 1, "published": null },
            "stranger": { "pair": 2, "published": null },
            "webchat-only": { "pair": 1, "published": endorsed(json!(["webchat"])) },
            "without-endorsements": { "pair": 1, "published": {} },
            "for-encryption": { "pair": 1, "published": { "use": "enc", "endorsements": ["msteams"] } },
            "for-rs512": { "pair": 1, "published": { "alg": "RS512", "endorsements": ["msteams"] } },
            "not-for-verifying": { "pair": 1, "published": { "key_ops": ["sign"], "endorsements": ["msteams"] } },
            "of-another-kind": { "pair": 1, "published": { "kty": "oct", "endorsements": ["msteams"] } },
            "with-its-private-half": { "pair": 1, "published": { "d": "AQAB", "endorsements": ["msteams"] } },
        },
        "vectors": all,
    });
    serde_json::to_string_pretty(&file).unwrap() + "\n"
}

fn add(all: &mut Vec<Value>, id: &str, rule: &str, status: u16, why: &str, change: &Value) {
    let mut vector = Map::new();
    vector.insert("id".into(), json!(id));
    vector.insert("rule".into(), json!(rule));
    vector.insert("status".into(), json!(status));
    vector.insert("why".into(), json!(why));
    vector.extend(change.as_object().unwrap().clone());
    all.push(Value::Object(vector));
}

/// A text with one member replaced, or added at the front.
fn with(text: &str, member: &str, value: &str) -> String {
    let without = without(text, member);
    without.replacen('{', &format!("{{\"{member}\":{value},"), 1)
}

/// A text without one of its members, of which none has a comma or a brace in its value.
fn without(text: &str, member: &str) -> String {
    let inner = text.trim_start_matches('{');
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let start = format!("\"{member}\":");
    let members: Vec<&str> = inner.split(',').filter(|it| !it.starts_with(&start)).collect();
    format!("{{{}}}", members.join(","))
}

fn good(all: &mut Vec<Value>) {
    let mut ok = |id: &str, why: &str, change: Value| add(all, id, "ok", 200, why, &change);
    ok("good", "A token as Teams sends it.", json!({}));
    ok(
        "good-next-key",
        "A second published key signs too, as after a rotation.",
        json!({ "header": HEADER.replace("current", "next"), "key": "next" }),
    );
    ok("good-without-typ", "`typ` may be missing.", json!({ "header": without(HEADER, "typ") }));
    ok("good-without-x5t", "`x5t` may be missing.", json!({ "header": without(HEADER, "x5t") }));
    ok(
        "good-unknown-claim",
        "A claim that nobody knows is no reason to refuse.",
        json!({ "claims": with(CLAIMS, "unknown", r#"{"deep":[null]}"#) }),
    );
    ok(
        "good-unknown-header",
        "A header that changes no rule is no reason to refuse.",
        json!({ "header": with(HEADER, "unknown", "1") }),
    );
    ok("good-iat", "`iat` may be there.", json!({ "claims": with(CLAIMS, "iat", "{{now}}") }));
    ok(
        "good-exp-in-skew",
        "Five minutes of skew: over for less than that.",
        json!({ "claims": with(&with(CLAIMS, "nbf", "{{now-3600}}"), "exp", "{{now-280}}") }),
    );
    ok(
        "good-nbf-in-skew",
        "Five minutes of skew: to begin in less than that.",
        json!({ "claims": with(CLAIMS, "nbf", "{{now+280}}") }),
    );
    ok(
        "good-fraction",
        "A date may have a fraction (RFC 7519, NumericDate).",
        json!({ "claims": with(CLAIMS, "exp", "{{now+3600}}.5") }),
    );
    ok(
        "good-whitespace",
        "JSON may have white space.",
        json!({ "claims": CLAIMS.replace(',', " ,\n ") }),
    );
    ok(
        "good-escapes",
        "A name may be written with escapes.",
        json!({ "claims": CLAIMS.replace("\"iss\"", "\"\\u0069ss\"") }),
    );
    ok(
        "good-unknown-type",
        "An activity of a type that nobody knows.",
        json!({ "activity": ACTIVITY.replace("typing", "hologram") }),
    );
    ok(
        "good-unknown-field",
        "A field that nobody knows.",
        json!({ "activity": with(ACTIVITY, "unknown", r#"{"a":1}"#) }),
    );
}

#[expect(clippy::needless_pass_by_value, reason = "it is called with what was just made")]
fn with_header(all: &mut Vec<Value>, id: &str, rule: &str, why: &str, header: String) {
    add(all, id, rule, 401, why, &json!({ "header": header }));
}

fn algorithms(all: &mut Vec<Value>) {
    let bad = with_header;
    add(
        all,
        "alg-none",
        "format",
        401,
        "Not signed at all.",
        &json!({ "header": with(HEADER, "alg", "\"none\""), "algorithm": "none" }),
    );
    for (id, alg) in
        [("alg-none-mixed-case", "nOnE"), ("alg-none-upper-case", "NONE"), ("alg-empty", "")]
    {
        add(
            all,
            id,
            "format",
            401,
            "Not signed, spelled to pass a comparison.",
            &json!({ "header": with(HEADER, "alg", &format!("\"{alg}\"")), "algorithm": "none" }),
        );
    }
    add(
        all,
        "alg-none-signed",
        "alg",
        401,
        "It says that it is not signed, and is.",
        &json!({ "header": with(HEADER, "alg", "\"none\"") }),
    );
    add(
        all,
        "alg-hs256-public-key",
        "alg",
        401,
        "The public key as the secret of an HMAC.",
        &json!({ "header": with(HEADER, "alg", "\"HS256\""), "algorithm": "HS256 with the public key" }),
    );
    for alg in ["RS384", "RS512", "PS256"] {
        add(
            all,
            &format!("alg-{}", alg.to_lowercase()),
            "alg",
            401,
            "Signed well, but not by RS256.",
            &json!({ "header": with(HEADER, "alg", &format!("\"{alg}\"")), "algorithm": alg }),
        );
    }
    for alg in
        ["HS384", "HS512", "ES256", "EdDSA", "dir", "RSA-OAEP", "rs256", "RS256 ", "RS256\\u0000"]
    {
        let name = alg.to_lowercase().replace(' ', "-space").replace("\\u0000", "-nul");
        bad(
            all,
            &format!("alg-says-{name}"),
            "alg",
            "Another algorithm's name.",
            with(HEADER, "alg", &format!("\"{alg}\"")),
        );
    }
    for (id, value) in
        [("null", "null"), ("number", "7"), ("list", r#"["RS256"]"#), ("object", "{}")]
    {
        bad(all, &format!("alg-{id}"), "alg", "`alg` is no text.", with(HEADER, "alg", value));
        bad(all, &format!("kid-{id}"), "kid", "`kid` is no text.", with(HEADER, "kid", value));
        bad(all, &format!("typ-{id}"), "typ", "`typ` is no text.", with(HEADER, "typ", value));
    }
}

fn headers(all: &mut Vec<Value>) {
    let bad = with_header;
    bad(all, "alg-missing", "alg", "No `alg`.", without(HEADER, "alg"));
    for typ in ["JWS", "at+jwt", "jwt", ""] {
        let name = if typ.is_empty() { "empty" } else { typ };
        bad(
            all,
            &format!("typ-says-{name}"),
            "typ",
            "Another kind of token.",
            with(HEADER, "typ", &format!("\"{typ}\"")),
        );
    }
    bad(all, "typ-nested", "typ", "A token in a token.", with(HEADER, "cty", "\"JWT\""));
    bad(all, "kid-missing", "kid", "No `kid`.", without(HEADER, "kid"));
    for (id, kid) in [
        ("empty", ""),
        ("unknown", "nobody"),
        ("space-before", " current"),
        ("space-after", "current "),
        ("upper-case", "CURRENT"),
        ("path", "../../etc/passwd"),
        ("query", "' OR '1'='1"),
        ("nul", "current\\u0000"),
        ("long", "{{k times 300}}"),
        ("url", "https://keys.example/1"),
    ] {
        bad(
            all,
            &format!("kid-{id}"),
            "kid",
            "No published key has this id.",
            with(HEADER, "kid", &format!("\"{kid}\"")),
        );
    }
    for (id, value) in [
        ("crit", r#"["exp"]"#),
        ("b64", "false"),
        ("jku", "\"https://keys.example/jwks\""),
        ("jwk", "{{jwk stranger}}"),
        ("x5u", "\"https://keys.example/cert\""),
        ("x5c", r#"["MIIB"]"#),
        ("zip", "\"DEF\""),
        ("enc", "\"A256GCM\""),
        ("epk", "{}"),
    ] {
        bad(
            all,
            &format!("brings-{id}"),
            "crit",
            "The token brings its own rules or its own key.",
            with(HEADER, id, value),
        );
    }
    for (id, value) in [("jwk", "{{jwk stranger}}"), ("jku", "\"https://keys.example/jwks\"")] {
        add(
            all,
            &format!("brings-{id}-and-is-signed-by-it"),
            "crit",
            401,
            "The key that the token brings did sign it.",
            &json!({ "header": with(HEADER, id, value), "key": "stranger" }),
        );
    }
}

fn claims(all: &mut Vec<Value>) {
    let bad = |all: &mut Vec<Value>, id: &str, rule: &str, why: &str, claims: String| {
        add(all, id, rule, 401, why, &json!({ "claims": claims }));
    };
    let right = [
        ("iss", "https://api.botframework.com"),
        ("aud", "{{app}}"),
        ("serviceurl", "{{service_url}}"),
    ];
    for (claim, value) in right {
        bad(
            all,
            &format!("{claim}-missing"),
            claim,
            "The claim is missing.",
            without(CLAIMS, claim),
        );
        for (id, value) in [
            ("null", "null".to_owned()),
            ("number", "7".to_owned()),
            ("true", "true".to_owned()),
            ("empty", "\"\"".to_owned()),
            ("empty-list", "[]".to_owned()),
            ("object", "{}".to_owned()),
            ("list", format!("[\"{value}\"]")),
            ("list-of-two", format!("[\"{value}\",\"https://other.example\"]")),
        ] {
            bad(
                all,
                &format!("{claim}-{id}"),
                claim,
                "The claim is not the one text that it has to be.",
                with(CLAIMS, claim, &value),
            );
        }
        if claim != "serviceurl" {
            for (id, value) in
                [("space-before", format!(" {value}")), ("newline-after", format!("{value}\\n"))]
            {
                bad(
                    all,
                    &format!("{claim}-{id}"),
                    claim,
                    "Nearly the right text.",
                    with(CLAIMS, claim, &format!("\"{value}\"")),
                );
            }
        }
    }
    for (id, issuer) in [
        ("slash", "https://api.botframework.com/"),
        ("case", "https://API.botframework.com"),
        ("http", "http://api.botframework.com"),
        ("other-cloud", "https://api.botframework.us"),
        ("longer", "https://api.botframework.com.evil.example"),
        ("host", "api.botframework.com"),
        ("entra-v1", "https://sts.windows.net/{{tenant}}/"),
        ("entra-v2", "https://login.microsoftonline.com/{{tenant}}/v2.0"),
        ("common", "https://login.microsoftonline.com/common/v2.0"),
    ] {
        bad(
            all,
            &format!("iss-{id}"),
            "iss",
            "Not the Bot Framework's issuer.",
            with(CLAIMS, "iss", &format!("\"{issuer}\"")),
        );
    }
    for (id, audience) in [
        ("other-app", "00000000-0000-4000-8000-000000000000"),
        ("connector", "https://api.botframework.com"),
        ("api", "api://{{app}}"),
        ("account", "28:{{app}}"),
        ("upper-case", "{{APP}}"),
        ("braces", "({{app}})"),
        ("star", "*"),
    ] {
        bad(
            all,
            &format!("aud-{id}"),
            "aud",
            "The token is for somebody else.",
            with(CLAIMS, "aud", &format!("\"{audience}\"")),
        );
    }
    for (id, url) in [
        ("host", "smba.trafficmanager.net"),
        ("http", "http://smba.trafficmanager.net/teams/"),
        ("user", "https://a@b.example/"),
        ("star", "*"),
    ] {
        bad(
            all,
            &format!("serviceurl-{id}"),
            "serviceurl",
            "The claim is no service URL.",
            with(CLAIMS, "serviceurl", &format!("\"{url}\"")),
        );
    }
}

fn dates(all: &mut Vec<Value>) {
    let bad = |all: &mut Vec<Value>, id: String, rule: &str, why: &str, claims: String| {
        add(all, &id, rule, 401, why, &json!({ "claims": claims }));
    };
    for claim in ["exp", "nbf", "iat"] {
        if claim != "iat" {
            bad(
                all,
                format!("{claim}-missing"),
                claim,
                "The date is missing.",
                without(CLAIMS, claim),
            );
        }
        for (id, value) in [
            ("null", "null"),
            ("text", "\"{{now}}\""),
            ("list", "[{{now}}]"),
            ("negative", "-1"),
            ("huge", "1e300"),
            ("year-10000", "253402300800"),
        ] {
            bad(all, format!("{claim}-{id}"), claim, "It is no date.", with(CLAIMS, claim, value));
        }
    }
    let early = with(CLAIMS, "nbf", "{{now-90000}}");
    for (id, value) in [("over", "{{now-310}}"), ("long-over", "{{now-86400}}")] {
        bad(
            all,
            format!("exp-{id}"),
            "exp",
            "The token is over, skew included.",
            with(&early, "exp", value),
        );
    }
    bad(
        all,
        "exp-zero".into(),
        "exp",
        "Over since 1970.",
        with(&with(CLAIMS, "nbf", "0"), "exp", "0"),
    );
    bad(
        all,
        "exp-before-nbf".into(),
        "exp",
        "It ends before it begins.",
        with(&with(CLAIMS, "nbf", "{{now+200}}"), "exp", "{{now+100}}"),
    );
    bad(
        all,
        "nbf-later".into(),
        "nbf",
        "The token has not begun, skew included.",
        with(CLAIMS, "nbf", "{{now+320}}"),
    );
    bad(
        all,
        "iat-later".into(),
        "iat",
        "It was made in the future.",
        with(CLAIMS, "iat", "{{now+320}}"),
    );
    bad(
        all,
        "exp-overflow".into(),
        "claims",
        "A number that overflows.",
        with(CLAIMS, "exp", "1e400"),
    );
}

fn shapes(all: &mut Vec<Value>) {
    for (part, text) in [("header", HEADER), ("claims", CLAIMS)] {
        let twice = if part == "header" { "alg" } else { "aud" };
        for (id, why, text) in [
            ("empty", "Nothing.", String::new()),
            ("null", "No object.", "null".into()),
            ("list", "No object.", format!("[{text}]")),
            ("text", "No object.", "\"a\"".into()),
            ("trailing", "Something follows.", format!("{text} x")),
            ("two", "Two objects.", format!("{text}{text}")),
            ("cut", "The end is missing.", text.strip_suffix('}').unwrap().to_owned()),
            (
                "duplicate",
                "A member twice; readers disagree which one counts.",
                text.replacen(
                    &format!("\"{twice}\""),
                    &format!("\"{twice}\":\"other\",\"{twice}\""),
                    1,
                ),
            ),
            (
                "duplicate-escaped",
                "A member twice, once with an escape.",
                text.replacen(
                    &format!("\"{twice}\""),
                    &format!(
                        "\"\\u0061{}\":\"other\",\"{twice}\"",
                        twice.strip_prefix('a').unwrap()
                    ),
                    1,
                ),
            ),
            ("byte-order-mark", "A mark before the JSON.", format!("\u{feff}{text}")),
            ("comment", "A comment.", format!("/**/{text}")),
            ("single-quotes", "Not JSON.", text.replace('"', "'")),
            ("deep", "Deeper than any reader should go.", "{\"a\":{{[ times 1000}}".to_owned()),
        ] {
            add(all, &format!("{part}-{id}"), part, 401, why, &json!({ part: text }));
        }
    }
    add(
        all,
        "claims-duplicate-below",
        "claims",
        401,
        "A member twice, in an inner object.",
        &json!({ "claims": with(CLAIMS, "x", r#"{"y":1,"y":2}"#) }),
    );
    add(
        all,
        "claims-duplicate-same",
        "claims",
        401,
        "A member twice with the same value.",
        &json!({ "claims": CLAIMS.replacen("\"aud\"", "\"aud\":\"{{app}}\",\"aud\"", 1) }),
    );
    add(
        all,
        "claims-nan",
        "claims",
        401,
        "Not a number.",
        &json!({ "claims": with(CLAIMS, "x", "NaN") }),
    );
}

fn encodings(all: &mut Vec<Value>) {
    let mut token = |id: &str, rule: &str, why: &str, token: &str| {
        add(all, id, rule, 401, why, &json!({ "token": token }));
    };
    for (id, why, text) in [
        ("empty", "No token.", ""),
        ("dots", "Only dots.", ".."),
        ("one-part", "One part.", "{{header}}"),
        ("two-parts", "Two parts.", "{{header}}.{{claims}}"),
        ("no-signature", "An empty signature.", "{{header}}.{{claims}}."),
        ("four-parts", "Four parts.", "{{header}}.{{claims}}.{{signature}}.{{signature}}"),
        (
            "five-parts",
            "Five parts, as an encrypted token has.",
            "{{header}}.{{claims}}.{{signature}}.AA.AA",
        ),
        ("leading-dot", "A dot before it.", ".{{header}}.{{claims}}.{{signature}}"),
        ("padding", "base64url with padding.", "{{header}}.{{claims}}.{{signature}}=="),
        ("padding-header", "base64url with padding.", "{{header}}=.{{claims}}.{{signature}}"),
        ("padding-claims", "base64url with padding.", "{{header}}.{{claims}}=.{{signature}}"),
        ("plus", "A letter of ordinary base64.", "{{header}}.{{claims}}.{{signature}}+++"),
        ("slash", "A letter of ordinary base64.", "{{header}}.{{claims}}.{{signature}}///"),
        ("space", "A space inside.", "{{header}}.{{claims}}. {{signature}}"),
        ("percent", "Percent-encoding.", "{{header}}.{{claims}}.%41{{signature}}"),
        (
            "comma",
            "Two tokens.",
            "{{header}}.{{claims}}.{{signature}},{{header}}.{{claims}}.{{signature}}",
        ),
        ("semicolon", "Something follows.", "{{header}}.{{claims}}.{{signature}};"),
        ("quotes", "In quotes.", "\"{{header}}.{{claims}}.{{signature}}\""),
        (
            "not-canonical",
            "The last letter has a bit that means nothing.",
            "{{header}}.{{claims}}.{{signature not canonical}}",
        ),
        (
            "json-form",
            "The JSON form of a signature.",
            r#"{"payload":"{{claims}}","protected":"{{header}}","signature":"{{signature}}"}"#,
        ),
    ] {
        token(&format!("token-{id}"), "format", why, text);
    }
    token("token-no-header", "header", "An empty header.", ".{{claims}}.{{signature}}");
    token("token-no-claims", "claims", "Empty claims.", "{{header}}..{{signature}}");
    token("token-huge", "size", "Longer than any token of Microsoft's.", "{{a times 17000}}");
}

fn signatures(all: &mut Vec<Value>) {
    let mut bad = |id: &str, rule: &str, why: &str, change: Value| {
        add(all, id, rule, 401, why, &change);
    };
    for (how, why) in [
        ("first-bit-flipped", "One bit is wrong."),
        ("last-bit-flipped", "One bit is wrong."),
        ("last-byte-cut", "A byte is missing."),
        ("zero-appended", "A byte too many."),
        ("zero-prepended", "A byte too many."),
        ("all-zeros", "Zeros."),
        ("all-ones", "Ones."),
        ("twice", "The signature twice."),
        ("of-other-claims", "Good, but for other claims."),
    ] {
        bad(&format!("signature-{how}"), "signature", why, json!({ "signature": how }));
    }
    for algorithm in ["RS384", "RS512", "PS256", "HS256 with the public key"] {
        let name = algorithm.split(' ').next().unwrap().to_lowercase();
        bad(
            &format!("signature-{name}-as-rs256"),
            "signature",
            "The header says RS256, the signature is another one.",
            json!({ "algorithm": algorithm }),
        );
    }
    bad(
        "signature-of-a-stranger",
        "signature",
        "A key that was never published, under a published id.",
        json!({ "key": "stranger" }),
    );
    bad(
        "signature-of-the-next-key",
        "signature",
        "A published key under the id of another one.",
        json!({ "key": "next" }),
    );
    for (key, why) in [
        ("retired", "A key that is published no more."),
        ("stranger", "A key that was never published."),
        ("for-encryption", "A published key that is not for signatures."),
        ("for-rs512", "A published key for another algorithm."),
        ("not-for-verifying", "A published key that may not verify."),
        ("of-another-kind", "A published entry that is no RSA key."),
        ("with-its-private-half", "A published key with which everybody can sign."),
    ] {
        bad(
            &format!("key-{key}"),
            "kid",
            why,
            json!({ "header": HEADER.replace("current", key), "key": key }),
        );
    }
}

fn requests(all: &mut Vec<Value>) {
    let mut bad = |id: &str, rule: &str, why: &str, values: Value| {
        add(all, id, rule, 401, why, &json!({ "authorization": values }));
    };
    bad("bearer-missing", "bearer", "No header.", json!([]));
    bad("bearer-twice", "bearer", "Two headers.", json!(["Bearer {{token}}", "Bearer {{token}}"]));
    bad("bearer-and-basic", "bearer", "Two headers.", json!(["Bearer {{token}}", "Basic YTpi"]));
    for (id, value) in [
        ("empty", ""),
        ("alone", "Bearer"),
        ("bare-token", "{{token}}"),
        ("basic", "Basic {{token}}"),
        ("lower-case", "bearer {{token}}"),
        ("colon", "Bearer: {{token}}"),
        ("no-space", "Bearer{{token}}"),
        ("jwt", "JWT {{token}}"),
        ("after-another", "Negotiate, Bearer {{token}}"),
        ("tab", "Bearer\t{{token}}"),
    ] {
        bad(&format!("bearer-{id}"), "bearer", "Not `Bearer` and one token.", json!([value]));
    }
    bad("bearer-two-spaces", "format", "A space too many.", json!(["Bearer  {{token}}"]));
}

fn activities(all: &mut Vec<Value>) {
    let mut bad = |id: &str, rule: &str, status: u16, why: &str, activity: String| {
        add(all, id, rule, status, why, &json!({ "activity": activity }));
    };
    for (id, value) in [
        ("other", "\"webchat\""),
        ("case", "\"MSTEAMS\""),
        ("space", "\"msteams \""),
        ("empty", "\"\""),
        ("null", "null"),
        ("list", r#"["msteams"]"#),
    ] {
        bad(
            &format!("channel-{id}"),
            "channel",
            403,
            "A channel that the bot does not listen to.",
            ACTIVITY.replace("\"channelId\":\"msteams\"", &format!("\"channelId\":{value}")),
        );
    }
    let host = "https://smba.trafficmanager.net";
    for (id, value) in [
        ("other-region", format!("\"{host}/amer/\"")),
        ("deeper", "\"{{service_url}}x/\"".into()),
        ("other-host", "\"https://evil.example/teams/\"".into()),
        ("host-in-user", "\"https://smba.trafficmanager.net@evil.example/teams/\"".into()),
        ("longer-host", "\"https://smba.trafficmanager.net.evil.example/teams/\"".into()),
        ("query", "\"{{service_url}}?x\"".into()),
        ("fragment", "\"{{service_url}}#x\"".into()),
        ("null", "null".into()),
        ("list", r#"["{{service_url}}"]"#.into()),
        ("empty", "\"\"".into()),
    ] {
        bad(
            &format!("activity-serviceurl-{id}"),
            "serviceurl",
            403,
            "Not the address that the token vouches for.",
            ACTIVITY
                .replace("\"serviceUrl\":\"{{service_url}}\"", &format!("\"serviceUrl\":{value}")),
        );
    }
    bad(
        "activity-serviceurl-missing",
        "serviceurl",
        403,
        "No address.",
        ACTIVITY.replace("\"serviceUrl\":\"{{service_url}}\",", ""),
    );
    let elsewhere = "99999999-2222-4333-8444-555555555555";
    bad(
        "tenants-disagree",
        "tenant",
        403,
        "Two tenants in one activity.",
        ACTIVITY.replace("\"tenantId\":\"{{tenant}}\"", &format!("\"tenantId\":\"{elsewhere}\"")),
    );
    bad(
        "tenant-list",
        "tenant",
        403,
        "A tenant that is no text.",
        ACTIVITY.replace("{\"id\":\"{{tenant}}\"}", "{\"id\":[\"{{tenant}}\"]}"),
    );
    for (id, text) in [
        ("empty", String::new()),
        ("null", "null".into()),
        ("list", format!("[{ACTIVITY}]")),
        ("cut", ACTIVITY.strip_suffix('}').unwrap().to_owned()),
        ("trailing", format!("{ACTIVITY}x")),
        ("without-type", ACTIVITY.replace("\"type\":\"typing\",", "")),
        ("type-null", ACTIVITY.replace("\"typing\"", "null")),
        (
            "duplicate",
            ACTIVITY.replacen("\"from\"", "\"serviceUrl\":\"https://evil.example/\",\"from\"", 1),
        ),
        ("deep", ACTIVITY.replacen("{\"type\"", "{\"value\":{{[ times 5000}},\"type\"", 1)),
    ] {
        bad(&format!("body-{id}"), "body", 400, "The body is no activity.", text);
    }
    for key in ["webchat-only", "without-endorsements"] {
        add(
            all,
            &format!("endorsement-{key}"),
            "endorsement",
            403,
            "The key may not vouch for Teams.",
            &json!({ "header": HEADER.replace("current", key), "key": key }),
        );
    }
    let evil = "https://evil.trafficmanager.net/teams/";
    add(
        all,
        "service-host-not-allowed",
        "service_host",
        403,
        "Signed, but not a host of Teams.",
        &json!({ "claims": CLAIMS.replace("{{service_url}}", evil), "activity": ACTIVITY.replace("{{service_url}}", evil) }),
    );
}
