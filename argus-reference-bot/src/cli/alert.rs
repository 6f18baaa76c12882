//! Alerts that a command is given, read as the bot of the settings would read them.

use std::path::Path;

use argus_bot_sdk::{Clock, SystemClock};
use argus_soc::event::{SecurityEvent, Shape, Source};

use super::Complaint;
use crate::config::Config;
use crate::flows::sources::Sources;
use crate::http;

/// The sources of the settings; none without settings, and the mappings in this program then.
pub(super) fn sources(config: Option<&Config>) -> Result<Sources, Complaint> {
    Ok(config.map(http::sources).transpose()?.unwrap_or_default())
}

/// What events look like: those of a source of the settings, or a shape by its own name.
pub(super) fn shape(named: &str, sources: &Sources) -> Result<Shape, Complaint> {
    Ok(sources.shape(named).map_or_else(|| named.parse(), Ok)?)
}

/// Reads an alert of `named`, a source of the settings or what the alert looks like.
pub(super) fn read(
    raw: &[u8],
    file: &Path,
    named: &str,
    sources: &Sources,
) -> Result<SecurityEvent, Complaint> {
    let shape = shape(named, sources)?;
    let is_source = sources.shape(named).is_some();
    let name = if shape == Shape::Auto && !is_source { "" } else { named };
    sources
        .read(raw, &Source { name, shape, tenant: None }, SystemClock.now())
        .map_err(|error| Complaint(format!("{}: {error}", file.display())))
}
