//! Bundles on disk: the last good one, those before it, and what is pinned.
//!
//! ```text
//! STATE/bundles/00000041-3f9a….json   one bundle: its files, by hash; the name has the hash of the text
//! STATE/files/SHA256                  the content of one file
//! STATE/pins/pins.json                what people have pinned
//! STATE/lock                          held by the program that writes bundles
//! ```
//!
//! A file is in place before a bundle names it, and each is put in place whole, so that a crash at
//! any point leaves the last good bundle or the one after it. What a disk damages later is noticed by
//! its hash, and the bundle before it is used.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::{Disk, replace};
use super::hash::{sha256, sha256_of, short};
use crate::error::{Error, ErrorKind};
use crate::source::{File, Snapshot};

/// How many bundles are kept, beside those that are pinned.
pub(super) const KEPT: usize = 50;

/// The state directory.
#[derive(Debug)]
pub(super) struct Store {
    disk: Box<dyn Disk>,
    root: PathBuf,
}

/// A bundle as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Bundles are counted from 1.
    pub(super) number: u64,
    /// The hash of all files.
    pub(super) sha256: String,
    /// When it came into use, in milliseconds since 1970.
    pub(super) at_unix_ms: i64,
    /// Where it came from.
    pub(super) source: String,
    /// The templates in it, and their hashes.
    pub(super) templates: BTreeMap<String, String>,
    /// Where the source went on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    files: BTreeMap<String, Stored>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    sha256: String,
    #[serde(flatten)]
    about: File,
}

/// What people have pinned: hashes of templates, and of the whole bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pins {
    #[serde(default)]
    pub(super) bundle: Option<String>,
    #[serde(default)]
    pub(super) templates: BTreeMap<String, String>,
}

