//! Telling and asking people: `notify` is a message in Teams, `ask_user` a card in a chat with the user.
//!
//! Source: facts/playbooks-and-incidents.md 4.5. Teams takes no key with a message and lists none, so
//! nobody can look for one: it is sent once, and what may have been lost is a person's to decide.

use std::sync::Arc;

use argus_bot_sdk::activity::Account;
use argus_bot_sdk::connector::{NewConversation, Roster, SendError, SendErrorKind};
use argus_bot_sdk::{Activity, Clock, ConversationRef};
use argus_soc::effect::{Outcome, Probe};
use argus_soc::playbook::ActionKind;
use argus_soc::policy::Permit;
use async_trait::async_trait;
use serde_json::json;

use crate::buttons::Buttons;
use crate::ports::connector::{Connector, Order, Preview};
use crate::view::{clip, question};

/// Longest message in characters; people read the card for more.
const LONGEST: usize = 2_000;

/// Teams, as far as playbooks tell people something.
pub struct Teams {
    connector: Arc<dyn argus_bot_sdk::Connector>,
    buttons: Buttons,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Teams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Teams").finish_non_exhaustive()
    }
}

impl Teams {
    /// Through this connector, with buttons that are signed by these.
    pub fn new(
        connector: Arc<dyn argus_bot_sdk::Connector>,
        buttons: Buttons,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { connector, buttons, clock }
    }

    /// Asks a user in a chat of their own. Up to the card nothing has been said, so what fails before
    /// is tried again or fails for good.
    async fn ask(&self, order: &Order) -> Outcome {
        let failed = |why: &str| Outcome::Failed { why: why.into() };
        let Some(user) = order.target.ids.get("aad_user_id") else { return failed(WHO) };
        let Some(place) = &order.about.conversation else { return failed(NOWHERE) };
        let unsaid = |error: &SendError| match outcome(error) {
            Outcome::Unsettled { why } => Outcome::NotYet { why, retry_after_ms: 2_000 },
            other => other,
        };
        // A chat is begun with an id that only a conversation in which both are has.
        let member = match Roster::new(&*self.connector, place).member(user).await {
            Ok(member) => member,
            Err(error) => return unsaid(&error),
        };
        let Some(tenant) = member.tenant_id.clone() else { return failed(WHO) };
        let chat = NewConversation::personal(Account::new(member.id), tenant);
        let chat = match self.connector.create_conversation(&place.service_url, &chat).await {
            Ok(chat) => chat,
            Err(error) => return unsaid(&error),
        };
        let (incident, says) = (&order.about.incident, order.text("message"));
        let now = self.clock.now();
        let card = question::ask(&self.buttons, incident, &order.key, says, &chat.id, now);
        let url = chat.service_url.unwrap_or_else(|| place.service_url.clone());
        let to = ConversationRef::new(url, chat.id);
        match self.connector.send(&to, &Activity::card(card)).await {
            Ok(sent) => Outcome::Accepted {
                remote: sent.activity_id.unwrap_or_else(|| "without an id".into()),
                detail: None,
            },
            Err(error) => outcome(&error),
        }
    }
}

/// What is said. It is plain text: values from alerts are in it, and nothing in them is a mention or
/// a link.
fn message(order: &Order) -> Activity {
    let text = order.text("message").unwrap_or(&order.about.title);
    let text = format!("{}: {}", order.about.incident, clip(text, LONGEST));
    let mut activity = Activity::message(text);
    activity.text_format = Some("plain".into());
    activity
}

