//! A bot between the fakes: people speak, it answers, the test looks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower_service::Service as _;

use super::entra::{APP_ID, APP_SECRET, CONNECTOR, FakeEntra, TENANT};
use super::fault::Faults;
use super::teams::{FakeTeams, Person, TeamsLimits};
use crate::auth::{Authenticator, ClientSecret, Cloud, InboundConfig, Secret};
use crate::bot::BotBuilder;
use crate::clock::{Clock, SystemClock};
use crate::invoke::Invoke;
use crate::{Activity, Bot, Connector, Error, ErrorKind, HttpConnector, Router};

/// How long a test waits for handlers, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// Your bot in a small Teams of its own: real tokens, real HTTP to the Connector, nothing mocked.
///
/// Rate limits are off, so that a quick test is no storm; [`TestTeamsBuilder::limits`] turns them
/// on.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::extract::Text;
/// use argus_bot_sdk::testing::{Person, TestTeams};
///
/// async fn echo(Text(text): Text) -> String {
///     format!("You said: {text}")
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
/// let teams = TestTeams::start(Router::new().message(echo)).await?;
/// let replies = teams.say(&Person::new("Alice Berg"), "hello").await;
/// assert_eq!(replies[0].text.as_deref(), Some("You said: hello"));
/// # Ok(()) }
/// ```
pub struct TestTeams {
    entra: FakeEntra,
    teams: FakeTeams,
    bot: Bot,
    connector: Arc<dyn Connector>,
    patience: Duration,
}

/// Chooses what a [`TestTeams`] is like.
#[must_use = "call start"]
pub struct TestTeamsBuilder {
    router: Router,
    limits: TeamsLimits,
    faults: Faults,
    clock: Arc<dyn Clock>,
    tenants: Vec<String>,
    patience: Duration,
    bot: Option<Box<dyn FnOnce(BotBuilder) -> BotBuilder + Send>>,
}

/// What the bot answered to a delivery, over HTTP.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; null if it is empty or no JSON.
    pub body: Value,
}

impl TestTeams {
    /// Starts a bot that answers by `router`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if no loopback port can be bound, [`ErrorKind::Config`] if TLS cannot be
    /// set up.
    pub async fn start(router: Router) -> Result<Self, Error> {
        Self::builder(router).start().await
    }

    /// Chooses limits, faults, clock and the bot's settings first.
    pub fn builder(router: Router) -> TestTeamsBuilder {
        TestTeamsBuilder {
            router,
            limits: TeamsLimits::off(),
            faults: Faults::new(),
            clock: Arc::new(SystemClock),
            tenants: Vec::new(),
            patience: PATIENCE,
            bot: None,
        }
    }

    /// A person says something to the bot in their own chat. Gives what the bot posted or changed
    /// in that chat until its handlers were done.
    pub async fn say(&self, person: &Person, text: &str) -> Vec<Activity> {
        let chat = self.teams.personal(person);
        self.say_in(&chat, person, text).await
    }

    /// The same in any conversation of [`teams`](Self::teams); in channels and group chats with a
    /// mention of the bot. Nothing comes of a conversation that does not exist.
    pub async fn say_in(&self, conversation: &str, person: &Person, text: &str) -> Vec<Activity> {
        let Some(activity) = self.teams.say(conversation, person, text) else { return Vec::new() };
        let before = self.said_in(conversation);
        self.deliver(&activity).await;
        self.settle().await;
        let fresh = self.said_in(conversation).into_iter();
        let fresh = fresh.filter(|(id, activity)| before.get(id) != Some(activity));
        fresh.filter_map(|(_, activity)| Activity::deserialize(activity).ok()).collect()
    }

    /// A person presses a button (`Action.Execute`) of a card that the bot has posted. Gives the
    /// bot's answer, which for a card action is `{statusCode, type, value}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if the bot has posted nothing with this id.
    pub async fn click(
        &self,
        person: &Person,
        activity_id: &str,
        verb: &str,
        data: Value,
    ) -> Result<Answer, Error> {
        let invoke = self.pressed(person, activity_id, verb, &data).ok_or_else(|| {
            Error::new(ErrorKind::Invalid, format!("the bot has not posted {activity_id}"))
        })?;
        let answer = self.deliver(&invoke).await;
        self.settle().await;
        Ok(answer)
    }

    /// The invoke of a press that was not delivered yet, for tests that deliver it twice, or late.
    /// `None` if the bot has posted nothing with this id.
    pub fn pressed(
        &self,
        person: &Person,
        activity_id: &str,
        verb: &str,
        data: &Value,
    ) -> Option<Value> {
        let holds = |conversation: &String| self.said_in(conversation).contains_key(activity_id);
        let conversation = self.teams.conversations().into_iter().find(holds)?;
        let action = json!({"verb": verb, "data": data});
        self.teams.click(&conversation, person, activity_id, &action)
    }

    /// A person's client asks the bot something in their own chat, and gets the bot's answer.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::invoke::{ExtensionResponse, Invoked, Query};
    /// use argus_bot_sdk::testing::{Person, TestTeams};
    /// use serde_json::json;
    ///
    /// async fn hosts(_: Invoked<Query>) -> ExtensionResponse {
    ///     ExtensionResponse::message("There are none.")
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
    /// let teams = TestTeams::start(Router::new().search("hosts", hosts)).await?;
    /// let alice = Person::new("Alice Berg");
    /// let answer = teams.invoke(&alice, Query, &json!({ "commandId": "hosts" })).await;
    /// assert_eq!(answer.body["composeExtension"]["text"], "There are none.");
    /// # Ok(()) }
    /// ```
    pub async fn invoke<I: Invoke>(&self, person: &Person, _: I, value: &Value) -> Answer {
        let chat = self.teams.personal(person);
        let activity = self.teams.invoke(&chat, person, I::NAME, value).unwrap_or_default();
        let answer = self.deliver(&activity).await;
        self.settle().await;
        answer
    }

