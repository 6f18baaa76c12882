//! What happens to keys and tokens while a bot runs.

use std::sync::atomic::Ordering;

use super::{EntraEndpoint, FakeEntra, keys};

impl FakeEntra {
    /// The Bot Framework signs with a new key from now on and publishes it beside the old ones.
    /// Gives the new key's id.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use argus_bot_sdk::SystemClock;
    /// use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
    /// use argus_bot_sdk::testing::{APP_ID, EntraEndpoint, FakeEntra, TokenSpec};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let entra = FakeEntra::start().await?;
    /// let service = "https://smba.trafficmanager.net/teams/";
    /// let inbound = InboundConfig::new(APP_ID, Cloud::Public).openid_metadata_url(entra.metadata_url());
    /// let door = Authenticator::new(inbound, Arc::new(SystemClock))?;
    /// let token = || format!("Bearer {}", entra.mint(&TokenSpec::bot(APP_ID, service)));
    /// door.authenticate(Some(&token())).await.map_err(|it| it.to_string())?;
    /// assert_eq!(entra.requests(EntraEndpoint::Keys), 1);
    ///
    /// // A new key: its token is good, and is the reason to fetch the keys once more.
    /// entra.rotate();
    /// door.authenticate(Some(&token())).await.map_err(|it| it.to_string())?;
    /// assert_eq!(entra.requests(EntraEndpoint::Keys), 2);
    ///
    /// // The key server is gone; what is known goes on being good.
    /// entra.retire_old_keys();
    /// entra.outage(true);
    /// door.authenticate(Some(&token())).await.map_err(|it| it.to_string())?;
    /// # Ok(()) }
    /// ```
    pub fn rotate(&self) -> String {
        let mut state = self.core.state();
        let number = state.next;
        state.next += 1;
        state.bot.push(number);
        keys::key(number).kid().to_owned()
    }

    /// The Bot Framework publishes the current key only.
    pub fn retire_old_keys(&self) {
        let mut state = self.core.state();
        if let Some(current) = state.bot.pop() {
            let first = state.bot.first().copied();
            state.retired = first.or(state.retired.take());
            state.bot = vec![current];
        }
    }

    /// The channels that the Bot Framework's keys are good for. Teams is `msteams`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use argus_bot_sdk::SystemClock;
    /// use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
    /// use argus_bot_sdk::testing::{APP_ID, FakeEntra, TokenSpec};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let entra = FakeEntra::start().await?;
    /// entra.endorse(["webchat"]);
    /// let inbound = InboundConfig::new(APP_ID, Cloud::Public).openid_metadata_url(entra.metadata_url());
    /// let door = Authenticator::new(inbound, Arc::new(SystemClock))?;
    /// let service = "https://smba.trafficmanager.net/teams/";
    /// let token = format!("Bearer {}", entra.mint(&TokenSpec::bot(APP_ID, service)));
    /// let said = format!(r#"{{"type":"message","channelId":"msteams","serviceUrl":"{service}"}}"#);
    /// let refused = door.verify(Some(&token), said.as_bytes()).await.unwrap_err();
    /// assert_eq!((refused.status(), refused.rule()), (403, "endorsement"));
    /// # Ok(()) }
    /// ```
    pub fn endorse<const N: usize>(&self, channels: [&str; N]) {
        self.core.state().endorsements = channels.map(str::to_owned).to_vec();
    }

    /// Publishes this text instead of the Bot Framework's keys: empty, garbage, an attack.
    /// `None` publishes the keys again.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use argus_bot_sdk::SystemClock;
    /// use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
    /// use argus_bot_sdk::testing::{APP_ID, FakeEntra, TokenSpec};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let entra = FakeEntra::start().await?;
    /// entra.publish_instead(Some("<html>".to_owned()));
    /// let inbound = InboundConfig::new(APP_ID, Cloud::Public).openid_metadata_url(entra.metadata_url());
    /// let door = Authenticator::new(inbound, Arc::new(SystemClock))?;
    /// let good = entra.mint(&TokenSpec::bot(APP_ID, "https://smba.trafficmanager.net/teams/"));
    /// let refused = door.authenticate(Some(&format!("Bearer {good}"))).await.unwrap_err();
    /// assert_eq!(refused.status(), 503, "nobody can be believed, and nobody is");
    /// # Ok(()) }
    /// ```
    pub fn publish_instead(&self, document: Option<String>) {
        self.core.state().key_document = document;
    }

    /// Whether every connection is reset.
    pub fn outage(&self, down: bool) {
        self.core.down.store(down, Ordering::Relaxed);
    }

    /// Every token that the endpoint has given out is refused from now on.
    ///
    /// ```
    /// use argus_bot_sdk::testing::{APP_ID, APP_SECRET, CONNECTOR, FakeEntra, TENANT};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let entra = FakeEntra::start().await?;
    /// let form = [
    ///     ("grant_type", "client_credentials"),
    ///     ("client_id", APP_ID),
    ///     ("client_secret", APP_SECRET),
    ///     ("scope", "https://api.botframework.com/.default"),
    /// ];
    /// let asked = reqwest::Client::new().post(entra.token_url(TENANT)).form(&form);
    /// let answer: serde_json::Value = asked.send().await?.json().await?;
    /// let token = answer["access_token"].as_str();
    /// assert!(entra.check(token, CONNECTOR).is_ok());
    /// entra.revoke_issued();
    /// let denied = entra.check(token, CONNECTOR).unwrap_err();
    /// assert_eq!((denied.reason(), denied.response().is_success()), ("revoked", false));
    /// # Ok(()) }
    /// ```
    pub fn revoke_issued(&self) {
        let mut state = self.core.state();
        let issued = std::mem::take(&mut state.issued);
        state.revoked.extend(issued);
    }

    /// How many requests have come for these documents.
    pub fn requests(&self, endpoint: EntraEndpoint) -> u64 {
        self.core.faults.calls("entra", endpoint.operation())
    }
}
