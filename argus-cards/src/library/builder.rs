//! Opening a library with all that it can have.

use std::fs::TryLockError;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::Library;
use super::disk::RealDisk;
use super::history::lock_file;
use super::keeper::Keeper;
use super::store::{Store, unusable};
use crate::error::{Diagnostic, Error, ErrorKind};
use crate::options::Options;
use crate::source::TemplateSource;

/// Opens a [`Library`]; [`Library::builder`] makes one.
#[derive(Debug)]
#[must_use = "`open` opens the library"]
pub struct Builder {
    source: Arc<dyn TemplateSource>,
    options: Options,
    state: Option<PathBuf>,
    required: Vec<String>,
}

impl Builder {
    pub(super) fn new(source: Arc<dyn TemplateSource>) -> Self {
        Self { source, options: Options::default(), state: None, required: Vec::new() }
    }

    /// What to render by.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Where to keep the last good bundle, and those before it. The directory is made if it is not
    /// there; one library at a time may have it.
    pub fn state(mut self, directory: impl Into<PathBuf>) -> Self {
        self.state = Some(directory.into());
        self
    }

    /// A template that must be there: a change without it is refused.
    pub fn require(mut self, name: impl Into<String>) -> Self {
        self.required.push(name.into());
        self
    }

    /// Opens the library. If the source cannot be read, or is broken, the last good bundle of the
    /// state directory is used; the diagnostics say so, and what was refused.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateUnusable`] if the state directory cannot be used, or another program has it.
    ///
    /// ```
    /// use argus_cards::source::Memory;
    /// use argus_cards::{Library, Origin};
    /// use serde_json::json;
    ///
    /// # let state = tempfile::tempdir()?;
    /// let good = Memory::new([("hi.card.json", r#"{"type":"AdaptiveCard","speak":"Hi"}"#)]);
    /// drop(Library::builder(good).state(state.path()).open_now()?);
    ///
    /// // The next start finds nothing but rubbish.
    /// let broken = Memory::new([("hi.card.json", "{")]);
    /// let (library, trouble) = Library::builder(broken).state(state.path()).open_now()?;
    /// assert!(trouble[0].message.contains("the last good version stays in use"));
    /// assert_eq!(library.status().origin, Origin::State);
    /// assert!(library.render("hi", &json!({}), None).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn open(self) -> Result<(Library, Vec<Diagnostic>), Error> {
        let Self { source, options, state, required } = self;
        let mut keeper = Keeper::new(options, required);
        if let Some(root) = state {
            let store = Store::new(Box::new(RealDisk), root.clone());
            let store = store.map_err(|error| unusable(&root, error))?;
            keeper = keeper.on(store, lock(&root)?);
        }
        let library = Library::new(source, keeper);
        let mut diagnostics = library.change().restore()?;
        match library.refresh().await {
            Ok(refreshed) => diagnostics.extend(refreshed.diagnostics),
            Err(error) => diagnostics.push(Diagnostic::from(&error)),
        }
        diagnostics.extend(library.change().restored());
        Ok((library, diagnostics))
    }

    /// As [`Builder::open`], for a source that is on this computer.
    ///
    /// # Errors
    ///
    /// As [`Builder::open`], and [`ErrorKind::SourceUnavailable`] if the source is far away.
    pub fn open_now(self) -> Result<(Library, Vec<Diagnostic>), Error> {
        let name = self.source.name();
        at_once(self.open()).unwrap_or_else(|| {
            Err(Error::unavailable(format!("{name} is far away; it needs `open().await`")))
        })
    }
}

/// What a future gives that never waits; nothing if it does.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

fn lock(root: &std::path::Path) -> Result<std::fs::File, Error> {
    let file = lock_file(root, "lock").map_err(|error| unusable(root, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(unusable(root, error)),
        Err(TryLockError::WouldBlock) => {
            let context = format!(
                "another program has the state directory `{}`; give each bot its own",
                root.display()
            );
            Err(Error::new(ErrorKind::StateUnusable, context))
        }
    }
}
