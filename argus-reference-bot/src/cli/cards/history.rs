//! `argus cards history`: what was in use, and what is pinned.

use std::path::PathBuf;

use argus_cards::{History, Version};
use jiff::Timestamp;
use serde_json::json;

use crate::cli::output::{Format, say};
use crate::cli::{Complaint, Ended, Outcome};
use crate::{config, templates};

const EXAMPLES: &str = "\
Examples:
  argus cards history                 the bundles, the newest first
  argus cards history alert           the versions of one template
  argus cards history alert --state data/templates --format json

The history is in the bot's state directory: `templates.state`, or `templates` beside the store.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The template; without one, all templates together.
    name: Option<String>,
    #[command(flatten)]
    state: State,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Where the history is.
#[derive(Debug, clap::Args)]
pub(super) struct State {
    /// The settings of the bot.
    #[arg(long, value_name = "FILE", default_value = "argus.toml")]
    config: PathBuf,
    /// The state directory, instead of the one that the settings name.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl State {
    pub(super) fn open(&self) -> Result<History, Complaint> {
        let state = match &self.state {
            Some(state) => state.clone(),
            None => templates::state(&config::load(&self.config)?),
        };
        Ok(History::open(state)?)
    }
}

pub(super) fn run(args: &Args) -> Outcome {
    let history = args.state.open()?;
    let versions = match &args.name {
        Some(name) => history.versions(name)?,
        None => history.bundles()?,
    };
    match args.format {
        Format::Json => {
            let shown = json!({ "template": args.name, "versions": versions });
            say(&serde_json::to_string_pretty(&shown)?)?;
        }
        Format::Text if versions.is_empty() => say("nothing was in use yet")?,
        Format::Text => {
            say("version       bundle  in use since          from")?;
            for version in &versions {
                say(&line(version, versions.iter().any(|it| it.pinned)))?;
            }
        }
    }
    Ok(Ended::Well)
}

fn line(version: &Version, is_any_pinned: bool) -> String {
    let since = Timestamp::from_millisecond(version.at_unix_ms).unwrap_or_default();
    let since = since.strftime("%Y-%m-%d %H:%M:%S");
    let mark = match (version.pinned, version.newest) {
        (true, _) => "  pinned, in use",
        (false, true) if is_any_pinned => "  newest, waits",
        (false, true) => "  in use",
        (false, false) => "",
    };
    format!("{:<12}  {:>6}  {since}  {}{mark}", version.version, version.bundle, version.source)
}
