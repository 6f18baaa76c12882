//! From `[enrichment]` to the sources that are asked.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::Clock;
use argus_bot_sdk::auth::Cloud;
use argus_soc::enrich::{Asset, Intel};

#[cfg(feature = "redis")]
use super::resolve;
use super::secrets::held;
use crate::adapters::cmdb::Cmdb;
use crate::adapters::defender_ti::DefenderTi;
use crate::adapters::devices::{Devices, Reading};
use crate::adapters::files::{AssetsFile, IntelFile};
use crate::adapters::lookup::{Lookup, Reaches};
use crate::adapters::taxii::{Follow, Private, Taxii};
use crate::adapters::web::Credential;
use crate::config::enrichment::{self, Auth, Enrichment, Source as Settings};
use crate::config::{Config, ConfigError};
use crate::flows::enrich::asking::Optional;
use crate::flows::enrich::{Asking, Knowledge, Late, Patience};
use crate::identity::Identity;
use crate::ports::knowledge::{Copied, Shared, Source};

/// The sources, and those of them that keep copies.
#[derive(Debug)]
pub(crate) struct Sources {
    /// Who is asked.
    pub(crate) knowledge: Knowledge,
    /// What is kept up to date.
    pub(crate) copies: Vec<Arc<dyn Copied>>,
}

/// Makes the sources that the settings name. Files are read; nobody else is asked yet.
///
/// # Errors
///
/// [`ConfigError`] names the setting, and what to do.
pub(crate) fn sources(
    config: &Config,
    cloud: Cloud,
    identity: &Identity,
    clock: &Arc<dyn Clock>,
) -> Result<Sources, ConfigError> {
    let settings = &config.enrichment;
    let mut making = Making {
        settings,
        folder: folder(config)?,
        graph: graph(config, cloud),
        scope: cloud.constants().graph_scope,
        identity,
        clock,
        shared: shared(settings, clock)?,
        made: Sources {
            knowledge: Knowledge {
                intel: Vec::new(),
                asset: Vec::new(),
                deadline: Duration::from_millis(settings.deadline_ms.into()),
                clock: Arc::clone(clock),
                late: Late::default(),
            },
            copies: Vec::new(),
        },
    };
    let plain =
        |path: &String| enrichment::File { path: path.clone(), poll_secs: 10, confidence: 50 };
    if let Some(path) = &settings.assets {
        making.assets_file("assets", "enrichment.assets", &plain(path))?;
    }
    if let Some(path) = &settings.intel {
        making.intel_file("intel", "enrichment.intel", &plain(path))?;
    }
    for (name, source) in &settings.sources {
        making.source(name, source)?;
    }
    Ok(making.made)
}

/// Where copies are kept.
fn folder(config: &Config) -> Result<PathBuf, ConfigError> {
    if let Some(path) = &config.enrichment.state {
        return Ok(PathBuf::from(path));
    }
    // Beside the store, if that is a file.
    let store = config.store.sqlite_path()?.unwrap_or_else(|| PathBuf::from("data/argus.db"));
    Ok(store.with_file_name("enrichment"))
}

fn graph(config: &Config, cloud: Cloud) -> String {
    let host = || format!("https://{}", cloud.constants().graph_host);
    config.bot.graph_url.clone().unwrap_or_else(host)
}

