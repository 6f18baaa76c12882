//! What every store owes about cards.

use argus_soc::event::Severity;
use argus_soc::ledger::fact::What;
use argus_soc::storm::bulletin::Covered;

use super::{arrival, batch, fact, opened, placed};
use crate::ports::ledger::{DuePlace, DueSlice, Ledger, LedgerError, SentCard, Which};

const SOC: &str = "19:soc";

fn all(limit: u32) -> DueSlice {
    DueSlice { conversation: SOC.into(), which: Which::All, skip: 0, limit }
}

async fn due(store: &dyn Ledger, limit: u32) -> Result<Vec<String>, LedgerError> {
    Ok(store.due_cards(all(limit)).await?.into_iter().map(|card| card.incident).collect())
}

/// Opens incidents of these severities, each with a card in the same conversation.
async fn open(store: &dyn Ledger, severities: &[Severity]) -> Result<(), LedgerError> {
    for (n, severity) in (1..).zip(severities) {
        store.receive(arrival(n)).await?;
        let key = format!("INC-{n}");
        store.append(batch([opened(&arrival(n), &key, *severity)?, placed(&key, SOC)])).await?;
    }
    Ok(())
}

fn delivered(incident: &str, version: u64) -> What {
    What::NoticeDelivered {
        incident: incident.into(),
        card: "card".into(),
        conversation: SOC.into(),
        activity_id: format!("m-{incident}"),
        version,
        template: "alert@1".into(),
    }
}

async fn state(store: &dyn Ledger, incident: &str) -> Result<&'static str, LedgerError> {
    Ok(store.cards_of(incident).await?.first().map_or("none", |card| card.state()))
}

/// Cards are due by severity, then age, and only while they do not show the newest state.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn cards_are_due_in_order(store: &dyn Ledger) -> Result<(), LedgerError> {
    let severities = [Severity::Low, Severity::Critical, Severity::High, Severity::Critical];
    open(store, &severities).await?;
    assert_eq!(due(store, 9).await?, ["INC-2", "INC-4", "INC-3", "INC-1"]);
    assert_eq!(due(store, 2).await?, ["INC-2", "INC-4"]);

    let (incident, card) = ("INC-2".to_owned(), "card".to_owned());
    let conversation = "19:soc".to_owned();
    let attempted = What::NoticeAttempted {
        incident: incident.clone(),
        card: card.clone(),
        conversation: conversation.clone(),
    };
    store.append(batch([fact(attempted)])).await?;
    assert_eq!(store.due_cards(all(1)).await?.first().map(|card| card.attempts), Some(1));
    let delivered = What::NoticeDelivered {
        incident: incident.clone(),
        card: card.clone(),
        conversation,
        activity_id: "m-1".into(),
        version: 1,
        template: "alert@1".into(),
    };
    store.append(batch([fact(delivered)])).await?;
    assert_eq!(due(store, 1).await?, ["INC-4"]);
    let sent = store.sent_card("19:soc", "m-1").await?;
    assert_eq!(sent, Some(SentCard { incident, card, version: 1 }));
    assert_eq!(store.sent_card("19:other", "m-1").await?, None);

    store.append(batch([fact(What::Acknowledged).of("INC-2")])).await?;
    assert_eq!(due(store, 9).await?, ["INC-4", "INC-2", "INC-3", "INC-1"], "new ones first");
    let again = store.due_cards(all(2)).await?;
    let again = again.last().map(|card| (card.activity_id.as_deref(), card.want, card.attempts));
    assert_eq!(again, Some((Some("m-1"), 2, 0)), "an update of the same card");
    let abandoned = What::NoticeAbandoned {
        incident: "INC-2".into(),
        card: "card".into(),
        why: "the conversation is gone".into(),
    };
    store.append(batch([fact(abandoned)])).await?;
    assert_eq!(due(store, 9).await?, ["INC-4", "INC-3", "INC-1"]);
    let counts = store.counts().await?;
    assert_eq!((counts.cards_due, counts.dead), (3, 1));
    Ok(())
}

