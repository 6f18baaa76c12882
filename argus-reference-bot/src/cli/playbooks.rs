//! `argus playbooks`.

mod replay;

use std::path::{Path, PathBuf};

use argus_soc::playbook::{parse, schema};
use clap::Subcommand;

use super::output::{Format, complain, read, say};
use super::{Complaint, Ended, Outcome};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check playbooks; exit code 1 if one does not load.
    #[command(after_help = "Example:\n  argus playbooks lint playbooks/*.yaml")]
    Lint {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Show a playbook as Argus reads it.
    Show {
        /// The file, or - for standard input.
        file: PathBuf,
        /// For whom to write.
        #[arg(long, value_enum, default_value = "json")]
        format: Format,
    },
    /// Print the JSON Schema of playbooks, for editors.
    #[command(after_help = "Examples:
  argus playbooks schema > playbook.schema.json

An editor that knows YAML (VS Code with its YAML extension, for one) then completes and checks a
playbook that begins with this line:
  # yaml-language-server: $schema=playbook.schema.json")]
    Schema,
    /// Run a new version over recorded history: what would start, ask and be done otherwise.
    #[command(after_help = "\
Examples:
  argus playbooks replay contain-host.yaml --data ./data/argus.db
  argus playbooks replay contain-host.yaml --config argus.toml --format json

Each recorded incident is decided twice with the answers that were recorded when it was opened: by the
playbooks of today, and with this one in the place of the one with its id. Nothing is sent or written.

Exit codes: 0 nothing would differ, 1 something would, or there is no history, 2 usage, or the playbook does not
load.")]
    Replay(replay::Args),
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Lint { files } => lint(files),
        Command::Replay(args) => replay::run(args),
        Command::Schema => {
            say(&serde_json::to_string_pretty(&schema())?)?;
            Ok(Ended::Well)
        }
        Command::Show { file, format } => {
            let playbook = parse(&file.display().to_string(), &text(file)?)
                .map_err(|error| Complaint(error.to_string()))?;
            match format {
                Format::Json => say(&serde_json::to_string_pretty(&playbook)?)?,
                Format::Text => say(&format!(
                    "{} {} ({}), {} steps",
                    playbook.id,
                    playbook.version,
                    playbook.name,
                    playbook.actions.len()
                ))?,
            }
            Ok(Ended::Well)
        }
    }
}

fn lint(files: &[PathBuf]) -> Outcome {
    let mut bad = 0;
    for file in files {
        match parse(&file.display().to_string(), &text(file)?) {
            Ok(playbook) => {
                playbook.warnings.iter().for_each(|warning| complain(&warning.to_string()));
                say(&format!("{}: ok, {} {}", file.display(), playbook.id, playbook.version))?;
            }
            Err(diagnostics) => {
                bad += 1;
                complain(&diagnostics.to_string());
            }
        }
    }
    Ok(if bad == 0 { Ended::Well } else { Ended::WithFindings })
}

fn text(file: &Path) -> Result<String, Complaint> {
    String::from_utf8(read(file)?)
        .map_err(|_| Complaint(format!("{}: it is not UTF-8", file.display())))
}