impl Store {
    pub(super) fn new(disk: Box<dyn Disk>, root: PathBuf) -> io::Result<Self> {
        for folder in ["bundles", "files", "pins"] {
            disk.create_folder(&root.join(folder))?;
        }
        disk.sync_folder(&root)?;
        Ok(Self { disk, root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where pins are, for whoever watches them.
    pub(super) fn pins_folder(&self) -> PathBuf {
        self.root.join("pins")
    }

    /// Writes a bundle down; it is the newest from then on. What was there before is forgotten when
    /// it is too much.
    pub(super) fn save(
        &self,
        snapshot: &Snapshot,
        templates: BTreeMap<String, String>,
        source: &str,
        at_unix_ms: i64,
    ) -> io::Result<()> {
        let whole = sha256_of(snapshot);
        let newest = self.manifests()?.0.into_iter().next();
        if newest.is_some_and(|newest| newest.sha256 == whole && self.load(&newest).is_ok()) {
            return Ok(());
        }
        let mut files = BTreeMap::new();
        for (path, file) in snapshot.files() {
            let sha256 = self.keep(&file.bytes)?;
            files.insert(path.to_owned(), Stored { sha256, about: file.clone() });
        }
        let manifest = Manifest {
            number: self.names()?.last().map_or(0, |(number, _)| *number) + 1,
            sha256: whole,
            at_unix_ms,
            source: source.to_owned(),
            templates,
            cursor: snapshot.cursor().map(str::to_owned),
            files,
        };
        let text = serde_json::to_vec_pretty(&manifest)?;
        let name = format!("{:08}-{}.json", manifest.number, short(&sha256(&text)));
        replace(&*self.disk, &self.root.join("bundles").join(name), &text)?;
        self.prune()
    }

    /// Puts the content of a file in place, unless it is there already, and gives its hash.
    fn keep(&self, bytes: &[u8]) -> io::Result<String> {
        let sha256 = sha256(bytes);
        let path = self.content(&sha256);
        let there = self.disk.read(&path).is_ok_and(|there| there == bytes);
        if !there {
            replace(&*self.disk, &path, bytes)?;
        }
        Ok(sha256)
    }

    fn content(&self, sha256: &str) -> PathBuf {
        self.root.join("files").join(sha256)
    }

    /// All bundles that can be read, the newest first, and the names of those that are damaged.
    pub(super) fn manifests(&self) -> io::Result<(Vec<Manifest>, Vec<String>)> {
        let (mut manifests, mut damaged) = (Vec::new(), Vec::new());
        for (_, name) in self.names()?.into_iter().rev() {
            let text = self.disk.read(&self.root.join("bundles").join(&name))?;
            let whole = name.ends_with(&format!("-{}.json", short(&sha256(&text))));
            match serde_json::from_slice(&text) {
                Ok(manifest) if whole => manifests.push(manifest),
                _ => damaged.push(name),
            }
        }
        Ok((manifests, damaged))
    }

    /// The files of a bundle.
    pub(super) fn load(&self, manifest: &Manifest) -> io::Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        for (path, stored) in &manifest.files {
            let bytes = self.disk.read(&self.content(&stored.sha256))?;
            if sha256(&bytes) != stored.sha256 {
                let context = format!("{path} of bundle {} is damaged", manifest.number);
                return Err(io::Error::new(io::ErrorKind::InvalidData, context));
            }
            snapshot.insert(path.as_str(), File { bytes, ..stored.about.clone() });
        }
        Ok(match &manifest.cursor {
            Some(cursor) => snapshot.at(cursor),
            None => snapshot,
        })
    }

    /// What is pinned.
    pub(super) fn pins(&self) -> io::Result<Pins> {
        let path = self.pins_folder().join("pins.json");
        match self.disk.read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| {
                let context = format!("{} is no list of pins: {error}", path.display());
                io::Error::new(io::ErrorKind::InvalidData, context)
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Pins::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes down what is pinned.
    pub(super) fn set_pins(&self, pins: &Pins) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(pins)?;
        replace(&*self.disk, &self.pins_folder().join("pins.json"), &text)
    }

    /// The bundles in order, by number and name.
    fn names(&self) -> io::Result<Vec<(u64, String)>> {
        let number = |name: &str| name.split_once('-')?.0.parse().ok();
        let names = self.disk.list(&self.root.join("bundles"))?.into_iter();
        let mut names: Vec<(u64, String)> =
            names.filter_map(|name| Some((number(&name)?, name))).collect();
        names.sort();
        Ok(names)
    }

    /// Forgets old bundles, then content that no bundle names any more, and drafts of a crash.
    fn prune(&self) -> io::Result<()> {
        let pins = self.pins()?;
        let (manifests, _) = self.manifests()?;
        let old: BTreeSet<u64> = manifests
            .iter()
            .skip(KEPT)
            .filter(|manifest| !pins.need(manifest))
            .map(|manifest| manifest.number)
            .collect();
        let oldest = manifests.iter().take(KEPT).next_back().map_or(0, |it| it.number);
        for (number, name) in self.names()? {
            let damaged = !manifests.iter().any(|it| it.number == number) && number < oldest;
            if damaged || old.contains(&number) {
                self.disk.remove(&self.root.join("bundles").join(name))?;
            }
        }
        // Names must be gone for good before content is: a bundle without its files is damaged.
        if !old.is_empty() {
            self.disk.sync_folder(&self.root.join("bundles"))?;
        }
        let kept = manifests.iter().filter(|manifest| !old.contains(&manifest.number));
        let named: BTreeSet<&str> =
            kept.flat_map(|it| it.files.values().map(|file| file.sha256.as_str())).collect();
        for name in self.disk.list(&self.root.join("files"))? {
            if !named.contains(name.as_str()) {
                self.disk.remove(&self.root.join("files").join(name))?;
            }
        }
        Ok(())
    }
}

impl Pins {
    /// Whether a pin points to something in this bundle.
    fn need(&self, manifest: &Manifest) -> bool {
        self.bundle.as_ref() == Some(&manifest.sha256)
            || self
                .templates
                .iter()
                .any(|(name, sha256)| manifest.templates.get(name) == Some(sha256))
    }
}

/// What an error of the state directory means.
pub(super) fn unusable(root: &Path, error: io::Error) -> Error {
    let context = format!("the state directory `{}` cannot be used", root.display());
    Error::new(ErrorKind::StateUnusable, context).because(error)
}

#[cfg(test)]
mod tests;
