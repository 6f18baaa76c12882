//! The chain of records that everything else is folded from.
//!
//! A record is `seq, prev_hash, payload, hash`; `hash = SHA-256(prev_hash || payload)`. The payload
//! is RFC 8785 JSON, and the bytes that were stored are the bytes that are hashed: nothing is
//! serialised again to check it. An event's raw body stands beside its record and is bound to it by
//! the `raw_sha256` in the payload. A body that an archive took is empty beside its record, and a later
//! record says so.

mod bodies;
mod canonical;
pub mod documents;
pub mod fact;
pub mod search;

use std::fmt;

use sha2::{Digest, Sha256};

use self::bodies::Bodies;
pub use self::canonical::canonical;

/// A SHA-256, printed as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first record names as its predecessor.
    pub const GENESIS: Self = Self([0; 32]);

    /// The hash of `bytes` alone, for raw bodies and documents.
    ///
    /// ```
    /// # use argus_soc::ledger::Hash;
    /// assert!(Hash::of(b"").to_string().starts_with("e3b0c442"));
    /// ```
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of a record: `SHA-256(prev || payload)`.
    pub fn link(prev: &Self, payload: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(prev.0);
        hasher.update(payload);
        Self(hasher.finalize().into())
    }

    /// A hash that was stored as 32 bytes; anything else is no hash.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// One stored record, as a verifier reads it.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// Position in the chain, from 1, without gaps.
    pub seq: u64,
    /// What the record says it follows.
    pub prev: &'a [u8],
    /// The canonical JSON that was hashed.
    pub payload: &'a [u8],
    /// What the record says its hash is.
    pub hash: &'a [u8],
    /// The raw body of an event, which the payload names by its SHA-256; empty if an archive has it.
    pub raw: Option<&'a [u8]>,
}

/// Where a chain is broken, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {seq}: {why}")]
pub struct Broken {
    /// The record at which the chain no longer holds.
    pub seq: u64,
    /// What is wrong, in words.
    pub why: String,
}

/// Checks a chain record by record.
///
/// ```
/// use argus_soc::ledger::{Hash, Stored, Verifier};
///
/// let payload = br#"{"kind":"system.started"}"#;
/// let hash = Hash::link(&Hash::GENESIS, payload);
/// let mut verifier = Verifier::default();
/// let prev = Hash::GENESIS;
/// let record = Stored { seq: 1, prev: prev.as_bytes(), payload, hash: hash.as_bytes(), raw: None };
/// verifier.check(&record).expect("intact");
/// let forged = Stored { seq: 2, payload: b"{}", ..record };
/// assert!(verifier.check(&forged).is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    seq: u64,
    head: Hash,
    bodies: Bodies,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::after(0, Hash::GENESIS)
    }
}

impl Verifier {
    /// Checks what follows the record at `seq` with the hash `head`, which are believed.
    #[must_use]
    pub fn after(seq: u64, head: Hash) -> Self {
        Self { seq, head, bodies: Bodies::default() }
    }

    /// How many records were checked, and the hash of the last one.
    pub fn head(&self) -> (u64, Hash) {
        (self.seq, self.head)
    }

    /// Checks the next record.
    ///
    /// # Errors
    ///
    /// [`Broken`] names the first record that does not follow from the one before it, whose payload
    /// does not have its hash, or whose raw body is not the one that was received. The verifier
    /// stays at the last good record.
    pub fn check(&mut self, record: &Stored<'_>) -> Result<(), Broken> {
        let expected = self.seq + 1;
        let broken = |why: String| Err(Broken { seq: expected, why });
        if record.seq != expected {
            return broken(format!("record {} stands here; one is missing or moved", record.seq));
        }
        if record.prev != self.head.0 {
            return broken("its predecessor's hash is not the hash of the record before it".into());
        }
        let hash = Hash::link(&self.head, record.payload);
        if record.hash != hash.0 {
            return broken("its content does not have the hash that was recorded".into());
        }
        self.bodies.check(record).or_else(|why| broken(why.into()))?;
        self.seq = expected;
        self.head = hash;
        Ok(())
    }

    /// Checks, after the last record, that every body that is not there was taken by an archive.
    ///
    /// # Errors
    ///
    /// [`Broken`] names the first record whose body is missing.
    pub fn finish(&self) -> Result<(), Broken> {
        match self.bodies.missing() {
            Some(seq) => {
                let why =
                    "the body of this event, or of one after it, is empty, and no archive took it";
                Err(Broken { seq, why: why.into() })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Seq, prev, payload, hash, raw.
    type Row = (u64, Vec<u8>, Vec<u8>, Vec<u8>, Option<Vec<u8>>);

    /// A small intact chain, one record with a raw body.
    fn chain() -> Vec<Row> {
        let mut prev = Hash::GENESIS;
        (1..=4)
            .map(|seq| {
                let raw = (seq == 2).then(|| b"{\"alert\":true}".to_vec());
                let named = raw.as_ref().map(|raw| Hash::of(raw).to_string());
                let payload = match named {
                    Some(named) => format!("{{\"n\":{seq},\"raw_sha256\":\"{named}\"}}"),
                    None => format!("{{\"n\":{seq}}}"),
                };
                let hash = Hash::link(&prev, payload.as_bytes());
                let row =
                    (seq, prev.0.to_vec(), payload.into_bytes(), hash.0.to_vec(), raw.clone());
                prev = hash;
                row
            })
            .collect()
    }

    fn verify(rows: &[Row]) -> Result<(), Broken> {
        let mut verifier = Verifier::default();
        rows.iter().try_for_each(|(seq, prev, payload, hash, raw)| {
            verifier.check(&Stored { seq: *seq, prev, payload, hash, raw: raw.as_deref() })
        })
    }

    #[test]
    fn an_intact_chain_verifies() {
        assert_eq!(verify(&chain()), Ok(()));
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_found(row in 0usize..4, field in 0usize..4, at in 0usize..200, bit in 0u8..8) {
            let mut rows = chain();
            let (_, prev, payload, hash, raw) = &mut rows[row];
            let bytes = match field { 0 => prev, 1 => payload, 2 => hash, _ => raw.get_or_insert_default() };
            if bytes.is_empty() { bytes.push(b'x') } else { let at = at % bytes.len(); bytes[at] ^= 1 << bit; }
            let broken = verify(&rows).expect_err("a change must be found");
            prop_assert_eq!(broken.seq, row as u64 + 1);
        }

        #[test]
        fn a_missing_or_swapped_record_is_found(a in 0usize..3, b in 0usize..4) {
            let mut rows = chain();
            if a == b { rows.remove(a); } else { rows.swap(a, b); }
            prop_assert!(verify(&rows).is_err());
        }
    }
}
