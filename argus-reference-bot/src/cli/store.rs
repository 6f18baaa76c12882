//! `argus store`: the store beside the bot, for whoever looks after it.

mod archive;
mod copy;
mod keep;

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::Value;

use super::output::{Format, say};
use super::{Complaint, Ended, Outcome, audit};
use crate::app::Place;
use crate::config::{self, SecretRef};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make the tables that this version needs. Records stay as they are.
    #[command(after_help = "\
Examples:
  argus store migrate --config argus.toml
  argus store migrate --data postgres://argus@db/argus --password env:ARGUS_DB --format json

On PostgreSQL this goes on beside running replicas of the version before, unless the change log says
to stop them; they wait meanwhile. `argus serve` does it too.")]
    Migrate(Store),
    /// Make all tables anew from the records.
    #[command(after_help = "\
Examples:
  argus store rebuild --config argus.toml

The records are the truth and stay as they are. Stop the bot first if the store is a file; on
PostgreSQL replicas refuse events (503) and write nothing while it is done.")]
    Rebuild(Store),
    /// Write a copy that can be verified and restored, while the bot runs.
    #[command(after_help = "\
Examples:
  argus store backup --config argus.toml --to backup.db         a SQLite store: a store again
  argus store backup --config argus.toml --to backup.jsonl      PostgreSQL: the chain, a line a record
  argus store verify --data backup.jsonl                        prove that it is whole

To restore: `argus store copy --from backup.jsonl --to …` into an empty store.")]
    Backup {
        #[command(flatten)]
        store: Store,
        /// The new file.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Prove that a store, or a backup, is what was written.
    #[command(after_help = "\
Examples:
  argus store verify --config argus.toml
  argus store verify --data backup.jsonl --format json

Exit code 1 if anything is not as it was written.")]
    Verify {
        #[command(flatten)]
        store: Store,
        /// Prove the archives of old bodies in this folder too.
        #[arg(long, value_name = "FOLDER")]
        archives: Option<PathBuf>,
    },
    /// Write the bodies of old events into files beside the store, which then needs less room.
    #[command(after_help = "\
Examples:
  argus store archive --config argus.toml                      as store.retention says
  argus store archive --data ./data/argus.db --days 90 --to ./archive
  argus store verify --config argus.toml --archives ./archive  prove the store and its archives

Records and their hashes stay, so the audit trail is proven as before. Bodies of events that wait or
belong to an open incident stay too. With [store.retention] a running bot does this itself; stop it
before you do it by hand to a store that is a file.")]
    Archive {
        #[command(flatten)]
        store: Store,
        /// Days that a body stays in the store after it came in.
        #[arg(long, requires = "to")]
        days: Option<NonZeroU16>,
        /// The folder of the archives.
        #[arg(long, value_name = "FOLDER", requires = "days")]
        to: Option<PathBuf>,
    },
    /// Copy a store into another one, every byte of its chain, and go on where a copy was broken off.
    #[command(after_help = "\
Examples:
  argus store copy --from ./data/argus.db --to postgres://argus@db/argus --password env:ARGUS_DB
  argus store copy --from postgres://argus@127.0.0.1/argus --to copy.db
  argus store copy --from backup.jsonl --to restored.db
  argus store copy --from-config old.toml --to-config new.toml     passwords and certificates in them

The other store must be empty, or hold the beginning of the same chain; exit code 2 if it holds
another one. The bot may run on the store that is copied, but stop it before the last run, or what
comes in meanwhile stays behind. A server whose certificate the system does not know is named by
settings (`store.tls_ca`).")]
    Copy(copy::Args),
}

/// A store, and how to say what was done with it.
#[derive(Debug, clap::Args)]
pub(super) struct Store {
    #[command(flatten)]
    named: Named,
    /// The password for PostgreSQL: `env:NAME` or `file:PATH`.
    #[arg(long, value_name = "SECRET")]
    password: Option<SecretRef>,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Named {
    /// The store: a database file, the folder that holds `argus.db`, or `postgres://user@host/db`.
    #[arg(long, value_name = "PLACE")]
    data: Option<PathBuf>,
    /// The settings that name the store.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Store {
    /// What the settings say of old bodies.
    fn retention(&self) -> Result<Option<config::Retention>, Complaint> {
        let config = self.named.config.as_deref().map(config::load).transpose()?;
        Ok(config.and_then(|config| config.store.retention))
    }

    fn place(&self) -> Result<Place, Complaint> {
        let Named { data, config } = &self.named;
        named(data.as_deref(), config.as_deref(), self.password.as_ref())
    }
}

/// The store that one of two arguments names.
fn named(
    data: Option<&Path>,
    config: Option<&Path>,
    password: Option<&SecretRef>,
) -> Result<Place, Complaint> {
    match (data, config) {
        (Some(data), _) => place(data, password),
        (None, Some(file)) => super::place_of(&config::load(file)?),
        (None, None) => Err(Complaint("name a store, or the settings that name it".into())),
    }
}

/// The store that an argument names.
fn place(data: &Path, password: Option<&SecretRef>) -> Result<Place, Complaint> {
    match data.to_str() {
        Some(url) if url.starts_with("postgres") && url.contains("://") => {
            let mut store = config::Store::at(url);
            store.password = password.cloned();
            Ok(Place::of(&store)?)
        }
        _ => Ok(audit::place(data)?),
    }
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Migrate(store) => keep::migrate(&store.place()?, store.format),
        Command::Rebuild(store) => keep::rebuild(&store.place()?, store.format),
        Command::Backup { store, to } => keep::backup(&store.place()?, to, store.format),
        Command::Verify { store, archives } => {
            let export = store.named.data.as_deref().filter(|file| copy::is_export(file));
            let mut report = match export {
                Some(file) => keep::check_export(file)?,
                None => audit::report(&store.place()?)?,
            };
            if let Some(folder) = archives {
                report.findings.extend(match export {
                    Some(file) => archive::check_of_export(file, folder)?,
                    None => archive::check_of_store(&store.place()?, folder)?,
                });
            }
            audit::say_report(&report, store.format)
        }
        Command::Archive { store, days, to } => {
            let settings = match (days, to) {
                (Some(days), Some(to)) => {
                    Some(config::Retention { days: *days, archive: to.clone() })
                }
                _ => store.retention()?,
            };
            let why = "say --days and --to, or name settings with [store.retention] by --config";
            let settings = settings.ok_or_else(|| Complaint(why.into()))?;
            archive::run(&store.place()?, &settings, store.format)
        }
        Command::Copy(args) => copy::run(args),
    }
}

/// Complains if there is no store, which opening would make.
fn there_is(place: &Place) -> Result<(), Complaint> {
    if place.exists() {
        return Ok(());
    }
    Err(Complaint(format!("there is no store at {}", place.name())))
}

/// Says what was done: `words` for people, `json` for programs.
fn done(format: Format, words: &str, json: &Value) -> Outcome {
    match format {
        Format::Json => say(&json.to_string())?,
        Format::Text => say(words)?,
    }
    Ok(Ended::Well)
}
