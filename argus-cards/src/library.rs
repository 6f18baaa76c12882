//! Templates by name, which stay usable whatever happens to their files.

mod load;
#[cfg(feature = "watch")]
mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use serde_json::Value;

use crate::error::{Diagnostic, Error, ErrorKind};
use crate::options::Options;
use crate::template::Template;

#[cfg(feature = "watch")]
pub use watch::Watch;

/// Templates by name.
///
/// All templates are swapped at once, so that a rendering never sees half of a change. A template
/// that does not compile, or that cannot render its own samples, is refused; the last good one
/// stays in use and the author is told file, line and column.
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
    source: Source,
    options: Options,
    bundle: ArcSwap<Bundle>,
    /// Two reloads at once could put the older bundle last.
    reloading: Mutex<()>,
}

#[derive(Debug)]
enum Source {
    Folder(PathBuf),
    Memory,
}

/// What is in use: everything or nothing of it is replaced.
type Bundle = BTreeMap<String, Arc<Entry>>;

/// A template that was accepted.
#[derive(Debug)]
struct Entry {
    template: Template,
    sha256: String,
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

impl Library {
    /// Opens a folder of templates: `NAME/NAME.card.json` with samples beside it in
    /// `NAME/samples/*.json`, or just `NAME.card.json`. Says what was refused.
    pub fn open(folder: impl Into<PathBuf>) -> (Self, Vec<Diagnostic>) {
        Self::open_with(folder, Options::default())
    }

    /// Opens a folder, rendering by `options` from then on.
    pub fn open_with(folder: impl Into<PathBuf>, options: Options) -> (Self, Vec<Diagnostic>) {
        let library = Self::new(Source::Folder(folder.into()), options);
        let diagnostics = library.reload();
        (library, diagnostics)
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
        let library = Self::new(Source::Memory, options);
        let mut bundle = Bundle::new();
        let mut diagnostics = Vec::new();
        let named = |(name, source): (N, S)| (name.into(), source.as_ref().to_owned());
        let sources: BTreeMap<String, String> = templates.into_iter().map(named).collect();
        let partials = |path: &str| sources.get(path.strip_suffix(".card.json")?).cloned();
        for (name, source) in &sources {
            let name = name.clone();
            let file = format!("{name}.card.json");
            match load::compile(&file, source, &library.shared.options, &partials) {
                Ok(entry) => {
                    diagnostics.extend(entry.template.diagnostics().iter().cloned());
                    bundle.insert(name, Arc::new(entry));
                }
                Err(error) => diagnostics.push(Diagnostic::from(&error)),
            }
        }
        library.shared.bundle.store(Arc::new(bundle));
        (library, diagnostics)
    }

    fn new(source: Source, options: Options) -> Self {
        let bundle = ArcSwap::from_pointee(Bundle::new());
        let reloading = Mutex::new(());
        Self { shared: Arc::new(Shared { source, options, bundle, reloading }) }
    }

    /// Reads the folder again and swaps the templates. What is broken now stays as it was; what is
    /// gone from the folder is gone. A library in memory stays as it is.
    pub fn reload(&self) -> Vec<Diagnostic> {
        let Source::Folder(folder) = &self.shared.source else { return Vec::new() };
        // A panicking reload leaves nothing half done, so its lock can be taken over.
        let _one = self.shared.reloading.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = self.shared.bundle.load();
        let (bundle, diagnostics) = load::folder(folder, &before, &self.shared.options);
        self.shared.bundle.store(Arc::new(bundle));
        diagnostics
    }

    /// The names of all templates in use.
    pub fn names(&self) -> Vec<String> {
        self.shared.bundle.load().keys().cloned().collect()
    }

    /// What the library renders by.
    pub fn options(&self) -> &Options {
        &self.shared.options
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
        self.render_with(name, data, host, &self.shared.options)
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
        let entry = bundle.get(name).ok_or_else(|| {
            Error::new(ErrorKind::TemplateNotFound, format!("there is no template `{name}`"))
        })?;
        let expansion = entry.template.expand(data, host, options)?;
        Ok(Rendered {
            json: expansion.json,
            template: name.to_owned(),
            version: entry.sha256.chars().take(12).collect(),
            sha256: entry.sha256.clone(),
            diagnostics: expansion.diagnostics,
        })
    }
}
