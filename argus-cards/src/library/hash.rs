//! SHA-256 as text.

use sha2::{Digest, Sha256};

use crate::source::Snapshot;

/// How many digits of a hash people are shown.
pub(super) const SHORT: usize = 12;

/// The hash of `bytes` in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16);
    Sha256::digest(bytes)
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)])
        .flatten()
        .collect()
}

/// The hash of all files and their paths.
pub(super) fn sha256_of(snapshot: &Snapshot) -> String {
    let line =
        |(path, file): (&str, &crate::source::File)| format!("{} {path}\n", sha256(&file.bytes));
    sha256(snapshot.files().map(line).collect::<String>().as_bytes())
}

/// The first digits of a hash, for people.
pub(super) fn short(sha256: &str) -> String {
    sha256.chars().take(SHORT).collect()
}
