//! What Teams sends to a bot when somebody types or presses a button.
//!
//! Source: captured activities of a Teams channel; their ids and names are replaced by ours.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::people::Person;

/// Where somebody is when they speak.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The Connector's address.
    pub(crate) service_url: String,
    /// Tenant that hosts the channel.
    pub(crate) tenant: String,
    /// The channel's id, `19:…@thread.tacv2`.
    pub(crate) channel: String,
    /// The team's id.
    pub(crate) team: String,
    /// The bot's Teams id, `28:…`.
    pub(crate) bot: String,
    /// The bot's name.
    pub(crate) bot_name: String,
}

/// A button that somebody pressed.
#[derive(Clone, Debug)]
pub(crate) struct Press<'a> {
    /// The message with the card.
    pub(crate) activity_id: &'a str,
    /// The first message of its thread.
    pub(crate) root: &'a str,
    /// `verb`, `title`, `data` and perhaps `type` of the action.
    pub(crate) action: &'a Value,
}

impl Place {
    /// A message that mentions the bot.
    pub(crate) fn message(&self, who: &Person, id: &str, text: &str, now: Timestamp) -> Value {
        let mention = format!("<at>{}</at>", self.bot_name);
        let said = self.without_mention(text);
        let mut activity = self.activity("message", who, id, id, now);
        activity["text"] = json!(format!("{mention} {said}"));
        activity["textFormat"] = json!("plain");
        activity["entities"] = json!([
            {
                "type": "mention",
                "text": mention,
                "mentioned": { "id": self.bot, "name": self.bot_name },
            },
            client_info(),
        ]);
        activity
    }

    /// What the channel shows of a message: the text as it was typed, with a plain mention.
    pub(crate) fn shown_text(&self, text: &str) -> String {
        format!("@{} {}", self.bot_name, self.without_mention(text))
    }

    /// The press of an `Action.Execute` button.
    pub(crate) fn invoke(
        &self,
        who: &Person,
        id: &str,
        press: &Press<'_>,
        now: Timestamp,
    ) -> Value {
        let mut action = json!({ "type": "Action.Execute" });
        for field in ["title", "verb", "id", "data"] {
            if let Some(value) = press.action.get(field).filter(|value| !value.is_null()) {
                action[field] = value.clone();
            }
        }
        let mut activity = self.activity("invoke", who, id, press.root, now);
        activity["name"] = json!("adaptiveCard/action");
        activity["value"] = json!({ "action": action, "trigger": "manual" });
        activity["replyToId"] = json!(press.activity_id);
        activity["channelData"]["source"] = json!({ "name": "message" });
        activity
    }

    /// The press of an `Action.Submit` button, which is a message without text.
    pub(crate) fn submit(
        &self,
        who: &Person,
        id: &str,
        press: &Press<'_>,
        now: Timestamp,
    ) -> Value {
        let mut activity = self.activity("message", who, id, press.root, now);
        activity["value"] = press.action.get("data").cloned().unwrap_or_default();
        activity["replyToId"] = json!(press.activity_id);
        activity["channelData"]["source"] = json!({ "name": "message" });
        activity
    }

    fn activity(&self, kind: &str, who: &Person, id: &str, root: &str, now: Timestamp) -> Value {
        json!({
            "type": kind,
            "id": id,
            "timestamp": now.to_string(),
            "localTimestamp": now.to_string(),
            "localTimezone": "Europe/Oslo",
            "locale": "en-US",
            "serviceUrl": self.service_url,
            "channelId": "msteams",
            "from": {
                "id": who.teams_id,
                "name": who.name,
                "aadObjectId": who.object_id,
                "tenantId": who.tenant_id,
            },
            "recipient": { "id": self.bot, "name": self.bot_name },
            "conversation": {
                "id": format!("{};messageid={root}", self.channel),
                "isGroup": true,
                "conversationType": "channel",
                "tenantId": self.tenant,
            },
            "channelData": {
                "teamsChannelId": self.channel,
                "teamsTeamId": self.team,
                "channel": { "id": self.channel },
                "team": { "id": self.team },
                "tenant": { "id": self.tenant },
            },
            "entities": [client_info()],
        })
    }

    /// The text without the mention that a person may have typed by hand.
    fn without_mention<'a>(&self, text: &'a str) -> &'a str {
        let text = text.trim();
        let typed = text.strip_prefix('@').and_then(|rest| {
            let (name, said) = rest.split_at_checked(self.bot_name.len())?;
            let ends = said.is_empty() || said.starts_with(char::is_whitespace);
            (name.eq_ignore_ascii_case(&self.bot_name) && ends).then_some(said)
        });
        typed.unwrap_or(text).trim()
    }
}

fn client_info() -> Value {
    json!({ "type": "clientInfo", "locale": "en-US", "country": "NO", "platform": "Web",
            "timezone": "Europe/Oslo" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::People;

    fn place() -> Place {
        Place {
            service_url: "http://127.0.0.1:1".to_owned(),
            tenant: crate::HOME_TENANT.to_owned(),
            channel: "19:soc@thread.tacv2".to_owned(),
            team: "19:team@thread.tacv2".to_owned(),
            bot: "28:argus".to_owned(),
            bot_name: "Argus".to_owned(),
        }
    }

    #[test]
    fn the_bot_is_mentioned_once() {
        let people = People::default();
        let alice = people.named("alice").unwrap();
        let check = |typed: &str, expected: &str| {
            let activity = place().message(alice, "17", typed, Timestamp::UNIX_EPOCH);
            assert_eq!(activity["text"], expected, "{typed}");
            assert_eq!(activity["entities"][0]["text"], "<at>Argus</at>");
        };
        check("list", "<at>Argus</at> list");
        check(" @argus  list ", "<at>Argus</at> list");
        check("@Argus", "<at>Argus</at> ");
        check("@Argusson list", "<at>Argus</at> @Argusson list");
    }

    #[test]
    fn a_press_is_an_invoke_in_the_cards_thread() {
        let people = People::default();
        let carol = people.named("carol").unwrap();
        let action = json!({ "verb": "isolate", "title": "Isolate", "data": { "r": "x" } });
        let press = Press { activity_id: "18", root: "17", action: &action };
        let activity = place().invoke(carol, "f:1", &press, Timestamp::UNIX_EPOCH);
        assert_eq!(activity["conversation"]["id"], "19:soc@thread.tacv2;messageid=17");
        assert_eq!(activity["from"]["tenantId"], crate::PARTNER_TENANT);
        assert_eq!(activity["channelData"]["tenant"]["id"], crate::HOME_TENANT);
        assert_eq!(
            activity["value"],
            json!({
                "action": {
                    "type": "Action.Execute", "title": "Isolate", "verb": "isolate",
                    "data": { "r": "x" },
                },
                "trigger": "manual",
            })
        );
    }
}
