//! The card that asks somebody whether it was them. It says little of the incident: whoever has the
//! account reads it as well.

use argus_soc::run::UserAnswer;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::unmarked;
use crate::buttons::{Act, Buttons};

/// What is asked where the playbook says nothing.
const USUAL: &str = "Something was done with your account that is not usual for you.";

/// The question, for whoever sits in `conversation`.
pub fn ask(
    buttons: &Buttons,
    incident: &str,
    key: &str,
    says: Option<&str>,
    conversation: &str,
    now: Timestamp,
) -> Value {
    let button = |answer: UserAnswer, title: &str| {
        let act = Act::Say { key: key.into(), answer };
        let data = buttons.sign(incident, &act, "", conversation, now);
        json!({"type": "Action.Execute", "title": title, "verb": act.verb(), "data": data})
    };
    json!({
        "type": "AdaptiveCard",
        "version": "1.5",
        "fallbackText": "Was this you? Please answer, or call the security team.",
        "body": [
            text("Was this you?", "Bolder"),
            text(&unmarked(says.unwrap_or(USUAL)), "Default"),
            text("Your answer goes to the security team. It changes nothing by itself.", "Lighter"),
        ],
        "actions": [
            button(UserAnswer::Yes, "Yes, it was me"),
            button(UserAnswer::No, "No, not me"),
            button(UserAnswer::Contact, "Contact the SOC"),
        ],
    })
}

/// What whoever has answered sees instead.
pub fn thanks(answer: UserAnswer) -> Value {
    said(match answer {
        UserAnswer::Yes => "Thank you: you say that it was you. The security team may still ask.",
        UserAnswer::No => {
            "Thank you: you say that it was not you. The security team takes it from here."
        }
        _ => "Thank you: the security team will talk to you.",
    })
}

/// What whoever answers too late sees.
pub fn closed() -> Value {
    said("Nothing was recorded: this question was answered before, or its time is over.")
}

fn said(what: &str) -> Value {
    json!({"type": "AdaptiveCard", "version": "1.5", "fallbackText": what, "body": [text(what, "Default")]})
}

fn text(text: &str, weight: &str) -> Value {
    json!({"type": "TextBlock", "text": text, "wrap": true, "weight": weight})
}
