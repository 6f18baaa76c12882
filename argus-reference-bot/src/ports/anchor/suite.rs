//! What every anchor owes, written once.

#![expect(clippy::panic, reason = "a promise that is broken ends the test")]

use jiff::{SignedDuration, Timestamp};

use super::{Anchor, AnchorError, Head};

/// A head that is noted `hours` after the start of a test.
pub fn head(seq: u64, hours: i64) -> Head {
    let start = Timestamp::from_second(1_793_520_000).unwrap_or_default();
    Head {
        seq,
        hash: format!("{seq:064x}"),
        at: start + SignedDuration::from_hours(hours),
        store: "ab".repeat(32),
        before: 0,
    }
}

/// Checks that an empty anchor keeps what it is told, once, and says when two chains meet.
///
/// # Errors
///
/// [`AnchorError`] if the anchor fails where it has no reason to.
pub async fn notes_are_kept(anchor: &dyn Anchor) -> Result<(), AnchorError> {
    let beginning = Timestamp::UNIX_EPOCH;
    assert_eq!(anchor.noted(beginning).await?, [], "an empty anchor");
    // In the order of numbers, not of their letters; over three days.
    let heads = [(9, 0), (10, 1), (100, 26), (1_000, 50)].map(|(seq, hours)| head(seq, hours));
    for it in &heads {
        anchor.note(it).await?;
    }
    assert_eq!(anchor.noted(beginning).await?, heads, "all, in their order");
    assert_eq!(anchor.noted(heads[2].at).await?, &heads[2..], "from a day on");
    // Again, as after a lost answer, and by somebody else a moment later.
    let again = Head { at: heads[3].at + SignedDuration::from_secs(1), ..heads[3].clone() };
    anchor.note(&heads[3]).await?;
    anchor.note(&again).await?;
    assert_eq!(anchor.noted(beginning).await?, heads, "a note is never changed");
    let other = Head { hash: "f".repeat(64), ..again.clone() };
    let stranger = Head { store: "cd".repeat(32), ..again };
    for it in [other, stranger] {
        match anchor.note(&it).await {
            Err(AnchorError::Fork { noted, .. }) => assert_eq!(*noted, heads[3]),
            said => panic!("two chains were not noticed: {said:?}"),
        }
    }
    assert_eq!(anchor.noted(beginning).await?, heads, "nothing was written over");
    Ok(())
}
