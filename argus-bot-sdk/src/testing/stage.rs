//! A bot between the fakes: people speak, it answers, the test looks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use serde::Deserialize as _;
use serde_json::Value;
use tokio::time::Instant;
use tower_service::Service as _;

use super::entra::{APP_ID, APP_SECRET, CONNECTOR, FakeEntra, TENANT};
use super::fault::Faults;
use super::teams::{FakeTeams, TeamsLimits};
use crate::auth::{Authenticator, ClientSecret, Cloud, InboundConfig, Secret};
use crate::bot::BotBuilder;
use crate::clock::{Clock, ManualClock, SystemClock};
use crate::{Activity, Bot, Connector, Error, ErrorKind, HttpConnector, Router};

/// How long a test waits for handlers, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// Your bot in a small Teams of its own: real tokens, real HTTP to the Connector, nothing mocked.
///
/// People are [`User`](super::User)s: they say, press, react, join. Rate limits are off, so that a
/// quick test is no storm; [`TestTeamsBuilder::limits`] turns them on. What was exchanged is
/// [`transcript`](Self::transcript).
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::extract::Text;
/// use argus_bot_sdk::testing::TestTeams;
///
/// async fn echo(Text(text): Text) -> String {
///     format!("You said: {text}")
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
/// let teams = TestTeams::start(Router::new().message(echo)).await?;
/// let replies = teams.user("Alice").says("hello").await;
/// assert_eq!(replies[0].text.as_deref(), Some("You said: hello"));
/// # Ok(()) }
/// ```
pub struct TestTeams {
    entra: FakeEntra,
    teams: FakeTeams,
    bot: Bot,
    connector: Arc<dyn Connector>,
    patience: Duration,
    hands: Option<Arc<ManualClock>>,
    own_cards: Mutex<OwnCards>,
}

/// Cards that one person sees since they pressed a button: by person and activity, beside the
/// activity as it was then. A later change of the activity shows the new one to everybody.
type OwnCards = BTreeMap<(String, String), (Value, Value)>;

/// Chooses what a [`TestTeams`] is like.
#[must_use = "call start"]
pub struct TestTeamsBuilder {
    router: Router,
    limits: TeamsLimits,
    faults: Faults,
    clock: Arc<dyn Clock>,
    tenants: Vec<String>,
    patience: Duration,
    edit_time: Duration,
    hands: Option<Arc<ManualClock>>,
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
    /// What the bot posted or changed where it was asked, until its handlers were done. Empty for
    /// [`TestTeams::deliver`], which does not wait.
    pub replies: Vec<Activity>,
}

impl Answer {
    /// The words that a person reads: of a button's answer, of a dialog's or of a search's.
    pub fn text(&self) -> Option<&str> {
        const PLACES: [&str; 4] =
            ["/value", "/value/message", "/task/value", "/composeExtension/text"];
        PLACES.iter().find_map(|place| self.body.pointer(place).and_then(Value::as_str))
    }

    /// The card that a person sees: of a button's answer or in a dialog.
    pub fn card(&self) -> Option<&Value> {
        const PLACES: [&str; 2] = ["/value", "/task/value/card/content"];
        let mut found = PLACES.iter().filter_map(|place| self.body.pointer(place));
        found.find(|it| it.get("type").and_then(Value::as_str) == Some("AdaptiveCard"))
    }

    /// The title of the dialog that opens.
    pub fn title(&self) -> Option<&str> {
        self.body.pointer("/task/value/title").and_then(Value::as_str)
    }

