//! The doors: HTTP in, a flow called, HTTP out. Every route stands in `Door::answer`.

mod admission;
mod callbacks;
mod events;
mod ingest;
mod playbooks;
mod reply;
mod state;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use argus_bot_sdk::Bot;
use argus_bot_sdk::auth::{Authenticator, Secret};
use argus_bot_sdk::server::is_spent;
use argus_cards::source::sharepoint::Push;
use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tower_service::Service;

use self::admission::{Admission, Bounds};
use self::ingest::{Complaints, Writes};
pub use self::ingest::{Doors, SourceDoor, SourceKey, sources};
use self::reply::Problem;
use crate::config::{Part, Roles};
use crate::flows::Soc;

type Answer = Response<Full<Bytes>>;

/// All doors as one service.
#[derive(Clone, Debug)]
pub struct Door {
    inner: Arc<Inner>,
    bot: Bot,
}

#[derive(Debug)]
struct Inner {
    soc: Arc<Soc>,
    sources: Vec<SourceDoor>,
    /// What a signature is tried with that is no source's.
    decoy: [SourceKey; 2],
    roles: Roles,
    admission: Arc<Admission>,
    complaints: Complaints,
    writes: Writes,
    limits: BodyLimits,
    admin_key: Option<Secret>,
    loopback: bool,
    auth: Arc<Authenticator>,
    push: Option<Arc<Push>>,
}

/// How large a request of events may be.
#[derive(Clone, Copy, Debug)]
struct BodyLimits {
    event_bytes: usize,
    batch_events: usize,
    batch_bytes: usize,
}

impl BodyLimits {
    /// Bytes that are read in any case.
    fn most(self) -> usize {
        self.event_bytes.max(self.batch_bytes)
    }
}

/// What the doors need beside the bot.
#[derive(Debug)]
pub struct DoorConfig {
    /// The world.
    pub soc: Arc<Soc>,
    /// The sources of events.
    pub sources: Vec<SourceDoor>,
    /// The parts of Argus that this process runs.
    pub roles: Roles,
    /// Largest event body, in bytes.
    pub max_event_bytes: usize,
    /// What all sources together may cost.
    pub ingest: crate::config::Ingest,
    /// What reads and playbook uploads need, if anything.
    pub admin_key: Option<Secret>,
    /// Whether only this computer can reach the listener.
    pub loopback: bool,
    /// For `/readyz`.
    pub auth: Arc<Authenticator>,
    /// Who hears of changes of the templates, if anybody tells.
    pub push: Option<Arc<Push>>,
}

impl Door {
    /// The doors of `bot` and of everything else.
    pub fn new(config: DoorConfig, bot: Bot) -> Self {
        let DoorConfig { soc, sources, roles, admin_key, loopback, auth, push, .. } = config;
        let limits = BodyLimits {
            event_bytes: config.max_event_bytes,
            batch_events: config.ingest.max_batch_events,
            batch_bytes: config.ingest.max_batch_bytes,
        };
        let bounds = Bounds {
            events: config.ingest.max_in_flight,
            bytes: config.ingest.max_in_flight_bytes,
        };
        // The last account is that of whoever has not proven yet who it is.
        let quotas = sources.iter().map(|source| source.quota).chain([(None, None)]);
        let quotas: Vec<_> = quotas.collect();
        let admission = Arc::new(Admission::new(bounds, &quotas));
        let inner = Inner {
            soc,
            sources,
            decoy: SourceKey::decoys(),
            roles,
            admission,
            complaints: Complaints::default(),
            writes: Writes::default(),
            limits,
            admin_key,
            loopback,
            auth,
            push,
        };
        Self { inner: Arc::new(inner), bot }
    }

    /// Fetches the keys that sources' tokens are checked with, so that no sender waits for them. A
    /// failure is logged; the first sender tries again.
    pub async fn prefetch(&self) {
        for source in &self.inner.sources {
            for key in &source.keys {
                if let Err(error) = key.prefetch().await {
                    let name = &source.name;
                    tracing::warn!(event.source = name, %error, "Entra's keys are not there yet");
                }
            }
        }
    }

