//! IT service management: where tickets live.

use argus_soc::effect::{Outcome, Probe};
use argus_soc::policy::Permit;
use async_trait::async_trait;

/// A ticket to be made.
#[derive(Clone, Debug)]
pub struct TicketOrder {
    /// The correlation id that finds it again: the incident's key.
    pub correlation: String,
    /// The effect's key, for the far side's log.
    pub key: String,
    /// Its one-line summary.
    pub summary: String,
    /// Its text.
    pub description: String,
    /// 1 (high) to 3 (low), as ServiceNow counts urgency and impact.
    pub urgency: u8,
}

/// A ticket as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    /// The number people use.
    pub number: String,
    /// The id its API uses.
    pub remote_id: String,
    /// Its state, as the ITSM names it.
    pub state: String,
    /// Its one-line summary.
    pub summary: String,
    /// Who has it, if the ITSM says.
    pub assigned_to: Option<String>,
    /// Where people open it.
    pub url: Option<String>,
}

/// Why a ticket could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{system}: {why}")]
pub struct ItsmError {
    /// The ITSM's configured name.
    pub system: String,
    /// Why, in words.
    pub why: String,
}

/// An ITSM.
#[async_trait]
pub trait Itsm: Send + Sync + std::fmt::Debug {
    /// The configured name.
    fn name(&self) -> &str;

    /// Makes a ticket. The permit is used up. `Accepted` carries the API's id as `remote` and the
    /// number as `detail`.
    async fn create(&self, permit: Permit, order: &TicketOrder) -> Outcome;

    /// Whether a ticket with this correlation id is there.
    async fn probe(&self, correlation: &str) -> Probe;

    /// A ticket by the number people use.
    ///
    /// # Errors
    ///
    /// [`ItsmError`] if the ITSM does not answer, or answers something else.
    async fn find(&self, number: &str) -> Result<Option<TicketView>, ItsmError>;

    /// Where people open a ticket with this API id.
    fn link(&self, remote_id: &str) -> Option<String>;
}
