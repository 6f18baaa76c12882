//! STIX indicators: which patterns are understood, what holds when, and what is counted.

use argus_soc::enrich::Intel;
use argus_soc::enrich::stix::{Feed, Found};
use argus_soc::event::{Entity, EntityKind};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: &str = "2026-06-01T00:00:00Z";

fn indicator(id: u8, pattern: &str) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--{id}"),
        "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00.000Z",
        "pattern_type": "stix", "pattern": pattern, "valid_from": "2026-01-01T00:00:00Z",
        "confidence": 80, "name": "a test",
    })
}

fn with(mut object: Value, changes: Value) -> Value {
    let fields = object.as_object_mut().expect("an object");
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    for (name, value) in changes {
        fields.insert(name, value);
    }
    object
}

fn feed(objects: impl IntoIterator<Item = Value>) -> Feed {
    let mut feed = Feed::default();
    objects.into_iter().for_each(|it| feed.take(&it));
    feed
}

fn asked(feed: &Feed, kind: EntityKind, value: &str) -> Option<Found> {
    let entity = Entity::canonical(kind, value).expect("a name");
    feed.look_up(&entity, NOW.parse().expect("a time"), 50)
}

#[test]
fn patterns_that_name_values_are_found_by_them() {
    #[track_caller]
    fn check(pattern: &str, kind: EntityKind, hit: &str, miss: &str) {
        let feed = feed([indicator(1, pattern)]);
        assert!(feed.refused().is_empty(), "{pattern}: {:?}", feed.refused());
        assert!(asked(&feed, kind.clone(), hit).is_some(), "{pattern} does not find {hit}");
        assert_eq!(asked(&feed, kind, miss), None, "{pattern} finds {miss}");
    }
    use EntityKind::{Domain, FileHash, Host, Ip, Mailbox, Url, User};
    check("[ipv4-addr:value = '198.51.100.7']", Ip, "198.51.100.7", "198.51.100.8");
    check("[ipv6-addr:value = '2001:DB8::1']", Ip, "2001:db8:0::1", "2001:db8::2");
    check("[ipv4-addr:value='198.51.100.0/24']", Ip, "198.51.100.200", "198.51.101.1");
    check("[ipv4-addr:value ISSUBSET '10.0.0.0/8']", Ip, "10.255.0.1", "11.0.0.1");
    check("[ipv6-addr:value ISSUBSET '2001:db8::/32']", Ip, "2001:db8:ffff::1", "2001:db9::1");
    check("[ipv4-addr:value ISSUBSET '0.0.0.0/0']", Ip, "203.0.113.1", "2001:db8::1");
    check("[ domain-name:value = 'Evil.Example.' ]", Domain, "evil.example", "good.example");
    check("[domain-name:value = 'c2.evil.example']", Host, "C2.evil.example", "c2");
    check(
        "[domain-name:value = 'evil.example']",
        Url,
        "https://evil.example:8443/x",
        "https://e.example/evil.example",
    );
    check(
        "[url:value = 'http://evil.example/a?b=\\'c']",
        Url,
        "http://evil.example/a?b='c",
        "http://evil.example/a",
    );
    check(
        "[ipv4-addr:value = '198.51.100.7']",
        Url,
        "http://me@198.51.100.7/x",
        "http://198.51.100.70/",
    );
    check("[file:hashes.'SHA-256' = 'ABCD']", FileHash, "abcd", "abce");
    check("[file:hashes.MD5 = 'abcd']", FileHash, "ABCD", "ef");
    check(
        "[file:hashes.MD5 = 'aa' AND file:hashes.'SHA-1' = 'bb' AND file:name = 'x.exe']",
        FileHash,
        "bb",
        "x.exe",
    );
    check("[email-addr:value = 'a@evil.example']", Mailbox, "A@evil.example", "b@evil.example");
    check("[email-message:from_ref.value = 'a@evil.example']", User, "a@evil.example", "a");
    check(
        "[ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'x.example']",
        Domain,
        "x.example",
        "y.example",
    );
    check(
        "[ipv4-addr:value = '192.0.2.1'] OR [ipv4-addr:value = '192.0.2.2']",
        Ip,
        "192.0.2.2",
        "192.0.2.3",
    );
    check("[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]", Ip, "192.0.2.2", "192.0.2.3");
    check("[network-traffic:dst_ref.value = '192.0.2.9']", Ip, "192.0.2.9", "192.0.2.3");
}

