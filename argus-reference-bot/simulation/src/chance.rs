//! Chance that can be repeated: all that happens in a run follows from its seed.

use std::sync::{Mutex, PoisonError};

/// A stream of numbers (`SplitMix64`). Each part of the world has its own, so that a question more in
/// one part changes nothing in the others.
#[derive(Debug)]
pub struct Chance(Mutex<u64>);

impl Chance {
    /// The stream of this seed for this part.
    pub fn new(seed: u64, part: &str) -> Self {
        let mixed = part.bytes().fold(seed ^ 0x51_7c_c1_b7_27_22_0a_95, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(17)
        });
        Self(Mutex::new(mixed))
    }

    fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if that is 0.
    pub fn below(&self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// True so many times in a thousand.
    pub fn permille(&self, times: u64) -> bool {
        self.below(1_000) < times
    }

    /// One of `of`; `None` if there is none.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        of.get(usize::try_from(self.below(of.len() as u64)).ok()?)
    }

    /// One of `of` by weight: `(weight, value)`.
    pub fn weighted<T: Copy>(&self, of: &[(u64, T)]) -> Option<T> {
        let mut left = self.below(of.iter().map(|(weight, _)| weight).sum());
        of.iter()
            .find(|(weight, _)| {
                left.checked_sub(*weight).is_none_or(|rest| {
                    left = rest;
                    false
                })
            })
            .map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_stream_and_parts_have_their_own() {
        let stream = |seed, part| {
            let chance = Chance::new(seed, part);
            (0..9).map(|_| chance.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(stream(7, "disk"), stream(7, "disk"));
        assert_ne!(stream(7, "disk"), stream(7, "teams"));
        assert_ne!(stream(7, "disk"), stream(8, "disk"));
    }

    #[test]
    fn weights_are_kept() {
        let chance = Chance::new(1, "weights");
        let drawn: Vec<char> =
            (0..1_000).filter_map(|_| chance.weighted(&[(1, 'a'), (0, 'b'), (3, 'c')])).collect();
        let count = |letter| drawn.iter().filter(|it| **it == letter).count();
        assert_eq!((count('b'), drawn.len()), (0, 1_000));
        assert!((150..350).contains(&count('a')), "{}", count('a'));
        assert_eq!(chance.weighted::<char>(&[]), None);
    }
}
