//! `argus playbooks test`: the tests that lie beside a playbook, `NAME.test.yaml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use argus_soc::decide::{Decision, decide};
use argus_soc::enrich::{Enrichment, Known};
use argus_soc::event::SecurityEvent;
use argus_soc::playbook::{Playbook, parse};
use argus_soc::run::{Supposed, rehearse};
use argus_soc::score::seed_v1;
use serde::Deserialize;
use serde_json::{Value, json};

use super::text;
use crate::cli::output::{Format, say};
use crate::cli::{Complaint, Ended, Outcome, alert};
use crate::flows::triage::decision_name;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Playbooks; the tests of `isolate.yaml` are in `isolate.test.yaml` beside it.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// A file of tests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tests: Vec<Test>,
}

/// One test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    name: String,
    /// The alert as it comes.
    #[serde(default)]
    event: Option<Value>,
    /// Or a file with it, beside the test.
    #[serde(default)]
    event_file: Option<PathBuf>,
    #[serde(default = "auto")]
    source: String,
    /// What the sources say, as an incident records it; unknown where nothing is said.
    #[serde(default)]
    enrichment: Option<Enrichment>,
    /// How steps end; those of which nothing is said are done.
    #[serde(default)]
    suppose: BTreeMap<String, Supposed>,
    expect: Expect,
}

fn auto() -> String {
    "auto".into()
}

/// What must come of it; what is not given is not looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// Whether a trigger is about the alert.
    #[serde(default)]
    triggered: Option<bool>,
    /// `ignore`, `notify`, `ask_human` or `run`.
    #[serde(default)]
    decision: Option<String>,
    /// A part of one of the reasons.
    #[serde(default)]
    because: Option<String>,
    /// What is sent, in order, as `argus playbooks simulate` prints it.
    #[serde(default)]
    sent: Option<Vec<String>>,
    /// How the run ends: `succeeded`, `compensated`, …
    #[serde(default)]
    result: Option<String>,
    /// How steps end, in a word: `done`, `skipped`, `failed`, …
    #[serde(default)]
    steps: BTreeMap<String, String>,
    /// A part of why the playbook does not fit the alert.
    #[serde(default)]
    does_not_fit: Option<String>,
}

pub(super) fn run(args: &Args) -> Outcome {
    let mut all = Vec::new();
    for file in &args.files {
        let playbook = parse(&file.display().to_string(), &text(file)?)
            .map_err(|error| Complaint(error.to_string()))?;
        let beside = file.with_extension("test.yaml");
        let tests: File = yaml(&beside)?;
        if tests.tests.is_empty() {
            return Err(Complaint(format!("{}: there is no test in it", beside.display())));
        }
        for test in tests.tests {
            let wrong = failures(&playbook, &test, beside.parent()).map_err(|error| {
                Complaint(format!("{}: {}: {}", beside.display(), test.name, error.0))
            })?;
            all.push((beside.display().to_string(), test.name, wrong));
        }
    }
    let failed = all.iter().filter(|(_, _, wrong)| !wrong.is_empty()).count();
    match args.format {
        Format::Json => {
            let all: Vec<Value> = all
                .iter()
                .map(|(file, name, wrong)| json!({"file": file, "test": name, "wrong": wrong}))
                .collect();
            say(&serde_json::to_string_pretty(&all)?)?;
        }
        Format::Text => {
            for (file, name, wrong) in &all {
                say(&format!(
                    "{}  {file}: {name}",
                    if wrong.is_empty() { "ok  " } else { "FAIL" }
                ))?;
                for wrong in wrong {
                    say(&format!("      {wrong}"))?;
                }
            }
            say(&format!("{} tests, {failed} failed", all.len()))?;
        }
    }
    Ok(if failed == 0 { Ended::Well } else { Ended::WithFindings })
}

fn yaml<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, Complaint> {
    serde_saphyr::from_str(&text(path)?)
        .map_err(|error| Complaint(format!("{}: {error}", path.display())))
}

/// What is not as the test expects.
fn failures(
    playbook: &Playbook,
    test: &Test,
    folder: Option<&Path>,
) -> Result<Vec<String>, Complaint> {
    let event = event(test, folder)?;
    let mut wrong = Vec::new();
    let mut check = |what: &str, expected: &str, found: &str| {
        if expected != found {
            wrong.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    let expect = &test.expect;
    if let Some(expected) = expect.triggered {
        let found = playbook.triggered_by(&event);
        check("triggered", &expected.to_string(), &found.to_string());
    }
    let enrichment = test
        .enrichment
        .clone()
        .unwrap_or_else(|| Enrichment::of(Known::Unknown, Known::Unknown, Known::Unknown));
    let score = seed_v1(&event, &enrichment);
    let decision = decide(&event, &enrichment, &score, std::slice::from_ref(playbook), false);
    if let Some(expected) = &expect.decision {
        check("decision", expected, name_of(&decision));
    }
    if let Some(part) = &expect.because
        && !decision.reasons().iter().any(|reason| reason.contains(part))
    {
        check("because", part, &decision.reasons().join("; "));
    }
    match (rehearse(playbook, &event, &test.suppose), &expect.does_not_fit) {
        (Ok(_), Some(part)) => check("does_not_fit", part, "it fits"),
        (Err(error), Some(part)) => {
            if !error.to_string().contains(part) {
                check("does_not_fit", part, &error.to_string());
            }
        }
        (Err(error), None) => check("fits", "yes", &error.to_string()),
        (Ok(ended), None) => {
            if let Some(expected) = &expect.sent {
                check("sent", &format!("{expected:?}"), &format!("{:?}", ended.sent));
            }
            if let Some(expected) = &expect.result {
                let found = serde_json::to_value(ended.status)?;
                check("result", expected, found.as_str().unwrap_or_default());
            }
            for (step, expected) in &expect.steps {
                let found = ended.steps.iter().find(|(name, _)| name == step);
                let found = found.map_or("no such step", |(_, word)| word.as_str());
                check(step, expected, found);
            }
        }
    }
    Ok(wrong)
}

fn event(test: &Test, folder: Option<&Path>) -> Result<SecurityEvent, Complaint> {
    let (raw, path) = match (&test.event, &test.event_file) {
        (Some(event), None) => (serde_json::to_vec(event)?, PathBuf::from("event")),
        (None, Some(file)) => {
            let path = folder.map_or_else(|| file.clone(), |folder| folder.join(file));
            (crate::cli::output::read(&path)?, path)
        }
        _ => return Err(Complaint("give it `event` or `event_file`, one of them".into())),
    };
    alert::read(&raw, &path, &test.source, &alert::sources(None)?)
}

fn name_of(decision: &Decision) -> &'static str {
    decision_name(decision)
}
