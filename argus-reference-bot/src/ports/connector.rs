//! Systems in which Argus does something: each connector knows some kinds of actions.
//!
//! The effect protocol stands around it: an intent is on disk before [`Connector::send`], an intent
//! without an outcome is [probed](Connector::probe) before anything is sent again, and what was
//! accepted is followed by [`Connector::progress`] until it is seen to be done.

use argus_bot_sdk::ConversationRef;
use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::event::Severity;
use argus_soc::playbook::{ActionKind, Target};
use argus_soc::policy::Permit;
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

tokio::task_local! {
    static BY: By;
}

/// Who waits for a call to a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A person started it, or agreed to it.
    Person,
    /// Nobody.
    Automation,
}

impl By {
    /// Does something for somebody: what it calls is paced accordingly.
    pub async fn scope<T>(self, deed: impl Future<Output = T>) -> T {
        BY.scope(self, deed).await
    }

    /// For whom the task at hand is; what nobody says is automation.
    pub fn now() -> Self {
        BY.try_with(|by| *by).unwrap_or(Self::Automation)
    }
}

/// What is asked of a system, with the key that finds it again.
#[derive(Clone, Debug)]
pub struct Order {
    /// What shall be done.
    pub action: ActionKind,
    /// The effect's key, the same on every attempt; carried to the far side, so that a probe finds it.
    pub key: String,
    /// To what.
    pub target: Target,
    /// With what, as the playbook says; its templates are filled.
    pub parameters: Value,
    /// When its run began: what was done for it is not older.
    pub since: Timestamp,
    /// For which incident.
    pub about: About,
    /// For the far side's own log: which incident, and who wanted it.
    pub comment: String,
}

impl Order {
    /// A text among the parameters.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).and_then(Value::as_str)
    }
}

/// The incident that something is done for. Everything in it may come from a stranger.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// Its key.
    pub incident: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub description: String,
    /// Its severity.
    pub severity: Severity,
    /// The configured source of its event.
    pub source: String,
    /// What the source calls it.
    pub native_id: Option<String>,
    /// The tenant that it is about.
    pub tenant: Option<String>,
    /// Its ticket, if it has one.
    pub ticket: Option<TicketRef>,
    /// The conversation in Teams that the step names, or in which the incident's card stands.
    pub conversation: Option<ConversationRef>,
}

/// An incident's ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRef {
    /// The configured name of the system.
    pub system: String,
    /// The number people use.
    pub number: String,
    /// The id its API uses.
    pub remote_id: String,
}

/// What would be sent, for a dry run: exactly that, but for what proves who we are.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Preview {
    /// The method of HTTP.
    pub method: String,
    /// The address.
    pub url: String,
    /// The body.
    pub body: Option<Value>,
}

/// A system in which Argus does something.
#[async_trait]
pub trait Connector: Send + Sync + std::fmt::Debug {
    /// The configured name.
    fn name(&self) -> &str;

    /// What it can do.
    fn actions(&self) -> &'static [ActionKind];

    /// What [`send`](Self::send) would send. Nothing is sent.
    ///
    /// # Errors
    ///
    /// Why it can never be sent, in words for a card: the alert does not say which machine it is, an
    /// id is none. Asking again will not help.
    fn preview(&self, order: &Order) -> Result<Preview, String>;

    /// Does it. The permit is used up. Whatever cannot be sent answers [`Outcome::Failed`]; an answer
    /// that did not arrive is [`Outcome::Unsettled`], never repeated in here.
    async fn send(&self, permit: Permit, order: &Order) -> Outcome;

    /// Whether an order with this key, or the same thing by somebody else, is there.
    async fn probe(&self, order: &Order) -> Probe;

    /// Whether it is the last thing that happened to the target, so that an earlier order of it still
    /// holds. `None` if the system does not say.
    async fn stands(&self, _order: &Order) -> Option<bool> {
        Some(true)
    }

    /// How far the order has come that the system calls `remote`.
    async fn progress(&self, _order: &Order, _remote: &str) -> Progress {
        Progress::Done
    }

    /// Where people open what the system calls `remote`.
    fn link(&self, _remote: &str) -> Option<String> {
        None
    }

    /// Whether the system is there and lets us in; changes nothing.
    ///
    /// # Errors
    ///
    /// Why not, and what to do.
    async fn ping(&self) -> Result<(), String>;
}
