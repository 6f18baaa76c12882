//! What holds for every shape: strict bytes, tolerant content, nothing guessed upward.

use argus_soc::event::{
    EntityKind, NormaliseErrorKind, Phase, SecurityEvent, Severity, Shape, Source, event_id,
    normalise,
};
use proptest::prelude::*;

use crate::{now, read};

#[test]
fn defect_a_source_time_and_id_are_kept() {
    let event = read(
        Shape::Generic,
        r#"{"id": "alert-7", "timestamp": "2025-12-31T23:59:59Z", "source": "edr"}"#,
    );
    assert_eq!(event.source_id.as_deref(), Some("alert-7"));
    assert_eq!(event.observed_at, Some("2025-12-31T23:59:59Z".parse().unwrap()));
    assert_eq!(event.received_at, now());
}

#[test]
fn defect_b_unknown_stays_unknown() {
    let event = read(Shape::Generic, r#"{"severity": "sev-2", "entity_value": "x"}"#);
    assert_eq!(event.severity, Severity::Unknown);
    assert_eq!(event.severity_raw.as_deref(), Some("sev-2"));
    assert!(event.notes.iter().any(|note| note.contains("sev-2")), "{:?}", event.notes);
    // Without a type an entity is not a host, so nothing can isolate it.
    assert_eq!(event.host(), None);
    assert_eq!(event.principal().unwrap().kind, EntityKind::Other("unknown".into()));
    assert!(event.notes.iter().any(|note| note.contains("no type")), "{:?}", event.notes);
}

#[test]
fn severities_are_words_in_any_case() {
    fn check(raw: &str, expected: Severity) {
        let event = read(Shape::Auto, &format!(r#"{{"severity": {raw}}}"#));
        assert_eq!(event.severity, expected, "{raw}");
    }
    check(r#""CRITICAL""#, Severity::Critical);
    check(r#""High""#, Severity::High);
    check(r#"" moderate ""#, Severity::Medium);
    check(r#""low""#, Severity::Low);
    check(r#""Info""#, Severity::Informational);
    check(r#""unknownFutureValue""#, Severity::Unknown);
    check("5", Severity::Unknown);
    check("null", Severity::Unknown);
    check(r#"{"id": 1}"#, Severity::Unknown);
}

#[test]
fn times_come_in_every_spelling() {
    fn check(raw: &str, expected: Option<&str>) {
        let event = read(Shape::Auto, &format!(r#"{{"timestamp": {raw}}}"#));
        let expected = expected.map(|time| time.parse().unwrap());
        assert_eq!(event.observed_at, expected, "{raw}");
    }
    check(r#""2024-02-29T12:00:00Z""#, Some("2024-02-29T12:00:00Z"));
    check(r#""2024-02-29T12:00:00.1234567Z""#, Some("2024-02-29T12:00:00.1234567Z"));
    check(r#""2024-02-29T12:00:00+02:00""#, Some("2024-02-29T10:00:00Z"));
    check(r#""2024-02-29T12:00:00""#, Some("2024-02-29T12:00:00Z"));
    check(r#""2024-02-29 12:00:00""#, Some("2024-02-29T12:00:00Z"));
    check("1709208000", Some("2024-02-29T12:00:00Z"));
    check("1709208000123", Some("2024-02-29T12:00:00.123Z"));
    check("1709208000123456", Some("2024-02-29T12:00:00.123456Z"));
    check(r#""1709208000123""#, Some("2024-02-29T12:00:00.123Z"));
    check("1709208000.5", Some("2024-02-29T12:00:00.5Z"));
    check("1.709208e9", Some("2024-02-29T12:00:00Z"));
    check(r#""0001-01-01T00:00:00""#, None);
    check(r#""yesterday""#, None);
    check("7", None);
    check("-1e300", None);
}

#[test]
fn renamed_keys_are_the_same_keys() {
    let expected = ("edr", "x", Severity::High, "ws-1");
    for raw in [
        r#"{"source":"edr","event_type":"x","severity":"high","entity_type":"host","entity_value":"WS-1"}"#,
        r#"{"Source":"edr","EventType":"x","Severity":"high","EntityType":"host","EntityValue":"WS-1"}"#,
        r#"{"source":"edr","eventType":"x","severity":"high","entity":{"type":"host","value":"WS-1"}}"#,
        r#"{"source":"edr","event-type":"x","severity":"high","entities":[{"type":"Host","value":"WS-1"}]}"#,
    ] {
        let event = read(Shape::Auto, raw);
        let host = event.host().map_or("", |host| host.value.as_str());
        let got = (event.source.as_str(), event.event_type.as_str(), event.severity, host);
        assert_eq!(got, expected, "{raw}");
        assert_eq!(event.mapper, "generic/1");
    }
}

#[test]
fn bad_bytes_are_refused_with_their_place() {
    fn check(shape: Shape, raw: &[u8], kind: &NormaliseErrorKind, message: &str) {
        let source = Source { name: "test", shape, tenant: None };
        let error = normalise(raw, &source, now()).unwrap_err();
        assert_eq!(&error.kind, kind, "{}", error.message);
        assert_eq!(error.message, message);
    }
    use NormaliseErrorKind as Kind;
    check(
        Shape::Auto,
        b"{\"a\":\"\xe9\"}",
        &Kind::NotUtf8,
        "the bytes are not UTF-8 from byte 6 on",
    );
    check(
        Shape::Auto,
        b"{\n\"a\": nul}",
        &Kind::NotJson { line: 2, column: 6 },
        "a value was expected (line 2, column 6)",
    );
    check(Shape::Auto, b"7", &Kind::NotAnObject, "the document is not an object");
    let list = "a list must hold exactly one object";
    check(Shape::Generic, b"[{}, {}]", &Kind::NotAnObject, list);
    check(Shape::Auto, b"[1, {}]", &Kind::NotAnObject, list);
    check(Shape::Auto, b"[]", &Kind::NotAnObject, list);
    check(
        Shape::Auto,
        br#"{"a": {"b": [{"c": 1, "c": 2}]}}"#,
        &Kind::DuplicateKey,
        "the key \"c\" occurs twice in one object (line 1, column 23)",
    );
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64));
    let too_deep = "nested more than 64 deep (line 1, column 69)";
    check(Shape::Auto, deep.as_bytes(), &Kind::TooDeep, too_deep);
    check(
        Shape::GuardDuty,
        b"{}",
        &Kind::WrongShape { expected: Shape::GuardDuty },
        "the document does not have the shape guardduty",
    );
}

#[test]
fn a_list_of_alerts_is_for_people() {
    let raw = r#"[{"id": "1", "severity": "low", "status": "closed"}, {"severity": "high"}]"#;
    let event = read(Shape::Auto, raw);
    assert_eq!((event.severity, event.phase), (Severity::Unknown, Phase::Open));
    assert_eq!(event.title, "A list of 2 alerts in one message");
    assert_eq!((event.source_id, &event.context["alerts"]), (None, &2.into()));
    assert!(event.notes.iter().any(|note| note.contains("only the first")));
}

#[test]
fn the_number_of_a_kind_of_event_is_no_id() {
    for message in [r#"{"EventID": 4625, "Computer": "ws-1"}"#, r#"{"event_id": "4625"}"#] {
        assert_eq!(read(Shape::Auto, message).source_id, None, "{message}");
    }
    let event = read(Shape::Auto, r#"{"event_id": "4625", "uuid": "u-1"}"#);
    assert_eq!(event.source_id.as_deref(), Some("u-1"));
    let event = read(Shape::Auto, r#"{"EventID": "e-4625"}"#);
    assert_eq!(event.source_id.as_deref(), Some("e-4625"));
}

#[test]
fn who_writes_the_generic_shape_says_what_is_one_event() {
    let id = |message: &str| read(Shape::Auto, message).event_id;
    let own =
        |title| format!(r#"{{"id":"e-1","event_type":"t","entity_value":"h","title":"{title}"}}"#);
    assert_eq!(id(&own("a")), event_id("test", "e-1"));
    assert_eq!(id(&own("a")), id(&own("b")), "the store refuses the second one with 409");
    assert_ne!(
        id(r#"{"id":"e-1","title":"a"}"#),
        id(r#"{"id":"e-1","title":"b"}"#),
        "unknown product"
    );
}

#[test]
fn a_long_text_is_read_to_a_whole_character_and_that_is_said() {
    let long = format!("{}é 198.51.100.7", "x".repeat(8191));
    let event = read(Shape::Auto, &serde_json::json!({"what": long}).to_string());
    assert!(event.notes.iter().any(|note| note.contains("8 KiB")), "{:?}", event.notes);
    let event = read(Shape::Auto, r#"{"techniques":["T9999"],"what":"short"}"#);
    assert!(!event.notes.iter().any(|note| note.contains("8 KiB")), "{:?}", event.notes);
}

#[test]
fn notes_have_an_end() {
    let many: Vec<String> = (0..9000).map(|n| format!("T9{n:03}")).collect();
    let event = read(Shape::Auto, &serde_json::json!({"techniques": many}).to_string());
    assert!(event.notes.len() <= 66, "{}", event.notes.len());
    assert!(event.notes.iter().any(|note| note == "there would be more notes"));
}

#[test]
fn shapes_have_names() {
    for shape in Shape::ALL {
        assert_eq!(shape.name().parse(), Ok(shape));
        assert_eq!(shape.name().replace('_', "-").to_uppercase().parse(), Ok(shape));
    }
    for (alias, shape) in [
        ("sentinel", Shape::SentinelTrigger),
        ("graph", Shape::GraphAlert),
        ("defender", Shape::GraphAlert),
    ] {
        assert_eq!(alias.parse(), Ok(shape));
    }
    assert!("splunk".parse::<Shape>().is_err());
}

#[test]
fn a_title_is_one_clean_line_and_the_description_stays() {
    let event = read(
        Shape::Auto,
        r#"{"title": " a\u0007\u202eb\n\n c\ufffd \ufffd d", "description": "x\ufffd\ty"}"#,
    );
    assert_eq!(event.title, "ab c d");
    assert_eq!(event.description.as_deref(), Some("x\u{fffd}\ty"));
}

#[test]
fn a_source_cannot_make_another_ones_events_look_old() {
    let deliver = |name: &str| {
        let source = Source { name, shape: Shape::Auto, tenant: None };
        normalise(br#"{"source": "edr", "id": "1"}"#, &source, now()).unwrap().event_id
    };
    assert_ne!(deliver("edr"), deliver("intruder"));
}

#[test]
fn phases_of_the_generic_shape() {
    fn check(status: &str, expected: Phase) {
        let own = format!(r#"{{"status":"{status}","event_type":"t","entity_value":"h"}}"#);
        assert_eq!(read(Shape::Auto, &own).phase, expected, "{status}");
        let keyed = format!(r#"{{"status":"{status}","incident_key":"k"}}"#);
        assert_eq!(read(Shape::Auto, &keyed).phase, expected, "{status}");
        // Nobody knows what this is the status of.
        let unknown = read(Shape::Auto, &format!(r#"{{"status":"{status}"}}"#));
        let noted = unknown.notes.iter().any(|note| note.contains("status"));
        assert_eq!((unknown.phase, noted), (Phase::Open, status != "new"), "{status}");
    }
    check("new", Phase::Open);
    check("Resolved", Phase::Resolved);
    check("closed", Phase::Resolved);
    check("inProgress", Phase::Update);
    check("ok", Phase::Open);
    check("something else", Phase::Open);
}

#[test]
fn an_event_survives_being_written_and_read() {
    let event = read(
        Shape::Auto,
        r#"{"severity":"high","entity_type":"weird thing","entity_value":"V","context":{"a":[1.5]}}"#,
    );
    let text = serde_json::to_string(&event).unwrap();
    assert_eq!(serde_json::from_str::<SecurityEvent>(&text).unwrap(), event);
    assert!(text.contains(r#""type":"weird thing""#), "{text}");
}

fn arb_json() -> impl Strategy<Value = serde_json::Value> {
    let keys = prop::sample::select(vec![
        "severity",
        "entity",
        "type",
        "value",
        "evidence",
        "object",
        "properties",
        "service",
        "detail",
        "timestamp",
        "title",
        "status",
        "resource",
        "action",
        "metadata",
        "kind",
        "id",
        "findings",
        "arn",
        "source",
        "@odata.type",
        "incidentNumber",
        "context",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
        Just("aws.guardduty".into()),
        Just("Microsoft.SecurityInsights/Incidents".into()),
        Just("#microsoft.graph.security.alert".into()),
        Just("#microsoft.graph.security.processEvidence".into()),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((keys.clone(), inner), 0..8).prop_map(|fields| fields
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    /// Whatever the content, an object is an event, and reading it twice gives the same one.
    #[test]
    fn every_object_is_an_event(value in arb_json()) {
        let raw = serde_json::json!({"a": 1, "object": value.clone(), "value": [value]}).to_string();
        for shape in [Shape::Auto, Shape::Generic] {
            prop_assert_eq!(read(shape, &raw), read(shape, &raw));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..64)) {
        let source = Source { name: "test", shape: Shape::Auto, tenant: None };
        let once = normalise(&raw, &source, now());
        prop_assert_eq!(once, normalise(&raw, &source, now()));
    }
}
