//! Who may speak to the bot, and what the bot shows when it speaks back.
//!
//! Inbound, [`Authenticator`] checks every rule that Microsoft publishes for the Bot Framework
//! connector ("Authentication with the Bot Connector API", R1 to R7 and endorsements) and fails
//! closed. Outbound, a [`TokenSource`] has the bot's own token, which is only ever shown to a
//! [`ServiceUrl`] that a [`ServiceUrlPolicy`] let pass.

mod callers;
mod certificate;
mod claims;
mod cloud;
mod config;
mod entra;
mod entra_api;
mod explain;
pub(crate) mod fetch;
mod jwks;
mod keys;
mod outbound;
mod platform;
mod refusal;
mod rejection;
mod secret;
mod service_url;
mod tokens;
mod verify;
mod vouched;

pub use crate::auth::certificate::Certificate;
pub(crate) use crate::auth::claims::subject;
pub use crate::auth::cloud::{Cloud, CloudConstants};
pub use crate::auth::config::InboundConfig;
pub use crate::auth::entra::{Assertion, EntraApp, OnBehalfOf};
pub use crate::auth::entra_api::EntraApi;
pub use crate::auth::explain::{Finding, Verdict, token_contents};
pub use crate::auth::outbound::{
    ClientSecret, Credential, FreshToken, GivenToken, TokenCache, TokenSource,
};
pub use crate::auth::platform::{Federated, ManagedIdentity, WorkloadIdentity};
pub use crate::auth::rejection::Rejection;
pub use crate::auth::secret::{Secret, SecretToken};
pub(crate) use crate::auth::service_url::is_loopback;
pub use crate::auth::service_url::{ServiceUrl, ServiceUrlPolicy};
pub use crate::auth::verify::Authenticator;
pub use crate::auth::vouched::{Verified, Vouched};
