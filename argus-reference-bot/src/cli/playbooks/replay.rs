//! `argus playbooks replay`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use argus_soc::decide::{Decision, decide};
use argus_soc::playbook::{PlannedStep, Playbook, parse, plan};
use argus_soc::score::{Model, same};
use serde::Serialize;
use serde_json::json;

use super::text;
use crate::cli::output::{Format, complain, say};
use crate::cli::score::history::{Judged, judged};
use crate::cli::score::{From, model};
use crate::cli::{Complaint, Ended, Outcome, audit};
use crate::flows::triage::decision_name;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The new version, or - for standard input.
    file: PathBuf,
    /// The store: the database file, or the folder that holds `argus.db`.
    #[arg(long, visible_alias = "data-dir", value_name = "PATH")]
    data: Option<PathBuf>,
    #[command(flatten)]
    from: From,
    /// Show at most so many incidents; the counts are of all.
    #[arg(long, value_name = "N", default_value_t = 50)]
    show: usize,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Outcome {
    let candidate = parse(&args.file.display().to_string(), &text(&args.file)?)
        .map_err(|error| Complaint(error.to_string()))?;
    let config = args.from.config()?;
    let model = model(None, config.as_ref())?;
    let today = args.from.playbooks(config.as_ref())?;
    let store = audit::store_place(args.data.as_deref(), config.as_ref())?;
    let mut report = Report::new(candidate, today, model, args.show);
    judged(&store, |it| {
        report.take(&it);
        Ok(())
    })?;
    match args.format {
        Format::Json => say(&serde_json::to_string_pretty(&report.json())?)?,
        Format::Text => say(report.words()?.trim_end())?,
    }
    if report.incidents == 0 {
        complain("the history holds no incident");
        return Ok(Ended::WithFindings);
    }
    Ok(if report.differ == 0 { Ended::Well } else { Ended::WithFindings })
}

/// What one set of playbooks makes of an incident.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Course {
    decision: &'static str,
    playbook: Option<String>,
    /// Whether it starts by itself, so that its steps would have been done.
    alone: bool,
    /// The steps, each with what it acts on.
    steps: Vec<String>,
    because: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Difference {
    incident: String,
    title: String,
    from: Course,
    to: Course,
}

struct Report {
    candidate: Playbook,
    today: Vec<Playbook>,
    tomorrow: Vec<Playbook>,
    model: Model,
    show: usize,
    incidents: u64,
    differ: u64,
    /// Incidents that were decided otherwise when they were opened.
    decided_otherwise_then: u64,
    /// Deeds without a person, by action: how many more, how many less.
    deeds: BTreeMap<&'static str, (u64, u64)>,
    shown: Vec<Difference>,
}

impl Report {
    fn new(candidate: Playbook, today: Vec<Playbook>, model: Model, show: usize) -> Self {
        let mut tomorrow = today.clone();
        tomorrow.retain(|it| it.id != candidate.id);
        tomorrow.push(candidate.clone());
        let (incidents, differ, decided_otherwise_then) = (0, 0, 0);
        let (deeds, shown) = (BTreeMap::new(), Vec::new());
        Self {
            candidate,
            today,
            tomorrow,
            model,
            show,
            incidents,
            differ,
            decided_otherwise_then,
            deeds,
            shown,
        }
    }

    fn take(&mut self, judged: &Judged) {
        let Judged { incident, event, enrichment, decision: then } = judged;
        let score = self.model.score(event, enrichment);
        let decided = |all: &[Playbook]| decide(event, enrichment, &score, all, false);
        let (before, after) = (decided(&self.today), decided(&self.tomorrow));
        self.incidents += 1;
        self.decided_otherwise_then += u64::from(!same(then, &before));
        let old = steps(judged, &before, &self.today);
        let new = steps(judged, &after, &self.tomorrow);
        if same(&before, &after) && old == new {
            return;
        }
        self.differ += 1;
        let (from, to) = (course(&before, &old), course(&after, &new));
        for step in deeds(&before, &old) {
            if !deeds(&after, &new).any(|it| is_same_deed(step, it)) {
                self.deeds.entry(step.action.name()).or_default().1 += 1;
            }
        }
        for step in deeds(&after, &new) {
            if !deeds(&before, &old).any(|it| is_same_deed(step, it)) {
                self.deeds.entry(step.action.name()).or_default().0 += 1;
            }
        }
        if self.shown.len() < self.show {
            let (incident, title) = (incident.clone(), event.title.clone());
            self.shown.push(Difference { incident, title, from, to });
        }
    }

