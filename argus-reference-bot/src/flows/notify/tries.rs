//! When a card, or a whole conversation, may be tried again.

use std::collections::BTreeMap;

use argus_soc::ledger::Hash;

/// Longest wait between two tries: what is back is noticed within a minute.
const SLOWEST: u64 = 45_000;
/// Twice the shortest wait. What was given up may arrive for a moment still, and must not undo what is
/// sent after it; so that is a second later at least.
const FIRST: u64 = 2_000;

/// The name of what is sent: an incident and which of its cards, or a bulletin.
pub(super) type Name = (String, String);

#[derive(Clone, Debug, Default)]
struct Try {
    again: u64,
    tried: u32,
}

/// Tries that failed, in milliseconds of the notifier's own clock.
///
/// A card that fails waits for itself, so that the next one is tried. A conversation that fails
/// waits as a whole, so that an outage costs a few calls a minute and not a few for each card.
#[derive(Debug, Default)]
pub(super) struct Tries {
    cards: BTreeMap<String, BTreeMap<Name, Try>>,
    places: BTreeMap<String, Try>,
}

impl Tries {
    /// When this card may be tried.
    pub(super) fn card(&self, conversation: &str, name: &Name) -> u64 {
        let tried = self.cards.get(conversation).and_then(|cards| cards.get(name));
        tried.map_or(0, |it| it.again)
    }

    /// How often this card was tried in vain.
    pub(super) fn tried(&self, conversation: &str, name: &Name) -> u32 {
        let tried = self.cards.get(conversation).and_then(|cards| cards.get(name));
        tried.map_or(0, |it| it.tried)
    }

    /// When anything may be sent to this conversation.
    pub(super) fn place(&self, conversation: &str) -> u64 {
        self.places.get(conversation).map_or(0, |it| it.again)
    }

    /// A card failed, for a reason of its own or of the conversation's; gives when the conversation
    /// may be tried again.
    pub(super) fn failed(&mut self, conversation: &str, name: &Name, now: u64) -> u64 {
        self.set_aside(conversation, name, now);
        let place = self.places.entry(conversation.into()).or_default();
        place.again = now + wait(place.tried, conversation);
        place.tried += 1;
        place.again
    }

    /// A card failed and no other will for this reason.
    pub(super) fn set_aside(&mut self, conversation: &str, name: &Name, now: u64) {
        let card = self.cards.entry(conversation.into()).or_default();
        let card = card.entry(name.clone()).or_default();
        card.again = now + wait(card.tried, &name.0);
        card.tried += 1;
    }

    /// Something was taken: whatever waited for this conversation need not wait any longer.
    pub(super) fn worked(&mut self, conversation: &str, name: &Name) {
        // One card that fails among others that do not is not the conversation's fault.
        let was_away = self.places.remove(conversation).is_some_and(|it| it.tried > 1);
        if let Some(cards) = self.cards.get_mut(conversation) {
            cards.remove(name);
            if was_away {
                for card in cards.values_mut() {
                    card.again = 0;
                }
            }
        }
    }

    /// The card needs no more tries.
    pub(super) fn settled(&mut self, conversation: &str, name: &Name) {
        if let Some(cards) = self.cards.get_mut(conversation) {
            cards.remove(name);
        }
    }
}

/// Doubles from two seconds to three quarters of a minute; between half and all of that, so that
/// those who failed together do not return together. The same tries give the same waits: a run that
/// is simulated can be run again.
fn wait(tried: u32, name: &str) -> u64 {
    let whole = FIRST.checked_shl(tried.min(6)).unwrap_or(SLOWEST).min(SLOWEST);
    let lot = Hash::of(format!("{name}/{tried}").as_bytes());
    let lot = lot.as_bytes().first().copied().unwrap_or_default();
    whole / 2 + whole * u64::from(lot) / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(n: u32) -> Name {
        (format!("INC-{n}"), "card".into())
    }

    #[test]
    fn a_conversation_that_fails_is_tried_a_few_times_a_minute() {
        let (mut tries, mut now, mut calls) = (Tries::default(), 0, 0);
        while now < 3_600_000 {
            now = now.max(tries.place("19:a"));
            tries.failed("19:a", &name(calls), now);
            calls += 1;
        }
        assert!((75..200).contains(&calls), "{calls} calls in an hour");
        assert!(tries.place("19:a") <= now + SLOWEST);
        assert_eq!(tries.place("19:b"), 0, "the other one does not wait");
    }

    #[test]
    fn what_works_once_frees_the_others() {
        let mut tries = Tries::default();
        for _ in 0..5 {
            tries.failed("19:a", &name(1), 10);
            tries.failed("19:a", &name(2), 10);
        }
        tries.worked("19:a", &name(2));
        assert_eq!((tries.place("19:a"), tries.card("19:a", &name(1))), (0, 0));
        assert_eq!(tries.tried("19:a", &name(1)), 5, "how often is not forgotten");
    }

    #[test]
    fn waits_grow_and_differ() {
        let waits: Vec<u64> = (0..9).map(|tried| wait(tried, "19:a")).collect();
        assert!(waits.iter().all(|it| (1_000..=SLOWEST).contains(it)), "{waits:?}");
        assert!(waits[6] > 20_000 && waits[0] < 2_000, "{waits:?}");
        let others: std::collections::BTreeSet<u64> =
            (0..50).map(|n| wait(3, &n.to_string())).collect();
        assert!(others.len() > 20, "no jitter");
    }
}
