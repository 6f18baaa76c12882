//! `argus playbooks import` and `export`: playbooks of other tools, and ours for them.

use std::path::PathBuf;

use argus_soc::playbook::{cacao, parse};
use serde_json::json;

use super::text;
use crate::cli::output::{Format, complain, read, say};
use crate::cli::{Complaint, Ended, Outcome};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Import {
    /// The CACAO 2.0 file, or - for standard input.
    file: PathBuf,
    /// For whom to write: the playbook as YAML, or that and the report as JSON.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Export {
    /// The playbook, or - for standard input.
    file: PathBuf,
}

pub(super) fn import(args: &Import) -> Outcome {
    let shown = args.file.display().to_string();
    let imported = cacao::import(&read(&args.file)?)
        .map_err(|error| Complaint(format!("{shown}: {error}")))?;
    // What was made has to be one of ours, whatever stood in the file.
    parse(&shown, &imported.yaml).map_err(|error| Complaint(error.to_string()))?;
    match args.format {
        Format::Json => {
            let all = json!({"playbook": imported.yaml, "report": imported.report});
            say(&serde_json::to_string_pretty(&all)?)?;
        }
        Format::Text => {
            say(imported.yaml.trim_end())?;
            for note in &imported.report {
                let step = if note.step.is_empty() { "the playbook" } else { &note.step };
                complain(&format!("{step}: {}", note.what));
            }
        }
    }
    let refused = imported.report.iter().any(|note| note.refused);
    Ok(if refused { Ended::WithFindings } else { Ended::Well })
}

pub(super) fn export(args: &Export) -> Outcome {
    let playbook = parse(&args.file.display().to_string(), &text(&args.file)?)
        .map_err(|error| Complaint(error.to_string()))?;
    say(&cacao::export(&playbook)?)?;
    Ok(Ended::Well)
}
