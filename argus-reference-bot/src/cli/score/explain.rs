//! `argus score explain`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use argus_soc::decide::{Decision, decide};
use argus_soc::enrich::Enrichment;
use argus_soc::event::{SecurityEvent, Severity, Shape, Source};
use argus_soc::playbook::Playbook;
use argus_soc::score::{Change, Confidence, Model, Score, points, what_if};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::Answers;
use super::history::{Received, judged, received};
use super::{From, model};
use crate::cli::output::{Format, read, say};
use crate::cli::{Complaint, Ended, Outcome, alert, audit};
use crate::config::Config;
use crate::flows::sources::Sources;
use crate::flows::triage::decision_name;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The event: a file, - for standard input, or the id of an event in the store.
    #[arg(value_name = "EVENT")]
    event: String,
    /// The model: its name, or a file that ends in .toml; by default the one in use.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// The store: the database file, or the folder that holds `argus.db`.
    #[arg(long, visible_alias = "data-dir", value_name = "PATH")]
    data: Option<PathBuf>,
    /// The source of the event, by its name in the settings, or what it looks like.
    #[arg(long, default_value = "auto")]
    source: String,
    #[command(flatten)]
    answers: Answers,
    #[command(flatten)]
    from: From,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// All that is to be said about an event's score.
struct Report {
    event: SecurityEvent,
    enrichment: Enrichment,
    model: Model,
    score: Score,
    decision: Decision,
    /// Of each playbook that is for the event: id, threshold, whether the score reaches it.
    thresholds: Vec<(String, i64, bool)>,
    changes: Vec<Change>,
}

pub(super) fn run(args: &Args) -> Outcome {
    let config = args.from.config()?;
    let model = model(args.model.as_deref(), config.as_ref())?;
    let playbooks = args.from.playbooks(config.as_ref())?;
    let (event, recorded) = args.event(config.as_ref())?;
    let enrichment = args.answers.over(recorded)?;
    let report = Report::new(event, enrichment, model, &playbooks);
    match args.format {
        Format::Json => say(&serde_json::to_string_pretty(&report.json())?)?,
        Format::Text => say(report.words()?.trim_end())?,
    }
    Ok(Ended::Well)
}

impl Args {
    /// The event, and the answers that were recorded for it.
    fn event(
        &self,
        config: Option<&Config>,
    ) -> Result<(SecurityEvent, Option<Enrichment>), Complaint> {
        let sources = alert::sources(config)?;
        let path = Path::new(&self.event);
        if let Ok(id) = self.event.parse::<Uuid>()
            && !path.exists()
        {
            return self.stored(id, &sources, config);
        }
        let raw = read(path)?;
        // One that was normalised before says so by its fields.
        if let Ok(event) = serde_json::from_slice::<SecurityEvent>(&raw) {
            return Ok((event, None));
        }
        Ok((alert::read(&raw, path, &self.source, &sources)?, None))
    }

    fn stored(
        &self,
        id: Uuid,
        sources: &Sources,
        config: Option<&Config>,
    ) -> Result<(SecurityEvent, Option<Enrichment>), Complaint> {
        let store = audit::store_place(self.data.as_deref(), config)?;
        let Some(received) = received(&store, id)? else {
            return Err(Complaint(format!("{}: there is no event {id}", store.name())));
        };
        let mut recorded = None;
        let mut first = None;
        if let Some(incident) = &received.incident {
            judged(&store, |it| {
                if it.incident == *incident {
                    recorded = Some(it.enrichment);
                    first = (it.event.event_id == id).then_some(it.event);
                }
                Ok(())
            })?;
        }
        if let Some(first) = first {
            return Ok((first, recorded));
        }
        let Received { source, at, raw, .. } = &received;
        let event = match alert::shape(&self.source, sources)? {
            Shape::Auto => sources.read_again(id, raw, source, *at),
            shape => sources.read(raw, &Source { name: source, shape, tenant: None }, *at),
        };
        let event = event.map_err(|error| Complaint(format!("the event {id}: {error}")))?;
        Ok((SecurityEvent { event_id: id, ..event }, recorded))
    }
}

