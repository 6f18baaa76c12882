//! A fake Teams and a connector to it.

use std::sync::Arc;

use argus_bot_sdk::auth::{SecretToken, ServiceUrlPolicy, TokenSource};
use argus_bot_sdk::testing::{
    APP_ID, CONNECTOR, FakeEntra, FakeTeams, Person, TENANT, TeamsLimits, TokenSpec,
};
use argus_bot_sdk::{Clock, ConversationRef, Error, HttpConnector, SystemClock};
use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::Instant;

/// The runtime's own time, which a test may pause.
#[derive(Debug)]
pub(super) struct TokioClock(Instant);

impl TokioClock {
    pub(super) fn start() -> Arc<dyn Clock> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + self.0.elapsed()
    }
}

/// Tokens that the fake Entra mints without being asked over the network.
#[derive(Debug)]
struct Minted(FakeEntra);

#[async_trait]
impl TokenSource for Minted {
    async fn token(&self) -> Result<SecretToken, Error> {
        let spec = TokenSpec::app(APP_ID, TENANT, CONNECTOR).expires_in(86_400);
        Ok(SecretToken::new(self.0.mint(&spec)))
    }
    async fn refresh(&self, _: &SecretToken) -> Result<SecretToken, Error> {
        self.token().await
    }
}

pub(super) struct World {
    pub(super) teams: FakeTeams,
    pub(super) connector: HttpConnector,
    pub(super) alice: Person,
}

impl World {
    /// Without limits, in which nobody waits.
    pub(super) async fn new() -> Self {
        let world = Self::with(TeamsLimits::off(), Arc::new(SystemClock)).await;
        Self { connector: world.connector.ungoverned(), ..world }
    }

    pub(super) async fn with(limits: TeamsLimits, clock: Arc<dyn Clock>) -> Self {
        let entra = FakeEntra::builder().clock(clock).start().await.unwrap();
        let teams = FakeTeams::builder(&entra).limits(limits).start().await.unwrap();
        let policy = ServiceUrlPolicy::loopback();
        let connector = HttpConnector::new(Arc::new(Minted(entra)), policy).unwrap();
        Self { teams, connector, alice: Person::new("Alice Berg") }
    }

    pub(super) fn at(&self, conversation: &str) -> ConversationRef {
        ConversationRef::new(self.teams.service_url(), conversation)
    }

    pub(super) fn channel(&self) -> ConversationRef {
        self.at(&self.teams.channel("SOC alerts", [self.alice.clone(), Person::new("Ben Cole")]))
    }

    pub(super) fn chat(&self) -> ConversationRef {
        self.at(&self.teams.personal(&self.alice))
    }
}
