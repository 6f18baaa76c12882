//! `argus audit`: works offline, and beside a running bot.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::output::{Format, say};
use super::{Ended, Outcome};
use crate::adapters::sqlite::{Report, export, verify};
use crate::config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prove that the audit trail is what was written: every record, every event, every table.
    #[command(after_help = "\
Examples:
  argus audit verify --data ./data/argus.db
  argus audit verify --config argus.toml --format json

Exit code 1 if anything is not as it was written; the finding names the record.")]
    Verify {
        #[command(flatten)]
        store: Store,
        /// For whom to write.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Write every record as a line of JSON: seq, prev, hash and payload, as stored.
    Export {
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Store {
    /// The store: the database file, or the folder that holds `argus.db`.
    #[arg(long, visible_alias = "data-dir", value_name = "PATH")]
    data: Option<PathBuf>,
    /// The settings that name the store.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Store {
    fn path(&self) -> Result<PathBuf, super::Complaint> {
        let config = self.config.as_deref().map(config::load).transpose()?;
        store_path(self.data.as_deref(), config.as_ref())
    }
}

/// The store that is named: the database file, the folder that holds `argus.db`, or what the settings
/// name.
pub(super) fn store_path(
    data: Option<&Path>,
    config: Option<&config::Config>,
) -> Result<PathBuf, super::Complaint> {
    match (data, config) {
        (Some(data), _) if data.is_dir() => Ok(data.join("argus.db")),
        (Some(data), _) => Ok(data.to_owned()),
        (None, Some(config)) => Ok(config.store.sqlite_path()?),
        (None, None) => Ok(PathBuf::from("data/argus.db")),
    }
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Verify { store, format } => verified(&store.path()?, *format),
        Command::Export { store } => {
            export(&store.path()?, |line| say(&line.to_string()).map_err(|it| it.0))
                .map_err(super::Complaint)?;
            Ok(Ended::Well)
        }
    }
}

fn verified(path: &Path, format: Format) -> Outcome {
    let report = verify(path)?;
    match format {
        Format::Json => say(&json!({
            "intact": report.intact(),
            "records": report.records,
            "head": report.head,
            "pages": report.pages,
            "findings": report.findings,
        })
        .to_string())?,
        Format::Text => say(&words(&report))?,
    }
    Ok(if report.intact() { Ended::Well } else { Ended::WithFindings })
}

fn words(report: &Report) -> String {
    if report.intact() {
        let pages =
            report.pages.map_or_else(String::new, |pages| format!(", {pages} pages byte for byte"));
        return format!("intact: {} records{pages}, head {}", report.records, report.head);
    }
    let mut text = format!("NOT intact: {} records hold, then:", report.records);
    for finding in &report.findings {
        let place = match finding.seq {
            Some(seq) => format!("{}, record {seq}", finding.place),
            None => finding.place.clone(),
        };
        text = format!(
            "{text}
  {place}: {}",
            finding.what
        );
    }
    text
}
