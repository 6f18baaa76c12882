//! `argus outbox`: cards that did not reach people.

use argus_bot_sdk::{Clock, SystemClock};
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::storm::bulletin::Bulletin;
use clap::Subcommand;
use serde_json::{Value, json};

use super::output::{Format, say};
use super::{Ended, Outcome, audit};
use crate::flows::outbox::{Fate, GivenUp, settle};
use crate::ports::ledger::StoredCard;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List cards that were given up, with the reason.
    #[command(after_help = "\
Examples:
  argus outbox list --data ./data/argus.db
  argus outbox list --config argus.toml --format json

Works beside a running bot. Exit code 1 if there are any.")]
    List(Args),
    /// Try cards again that were given up, and conversations that were gone.
    #[command(after_help = "\
Examples:
  argus outbox retry --data ./data/argus.db
  argus outbox retry INC-7 --config argus.toml
  argus outbox retry D-1 --config argus.toml

On SQLite the bot must not run; in Teams, write `outbox retry` instead.")]
    Retry(Args),
    /// Want no more of a card that was given up.
    #[command(after_help = "\
Example:
  argus outbox drop INC-7 --data ./data/argus.db

On SQLite the bot must not run; in Teams, write `outbox drop INC-7` instead. The incident stays.")]
    Drop(Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The incident, or a digest by its name; all of them without one.
    #[arg(value_name = "INCIDENT")]
    incident: Option<String>,
    #[command(flatten)]
    store: audit::Store,
    /// For whom to write.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::List(args) => list(args),
        Command::Retry(args) => decide(args, Fate::Retry),
        Command::Drop(args) if args.incident.is_none() => {
            Err(super::Complaint("say which: argus outbox drop INC-7".into()))
        }
        Command::Drop(args) => decide(args, Fate::Drop),
    }
}

fn list(args: &Args) -> Outcome {
    let place = args.store.place()?;
    let mut dead = super::serve::runtime()?.block_on(place.given_up())?;
    if let Some(key) = &args.incident {
        dead.cards.retain(|card| card.incident.eq_ignore_ascii_case(key));
        dead.bulletins.retain(|(id, _)| id.eq_ignore_ascii_case(key));
    }
    show(&dead, args.format)?;
    Ok(if dead.is_empty() { Ended::Well } else { Ended::WithFindings })
}

fn decide(args: &Args, fate: Fate) -> Outcome {
    let place = args.store.place()?;
    if !place.exists() {
        return Err(super::Complaint(format!("{}: there is no store", place.name())));
    }
    let fact =
        |what: What| Fact::new(SystemClock.now(), Actor::service("outbox command"), "outbox", what);
    let key = args.incident.as_ref().map(|it| it.to_uppercase());
    let settled = super::serve::runtime()?.block_on(async {
        let store = place.open().await?;
        settle(store.as_ref(), fate, key.as_deref(), fact).await
    })?;
    show(&settled, args.format)?;
    Ok(Ended::Well)
}

fn show(given_up: &GivenUp, format: Format) -> Result<(), super::Complaint> {
    let GivenUp { cards, bulletins } = given_up;
    match format {
        Format::Json => {
            let lines = cards.iter().map(line).chain(bulletins.iter().map(own));
            say(&Value::from(lines.collect::<Vec<_>>()).to_string())
        }
        Format::Text if given_up.is_empty() => say("no cards"),
        Format::Text => {
            cards.iter().try_for_each(|card| {
                let why = card.dead.as_deref().unwrap_or_default();
                say(&format!("{}  {}  {}  {why}", card.incident, card.card, card.conversation))
            })?;
            bulletins.iter().try_for_each(|(id, it)| {
                let why = it.dead.as_deref().unwrap_or_default();
                say(&format!("{id}  bulletin  {}  {why}", it.conversation))
            })
        }
    }
}

fn own((id, it): &(String, Bulletin)) -> Value {
    json!({
        "incident": null,
        "card": id,
        "conversation": it.conversation,
        "activity_id": it.activity_id,
        "why": it.dead,
    })
}

fn line(card: &StoredCard) -> Value {
    json!({
        "incident": card.incident,
        "card": card.card,
        "conversation": card.conversation,
        "activity_id": card.activity_id,
        "why": card.dead,
    })
}
