//! What a suppression keeps back, and what passes.

use argus_soc::event::{EntityKind, Phase, SecurityEvent};
use argus_soc::ledger::documents::{Document, changes};
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::suppress::{Numbered, Scope, Suppressed, Suppression};
use jiff::SignedDuration;

use crate::{host_event, now};

fn suppression(scope: Scope) -> Suppression {
    Suppression {
        id: "SUP-1".into(),
        scope,
        until: now() + SignedDuration::from_hours(2),
        reason: "patch night".into(),
        critical: false,
    }
}

#[test]
fn only_what_is_in_its_scope_and_time_and_not_critical() {
    let event = host_event("high");
    let hold = |scope: Scope| suppression(scope).covers(&event, now());
    assert!(hold(Scope::Fingerprint(event.fingerprint.clone())));
    assert!(hold(Scope::Source("EDR".into())));
    assert!(hold(Scope::Entity { kind: EntityKind::Host, value: "WS-1".into() }));
    assert!(!hold(Scope::Entity { kind: EntityKind::User, value: "ws-1".into() }));
    assert!(!hold(Scope::Rule("any".into())), "it has no rule");
    assert!(!hold(Scope::Fingerprint("other".into())));

    let edr = suppression(Scope::Source("edr".into()));
    assert!(!edr.covers(&event, edr.until), "it is over");
    assert!(!edr.covers(&host_event("critical"), now()));
    assert!(Suppression { critical: true, ..edr.clone() }.covers(&host_event("critical"), now()));
    assert!(edr.covers(&host_event("odd"), now()));
    let resolved = SecurityEvent { phase: Phase::Resolved, ..event };
    assert!(!edr.covers(&resolved, now()), "the end of something passes");
}

#[test]
fn it_counts_what_it_kept_back_and_ends() {
    let fact = |what| Fact::new(now(), Actor::service("test"), "c", what);
    let mut stored: Option<Vec<u8>> = None;
    let mut tell = |what: What| {
        let before = stored.clone();
        let load = |kind: &'static str, key: &str| {
            let number = (kind, key) == (Numbered::KIND, Numbered::KEY);
            assert!(number || (kind, key) == (Suppressed::KIND, "SUP-1"), "{kind} {key}");
            Ok::<_, std::convert::Infallible>(before.clone().filter(|_| !number))
        };
        let changes = changes(&fact(what), load).unwrap();
        stored = changes[0].body.clone().map(String::into_bytes);
        stored.as_deref().map(|body| serde_json::from_slice::<Suppressed>(body).unwrap())
    };
    let kept = |count: usize| What::Suppressed {
        suppression: "SUP-1".into(),
        events: vec![uuid::Uuid::nil(); count],
    };
    assert_eq!(tell(kept(1)), None, "one that is over counts nothing");
    let edr = suppression(Scope::Source("edr".into()));
    assert_eq!(tell(What::SuppressionAdded(edr)).unwrap().events, 0);
    tell(kept(2));
    assert_eq!(tell(kept(3)).unwrap().events, 5);
    assert_eq!(tell(What::SuppressionEnded { id: "SUP-1".into(), why: "over".into() }), None);
}
