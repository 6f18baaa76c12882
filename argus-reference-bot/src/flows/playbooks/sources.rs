//! Texts from a folder or a repository: whatever is new there is handed in as a draft.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argus_soc::ledger::Hash;
use argus_soc::ledger::fact::Actor;
use tokio::sync::watch;

use super::{SubmitError, Unknown};
use crate::chain::chain;
use crate::flows::{Soc, correlation_id};
use crate::ports::ledger::LedgerError;
use crate::ports::playbooks::{PlaybookSource, Texts};

/// How a source stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Which state of it was read last, if it says so.
    pub at: Option<String>,
    /// Why it cannot be read now; what it had before stays.
    pub unread: Option<String>,
    /// Its files that were refused, each with the report.
    pub refused: BTreeMap<String, String>,
    /// The text of each file that was handed in or refused, by its hash.
    seen: BTreeMap<String, Hash>,
}

impl Heard {
    /// How it stands, in a line.
    pub fn words(&self) -> String {
        let at = self.at.as_deref().map(|at| format!(" at {at}")).unwrap_or_default();
        match (&self.unread, self.refused.len()) {
            (Some(why), _) => format!("cannot be read: {why}; what it had before{at} stays"),
            (None, 0) => format!("read{at}"),
            (None, refused) => format!("read{at}; {refused} files are refused"),
        }
    }
}

/// How the sources stand.
#[derive(Debug, Default)]
pub struct Sources(Mutex<BTreeMap<&'static str, Heard>>);

impl Sources {
    /// Each source that was asked, and how it stands.
    pub fn heard(&self) -> BTreeMap<&'static str, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how a source stands, and gives how it stood.
    fn note(&self, name: &'static str, heard: Heard) -> Heard {
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sources.insert(name, heard).unwrap_or_default()
    }
}

impl Soc {
    /// Hands in what is new in a source. What is wrong there is logged once and kept for whoever
    /// asks; it changes nothing of what is in use.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if nothing can be stored now; the next look hands in the rest.
    pub async fn read_playbooks(&self, source: &dyn PlaybookSource) -> Result<(), LedgerError> {
        let name = source.name();
        let before = self.playbooks.sources.heard().remove(name).unwrap_or_default();
        let heard = match source.read().await {
            Ok(texts) => self.hand_in(name, texts, &before).await?,
            Err(why) => Heard { unread: Some(why), ..before.clone() },
        };
        match &heard.unread {
            same if *same == before.unread => {}
            Some(why) => {
                tracing::warn!(
                    source = name,
                    why,
                    "playbooks cannot be read; those of before stay"
                );
            }
            None => tracing::info!(source = name, "playbooks can be read again"),
        }
        for (file, report) in &heard.refused {
            if before.refused.get(file) != Some(report) {
                tracing::warn!(source = name, file, report, "a playbook is refused");
            }
        }
        self.playbooks.sources.note(name, heard);
        Ok(())
    }

    async fn hand_in(
        &self,
        name: &'static str,
        texts: Texts,
        before: &Heard,
    ) -> Result<Heard, LedgerError> {
        let mut heard = Heard { at: texts.at.clone(), ..Heard::default() };
        let (actor, correlation) = (Actor::service(name), correlation_id());
        for (file, text) in texts.files {
            let text = match text {
                Ok(text) => text,
                Err(why) => {
                    heard.refused.insert(file, why);
                    continue;
                }
            };
            let hash = Hash::of(text.as_bytes());
            if before.seen.get(&file) == Some(&hash) {
                // As it was when it was looked at; a report on it still holds.
                let report = before.refused.get(&file).cloned();
                heard.refused.extend(report.map(|report| (file.clone(), report)));
                heard.seen.insert(file, hash);
                continue;
            }
            let origin = match &texts.at {
                Some(at) => format!("{name}:{at}:{file}"),
                None => format!("{name}:{file}"),
            };
            heard.seen.insert(file.clone(), hash);
            let text = (file.as_str(), text.as_str());
            match self.submit_playbook(text, &origin, &actor, Unknown::Only, &correlation).await {
                Ok(taken) if taken.is_new => tracing::info!(
                    source = name,
                    file,
                    playbook = taken.playbook.id,
                    sha256 = taken.playbook.sha256,
                    "a playbook's text is new and waits for a review"
                ),
                Ok(_) => {}
                Err(SubmitError::Invalid(report)) => {
                    heard.refused.insert(file, report.to_string());
                }
                Err(SubmitError::TryAgain(error)) => return Err(error),
            }
        }
        Ok(heard)
    }
}

/// Reads a source now and again, until told to stop.
pub async fn follow(
    soc: Arc<Soc>,
    source: Arc<dyn PlaybookSource>,
    poll: Duration,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        let read = async {
            if let Err(error) = soc.read_playbooks(source.as_ref()).await {
                tracing::error!(why = chain(&error), "playbooks cannot be handed in now");
            }
            tokio::time::sleep(poll).await;
        };
        tokio::select! {
            biased;
            _ = stop.changed() => {}
            () = read => {}
        }
    }
}
