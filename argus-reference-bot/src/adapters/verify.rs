//! What a verification of a store found.

use base64::Engine as _;
use serde::Serialize;
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
