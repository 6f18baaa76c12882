//! What Teams would refuse or show badly, found before it is sent.
//!
//! Each [`Finding`] says where (a JSON pointer into the activity), what was expected and what to do.
//!
//! ```
//! use argus_bot_sdk::Activity;
//! use argus_bot_sdk::check::{Check, Rule, Scope, Severity};
//! use serde_json::json;
//!
//! let users: Vec<String> = (0..61).map(|n| format!("29:{n}")).collect();
//! let alert = Activity::card(json!({
//!     "type": "AdaptiveCard", "version": "1.5", "refresh": {"userIds": users},
//! }));
//! let findings = Check::teams(Scope::Channel).run(&alert);
//! assert_eq!((findings[0].rule, findings[0].severity), (Rule::RefreshUsers, Severity::Error));
//! assert_eq!(
//!     findings[0].to_string(),
//!     "/attachments/0/content/refresh/userIds: found 61 people, expected at most 60; \
//!      name those who have to act, and let the others refresh by hand",
//! );
//! ```

mod card;
mod message;

use std::fmt;

use serde_json::Value;

use crate::activity::ADAPTIVE_CARD;
use crate::connector::{SendError, SendErrorKind};
use crate::{Activity, ActivityKind};

/// Teams takes 100 KB, counted in UTF-16, and asks bots to stay below 80
/// (learn.microsoft.com, "Format your bot messages").
const TEAMS_LIMIT: (usize, usize) = (100 * 1024, 80 * 1024);
/// Incoming webhooks and messages through Graph take 28 KB (learn.microsoft.com, "Limits and
/// specifications for Microsoft Teams").
const WEBHOOK_LIMIT: (usize, usize) = (28 * 1024, 28 * 1024);
/// The newest version of cards that Teams shows everywhere (learn.microsoft.com, "Cards reference").
const CARD_VERSION: (u32, u32) = (1, 5);

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// It arrives, but not as it is meant.
    Warning,
    /// Teams refuses it, or people do not see what it says.
    Error,
}

/// Which rule a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// How large it is.
    Size,
    /// Whether there is anything in it.
    Empty,
    /// Whether text and cards come together.
    Split,
    /// Whether mentions and text agree.
    Mention,
    /// Where buttons under a message are shown, and which.
    SuggestedActions,
    /// The version of a card.
    CardVersion,
    /// For whom a card refreshes itself.
    RefreshUsers,
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// A chat with one person.
    Personal,
    /// A chat with several.
    GroupChat,
    /// A channel.
    Channel,
}

/// One thing that is not as Teams wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which rule it is about.
    pub rule: Rule,
    /// Where it is: a JSON pointer into the activity, empty for the whole of it.
    pub pointer: String,
    /// What is there.
    pub found: String,
    /// What should be there.
    pub expected: String,
    /// What to do about it.
    pub advice: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, found, expected, advice, .. } = self;
        let place = if pointer.is_empty() { "the activity" } else { pointer };
        write!(f, "{place}: found {found}, expected {expected}; {advice}")
    }
}

/// The limits that a message has to keep.
#[derive(Clone, Debug)]
#[must_use]
pub struct Check {
    scope: Scope,
    limit: usize,
    warn: usize,
    version: (u32, u32),
}

impl Check {
    /// What a bot may send in Teams.
    pub fn teams(scope: Scope) -> Self {
        let (limit, warn) = TEAMS_LIMIT;
        Self { scope, limit, warn, version: CARD_VERSION }
    }

    /// What an incoming webhook or Graph may send: 28 KB.
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    /// use argus_bot_sdk::check::{Check, Scope};
    ///
    /// let long = Activity::message("x".repeat(15_000)); // 30 KB in UTF-16
    /// assert!(Check::teams(Scope::Channel).run(&long).is_empty());
    /// assert_eq!(Check::webhook().run(&long).len(), 1);
    /// ```
    pub fn webhook() -> Self {
        let (limit, warn) = WEBHOOK_LIMIT;
        Self { limit, warn, ..Self::teams(Scope::Channel) }
    }

    /// The newest version of cards that is shown, instead of 1.5.
    ///
    /// ```
    /// use argus_bot_sdk::Activity;
    /// use argus_bot_sdk::check::{Check, Scope};
    /// use serde_json::json;
    ///
    /// let card = Activity::card(json!({"type": "AdaptiveCard", "version": "1.6", "body": []}));
    /// assert_eq!(Check::teams(Scope::Channel).run(&card).len(), 1);
    /// assert!(Check::teams(Scope::Channel).card_version(1, 6).run(&card).is_empty());
    /// ```
    pub fn card_version(mut self, major: u32, minor: u32) -> Self {
        self.version = (major, minor);
        self
    }

