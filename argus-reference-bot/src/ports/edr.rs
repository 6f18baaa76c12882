//! Endpoint detection and response: who can cut a host off the network.

use argus_soc::effect::{Outcome, Probe, Progress};
use argus_soc::playbook::Target;
use argus_soc::policy::Permit;
use async_trait::async_trait;

/// What is asked of the EDR, with the key that finds it again.
#[derive(Clone, Debug)]
pub struct Order {
    /// The effect's key; carried to the far side, so that a probe finds it.
    pub key: String,
    /// The host.
    pub target: Target,
    /// For the far side's own log.
    pub comment: String,
}

/// An EDR.
#[async_trait]
pub trait Edr: Send + Sync + std::fmt::Debug {
    /// The connector's configured name.
    fn name(&self) -> &str;

    /// Cuts the host off the network. The permit is used up.
    async fn isolate(&self, permit: Permit, order: &Order) -> Outcome;

    /// Lets the host back on the network. The permit is used up.
    async fn release(&self, permit: Permit, order: &Order) -> Outcome;

    /// Whether an order with this key, or one of the same kind by somebody else, is there.
    async fn probe(&self, action: &str, order: &Order) -> Probe;

    /// Whether `action` is the last thing that happened to the machine, so that an earlier order of
    /// it still holds. `None` if the EDR does not say.
    async fn stands(&self, action: &str, order: &Order) -> Option<bool>;

    /// How far the order with this remote id has come.
    async fn progress(&self, remote: &str) -> Progress;
}
