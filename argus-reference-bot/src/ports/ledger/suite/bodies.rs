//! What every store owes to bodies that an archive took.

use argus_soc::event::Severity;
use argus_soc::ledger::fact::What;
use bytes::Bytes;

use super::super::{Arrival, Ledger, LedgerError};
use super::{arrival, batch, fact, opened};

/// Bodies of events that are over are given out, and are gone once a record says that an archive has
/// them; the events stay, and are known when they come again.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn bodies_are_archived(store: &dyn Ledger) -> Result<(), LedgerError> {
    for n in 1..=5 {
        store.receive(arrival(n)).await?;
    }
    let ignored = |n| {
        let event_id = arrival(n).event_id;
        fact(What::Ignored { event_id, reasons: vec!["noise".into()] })
    };
    let opening = opened(&arrival(2), "INC-1", Severity::High)?;
    store.append(batch([ignored(1), opening, ignored(3), ignored(4)])).await?;
    let offered: Vec<_> = store.bodies(0, 9).await?;
    let offered: Vec<_> = offered.iter().map(|it| (it.seq, it.raw.is_some())).collect();
    assert_eq!(offered, [(1, true), (2, false), (3, true), (4, true)], "5 waits, 2 is open");
    let paged: Vec<_> = store.bodies(1, 2).await?.iter().map(|it| it.seq).collect();
    assert_eq!(paged, [2, 3]);

    let archived = What::Archived {
        file: "bodies".into(),
        file_sha256: "00".into(),
        events: 3,
        bodies: vec![(1, 1), (3, 4)],
    };
    let before = store.counts().await?;
    store.append(batch([fact(archived)])).await?;
    let after = store.counts().await?;
    assert_eq!((after.events, after.waiting), (before.events, before.waiting));
    assert_eq!(store.waiting(9).await?, [5]);
    for (n, is_there) in [(1, false), (2, true), (3, false), (4, false), (5, true)] {
        let event = store.event(arrival(n).event_id).await?;
        let raw = event.map(|event| event.raw);
        let expected = if is_there { arrival(n).raw.to_vec() } else { Vec::new() };
        assert_eq!(raw, Some(expected), "{n}");
    }
    let offered: Vec<_> = store.bodies(0, 9).await?.iter().map(|it| it.seq).collect();
    assert_eq!(offered, [2]);

    assert!(store.receive(arrival(3)).await?.duplicate, "its id is known");
    let other = Arrival { raw: Bytes::from_static(b"{}"), ..arrival(3) };
    let refused = store.receive(other).await;
    assert!(matches!(refused, Err(LedgerError::KeyReused)), "{refused:?}");
    Ok(())
}