#[cfg(feature = "redis")]
fn shared(
    settings: &Enrichment,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn Shared>>, ConfigError> {
    let key = "enrichment.cache.redis";
    let Some(url) = &settings.cache.redis else { return Ok(None) };
    let login = settings.cache.redis_login.as_ref();
    let login = login.map(|it| resolve("enrichment.cache.redis_login", it)).transpose()?;
    let redis = crate::adapters::redis::Redis::new(url, login.as_ref(), Arc::clone(clock));
    let redis = redis.map_err(|why| ConfigError::value(key, why))?;
    Ok(Some(Arc::new(redis)))
}

#[cfg(not(feature = "redis"))]
fn shared(
    settings: &Enrichment,
    _: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn Shared>>, ConfigError> {
    if settings.cache.redis.is_some() {
        let why = "this build has no Redis; build with `--features redis`, or leave it out";
        return Err(ConfigError::value("enrichment.cache.redis", why));
    }
    Ok(None)
}

struct Making<'a> {
    settings: &'a Enrichment,
    folder: PathBuf,
    graph: String,
    scope: &'a str,
    identity: &'a Identity,
    clock: &'a Arc<dyn Clock>,
    shared: Option<Arc<dyn Shared>>,
    made: Sources,
}

/// What differs between sources that are asked far away.
struct Manner {
    timeout_ms: u32,
    at_once: u32,
    optional: bool,
}

impl Making<'_> {
    fn source(&mut self, name: &str, source: &Settings) -> Result<(), ConfigError> {
        let key = format!("enrichment.sources.{name}");
        let wrong = |why: String| ConfigError::value(key.as_str(), why);
        match source {
            Settings::AssetsFile(file) => self.assets_file(name, &key, file)?,
            Settings::IntelFile(file) => self.intel_file(name, &key, file)?,
            Settings::Taxii(it) => self.taxii(name, &key, it)?,
            Settings::IntelHttp(it) => {
                let lookup = lookup(name, &key, it)?;
                self.intel(Arc::new(lookup), &it.into());
            }
            Settings::AssetsHttp(it) => {
                let lookup = lookup(name, &key, it)?;
                self.asset(Arc::new(lookup), &it.into());
            }
            Settings::DefenderTi(it) => {
                let url = it.url.as_ref().unwrap_or(&self.graph);
                let tokens = self.identity.tokens(self.scope);
                let source = DefenderTi::new(name, url, tokens).map_err(wrong)?;
                let manner = Manner {
                    timeout_ms: it.timeout_ms,
                    at_once: it.at_once,
                    optional: it.optional,
                };
                self.intel(Arc::new(source), &manner);
            }
            Settings::GraphDevices(it) => self.devices(name, it).map_err(wrong)?,
            Settings::ServicenowCmdb(it) => {
                let password = held(&format!("{key}.password"), &it.password)?;
                let login = (it.user.clone(), password);
                let (criticality, environment) = (it.criticality.clone(), it.environment.clone());
                let source = Cmdb::new(name, &it.url, login, &it.table, criticality, environment)
                    .map_err(wrong)?;
                let manner = Manner {
                    timeout_ms: it.timeout_ms,
                    at_once: it.at_once,
                    optional: it.optional,
                };
                self.asset(Arc::new(source), &manner);
            }
        }
        Ok(())
    }

    fn assets_file(
        &mut self,
        name: &str,
        key: &str,
        file: &enrichment::File,
    ) -> Result<(), ConfigError> {
        let every = Duration::from_secs(file.poll_secs.max(1).into());
        let source = Arc::new(AssetsFile::open(name, key, &file.path, every)?);
        self.made.copies.push(Arc::<AssetsFile>::clone(&source));
        self.asset(source, &Manner::here());
        Ok(())
    }

    fn intel_file(
        &mut self,
        name: &str,
        key: &str,
        file: &enrichment::File,
    ) -> Result<(), ConfigError> {
        let every = Duration::from_secs(file.poll_secs.max(1).into());
        let (unsaid, clock) = (file.confidence.min(100), Arc::clone(self.clock));
        let source = Arc::new(IntelFile::open(name, key, &file.path, every, unsaid, clock)?);
        self.made.copies.push(Arc::<IntelFile>::clone(&source));
        self.intel(source, &Manner::here());
        Ok(())
    }

    fn taxii(&mut self, name: &str, key: &str, it: &enrichment::Taxii) -> Result<(), ConfigError> {
        let follow = Follow {
            collections: it.collections.clone(),
            every: Duration::from_secs(it.poll_secs.max(1).into()),
            max_age: Duration::from_secs(it.max_age_secs.into()),
            unsaid: it.confidence.min(100),
        };
        let private = if it.allow_private { Private::Allowed } else { Private::Refused };
        let far = (it.url.as_str(), credential(key, it.auth.as_ref())?, private);
        let source = Taxii::new(name, far, follow, &self.folder, Arc::clone(self.clock))
            .map_err(|why| ConfigError::value(format!("{key}.url"), why))?;
        let source = Arc::new(source);
        self.made.copies.push(Arc::<Taxii>::clone(&source));
        self.intel(source, &Manner { optional: it.optional, ..Manner::here() });
        Ok(())
    }

    fn devices(&mut self, name: &str, it: &enrichment::GraphDevices) -> Result<(), String> {
        let reading = Reading {
            criticality: it.criticality.clone(),
            environment: it.environment.clone(),
            every: Duration::from_secs(it.poll_secs.max(1).into()),
            max_age: Duration::from_secs(it.max_age_secs.into()),
        };
        let url = it.url.as_ref().unwrap_or(&self.graph);
        let (tokens, clock) = (self.identity.tokens(self.scope), Arc::clone(self.clock));
        let source = Devices::new(name, url, tokens, reading, &self.folder, clock)?;
        let source = Arc::new(source);
        self.made.copies.push(Arc::<Devices>::clone(&source));
        self.asset(source, &Manner { optional: it.optional, ..Manner::here() });
        Ok(())
    }

    fn intel(&mut self, source: Arc<dyn Source<Intel>>, manner: &Manner) {
        let patience = self.patience(manner, self.settings.cache.intel_secs);
        let scope = format!("intel/{}", source.name());
        let asking =
            Asking::new(source, patience, Arc::clone(self.clock)).optional(manner.optional());
        self.made.knowledge.intel.push(match &self.shared {
            Some(shared) => asking.shared(Arc::clone(shared), scope),
            None => asking,
        });
    }

    fn asset(&mut self, source: Arc<dyn Source<Asset>>, manner: &Manner) {
        let patience = self.patience(manner, self.settings.cache.asset_secs);
        let scope = format!("asset/{}", source.name());
        let asking =
            Asking::new(source, patience, Arc::clone(self.clock)).optional(manner.optional());
        self.made.knowledge.asset.push(match &self.shared {
            Some(shared) => asking.shared(Arc::clone(shared), scope),
            None => asking,
        });
    }

    fn patience(&self, manner: &Manner, known_secs: u32) -> Patience {
        let cache = &self.settings.cache;
        Patience {
            timeout: Duration::from_millis(manner.timeout_ms.max(1).into()),
            at_once: usize::try_from(manner.at_once.max(1)).unwrap_or(1),
            known: Duration::from_secs(known_secs.into()),
            unknown: Duration::from_secs(cache.unknown_secs.into()),
            entries: cache.entries.into(),
            ..Patience::default()
        }
    }
}

