//! What every store owes to events that come in.

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use super::super::{Arrival, Ledger, LedgerError, Receipt};
use super::{arrival, batch, note};

/// An event is there when it was acknowledged, at its place, with its bytes.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn events_are_kept(store: &dyn Ledger) -> Result<(), LedgerError> {
    for n in 1..=20 {
        let receipt = store.receive(arrival(n)).await?;
        assert_eq!((receipt.seq, receipt.duplicate), (n, false));
        let event = store.event(receipt.event_id).await?;
        let event = event.ok_or_else(|| LedgerError::Damaged("acknowledged, not there".into()))?;
        assert_eq!((event.raw.as_slice(), event.seq), (&*arrival(n).raw, n));
        assert_eq!((event.incident, event.ignored), (None, false));
        assert_eq!(event.correlation, format!("c-{n}"));
    }
    let waiting = store.waiting(7).await?;
    assert_eq!(waiting, [1, 2, 3, 4, 5, 6, 7], "oldest first, no more than asked for");
    let arrived = store.arrived(vec![7, 2, 99]).await?;
    let read: Vec<_> = arrived.iter().map(|it| (it.seq, it.raw.clone())).collect();
    assert_eq!(read, [(7, arrival(7).raw.to_vec()), (2, arrival(2).raw.to_vec())]);
    assert!(store.event(Uuid::nil()).await?.is_none());
    Ok(())
}

/// The same event twice is one event; the same name for other bytes is refused.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn repeats_are_told(store: &dyn Ledger) -> Result<(), LedgerError> {
    let first = store.receive(arrival(1)).await?;
    let again = store.receive(arrival(1)).await?;
    assert_eq!((again.seq, again.event_id, again.duplicate), (first.seq, first.event_id, true));
    let forged = Arrival { raw: Bytes::from_static(b"{}"), ..arrival(1) };
    let refused = store.receive(forged).await;
    assert!(matches!(refused, Err(LedgerError::KeyReused)), "same id, other bytes: {refused:?}");

    let keyed = |n, source: &str| Arrival {
        key: Some("delivery-1".into()),
        source: source.into(),
        ..arrival(n)
    };
    let first = store.receive(keyed(2, "edr")).await?;
    let again = store.receive(keyed(2, "edr")).await?;
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    let renamed = Arrival { event_id: Uuid::from_u128(9), ..keyed(2, "edr") };
    let again = store.receive(renamed).await?;
    assert_eq!((again.event_id, again.duplicate), (first.event_id, true), "the key decides");
    let forged = store.receive(keyed(3, "edr")).await;
    assert!(matches!(forged, Err(LedgerError::KeyReused)), "same key, other bytes: {forged:?}");
    let other = store.receive(keyed(4, "siem")).await?;
    assert!(!other.duplicate, "each source has its own keys");
    assert_eq!(store.counts().await?.events, 3);
    Ok(())
}

/// A delivery of many events is written together, each event once, and answered in its order.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn deliveries_are_whole(store: &dyn Ledger) -> Result<(), LedgerError> {
    let told = |receipts: Vec<Result<Receipt, LedgerError>>| {
        let told = receipts.into_iter().map(|it| it.map(|it| (it.seq, it.duplicate)).ok());
        told.collect::<Vec<_>>()
    };
    store.receive(arrival(1)).await?;
    let forged = Arrival { raw: Bytes::from_static(b"{}"), ..arrival(1) };
    let many = vec![arrival(2), arrival(1), forged, arrival(3), arrival(2)];
    let answers = store.receive_many(many).await?;
    let expected = [Some((2, false)), Some((1, true)), None, Some((3, false)), Some((2, true))];
    assert_eq!(told(answers), expected, "new, old, other bytes, new, twice in one delivery");
    assert!(store.receive_many(vec![]).await?.is_empty());
    let waiting: usize = (1..=3).map(|n| arrival(n).raw.len()).sum();
    let counts = store.counts().await?;
    assert_eq!((counts.waiting, counts.waiting_bytes), (3, waiting as u64));

    let keyed = |n, key: &str| Arrival { key: Some(key.into()), ..arrival(n) };
    let delivery = || vec![keyed(4, "k"), keyed(5, "k#1")];
    assert_eq!(told(store.receive_many(delivery()).await?), [Some((4, false)), Some((5, false))]);
    assert_eq!(told(store.receive_many(delivery()).await?), [Some((4, true)), Some((5, true))]);
    for other in [
        vec![keyed(6, "k"), keyed(5, "k#1")],
        vec![keyed(4, "k"), keyed(5, "k#1"), keyed(6, "k#2")],
    ] {
        let refused = store.receive_many(other).await;
        assert!(matches!(refused, Err(LedgerError::KeyReused)), "another delivery: {refused:?}");
    }
    assert_eq!(store.head().await?.0, 5, "nothing of them was written");
    Ok(())
}

/// The last event of a source is found, as far back as asked for.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn sources_are_remembered(store: &dyn Ledger) -> Result<(), LedgerError> {
    let at = |second| Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    let from = |n, source: &str, second| Arrival {
        source: source.into(),
        received_at: at(second),
        ..arrival(n)
    };
    assert_eq!(store.last_arrival("edr", Timestamp::UNIX_EPOCH, 0).await?, None);
    let mut places = Vec::new();
    for event in [from(1, "edr", 10), from(2, "siem", 20), from(3, "edr", 30), from(4, "siem", 40)]
    {
        places.push(store.receive(event).await?.seq);
    }
    store.append(batch([note(1)])).await?;
    let [_, second, third, fourth] = places[..] else { return Ok(()) };
    for (source, since, behind, last) in [
        ("siem", 0, 0, Some(at(40))),
        ("edr", 0, 0, Some(at(30))),
        ("edr", 30, 0, Some(at(30))),
        ("edr", 31, 0, None),
        ("nobody", 0, 0, None),
        ("edr", 0, second, Some(at(30))),
        ("edr", 0, third, None),
        ("siem", 0, third, Some(at(40))),
        ("siem", 0, fourth, None),
    ] {
        let found = store.last_arrival(source, at(since), behind).await?;
        assert_eq!(found, last, "{source} since {since} behind {behind}");
    }
    Ok(())
}
