//! `argus cards test`: every sample gives the card that is expected.

use std::path::{Path, PathBuf};

use argus_cards::source::{Snapshot, TemplateFiles};
use argus_cards::{Diagnostic, Error, Options, Template};
use serde_json::{Value, json};

use super::desk::{Rendering, compile, counted, explain, json_of, templates, write};
use super::differences::{Difference, differences};
use crate::cli::output::{Format, complain, say};
use crate::cli::{Complaint, Ended, Outcome};

const EXAMPLES: &str = "\
Examples:
  argus cards test                         all templates of ./card-templates
  argus cards test card-templates --bless  write the cards that come out as expected
  argus cards test --format json | jq .ok

Of each template NAME, each NAME/samples/CASE.json is rendered and compared with
NAME/expected/CASE.json. Exit codes: 0 all as expected, 1 something is not, 2 usage.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The folder of templates.
    #[arg(default_value = "card-templates", value_name = "DIR")]
    folder: PathBuf,
    /// Write the cards that come out as those that are expected.
    #[arg(long)]
    bless: bool,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    rendering: Rendering,
}

/// One sample and what came of it.
struct Case {
    template: String,
    sample: String,
    file: String,
    outcome: Came,
    odd: Vec<Diagnostic>,
}

/// What came of a sample.
enum Came {
    /// The expected card.
    Same,
    /// The expected card, which was written just now.
    Blessed,
    /// Another card.
    Different(Vec<Difference>),
    /// A card, and nobody said which one to expect.
    Unexpected,
    /// No card.
    Failed(Diagnostic),
    /// Nothing: there is an expected card without a sample.
    Orphan,
}

impl Came {
    fn word(&self) -> &'static str {
        match self {
            Self::Same => "ok",
            Self::Blessed => "blessed",
            Self::Different(_) => "differs",
            Self::Unexpected => "unexpected",
            Self::Failed(_) => "failed",
            Self::Orphan => "orphan",
        }
    }

    fn is_good(&self) -> bool {
        matches!(self, Self::Same | Self::Blessed)
    }
}

pub(super) fn run(args: &Args) -> Outcome {
    let files = templates(&args.folder)?;
    let options = args.rendering.options();
    let mut cases = Vec::new();
    for template in files.templates() {
        cases.extend(try_template(&files, &template, &options, args)?);
    }
    match args.format {
        Format::Text => tell(&files, &cases)?,
        Format::Json => say(&serde_json::to_string_pretty(&report(&files, &cases))?)?,
    }
    let good = cases.iter().all(|case| case.outcome.is_good()) && !cases.is_empty();
    Ok(if good { Ended::Well } else { Ended::WithFindings })
}

fn try_template(
    files: &Snapshot,
    template: &TemplateFiles<'_>,
    options: &Options,
    args: &Args,
) -> Result<Vec<Case>, Complaint> {
    let case = |sample: &str, outcome: Came| Case {
        template: template.name.to_owned(),
        sample: stem(sample),
        file: sample.to_owned(),
        outcome,
        odd: Vec::new(),
    };
    let compiled = match compile(files, template.path, options) {
        Ok(compiled) => compiled,
        Err(error) => return Ok(vec![case(template.path, Came::Failed(Diagnostic::from(&error)))]),
    };
    let mut cases = Vec::new();
    for sample in &template.samples {
        let mut tried = case(sample, Came::Orphan);
        match card(&compiled, files, sample, options) {
            Ok((card, odd)) => {
                tried.odd = compiled.diagnostics().iter().cloned().chain(odd).collect();
                tried.outcome = compare(files, sample, &card, args)?;
            }
            Err(error) => tried.outcome = Came::Failed(Diagnostic::from(&error)),
        }
        cases.push(tried);
    }
    let orphans =
        template.expected.iter().filter(|it| !template.samples.contains(&sample_of(it).as_str()));
    cases.extend(orphans.map(|expected| case(expected, Came::Orphan)));
    Ok(cases)
}

