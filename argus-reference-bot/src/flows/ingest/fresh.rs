//! What was read at the door and is not placed yet.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use argus_soc::event::SecurityEvent;

/// Events that are kept as they were read at the door, until they are placed: a few megabytes.
const FRESH: usize = 2_048;
/// Bytes of their bodies; an event that was read takes about as much again.
const FRESH_BYTES: usize = 16 << 20;

/// Events as they were read at the door, by their place in the chain, so that placing them need not
/// read them again. It is no truth: what is not in it is read from the store.
#[derive(Debug, Default)]
pub struct Fresh(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    events: BTreeMap<u64, Read>,
    bytes: usize,
}

/// An event that was read, and the correlation of its ingest answer.
#[derive(Debug)]
pub(in super::super) struct Read {
    pub(in super::super) event: SecurityEvent,
    pub(in super::super) correlation: String,
    /// Bytes of its body.
    pub(in super::super) bytes: usize,
    /// The place of the event before it in the chain.
    after: Option<u64>,
}

/// What comes after an event.
#[derive(Debug)]
pub(in super::super) enum Follows {
    /// These events, without a gap, and the place of the last one.
    Events(u64, Vec<Read>),
    /// Nothing that came through the door.
    Nothing,
    /// Something that only the store knows.
    Unknown,
}

impl Read {
    pub(in super::super) fn new(event: SecurityEvent, correlation: String, bytes: usize) -> Self {
        Self { event, correlation, bytes, after: None }
    }

    /// The same, behind the event at this place.
    pub(super) fn behind(self, after: Option<u64>) -> Self {
        Self { after, ..self }
    }
}

impl Kept {
    fn forget(&mut self, read: Option<Read>) -> Option<Read> {
        self.bytes -= read.as_ref().map_or(0, |read| read.bytes);
        read
    }

    fn is_full(&self, more: usize) -> bool {
        self.events.len() >= FRESH || self.bytes + more > FRESH_BYTES
    }
}

impl Fresh {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, place: u64, read: Read) {
        let mut kept = self.kept();
        // The last one stays in any case: it says that there is something to look for.
        while kept.is_full(read.bytes)
            && let Some((_, last)) = kept.events.pop_last()
        {
            kept.forget(Some(last));
        }
        kept.bytes += read.bytes;
        let replaced = kept.events.insert(place, read);
        kept.forget(replaced);
    }

    /// Takes the events that follow the one at `placed`, up to the first gap, at most `most`.
    pub(in super::super) fn after(&self, placed: u64, most: usize) -> Follows {
        let mut kept = self.kept();
        let (mut last, mut taken) = (placed, Vec::new());
        while let Some(entry) = kept.events.first_entry() {
            let place = *entry.key();
            let is_next = entry.get().after == Some(last);
            if place > last && (taken.len() >= most || !is_next) {
                break;
            }
            let read = entry.remove();
            kept.bytes -= read.bytes;
            if place > last {
                taken.push(read);
                last = place;
            }
        }
        match (taken.is_empty(), kept.events.is_empty()) {
            (false, _) => Follows::Events(last, taken),
            (true, true) => Follows::Nothing,
            (true, false) => Follows::Unknown,
        }
    }

    /// Takes the event at `place`, and forgets those before it, which were placed without it.
    pub(in super::super) fn take(&self, place: u64) -> Option<Read> {
        let mut kept = self.kept();
        while kept.events.first_key_value().is_some_and(|(&first, _)| first < place) {
            let first = kept.events.pop_first().map(|(_, read)| read);
            kept.forget(first);
        }
        let read = kept.events.remove(&place);
        kept.forget(read)
    }
}

#[cfg(test)]
mod tests {
    use argus_soc::event::{Shape, Source, normalise};

    use super::*;

    fn read(after: Option<u64>) -> Read {
        let source = Source { name: "edr", shape: Shape::Auto, tenant: None };
        let now = "2026-11-20T08:00:00Z".parse().expect("a time");
        let event = normalise(b"{}", &source, now).expect("an event");
        Read { after, ..Read::new(event, "c-1".into(), 2) }
    }

    fn places(follows: &Follows) -> (Option<u64>, usize) {
        match follows {
            Follows::Events(last, events) => (Some(*last), events.len()),
            Follows::Nothing => (None, 0),
            Follows::Unknown => (None, 1),
        }
    }

    #[test]
    fn events_follow_each_other_up_to_a_gap() {
        let fresh = Fresh::default();
        assert_eq!(places(&fresh.after(4, 9)), (None, 0), "nothing came");
        for (place, after) in [(9, Some(7)), (5, Some(4)), (7, Some(5)), (12, Some(11))] {
            fresh.put(place, read(after));
        }
        assert_eq!(places(&fresh.after(4, 2)), (Some(7), 2), "at most two");
        assert_eq!(places(&fresh.after(7, 9)), (Some(9), 1), "up to the gap");
        assert_eq!(places(&fresh.after(9, 9)), (None, 1), "the store knows what is in the gap");
        assert!(fresh.take(12).is_some());
        assert_eq!(places(&fresh.after(12, 9)), (None, 0));
    }

    #[test]
    fn what_was_placed_otherwise_is_forgotten_and_the_first_event_of_all_is_looked_for() {
        let fresh = Fresh::default();
        fresh.put(3, read(None));
        fresh.put(5, read(Some(3)));
        assert_eq!(places(&fresh.after(0, 9)), (None, 1), "nobody knows what is before it");
        assert_eq!(places(&fresh.after(3, 9)), (Some(5), 1));
        fresh.put(8, read(Some(5)));
        assert_eq!(places(&fresh.after(8, 9)), (None, 0));
    }

    #[test]
    fn too_many_leave_a_gap_and_not_silence() {
        let fresh = Fresh::default();
        let many = u64::try_from(FRESH).expect("fits") + 10;
        (1..=many).for_each(|place| fresh.put(place, read(Some(place - 1))));
        let (last, _) = places(&fresh.after(0, usize::MAX));
        assert_eq!(last, Some(many - 11));
        assert_eq!(places(&fresh.after(many - 11, 9)), (None, 1), "the last one says so");
    }

    #[test]
    fn large_events_are_kept_in_a_bounded_room() {
        let fresh = Fresh::default();
        let large = |place: u64| Read { bytes: FRESH_BYTES / 4, ..read(Some(place - 1)) };
        (1..=9).for_each(|place| fresh.put(place, large(place)));
        assert_eq!(places(&fresh.after(0, 99)), (Some(3), 3), "three and the last one");
        assert_eq!(places(&fresh.after(3, 9)), (None, 1), "the last one says that there is more");
        assert!(fresh.take(9).is_some());
        assert_eq!(fresh.kept().bytes, 0);
    }
}
