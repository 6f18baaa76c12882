//! Values that must not be seen.

use std::fmt;
use std::sync::Arc;

/// A value that must not be seen: it has no `Display`, no `Serialize` and an empty `Debug`.
///
/// # Examples
///
/// ```
/// use argus_bot_sdk::auth::Secret;
///
/// let secret = Secret::new("correct horse");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose(), "correct horse");
/// ```
///
/// ```compile_fail
/// println!("{}", argus_bot_sdk::auth::Secret::new("correct horse"));
/// ```
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Hides `value`.
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// Shows the value to code that has to send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The bot's own token, to be shown only to a proven [`ServiceUrl`](crate::auth::ServiceUrl).
///
/// # Examples
///
/// ```
/// use argus_bot_sdk::auth::SecretToken;
///
/// let token = SecretToken::new("eyJ0eXAi");
/// assert_eq!(format!("{token:?}"), "SecretToken(..)");
/// assert!(token == token.clone());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken(Arc<str>);

impl SecretToken {
    /// Hides a token.
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// Shows the token to code that has to send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(..)")
    }
}
