//! `argus enrich`: what every source says about one thing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::{Clock, SystemClock};
use argus_soc::enrich::{Answer, Answers, Asset, Enrichment, Intel, Known};
use argus_soc::event::{Entity, EntityKind};
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::output::{Format, say};
use super::{Complaint, Ended, Outcome};
use crate::app::sources_of;
use crate::config;
use crate::flows::enrich::asking::Keepable;
use crate::flows::enrich::{Asking, in_words};

/// How long one source has here, where a person waits and no alert does.
const WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  argus enrich ip 203.0.113.7 --config argus.toml
  argus enrich host ws-042.corp.example --config argus.toml --format json
  argus enrich file_hash 44d88612fea8a8f36de82e1278abb02f

Types: host, user, ip, domain, url, file_hash, mailbox. Copies of feeds and inventories are brought up
to date first. Earlier incidents are not looked for: the store belongs to the running bot.

Exit codes: 0 every source answered, 1 one was silent, 2 usage or settings.")]
pub(super) struct Args {
    /// What it is.
    #[arg(value_name = "TYPE")]
    kind: String,
    /// Its name.
    value: String,
    /// The settings.
    #[arg(long, value_name = "FILE", default_value = "argus.toml")]
    config: PathBuf,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// An answer, and how long it took.
struct Timed<T>(Answer<T>, Duration);

pub(super) fn run(args: &Args) -> Outcome {
    let config = config::load(&args.config)?;
    let kind = EntityKind::from(args.kind.clone());
    if let EntityKind::Other(word) = &kind {
        return Err(Complaint(format!("`{word}` is no type of entity; see --help")));
    }
    let entity = Entity::canonical(kind, &args.value)
        .ok_or_else(|| Complaint("the name of the entity is empty".into()))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    super::open_secrets(&config)?;
    let (intel, asset) = super::serve::runtime()?.block_on(async {
        let sources = sources_of(&config, &clock)?;
        // What a copy could not be brought up to date for, its answer says.
        join_all(sources.copies.iter().map(|it| tokio::time::timeout(WITHIN, it.refresh()))).await;
        let knowledge = &sources.knowledge;
        Ok::<_, Complaint>(tokio::join!(
            each(&knowledge.intel, &entity),
            each(&knowledge.asset, &entity)
        ))
    })?;
    let answers = Answers {
        intel: intel.iter().map(|it| it.0.clone()).collect(),
        asset: asset.iter().map(|it| it.0.clone()).collect(),
    };
    let enrichment = Enrichment::from_answers(answers, Known::Unknown);
    let silent = !enrichment.missing().is_empty()
        || intel.iter().any(|it| it.0.said.is_unavailable())
        || asset.iter().any(|it| it.0.said.is_unavailable());
    match args.format {
        Format::Json => say(&json!({
            "entity": entity,
            "intel": enrichment.intel,
            "asset": enrichment.asset,
            "conflicts": enrichment.conflicts(),
            "missing": enrichment.missing(),
            "answers": { "intel": shown(&intel), "asset": shown(&asset) },
        })
        .to_string())?,
        Format::Text => say(&words(&entity, &enrichment, &intel, &asset))?,
    }
    Ok(if silent { Ended::WithFindings } else { Ended::Well })
}

async fn each<T: Keepable>(sources: &[Asking<T>], entity: &Entity) -> Vec<Timed<T>> {
    let covering = sources.iter().filter(|it| it.covers(entity));
    let mut asked = Vec::new();
    for source in covering {
        asked.push(async move {
            let begun = Instant::now();
            let answer = tokio::time::timeout(WITHIN, source.ask(entity)).await;
            let late = |_| {
                let why = format!("no answer within {} s", WITHIN.as_secs());
                source.silent(entity, jiff::Timestamp::UNIX_EPOCH, why)
            };
            Timed(answer.unwrap_or_else(late), begun.elapsed())
        });
    }
    join_all(asked).await
}

fn shown<T: Serialize>(answers: &[Timed<T>]) -> Vec<Value> {
    let one = |Timed(answer, took): &Timed<T>| {
        let mut value = json!(answer);
        if let Some(fields) = value.as_object_mut() {
            fields.insert("age".into(), json!(answer.age()));
            fields.insert("took_ms".into(), json!(millis(*took)));
        }
        value
    };
    answers.iter().map(one).collect()
}

fn words(
    entity: &Entity,
    enrichment: &Enrichment,
    intel: &[Timed<Intel>],
    asset: &[Timed<Asset>],
) -> String {
    let mut lines = vec![format!("{} {}", entity.kind, entity.value)];
    lines.push(format!("  intelligence: {}", in_words(&enrichment.intel, verdict)));
    lines.extend(intel.iter().map(|it| line(it, verdict)));
    lines.push(format!("  inventory: {}", in_words(&enrichment.asset, place)));
    lines.extend(asset.iter().map(|it| line(it, place)));
    lines.extend(enrichment.conflicts().iter().map(|it| format!("  they differ: {it}")));
    if intel.is_empty() && asset.is_empty() {
        lines.push("  no source of the settings can know something like this".into());
    }
    lines.join("\n")
}

fn line<T>(Timed(answer, took): &Timed<T>, known: impl FnOnce(&T) -> String) -> String {
    let mut parts = vec![in_words(&answer.said, known)];
    parts.extend(answer.age());
    parts.extend(answer.note.clone());
    parts.push(format!("{} ms", millis(*took)));
    format!("    {}: {}", answer.source, parts.join("; "))
}

fn verdict(intel: &Intel) -> String {
    let word = if intel.malicious { "malicious" } else { "not malicious" };
    format!("{word}, confidence {} %", intel.confidence)
}

fn place(asset: &Asset) -> String {
    let environment = asset.environment.as_deref().unwrap_or("environment unknown");
    format!("{}, criticality {}, {environment}", asset.name, asset.criticality)
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
