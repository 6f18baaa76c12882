//! Which store the settings name.

use std::path::PathBuf;
use std::sync::Arc;

use argus_soc::incident::Incident;
use argus_soc::ledger::documents::Document as _;
use argus_soc::storm::bulletin::Bulletin;
use jiff::SignedDuration;

use crate::adapters::archive::Folder;
use crate::adapters::postgres::{self, Postgres, Target};
use crate::adapters::sqlite::{self, Sqlite};
use crate::config::{self, ConfigError, Store};
use crate::flows::outbox::GivenUp;
use crate::flows::retention::Retention;
use crate::ports::chain::Chain;
use crate::ports::ledger::{Ledger, LedgerError, documents};

/// Where a store is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file.
    Sqlite(PathBuf),
    /// A database.
    Postgres(Box<Target>),
}

impl Place {
    /// The place that the settings name.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if they name none.
    pub fn of(store: &Store) -> Result<Self, ConfigError> {
        if let Some(path) = store.sqlite_path()? {
            return Ok(Self::Sqlite(path));
        }
        let password = store.password.as_ref();
        let password = password.map(|it| super::resolve("store.password", it)).transpose()?;
        let password = password.as_ref().map(argus_bot_sdk::auth::Secret::expose);
        let target = Target::new(&store.url, password, store.tls_ca.as_deref());
        let target = target.map_err(|why| ConfigError::value("store.url", why))?;
        Ok(Self::Postgres(Box::new(target)))
    }

    /// Opens the store for the bot.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] as the store says.
    pub async fn open(&self) -> Result<Arc<dyn Ledger>, LedgerError> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(Sqlite::open(path)?),
            Self::Postgres(target) => Arc::new(Postgres::open(Target::clone(target)).await?),
        })
    }

    /// Opens the store for its chain.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] as the store says.
    pub async fn chain(&self) -> Result<Arc<dyn Chain>, LedgerError> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(Sqlite::open(path)?),
            Self::Postgres(target) => Arc::new(Postgres::open(Target::clone(target)).await?),
        })
    }

    /// The chain of a store that is there, for reading, beside a running bot.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] as the store says; [`LedgerError::Unavailable`] if there is none.
    pub async fn records(&self) -> Result<Arc<dyn Chain>, LedgerError> {
        match self {
            Self::Sqlite(path) => Ok(Arc::new(sqlite::Records::of(path)?)),
            Self::Postgres(target) => {
                postgres::find(target).await?;
                self.chain().await
            }
        }
    }

    /// An incident of it, beside a running bot.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] as the store says.
    pub async fn incident(&self, key: &str) -> Result<Option<Incident>, LedgerError> {
        match self {
            Self::Sqlite(path) => sqlite::incident_in(path, key),
            Self::Postgres(_) => self.open().await?.incident(key).await,
        }
    }

    /// What was given up in it, beside a running bot.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] as the store says.
    pub async fn given_up(&self) -> Result<GivenUp, LedgerError> {
        let (cards, bulletins) = match self {
            Self::Sqlite(path) => (
                sqlite::dead_cards_in(path)?,
                documents::each(sqlite::documents_in(path, Bulletin::KIND)?)?,
            ),
            Self::Postgres(_) => {
                let store = self.open().await?;
                (store.dead_cards(u32::MAX).await?, documents::all(store.as_ref()).await?)
            }
        };
        Ok(GivenUp::of(cards, bulletins))
    }

    /// Whether there is a file, if it is one: opening would make it.
    pub fn exists(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
            Self::Postgres(_) => true,
        }
    }

    /// Where it is, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(target) => target.name(),
        }
    }
}

/// How long bodies stay in the store, and the folder that they go into.
///
/// # Errors
///
/// [`ConfigError`] if the folder cannot be made.
pub fn retention_of(settings: &config::Retention) -> Result<Retention, ConfigError> {
    let folder = Folder::open(&settings.archive).map_err(|error| {
        let why = format!("{} cannot be made: {error}", settings.archive.display());
        ConfigError::value("store.retention.archive", why)
    })?;
    let keep = SignedDuration::from_hours(24 * i64::from(settings.days.get()));
    Ok(Retention { keep, archives: Arc::new(folder) })
}
