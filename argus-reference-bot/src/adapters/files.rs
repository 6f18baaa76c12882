//! Assets and indicators from JSON files, for those who have no inventory to ask.

use std::collections::BTreeMap;
use std::path::Path;

use argus_soc::enrich::{Asset, Intel, Known};
use argus_soc::event::Entity;
use async_trait::async_trait;
use serde::Deserialize;

use crate::config::{ConfigError, Enrichment};
use crate::ports::knowledge::Knowledge;

/// One asset in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetRow {
    name: String,
    criticality: u8,
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    production_critical: bool,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    owner: Option<String>,
}

/// One indicator in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntelRow {
    value: String,
    malicious: bool,
    confidence: u8,
}

/// What the files say. Nothing configured means that nothing is known, never "harmless".
#[derive(Debug, Default)]
pub struct Files {
    assets: BTreeMap<String, Asset>,
    intel: BTreeMap<String, Intel>,
}

impl Files {
    /// Reads the files that are configured.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the file with line and column.
    pub fn load(config: &Enrichment) -> Result<Self, ConfigError> {
        let assets: Vec<AssetRow> = rows("enrichment.assets", config.assets.as_deref())?;
        let intel: Vec<IntelRow> = rows("enrichment.intel", config.intel.as_deref())?;
        let assets = assets.into_iter().map(|row| {
            let key = row.name.to_lowercase();
            let AssetRow { name, criticality, environment, production_critical, tags, owner } = row;
            let criticality = criticality.min(10);
            (key, Asset { name, criticality, environment, production_critical, tags, owner })
        });
        let intel = intel.into_iter().map(|row| {
            let confidence = row.confidence.min(100);
            (row.value.to_lowercase(), Intel { malicious: row.malicious, confidence })
        });
        Ok(Self { assets: assets.collect(), intel: intel.collect() })
    }
}

#[async_trait]
impl Knowledge for Files {
    async fn asset(&self, entity: &Entity) -> Known<Asset> {
        let full = entity.value.to_lowercase();
        // An alert may carry the full name where the inventory has the short one.
        let short = full.split_once('.').map_or(full.as_str(), |(host, _)| host);
        match self.assets.get(&full).or_else(|| self.assets.get(short)) {
            Some(asset) => Known::Known(asset.clone()),
            None => Known::Unknown,
        }
    }

    async fn intel(&self, entity: &Entity) -> Known<Intel> {
        match self.intel.get(&entity.value.to_lowercase()) {
            Some(intel) => Known::Known(intel.clone()),
            None => Known::Unknown,
        }
    }
}

fn rows<T: for<'de> Deserialize<'de>>(
    key: &str,
    reference: Option<&str>,
) -> Result<Vec<T>, ConfigError> {
    let Some(reference) = reference else { return Ok(Vec::new()) };
    let Some(path) = reference.strip_prefix("file:") else {
        return Err(ConfigError::value(key, format!("`{reference}` is not `file:PATH`")));
    };
    let wrong = |why: String| ConfigError::value(key, format!("{path}: {why}"));
    let text =
        std::fs::read_to_string(Path::new(path)).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}
