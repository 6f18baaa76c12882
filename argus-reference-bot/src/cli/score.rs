//! `argus score`: what a score is made of, and what another model would have said.

mod answers;
mod compare;
mod explain;
pub(super) mod history;

use std::path::{Path, PathBuf};

use argus_soc::playbook::Playbook;
use argus_soc::score::{Model, read as read_model};
use clap::Subcommand;

use super::output::{read, say};
use super::{Complaint, Ended, Outcome};
use crate::config::{self, Config, Score};
use crate::flows::playbooks::Playbooks;
use crate::flows::scores::in_use;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Score an event term by term, with the decision and what would change it.
    #[command(after_help = "\
Examples:
  argus score explain alert.json
  argus score explain alert.json --intel malicious:90 --criticality 5 --previous 2
  argus score explain - --model argus-v1 --format json < alert.json
  argus score explain 6f0e7f0a-3c1b-5d7e-9a55-0d3e2f1c4b6a --data ./data/argus.db --model new.toml

An event in a file is one as its product sends it, or as `argus events normalise` writes it. What the
sources would say about it is given by options, and is unknown without them. An event id is looked for in
the store, with the answers that were recorded then.

Exit codes: 0 explained, 2 usage, or the event or model cannot be read.")]
    Explain(explain::Args),
    /// Score recorded history with a model before it is used; nothing is written.
    #[command(after_help = "\
Examples:
  argus score compare --model new.toml --data ./data/argus.db
  argus score compare --model argus-v1 --against seed-v1 --config argus.toml --format json

Each incident is scored with the answers that were recorded when it was opened, by both models, and decided
by the playbooks of today. Exit codes: 0 compared, 1 the history holds no incident, 2 usage or settings.")]
    Compare(compare::Args),
    /// Check models; exit code 1 if one does not read.
    #[command(after_help = "Example:\n  argus score lint score-models/*.toml")]
    Lint {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Explain(args) => explain::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Lint { files } => lint(files),
    }
}

/// Where models and playbooks come from.
#[derive(Debug, clap::Args)]
pub(super) struct From {
    /// The settings, which name the model in use, further models and playbooks.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of playbooks; by default that of the settings.
    #[arg(long, value_name = "DIR")]
    playbooks: Option<PathBuf>,
}

impl From {
    pub(super) fn config(&self) -> Result<Option<Config>, Complaint> {
        Ok(self.config.as_deref().map(config::load).transpose()?)
    }

    pub(super) fn playbooks(&self, config: Option<&Config>) -> Result<Vec<Playbook>, Complaint> {
        let configured = config.map(crate::app::playbooks::folder).transpose()?.flatten();
        let folder = self.playbooks.clone().or(configured);
        Ok(Playbooks::load(folder.as_deref())?.in_use().to_vec())
    }
}

/// The model of this name, or in this file.
pub(super) fn model(named: Option<&str>, config: Option<&Config>) -> Result<Model, Complaint> {
    let score = config.map(|it| it.score.clone()).unwrap_or_default();
    let named = named.unwrap_or(&score.model);
    let is_file = Path::new(named).extension().is_some_and(|it| it.eq_ignore_ascii_case("toml"));
    if is_file || named == "-" {
        return from_file(Path::new(named));
    }
    let folder = score.models.as_deref().map(|it| folder("score.models", it)).transpose()?;
    let wanted = Score { model: named.to_owned(), ..score.clone() };
    Ok(in_use(&wanted, folder.as_deref())?)
}

fn from_file(path: &Path) -> Result<Model, Complaint> {
    let shown = path.display().to_string();
    let text = String::from_utf8(read(path)?)
        .map_err(|_| Complaint(format!("{shown}: it is not UTF-8")))?;
    read_model(&shown, &text).map_err(|error| Complaint(error.to_string()))
}

fn folder(key: &str, source: &str) -> Result<PathBuf, Complaint> {
    let path = source.strip_prefix("folder:").filter(|path| !path.is_empty());
    path.map(PathBuf::from)
        .ok_or_else(|| Complaint(format!("{key}: `{source}` is not `folder:PATH`")))
}

fn lint(files: &[PathBuf]) -> Outcome {
    let mut bad = 0;
    for file in files {
        match from_file(file) {
            Ok(model) => say(&format!(
                "{}: ok, {} {}, {} terms, sha256 {}",
                file.display(),
                model.name,
                model.version,
                model.rules.len(),
                model.sha256
            ))?,
            Err(Complaint(text)) => {
                bad += 1;
                super::complain(&text);
            }
        }
    }
    Ok(if bad == 0 { Ended::Well } else { Ended::WithFindings })
}
