//! `argus audit`: works offline, and beside a running bot.

use std::path::{Path, PathBuf};

use argus_soc::ledger::fact::Fact;
use base64::Engine as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::output::{Format, say};
use super::serve::runtime;
use super::{Ended, Outcome};
use crate::adapters::postgres;
use crate::adapters::sqlite::{Report, export, verify};
use crate::app::Place;
use crate::config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prove that the audit trail is what was written: every record, every event, every table.
    #[command(after_help = "\
Examples:
  argus audit verify --data ./data/argus.db
  argus audit verify --config argus.toml --format json
  argus audit verify --data postgres://argus@127.0.0.1/argus

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
    /// The store: the database file, the folder that holds `argus.db`, or `postgres://user@host/db`.
    #[arg(long, visible_alias = "data-dir", value_name = "PATH")]
    data: Option<PathBuf>,
    /// The settings that name the store.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Store {
    /// The store that is meant.
    pub(super) fn place(&self) -> Result<Place, super::Complaint> {
        let config = self.config.as_deref().map(config::load).transpose()?;
        store_place(self.data.as_deref(), config.as_ref())
    }
}

/// The store that is named: what `data` says, or what the settings name.
pub(super) fn store_place(
    data: Option<&Path>,
    config: Option<&config::Config>,
) -> Result<Place, super::Complaint> {
    match (data, config) {
        (Some(data), _) => Ok(place(data)?),
        (None, Some(config)) => Ok(Place::of(&config.store)?),
        (None, None) => Ok(Place::Sqlite(PathBuf::from("data/argus.db"))),
    }
}

/// The store that an argument names: a URL, a file, or a folder with `argus.db`.
pub(super) fn place(data: &Path) -> Result<Place, config::ConfigError> {
    match data.to_str() {
        Some(url) if url.contains("://") || url.starts_with("sqlite:") => {
            Place::of(&config::Store::at(url))
        }
        _ if data.is_dir() => Ok(Place::Sqlite(data.join("argus.db"))),
        _ => Ok(Place::Sqlite(data.to_owned())),
    }
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Verify { store, format } => verified(&store.place()?, *format),
        Command::Export { store } => {
            exported(&store.place()?, |line| say(&line.to_string()).map_err(|it| it.0))
                .map_err(super::Complaint)?;
            Ok(Ended::Well)
        }
    }
}

/// Gives every record of a store to `line`.
pub(super) fn exported(
    place: &Place,
    line: impl FnMut(Value) -> Result<(), String>,
) -> Result<(), String> {
    match place {
        Place::Sqlite(path) => export(path, line),
        Place::Postgres(target) => {
            let runtime = runtime().map_err(|error| error.to_string())?;
            runtime.block_on(postgres::export(target, line))
        }
    }
}

/// Gives what every record of a store says to `each`, in order, with the raw body of an event.
pub(super) fn facts(
    place: &Place,
    mut each: impl FnMut(Fact, Option<Vec<u8>>) -> Result<(), super::Complaint>,
) -> Result<(), super::Complaint> {
    let mut line = |line: Value| -> Result<(), super::Complaint> {
        let payload = line.get("payload").and_then(Value::as_str).unwrap_or_default();
        let fact = Fact::read(payload.as_bytes()).map_err(|error| {
            let seq = line.get("seq").cloned().unwrap_or_default();
            super::Complaint(format!("record {seq} cannot be read: {error}"))
        })?;
        let raw = line.get("raw").and_then(Value::as_str);
        let raw = raw.and_then(|raw| base64::engine::general_purpose::STANDARD.decode(raw).ok());
        each(fact, raw)
    };
    exported(place, |it| line(it).map_err(|it| it.0)).map_err(super::Complaint)
}

/// Verifies a store without changing it.
pub(super) fn report(place: &Place) -> Result<Report, super::Complaint> {
    Ok(match place {
        Place::Sqlite(path) => verify(path)?,
        Place::Postgres(target) => runtime()?.block_on(postgres::verify(target))?,
    })
}

/// Verifies a store and says what was found.
pub(super) fn verified(place: &Place, format: Format) -> Outcome {
    say_report(&report(place)?, format)
}

/// Says what was found.
pub(super) fn say_report(report: &Report, format: Format) -> Outcome {
    match format {
        Format::Json => say(&json!({
            "intact": report.intact(),
            "records": report.records,
            "head": report.head,
            "pages": report.pages,
            "findings": report.findings,
        })
        .to_string())?,
        Format::Text => say(&words(report))?,
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
