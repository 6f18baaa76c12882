//! A button was pressed.

use std::sync::Arc;

use argus_bot_sdk::extract::{Input, State, Turn};
use argus_bot_sdk::reply::CardReply;
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::What;
use serde_json::Value;

use super::person;
use crate::buttons::{Act, NotOurs, Pressed};
use crate::chain::chain;
use crate::flows::Soc;
use crate::flows::access::{AccessError, Person};
use crate::flows::act::{ActError, Done};
use crate::flows::execute::NotStarted;
use crate::ports::ledger::{Batch, LedgerError};

/// Does what the button asks for, and answers with the card as it is then, or with the reason why
/// nothing happened.
pub(super) async fn press(
    State(soc): State<Arc<Soc>>,
    turn: Turn,
    Input(data): Input<Value>,
) -> CardReply {
    let Some(person) = person(&turn) else {
        return CardReply::error(
            "Forbidden",
            "Teams did not say who you are, so nothing was done.",
        )
        .status(403);
    };
    let conversation = turn.conversation().conversation_id;
    let pressed = match soc.buttons.check(&data, &conversation, soc.clock.now()) {
        Ok(pressed) => pressed,
        Err(not_ours) => return refuse(&soc, &person, not_ours, &turn.correlation()).await,
    };
    let correlation = turn.correlation();
    tracing::info!(
        correlation_id = correlation,
        incident.key = pressed.incident,
        verb = pressed.act.verb(),
        "a button was pressed"
    );
    let place = crate::buttons::base_conversation(&conversation);
    if let Act::View { run } = &pressed.act {
        return match soc.look(&person, &pressed.incident, run.as_deref(), place).await {
            Ok(card) => CardReply::card(card),
            Err(why) => undrawn(&pressed.incident, &why, "The card could not be drawn."),
        };
    }
    match soc.act(&person, &pressed, &correlation).await {
        Ok(Done::Changed(incident) | Done::Unchanged(incident)) => {
            card(&soc, &person, &incident, &pressed, place).await
        }
        Err(error) => explain(&soc, &person, &pressed.incident, &error, &correlation).await,
    }
}

/// The card that was pressed, as it is now and as the one may see it who pressed.
async fn card(
    soc: &Soc,
    person: &Person,
    incident: &Incident,
    pressed: &Pressed,
    place: &str,
) -> CardReply {
    let run = match &pressed.act {
        Act::Approve { run } | Act::Deny { run } => Some(run.as_str()),
        _ => None,
    };
    match soc.card_for(person, incident, run, place).await {
        Ok(card) => CardReply::card(card),
        Err(why) => {
            let said = "It is recorded. The card could not be drawn; use `show` to see it.";
            undrawn(&incident.key, &why, said)
        }
    }
}

fn undrawn(incident: &str, why: &str, said: &'static str) -> CardReply {
    tracing::error!(incident.key = incident, why, "a card could not be drawn");
    CardReply::message(said)
}

async fn refuse(soc: &Soc, person: &Person, why: NotOurs, correlation: &str) -> CardReply {
    let refused = What::Refused {
        incident: None,
        action: "press".into(),
        code: match why {
            NotOurs::Forged => "forged_button".into(),
            NotOurs::TooOld => "old_button".into(),
        },
        why: why.to_string(),
    };
    let fact = soc.fact(person.actor(), correlation, refused);
    if let Err(error) = soc.ledger.append(Batch::one(fact)).await {
        tracing::error!(error = %error, "a refusal could not be recorded");
    }
    CardReply::error("BadRequest", format!("Nothing was done: {why}.")).status(400)
}

async fn explain(
    soc: &Soc,
    person: &Person,
    incident: &str,
    error: &ActError,
    correlation: &str,
) -> CardReply {
    tracing::info!(correlation_id = correlation, why = chain(error), "a click did nothing");
    let said = |text: String| soc.said_to(person, incident, text);
    match error {
        ActError::Access(AccessError::Refused(refusal)) => {
            CardReply::error("Forbidden", soc.access.explain(refusal)).status(403)
        }
        ActError::Access(AccessError::Unrecorded(_)) | ActError::TryAgain(_) => try_again(error),
        ActError::NoIncident(key) => {
            CardReply::error("NotFound", format!("There is no incident {key}.")).status(404)
        }
        ActError::NotStarted(NotStarted::NoConnector(action)) => CardReply::error(
            "NotConfigured",
            format!("Nothing is configured that can do {action}; an administrator can add it."),
        ),
        ActError::NotStarted(NotStarted::Plan(why)) => {
            let text = format!("It does not fit this incident: {why}.");
            CardReply::error("NotPossible", said(text).await)
        }
        ActError::NotUndone(why) => {
            CardReply::message(said(format!("Nothing was changed: {why}.")).await)
        }
        ActError::NotPossible(why) => {
            CardReply::error("NotPossible", said(format!("Nothing was done: {why}.")).await)
        }
        ActError::NotCounted(why) => CardReply::message(format!("Nothing was changed: {why}.")),
    }
}

fn try_again(error: &ActError) -> CardReply {
    let full = matches!(
        error,
        ActError::TryAgain(LedgerError::Unavailable(_))
            | ActError::Access(AccessError::Unrecorded(LedgerError::Unavailable(_)))
    );
    let why = if full { "nothing can be recorded at the moment" } else { "somebody was faster" };
    CardReply::error("TryAgain", format!("Nothing was done, because {why}. Please try again."))
        .status(500)
}