    fn json(&self) -> serde_json::Value {
        let deeds: BTreeMap<_, _> = self
            .deeds
            .iter()
            .map(|(action, (more, less))| (action, json!({"more": more, "less": less})))
            .collect();
        let Playbook { id, version, sha256, .. } = &self.candidate;
        let replaced = self.today.iter().find(|it| it.id == *id).map(|it| &it.version);
        json!({
            "playbook": {"id": id, "version": version, "sha256": sha256},
            "replaces": replaced,
            "incidents": self.incidents,
            "differ": self.differ,
            "decided_otherwise_then": self.decided_otherwise_then,
            "without_a_person": deeds,
            "differences": self.shown,
        })
    }

    fn words(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let Playbook { id, version, .. } = &self.candidate;
        let replaced = self.today.iter().find(|it| it.id == *id);
        let replaced = replaced.map_or("nothing".to_owned(), |it| it.version.clone());
        let (incidents, differ) = (self.incidents, self.differ);
        writeln!(text, "{id} {version} in the place of {replaced}, over {incidents} incidents:")?;
        writeln!(text, "  {differ} would go otherwise")?;
        for (action, (more, less)) in &self.deeds {
            writeln!(text, "  {action} without a person: +{more}, -{less}")?;
        }
        for Difference { incident, title, from, to } in &self.shown {
            writeln!(text, "\n  {incident} {title}")?;
            for (sign, course) in [('-', from), ('+', to)] {
                let playbook = course.playbook.as_deref().unwrap_or("no playbook");
                writeln!(text, "    {sign} {}, {playbook}", course.decision)?;
                for step in &course.steps {
                    writeln!(text, "    {sign}   {step}")?;
                }
                writeln!(text, "    {sign}   because {}", course.because.join("; "))?;
            }
        }
        let hidden = differ.saturating_sub(self.shown.len() as u64);
        if hidden > 0 {
            writeln!(text, "\n  and {hidden} more; --show N shows them")?;
        }
        if self.decided_otherwise_then > 0 {
            writeln!(
                text,
                "\n  {} were decided otherwise when they were opened: by other playbooks, another \
                 model, or an open breaker",
                self.decided_otherwise_then
            )?;
        }
        Ok(text)
    }
}

/// The steps of the playbook that was decided for; none if it does not fit the event.
fn steps(judged: &Judged, decision: &Decision, all: &[Playbook]) -> Vec<PlannedStep> {
    let found = playbook_of(decision).and_then(|id| all.iter().find(|it| it.id == id));
    found.and_then(|it| plan(it, &judged.event).ok()).unwrap_or_default()
}

fn playbook_of(decision: &Decision) -> Option<&str> {
    match decision {
        Decision::Run { playbook, .. } => Some(playbook),
        Decision::AskHuman { playbook, .. } => playbook.as_deref(),
        Decision::Ignore { .. } | Decision::Notify { .. } => None,
    }
}

/// What is done without a person.
fn deeds<'a>(
    decision: &Decision,
    steps: &'a [PlannedStep],
) -> impl Iterator<Item = &'a PlannedStep> {
    let alone = matches!(decision, Decision::Run { .. });
    steps.iter().filter(move |_| alone)
}

fn is_same_deed(a: &PlannedStep, b: &PlannedStep) -> bool {
    a.action == b.action && a.target == b.target && a.parameters == b.parameters
}

fn course(decision: &Decision, steps: &[PlannedStep]) -> Course {
    Course {
        decision: decision_name(decision),
        playbook: playbook_of(decision).map(str::to_owned),
        alone: matches!(decision, Decision::Run { .. }),
        steps: steps.iter().map(|it| format!("{} {}", it.action, it.target.value)).collect(),
        because: decision.reasons().to_vec(),
    }
}
