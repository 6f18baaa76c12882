//! A small token service: what people signed in to, and the ways to sign in.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Method;
use serde_json::{Value, json};

use super::entra::{APP_ID, CONNECTOR, FakeEntra, TENANT, TokenSpec};
use super::fault::Faults;
use super::wire::{FakeRequest, FakeResponse, FakeServer};

/// A fake of the Bot Framework's token service on loopback, for
/// [`UserTokens::at`](crate::signin::UserTokens::at).
///
/// It takes tokens of the bot that `entra` gave out, and exchanges tokens of people that `entra`
/// made ([`TokenSpec::user`]). In a fault script it is the system `tokens` with the operations
/// `get_token`, `status`, `aad_tokens`, `exchange`, `sign_out`, `sign_in_resource` and
/// `sign_in_url`; an exchange that happened is an effect by the person.
///
/// ```
/// use argus_bot_sdk::testing::{FakeEntra, FakeTokens};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let entra = FakeEntra::start().await?;
/// let tokens = FakeTokens::start(&entra, ["graph"]).await?;
/// assert!(!tokens.has_token("29:alice", "graph"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct FakeTokens {
    core: Arc<Core>,
    server: Arc<FakeServer>,
}

#[derive(Debug)]
struct Core {
    entra: FakeEntra,
    faults: Faults,
    connections: BTreeSet<String>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By person and connection.
    tokens: BTreeMap<(String, String), String>,
    /// Codes of finished sign-ins, with person and connection.
    codes: BTreeMap<String, (String, String)>,
    /// People who have not consented, so that nothing is exchanged for them.
    unwilling: BTreeSet<String>,
    next: u32,
}

type Does = fn(&Core, &FakeRequest) -> FakeResponse;

/// Who asks about whom.
struct Asked<'a> {
    user: &'a str,
    connection: &'a str,
}

impl FakeTokens {
    /// Starts with these OAuth connections. Faults are those of `entra`.
    ///
    /// # Errors
    ///
    /// The socket error if no loopback port can be bound.
    pub async fn start<const N: usize>(
        entra: &FakeEntra,
        connections: [&str; N],
    ) -> io::Result<Self> {
        let core = Arc::new(Core {
            entra: entra.clone(),
            faults: entra.faults().clone(),
            connections: connections.map(str::to_owned).into(),
            state: Mutex::default(),
        });
        let shared = Arc::clone(&core);
        let server = FakeServer::start(move |request| {
            let core = Arc::clone(&shared);
            async move { core.answer(&request).await }
        });
        Ok(Self { server: Arc::new(server.await?), core })
    }

    /// Where it listens, without a slash at the end.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// A person has signed in on the page: the code that Teams sends with `signin/verifyState`.
    ///
    /// ```
    /// use argus_bot_sdk::testing::{FakeEntra, FakeTokens};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tokens = FakeTokens::start(&FakeEntra::start().await?, ["graph"]).await?;
    /// tokens.withhold_consent("29:ben");
    /// let code = tokens.finish_sign_in("29:ana", "graph");
    /// assert!(!code.is_empty() && !tokens.has_token("29:ana", "graph"), "Teams still has to send it");
    /// assert_eq!((tokens.exchanges("29:ana"), tokens.requests("exchange")), (0, 0));
    /// # Ok(()) }
    /// ```
    pub fn finish_sign_in(&self, user_id: &str, connection: &str) -> String {
        let mut state = self.core.state();
        state.next += 1;
        let code = format!("{:06}", 100_000 + state.next);
        state.codes.insert(code.clone(), (user_id.into(), connection.into()));
        code
    }

    /// Nothing can be exchanged for this person: consent is missing.
    pub fn withhold_consent(&self, user_id: &str) {
        self.core.state().unwilling.insert(user_id.to_owned());
    }

    /// Whether the service has a token of this person.
    pub fn has_token(&self, user_id: &str, connection: &str) -> bool {
        self.core.state().tokens.contains_key(&(user_id.into(), connection.into()))
    }

