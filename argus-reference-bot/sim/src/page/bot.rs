//! The way from the page's server to the bot: what Teams' service does for a Teams client.

use std::time::Duration;

use argus_bot_sdk::testing::FakeTeams;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Longer than any invoke may take, so that a slow bot is seen as slow and not as gone.
const TOTAL: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(3);

/// Sends activities with the token that Teams would send.
#[derive(Clone, Debug)]
pub(crate) struct BotClient {
    http: reqwest::Client,
    endpoint: String,
    teams: FakeTeams,
}

/// What the bot answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Delivery {
    /// HTTP status, or nothing if there was no answer.
    pub(crate) status: Option<u16>,
    /// Its body, if that is JSON.
    pub(crate) body: Option<Value>,
}

impl BotClient {
    pub(crate) fn new(bot_url: &str, teams: FakeTeams) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .build()?;
        Ok(Self {
            http,
            endpoint: format!("{}/api/messages", bot_url.trim_end_matches('/')),
            teams,
        })
    }

    /// Delivers an activity once.
    pub(crate) async fn deliver(&self, activity: &Value) -> Delivery {
        let request = self.http.post(&self.endpoint).bearer_auth(self.teams.token()).json(activity);
        let Ok(response) = request.send().await else {
            return Delivery { status: None, body: None };
        };
        let status = response.status().as_u16();
        let body = response.bytes().await.ok().and_then(|body| serde_json::from_slice(&body).ok());
        Delivery { status: Some(status), body }
    }

    /// Delivers the same activity several times at once, as Teams does when it is in doubt.
    pub(crate) async fn deliver_times(&self, activity: &Value, times: usize) -> Vec<Delivery> {
        let mut running = JoinSet::new();
        for _ in 0..times {
            let (bot, activity) = (self.clone(), activity.clone());
            running.spawn(async move { bot.deliver(&activity).await });
        }
        running.join_all().await
    }
}

impl Delivery {
    /// Whether the bot took the activity.
    pub(crate) fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// The reply to an invoke as a Teams client reads it: `{statusCode, type, value}`.
    pub(crate) fn reply(self) -> Value {
        let taken = self.is_taken();
        match (self.status, self.body) {
            (Some(_), Some(body)) if taken && body.get("statusCode").is_some() => body,
            (Some(_), _) if taken => json!({
                "statusCode": 200,
                "type": "application/vnd.microsoft.activity.message",
                "value": "",
            }),
            (Some(status), _) => failed(status, &format!("The bot answered HTTP {status}.")),
            (None, _) => failed(502, "The bot does not answer."),
        }
    }
}

fn failed(status: u16, message: &str) -> Value {
    json!({
        "statusCode": status,
        "type": "application/vnd.microsoft.error",
        "value": { "code": "BotUnavailable", "message": message },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_what_a_client_reads() {
        let check = |status: Option<u16>, body: Option<Value>, code: u16, kind: &str| {
            let reply = Delivery { status, body }.reply();
            assert_eq!(reply["statusCode"], code, "{reply}");
            assert_eq!(reply["type"], format!("application/vnd.microsoft.{kind}"), "{reply}");
        };
        let own =
            json!({ "statusCode": 403, "type": "application/vnd.microsoft.error", "value": 1 });
        check(Some(200), Some(own), 403, "error");
        check(Some(202), None, 200, "activity.message");
        check(Some(401), Some(json!({ "statusCode": 200 })), 401, "error");
        check(None, None, 502, "error");
    }
}
