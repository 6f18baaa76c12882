//! People sign in: cards, single sign-on, codes, and those who were not asked.

mod client;
mod flow;

use std::sync::Arc;

use argus_bot_sdk::auth::{ClientSecret, Cloud, Secret};
use argus_bot_sdk::clock::{Clock, ManualClock};
use argus_bot_sdk::signin::{SignIn, UserTokens};
use argus_bot_sdk::testing::{
    APP_ID, APP_SECRET, CONNECTOR, FakeEntra, FakeTokens, Person, TENANT, TokenSpec,
};

const NOW: i64 = 1_800_000_000;

/// The token service, who vouches for people, and the time.
struct Scene {
    entra: FakeEntra,
    tokens: FakeTokens,
    clock: Arc<ManualClock>,
}

impl Scene {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let given: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let entra = FakeEntra::builder().clock(given).start().await.unwrap();
        let tokens = FakeTokens::start(&entra, ["graph", "jira"]).await.unwrap();
        Self { entra, tokens, clock }
    }

    fn time(&self) -> Arc<dyn Clock> {
        Arc::<ManualClock>::clone(&self.clock)
    }

    fn users(&self) -> UserTokens {
        let scope = format!("{CONNECTOR}/.default");
        let (url, secret) = (self.entra.token_url(TENANT), Secret::new(APP_SECRET));
        let bot = ClientSecret::new(&url, APP_ID, secret, scope, self.time()).unwrap();
        let users = UserTokens::new(Cloud::Public, Arc::new(bot)).unwrap();
        users.at(&self.tokens.url()).unwrap()
    }

    fn signin(&self) -> SignIn {
        SignIn::new(self.users(), APP_ID, "graph", self.time())
    }

    /// What a client of this person offers.
    fn offered(&self, person: &Person) -> String {
        self.entra.mint(&TokenSpec::user(APP_ID, TENANT, &person.object_id))
    }
}
