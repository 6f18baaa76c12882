//! What every store owes, written once: each function is one promise and takes an empty store.
//!
//! Long because it is the one list of these promises.

mod arrivals;
mod bodies;
mod cards;
mod long;

use std::collections::BTreeMap;

use argus_soc::canary;
use argus_soc::decide::Decision;
use argus_soc::effect::Outcome;
use argus_soc::enrich::{Enrichment, History, Known};
use argus_soc::event::{self, Severity, Shape, Source, normalise};
use argus_soc::ledger::documents::{Draft, stream};
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::run::Status;
use argus_soc::score::seed_v1;
use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

pub use self::arrivals::{
    deliveries_are_whole, events_are_kept, repeats_are_told, sources_are_remembered,
};
pub use self::bodies::bodies_are_archived;
pub use self::cards::{
    cards_are_due_in_order, cards_move_and_come_back, digests_cover_cards, places_are_told_apart,
};
pub use self::long::long_names_are_found;
use super::{Arrival, Batch, Filter, Ledger, LedgerError, documents};

/// An event number `n`, with a body of its own.
pub fn arrival(n: u64) -> Arrival {
    let raw = format!(
        r#"{{"id":"e-{n}","source":"edr","event_type":"malware","severity":"high","entity_type":"host","entity_value":"ws-{}","title":"Malware"}}"#,
        n % 7
    );
    Arrival {
        event_id: event::event_id("edr", &format!("e-{n}")),
        source: "edr".into(),
        key: None,
        raw: Bytes::from(raw),
        received_at: Timestamp::UNIX_EPOCH,
        correlation: format!("c-{n}"),
    }
}

/// A fact of the suite's.
pub fn fact(what: What) -> Fact {
    Fact::new(Timestamp::UNIX_EPOCH, Actor::service("suite"), "c", what)
}

/// The opening of incident `key` by the event that `arrival` is, as severe as `severity`.
///
/// # Errors
///
/// [`LedgerError::Damaged`] if the event cannot be read; the suite makes only readable ones.
pub fn opened(arrival: &Arrival, key: &str, severity: Severity) -> Result<Fact, LedgerError> {
    let source = Source { name: "edr", shape: Shape::Generic, tenant: None };
    let mut event = normalise(&arrival.raw, &source, arrival.received_at)
        .map_err(|error| LedgerError::Damaged(error.to_string()))?;
    event.severity = severity;
    let enrichment = Enrichment::of(Known::Unknown, Known::Unknown, Known::Unknown);
    let score = seed_v1(&event, &enrichment);
    let decision = Decision::Notify { reasons: vec!["the suite says so".into()] };
    let (event, enrichment, score) = (Box::new(event), Box::new(enrichment), Box::new(score));
    Ok(fact(What::Opened { event, enrichment, score, decision }).of(key))
}

/// The card of incident `key` in conversation `conversation`.
pub fn placed(key: &str, conversation: &str) -> Fact {
    fact(What::NoticePlaced {
        incident: key.into(),
        card: "card".into(),
        conversation: conversation.into(),
    })
}

fn leased(run: &str) -> Fact {
    fact(What::Leased { run: run.into(), step: "isolate".into(), lease: "host/ws-1".into() })
}

fn batch<const N: usize>(facts: [Fact; N]) -> Batch {
    Batch { facts: facts.into(), ..Batch::default() }
}

fn note(n: u64) -> Fact {
    fact(What::Started { version: n.to_string() })
}

/// Of two writers that decided on the same state one wins, and the other one's facts are nowhere.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn one_writer_wins(store: &dyn Ledger) -> Result<(), LedgerError> {
    store.receive(arrival(1)).await?;
    let open = |version| Batch {
        expect: BTreeMap::from([("INC-1".to_owned(), version)]),
        ..Batch::default()
    };
    let opening = opened(&arrival(1), "INC-1", Severity::High)?;
    store.append(Batch { facts: vec![opening.clone()], ..open(0) }).await?;
    let lost = store.append(Batch { facts: vec![opening], ..open(0) }).await;
    assert!(
        matches!(&lost, Err(LedgerError::Conflict { stream }) if stream == "INC-1"),
        "{lost:?}"
    );

    let acknowledged = || fact(What::Acknowledged).of("INC-1");
    let (a, b) = futures_util::future::join(
        store.append(Batch { facts: vec![acknowledged()], ..open(1) }),
        store.append(Batch { facts: vec![acknowledged()], ..open(1) }),
    )
    .await;
    let lost = |it: &Result<(), LedgerError>| matches!(it, Err(LedgerError::Conflict { .. }));
    assert!(lost(&a) && b.is_ok() || lost(&b) && a.is_ok(), "{a:?} {b:?}");
    let incident = store.incident("INC-1").await?;
    assert_eq!(incident.map(|incident| incident.version), Some(2));
    assert_eq!(store.head().await?.0, 3, "one event, one opening, one acknowledgement");
    Ok(())
}