impl Report {
    fn new(
        event: SecurityEvent,
        enrichment: Enrichment,
        model: Model,
        playbooks: &[Playbook],
    ) -> Self {
        let score = model.score(&event, &enrichment);
        let decision = decide(&event, &enrichment, &score, playbooks, false);
        let changes = what_if(&model, &event, &enrichment, playbooks);
        let thresholds = playbooks
            .iter()
            .filter(|playbook| playbook.triggered_by(&event))
            .map(|playbook| {
                let threshold = playbook.conditions.risk_threshold_milli;
                (playbook.id.clone(), threshold, score.milli >= threshold)
            })
            .collect();
        Self { event, enrichment, model, score, decision, thresholds, changes }
    }

    fn json(&self) -> Value {
        let (least, most) = self.model.range(self.event.severity);
        let thresholds = self.thresholds.iter().map(|(playbook, milli, reached)| {
            let from: Vec<Severity> = self.model.reaches(*milli);
            json!({
                "playbook": playbook, "milli": milli, "points": points(*milli),
                "reached": reached, "reachable_from": from,
            })
        });
        let changes = self.changes.iter().map(|change| {
            json!({
                "if": change.r#if, "milli": change.score.milli, "points": change.score.points(),
                "decision": change.decision,
            })
        });
        json!({
            "event_id": self.event.event_id,
            "title": self.event.title,
            "model": {
                "name": self.model.name, "version": self.model.version, "sha256": self.model.sha256,
            },
            "milli": self.score.milli,
            "points": self.score.points(),
            "sum_milli": self.score.terms.iter().map(|term| term.milli).sum::<i64>(),
            "terms": self.score.terms,
            "confidence": self.score.confidence,
            "range_milli": { "least": least, "most": most },
            "enrichment": self.enrichment,
            "thresholds": thresholds.collect::<Vec<_>>(),
            "decision": self.decision,
            "would_change": changes.collect::<Vec<_>>(),
        })
    }

    fn words(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let Model { name, version, .. } = &self.model;
        writeln!(text, "{} ({})", self.event.title, self.event.event_id)?;
        writeln!(text, "Scored by {name} {version}:")?;
        for term in &self.score.terms {
            writeln!(text, "  {:>8}  {:<12} {}", signed(term.milli), term.name, term.because)?;
        }
        let (least, most) = self.model.range(self.event.severity);
        let (least, most) = (points(least), points(most));
        let of = self.event.severity;
        writeln!(text, "  {:>8}  of {least} to {most} for severity {of}", self.score.points())?;
        if let Confidence::Degraded { missing } = &self.score.confidence {
            writeln!(text, "Degraded, so a person decides: {}", missing.join("; "))?;
        }
        if self.thresholds.is_empty() {
            writeln!(text, "No playbook is for this event, so no threshold counts.")?;
        }
        for (playbook, threshold, reached) in &self.thresholds {
            let verb = if *reached { "reached" } else { "not reached" };
            writeln!(text, "Threshold of {playbook}: {}, {verb}", points(*threshold))?;
            if *threshold > self.model.range(self.event.severity).1 {
                writeln!(text, "  With this model no event of severity {of} can reach it.")?;
            }
        }
        writeln!(text, "Decision: {}", decided(&self.decision))?;
        for reason in self.decision.reasons() {
            writeln!(text, "  because {reason}")?;
        }
        if self.changes.is_empty() {
            writeln!(text, "No other answer of a single source would change it.")?;
        } else {
            writeln!(text, "It would be otherwise if")?;
        }
        for change in &self.changes {
            let Change { r#if, score, decision } = change;
            writeln!(text, "  {if}: {} points, {}", score.points(), decided(decision))?;
        }
        Ok(text)
    }
}

/// What is done, in a word or two.
pub(super) fn decided(decision: &Decision) -> String {
    match decision {
        Decision::Run { playbook, .. } | Decision::AskHuman { playbook: Some(playbook), .. } => {
            format!("{} {playbook}", decision_name(decision))
        }
        _ => decision_name(decision).to_owned(),
    }
}

fn signed(milli: i64) -> String {
    let sign = if milli < 0 { "" } else { "+" };
    format!("{sign}{}", points(milli))
}
