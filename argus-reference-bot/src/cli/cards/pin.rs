//! `argus cards pin`: a version stays in use whatever comes.

use argus_cards::History;
use serde_json::json;

use super::history::State;
use crate::cli::output::{Format, say};
use crate::cli::{Complaint, Ended, Outcome};

const EXAMPLES: &str = "\
Examples:
  argus cards pin alert 3f9a12cd0e4b      one template; `argus cards history alert` has the versions
  argus cards pin alert latest            take the pin away
  argus cards pin --bundle 41             all templates, as they were in bundle 41
  argus cards pin --bundle latest

A running bot picks the pin up by itself. What comes meanwhile is checked and kept, but not used.";

/// What takes a pin away.
const LATEST: &str = "latest";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The template.
    #[arg(required_unless_present = "bundle", requires = "version")]
    name: Option<String>,
    /// How the version's hash begins, or `latest`.
    version: Option<String>,
    /// Pin all templates to this bundle: its number, how its hash begins, or `latest`.
    #[arg(long, value_name = "VERSION", conflicts_with = "name")]
    bundle: Option<String>,
    #[command(flatten)]
    state: State,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Outcome {
    let history = args.state.open()?;
    let (what, pinned) = match (&args.bundle, &args.name, &args.version) {
        (Some(version), ..) => ("all templates".to_owned(), bundle(&history, version)?),
        (None, Some(name), Some(version)) => {
            (format!("`{name}`"), template(&history, name, version)?)
        }
        _ => return Err(Complaint("name a template and a version, or --bundle".to_owned())),
    };
    tell(&what, args.name.as_deref(), pinned.as_deref(), args.format)
}

fn template(history: &History, name: &str, version: &str) -> Result<Option<String>, Complaint> {
    if version == LATEST {
        // A name that never was is a mistake here too.
        history.versions(name)?;
        history.unpin(name)?;
        return Ok(None);
    }
    Ok(Some(history.pin(name, version)?))
}

fn bundle(history: &History, version: &str) -> Result<Option<String>, Complaint> {
    if version == LATEST {
        history.unpin_bundle()?;
        return Ok(None);
    }
    Ok(Some(history.pin_bundle(version)?))
}

/// Says what is pinned now.
pub(super) fn tell(
    what: &str,
    name: Option<&str>,
    pinned: Option<&str>,
    format: Format,
) -> Outcome {
    say(&match (format, pinned) {
        (Format::Json, _) => json!({ "template": name, "pinned": pinned }).to_string(),
        (Format::Text, Some(sha256)) => {
            let version: String = sha256.chars().take(12).collect();
            format!("{what}: pinned to {version}")
        }
        (Format::Text, None) => format!("{what}: not pinned, the newest version is used"),
    })?;
    Ok(Ended::Well)
}
