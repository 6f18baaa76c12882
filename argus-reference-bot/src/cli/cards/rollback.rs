//! `argus cards rollback`: the version before is used again.

use super::history::State;
use super::pin::tell;
use crate::cli::output::Format;
use crate::cli::{Complaint, Outcome};

const EXAMPLES: &str = "\
Examples:
  argus cards rollback alert                the version before the one in use
  argus cards rollback alert 3f9a12cd0e4b   this version
  argus cards rollback --bundle             all templates, as they were one change before
  argus cards pin alert latest              forward again, when the newest version is good

A roll-back pins the version, so that the broken one does not come back with the next change.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The template.
    #[arg(required_unless_present = "bundle")]
    name: Option<String>,
    /// How the version's hash begins; without one, the version before the one in use.
    version: Option<String>,
    /// Roll all templates back, to the bundle before or to this one.
    #[arg(long, value_name = "VERSION", num_args = 0..=1, default_missing_value = "", conflicts_with = "name")]
    bundle: Option<String>,
    #[command(flatten)]
    state: State,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Outcome {
    let history = args.state.open()?;
    let (what, pinned) = match (&args.bundle, &args.name) {
        (Some(version), _) => {
            let version = Some(version.as_str()).filter(|version| !version.is_empty());
            ("all templates".to_owned(), history.roll_back_bundle(version)?)
        }
        (None, Some(name)) => {
            (format!("`{name}`"), history.roll_back(name, args.version.as_deref())?)
        }
        (None, None) => return Err(Complaint("name a template, or --bundle".to_owned())),
    };
    tell(&what, args.name.as_deref(), Some(&pinned), args.format)
}
