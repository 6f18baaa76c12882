//! `argus routes`: where a card goes, and why.

use std::path::{Path, PathBuf};

use argus_soc::decide::{Decision, decide};
use argus_soc::enrich::{Enrichment, Known};
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, Fact, What};
use clap::Subcommand;
use serde_json::json;

use super::output::{Format, read, say};
use super::{Complaint, Ended, Outcome, alert};
use crate::app;
use crate::config::{self, Config};
use crate::flows::playbooks::Playbooks;
use crate::flows::triage::facts_of;
use crate::routes::{Routes, Verdict};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say of each route why it takes an incident's card or does not, and where the card goes.
    #[command(after_help = "\
Examples:
  argus routes explain --event alert.json --config argus.toml
  argus routes explain --event alert.json --source guardduty --config argus.toml
  argus routes explain --incident INC-7 --config argus.toml --format json

An event is judged as if it came in now and nothing were known of it: no source is asked, so its
score and decision may be others than those in the store. A card that stands
stays where it is when routes change; new cards follow the new routes.

Exit code 1 if no route takes the card: its incident is then in lists only.")]
    Explain(Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    what: About,
    /// The source of the event, by its name in the settings, or what it looks like.
    #[arg(long, default_value = "auto")]
    source: String,
    /// The settings.
    #[arg(long, value_name = "FILE", default_value = "argus.toml")]
    config: PathBuf,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct About {
    /// An alert: a file, or - for standard input.
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// An incident of the store that the settings name.
    #[arg(long, value_name = "ID")]
    incident: Option<String>,
}

pub(super) fn run(command: &Command) -> Outcome {
    let Command::Explain(args) = command;
    let config = config::load(&args.config)?;
    let routes = Routes::compile(&config.routes)?;
    let incident = match (&args.what.event, &args.what.incident) {
        (Some(file), _) => judged(file, &args.source, &config)?,
        (None, Some(key)) => stored(key, &config)?,
        (None, None) => return Err(Complaint("give --event or --incident".into())),
    };
    let facts = facts_of(&incident);
    let verdicts = routes.explain(&facts);
    let to = verdicts.iter().find(|it| it.matched);
    match args.format {
        Format::Json => say(&json!({
            "incident": args.what.incident,
            "values": facts.values(),
            "routes": verdicts.iter().map(Verdict::json).collect::<Vec<_>>(),
            "goes_to": to.map(|it| json!({"route": it.route, "conversation": it.conversation})),
        })
        .to_string())?,
        Format::Text => say(&words(&verdicts, to))?,
    }
    Ok(if to.is_some() { Ended::Well } else { Ended::WithFindings })
}

fn words(verdicts: &[Verdict], to: Option<&Verdict>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for verdict in verdicts {
        let chosen = to.is_some_and(|to| to.route == verdict.route);
        let how = match (&verdict.error, verdict.matched, chosen) {
            (Some(error), ..) => format!("does not match: {error}"),
            (None, false, _) => "does not match".into(),
            (None, true, true) => "matches, and is the first that does".into(),
            (None, true, false) => "matches, but an earlier route is first".into(),
        };
        lines.push(format!("routes[{}] {how}", verdict.route));
        lines.push(match &verdict.when {
            Some(when) => format!("  when {when}"),
            None => "  no condition: every incident".into(),
        });
        let values = verdict.values.iter().map(|(name, value)| format!("  {name} = {value}"));
        lines.extend(values);
        lines.push(format!("  to {}", verdict.conversation));
    }
    lines.push(match to {
        Some(to) => format!("The card goes to {} (routes[{}]).", to.conversation, to.route),
        None => "No route takes it: the incident has no card and is in lists only. Add a last \
                 route without `when`."
            .into(),
    });
    lines.join("\n")
}

fn stored(key: &str, config: &Config) -> Result<Incident, Complaint> {
    let place = super::place_of(config)?;
    let key = key.to_uppercase();
    super::serve::runtime()?
        .block_on(place.incident(&key))?
        .ok_or_else(|| Complaint(format!("{}: there is no incident {key}", place.name())))
}

/// The incident that an event would open.
fn judged(file: &Path, source: &str, config: &Config) -> Result<Incident, Complaint> {
    let raw = read(file)?;
    let event = alert::read(&raw, file, source, &alert::sources(Some(config))?)?;
    let now = event.received_at;
    let enrichment = Enrichment::of(Known::Unknown, Known::Unknown, Known::Unknown);
    let score = app::model(config)?.score(&event, &enrichment);
    let playbooks = Playbooks::load(app::playbooks::folder(config)?.as_deref())?.in_use();
    let decision = decide(&event, &enrichment, &score, &playbooks, false);
    if let Decision::Ignore { reasons } = &decision {
        return Err(Complaint(format!("the event opens no incident: {}", reasons.join("; "))));
    }
    let what = What::Opened {
        event: Box::new(event),
        enrichment: Box::new(enrichment),
        score: Box::new(score),
        decision,
    };
    let fact = Fact::new(now, Actor::service("routes"), "explain", what).of("INC-0");
    Incident::open(&fact).ok_or_else(|| Complaint("the event opens no incident".into()))
}
