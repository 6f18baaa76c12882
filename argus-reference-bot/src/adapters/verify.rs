//! What a verification of a store found.

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::hex::hex;
use crate::ports::chain::Link;

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The record at which it shows, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// `records`, a table's name, `file` or `head`.
    pub place: String,
    /// What is wrong, in words.
    pub what: String,
}

impl Finding {
    pub(super) fn of(place: &str, what: String) -> Self {
        Self { seq: None, place: place.into(), what }
    }

    pub(super) fn at(seq: u64, place: &str, what: String) -> Self {
        Self { seq: Some(seq), ..Self::of(place, what) }
    }
}

/// What a verification found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Records that were checked and hold.
    pub records: u64,
    /// Hash of the last record that holds.
    pub head: String,
    /// Pages of the file that were compared, byte for byte, with what was written; `None` if
    /// nothing vouches for them (no list of pages, or another program changed the file since).
    pub pages: Option<u64>,
    /// What does not hold; empty if the store is intact.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether everything holds.
    pub fn intact(&self) -> bool {
        self.findings.is_empty()
    }
}

/// A record as a line of an export: what is needed to check the chain elsewhere. An event's raw
/// body is in `raw`, base64.
pub(super) fn line(link: &Link) -> serde_json::Value {
    let base64 = |bytes: &Vec<u8>| base64::engine::general_purpose::STANDARD.encode(bytes);
    json!({
        "seq": link.seq,
        "prev": hex(&link.prev),
        "payload": String::from_utf8_lossy(&link.payload),
        "hash": hex(&link.hash),
        "raw": link.raw.as_ref().map(base64),
    })
}

/// A record from a line of an export.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn read_line(line: &str) -> Result<Link, String> {
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
    Ok(Link {
        seq: line.seq,
        prev: unhex(&line.prev).ok_or("prev is not hexadecimal")?,
        payload: line.payload.into_bytes(),
        hash: unhex(&line.hash).ok_or("hash is not hexadecimal")?,
        raw: raw.transpose()?,
    })
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
        let link = read_line(good).expect("a record");
        assert_eq!((link.prev, link.hash, link.raw), (vec![0, 255], vec![160], Some(b"hi".into())));
        for (broken, why) in [
            (good.replace("00ff", "0xff"), "prev"),
            (good.replace("a0", "a"), "hash"),
            (good.replace("aGk=", "-"), "raw"),
            ("{".into(), "EOF"),
        ] {
            let said = read_line(&broken);
            assert!(said.as_ref().is_err_and(|it| it.contains(why)), "{broken}: {said:?}");
        }
    }
}
