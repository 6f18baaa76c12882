//! Settings of the score.

use serde::Deserialize;

/// How events are scored.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Score {
    /// The model in use, by name: `seed-v1`, `argus-v1`, or one of `models`.
    pub model: String,
    /// `folder:PATH` of further models, `*.toml`, read at the start.
    pub models: Option<String>,
}

impl Default for Score {
    fn default() -> Self {
        Self { model: argus_soc::score::SEED_V1.into(), models: None }
    }
}
