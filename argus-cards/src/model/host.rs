//! What a host can show, and what becomes of a card there.

mod downgrade;

use std::borrow::Cow;

use super::Version;
use super::catalog::{PropertyInfo, TypeInfo, WordInfo};

pub use downgrade::{Change, Deed, Downgraded};

/// A program that shows cards.
///
/// ```
/// use argus_cards::model::{Host, Version, catalog};
///
/// let badge = catalog::type_named("Badge").unwrap();
/// assert!(Host::TEAMS.shows(badge) && !Host::WEB_CHAT.shows(badge));
///
/// let ours = Host::new("our portal", Version::new(1, 3)).knows("Badge");
/// assert!(ours.shows(badge));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Host {
    /// What it is called.
    pub name: Cow<'static, str>,
    /// The newest version of the schema that it shows.
    pub version: Version,
    /// Whether it shows what only Teams knows.
    pub teams: bool,
    /// Types that it shows though its version does not say so.
    pub more: Cow<'static, [Cow<'static, str>]>,
    /// Types that it does not show though its version says so.
    pub less: Cow<'static, [Cow<'static, str>]>,
    /// What `requires` can ask for beside `adaptiveCards`, with its version.
    pub capabilities: Vec<(String, Version)>,
}

impl Host {
    /// Microsoft Teams.
    pub const TEAMS: Self = Self::known("Teams", Version::TEAMS, true, &[], &[]);
    /// Web Chat of the Bot Framework, where nothing comes back to `Action.Execute`.
    pub const WEB_CHAT: Self =
        Self::known("Web Chat", Version::NEWEST, false, &[], &[Cow::Borrowed("Action.Execute")]);
    /// Actionable messages in Outlook.
    pub const OUTLOOK: Self =
        Self::known("Outlook", Version::new(1, 0), false, &[Cow::Borrowed("Action.Execute")], &[]);
    /// Cisco Webex.
    pub const WEBEX: Self = Self::known("Webex", Version::new(1, 2), false, &[], &[]);
    /// Widgets of Windows.
    pub const WIDGETS: Self = Self::known("Windows Widgets", Version::NEWEST, false, &[], &[]);

    const fn known(
        name: &'static str,
        version: Version,
        teams: bool,
        more: &'static [Cow<'static, str>],
        less: &'static [Cow<'static, str>],
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            version,
            teams,
            more: Cow::Borrowed(more),
            less: Cow::Borrowed(less),
            capabilities: Vec::new(),
        }
    }

    /// A host that shows the official schema up to a version.
    pub fn new(name: impl Into<String>, version: Version) -> Self {
        Self { name: Cow::Owned(name.into()), ..Self::known("", version, false, &[], &[]) }
    }

    /// Adds a type that it shows whatever its version.
    #[must_use]
    pub fn knows(mut self, tag: impl Into<String>) -> Self {
        self.more.to_mut().push(Cow::Owned(tag.into()));
        self
    }

    /// Adds something that `requires` can ask for.
    #[must_use]
    pub fn can(mut self, capability: impl Into<String>, version: Version) -> Self {
        self.capabilities.push((capability.into(), version));
        self
    }

    /// Whether it shows a type.
    pub fn shows(&self, info: &TypeInfo) -> bool {
        self.shows_name(info.name()).unwrap_or_else(|| match info.since() {
            None => self.teams,
            Some(since) => self.teams || since <= self.version,
        })
    }

    /// Whether it shows a property of a type that it shows.
    pub fn shows_property(&self, property: &PropertyInfo) -> bool {
        if self.teams {
            return property.is_known_to_teams();
        }
        !property.is_teams_only() && property.since().is_none_or(|since| since <= self.version)
    }

    /// Whether it knows a word of a property that it shows.
    pub fn knows_word(&self, word: &WordInfo) -> bool {
        self.teams
            || !word.is_teams_only() && word.since().is_none_or(|since| since <= self.version)
    }

    /// Whether it has what `requires` asks for: a capability and its least version, or `*`.
    pub fn meets(&self, capability: &str, version: &str) -> bool {
        let has = if capability.eq_ignore_ascii_case("adaptiveCards") {
            Some(self.version)
        } else {
            self.capabilities.iter().find_map(|(name, has)| (name == capability).then_some(*has))
        };
        has.is_some_and(|has| version == "*" || Version::parse(version).is_some_and(|v| v <= has))
    }

    /// What is said of a type by its name alone.
    fn shows_name(&self, tag: &str) -> Option<bool> {
        let names = |list: &[Cow<'static, str>]| list.iter().any(|known| known == tag);
        if names(&self.less) {
            return Some(false);
        }
        names(&self.more).then_some(true)
    }
}
