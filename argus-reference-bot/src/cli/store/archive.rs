//! `argus store archive`, and the proof of what it wrote.

use std::path::Path;

use argus_bot_sdk::{Clock as _, SystemClock};
use argus_soc::ledger::fact::What;
use serde_json::json;

use super::{copy, done, there_is};
use crate::adapters::archive::{Recorded, check};
use crate::adapters::verify::Finding;
use crate::app::{Place, retention_of};
use crate::cli::audit::facts;
use crate::cli::output::Format;
use crate::cli::serve::runtime;
use crate::cli::{Complaint, Outcome};
use crate::config;

/// Archives what is old by the settings.
pub(super) fn run(place: &Place, settings: &config::Retention, format: Format) -> Outcome {
    there_is(place)?;
    let retention = retention_of(settings)?;
    let archived = runtime()?.block_on(async {
        let ledger = place.open().await?;
        let archived = retention.archive(ledger.as_ref(), SystemClock.now(), None).await;
        ledger.settle().await?;
        Ok::<_, Complaint>(archived?)
    })?;
    let (name, files) = (place.name(), archived.files.join(", "));
    let words = if archived.events == 0 {
        format!("{name}: no body is older than {} days", settings.days)
    } else {
        let (events, bytes) = (archived.events, archived.bytes);
        format!("{name}: {events} bodies of {bytes} bytes are in {files}")
    };
    let told = json!({
        "store": name,
        "files": archived.files,
        "events": archived.events,
        "bytes": archived.bytes,
    });
    done(format, &words, &told)
}

/// Proves the archives that a store has recorded.
pub(super) fn check_of_store(place: &Place, folder: &Path) -> Result<Vec<Finding>, Complaint> {
    let (mut findings, mut seq) = (Vec::new(), 0);
    facts(place, |fact, _| {
        seq += 1;
        findings.extend(finding(seq, fact.what, folder));
        Ok(())
    })?;
    Ok(findings)
}

/// Proves the archives that an export has recorded.
pub(super) fn check_of_export(file: &Path, folder: &Path) -> Result<Vec<Finding>, Complaint> {
    let mut findings = Vec::new();
    for link in copy::export(file)? {
        let link = link?;
        findings.extend(finding(link.seq, link.fact()?.what, folder));
    }
    Ok(findings)
}

/// What is wrong with the archive that a record tells of, if it tells of one.
fn finding(seq: u64, what: What, folder: &Path) -> Option<Finding> {
    let What::Archived { file, file_sha256: sha256, events, .. } = what else { return None };
    let wrong = check(folder, &Recorded { seq, file, sha256, events }).err();
    wrong.map(|what| Finding { seq: Some(seq), place: "archives".into(), what })
}
