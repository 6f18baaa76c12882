//! The one error of this crate.

use std::error::Error as StdError;
use std::fmt;

/// Anything that can go wrong in this crate.
///
/// The fields are private so that the crate can change its dependencies without breaking yours.
///
/// # Examples
///
/// ```
/// use argus_bot_sdk::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Unavailable, "the token service does not answer");
/// assert!(error.is_transient());
/// assert_eq!(error.to_string(), "the token service does not answer");
/// ```
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    context: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What sort of thing went wrong, for code that has to decide what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration cannot work; nothing was started.
    Config,
    /// The other side knows us and refuses the credential; only a person can help.
    Credentials,
    /// The person for whom the bot wants to act has to sign in or to consent first.
    Interaction,
    /// The other side does not answer as it should; trying again later may help.
    Unavailable,
    /// The address is not one to which the bot may show its token.
    Forbidden,
    /// The input is not what it has to be.
    Invalid,
    /// The operating system refused something, such as a port that is taken.
    Io,
}

impl Error {
    /// An error with one lower-case clause that says what did not work.
    pub fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        Self { kind, context: context.into(), source: None }
    }

    /// Adds what caused it; `Display` does not repeat that, the chain does.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same call may work later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        self.kind == ErrorKind::Unavailable
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
