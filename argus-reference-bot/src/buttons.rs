//! What a button carries: an opaque signed reference, never a target or a privilege.
//!
//! `{v, inc, act, nonce, sig}`. Whatever comes back is a stranger's input: the signature binds it to
//! the incident, the act, the state it was drawn from and the conversation it was drawn in, and
//! everything else is looked up here. A card that was copied elsewhere is told from one that was
//! changed: its signature holds, and the place that it names is another one.

use argus_soc::run::UserAnswer;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a button works: longer than any incident should be open, in seconds (30 days).
const LIFETIME: i64 = 30 * 24 * 3_600;

/// What a button may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// See the card as the one may see it who presses; the one about a run, if it names one.
    View {
        /// The run.
        run: Option<String>,
    },
    /// Take the incident.
    Acknowledge,
    /// Cut the host off.
    Isolate,
    /// Open a ticket.
    Ticket,
    /// Say yes to a run.
    Approve {
        /// The run.
        run: String,
    },
    /// Say no to a run.
    Deny {
        /// The run.
        run: String,
    },
    /// Run a playbook.
    Run {
        /// The playbook.
        playbook: String,
    },
    /// Stop a run.
    Cancel {
        /// The run.
        run: String,
    },
    /// Undo what a run did.
    Undo {
        /// The run.
        run: String,
    },
    /// Say that a step of which nobody knows took effect.
    Happened {
        /// The run.
        run: String,
        /// The step.
        step: String,
    },
    /// Say that it did not.
    NotHappened {
        /// The run.
        run: String,
        /// The step.
        step: String,
    },
    /// Say whether it was oneself; for whoever was asked, and nobody else.
    Say {
        /// The key of the effect that asked.
        key: String,
        /// What they say.
        answer: UserAnswer,
    },
}

impl Act {
    /// The verbs of all card actions; a template can name no other.
    pub const VERBS: [&'static str; 14] = [
        "view",
        "acknowledge",
        "isolate",
        "ticket",
        "approve",
        "deny",
        "run",
        "cancel",
        "undo",
        "happened",
        "not_happened",
        "user_yes",
        "user_no",
        "user_contact",
    ];

    /// The verb of the card action.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::View { .. } => "view",
            Self::Acknowledge => "acknowledge",
            Self::Isolate => "isolate",
            Self::Ticket => "ticket",
            Self::Approve { .. } => "approve",
            Self::Deny { .. } => "deny",
            Self::Run { .. } => "run",
            Self::Cancel { .. } => "cancel",
            Self::Undo { .. } => "undo",
            Self::Happened { .. } => "happened",
            Self::NotHappened { .. } => "not_happened",
            Self::Say { answer: UserAnswer::Yes, .. } => "user_yes",
            Self::Say { answer: UserAnswer::Contact, .. } => "user_contact",
            // That nobody answered is nothing that a button says.
            Self::Say { .. } => "user_no",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::View { run: Some(run) }
            | Self::Approve { run }
            | Self::Deny { run }
            | Self::Cancel { run }
            | Self::Undo { run } => format!("{}/{run}", self.verb()),
            Self::Run { playbook } => format!("{}/{playbook}", self.verb()),
            Self::Say { key, .. } => format!("{}/{key}", self.verb()),
            // Steps have no `/` in their names but the one of `undo/STEP`, so the run comes first.
            Self::Happened { run, step } | Self::NotHappened { run, step } => {
                format!("{}/{run}/{step}", self.verb())
            }
            _ => self.verb().into(),
        }
    }

    fn read(text: &str) -> Option<Self> {
        Some(match text.split_once('/') {
            None => match text {
                "view" => Self::View { run: None },
                "acknowledge" => Self::Acknowledge,
                "isolate" => Self::Isolate,
                "ticket" => Self::Ticket,
                _ => return None,
            },
            Some(("view", run)) => Self::View { run: Some(run.into()) },
            Some(("approve", run)) => Self::Approve { run: run.into() },
            Some(("deny", run)) => Self::Deny { run: run.into() },
            Some(("run", playbook)) => Self::Run { playbook: playbook.into() },
            Some(("cancel", run)) => Self::Cancel { run: run.into() },
            Some(("undo", run)) => Self::Undo { run: run.into() },
            Some(("user_yes", key)) => Self::Say { key: key.into(), answer: UserAnswer::Yes },
            Some(("user_no", key)) => Self::Say { key: key.into(), answer: UserAnswer::No },
            Some(("user_contact", key)) => {
                Self::Say { key: key.into(), answer: UserAnswer::Contact }
            }
            Some((verb @ ("happened" | "not_happened"), rest)) => {
                let (run, step) = rest.split_once('/')?;
                let (run, step) = (run.to_owned(), step.to_owned());
                match verb {
                    "happened" => Self::Happened { run, step },
                    _ => Self::NotHappened { run, step },
                }
            }
            Some(_) => return None,
        })
    }
}

