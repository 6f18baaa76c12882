//! Templates by name, which stay usable whatever happens to their source.

mod builder;
mod bundle;
mod disk;
mod hash;
mod history;
mod keeper;
mod pinned;
mod store;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::Value;

use self::keeper::Keeper;
use crate::error::{Diagnostic, Error, ErrorKind};
use crate::options::Options;
use crate::source::{Folder, Memory, OnChange, TemplateSource, Watching};

pub use self::builder::Builder;
pub use self::history::{History, Version};

/// Templates by name.
///
/// All templates are swapped at once, so that a rendering never sees half of a change. A change comes
/// in whole or not at all: if one of its templates does not compile, or cannot render its own
/// samples, the last good bundle stays in use, and the author is told file, line and column. Only
/// while there is no good bundle yet, each template stands for itself.
///
/// With a state directory ([`Builder::state`]) the last good bundle survives a restart without its
/// source, and templates can be pinned and rolled back ([`History`]).
///
/// Clones share their templates.
///
/// ```
/// use argus_cards::Library;
/// use serde_json::json;
///
/// let alert = r#"{"type":"AdaptiveCard","body":[{"type":"TextBlock","text":"${title}"}]}"#;
/// let (library, trouble) = Library::from_memory([("alert", alert), ("broken", "{")]);
/// assert_eq!(trouble[0].to_string(), "broken.card.json:1:2: expected a property name in double quotes");
///
/// let card = library.render("alert", &json!({"title": "Malware"}), None)?;
/// assert_eq!(
///     card.json,
///     br#"{"type":"AdaptiveCard","body":[{"type":"TextBlock","text":"Malware"}]}"#
/// );
/// # Ok::<(), argus_cards::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Library {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    source: Arc<dyn TemplateSource>,
    bundle: ArcSwap<InUse>,
    keeper: Keeper,
}

/// What renders.
#[derive(Debug, Default)]
struct InUse {
    entries: bundle::Entries,
    status: Status,
}

/// A card and which template it came from, for the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rendered {
    /// The card.
    pub json: Vec<u8>,
    /// The template's name.
    pub template: String,
    /// The first twelve hexadecimal digits of the hash, for people.
    pub version: String,
    /// The hash of the template's source.
    pub sha256: String,
    /// What the template's author should hear about.
    pub diagnostics: Vec<Diagnostic>,
}

/// Which bundle a library renders from, and where it has it from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The first twelve hexadecimal digits of the bundle's hash; empty as long as there is none.
    pub bundle: String,
    /// Where it came from.
    pub origin: Origin,
    /// The templates that are pinned, and all of them if the bundle is.
    pub pinned: Vec<String>,
}

/// Where a bundle came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// There is no bundle yet.
    #[default]
    Nowhere,
    /// The source.
    Source,
    /// The state directory, since the source was not to be reached or was broken at the start.
    State,
}

/// What [`Library::refresh`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refreshed {
    /// Whether something was there to be looked at: a change, good or not, or a pin.
    pub changed: bool,
    /// What was refused, and what authors should hear about.
    pub diagnostics: Vec<Diagnostic>,
}

/// Keeps a [`Library`] up to date until it is dropped.
#[derive(Debug)]
#[must_use = "the watch ends when it is dropped"]
pub struct Watch {
    _watches: Vec<Watching>,
}

impl Library {
    /// Opens a folder of templates: `NAME/NAME.card.json` with samples beside it in
    /// `NAME/samples/*.json`, or just `NAME.card.json`. Says what was refused.
    pub fn open(folder: impl Into<PathBuf>) -> (Self, Vec<Diagnostic>) {
        Self::open_with(folder, Options::default())
    }

    /// Opens a folder, rendering by `options` from then on.
    pub fn open_with(folder: impl Into<PathBuf>, options: Options) -> (Self, Vec<Diagnostic>) {
        Self::of_with(Folder::new(folder), options)
    }

    /// Makes a library of names and sources. Says what was refused.
    pub fn from_memory<N, S>(templates: impl IntoIterator<Item = (N, S)>) -> (Self, Vec<Diagnostic>)
    where
        N: Into<String>,
        S: AsRef<str>,
    {
        Self::from_memory_with(templates, Options::default())
    }

    /// Makes a library of names and sources, rendering by `options` from then on.
    pub fn from_memory_with<N, S>(
        templates: impl IntoIterator<Item = (N, S)>,
        options: Options,
    ) -> (Self, Vec<Diagnostic>)
    where
        N: Into<String>,
        S: AsRef<str>,
    {
        let file = |(name, source): (N, S)| {
            (format!("{}.card.json", name.into()), source.as_ref().to_owned())
        };
        Self::of_with(Memory::new(templates.into_iter().map(file)), options)
    }

    /// Makes a library of a source that is on this computer. Says what was refused.
    pub fn of(source: impl TemplateSource + 'static) -> (Self, Vec<Diagnostic>) {
        Self::of_with(source, Options::default())
    }

    /// Starts to make a library of any source, with a state directory or without.
    pub fn builder(source: impl TemplateSource + 'static) -> Builder {
        Builder::new(Arc::new(source))
    }

