//! What a verification of a store found.

use argus_soc::ledger::Verifier;
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

    pub(crate) fn at(seq: u64, place: &str, what: String) -> Self {
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
    /// Notes outside that were compared with the chain; `None` if that was not asked for.
    pub notes: Option<usize>,
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

/// Verifies an export, line by line: each must be exactly what was written, and all of them a chain.
/// `each` is told of every record that holds.
pub fn verify_export(
    lines: impl IntoIterator<Item = std::io::Result<String>>,
    mut each: impl FnMut(u64, &str),
) -> Report {
    let mut verifier = Verifier::default();
    let mut findings = Vec::new();
    for text in lines {
        if let Err(why) = next(&mut verifier, text) {
            findings.push(Finding::at(verifier.head().0 + 1, "records", why));
            break;
        }
        let (seq, hash) = verifier.head();
        each(seq, &hash.to_string());
    }
    if findings.is_empty()
        && let Err(broken) = verifier.finish()
    {
        findings.push(Finding::at(broken.seq, "records", broken.why));
    }
    let (records, head) = verifier.head();
    Report { records, head: head.to_string(), pages: None, notes: None, findings }
}

fn next(verifier: &mut Verifier, text: std::io::Result<String>) -> Result<(), String> {
    let unread = |why: String| format!("it cannot be read: {why}");
    let text = text.map_err(|error| unread(error.to_string()))?;
    let link = Link::from_line(&text).map_err(unread)?;
    // A changed byte may mean the same, as a capital in a hash does; it is a changed byte all the same.
    let written = line(&link).to_string();
    if written != text {
        return Err("the line is not as it was written".into());
    }
    verifier.check(&link.stored()).map_err(|broken| broken.why)
}
