//! Devices of Entra: a copy, kept up to date with Graph's delta query.
//!
//! Source: graph docs v1.0, "device: delta" and "Use delta query"; the permission is
//! `Device.Read.All`. A change has only the properties that changed; a device that is gone comes with
//! `@removed`; 410 means that the copy has to be made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argus_bot_sdk::Clock;
use argus_bot_sdk::auth::TokenSource;
use argus_soc::blast::class_of;
use argus_soc::enrich::assets::{Criticality, names};
use argus_soc::enrich::{Asset, age};
use argus_soc::event::{Entity, EntityKind};
use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::kept;
use super::web::{Credential, Far, words};
use crate::ports::knowledge::{Copied, Finding, Reach, Silent, Source};

/// Largest page, in bytes.
const LARGEST: usize = 16 << 20;
/// Pages of one round.
const PAGES: usize = 5_000;

/// How devices are read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Which property says how critical a device is.
    pub criticality: Criticality,
    /// Which property names the environment.
    pub environment: Option<String>,
    /// How often changes are asked for.
    pub every: Duration,
    /// When a copy is too old to say that a device is not known.
    pub max_age: Duration,
}

/// A copy of the devices of Entra.
#[derive(Debug)]
pub struct Devices {
    name: String,
    far: Far,
    reading: Reading,
    file: PathBuf,
    clock: Arc<dyn Clock>,
    copy: Mutex<Option<Arc<Copy>>>,
}

/// What Graph has said so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Copy {
    read_at: Timestamp,
    /// Where the copy is from, and which properties it has.
    from: String,
    /// Where the changes since then are.
    delta: Option<String>,
    devices: BTreeMap<String, Map<String, Value>>,
    #[serde(skip)]
    by_name: BTreeMap<String, BTreeSet<String>>,
}

impl Copy {
    fn take(&mut self, change: &Map<String, Value>) {
        let Some(id) = change.get("id").and_then(Value::as_str) else { return };
        if change.contains_key("@removed") {
            self.devices.remove(id);
            return;
        }
        let device = self.devices.entry(id.to_owned()).or_default();
        for (name, value) in change {
            if name != "id" && !name.starts_with('@') {
                device.insert(name.clone(), value.clone());
            }
        }
    }

    fn index(mut self) -> Self {
        self.by_name.clear();
        for (id, device) in &self.devices {
            for property in ["displayName", "deviceId"] {
                if let Some(name) = device.get(property).and_then(Value::as_str) {
                    self.by_name.entry(name.to_lowercase()).or_default().insert(id.clone());
                }
            }
        }
        self
    }
}

impl Devices {
    /// Graph at `url`, with the copy in `folder`. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// Why the address or a property cannot be used.
    pub fn new(
        name: &str,
        url: &str,
        tokens: Arc<dyn TokenSource>,
        reading: Reading,
        folder: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let plain =
            |it: &str| it.bytes().all(|it| it.is_ascii_alphanumeric() || b"_.".contains(&it));
        let named = [Some(&reading.criticality.by), reading.environment.as_ref()];
        if let Some(odd) = named.into_iter().flatten().find(|it| !plain(it)) {
            return Err(format!("`{odd}` is not the name of a property"));
        }
        let far = Far::new(url, Credential::Token(tokens))?;
        let file = kept::file(folder, name);
        let made = Self { name: name.into(), far, reading, file, clock, copy: Mutex::new(None) };
        let first = made.first().to_string();
        let copy = kept::load::<Copy>(&made.file).filter(|it| it.from == first);
        *made.copy.lock().unwrap_or_else(PoisonError::into_inner) =
            copy.map(|it| Arc::new(it.index()));
        Ok(made)
    }

    fn copy(&self) -> Option<Arc<Copy>> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The question that begins a copy.
    fn first(&self) -> Url {
        let top = |it: &String| it.split('.').next().unwrap_or_default().to_owned();
        let reading = &self.reading;
        let mut properties: BTreeSet<String> =
            ["displayName", "deviceId", "operatingSystem", "accountEnabled"]
                .map(str::to_owned)
                .into();
        properties.insert(top(&reading.criticality.by));
        properties.extend(reading.environment.as_ref().map(top));
        let properties: Vec<String> = properties.into_iter().collect();
        let mut url = self.far.url(&["v1.0", "devices", "delta"]);
        url.query_pairs_mut().append_pair("$select", &properties.join(","));
        url
    }

