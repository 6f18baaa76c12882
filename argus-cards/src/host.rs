//! What a host can show. A host is a table, not an `if`: whoever has another one writes it down.
//!
//! Source: the partners page of Microsoft's Adaptive Cards documentation, the page on universal
//! actions for Outlook, and Teams' documentation of cards.

use crate::model::Version;
use crate::model::catalog::{PropertyInfo, TypeInfo, WordInfo};

/// Reads a version the way clients do: a third number, as in `1.0.0`, is read over, since samples
/// of Teams' own have it.
pub(crate) fn read_version(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(str::parse::<u16>);
    let (major, minor) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let small = |number: u16| u8::try_from(number).unwrap_or(u8::MAX);
    parts.all(|part: Result<u16, _>| part.is_ok()).then(|| Version::new(small(major), small(minor)))
}

/// How many bytes a host takes, and which rule says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SizeLimit {
    /// The id of the rule.
    pub rule: &'static str,
    /// The most bytes.
    pub bytes: usize,
    /// Whether the host counts UTF-16, two bytes for most characters, and not UTF-8.
    pub utf16: bool,
}

/// A type that a host does not take, although it knows the version of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The type.
    pub kind: &'static str,
    /// The id of the rule.
    pub rule: &'static str,
    /// What the host does, and what to use instead.
    pub why: &'static str,
}

/// What a host does, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trait {
    /// It shows what only Teams' own model has: Badge, Icon, charts, layouts and so on.
    TeamsElements,
    /// `<at>` in a text is a mention.
    Mentions,
    /// Only bold, italics, lists and links are Markdown.
    SmallMarkdown,
    /// `{{DATE()}}` and `{{TIME()}}` are known to be shown.
    Dates,
    /// Some of its clients do not draw code blocks and charts.
    PoorMobile,
}

/// A program that shows cards: what [`lint`](crate::lint) checks a card for, and what
/// [`Card::for_host`](crate::model::Card::for_host) makes it fit for.
///
/// ```
/// use argus_cards::Host;
/// use argus_cards::model::{Version, catalog};
///
/// let teams = Host::named("teams").ok_or("there is no such host")?;
/// assert_eq!(teams.version, Version::new(1, 5));
/// assert_eq!(teams.actions, Some(6));
///
/// let badge = catalog::type_named("Badge").ok_or("there is no such type")?;
/// assert!(teams.shows(badge) && !Host::WEB_CHAT.shows(badge));
///
/// let ours = Host::new("our portal", Version::new(1, 3)).knows(&["Badge"]);
/// assert!(ours.shows(badge));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Host {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its name in a sentence.
    pub title: &'static str,
    /// The newest version of the schema that it shows.
    pub version: Version,
    /// How large a card may be, from the hard limit to the soft ones.
    pub sizes: &'static [SizeLimit],
    /// What it does, or does not.
    pub traits: &'static [Trait],
    /// Types that it shows though its version does not say so, or that are in no schema.
    pub own_types: &'static [&'static str],
    /// Types that it does not take.
    pub refused: &'static [Refused],
    /// What `requires` can ask for beside `adaptiveCards`, with its version.
    pub capabilities: &'static [(&'static str, Version)],
    /// How many buttons it shows in a row; the others go to a menu or vanish.
    pub actions: Option<usize>,
    /// How many people a card can be refreshed for.
    pub refresh_users: Option<usize>,
    /// Where media may be, as ends of host names; empty means anywhere.
    pub media: &'static [&'static str],
    /// The largest side of a picture in pixels.
    pub picture_side: Option<u32>,
    /// The most bytes of a picture.
    pub picture_bytes: Option<usize>,
}

/// Teams' published limit is "approximate 100 KB" of UTF-16, for the message with everything in it
/// but pictures; 80 KB are recommended.
const TEAMS_SIZES: &[SizeLimit] = &[
    SizeLimit { rule: "size.bot", bytes: 100 * 1024, utf16: true },
    SizeLimit { rule: "size.near", bytes: 80 * 1024, utf16: true },
    SizeLimit { rule: "size.legacy", bytes: 40 * 1024, utf16: true },
];

const ALL: [Host; 4] = [Host::TEAMS, Host::TEAMS_WEBHOOK, Host::OUTLOOK, Host::WEB_CHAT];

impl Host {
    /// Teams, for cards that a bot sends.
    pub const TEAMS: Self = Self {
        name: "teams",
        title: "Teams",
        version: Version::TEAMS,
        sizes: TEAMS_SIZES,
        traits: &[Trait::TeamsElements, Trait::Mentions, Trait::SmallMarkdown, Trait::PoorMobile],
        own_types: &[],
        refused: &[],
        capabilities: &[],
        actions: Some(6),
        refresh_users: Some(60),
        media: &[
            "sharepoint.com",
            "1drv.ms",
            "onedrive.live.com",
            "youtube.com",
            "youtu.be",
            "vimeo.com",
            "dailymotion.com",
            "dai.ly",
        ],
        picture_side: Some(1024),
        picture_bytes: Some(1 << 20),
    };

