//! How we prove who we are to a system, and what a request shows of it.

use std::sync::Arc;

use argus_bot_sdk::auth::{Secret, SecretToken, TokenSource};
use http::HeaderName;

use super::scrub::traces;
use crate::secrets::Held;

/// How we prove who we are to a system.
pub enum Credential {
    /// A bearer token.
    Token(Arc<dyn TokenSource>),
    /// User and password.
    Basic(String, Held),
    /// A bearer token that we were given.
    Bearer(Held),
    /// A key in a header of its own.
    Header(HeaderName, Held),
    /// Nothing.
    None,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token",
            Self::Basic(..) => "Basic",
            Self::Bearer(_) => "Bearer",
            Self::Header(..) => "Header",
            Self::None => "None",
        })
    }
}

/// What one request shows.
pub(super) enum Proof {
    Token(SecretToken),
    Secret(Secret),
    None,
}

impl Proof {
    /// What would give it away in an answer.
    pub(super) fn traces(&self, credential: &Credential) -> Vec<String> {
        let user = match credential {
            Credential::Basic(user, _) => Some(user.as_str()),
            _ => None,
        };
        match self {
            Self::Token(it) => traces(it.expose(), None),
            Self::Secret(it) => traces(it.expose(), user),
            Self::None => Vec::new(),
        }
    }
}
