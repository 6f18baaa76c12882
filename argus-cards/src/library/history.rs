//! What was in use, and what is pinned: for `argus cards history`, `pin` and `rollback`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::disk::RealDisk;
use super::hash::short;
use super::store::{Manifest, Pins, Store, unusable};
use crate::error::{Error, ErrorKind};

/// Fewer digits of a hash than these name nothing.
const FEWEST_DIGITS: usize = 4;

/// The state directory of a [`Library`](super::Library), as people look at it and pin versions in it.
///
/// A library that is open on the same directory picks a pin up by itself, in this process or another.
///
/// ```
/// use argus_cards::source::Memory;
/// use argus_cards::{History, Library};
/// use serde_json::json;
///
/// # let state = tempfile::tempdir()?;
/// let source = Memory::new([("hi.card.json", r#"{"type":"AdaptiveCard","speak":"one"}"#)]);
/// let (library, _) = Library::builder(source.clone()).state(state.path()).open_now()?;
/// source.put("hi.card.json", r#"{"type":"AdaptiveCard","speak":"two"}"#);
/// library.reload();
///
/// let history = History::open(state.path())?;
/// let versions = history.versions("hi")?;
/// assert_eq!(versions.len(), 2);
/// let pinned = history.roll_back("hi", None)?;
/// assert_eq!(pinned, versions[1].sha256);
/// library.reload();
/// assert!(library.render("hi", &json!({}), None)?.json.ends_with(br#""speak":"one"}"#));
///
/// history.unpin("hi")?;
/// library.reload();
/// assert!(library.render("hi", &json!({}), None)?.json.ends_with(br#""speak":"two"}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct History {
    store: Store,
    root: PathBuf,
}

/// A version of a template, or of the whole bundle, that was in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Version {
    /// The bundle in which it first came, counted from 1.
    pub bundle: u64,
    /// The first digits of the hash, for people.
    pub version: String,
    /// The hash: of the template, as in [`Rendered::sha256`](super::Rendered::sha256), or of all files.
    pub sha256: String,
    /// When it came into use, in milliseconds since 1970.
    pub at_unix_ms: i64,
    /// Where it came from.
    pub source: String,
    /// Whether it is the newest.
    pub newest: bool,
    /// Whether it is pinned.
    pub pinned: bool,
}

impl History {
    /// The history in a state directory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateUnusable`] if there is no such directory or it cannot be read.
    pub fn open(state: impl Into<PathBuf>) -> Result<Self, Error> {
        let root = state.into();
        if !root.is_dir() {
            let context = format!(
                "there is no state directory `{}`; a bot makes it at its first start",
                root.display()
            );
            return Err(Error::new(ErrorKind::StateUnusable, context));
        }
        let store = Store::new(Box::new(RealDisk), root.clone());
        let store = store.map_err(|error| unusable(&root, error))?;
        Ok(Self { store, root })
    }

