//! Cards as the store knows them: due, shown, covered by a digest, or given up.

use argus_soc::event::Severity;

/// A card that does not show the newest state yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueCard {
    /// The incident.
    pub incident: String,
    /// `card`, or `approval/RUN`.
    pub card: String,
    /// Where it stands, or will stand.
    pub conversation: String,
    /// Teams' id of it, once created.
    pub activity_id: Option<String>,
    /// The version it should show.
    pub want: u64,
    /// Creates that were tried without a known end.
    pub attempts: u32,
    /// The severity of its incident.
    pub severity: Severity,
}

/// Which due cards of a conversation are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueSlice {
    /// The conversation.
    pub conversation: String,
    /// Of all of them, or of those only that are not in Teams yet.
    pub which: Which,
    /// How many of the first ones are passed over.
    pub skip: u32,
    /// At most so many.
    pub limit: u32,
}

/// Which due cards are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those that are not in Teams yet.
    New,
}

/// A conversation with cards that do not show the newest state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuePlace {
    /// The conversation.
    pub conversation: String,
    /// New cards of critical and high incidents.
    pub urgent: u64,
    /// All other new cards.
    pub routine: u64,
    /// Cards that stand there and have to be changed.
    pub changed: u64,
}

/// How a card stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCard {
    /// The incident.
    pub incident: String,
    /// `card`, or `approval/RUN`.
    pub card: String,
    /// Where it stands, or shall.
    pub conversation: String,
    /// Teams' id of it, once created.
    pub activity_id: Option<String>,
    /// The version it should show.
    pub want: u64,
    /// The version it shows; 0 for none.
    pub shown: u64,
    /// The digest that covers it.
    pub digest: Option<String>,
    /// Why it was given up, if it was.
    pub dead: Option<String>,
    /// Whether somebody saw that it was given up, and wants no more of it.
    pub dropped: bool,
}

impl StoredCard {
    /// How it stands, in one stable word.
    pub fn state(&self) -> &'static str {
        match self {
            Self { dropped: true, .. } => "dropped",
            Self { dead: Some(_), .. } => "dead",
            Self { digest: Some(_), .. } => "in_digest",
            Self { want, shown, .. } if want > shown => "due",
            _ => "shown",
        }
    }
}

/// A card that was sent, found by where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentCard {
    /// The incident.
    pub incident: String,
    /// Which of its cards.
    pub card: String,
    /// The version it shows.
    pub version: u64,
}
