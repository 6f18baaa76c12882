//! `argus score compare`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use argus_soc::decide::decide;
use argus_soc::playbook::Playbook;
use argus_soc::score::{Model, points, same};
use serde_json::{Value, json};

use super::explain::decided;
use super::history::{Judged, judged};
use super::{From, model};
use crate::cli::output::{Format, say};
use crate::cli::{Ended, Outcome, audit};
use crate::flows::triage::decision_name;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The candidate: its name, or a file that ends in .toml.
    #[arg(long, value_name = "MODEL")]
    model: String,
    /// With which model to compare; by default the one in use.
    #[arg(long, value_name = "MODEL")]
    against: Option<String>,
    /// The store: the database file, or the folder that holds `argus.db`.
    #[arg(long, visible_alias = "data-dir", value_name = "PATH")]
    data: Option<PathBuf>,
    #[command(flatten)]
    from: From,
    /// Examples to show of each kind of change.
    #[arg(long, value_name = "N", default_value_t = 3)]
    examples: usize,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Outcome {
    let config = args.from.config()?;
    let candidate = model(Some(&args.model), config.as_ref())?;
    let against = model(args.against.as_deref(), config.as_ref())?;
    let playbooks = args.from.playbooks(config.as_ref())?;
    let store = audit::store_place(args.data.as_deref(), config.as_ref())?;
    let mut report = Report::new(candidate, against, args.examples);
    judged(&store, |it| {
        report.take(&it, &playbooks);
        Ok(())
    })?;
    match args.format {
        Format::Json => say(&serde_json::to_string_pretty(&report.json())?)?,
        Format::Text => say(report.words()?.trim_end())?,
    }
    Ok(if report.incidents == 0 { Ended::WithFindings } else { Ended::Well })
}

/// One kind of change, and some of the incidents that it would have met.
#[derive(Default)]
struct Kind {
    count: u64,
    examples: Vec<Value>,
}

struct Report {
    candidate: Model,
    against: Model,
    examples: usize,
    incidents: u64,
    other_score: u64,
    /// Incidents that were decided otherwise when they were opened: other playbooks, another model.
    decided_otherwise_then: u64,
    changes: BTreeMap<(&'static str, &'static str), Kind>,
}

impl Report {
    fn new(candidate: Model, against: Model, examples: usize) -> Self {
        let changes = BTreeMap::new();
        let (incidents, other_score, decided_otherwise_then) = (0, 0, 0);
        Self {
            candidate,
            against,
            examples,
            incidents,
            other_score,
            decided_otherwise_then,
            changes,
        }
    }

    fn take(&mut self, judged: &Judged, playbooks: &[Playbook]) {
        let Judged { incident, event, enrichment, decision: then } = judged;
        let old = self.against.score(event, enrichment);
        let new = self.candidate.score(event, enrichment);
        let before = decide(event, enrichment, &old, playbooks, false);
        let after = decide(event, enrichment, &new, playbooks, false);
        self.incidents += 1;
        self.other_score += u64::from(old.milli != new.milli);
        self.decided_otherwise_then += u64::from(!same(then, &before));
        if same(&before, &after) {
            return;
        }
        let names = (decision_name(&before), decision_name(&after));
        let kind = self.changes.entry(names).or_default();
        kind.count += 1;
        if kind.examples.len() < self.examples {
            kind.examples.push(json!({
                "incident": incident,
                "title": event.title,
                "severity": event.severity,
                "points": { "from": old.points(), "to": new.points() },
                "milli": { "from": old.milli, "to": new.milli },
                "from": decided(&before),
                "to": decided(&after),
                "because": after.reasons(),
            }));
        }
    }

    fn changed(&self) -> u64 {
        self.changes.values().map(|kind| kind.count).sum()
    }

    fn json(&self) -> Value {
        let named = |model: &Model| json!({ "name": model.name, "version": model.version, "sha256": model.sha256 });
        let changes = self.changes.iter().map(|((from, to), kind)| {
            json!({ "from": from, "to": to, "count": kind.count, "examples": kind.examples })
        });
        json!({
            "model": named(&self.candidate),
            "against": named(&self.against),
            "incidents": self.incidents,
            "other_score": self.other_score,
            "other_decision": self.changed(),
            "decided_otherwise_then": self.decided_otherwise_then,
            "changes": changes.collect::<Vec<_>>(),
        })
    }

    fn words(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let Self { candidate, against, incidents, other_score, .. } = self;
        writeln!(
            text,
            "{} {} against {} {}, over {incidents} recorded incidents:",
            candidate.name, candidate.version, against.name, against.version
        )?;
        writeln!(text, "  {other_score} with another score, {} decided otherwise", self.changed())?;
        for ((from, to), kind) in &self.changes {
            writeln!(text, "  {from} -> {to}: {}", kind.count)?;
            for example in &kind.examples {
                let word = |pointer: &str| {
                    example.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
                };
                let (from, to) = (word("/points/from"), word("/points/to"));
                writeln!(text, "    {} {from} -> {to}: {}", word("/incident"), word("/title"))?;
            }
        }
        if self.decided_otherwise_then > 0 {
            writeln!(
                text,
                "  {} were decided otherwise when they were opened: by other playbooks, another \
                 model, or an open breaker",
                self.decided_otherwise_then
            )?;
        }
        let least = |model: &Model| points(model.range(argus_soc::event::Severity::Low).1);
        writeln!(
            text,
            "  the most that a low severity can have: {} -> {}",
            least(against),
            least(candidate)
        )?;
        Ok(text)
    }
}
