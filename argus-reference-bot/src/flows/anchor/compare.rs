//! Notes against a chain, for whoever verifies it.

use std::collections::{BTreeMap, BTreeSet};

use crate::ports::anchor::Head;

/// A note with which the chain does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// The record that was noted.
    pub seq: u64,
    /// What is wrong, in words.
    pub what: String,
}

/// Compares notes with a chain that goes by, record by record.
#[derive(Clone, Debug)]
pub struct Comparison {
    notes: BTreeMap<u64, Vec<Head>>,
    first: Option<String>,
    end: u64,
    found: Vec<Differs>,
}

impl Comparison {
    /// With these notes.
    pub fn with(notes: Vec<Head>) -> Self {
        let mut by_place: BTreeMap<u64, Vec<Head>> = BTreeMap::new();
        for note in notes {
            by_place.entry(note.seq).or_default().push(note);
        }
        Self { notes: by_place, first: None, end: 0, found: Vec::new() }
    }

    /// The next record of the chain.
    pub fn record(&mut self, seq: u64, hash: &str) {
        self.first.get_or_insert_with(|| hash.to_owned());
        self.end = seq;
        for note in self.notes.get(&seq).into_iter().flatten() {
            if note.hash != hash {
                let (at, noted) = (note.at, &note.hash);
                let what = format!("at {at} it was noted outside with the hash {noted}");
                self.found.push(Differs { seq, what });
            }
        }
    }

    /// What the chain and the notes do not agree about.
    pub fn end(self) -> Vec<Differs> {
        let Self { notes, first, end, mut found } = self;
        let mut find = |seq, what| found.push(Differs { seq, what });
        if notes.is_empty() && end > 0 {
            find(
                end,
                "nothing is noted outside: notes were never made there, or were removed".into(),
            );
        }
        let places: BTreeSet<u64> = notes.keys().copied().collect();
        for note in notes.into_values().flatten() {
            let Head { seq, at, before, .. } = note;
            if seq > end {
                find(
                    seq,
                    format!(
                        "it was noted outside at {at}, and the chain ends at record {end}: its end was cut off"
                    ),
                );
            }
            if before > 0 && !places.contains(&before) {
                find(seq, format!("its note names that of record {before}, which is gone"));
            }
            if first.as_ref().is_some_and(|first| *first != note.store) {
                find(seq, "its note is of another store".into());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::anchor::suite::head;

    /// A chain of `end` records with the hashes of the suite, of the suite's store.
    fn found(notes: Vec<Head>, end: u64) -> Vec<(u64, String)> {
        let mut comparison = Comparison::with(notes);
        let first = "ab".repeat(32);
        for seq in 1..=end {
            let hash = if seq == 1 { first.clone() } else { head(seq, 0).hash };
            comparison.record(seq, &hash);
        }
        // Where a note is missing its word is enough.
        comparison.end().into_iter().map(|it| (it.seq, it.what)).collect()
    }

    #[test]
    fn every_way_to_cheat_is_found_and_nothing_else() {
        let note = |seq, before| Head { before, ..head(seq, 0) };
        let good = vec![note(3, 0), note(5, 3), note(9, 5)];
        assert_eq!(found(good.clone(), 9), []);
        assert_eq!(found(good.clone(), 12), []);
        // Two replicas do not know of each other's last note.
        assert_eq!(found(vec![note(3, 0), note(5, 3), note(9, 3)], 9), []);
        let rewritten = Head { hash: "0".repeat(64), ..note(5, 3) };
        let strange = Head { store: "cd".repeat(32), ..note(5, 3) };
        for (notes, end, seq, words) in [
            (good.clone(), 8, 9, "cut off"),
            (vec![good[0].clone(), good[2].clone()], 9, 9, "that of record 5, which is gone"),
            (
                vec![good[0].clone(), rewritten, good[2].clone()],
                9,
                5,
                "noted outside with the hash",
            ),
            (vec![good[0].clone(), strange, good[2].clone()], 9, 5, "another store"),
            (vec![], 4, 4, "nothing is noted"),
        ] {
            let said = found(notes, end);
            let [(place, what)] = said.as_slice() else { panic!("{words}: {said:?}") };
            assert!(*place == seq && what.contains(words), "{said:?}");
        }
    }
}
