//! Reloads a folder when something in it changes.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::{Library, Source};
use crate::error::{Diagnostic, Error, ErrorKind};

/// Editors write a file in several steps; this long after the last one it is complete.
const QUIET: Duration = Duration::from_millis(100);

/// Keeps a [`Library`] up to date until it is dropped.
#[derive(Debug)]
#[must_use = "the watch ends when it is dropped"]
pub struct Watch {
    _watcher: RecommendedWatcher,
}

impl Library {
    /// Reloads the folder whenever something in it changes, and tells `on_change` what was
    /// refused. `on_change` runs on a thread of the watch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SourceUnavailable`] if the folder cannot be watched, or there is none.
    pub fn watch(
        &self,
        on_change: impl Fn(&[Diagnostic]) + Send + 'static,
    ) -> Result<Watch, Error> {
        let Source::Folder(folder) = &self.shared.source else {
            let context = "a library in memory has no folder to watch";
            return Err(Error::new(ErrorKind::SourceUnavailable, context));
        };
        let unwatched = |error: notify::Error| {
            let context = format!("`{}` cannot be watched", folder.display());
            Error::new(ErrorKind::SourceUnavailable, context).because(error)
        };
        let (tell, told) = channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Reading a file is an event too, and reloading reads all of them.
            let changed = event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_)));
            if changed {
                // Nobody listens any more once the watch is dropped.
                tell.send(()).ok();
            }
        })
        .map_err(unwatched)?;
        watcher.watch(folder, RecursiveMode::Recursive).map_err(unwatched)?;
        let library = self.clone();
        thread::spawn(move || follow(&library, &told, on_change));
        Ok(Watch { _watcher: watcher })
    }
}

/// Waits for changes, lets them calm down, reloads; ends when the watcher is gone.
fn follow(library: &Library, told: &Receiver<()>, on_change: impl Fn(&[Diagnostic])) {
    while told.recv().is_ok() {
        loop {
            match told.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        on_change(&library.reload());
    }
}
