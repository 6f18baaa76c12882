//! The playbooks in use, and those that wait for a review.

use std::path::Path;
use std::sync::Arc;

use argus_soc::ledger::Hash;
use argus_soc::ledger::fact::What;
use argus_soc::playbook::{Diagnostics, Playbook, parse};

use super::Soc;
use crate::config::ConfigError;
use crate::ports::ledger::{Batch, LedgerError};

const ISOLATE: &str = include_str!("../../playbooks/isolate-host.yaml");
const TICKET: &str = include_str!("../../playbooks/create-ticket.yaml");

/// The playbooks that may be run.
#[derive(Debug)]
pub struct Playbooks {
    live: Arc<Vec<Playbook>>,
    isolate: Playbook,
    ticket: Playbook,
}

impl Playbooks {
    /// The built-in playbooks, and those in `folder`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with file, line and column if a playbook does not load: a playbook that is
    /// silently missing is worse than a bot that does not start.
    pub fn load(folder: Option<&Path>) -> Result<Self, ConfigError> {
        let mut texts = Vec::new();
        if let Some(folder) = folder {
            for path in files(folder)? {
                let name = path.display().to_string();
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| ConfigError::value(&name, error.to_string()))?;
                texts.push((name, text));
            }
        }
        Self::of(&texts)
    }

    /// The built-in playbooks, and those with these names and texts.
    ///
    /// # Errors
    ///
    /// As for [`Playbooks::load`].
    pub fn of(texts: &[(String, String)]) -> Result<Self, ConfigError> {
        let isolate = read("isolate-host.yaml", ISOLATE)?;
        let ticket = read("create-ticket.yaml", TICKET)?;
        let texts = texts.iter().map(|(name, text)| read(name, text));
        let mut live = texts.collect::<Result<Vec<_>, _>>()?;
        live.extend([isolate.clone(), ticket.clone()]);
        Ok(Self { live: Arc::new(live), isolate, ticket })
    }

    /// Those in use.
    pub fn in_use(&self) -> Arc<Vec<Playbook>> {
        Arc::clone(&self.live)
    }

    /// The one in use with this id.
    pub fn find(&self, id: &str) -> Option<Playbook> {
        self.live.iter().find(|playbook| playbook.id == id).cloned()
    }

    /// What the Isolate button runs.
    pub fn isolate(&self) -> Playbook {
        self.isolate.clone()
    }

    /// What the Ticket button runs.
    pub fn ticket(&self) -> Playbook {
        self.ticket.clone()
    }
}

/// Why a playbook was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It does not load.
    #[error("the playbook does not load")]
    Invalid(#[from] Diagnostics),
    /// It cannot be written now.
    #[error("the playbook cannot be stored now")]
    TryAgain(#[from] LedgerError),
}

impl Soc {
    /// Takes a playbook as a draft: stored and listed, never run before people have reviewed it.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Invalid`] with line and column; nothing is stored then.
    pub async fn submit_playbook(
        &self,
        text: &str,
        actor: argus_soc::ledger::fact::Actor,
        correlation: &str,
    ) -> Result<Playbook, SubmitError> {
        let playbook = parse("playbook.yaml", text)?;
        let what = What::PlaybookLoaded {
            playbook: playbook.id.clone(),
            version: playbook.version.clone(),
            sha256: Hash::of(text.as_bytes()).to_string(),
            text: text.into(),
        };
        self.ledger.append(Batch::one(self.fact(actor, correlation, what))).await?;
        Ok(playbook)
    }
}

fn read(file: &str, text: &str) -> Result<Playbook, ConfigError> {
    parse(file, text).map_err(|error| ConfigError::value("playbooks", error.to_string()))
}

fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>, ConfigError> {
    let wrong = |error: std::io::Error| {
        ConfigError::value("playbooks.source", format!("{}: {error}", folder.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.extension().is_some_and(|it| it == "yaml" || it == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
