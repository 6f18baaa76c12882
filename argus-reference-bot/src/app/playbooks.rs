//! Playbooks: what is trusted as it lies in a folder, and where texts for a review come from.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::adapters::folder::Folder;
use crate::adapters::git::Git;
use crate::config::{Config, ConfigError, Review};
use crate::flows::Soc;
use crate::flows::playbooks::{self, Playbooks};
use crate::ports::playbooks::PlaybookSource;

/// A source of texts, and how often it is read.
pub(crate) type Polled = (Arc<dyn PlaybookSource>, Duration);

/// The folder of the settings.
///
/// # Errors
///
/// [`ConfigError`] if it is not written as one.
pub(crate) fn folder(config: &Config) -> Result<Option<PathBuf>, ConfigError> {
    let source = config.playbooks.source.as_deref();
    source.map(|it| super::folder("playbooks.source", it)).transpose()
}

/// The repository of the settings.
///
/// # Errors
///
/// [`ConfigError`] names what cannot be used.
pub(crate) fn git(config: &Config) -> Result<Option<Git>, ConfigError> {
    let Some(git) = &config.playbooks.git else { return Ok(None) };
    git.check()?;
    // Beside the store, if that is a file.
    let store = config.store.sqlite_path().ok().flatten();
    let beside = store.as_deref().and_then(std::path::Path::parent);
    let kept = beside.map_or_else(|| PathBuf::from("data"), PathBuf::from).join("playbooks.git");
    let kept = std::path::absolute(&kept)
        .map_err(|error| ConfigError::value("playbooks.git", error.to_string()))?;
    Ok(Some(Git::new(&git.url, &git.branch, &git.folder, kept)))
}

/// What the settings say of who reviews the folder, for whoever reads a log or asks `argus doctor`.
pub(crate) fn said(config: &Config) -> Option<String> {
    let source = config.playbooks.source.as_deref()?;
    Some(match config.playbooks.review {
        Review::On => format!("{source}: two people review each playbook before it is live"),
        Review::Off => format!(
            "{source}: its playbooks act as they lie there, without a review; with `review = \"on\"` \
             under `[playbooks]` two people read each one first"
        ),
    })
}

/// The playbooks, and the sources of texts that people review.
pub(super) fn of(config: &Config) -> Result<(Playbooks, Vec<Polled>), ConfigError> {
    let settings = &config.playbooks;
    let (folder, is_reviewed) = (folder(config)?, settings.review == Review::On);
    let trusted = Playbooks::load(folder.as_deref().filter(|_| !is_reviewed))?;
    let seconds = |it: u32| Duration::from_secs(u64::from(it.max(1)));
    let mut sources: Vec<Polled> = Vec::new();
    if let Some(folder) = folder.filter(|_| is_reviewed) {
        sources.push((Arc::new(Folder::new(folder)), seconds(settings.poll_secs)));
    }
    if let (Some(git), Some(set)) = (git(config)?, &settings.git) {
        sources.push((Arc::new(git), seconds(set.poll_secs)));
    }
    if let Some(said) = said(config) {
        tracing::info!("playbooks from {said}");
    }
    Ok((trusted.by(settings.rules()), sources))
}

/// Follows the sources, and what other replicas change.
pub(super) fn follow(
    soc: &Arc<Soc>,
    sources: Vec<Polled>,
    work: &mut JoinSet<()>,
    halted: &watch::Receiver<bool>,
) {
    work.spawn(playbooks::renew(Arc::clone(soc), halted.clone()));
    for (source, poll) in sources {
        work.spawn(playbooks::follow(Arc::clone(soc), source, poll, halted.clone()));
    }
}
