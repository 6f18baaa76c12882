//! `argus events`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use argus_bot_sdk::{Clock, SystemClock};
use argus_soc::event::{Mappings, SampleFailure, Shape, Source, lint};
use clap::Subcommand;
use serde::Serialize;

use super::output::{Format, complain, read, say};
use super::{Complaint, Ended, Outcome};
use crate::config::mappings::mappings;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show an alert as Argus reads it.
    #[command(after_help = "\
Examples:
  argus events normalise --source auto alert.json
  cat alert.json | argus events normalise --source guardduty -
  argus events normalise --mappings my-mappings alert.json")]
    Normalise {
        /// What the alert looks like: `auto`, `generic`, `sentinel_trigger`, `sentinel_arm`,
        /// `graph_alerts_v2`, `guardduty`, a name of `argus events mappings`, or
        /// `mapping:NAME` for one of your own.
        #[arg(long, default_value = "auto")]
        source: String,
        /// A folder with mappings of your own.
        #[arg(long)]
        mappings: Option<PathBuf>,
        /// The file, or - for standard input.
        file: PathBuf,
    },
    /// Check mappings and their samples; exit code 1 if one does not hold.
    #[command(after_help = "\
Examples:
  argus events lint my-mappings/acme.yaml
  argus events lint my-mappings/*.yaml --format json")]
    Lint {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// For whom to write.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// List the mappings in this program, or show the file of one, to copy and to change.
    #[command(after_help = "\
Examples:
  argus events mappings
  argus events mappings okta > my-mappings/okta.yaml")]
    Mappings {
        /// The mapping to show.
        name: Option<String>,
    },
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Normalise { source, mappings, file } => {
            normalise(source, mappings.as_deref(), file)
        }
        Command::Lint { files, format } => check(files, *format),
        Command::Mappings { name: None } => {
            let lines = Mappings::embedded().iter().map(|mapping| {
                let (name, version) = mapping.id().split_once('/').unwrap_or((mapping.id(), ""));
                format!("{name:<28} {version}")
            });
            let lines: BTreeSet<String> = lines.collect();
            for line in lines {
                say(&line)?;
            }
            Ok(Ended::Well)
        }
        Command::Mappings { name: Some(name) } => {
            let files = Mappings::embedded_files();
            let file = format!("{name}.yaml");
            let Some((_, text)) = files.iter().find(|(known, _)| *known == file) else {
                let help = "`argus events mappings` lists them";
                return Err(Complaint(format!("no mapping is called `{name}`; {help}")));
            };
            say(text.trim_end())?;
            Ok(Ended::Well)
        }
    }
}

fn normalise(source: &str, folder: Option<&Path>, file: &Path) -> Outcome {
    let shape: Shape = source.parse()?;
    let folder = folder.map(|folder| format!("folder:{}", folder.display()));
    let mappings = mappings(folder.as_deref())?;
    let raw = read(file)?;
    let named =
        Source { name: if shape == Shape::Auto { "" } else { source }, shape, tenant: None };
    let event = mappings
        .normalise(&raw, &named, SystemClock.now())
        .map_err(|error| Complaint(format!("{}: {error}", file.display())))?;
    say(&serde_json::to_string_pretty(&event)?)?;
    Ok(Ended::Well)
}

/// What was found in one file.
#[derive(Serialize)]
struct Report {
    file: String,
    mapper: String,
    samples: usize,
    failures: Vec<SampleFailure>,
}

fn check(paths: &[PathBuf], format: Format) -> Outcome {
    let mut files = Vec::new();
    for path in paths {
        let text = String::from_utf8(read(path)?)
            .map_err(|_| Complaint(format!("{}: it is not UTF-8", path.display())))?;
        files.push((path.display().to_string(), text));
    }
    let mappings = match Mappings::with(&files) {
        Ok(mappings) => mappings,
        Err(errors) => {
            match format {
                Format::Text => complain(&errors.to_string()),
                Format::Json => say(&serde_json::to_string_pretty(&errors)?)?,
            }
            return Ok(Ended::WithFindings);
        }
    };
    let reports: Vec<Report> = mappings
        .iter()
        .zip(&files)
        .map(|(mapping, (file, _))| Report {
            file: file.clone(),
            mapper: mapping.id().to_owned(),
            samples: mapping.samples(),
            failures: lint(mapping, &mappings),
        })
        .collect();
    match format {
        Format::Json => say(&serde_json::to_string_pretty(&reports)?)?,
        Format::Text => reports.iter().try_for_each(tell)?,
    }
    let good = reports.iter().all(|report| report.failures.is_empty());
    Ok(if good { Ended::Well } else { Ended::WithFindings })
}

fn tell(report: &Report) -> Result<(), Complaint> {
    for failure in &report.failures {
        complain(&format!("{}:{failure}", report.file));
    }
    if report.failures.is_empty() {
        let Report { file, mapper, samples, .. } = report;
        say(&format!("{file}: ok, {mapper}, {samples} samples"))?;
    }
    Ok(())
}
