//! Is an event new, a repetition, or the next occurrence of something known?
//!
//! Two definitions, both declared: a *tumbling* window is anchored at the first event of an
//! occurrence and ends at a fixed time; a *sliding* window moves with every repetition until its
//! extension is used up. The state is an argument, so the same events give the same answer.
//!
//! Events about different things can be one thing all the same: a [`Rule`] says when, and a
//! [`Group`] finds it in whatever order they come.

mod group;
mod joined;
mod rule;

use serde::{Deserialize, Serialize};

pub use self::group::{Cluster, Group, Member};
pub use self::joined::{Joined, belonging, belongs_alike};
pub use self::rule::{Key, Rule};

/// Where a window's end comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// Anchored at the first event of the occurrence: ends at `first + length`.
    Tumbling,
    /// Anchored at the last event: ends at `last + length`, but never after
    /// `first + length + max_extension`.
    Sliding,
}

/// How long repetitions of one thing count as one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Where the end comes from.
    pub kind: WindowKind,
    /// Length in milliseconds.
    pub length_ms: i64,
    /// How far repetitions can push the end of a sliding window, in milliseconds.
    pub max_extension_ms: i64,
}

impl Default for Window {
    /// Five minutes, tumbling: the source text's "5-minute deduplication".
    fn default() -> Self {
        Self { kind: WindowKind::Tumbling, length_ms: 300_000, max_extension_ms: 3_600_000 }
    }
}

/// The open occurrence of a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// When its first event was, in Unix milliseconds.
    pub first_ms: i64,
    /// When its latest event was, in Unix milliseconds.
    pub last_ms: i64,
    /// How many events it has.
    pub count: u64,
}

impl Occurrence {
    /// An occurrence that consists of one event.
    pub const fn start(at_ms: i64) -> Self {
        Self { first_ms: at_ms, last_ms: at_ms, count: 1 }
    }

    /// The occurrence after one more event.
    ///
    /// Neither end moves inward and the count only grows, so the order of duplicates does not
    /// matter.
    #[must_use]
    pub fn repeat(self, at_ms: i64) -> Self {
        Self {
            first_ms: self.first_ms,
            last_ms: self.last_ms.max(at_ms),
            count: self.count.saturating_add(1),
        }
    }
}

/// What an event is to the open occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// A repetition: counts up, never starts a run.
    Duplicate,
    /// The window is over: a new occurrence of the same thing, attached to the open incident.
    NewOccurrence,
    /// Nothing was open.
    FirstOccurrence,
}

/// Places an event at `at_ms` relative to the open occurrence of its fingerprint.
///
/// An event that is earlier than the occurrence's first one by less than a window length is a
/// late repetition; by more, it belongs to another occurrence.
///
/// ```
/// use argus_soc::correlate::{Occurrence, Placement, Window, place};
///
/// let window = Window::default();
/// let open = Occurrence::start(0);
/// assert_eq!(place(&window, None, 0), Placement::FirstOccurrence);
/// assert_eq!(place(&window, Some(&open), 299_999), Placement::Duplicate);
/// assert_eq!(place(&window, Some(&open), 300_000), Placement::NewOccurrence);
/// ```
pub fn place(window: &Window, open: Option<&Occurrence>, at_ms: i64) -> Placement {
    let Some(open) = open else { return Placement::FirstOccurrence };
    let length = window.length_ms.max(0);
    let end = match window.kind {
        WindowKind::Tumbling => open.first_ms.saturating_add(length),
        WindowKind::Sliding => {
            let hard_end =
                open.first_ms.saturating_add(length).saturating_add(window.max_extension_ms.max(0));
            open.last_ms.saturating_add(length).min(hard_end)
        }
    };
    let start = open.first_ms.saturating_sub(length);
    if start < at_ms && at_ms < end { Placement::Duplicate } else { Placement::NewOccurrence }
}