    /// All findings, the errors first.
    pub fn run(&self, activity: &Activity) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.size(activity, &mut findings);
        if activity.kind == ActivityKind::Message {
            message::check(self.scope, activity, &mut findings);
            for (at, attachment) in activity.attachments.iter().flatten().enumerate() {
                let is_card = attachment.content_type.as_deref() == Some(ADAPTIVE_CARD);
                if let Some(content) = attachment.content.as_ref().filter(|_| is_card) {
                    card::check(content, at, self.version, &mut findings);
                }
            }
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }

    /// Refuses what has an error.
    ///
    /// # Errors
    ///
    /// [`SendErrorKind::TooBig`] or [`SendErrorKind::Refused`], as Teams would answer, with the
    /// first error as its source. Nothing was sent.
    ///
    /// ```
    /// use std::error::Error as _;
    /// use argus_bot_sdk::Activity;
    /// use argus_bot_sdk::check::{Check, Scope};
    /// use argus_bot_sdk::connector::SendErrorKind;
    ///
    /// let huge = Activity::message("x".repeat(60_000));
    /// let refused = Check::teams(Scope::Personal).refuse(&huge).unwrap_err();
    /// assert_eq!(refused.kind(), SendErrorKind::TooBig);
    /// assert!(refused.source().unwrap().to_string().contains("expected at most 102400"));
    /// ```
    pub fn refuse(&self, activity: &Activity) -> Result<(), SendError> {
        let worst = self.run(activity).into_iter().next();
        let Some(finding) = worst.filter(|it| it.severity == Severity::Error) else {
            return Ok(());
        };
        let kind = match finding.rule {
            Rule::Size => SendErrorKind::TooBig,
            _ => SendErrorKind::Refused,
        };
        Err(SendError::new(kind).with_source(finding.to_string()))
    }

    /// Teams counts UTF-16, so most letters of the JSON are two bytes.
    fn size(&self, activity: &Activity, findings: &mut Vec<Finding>) {
        let Ok(wire) = serde_json::to_string(activity) else { return };
        let size = 2 * wire.encode_utf16().count();
        let (severity, most) = match size {
            size if size > self.limit => (Severity::Error, self.limit),
            size if size > self.warn => (Severity::Warning, self.warn),
            _ => return,
        };
        findings.push(Finding {
            severity,
            rule: Rule::Size,
            pointer: largest(activity),
            found: format!("{size} bytes of UTF-16"),
            expected: format!("at most {most}"),
            advice: "show less and link to the rest",
        });
    }
}

/// Where most of an activity is: its text, or the largest attachment.
fn largest(activity: &Activity) -> String {
    let size = |value: &Value| value.to_string().len();
    let text = (activity.text.as_ref().map_or(0, String::len), "/text".to_owned());
    let attachments = activity.attachments.iter().flatten().enumerate();
    let contents = attachments.filter_map(|(at, it)| {
        Some((size(it.content.as_ref()?), format!("/attachments/{at}/content")))
    });
    let all = std::iter::once(text).chain(contents).max_by_key(|part| part.0);
    all.filter(|part| part.0 > 0).map(|part| part.1).unwrap_or_default()
}

/// Takes a message apart that Teams would split: the text first, then cards and files. Sent
/// together, they count twice against the limits, and Teams gives no id to update them by.
///
/// ```
/// use argus_bot_sdk::Activity;
/// use argus_bot_sdk::check::apart;
/// use serde_json::json;
///
/// let mut alert = Activity::card(json!({"type": "AdaptiveCard"}));
/// alert.text = Some("Look at this".to_owned());
/// let parts = apart(alert);
/// assert_eq!(parts[0].text.as_deref(), Some("Look at this"));
/// assert_eq!((parts.len(), parts[1].text.as_deref()), (2, None));
/// ```
#[must_use]
pub fn apart(activity: Activity) -> Vec<Activity> {
    if !message::is_split(&activity) {
        return vec![activity];
    }
    let mut text = activity.clone();
    text.attachments = None;
    text.attachment_layout = None;
    // Buttons belong under what comes last, mentions to the text.
    text.suggested_actions = None;
    let mut rest = activity;
    rest.text = None;
    rest.text_format = None;
    rest.entities = None;
    vec![text, rest]
}
