//! `argus cards contract`.

use std::path::{Path, PathBuf};

use argus_cards::lint::{self, Report};
use argus_cards::{Contract, Options, Template};
use clap::{Args as Arguments, ValueEnum};
use serde_json::Value;

use crate::cli::output::say;
use crate::cli::{Complaint, Ended, Outcome};
use crate::view::data;

const EXAMPLES: &str = "\
Examples:
  argus cards contract                            check all templates of card-templates
  argus cards contract designs --format json      the same for another folder, for programs
  argus cards contract --write                    write the contracts of the bot's own templates
  argus cards contract --editor-schema            write an editor schema beside each contract

A contract is the JSON Schema of what a template is given: NAME/contract.schema.json. The editor
schema (NAME/editor.schema.json) makes an editor complete paths and know $data and $when; for VS Code:
  \"json.schemas\": [{ \"fileMatch\": [\"alert.card.json\"], \"url\": \"./card-templates/alert/editor.schema.json\" }]
Exit codes: 0 no error, 1 errors, 2 usage.";

/// Which contracts to check or to write.
#[derive(Debug, Arguments)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The templates' folder.
    #[arg(value_name = "DIR", default_value = "card-templates")]
    folder: PathBuf,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write the contracts of the bot's own templates, as its types have them.
    #[arg(long, conflicts_with = "editor_schema")]
    write: bool,
    /// Write editor.schema.json beside each contract.
    #[arg(long)]
    editor_schema: bool,
}

/// For whom a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// People.
    Text,
    /// Programs.
    Json,
    /// Code scanning.
    Sarif,
}

pub(super) fn run(args: &Args) -> Outcome {
    if args.write {
        return write(&args.folder);
    }
    let found = contracts(&args.folder)?;
    if found.is_empty() {
        let folder = args.folder.display();
        return Err(Complaint(format!("no template in `{folder}` has a contract.schema.json")));
    }
    if args.editor_schema {
        for (folder, contract, _) in &found {
            save(&folder.join("editor.schema.json"), &contract.editor_schema())?;
        }
        return Ok(Ended::Well);
    }
    let mut reports = Vec::new();
    for (_, contract, file) in &found {
        reports.extend(contract.check(&compiled(&args.folder, file)?));
    }
    let shown = match args.format {
        Format::Text => lint::to_text(&reports).trim_end().to_owned(),
        Format::Json => serde_json::to_string_pretty(&lint::to_json(&reports))?,
        Format::Sarif => serde_json::to_string_pretty(&lint::to_sarif(&reports))?,
    };
    say(&shown)?;
    let failed = reports.iter().any(Report::has_errors);
    Ok(if failed { Ended::WithFindings } else { Ended::Well })
}

fn write(folder: &Path) -> Outcome {
    for (name, schema) in data::contracts() {
        let file = folder.join(name).join("contract.schema.json");
        std::fs::write(&file, data::written(&schema)).map_err(|error| complaint(&file, &error))?;
        say(&format!("wrote {}", file.display()))?;
    }
    Ok(Ended::Well)
}

fn save(file: &Path, schema: &Value) -> Result<(), Complaint> {
    let text = format!("{}\n", serde_json::to_string_pretty(schema)?);
    std::fs::write(file, text).map_err(|error| complaint(file, &error))?;
    say(&format!("wrote {}", file.display()))
}

fn complaint(file: &Path, error: &std::io::Error) -> Complaint {
    Complaint(format!("{}: {error}", file.display()))
}

fn text(file: &Path) -> Result<String, Complaint> {
    std::fs::read_to_string(file).map_err(|error| complaint(file, &error))
}

/// A template with what it includes.
fn compiled(folder: &Path, file: &Path) -> Result<Template, Complaint> {
    let name = file.strip_prefix(folder).unwrap_or(file).display().to_string();
    let partials = |path: &str| std::fs::read_to_string(folder.join(path)).ok();
    Ok(Template::parse_with(&name, &text(file)?, &Options::default(), &partials)?)
}

/// The templates that have a contract: their folder, the contract, and the template's file.
fn contracts(folder: &Path) -> Result<Vec<(PathBuf, Contract, PathBuf)>, Complaint> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| complaint(folder, &error))? {
        folders.push(entry.map_err(|error| complaint(folder, &error))?.path());
    }
    folders.sort();
    let mut found = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let template = folder.join(format!("{name}.card.json"));
        let file = folder.join("contract.schema.json");
        if template.is_file() && file.is_file() {
            let contract = Contract::parse(&file.display().to_string(), &text(&file)?)?;
            found.push((folder, contract, template));
        }
    }
    Ok(found)
}
