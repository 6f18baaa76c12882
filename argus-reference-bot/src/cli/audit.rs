//! `argus audit`: works offline, and beside a running bot.

mod notes;
mod search;

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
use crate::adapters::verify::{Finding, verify_export};
use crate::app::Place;
use crate::config;
use crate::flows::anchor::{Comparison, Head};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prove that the audit trail is what was written: every record, every event, every table.
    #[command(after_help = "\
Examples:
  argus audit verify --data ./data/argus.db
  argus audit verify --config argus.toml --format json
  argus audit verify --data postgres://argus@127.0.0.1/argus
  argus audit verify --config argus.toml --anchor
  argus audit verify --data ./data/argus.db --notes notes.json
  argus audit verify --export records.jsonl --notes notes.json

Exit code 1 if anything is not as it was written; the finding names the record.")]
    Verify {
        #[command(flatten)]
        trail: Trail,
        /// Compare with the heads noted outside, which the settings name: finds an end that was cut
        /// off, and a chain that was written anew as a whole.
        #[arg(long, requires = "config", conflicts_with = "notes")]
        anchor: bool,
        /// Compare with the rows of the anchor's table, exported to this file: lines of JSON, a list,
        /// or what the service answers to a query.
        #[arg(long, value_name = "FILE")]
        notes: Option<PathBuf>,
        /// For whom to write.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Write every record as a line of JSON: seq, prev, hash and payload, as stored.
    #[command(after_help = "\
Examples:
  argus audit export --data ./data/argus.db > records.jsonl
  argus audit export --config argus.toml --incident INC-7 > inc-7.jsonl

With a filter it is an extract: each line still has its own hash, but only the whole is a chain that
`docs/verify_audit.py` can prove.")]
    Export {
        #[command(flatten)]
        store: Store,
        #[command(flatten)]
        filters: search::Filters,
    },
    /// Find records: who did what, when, to which incident. Works on an export as well.
    #[command(after_help = "\
Examples:
  argus audit search --config argus.toml --who ann --since 7d
  argus audit search --data ./data/argus.db --kind access.refused
  argus audit search --data ./data/argus.db --incident INC-7 --format json
  argus audit search --export records.jsonl --kind approval --text ws-042

Exit code 1 if nothing is found.")]
    Search {
        #[command(flatten)]
        trail: Trail,
        #[command(flatten)]
        filters: search::Filters,
        /// Show the last so many; 0 for all.
        #[arg(long, default_value_t = 200)]
        limit: usize,
        /// For whom to write.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
}

/// A store, or an export.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Trail {
    /// The store: the database file, the folder that holds `argus.db`, or `postgres://user@host/db`.
    #[arg(long, visible_alias = "data-dir", value_name = "PATH")]
    data: Option<PathBuf>,
    /// The settings that name the store.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What `argus audit export` wrote, or - for standard input.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

/// Where the records are.
enum From {
    Store(Place),
    Export(PathBuf),
}

impl Trail {
    fn from(&self) -> Result<From, super::Complaint> {
        if let Some(export) = &self.export {
            return Ok(From::Export(export.clone()));
        }
        let config = self.config.as_deref().map(config::load).transpose()?;
        Ok(From::Store(store_place(self.data.as_deref(), config.as_ref())?))
    }
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
        (None, Some(config)) => super::place_of(config),
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
        Command::Verify { trail, anchor, notes, format } => {
            let notes = match (notes, &trail.config) {
                (Some(file), _) => Some(notes::from_file(file)?),
                (None, Some(config)) if *anchor => Some(notes::from_anchor(config)?),
                _ => None,
            };
            say_report(&proven(&trail.from()?, notes)?, *format)
        }
        Command::Export { store, filters } => {
            let (from, search) = (From::Store(store.place()?), filters.search());
            if search == argus_soc::ledger::search::Search::default() {
                exported(&store.place()?, |line| say(&line.to_string()).map_err(|it| it.0))
                    .map_err(super::Complaint)?;
            } else {
                search::found(&from, &search, |line, _| say(&line.to_string()).map_err(|it| it.0))?;
            }
            Ok(Ended::Well)
        }
        Command::Search { trail, filters, limit, format } => {
            search::run(&trail.from()?, &filters.search(), *limit, *format)
        }
    }
}

/// Verifies a trail, and compares it with what was noted outside.
fn proven(from: &From, notes: Option<Vec<Head>>) -> Result<Report, super::Complaint> {
    let compared = notes.as_ref().map(Vec::len);
    let mut comparison = notes.map(Comparison::with);
    let mut compare = |seq: u64, hash: &str| {
        if let Some(comparison) = &mut comparison {
            comparison.record(seq, hash);
        }
    };
    let mut report = match from {
        From::Export(path) => verify_export(export_lines(path)?, compare),
        From::Store(place) => {
            let report = report(place)?;
            if compared.is_some() {
                exported(place, |line| {
                    let hash = line.get("hash").and_then(Value::as_str).unwrap_or_default();
                    compare(line.get("seq").and_then(Value::as_u64).unwrap_or_default(), hash);
                    Ok(())
                })
                .map_err(super::Complaint)?;
            }
            report
        }
    };
    report.notes = compared;
    let found = comparison.map(Comparison::end).into_iter().flatten();
    report.findings.extend(found.map(|it| Finding::at(it.seq, "anchor", it.what)));
    Ok(report)
}

/// The lines of an export.
fn export_lines(
    path: &Path,
) -> Result<Box<dyn Iterator<Item = std::io::Result<String>>>, super::Complaint> {
    use std::io::BufRead as _;
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin().lines()));
    }
    let file = std::fs::File::open(path);
    let file = file.map_err(|error| super::Complaint(format!("{}: {error}", path.display())))?;
    Ok(Box::new(std::io::BufReader::new(file).lines()))
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

/// Says what was found.
pub(super) fn say_report(report: &Report, format: Format) -> Outcome {
    match format {
        Format::Json => say(&json!({
            "intact": report.intact(),
            "records": report.records,
            "head": report.head,
            "pages": report.pages,
            "notes": report.notes,
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
        let notes =
            report.notes.map_or_else(String::new, |it| format!(", {it} notes outside agree"));
        return format!("intact: {} records{pages}{notes}, head {}", report.records, report.head);
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