    /// Waits until the disk has answered for every event that it was given.
    pub async fn drain(&self) {
        self.inner.writes.drain().await;
    }

    async fn answer(inner: Arc<Inner>, mut bot: Bot, request: Request<Incoming>) -> Answer {
        let (parts, mut body) = request.into_parts();
        let (path, headers) = (parts.uri.path().to_owned(), &parts.headers);
        let get = matches!(parts.method, Method::GET | Method::HEAD);
        let post = parts.method == Method::POST;
        let asks = parts.method == Method::OPTIONS && ingest::asks(headers);
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let answer = match segments.as_slice() {
            ["api", "messages"] if !inner.roles.has(Part::Bot) => elsewhere("bot"),
            ["ingest", ..] if !inner.roles.has(Part::Ingest) => elsewhere("ingest"),
            ["api", "messages"] => {
                let Ok(answer) = bot.call(Request::from_parts(parts, body)).await;
                return answer;
            }
            ["ingest"] if post => inner.ingest(None, &parts, &mut body).await,
            ["ingest", source] if post => inner.ingest(Some(source), &parts, &mut body).await,
            ["ingest", source] if asks => inner.greet(source, &parts).await,
            ["healthz"] if get => reply::text("alive\n"),
            ["readyz"] if get => inner.ready().await,
            ["metrics"] if get => inner.guarded(headers, inner.metrics()).await,
            ["events", id] if get => inner.guarded(headers, inner.event(id)).await,
            ["incidents", key] if get => inner.guarded(headers, inner.incident(key)).await,
            ["playbooks"] if get => inner.guarded(headers, inner.playbooks()).await,
            ["playbooks"] if post => inner.submit(&parts, &mut body).await,
            ["callbacks", "sharepoint"] if post => inner.templates_changed(&parts, &mut body).await,
            ["ingest"] | ["ingest", _] | ["callbacks", "sharepoint"] => Problem::method("POST"),
            ["playbooks"] => Problem::method("GET, POST"),
            ["healthz" | "readyz" | "metrics"] | ["events" | "incidents", _] => {
                Problem::method("GET")
            }
            _ => Problem::new(404, "not-found", "There is nothing here.").answer(),
        };
        closing(answer, headers, &mut body).await
    }
}

/// Closes the connection after a refusal whose request was not read to its end. The server then
/// waits a moment for the rest; otherwise the client would see a reset instead of the answer.
async fn closing(mut answer: Answer, headers: &HeaderMap, body: &mut Incoming) -> Answer {
    let refused = answer.status().is_client_error() || answer.status().is_server_error();
    if refused && !is_spent(headers, body).await {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

impl Service<Request<Incoming>> for Door {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let (inner, bot) = (Arc::clone(&self.inner), self.bot.clone());
        Box::pin(async move { Ok(Self::answer(inner, bot, request).await) })
    }
}

/// The answer of a process that does not run this part.
fn elsewhere(role: &str) -> Answer {
    let detail = format!("This process does not run the part `{role}`; another one does.");
    Problem::new(404, "not-this-role", detail).answer()
}

impl Inner {
    /// Answers only whoever may read.
    async fn guarded(&self, headers: &HeaderMap, answer: impl Future<Output = Answer>) -> Answer {
        if self.may_read(headers) { answer.await } else { reply::admins_only() }
    }

    /// Whether the caller has the admin key; without one configured, whether it is a program on
    /// this computer that came without a proxy.
    fn may_read(&self, headers: &HeaderMap) -> bool {
        if let Some(key) = &self.admin_key {
            return ingest::header_is(headers, "x-api-key", key.expose());
        }
        let proxied = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
        self.loopback && !proxied.iter().any(|name| headers.contains_key(*name))
    }
}
