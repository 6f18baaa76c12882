//! What is done to one store.

use std::io::Write as _;
use std::path::Path;

use argus_soc::ledger::Verifier;
use serde_json::json;

use super::copy::export;
use super::{done, there_is};
use crate::adapters::verify::{Finding, Report};
use crate::adapters::{postgres, sqlite};
use crate::app::Place;
use crate::cli::audit::{exported, say_report};
use crate::cli::output::Format;
use crate::cli::serve::runtime;
use crate::cli::{Complaint, Outcome};

/// Opening a store makes what it misses.
pub(super) fn migrate(place: &Place, format: Format) -> Outcome {
    there_is(place)?;
    let (records, head) = runtime()?.block_on(async {
        let chain = place.chain().await?;
        chain.end().await
    })?;
    let name = place.name();
    done(
        format,
        &format!("{name} is as this version needs it; {records} records, head {head}"),
        &json!({ "store": name, "records": records, "head": head.to_string() }),
    )
}

pub(super) fn rebuild(place: &Place, format: Format) -> Outcome {
    let records = match place {
        Place::Sqlite(path) => sqlite::rebuild(path)?,
        Place::Postgres(target) => runtime()?.block_on(postgres::rebuild(target))?,
    };
    let name = place.name();
    done(
        format,
        &format!("{name}: the tables are made anew from {records} records"),
        &json!({ "store": name, "records": records }),
    )
}

pub(super) fn backup(place: &Place, to: &Path, format: Format) -> Outcome {
    if to.exists() {
        return Err(Complaint(format!("{} is there already; name a new file", to.display())));
    }
    match place {
        Place::Sqlite(path) => sqlite::backup(path, to)?,
        Place::Postgres(_) => lines(place, to).inspect_err(|_| drop(std::fs::remove_file(to)))?,
    }
    let report = match place {
        Place::Sqlite(_) => sqlite::verify(to)?,
        Place::Postgres(_) => check_export(to)?,
    };
    if !report.intact() {
        return say_report(&report, format);
    }
    let (file, records, head) = (to.display().to_string(), report.records, &report.head);
    done(
        format,
        &format!("{file}: {records} records, verified, head {head}"),
        &json!({ "file": file, "records": records, "head": head }),
    )
}

/// Writes the chain, a line a record, and syncs it.
fn lines(place: &Place, to: &Path) -> Result<(), Complaint> {
    let mut out = std::io::BufWriter::new(std::fs::File::create_new(to)?);
    exported(place, |line| writeln!(out, "{line}").map_err(|error| error.to_string()))
        .map_err(Complaint)?;
    let file = out.into_inner().map_err(|error| Complaint(error.to_string()))?;
    Ok(file.sync_all()?)
}

/// Verifies the chain in an export.
pub(super) fn check_export(file: &Path) -> Result<Report, Complaint> {
    let mut verifier = Verifier::default();
    let mut findings = Vec::new();
    for link in export(file)? {
        let checked = link.and_then(|link| {
            verifier.check(&link.stored()).map_err(|broken| Complaint(broken.why))
        });
        if let Err(Complaint(what)) = checked {
            let seq = Some(verifier.head().0 + 1);
            findings.push(Finding { seq, place: "records".into(), what });
            break;
        }
    }
    if findings.is_empty()
        && let Err(broken) = verifier.finish()
    {
        findings.push(Finding { seq: Some(broken.seq), place: "records".into(), what: broken.why });
    }
    let (records, head) = verifier.head();
    Ok(Report { records, head: head.to_string(), pages: None, notes: None, findings })
}
