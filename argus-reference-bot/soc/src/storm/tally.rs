//! Who stands out in a crowd, in little memory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Names that are counted at once. A crowd of others takes their counts down.
const PLACES: usize = 64;

/// Counts the names that come often. Each count is a lower bound: with few different names it is
/// exact, and in a crowd of names that come once nobody stands out (Misra and Gries, 1982).
///
/// ```
/// use argus_soc::storm::Tally;
///
/// let mut tally = Tally::default();
/// for host in ["ws-1", "ws-2", "ws-1"] {
///     tally.add(host);
/// }
/// assert_eq!(tally.top(1), [("ws-1", 2)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    counts: BTreeMap<String, u64>,
    /// Whether a name was ever left out, so that the counts are no longer exact.
    #[serde(default)]
    crowded: bool,
}

impl Tally {
    /// Counts a name once more.
    pub fn add(&mut self, name: &str) {
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
        } else if self.counts.len() < PLACES {
            self.counts.insert(name.to_owned(), 1);
        } else {
            self.crowded = true;
            self.counts.retain(|_, count| {
                *count -= 1;
                *count > 0
            });
        }
    }

    /// The `most` most frequent names, the most frequent one first.
    pub fn top(&self, most: usize) -> Vec<(&str, u64)> {
        let mut names: Vec<_> = self.counts.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        names.truncate(most);
        names
    }

    /// Whether the counts are all that there was.
    pub fn is_exact(&self) -> bool {
        !self.crowded
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_count_is_never_too_high_and_a_majority_is_never_missed(
            names in prop::collection::vec(0_u16..200, 0..600),
        ) {
            let mut tally = Tally::default();
            for name in &names {
                tally.add(&name.to_string());
            }
            let truth = |name: &str| names.iter().filter(|n| n.to_string() == name).count() as u64;
            for (name, count) in tally.top(PLACES) {
                prop_assert!(count <= truth(name));
                prop_assert!(!tally.is_exact() || count == truth(name));
            }
            for name in 0..200_u16 {
                let often = truth(&name.to_string()) > names.len() as u64 / PLACES as u64;
                let seen = tally.top(PLACES).iter().any(|(it, _)| *it == name.to_string());
                prop_assert!(!often || seen, "{name}");
            }
        }
    }
}
