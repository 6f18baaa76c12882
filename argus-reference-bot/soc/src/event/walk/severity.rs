//! Which of the severities in a message is the alert's.

use crate::event::Severity;
use crate::event::severity::{self, ReadSeverity};

/// How many are looked at; one alert rarely has five.
const MOST: usize = 32;
/// From here on a key may mean something else: `level`, `priority`.
const VAGUE: u8 = 4;

/// What stands under keys that mean a severity, with how sure the key is and how deep it stands.
#[derive(Debug, Default)]
pub(super) struct Candidates(Vec<(u8, usize, String)>);

impl Candidates {
    pub(super) fn add(&mut self, rank: u8, depth: usize, raw: &str) {
        if self.0.len() < MOST && !crate::event::look::is_nothing(raw) {
            self.0.push((rank, depth, raw.to_owned()));
        }
    }

    /// The severity and, when several disagree, a note about it.
    ///
    /// The surest key that holds a word decides. What a surer key says and we cannot read is
    /// never overruled by a vaguer one: then nobody knows.
    pub(super) fn decide(&self) -> (ReadSeverity, Option<String>) {
        let known = |(_, _, raw): &&(u8, usize, String)| severity::word(raw) != Severity::Unknown;
        let surest = self.0.iter().min_by_key(|(rank, depth, _)| (*rank, *depth));
        let Some(surest) = surest else { return ((Severity::Unknown, None), None) };
        let best = self.0.iter().filter(known).min_by_key(|(rank, depth, _)| (*rank, *depth));
        let Some(best) = best else { return ((Severity::Unknown, Some(surest.2.clone())), None) };
        let unread = self.0.iter().find(|other| {
            let surer = (other.0, other.1) < (best.0, best.1);
            let is_word = other.2.parse::<f64>().is_err();
            // Beside a number the same product often writes the word.
            surer && !known(other) && (is_word || best.0 >= VAGUE)
        });
        if let Some((_, _, raw)) = unread {
            return ((Severity::Unknown, Some(raw.clone())), None);
        }
        let equals = self.0.iter().filter(|other| (other.0, other.1) == (best.0, best.1));
        let worst = equals.max_by_key(|(_, _, raw)| severity::word(raw)).unwrap_or(best);
        let note = (severity::word(&worst.2) != severity::word(&best.2))
            .then(|| format!("it states several severities; {:?} is the worst of them", worst.2));
        ((severity::word(&worst.2), Some(worst.2.clone())), note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_word_decides_and_nothing_overrules_what_is_unread() {
        fn check(candidates: &[(u8, usize, &str)], expected: Severity) {
            let mut all = Candidates::default();
            for (rank, depth, raw) in candidates {
                all.add(*rank, *depth, raw);
            }
            assert_eq!(all.decide().0.0, expected, "{candidates:?}");
        }
        check(&[], Severity::Unknown);
        check(&[(0, 1, "5"), (1, 1, "Critical")], Severity::Critical);
        check(&[(0, 1, "5"), (4, 1, "info")], Severity::Unknown);
        check(&[(0, 1, "sev-2"), (1, 1, "high")], Severity::Unknown);
        check(&[(4, 1, "error")], Severity::High);
        check(&[(0, 2, "low"), (0, 1, "high")], Severity::High);
        check(&[(0, 2, "low"), (0, 2, "high")], Severity::High);
        check(&[(0, 1, "-"), (1, 1, "high")], Severity::High);
    }
}