    /// Follows a round of pages to its end; the copy is then up to date.
    async fn round(&self, mut copy: Copy) -> Result<(Copy, usize), Round> {
        let mut url = match &copy.delta {
            Some(delta) => Url::parse(delta).map_err(|_| Round::Anew)?,
            None => self.first(),
        };
        let mut changes = 0;
        for _ in 0..PAGES {
            // The token goes to Graph and nowhere else.
            if url.origin() != self.far.base().origin() {
                return Err(Silent::because("Graph leads to another server").into());
            }
            let back =
                self.far.get(url, "application/json", LARGEST).await.map_err(Silent::from)?;
            match back.status {
                StatusCode::OK => {}
                StatusCode::GONE => return Err(Round::Anew),
                _ => return Err(back.silent().into()),
            }
            let something_else = || Silent::because("Graph answered something else");
            let page = back.json.ok_or_else(something_else)?;
            let value = page.get("value").and_then(Value::as_array).ok_or_else(something_else)?;
            for change in value.iter().filter_map(Value::as_object) {
                copy.take(change);
                changes += 1;
            }
            let link = |name: &str| page.get(name).and_then(Value::as_str);
            if let Some(delta) = link("@odata.deltaLink") {
                copy.delta = Some(delta.to_owned());
                return Ok((copy, changes));
            }
            let next = link("@odata.nextLink").and_then(|it| Url::parse(it).ok());
            url = next.ok_or_else(something_else)?;
        }
        Err(Silent::because("the pages of Graph do not end").into())
    }

    async fn look(&self) -> Result<Option<String>, Silent> {
        let from = self.first().to_string();
        let before = self.copy();
        let known = before.as_deref().cloned().unwrap_or_default();
        let fresh = || Copy { from: from.clone(), ..Copy::default() };
        let known = if before.is_some() { known } else { fresh() };
        let (mut copy, changes) = match self.round(known).await {
            Err(Round::Anew) => self.round(fresh()).await,
            other => other,
        }
        .map_err(|round| match round {
            Round::Anew => Silent::because("Graph wants the copy made anew, again and again"),
            Round::Silent(silent) => silent,
        })?;
        copy.read_at = self.clock.now();
        let copy = Arc::new(copy.index());
        *self.copy.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&copy));
        let (file, kept) = (self.file.clone(), Arc::clone(&copy));
        let saved = tokio::task::spawn_blocking(move || kept::save(&file, &*kept)).await;
        if let Ok(Err(error)) = saved {
            tracing::warn!(source = self.name, %error, "the copy is in use and could not be kept on disk");
        }
        Ok((changes > 0).then(|| format!("{changes} changes, {} devices", copy.devices.len())))
    }

    fn asset(&self, device: &Map<String, Value>) -> Option<Asset> {
        let word = |path: &str| {
            let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
            let value = device.get(first)?;
            rest.map_or(Some(value), |rest| value.get(rest))?.as_str()
        };
        Some(Asset {
            name: words(word("displayName")?),
            criticality: self
                .reading
                .criticality
                .of(word(&self.reading.criticality.by).unwrap_or_default())?,
            environment: self.reading.environment.as_deref().and_then(word).map(words),
            production_critical: false,
            tags: word("operatingSystem").map(words).into_iter().collect(),
            owner: None,
        })
    }
}

/// Why a round did not end.
enum Round {
    /// The copy has to be made anew.
    Anew,
    /// Graph did not answer.
    Silent(Silent),
}

impl From<Silent> for Round {
    fn from(silent: Silent) -> Self {
        Self::Silent(silent)
    }
}

#[async_trait]
impl Source<Asset> for Devices {
    fn name(&self) -> &str {
        &self.name
    }

    fn reach(&self) -> Reach {
        Reach::Here
    }

    fn covers(&self, entity: &Entity) -> bool {
        entity.kind == EntityKind::Host
    }

    fn of_class(&self, class: &str) -> Option<u64> {
        let copy = self.copy()?;
        let assets = copy.devices.values().filter_map(|it| self.asset(it));
        Some(assets.filter(|it| class_of(it) == class).count() as u64)
    }

    async fn ask(&self, entity: &Entity) -> Result<Finding<Asset>, Silent> {
        let copy = self.copy().ok_or_else(|| Silent::because("there is no copy of it yet"))?;
        let device_id = entity.ids.get("aad_device_id").map(|it| it.to_lowercase());
        let mut called = device_id.into_iter().chain(names(&entity.value));
        let ids = called.find_map(|name| copy.by_name.get(&name));
        let devices: Vec<_> =
            ids.into_iter().flatten().filter_map(|id| copy.devices.get(id)).collect();
        let known = devices.iter().filter_map(|it| self.asset(it)).max_by_key(|it| it.criticality);
        let now = self.clock.now();
        let old = now.duration_since(copy.read_at).unsigned_abs() > self.reading.max_age;
        if old && known.is_none() {
            return Err(Silent::because(format!("its copy is {}", age(copy.read_at, now))));
        }
        let unsaid =
            || format!("its `{}` says nothing that the table knows", self.reading.criticality.by);
        let note = (known.is_none() && !devices.is_empty()).then(unsaid);
        Ok(Finding { known, as_of: Some(copy.read_at), note })
    }
}

#[async_trait]
impl Copied for Devices {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        self.reading.every
    }

    async fn refresh(&self) -> Result<Option<String>, Silent> {
        self.look().await
    }
}
