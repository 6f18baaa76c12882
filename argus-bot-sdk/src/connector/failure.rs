//! What is true after a send that did not work.

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

/// Why a send failed, named by what the caller may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// No connection came about (name, TCP, TLS), or the token service failed: provably not
    /// delivered, so sending again cannot make two.
    NotSent,
    /// The request left and no usable answer came (timeout, reset, 408, 5xx): it may have been
    /// delivered. Repeating an update is harmless, repeating a send may show it twice.
    Ambiguous,
    /// 429: not delivered; wait for [`SendError::retry_after`].
    Throttled,
    /// 412: another operation on the conversation was faster; not delivered, send again soon.
    Conflict,
    /// The bot was removed or blocked, or the conversation is gone. Nothing will be delivered until
    /// somebody adds the bot again.
    Dormant,
    /// 413: the message is larger than Teams takes; send a smaller one.
    TooBig,
    /// Any other refusal; the same request will be refused again.
    Refused,
    /// The service URL is not one that may see the bot's token. Nothing left this process.
    Forbidden,
    /// The bot's credential is refused: by the token service, or by Teams even with a fresh token.
    Auth,
}

impl SendErrorKind {
    /// The kind as `error.type` of a metric.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Ambiguous => "ambiguous",
            Self::Throttled => "throttled",
            Self::Conflict => "conflict",
            Self::Dormant => "dormant",
            Self::TooBig => "too_big",
            Self::Refused => "refused",
            Self::Forbidden => "forbidden",
            Self::Auth => "auth",
        }
    }

    fn clause(self) -> &'static str {
        match self {
            Self::NotSent => "could not reach the conversation's service",
            Self::Ambiguous => "sent, but nobody knows whether it arrived",
            Self::Throttled => "sent too often",
            Self::Conflict => "another operation on the conversation was faster",
            Self::Dormant => "the bot is no longer in the conversation",
            Self::TooBig => "the message is too big",
            Self::Refused => "the conversation's service refused the request",
            Self::Forbidden => "the service URL is not allowed",
            Self::Auth => "the bot's credential is not accepted",
        }
    }
}

/// A send that failed; [`kind`](Self::kind) says what is true now.
///
/// ```
/// use argus_bot_sdk::connector::{SendError, SendErrorKind};
///
/// let error = SendError::new(SendErrorKind::Throttled).after(std::time::Duration::from_secs(7));
/// assert!(error.is_transient());
/// assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(7));
/// assert_eq!(error.to_string(), "sent too often");
/// ```
#[derive(Debug)]
pub struct SendError {
    kind: SendErrorKind,
    code: Option<Cow<'static, str>>,
    status: Option<u16>,
    retry_after: Option<Duration>,
    correlation: Option<Box<str>>,
    stream: Option<StreamRefusal>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Why Teams takes no further part of a streamed message. It has one code for most of these and
/// tells them apart by the text of the error only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamRefusal {
    /// The reader pressed "Stop".
    Stopped,
    /// The two minutes are over.
    Expired,
    /// The final part was sent before.
    Finished,
    /// 202: a part came after a later one, and was left out.
    OutOfOrder,
    /// Messages cannot grow in this conversation.
    NotHere,
}

impl StreamRefusal {
    /// Reads code and text of an error.
    pub(super) fn of(code: Option<&str>, message: Option<&str>) -> Option<Self> {
        match code? {
            "ContentStreamSequenceOrderPreConditionFailed" => return Some(Self::OutOfOrder),
            "ContentStreamNotAllowed" => {}
            _ => return None,
        }
        let text = message.unwrap_or_default().to_ascii_lowercase();
        let has = |part: &str| text.contains(part);
        Some(match () {
            () if has("cancel") => Self::Stopped,
            () if has("exceeded") => Self::Expired,
            () if has("completed") => Self::Finished,
            () => Self::NotHere,
        })
    }
}

impl SendError {
    /// A failure of this kind; for connectors of your own.
    pub fn new(kind: SendErrorKind) -> Self {
        Self {
            kind,
            code: None,
            status: None,
            retry_after: None,
            correlation: None,
            stream: None,
            source: None,
        }
    }

    /// Adds the error code that Teams gave.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds the HTTP status that Teams gave.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds how long Teams wants the bot to wait.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Adds the `MS-CV` header of the answer.
    #[must_use]
    pub fn with_correlation(mut self, ms_cv: Option<Box<str>>) -> Self {
        self.correlation = ms_cv;
        self
    }

    /// Says why a streamed message ended.
    #[must_use]
    pub fn with_stream_refusal(mut self, why: Option<StreamRefusal>) -> Self {
        self.stream = why;
        self
    }

    /// The same failure after a try that may have arrived: nobody knows any more.
    pub(super) fn in_doubt(mut self) -> Self {
        self.kind = SendErrorKind::Ambiguous;
        self
    }

    /// Adds what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What is true now and what may be done.
    pub fn kind(&self) -> SendErrorKind {
        self.kind
    }

    /// The error code in Teams' answer, such as `BotNotInConversationRoster`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The HTTP status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// How long to wait before the next try, if Teams said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The `MS-CV` header of the answer, by which Microsoft's support finds the call.
    pub fn correlation(&self) -> Option<&str> {
        self.correlation.as_deref()
    }

