//! `argus store`: the store beside the bot, for whoever looks after it.

mod copy;
mod keep;

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
    Verify(Store),
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
        (None, Some(file)) => Ok(Place::of(&config::load(file)?.store)?),
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
        Command::Verify(store) => match store.named.data.as_deref() {
            Some(file) if copy::is_export(file) => keep::verify_export(file, store.format),
            _ => audit::verified(&store.place()?, store.format),
        },
        Command::Copy(args) => copy::run(args),
    }
}

/// Says what was done: `words` for people, `json` for programs.
fn done(format: Format, words: &str, json: &Value) -> Outcome {
    match format {
        Format::Json => say(&json.to_string())?,
        Format::Text => say(words)?,
    }
    Ok(Ended::Well)
}