/// A batch is written whole or not at all, whichever of its facts is refused.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn batches_are_whole(store: &dyn Ledger) -> Result<(), LedgerError> {
    store.append(batch([leased("run-1")])).await?;
    let before = (store.head().await?, store.counts().await?);
    let refused = store.append(batch([note(1), note(2), leased("run-2"), note(3)])).await;
    assert!(
        matches!(&refused, Err(LedgerError::Held { holder, .. }) if holder == "run-1/isolate"),
        "{refused:?}"
    );
    assert_eq!((store.head().await?, store.counts().await?), before);
    // A fact that fits no table is its own batch's trouble, and nobody else's.
    let unopened = fact(What::Acknowledged).of("INC-9");
    let twice = || {
        fact(What::Received {
            event_id: Uuid::from_u128(5),
            source: "edr".into(),
            idempotency_key: None,
            raw_sha256: String::new(),
        })
    };
    let (a, b, c) = futures_util::future::join3(
        store.append(batch([note(4), note(5), unopened])),
        store.append(batch([twice(), twice()])),
        store.append(batch([note(6)])),
    )
    .await;
    assert!(matches!(a, Err(LedgerError::Damaged(_))), "{a:?}");
    assert!(matches!(b, Err(LedgerError::Damaged(_))), "{b:?}");
    assert!(c.is_ok(), "{c:?}");
    let facts = store.records_after(before.0.0, 10).await?;
    assert_eq!(facts.len(), 1);
    assert_eq!(store.event(Uuid::from_u128(5)).await?.map(|event| event.seq), None);
    Ok(())
}

/// A lease has one holder until it is given back; taking what one has is nothing new.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn leases_exclude(store: &dyn Ledger) -> Result<(), LedgerError> {
    store.append(batch([leased("run-1")])).await?;
    store.append(batch([leased("run-1")])).await?;
    let held = store.append(batch([leased("run-2")])).await;
    assert!(matches!(held, Err(LedgerError::Held { .. })), "{held:?}");
    let released = fact(What::Released {
        run: "run-1".into(),
        step: "isolate".into(),
        lease: "host/ws-1".into(),
    });
    store.append(batch([released])).await?;
    store.append(batch([leased("run-2")])).await
}

/// Records come back in order, chained, as they were given.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn records_are_in_order(store: &dyn Ledger) -> Result<(), LedgerError> {
    for n in 1..=5 {
        store.append(batch([note(2 * n - 1), note(2 * n)])).await?;
    }
    let records = store.records_after(3, 4).await?;
    let found: Vec<(u64, Fact)> = records.into_iter().map(|it| (it.seq, it.fact)).collect();
    assert_eq!(found, [(4, note(4)), (5, note(5)), (6, note(6)), (7, note(7))]);
    let last = store.records_after(9, 10).await?;
    let head = last.last().map(|record| (record.seq, record.hash));
    assert_eq!(head, Some(store.head().await?));
    Ok(())
}

/// Documents follow from facts, in the order of their keys, and of two writers one wins.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn documents_follow(store: &dyn Ledger) -> Result<(), LedgerError> {
    let loaded = |version: &str, text: &str| {
        let (playbook, sha256) = ("isolate".into(), "00".into());
        fact(What::PlaybookLoaded { playbook, version: version.into(), sha256, text: text.into() })
    };
    assert!(documents::find::<Draft>(store, "isolate@2").await?.is_none());
    store.append(batch([loaded("2", "two"), loaded("1", "one"), loaded("2", "three")])).await?;
    let found = documents::find::<Draft>(store, "isolate@2").await?;
    let found = found.map(|(version, draft)| (version, draft.text));
    assert_eq!(found, Some((2, "three".into())), "changed twice");
    let all = documents::all::<Draft>(store).await?;
    let keys: Vec<&str> = all.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["isolate@1", "isolate@2"]);
    assert!(store.documents("nothing").await?.is_empty());

    let expecting = |version| Batch {
        facts: vec![loaded("2", "four")],
        expect: BTreeMap::from([(stream("draft", "isolate@2"), version)]),
        ..Batch::default()
    };
    store.append(expecting(2)).await?;
    let lost = store.append(expecting(2)).await;
    assert!(
        matches!(&lost, Err(LedgerError::Conflict { stream }) if stream == "draft/isolate@2"),
        "{lost:?}"
    );
    Ok(())
}

