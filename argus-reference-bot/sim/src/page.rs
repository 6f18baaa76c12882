//! The server of the demo's page: a Teams client for people, made of loopback parts.
//!
//! It keeps the channel, gives it to the page as JSON and server-sent events, and turns what people
//! do into the activities that Teams would send, with the tokens that Teams would sign.

mod api;
pub mod body;
mod bot;
mod channel;
mod door;
pub mod files;
pub mod guard;
mod hub;
mod plain;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::testing::fault::Effect;
use argus_bot_sdk::testing::{Change, TeamsChange};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use crate::sim::Sim;
use api::Api;
use bot::BotClient;
use channel::seen;
use door::Door;
use hub::Hub;

/// How often the page's server looks at the audit trail and at the counters.
const TICK: Duration = Duration::from_millis(200);
/// Ticks between two signs of life: fifteen seconds.
const TICKS_PER_BEAT: u32 = 75;

/// What the bot's side of the demo gives to the page.
#[async_trait]
pub trait Feed: Send + Sync {
    /// The audit lines after `seq`, in order, each `{seq, at, kind, who, text, correlation, hash}`.
    ///
    /// It is called several times a second and should not wait.
    fn audit_after(&self, seq: u64) -> Vec<Value>;

    /// The alerts that the page offers to send.
    fn alerts(&self) -> Vec<SampleAlert>;

    /// Sends one of them to the bot's `/ingest` and gives the answer.
    ///
    /// # Errors
    ///
    /// [`AlertError::Unknown`] if there is no such alert, [`AlertError::NotSent`] if the bot did
    /// not take it.
    async fn send_alert(&self, name: &str) -> Result<Value, AlertError>;
}

/// An alert that somebody can send from the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampleAlert {
    /// Its name in `POST /api/alerts/{name}`.
    pub name: String,
    /// What the button says.
    pub title: String,
    /// The product that would have sent it.
    pub product: String,
}

/// Why an alert was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlertError {
    /// There is no alert of this name.
    #[error("no such alert")]
    Unknown,
    /// The bot did not take it; the text says why, for the person at the page.
    #[error("the alert was not sent: {0}")]
    NotSent(String),
}

/// What the page shows and to which bot it talks.
pub struct PageConfig {
    /// The simulated world.
    pub sim: Sim,
    /// The bot's base address; activities go to `/api/messages` under it.
    pub bot_url: String,
    /// The folder of the built page. If there is none, the channel is shown as plain text.
    pub web_root: Option<PathBuf>,
    /// The port on 127.0.0.1; 0 is any free one.
    pub port: u16,
    /// The bot's side.
    pub feed: Arc<dyn Feed>,
}

impl fmt::Debug for PageConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageConfig")
            .field("bot_url", &self.bot_url)
            .field("web_root", &self.web_root)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Why the page cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The port is taken, most likely.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The HTTP client for the bot cannot be made.
    #[error("cannot make a client for the bot")]
    Client(#[source] reqwest::Error),
}

/// The running server of the page; it stops when dropped.
#[derive(Debug)]
pub struct Page {
    addr: SocketAddr,
    hub: Arc<Hub>,
    _tasks: JoinSet<()>,
}

impl Page {
    /// Starts to serve on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// [`PageError::Listen`] if the port is taken, [`PageError::Client`] if no HTTP client can be
    /// made.
    pub async fn start(config: PageConfig) -> Result<Self, PageError> {
        let PageConfig { sim, bot_url, web_root, port, feed } = config;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(|source| PageError::Listen { port, source })?;
        let addr = listener.local_addr().map_err(|source| PageError::Listen { port, source })?;
        let conversation = json!({ "id": sim.channel_id(), "name": sim.channel_name() });
        let hub = Arc::new(Hub::new(conversation));
        let bot = BotClient::new(&bot_url, sim.teams().clone()).map_err(PageError::Client)?;
        let mut tasks = JoinSet::new();
        let changes = sim.teams().subscribe();
        show_all(&sim, &hub);
        tasks.spawn(watch(sim.clone(), Arc::clone(&hub), changes));
        tasks.spawn(tick(sim.clone(), Arc::clone(&hub), Arc::clone(&feed)));
        let api = Api { sim, hub: Arc::clone(&hub), bot, feed };
        let web_root = web_root.filter(|root| files::is_built(root));
        let door = Arc::new(Door { api, web_root, port: addr.port() });
        tasks.spawn(door::accept(listener, door));
        Ok(Self { addr, hub, _tasks: tasks })
    }

    /// Where the page is, as `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Shows a line to everybody who has the page open.
    pub fn say(&self, text: &str) {
        self.hub.say(text);
    }
}

/// Shows what is in the channel already.
fn show_all(sim: &Sim, hub: &Hub) {
    let people = sim.people();
    let snapshot = sim.teams().snapshot(sim.channel_id());
    for shown in snapshot.iter().flat_map(|snapshot| &snapshot.activities) {
        hub.put(seen(shown, &people));
    }
}

/// Shows what happens in the channel.
async fn watch(sim: Sim, hub: Arc<Hub>, mut changes: broadcast::Receiver<TeamsChange>) {
    loop {
        match changes.recv().await {
            Ok(change) if change.conversation != sim.channel_id() => {}
            Ok(TeamsChange { change: Change::Deleted, shown, .. }) => hub.remove(&shown.id),
            Ok(change) => hub.put(seen(&change.shown, &sim.people())),
            // More happened than the receiver holds: what can be seen now is what counts.
            Err(RecvError::Lagged(_)) => show_all(&sim, &hub),
            Err(RecvError::Closed) => return,
        }
    }
}

/// The counters in words that people know: machines and users by name, Teams' calls by kind only.
fn readable_effects(sim: &Sim) -> BTreeMap<String, u64> {
    let people = sim.people();
    let mut counts = BTreeMap::new();
    for Effect { system, operation, key, count, .. } in sim.faults().all_effects() {
        let key = match system.as_str() {
            // Their keys are long ids of conversations and messages, one more for each message.
            "teams" => None,
            "defender" => sim.hold().defender().name_of(&key).map(str::to_owned).or(Some(key)),
            "graph" => people.with_object_id(&key).map(|person| person.name.clone()).or(Some(key)),
            _ => Some(key),
        };
        let name = match key {
            Some(key) => format!("{system}.{operation}/{key}"),
            None => format!("{system}.{operation}"),
        };
        *counts.entry(name).or_insert(0) += count;
    }
    counts
}

/// Brings what has no event of its own to the pages.
async fn tick(sim: Sim, hub: Arc<Hub>, feed: Arc<dyn Feed>) {
    let mut beats = 0;
    let mut ticker = tokio::time::interval(TICK);
    loop {
        ticker.tick().await;
        hub.audit(feed.audit_after(hub.audited()));
        hub.effects(readable_effects(&sim));
        beats = (beats + 1) % TICKS_PER_BEAT;
        if beats == 0 {
            hub.beat();
        }
    }
}
