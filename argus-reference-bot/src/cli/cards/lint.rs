//! `argus cards lint` and `argus cards rules`.

use std::path::{Path, PathBuf};

use argus_cards::Host;
use argus_cards::lint::{self, Linter, Reading, Report};
use clap::{Args as Arguments, ValueEnum};
use serde_json::{Value, json};

use crate::cli::output::{read, say};
use crate::cli::{Complaint, Ended, Outcome};

const EXAMPLES: &str = "\
Examples:
  argus cards lint card-templates
  argus cards lint --host teams-webhook alert.json
  argus cards lint --format sarif card-templates > cards.sarif
  curl -s https://bot.example/card | argus cards lint --as card -

Of a folder, `*.card.json`, what is in `partials`, and every other JSON file whose `type` is
AdaptiveCard are checked.
`argus cards rules` lists the rules. Exit codes: 0 no error, 1 errors, 2 usage.";

/// What to check, and for which host.
#[derive(Debug, Arguments)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Files and folders, or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where the cards will be shown.
    #[arg(long, value_name = "HOST", default_value = "teams", value_parser = host)]
    host: &'static Host,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// How to read the files.
    #[arg(long = "as", value_enum, default_value = "auto")]
    reading: As,
    /// A verb that the bot answers; with this, any other verb in a template is an error.
    #[arg(long = "verb", value_name = "VERB")]
    verbs: Vec<String>,
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

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum As {
    /// A template if there is an expression in it, else a card.
    Auto,
    /// A card that goes out as it is.
    Card,
    /// A template.
    Template,
}

fn host(name: &str) -> Result<&'static Host, String> {
    Host::named(name).ok_or_else(|| {
        let names: Vec<_> = Host::all().iter().map(|host| host.name).collect();
        format!("there is no host `{name}`; there are {}", names.join(", "))
    })
}

pub(super) fn run(args: &Args) -> Outcome {
    let linter = Linter::new(args.host.clone()).reading(match args.reading {
        As::Auto => Reading::Auto,
        As::Card => Reading::Card,
        As::Template => Reading::Template,
    });
    let linter = if args.verbs.is_empty() { linter } else { linter.verbs(&args.verbs) };
    let mut reports = Vec::new();
    for path in &args.paths {
        let files = if path.is_dir() { cards_in(path)? } else { vec![path.clone()] };
        for file in files {
            reports.push(check(&linter, &file)?);
        }
    }
    if reports.is_empty() {
        return Err(Complaint("there is no card in these folders".to_owned()));
    }
    let text = match args.format {
        Format::Text => lint::to_text(&reports).trim_end().to_owned(),
        Format::Json => serde_json::to_string_pretty(&lint::to_json(&reports))?,
        Format::Sarif => serde_json::to_string_pretty(&lint::to_sarif(&reports))?,
    };
    say(&text)?;
    let failed = reports.iter().any(Report::has_errors);
    Ok(if failed { Ended::WithFindings } else { Ended::Well })
}

fn check(linter: &Linter, file: &Path) -> Result<Report, Complaint> {
    let source = String::from_utf8(read(file)?)
        .map_err(|_| Complaint(format!("{}: it is not UTF-8", file.display())))?;
    let name = if file == Path::new("-") { "stdin".to_owned() } else { file.display().to_string() };
    Ok(linter.check(&name, &source))
}

/// The cards below a folder, in the order of their names.
fn cards_in(folder: &Path) -> Result<Vec<PathBuf>, Complaint> {
    let complaint = |error: std::io::Error| Complaint(format!("{}: {error}", folder.display()));
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(complaint)? {
        entries.push(entry.map_err(complaint)?.path());
    }
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            found.extend(cards_in(&path)?);
        } else if name.ends_with(".card.json") || is_part(&path) || is_card(&path) {
            found.push(path);
        }
    }
    Ok(found)
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

/// Whether a file is one of those that templates include.
fn is_part(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name);
    is_json(path) && folder.is_some_and(|folder| folder == "partials")
}

/// Whether a file says of itself that it is a card.
fn is_card(path: &Path) -> bool {
    if !is_json(path) {
        return false;
    }
    let value: Option<Value> =
        std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    value.is_some_and(|value| value.get("type") == Some(&json!("AdaptiveCard")))
}

/// How to list the rules.
#[derive(Debug, Arguments)]
#[command(after_help = "\
Examples:
  argus cards rules
  argus cards rules --format markdown > docs/card-rules.md")]
pub(in crate::cli) struct RulesArgs {
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: RulesFormat,
}

/// For whom the table of rules is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RulesFormat {
    /// People at a terminal.
    Text,
    /// Programs.
    Json,
    /// The manual.
    Markdown,
}

pub(super) fn rules(args: &RulesArgs) -> Outcome {
    match args.format {
        RulesFormat::Text => {
            for rule in lint::rules() {
                say(&format!("{:22} {:8} {}", rule.id, rule.severity.word(), rule.summary))?;
            }
        }
        RulesFormat::Json => {
            let rules: Vec<Value> = lint::rules()
                .map(|rule| {
                    json!({
                        "id": rule.id,
                        "severity": rule.severity.word(),
                        "summary": rule.summary,
                        "help": rule.help,
                        "source": rule.source.name,
                        "date": rule.source.date,
                    })
                })
                .collect();
            say(&serde_json::to_string_pretty(&rules)?)?;
        }
        RulesFormat::Markdown => say(lint::to_markdown().trim_end())?,
    }
    Ok(Ended::Well)
}
