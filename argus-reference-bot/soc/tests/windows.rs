//! Repetitions: both kinds of window, and what must not depend on the order of arrival.

use argus_soc::correlate::{Occurrence, Placement, Window, WindowKind, place};
use argus_soc::event::{Shape, Source, normalise};
use proptest::prelude::*;

use crate::{now, read};

const TUMBLING: Window =
    Window { kind: WindowKind::Tumbling, length_ms: 100, max_extension_ms: 50 };
const SLIDING: Window = Window { kind: WindowKind::Sliding, length_ms: 100, max_extension_ms: 50 };

#[test]
fn a_window_ends_where_its_kind_says() {
    fn check(window: Window, first_ms: i64, last_ms: i64, at_ms: i64, expected: Placement) {
        let open = Occurrence { first_ms, last_ms, count: 2 };
        assert_eq!(place(&window, Some(&open), at_ms), expected, "{window:?} {open:?} {at_ms}");
    }
    use Placement::{Duplicate, NewOccurrence};
    check(TUMBLING, 0, 99, 99, Duplicate);
    check(TUMBLING, 0, 99, 100, NewOccurrence);
    check(SLIDING, 0, 40, 139, Duplicate);
    check(SLIDING, 0, 40, 140, NewOccurrence);
    // The extension ends at 0 + 100 + 50, however late the last repetition was.
    check(SLIDING, 0, 120, 149, Duplicate);
    check(SLIDING, 0, 120, 150, NewOccurrence);
    // A late arrival belongs to the occurrence, one of another day does not.
    check(TUMBLING, 1000, 1000, 901, Duplicate);
    check(TUMBLING, 1000, 1000, 900, NewOccurrence);
    check(TUMBLING, i64::MAX - 1, i64::MAX - 1, i64::MAX - 1, Duplicate);
}

proptest! {
    #[test]
    fn repetitions_commute(first in 0_i64..1000, mut times in prop::collection::vec(0_i64..1000, 0..20)) {
        let fold = |times: &[i64]| {
            times.iter().fold(Occurrence::start(first), |open, at| open.repeat(*at))
        };
        let one = fold(&times);
        times.reverse();
        prop_assert_eq!(one, fold(&times));
        prop_assert_eq!(one.count, 1 + times.len() as u64);
    }

    #[test]
    fn a_tumbling_window_never_grows(times in prop::collection::vec(0_i64..100_000, 1..50)) {
        let mut times = times;
        times.sort_unstable();
        let mut open: Option<Occurrence> = None;
        for at in times {
            open = Some(match (place(&TUMBLING, open.as_ref(), at), open) {
                (Placement::Duplicate, Some(open)) => open.repeat(at),
                _ => Occurrence::start(at),
            });
            let open = open.unwrap();
            prop_assert!(open.last_ms - open.first_ms < TUMBLING.length_ms);
        }
    }

    /// Keys in another order, other times, other counters: still the same thing. Another host is
    /// another thing.
    #[test]
    fn a_fingerprint_ignores_order_and_time(
        order in Just(vec![0, 1, 2, 3, 4, 5]).prop_shuffle(),
        time in 1_600_000_000_u32..1_800_000_000,
        count in 0_u32..1000,
        host in "[a-z]{1,8}",
    ) {
        let fields = [
            "\"source\":\"edr\"".to_owned(),
            "\"event_type\":\"x\"".to_owned(),
            format!("\"timestamp\":{time}"),
            format!("\"count\":{count}"),
            "\"entity_type\":\"host\"".to_owned(),
            format!("\"entity_value\":\"{host}\""),
        ];
        let raw: Vec<&str> = order.iter().map(|index: &usize| fields[*index].as_str()).collect();
        let event = read(Shape::Auto, &format!("{{{}}}", raw.join(",")));
        let upper = read(Shape::Auto, &format!(
            r#"{{"source":"edr","event_type":"x","entity_type":"host","entity_value":"{}"}}"#,
            host.to_uppercase()));
        prop_assert_eq!(&event.fingerprint, &upper.fingerprint);
        prop_assert_eq!(event.fingerprint.len(), 32);
        let other = read(Shape::Auto, &format!(
            r#"{{"source":"edr","event_type":"x","entity_type":"host","entity_value":"{host}x"}}"#));
        prop_assert_ne!(event.fingerprint, other.fingerprint);
    }
}

#[test]
fn a_fingerprint_tells_tenants_rules_and_families_apart() {
    let of = |tenant: Option<&str>, source: &str, rule: &str| {
        let raw = format!(
            r#"{{"source":"{source}","rule":"{rule}","entity_type":"host","entity_value":"h"}}"#
        );
        let from = Source { name: "test", shape: Shape::Generic, tenant };
        normalise(raw.as_bytes(), &from, now()).unwrap().fingerprint
    };
    let all = [
        of(None, "edr", "r1"),
        of(Some("t1"), "edr", "r1"),
        of(Some("t2"), "edr", "r1"),
        of(None, "siem", "r1"),
        of(None, "edr", "r2"),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(!all[..index].contains(one), "{index} collides");
    }
    assert_eq!(of(Some("t1"), "edr", "r1"), all[1]);
}

#[test]
fn defect_l_a_redelivery_is_the_same_event() {
    let raw = r#"{"severity":"high","entity_type":"host","entity_value":"h"}"#;
    let (first, again) = (read(Shape::Auto, raw), read(Shape::Auto, raw));
    assert_eq!(first.event_id, again.event_id, "without an id the bytes are the id");
    let named = |id: &str, value: &str| {
        read(
            Shape::Auto,
            &format!(r#"{{"id":"{id}","entity_type":"host","entity_value":"{value}"}}"#),
        )
    };
    assert_eq!(named("a-1", "h").event_id, named("a-1", "h").event_id);
    assert_ne!(named("a-1", "h").event_id, named("a-2", "h").event_id);
    // A source that changes what it says under one id loses nothing by it.
    assert_ne!(named("a-1", "h").event_id, named("a-1", "i").event_id);
    // Different deliveries of one thing share the fingerprint, which is what dedup looks at.
    assert_eq!(named("a-1", "h").fingerprint, named("a-2", "h").fingerprint);
}
