//! `argus playbooks simulate`: what a playbook would do to an alert, and in which order; nothing is sent.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use argus_bot_sdk::{Clock, SystemClock};
use argus_soc::event::SecurityEvent;
use argus_soc::playbook::{PlannedStep, parse, plan};
use argus_soc::run::{Supposed, rehearse};
use serde_json::{Value, json};

use super::text;
use crate::app::connectors_of;
use crate::cli::output::{Format, read, say};
use crate::cli::{Complaint, Ended, Outcome, alert};
use crate::config::{self, Config};
use crate::flows::connectors::Connectors;
use crate::ports::connector::{About, Order};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The playbook.
    file: PathBuf,
    /// The alert, or - for standard input.
    #[arg(long, value_name = "FILE")]
    event: PathBuf,
    /// The source of the alert, by its name in the settings, or what it looks like.
    #[arg(long, default_value = "auto")]
    source: String,
    /// Suppose that a step ends so: STEP=done, failed, lost, foreign or unknown. Others are done.
    #[arg(long = "suppose", value_name = "STEP=END", value_parser = supposed)]
    supposed: Vec<(String, Supposed)>,
    /// The settings, for the exact requests of their connectors.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

fn supposed(text: &str) -> Result<(String, Supposed), String> {
    let (step, end) = text.split_once('=').ok_or("write STEP=END, as in isolate=failed")?;
    let end = serde_json::from_value(json!(end))
        .map_err(|_| format!("`{end}` is not done, failed, lost, foreign or unknown"))?;
    Ok((step.to_owned(), end))
}

pub(super) fn run(args: &Args) -> Outcome {
    let config = args.config.as_deref().map(config::load).transpose()?;
    let playbook = parse(&args.file.display().to_string(), &text(&args.file)?)
        .map_err(|error| Complaint(error.to_string()))?;
    let sources = alert::sources(config.as_ref())?;
    let event = alert::read(&read(&args.event)?, &args.event, &args.source, &sources)?;
    let connectors = config.as_ref().map(connectors).transpose()?;
    let steps = plan(&playbook, &event)?;
    let unknown = args.supposed.iter().find(|(name, _)| {
        let undo = name.strip_prefix("undo/").unwrap_or(name);
        !steps.iter().any(|step| step.id == undo)
    });
    if let Some((name, _)) = unknown {
        return Err(Complaint(format!("--suppose: {} has no step `{name}`", playbook.id)));
    }
    let all: BTreeMap<String, Supposed> = args.supposed.iter().cloned().collect();
    let ended = rehearse(&playbook, &event, &all)?;
    let shown: Vec<Value> =
        steps.iter().map(|step| step_json(step, &event, connectors.as_ref())).collect();
    let asks = playbook.gates.human_approval == argus_soc::playbook::Approval::Always
        || playbook.is_irreversible();
    match args.format {
        Format::Json => {
            let all = json!({
                "playbook": playbook.id, "version": playbook.version, "sha256": playbook.sha256,
                "asks_people": asks, "steps": shown, "result": ended.status,
                "sent": ended.sent, "ends": ended.steps.iter().cloned().collect::<BTreeMap<_, _>>(),
            });
            say(&serde_json::to_string_pretty(&all)?)?;
        }
        Format::Text => {
            say(&format!(
                "{} {}, triggered: {}",
                playbook.id,
                playbook.version,
                playbook.triggered_by(&event)
            ))?;
            if asks {
                say("People are asked before it begins.")?;
            }
            for step in &shown {
                say(&line(step))?;
            }
            say("\nIn this order:")?;
            for (at, sent) in ended.sent.iter().enumerate() {
                say(&format!("{:>3}. {sent}", at + 1))?;
            }
            say(&format!(
                "\nIt ends as {}.",
                serde_json::to_string(&ended.status)?.trim_matches('"')
            ))?;
        }
    }
    Ok(Ended::Well)
}

fn connectors(config: &Config) -> Result<Connectors, Complaint> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    crate::cli::open_secrets(config)?;
    Ok(connectors_of(config, &clock)?)
}

fn step_json(step: &PlannedStep, event: &SecurityEvent, connectors: Option<&Connectors>) -> Value {
    let mut shown = json!({
        "id": step.id,
        "action": step.action,
        "target": step.target.value,
        "parameters": step.parameters,
        "effect": step.effect,
        "lost_answer": step.action.guarantee(),
        "needs": step.needs,
        "undone_by": step.rollback.as_ref().map(|it| it.action),
    });
    let Some(connectors) = connectors else { return shown };
    let request = match connectors.find(step.action, &step.parameters) {
        None => json!({"cannot": "nothing is configured that can do it"}),
        Some(connector) => {
            let preview = connector.preview(&order(step, event));
            match preview {
                Ok(preview) => json!({"connector": connector.name(), "request": preview}),
                Err(why) => json!({"connector": connector.name(), "cannot": why}),
            }
        }
    };
    if let (Value::Object(shown), Value::Object(request)) = (&mut shown, request) {
        shown.extend(request);
    }
    shown
}

fn order(step: &PlannedStep, event: &SecurityEvent) -> Order {
    Order {
        action: step.action,
        key: "the-effect's-key".into(),
        target: step.target.clone(),
        parameters: step.parameters.clone(),
        since: event.received_at,
        about: About {
            incident: "INC-0".into(),
            title: event.title.clone(),
            description: event.description.clone().unwrap_or_default(),
            severity: event.severity,
            source: event.source.clone(),
            native_id: event.source_id.clone(),
            tenant: event.tenant.clone(),
            ticket: None,
            conversation: None,
        },
        comment: "INC-0 by a simulation".into(),
    }
}

fn line(step: &Value) -> String {
    let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
    let undo = match text("undone_by") {
        "" => "not undone".to_owned(),
        undo => format!("undone by {undo}"),
    };
    let mut line = format!(
        "- {}: {} {} ({}, {undo})",
        text("id"),
        text("action"),
        text("target"),
        text("effect")
    );
    if let Some(request) = step.get("request") {
        let part = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
        line.push_str(
            &["\n    ", text("connector"), ": ", part("method"), " ", part("url")].concat(),
        );
        if let Some(body) = request.get("body").filter(|it| !it.is_null()) {
            line.push_str(&["\n    ", &body.to_string()].concat());
        }
    } else if !text("cannot").is_empty() {
        line.push_str(&["\n    cannot be sent: ", text("cannot")].concat());
    }
    line
}
