//! What several tests need: a running simulator and a caller with tokens.

use argus_sim::{Sim, SimConfig};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

pub(crate) const GRAPH: &str = "https://graph.microsoft.com";
pub(crate) const DEFENDER: &str = "https://api.securitycenter.microsoft.com";
pub(crate) const CONNECTOR: &str = "https://api.botframework.com";

pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) http: reqwest::Client,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(SimConfig::default()).await
    }

    pub(crate) async fn with(config: SimConfig) -> Self {
        let sim = Sim::start(config).await.unwrap();
        Self { sim, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    /// A token from the token endpoint, as the bot gets it.
    pub(crate) async fn token(&self, audience: &str) -> String {
        let scope = format!("{audience}/.default");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.sim.app_id()),
            ("client_secret", self.sim.app_secret()),
            ("scope", &scope),
        ];
        let (status, body) = json(self.http.post(self.sim.token_url()).form(&form)).await;
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.sim.defender_url()))
    }
}

/// Sends a request and reads the answer, null if it is not JSON.
pub(crate) async fn json(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
