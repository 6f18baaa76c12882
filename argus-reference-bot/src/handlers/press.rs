//! A button was pressed.
//!
//! Whoever pressed sees what came of it: the card as it is now, and on it why nothing was done if
//! nothing was. What is no button of ours, or not for this person, is answered with the reason alone.

use std::sync::Arc;

use argus_bot_sdk::extract::{Input, State, Turn};
use argus_bot_sdk::reply::CardReply;
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::What;
use argus_soc::policy::Action;
use argus_soc::run::UserAnswer;
use serde_json::Value;

use super::person;
use crate::buttons::{Act, NotOurs, Pressed};
use crate::chain::chain;
use crate::flows::Soc;
use crate::flows::access::{AccessError, Person};
use crate::flows::act::{ActError, Done};
use crate::flows::orders::words_of;
use crate::flows::user::UserError;
use crate::ports::ledger::{Batch, LedgerError};
use crate::view;

/// The input beside the buttons of a request, in which people say why.
const REASON: &str = "reason";

/// Who pressed, and where.
struct Press<'a> {
    soc: &'a Soc,
    person: &'a Person,
    conversation: &'a str,
    correlation: &'a str,
}

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
    let (conversation, correlation) = (turn.conversation().conversation_id, turn.correlation());
    let press = Press {
        soc: &soc,
        person: &person,
        conversation: &conversation,
        correlation: &correlation,
    };
    let pressed = match soc.buttons.check(&data, &conversation, soc.clock.now()) {
        Ok(pressed) => pressed,
        Err(not_ours) => return press.refuse(&not_ours).await,
    };
    tracing::info!(
        correlation_id = correlation,
        incident.key = pressed.incident,
        verb = pressed.act.verb(),
        "a button was pressed"
    );
    if let Act::View { run } = &pressed.act {
        let place = crate::buttons::base_conversation(&conversation);
        return match soc.look(&person, &pressed.incident, run.as_deref(), place).await {
            Ok(card) => CardReply::card(card),
            Err(why) => undrawn(&pressed.incident, &why, "The card could not be drawn.".into()),
        };
    }
    if let Act::Say { key, answer } = &pressed.act {
        return press.said(&pressed.incident, key, *answer).await;
    }
    let reason = data.get(REASON).and_then(Value::as_str).unwrap_or_default();
    match soc.act(&person, &pressed, reason, &correlation).await {
        Ok(Done::Changed(incident)) => press.card(&incident, &pressed, None).await,
        Ok(Done::Unchanged(incident)) => {
            let why = "Nothing was changed: it had been done, or has changed since this card was \
                       drawn. This is how it stands.";
            press.card(&incident, &pressed, Some(why)).await
        }
        Err(error) => press.explain(&error, &pressed).await,
    }
}

impl Press<'_> {
    /// The card that was pressed, as it is now and as the one may see it who pressed, and on it what
    /// has to be said first.
    async fn card(
        &self,
        incident: &Incident,
        pressed: &Pressed,
        notice: Option<&str>,
    ) -> CardReply {
        let place = crate::buttons::base_conversation(self.conversation);
        let run = match &pressed.act {
            Act::Approve { run } | Act::Deny { run } => Some(run.as_str()),
            _ => None,
        };
        match self.soc.card_for(self.person, incident, run, place, notice).await {
            Ok(card) => CardReply::card(card),
            Err(why) => {
                let done = notice.unwrap_or("It is recorded.");
                let said = format!("{done} The card could not be drawn; use `show` to see it.");
                let said = self.soc.said_to(self.person, &incident.key, said).await;
                undrawn(&incident.key, &why, said)
            }
        }
    }

    /// The card as it is now, with the reason why nothing was done; the reason alone if there is none.
    async fn fresh(&self, pressed: &Pressed, why: &str) -> CardReply {
        match self.soc.ledger.incident(&pressed.incident).await {
            Ok(Some(incident)) => self.card(&incident, pressed, Some(why)).await,
            _ => CardReply::message(why.to_owned()),
        }
    }

    /// Whoever was asked has answered; their card says thanks and has no buttons any more.
    async fn said(&self, incident: &str, key: &str, answer: UserAnswer) -> CardReply {
        let said = self.soc.user_said(self.person, incident, key, answer, self.correlation).await;
        match said {
            Ok(()) => CardReply::card(view::question::thanks(answer)),
            Err(UserError::Closed) => CardReply::card(view::question::closed()),
            Err(UserError::NotAsked) => {
                let why = "Nothing was recorded: somebody else was asked this.";
                CardReply::error("Forbidden", why).status(403)
            }
            Err(UserError::TryAgain(error)) => try_again(&error),
        }
    }

    async fn refuse(&self, not_ours: &NotOurs) -> CardReply {
        let refused = What::Refused {
            incident: None,
            action: "press".into(),
            code: not_ours.code().into(),
            why: not_ours.to_string(),
        };
        let fact = self.soc.fact(self.person.actor(), self.correlation, refused);
        if let Err(error) = self.soc.ledger.append(Batch::one(fact)).await {
            tracing::error!(error = %error, "a refusal could not be recorded");
        }
        let why = format!("Nothing was done: {not_ours}.");
        let (NotOurs::Elsewhere(pressed) | NotOurs::TooOld(pressed)) = not_ours else {
            return CardReply::error("BadRequest", why).status(400);
        };
        // A card that is ours is answered with a fresh one, for whoever might ask for it anyway.
        let key = Some(pressed.incident.as_str());
        match self.soc.authorise(self.person, Action::View, key, self.correlation).await {
            Ok(_permit) => {
                self.fresh(pressed, &format!("{why} This is a fresh card, drawn here.")).await
            }
            Err(AccessError::Refused(refusal)) => {
                let who = self.soc.access.explain(&refusal);
                CardReply::error("Forbidden", format!("{why} {who}")).status(403)
            }
            Err(AccessError::Unrecorded(error)) => try_again(&error),
        }
    }

    async fn explain(&self, error: &ActError, pressed: &Pressed) -> CardReply {
        let (correlation_id, why) = (self.correlation, chain(error));
        tracing::info!(correlation_id, why, "a click did nothing");
        match error {
            ActError::Access(AccessError::Refused(refusal)) => {
                CardReply::error("Forbidden", self.soc.access.explain(refusal)).status(403)
            }
            ActError::Access(AccessError::Unrecorded(error)) | ActError::TryAgain(error) => {
                try_again(error)
            }
            ActError::NoIncident(key) => {
                CardReply::error("NotFound", format!("There is no incident {key}.")).status(404)
            }
            ActError::Reason(why) => {
                self.fresh(pressed, &format!("Nothing was recorded: {why}.")).await
            }
            ActError::NotUndone(_) | ActError::NotCounted(_) => {
                self.fresh(pressed, &format!("Nothing was changed: {}.", words_of(error))).await
            }
            ActError::NotStarted(_) | ActError::NotPossible(_) | ActError::Halted => {
                self.fresh(pressed, &format!("Nothing was done: {}.", words_of(error))).await
            }
        }
    }
}

fn undrawn(incident: &str, why: &str, said: String) -> CardReply {
    tracing::error!(incident.key = incident, why, "a card could not be drawn");
    CardReply::message(said)
}

fn try_again(error: &LedgerError) -> CardReply {
    let full = matches!(error, LedgerError::Unavailable(_));
    let why = if full { "nothing can be recorded at the moment" } else { "somebody was faster" };
    CardReply::error("TryAgain", format!("Nothing was done, because {why}. Please try again."))
        .status(500)
}
