//! The anchor in a world in memory.

use argus_soc::ledger::fact::{Actor, What};

use super::*;
use crate::adapters::notebook::Notebook;
use crate::flows::testing::Still;
use crate::flows::world::{World, receive};
use crate::ports::ledger::{Batch, Filter};

/// Notes everything at once, unless it says otherwise.
fn soc(world: &World, notes: &Arc<Notebook>, every_records: u64, every: Duration) -> Soc {
    let anchoring = Anchoring::new(Arc::clone(notes) as _, every_records, every);
    Soc { anchoring: Some(anchoring), clock: Still::new(), ..world.soc(&[]) }
}

async fn look(soc: &Soc, when: When) -> Result<(), AnchoringError> {
    soc.mind_anchor(soc.anchoring.as_ref().expect("an anchor"), when).await
}

async fn noted(notes: &Notebook) -> Vec<u64> {
    let all = notes.noted(Timestamp::UNIX_EPOCH).await.expect("it is there");
    all.iter().map(|head| head.seq).collect()
}

async fn grow(soc: &Soc, records: u64) {
    for _ in 0..records {
        let what = What::Started { version: "1".into() };
        let fact = soc.fact(Actor::service("test"), "c", what);
        soc.ledger.append(Batch::one(fact)).await.expect("a store");
    }
}

#[tokio::test]
async fn the_head_is_noted_after_enough_records_or_long_enough() {
    let (world, notes) = (World::default(), Arc::new(Notebook::default()));
    let soc = soc(&world, &notes, 10, Duration::from_hours(1));
    look(&soc, When::Due).await.expect("an empty store");
    assert_eq!(noted(&notes).await, [0_u64; 0]);
    grow(&soc, 3).await;
    look(&soc, When::Due).await.expect("noted");
    grow(&soc, 9).await;
    look(&soc, When::Due).await.expect("not yet");
    assert_eq!(noted(&notes).await, [3]);
    grow(&soc, 1).await;
    look(&soc, When::Due).await.expect("ten");
    grow(&soc, 1).await;
    look(&soc, When::Due).await.expect("not yet");
    assert_eq!(noted(&notes).await, [3, 13]);
    // A minute that is over at once.
    let anchoring = Anchoring::new(Arc::clone(&notes) as _, 10, Duration::ZERO);
    let soc = Soc { anchoring: Some(anchoring), ..soc };
    look(&soc, When::Due).await.expect("long enough");
    look(&soc, When::Due).await.expect("nothing is new");
    assert_eq!(noted(&notes).await, [3, 13, 14]);
    let befores = notes.noted(Timestamp::UNIX_EPOCH).await.expect("there");
    assert_eq!(befores.iter().map(|it| it.before).collect::<Vec<_>>(), [0, 3, 13]);
}

#[tokio::test]
async fn while_it_is_away_nothing_waits_for_it_and_the_lag_is_said() {
    let (world, notes) = (World::default(), Arc::new(Notebook::default()));
    let soc = Arc::new(soc(&world, &notes, 1, Duration::from_mins(1)));
    let anchoring = soc.anchoring.as_ref().expect("an anchor");
    notes.away(true);
    receive(&soc, 1).await;
    assert_eq!(anchoring.pause(), LOOK);
    for pause in [10, 20, 40, 60, 60] {
        soc.look_at_anchor(anchoring, When::Due).await;
        assert_eq!(anchoring.pause(), Duration::from_secs(pause));
    }
    let head = soc.ledger.head().await.expect("a store").0;
    let page = anchoring.page(head, soc.clock.now());
    assert!(page.contains(&format!("argus_audit_anchor_lag_records {head}\n")), "{page}");
    let words = anchoring.words(head, soc.clock.now());
    assert!(words.contains("nothing noted yet; ") && words.contains("away"), "{words}");
    notes.away(false);
    soc.look_at_anchor(anchoring, When::Due).await;
    assert_eq!(noted(&notes).await, [head]);
    let page = anchoring.page(head, soc.clock.now());
    for line in ["lag_records 0", "failed_tries 0", "fork 0", "age_seconds 0"] {
        assert!(page.contains(&format!("argus_audit_anchor_{line}\n")), "{line}: {page}");
    }
    let (halt, halted) = watch::channel(false);
    let mut work = tokio::task::JoinSet::new();
    work.spawn(anchor(Arc::clone(&soc), halted));
    tokio::task::yield_now().await;
    // What came within the last pause is noted at the stop.
    grow(&soc, 1).await;
    halt.send_replace(true);
    work.join_all().await;
    assert_eq!(noted(&notes).await, [head, head + 1]);
}

