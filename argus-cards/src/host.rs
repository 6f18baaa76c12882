//! What a host can show. A host is a table, not an `if`: whoever has another one writes it down.

use crate::model::Version;

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

/// A program that shows cards.
///
/// ```
/// use argus_cards::Host;
/// use argus_cards::model::Version;
///
/// let teams = Host::named("teams").ok_or("there is no such host")?;
/// assert_eq!(teams.version, Version::new(1, 5));
/// assert_eq!(teams.actions, Some(6));
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
    /// Types of its own that are in no schema.
    pub own_types: &'static [&'static str],
    /// Types that it does not take.
    pub refused: &'static [Refused],
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

const TEAMS: Host = Host {
    name: "teams",
    title: "Teams",
    version: Version::TEAMS,
    sizes: TEAMS_SIZES,
    traits: &[Trait::TeamsElements, Trait::Mentions, Trait::SmallMarkdown, Trait::PoorMobile],
    own_types: &[],
    refused: &[],
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

const TEAMS_WEBHOOK: Host = Host {
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
    ..TEAMS
};

const OUTLOOK: Host = Host {
    name: "outlook",
    title: "Outlook",
    version: Version::new(1, 4),
    sizes: &[],
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
    actions: None,
    refresh_users: None,
    media: &[],
    picture_side: None,
    picture_bytes: None,
};

const WEBCHAT: Host = Host {
    name: "webchat",
    title: "Web Chat",
    version: Version::NEWEST,
    own_types: &[],
    refused: &[Refused {
        kind: "Action.Execute",
        rule: "host.type",
        why: "Web Chat does not run it; use Action.Submit",
    }],
    ..OUTLOOK
};

const ALL: [Host; 4] = [TEAMS, TEAMS_WEBHOOK, OUTLOOK, WEBCHAT];

impl Host {
    /// Teams, for cards that a bot sends.
    pub const fn teams() -> Self {
        TEAMS
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

    /// The host of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|host| host.name == name)
    }
}
