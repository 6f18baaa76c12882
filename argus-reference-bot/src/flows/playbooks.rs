//! The playbooks in use: those that people have reviewed, those that are trusted as they lie in a
//! folder, and those that are built in.
//!
//! What is reviewed is in the store and comes from there, at the start and whenever it changes; the
//! file that it came from may be gone.

mod life;
mod people;
mod rehearsal;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use argus_soc::playbook::lifecycle::{Life, Rules, Text};
use argus_soc::playbook::{Playbook, parse};

pub use self::life::{SubmitError, Submitted, Unknown, renew};
pub use self::people::Word;
pub use self::sources::{Heard, Sources, follow};
use crate::config::ConfigError;

const ISOLATE: &str = include_str!("../../playbooks/isolate-host.yaml");
const TICKET: &str = include_str!("../../playbooks/create-ticket.yaml");

/// The playbooks that may be run.
#[derive(Debug)]
pub struct Playbooks {
    /// As they lie in the folder, without a review.
    trusted: Vec<Playbook>,
    isolate: Playbook,
    ticket: Playbook,
    /// What a reviewed one needs before it is live.
    pub rules: Rules,
    /// Where texts come from, and how that stands.
    pub sources: Sources,
    now: RwLock<Now>,
}

/// What is in use now.
#[derive(Debug, Default)]
struct Now {
    live: Arc<Vec<Playbook>>,
    dry: Arc<Vec<Playbook>>,
    /// Of which versions of the documents.
    seen: BTreeMap<String, u64>,
}

impl Playbooks {
    /// The built-in playbooks, and those in `folder`, which are trusted as they are.
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
        let trusted = texts.collect::<Result<Vec<_>, _>>()?;
        let playbooks = Self {
            trusted,
            isolate,
            ticket,
            rules: Rules::default(),
            sources: Sources::default(),
            now: RwLock::default(),
        };
        playbooks.take(&[]);
        Ok(playbooks)
    }

    /// Has reviewed texts go live by these rules.
    #[must_use]
    pub fn by(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Those in use.
    pub fn in_use(&self) -> Arc<Vec<Playbook>> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).live)
    }

    /// Those in dry run: they say what they would do, and never do it.
    pub fn in_dry_run(&self) -> Arc<Vec<Playbook>> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).dry)
    }

    /// The one in use with this id.
    pub fn find(&self, id: &str) -> Option<Playbook> {
        self.in_use().iter().find(|playbook| playbook.id == id).cloned()
    }

    /// The one in dry run with this id.
    pub fn find_in_dry_run(&self, id: &str) -> Option<Playbook> {
        self.in_dry_run().iter().find(|playbook| playbook.id == id).cloned()
    }

    /// Whether the one with this id is used as it lies in the folder, without a review.
    pub fn trusts(&self, id: &str) -> bool {
        self.trusted.iter().any(|it| it.id == id)
    }

    /// Those that are used without a review: from the folder, and built in.
    pub fn unreviewed(&self) -> impl Iterator<Item = (&Playbook, &'static str)> {
        let trusted = self.trusted.iter().map(|it| (it, "folder, without a review"));
        let built_in = [&self.isolate, &self.ticket].into_iter();
        let in_use = self.in_use();
        let is_used = move |it: &&Playbook| in_use.iter().any(|used| used.sha256 == it.sha256);
        trusted.chain(built_in.filter(is_used).map(|it| (it, "built in")))
    }

    /// What the Isolate button runs.
    pub fn isolate(&self) -> Playbook {
        self.isolate.clone()
    }

    /// What the Ticket button runs.
    pub fn ticket(&self) -> Playbook {
        self.ticket.clone()
    }

    /// Uses what people have reviewed, each playbook with the version of its document. Gives what
    /// cannot be used, if something has changed.
    fn take(&self, lives: &[(u64, Life)]) -> Vec<String> {
        let seen = lives.iter().map(|(version, life)| (life.id.clone(), *version)).collect();
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        if now.seen == seen && !now.live.is_empty() {
            return Vec::new();
        }
        let mut wrong = Vec::new();
        let mut read = |text: Option<&Text>| {
            let text = text?;
            match parse(&text.origin, text.text.as_deref().unwrap_or_default()) {
                Ok(playbook) => Some(playbook),
                Err(error) => {
                    wrong.push(error.to_string());
                    None
                }
            }
        };
        let mut live = self.trusted.clone();
        let reviewed: Vec<_> = lives.iter().filter_map(|(_, it)| read(it.live())).collect();
        live.extend(reviewed.into_iter().filter(|it| !self.trusts(&it.id)));
        for built_in in [&self.isolate, &self.ticket] {
            if live.iter().all(|it| it.id != built_in.id) {
                live.push(built_in.clone());
            }
        }
        let dry = lives.iter().filter_map(|(_, it)| read(it.dry_run())).map(|mut playbook| {
            playbook.gates.dry_run = true;
            // It may not take the turn of one that acts.
            playbook.execution.concurrency = None;
            playbook
        });
        let dry = Arc::new(dry.collect());
        *now = Now { live: Arc::new(live), dry, seen };
        wrong
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