/// Writes a chain and its notes, and starts with another one under the same notes.
async fn second(before: u64, after: u64) -> (Soc, Arc<Notebook>, Result<(), AnchoringError>) {
    let (notes, every) = (Arc::new(Notebook::default()), Duration::from_mins(1));
    let first = soc(&World::default(), &notes, 1, every);
    grow(&first, before).await;
    look(&first, When::Now).await.expect("noted");
    let second = soc(&World::default(), &notes, 1, every);
    // An hour later, so its first record is another one.
    let clock = Still::new();
    clock.pass(SignedDuration::from_hours(1));
    let second = Soc { clock, ..second };
    grow(&second, after).await;
    let said = look(&second, When::Due).await;
    (second, notes, said)
}

#[tokio::test]
async fn two_chains_are_an_alarm_and_nothing_more_is_noted() {
    let (soc, notes, said) = second(5, 5).await;
    assert!(matches!(said, Err(AnchoringError::Fork(_))), "{said:?}");
    grow(&soc, 3).await;
    look(&soc, When::Now).await.expect("it was said");
    assert_eq!(noted(&notes).await, [5]);
    soc.triage().await.expect("a store");
    let (incidents, _) =
        soc.ledger.incidents(Filter { limit: 9, ..Filter::default() }).await.expect("a store");
    let [incident] = incidents.as_slice() else { panic!("{incidents:?}") };
    assert!(incident.title.contains("not the one that was noted outside"), "{incident:?}");
    let anchoring = soc.anchoring.as_ref().expect("an anchor");
    assert!(anchoring.words(8, soc.clock.now()).starts_with("ALARM: "));
    assert!(anchoring.page(8, soc.clock.now()).contains("argus_audit_anchor_fork 1\n"));
}

#[tokio::test]
async fn a_store_whose_end_was_cut_off_is_an_alarm_at_the_start() {
    let (world, notes) = (World::default(), Arc::new(Notebook::default()));
    let every = Duration::from_mins(1);
    let first = soc(&world, &notes, 1, every);
    grow(&first, 5).await;
    // The same chain, five records longer, was noted.
    let store = first.ledger.records_after(0, 1).await.expect("a store")[0].hash.to_string();
    let longer = Head { seq: 10, hash: "a".repeat(64), at: first.clock.now(), store, before: 0 };
    notes.note(&longer).await.expect("noted");
    let said = look(&first, When::Due).await.expect_err("cut off").to_string();
    assert!(said.contains("its end was cut off, or an older copy"), "{said}");
    assert_eq!(noted(&notes).await, [10]);
}

#[tokio::test]
async fn heads_that_were_due_meanwhile_are_noted_too_and_never_more_than_100_at_once() {
    let (world, notes) = (World::default(), Arc::new(Notebook::default()));
    let soc = soc(&world, &notes, 10, Duration::from_hours(1));
    grow(&soc, 3).await;
    look(&soc, When::Due).await.expect("noted");
    grow(&soc, 25).await;
    look(&soc, When::Due).await.expect("noted");
    assert_eq!(noted(&notes).await, [3, 13, 23, 28]);
    let heads = notes.noted(Timestamp::UNIX_EPOCH).await.expect("there");
    assert_eq!(heads.iter().map(|it| it.before).collect::<Vec<_>>(), [0, 3, 13, 23]);
    for head in &heads {
        let here = soc.ledger.records_after(head.seq - 1, 1).await.expect("a store");
        assert!(head.is(&here[0].hash), "{head:?}");
    }
    for (noted, end, every) in [(0, 1_000_000, 1), (7, 1_000_007, 1_000), (0, 101, 1), (5, 5, 1)] {
        let places: Vec<u64> = between(noted, end, every).collect();
        assert!(places.len() < 100, "{} of {noted}..{end}", places.len());
        assert!(places.is_sorted() && places.iter().all(|it| noted < *it && *it < end));
    }
}
