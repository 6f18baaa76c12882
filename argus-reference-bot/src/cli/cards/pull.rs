//! `argus cards pull`: the templates of the configured source into a folder.

use std::path::PathBuf;
use std::sync::Arc;

use argus_bot_sdk::{Clock, SystemClock};
use argus_cards::source::Snapshot;
use serde_json::json;

use super::desk::{files, write};
use crate::cli::output::{Format, complain, say};
use crate::cli::serve::runtime;
use crate::cli::{Complaint, Ended, Outcome};
use crate::identity::{self, Identity};
use crate::{config, templates};

const EXAMPLES: &str = "\
Examples:
  argus cards pull                                  into ./card-templates
  argus cards pull --config argus.toml --into work  from the source that the settings name
  argus cards pull --force                          also over files that were changed here

Only published versions come. Files that are here and not in the source stay.
Exit codes: 0 all is here, 1 some files differ and were left alone, 2 usage or settings.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The settings of the bot.
    #[arg(long, value_name = "FILE", default_value = "argus.toml")]
    config: PathBuf,
    /// Where to write.
    #[arg(long, value_name = "DIR", default_value = "card-templates")]
    into: PathBuf,
    /// Write over files that differ.
    #[arg(long)]
    force: bool,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What became of the files.
#[derive(Default)]
struct Pulled {
    written: Vec<String>,
    same: usize,
    differ: Vec<String>,
}

pub(super) fn run(args: &Args) -> Outcome {
    let config = config::load(&args.config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let cloud = identity::cloud(&config.bot)?;
    let identity = Identity::of(&config.bot, cloud, &clock)?;
    let source = templates::open_source(&config, cloud, &identity)?;
    let found = runtime()?.block_on(source.fetch(&Snapshot::default()))?.unwrap_or_default();
    for left_out in found.left_out() {
        complain(&left_out.to_string());
    }
    let pulled = pull(&found, args)?;
    tell(&source.name(), &pulled, args)?;
    Ok(if pulled.differ.is_empty() { Ended::Well } else { Ended::WithFindings })
}

fn pull(found: &Snapshot, args: &Args) -> Result<Pulled, Complaint> {
    let here = if args.into.is_dir() { files(&args.into)? } else { Snapshot::default() };
    let mut pulled = Pulled::default();
    for (path, file) in found.files() {
        match here.file(path) {
            Some(other) if other.bytes == file.bytes => pulled.same += 1,
            Some(_) if !args.force => pulled.differ.push(path.to_owned()),
            _ => {
                write(&args.into.join(path), &file.bytes)?;
                pulled.written.push(path.to_owned());
            }
        }
    }
    Ok(pulled)
}

fn tell(source: &str, pulled: &Pulled, args: &Args) -> Result<(), Complaint> {
    let Pulled { written, same, differ } = pulled;
    if args.format == Format::Json {
        let into = args.into.display().to_string();
        let shown = json!({
            "source": source, "into": into, "written": written, "same": same, "differ": differ,
        });
        return say(&serde_json::to_string_pretty(&shown)?);
    }
    for path in written {
        say(&format!("written    {path}"))?;
    }
    for path in differ {
        say(&format!("differs    {path}; `--force` writes over it"))?;
    }
    let (written, differ) = (written.len(), differ.len());
    say(&format!("{source}: {written} written, {same} the same, {differ} left alone"))
}
