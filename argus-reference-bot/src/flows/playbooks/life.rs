//! What becomes of a text: handed in, and changed by what people say. Each is a record first.

use std::sync::Arc;
use std::time::Duration;

use argus_soc::ledger::Hash;
use argus_soc::ledger::documents::{Document as _, Draft, stream};
use argus_soc::ledger::fact::{Actor, What};
use argus_soc::playbook::lifecycle::{Life, Stage};
use argus_soc::playbook::{Diagnostics, Playbook, parse};
use tokio::sync::watch;

use crate::chain::chain;
use crate::flows::Soc;
use crate::ports::ledger::documents::{all, find};
use crate::ports::ledger::{Batch, LedgerError};

/// A change that loses a race is decided again so often.
const RACES: usize = 16;
/// How soon one replica sees what another one has changed.
const RENEW: Duration = Duration::from_secs(5);

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

/// What becomes of a text that was there before and is retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It is a draft anew: somebody handed it in.
    OrRetired,
    /// It stays retired: a source still has it.
    Only,
}

/// A text that was handed in.
#[derive(Debug)]
pub struct Submitted {
    /// What it says.
    pub playbook: Playbook,
    /// How far it has come.
    pub stage: Stage,
    /// Whether it was not there before.
    pub is_new: bool,
    /// What its author should know.
    pub warnings: Vec<String>,
}

impl Soc {
    /// Takes a playbook's text as a draft: stored and listed, never run before people have reviewed
    /// it. `file` is for messages, `origin` for the record.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Invalid`] with line and column; nothing is stored then.
    pub async fn submit_playbook(
        &self,
        (file, text): (&str, &str),
        origin: &str,
        actor: &Actor,
        taken: Unknown,
        correlation: &str,
    ) -> Result<Submitted, SubmitError> {
        let playbook = parse(file, text)?;
        let sha256 = Hash::of(text.as_bytes()).to_string();
        let mut raced = None;
        for _ in 0..RACES {
            let (version, life) = self.life(&playbook.id).await?.unzip();
            let known = life.as_ref().and_then(|it| it.text(&sha256));
            let warnings = warnings(&playbook, life.as_ref(), &sha256);
            let is_known = |stage| stage != Stage::Retired || taken == Unknown::Only;
            if let Some(stage) = known.map(|it| it.stage).filter(|stage| is_known(*stage)) {
                return Ok(Submitted { playbook, stage, is_new: false, warnings });
            }
            let what = What::PlaybookSubmitted {
                playbook: playbook.id.clone(),
                version: playbook.version.clone(),
                sha256: sha256.clone(),
                text: text.into(),
                origin: origin.into(),
            };
            let id = playbook.id.as_str();
            match self.write_life(id, version, actor, correlation, what).await {
                Ok(()) => {
                    return Ok(Submitted { playbook, stage: Stage::Draft, is_new: true, warnings });
                }
                Err(error @ LedgerError::Conflict { .. }) => raced = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(raced.unwrap_or(LedgerError::Conflict { stream: playbook.id }).into())
    }

    /// The life of a playbook, with the version of its document.
    pub(super) async fn life(&self, id: &str) -> Result<Option<(u64, Life)>, LedgerError> {
        find::<Life>(self.ledger.as_ref(), id).await
    }

    /// Decides about a playbook's texts as they are, writes what was decided, and decides again if
    /// somebody else was first. `Ok(Err)` is what to say instead.
    pub(super) async fn change_life(
        &self,
        id: &str,
        actor: &Actor,
        correlation: &str,
        decide: impl Fn(&Life) -> Result<What, String>,
    ) -> Result<Result<Life, String>, LedgerError> {
        let mut raced = None;
        for _ in 0..RACES {
            let Some((version, life)) = self.life(id).await? else {
                return Ok(Err("Nobody handed in a playbook of this name.".into()));
            };
            let what = match decide(&life) {
                Ok(what) => what,
                Err(why) => return Ok(Err(why)),
            };
            match self.write_life(id, Some(version), actor, correlation, what).await {
                Ok(()) => return Ok(Ok(self.life(id).await?.map_or(life, |(_, life)| life))),
                Err(error @ LedgerError::Conflict { .. }) => raced = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(raced.unwrap_or_else(|| LedgerError::Conflict { stream: id.into() }))
    }

    /// Writes what becomes of a playbook that is still as it was read, and uses it so at once.
    async fn write_life(
        &self,
        id: &str,
        version: Option<u64>,
        actor: &Actor,
        correlation: &str,
        what: What,
    ) -> Result<(), LedgerError> {
        let mut batch = Batch::one(self.fact(actor.clone(), correlation, what));
        batch.expect.insert(stream(Life::KIND, id), version.unwrap_or_default());
        self.ledger.append(batch).await?;
        if let Err(error) = self.renew_playbooks().await {
            // It is recorded; the next look sees it.
            tracing::warn!(why = chain(&error), "the playbooks in use are renewed a little later");
        }
        Ok(())
    }

    /// Uses what people have reviewed, as the store has it now.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the store does not answer; what was in use stays so.
    pub async fn renew_playbooks(&self) -> Result<(), LedgerError> {
        let mut lives = Vec::new();
        for stored in self.ledger.documents(Life::KIND).await? {
            let version = stored.version;
            let each = crate::ports::ledger::documents::each::<Life>(vec![stored])?;
            lives.extend(each.into_iter().map(|(_, life)| (version, life)));
        }
        for wrong in self.playbooks.take(&lives) {
            tracing::error!(
                report = wrong,
                "a reviewed playbook does not load with this version of argus and is not used"
            );
        }
        Ok(())
    }

    /// Hands in again what a version handed in that knew no life of playbooks.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the store does not answer.
    pub async fn adopt_drafts(&self) -> Result<(), LedgerError> {
        for (key, draft) in all::<Draft>(self.ledger.as_ref()).await? {
            let (text, actor) = ((key.as_str(), draft.text.as_str()), Actor::service("argus"));
            let origin = "an earlier version of argus";
            match self.submit_playbook(text, origin, &actor, Unknown::Only, "start").await {
                Ok(_) => {}
                Err(SubmitError::TryAgain(error)) => return Err(error),
                Err(SubmitError::Invalid(report)) => {
                    tracing::warn!(%report, "an old draft does not load any more and is left out");
                }
            }
        }
        Ok(())
    }
}

/// What the author of a playbook should know.
fn warnings(playbook: &Playbook, life: Option<&Life>, sha256: &str) -> Vec<String> {
    let mut warnings: Vec<String> = playbook.warnings.iter().map(ToString::to_string).collect();
    let texts = life.iter().flat_map(|it| &it.texts);
    let mut same = texts.filter(|it| it.version == playbook.version && it.sha256 != sha256);
    if let Some(other) = same.next() {
        warnings.push(format!(
            "version {} was handed in before with another text ({}); give this one a number of its own",
            other.version,
            other.short()
        ));
    }
    warnings
}

/// Uses what other replicas have changed, until told to stop.
pub async fn renew(soc: Arc<Soc>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = soc.renew_playbooks().await {
            tracing::error!(why = chain(&error), "the playbooks in use stay as they are for now");
        }
        tokio::select! {
            biased;
            _ = stop.changed() => {}
            () = tokio::time::sleep(RENEW) => {}
        }
    }
}