    /// Why a streamed message ended, if that is what happened.
    pub fn stream_refusal(&self) -> Option<StreamRefusal> {
        self.stream
    }

    /// Whether the same call may work later. After [`SendErrorKind::Ambiguous`] it may also be
    /// delivered twice; whether that is better than not at all only the caller knows.
    pub fn is_transient(&self) -> bool {
        use SendErrorKind::{Ambiguous, Conflict, NotSent, Throttled};
        matches!(self.kind, NotSent | Ambiguous | Throttled | Conflict)
    }

    /// Whether it is certain that nothing was delivered.
    ///
    /// ```
    /// use argus_bot_sdk::connector::{SendError, SendErrorKind, StreamRefusal};
    ///
    /// let refused = SendError::new(SendErrorKind::Refused)
    ///     .with_status(403)
    ///     .with_correlation(Some("9m3aQzWkS0y.0".into()))
    ///     .with_stream_refusal(Some(StreamRefusal::Stopped));
    /// assert!(refused.is_undelivered());
    /// assert_eq!(refused.correlation(), Some("9m3aQzWkS0y.0"));
    /// assert_eq!(refused.stream_refusal(), Some(StreamRefusal::Stopped));
    /// // It may have arrived: to say it again could say it twice.
    /// assert!(!SendError::new(SendErrorKind::Ambiguous).is_undelivered());
    /// ```
    pub fn is_undelivered(&self) -> bool {
        self.kind != SendErrorKind::Ambiguous
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.clause())?;
        match (&self.code, self.status) {
            (Some(code), _) => write!(f, " ({code})"),
            (None, Some(status)) => write!(f, " (status {status})"),
            (None, None) => Ok(()),
        }
    }
}

impl StdError for SendError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Codes after which Teams delivers nothing until somebody changes something. Source: "Status codes
/// from bot conversational APIs", Teams platform documentation.
const DORMANT_CODES: [&str; 6] = [
    "BotDisabledByAdmin",
    "ConversationBlockedByUser",
    "BotNotInConversationRoster",
    "NotEnoughPermissions",
    "ForbiddenOperationException",
    "ConversationNotFound",
];

/// What an HTTP status that is not 2xx says about the request. `401` is handled by the caller, who
/// knows whether the token was fresh.
pub(super) fn kind_of(status: u16, code: Option<&str>) -> SendErrorKind {
    match status {
        403 | 404 if code.is_some_and(|code| DORMANT_CODES.contains(&code)) => {
            SendErrorKind::Dormant
        }
        401 => SendErrorKind::Auth,
        412 => SendErrorKind::Conflict,
        413 => SendErrorKind::TooBig,
        429 => SendErrorKind::Throttled,
        501 | 505 => SendErrorKind::Refused, // Not implemented is not done.
        408 | 500.. => SendErrorKind::Ambiguous,
        _ => SendErrorKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::{SendErrorKind::*, *};

    #[test]
    fn each_status_has_a_meaning() {
        let check = |status: u16, code: Option<&str>, expected: SendErrorKind| {
            assert_eq!(kind_of(status, code), expected, "{status} {code:?}");
        };
        check(400, Some("BadArgument"), Refused);
        check(401, None, Auth);
        check(403, None, Refused);
        check(403, Some("BotDisabledByAdmin"), Dormant);
        check(403, Some("ConversationBlockedByUser"), Dormant);
        check(403, Some("BotNotInConversationRoster"), Dormant);
        check(403, Some("InvalidBotApiHost"), Refused);
        check(404, Some("ConversationNotFound"), Dormant);
        check(404, Some("ActivityNotFoundInConversation"), Refused);
        check(404, None, Refused);
        check(408, None, Ambiguous);
        check(412, Some("PreconditionFailed"), Conflict);
        check(413, Some("MessageSizeTooBig"), TooBig);
        check(429, Some("Throttled"), Throttled);
        check(500, Some("ServiceError"), Ambiguous);
        check(501, None, Refused);
        check(502, None, Ambiguous);
        check(504, None, Ambiguous);
        check(302, None, Refused);
    }

    #[test]
    fn the_ends_of_a_stream_are_told_apart() {
        use StreamRefusal::{Expired, Finished, NotHere, OutOfOrder, Stopped};
        let check = |code: &str, text: &str, expected: Option<StreamRefusal>| {
            assert_eq!(StreamRefusal::of(Some(code), Some(text)), expected, "{code} {text}");
        };
        let no = "ContentStreamNotAllowed";
        check(no, "Content stream was canceled by user", Some(Stopped));
        check(no, "Content stream finished due to exceeded streaming time", Some(Expired));
        let done = "Content stream is not allowed on an already completed streamed message";
        check(no, done, Some(Finished));
        check(no, "Content stream is not allowed", Some(NotHere));
        check("ContentStreamSequenceOrderPreConditionFailed", "", Some(OutOfOrder));
        check("BadArgument", "canceled", None);
        assert_eq!(StreamRefusal::of(None, None), None);
    }
}