    /// The templates of which there is a version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateUnusable`] if the directory cannot be read.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let mut names: Vec<String> =
            self.manifests()?.into_iter().flat_map(|it| it.templates.into_keys()).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The versions of a template, the newest first.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TemplateNotFound`] if there never was a template of that name.
    /// - [`ErrorKind::StateUnusable`] if the directory cannot be read.
    pub fn versions(&self, name: &str) -> Result<Vec<Version>, Error> {
        let pinned = self.pins()?.templates.remove(name);
        let versions = self.list(pinned.as_ref(), |it| it.templates.get(name))?;
        if versions.is_empty() {
            let there = self.names()?.join(", ");
            let context = format!("no template `{name}` was ever in use; there are: {there}");
            return Err(Error::new(ErrorKind::TemplateNotFound, context));
        }
        Ok(versions)
    }

    /// The versions of the whole bundle, the newest first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateUnusable`] if the directory cannot be read.
    pub fn bundles(&self) -> Result<Vec<Version>, Error> {
        let pinned = self.pins()?.bundle;
        self.list(pinned.as_ref(), |it| Some(&it.sha256))
    }

    /// Pins a template to the version whose hash begins with `version`, and gives the whole hash.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TemplateNotFound`] if there is no such template or version, or several.
    /// - [`ErrorKind::StateUnusable`] if the pin cannot be written; then nothing has changed.
    pub fn pin(&self, name: &str, version: &str) -> Result<String, Error> {
        let sha256 = pick(&self.versions(name)?, version)?;
        let pin = sha256.clone();
        self.change(|pins| drop(pins.templates.insert(name.to_owned(), pin)))?;
        Ok(sha256)
    }

    /// Pins all templates to a bundle: its number, or how its hash begins.
    ///
    /// # Errors
    ///
    /// As [`History::pin`].
    pub fn pin_bundle(&self, version: &str) -> Result<String, Error> {
        let sha256 = pick(&self.bundles()?, version)?;
        let pin = sha256.clone();
        self.change(|pins| pins.bundle = Some(pin))?;
        Ok(sha256)
    }

    /// Takes a template's pin away: the newest version is used again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateUnusable`] if that cannot be written; then nothing has changed.
    pub fn unpin(&self, name: &str) -> Result<(), Error> {
        self.change(|pins| drop(pins.templates.remove(name)))
    }

    /// Takes the bundle's pin away.
    ///
    /// # Errors
    ///
    /// As [`History::unpin`].
    pub fn unpin_bundle(&self) -> Result<(), Error> {
        self.change(|pins| pins.bundle = None)
    }

    /// Pins a template to `version`, or without one to the version before the one in use.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TemplateNotFound`] if there is no such template or version, or none before.
    /// - [`ErrorKind::StateUnusable`] as for [`History::pin`].
    pub fn roll_back(&self, name: &str, version: Option<&str>) -> Result<String, Error> {
        match version {
            Some(version) => self.pin(name, version),
            None => self.pin(name, &before(&self.versions(name)?)?),
        }
    }

    /// Pins all templates to a bundle, or without one to the bundle before the one in use.
    ///
    /// # Errors
    ///
    /// As [`History::roll_back`].
    pub fn roll_back_bundle(&self, version: Option<&str>) -> Result<String, Error> {
        match version {
            Some(version) => self.pin_bundle(version),
            None => self.pin_bundle(&before(&self.bundles()?)?),
        }
    }

    /// What `of` names in each bundle, the newest first and each but once.
    fn list(
        &self,
        pinned: Option<&String>,
        of: impl Fn(&Manifest) -> Option<&String>,
    ) -> Result<Vec<Version>, Error> {
        let mut versions: Vec<Version> = Vec::new();
        let mut run = None;
        for manifest in self.manifests()? {
            let Some(sha256) = of(&manifest) else {
                run = None;
                continue;
            };
            let found = versions.iter().position(|it| it.sha256 == *sha256);
            match found.and_then(|at| versions.get_mut(at)) {
                // The same version in bundle after bundle: it came with the oldest of them.
                Some(version) if run.as_ref() == Some(sha256) => {
                    version.bundle = manifest.number;
                    version.at_unix_ms = manifest.at_unix_ms;
                }
                Some(_) => {}
                None => versions.push(Version {
                    bundle: manifest.number,
                    version: short(sha256),
                    sha256: sha256.clone(),
                    at_unix_ms: manifest.at_unix_ms,
                    source: manifest.source.clone(),
                    newest: versions.is_empty(),
                    pinned: pinned == Some(sha256),
                }),
            }
            run = Some(sha256.clone());
        }
        Ok(versions)
    }

    fn manifests(&self) -> Result<Vec<Manifest>, Error> {
        let (manifests, _) = self.store.manifests().map_err(|error| unusable(&self.root, error))?;
        Ok(manifests)
    }

    fn pins(&self) -> Result<Pins, Error> {
        self.store.pins().map_err(|error| unusable(&self.root, error))
    }

    /// Changes the pins; of two programs that do, one waits.
    fn change(&self, change: impl FnOnce(&mut Pins)) -> Result<(), Error> {
        let unusable = |error| unusable(&self.root, error);
        let lock = lock_file(&self.root, "pins.lock").map_err(unusable)?;
        lock.lock().map_err(unusable)?;
        let mut pins = self.pins()?;
        change(&mut pins);
        self.store.set_pins(&pins).map_err(unusable)
    }
}

/// A lock file of a state directory; the lock goes with the handle.
pub(super) fn lock_file(root: &Path, name: &str) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(root.join(name))
}

/// The version that a person means: how its hash begins, or the number of its bundle.
fn pick(versions: &[Version], wanted: &str) -> Result<String, Error> {
    let by_number = |it: &&Version| wanted.parse() == Ok(it.bundle);
    let by_hash = |it: &&Version| {
        wanted.len() >= FEWEST_DIGITS && it.sha256.starts_with(&wanted.to_lowercase())
    };
    let mut found: Vec<&Version> = versions.iter().filter(by_hash).collect();
    if found.is_empty() {
        found = versions.iter().filter(by_number).collect();
    }
    match found.as_slice() {
        [one] => Ok(one.sha256.clone()),
        several => {
            let how = if several.is_empty() { "no version" } else { "more than one version" };
            let there: Vec<&str> = versions.iter().map(|it| it.version.as_str()).collect();
            let context = format!("{how} begins with `{wanted}`; there are: {}", there.join(", "));
            Err(Error::new(ErrorKind::TemplateNotFound, context))
        }
    }
}

/// The version before the one in use.
fn before(versions: &[Version]) -> Result<String, Error> {
    let used = versions.iter().position(|it| it.pinned).unwrap_or(0);
    let before = versions.get(used + 1).map(|it| it.sha256.clone());
    before.ok_or_else(|| {
        let used = versions.get(used).map_or("none", |it| it.version.as_str());
        let context = format!("there is no version before {used}, the one in use");
        Error::new(ErrorKind::TemplateNotFound, context)
    })
}
