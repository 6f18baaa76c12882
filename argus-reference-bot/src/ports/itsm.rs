//! IT service management: reading tickets. Making them is a [connector's](super::connector) work.

use async_trait::async_trait;

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

/// An ITSM, as far as questions go.
#[async_trait]
pub trait Itsm: Send + Sync + std::fmt::Debug {
    /// The configured name.
    fn system(&self) -> &str;

    /// A ticket by the number people use.
    ///
    /// # Errors
    ///
    /// [`ItsmError`] if the ITSM does not answer, or answers something else.
    async fn find(&self, number: &str) -> Result<Option<TicketView>, ItsmError>;
}
