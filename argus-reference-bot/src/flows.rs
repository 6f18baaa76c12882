//! What Argus does: each flow asks `argus_soc` what is right and moves the world through ports.

pub mod access;
pub mod act;
pub mod anchor;
pub mod ask;
pub mod automation;
pub mod canary;
pub mod connectors;
pub mod enrich;
pub mod execute;
pub mod health;
pub mod ingest;
pub mod measures;
pub mod notify;
pub mod orders;
pub mod outbox;
pub mod place;
pub mod playbooks;
mod quiet;
mod regroup;
pub mod retention;
pub mod scores;
pub mod shares;
mod sight;
pub mod sources;
mod steer;
pub mod templates;
#[cfg(test)]
pub(crate) mod testing;
pub mod triage;
pub mod user;
#[cfg(test)]
mod world;

use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::{Clock, Connector};
use argus_cards::Library;
use argus_soc::correlate::Window;
use argus_soc::ledger::fact::{Actor, Fact, What};
use tokio::sync::{Mutex, Notify};

use crate::buttons::Buttons;
use crate::flows::access::Access;
use crate::flows::connectors::Connectors;
use crate::flows::enrich::Knowledge;
use crate::flows::playbooks::Playbooks;
use crate::ports::itsm::Itsm;
use crate::ports::ledger::{Batch, Ledger, LedgerError};
use crate::routes::Routes;

/// The world that flows act on, through ports only.
pub struct Soc {
    /// The store.
    pub ledger: Arc<dyn Ledger>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Teams.
    pub connector: Arc<dyn Connector>,
    /// Who may do what.
    pub access: Access,
    /// The systems in which it can do something.
    pub connectors: Connectors,
    /// Where tickets are read, if somewhere.
    pub itsm: Option<Arc<dyn Itsm>>,
    /// What is known about assets and indicators.
    pub knowledge: Arc<Knowledge>,
    /// The references to secrets in the settings, by their keys.
    pub secrets: Vec<(String, crate::config::SecretRef)>,
    /// The card templates in use.
    pub templates: Arc<Library>,
    /// The playbooks in use.
    pub playbooks: Playbooks,
    /// The correlation rules in use.
    pub correlations: crate::correlations::Correlations,
    /// The score model in use.
    pub model: argus_soc::score::Model,
    /// Signs and checks what buttons carry.
    pub buttons: Buttons,
    /// Which incident's card stands where.
    pub routes: Routes,
    /// Where conversations are, unless their route says otherwise.
    pub default_service_url: String,
    /// When repeated events are one.
    pub window: Window,
    /// When too much happens at once.
    pub storm: crate::config::Storm,
    /// What happens to cards that Teams does not take.
    pub notify: crate::config::Notify,
    /// How often a canary is sent.
    pub canary: crate::config::Canary,
    /// What pauses automation.
    pub guard: automation::Paused,
    /// What approvals need.
    pub approvals: crate::config::Approvals,
    /// The sources of events, and what waits of them.
    pub sources: sources::Sources,
    /// What was read at the door and is not placed yet.
    pub fresh: ingest::Fresh,
    /// What placing events remembers.
    pub remembered: Mutex<triage::Remembered>,
    /// How long runs were seen to wait.
    pub patience: execute::Patience,
    /// Lets few runs use the store at the same time.
    pub turnstile: execute::Turnstile,
    /// What this replica does and others do not.
    pub shares: shares::Shares,
    /// Work for the background tasks.
    pub bells: Bells,
    /// The figures of the last days.
    pub measured: measures::Measured,
    /// Where the head of the chain is noted, if somewhere.
    pub anchoring: Option<anchor::Anchoring>,
    /// What is counted.
    pub metrics: crate::metrics::Metrics,
}

/// What Argus cannot be without. All else of a [`Soc`] has a default, so whoever makes one names
/// only what differs: `Soc { edr, ..Soc::new(needs) }`.
pub struct Needs {
    /// The store.
    pub ledger: Arc<dyn Ledger>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Teams.
    pub connector: Arc<dyn Connector>,
    /// Who may do what.
    pub access: Access,
    /// What is known about assets and indicators.
    pub knowledge: Arc<Knowledge>,
    /// The card templates in use.
    pub templates: Arc<Library>,
    /// The playbooks in use.
    pub playbooks: Playbooks,
    /// Signs and checks what buttons carry.
    pub buttons: Buttons,
}

/// Rung when there is work, so that nobody has to poll.
#[derive(Debug, Default)]
pub struct Bells {
    /// An event waits to be placed.
    pub triage: Notify,
    /// A card does not show the newest state.
    pub notify: Notify,
    /// A run can go on.
    pub execute: execute::RunBell,
}

impl std::fmt::Debug for Needs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Needs").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Soc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Soc").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl Soc {
    /// Argus with nothing to act on and no routes.
    pub fn new(needs: Needs) -> Self {
        let Needs { ledger, clock, connector, access, knowledge, templates, playbooks, buttons } =
            needs;
        Self {
            ledger,
            clock,
            connector,
            access,
            connectors: Connectors::default(),
            itsm: None,
            secrets: Vec::new(),
            knowledge,
            templates,
            playbooks,
            buttons,
            model: argus_soc::score::Model::default(),
            correlations: crate::correlations::Correlations::default(),
            routes: Routes::default(),
            default_service_url: String::new(),
            window: Window::default(),
            storm: crate::config::Storm::default(),
            notify: crate::config::Notify::default(),
            canary: crate::config::Canary::default(),
            guard: automation::Paused::default(),
            approvals: crate::config::Approvals::default(),
            sources: sources::Sources::default(),
            fresh: ingest::Fresh::default(),
            remembered: Mutex::default(),
            patience: execute::Patience::default(),
            turnstile: execute::Turnstile::default(),
            shares: shares::Shares::default(),
            bells: Bells::default(),
            measured: measures::Measured::default(),
            anchoring: None,
            metrics: crate::metrics::Metrics::default(),
        }
    }

    /// A fact about now.
    pub fn fact(&self, actor: Actor, correlation: &str, what: What) -> Fact {
        Fact::new(self.clock.now(), actor, correlation, what)
    }
}

impl Soc {
    /// Writes down what has happened outside; it has happened whatever else has changed. While
    /// nothing can be written it waits for half a minute: a full disk may have room soon. If it never
    /// does, the next start finds the intent and looks at the far side.
    async fn write_down(&self, facts: Vec<Fact>) -> Result<(), LedgerError> {
        let mut tries = 0;
        loop {
            let batch = Batch { facts: facts.clone(), ..Batch::default() };
            match self.ledger.append(batch).await {
                Err(LedgerError::Unavailable(why)) if tries < 30 => {
                    tries += 1;
                    tracing::error!(why, "what happened outside waits to be written");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                written => return written,
            }
        }
    }
}

/// A fresh correlation id.
pub fn correlation_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
