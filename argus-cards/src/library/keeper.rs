//! What a library remembers between two refreshes, and how a change comes in.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;

use super::bundle::{self, Compiled, Entries, compile};
use super::hash::{sha256_of, short};
use super::pinned::Pinned;
use super::store::{Pins, Store, unusable};
use super::{InUse, Origin, Refreshed, Status};
use crate::error::{Diagnostic, Error, Level};
use crate::options::Options;
use crate::source::Snapshot;

/// The memory of a library.
#[derive(Debug)]
pub(super) struct Keeper {
    memory: Mutex<Memory>,
    options: Options,
    /// For what was accepted once: a rule that came later does not take it out of use.
    known_good: Options,
    required: Vec<String>,
    store: Option<Store>,
    /// Held as long as the library is there.
    _lock: Option<File>,
}

#[derive(Debug, Default)]
struct Memory {
    /// Counts what was taken in, so that of two refreshes at once none undoes the other.
    taken: u64,
    /// What the source said last, good or not.
    fetched: Arc<Snapshot>,
    fetched_any: bool,
    /// Whether `fetched` is what `good` was made of.
    fetched_is_good: bool,
    /// The last good bundle, before pins.
    good: Good,
    pins: Pins,
}

#[derive(Clone, Debug, Default)]
struct Good {
    entries: Entries,
    sha256: String,
    origin: Origin,
    /// Whether every template of it is good; until then each stands for itself.
    whole: bool,
}

/// A refresh that has begun.
pub(super) struct Begun {
    taken: u64,
    pub(super) held: Arc<Snapshot>,
}

/// The memory while a change comes in; one at a time.
pub(super) struct Change<'a> {
    keeper: &'a Keeper,
    memory: MutexGuard<'a, Memory>,
    bundle: &'a ArcSwap<InUse>,
    diagnostics: Vec<Diagnostic>,
}

impl Keeper {
    pub(super) fn new(options: Options, required: Vec<String>) -> Self {
        let mut known_good = options.clone();
        known_good.lint = None;
        let memory = Mutex::default();
        Self { memory, options, known_good, required, store: None, _lock: None }
    }