#[async_trait]
impl Connector for Teams {
    fn name(&self) -> &'static str {
        "teams"
    }

    fn actions(&self) -> &'static [ActionKind] {
        &[ActionKind::Notify, ActionKind::AskUser]
    }

    fn preview(&self, order: &Order) -> Result<Preview, String> {
        let place = order.about.conversation.as_ref().ok_or(NOWHERE)?;
        if order.action == ActionKind::AskUser {
            let user = order.target.ids.get("aad_user_id").ok_or(WHO)?;
            let url = format!("{}/v3/conversations", place.service_url.trim_end_matches('/'));
            let body = json!({"isGroup": false, "members": [{"aadObjectId": user}]});
            return Ok(Preview { method: "POST".into(), url, body: Some(body) });
        }
        let url = format!(
            "{}/v3/conversations/{}/activities",
            place.service_url.trim_end_matches('/'),
            place.conversation_id
        );
        let body = json!({"type": "message", "text": message(order).text, "textFormat": "plain"});
        Ok(Preview { method: "POST".into(), url, body: Some(body) })
    }

    async fn send(&self, _permit: Permit, order: &Order) -> Outcome {
        if order.action == ActionKind::AskUser {
            return self.ask(order).await;
        }
        let activity = message(order);
        let Some(place) = &order.about.conversation else {
            return Outcome::Failed { why: NOWHERE.into() };
        };
        match self.connector.send(place, &activity).await {
            Ok(sent) => Outcome::Accepted {
                remote: sent.activity_id.unwrap_or_else(|| "without an id".into()),
                detail: None,
            },
            Err(error) => outcome(&error),
        }
    }

    async fn probe(&self, _order: &Order) -> Probe {
        Probe::Unknown { why: "nobody can look whether a message is there".into() }
    }

    async fn ping(&self) -> Result<(), String> {
        // Whether Teams lets us in shows with every card.
        Ok(())
    }
}

const WHO: &str = "the alert does not say which user of the directory it is (aad_user_id)";
const NOWHERE: &str = "no route has a conversation for this incident; \
                       give the step the parameter `conversation`";

fn outcome(error: &SendError) -> Outcome {
    let why = format!("Teams: {error}");
    let wait = |ms| Outcome::NotYet { why: why.clone(), retry_after_ms: ms };
    match error.kind() {
        SendErrorKind::NotSent => wait(2_000),
        SendErrorKind::Conflict => wait(500),
        SendErrorKind::Throttled => {
            let asked = error.retry_after().map(|it| it.as_millis());
            wait(asked.and_then(|it| u64::try_from(it).ok()).unwrap_or(20_000))
        }
        SendErrorKind::Ambiguous => Outcome::Unsettled { why },
        _ => Outcome::Failed { why },
    }
}

#[cfg(test)]
mod tests {
    use argus_soc::event::{EntityKind, Severity};
    use argus_soc::playbook::Target;

    use super::*;
    use crate::ports::connector::About;

    fn order(message: Option<&str>) -> Order {
        let target = Target { kind: EntityKind::Host, value: "ws-1".into(), ids: [].into() };
        let about = About {
            incident: "INC-7".into(),
            title: "A scan".into(),
            description: String::new(),
            severity: Severity::High,
            source: "edr".into(),
            native_id: None,
            tenant: None,
            ticket: None,
            conversation: Some(ConversationRef::new("https://smba.example/", "19:soc@thread")),
        };
        Order {
            action: ActionKind::Notify,
            key: "k".into(),
            target,
            parameters: message.map_or_else(|| json!({}), |it| json!({"message": it})),
            since: jiff::Timestamp::UNIX_EPOCH,
            about,
            comment: "INC-7 by ann".into(),
        }
    }

    #[test]
    fn what_an_alert_says_is_plain_text() {
        let said = message(&order(Some("<at>all</at> [look](https://evil.example)")));
        assert_eq!(said.text_format.as_deref(), Some("plain"));
        assert_eq!(said.text.as_deref(), Some("INC-7: <at>all</at> [look](https://evil.example)"));
        let unsaid = message(&order(None));
        assert_eq!(unsaid.text.as_deref(), Some("INC-7: A scan"));
    }

    #[test]
    fn only_what_certainly_did_not_arrive_is_said_again() {
        let check = |kind, again: bool| {
            let outcome = outcome(&SendError::new(kind));
            assert_eq!(matches!(outcome, Outcome::NotYet { .. }), again, "{kind:?}: {outcome:?}");
        };
        check(SendErrorKind::NotSent, true);
        check(SendErrorKind::Throttled, true);
        check(SendErrorKind::Conflict, true);
        check(SendErrorKind::Ambiguous, false);
        check(SendErrorKind::Dormant, false);
        check(SendErrorKind::Refused, false);
    }
}
