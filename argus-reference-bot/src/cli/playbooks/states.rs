//! `argus playbooks states`: what becomes of playbooks, out of the records alone.

use std::collections::BTreeMap;

use argus_soc::playbook::lifecycle::{Life, Text};
use serde_json::{Value, json};

use crate::cli::audit::{Store, facts};
use crate::cli::output::{Format, say};
use crate::cli::{Ended, Outcome};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    store: Store,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Outcome {
    let mut lives: BTreeMap<String, Life> = BTreeMap::new();
    facts(&args.store.place()?, |fact, _| {
        if let Some(id) = Life::of(&fact.what)
            && let Some(life) = Life::after(lives.remove(id), &fact)
        {
            lives.insert(life.id.clone(), life);
        }
        Ok(())
    })?;
    let texts = || lives.values().flat_map(|life| life.texts.iter().map(move |it| (life, it)));
    match args.format {
        Format::Json => {
            let all: Vec<Value> = texts().map(|(life, it)| as_json(life, it)).collect();
            say(&serde_json::to_string_pretty(&json!({"playbooks": all}))?)?;
        }
        Format::Text => {
            for (life, it) in texts() {
                say(&line(life, it))?;
            }
        }
    }
    Ok(if lives.is_empty() { Ended::WithFindings } else { Ended::Well })
}

fn as_json(life: &Life, it: &Text) -> Value {
    let reviews = it
        .reviews
        .iter()
        .map(|it| json!({"by": it.by, "approve": it.approve, "why": it.why, "at": it.at}));
    json!({
        "id": life.id, "version": it.version, "sha256": it.sha256, "state": it.stage,
        "since": it.since, "origin": it.origin, "submitted_by": it.by, "submitted_at": it.at,
        "reviews": reviews.collect::<Vec<_>>(),
        "dry_runs": {"ended": it.dry_runs, "failed": it.failed, "last_failure": it.failure},
        "why": it.why,
    })
}

fn line(life: &Life, it: &Text) -> String {
    let said = it.reviews.iter().map(|review| {
        let word = if review.approve { "approved" } else { "rejected" };
        format!(", {word} by {}", review.by.shown())
    });
    let why = it.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    let (id, version, hash) = (&life.id, &it.version, it.short());
    let (stage, since, origin) = (it.stage.word(), it.since, &it.origin);
    format!(
        "{id} {version} {hash} {stage} since {since}{why}, from {origin}{}",
        said.collect::<String>()
    )
}
