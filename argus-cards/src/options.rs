//! What a caller may decide about a rendering.

use crate::lint::Linter;

/// Whose semantics a template has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// What Microsoft's JavaScript packages do, quirks included, for comparison and migration.
    ///
    #[doc = include_str!("../COMPAT.md")]
    Compat,
    /// The same language with its traps made safe: values are data, a missing path never takes a
    /// card down, everything odd is a located [`Diagnostic`](crate::Diagnostic).
    #[default]
    Argus,
}

/// What one rendering may cost. A template is somebody else's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Expression nodes evaluated plus objects repeated.
    pub steps: u64,
    /// Bytes that strings and arrays made by functions may take together.
    pub value_bytes: usize,
    /// Bytes of the finished card. Teams refuses messages above about 100 KB of UTF-16.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 500_000, value_bytes: 8 << 20, output_bytes: 1 << 20 }
    }
}

/// How to read a template and render it.
///
/// Time and chance are values here, so that the same call always gives the same card.
///
/// ```
/// use argus_cards::{Options, Profile};
///
/// let options = Options::default()
///     .profile(Profile::Argus)
///     .now_unix_ms(1_768_478_400_000)
///     .allow_host("tickets.example.com");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Whose semantics to follow.
    pub profile: Profile,
    /// What the rendering may cost.
    pub limits: Limits,
    /// What `utcNow()` and its relatives take for now; without it they fail.
    pub now_unix_ms: Option<i64>,
    /// What `rand()` and `newGuid()` draw from; without it they fail.
    pub random_seed: Option<u64>,
    /// How `string()` and `formatNumber()` write numbers, like `en-US`.
    pub locale: String,
    /// Hosts that links made from data may lead to; `.example.com` allows every host below it.
    pub allowed_hosts: Vec<String>,
    /// Characters that one value may bring into a text of the card.
    pub max_text: usize,
    /// What a [`Library`](crate::Library) asks of a template, and of the cards of its samples,
    /// before it is taken into use; without it, every template that compiles is taken.
    pub lint: Option<Linter>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            limits: Limits::default(),
            now_unix_ms: None,
            random_seed: None,
            locale: "en-US".to_owned(),
            allowed_hosts: Vec::new(),
            max_text: 2_000,
            lint: None,
        }
    }
}

impl Options {
    /// Sets whose semantics to follow.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Sets what the rendering may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets what time it is, in milliseconds since 1970.
    #[must_use]
    pub fn now_unix_ms(mut self, now: i64) -> Self {
        self.now_unix_ms = Some(now);
        self
    }

    /// Sets where random numbers come from.
    #[must_use]
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.random_seed = Some(seed);
        self
    }

    /// Sets how numbers are written.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = locale.into();
        self
    }

    /// Lets links made from data lead to this host.
    #[must_use]
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.push(host.into());
        self
    }

    /// Lets a library refuse templates that break rules; [`Rule::refuses`](crate::lint::Rule)
    /// says which.
    ///
    /// ```
    /// use argus_cards::lint::Linter;
    /// use argus_cards::{Host, Library, Options};
    ///
    /// let options = Options::default().lint(Linter::new(Host::TEAMS));
    /// let too_new = r#"{"type":"AdaptiveCard","version":"9.9","body":[]}"#;
    /// let (library, trouble) = Library::from_memory_with([("alert", too_new)], options);
    /// assert!(library.names().is_empty());
    /// assert_eq!(
    ///     trouble[0].to_string(),
    ///     "alert.card.json:1:34: Teams shows cards up to 1.5; this one needs 9.9 (version.max)"
    /// );
    /// ```
    #[must_use]
    pub fn lint(mut self, linter: Linter) -> Self {
        self.lint = Some(linter);
        self
    }

    /// Sets how many characters one value may bring into a text.
    #[must_use]
    pub fn max_text(mut self, characters: usize) -> Self {
        self.max_text = characters;
        self
    }
}
