//! The crate's one error, and where in a file something is.

use std::fmt;
use std::time::Duration;

/// A place in a text: both numbers start at 1, columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl Position {
    /// Finds where the byte `offset` of `text` is.
    ///
    /// ```
    /// let at = argus_cards::Position::of("ab\ncd", 4);
    /// assert_eq!(at.to_string(), "2:2");
    /// ```
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.bytes().filter(|&byte| byte == b'\n').count();
        let column = before.chars().rev().take_while(|&c| c != '\n').count();
        let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        Self { line: number(line), column: number(column) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The template is not JSON, or an expression in it cannot be read.
    TemplateInvalid,
    /// The library has no template of that name.
    TemplateNotFound,
    /// An expression outside a template cannot be read.
    ExpressionInvalid,
    /// An expression could be read but has no value for this data.
    EvaluationFailed,
    /// The rendering was stopped because it took too many steps or grew too large.
    LimitExceeded,
    /// The folder or file could not be read or watched.
    SourceUnavailable,
    /// The state directory of a library could not be read or written.
    StateUnusable,
}

/// Anything that can go wrong between a template's source and a card.
///
/// The fields are private so that the crate can change its dependencies without breaking yours.
///
/// ```
/// use argus_cards::{ErrorKind, Options, Template};
///
/// let broken = "{\n  \"text\": \"${1 +}\"\n}";
/// let error = Template::parse("alert.card.json", broken, &Options::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::TemplateInvalid);
/// assert_eq!(error.to_string(), "alert.card.json:2:17: the expression ends too early");
/// ```
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    context: String,
    file: Option<String>,
    at: Option<Position>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        Self {
            kind,
            context: context.into(),
            file: None,
            at: None,
            retry_after: None,
            source: None,
        }
    }

    pub(crate) fn at(mut self, file: &str, at: Position) -> Self {
        self.file = Some(file.to_owned());
        self.at = Some(at);
        self
    }

    pub(crate) fn because(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Makes the error of a source of one's own that cannot be read now.
    ///
    /// ```
    /// use argus_cards::{Error, ErrorKind};
    ///
    /// let error = Error::unavailable("git: cannot reach the server");
    /// assert_eq!(error.kind(), ErrorKind::SourceUnavailable);
    /// assert!(error.is_transient());
    /// ```
    pub fn unavailable(context: impl Into<String>) -> Self {
        Self::new(ErrorKind::SourceUnavailable, context)
    }

    /// Makes the error of a file that is not what it should be; lines and columns start at 1.
    ///
    /// ```
    /// use argus_cards::Error;
    ///
    /// let error = Error::invalid("samples/one.json", "expected value", 2, 8);
    /// assert_eq!(error.to_string(), "samples/one.json:2:8: expected value");
    /// ```
    pub fn invalid(file: &str, message: &str, line: usize, column: usize) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).max(1);
        let at = Position { line: number(line), column: number(column) };
        Self::new(ErrorKind::TemplateInvalid, message).at(file, at)
    }

    /// Says not to ask again before that much time has passed.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether trying again later may help, without anybody changing a template.
    pub fn is_transient(&self) -> bool {
        self.kind == ErrorKind::SourceUnavailable
    }

    /// How long to wait before asking again, if the source said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The file that is to blame, if one is.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// Where in the file, or in the expression, it is.
    pub fn position(&self) -> Option<Position> {
        self.at
    }

    /// What is wrong, without the file and the position.
    pub fn message(&self) -> &str {
        &self.context
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.at) {
            (Some(file), Some(at)) if !file.is_empty() => {
                write!(f, "{file}:{at}: {}", self.context)
            }
            (_, Some(at)) => write!(f, "{at}: {}", self.context),
            _ => f.write_str(&self.context),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}

/// What a [`Diagnostic`] means for the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// The template is in use; its author should look at this.
    Warning,
    /// The template, or this version of it, is not used.
    Refused,
    /// The templates are in use; whoever runs the library should look at its source or its disk.
    Trouble,
}

/// Something the author of a template should hear about, although a card came out.
///
/// ```
/// use argus_cards::{Options, Template};
/// use serde_json::json;
///
/// let options = Options::default();
/// let template = Template::parse("hi.card.json", r#"{"text":"Hi ${nmae}"}"#, &options)?;
/// let out = template.expand(&json!({"name": "Ada"}), None, &options)?;
/// assert_eq!(out.json, br#"{"text":"Hi "}"#);
/// assert_eq!(out.diagnostics[0].to_string(), "hi.card.json:1:15: `nmae` is not in the data");
/// # Ok::<(), argus_cards::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Whether the template is in use all the same.
    pub level: Level,
    /// The template's file.
    pub file: String,
    /// Where in the file, if the trouble has a place.
    pub at: Option<Position>,
    /// What is wrong and what was done about it.
    pub message: String,
}

impl Diagnostic {
    pub(crate) fn new(file: &str, at: Option<Position>, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, file: file.to_owned(), at, message: message.into() }
    }
}

impl From<&Error> for Diagnostic {
    fn from(error: &Error) -> Self {
        let diagnostic = Self::new(error.file().unwrap_or_default(), error.at, error.message());
        Self { level: Level::Refused, ..diagnostic }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{}:{at}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}