    /// How many tokens were exchanged for this person.
    pub fn exchanges(&self, user_id: &str) -> u64 {
        self.core.faults.effects("tokens", "exchange", user_id)
    }

    /// How often this operation was asked for.
    pub fn requests(&self, operation: &str) -> u64 {
        self.core.faults.calls("tokens", operation)
    }

    /// The fault script that it obeys.
    pub fn faults(&self) -> &Faults {
        &self.core.faults
    }
}

impl Core {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: &FakeRequest) -> FakeResponse {
        if let Err(denied) = self.entra.check(request.bearer(), CONNECTOR) {
            return denied.response();
        }
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (operation, does): (&str, Does) = match (&request.method, segments.as_slice()) {
            (&Method::GET, ["api", "usertoken", "GetToken"]) => ("get_token", Self::get_token),
            (&Method::GET, ["api", "usertoken", "GetTokenStatus"]) => ("status", Self::status),
            (&Method::POST, ["api", "usertoken", "GetAadTokens"]) => ("aad_tokens", Self::aad),
            (&Method::POST, ["api", "usertoken", "exchange"]) => ("exchange", Self::exchange),
            (&Method::DELETE, ["api", "usertoken", "SignOut"]) => ("sign_out", Self::sign_out),
            (&Method::GET, ["api", "usertoken", "GetTokenOrSignInResource"]) => {
                ("sign_in_resource", Self::token_or_sign_in)
            }
            (&Method::GET, ["api", "botsignin", "GetSignInResource"]) => {
                ("sign_in_resource", Self::sign_in)
            }
            (&Method::GET, ["api", "botsignin", "GetSignInUrl"]) => ("sign_in_url", Self::page),
            _ => return FakeResponse::status(404),
        };
        self.faults.around("tokens", operation, async { does(self, request) }).await
    }

    fn asked<'a>(&self, request: &'a FakeRequest) -> Result<Asked<'a>, FakeResponse> {
        let get = |name: &str| request.query(name).filter(|value| !value.is_empty());
        let (Some(user), Some(connection), Some(_)) =
            (get("userId"), get("connectionName"), get("channelId"))
        else {
            return Err(error(400, "BadArgument", "a parameter is missing"));
        };
        if !self.connections.contains(connection) {
            return Err(error(404, "NotFound", "there is no such connection"));
        }
        Ok(Asked { user, connection })
    }

    fn held(&self, asked: &Asked<'_>) -> Option<Value> {
        let state = self.state();
        let token = state.tokens.get(&(asked.user.into(), asked.connection.into()))?;
        Some(json!({
            "channelId": "msteams", "connectionName": asked.connection, "token": token,
            "expiration": "2100-01-01T00:00:00Z",
        }))
    }

    /// Puts a token there, as if the identity provider had just given it.
    fn issue(&self, asked: &Asked<'_>, person: &str) {
        let spec = TokenSpec::user(APP_ID, TENANT, person);
        let unique = uuid::Uuid::new_v4().to_string();
        let token = self.entra.mint(&spec.claim("uti", unique));
        self.state().tokens.insert((asked.user.into(), asked.connection.into()), token);
    }

    fn get_token(&self, request: &FakeRequest) -> FakeResponse {
        let asked = match self.asked(request) {
            Ok(asked) => asked,
            Err(refused) => return refused,
        };
        let code = request.query("code").filter(|code| !code.is_empty());
        if let Some(code) = code {
            let owner = (asked.user.to_owned(), asked.connection.to_owned());
            if self.state().codes.get(code) != Some(&owner) {
                return error(404, "NotFound", "the code is not good");
            }
            self.state().codes.remove(code);
            self.issue(&asked, asked.user);
        }
        self.held(&asked).map_or_else(
            || error(404, "NotFound", "there is no token"),
            |token| FakeResponse::json(200, &token),
        )
    }

    fn status(&self, request: &FakeRequest) -> FakeResponse {
        let user = request.query("userId").unwrap_or_default();
        let only = request.query("include");
        let is_wanted = |name: &str| only.is_none_or(|only| only.split(',').any(|it| it == name));
        let state = self.state();
        let list = self.connections.iter().filter(|name| is_wanted(name)).map(|name| {
            let has = state.tokens.contains_key(&(user.to_owned(), name.clone()));
            json!({
                "channelId": "msteams", "connectionName": name, "hasToken": has,
                "serviceProviderDisplayName": "Azure Active Directory v2",
            })
        });
        FakeResponse::json(200, &Value::Array(list.collect()))
    }

    fn aad(&self, request: &FakeRequest) -> FakeResponse {
        let asked = match self.asked(request) {
            Ok(asked) => asked,
            Err(refused) => return refused,
        };
        let Some(token) = self.held(&asked) else {
            return error(404, "NotFound", "there is no token");
        };
        let body = request.json().unwrap_or_default();
        let resources = body.get("resourceUrls").and_then(Value::as_array).into_iter().flatten();
        let tokens = resources.filter_map(Value::as_str).map(|it| (it.to_owned(), token.clone()));
        FakeResponse::json(200, &Value::Object(tokens.collect()))
    }

    fn exchange(&self, request: &FakeRequest) -> FakeResponse {
        let asked = match self.asked(request) {
            Ok(asked) => asked,
            Err(refused) => return refused,
        };
        let body = request.json().unwrap_or_default();
        let offered = body.get("token").and_then(Value::as_str);
        let Ok(claims) = self.entra.check(offered, APP_ID) else {
            return error(400, "InvalidToken", "the token is not one for this app");
        };
        if self.state().unwilling.contains(asked.user) {
            return error(400, "ConsentRequired", "the person has not consented");
        }
        self.faults.record("tokens", "exchange", asked.user);
        let person = claims.all.get("oid").and_then(Value::as_str).unwrap_or(asked.user);
        self.issue(&asked, person);
        FakeResponse::json(200, &self.held(&asked).unwrap_or_default())
    }

    fn sign_out(&self, request: &FakeRequest) -> FakeResponse {
        let asked = match self.asked(request) {
            Ok(asked) => asked,
            Err(refused) => return refused,
        };
        self.state().tokens.remove(&(asked.user.into(), asked.connection.into()));
        FakeResponse::status(204)
    }

    fn token_or_sign_in(&self, request: &FakeRequest) -> FakeResponse {
        match self.asked(request) {
            Ok(asked) => match self.held(&asked) {
                Some(token) => FakeResponse::json(200, &json!({ "tokenResponse": token })),
                None => match resource(request) {
                    Some(way) => FakeResponse::json(
                        200,
                        &json!({ "tokenResponse": null, "signInResource": way }),
                    ),
                    None => error(400, "BadArgument", "the state is missing"),
                },
            },
            Err(refused) => refused,
        }
    }

    fn sign_in(_: &Self, request: &FakeRequest) -> FakeResponse {
        resource(request).map_or_else(
            || error(400, "BadArgument", "the state is missing"),
            |way| FakeResponse::json(200, &way),
        )
    }

    fn page(_: &Self, request: &FakeRequest) -> FakeResponse {
        match resource(request).as_ref().and_then(|way| way.get("signInLink")?.as_str()) {
            Some(link) => FakeResponse::text(200, link),
            None => error(400, "BadArgument", "the state is missing"),
        }
    }
}

/// The way to sign in; `null` where the service has nothing to say, as the real one writes it.
fn resource(request: &FakeRequest) -> Option<Value> {
    let state = request.query("state").filter(|state| !state.is_empty())?;
    let id = uuid::Uuid::new_v4().to_string();
    let mut link = url::Url::parse("https://token.botframework.com/api/oauth/signin").ok()?;
    link.query_pairs_mut().append_pair("signin", &id).append_pair("state", state);
    Some(json!({
        "signInLink": link.as_str(),
        "tokenExchangeResource": {
            "id": id, "uri": format!("api://botid-{APP_ID}"), "providerId": null
        },
        "tokenPostResource": null,
    }))
}

fn error(status: u16, code: &str, message: &str) -> FakeResponse {
    FakeResponse::json(status, &json!({ "error": { "code": code, "message": message } }))
}
