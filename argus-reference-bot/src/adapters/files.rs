//! Assets and indicators from files, for those who have no inventory to ask and a list of their own.
//!
//! A file is read again when it has changed. One that has become unreadable changes nothing: the last
//! good content stays in use, and the log says where the new one is wrong.

mod read;
pub(super) use self::read::about;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argus_bot_sdk::Clock;
use argus_soc::blast::class_of;
use argus_soc::enrich::assets::names;
use argus_soc::enrich::stix::Feed;
use argus_soc::enrich::{Asset, Intel};
use argus_soc::event::Entity;
use async_trait::async_trait;
use jiff::Timestamp;

use crate::config::ConfigError;
use crate::ports::knowledge::{Copied, Finding, Reach, Silent, Source};

/// Largest file that is read, in bytes.
const LARGEST: u64 = 256 << 20;

/// What a file says about assets.
#[derive(Debug, Default)]
struct Assets(BTreeMap<String, Asset>);

/// What a file says about indicators.
#[derive(Debug)]
enum Indicators {
    List(BTreeMap<String, Intel>),
    Stix(Box<Feed>),
}

/// A file and what it said when it could last be read.
#[derive(Debug)]
pub struct AssetsFile {
    file: Watched<Assets>,
}

/// A file and what it said when it could last be read.
#[derive(Debug)]
pub struct IntelFile {
    file: Watched<Indicators>,
    clock: Arc<dyn Clock>,
    unsaid: u8,
}

impl AssetsFile {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting, and the file with line and column.
    pub fn open(
        name: &str,
        key: &str,
        reference: &str,
        every: Duration,
    ) -> Result<Self, ConfigError> {
        Ok(Self { file: Watched::open(name, key, reference, every, read::assets)? })
    }
}

impl IntelFile {
    /// Reads the file. `unsaid` is the confidence of STIX indicators that say none.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting, and the file with line and column.
    pub fn open(
        name: &str,
        key: &str,
        reference: &str,
        every: Duration,
        unsaid: u8,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let file = Watched::open(name, key, reference, every, read::indicators)?;
        Ok(Self { file, clock, unsaid })
    }
}

#[async_trait]
impl Source<Asset> for AssetsFile {
    fn name(&self) -> &str {
        &self.file.name
    }

    fn reach(&self) -> Reach {
        Reach::Here
    }

    fn covers(&self, _: &Entity) -> bool {
        true
    }

    fn of_class(&self, class: &str) -> Option<u64> {
        Some(self.file.good().content.0.values().filter(|it| class_of(it) == class).count() as u64)
    }

    async fn ask(&self, entity: &Entity) -> Result<Finding<Asset>, Silent> {
        let good = self.file.good();
        let known = names(&entity.value).find_map(|name| good.content.0.get(&name)).cloned();
        Ok(Finding { known, as_of: good.modified, note: None })
    }
}

#[async_trait]
impl Source<Intel> for IntelFile {
    fn name(&self) -> &str {
        &self.file.name
    }

    fn reach(&self) -> Reach {
        Reach::Here
    }

    fn covers(&self, _: &Entity) -> bool {
        true
    }

    async fn ask(&self, entity: &Entity) -> Result<Finding<Intel>, Silent> {
        let good = self.file.good();
        let (known, note) = match &good.content {
            Indicators::List(list) => (list.get(&entity.value.to_lowercase()).cloned(), None),
            Indicators::Stix(feed) => match feed.look_up(entity, self.clock.now(), self.unsaid) {
                Some(found) => (Some(found.intel), Some(found.note)),
                None => (None, None),
            },
        };
        Ok(Finding { known, as_of: good.modified, note })
    }
}

/// A file's last good content.
#[derive(Debug)]
struct Good<T> {
    content: T,
    /// What the file looked like then, so that a change is noticed.
    seen: Seen,
    modified: Option<Timestamp>,
}

/// What tells one content of a file from the next without reading it.
type Seen = Option<(std::time::SystemTime, u64)>;

/// Reads a file's bytes: what it says, and a sentence about what could not be used.
type Reader<T> = fn(&Path, &[u8]) -> Result<(T, String), String>;

#[derive(Debug)]
struct Watched<T> {
    name: String,
    path: PathBuf,
    every: Duration,
    read: Reader<T>,
    good: Mutex<Arc<Good<T>>>,
    /// A content that was refused, so that it is complained about once.
    refused: Mutex<Seen>,
}

impl<T> Watched<T> {
    fn open(
        name: &str,
        key: &str,
        reference: &str,
        every: Duration,
        read: Reader<T>,
    ) -> Result<Self, ConfigError> {
        let path = reference
            .strip_prefix("file:")
            .ok_or_else(|| ConfigError::value(key, format!("`{reference}` is not `file:PATH`")))?;
        let path = PathBuf::from(path);
        let (good, about) = load(&path, read)
            .map_err(|why| ConfigError::value(key, format!("{}: {why}", path.display())))?;
        tracing::info!(source = name, file = %path.display(), about, "a source was read from its file");
        let (good, refused) = (Mutex::new(Arc::new(good)), Mutex::new(None));
        Ok(Self { name: name.into(), path, every, read, good, refused })
    }

    fn good(&self) -> Arc<Good<T>> {
        Arc::clone(&self.good.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn look(&self) -> Result<Option<String>, Silent> {
        let seen = seen(&self.path);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if seen == self.good().seen || (seen.is_some() && seen == *refused) {
            return Ok(None);
        }
        match load(&self.path, self.read) {
            Ok((good, about)) => {
                *refused = None;
                *self.good.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(good);
                Ok(Some(about))
            }
            Err(why) => {
                *refused = seen;
                Err(Silent::because(format!("{}: {why}", self.path.display())))
            }
        }
    }
}

#[async_trait]
impl Copied for AssetsFile {
    fn name(&self) -> &str {
        &self.file.name
    }

    fn every(&self) -> Duration {
        self.file.every
    }

    async fn refresh(&self) -> Result<Option<String>, Silent> {
        self.file.look()
    }
}

#[async_trait]
impl Copied for IntelFile {
    fn name(&self) -> &str {
        &self.file.name
    }

    fn every(&self) -> Duration {
        self.file.every
    }

    async fn refresh(&self) -> Result<Option<String>, Silent> {
        self.file.look()
    }
}

fn seen(path: &Path) -> Seen {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

fn load<T>(path: &Path, read: Reader<T>) -> Result<(Good<T>, String), String> {
    // Looked at before it is read: a change in between is then noticed at the next look.
    let seen = seen(path);
    if seen.is_some_and(|(_, size)| size > LARGEST) {
        return Err(format!("it is larger than {} MiB", LARGEST >> 20));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let (content, about) = read(path, &bytes)?;
    let modified = seen.and_then(|(modified, _)| Timestamp::try_from(modified).ok());
    Ok((Good { content, seen, modified }, about))
}

#[cfg(test)]
mod tests;