/// The data of a button, as it stands in the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The state that the button was drawn from: how often this act had been done, or the digest
    /// of what is to be approved.
    pub v: String,
    /// The incident.
    pub inc: String,
    /// The act.
    pub act: String,
    /// When it was drawn (hex seconds), and a keyed digest of the conversation.
    pub nonce: String,
    /// The signature over all of it.
    pub sig: String,
}

/// A button that came back, proven to be ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressed {
    /// The incident.
    pub incident: String,
    /// The act.
    pub act: Act,
    /// The state that it was drawn from.
    pub v: String,
}

/// Why a button does nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// The data is not that of a button of ours, or somebody changed it.
    #[error("this button was not made by Argus, or was changed")]
    Forged,
    /// It is ours, and its card was drawn in another conversation.
    #[error("this card was copied from another conversation, where alone its buttons work")]
    Elsewhere(Box<Pressed>),
    /// The button is too old.
    #[error("this card is older than 30 days, after which its buttons do nothing")]
    TooOld(Box<Pressed>),
}

impl NotOurs {
    /// The stable word for the record.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Forged => "forged_button",
            Self::Elsewhere(_) => "copied_button",
            Self::TooOld(_) => "old_button",
        }
    }
}

/// Signs and checks what buttons carry.
#[derive(Debug)]
pub struct Buttons {
    key: hmac::Key,
}

impl Buttons {
    /// Derives the key from a secret of the bot's, so that every replica has the same one and none
    /// is stored.
    pub fn new(secret: &str) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let derived = hmac::sign(&root, b"argus/buttons/1");
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()) }
    }

    /// The data for a button in a card of `incident` that stands in `conversation`.
    pub fn sign(
        &self,
        incident: &str,
        act: &Act,
        v: &str,
        conversation: &str,
        now: Timestamp,
    ) -> Carried {
        let (v, act) = (v.to_owned(), act.text());
        let drawn = now.as_second();
        let nonce = format!("{drawn:x}.{}", self.place(conversation));
        let text = message(&[incident, &act, &v, &nonce]);
        let sig = URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, text.as_bytes()));
        Carried { v, inc: incident.into(), act, nonce, sig }
    }

    /// Checks what came back from a card in `conversation`.
    ///
    /// # Errors
    ///
    /// [`NotOurs`]; whoever pressed it gets the reason, and nothing happens.
    pub fn check(
        &self,
        data: &serde_json::Value,
        conversation: &str,
        now: Timestamp,
    ) -> Result<Pressed, NotOurs> {
        let carried = Carried::deserialize(data).map_err(|_| NotOurs::Forged)?;
        let sig = URL_SAFE_NO_PAD.decode(&carried.sig).map_err(|_| NotOurs::Forged)?;
        let parts = [&*carried.inc, &carried.act, &carried.v, &carried.nonce];
        let signed = |text: String| hmac::verify(&self.key, text.as_bytes(), &sig).is_ok();
        let (drawn, place) = carried.nonce.split_once('.').ok_or(NotOurs::Forged)?;
        let here = if signed(message(&parts)) {
            place == self.place(conversation)
        } else {
            // Cards from before the place stood in them: what was signed with it is from here.
            let [inc, act, v, nonce] = parts;
            if !signed(message(&[inc, act, v, nonce, base_conversation(conversation)])) {
                return Err(NotOurs::Forged);
            }
            true
        };
        let drawn = i64::from_str_radix(drawn, 16).map_err(|_| NotOurs::Forged)?;
        let act = Act::read(&carried.act).ok_or(NotOurs::Forged)?;
        let pressed = Pressed { incident: carried.inc, act, v: carried.v };
        if !here {
            return Err(NotOurs::Elsewhere(Box::new(pressed)));
        }
        if now.as_second().saturating_sub(drawn) > LIFETIME {
            return Err(NotOurs::TooOld(Box::new(pressed)));
        }
        Ok(pressed)
    }

    /// What tells one conversation from another, and says nothing else of it.
    fn place(&self, conversation: &str) -> String {
        let text = format!("place\n{}", base_conversation(conversation));
        let tag = hmac::sign(&self.key, text.as_bytes());
        tag.as_ref().get(..16).map(|it| URL_SAFE_NO_PAD.encode(it)).unwrap_or_default()
    }
}

