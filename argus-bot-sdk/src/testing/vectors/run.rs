//! Sending the vectors to an endpoint.

use std::io;
use std::sync::Arc;

use serde_json::json;

use super::{Vector, Vectors, mint};
use crate::testing::entra::{APP_ID, TENANT};
use crate::testing::wire::{FakeResponse, FakeServer};
use crate::{Clock as _, Error, ErrorKind, SystemClock};

/// What a bot may answer to a token that it does not believe. Microsoft's article says 403; others
/// say 401, 400 for what cannot be read, and 413 or 431 for what is too long.
const REFUSALS: [u16; 5] = [400, 401, 403, 413, 431];

/// An issuer with fresh keys, and the vectors that it mints.
///
/// The bot under test takes its keys from [`metadata_url`](Self::metadata_url), has the app id of
/// the run, and allows the run's service URL.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::auth::{Authenticator, Cloud, InboundConfig};
/// use argus_bot_sdk::testing::APP_ID;
/// use argus_bot_sdk::testing::vectors::{VectorRun, Vectors};
/// use argus_bot_sdk::SystemClock;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let run = VectorRun::start(Vectors::bundled()?).await?;
/// let config = InboundConfig::new(APP_ID, Cloud::Public).openid_metadata_url(run.metadata_url());
/// let door = Authenticator::new(config, Arc::new(SystemClock))?;
///
/// let forged = run.vectors().all().iter().find(|it| it.id() == "alg-hs256-public-key").unwrap();
/// let request = run.request(forged);
/// let authorization = request.authorization.first().map(String::as_str);
/// let rejection = door.verify(authorization, request.body.as_bytes()).await.unwrap_err();
/// assert_eq!((rejection.status(), rejection.rule()), (forged.status(), forged.rule()));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct VectorRun {
    vectors: Vectors,
    app: String,
    service_url: String,
    server: FakeServer,
}

/// One request as it goes out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VectorRequest {
    /// The values of the `Authorization` headers: usually one.
    pub authorization: Vec<String>,
    /// The activity.
    pub body: String,
}

/// What became of one vector.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VectorOutcome {
    /// The vector's name.
    pub id: String,
    /// The rule that it breaks.
    pub rule: String,
    /// What this SDK answers.
    pub expected: u16,
    /// What was answered.
    pub status: u16,
}

impl VectorOutcome {
    /// Whether the bot took what it has to take and refused what it has to refuse.
    pub fn holds(&self) -> bool {
        match self.expected {
            200 => (200..300).contains(&self.status),
            _ => REFUSALS.contains(&self.status),
        }
    }
}

impl VectorRun {
    /// Publishes fresh keys on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// The socket error if no port can be bound.
    pub async fn start(vectors: Vectors) -> io::Result<Self> {
        Self::start_on(0, vectors).await
    }

    /// The same on a port of your choice, so that a bot elsewhere can be configured before.
    ///
    /// # Errors
    ///
    /// The socket error if the port cannot be bound.
    pub async fn start_on(port: u16, vectors: Vectors) -> io::Result<Self> {
        let keys = Arc::new(mint::published(&vectors));
        let server = FakeServer::start_on(port, move |request| {
            let keys = Arc::clone(&keys);
            async move {
                let host = request.header("host").unwrap_or_default();
                match request.path() {
                    "/v1/.well-known/openidconfiguration" => FakeResponse::json(
                        200,
                        &json!({
                            "issuer": "https://api.botframework.com",
                            "jwks_uri": format!("http://{host}/v1/.well-known/keys"),
                            "id_token_signing_alg_values_supported": ["RS256"],
                        }),
                    ),
                    "/v1/.well-known/keys" => FakeResponse::json(200, &keys),
                    _ => FakeResponse::status(404),
                }
            }
        })
        .await?;
        let service_url = "https://smba.trafficmanager.net/teams/".to_owned();
        Ok(Self { vectors, app: APP_ID.to_owned(), service_url, server })
    }

    /// The bot under test has this app id instead of [`APP_ID`].
    #[must_use]
    pub fn app(mut self, id: impl Into<String>) -> Self {
        self.app = id.into();
        self
    }

    /// Activities come from this service URL instead of Teams' public one.
    #[must_use]
    pub fn service_url(mut self, url: impl Into<String>) -> Self {
        self.service_url = url.into();
        self
    }

    /// The OpenID document that the bot under test has to be configured with.
    pub fn metadata_url(&self) -> String {
        format!("{}/v1/.well-known/openidconfiguration", self.server.url())
    }

    /// The vectors.
    pub fn vectors(&self) -> &Vectors {
        &self.vectors
    }

    /// Mints a vector's request. Its times count from now.
    pub fn request(&self, vector: &Vector) -> VectorRequest {
        let places = mint::Places {
            vectors: &self.vectors,
            app: &self.app,
            tenant: TENANT,
            service_url: &self.service_url,
            now: SystemClock.now().as_second(),
        };
        let (authorization, body) = mint::request(vector, &places);
        VectorRequest { authorization, body }
    }

    /// Sends every vector to an endpoint, one after the other.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if the endpoint does not answer.
    pub async fn send(&self, url: &str) -> Result<Vec<VectorOutcome>, Error> {
        let away = |source| {
            Error::new(ErrorKind::Unavailable, "the endpoint does not answer").with_source(source)
        };
        let client = reqwest::Client::builder().no_proxy().build().map_err(away)?;
        let mut outcomes = Vec::with_capacity(self.vectors.all().len());
        for vector in self.vectors.all() {
            let request = self.request(vector);
            let mut post = client.post(url).header("content-type", "application/json");
            for value in request.authorization {
                post = post.header("authorization", value);
            }
            let status = post.body(request.body).send().await.map_err(away)?.status().as_u16();
            let (id, rule) = (vector.id().to_owned(), vector.rule().to_owned());
            outcomes.push(VectorOutcome { id, rule, expected: vector.status(), status });
        }
        Ok(outcomes)
    }
}
