//! The chain itself, byte for byte: to copy a store, to keep it elsewhere, to make its tables anew.

use argus_soc::ledger::fact::Fact;
use argus_soc::ledger::{Hash, Stored};
use async_trait::async_trait;
use base64::Engine as _;
use serde::Deserialize;

use super::ledger::LedgerError;

/// A record with every byte of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its place.
    pub seq: u64,
    /// The hash of the record before it.
    pub prev: Vec<u8>,
    /// The canonical JSON that was hashed.
    pub payload: Vec<u8>,
    /// Its hash.
    pub hash: Vec<u8>,
    /// The raw body of an event.
    pub raw: Option<Vec<u8>>,
}

impl Link {
    /// The record as a verifier reads it.
    pub fn stored(&self) -> Stored<'_> {
        Stored {
            seq: self.seq,
            prev: &self.prev,
            payload: &self.payload,
            hash: &self.hash,
            raw: self.raw.as_deref(),
        }
    }

    /// A record from a line of an export.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn from_line(line: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Line {
            seq: u64,
            prev: String,
            payload: String,
            hash: String,
            raw: Option<String>,
        }
        let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let base64 = base64::engine::general_purpose::STANDARD;
        let raw = line.raw.map(|raw| base64.decode(raw).map_err(|error| format!("raw: {error}")));
        Ok(Self {
            seq: line.seq,
            prev: unhex(&line.prev).ok_or("prev is not hexadecimal")?,
            payload: line.payload.into_bytes(),
            hash: unhex(&line.hash).ok_or("hash is not hexadecimal")?,
            raw: raw.transpose()?,
        })
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] if it is no fact that this program knows.
    pub fn fact(&self) -> Result<Fact, LedgerError> {
        Fact::read(&self.payload)
            .map_err(|error| LedgerError::Damaged(format!("record {}: {error}", self.seq)))
    }
}

/// A store that gives and takes its chain.
#[async_trait]
pub trait Chain: Send + Sync + std::fmt::Debug {
    /// The last record's place and hash.
    async fn end(&self) -> Result<(u64, Hash), LedgerError>;

    /// Records after `seq`, in order, at most `limit`.
    async fn links(&self, seq: u64, limit: u32) -> Result<Vec<Link>, LedgerError>;

    /// Takes records over that follow its own, all or none, and makes its tables follow.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] if they do not follow or do not verify; nothing was written.
    async fn take_over(&self, links: Vec<Link>) -> Result<(), LedgerError>;
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let byte = |two: &[u8]| match two {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_an_export_is_read_and_a_broken_one_is_not() {
        let good = r#"{"seq":1,"prev":"00ff","payload":"{}","hash":"a0","raw":"aGk="}"#;
        let link = Link::from_line(good).expect("a record");
        assert_eq!((link.prev, link.hash, link.raw), (vec![0, 255], vec![160], Some(b"hi".into())));
        for (broken, why) in [
            (good.replace("00ff", "0xff"), "prev"),
            (good.replace("a0", "a"), "hash"),
            (good.replace("aGk=", "-"), "raw"),
            ("{".into(), "EOF"),
        ] {
            let said = Link::from_line(&broken);
            assert!(said.as_ref().is_err_and(|it| it.contains(why)), "{broken}: {said:?}");
        }
    }
}