/// The conversation without the thread: a card and its thread are one place.
pub fn base_conversation(id: &str) -> &str {
    id.split_once(';').map_or(id, |(base, _)| base)
}

fn message(parts: &[&str]) -> String {
    // Lengths keep two different sets of parts from having one text.
    parts.iter().fold(String::new(), |text, part| format!("{text}{}:{part}\n", part.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const CHANNEL: &str = "19:soc@thread.tacv2";

    fn now() -> Timestamp {
        Timestamp::from_second(1_790_000_000).expect("a time")
    }

    fn signed(buttons: &Buttons) -> Value {
        let carried = buttons.sign("INC-7", &Act::Isolate, "0", CHANNEL, now());
        serde_json::to_value(carried).expect("serialises")
    }

    #[test]
    fn what_was_signed_comes_back_also_from_the_cards_thread() {
        let buttons = Buttons::new("secret");
        let data = signed(&buttons);
        let pressed = Pressed { incident: "INC-7".into(), act: Act::Isolate, v: "0".into() };
        assert_eq!(buttons.check(&data, CHANNEL, now()), Ok(pressed.clone()));
        let thread = format!("{CHANNEL};messageid=1700000000000");
        assert_eq!(buttons.check(&data, &thread, now()), Ok(pressed));
    }

    #[test]
    fn elsewhere_later_or_with_another_key_it_is_nothing() {
        let buttons = Buttons::new("secret");
        let data = signed(&buttons);
        let later = now() + jiff::SignedDuration::from_hours(24 * 31);
        let pressed =
            Box::new(Pressed { incident: "INC-7".into(), act: Act::Isolate, v: "0".into() });
        let elsewhere = buttons.check(&data, "19:other@thread.tacv2", now());
        assert_eq!(elsewhere, Err(NotOurs::Elsewhere(pressed.clone())));
        assert_eq!(buttons.check(&data, CHANNEL, later), Err(NotOurs::TooOld(pressed)));
        assert_eq!(Buttons::new("other").check(&data, CHANNEL, now()), Err(NotOurs::Forged));
    }

    #[test]
    fn a_card_from_before_the_place_stood_in_it_works_where_it_was_drawn() {
        let buttons = Buttons::new("secret");
        let (inc, act, v) = ("INC-7", "isolate", "0");
        let nonce = format!("{:x}.c2VyaWFs", now().as_second());
        let text = message(&[inc, act, v, &nonce, CHANNEL]);
        let sig = URL_SAFE_NO_PAD.encode(hmac::sign(&buttons.key, text.as_bytes()));
        let data = json!({"v": v, "inc": inc, "act": act, "nonce": nonce, "sig": sig});
        assert!(buttons.check(&data, CHANNEL, now()).is_ok());
        let elsewhere = buttons.check(&data, "19:other@thread.tacv2", now());
        assert_eq!(elsewhere, Err(NotOurs::Forged));
    }

    proptest! {
        #[test]
        fn any_change_is_refused(field in 0usize..5, text in ".{0,40}") {
            let buttons = Buttons::new("secret");
            let mut data = signed(&buttons);
            let name = ["v", "inc", "act", "nonce", "sig"][field];
            prop_assume!(data[name] != text.as_str());
            data[name] = json!(text);
            prop_assert_eq!(buttons.check(&data, CHANNEL, now()), Err(NotOurs::Forged));
        }

        #[test]
        fn nothing_that_is_not_a_button_panics(text in ".{0,200}") {
            let data = serde_json::from_str(&text).unwrap_or(json!(text));
            prop_assert_eq!(Buttons::new("s").check(&data, CHANNEL, now()), Err(NotOurs::Forged));
        }
    }
}
