//! Pinned versions, out of the state directory.

use std::io;
use std::sync::Arc;

use super::InUse;
use super::bundle::{self, Entries, Entry, compile};
use super::hash::short;
use super::store::{Manifest, Pins, Store};
use crate::options::Options;

/// Where pinned versions are found.
pub(super) struct Pinned<'a> {
    pub(super) store: &'a Store,
    pub(super) options: &'a Options,
    /// What is in use now: there a version is even if the disk has lost it.
    pub(super) now: &'a Entries,
}

impl Pinned<'_> {
    /// Puts what is pinned into a bundle, and says what could not be.
    pub(super) fn apply(&self, pins: &Pins, bundle: &mut InUse) -> Vec<String> {
        let mut trouble = Vec::new();
        let InUse { entries, status } = bundle;
        if let Some(pin) = &pins.bundle {
            match self.bundle(pin) {
                Ok(all) => {
                    status.bundle = short(pin);
                    status.pinned.extend(all.keys().cloned());
                    *entries = all;
                }
                Err(why) => {
                    trouble.push(format!("the bundle is not pinned to {}: {why}", short(pin)));
                }
            }
        }
        for (name, pin) in &pins.templates {
            match self.template(name, pin, entries.get(name)) {
                Ok(entry) => {
                    entries.insert(name.clone(), entry);
                    status.pinned.push(name.clone());
                }
                Err(why) => {
                    trouble.push(format!("`{name}` is not pinned to {}: {why}", short(pin)));
                }
            }
        }
        status.pinned.sort();
        status.pinned.dedup();
        trouble
    }

    fn bundle(&self, sha256: &str) -> io::Result<Entries> {
        let (manifests, _) = self.store.manifests()?;
        let found = manifests.iter().find(|it| it.sha256 == *sha256);
        let manifest = found.ok_or_else(forgotten)?;
        let compiled = compile(&self.store.load(manifest)?, self.options);
        match compiled.refused.into_iter().next() {
            None => Ok(compiled.entries),
            Some((_, refusal)) => Err(io::Error::other(refusal.to_string())),
        }
    }

    fn template(
        &self,
        name: &str,
        sha256: &str,
        newest: Option<&Arc<Entry>>,
    ) -> io::Result<Arc<Entry>> {
        let there = [newest, self.now.get(name)].into_iter().flatten();
        if let Some(entry) = there.into_iter().find(|it| it.sha256 == *sha256) {
            return Ok(Arc::clone(entry));
        }
        let (manifests, _) = self.store.manifests()?;
        let has = |it: &&Manifest| it.templates.get(name).is_some_and(|it| it == sha256);
        let manifest = manifests.iter().find(has).ok_or_else(forgotten)?;
        let entry = bundle::one(&self.store.load(manifest)?, name, self.options);
        entry.map(Arc::new).map_err(|error| io::Error::other(error.to_string()))
    }
}

fn forgotten() -> io::Error {
    io::Error::other("the history has no such version; the newest is in use")
}