#[test]
fn what_is_not_understood_is_counted_and_never_guessed() {
    #[track_caller]
    fn check(pattern: &str, reason: &str) {
        let feed = feed([indicator(1, pattern)]);
        let reasons: Vec<&String> = feed.refused().keys().collect();
        assert_eq!(reasons, [&format!("pattern: {reason}")], "{pattern}");
        assert!(feed.is_empty(), "{pattern}");
    }
    check(
        "[ipv4-addr:value = '1.1.1.1' AND domain-name:value = 'a.example']",
        "it wants several things at once",
    );
    check("[file:name = 'a.exe' AND file:size = '3']", "it wants several things at once");
    check("[ipv4-addr:value = '1.1.1.1'] AND [url:value = 'x']", "it wants several observations");
    check(
        "[ipv4-addr:value = '1.1.1.1'] FOLLOWEDBY [url:value = 'x']",
        "it wants several observations",
    );
    check("[ipv4-addr:value = '1.1.1.1'] WITHIN 5 SECONDS", "it has a qualifier");
    check("[domain-name:value LIKE '%.example']", "it describes values instead of naming them");
    check("[domain-name:value NOT = 'a.example']", "it says what must not be");
    check("[domain-name:value != 'a.example']", "it compares in another way");
    check("[process:name = 'a.exe']", "it is about something that alerts do not name");
    check("[ipv4-addr:value = '1.1.1']", "an address is none");
    check("[ipv4-addr:value = '1.1.1.1/33']", "a network has no length");
    check("[ipv4-addr:value = '1.1.1.1", "a text is open");
    check("[ipv4-addr:value = '1.1.1.1'", "a bracket is open");
    check("([ipv4-addr:value = '1.1.1.1'])", "it groups observations");
    check("", "it groups observations");
    let feed = feed([
        with(indicator(1, "alert tcp any"), json!({"pattern_type": "snort"})),
        with(indicator(2, "[url:value = 'x']"), json!({"confidence": 101})),
        with(indicator(3, "[url:value = 'x']"), json!({"valid_until": "soon"})),
        json!({"type": "malware", "id": "malware--1"}),
        json!(7),
    ]);
    let report: Vec<(&str, u64)> =
        feed.refused().iter().map(|(why, of)| (why.as_str(), of.count())).collect();
    assert_eq!(
        report,
        [
            ("`confidence` is not 0 to 100", 1),
            ("`valid_until` is no time", 1),
            ("pattern: it is not in the language `stix`", 1),
        ]
    );
}

#[test]
fn an_indicator_holds_from_its_beginning_to_its_end_unless_taken_back() {
    #[track_caller]
    fn check(changes: &Value, expected: Option<(bool, u8)>) {
        let object = with(indicator(1, "[ipv4-addr:value = '192.0.2.1']"), changes.clone());
        let found = asked(&feed([object]), EntityKind::Ip, "192.0.2.1");
        let found = found.map(|it| (it.intel.malicious, it.intel.confidence));
        assert_eq!(found, expected, "{changes}");
    }
    check(&json!({}), Some((true, 80)));
    check(&json!({"valid_from": "2026-06-01T00:00:00Z"}), Some((true, 80)));
    check(&json!({"valid_from": "2026-06-01T00:00:01Z"}), None);
    check(&json!({"valid_until": "2026-06-01T00:00:00Z"}), None);
    check(&json!({"valid_until": "2026-06-01T00:00:01Z"}), Some((true, 80)));
    check(&json!({"revoked": true}), None);
    check(&json!({"confidence": null}), Some((true, 50)));
    check(&json!({"indicator_types": ["benign"]}), Some((false, 80)));
    check(&json!({"indicator_types": ["anonymization", "unknown"]}), Some((false, 80)));
    check(&json!({"indicator_types": ["benign", "compromised"]}), Some((true, 80)));
    check(&json!({"indicator_types": ["something-new"]}), Some((true, 80)));
}

