//! `argus playbooks`.

mod diff;
mod exchange;
mod replay;
mod simulate;
mod states;
mod test;

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
    /// Run the tests beside playbooks (`NAME.test.yaml`); exit code 1 if one fails.
    #[command(after_help = "\
A file of tests, beside isolate.yaml as isolate.test.yaml:
  tests:
    - name: \"a host is cut off\"
      source: generic                # a shape; or leave it out
      event: {severity: high, entity_type: host, entity_value: ws-1}   # or event_file: alert.json
      suppose: {isolate: failed}     # done, failed, lost, foreign, unknown
      expect: {decision: ask_human, because: \"asset\", sent: [\"isolate: isolate_host ws-1\"], result: failed}

Example:
  argus playbooks test playbooks/isolate-host.yaml")]
    Test(test::Args),
    /// Show every effect that would be sent to an alert's entities, and in which order.
    #[command(after_help = "\
Examples:
  argus playbooks simulate contain.yaml --event alert.json
  argus playbooks simulate contain.yaml --event alert.json --suppose ticket=failed
  argus playbooks simulate contain.yaml --event alert.json --config argus.toml --format json

With --config each step shows the request that its connector would send, without credentials. Nothing is sent.")]
    Simulate(simulate::Args),
    /// Show what differs between two playbooks in what they do; exit code 1 if something does.
    #[command(
        after_help = "Example:\n  argus playbooks diff contain-1.3.0.yaml contain-1.4.0.yaml"
    )]
    Diff(diff::Args),
    /// Make a playbook of a CACAO 2.0 file; exit code 1 if something of it was left out.
    #[command(after_help = "\
Example:
  argus playbooks import cacao.json > imported.yaml

The playbook goes to standard output, and to standard error what became of each step. Shell, SSH and other code
is left out, and what is imported asks a person every time.")]
    Import(exchange::Import),
    /// Write a playbook as CACAO 2.0; what CACAO has not travels in an extension, and comes back.
    #[command(after_help = "Example:\n  argus playbooks export contain.yaml > contain.cacao.json")]
    Export(exchange::Export),
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
    /// Show how far each text has come, who reviewed it, and how its dry runs went.
    #[command(after_help = "\
Examples:
  argus playbooks states --data ./data/argus.db
  argus playbooks states --data ./data/argus.db --format json

It reads the records alone, beside a running bot. Playbooks that are built in, or trusted as they lie in a folder,
have no records.

Exit codes: 0 there are some, 1 nobody handed in a playbook, 2 usage or settings.")]
    States(states::Args),
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Lint { files } => lint(files),
        Command::Test(args) => test::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Import(args) => exchange::import(args),
        Command::Export(args) => exchange::export(args),
        Command::Replay(args) => replay::run(args),
        Command::States(args) => states::run(args),
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
