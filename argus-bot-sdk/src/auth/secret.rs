//! Values that must not be seen.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

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
#[derive(Clone)]
pub struct SecretToken {
    value: Arc<str>,
    /// Written once and sent often; none if the token cannot stand in a header.
    header: Option<HeaderValue>,
}

impl SecretToken {
    /// Hides a token.
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        let value = value.into();
        let mut header = HeaderValue::try_from(format!("Bearer {value}")).ok();
        if let Some(header) = &mut header {
            header.set_sensitive(true);
        }
        Self { value, header }
    }

    /// Shows the token to code that has to send it.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// The `Authorization` header that shows the token.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        self.header.clone()
    }
}

impl PartialEq for SecretToken {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for SecretToken {}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(..)")
    }
}