    /// What a search found.
    pub fn items(&self) -> &[Value] {
        let items = self.body.pointer("/composeExtension/attachments").and_then(Value::as_array);
        items.map(Vec::as_slice).unwrap_or_default()
    }
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
            edit_time: Duration::ZERO,
            hands: None,
            bot: None,
        }
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
            return Answer { status: 400, body: Value::Null, replies: Vec::new() };
        };
        let place = self.teams.traffic().heard(activity);
        let Ok(response) = self.bot.clone().call(request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map(http_body_util::Collected::to_bytes);
        let body = body.ok().and_then(|body| serde_json::from_slice(&body).ok());
        let answer = Answer { status, body: body.unwrap_or_default(), replies: Vec::new() };
        self.teams.traffic().answered(place, status, &answer.body);
        answer
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

    /// Lets time pass, in a world with [`TestTeamsBuilder::virtual_time`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::testing::TestTeams;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
    /// let teams = TestTeams::builder(Router::new()).virtual_time().start().await?;
    /// teams.passes(Duration::from_mins(90))?; // The bot's own token is over, for example.
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if the time is the computer's own, or a clock of the test's.
    pub fn passes(&self, time: Duration) -> Result<(), Error> {
        let real = || Error::new(ErrorKind::Invalid, "the time is not virtual");
        self.hands.as_ref().ok_or_else(real)?.advance(time);
        Ok(())
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

    /// All that Teams and the bot said to each other, oldest first, as text that is the same in
    /// every run: ids are names or numbers, times are `<time>`. Compare it with what you reviewed.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::testing::TestTeams;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
    /// async fn hello() -> &'static str {
    ///     "Hello!"
    /// }
    /// let teams = TestTeams::start(Router::new().message(hello)).await?;
    /// teams.user("Alice").says("hi").await;
    /// let transcript = teams.transcript();
    /// assert!(transcript.starts_with("<Alice> in <chat of Alice>: message \"hi\"\n  -> 202\nbot: POST "));
    /// assert!(transcript.contains("\"text\": \"Hello!\""));
    /// # Ok(()) }
    /// ```
    pub fn transcript(&self) -> String {
        self.teams.transcript()
    }

    /// The activity as this person sees it.
    pub(super) fn seen_by(&self, person: &str, id: &str, activity: Value) -> Value {
        let own = self.own_cards.lock().unwrap_or_else(PoisonError::into_inner);
        match own.get(&(person.to_owned(), id.to_owned())) {
            Some((then, own)) if *then == activity => own.clone(),
            _ => activity,
        }
    }

    /// From now on this person sees this card instead of the one in the chat.
    pub(super) fn show(&self, person: &str, id: &str, card: &Value) {
        let mut said = self.teams.conversations().into_iter().map(|place| self.said_in(&place));
        let Some(then) = said.find_map(|mut said| said.remove(id)) else { return };
        let mut seen = then.clone();
        let first = seen.pointer_mut("/attachments/0/content");
        if let Some(content) = first {
            *content = card.clone();
        }
        let mut own = self.own_cards.lock().unwrap_or_else(PoisonError::into_inner);
        own.insert((person.to_owned(), id.to_owned()), (then, seen));
    }

    pub(super) fn said_in(&self, conversation: &str) -> BTreeMap<String, Value> {
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

    /// The time stands still and goes on by [`TestTeams::passes`] only, for tokens, limits and the
    /// bot's memory. It begins at 2027-01-15T08:00:00Z.
    pub fn virtual_time(mut self) -> Self {
        let clock = Arc::new(ManualClock::at(1_800_000_000));
        self.hands = Some(Arc::clone(&clock));
        self.clock(clock)
    }

    /// An edit takes Teams this long, and another one in the same conversation meanwhile gets 412.
    pub fn edit_time(mut self, time: Duration) -> Self {
        self.edit_time = time;
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
        let teams = FakeTeams::builder(&entra).limits(self.limits).edit_time(self.edit_time);
        let teams = teams.noted().start().await.map_err(io)?;

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
        let (patience, hands, own_cards) = (self.patience, self.hands, Mutex::default());
        Ok(TestTeams { entra, teams, bot, connector, patience, hands, own_cards })
    }
}

impl fmt::Debug for TestTeamsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestTeamsBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