impl Manner {
    /// For what is looked up in this process.
    fn here() -> Self {
        Self { timeout_ms: 1_000, at_once: 1, optional: false }
    }

    fn optional(&self) -> Optional {
        if self.optional { Optional::Yes } else { Optional::No }
    }
}

impl From<&enrichment::Http> for Manner {
    fn from(it: &enrichment::Http) -> Self {
        Self { timeout_ms: it.timeout_ms, at_once: it.at_once, optional: it.optional }
    }
}

fn lookup(name: &str, key: &str, it: &enrichment::Http) -> Result<Lookup, ConfigError> {
    let reaches = Reaches { into_private: it.allow_private, about_private: it.ask_private };
    let credential = credential(key, it.auth.as_ref())?;
    Lookup::new(name, &it.url, &it.types, credential, reaches)
        .map_err(|why| ConfigError::value(format!("{key}.url"), why))
}

fn credential(key: &str, auth: Option<&Auth>) -> Result<Credential, ConfigError> {
    let key = format!("{key}.auth");
    Ok(match auth {
        None => Credential::None,
        Some(Auth::Basic { user, password }) => {
            Credential::Basic(user.clone(), held(&key, password)?)
        }
        Some(Auth::Bearer(token)) => Credential::Bearer(held(&key, token)?),
        Some(Auth::Header { name, key: secret }) => {
            let header = name.parse().map_err(|_| {
                ConfigError::value(key.as_str(), format!("`{name}` is not the name of a header"))
            })?;
            Credential::Header(header, held(&key, secret)?)
        }
    })
}
