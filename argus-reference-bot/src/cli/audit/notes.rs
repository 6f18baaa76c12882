//! The heads that were noted outside, against the chain.

use std::path::Path;

use serde_json::Value;

use super::runtime;
use crate::adapters::azure_tables::head_of_row;
use crate::app::anchor_of;
use crate::cli::Complaint;
use crate::config;
use crate::flows::anchor::Head;

/// Reads the notes from the anchor that the settings name.
pub(super) fn from_anchor(config: &Path) -> Result<Vec<Head>, Complaint> {
    let config = config::load(config)?;
    crate::cli::open_secrets(&config)?;
    let anchor = anchor_of(&config)?;
    let notes = runtime()?.block_on(anchor.place().noted(jiff::Timestamp::UNIX_EPOCH));
    notes.map_err(|error| Complaint(format!("the notes cannot be read: {error}")))
}

/// Reads the notes from a file with the rows of the table.
pub(super) fn from_file(file: &Path) -> Result<Vec<Head>, Complaint> {
    let name = file.display();
    let text =
        std::fs::read_to_string(file).map_err(|error| Complaint(format!("{name}: {error}")))?;
    read(&text).map_err(|why| Complaint(format!("{name}: {why}")))
}

fn read(text: &str) -> Result<Vec<Head>, String> {
    let mut notes = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.map_err(|error| format!("no JSON: {error}"))?;
        // A list of rows stands alone, or as a query's answer, or as `az storage entity query` has it.
        let list = value.as_array().or_else(|| {
            ["value", "items"].into_iter().find_map(|name| value.get(name)?.as_array())
        });
        let rows = list.map_or(std::slice::from_ref(&value), Vec::as_slice);
        for row in rows {
            let head = head_of_row(row);
            notes.push(head.map_err(|why| format!("row {}: {why}", notes.len() + 1))?);
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_every_tool_writes_them() {
        let row = r#"{"PartitionKey":"t|20261101","RowKey":"00000000000000000007","Hash":"ab",
            "At":"2026-11-01T08:00:00Z","Store":"cd","Before":"3","etag":"x"}"#;
        for text in [
            row.to_owned(),
            format!("{row}\n{row}"),
            format!("[{row}]"),
            format!("{{\"value\":[{row}]}}"),
            format!("{{\"items\":[{row}],\"nextMarker\":{{}}}}"),
        ] {
            let notes = read(&text).expect(&text);
            assert!(notes.iter().all(|it| (it.seq, it.before) == (7, 3)), "{notes:?}");
            assert!(!notes.is_empty(), "{text}");
        }
        for (text, why) in [("{", "no JSON"), ("{\"a\":1}", "row 1"), ("[1]", "row 1")] {
            assert!(read(text).is_err_and(|it| it.contains(why)), "{text}");
        }
    }
}
