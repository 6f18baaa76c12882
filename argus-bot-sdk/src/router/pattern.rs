//! Routes by what a message looks like.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use regex::{CaptureLocations, Regex};

use crate::extract::{FromTurn, Rejected, Turn};
use crate::handler::{BoxHandler, Handler};
use crate::reply::MessageKind;
use crate::{Error, ErrorKind, Router};

/// A regular expression. It takes time in proportion to the text, whatever the text is, so nobody
/// can stop the bot with a message.
///
/// The syntax is that of the crate `regex`: `(?i)` is for any case, `(?<name>…)` names a group.
///
/// ```
/// use argus_bot_sdk::router::Pattern;
///
/// assert!(Pattern::new(r"(?i)\binc-(?<number>\d+)\b")?.is_match("What about INC-42?"));
/// assert!(Pattern::new("(").is_err());
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
#[derive(Clone)]
pub struct Pattern(Arc<Regex>);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if it is not one, or would need too much memory.
    pub fn new(pattern: &str) -> Result<Self, Error> {
        let regex = Regex::new(pattern).map_err(|error| {
            // As a text, so that the crate stays free to change its engine.
            let error = error.to_string();
            Error::new(ErrorKind::Invalid, "this is not a regular expression").with_source(error)
        })?;
        Ok(Self(Arc::new(regex)))
    }

    /// Whether it is found in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Pattern {
    type Err = Error;

    fn from_str(pattern: &str) -> Result<Self, Error> {
        Self::new(pattern)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.as_str()).finish()
    }
}

/// What the groups of the route's pattern hold, as an argument of its handler. It is a stranger's
/// input.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::extract::Rejected;
/// use argus_bot_sdk::router::{Captures, Pattern};
///
/// async fn show(found: Captures) -> Result<String, Rejected> {
///     let number: u32 = found.parse("number")?;
///     Ok(format!("{} {number}", found.name("system").unwrap_or("incident")))
/// }
///
/// let ticket = Pattern::new(r"(?i)\b(?<system>inc|chg)-(?<number>\d+)\b")?;
/// let router: Router = Router::new().pattern(ticket, show);
/// # drop(router);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
#[derive(Clone)]
pub struct Captures {
    pattern: Pattern,
    text: String,
    places: CaptureLocations,
}

impl Captures {
    /// Where a pattern is found first in `text`.
    ///
    /// ```
    /// use argus_bot_sdk::router::{Captures, Pattern};
    ///
    /// let pattern = Pattern::new("(?<verb>open|close) (.+)")?;
    /// let found = Captures::of(&pattern, "please open the door").unwrap();
    /// assert_eq!((found.name("verb"), found.get(2)), (Some("open"), Some("the door")));
    /// assert_eq!((found.get(0), found.get(3)), (Some("open the door"), None));
    /// # Ok::<(), argus_bot_sdk::Error>(())
    /// ```
    pub fn of(pattern: &Pattern, text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let mut places = pattern.0.capture_locations();
        pattern.0.captures_read(&mut places, &text)?;
        Some(Self { pattern: pattern.clone(), text, places })
    }

    /// The group of this number; 0 is all that was found.
    pub fn get(&self, group: usize) -> Option<&str> {
        let (from, to) = self.places.get(group)?;
        self.text.get(from..to)
    }

    /// The group of this name, if it took part.
    pub fn name(&self, name: &str) -> Option<&str> {
        let group = self.pattern.0.capture_names().position(|known| known == Some(name))?;
        self.get(group)
    }

    /// The group of this name as a `T`.
    ///
    /// # Errors
    ///
    /// [`Rejected`] if the group took no part, or is no `T`: a handler may return it.
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<T, Rejected> {
        self.name(name).and_then(|text| text.parse().ok()).ok_or_else(|| {
            Rejected::new("BadMatch", format!("I do not understand the {name} in this."))
        })
    }
}

impl fmt::Debug for Captures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text is what somebody wrote.
        f.debug_struct("Captures").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}

impl<S: Sync> FromTurn<S> for Captures {
    async fn from_turn(turn: &Turn, _: &S) -> Result<Self, Rejected> {
        let found = turn.pattern().and_then(|pattern| Self::of(pattern, turn.text()));
        found.ok_or_else(|| Rejected::silent("NoPattern"))
    }
}

/// Who answers messages of a pattern.
pub(crate) struct PatternRoute<S> {
    pub(super) pattern: Pattern,
    pub(super) handler: BoxHandler<MessageKind, S>,
}

impl<S: Send + Sync + 'static> PatternRoute<S> {
    pub(super) fn bind(self, state: S) -> PatternRoute<()>
    where
        S: Clone,
    {
        PatternRoute { pattern: self.pattern, handler: self.handler.bind(state) }
    }
}

impl<S> Clone for PatternRoute<S> {
    fn clone(&self) -> Self {
        Self { pattern: self.pattern.clone(), handler: self.handler.clone() }
    }
}

impl<S> fmt::Debug for PatternRoute<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pattern.fmt(f)
    }
}

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// Answers messages in which `pattern` is found, the mention of the bot not counted, unless a
    /// command answers them. What its groups hold is [`Captures`].
    ///
    /// If a message is of several patterns, the one that was given first answers. A pattern that is
    /// given twice is answered by the later function.
    pub fn pattern<T: 'static>(
        mut self,
        pattern: Pattern,
        handler: impl Handler<MessageKind, T, S>,
    ) -> Self {
        let route = PatternRoute { pattern, handler: BoxHandler::new(handler) };
        let known = |it: &&mut PatternRoute<S>| it.pattern.as_str() == route.pattern.as_str();
        match self.patterns.iter_mut().find(known) {
            Some(before) => *before = route,
            None => self.patterns.push(route),
        }
        self
    }
}
