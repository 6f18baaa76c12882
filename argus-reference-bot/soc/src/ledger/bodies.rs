//! The bodies of events: each beside its record, or in an archive that a later record names.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde::Deserialize;

use super::{Hash, Stored};

/// Which events have no body so far, and no archive that took it.
#[derive(Clone, Debug, Default)]
pub(super) struct Bodies {
    /// In order; between two of them stands an event with its body.
    missing: Vec<RangeInclusive<u64>>,
    /// Whether the last event had none.
    going_on: bool,
}

impl Bodies {
    /// Checks the body of the next record.
    pub(super) fn check(&mut self, record: &Stored<'_>) -> Result<(), &'static str> {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            kind: Option<Cow<'a, str>>,
            raw_sha256: Option<String>,
        }
        #[derive(Deserialize)]
        struct Archived {
            bodies: Vec<(u64, u64)>,
        }
        let named: Named<'_> =
            serde_json::from_slice(record.payload).map_err(|_| "its content is not JSON")?;
        if named.kind.as_deref() == Some("store.archived") {
            let archived: Archived = serde_json::from_slice(record.payload)
                .map_err(|_| "it names no bodies that went into an archive")?;
            for (first, last) in archived.bodies {
                self.archived(first, last);
            }
        }
        match (named.raw_sha256, record.raw) {
            (None, None) => Ok(()),
            (Some(_), Some([])) => {
                self.without(record.seq);
                Ok(())
            }
            (Some(named), Some(raw)) if named == Hash::of(raw).to_string() => {
                self.going_on = false;
                Ok(())
            }
            (Some(_), Some(_)) => Err("the event's body is not the one that was received"),
            (Some(_), None) => Err("the event's body is missing"),
            (None, Some(_)) => Err("it carries a body that it does not name"),
        }
    }

    /// The first event whose body nothing accounts for.
    pub(super) fn missing(&self) -> Option<u64> {
        self.missing.first().map(|range| *range.start())
    }

    fn without(&mut self, seq: u64) {
        match self.missing.last_mut().filter(|_| self.going_on) {
            Some(range) => *range = *range.start()..=seq,
            None => self.missing.push(seq..=seq),
        }
        self.going_on = true;
    }

    /// An archive has the bodies from `first` to `last`.
    fn archived(&mut self, first: u64, last: u64) {
        let mut left = Vec::with_capacity(self.missing.len());
        for range in self.missing.drain(..) {
            let (start, end) = range.into_inner();
            let before = start..=end.min(first.saturating_sub(1));
            let after = start.max(last.saturating_add(1))..=end;
            left.extend([before, after].into_iter().filter(|part| !part.is_empty()));
        }
        self.missing = left;
        self.going_on = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bodies: &mut Bodies, seq: u64, raw: &[u8]) {
        let payload = format!(r#"{{"raw_sha256":"{}"}}"#, Hash::of(b"body"));
        let (prev, hash) = (&[0; 32][..], &[0; 32][..]);
        bodies
            .check(&Stored { seq, prev, payload: payload.as_bytes(), hash, raw: Some(raw) })
            .unwrap();
    }

    fn archive(bodies: &mut Bodies, ranges: &str) {
        let payload = format!(r#"{{"bodies":{ranges},"kind":"store.archived"}}"#);
        let (prev, hash) = (&[0; 32][..], &[0; 32][..]);
        bodies
            .check(&Stored { seq: 9, prev, payload: payload.as_bytes(), hash, raw: None })
            .unwrap();
    }

    #[test]
    fn every_missing_body_needs_an_archive() {
        fn check(archives: &[&str], expected: Option<u64>) {
            let mut bodies = Bodies::default();
            for (seq, raw) in [(1, &b""[..]), (2, b"body"), (4, b""), (6, b""), (8, b"body")] {
                event(&mut bodies, seq, raw);
            }
            for ranges in archives {
                archive(&mut bodies, ranges);
            }
            assert_eq!(bodies.missing(), expected, "{archives:?}");
        }
        check(&[], Some(1));
        check(&["[[1,1]]"], Some(4));
        check(&["[[1,4]]"], Some(6 - 1));
        check(&["[[1,6]]"], None);
        check(&["[[1,1],[4,6]]"], None);
        check(&["[[4,6]]", "[[1,1]]"], None);
        check(&["[[0,3],[5,99]]"], Some(4));
    }
}