    /// Sends any activity to the bot with a fresh token of Teams', and gives the bot's answer.
    /// Returns before message handlers are done; see [`settle`](Self::settle).
    pub async fn deliver(&self, activity: &Value) -> Answer {
        let authorization = format!("Bearer {}", self.teams.token());
        self.deliver_as(Some(&authorization), activity).await
    }

    /// The same with any `Authorization`, for tests about who gets in.
    pub async fn deliver_as(&self, authorization: Option<&str>, activity: &Value) -> Answer {
        let mut request = Request::post("/api/messages")
            .header("content-type", "application/json; charset=utf-8");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        // Only an `authorization` that cannot be a header fails here; no client could send it.
        let Ok(request) = request.body(Full::new(Bytes::from(activity.to_string()))) else {
            return Answer { status: 400, body: Value::Null };
        };
        let Ok(response) = self.bot.clone().call(request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map(http_body_util::Collected::to_bytes);
        let body = body.ok().and_then(|body| serde_json::from_slice(&body).ok());
        Answer { status, body: body.unwrap_or_default() }
    }

    /// Waits until the bot's handlers are done, or until the test's patience is at an end. A
    /// handler that gives its `Turn` away is not done before that one is dropped.
    pub async fn settle(&self) {
        let deadline = Instant::now() + self.patience;
        // Every turn holds the connector; beside them the bot and this kit do.
        while Arc::strong_count(&self.connector) > 2 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Everything that the bot has posted and not taken back, in all conversations, oldest first.
    pub fn sent(&self) -> Vec<Activity> {
        let all = self.teams.conversations().into_iter();
        let by_id: BTreeMap<_, _> =
            all.flat_map(|conversation| self.said_in(&conversation)).collect();
        by_id.into_values().filter_map(|activity| Activity::deserialize(activity).ok()).collect()
    }

    /// The conversations and the Connector.
    pub fn teams(&self) -> &FakeTeams {
        &self.teams
    }

    /// The keys and tokens.
    pub fn entra(&self) -> &FakeEntra {
        &self.entra
    }

    /// The script of what goes wrong, and the counters of what happened.
    pub fn faults(&self) -> &Faults {
        self.teams.faults()
    }

    /// The bot itself.
    pub fn bot(&self) -> &Bot {
        &self.bot
    }

    /// The way by which the bot speaks, for messages that answer nothing.
    pub fn connector(&self) -> &dyn Connector {
        self.connector.as_ref()
    }

    fn said_in(&self, conversation: &str) -> BTreeMap<String, Value> {
        let shown = self.teams.snapshot(conversation).map(|snapshot| snapshot.activities);
        let from_bot = shown.into_iter().flatten().filter(|shown| shown.from_bot);
        from_bot.map(|shown| (shown.id, shown.activity)).collect()
    }
}

impl fmt::Debug for TestTeams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestTeams").field("teams", &self.teams.url()).finish_non_exhaustive()
    }
}

impl TestTeamsBuilder {
    /// Teams keeps these limits.
    pub fn limits(mut self, limits: TeamsLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Both fakes obey this script.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Tokens, limits and the bot's memory follow this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The bot lets in people of this tenant only; of any, if none is named.
    pub fn tenant(mut self, id: impl Into<String>) -> Self {
        self.tenants.push(id.into());
        self
    }

    /// How long [`TestTeams::settle`] waits at most; 10 s unless said.
    pub fn patience(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// Changes the bot's own settings, for example its deadlines.
    pub fn bot(mut self, settings: impl FnOnce(BotBuilder) -> BotBuilder + Send + 'static) -> Self {
        self.bot = Some(Box::new(settings));
        self
    }

    /// Starts.
    ///
    /// # Errors
    ///
    /// As for [`TestTeams::start`].
    pub async fn start(self) -> Result<TestTeams, Error> {
        let io =
            |source| Error::new(ErrorKind::Io, "no loopback port for a fake").with_source(source);
        let entra = FakeEntra::builder().clock(Arc::clone(&self.clock)).faults(self.faults);
        let entra = entra.start().await.map_err(io)?;
        let is_limited = self.limits != TeamsLimits::off();
        let teams = FakeTeams::builder(&entra).limits(self.limits).start().await.map_err(io)?;

        let mut inbound = InboundConfig::new(APP_ID, Cloud::Public)
            .openid_metadata_url(entra.metadata_url())
            .allowed_service_urls([teams.url()]);
        for tenant in self.tenants {
            inbound = inbound.tenant(tenant);
        }
        let policy = inbound.service_url_policy()?;
        let auth = Authenticator::new(inbound, Arc::clone(&self.clock))?;
        let tokens = ClientSecret::new(
            &entra.token_url(TENANT),
            APP_ID,
            Secret::new(APP_SECRET),
            format!("{CONNECTOR}/.default"),
            Arc::clone(&self.clock),
        )?;
        let connector = HttpConnector::new(Arc::new(tokens), policy)?;
        // Without limits nobody has to wait for them.
        let connector = if is_limited { connector } else { connector.ungoverned() };
        let connector: Arc<dyn Connector> = Arc::new(connector);
        let bot =
            Bot::builder(self.router, Arc::new(auth), Arc::clone(&connector)).clock(self.clock);
        let bot = match self.bot {
            Some(settings) => settings(bot).build(),
            None => bot.build(),
        };
        Ok(TestTeams { entra, teams, bot, connector, patience: self.patience })
    }
}

impl fmt::Debug for TestTeamsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestTeamsBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