    /// The same with a state directory.
    pub(super) fn on(self, store: Store, lock: File) -> Self {
        Self { store: Some(store), _lock: Some(lock), ..self }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn pins_folder(&self) -> Option<PathBuf> {
        self.store.as_ref().map(Store::pins_folder)
    }

    pub(super) fn begin(&self) -> Begun {
        let memory = self.lock();
        Begun { taken: memory.taken, held: Arc::clone(&memory.fetched) }
    }

    pub(super) fn change<'a>(&'a self, bundle: &'a ArcSwap<InUse>) -> Change<'a> {
        Change { keeper: self, memory: self.lock(), bundle, diagnostics: Vec::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // Whoever panicked left a memory that was good before, so it can be taken over.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Change<'_> {
    /// Whether something was taken in since that refresh began.
    pub(super) fn is_later_than(&self, begun: &Begun) -> bool {
        self.memory.taken != begun.taken
    }

    /// Puts the last good bundle of the state directory in use. Says what was damaged.
    pub(super) fn restore(mut self) -> Result<Vec<Diagnostic>, Error> {
        let Some(store) = &self.keeper.store else { return Ok(Vec::new()) };
        let (manifests, damaged) =
            store.manifests().map_err(|error| unusable(store.root(), error))?;
        for name in damaged {
            self.say(store.root(), format!("{name} is damaged; the bundle before it is used"));
        }
        for manifest in manifests {
            match store.load(&manifest) {
                Ok(snapshot) => {
                    let compiled = compile(&snapshot, &self.keeper.known_good);
                    self.memory.good = Good {
                        whole: compiled.refused.is_empty(),
                        entries: compiled.entries,
                        sha256: manifest.sha256,
                        origin: Origin::State,
                    };
                    let refused = compiled.refused.into_iter().map(|(_, refusal)| refusal);
                    self.diagnostics.extend(refused);
                    self.memory.fetched = Arc::new(snapshot);
                    self.memory.fetched_any = true;
                    self.memory.fetched_is_good = true;
                    break;
                }
                Err(error) => {
                    let number = manifest.number;
                    self.say(store.root(), format!("bundle {number} cannot be used: {error}"));
                }
            }
        }
        self.memory.pins = self.pins();
        self.swap();
        Ok(self.diagnostics)
    }

    /// Takes in what the source said, and what is pinned by now.
    pub(super) fn take(
        mut self,
        source: &str,
        fetched: Result<Option<Snapshot>, Error>,
    ) -> Result<Refreshed, Error> {
        let (snapshot, error) = match fetched {
            Ok(snapshot) => (snapshot, None),
            Err(error) => (None, Some(error)),
        };
        let pins = self.pins();
        let mut changed = pins != self.memory.pins;
        self.memory.pins = pins;
        if let Some(snapshot) = snapshot {
            self.memory.taken += 1;
            self.diagnostics.extend(snapshot.left_out().iter().cloned());
            // A source may go on from elsewhere without any file being another.
            if !self.memory.fetched_any || !snapshot.same(&self.memory.fetched) {
                self.admit(&snapshot, source);
                changed = true;
            }
            self.memory.fetched = Arc::new(snapshot);
            self.memory.fetched_any = true;
        }
        if error.is_none() && self.memory.fetched_is_good {
            self.memory.good.origin = Origin::Source;
        }
        self.swap();
        match error {
            Some(error) => Err(error),
            None => Ok(Refreshed { changed, diagnostics: self.diagnostics }),
        }
    }

    /// Says that the bundle in use is the one of the state directory, if it is.
    pub(super) fn restored(self) -> Option<Diagnostic> {
        let root = self.keeper.store.as_ref()?.root().display().to_string();
        let good = &self.memory.good;
        (good.origin == Origin::State).then(|| {
            let bundle = short(&good.sha256);
            let message =
                format!("the last good bundle, {bundle}, is in use until the source is good");
            trouble(&root, message)
        })
    }

    /// Compiles a change and makes it the last good bundle, if it is good.
    fn admit(&mut self, snapshot: &Snapshot, source: &str) {
        let mut compiled = compile(snapshot, &self.keeper.options);
        compiled.require(&self.keeper.required);
        let whole = compiled.refused.is_empty();
        self.memory.fetched_is_good = whole;
        let before = &self.memory.good;
        if !whole && before.whole {
            let said = bundle::held_back(compiled, &before.entries);
            self.diagnostics.extend(said);
            return;
        }
        let Compiled { mut entries, refused, odd } = compiled;
        for (name, mut refusal) in refused {
            if let Some(last_good) = before.entries.get(&name) {
                refusal.message.push_str(bundle::LAST_GOOD);
                entries.insert(name, Arc::clone(last_good));
            }
            self.diagnostics.push(refusal);
        }
        self.diagnostics.extend(odd);
        let sha256 = sha256_of(snapshot);
        self.memory.good = Good { entries, sha256, origin: Origin::Source, whole };
        if whole {
            self.save(snapshot, source);
        }
    }

    fn save(&mut self, snapshot: &Snapshot, source: &str) {
        let Some(store) = &self.keeper.store else { return };
        let version =
            |(name, entry): (&String, &Arc<bundle::Entry>)| (name.clone(), entry.sha256.clone());
        let templates = self.memory.good.entries.iter().map(version).collect();
        if let Err(error) = store.save(snapshot, templates, source, now_unix_ms()) {
            let message = format!(
                "this change is in use, but could not be kept for the next start: {error}; look at \
                 the disk"
            );
            self.say(store.root(), message);
        }
    }

    /// What is pinned now; what was pinned if that cannot be read.
    fn pins(&mut self) -> Pins {
        let Some(store) = &self.keeper.store else { return Pins::default() };
        store.pins().unwrap_or_else(|error| {
            self.say(store.root(), format!("the pins stay as they were: {error}"));
            self.memory.pins.clone()
        })
    }

    /// Puts the last good bundle in use, with what is pinned in place of its own.
    fn swap(&mut self) {
        let good = &self.memory.good;
        let mut next = InUse {
            entries: good.entries.clone(),
            status: Status { bundle: short(&good.sha256), origin: good.origin, pinned: Vec::new() },
        };
        if let Some(store) = &self.keeper.store {
            let in_use = self.bundle.load();
            let pinned = Pinned { store, options: &self.keeper.known_good, now: &in_use.entries };
            let root = store.root().display().to_string();
            let said = pinned.apply(&self.memory.pins, &mut next).into_iter();
            self.diagnostics.extend(said.map(|it| trouble(&root, it)));
        }
        self.bundle.store(Arc::new(next));
    }

    fn say(&mut self, root: &Path, message: String) {
        self.diagnostics.push(trouble(&root.display().to_string(), message));
    }
}

/// Something for whoever runs the library.
fn trouble(root: &str, message: String) -> Diagnostic {
    Diagnostic { level: Level::Trouble, ..Diagnostic::new(root, None, message) }
}

/// When a bundle came into use, for people; nothing is decided by it.
#[expect(clippy::disallowed_methods, reason = "no test and no decision depends on it")]
fn now_unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