    /// Teams, for cards that come through an Incoming Webhook.
    pub const TEAMS_WEBHOOK: Self = Self {
        name: "teams-webhook",
        title: "an Incoming Webhook of Teams",
        sizes: &[SizeLimit { rule: "size.webhook", bytes: 28 * 1024, utf16: false }],
        refused: &[Refused {
            kind: "Action.Submit",
            rule: "webhook.submit",
            why: "an Incoming Webhook has nobody to submit to; \
                  use Action.OpenUrl, or send the card with a bot",
        }],
        refresh_users: None,
        ..Self::TEAMS
    };

    /// Actionable messages in Outlook.
    pub const OUTLOOK: Self = Self {
        title: "Outlook",
        traits: &[Trait::Dates],
        own_types: &[
            "Action.Http",
            "Action.InvokeAddInCommand",
            "Action.DisplayMessageForm",
            "Action.DisplayAppointmentForm",
        ],
        refused: &[Refused {
            kind: "Action.Submit",
            rule: "host.type",
            why: "actionable messages do not know it; use Action.Execute, or Action.Http",
        }],
        ..Self::new("outlook", Version::new(1, 4))
    };

    /// Web Chat of the Bot Framework, where nothing comes back to `Action.Execute`.
    pub const WEB_CHAT: Self = Self {
        title: "Web Chat",
        traits: &[Trait::Dates],
        refused: &[Refused {
            kind: "Action.Execute",
            rule: "host.type",
            why: "Web Chat does not run it; use Action.Submit",
        }],
        ..Self::new("webchat", Version::NEWEST)
    };

    /// Cisco Webex.
    pub const WEBEX: Self = Self { title: "Webex", ..Self::new("webex", Version::new(1, 2)) };

    /// Widgets of Windows.
    pub const WIDGETS: Self =
        Self { title: "Windows Widgets", ..Self::new("widgets", Version::NEWEST) };

    /// A host that shows the official schema up to a version, and of which nothing else is known.
    pub const fn new(name: &'static str, version: Version) -> Self {
        Self {
            name,
            title: name,
            version,
            sizes: &[],
            traits: &[],
            own_types: &[],
            refused: &[],
            capabilities: &[],
            actions: None,
            refresh_users: None,
            media: &[],
            picture_side: None,
            picture_bytes: None,
        }
    }

    /// Sets the types that it shows whatever its version.
    #[must_use]
    pub const fn knows(mut self, types: &'static [&'static str]) -> Self {
        self.own_types = types;
        self
    }

    /// Sets what `requires` can ask for.
    #[must_use]
    pub const fn can(mut self, capabilities: &'static [(&'static str, Version)]) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// All hosts that are known by name.
    ///
    /// ```
    /// let names: Vec<_> = argus_cards::Host::all().iter().map(|host| host.name).collect();
    /// assert_eq!(names, ["teams", "teams-webhook", "outlook", "webchat"]);
    /// ```
    pub const fn all() -> &'static [Self] {
        &ALL
    }

    /// Whether it does something.
    pub fn has(&self, what: Trait) -> bool {
        self.traits.contains(&what)
    }

    /// Whether it shows a type.
    pub fn shows(&self, info: &TypeInfo) -> bool {
        let name = info.name();
        if self.refused.iter().any(|refused| refused.kind == name) {
            return false;
        }
        self.own_types.contains(&name)
            || self.has(Trait::TeamsElements)
            || info.since().is_some_and(|since| since <= self.version)
    }

    /// Whether it shows a property of a type that it shows.
    pub fn shows_property(&self, property: &PropertyInfo) -> bool {
        if self.has(Trait::TeamsElements) {
            return property.is_known_to_teams();
        }
        !property.is_teams_only() && property.since().is_none_or(|since| since <= self.version)
    }

    /// Whether it knows a word of a property that it shows.
    pub fn knows_word(&self, word: &WordInfo) -> bool {
        self.has(Trait::TeamsElements)
            || !word.is_teams_only() && word.since().is_none_or(|since| since <= self.version)
    }

    /// Whether it has what `requires` asks for: a capability and its least version, or `*`.
    pub fn meets(&self, capability: &str, version: &str) -> bool {
        let has = if capability.eq_ignore_ascii_case("adaptiveCards") {
            Some(self.version)
        } else {
            self.capabilities.iter().find_map(|(name, has)| (*name == capability).then_some(*has))
        };
        has.is_some_and(|has| version == "*" || Version::parse(version).is_some_and(|v| v <= has))
    }

    /// The host of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|host| host.name == name)
    }
}