    fn of_with(source: impl TemplateSource + 'static, options: Options) -> (Self, Vec<Diagnostic>) {
        let library = Self::new(Arc::new(source), Keeper::new(options, Vec::new()));
        let diagnostics = library.reload();
        (library, diagnostics)
    }

    fn new(source: Arc<dyn TemplateSource>, keeper: Keeper) -> Self {
        let bundle = ArcSwap::from_pointee(InUse::default());
        Self { shared: Arc::new(Shared { source, bundle, keeper }) }
    }

    /// Asks the source for a change and the state directory for pins, and swaps the templates. What
    /// is broken now stays as it was; what is gone from the source is gone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SourceUnavailable`] if the source cannot be read now. The library goes on with
    /// what it has; ask again, after [`Error::retry_after`] if there is one.
    pub async fn refresh(&self) -> Result<Refreshed, Error> {
        let Shared { source, keeper, .. } = &*self.shared;
        loop {
            let begun = keeper.begin();
            let fetched = source.fetch(&begun.held).await;
            let change = self.change();
            // Somebody else was quicker, and theirs may be the newer one.
            if !change.is_later_than(&begun) {
                return change.take(&source.name(), fetched);
            }
        }
    }

    fn change(&self) -> keeper::Change<'_> {
        self.shared.keeper.change(&self.shared.bundle)
    }

    /// As [`Library::refresh`], for a source that is on this computer. That it cannot be read is one
    /// of the diagnostics.
    pub fn reload(&self) -> Vec<Diagnostic> {
        match builder::at_once(self.refresh()) {
            Some(Ok(refreshed)) => refreshed.diagnostics,
            Some(Err(error)) => vec![Diagnostic::from(&error)],
            None => {
                let context = format!(
                    "{} is far away; it needs `refresh().await`",
                    self.shared.source.name()
                );
                vec![Diagnostic::from(&Error::unavailable(context))]
            }
        }
    }

    /// Reloads whenever something in the source or in the pins changes, and tells `on_change` what
    /// was refused. For a source on this computer; `on_change` runs on a thread of the watch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SourceUnavailable`] if the source cannot be watched.
    pub fn watch(
        &self,
        on_change: impl Fn(&[Diagnostic]) + Send + Sync + 'static,
    ) -> Result<Watch, Error> {
        let library = self.clone();
        self.notify(move || on_change(&library.reload()))
    }

    /// Calls `bell` whenever [`Library::refresh`] may find a change. A source that cannot tell never
    /// rings and has to be asked from time to time, which is a good idea with the others too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SourceUnavailable`] if the source could tell, but not now.
    pub fn notify(&self, bell: impl Fn() + Send + Sync + 'static) -> Result<Watch, Error> {
        let bell = Arc::new(bell);
        let ring = || -> OnChange {
            let bell = Arc::clone(&bell);
            Box::new(move || bell())
        };
        let mut watches = Vec::new();
        watches.extend(self.shared.source.watch(ring())?);
        if let Some(folder) = self.shared.keeper.pins_folder() {
            watches.extend(Folder::new(folder).watch(ring())?);
        }
        Ok(Watch { _watches: watches })
    }

    /// The names of all templates in use.
    pub fn names(&self) -> Vec<String> {
        self.shared.bundle.load().entries.keys().cloned().collect()
    }

    /// The version of each template in use, as in [`Rendered::version`].
    pub fn versions(&self) -> BTreeMap<String, String> {
        let version = |(name, entry): (&String, &Arc<bundle::Entry>)| {
            (name.clone(), hash::short(&entry.sha256))
        };
        self.shared.bundle.load().entries.iter().map(version).collect()
    }

    /// Which bundle is in use.
    pub fn status(&self) -> Status {
        self.shared.bundle.load().status.clone()
    }

    /// What the library renders by.
    pub fn options(&self) -> &Options {
        self.shared.keeper.options()
    }

    /// Renders a template over `data`; `host` is what `$host` means.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TemplateNotFound`] if there is no template of that name.
    /// - [`ErrorKind::LimitExceeded`] if the card costs more than the options allow.
    pub fn render(
        &self,
        name: &str,
        data: &Value,
        host: Option<&Value>,
    ) -> Result<Rendered, Error> {
        self.render_with(name, data, host, self.shared.keeper.options())
    }

    /// Renders a template by other options, such as another time.
    ///
    /// # Errors
    ///
    /// As [`Library::render`].
    pub fn render_with(
        &self,
        name: &str,
        data: &Value,
        host: Option<&Value>,
        options: &Options,
    ) -> Result<Rendered, Error> {
        let bundle = self.shared.bundle.load();
        let entry = bundle.entries.get(name).ok_or_else(|| {
            Error::new(ErrorKind::TemplateNotFound, format!("there is no template `{name}`"))
        })?;
        let expansion = entry.template.expand(data, host, options)?;
        Ok(Rendered {
            json: expansion.json,
            template: name.to_owned(),
            version: hash::short(&entry.sha256),
            sha256: entry.sha256.clone(),
            diagnostics: expansion.diagnostics,
        })
    }
}
