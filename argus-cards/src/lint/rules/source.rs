//! Where rules come from.

use std::fmt;

/// Who says so, and when: the date of the page or package, or of the day it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// The page, package or issue.
    pub name: &'static str,
    /// The date, as far as it is known.
    pub date: &'static str,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.date)
    }
}

const fn source(name: &'static str, date: &'static str) -> Source {
    Source { name, date }
}

pub(super) const BOT_MESSAGES: Source =
    source("Microsoft Learn, Format your bot messages", "2026-11");
pub(super) const FORMAT_CARDS: Source =
    source("Microsoft Learn, Format cards in Teams", "2024-11-07");
pub(super) const WHAT_ARE_CARDS: Source = source("Microsoft Learn, What are cards", "2026-11");
pub(super) const CARDS_REFERENCE: Source =
    source("Microsoft Learn, Types of cards in Teams", "2023-06");
pub(super) const MEDIA: Source =
    source("Microsoft Learn, Media elements in Adaptive Cards", "2026-11");
pub(super) const UNIVERSAL: Source =
    source("Microsoft Learn, Universal Action Model for Adaptive Cards", "2026-11");
pub(super) const USER_VIEWS: Source =
    source("Microsoft Learn, User specific views in Teams", "2026-11");
pub(super) const TEXT_FEATURES: Source =
    source("Microsoft Learn, Adaptive Cards text features", "2026-11");
pub(super) const PARTNERS: Source =
    source("Microsoft Learn, Adaptive Cards partners, and the pages of each host", "2026-11");
pub(super) const SCHEMA: Source = source("Adaptive Cards schema 1.0 to 1.6", "2026-02-05");
pub(super) const MODEL: Source = source("npm @microsoft/teams.cards 2.1.0", "2026-09-22");
pub(super) const RENDERER: Source = source("npm adaptivecards 3.0.6", "2026-04-10");
pub(super) const HOST_CONFIG: Source =
    source("microsoft/AdaptiveCards, host configuration of Teams", "2026-02-05");
pub(super) const MOBILE: Source =
    source("microsoft/Teams-AdaptiveCards-Mobile, sources and samples", "2026-07-10");
pub(super) const ISSUE_9248: Source = source("microsoft/AdaptiveCards issue 9248", "2025");
pub(super) const TEMPLATING: Source =
    source("npm adaptivecards-templating 2.3.1, measured", "2024-12-07");
pub(super) const ARGUS: Source = source("Argus: it follows from how cards work", "2026-11-30");