/// What waits is what lies behind the last event that was placed; lists and counts follow.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn placing_moves_on(store: &dyn Ledger) -> Result<(), LedgerError> {
    for n in 1..=4 {
        store.receive(arrival(n)).await?;
    }
    let ignored = What::Ignored { event_id: arrival(2).event_id, reasons: vec!["noise".into()] };
    store.append(batch([opened(&arrival(1), "INC-1", Severity::High)?, fact(ignored)])).await?;
    assert_eq!(store.waiting(9).await?, [3, 4]);
    let seen = |event: Option<super::EventView>| event.map(|it| (it.incident, it.ignored));
    let first = seen(store.event(arrival(1).event_id).await?);
    assert_eq!(first, Some((Some("INC-1".into()), false)));
    assert_eq!(seen(store.event(arrival(2).event_id).await?), Some((None, true)));

    store.append(batch([opened(&arrival(3), "INC-2", Severity::Low)?])).await?;
    let counts = store.counts().await?;
    assert_eq!((counts.records, counts.events, counts.waiting), (7, 4, 1));
    assert_eq!((counts.incidents, counts.open), (2, 2));
    assert_eq!(store.last_number().await?, 2);
    let everything = Filter { limit: 9, ..Filter::default() };
    let (lines, total) = store.incidents(everything.clone()).await?;
    let keys: Vec<&str> = lines.iter().map(|line| line.key.as_str()).collect();
    assert_eq!((keys.as_slice(), total), (["INC-2", "INC-1"].as_slice(), 2), "newest first");
    let severe = Filter { severity: Some(Severity::High), ..everything };
    assert_eq!(store.incidents(severe).await?.1, 1);
    let print = opened(&arrival(1), "INC-1", Severity::High)?;
    let What::Opened { event, .. } = &print.what else { return Ok(()) };
    let before = store.incidents_about("host", "ws-1", &event.fingerprint).await?;
    assert_eq!((before.previous_incidents, before.same_fingerprint), (1, 1));
    assert_eq!(before.last_seen.map(Timestamp::as_second), Some(print.at.as_second()));
    let other = store.incidents_about("host", "ws-1", "another").await?;
    assert_eq!((other.previous_incidents, other.same_fingerprint), (1, 0));
    assert_eq!(store.incidents_about("host", "ws-5", "another").await?, History::default());
    let mut canary = opened(&arrival(4), "INC-3", Severity::High)?;
    let What::Opened { event, .. } = &mut canary.what else { return Ok(()) };
    canary::ARGUS.clone_into(&mut event.source);
    canary::TYPE.clone_into(&mut event.event_type);
    event.incident_key = Some(canary::key(Timestamp::UNIX_EPOCH));
    store.append(batch([canary])).await?;
    let everything = Filter { limit: 9, ..Filter::default() };
    let (lines, total) = store.incidents(everything).await?;
    assert_eq!((lines.len(), total), (2, 2), "canaries are in no list");
    assert_eq!(store.counts().await?.incidents, 3);
    Ok(())
}

/// An incident is found by its event's print while it is open, and by its run while that is active.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn incidents_are_found(store: &dyn Ledger) -> Result<(), LedgerError> {
    store.receive(arrival(1)).await?;
    let opening = opened(&arrival(1), "INC-1", Severity::High)?;
    let What::Opened { event, .. } = &opening.what else {
        return Err(LedgerError::Damaged("an opening is not an opening".into()));
    };
    let print = event.fingerprint.clone();
    store.append(batch([opening])).await?;
    let found = store.open_incident(None, &print).await?;
    assert_eq!(found.map(|incident| incident.key), Some("INC-1".into()));
    assert!(store.open_incident(None, "other").await?.is_none());
    assert!(store.open_incident(Some("case-1"), &print).await?.is_none());

    assert!(store.with_active_runs().await?.is_empty());
    let created = What::RunCreated {
        run: "run-1".into(),
        playbook: "isolate-host".into(),
        playbook_sha256: String::new(),
        steps: vec![],
        max_attempts: 1,
        quorum: 1,
        terms: argus_soc::run::Terms::default(),
    };
    store.append(batch([fact(created).of("INC-1")])).await?;
    assert_eq!(store.with_active_runs().await?, ["INC-1"]);
    let outcome = Outcome::Failed { why: "no".into() };
    let answered = What::Answered { run: "run-1".into(), step: "isolate".into(), outcome };
    let finished = What::RunFinished { run: "run-1".into(), result: Status::Succeeded };
    store.append(batch([fact(answered).of("INC-1"), fact(finished).of("INC-1")])).await?;
    assert!(store.with_active_runs().await?.is_empty());
    assert_eq!(store.incident("INC-1").await?.map(|incident| incident.version), Some(4));
    assert!(store.incident("INC-2").await?.is_none());
    Ok(())
}