/// Conversations do not stand in each other's way, and new cards are told from changed ones.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn places_are_told_apart(store: &dyn Ledger) -> Result<(), LedgerError> {
    open(store, &[Severity::Low, Severity::High, Severity::Unknown, Severity::Critical]).await?;
    store.receive(arrival(5)).await?;
    store
        .append(batch([opened(&arrival(5), "INC-5", Severity::Low)?, placed("INC-5", "19:a")]))
        .await?;
    store.append(batch([fact(delivered("INC-2", 1))])).await?;
    store.append(batch([fact(What::Acknowledged).of("INC-2")])).await?;
    let place = |conversation: &str, urgent, routine, changed| DuePlace {
        conversation: conversation.into(),
        urgent,
        routine,
        changed,
    };
    assert_eq!(store.due_places().await?, [place("19:a", 0, 1, 0), place(SOC, 1, 2, 1)]);
    let new = DueSlice { which: Which::New, skip: 1, ..all(9) };
    let new: Vec<_> = store.due_cards(new).await?.into_iter().map(|it| it.incident).collect();
    assert_eq!(new, ["INC-3", "INC-1"], "without the first, and without the one that stands");
    Ok(())
}

/// A card can move, be given up, come back and be dropped; it is never nowhere.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn cards_move_and_come_back(store: &dyn Ledger) -> Result<(), LedgerError> {
    open(store, &[Severity::High, Severity::Low]).await?;
    let of = || ("INC-1".to_owned(), "card".to_owned());
    let (incident, card) = of();
    let moved =
        What::NoticeMoved { incident, card, conversation: "19:b".into(), why: "gone".into() };
    store.append(batch([fact(delivered("INC-1", 1)), fact(moved)])).await?;
    let cards = store.cards_of("INC-1").await?;
    let stands: Vec<_> =
        cards.iter().map(|it| (it.conversation.as_str(), it.activity_id.clone())).collect();
    assert_eq!((stands, state(store, "INC-1").await?), (vec![("19:b", None)], "due"));

    let (incident, card) = of();
    let abandoned = What::NoticeAbandoned { incident, card, why: "72 h".into() };
    store.append(batch([fact(abandoned.clone())])).await?;
    let dead = store.dead_cards(9).await?;
    let dead: Vec<_> = dead.iter().map(|it| (it.incident.as_str(), it.dead.as_deref())).collect();
    assert_eq!(dead, [("INC-1", Some("72 h"))]);
    let (incident, card) = of();
    store.append(batch([fact(What::NoticeRevived { incident, card })])).await?;
    assert_eq!((state(store, "INC-1").await?, store.counts().await?.dead), ("due", 0));
    let (incident, card) = of();
    let dropped = What::NoticeDropped { incident, card };
    store.append(batch([fact(abandoned), fact(dropped)])).await?;
    assert_eq!((state(store, "INC-1").await?, store.counts().await?.dead), ("dropped", 0));
    let (incident, card) = ("INC-2".to_owned(), "card".to_owned());
    store.append(batch([fact(What::NoticeDropped { incident, card })])).await?;
    assert_eq!(state(store, "INC-2").await?, "due", "only what was given up can be dropped");
    Ok(())
}

/// A digest covers new cards until their severity rises; a card that stands is not covered.
///
/// # Errors
///
/// If the store fails where it may not.
pub async fn digests_cover_cards(store: &dyn Ledger) -> Result<(), LedgerError> {
    open(store, &[Severity::Low, Severity::Medium, Severity::Low]).await?;
    store.append(batch([fact(delivered("INC-3", 1))])).await?;
    let covered = |n: u64| Covered {
        incident: format!("INC-{n}"),
        card: "card".into(),
        severity: Severity::Low,
        source: "edr".into(),
        entity: None,
        title: "Malware".into(),
    };
    let digested = What::NoticesDigested {
        digest: "D-1".into(),
        conversation: SOC.into(),
        cards: vec![covered(1), covered(2), covered(3)],
    };
    store.append(batch([fact(digested), fact(What::Acknowledged).of("INC-1")])).await?;
    let counts = store.counts().await?;
    assert_eq!((counts.cards_due, counts.digested), (0, 2));
    let (rows, total) = store.digested("D-1", 0, 1).await?;
    assert_eq!((rows.first().map(|row| row.key.as_str()), total), (Some("INC-2"), 2));
    assert_eq!(state(store, "INC-1").await?, "in_digest");
    assert_eq!(state(store, "INC-3").await?, "shown");
    store.receive(arrival(4)).await?;
    let worse = What::EventsAdded {
        events: vec![argus_soc::ledger::fact::Added {
            event_id: arrival(4).event_id,
            correlation: None,
            observed_at: arrival(4).received_at,
            severity: Severity::High,
            phase: argus_soc::event::Phase::Open,
            placement: argus_soc::correlate::Placement::Duplicate,
        }],
    };
    store.append(batch([fact(worse).of("INC-1")])).await?;
    assert_eq!((state(store, "INC-1").await?, due(store, 9).await?), ("due", vec!["INC-1".into()]));
    Ok(())
}