#[test]
fn the_worst_indicator_that_holds_decides_and_is_named() {
    let pattern = "[ipv4-addr:value = '192.0.2.1']";
    let feed = feed([
        with(indicator(1, pattern), json!({"confidence": 99, "indicator_types": ["benign"]})),
        with(
            indicator(2, pattern),
            json!({
                "confidence": 30, "name": "relay", "indicator_types": ["malicious-activity"],
                "kill_chain_phases": [{"kill_chain_name": "x", "phase_name": "command-and-control"}],
            }),
        ),
    ]);
    let found = asked(&feed, EntityKind::Ip, "192.0.2.1").expect("known");
    assert_eq!(found.intel, Intel { malicious: true, confidence: 30 });
    assert_eq!(found.note, "relay (malicious-activity, command-and-control)");
}

#[test]
fn something_else_than_a_bundle_is_refused_whole() {
    for text in ["{}", "[]", r#"{"type": "bundle", "objects": {}}"#, r#"{"type": "indicator"}"#] {
        let value: Value = serde_json::from_str(text).expect("JSON");
        assert!(Feed::default().take_bundle(&value).is_err(), "{text}");
    }
    let bundle = json!({"type": "bundle", "objects": [indicator(1, "[url:value = 'x://y']")]});
    let mut feed = Feed::default();
    feed.take_bundle(&bundle).expect("a bundle");
    assert_eq!(feed.len(), 1);
}

fn version() -> impl Strategy<Value = Value> {
    (0..3_u8, 1..28_u8, any::<bool>(), 0..4_u8).prop_map(|(id, day, revoked, host)| {
        with(
            indicator(id, &format!("[ipv4-addr:value = '192.0.2.{host}']")),
            // One version has one content, as the standard demands.
            json!({"modified": format!("2026-02-{day:02}T0{id}:0{host}:0{}Z", u8::from(revoked)),
                   "revoked": revoked}),
        )
    })
}

proptest! {
    /// Pages of a feed may come twice and in any order.
    #[test]
    fn the_order_of_versions_does_not_matter(
        versions in proptest::collection::vec(version(), 1..12),
        turn in 0..12_usize,
    ) {
        let straight = feed(versions.clone());
        let mut turned = versions.clone();
        turned.rotate_left(turn % versions.len());
        turned.extend(versions.into_iter().rev());
        let turned = feed(turned);
        prop_assert_eq!(&straight, &turned);
        let kept: Feed = serde_json::from_value(serde_json::to_value(&straight)?)?;
        prop_assert_eq!(&straight, &kept);
        for host in 0..4 {
            let value = format!("192.0.2.{host}");
            prop_assert_eq!(asked(&straight, EntityKind::Ip, &value), asked(&kept, EntityKind::Ip, &value));
        }
    }

    /// A feed is a stranger's text.
    #[test]
    fn no_pattern_panics(pattern in "[\\[\\]()='.,a-z:\\\\ A-Z0-9/-]{0,60}") {
        let fed = feed([indicator(1, &pattern)]);
        let at: Timestamp = NOW.parse()?;
        let entity = Entity::canonical(EntityKind::Ip, "192.0.2.1").expect("a name");
        prop_assert!(fed.look_up(&entity, at, 50).is_none() || fed.len() == 1);
    }
}
