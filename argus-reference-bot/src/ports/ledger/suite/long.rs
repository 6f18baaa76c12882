//! What every store owes to names that are longer than any index takes.

use argus_soc::correlate::{Joined, belonging};
use argus_soc::event::{SecurityEvent, Severity};
use argus_soc::ledger::Hash;
use argus_soc::ledger::fact::What;
use bytes::Bytes;

use super::super::{Arrival, Batch, Ledger, LedgerError, documents};
use super::{arrival, batch, fact, opened};

/// Eight kilobytes that do not become fewer when they are packed.
fn long(name: &str) -> String {
    (0..128).map(|n| Hash::of(format!("{name} {n}").as_bytes()).to_string()).collect()
}

fn about(n: u64, entity: &str) -> Arrival {
    let raw = format!(
        r#"{{"id":"e-{n}","source":"edr","event_type":"malware","severity":"high","entity_type":"host","entity_value":"{entity}","title":"Malware"}}"#
    );
    Arrival { raw: Bytes::from(raw), ..arrival(n) }
}

/// What a stranger writes into an alert may be as long as it likes: the alert is placed, and its
/// incident, lease and documents are found again by it.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn long_names_are_found(store: &dyn Ledger) -> Result<(), LedgerError> {
    let (case, host) = (long("case"), long("host"));
    let mut openings = Vec::new();
    let mut first: Option<SecurityEvent> = None;
    for (n, key) in [(1, Some(case.clone())), (2, Some(format!("{case}x"))), (3, None)] {
        let arrival = about(n, &host);
        store.receive(arrival.clone()).await?;
        let mut opening = opened(&arrival, &format!("INC-{n}"), Severity::High)?;
        if let What::Opened { event, .. } = &mut opening.what {
            event.incident_key = key;
            first.get_or_insert_with(|| (**event).clone());
        }
        openings.push(opening);
    }
    store.append(Batch { facts: openings, ..Batch::default() }).await?;
    assert_eq!(store.waiting(9).await?, [0_u64; 0], "nothing waits any more");
    let Some(event) = first else { return Ok(()) };

    let found = |incident: Option<argus_soc::incident::Incident>| incident.map(|it| it.key);
    let of = |key| store.open_incident(Some(key), "");
    assert_eq!(found(of(case.as_str()).await?), Some("INC-1".into()));
    assert_eq!(found(of(format!("{case}x").as_str()).await?), Some("INC-2".into()));
    let print = store.open_incident(None, &event.fingerprint).await?;
    assert_eq!(found(print), Some("INC-3".into()));
    let history = store.incidents_about("host", &host, &event.fingerprint).await?;
    assert_eq!((history.previous_incidents, history.same_fingerprint), (3, 3));
    let none = store.incidents_about("host", &format!("{host}x"), "").await?;
    assert_eq!(none.previous_incidents, 0);

    let belongs = belonging(&event);
    let merged = What::Merged { into: "INC-2".into(), belongs: belongs.clone(), why: "so".into() };
    store.append(batch([fact(merged).of("INC-1")])).await?;
    let joined = documents::find::<Joined>(store, &belongs).await?;
    assert_eq!(joined.map(|(version, it)| (version, it.into)), Some((1, "INC-2".into())));

    let lease = format!("t/isolate/{host}");
    let step = || "isolate".to_owned();
    let taken =
        |run: &str| fact(What::Leased { run: run.into(), step: step(), lease: lease.clone() });
    store.append(batch([taken("run-1")])).await?;
    let held = store.append(batch([taken("run-2")])).await;
    assert!(matches!(&held, Err(LedgerError::Held { lease: it, .. }) if *it == lease), "{held:?}");
    let released = What::Released { run: "run-1".into(), step: step(), lease: lease.clone() };
    store.append(batch([fact(released)])).await?;
    store.append(batch([taken("run-2")])).await
}
