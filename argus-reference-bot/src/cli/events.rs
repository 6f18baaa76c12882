//! `argus events`.

use std::path::PathBuf;

use argus_bot_sdk::{Clock, SystemClock};
use argus_soc::event::{Shape, Source, normalise};
use clap::Subcommand;

use super::output::{read, say};
use super::{Complaint, Ended, Outcome};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show an alert as Argus reads it.
    #[command(after_help = "\
Examples:
  argus events normalise --source auto alert.json
  cat alert.json | argus events normalise --source guardduty -")]
    Normalise {
        /// What the alert looks like: `auto`, `generic`, `sentinel_trigger`,
        /// `sentinel_arm`, `graph_alerts_v2`, `guardduty`.
        #[arg(long, default_value = "auto")]
        source: String,
        /// The file, or - for standard input.
        file: PathBuf,
    },
}

pub(super) fn run(command: &Command) -> Outcome {
    let Command::Normalise { source, file } = command;
    let shape: Shape = source.parse()?;
    let raw = read(file)?;
    let named =
        Source { name: if shape == Shape::Auto { "" } else { source }, shape, tenant: None };
    let event = normalise(&raw, &named, SystemClock.now())
        .map_err(|error| Complaint(format!("{}: {error}", file.display())))?;
    say(&serde_json::to_string_pretty(&event)?)?;
    Ok(Ended::Well)
}