/// Renders a sample.
fn card(
    template: &Template,
    files: &Snapshot,
    sample: &str,
    options: &Options,
) -> Result<(Value, Vec<Diagnostic>), Error> {
    let data = json_of(files, sample)?;
    let expansion = template.expand(&data, None, options)?;
    let card = serde_json::from_slice(&expansion.json).unwrap_or_default();
    Ok((card, expansion.diagnostics))
}

fn compare(files: &Snapshot, sample: &str, card: &Value, args: &Args) -> Result<Came, Complaint> {
    let path = expected_of(sample);
    let expected = files.file(&path).map(|_| json_of(files, &path));
    if matches!(&expected, Some(Ok(expected)) if expected == card) {
        return Ok(Came::Same);
    }
    if args.bless {
        let text = format!("{}\n", serde_json::to_string_pretty(card)?);
        write(&args.folder.join(&path), text.as_bytes())?;
        return Ok(Came::Blessed);
    }
    Ok(match expected {
        Some(Ok(expected)) => Came::Different(differences(&expected, card)),
        Some(Err(error)) => Came::Failed(Diagnostic::from(&error)),
        None => Came::Unexpected,
    })
}

fn expected_of(sample: &str) -> String {
    sample.replacen("/samples/", "/expected/", 1)
}

fn sample_of(expected: &str) -> String {
    expected.replacen("/expected/", "/samples/", 1)
}

/// The name of a file without its folder and ending.
fn stem(path: &str) -> String {
    Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn tell(files: &Snapshot, cases: &[Case]) -> Result<(), Complaint> {
    for case in cases {
        for odd in &case.odd {
            complain(&format!("{} (sample {})", odd, case.sample));
        }
        let name = format!("{:<10} {}/{}", case.outcome.word(), case.template, case.sample);
        say(&match &case.outcome {
            Came::Same | Came::Blessed => name,
            Came::Different(differences) => {
                let lines = differences.iter().map(|it| format!("\n    {it}"));
                format!("{name}{}", lines.collect::<String>())
            }
            Came::Unexpected => {
                let expected = expected_of(&case.file);
                format!("{name}\n    there is no {expected}; `--bless` writes it")
            }
            Came::Failed(why) => format!("{name}\n{}", explain(files, why)),
            Came::Orphan => {
                format!("{name}\n    there is no {}", sample_of(&case.file))
            }
        })?;
    }
    let count = |word: &str| cases.iter().filter(|case| case.outcome.word() == word).count();
    let words = ["ok", "blessed", "differs", "unexpected", "failed", "orphan"];
    let found = words.iter().map(|word| (count(word), word)).filter(|(count, _)| *count > 0);
    let found: Vec<String> = found.map(|(count, word)| format!("{count} {word}")).collect();
    let templates = counted(files.templates().len(), "template");
    let samples = counted(cases.len(), "sample");
    say(&format!("{templates}, {samples}: {}", found.join(", ")))
}

fn report(files: &Snapshot, cases: &[Case]) -> Value {
    let place = |it: &Diagnostic| {
        json!({
            "file": it.file,
            "line": it.at.map(|at| at.line),
            "column": it.at.map(|at| at.column),
            "message": it.message,
        })
    };
    let case = |case: &Case| {
        let (differences, error) = match &case.outcome {
            Came::Different(all) => (all.iter().map(Difference::to_json).collect(), None),
            Came::Failed(why) => (Vec::new(), Some(place(why))),
            _ => (Vec::new(), None),
        };
        json!({
            "template": case.template,
            "sample": case.sample,
            "status": case.outcome.word(),
            "differences": differences,
            "error": error,
            "diagnostics": case.odd.iter().map(place).collect::<Vec<_>>(),
        })
    };
    json!({
        "ok": !cases.is_empty() && cases.iter().all(|case| case.outcome.is_good()),
        "templates": files.templates().len(),
        "cases": cases.iter().map(case).collect::<Vec<_>>(),
    })
}
